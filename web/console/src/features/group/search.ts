import { z } from "zod";
import { field, tableFields } from "../../lib/search";

export const groupsSearch = z.object({
  ...tableFields,
  q: field.text,
  store_id: field.id,
  status: field.oneOf(["normal", "owner_left", "dissolved"]),
  health: field.oneOf(["needs_you", "ok"]),
});

export type GroupsSearch = z.infer<typeof groupsSearch>;

export const groupSearch = z.object({
  ...tableFields,
  tab: field.oneOf(["members", "changes"]),
  state: field.oneOf(["in", "left"]),
});

export type GroupSearch = z.infer<typeof groupSearch>;
