// One callback and its story: what the features decided, what was called, what changed, which tasks followed.
import type {
  CallbackCall,
  CallbackDecision,
  CallbackDetail,
  CallbackFollowUp,
  CallbackRead,
  Ref,
} from "@shared/api/types";
import { duration, money, time } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, App, Button, Descriptions, Table } from "antd";
import type { ReactNode } from "react";
import { type Translate, useT } from "../../i18n";
import { Loaded } from "../../kit/states";
import { Status } from "../../kit/status";
import { tell } from "../../kit/story";
import { Timeline, type Tone } from "../../kit/timeline";
import { useWrite } from "../../lib/mutation";
import { useCan, useZone } from "../../lib/session";
import { callbackQuery, replayCallback } from "./api";
import { About, Kind } from "./callback-about";
import { pretty } from "./callback-xml";

export function CallbackDrawer({ id, onOpen }: { id: number; onOpen: (id: number) => void }) {
  const query = useQuery(callbackQuery(id));
  return <Loaded query={query}>{(callback) => <Story callback={callback} onOpen={onOpen} />}</Loaded>;
}

function Story({ callback, onOpen }: { callback: CallbackDetail; onOpen: (id: number) => void }) {
  const t = useT();
  const zone = useZone();
  return (
    <div className="stack">
      <Descriptions
        size="small"
        column={2}
        items={[
          { key: "kind", label: t("callback.kind"), children: <Kind callback={callback} /> },
          { key: "state", label: t("system.state"), children: <Status kind="callback_state" value={callback.state} /> },
          { key: "about", label: t("callback.about"), span: 2, children: <About callback={callback} /> },
          { key: "received", label: t("system.received_at"), children: time(callback.received_at, zone, "second") },
          { key: "corp", label: t("system.corp_at"), children: time(callback.corp_at, zone, "second") },
          { key: "took", label: t("system.took"), children: duration(callback.took_ms) },
          callback.next_at
            ? { key: "next", label: t("callback.next_at"), children: time(callback.next_at, zone, "second") }
            : { key: "attempts", label: t("callback.retries"), children: callback.attempts },
        ]}
      />
      {callback.error && (
        <Alert
          type={callback.state === "failed" ? "error" : "warning"}
          title={t("callback.error")}
          description={callback.error}
        />
      )}
      <Chapter title={t("callback.decisions")} none={noneOf(callback, t("callback.no_decisions"), t)}>
        {callback.decisions.length > 0 && (
          <Timeline
            zone={zone}
            entries={callback.decisions.map((decision, i) => ({
              key: i,
              at: decision.at,
              tone: toneOf(decision),
              title: <DecisionTitle decision={decision} onOpen={onOpen} />,
              detail: detailOf(decision, t, zone),
            }))}
          />
        )}
      </Chapter>
      <Chapter
        title={t("callback.reads")}
        hint={t("callback.reads_hint")}
        none={noneOf(callback, t("callback.no_reads"), t)}
      >
        {callback.reads.length > 0 && <Reads reads={callback.reads} />}
      </Chapter>
      <Chapter title={t("callback.calls")} none={noneOf(callback, t("callback.no_calls"), t)}>
        {callback.calls.length > 0 && <Calls calls={callback.calls} />}
      </Chapter>
      <Chapter title={t("callback.effects")} none={noneOf(callback, t("callback.no_effects"), t)}>
        {callback.effects.length > 0 && (
          <Timeline
            zone={zone}
            entries={callback.effects.map((effect) => {
              const told = tell(effect, t);
              return {
                key: effect.id,
                at: effect.at,
                tone: told.tone,
                title: (
                  <>
                    {told.title} <Who refs={effect} /> {effect.actor && <span className="quiet">{effect.actor}</span>}
                  </>
                ),
                detail: told.detail,
              };
            })}
          />
        )}
      </Chapter>
      {callback.follow_ups.length > 0 && (
        <Chapter title={t("callback.follow_ups")}>
          <FollowUps tasks={callback.follow_ups} />
        </Chapter>
      )}
      <Chapter title={t("callback.body")} hint={t("callback.body_hint")}>
        <pre className="code-text">{pretty(callback.body)}</pre>
      </Chapter>
      <Replay id={callback.id} />
    </div>
  );
}

function Chapter({
  title,
  hint,
  none,
  children,
}: {
  title: string;
  hint?: string;
  none?: string;
  children: ReactNode;
}) {
  return (
    <div>
      <div style={{ marginBottom: 4 }}>
        <b>{title}</b> {hint && <small className="quiet">{hint}</small>}
      </div>
      {children || <span className="quiet">{none}</span>}
    </div>
  );
}

/** Why a chapter is empty. */
function noneOf(callback: CallbackDetail, otherwise: string, t: Translate): string {
  if (callback.state === "new") return t("callback.not_yet");
  if (callback.state === "ignored") return t("callback.nobody");
  return otherwise;
}

function Who({ refs }: { refs: { customer: Ref | null; group: Ref | null } }) {
  const t = useT();
  return (
    <>
      {refs.customer && (
        <Link to={`/customers/${refs.customer.id}`}>{refs.customer.name || t("customer.unnamed")}</Link>
      )}
      {refs.customer && refs.group && " · "}
      {refs.group && <Link to={`/groups/${refs.group.id}`}>{refs.group.name || t("group.unnamed")}</Link>}
    </>
  );
}

const tones: Record<string, Tone> = {
  sent: "good",
  allow: "good",
  planned: "plain",
  defer: "warn",
  not_possible: "warn",
  refuse: "bad",
  failed: "bad",
};

function toneOf(decision: CallbackDecision): Tone {
  return tones[decision.outcome] ?? "accent";
}

