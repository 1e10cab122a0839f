import { z } from "zod";
import { field, tableFields } from "../../lib/search";

export const tasksSearch = z.object({
  ...tableFields,
  state: field.oneOf(["open", "done", "late", "skipped"]),
  store_id: field.id,
  staff_id: field.id,
  date: field.day,
});

export type TasksSearch = z.infer<typeof tasksSearch>;
