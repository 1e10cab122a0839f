// Every event WeCom sent: the door's figures, a search by whom it is about, and in the drawer what came of each.
import type { Callback } from "@shared/api/types";
import { duration, time } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Drawer } from "antd";
import { useMemo } from "react";
import { type Translate, useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FilterBar } from "../../kit/filter-bar";
import { PageHeader } from "../../kit/page";
import { Status } from "../../kit/status";
import { filtersOf, useUrlState } from "../../lib/search";
import { useZone } from "../../lib/session";
import { callbacksQuery } from "./api";
import { About, Kind } from "./callback-about";
import { CallbackDrawer } from "./callback-drawer";
import { kindOptions, undocumented } from "./callback-kinds";
import { DoorPanels, ReplayFailed } from "./door-panels";
import { callbacksSearch } from "./search";

export function CallbacksPage() {
  const t = useT();
  const zone = useZone();
  const [search, setSearch] = useUrlState(callbacksSearch);
  const query = useQuery(callbacksQuery(search));
  const columns = useMemo<Column<Callback>[]>(
    () => [
      {
        key: "received_at",
        title: t("system.received_at"),
        width: 165,
        render: (c) => <span className="num">{time(c.received_at, zone, "second")}</span>,
      },
      { key: "kind", title: t("callback.kind"), width: 190, render: (c) => <Kind callback={c} /> },
      { key: "about", title: t("callback.about"), width: 300, render: (c) => <About callback={c} /> },
      {
        key: "state",
        title: t("system.state"),
        width: 100,
        render: (c) => <Status kind="callback_state" value={c.state} hint={hintOf(c, t, zone)} />,
      },
      { key: "attempts", title: t("callback.retries"), width: 80, align: "right", render: (c) => c.attempts },
      {
        key: "took",
        title: t("system.took"),
        width: 90,
        align: "right",
        render: (c) => <span className="num">{duration(c.took_ms)}</span>,
      },
      {
        key: "corp_at",
        title: t("system.corp_at"),
        width: 165,
        render: (c) => <span className="num">{time(c.corp_at, zone, "second")}</span>,
      },
    ],
    [t, zone],
  );
  const filters = (({ open: _, ...rest }) => rest)(search);
  const close = () => setSearch({ open: undefined, cursor: search.cursor, page: search.page });
  return (
    <>
      <PageHeader title={t("menu.callbacks")} note={t("callback.note")} extra={<ReplayFailed />} />
      <div className="stack">
        <DoorPanels />
        <div>
          <FilterBar
            values={filters}
            onChange={setSearch}
            filters={[
              { kind: "search", name: "q", placeholder: t("callback.search") },
              {
                kind: "select",
                name: "kind",
                label: t("callback.kind"),
                width: 200,
                options: [...kindOptions(t), { value: undocumented, label: t("callback.undocumented") }],
              },
              {
                kind: "select",
                name: "state",
                label: t("system.state"),
                options: (["new", "done", "failed", "ignored"] as const).map((value) => ({
                  value,
                  label: t(`callback_state.${value}`),
                })),
              },
              { kind: "day", name: "from", label: t("callback.from") },
              { kind: "day", name: "to", label: t("callback.to") },
            ]}
          />
          {search.q && query.data?.found && <Found text={search.q} found={query.data.found} />}
          <DataTable
            id="callbacks"
            columns={columns}
            rowKey={(c) => c.id}
            query={query}
            search={filters}
            onSearch={setSearch}
            onOpen={(c) => setSearch({ open: c.id, cursor: search.cursor, page: search.page })}
            onClearFilters={() =>
              setSearch(Object.fromEntries(Object.keys(filtersOf(filters)).map((key) => [key, undefined])))
            }
            empty={{ title: t("callback.empty"), hint: t("callback.empty_hint") }}
          />
        </div>
      </div>
      <Drawer
        open={search.open !== undefined}
        onClose={close}
        size={760}
        title={`${t("menu.callbacks")} ${search.open ?? ""}`}
        destroyOnHidden
      >
        {search.open !== undefined && (
          <CallbackDrawer id={search.open} onOpen={(open) => setSearch({ open, cursor: search.cursor })} />
        )}
      </Drawer>
    </>
  );
}

/** How the text of the search was understood. */
function Found({
  text,
  found,
}: {
  text: string;
  found: { customers: number; groups: number; staff: number; limit: number };
}) {
  const t = useT();
  const { customers, groups, staff, limit } = found;
  const none = customers + groups + staff === 0;
  return (
    <p className="quiet" style={{ marginTop: 0 }}>
      {none ? t("callback.found_none", { text }) : t("callback.found", { text, customers, groups, staff })}
      {Math.max(customers, groups, staff) >= limit && ` ${t("callback.found_limit", { limit })}`}
    </p>
  );
}

function hintOf(c: Callback, t: Translate, zone: string): string | null {
  const lines = [
    c.error ?? "",
    c.next_at ? `${t("callback.next_at")} ${time(c.next_at, zone, "second")}` : "",
    c.state === "ignored" ? t("callback.nobody") : "",
  ];
  return lines.filter(Boolean).join("\n") || null;
}
