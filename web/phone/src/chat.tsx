// A chat with bubbles. Links open in the phone; the staff's chat has the sidebar beside it.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Attachment, type Bubble, chat, leave, PhoneError, refuseTransfer, reply, sidebar, unfriend } from "./api";
import { lived } from "./guide";
import { Avatar, Bar, Blank, chatTime, Sheet } from "./kit";
import type { Nav, Target } from "./nav";
import { usePoll } from "./poll";
import { t } from "./text";

const gapMs = 5 * 60_000;

export function ChatScreen({ nav, row }: { nav: Nav; row: { peer?: string; chat_id?: string; name: string } }) {
  const { me } = nav;
  const staff = me.kind === "staff";
  const it = usePoll(`${me.id} ${row.chat_id ?? row.peer}`, () => chat(me.id, row));
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [sheet, setSheet] = useState<"menu" | "sure" | null>(null);
  const end = useRef<HTMLDivElement>(null);
  const messages = it.data?.messages ?? [];
  const count = messages.length;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new message scrolls into view
  useEffect(() => {
    end.current?.scrollIntoView({ block: "end" });
    if (!staff && messages.some((m) => m.kind === "welcome")) lived("welcome");
  }, [count]);

  const act = async (what: () => Promise<unknown>, after?: () => void) => {
    setBusy(true);
    try {
      await what();
      after?.();
      await it.refresh();
      nav.refresh();
    } catch (error) {
      nav.say(error instanceof PhoneError ? error.message : t("failed"));
    } finally {
      setBusy(false);
    }
  };

  const send = () => {
    const words = text.trim();
    if (!words || busy) return;
    const target = row.chat_id ? { chat_id: row.chat_id } : staff ? { external_userid: row.peer } : { peer: row.peer };
    void act(
      () =>
        staff
          ? sidebar(me.id, target, words)
          : reply(me.id, row.chat_id ? { chat_id: row.chat_id } : { peer: row.peer }, words),
      () => setText(""),
    );
  };

  const quit = () => {
    setSheet(null);
    void act(() => (row.chat_id ? leave(me.id, row.chat_id) : unfriend(me.id, row.peer ?? "")), nav.back);
  };

  const beside: Target = row.chat_id ? { chat_id: row.chat_id } : { peer: row.peer };
  const people = it.data?.people;
  return (
    <>
      <Bar
        title={`${it.data?.name ?? row.name}${people ? t("people_count", { count: people }) : ""}`}
        onBack={nav.back}
      >
        {staff ? (
          <button
            type="button"
            class="bar-button"
            onClick={() => nav.open({ at: "web", url: "/staff/login?next=%2Fstaff%2F", title: t("side"), beside })}
          >
            {t("side")}
          </button>
        ) : (
          <button type="button" class="bar-button" onClick={() => setSheet("menu")} aria-label={t("menu")}>
            ···
          </button>
        )}
      </Bar>
      {it.data?.transfer && (
        <div class="notice" role="status">
          <span>
            {t(staff ? "transfer_note_staff" : "transfer_note", {
              name: it.data.transfer.to_name,
              due: chatTime(it.data.transfer.due, me.now),
            })}
          </span>
          {!staff && (
            <button
              type="button"
              disabled={busy}
              onClick={() =>
                void act(
                  () => refuseTransfer(me.id, row.peer ?? ""),
                  () => nav.say(t("transfer_refused")),
                )
              }
            >
              {t("transfer_refuse")}
            </button>
          )}
        </div>
      )}
      <div class="scroll chat">
        {it.data && count === 0 && <Blank title={t("no_messages")} />}
        {messages.map((message, i) => {
          const before = messages[i - 1];
          const timed = !before || Date.parse(message.at) - Date.parse(before.at) > gapMs;
          return (
            <div key={`${message.at} ${i}`}>
              {timed && <p class="when">{chatTime(message.at, me.now)}</p>}
              <Message message={message} mine={message.from === me.id} named={Boolean(row.chat_id)} nav={nav} />
            </div>
          );
        })}
        <div ref={end} />
      </div>
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <input value={text} placeholder={t("reply_hint")} onInput={(event) => setText(event.currentTarget.value)} />
        <button type="submit" disabled={busy || text.trim() === ""}>
          {t("reply")}
        </button>
      </form>
      {sheet === "menu" && (
        <Sheet
          actions={[{ label: t(row.chat_id ? "leave" : "delete"), danger: true, onPick: () => setSheet("sure") }]}
          onClose={() => setSheet(null)}
        />
      )}
      {sheet === "sure" && (
        <Sheet
          title={t(row.chat_id ? "leave_sure" : "delete_sure", { name: it.data?.name ?? row.name })}
          actions={[{ label: t("sure"), danger: true, onPick: quit }]}
          onClose={() => setSheet(null)}
        />
      )}
    </>
  );
}

export function Message({ message, mine, named, nav }: { message: Bubble; mine: boolean; named: boolean; nav: Nav }) {
  if (message.kind === "join" || message.kind === "leave" || message.kind === "added")
    return <p class="when">{message.text}</p>;
  return (
    <div class={mine ? "message is-mine" : "message"}>
      <Avatar name={message.from_name || "…"} id={message.from} />
      <div class="message-body">
        {named && !mine && <small>{message.from_name}</small>}
        {message.text && (
          <div class="bubble">
            <Linked text={message.text} nav={nav} />
          </div>
        )}
        {message.attachments?.map((attachment, i) => (
          <Part key={i} attachment={attachment} nav={nav} />
        ))}
      </div>
    </div>
  );
}

const addresses = /(https?:\/\/[^\s"'<>，。！）]+)/;

/** Text with its addresses made into links of the phone. */
function Linked({ text, nav }: { text: string; nav: Nav }) {
  return (
    <>
      {text.split(addresses).map((part, i) =>
        addresses.test(part) ? (
          <button key={i} type="button" class="link" onClick={() => nav.visit(part) || nav.say(part)}>
            {part}
          </button>
        ) : (
          part
        ),
      )}
    </>
  );
}

export function Part({ attachment, nav }: { attachment: Attachment; nav: Nav }) {
  const { link, miniprogram } = attachment;
  if (link) {
    return (
      <button type="button" class="card-link" onClick={() => nav.visit(link.url, link.title) || nav.say(link.url)}>
        <b>{link.title}</b>
        {link.desc && <small>{link.desc}</small>}
      </button>
    );
  }
  if (miniprogram) return <div class="card-link">{miniprogram.title}</div>;
  return <div class="card-link">{t("attachment")}</div>;
}