function DecisionTitle({ decision, onOpen }: { decision: CallbackDecision; onOpen: (id: number) => void }) {
  const t = useT();
  const other = decision.params.callback_id;
  return (
    <>
      {t.word("decision", `${decision.topic}.${decision.outcome}`)}{" "}
      {decision.topic === "attribution" && decision.code && (
        <Link to={`/codes/${decision.code.id}`}>{decision.code.name}</Link>
      )}{" "}
      <Who refs={decision} />
      {typeof other === "number" && (
        <Button type="link" size="small" onClick={() => onOpen(other)}>
          {t("decision.welcome.other")}
        </Button>
      )}
    </>
  );
}

/** What a decision rests on, in words. */
function detailOf(decision: CallbackDecision, t: Translate, zone: string): string {
  const p = decision.params;
  const text = (key: string) => (typeof p[key] === "string" ? (p[key] as string) : "");
  const number = (key: string) => (typeof p[key] === "number" ? (p[key] as number) : null);
  const reason = decision.reason ?? "";
  const welcome = t.word("welcome_reason", reason);
  const took = number("latency_ms");
  const amount = number("amount_fen");
  return [
    decision.topic === "touch" && t.word("channel", text("channel")),
    decision.topic === "touch" && t.word("touch_source", text("source")),
    welcome === reason ? t.word("touch_reason", reason) : welcome,
    text("until") && t("decision.until", { at: time(text("until"), zone, "minute") }),
    took !== null && t("decision.within", { took: duration(took) }),
    amount !== null && money(amount),
    decision.staff?.name,
    text("text"),
  ]
    .filter(Boolean)
    .join(" · ");
}

function Reads({ reads }: { reads: CallbackRead[] }) {
  const t = useT();
  const answer = (r: CallbackRead) =>
    r.code === 0 ? t("callback.read_ok") : r.code < -1000 ? t("callback.read_silent") : r.code;
  return (
    <Table<CallbackRead>
      size="small"
      rowKey={(r) => `${r.api} ${r.code}`}
      pagination={false}
      dataSource={reads}
      expandable={{ rowExpandable: (r) => r.text !== "", expandedRowRender: (r) => r.text }}
      columns={[
        {
          title: t("system.call"),
          render: (_, r) => (
            <>
              <span className="num">{r.api.replace("/cgi-bin/", "")}</span>
              {r.with > 1 && <small className="quiet">{t("callback.read_with", { n: r.with - 1 })}</small>}
            </>
          ),
        },
        { title: t("callback.read_calls"), width: 60, align: "right", render: (_, r) => r.n },
        {
          title: t("callback.read_slowest"),
          width: 80,
          align: "right",
          render: (_, r) => <span className="num">{duration(r.ms)}</span>,
        },
        { title: t("callback.answer"), width: 90, render: (_, r) => answer(r) },
      ]}
    />
  );
}

function Calls({ calls }: { calls: CallbackCall[] }) {
  const t = useT();
  const zone = useZone();
  return (
    <Table<CallbackCall>
      size="small"
      rowKey="id"
      pagination={false}
      dataSource={calls}
      expandable={{
        rowExpandable: (c) => Boolean(c.error || (c.result && c.result !== "{}")),
        expandedRowRender: (c) => <pre className="code-text">{c.error || c.result}</pre>,
      }}
      columns={[
        { title: t("system.call"), render: (_, c) => <span title={c.entity}>{t.word("call", c.kind)}</span> },
        {
          title: t("callback.called_at"),
          width: 165,
          render: (_, c) => <span className="num">{time(c.called_at, zone, "second")}</span>,
        },
        { title: t("system.attempts"), width: 60, align: "right", render: (_, c) => c.attempts },
        {
          title: t("system.took"),
          width: 80,
          align: "right",
          render: (_, c) => <span className="num">{duration(tookOf(c))}</span>,
        },
        {
          title: t("callback.answer"),
          width: 90,
          render: (_, c) => <Status kind="outbox_state" value={c.state} hint={c.error} />,
        },
      ]}
    />
  );
}

/** From the decision to the answer. */
function tookOf(c: CallbackCall): number | null {
  return c.finished_at ? Math.max(0, Date.parse(c.finished_at) - Date.parse(c.created_at)) : null;
}

function FollowUps({ tasks }: { tasks: CallbackFollowUp[] }) {
  const t = useT();
  const zone = useZone();
  return (
    <Table<CallbackFollowUp>
      size="small"
      rowKey="id"
      pagination={false}
      dataSource={tasks}
      columns={[
        { title: t("callback.task"), render: (_, task) => task.title },
        { title: t("callback.task_staff"), width: 120, render: (_, task) => task.staff?.name },
        {
          title: t("system.due_at"),
          width: 150,
          render: (_, task) => <span className="num">{time(task.due_at, zone, "minute")}</span>,
        },
        { title: t("system.state"), width: 90, render: (_, task) => <Status kind="task_state" value={task.state} /> },
      ]}
    />
  );
}

function Replay({ id }: { id: number }) {
  const t = useT();
  const { modal } = App.useApp();
  const may = useCan("system.manage");
  const replay = useWrite({ call: () => replayCallback(id), done: t("callback.replayed"), refresh: [["system"]] });
  if (!may) return null;
  return (
    <div>
      <Button
        loading={replay.isPending}
        onClick={() =>
          modal.confirm({
            title: t("callback.replay_title"),
            content: t("callback.replay_hint"),
            okText: t("callback.replay"),
            cancelText: t("kit.cancel"),
            onOk: () => replay.mutateAsync(),
          })
        }
      >
        {t("callback.replay")}
      </Button>
    </div>
  );
}
