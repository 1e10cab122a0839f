import { z } from "zod";
import { field } from "../../lib/search";

export const signInSearch = z.object({ token: field.text, redirect: field.text });
