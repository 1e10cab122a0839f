import { z } from "zod";
import { field, tableFields } from "../../lib/search";

export const codesSearch = z.object({
  ...tableFields,
  q: field.text,
  kind: field.oneOf(["staff", "group", "locator"]),
  status: field.oneOf(["creating", "active", "failed", "paused"]),
  store_id: field.id,
});

export type CodesSearch = z.infer<typeof codesSearch>;
