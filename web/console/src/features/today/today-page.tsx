// The operator's first page: the day's numbers, what needs a person, and the last two weeks.
import { unwrap } from "@shared/api/client";
import type { Metric, Series, Today, TodayAlert } from "@shared/api/types";
import { addDays, businessDay, count, duration, money, percent } from "@shared/format";
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { Button, DatePicker, Tag } from "antd";
import dayjs from "dayjs";
import { useT } from "../../i18n";
import { LineChart } from "../../kit/chart";
import { LocalLink } from "../../kit/local-link";
import { StatTile } from "../../kit/metric";
import { PageHeader, Panel } from "../../kit/page";
import { EmptyState, Loaded } from "../../kit/states";
import { api } from "../../lib/api";
import { useUrlState } from "../../lib/search";
import { useMe, useZone } from "../../lib/session";
import { todaySearch } from "./search";

const todayQuery = (date: string | undefined) =>
  queryOptions({
    queryKey: ["today", date ?? "now"],
    queryFn: () => unwrap<Today>(api.GET("/api/today", { params: { query: { date } } })),
    placeholderData: keepPreviousData,
    refetchInterval: date ? false : 5000,
  });

export function TodayPage() {
  const t = useT();
  const me = useMe();
  const zone = useZone();
  const [search, setSearch] = useUrlState(todaySearch);
  const query = useQuery(todayQuery(search.date));
  const date = query.data?.date;

  return (
    <>
      <PageHeader
        title={t("today.title")}
        extra={
          date && (
            <>
              {search.date && (
                <Button type="link" onClick={() => setSearch({ date: undefined })}>
                  {t("today.back")}
                </Button>
              )}
              <Button aria-label={t("today.previous_day")} onClick={() => setSearch({ date: addDays(date, -1) })}>
                ‹
              </Button>
              <DatePicker
                allowClear={false}
                value={dayjs(date)}
                onChange={(day) => setSearch({ date: day?.format("YYYY-MM-DD") })}
              />
              <Button
                aria-label={t("today.next_day")}
                disabled={!search.date}
                onClick={() => setSearch({ date: addDays(date, 1) })}
              >
                ›
              </Button>
            </>
          )
        }
      />
      <Loaded query={query} rows={10}>
        {(today) => (
          <div className="stack">
            <div className="tiles tiles-five">
              {today.tiles.map((metric) => (
                <StatTile key={metric.id} metric={metric} foot={latency(metric, t)} />
              ))}
            </div>
            <div className="columns columns-main">
              <Panel title={t("today.trend")}>
                <div className="columns columns-half">
                  {shownSeries(today.series).map((series) => (
                    <Trend
                      key={series.metric}
                      series={series}
                      running={me !== undefined && series.points.at(-1)?.date === businessDay(me.corp.now, zone)}
                      unit={today.tiles.find((m) => m.id === series.metric)?.unit ?? "count"}
                    />
                  ))}
                </div>
              </Panel>
              <Panel title={t("today.alerts")} flush>
                <Alerts alerts={today.alerts} />
              </Panel>
            </div>
          </div>
        )}
      </Loaded>
    </>
  );
}

function latency(metric: Metric, t: ReturnType<typeof useT>) {
  const { p50_ms, p99_ms } = (metric.params ?? {}) as { p50_ms?: number | null; p99_ms?: number | null };
  if (typeof p50_ms !== "number") return undefined;
  return t("today.welcome_latency", { p50: duration(p50_ms), p99: duration(p99_ms) });
}

function Trend({ series, unit, running }: { series: Series; unit: Metric["unit"]; running: boolean }) {
  const t = useT();
  const format = unit === "fen" ? money : unit === "ratio" ? percent : count;
  return (
    <div>
      <div className="quiet" style={{ marginBottom: 4 }}>
        {t.word("metric", series.metric)}
      </div>
      <LineChart
        running={running}
        labels={series.points.map((point) => point.date.slice(5))}
        lines={[
          {
            name: t.word("metric", series.metric),
            color: "#125e63",
            values: series.points.map((point) => point.value),
          },
        ]}
        format={format}
      />
    </div>
  );
}

const lines = ["acq.scan", "acq.add", "acq.join", "sop.exec", "rev.attr", "rev.gmv"];

/** The lines worth a drawing, in a fixed order. */
function shownSeries(series: Series[]): Series[] {
  return lines.flatMap((id) => series.filter((line) => line.metric === id));
}

const severityColor = { info: "default", warning: "warning", error: "error" } as const;

function Alerts({ alerts }: { alerts: TodayAlert[] }) {
  const t = useT();
  if (alerts.length === 0) return <EmptyState title={t("today.no_alerts")} hint={t("today.no_alerts_hint")} />;
  return (
    <div style={{ padding: "4px 16px 10px" }}>
      {alerts.map((alert) => (
        <div
          key={`${alert.kind} ${alert.title}`}
          className="row"
          style={{ padding: "8px 0", borderBottom: "1px solid var(--line)" }}
        >
          <Tag color={severityColor[alert.severity]} className="num" style={{ marginInlineEnd: 0 }}>
            {count(alert.count)}
          </Tag>
          <span className="grow">{alert.title}</span>
          {alert.link && <LocalLink href={alert.link}>{t("today.open")}</LocalLink>}
        </div>
      ))}
    </div>
  );
}
