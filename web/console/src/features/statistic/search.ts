import { z } from "zod";
import { field, tableFields } from "../../lib/search";

/** `view` is by member of staff unless it says owners. */
export const statisticsSearch = z.object({
  ...tableFields,
  view: field.oneOf(["owners"]),
  from: field.day,
  to: field.day,
  store_id: field.id,
  staff_id: field.id,
});

export type StatisticsSearch = z.infer<typeof statisticsSearch>;
