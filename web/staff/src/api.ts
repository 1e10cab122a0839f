// The staff pages' client. A lost session goes through WeCom's sign-in once; a second failure in a row is shown.
import { ApiError, makeClient, unwrap } from "@shared/api/client";
import type { paths } from "@shared/api/staff";
import type { Customer, Group, Metric, Page, SkipReason, StaffCode, StaffMe, StaffToday } from "@shared/api/types";
import { errorText } from "@shared/i18n/errors";
import { language } from "./text";

const triedKey = "qunce.staff.signed-in-at";

export const api = makeClient<paths>({ language: () => language });

/** Sends the browser through WeCom's sign-in; false when that was just tried. */
export function signIn(): boolean {
  const last = Number(sessionStorage.getItem(triedKey) ?? 0);
  if (performance.timeOrigin + performance.now() - last < 15_000) return false;
  sessionStorage.setItem(triedKey, String(performance.timeOrigin + performance.now()));
  const back = window.location.pathname + window.location.search + window.location.hash;
  window.location.replace(`/staff/login?next=${encodeURIComponent(back)}`);
  return true;
}

export function failureText(error: unknown): string {
  return errorText(error, language === "en" ? "en" : "zh");
}

/** Silence and overload may pass; an answer that says no will say no again. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 502);
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

export const me = () => unwrap<StaffMe>(api.GET("/staff/api/me"));
export const today = () => unwrap<StaffToday>(api.GET("/staff/api/today"));
export const customers = (q: string, cursor?: string) =>
  unwrap<Page<Customer>>(api.GET("/staff/api/customers", { params: { query: { q: q || undefined, cursor } } }));
export const groups = (cursor?: string) =>
  unwrap<Page<Group>>(api.GET("/staff/api/groups", { params: { query: { cursor } } }));
export const code = () => unwrap<StaffCode>(api.GET("/staff/api/code"));
export const score = () => unwrap<{ tiles: Metric[] }>(api.GET("/staff/api/score"));
export const sent = (id: number) => unwrap(api.POST("/staff/api/tasks/{id}/sent", { params: { path: { id } } }));
export const skip = (id: number, reason: SkipReason, note: string) =>
  unwrap(
    api.POST("/staff/api/tasks/{id}/skip", { params: { path: { id } }, body: { reason, note: note || undefined } }),
  );
