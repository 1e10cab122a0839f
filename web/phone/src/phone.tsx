// One person's phone: a stack of screens over their chat list.
import { useEffect, useRef, useState } from "preact/hooks";
import { add, join, openLink, PhoneError, person, readCode } from "./api";
import { Card } from "./card";
import { ChatScreen } from "./chat";
import { Chats } from "./chats";
import { lived } from "./guide";
import { Blank } from "./kit";
import { MassScreen, NoticesScreen } from "./mass";
import { MomentsScreen } from "./moments";
import type { Actor, Nav, Screen } from "./nav";
import { usePoll } from "./poll";
import { Scanner } from "./scanner";
import { t } from "./text";
import { WebView } from "./webview";

export function Phone({ actor }: { actor: Actor }) {
  const me = usePoll(actor.id, () => person(actor.id));
  const [stack, setStack] = useState<Screen[]>([]);
  const [toast, setToast] = useState("");
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);

  if (!me.data) {
    return (
      <Frame>
        {me.error ? (
          <Blank title={me.error instanceof PhoneError ? me.error.message : t("failed")} hint={t("no_sim_hint")}>
            <button type="button" class="primary" onClick={() => me.refresh()}>
              {t("retry")}
            </button>
          </Blank>
        ) : null}
      </Frame>
    );
  }

  const it = me.data;
  const nav: Nav = {
    me: it,
    open: (screen) => setStack((was) => [...was, screen]),
    replace: (screen) => setStack((was) => [...was.slice(0, -1), screen]),
    back: () => setStack((was) => was.slice(0, -1)),
    visit: (address, title = "") => {
      const code = readCode(address);
      if (code?.kind === "landing") {
        if (it.kind === "person") lived("scan");
        nav.open({
          at: "web",
          url: `/c/${encodeURIComponent(code.token)}?v=${encodeURIComponent(it.openid ?? it.id)}`,
          title,
        });
        return true;
      }
      if (code?.kind === "link") {
        void follow(code.qr);
        return true;
      }
      if (code) {
        nav.open({ at: "card", kind: code.kind, qr: code.qr });
        return true;
      }
      if (isOurs(address)) {
        nav.open({ at: "web", url: address, title });
        return true;
      }
      return false;
    },
    say: (text) => {
      setToast(text);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setToast(""), 2600);
    },
    refresh: () => void me.refresh(),
  };

  const follow = async (link: string) => {
    try {
      const { staff_qr } = await openLink(it.id, link);
      if (staff_qr) nav.open({ at: "card", kind: "way", qr: staff_qr });
      else nav.say(t("link_dead"));
    } catch (error) {
      nav.say(error instanceof PhoneError ? error.message : t("failed"));
    }
  };

  const accept = async (kind: "way" | "join", qr: string) => {
    try {
      if (kind === "way") {
        const { userid, name, pending } = await add(it.id, qr);
        nav.say(t(pending ? "added_pending" : "added", { name }));
        setStack([{ at: "chat", row: { peer: userid, name } }]);
      } else {
        const { chat_id, name } = await join(it.id, qr);
        lived("group");
        nav.say(t("joined", { name }));
        setStack([{ at: "chat", row: { chat_id, name } }]);
      }
      nav.refresh();
    } catch (error) {
      nav.say(error instanceof PhoneError ? error.message : t("failed"));
    }
  };

  const top = stack.at(-1);
  return (
    <Frame now={it.now}>
      {!top && <Chats nav={nav} />}
      {top?.at === "chat" && <ChatScreen key={top.row.chat_id ?? top.row.peer} nav={nav} row={top.row} />}
      {top?.at === "scan" && <Scanner nav={nav} />}
      {top?.at === "web" && <WebView key={top.url} nav={nav} url={top.url} title={top.title} beside={top.beside} />}
      {top?.at === "card" && <Card nav={nav} kind={top.kind} onAccept={() => accept(top.kind, top.qr)} />}
      {top?.at === "mass" && <MassScreen nav={nav} />}
      {top?.at === "notices" && <NoticesScreen nav={nav} />}
      {top?.at === "moments" && <MomentsScreen nav={nav} />}
      {toast && (
        <div class="toast" role="status">
          {toast}
        </div>
      )}
    </Frame>
  );
}

function isOurs(address: string): boolean {
  try {
    const url = new URL(address, window.location.origin);
    return url.origin === window.location.origin && /^https?:$/.test(url.protocol);
  } catch {
    return false;
  }
}

function Frame({ now, children }: { now?: string; children: preact.ComponentChildren }) {
  return (
    <div class="phone">
      <div class="status">
        <span>
          {now
            ? new Date(now).toLocaleTimeString("sv-SE", {
                timeZone: "Asia/Shanghai",
                hour: "2-digit",
                minute: "2-digit",
              })
            : ""}
        </span>
        <span>
          {now
            ? new Date(now).toLocaleDateString("zh-CN", {
                timeZone: "Asia/Shanghai",
                month: "long",
                day: "numeric",
                weekday: "short",
              })
            : ""}
        </span>
        <a class="leave" href="#/">
          ×
        </a>
      </div>
      <div class="screen">{children}</div>
    </div>
  );
}
