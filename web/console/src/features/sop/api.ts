import { unwrap } from "@shared/api/client";
import type { BoardLevel, Step } from "@shared/api/types";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../../lib/api";
import type { TableSearch } from "../../lib/search";

export const plansQuery = ({ cursor, limit }: TableSearch) =>
  queryOptions({
    queryKey: ["sop", "plans", cursor, limit],
    queryFn: () => unwrap(api.GET("/api/sop/plans", { params: { query: { cursor, limit } } })),
    placeholderData: keepPreviousData,
  });

export const planQuery = (id: number) =>
  queryOptions({
    queryKey: ["sop", "plan", id],
    queryFn: () => unwrap(api.GET("/api/sop/plans/{id}", { params: { path: { id } } })),
  });

export const stepsReportQuery = (id: number, date: string | undefined) =>
  queryOptions({
    queryKey: ["sop", "plan", id, "report", date],
    queryFn: () => unwrap(api.GET("/api/sop/plans/{id}/steps-report", { params: { path: { id }, query: { date } } })),
    placeholderData: keepPreviousData,
  });

export const boardQuery = (query: { plan_id?: number; date?: string; level: BoardLevel; parent_id?: number }) =>
  queryOptions({
    queryKey: ["sop", "board", query],
    queryFn: () => unwrap(api.GET("/api/sop/board", { params: { query } })),
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });

export const publishPlan = (id: number, steps: Step[], note: string) =>
  unwrap(api.POST("/api/sop/plans/{id}/publish", { params: { path: { id } }, body: { steps, note } }));

export const pausePlan = (id: number) =>
  unwrap(api.POST("/api/sop/plans/{id}/pause", { params: { path: { id } }, body: {} }));

export const resumePlan = (id: number) =>
  unwrap(api.POST("/api/sop/plans/{id}/resume", { params: { path: { id } }, body: {} }));
