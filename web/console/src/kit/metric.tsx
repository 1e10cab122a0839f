// One number shown honestly: unknown is "—" with its reason, few cases show their range, incomplete data is marked.

import type { Metric } from "@shared/api/types";
import { count, duration, money, percent, unknown } from "@shared/format";
import { Tooltip } from "antd";
import type { ReactNode } from "react";
import { type Translate, useT } from "../i18n";

/** A metric's value in its unit; null is "—". */
export function metricText(
  metric: Pick<Metric, "value" | "unit">,
  value: number | null | undefined = metric.value,
): string {
  if (value === null || value === undefined) return unknown;
  switch (metric.unit) {
    case "ratio":
      return percent(value);
    case "fen":
      return money(value);
    case "seconds":
      return duration(value * 1000);
    default:
      return count(value);
  }
}

/** What stands for a metric on a page: its value, or the range when the cases are too few for one number. */
export function shownText(metric: Metric): string {
  if (hasRange(metric)) return `${metricText(metric, metric.low)} – ${metricText(metric, metric.high)}`;
  return metricText(metric);
}

function hasRange(metric: Metric): boolean {
  return metric.value !== null && typeof metric.low === "number" && typeof metric.high === "number";
}

/** Why a number is missing or to be read with care; empty when it is plain. */
export function metricReason(metric: Metric, t: Translate): string {
  const lines: string[] = [];
  if (metric.value === null || metric.state !== "complete") {
    lines.push(t.word("stat", metric.state === "complete" ? "missing" : metric.state));
  }
  if (metric.note) lines.push(metric.note);
  if (hasRange(metric)) {
    lines.push(t("stat.range", { low: metricText(metric, metric.low), high: metricText(metric, metric.high) }));
  }
  return lines.join("\n");
}

function fraction(metric: Metric, t: Translate): string {
  if (metric.unit !== "ratio" || metric.denominator === null || metric.denominator === undefined) return "";
  // A share of sales divides money by money.
  const text = metric.id.startsWith("rev.") ? money : count;
  return t("stat.of", { numerator: text(metric.numerator), denominator: text(metric.denominator) });
}

interface TileProps {
  metric: Metric;
  label?: string;
  foot?: ReactNode;
}

export function StatTile({ metric, label, foot }: TileProps) {
  const t = useT();
  const reason = metricReason(metric, t);
  const isUnknown = metric.value === null;
  const definition = t("stat.definition", { id: metric.id, version: metric.version });
  return (
    <Tooltip title={<span style={{ whiteSpace: "pre-line" }}>{[reason, definition].filter(Boolean).join("\n")}</span>}>
      <div className="tile">
        <div className="tile-label">
          <span className="clip">{label ?? t.word("metric", metric.id)}</span>
          {metric.state !== "complete" && (
            <span className="tile-dot" role="img" aria-label={t.word("stat", metric.state)} />
          )}
        </div>
        <div className={`tile-value num${isUnknown ? " is-unknown" : ""}${hasRange(metric) ? " is-range" : ""}`}>
          {shownText(metric)}
        </div>
        <div className="tile-foot clip">
          {foot ?? (isUnknown ? reason.split("\n").at(-1) : fraction(metric, t) || reason.split("\n")[0])}
        </div>
      </div>
    </Tooltip>
  );
}

/** A metric inside a table cell. */
export function MetricCell({ metric }: { metric: Metric | null | undefined }) {
  const t = useT();
  if (!metric) return <span className="quiet">{unknown}</span>;
  const hint = [fraction(metric, t), metricReason(metric, t)].filter(Boolean).join("\n");
  const text = (
    <span className={metric.value === null ? "quiet num" : "num"}>
      {shownText(metric)}
      {metric.state === "partial" && metric.value !== null && " *"}
    </span>
  );
  return hint ? <Tooltip title={<span style={{ whiteSpace: "pre-line" }}>{hint}</span>}>{text}</Tooltip> : text;
}
