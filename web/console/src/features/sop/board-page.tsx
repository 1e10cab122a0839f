// The execution board: who did what was due, from headquarters down to one person. Each level is a row list with the
// same columns; the way down stands in the URL.
import type { BoardLevel, BoardRow } from "@shared/api/types";
import { businessDay, count } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Breadcrumb, DatePicker, Select } from "antd";
import dayjs from "dayjs";
import { useMemo } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { MetricCell, StatTile } from "../../kit/metric";
import { PageHeader } from "../../kit/page";
import { useUrlState } from "../../lib/search";
import { useMe, useZone } from "../../lib/session";
import { boardQuery, plansQuery } from "./api";
import { type BoardSearch, boardSearch } from "./search";

/** The level a search shows, and whose rows. */
export function place(search: BoardSearch): { level: BoardLevel; parent_id?: number } {
  if (search.store_id) return { level: "staff", parent_id: search.store_id };
  if (search.region_id) return { level: "store", parent_id: search.region_id };
  return { level: "region" };
}

export function BoardPage() {
  const t = useT();
  const me = useMe();
  const zone = useZone();
  const navigate = useNavigate();
  const [search, setSearch] = useUrlState(boardSearch);
  const { level, parent_id } = place(search);
  const query = useQuery(boardQuery({ plan_id: search.plan_id, date: search.date, level, parent_id }));
  const above = useQuery({
    ...boardQuery({ plan_id: search.plan_id, date: search.date, level: "region" }),
    enabled: Boolean(search.region_id),
  });
  const stores = useQuery({
    ...boardQuery({ plan_id: search.plan_id, date: search.date, level: "store", parent_id: search.region_id }),
    enabled: Boolean(search.store_id && search.region_id),
  });
  const plans = useQuery(plansQuery);
  const today = me ? businessDay(me.corp.now, zone) : undefined;
  const nameOf = (rows: BoardRow[] | undefined, id: number | undefined) =>
    rows?.find((row) => row.id === id)?.name ?? "…";

  const open = (row: BoardRow) => {
    if (level === "region") setSearch({ region_id: row.id, store_id: undefined });
    else if (level === "store") setSearch({ store_id: row.id });
    else void navigate({ to: "/tasks", search: { staff_id: row.id, date: search.date } as never });
  };

  const columns = useMemo<Column<BoardRow>[]>(
    () => [
      { key: "name", title: t(`board.level.${level}`), width: 200, fixed: "left", render: (r) => r.name },
      {
        key: "exec",
        title: t("metric.sop.exec"),
        width: 132,
        align: "right",
        render: (r) => <MetricCell metric={r.exec} />,
        compare: (a, b) => (a.exec.value ?? -1) - (b.exec.value ?? -1),
      },
      { key: "bar", title: t("board.progress"), width: 176, render: (r) => <Bar row={r} /> },
      {
        key: "due",
        title: t("board.due"),
        width: 80,
        align: "right",
        render: (r) => count(r.due),
        compare: (a, b) => a.due - b.due,
      },
      { key: "ontime", title: t("board.done_ontime"), width: 90, align: "right", render: (r) => count(r.done_ontime) },
      { key: "done_late", title: t("board.done_late"), width: 90, align: "right", render: (r) => count(r.done_late) },
      { key: "pending", title: t("board.pending"), width: 80, align: "right", render: (r) => count(r.pending) },
      {
        key: "late",
        title: t("board.late"),
        width: 104,
        align: "right",
        render: (r) => <span className={r.late > 0 ? "bad" : ""}>{count(r.late)}</span>,
        compare: (a, b) => a.late - b.late,
      },
      { key: "skipped", title: t("board.skipped"), width: 80, align: "right", render: (r) => count(r.skipped) },
      { key: "refused", title: t("board.refused"), width: 90, align: "right", render: (r) => count(r.refused) },
    ],
    [t, level],
  );

  const totals = query.data?.totals;
  return (
    <>
      <PageHeader
        title={t("menu.board")}
        note={t("board.note")}
        extra={
          <>
            <Select
              allowClear
              placeholder={t("board.all_plans")}
              style={{ minWidth: 190 }}
              popupMatchSelectWidth={false}
              value={search.plan_id}
              onChange={(plan_id) => setSearch({ plan_id })}
              options={(plans.data?.items ?? []).map((plan) => ({
                value: plan.id,
                label: `${plan.code} ${plan.name}`,
              }))}
            />
            <DatePicker
              placeholder={t("filter.date")}
              allowClear={Boolean(search.date)}
              value={search.date ? dayjs(search.date) : today ? dayjs(today) : null}
              onChange={(day) => setSearch({ date: day?.format("YYYY-MM-DD") })}
            />
          </>
        }
      />
      {totals && (
        <div className="tiles tiles-small" style={{ marginBottom: 12 }}>
          <StatTile metric={totals.exec} label={t("metric.sop.exec")} />
          {(["due", "done_ontime", "done_late", "pending", "late", "skipped", "refused"] as const).map((name) => (
            <StatTile
              key={name}
              metric={{ id: `sop.${name}`, version: 1, value: totals[name], unit: "count", state: "complete" }}
              label={t(`board.${name}`)}
            />
          ))}
        </div>
      )}
      <div className="filter-bar">
        <Breadcrumb
          items={[
            {
              title: (
                <Link to="/board" search={{ plan_id: search.plan_id, date: search.date } as never}>
                  {t("board.hq")}
                </Link>
              ),
            },
            ...(search.region_id
              ? [
                  {
                    title: (
                      <Link
                        to="/board"
                        search={{ plan_id: search.plan_id, date: search.date, region_id: search.region_id } as never}
                      >
                        {nameOf(above.data?.items, search.region_id)}
                      </Link>
                    ),
                  },
                ]
              : []),
            ...(search.store_id ? [{ title: nameOf(stores.data?.items, search.store_id) }] : []),
          ]}
        />
      </div>
      <DataTable<BoardRow>
        id={`board-${level}`}
        columns={columns}
        rowKey={(row) => row.id}
        query={{
          data: query.data && { items: query.data.items, next: "" },
          error: query.error,
          isFetching: query.isPlaceholderData,
          refetch: query.refetch,
        }}
        search={{}}
        onSearch={() => undefined}
        paged={false}
        onOpen={open}
        empty={{ title: t("board.empty"), hint: t("board.empty_hint") }}
      />
    </>
  );
}

const parts = [
  ["done_ontime", "#2f7d4f"],
  ["done_late", "#8fbf9f"],
  ["pending", "#d7dfe0"],
  ["late", "#b83b3b"],
  ["skipped", "#d9b46b"],
  ["refused", "#a4b0b4"],
] as const;

function Bar({ row }: { row: BoardRow }) {
  const t = useT();
  const title = parts.map(([name]) => `${t(`board.${name}`)} ${count(row[name])}`).join(" · ");
  return (
    <div
      title={title}
      style={{ display: "flex", height: 10, borderRadius: 3, overflow: "hidden", background: "#eff3f3" }}
    >
      {parts.map(([name, color]) =>
        row[name] > 0 ? <div key={name} style={{ flexGrow: row[name], background: color }} /> : null,
      )}
    </div>
  );
}
