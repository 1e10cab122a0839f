// The console's operations, in the form openapi-typescript generates; `npm run generate` replaces this file.
import type { Read, Write } from "./operation";
import type * as t from "./types";

type P = { cursor?: string; limit?: number };
type Id = { id: number };
type Done = Record<string, never>;

export interface paths {
  "/api/auth/login": { post: Write<{ user: t.Me["user"] }, { email: string; password: string }> };
  "/api/auth/link": { post: Write<{ user: t.Me["user"]; must_set_password: boolean }, { token: string }> };
  "/api/auth/password": { post: Write<Done, { new_password: string; current?: string }> };
  "/api/auth/logout": { post: Write<Done> };
  "/api/me": { get: Read<t.Me> };
  "/api/users": {
    get: Read<t.Page<t.User>, P>;
    post: Write<
      { id: number; link: string },
      { name: string; email: string; role: t.Role; store_ids: number[]; department_ids: number[] }
    >;
  };
  "/api/users/{id}": { patch: Write<Done, { role?: t.Role; store_ids?: number[]; disabled?: boolean }, Id> };
  "/api/users/{id}/link": { post: Write<{ link: string }, {}, Id> };
  "/api/clock": { get: Read<t.ClockState>; post: Write<t.ClockState, { playing?: boolean; speed?: number }> };
  "/api/clock/next-day": { post: Write<t.ClockState> };
  "/api/today": { get: Read<t.Today, { date?: string }> };
  "/api/departments": { get: Read<{ items: t.Department[] }> };
  "/api/stores": {
    get: Read<t.Page<t.Store>, P & { q?: string; city?: string; department_id?: number }>;
    post: Write<{ id: number }, t.StoreInput>;
  };
  "/api/stores/{id}": { patch: Write<Done, Partial<t.StoreInput>, Id> };
  "/api/imports": {
    get: Read<t.Page<t.ImportRun>, P>;
    post: {
      parameters: { query?: never; path?: never };
      requestBody: { content: { "multipart/form-data": FormData } };
      responses: { 200: { content: { "application/json": { id: number } } } };
    };
  };
  "/api/imports/{id}": { get: Read<t.ImportDetail, {}, Id> };
  "/api/imports/{id}/errors": { get: Read<t.Page<t.ImportError>, P, Id> };
  "/api/staff": { get: Read<t.Page<t.Staff>, P & { q?: string; store_id?: number }> };
  "/api/customers": {
    get: Read<
      t.Page<t.Customer>,
      P & {
        q?: string;
        store_id?: number;
        staff_id?: number;
        tag_id?: number;
        code_id?: number;
        relation?: string;
        bought?: string;
      }
    >;
  };
  "/api/customers/{id}": { get: Read<t.CustomerDetail, {}, Id> };
  "/api/customers/{id}/timeline": { get: Read<t.Page<t.TimelineItem>, P, Id> };
  "/api/customers/{id}/orders": { get: Read<t.Page<t.CustomerOrder>, P, Id> };
  "/api/customers/{id}/opt-out": { post: Write<Done, { reason: string }, Id>; delete: Write<Done, {}, Id> };
  "/api/tags": { get: Read<{ items: t.TagGroup[] }> };
  "/api/groups": {
    get: Read<t.Page<t.Group>, P & { q?: string; store_id?: number; status?: string; health?: string }>;
  };
  "/api/groups/{id}": { get: Read<t.GroupDetail, {}, Id> };
  "/api/groups/{id}/members": { get: Read<t.Page<t.GroupMember>, P & { state?: string }, Id> };
  "/api/groups/{id}/changes": { get: Read<t.Page<t.GroupChange>, P, Id> };
  "/api/codes": {
    get: Read<t.Page<t.Code>, P & { kind?: string; q?: string; store_id?: number }>;
    post: Write<{ id: number }, t.CodeInput>;
  };
  "/api/codes/{id}": {
    get: Read<t.CodeDetail, {}, Id>;
    patch: Write<Done, Partial<t.CodeInput> & { status?: "active" | "paused" }, Id>;
  };
  "/api/sop/plans": { get: Read<t.Page<t.Plan>, P> };
  "/api/sop/plans/{id}": { get: Read<t.PlanDetail, {}, Id> };
  "/api/sop/plans/{id}/publish": { post: Write<{ version: number }, { steps: t.Step[]; note: string }, Id> };
  "/api/sop/plans/{id}/pause": { post: Write<Done, {}, Id> };
  "/api/sop/plans/{id}/resume": { post: Write<Done, {}, Id> };
  "/api/sop/plans/{id}/steps-report": { get: Read<{ items: t.StepReport[] }, { date?: string }, Id> };
  "/api/sop/board": {
    get: Read<t.Board, { plan_id?: number; date?: string; level?: t.BoardLevel; parent_id?: number }>;
  };
  "/api/tasks": {
    get: Read<t.Page<t.Task>, P & { state?: string; staff_id?: number; store_id?: number; date?: string }>;
  };
  "/api/tasks/{id}/remind": { post: Write<Done, {}, Id> };
  "/api/touches": {
    get: Read<t.Page<t.Touch>, P & { decision?: string; reason?: string; subject?: string; date?: string }>;
  };
  "/api/touches/summary": { get: Read<{ items: t.TouchSummary[] }, { date?: string }> };
  "/api/orders": {
    get: Read<t.Page<t.Order>, P & { q?: string; store_id?: number; attributed?: string; state?: string }>;
  };
  "/api/orders/summary": { get: Read<{ tiles: t.Metric[] }, { date?: string }> };
  "/api/system/health": { get: Read<t.Health> };
  "/api/system/callbacks": { get: Read<t.Page<t.Callback>, P & { q?: string; kind?: string; state?: string }> };
  "/api/system/callbacks/{id}": { get: Read<t.CallbackDetail, {}, Id> };
  "/api/system/callbacks/{id}/replay": { post: Write<Done, {}, Id> };
  "/api/system/outbox": { get: Read<t.Page<t.OutboxCall>, P & { state?: string }> };
  "/api/system/sync": { get: Read<{ items: t.SyncRun[] }>; post: Write<{ id: number }> };
  "/api/system/jobs": { get: Read<{ items: t.Job[]; ui: string }> };
  "/api/audit": { get: Read<t.Page<t.AuditEntry>, P> };
}
