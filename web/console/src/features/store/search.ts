import { z } from "zod";
import { field, tableFields } from "../../lib/search";

export const storesSearch = z.object({
  ...tableFields,
  q: field.text,
  city: field.text,
  department_id: field.id,
  view: field.oneOf(["map"]),
});

export type StoresSearch = z.infer<typeof storesSearch>;
