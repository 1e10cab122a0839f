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

export const outboxSearch = z.object({
  ...tableFields,
  state: field.oneOf(["planned", "calling", "done", "unknown", "failed"]),
});

export type OutboxSearch = z.infer<typeof outboxSearch>;

export const auditSearch = z.object({ ...tableFields });
