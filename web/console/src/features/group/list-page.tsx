import type { Group } from "@shared/api/types";
import { count, time, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button, Progress } from "antd";
import { useMemo } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FilterBar } from "../../kit/filter-bar";
import { PageHeader } from "../../kit/page";
import { Status } from "../../kit/status";
import { useStoreLookup } from "../../lib/lookup";
import { filtersOf, useUrlState } from "../../lib/search";
import { useZone } from "../../lib/session";
import { groupsQuery } from "./api";
import { Health } from "./health";
import { groupsSearch } from "./search";

export function GroupListPage() {
  const t = useT();
  const zone = useZone();
  const navigate = useNavigate();
  const [search, setSearch] = useUrlState(groupsSearch);
  const query = useQuery(groupsQuery(search));
  const stores = useStoreLookup();

  const columns = useMemo<Column<Group>[]>(
    () => [
      {
        key: "name",
        title: t("group.name"),
        width: 205,
        fixed: "left",
        render: (g) => <Link to={`/groups/${g.id}`}>{g.name || t("group.unnamed")}</Link>,
      },
      { key: "store", title: t("group.store"), width: 150, render: (g) => g.store_name ?? unknown },
      { key: "owner", title: t("group.owner"), width: 82, render: (g) => g.owner_name },
      {
        key: "members",
        title: t("group.members"),
        width: 150,
        compare: (a, b) => a.members - b.members,
        render: (g) => (
          <div className="row">
            <Progress
              percent={(100 * g.members) / Math.max(1, g.capacity)}
              showInfo={false}
              size="small"
              style={{ width: 64, margin: 0 }}
            />
            <span className="num">
              {g.members}/{g.capacity}
            </span>
          </div>
        ),
      },
      { key: "customers", title: t("group.customers"), width: 64, align: "right", render: (g) => count(g.customers) },
      {
        key: "joins",
        title: t("group.joins_7d"),
        width: 100,
        align: "right",
        render: (g) => count(g.joins_7d),
        compare: (a, b) => a.joins_7d - b.joins_7d,
      },
      {
        key: "exits",
        title: t("group.exits_7d"),
        width: 100,
        align: "right",
        render: (g) => count(g.exits_7d),
        compare: (a, b) => a.exits_7d - b.exits_7d,
      },
      {
        key: "health",
        title: t("group.health"),
        width: 96,
        align: "center",
        render: (g) => <Health health={g.health} />,
      },
      {
        key: "status",
        title: t("group.status"),
        width: 92,
        render: (g) => <Status kind="group_status" value={g.status} />,
      },
      {
        key: "created_at",
        title: t("group.created_at"),
        width: 104,
        render: (g) => <span className="num">{time(g.created_at, zone, "day")}</span>,
      },
    ],
    [t, zone],
  );

  return (
    <>
      <PageHeader title={t("menu.groups")} note={t("group.list_note")} />
      <FilterBar
        values={search}
        onChange={setSearch}
        filters={[
          { kind: "search", name: "q", placeholder: t("group.search") },
          {
            kind: "select",
            name: "store_id",
            label: t("group.store"),
            options: stores.options,
            onSearch: stores.onSearch,
          },
          {
            kind: "select",
            name: "health",
            label: t("group.health"),
            options: (["needs_you", "ok"] as const).map((value) => ({
              value,
              label: t(`group.health.${value}`),
            })),
          },
          {
            kind: "select",
            name: "status",
            label: t("group.status"),
            options: (["normal", "owner_left", "dissolved"] as const).map((value) => ({
              value,
              label: t(`group_status.${value}`),
            })),
          },
        ]}
      />
      <DataTable
        id="groups"
        columns={columns}
        rowKey={(g) => g.id}
        query={query}
        search={search}
        onSearch={setSearch}
        onOpen={(g) => navigate({ to: `/groups/${g.id}` })}
        onClearFilters={() =>
          setSearch(Object.fromEntries(Object.keys(filtersOf(search)).map((key) => [key, undefined])))
        }
        empty={{
          title: t("group.empty"),
          hint: t("group.empty_hint"),
          action: <Button onClick={() => navigate({ to: "/system/sync" })}>{t("group.empty_action")}</Button>,
        }}
      />
    </>
  );
}
