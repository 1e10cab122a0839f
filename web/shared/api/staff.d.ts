// The staff pages' operations, in the form openapi-typescript generates; `npm run generate` replaces this file.
import type { Read, Write } from "./operation";
import type * as t from "./types";

type Id = { id: number };
type Done = Record<string, never>;

export interface paths {
  "/staff/api/me": { get: Read<t.StaffMe> };
  "/staff/api/today": { get: Read<t.StaffToday> };
  "/staff/api/tasks/{id}/sent": { post: Write<Done, {}, Id> };
  "/staff/api/tasks/{id}/skip": { post: Write<Done, { reason: t.SkipReason; note?: string }, Id> };
  "/staff/api/customers": { get: Read<t.Page<t.Customer>, { q?: string; cursor?: string }> };
  "/staff/api/groups": { get: Read<t.Page<t.Group>, { cursor?: string }> };
  "/staff/api/code": { get: Read<t.StaffCode> };
  "/staff/api/score": { get: Read<{ tiles: t.Metric[] }> };
}
