// Searching what was said: finds by conversation, what was searched for marked, the conversation one click away.
import type { ArchiveHit, ArchiveResult } from "@shared/api/types";
import { count, duration, time } from "@shared/format";
import { type InfiniteData, type UseInfiniteQueryResult, useInfiniteQuery } from "@tanstack/react-query";
import { Button, Tag } from "antd";
import { type Translate, useT } from "../../i18n";
import { Panel } from "../../kit/page";
import { EmptyState, ErrorState, LoadingState } from "../../kit/states";
import { useZone } from "../../lib/session";
import { type Access, findQuery, minQuery } from "./api";
import { byChat } from "./by-chat";
import type { Looked } from "./chat-view";
import { Filters } from "./filters";
import type { ArchiveSearch } from "./search";
import { ChatName, nameOf } from "./who";

interface Props {
  access: Access;
  search: ArchiveSearch;
  onSearch: (patch: Partial<ArchiveSearch>) => void;
  onLook: (at: Looked) => void;
}

export function FindTab({ access, search, onSearch, onLook }: Props) {
  const t = useT();
  const query = useInfiniteQuery(findQuery(access, search));
  const typed = [...(search.q?.trim() ?? "")].length;
  return (
    <>
      <Filters search={search} onSearch={onSearch} text />
      {typed < minQuery ? (
        <Panel>
          <EmptyState
            title={typed === 0 ? t("archive.start") : t("archive.query_short")}
            hint={t("archive.start_hint")}
          />
        </Panel>
      ) : query.data ? (
        <Finds query={query} onLook={onLook} />
      ) : (
        <Panel>
          {query.error ? <ErrorState error={query.error} onRetry={() => query.refetch()} /> : <LoadingState rows={8} />}
        </Panel>
      )}
    </>
  );
}

function Finds({
  query,
  onLook,
}: {
  query: UseInfiniteQueryResult<InfiniteData<ArchiveResult>>;
  onLook: (at: Looked) => void;
}) {
  const t = useT();
  const pages = query.data?.pages ?? [];
  const first = pages[0];
  const hits = pages.flatMap((page) => page.items);
  if (hits.length === 0) {
    return (
      <Panel>
        <EmptyState title={t("archive.nothing")} hint={t("archive.nothing_hint")} />
      </Panel>
    );
  }
  return (
    <div className="stack">
      {first && (
        <div className="quiet">
          {t(first.capped ? "archive.total_capped" : "archive.total", { total: count(first.total) })}
          {" · "}
          {t("archive.took", { took: duration(first.took_ms) })}
        </div>
      )}
      {byChat(hits).map((group) => (
        <Panel
          key={group.key}
          flush
          title={<ChatName chat={group.chat} />}
          extra={group.hits.length > 1 && t("archive.hits", { n: group.hits.length })}
        >
          {group.hits.map((hit) => (
            <HitRow key={hit.id} hit={hit} onLook={onLook} />
          ))}
        </Panel>
      ))}
      {query.hasNextPage && (
        <div style={{ textAlign: "center" }}>
          <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("archive.more")}
          </Button>
        </div>
      )}
    </div>
  );
}

function HitRow({ hit, onLook }: { hit: ArchiveHit; onLook: (at: Looked) => void }) {
  const t = useT();
  const zone = useZone();
  return (
    <button
      type="button"
      className="archive-hit"
      title={t("archive.open")}
      onClick={() => onLook({ chat: hit.chat.id, spot: { at: hit.at, message_id: hit.id } })}
    >
      <span className="quiet num archive-when">{time(hit.at, zone, "second")}</span>
      <span className="archive-sender clip">{nameOf(hit.sender, t)}</span>
      <span className="grow">
        <KindTag kind={hit.kind} t={t} />
        {hit.parts.map((part, i) => (part.hit ? <mark key={i}>{part.text}</mark> : <span key={i}>{part.text}</span>))}
      </span>
      {hit.recalled_at && <Tag color="warning">{t("archive.recalled")}</Tag>}
    </button>
  );
}

/** What kind of message it is, where that is not plain from its words. */
function KindTag({ kind, t }: { kind: string; t: Translate }) {
  return kind === "text" ? null : <Tag>{t.word("archive_kind", kind)}</Tag>;
}
