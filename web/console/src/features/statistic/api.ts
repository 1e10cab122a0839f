import { unwrap } from "@shared/api/client";
import type { OfficialFigures, OwnerDay, Page, StaffDay, StatisticCover } from "@shared/api/types";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../../lib/api";
import type { StatisticsSearch } from "./search";

export const figuresQuery = (date: string | undefined) =>
  queryOptions({
    queryKey: ["statistics", "summary", date ?? "yesterday"],
    queryFn: () =>
      unwrap<OfficialFigures>(api.GET("/api/statistics/summary", { params: { query: { date, days: 30 } } })),
    placeholderData: keepPreviousData,
  });

export const coverQuery = (from: string | undefined, to: string | undefined) =>
  queryOptions({
    queryKey: ["statistics", "cover", from, to],
    queryFn: () => unwrap<StatisticCover>(api.GET("/api/statistics/cover", { params: { query: { from, to } } })),
    placeholderData: keepPreviousData,
  });

const listed = ({ page: _, view: __, ...query }: StatisticsSearch) => query;

export const staffDaysQuery = (search: StatisticsSearch) =>
  queryOptions({
    queryKey: ["statistics", "staff", listed(search)],
    queryFn: () => unwrap<Page<StaffDay>>(api.GET("/api/statistics/staff", { params: { query: listed(search) } })),
    placeholderData: keepPreviousData,
  });

export const ownerDaysQuery = (search: StatisticsSearch) =>
  queryOptions({
    queryKey: ["statistics", "owners", listed(search)],
    queryFn: () => unwrap<Page<OwnerDay>>(api.GET("/api/statistics/owners", { params: { query: listed(search) } })),
    placeholderData: keepPreviousData,
  });

/** Where the listed days are downloaded as a table. */
export function exportUrl(search: StatisticsSearch): string {
  const query = new URLSearchParams();
  const { from, to, store_id, staff_id } = search;
  for (const [name, value] of Object.entries({ from, to, store_id, staff_id })) {
    if (value !== undefined) query.set(name, String(value));
  }
  return `/api/statistics/${search.view ?? "staff"}.csv?${query}`;
}
