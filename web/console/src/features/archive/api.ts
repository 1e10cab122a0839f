import { ApiError, unwrap } from "@shared/api/client";
import type {
  ArchiveChat,
  ArchiveConsent,
  ArchiveCoverage,
  ArchiveRaw,
  ArchiveResult,
  ArchiveSettings,
  ArchiveState,
  ArchiveStretch,
  ConsentState,
  Page,
} from "@shared/api/types";
import { addDays } from "@shared/format";
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../../lib/api";
import type { ArchiveSearch } from "./search";

/** Why somebody looks; every look at content carries it. */
export interface Access {
  purpose: string;
  reason: string;
}

/** Midnight of a business day in China's one zone. */
const midnight = (day: string | undefined) => (day ? `${day}T00:00:00+08:00` : undefined);

/** A query of fewer characters is refused, so it is not asked. */
export const minQuery = 2;

// Content is asked for when somebody looks, and not again by itself: every request is a line in the audit log.
const onceLooked = { staleTime: Number.POSITIVE_INFINITY, refetchOnWindowFocus: false, retry: false } as const;

export const findQuery = (access: Access | undefined, s: ArchiveSearch) => {
  const q = s.q?.trim() ?? "";
  const to = s.to && midnight(addDays(s.to, 1));
  return infiniteQueryOptions({
    queryKey: ["archive", "find", access, q, s.staff_id, s.customer_id, s.group_id, s.kind, s.from, to],
    enabled: access !== undefined && [...q].length >= minQuery,
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      unwrap<ArchiveResult>(
        api.GET("/api/archive/search", {
          params: {
            query: {
              ...(access as Access),
              q,
              staff_id: s.staff_id,
              customer_id: s.customer_id,
              group_id: s.group_id,
              kind: s.kind ? [s.kind] : undefined,
              from: midnight(s.from),
              to,
              cursor: pageParam || undefined,
            },
          },
        }),
      ),
    getNextPageParam: (last) => last.next || undefined,
    ...onceLooked,
  });
};

export const chatsQuery = (access: Access | undefined, s: ArchiveSearch) => {
  const query = {
    staff_id: s.staff_id,
    customer_id: s.customer_id,
    group_id: s.group_id,
    cursor: s.cursor,
    limit: s.limit,
  };
  return queryOptions({
    queryKey: ["archive", "chats", access, query],
    enabled: access !== undefined,
    queryFn: () =>
      unwrap<Page<ArchiveChat>>(
        api.GET("/api/archive/chats", { params: { query: { ...(access as Access), ...query } } }),
      ),
    placeholderData: keepPreviousData,
    ...onceLooked,
  });
};

/** A place in a conversation to read from. */
export interface Spot {
  at: string;
  message_id: number;
}

type Turn = (Spot & { direction: "before" | "after" }) | null;

/** A conversation around a spot, or its newest end; pages go both ways. */
export const stretchQuery = (access: Access, chat: number, spot: Spot | undefined) =>
  infiniteQueryOptions({
    queryKey: ["archive", "stretch", access, chat, spot],
    initialPageParam: null as Turn,
    queryFn: ({ pageParam }) =>
      unwrap<ArchiveStretch>(
        api.GET("/api/archive/chats/{id}/messages", {
          params: { path: { id: chat }, query: { ...access, ...(pageParam ?? spot ?? {}) } },
        }),
      ),
    getNextPageParam: (last): Turn | undefined => {
      const newest = last.items.at(-1);
      return last.after && newest ? { at: newest.at, message_id: newest.id, direction: "after" } : undefined;
    },
    getPreviousPageParam: (first): Turn | undefined => {
      const oldest = first.items[0];
      return first.before && oldest ? { at: oldest.at, message_id: oldest.id, direction: "before" } : undefined;
    },
    ...onceLooked,
  });

export const rawQuery = (access: Access, chat: number, spot: Spot) =>
  queryOptions({
    queryKey: ["archive", "raw", access, chat, spot],
    queryFn: () =>
      unwrap<ArchiveRaw>(
        api.GET("/api/archive/chats/{id}/messages/{message_id}", {
          params: { path: { id: chat, message_id: spot.message_id }, query: { ...access, at: spot.at } },
        }),
      ),
    ...onceLooked,
  });

/** Fetches a file of a message; the server may have to fetch it from WeCom first. */
export async function getFile(access: Access, chat: number, spot: Spot, n: number): Promise<File> {
  const query = new URLSearchParams({ at: spot.at, ...access });
  const path = `/api/archive/chats/${chat}/messages/${spot.message_id}/files/${n}?${query}`;
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin" });
  } catch {
    throw new ApiError(0);
  }
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => ({})));
  const named = /filename\*=utf-8''([^;]+)|filename="?([^";]+)"?/.exec(
    response.headers.get("Content-Disposition") ?? "",
  );
  const name = named?.[1] ? decodeURIComponent(named[1]) : (named?.[2] ?? "file");
  return new File([await response.blob()], name, { type: response.headers.get("Content-Type") ?? "" });
}

export interface Consents extends Page<ArchiveConsent> {
  totals: Record<string, number>;
}

export const consentsQuery = (s: ArchiveSearch) => {
  const query = {
    state: s.state as ConsentState | undefined,
    staff_id: s.staff_id,
    customer_id: s.customer_id,
    group_id: s.group_id,
    cursor: s.cursor,
    limit: s.limit,
  };
  return queryOptions({
    queryKey: ["archive", "consents", query],
    queryFn: () => unwrap<Consents>(api.GET("/api/archive/consents", { params: { query } })),
    placeholderData: keepPreviousData,
  });
};

export const coverageQuery = queryOptions({
  queryKey: ["archive", "coverage"],
  queryFn: () => unwrap<ArchiveCoverage>(api.GET("/api/archive/coverage")),
});

export const stateQuery = queryOptions({
  queryKey: ["archive", "state"],
  queryFn: () => unwrap<ArchiveState>(api.GET("/api/archive/state")),
  refetchInterval: 15_000,
});

export const pullNow = () => unwrap(api.POST("/api/archive/pull"));

export const askNow = () => unwrap(api.POST("/api/archive/ask"));

export const saveSettings = (body: ArchiveSettings) => unwrap(api.PUT("/api/archive/settings", { body }));

export const connect = (body: { address: string; key?: string }) => unwrap(api.PUT("/api/archive/adapter", { body }));
