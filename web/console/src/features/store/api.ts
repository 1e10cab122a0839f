import { unwrap } from "@shared/api/client";
import type { Department, Page, Store, StoreInput } from "@shared/api/types";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../../lib/api";
import type { StoresSearch } from "./search";

export const storesQuery = ({ page: _, view: __, ...query }: StoresSearch) =>
  queryOptions({
    queryKey: ["stores", query],
    queryFn: () => unwrap<Page<Store>>(api.GET("/api/stores", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const departmentsQuery = queryOptions({
  queryKey: ["departments"],
  queryFn: () => unwrap<{ items: Department[] }>(api.GET("/api/departments")),
  staleTime: 60_000,
});

export const createStore = (body: StoreInput) => unwrap<{ id: number }>(api.POST("/api/stores", { body }));

export const changeStore = (id: number, body: Partial<StoreInput>) =>
  unwrap(api.PATCH("/api/stores/{id}", { params: { path: { id } }, body }));
