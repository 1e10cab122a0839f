import { z } from "zod";
import { tableFields } from "../../lib/search";

export const usersSearch = z.object({ ...tableFields });
