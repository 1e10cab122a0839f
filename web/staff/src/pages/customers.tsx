import { money } from "@shared/format";
import { useInfiniteQuery } from "@tanstack/react-query";
import { InfiniteScroll, List, SearchBar, Tag } from "antd-mobile";
import { useDeferredValue, useState } from "react";
import { customers } from "../api";
import { Failure, Nothing, Waiting } from "../state";
import { t } from "../text";

export function CustomersPage() {
  const [typed, setTyped] = useState("");
  const q = useDeferredValue(typed.trim());
  const query = useInfiniteQuery({
    queryKey: ["customers", q],
    queryFn: ({ pageParam }) => customers(q, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
  });
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className="search">
        <SearchBar placeholder={t("customers.search")} value={typed} onChange={setTyped} />
      </div>
      {query.isPending && <Waiting />}
      {query.error && <Failure error={query.error} onRetry={() => query.refetch()} />}
      {query.data && items.length === 0 && (
        <Nothing
          title={q ? t("customers.no_match") : t("customers.empty")}
          hint={q ? undefined : t("customers.empty_hint")}
        />
      )}
      <List>
        {items.map((customer) => (
          <List.Item
            key={customer.id}
            prefix={<span className="avatar">{customer.avatar_text || customer.name.slice(0, 1)}</span>}
            description={
              <>
                {customer.orders > 0
                  ? t("customers.orders", { count: customer.orders, net: money(customer.net_fen) })
                  : t("customers.no_orders")}
                {customer.added_at && ` · ${t("customers.added", { day: customer.added_at.slice(0, 10) })}`}
              </>
            }
          >
            {customer.name}{" "}
            {(customer.tags ?? []).slice(0, 3).map((tag) => (
              <Tag key={tag.id} fill="outline">
                {tag.name}
              </Tag>
            ))}
          </List.Item>
        ))}
      </List>
      {query.hasNextPage && (
        <InfiniteScroll loadMore={async () => void (await query.fetchNextPage())} hasMore={query.hasNextPage} />
      )}
    </>
  );
}
