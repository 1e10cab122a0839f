// Who is signed in, what they may do, and in which zone the corp lives.
import { unwrap } from "@shared/api/client";
import type { Me } from "@shared/api/types";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api } from "./api";

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: (): Promise<Me> => unwrap<Me>(api.GET("/api/me")),
  staleTime: 5 * 60_000,
});

export function useMe(): Me | undefined {
  return useQuery(meQuery).data;
}

/** The corp's time zone; every time on a page is shown in it. */
export function useZone(): string {
  return useMe()?.corp.timezone ?? "Asia/Shanghai";
}

/** Whether the signed-in person has a permission, by the code that the API declares. */
export function useCan(permission: string): boolean {
  return useMe()?.user.permissions.includes(permission) ?? false;
}
