import { z } from "zod";
import { field, tableFields } from "../../lib/search";

export const touchesSearch = z.object({
  ...tableFields,
  decision: field.oneOf(["allow", "defer", "refuse"]),
  reason: field.text,
  subject: field.oneOf(["customer", "group"]),
  date: field.day,
});

export type TouchesSearch = z.infer<typeof touchesSearch>;
