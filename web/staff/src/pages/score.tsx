// One's own numbers of the last seven business days. Unknown is "—" with its reason; few cases show their range.
import type { Metric } from "@shared/api/types";
import { count, percent, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { score } from "../api";
import { Failure, Waiting } from "../state";
import { t, type Word } from "../text";

export function ScorePage() {
  const query = useQuery({ queryKey: ["score"], queryFn: score });
  if (query.isPending) return <Waiting />;
  if (query.error) return <Failure error={query.error} onRetry={() => query.refetch()} />;
  return (
    <>
      <h2 className="section">{t("score.title")}</h2>
      <div className="score">
        {query.data.tiles.map((metric) => (
          <div key={metric.id} className="score-tile">
            <span>{t(`score.${metric.id}` as Word)}</span>
            <b>{valueText(metric)}</b>
            <small>{footText(metric)}</small>
          </div>
        ))}
      </div>
      <p className="score-hint">{t("score.hint")}</p>
    </>
  );
}

/** The number as read: a rate of few cases is a range. */
export function valueText(metric: Metric): string {
  if (metric.value === null) return unknown;
  if (metric.unit !== "ratio") return count(metric.value);
  if (typeof metric.low === "number" && typeof metric.high === "number")
    return `${percent(metric.low)}–${percent(metric.high)}`;
  return percent(metric.value);
}

function footText(metric: Metric): string {
  if (metric.unit !== "ratio") return metric.note ?? "";
  if (!metric.denominator) return t("score.no_case");
  return t("score.of", { done: metric.numerator ?? 0, due: metric.denominator });
}
