import type { ArchiveChat } from "@shared/api/types";
import { count, time } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { useZone } from "../../lib/session";
import { type Access, chatsQuery } from "./api";
import type { Looked } from "./chat-view";
import { Filters } from "./filters";
import type { ArchiveSearch } from "./search";
import { ChatName } from "./who";

interface Props {
  access: Access;
  search: ArchiveSearch;
  onSearch: (patch: Partial<ArchiveSearch>) => void;
  onLook: (at: Looked) => void;
}

export function ChatsTab({ access, search, onSearch, onLook }: Props) {
  const t = useT();
  const zone = useZone();
  const query = useQuery(chatsQuery(access, search));
  const columns = useMemo<Column<ArchiveChat>[]>(
    () => [
      { key: "chat", title: t("archive.chat"), width: 420, render: (c) => <ChatName chat={c} /> },
      {
        key: "messages",
        title: t("archive.messages"),
        width: 110,
        align: "right",
        render: (c) => <span className="num">{count(c.messages)}</span>,
      },
      {
        key: "last_at",
        title: t("archive.last_at"),
        width: 170,
        render: (c) => <span className="num">{time(c.last_at, zone)}</span>,
      },
      {
        key: "first_at",
        title: t("archive.first_at"),
        width: 170,
        render: (c) => <span className="num">{time(c.first_at, zone)}</span>,
      },
    ],
    [t, zone],
  );
  const { tab: _, q: __, kind: ___, from: ____, to: _____, state: ______, ...filters } = search;
  return (
    <>
      <Filters search={search} onSearch={onSearch} />
      <DataTable
        id="archive-chats"
        columns={columns}
        rowKey={(c) => c.id}
        query={query}
        search={filters}
        onSearch={onSearch}
        onOpen={(c) => onLook({ chat: c.id })}
        onClearFilters={() => onSearch({ staff_id: undefined, customer_id: undefined, group_id: undefined })}
        empty={{ title: t("archive.no_chats"), hint: t("archive.no_chats_hint") }}
      />
    </>
  );
}
