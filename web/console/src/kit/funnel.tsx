// Steps that lose people on the way. A step nobody counted is "—", not an empty bar.
import { count, percent } from "@shared/format";
import { useT } from "../i18n";

export interface FunnelStep {
  label: string;
  people: number | null;
  rate: number | null;
}

/** Widths of the bars in percent of the widest known step. */
export function funnelWidths(steps: Pick<FunnelStep, "people">[]): number[] {
  const widest = Math.max(1, ...steps.map((step) => step.people ?? 0));
  return steps.map((step) => (100 * (step.people ?? 0)) / widest);
}

export function Funnel({ steps }: { steps: FunnelStep[] }) {
  const t = useT();
  const widths = funnelWidths(steps);
  return (
    <div className="funnel">
      {steps.map((step, i) => (
        <div className="funnel-step" key={step.label}>
          <span>{step.label}</span>
          <div className="funnel-track">
            <div className="funnel-bar" style={{ width: `${widths[i]}%`, opacity: 1 - i * 0.15 }} />
          </div>
          <span className="num">
            <b>{count(step.people)}</b>
            {i > 0 && <span className="quiet"> · {t("funnel.of_previous", { rate: percent(step.rate) })}</span>}
          </span>
        </div>
      ))}
    </div>
  );
}
