// Today's tasks: why, what, one tap. Tasks of the chat beside the page come first.
import type { SkipReason, StaffTask, StaffToday } from "@shared/api/types";
import { time } from "@shared/format";
import { type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, ProgressBar, PullToRefresh, Tag, Toast } from "antd-mobile";
import { useState } from "react";
import { failureText, me as fetchMe, sent, skip } from "../api";
import { currentChat, sameChat, sendText } from "../bridge";
import { copy } from "../copy";
import { SkipSheet } from "../skip-sheet";
import { Failure, Nothing, Waiting } from "../state";
import { t } from "../text";

// Every corp lives on China's clock, wherever the phone is.
const zone = "Asia/Shanghai";

export function TodayPage({ query }: { query: UseQueryResult<StaffToday> }) {
  const chat = useQuery({ queryKey: ["chat"], queryFn: currentChat, refetchInterval: 3000 });
  const clock = useQuery({ queryKey: ["me"], queryFn: fetchMe, staleTime: 30_000 });
  const [skipping, setSkipping] = useState<StaffTask | null>(null);
  const client = useQueryClient();
  if (!query.data) return query.error ? <Failure error={query.error} onRetry={() => query.refetch()} /> : <Waiting />;
  const { tasks, done, due } = query.data;
  const here = tasks.filter((task) => sameChat(task.target, chat.data ?? null));
  const others = tasks.filter((task) => !here.includes(task));
  const minutes = tasks.reduce((sum, task) => sum + task.minutes, 0);
  const now = clock.data?.now ?? "";

  const finish = async (reason: SkipReason, note: string) => {
    if (!skipping) return;
    try {
      await skip(skipping.id, reason, note);
      Toast.show({ icon: "success", content: t("task.skipped") });
      setSkipping(null);
    } catch (error) {
      Toast.show({ icon: "fail", content: failureText(error) });
    }
    await client.invalidateQueries({ queryKey: ["today"] });
  };

  return (
    <PullToRefresh onRefresh={() => query.refetch()}>
      <div className="progress">
        <div className="progress-line">
          <b>{t("today.progress", { done, due })}</b>
          {minutes > 0 && <span>{t("today.minutes", { minutes: Math.ceil(minutes) })}</span>}
        </div>
        <ProgressBar percent={due === 0 ? 0 : (100 * done) / due} />
      </div>
      {tasks.length === 0 && (
        <Nothing title={done > 0 ? t("today.all_done") : t("today.nothing")} hint={t("today.all_done_hint")} />
      )}
      {here.length > 0 && <h2 className="section">{t("today.here")}</h2>}
      {here.map((task) => (
        <TaskCard key={task.id} task={task} now={now} onSkip={() => setSkipping(task)} />
      ))}
      {here.length > 0 && others.length > 0 && <h2 className="section">{t("today.others")}</h2>}
      {others.map((task) => (
        <TaskCard key={task.id} task={task} now={now} onSkip={() => setSkipping(task)} />
      ))}
      <SkipSheet task={skipping} onClose={() => setSkipping(null)} onSkip={finish} />
    </PullToRefresh>
  );
}

function recipients(task: StaffTask): string {
  const names = task.recipient_names.join("、");
  return task.recipients > task.recipient_names.length
    ? t("task.to_more", { names, count: task.recipients })
    : t("task.to", { names });
}

// What the client says is for programs; the common ones have words.
function refusal(reason: string): string {
  if (/cancel/i.test(reason)) return t("fail.cancel");
  if (/permission|not supported|access|unsupported/i.test(reason)) return t("fail.permission");
  if (/timeout/i.test(reason)) return t("fail.timeout");
  return reason.replace(/^fail\s*/, "") || t("fail.unknown");
}

