// The simulator's phone API, plus the list of codes from the console when this browser is signed in there.
import { t } from "./text";

const base = "/phone/sim/api/";

export type Kind = "person" | "staff";

export interface PersonRow {
  id: string;
  kind: Kind;
  name: string;
  detail?: string;
  friends: number;
  groups: number;
  tasks?: number;
}

export interface ChatRow {
  peer?: string;
  chat_id?: string;
  name: string;
  last?: string;
  at: string;
  status: "friend" | "pending" | "transfer" | "deleted" | "gone" | "member";
  people?: number;
}

export interface Person {
  id: string;
  kind: Kind;
  name: string;
  now: string;
  chats: ChatRow[];
  openid?: string;
  home_store?: string;
  lat?: number;
  lng?: number;
  position?: string;
  staff_url?: string;
  tasks?: number;
}

export interface Attachment {
  msgtype: string;
  link?: { title: string; url: string; desc?: string; picurl?: string };
  image?: { pic_url?: string; media_id?: string };
  miniprogram?: { title: string; page?: string };
  file?: { media_id?: string };
  video?: { media_id?: string };
}

export interface Bubble {
  at: string;
  from: string;
  from_name: string;
  kind:
    | "welcome"
    | "mass"
    | "reply"
    | "sidebar"
    | "chat"
    | "greet"
    | "ending"
    | "takeover"
    | "app"
    | "join"
    | "leave"
    | "added";
  text: string;
  attachments?: Attachment[];
  msgid?: string;
}

export interface Chat {
  name?: string;
  people?: number;
  owner?: string;
  person_name?: string;
  peer_name?: string;
  friend?: boolean;
  /** The member's customers are going to somebody else, and this one may refuse until then. */
  transfer?: { to: string; to_name: string; due: string };
  messages: Bubble[];
}

export interface Question {
  question_key: string;
  title?: string;
  option_list: { id: string; text: string }[];
}

/** A template card the app sent to a member; changed_to is what stands there once it was answered. */
export interface CardMessage {
  msgid: string;
  card: {
    button_selection?: Question;
    select_list?: Question[];
    checkbox?: Question & { mode?: number };
    button_list?: { type?: number; text: string; key: string }[];
    submit_button?: { text: string; key: string };
    action_menu?: { action_list: { text: string; key: string }[] };
  };
  changed_to?: string;
}

export interface MomentRow {
  moment_id: string;
  userid: string;
  name: string;
  created_at: string;
  published_at?: string;
  own: boolean;
  text: string;
  attachments?: { msgtype: "image" | "video" | "link"; title?: string; url?: string }[];
  selected: number;
  seen: number;
  likes: number;
  comments: number;
  cancelled?: boolean;
  deleted?: boolean;
  liked?: boolean;
  commented?: boolean;
}

export interface MassTask {
  msgid: string;
  chat_type: "single" | "group";
  created_at: string;
  text: string;
  attachments?: Attachment[];
  recipients: number;
  recipient_names: string[];
  reminded: number;
}

export interface CodeRow {
  id: number;
  name: string;
  kind: "staff" | "group" | "locator";
  store_name: string | null;
  token: string;
  status: string;
}

