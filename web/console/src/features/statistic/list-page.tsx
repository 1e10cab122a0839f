// WeCom's own daily figures, as they are archived before WeCom forgets them: by member of staff, and by owner of groups.
import type { OwnerDay, StaffDay } from "@shared/api/types";
import { count, percent, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Button, Segmented, Tag, Tooltip } from "antd";
import { useMemo } from "react";
import { type MessageKey, type Translate, useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FilterBar } from "../../kit/filter-bar";
import { StatTile } from "../../kit/metric";
import { PageHeader } from "../../kit/page";
import { Loaded } from "../../kit/states";
import { useStaffLookup, useStoreLookup } from "../../lib/lookup";
import { filtersOf, useUrlState } from "../../lib/search";
import { exportUrl, figuresQuery, ownerDaysQuery, staffDaysQuery } from "./api";
import { CoverPanel } from "./cover";
import { type StatisticsSearch, statisticsSearch } from "./search";

const staffMetrics = [
  "stf.chat_cnt",
  "stf.message_cnt",
  "stf.reply_pct",
  "stf.reply_avg",
  "acq.pass",
  "rel.neg",
  "rel.idle_staff",
];

export function StatisticsPage() {
  const t = useT();
  const [search, setSearch] = useUrlState(statisticsSearch);
  const owners = search.view === "owners";
  const figures = useQuery(figuresQuery(search.to));
  const stores = useStoreLookup();
  const staff = useStaffLookup(search.store_id);
  return (
    <>
      <PageHeader
        title={t("menu.statistics")}
        note={t("statistic.note")}
        extra={
          <Segmented
            value={owners ? "owners" : "staff"}
            options={[
              { value: "staff", label: t("statistic.by_staff") },
              { value: "owners", label: t("statistic.by_owner") },
            ]}
            onChange={(view) => setSearch({ view: view === "owners" ? "owners" : undefined })}
          />
        }
      />
      <Loaded query={figures} rows={2}>
        {({ date, tiles }) => {
          const shown = tiles.filter((metric) => staffMetrics.includes(metric.id) !== owners);
          return (
            <div style={{ marginBottom: 12 }}>
              <div className="quiet" style={{ marginBottom: 6 }}>
                {t("statistic.tiles_of", { date })}
              </div>
              <div className="tiles" style={{ gridTemplateColumns: `repeat(${shown.length}, minmax(0, 1fr))` }}>
                {shown.map((metric) => (
                  <StatTile key={metric.id} metric={metric} />
                ))}
              </div>
            </div>
          );
        }}
      </Loaded>
      <CoverPanel from={search.from} to={search.to} owners={owners} />
      <FilterBar
        values={search}
        onChange={setSearch}
        filters={[
          { kind: "day", name: "from", label: t("statistic.from") },
          { kind: "day", name: "to", label: t("statistic.to") },
          {
            kind: "select",
            name: "store_id",
            label: t("statistic.store"),
            width: 180,
            options: stores.options,
            onSearch: stores.onSearch,
          },
          {
            kind: "select",
            name: "staff_id",
            label: t("statistic.staff"),
            width: 180,
            options: staff.options,
            onSearch: staff.onSearch,
          },
        ]}
        extra={<Button href={exportUrl(search)}>{t("statistic.export")}</Button>}
      />
      {owners ? (
        <OwnerTable search={search} onSearch={setSearch} />
      ) : (
        <StaffTable search={search} onSearch={setSearch} />
      )}
    </>
  );
}

interface TableProps {
  search: StatisticsSearch;
  onSearch: (patch: Partial<StatisticsSearch>) => void;
}

type Row = Pick<StaffDay, "day" | "staff_name" | "store_name" | "given" | "final">;

