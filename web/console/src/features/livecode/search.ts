import { z } from "zod";
import { field, tableFields } from "../../lib/search";

export const codesSearch = z.object({
  ...tableFields,
  q: field.text,
  kind: field.oneOf(["staff", "group", "locator"]),
  store_id: field.id,
});

export type CodesSearch = z.infer<typeof codesSearch>;
