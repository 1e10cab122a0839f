// Steps that lose people on the way. A step nobody counted is "—", not an empty bar.
import { count, percent, unknown } from "@shared/format";
import { Tooltip } from "antd";
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
            {i > 0 && <Share step={step} more={(step.people ?? 0) > (steps[i - 1]?.people ?? 0)} />}
          </span>
        </div>
      ))}
    </div>
  );
}

// A share that cannot be told says why: some took this step without the one before.
function Share({ step, more }: { step: FunnelStep; more: boolean }) {
  const t = useT();
  const share = <span className="quiet"> · {t("funnel.of_previous", { rate: percent(step.rate) })}</span>;
  if (step.rate !== null) return share;
  if (!more) return <span className="quiet"> · {unknown}</span>;
  return (
    <Tooltip title={t("funnel.past_page")}>
      <span className="quiet">
        {" "}
        · {unknown} {t("funnel.past_page_short")}
      </span>
    </Tooltip>
  );
}
