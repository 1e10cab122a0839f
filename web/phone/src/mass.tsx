// The staff's send assistant: what the corp prepared, and the tap that sends it. Beside it, what the app wrote.
import { useState } from "preact/hooks";
import { cards, confirm, type MassTask, massTasks, notices, PhoneError } from "./api";
import { CardActions } from "./cards";
import { Message, Part } from "./chat";
import { lived } from "./guide";
import { Bar, Blank, chatTime } from "./kit";
import type { Nav } from "./nav";
import { usePoll } from "./poll";
import { t } from "./text";

export function MassScreen({ nav }: { nav: Nav }) {
  const list = usePoll(`mass ${nav.me.id}`, () => massTasks(nav.me.id));
  const items = list.data?.items ?? [];
  return (
    <>
      <Bar title={t("mass")} onBack={nav.back} />
      <div class="scroll">
        {list.data && items.length === 0 && <Blank title={t("mass_empty")} hint={t("mass_empty_hint")} />}
        {items.map((task) => (
          <Mass key={task.msgid} task={task} nav={nav} onDone={() => list.refresh()} />
        ))}
      </div>
    </>
  );
}

function Mass({ task, nav, onDone }: { task: MassTask; nav: Nav; onDone: () => void }) {
  const [busy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    try {
      const { sent, over_cap, not_friend } = await confirm(nav.me.id, task.msgid);
      lived("staff");
      nav.say(t("confirmed", { sent, over: over_cap, gone: not_friend }));
      nav.refresh();
    } catch (error) {
      nav.say(error instanceof PhoneError ? error.message : t("failed"));
    } finally {
      setBusy(false);
      onDone();
    }
  };
  return (
    <article class="mass">
      <header>
        <b>{t(task.chat_type === "group" ? "confirm_to_groups" : "confirm_to_people", { count: task.recipients })}</b>
        <small>{chatTime(task.created_at, nav.me.now)}</small>
      </header>
      <p class="quiet">
        {task.recipient_names.join("、")}
        {task.recipients > task.recipient_names.length && ` ${t("and_more")}`}
      </p>
      <div class="bubble">{task.text}</div>
      {task.attachments?.map((attachment, i) => (
        <Part key={i} attachment={attachment} nav={nav} />
      ))}
      {task.reminded > 0 && <small class="quiet">{t("reminded", { count: task.reminded })}</small>}
      <button type="button" class="primary" disabled={busy} onClick={send}>
        {t("confirm")}
      </button>
    </article>
  );
}

export function NoticesScreen({ nav }: { nav: Nav }) {
  const list = usePoll(`notices ${nav.me.id}`, () => notices(nav.me.id));
  const sent = usePoll(`cards ${nav.me.id}`, () => cards(nav.me.id));
  const messages = list.data?.messages ?? [];
  const byID = new Map((sent.data?.items ?? []).map((item) => [item.msgid, item]));
  return (
    <>
      <Bar title={t("notices")} onBack={nav.back} />
      <div class="scroll chat">
        {list.data && messages.length === 0 && <Blank title={t("no_messages")} />}
        {messages.map((message, i) => {
          const card = byID.get(message.msgid ?? "");
          return (
            <div key={i}>
              <p class="when">{chatTime(message.at, nav.me.now)}</p>
              <Message message={message} mine={message.from === nav.me.id} named={false} nav={nav} />
              {card && <CardActions item={card} nav={nav} onDone={() => sent.refresh()} />}
            </div>
          );
        })}
      </div>
    </>
  );
}
