import type { Code } from "@shared/api/types";
import { count, percent, time, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button, Tooltip } from "antd";
import { useMemo, useState } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FilterBar } from "../../kit/filter-bar";
import { PageHeader } from "../../kit/page";
import { Status } from "../../kit/status";
import { useStoreLookup } from "../../lib/lookup";
import { filtersOf, useUrlState } from "../../lib/search";
import { useCan, useZone } from "../../lib/session";
import { codesQuery } from "./api";
import { CodeForm } from "./code-form";
import { codesSearch } from "./search";

export function CodeListPage() {
  const t = useT();
  const zone = useZone();
  const navigate = useNavigate();
  const may = useCan("code.write");
  const [search, setSearch] = useUrlState(codesSearch);
  const [creating, setCreating] = useState(false);
  const query = useQuery(codesQuery(search));
  const stores = useStoreLookup();

  const columns = useMemo<Column<Code>[]>(
    () => [
      {
        key: "name",
        title: t("code.name"),
        width: 196,
        fixed: "left",
        render: (c) => <Link to={`/codes/${c.id}`}>{c.name}</Link>,
      },
      { key: "kind", title: t("code.kind"), width: 82, render: (c) => t(`code_kind.${c.kind}`) },
      { key: "channel", title: t("code.channel"), width: 98, render: (c) => t.word("code_channel", c.channel) },
      { key: "store", title: t("code.store"), width: 150, render: (c) => c.store_name ?? unknown },
      {
        key: "status",
        title: t("code.status"),
        width: 90,
        render: (c) => <Status kind="code_status" value={c.status} hint={c.status_reason} />,
      },
      {
        key: "scans",
        title: t("code.scans"),
        width: 90,
        align: "right",
        render: (c) => count(c.scans),
        compare: (a, b) => a.scans - b.scans,
      },
      {
        key: "adds",
        title: t("code.adds"),
        width: 90,
        align: "right",
        render: (c) => count(c.adds),
        compare: (a, b) => a.adds - b.adds,
      },
      {
        key: "rate",
        title: t("code.add_rate"),
        width: 82,
        align: "right",
        render: (c) => <AddRate code={c} />,
      },
      {
        key: "joins",
        title: t("code.joins"),
        width: 90,
        align: "right",
        render: (c) => count(c.joins),
        compare: (a, b) => a.joins - b.joins,
      },
      {
        key: "first_orders",
        title: t("code.first_orders"),
        width: 90,
        align: "right",
        render: (c) => count(c.first_orders),
        compare: (a, b) => a.first_orders - b.first_orders,
      },
      {
        key: "created_at",
        title: t("code.created_at"),
        width: 110,
        render: (c) => <span className="num">{time(c.created_at, zone, "day")}</span>,
      },
    ],
    [t, zone],
  );

  const create = may && (
    <Button type="primary" onClick={() => setCreating(true)}>
      {t("code.create")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("menu.codes")} note={t("code.list_note")} extra={create} />
      <FilterBar
        values={search}
        onChange={setSearch}
        filters={[
          { kind: "search", name: "q", placeholder: t("code.search") },
          {
            kind: "select",
            name: "kind",
            label: t("code.kind"),
            options: (["staff", "group", "locator"] as const).map((value) => ({
              value,
              label: t(`code_kind.${value}`),
            })),
          },
          {
            kind: "select",
            name: "status",
            label: t("code.status"),
            options: (["active", "creating", "failed", "paused"] as const).map((value) => ({
              value,
              label: t(`code_status.${value}`),
            })),
          },
          {
            kind: "select",
            name: "store_id",
            label: t("code.store"),
            options: stores.options,
            onSearch: stores.onSearch,
          },
        ]}
      />
      <DataTable
        id="codes"
        columns={columns}
        rowKey={(c) => c.id}
        query={query}
        search={search}
        onSearch={setSearch}
        onOpen={(c) => navigate({ to: `/codes/${c.id}` })}
        onClearFilters={() =>
          setSearch(Object.fromEntries(Object.keys(filtersOf(search)).map((key) => [key, undefined])))
        }
        empty={{ title: t("code.empty"), hint: t("code.empty_hint"), action: create }}
      />
      <CodeForm
        open={creating}
        onClose={() => setCreating(false)}
        onCreated={(id) => navigate({ to: `/codes/${id}` })}
      />
    </>
  );
}

// People also add through WeCom's own printed picture, which shows no scan: more adds than scans make no rate.
function AddRate({ code }: { code: Code }) {
  const t = useT();
  if (code.kind !== "staff" || code.scans === 0) return <span className="quiet">{unknown}</span>;
  if (code.adds <= code.scans) return <span className="num">{percent(code.adds / code.scans)}</span>;
  return (
    <Tooltip title={t("funnel.past_page")}>
      <span className="quiet">{unknown}</span>
    </Tooltip>
  );
}
