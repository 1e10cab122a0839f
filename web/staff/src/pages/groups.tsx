import { useInfiniteQuery } from "@tanstack/react-query";
import { InfiniteScroll, List, ProgressBar } from "antd-mobile";
import { groups } from "../api";
import { Failure, Nothing, Waiting } from "../state";
import { t } from "../text";

export function GroupsPage() {
  const query = useInfiniteQuery({
    queryKey: ["groups"],
    queryFn: ({ pageParam }) => groups(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
  });
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  if (query.isPending) return <Waiting />;
  if (query.error) return <Failure error={query.error} onRetry={() => query.refetch()} />;
  if (items.length === 0) return <Nothing title={t("groups.empty")} hint={t("groups.empty_hint")} />;
  return (
    <>
      <List>
        {items.map((group) => (
          <List.Item
            key={group.id}
            description={
              <>
                <ProgressBar
                  percent={(100 * group.members) / Math.max(1, group.capacity)}
                  style={{ "--track-width": "5px" }}
                />
                {t("groups.people", { members: group.members, capacity: group.capacity })} ·{" "}
                {t("groups.week", { joins: group.joins_7d, exits: group.exits_7d })}
              </>
            }
          >
            {group.name}
          </List.Item>
        ))}
      </List>
      {query.hasNextPage && (
        <InfiniteScroll loadMore={async () => void (await query.fetchNextPage())} hasMore={query.hasNextPage} />
      )}
    </>
  );
}
