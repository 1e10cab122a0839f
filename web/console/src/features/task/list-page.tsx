// What staff were asked to do, with the proof that it was done and what kind of proof it is.
import { unwrap } from "@shared/api/client";
import type { Page, Task } from "@shared/api/types";
import { count, time, unknown } from "@shared/format";
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { Button, Tooltip } from "antd";
import { useMemo } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FilterBar } from "../../kit/filter-bar";
import { PageHeader } from "../../kit/page";
import { Status } from "../../kit/status";
import { api } from "../../lib/api";
import { useStaffLookup, useStoreLookup } from "../../lib/lookup";
import { useWrite } from "../../lib/mutation";
import { filtersOf, useUrlState } from "../../lib/search";
import { useCan, useZone } from "../../lib/session";
import { type TasksSearch, tasksSearch } from "./search";

const tasksQuery = ({ page: _, ...query }: TasksSearch) =>
  queryOptions({
    queryKey: ["tasks", query],
    queryFn: () => unwrap<Page<Task>>(api.GET("/api/tasks", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export function TaskListPage() {
  const t = useT();
  const zone = useZone();
  const may = useCan("task.write");
  const [search, setSearch] = useUrlState(tasksSearch);
  const query = useQuery(tasksQuery(search));
  const stores = useStoreLookup();
  const staff = useStaffLookup(search.store_id);
  const {
    mutate: remind,
    variables,
    isPending,
  } = useWrite({
    call: (id: number) => unwrap(api.POST("/api/tasks/{id}/remind", { params: { path: { id } } })),
    done: t("task.reminded"),
    refresh: [["tasks"]],
  });

  const columns = useMemo<Column<Task>[]>(
    () => [
      {
        key: "title",
        title: t("task.title"),
        width: 340,
        ellipsis: false,
        render: (x) => (
          <>
            <div>{x.title}</div>
            <div className="quiet">{x.why}</div>
          </>
        ),
      },
      { key: "kind", title: t("task.kind"), width: 86, render: (x) => t.word("channel", x.kind) },
      { key: "staff", title: t("task.staff"), width: 78, render: (x) => x.staff_name },
      { key: "store", title: t("task.store"), width: 145, render: (x) => x.store_name ?? unknown },
      {
        key: "due",
        title: t("task.due"),
        width: 106,
        render: (x) => (
          <Tooltip title={x.window_end ? t("task.until", { at: time(x.window_end, zone) }) : undefined}>
            <span className="num">{time(x.due_at, zone, "short")}</span>
          </Tooltip>
        ),
        compare: (a, b) => a.due_at.localeCompare(b.due_at),
      },
      {
        key: "state",
        title: t("task.state"),
        width: 78,
        render: (x) => <Status kind="task_state" value={x.state === "late" && x.done_at ? "done_late" : x.state} />,
      },
      {
        key: "reach",
        title: t("task.reach"),
        width: 92,
        align: "right",
        render: (x) => (
          <span className="num">
            {count(x.delivered)} / {count(x.recipients)}
          </span>
        ),
      },
      {
        key: "proof",
        title: t("task.proof"),
        width: 100,
        render: (x) => (
          <Tooltip title={t(`proof_hint.${x.proof}`)}>
            <span className={x.proof === "none" ? "quiet" : undefined}>{t(`proof.${x.proof}`)}</span>
          </Tooltip>
        ),
      },
      {
        key: "done_at",
        title: t("task.done_at"),
        width: 100,
        render: (x) => <span className="num">{time(x.done_at, zone, "short")}</span>,
      },
      {
        key: "act",
        title: "",
        width: 64,
        render: (x) =>
          may && x.state === "open" ? (
            <Button size="small" type="link" loading={isPending && variables === x.id} onClick={() => remind(x.id)}>
              {t("task.remind")}
            </Button>
          ) : null,
      },
    ],
    [t, zone, may, remind, isPending, variables],
  );

  return (
    <>
      <PageHeader title={t("menu.tasks")} note={t("task.list_note")} />
      <FilterBar
        values={search}
        onChange={setSearch}
        filters={[
          { kind: "day", name: "date", label: t("filter.date") },
          {
            kind: "select",
            name: "state",
            label: t("task.state"),
            options: (["open", "done", "late", "skipped"] as const).map((value) => ({
              value,
              label: t(`task_state.${value}`),
            })),
          },
          {
            kind: "select",
            name: "store_id",
            label: t("task.store"),
            options: stores.options,
            onSearch: stores.onSearch,
          },
          {
            kind: "select",
            name: "staff_id",
            label: t("task.staff"),
            options: staff.options,
            onSearch: staff.onSearch,
          },
        ]}
      />
      <DataTable
        id="tasks"
        columns={columns}
        rowKey={(x) => x.id}
        query={query}
        search={search}
        onSearch={setSearch}
        onClearFilters={() =>
          setSearch(Object.fromEntries(Object.keys(filtersOf(search)).map((key) => [key, undefined])))
        }
        empty={{ title: t("task.empty"), hint: t("task.empty_hint") }}
      />
    </>
  );
}
