// Page state that lives in the URL: a zod schema a page, every field with a fallback, so that a broken link opens the
// page rather than an error.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { z } from "zod";

// Left alone, zod tries whether it may compile its checks with eval, which our pages' policy refuses with an error in the
// console. Every schema of the console begins with this module.
z.config({ jitless: true });

const optionalText = z.string().optional().catch(undefined);
const optionalId = z.number().int().positive().optional().catch(undefined);

/** Field kinds for search schemas. */
export const field = {
  text: optionalText,
  id: optionalId,
  day: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/)
    .optional()
    .catch(undefined),
  oneOf: <const V extends readonly [string, ...string[]]>(values: V) => z.enum(values).optional().catch(undefined),
};

/** What every paged table keeps in the URL. `page` only counts; `cursor` decides. */
export const tableFields = {
  cursor: optionalText,
  page: z.number().int().min(1).optional().catch(undefined),
  limit: z
    .union([z.literal(20), z.literal(50), z.literal(100), z.literal(200)])
    .optional()
    .catch(undefined),
};

export interface TableSearch {
  cursor?: string;
  page?: number;
  limit?: 20 | 50 | 100 | 200;
}

/** The fields of a search that filter, i.e. everything but paging. */
export function filtersOf<S extends object>(search: S): Partial<S> {
  return Object.fromEntries(
    Object.entries(search).filter(([key, value]) => !(key in tableFields) && value !== undefined && value !== ""),
  ) as Partial<S>;
}

/** Applies a patch: undefined and "" leave the URL; a changed filter returns to the first page. */
export function patchSearch<S extends object>(previous: S, patch: Partial<S>): S {
  const next = { ...previous } as Record<string, unknown>;
  const filterChanged = Object.keys(patch).some((key) => !(key in tableFields));
  if (filterChanged || "limit" in patch) {
    delete next.cursor;
    delete next.page;
  }
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined || value === "" || value === null) delete next[key];
    else next[key] = value;
  }
  return next as S;
}

/** The page's URL state by its schema, and a setter that patches it. */
export function useUrlState<S extends z.ZodType<object>>(
  schema: S,
): [z.infer<S>, (patch: Partial<z.infer<S>>, options?: { replace?: boolean }) => void] {
  const raw = useSearch({ strict: false }) as object;
  const navigate = useNavigate();
  const search = useMemo(() => schema.parse(raw), [schema, raw]);
  const set = useCallback(
    (patch: Partial<z.infer<S>>, options: { replace?: boolean } = {}) => {
      void navigate({
        to: ".",
        search: ((previous: object) => patchSearch(previous, patch)) as never,
        replace: options.replace ?? false,
      });
    },
    [navigate],
  );
  return [search, set];
}
