import type { OutboxCall } from "@shared/api/types";
import { time } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Tooltip } from "antd";
import { useMemo } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FilterBar } from "../../kit/filter-bar";
import { PageHeader } from "../../kit/page";
import { Status } from "../../kit/status";
import { useUrlState } from "../../lib/search";
import { useZone } from "../../lib/session";
import { outboxQuery } from "./api";
import { CallLimits } from "./call-limits";
import { outboxSearch, outboxState } from "./search";

export function OutboxPage() {
  const t = useT();
  const zone = useZone();
  const [search, setSearch] = useUrlState(outboxSearch);
  const query = useQuery(outboxQuery(search));
  const columns = useMemo<Column<OutboxCall>[]>(
    () => [
      {
        key: "kind",
        title: t("system.call"),
        width: 200,
        render: (c) => <span title={c.kind}>{t.word("call", c.kind)}</span>,
      },
      { key: "entity", title: t("system.entity"), width: 240, render: (c) => c.entity },
      {
        key: "class",
        title: t("system.class"),
        width: 110,
        render: (c) => (
          <Tooltip title={t(`class_hint.${c.class}`)}>
            <span>{t(`class.${c.class}`)}</span>
          </Tooltip>
        ),
      },
      {
        key: "state",
        title: t("system.state"),
        width: 100,
        render: (c) => <Status kind="outbox_state" value={outboxState(c)} hint={c.error} />,
      },
      { key: "attempts", title: t("system.attempts"), width: 80, align: "right", render: (c) => c.attempts },
      {
        key: "due_at",
        title: t("system.due_at"),
        width: 165,
        render: (c) => <span className="num">{time(c.due_at, zone, "second")}</span>,
      },
      { key: "error", title: t("system.error"), width: 260, render: (c) => <span className="bad">{c.error}</span> },
    ],
    [t, zone],
  );
  return (
    <>
      <PageHeader title={t("menu.outbox")} note={t("system.outbox_note")} extra={<CallLimits />} />
      <FilterBar
        values={search}
        onChange={setSearch}
        filters={[
          {
            kind: "select",
            name: "state",
            label: t("system.state"),
            options: (["planned", "calling", "done", "unknown", "failed"] as const).map((value) => ({
              value,
              label: t(`outbox_state.${value}`),
            })),
          },
        ]}
      />
      <DataTable
        id="outbox"
        columns={columns}
        rowKey={(c) => c.id}
        query={query}
        search={search}
        onSearch={setSearch}
        onClearFilters={() => setSearch({ state: undefined })}
        empty={{ title: t("system.no_calls"), hint: t("system.no_calls_hint") }}
      />
    </>
  );
}
