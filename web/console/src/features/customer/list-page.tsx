import type { Customer } from "@shared/api/types";
import { count, money, time, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button, Tag } from "antd";
import { useMemo } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FilterBar } from "../../kit/filter-bar";
import { PageHeader } from "../../kit/page";
import { useCodeLookup, useStaffLookup, useStoreLookup, useTagLookup } from "../../lib/lookup";
import { filtersOf, useUrlState } from "../../lib/search";
import { useZone } from "../../lib/session";
import { customersQuery } from "./api";
import { customersSearch } from "./search";

export function CustomerListPage() {
  const t = useT();
  const zone = useZone();
  const navigate = useNavigate();
  const [search, setSearch] = useUrlState(customersSearch);
  const query = useQuery(customersQuery(search));
  const stores = useStoreLookup();
  const staff = useStaffLookup(search.store_id);
  const codes = useCodeLookup();
  const tags = useTagLookup();

  const columns = useMemo<Column<Customer>[]>(
    () => [
      {
        key: "name",
        title: t("customer.name"),
        width: 120,
        fixed: "left",
        render: (c) => <Link to={`/customers/${c.id}`}>{c.name || t("customer.unnamed")}</Link>,
      },
      { key: "member_no", title: t("customer.member_no"), width: 105, render: (c) => c.member_no ?? unknown },
      { key: "stores", title: t("customer.stores"), width: 150, render: (c) => c.stores.join("、") || unknown },
      {
        key: "staff",
        title: t("customer.staff"),
        width: 95,
        render: (c) => c.staff.join("、") || t("customer.no_friend"),
      },
      {
        key: "tags",
        title: t("customer.tags"),
        width: 150,
        render: (c) => (c.tags.length === 0 ? unknown : c.tags.map((tag) => <Tag key={tag.id}>{tag.name}</Tag>)),
      },
      { key: "channel", title: t("customer.channel"), width: 130, render: (c) => c.channel ?? unknown },
      {
        key: "added_at",
        title: t("customer.added_at"),
        width: 132,
        render: (c) => <span className="num">{time(c.added_at, zone)}</span>,
        compare: (a, b) => (a.added_at ?? "").localeCompare(b.added_at ?? ""),
      },
      { key: "groups", title: t("customer.groups"), width: 56, align: "right", render: (c) => count(c.groups) },
      {
        key: "orders",
        title: t("customer.orders"),
        width: 66,
        align: "right",
        render: (c) => count(c.orders),
        compare: (a, b) => a.orders - b.orders,
      },
      {
        key: "net_fen",
        title: t("customer.net"),
        width: 88,
        align: "right",
        render: (c) => <span className="num">{money(c.net_fen)}</span>,
        compare: (a, b) => a.net_fen - b.net_fen,
      },
      {
        key: "last_order_at",
        title: t("customer.last_order"),
        width: 96,
        render: (c) => <span className="num">{time(c.last_order_at, zone, "day")}</span>,
      },
    ],
    [t, zone],
  );

  const clear = () => setSearch(Object.fromEntries(Object.keys(filtersOf(search)).map((key) => [key, undefined])));
  return (
    <>
      <PageHeader title={t("menu.customers")} note={t("customer.list_note")} />
      <FilterBar
        values={search}
        onChange={setSearch}
        filters={[
          { kind: "search", name: "q", placeholder: t("customer.search") },
          {
            kind: "select",
            name: "store_id",
            label: t("customer.stores"),
            options: stores.options,
            onSearch: stores.onSearch,
          },
          {
            kind: "select",
            name: "staff_id",
            label: t("customer.staff"),
            options: staff.options,
            onSearch: staff.onSearch,
          },
          {
            kind: "select",
            name: "code_id",
            label: t("customer.channel"),
            options: codes.options,
            onSearch: codes.onSearch,
          },
          {
            kind: "select",
            name: "tag_id",
            label: t("customer.tags"),
            options: tags.options.flatMap((group) => group.options),
          },
          {
            kind: "select",
            name: "relation",
            label: t("customer.relation"),
            options: (["active", "lost", "none"] as const).map((value) => ({
              value,
              label: t(`customer.relation.${value}`),
            })),
          },
        ]}
      />
      <DataTable
        id="customers"
        columns={columns}
        rowKey={(c) => c.id}
        query={query}
        search={search}
        onSearch={setSearch}
        onOpen={(c) => navigate({ to: `/customers/${c.id}` })}
        onClearFilters={clear}
        empty={{
          title: t("customer.empty"),
          hint: t("customer.empty_hint"),
          action: (
            <Button type="primary" onClick={() => navigate({ to: "/codes" })}>
              {t("customer.empty_action")}
            </Button>
          ),
        }}
      />
    </>
  );
}
