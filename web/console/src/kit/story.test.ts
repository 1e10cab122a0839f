import type { TimelineItem } from "@shared/api/types";
import { describe, expect, it } from "vitest";
import { messages, type Translate } from "../i18n";
import { tell } from "./story";

const t = ((key: keyof typeof messages, params: Record<string, string> = {}) =>
  messages[key][0].replace(/\{\{(\w+)\}\}/g, (_, name: string) => params[name] ?? "")) as Translate;
t.word = (prefix, value) => {
  if (!value) return "";
  return (messages as Record<string, readonly [string, string]>)[`${prefix}.${value}`]?.[0] ?? value;
};

const item = (kind: string, params: Record<string, unknown> = {}): TimelineItem => ({
  id: 1,
  at: "2026-06-05T10:00:00+08:00",
  kind,
  actor: "林晓",
  place: "徐汇店",
  cause_id: 1,
  params,
});

describe("tell", () => {
  it("says who ended a friendship", () => {
    expect(tell(item("customer.ended", { by: "customer" }), t).title).toBe("删除了员工");
    expect(tell(item("customer.ended", { by: "staff" }), t).title).toBe("被员工删除");
  });
  it("shows order number and money", () => {
    expect(tell(item("order.placed", { order_no: "SO1", net_fen: 2990 }), t).detail).toBe("SO1 · ¥29.90 · 徐汇店");
  });
  it("says why a touch was refused", () => {
    const told = tell(item("touch.refused", { channel: "mass_single", reason: "promo_week" }), t);
    expect(told.title).toBe("拒绝触达");
    expect(told.detail).toContain("推广消息已达上限");
  });
  it("has words for every kind the platform records about a customer", () => {
    const kinds = [
      "customer.added customer.ended customer.tagged customer.untagged customer.opted_out customer.opted_in customer.welcome_due customer.transfer_failed",
      "group.joined group.left touch.allowed touch.deferred touch.refused",
      "task.created task.done task.late task.skipped task.missed task.cancelled",
      "sop.started sop.ended livecode.scanned livecode.located livecode.attributed welcome.sent welcome.failed",
      "order.placed order.refunded message.delivered message.failed",
    ].flatMap((line) => line.split(" "));
    for (const kind of kinds) expect(messages).toHaveProperty([`event.${kind}`]);
  });
  it("does not drop what it does not know", () => expect(tell(item("future.thing"), t).title).toBe("future.thing"));
});
