// What a run repaired, one by one, with the reason and the callback it points to.
import type { SyncRepair } from "@shared/api/types";
import { time, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Drawer, Tooltip } from "antd";
import { useMemo } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FilterBar } from "../../kit/filter-bar";
import { useZone } from "../../lib/session";
import { repairsQuery, repairsUrl } from "./api";
import { type SyncSearch, syncReasons, syncThings, syncWhats } from "./search";

interface Props {
  search: SyncSearch;
  onSearch: (patch: Partial<SyncSearch>) => void;
}

export function RepairDrawer({ search, onSearch }: Props) {
  const t = useT();
  const close = () =>
    onSearch({
      run: undefined,
      thing: undefined,
      what: undefined,
      reason: undefined,
      cursor: undefined,
      page: undefined,
    });
  return (
    <Drawer open={search.run !== undefined} onClose={close} size={1080} title={t("sync.repairs")} destroyOnHidden>
      {search.run !== undefined && <RepairList run={search.run} search={search} onSearch={onSearch} />}
    </Drawer>
  );
}

function RepairList({ run, search, onSearch }: Props & { run: number }) {
  const t = useT();
  const zone = useZone();
  const query = useQuery(repairsQuery(run, search));
  const columns = useMemo<Column<SyncRepair>[]>(
    () => [
      { key: "thing", title: t("sync.thing"), width: 90, render: (r) => t.word("sync_thing", r.thing) },
      { key: "what", title: t("sync.what"), width: 70, render: (r) => t.word("sync_what", r.what) },
      { key: "about", title: t("sync.about"), width: 330, render: (r) => <About repair={r} /> },
      {
        key: "reason",
        title: t("sync.why"),
        width: 220,
        render: (r) => (
          <Tooltip title={t.word("sync_reason_hint", r.reason)}>
            <span>{t.word("sync_reason", r.reason)}</span>
          </Tooltip>
        ),
      },
      {
        key: "callback",
        title: t("sync.callback"),
        width: 100,
        render: (r) =>
          r.callback_id > 0 ? (
            <Link to="/system/callbacks" search={{ open: r.callback_id }}>
              {t("sync.see_callback")}
            </Link>
          ) : (
            <span className="quiet">{unknown}</span>
          ),
      },
      {
        key: "at",
        title: t("sync.happened_at"),
        width: 165,
        render: (r) => <span className="num">{time(r.happened_at, zone, "second")}</span>,
      },
    ],
    [t, zone],
  );
  const filters = { thing: search.thing, what: search.what, reason: search.reason };
  return (
    <>
      <FilterBar
        values={filters}
        onChange={onSearch}
        filters={[
          {
            kind: "select",
            name: "thing",
            label: t("sync.thing"),
            options: syncThings.map((value) => ({ value, label: t(`sync_thing.${value}`) })),
          },
          {
            kind: "select",
            name: "what",
            label: t("sync.what"),
            options: syncWhats.map((value) => ({ value, label: t(`sync_what.${value}`) })),
          },
          {
            kind: "select",
            name: "reason",
            label: t("sync.why"),
            width: 200,
            options: syncReasons.map((value) => ({ value, label: t(`sync_reason.${value}`) })),
          },
        ]}
        extra={<Button href={repairsUrl(run, filters)}>{t("sync.export")}</Button>}
      />
      <DataTable
        id="sync-repairs"
        columns={columns}
        rowKey={(r) => r.id}
        query={query}
        search={{ ...filters, cursor: search.cursor, page: search.page, limit: search.limit }}
        onSearch={onSearch}
        onClearFilters={() => onSearch({ thing: undefined, what: undefined, reason: undefined })}
        empty={{ title: t("sync.no_repairs"), hint: t("sync.no_repairs_hint") }}
      />
    </>
  );
}

/** Who or what a repair is about, with links to what we hold of it. */
function About({ repair: r }: { repair: SyncRepair }) {
  const parts = [
    r.group_id > 0 ? (
      <Link key="group" to="/groups/$id" params={{ id: String(r.group_id) }}>
        {r.group_name || r.chat_id}
      </Link>
    ) : (
      r.chat_id && <span key="group">{r.chat_id}</span>
    ),
    r.customer_id > 0 ? (
      <Link key="customer" to="/customers/$id" params={{ id: String(r.customer_id) }}>
        {r.customer_name || r.external_userid}
      </Link>
    ) : (
      r.external_userid && <span key="customer">{r.external_userid}</span>
    ),
    r.userid && <span key="staff">{r.staff_name || r.userid}</span>,
    r.code_id > 0 ? (
      <Link key="object" to="/codes/$id" params={{ id: String(r.code_id) }}>
        {r.object_name}
      </Link>
    ) : (
      r.object && <span key="object">{r.object_name || r.object}</span>
    ),
  ].filter(Boolean);
  return (
    <span className="row" style={{ gap: 6 }}>
      {parts.map((part, i) => (
        <span key={i} className="clip">
          {i > 0 && <span className="quiet">· </span>}
          {part}
        </span>
      ))}
    </span>
  );
}
