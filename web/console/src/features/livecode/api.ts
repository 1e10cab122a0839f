import { unwrap } from "@shared/api/client";
import type { Code, CodeChange, CodeDetail, CodeInput, Page } from "@shared/api/types";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../../lib/api";
import type { CodesSearch } from "./search";

export const codesQuery = ({ page: _, ...query }: CodesSearch) =>
  queryOptions({
    queryKey: ["codes", query],
    queryFn: () => unwrap<Page<Code>>(api.GET("/api/codes", { params: { query } })),
    placeholderData: keepPreviousData,
    // A code is made at WeCom after it is created here; its state arrives by itself.
    refetchInterval: (q) => (q.state.data?.items.some((code) => code.status === "creating") ? 2000 : false),
  });

export const codeQuery = (id: number) =>
  queryOptions({
    queryKey: ["codes", id],
    queryFn: () => unwrap<CodeDetail>(api.GET("/api/codes/{id}", { params: { path: { id } } })),
    refetchInterval: (q) => (q.state.data?.status === "creating" ? 2000 : false),
  });

export const createCode = (body: CodeInput) => unwrap<{ id: number }>(api.POST("/api/codes", { body }));

export const changeCode = (id: number, body: CodeChange) =>
  unwrap(api.PATCH("/api/codes/{id}", { params: { path: { id } }, body }));