/** A refused act, in the simulator's words; status 0 means that nobody answered. */
export class PhoneError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function call<T>(path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(base + path, {
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined ? {} : { "Content-Type": "application/json", "X-Qunce": "1" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new PhoneError(0, t("no_sim"));
  }
  const reply: unknown = await response.json().catch(() => null);
  if (!response.ok || reply === null) {
    const said = (reply as { message?: string } | null)?.message;
    throw new PhoneError(response.ok ? 0 : response.status, said || t("failed"));
  }
  return reply as T;
}

const e = encodeURIComponent;

/** Whose acquaintance: "no" are those who never met a store, "yes" those who are a friend or in a group. */
export type Known = "no" | "yes";

export const people = (kind: Kind, q: string, known: Known) =>
  call<{ items: PersonRow[] }>(`people?kind=${kind}&q=${e(q)}${kind === "person" ? `&known=${known}` : ""}`);
export const person = (id: string) => call<Person>(`person/${e(id)}`);
export const chat = (me: string, row: { peer?: string; chat_id?: string }) =>
  call<Chat>(row.chat_id ? `chat?chat_id=${e(row.chat_id)}` : `chat?person=${e(me)}&peer=${e(row.peer ?? "")}`);
export const add = (id: string, qr: string) =>
  call<{ userid: string; name: string; pending?: boolean }>("add", { person: id, qr });
export const join = (id: string, qr: string) => call<{ chat_id: string; name: string }>("join", { person: id, qr });
export const reply = (id: string, row: { peer?: string; chat_id?: string }, text: string) =>
  call("reply", { person: id, ...row, text });
export const leave = (id: string, chat_id: string) => call("leave", { person: id, chat_id });
export const unfriend = (id: string, userid: string) => call("delete", { person: id, userid });
export const refuseTransfer = (id: string, userid: string) => call("refuse", { person: id, userid });
/** Opens an acquisition link; without staff_qr nobody can be added by it any more. */
export const openLink = (id: string, url: string) => call<{ staff_qr?: string }>("scan", { person: id, url });
export const massTasks = (userid: string) => call<{ items: MassTask[] }>(`staff/${e(userid)}/tasks`);
export const notices = (userid: string) => call<{ messages: Bubble[] }>(`staff/${e(userid)}/inbox`);
export const cards = (userid: string) => call<{ items: CardMessage[] }>(`staff/${e(userid)}/cards`);
export const moments = (kind: Kind, id: string) =>
  call<{ items: MomentRow[] }>(`${kind === "staff" ? "staff" : "person"}/${e(id)}/moments`);
/** Does something in the client by hand; see POST /sim/act. */
export const act = (body: { kind: string } & Record<string, unknown>) =>
  call<{ seen?: number; selected?: number }>("../act", body);
export const confirm = (userid: string, msgid: string) =>
  call<{ sent: number; over_cap: number; not_friend: number }>(`staff/${e(userid)}/confirm`, { msgid });
export const sidebar = (userid: string, target: { chat_id?: string; external_userid?: string }, text: string) =>
  call(`staff/${e(userid)}/sidebar`, { ...target, text });

/** The codes of the corp; null when this browser is not signed in to the console. */
export async function codes(): Promise<CodeRow[] | null> {
  try {
    const response = await fetch("/api/codes?limit=100", { headers: { "Accept-Language": "zh-CN" } });
    if (!response.ok) return null;
    const page = (await response.json()) as { items: CodeRow[] | null };
    return (page.items ?? []).filter((code) => code.status === "active");
  } catch {
    return null;
  }
}

/** What a scanned address is: a code of WeCom to add or to join with, a landing page, or nothing we know. */
export function readCode(
  address: string,
): { kind: "way" | "join" | "link"; qr: string } | { kind: "landing"; token: string } | null {
  let url: URL;
  try {
    url = new URL(address.trim(), window.location.origin);
  } catch {
    return null;
  }
  const bare = url.pathname.match(/\/sim\/qr\/([wj])\/[^/]+\.png$/);
  if (bare) return { kind: bare[1] === "w" ? "way" : "join", qr: address.trim() };
  if (/\/sim\/ca\/[^/]+$/.test(url.pathname)) return { kind: "link", qr: address.trim() };
  const landing = url.pathname.match(/^\/c\/([^/]+)$/);
  if (landing) return { kind: "landing", token: decodeURIComponent(landing[1] ?? "") };
  return null;
}

/** Says who holds the phone; the simulated sign-in reads it. */
export function holdPhone(kind: Kind, id: string): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in WebViews
  document.cookie = `sim_actor=${encodeURIComponent(`${kind}:${id}`)}; path=/; SameSite=Lax`;
}
