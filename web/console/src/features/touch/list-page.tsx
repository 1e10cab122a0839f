// The ledger of every message that wanted to go out, and what was decided about it and why.
import { unwrap } from "@shared/api/client";
import type { Page, Touch, TouchSummary } from "@shared/api/types";
import { count, time, unknown } from "@shared/format";
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Tag } from "antd";
import { useMemo } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FilterBar } from "../../kit/filter-bar";
import { PageHeader, Panel } from "../../kit/page";
import { Status } from "../../kit/status";
import { api } from "../../lib/api";
import { filtersOf, useUrlState } from "../../lib/search";
import { useZone } from "../../lib/session";
import { type TouchesSearch, touchesSearch } from "./search";

const touchesQuery = ({ page: _, ...query }: TouchesSearch) =>
  queryOptions({
    queryKey: ["touches", query],
    queryFn: () => unwrap<Page<Touch>>(api.GET("/api/touches", { params: { query } })),
    placeholderData: keepPreviousData,
  });

const summaryQuery = (date: string | undefined) =>
  queryOptions({
    queryKey: ["touches", "summary", date],
    queryFn: () => unwrap<{ items: TouchSummary[] }>(api.GET("/api/touches/summary", { params: { query: { date } } })),
    placeholderData: keepPreviousData,
  });

export function TouchListPage() {
  const t = useT();
  const zone = useZone();
  const [search, setSearch] = useUrlState(touchesSearch);
  const query = useQuery(touchesQuery(search));
  const summary = useQuery(summaryQuery(search.date));

  const columns = useMemo<Column<Touch>[]>(
    () => [
      {
        key: "at",
        title: t("touch.at"),
        width: 140,
        fixed: "left",
        render: (x) => <span className="num">{time(x.at, zone)}</span>,
      },
      {
        key: "subject",
        title: t("touch.subject"),
        width: 180,
        render: (x) => (
          <Link to={`/${x.subject === "group" ? "groups" : "customers"}/${x.subject_id}`}>
            {x.subject_name || t("customer.unnamed")}
          </Link>
        ),
      },
      {
        key: "decision",
        title: t("touch.decision"),
        width: 90,
        render: (x) => <Status kind="decision" value={x.decision} />,
      },
      {
        key: "reason",
        title: t("touch.reason"),
        width: 260,
        render: (x) => x.reason_text || t.word("touch_reason", x.reason) || unknown,
      },
      { key: "channel", title: t("touch.channel"), width: 100, render: (x) => t.word("channel", x.channel) },
      {
        key: "purpose",
        title: t("touch.purpose"),
        width: 130,
        render: (x) => (
          <>
            {t.word("purpose", x.purpose)} {x.promo && <Tag color="warning">{t("touch.promo")}</Tag>}
          </>
        ),
      },
      { key: "staff", title: t("touch.staff"), width: 90, render: (x) => x.staff_name ?? unknown },
      { key: "source", title: t("touch.source"), width: 150, render: (x) => t.word("touch_source", x.source) },
    ],
    [t, zone],
  );

  return (
    <>
      <PageHeader title={t("menu.touches")} note={t("touch.list_note")} />
      {summary.data && summary.data.items.length > 0 && (
        <div style={{ marginBottom: 12 }}>
          <Panel title={t("touch.summary")}>
            <Summary
              items={summary.data.items}
              onPick={(item) => setSearch({ decision: item.decision, reason: item.reason || undefined })}
            />
          </Panel>
        </div>
      )}
      <FilterBar
        values={search}
        onChange={setSearch}
        filters={[
          { kind: "day", name: "date", label: t("filter.date") },
          {
            kind: "select",
            name: "decision",
            label: t("touch.decision"),
            options: (["allow", "defer", "refuse"] as const).map((value) => ({ value, label: t(`decision.${value}`) })),
          },
          {
            kind: "select",
            name: "reason",
            label: t("touch.reason"),
            width: 180,
            options: (summary.data?.items ?? [])
              .filter((item) => item.reason)
              .map((item) => ({ value: item.reason, label: item.reason_text || t.word("touch_reason", item.reason) })),
          },
          {
            kind: "select",
            name: "subject",
            label: t("touch.subject"),
            options: (["customer", "group"] as const).map((value) => ({ value, label: t(`touch.subject.${value}`) })),
          },
        ]}
      />
      <DataTable
        id="touches"
        columns={columns}
        rowKey={(x) => x.id}
        query={query}
        search={search}
        onSearch={setSearch}
        onClearFilters={() =>
          setSearch(Object.fromEntries(Object.keys(filtersOf(search)).map((key) => [key, undefined])))
        }
        empty={{ title: t("touch.empty"), hint: t("touch.empty_hint") }}
      />
    </>
  );
}

const colors = { allow: "#2f7d4f", defer: "#d99a2b", refuse: "#b83b3b" } as const;

function Summary({ items, onPick }: { items: TouchSummary[]; onPick: (item: TouchSummary) => void }) {
  const t = useT();
  const total = items.reduce((sum, item) => sum + item.count, 0);
  const order = { allow: 0, defer: 1, refuse: 2 };
  const sorted = [...items].sort((a, b) => order[a.decision] - order[b.decision] || b.count - a.count);
  return (
    <>
      <div style={{ display: "flex", gap: 2, height: 12, borderRadius: 4, overflow: "hidden", marginBottom: 10 }}>
        {sorted.map((item) => (
          <div
            key={`${item.decision} ${item.reason}`}
            style={{ flex: `${item.count / Math.max(1, total)} 1 2px`, background: colors[item.decision] }}
          />
        ))}
      </div>
      <div className="row row-wrap" style={{ columnGap: 18 }}>
        {sorted.map((item) => (
          <button
            key={`${item.decision} ${item.reason}`}
            type="button"
            onClick={() => onPick(item)}
            style={{ all: "unset", cursor: "pointer" }}
            className="row"
          >
            <i
              style={{
                width: 8,
                height: 8,
                borderRadius: 2,
                background: colors[item.decision],
                display: "inline-block",
                marginRight: 5,
              }}
            />
            {t(`decision.${item.decision}`)}
            {item.reason &&
              item.decision !== "allow" &&
              ` · ${item.reason_text || t.word("touch_reason", item.reason)}`}{" "}
            <b className="num">{count(item.count)}</b>
          </button>
        ))}
      </div>
    </>
  );
}
