import { z } from "zod";
import { field, tableFields } from "../../lib/search";

export const plansSearch = z.object({ ...tableFields });

export const planSearch = z.object({ tab: field.oneOf(["steps", "report", "versions"]), date: field.day });

export const boardSearch = z.object({
  plan_id: field.id,
  date: field.day,
  region_id: field.id,
  store_id: field.id,
});

export type BoardSearch = z.infer<typeof boardSearch>;
