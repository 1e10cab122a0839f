import { z } from "zod";
import { field } from "../../lib/search";

export const todaySearch = z.object({ date: field.day });
