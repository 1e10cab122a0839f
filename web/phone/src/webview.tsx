// A page inside the phone. The page is of the same origin, so the phone can be what a phone is to a page: it knows the
// position, reads codes that are pressed, and is the WeCom client behind WeixinJSBridge.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Person, PhoneError, readCode, sidebar } from "./api";
import { toWgs } from "./gcj";
import { lived } from "./guide";
import { Bar, Sheet } from "./kit";
import type { Nav, Target } from "./nav";
import { t } from "./text";

type Reply = Record<string, unknown>;
type Invoke = (name: string, params: Record<string, unknown>, callback: (reply: Reply) => void) => void;

interface PageWindow extends Window {
  WeixinJSBridge?: { invoke: Invoke };
}

interface Props {
  nav: Nav;
  url: string;
  title: string;
  /** The chat beside which the page is opened. */
  beside?: Target;
}

export function WebView({ nav, url, title, beside }: Props) {
  const frame = useRef<HTMLIFrameElement>(null);
  const chat = useRef<Target | undefined>(beside);
  const [name, setName] = useState(title);
  const [code, setCode] = useState("");
  const { me } = nav;

  // The bridge has to be there before the page asks for it, so it is put into every document the frame starts.
  useEffect(() => {
    const put = () => {
      const page = frame.current?.contentWindow as PageWindow | null;
      try {
        if (page && page.location.href !== "about:blank" && !page.WeixinJSBridge) {
          page.WeixinJSBridge = { invoke: bridge(me, chat, () => nav.refresh()) };
          if (me.kind === "person") givePosition(page, me);
        }
      } catch {
        // A page of another origin stays without.
      }
    };
    const timer = setInterval(put, 30);
    return () => clearInterval(timer);
  }, [me, nav]);

  const loaded = () => {
    const page = frame.current?.contentDocument;
    if (!page) return;
    if (page.title) setName(page.title);
    const press = (event: Event) => {
      const image = (event.target as Element | null)?.closest?.("img[data-qr]");
      if (!image) return;
      event.preventDefault();
      setCode(image.getAttribute("data-qr") ?? "");
    };
    page.addEventListener("contextmenu", press);
    page.addEventListener("click", press);
  };

  const recognise = () => {
    const read = readCode(code);
    setCode("");
    if (read && read.kind !== "landing" && read.kind !== "link") nav.open({ at: "card", kind: read.kind, qr: read.qr });
    else if (!read || !nav.visit(code)) nav.say(t("unknown_code"));
  };

  return (
    <>
      <Bar title={name} onBack={nav.back} />
      <iframe ref={frame} class="web" src={url} title={name || url} onLoad={loaded} />
      {me.kind === "person" && <p class="web-hint">{t("webview_press")}</p>}
      {code && (
        <Sheet
          title={t("recognise_hint")}
          actions={[{ label: t("recognise"), onPick: recognise }]}
          onClose={() => setCode("")}
        />
      )}
    </>
  );
}

/** The client's calls, answered as WeCom answers them. `chat` is the chat beside the page, which a call may change. */
export function bridge(
  me: Pick<Person, "id" | "kind">,
  chat: { current: Target | undefined },
  onSent: () => void,
): Invoke {
  return (name, params, callback) => {
    const ok = (more: Reply = {}) => callback({ err_msg: `${name}:ok`, ...more });
    const fail = (why: string) => callback({ err_msg: `${name}:fail ${why}` });
    const here = chat.current;
    if (me.kind !== "staff") return fail("no permission");
    switch (name) {
      case "getContext":
        return ok({ entry: here?.chat_id ? "group_chat_tools" : here?.peer ? "single_chat_tools" : "normal" });
      case "getCurExternalChat":
        return here?.chat_id ? ok({ chatId: here.chat_id }) : fail("without context of external chat");
      case "getCurExternalContact":
        return here?.peer ? ok({ userId: here.peer }) : fail("without context of external contact");
      case "openEnterpriseChat": {
        const group = String(params.chatId ?? "");
        const customer = String(params.externalUserIds ?? "").split(";")[0] ?? "";
        if (!group && !customer) return fail("invalid params");
        chat.current = group ? { chat_id: group } : { peer: customer };
        return ok({ chatId: group });
      }
      case "sendChatMessage": {
        const text = String((params.text as { content?: unknown } | undefined)?.content ?? "");
        if (params.msgtype !== "text" || !text) return fail("unsupported msgtype");
        if (!here) return fail("no permission");
        const target = here.chat_id ? { chat_id: here.chat_id } : { external_userid: here.peer };
        sidebar(me.id, target, text).then(
          () => {
            lived("staff");
            onSent();
            ok();
          },
          (error: unknown) => fail(error instanceof PhoneError ? error.message : "system error"),
        );
        return;
      }
      default:
        return fail("not supported");
    }
  };
}

function givePosition(page: Window, me: Person): void {
  if (me.lat === undefined || me.lng === undefined) return;
  const { lat, lng } = toWgs({ lat: me.lat, lng: me.lng });
  const coords = {
    latitude: lat,
    longitude: lng,
    accuracy: 30,
    altitude: null,
    altitudeAccuracy: null,
    heading: null,
    speed: null,
  };
  const position = { coords, timestamp: 0 } as GeolocationPosition;
  Object.defineProperty(page.navigator, "geolocation", {
    configurable: true,
    value: { getCurrentPosition: (done: PositionCallback) => setTimeout(() => done(position), 300) },
  });
}
