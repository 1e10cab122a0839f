import { z } from "zod";
import { field } from "../../lib/search";

export const planSearch = z.object({ tab: field.oneOf(["steps", "report", "versions"]), date: field.day });

export const boardSearch = z.object({
  plan_id: field.id,
  date: field.day,
  region_id: field.id,
  store_id: field.id,
});

export type BoardSearch = z.infer<typeof boardSearch>;
