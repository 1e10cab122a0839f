import { z } from "zod";
import { field, tableFields } from "../../lib/search";

export const archiveSearch = z.object({
  ...tableFields,
  tab: field.oneOf(["search", "chats", "consents", "coverage", "state"]),
  q: field.text,
  staff_id: field.id,
  customer_id: field.id,
  group_id: field.id,
  kind: field.text,
  from: field.day,
  to: field.day,
  state: field.oneOf(["agree", "disagree", "unknown"]),
});

export type ArchiveSearch = z.infer<typeof archiveSearch>;
