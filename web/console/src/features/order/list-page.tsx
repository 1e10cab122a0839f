import { unwrap } from "@shared/api/client";
import type { Metric, Order, Page } from "@shared/api/types";
import { count, money, time, unknown } from "@shared/format";
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useMemo, useState } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FilterBar } from "../../kit/filter-bar";
import { ImportWizard } from "../../kit/import-wizard";
import { StatTile } from "../../kit/metric";
import { PageHeader } from "../../kit/page";
import { Status } from "../../kit/status";
import { api } from "../../lib/api";
import { useStoreLookup } from "../../lib/lookup";
import { filtersOf, useUrlState } from "../../lib/search";
import { useCan, useZone } from "../../lib/session";
import { type OrdersSearch, ordersSearch } from "./search";

const ordersQuery = ({ page: _, ...query }: OrdersSearch) =>
  queryOptions({
    queryKey: ["orders", query],
    queryFn: () => unwrap<Page<Order>>(api.GET("/api/orders", { params: { query } })),
    placeholderData: keepPreviousData,
  });

const summaryQuery = queryOptions({
  queryKey: ["orders", "summary"],
  queryFn: () => unwrap<{ tiles: Metric[] }>(api.GET("/api/orders/summary", { params: { query: {} } })),
});

export function OrderListPage() {
  const t = useT();
  const zone = useZone();
  const mayImport = useCan("import.run");
  const [search, setSearch] = useUrlState(ordersSearch);
  const [importing, setImporting] = useState(false);
  const query = useQuery(ordersQuery(search));
  const summary = useQuery(summaryQuery);
  const stores = useStoreLookup();

  const columns = useMemo<Column<Order>[]>(
    () => [
      {
        key: "order_no",
        title: t("order.no"),
        width: 150,
        fixed: "left",
        render: (o) => <span className="num">{o.order_no}</span>,
      },
      {
        key: "placed_at",
        title: t("order.placed_at"),
        width: 140,
        render: (o) => <span className="num">{time(o.placed_at, zone)}</span>,
      },
      {
        key: "customer",
        title: t("order.customer"),
        width: 130,
        render: (o) =>
          o.customer_id ? (
            <Link to={`/customers/${o.customer_id}`}>{o.customer_name || t("customer.unnamed")}</Link>
          ) : (
            <span className="quiet">{t("order.nobody")}</span>
          ),
      },
      { key: "member_no", title: t("customer.member_no"), width: 105, render: (o) => o.member_no ?? unknown },
      { key: "store", title: t("order.store"), width: 155, render: (o) => o.store_name ?? unknown },
      { key: "lines", title: t("order.lines"), width: 66, align: "right", render: (o) => count(o.lines) },
      {
        key: "net",
        title: t("order.net"),
        width: 92,
        align: "right",
        render: (o) => <span className="num">{money(o.net_fen)}</span>,
        compare: (a, b) => a.net_fen - b.net_fen,
      },
      {
        key: "state",
        title: t("order.state"),
        width: 84,
        render: (o) => <Status kind="order_state" value={o.state} />,
      },
      {
        key: "attributed",
        title: t("order.attributed_to"),
        width: 210,
        render: (o) =>
          o.attributed_to ? <Link to={`/codes/${o.attributed_to.code_id}`}>{o.attributed_to.name}</Link> : unknown,
      },
    ],
    [t, zone],
  );

  const importButton = mayImport && (
    <Button type="primary" onClick={() => setImporting(true)}>
      {t("order.import")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("menu.orders")} note={t("order.list_note")} extra={importButton} />
      {summary.data && (
        <div className="tiles" style={{ marginBottom: 12 }}>
          {summary.data.tiles.map((metric) => (
            <StatTile key={metric.id} metric={metric} />
          ))}
        </div>
      )}
      <FilterBar
        values={search}
        onChange={setSearch}
        filters={[
          { kind: "search", name: "q", placeholder: t("order.search") },
          {
            kind: "select",
            name: "store_id",
            label: t("order.store"),
            options: stores.options,
            onSearch: stores.onSearch,
          },
          {
            kind: "select",
            name: "attributed",
            label: t("order.attributed"),
            options: (["yes", "no"] as const).map((value) => ({ value, label: t(`order.attributed.${value}`) })),
          },
          {
            kind: "select",
            name: "state",
            label: t("order.state"),
            options: (["paid", "unpaid", "refunded", "partly_refunded"] as const).map((value) => ({
              value,
              label: t(`order_state.${value}`),
            })),
          },
        ]}
      />
      <DataTable
        id="orders"
        columns={columns}
        rowKey={(o) => o.id}
        query={query}
        search={search}
        onSearch={setSearch}
        onClearFilters={() =>
          setSearch(Object.fromEntries(Object.keys(filtersOf(search)).map((key) => [key, undefined])))
        }
        empty={{ title: t("order.empty"), hint: t("order.empty_hint"), action: importButton }}
      />
      <ImportWizard
        kind="orders"
        title={t("order.import")}
        open={importing}
        onClose={() => setImporting(false)}
        help={<span className="quiet">{t("order.import_help")}</span>}
      />
    </>
  );
}
