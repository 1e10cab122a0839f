// The words for what happened: each event by its kind, with what its data adds.
import type { TimelineItem } from "@shared/api/types";
import { duration, money } from "@shared/format";
import type { Translate } from "../i18n";
import type { Tone } from "./timeline";

const tones: Record<string, Tone> = {
  "customer.added": "good",
  "group.joined": "good",
  "order.placed": "good",
  "livecode.attributed": "accent",
  "welcome.sent": "accent",
  "message.delivered": "accent",
  "touch.deferred": "warn",
  "touch.refused": "warn",
  "task.skipped": "warn",
  "task.missed": "warn",
  "message.failed": "bad",
  "welcome.failed": "bad",
  "customer.ended": "bad",
  "customer.transfer_failed": "warn",
  "archive.agreed": "good",
  "archive.disagreed": "warn",
  "customer.opted_out": "bad",
  "group.left": "bad",
  "order.refunded": "bad",
};

interface Told {
  title: string;
  detail: string;
  tone: Tone;
}

/** One event as a line of a timeline. A kind we have no words for is shown by its name, never dropped. */
export function tell(item: Pick<TimelineItem, "kind" | "params" | "place">, t: Translate): Told {
  const p = item.params;
  const text = (key: string) => (typeof p[key] === "string" ? (p[key] as string) : "");
  const number = (key: string) => (typeof p[key] === "number" ? (p[key] as number) : null);
  const details: string[] = [];
  const add = (part: string) => {
    if (part) details.push(part);
  };
  let title = t.word("event", item.kind);

  switch (item.kind.split(".")[0]) {
    case "customer":
      if (item.kind === "customer.ended") {
        title = p.transferred === true ? t("event.ended.transferred") : t.word("event.ended", text("by")) || title;
      }
      if (item.kind === "customer.transfer_failed") add(t.word("transfer_reason", text("reason")));
      if (item.kind === "customer.tagged" || item.kind === "customer.untagged") add(text("name"));
      if (item.kind === "customer.added") add(t.word("add_way", String(number("add_way") ?? "")));
      break;
    case "group":
      if (item.kind === "group.joined") add(t.word("join_scene", String(number("scene") ?? "")));
      if (item.kind === "group.left") add(t.word("quit_scene", String(number("scene") ?? "")));
      break;
    case "touch":
      add(t.word("channel", text("channel")));
      add(t.word("touch_source", text("source")));
      add(t.word("touch_reason", text("reason")));
      break;
    case "task":
      add(text("title"));
      add(t.word("proof", item.kind === "task.done" || item.kind === "task.late" ? text("proof") : ""));
      break;
    case "message":
      add(text("text"));
      add(t.word("send_reason", text("reason")));
      break;
    case "order":
      add(text("order_no"));
      add(money(number("net_fen")));
      break;
    case "livecode":
      if (item.kind === "livecode.attributed") {
        add(text("order_no"));
        add(money(number("net_fen")));
      }
      break;
    case "welcome":
      if (number("latency_ms") !== null) add(t("event.latency", { took: duration(number("latency_ms")) }));
      add(t.word("welcome_reason", text("reason")));
      add(text("text"));
      break;
    case "sop":
      add(text("plan_name"));
      add(t.word("sop_reason", text("reason")));
      break;
  }
  add(item.place);
  add(text("code"));
  return { title, detail: details.join(" · "), tone: tones[item.kind] ?? "plain" };
}
