import { z } from "zod";
import { field, tableFields } from "../../lib/search";

export const callbacksSearch = z.object({
  ...tableFields,
  q: field.text,
  kind: field.text,
  state: field.oneOf(["new", "done", "failed", "ignored"]),
  from: field.day,
  to: field.day,
  open: field.id,
});

export type CallbacksSearch = z.infer<typeof callbacksSearch>;

/** How a call stands: one that is closed although nobody knows whether it took effect is not called a success. */
export function outboxState(call: { state: string; error_code: string | null }): string {
  return call.state === "done" && call.error_code === "outbox.unsure" ? "unsure" : call.state;
}

export const outboxSearch = z.object({
  ...tableFields,
  state: field.oneOf(["planned", "calling", "done", "unknown", "failed"]),
});

export type OutboxSearch = z.infer<typeof outboxSearch>;

export const auditSearch = z.object({ ...tableFields });

export const syncThings = ["staff", "tags", "relations", "groups", "members", "ways", "join_ways"] as const;
export const syncWhats = ["added", "ended", "amended"] as const;
export const syncReasons = [
  "lost",
  "unheard",
  "failed",
  "waiting",
  "handled",
  "unhandled",
  "before",
  "range",
  "silent",
  "api",
  "unknown",
] as const;

/** `run` opens the list of what a run repaired. */
export const syncSearch = z.object({
  ...tableFields,
  kind: field.oneOf(["full", "check"]),
  run: field.id,
  thing: field.oneOf(syncThings),
  what: field.oneOf(syncWhats),
  reason: field.oneOf(syncReasons),
  strays: z.boolean().optional().catch(undefined),
});

export type SyncSearch = z.infer<typeof syncSearch>;
