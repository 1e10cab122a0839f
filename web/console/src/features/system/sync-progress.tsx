// A run under way: one bar a step, what it costs WeCom, and its brake.
import type { SyncRun, SyncStep } from "@shared/api/types";
import { count, time } from "@shared/format";
import { Alert, Button, Progress } from "antd";
import { useT } from "../../i18n";
import { Panel } from "../../kit/page";
import { useWrite } from "../../lib/mutation";
import { useCan, useZone } from "../../lib/session";
import { pauseSync, resumeSync } from "./api";

/** `heldBack` is until when WeCom's limits hold calls back, in wall time. */
export function RunProgress({ run, heldBack }: { run: SyncRun; heldBack: string | null }) {
  const t = useT();
  const zone = useZone();
  const may = useCan("system.manage");
  const paused = run.state === "paused";
  const turn = useWrite({
    call: () => (paused ? resumeSync(run.id) : pauseSync(run.id)),
    done: t(paused ? "sync.resumed" : "sync.pausing"),
    refresh: [["system", "sync"]],
  });
  const { steps, share, calls, per_minute } = run.progress;
  return (
    <div style={{ marginBottom: 12 }}>
      <Panel
        title={
          <>
            {t(paused ? "sync.is_paused" : "sync.is_running", { kind: t.word("sync_kind", run.kind) })}
            <span className="quiet num" style={{ fontWeight: 400 }}>
              {t("sync.since", { at: time(run.started_at, zone) })}
            </span>
          </>
        }
        extra={
          <span className="row" style={{ gap: 14 }}>
            <span className="quiet num">
              {t("sync.spent", { calls: count(calls) })}
              {per_minute > 0 && t("sync.pace", { n: count(per_minute) })}
            </span>
            {may && (
              <Button size="small" loading={turn.isPending} onClick={() => turn.mutate()}>
                {t(paused ? "sync.resume" : "sync.pause")}
              </Button>
            )}
          </span>
        }
      >
        <div className="stack">
          <Progress percent={Math.floor(share * 100)} status={paused ? "normal" : "active"} />
          {run.problem && <Alert type="warning" showIcon title={t("sync.waits")} description={run.problem.message} />}
          {heldBack && !paused && (
            <Alert type="info" showIcon title={t("sync.held_back", { at: time(heldBack, zone, "second") })} />
          )}
          <div className="sync-steps">
            {steps.map((step) => (
              <StepBar key={step.name} step={step} paused={paused} />
            ))}
          </div>
        </div>
      </Panel>
    </div>
  );
}

/** A step's share of itself, in percent; a step whose length is not known yet stands at nothing. */
export function stepPercent(step: Pick<SyncStep, "state" | "done" | "of">): number {
  if (step.state === "done") return 100;
  if (step.of <= 0) return 0;
  return Math.min(100, Math.floor((100 * step.done) / step.of));
}

function StepBar({ step, paused }: { step: SyncStep; paused: boolean }) {
  const t = useT();
  const running = step.state === "running";
  return (
    <div className={`sync-step${running ? " is-running" : ""}`}>
      <span className="clip">{t.word("sync_step", step.name)}</span>
      <Progress
        percent={stepPercent(step)}
        size="small"
        showInfo={false}
        status={running && !paused ? "active" : "normal"}
      />
      <span className="quiet num">
        {step.state === "skipped"
          ? t("sync.step_skipped")
          : step.of > 0
            ? `${count(step.done)} / ${count(step.of)}`
            : t.word("sync_step_state", step.state)}
      </span>
    </div>
  );
}
