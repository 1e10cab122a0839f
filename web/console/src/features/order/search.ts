import { z } from "zod";
import { field, tableFields } from "../../lib/search";

export const ordersSearch = z.object({
  ...tableFields,
  q: field.text,
  store_id: field.id,
  attributed: field.oneOf(["yes", "no"]),
  state: field.oneOf(["paid", "unpaid", "refunded", "partly_refunded"]),
});

export type OrdersSearch = z.infer<typeof ordersSearch>;
