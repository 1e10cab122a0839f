// The console's client: one instance, in the reader's language. A lost session leads to sign-in and back.
import { makeClient } from "@shared/api/client";
import type { paths } from "@shared/api/console";
import i18next from "i18next";

const listeners = new Set<() => void>();

/** Hears that the server no longer knows the session; returns the way to stop hearing. */
export function onSessionLost(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const api = makeClient<paths>({
  language: () => i18next.language ?? "zh-CN",
  onUnauthenticated: (url) => {
    if (url.includes("/api/auth/")) return;
    for (const listener of listeners) listener();
  },
});