/** The columns that every row begins with, and its state. */
function headOf<R extends Row>(t: Translate): Column<R>[] {
  return [
    {
      key: "day",
      title: t("statistic.day"),
      width: 105,
      fixed: "left",
      render: (r) => <span className="num">{r.day}</span>,
    },
    { key: "staff", title: t("statistic.staff"), width: 110, fixed: "left", render: (r) => r.staff_name },
    { key: "store", title: t("statistic.store"), width: 170, render: (r) => r.store_name || unknown },
  ];
}

function stateOf<R extends Row>(t: Translate): Column<R> {
  return {
    key: "state",
    title: t("statistic.state"),
    width: 120,
    render: (r) => {
      const state = !r.given ? "absent" : r.final ? "final" : "early";
      return (
        <Tooltip title={t(`statistic_state_hint.${state}`)}>
          <Tag color={state === "final" ? "success" : "default"}>{t(`statistic_state.${state}`)}</Tag>
        </Tooltip>
      );
    },
  };
}

function figure<R>(t: Translate, key: string, value: (row: R) => number | null, text = count): Column<R> {
  return {
    key,
    title: (
      <Tooltip title={t(`statistic_hint.${key}` as MessageKey)}>{t(`statistic_figure.${key}` as MessageKey)}</Tooltip>
    ),
    width: 132,
    align: "right",
    render: (row) => <span className="num">{text(value(row))}</span>,
    compare: (a, b) => (value(a) ?? -1) - (value(b) ?? -1),
  };
}

function StaffTable({ search, onSearch }: TableProps) {
  const t = useT();
  const query = useQuery(staffDaysQuery(search));
  const columns = useMemo<Column<StaffDay>[]>(
    () => [
      ...headOf<StaffDay>(t),
      figure(t, "chats", (r) => r.chats),
      figure(t, "messages", (r) => r.messages),
      figure(
        t,
        "reply_percent",
        (r) => r.reply_percent,
        (n) => (n === null || n === undefined ? unknown : percent(n / 100)),
      ),
      figure(t, "reply_minutes", (r) => r.reply_minutes),
      figure(t, "contacts", (r) => r.contacts),
      figure(t, "applies", (r) => r.applies),
      figure(t, "negative", (r) => r.negative),
      stateOf<StaffDay>(t),
    ],
    [t],
  );
  return (
    <DataTable
      id="statistic-staff"
      columns={columns}
      rowKey={(r) => `${r.staff_id} ${r.day}`}
      query={query}
      search={search}
      onSearch={onSearch}
      onClearFilters={() => onSearch(cleared(search))}
      empty={{ title: t("statistic.none"), hint: t("statistic.none_hint") }}
    />
  );
}

function OwnerTable({ search, onSearch }: TableProps) {
  const t = useT();
  const query = useQuery(ownerDaysQuery(search));
  const columns = useMemo<Column<OwnerDay>[]>(
    () => [
      ...headOf<OwnerDay>(t),
      figure(t, "groups", (r) => r.groups),
      figure(t, "new_groups", (r) => r.new_groups),
      figure(t, "active_groups", (r) => r.active_groups),
      figure(t, "members", (r) => r.members),
      figure(t, "new_members", (r) => r.new_members),
      figure(t, "active_members", (r) => r.active_members),
      figure(t, "group_messages", (r) => r.messages),
      stateOf<OwnerDay>(t),
    ],
    [t],
  );
  return (
    <DataTable
      id="statistic-owners"
      columns={columns}
      rowKey={(r) => `${r.staff_id} ${r.day}`}
      query={query}
      search={search}
      onSearch={onSearch}
      onClearFilters={() => onSearch(cleared(search))}
      empty={{ title: t("statistic.none"), hint: t("statistic.none_hint") }}
    />
  );
}

/** A patch that removes every filter and keeps the view. */
function cleared(search: StatisticsSearch): Partial<StatisticsSearch> {
  const { view: _, ...filters } = filtersOf(search) as StatisticsSearch;
  return Object.fromEntries(Object.keys(filters).map((key) => [key, undefined]));
}
