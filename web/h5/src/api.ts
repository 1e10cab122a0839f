// The customer page's client, small on purpose. The visitor id is random, made on this device, and says nothing about
// the person; a page opened with ?v= keeps the id it was given.
import { ApiError, makeClient, unwrap } from "@shared/api/client";
import type { paths } from "@shared/api/h5";
import type { ChosenStore, Landing, NearStore } from "@shared/api/types";
import { language } from "./text";

const api = makeClient<paths>({ language: () => language });

export const token = decodeURIComponent(window.location.pathname.match(/\/c\/([^/]+)/)?.[1] ?? "");

export const visitor = visitorId();

function visitorId(): string {
  const given = new URLSearchParams(window.location.search).get("v");
  if (given) return given;
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  const fresh = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  try {
    const kept = localStorage.getItem("qunce.visitor");
    if (kept) return kept;
    localStorage.setItem("qunce.visitor", fresh);
  } catch {
    // Without storage every visit is a new one.
  }
  return fresh;
}

export const landing = () =>
  unwrap<Landing>(api.GET("/h5/api/code/{token}", { params: { path: { token }, query: { v: visitor } } }));

export const locate = (lat: number, lng: number) =>
  unwrap<{ stores: NearStore[] }>(
    api.POST("/h5/api/locate", { body: { token, visitor, lat, lng, coord_system: "wgs84" } }),
  );

export const stores = (q: string, city: string) =>
  unwrap<{ cities: string[]; stores: NearStore[] }>(
    api.GET("/h5/api/stores", {
      params: { query: { token: token || undefined, q: q || undefined, city: city || undefined } },
    }),
  );

export const choose = (store_id: number) =>
  unwrap<ChosenStore>(api.POST("/h5/api/locate/choose", { body: { token, visitor, store_id } }));

/** Whether trying again can help: the connection broke or the server is busy. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500 || error.status === 429);
}
