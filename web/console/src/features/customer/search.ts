import { z } from "zod";
import { field, tableFields } from "../../lib/search";

export const customersSearch = z.object({
  ...tableFields,
  q: field.text,
  store_id: field.id,
  staff_id: field.id,
  tag_id: field.text,
  code_id: field.id,
  relation: field.oneOf(["active", "lost", "none"]),
});

export type CustomersSearch = z.infer<typeof customersSearch>;

export const customerSearch = z.object({ ...tableFields, tab: field.oneOf(["timeline", "orders"]) });
