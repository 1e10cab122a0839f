import { unwrap } from "@shared/api/client";
import type { Customer, CustomerDetail, CustomerOrder, Page, TimelineItem } from "@shared/api/types";
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../../lib/api";
import type { TableSearch } from "../../lib/search";
import type { CustomersSearch } from "./search";

export const customersQuery = ({ page: _, ...query }: CustomersSearch) =>
  queryOptions({
    queryKey: ["customers", query],
    queryFn: () => unwrap<Page<Customer>>(api.GET("/api/customers", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const customerQuery = (id: number) =>
  queryOptions({
    queryKey: ["customers", id],
    queryFn: () => unwrap<CustomerDetail>(api.GET("/api/customers/{id}", { params: { path: { id } } })),
  });

export const timelineQuery = (id: number) =>
  infiniteQueryOptions({
    queryKey: ["customers", id, "timeline"],
    queryFn: ({ pageParam }) =>
      unwrap<Page<TimelineItem>>(
        api.GET("/api/customers/{id}/timeline", { params: { path: { id }, query: { cursor: pageParam, limit: 50 } } }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
  });

export const customerOrdersQuery = (id: number, { cursor, limit }: TableSearch) =>
  queryOptions({
    queryKey: ["customers", id, "orders", cursor, limit],
    queryFn: () =>
      unwrap<Page<CustomerOrder>>(
        api.GET("/api/customers/{id}/orders", { params: { path: { id }, query: { cursor, limit } } }),
      ),
    placeholderData: keepPreviousData,
  });

export const optOut = (id: number, reason: string) =>
  unwrap(api.POST("/api/customers/{id}/opt-out", { params: { path: { id } }, body: { reason } }));

export const optIn = (id: number) => unwrap(api.DELETE("/api/customers/{id}/opt-out", { params: { path: { id } } }));
