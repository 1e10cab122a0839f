import { z } from "zod";
import { field } from "../../lib/search";

export const steps = ["brand", "corp", "callback", "contact", "domain", "health"] as const;

export const setupSearch = z.object({ step: field.oneOf(steps) });
