// The client around the page, as the page sees it: one function that invokes by name. Inside WeCom it is the JS-SDK, which
// is fetched at the first call; in the simulator's phone it is the bridge which the phone puts into the page. Without
// either every call answers "unavailable", and the pages offer the way by hand.

import type { Reply } from "./jssdk";

interface Bridge {
  invoke(name: string, params: Record<string, unknown>, callback: (reply: Reply) => void): void;
}

declare global {
  interface Window {
    WeixinJSBridge?: Bridge;
  }
}

export interface Target {
  external_userid?: string;
  chat_id?: string;
}

export type SendOutcome =
  | { kind: "sent" }
  | { kind: "opened" }
  | { kind: "unavailable" }
  | { kind: "failed"; reason: string };

const answerWithin = 10_000;

const insideWeCom = () => /wxwork\//i.test(navigator.userAgent);

async function invoke(name: string, params: Record<string, unknown> = {}): Promise<Reply | null> {
  if (insideWeCom()) return (await import("./jssdk")).call(name, params);
  const bridge = window.WeixinJSBridge;
  if (!bridge) return null;
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ err_msg: `${name}:fail timeout` }), answerWithin);
    bridge.invoke(name, params, (reply) => {
      clearTimeout(timer);
      resolve(reply);
    });
  });
}

function ok(name: string, reply: Reply | null): boolean {
  return (reply?.err_msg ?? reply?.errMsg) === `${name}:ok`;
}

/** The chat beside which the page was opened, or null outside of a chat. */
export async function currentChat(): Promise<Target | null> {
  const context = await invoke("getContext");
  if (!ok("getContext", context)) return null;
  if (context?.entry === "group_chat_tools") {
    const reply = await invoke("getCurExternalChat");
    return ok("getCurExternalChat", reply) ? { chat_id: String(reply?.chatId) } : null;
  }
  if (context?.entry === "single_chat_tools" || context?.entry === "contact_profile") {
    const reply = await invoke("getCurExternalContact");
    return ok("getCurExternalContact", reply) ? { external_userid: String(reply?.userId) } : null;
  }
  return null;
}

export function sameChat(a: Target | null, b: Target | null): boolean {
  if (!a || !b) return false;
  if (a.chat_id) return a.chat_id === b.chat_id;
  return Boolean(a.external_userid) && a.external_userid === b.external_userid;
}

/** Sends text into the target's chat: at once when it is the chat beside the page, else the chat is opened first. */
export async function sendText(target: Target, text: string): Promise<SendOutcome> {
  if (!window.WeixinJSBridge && !insideWeCom()) return { kind: "unavailable" };
  if (!sameChat(await currentChat(), target)) {
    const opened = await invoke("openEnterpriseChat", {
      chatId: target.chat_id ?? "",
      externalUserIds: target.external_userid ?? "",
      userIds: "",
      groupName: "",
    });
    if (!ok("openEnterpriseChat", opened)) return { kind: "failed", reason: reasonOf(opened) };
    if (!sameChat(await currentChat(), target)) return { kind: "opened" };
  }
  const reply = await invoke("sendChatMessage", { msgtype: "text", enterChat: false, text: { content: text } });
  return ok("sendChatMessage", reply) ? { kind: "sent" } : { kind: "failed", reason: reasonOf(reply) };
}

function reasonOf(reply: Reply | null): string {
  return String(reply?.err_msg ?? reply?.errMsg ?? "").replace(/^\w+:/, "");
}
