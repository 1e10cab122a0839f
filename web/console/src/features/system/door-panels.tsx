// What came to the callback address: taken, doubled, refused and why, and how long WeCom waited for its answer.
import type { Door } from "@shared/api/types";
import { count, duration, time, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { App, Button, Table, Tooltip } from "antd";
import { type ReactNode, useState } from "react";
import { useT } from "../../i18n";
import { Panel } from "../../kit/page";
import { ErrorState, LoadingState } from "../../kit/states";
import { useWrite } from "../../lib/mutation";
import { useCan, useZone } from "../../lib/session";
import { doorQuery, replayFailed } from "./api";

export function DoorPanels() {
  const query = useQuery(doorQuery);
  if (query.data) return <Figures door={query.data} />;
  if (query.error) return <ErrorState error={query.error} onRetry={() => query.refetch()} />;
  return <LoadingState rows={2} />;
}

// Refusals that somebody who runs the platform can end; all others are strangers at the door.
const ours = [
  "bad_signature",
  "bad_cipher",
  "wrong_receiver",
  "stale",
  "not_encrypted",
  "not_stored",
  "busy",
  "slow",
  "incomplete",
].map((reason) => `callback.${reason}`);

function Figures({ door }: { door: Door }) {
  const t = useT();
  const days = door.days;
  const urgent = door.refusals.some((r) => r.today > 0 && ours.includes(r.reason));
  const [chosen, choose] = useState<boolean | null>(null);
  const open = chosen ?? urgent;
  return (
    <>
      <div className="tiles tiles-five">
        <Tile
          label={t("door.stored")}
          value={count(door.stored)}
          foot={t("door.stored_foot", { days, doubles: count(door.duplicates) })}
        />
        <Tile label={t("door.waiting")} value={count(door.waiting)} foot={t("door.waiting_foot")} />
        <Tile
          label={t("door.failed")}
          value={<span className={door.failed > 0 ? "bad" : undefined}>{count(door.failed)}</span>}
          foot={t(door.failed > 0 ? "door.failed_foot" : "door.failed_none")}
        />
        <Tile
          label={t("door.refused")}
          value={count(door.refused)}
          foot={t(door.refused > 0 ? "door.refused_foot" : "door.refused_none", { days })}
          extra={
            door.refused > 0 && (
              <Button type="link" size="small" style={{ height: "auto", padding: 0 }} onClick={() => choose(!open)}>
                {t(open ? "door.why_not" : "door.why")}
              </Button>
            )
          }
        />
        <Tile
          label={t("door.answer")}
          hint={t("door.answer_hint")}
          value={door.p50_ms === null ? unknown : t("door.answer_value", { ms: short(door.p50_ms) })}
          foot={
            door.p99_ms === null
              ? t("door.answer_none")
              : t("door.answer_foot", { p99: short(door.p99_ms), n: count(door.answers) })
          }
        />
      </div>
      {open && door.refusals.length > 0 && <Refusals door={door} />}
    </>
  );
}

/** Answers take a few milliseconds: one digit more than other durations. */
function short(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : duration(ms);
}

interface TileProps {
  label: string;
  value: ReactNode;
  foot: string;
  hint?: string;
  extra?: ReactNode;
}

function Tile({ label, value, foot, hint, extra }: TileProps) {
  return (
    <div className="tile">
      <div className="tile-label">
        <span className="grow">{hint ? <Tooltip title={hint}>{label}</Tooltip> : label}</span>
        {extra}
      </div>
      <div className="tile-value num">{value}</div>
      <Tooltip title={foot}>
        <div className="tile-foot clip">{foot}</div>
      </Tooltip>
    </div>
  );
}

function Refusals({ door }: { door: Door }) {
  const t = useT();
  const zone = useZone();
  return (
    <Panel title={t("door.refusals")} flush>
      <Table<Door["refusals"][number]>
        size="small"
        rowKey="reason"
        pagination={false}
        dataSource={door.refusals}
        columns={[
          { title: t("door.reason"), render: (_, r) => <span title={r.reason}>{r.text}</span> },
          { title: t("door.today"), width: 80, align: "right", render: (_, r) => count(r.today) },
          { title: t("door.total", { days: door.days }), width: 90, align: "right", render: (_, r) => count(r.n) },
          {
            title: t("door.last_at"),
            width: 165,
            render: (_, r) => <span className="num">{time(r.last_at, zone, "second")}</span>,
          },
          { title: t("door.last_from"), width: 150, render: (_, r) => <span className="num">{r.from}</span> },
        ]}
      />
    </Panel>
  );
}

/** Takes up all that was given up; there is no button without anything to take up. */
export function ReplayFailed() {
  const t = useT();
  const { modal } = App.useApp();
  const may = useCan("system.manage");
  const { data } = useQuery(doorQuery);
  const replay = useWrite({ call: () => replayFailed(), done: t("callback.replayed_failed"), refresh: [["system"]] });
  const n = data?.failed ?? 0;
  if (!may || n === 0) return null;
  return (
    <Button
      loading={replay.isPending}
      onClick={() =>
        modal.confirm({
          title: t("callback.replay_failed_title", { n }),
          content: t("callback.replay_hint"),
          okText: t("callback.replay"),
          cancelText: t("kit.cancel"),
          onOk: () => replay.mutateAsync(),
        })
      }
    >
      {t("callback.replay_failed", { n })}
    </Button>
  );
}
