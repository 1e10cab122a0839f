import { unwrap } from "@shared/api/client";
import type { Board, BoardLevel, Page, Plan, PlanDetail, Step, StepReport } from "@shared/api/types";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../../lib/api";

export const plansQuery = queryOptions({
  queryKey: ["sop", "plans"],
  queryFn: () => unwrap<Page<Plan>>(api.GET("/api/sop/plans")),
});

export const planQuery = (id: number) =>
  queryOptions({
    queryKey: ["sop", "plan", id],
    queryFn: () => unwrap<PlanDetail>(api.GET("/api/sop/plans/{id}", { params: { path: { id } } })),
  });

export const stepsReportQuery = (id: number, date: string | undefined) =>
  queryOptions({
    queryKey: ["sop", "plan", id, "report", date],
    queryFn: () =>
      unwrap<{ items: StepReport[] }>(
        api.GET("/api/sop/plans/{id}/steps-report", { params: { path: { id }, query: { date } } }),
      ),
    placeholderData: keepPreviousData,
  });

export const boardQuery = (query: { plan_id?: number; date?: string; level: BoardLevel; parent_id?: number }) =>
  queryOptions({
    queryKey: ["sop", "board", query],
    queryFn: () => unwrap<Board>(api.GET("/api/sop/board", { params: { query } })),
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });

export const publishPlan = (id: number, steps: Step[], note: string) =>
  unwrap<{ version: number }>(
    api.POST("/api/sop/plans/{id}/publish", { params: { path: { id } }, body: { steps, note } }),
  );

export const pausePlan = (id: number) => unwrap(api.POST("/api/sop/plans/{id}/pause", { params: { path: { id } } }));

export const resumePlan = (id: number) => unwrap(api.POST("/api/sop/plans/{id}/resume", { params: { path: { id } } }));
