import { unwrap } from "@shared/api/client";
import type {
  AuditEntry,
  CallbackDetail,
  CallbackPage,
  CallLimit,
  Door,
  Health,
  Job,
  Meters,
  OutboxCall,
  Page,
  StrayWay,
  SyncRepair,
  SyncRun,
} from "@shared/api/types";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../../lib/api";
import type { TableSearch } from "../../lib/search";
import type { CallbacksSearch, OutboxSearch, SyncSearch } from "./search";

export const healthQuery = queryOptions({
  queryKey: ["system", "health"],
  queryFn: () => unwrap<Health>(api.GET("/api/system/health")),
  refetchInterval: 3000,
});

export const jobsQuery = queryOptions({
  queryKey: ["system", "jobs"],
  queryFn: () => unwrap<{ items: Job[]; ui: string }>(api.GET("/api/system/jobs")),
  refetchInterval: 5000,
});

export const callbacksQuery = ({ page: _, open: __, ...query }: CallbacksSearch) =>
  queryOptions({
    queryKey: ["system", "callbacks", query],
    queryFn: () => unwrap<CallbackPage>(api.GET("/api/system/callbacks", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const callbackQuery = (id: number) =>
  queryOptions({
    queryKey: ["system", "callback", id],
    queryFn: () => unwrap<CallbackDetail>(api.GET("/api/system/callbacks/{id}", { params: { path: { id } } })),
  });

export const doorQuery = queryOptions({
  queryKey: ["system", "door"],
  queryFn: () => unwrap<Door>(api.GET("/api/system/door")),
  refetchInterval: 5000,
});

export const replayFailed = () => unwrap<{ replayed: number }>(api.POST("/api/system/callbacks/replay-failed"));

export const replayCallback = (id: number) =>
  unwrap(api.POST("/api/system/callbacks/{id}/replay", { params: { path: { id } } }));

export const outboxQuery = ({ page: _, ...query }: OutboxSearch) =>
  queryOptions({
    queryKey: ["system", "outbox", query],
    queryFn: () => unwrap<Page<OutboxCall>>(api.GET("/api/system/outbox", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const callLimitsQuery = queryOptions({
  queryKey: ["system", "call-limits"],
  queryFn: () => unwrap<{ items: CallLimit[] }>(api.GET("/api/system/call-limits")),
  refetchInterval: 5000,
});

/** The newest runs; of one kind, if given. What runs is asked for often, so that its bars move. */
export const syncQuery = (kind: SyncRun["kind"] | undefined) =>
  queryOptions({
    queryKey: ["system", "sync", kind ?? "all"],
    queryFn: () =>
      unwrap<{ items: SyncRun[]; next: string | null; next_kind: string; held_back_until: string | null }>(
        api.GET("/api/system/sync", { params: { query: { kind } } }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: (q) => (q.state.data?.items.some((run) => !run.finished_at) ? 1500 : 15_000),
  });

export const startSync = (kind: SyncRun["kind"]) =>
  unwrap<{ id: number }>(api.POST("/api/system/sync", { params: { query: { kind } } }));

export const pauseSync = (id: number) => unwrap(api.POST("/api/system/sync/{id}/pause", { params: { path: { id } } }));

export const resumeSync = (id: number) =>
  unwrap(api.POST("/api/system/sync/{id}/resume", { params: { path: { id } } }));

export const repairsQuery = (id: number, { thing, what, reason, cursor, limit }: SyncSearch) => {
  const query = { thing, what, reason, cursor, limit };
  return queryOptions({
    queryKey: ["system", "sync", id, "repairs", query],
    queryFn: () =>
      unwrap<Page<SyncRepair>>(api.GET("/api/system/sync/{id}/repairs", { params: { path: { id }, query } })),
    placeholderData: keepPreviousData,
  });
};

/** Where the repairs of a run are downloaded as a table. */
export function repairsUrl(id: number, filters: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) if (value) query.set(name, value);
  return `/api/system/sync/${id}/repairs.csv?${query}`;
}

export const straysQuery = queryOptions({
  queryKey: ["system", "stray-ways"],
  queryFn: () =>
    unwrap<{ items: StrayWay[]; next: string }>(
      api.GET("/api/system/stray-ways", { params: { query: { limit: 500 } } }),
    ),
});

export const auditQuery = ({ cursor, limit }: TableSearch) =>
  queryOptions({
    queryKey: ["audit", cursor, limit],
    queryFn: () => unwrap<Page<AuditEntry>>(api.GET("/api/audit", { params: { query: { cursor, limit } } })),
    placeholderData: keepPreviousData,
  });

export const metersQuery = queryOptions({
  queryKey: ["system", "meters"],
  queryFn: () => unwrap<Meters>(api.GET("/api/system/meters")),
});

export const saveMeterLimits = (friends_per_staff: number) =>
  unwrap(api.PATCH("/api/system/meters", { body: { friends_per_staff } }));