function TaskCard({ task, now, onSkip }: { task: StaffTask; now: string; onSkip: () => void }) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [byHand, setByHand] = useState("");
  const end = task.window_end;
  const people = task.people ?? [];
  const listed = task.target === null && task.how === "send_here";
  const overdue = now !== "" && Date.parse(end) < Date.parse(now);

  const report = async () => {
    await sent(task.id);
    Toast.show({ icon: "success", content: t("task.sent") });
    await client.invalidateQueries({ queryKey: ["today"] });
  };

  const send = async () => {
    if (!task.target) {
      setByHand(t("task.manual"));
      return;
    }
    setBusy(true);
    try {
      const outcome = await sendText(task.target, task.text);
      if (outcome.kind === "sent") {
        // The message is out: from here on only the report may be repeated, never the sending.
        setByHand(t("task.unreported"));
        await report();
      }
      if (outcome.kind === "opened") setByHand(t("task.in_chat"));
      if (outcome.kind === "unavailable") setByHand(t("task.manual"));
      if (outcome.kind === "failed") setByHand(t("task.send_failed", { reason: refusal(outcome.reason) }));
    } catch (error) {
      Toast.show({ icon: "fail", content: failureText(error) });
    } finally {
      setBusy(false);
    }
  };

  return (
    <article className="task">
      <div className="task-head">
        <h3>{task.title}</h3>
        <span className={overdue ? "late" : "when"}>
          {overdue ? t("task.overdue") : t("task.until", { at: time(end, zone, "clock") })}
        </span>
      </div>
      <div className="task-meta">
        <Tag fill="outline" color="primary">
          {t(`kind.${task.kind}`)}
        </Tag>
        {task.recipients > 0 && <span>{recipients(task)}</span>}
      </div>
      <p className="task-why">
        <b>{t("task.why")}</b> {task.why}
      </p>
      {task.text && <p className="task-text">{task.text}</p>}
      {listed && people.length > 0 && <PeopleRows task={task} />}
      {task.attachments.map((attachment) => (
        <p key={`${attachment.file_id}/${attachment.url}`} className="task-file">
          {attachment.title || attachment.url}
        </p>
      ))}
      {task.how === "confirm_in_wecom" ? (
        <p className="task-how">{t("task.confirm_how")}</p>
      ) : listed ? (
        <p className="task-how">{t("task.by_list")}</p>
      ) : (
        byHand && <p className="task-how">{byHand}</p>
      )}
      <div className="task-actions">
        <Button size="large" fill="none" onClick={onSkip}>
          {t("task.skip")}
        </Button>
        {task.how === "confirm_in_wecom" ? null : byHand || listed ? (
          <>
            {task.text && (
              <Button size="large" onClick={() => copy(task.text, t("task.copied"))}>
                {t("task.copy")}
              </Button>
            )}
            <Button
              size="large"
              color="primary"
              onClick={() =>
                report().catch((error: unknown) => void Toast.show({ icon: "fail", content: failureText(error) }))
              }
            >
              {t(listed ? "task.i_did" : "task.i_sent")}
            </Button>
          </>
        ) : (
          <Button
            size="large"
            color="primary"
            className="wide"
            loading={busy}
            loadingText={t("task.sending")}
            onClick={send}
          >
            {t("task.send")}
          </Button>
        )}
      </div>
    </article>
  );
}

// A list is worked through row by row; only the whole is reported.
function PeopleRows({ task }: { task: StaffTask }) {
  const [done, setDone] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState("");
  const send = async (key: string, target: { external_userid?: string; chat_id?: string }) => {
    setBusy(key);
    const outcome = await sendText(target, task.text);
    setBusy("");
    if (outcome.kind === "sent") setDone((was) => new Set([...was, key]));
    if (outcome.kind === "opened") Toast.show({ content: t("task.in_chat") });
    if (outcome.kind === "unavailable") Toast.show({ content: t("task.manual") });
    if (outcome.kind === "failed")
      Toast.show({ icon: "fail", content: t("task.send_failed", { reason: refusal(outcome.reason) }) });
  };
  return (
    <ul className="task-people">
      {(task.people ?? []).map((person) => {
        const key = person.chat_id || person.external_userid || person.name;
        const reachable = Boolean(task.text && (person.chat_id || person.external_userid));
        return (
          <li key={key}>
            <span>{person.name}</span>
            {done.has(key) ? (
              <span className="sent">{t("task.sent")}</span>
            ) : (
              reachable && (
                <Button
                  size="small"
                  loading={busy === key}
                  onClick={() => send(key, { chat_id: person.chat_id, external_userid: person.external_userid })}
                >
                  {t("task.send_one")}
                </Button>
              )
            )}
          </li>
        );
      })}
    </ul>
  );
}
