import { z } from "zod";
import { field, tableFields } from "../../lib/search";

export const importsSearch = z.object({ ...tableFields, open: field.id });
