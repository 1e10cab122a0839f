import { unwrap } from "@shared/api/client";
import type { Group, GroupChange, GroupDetail, GroupMember, Page } from "@shared/api/types";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "../../lib/api";
import type { GroupSearch, GroupsSearch } from "./search";

export const groupsQuery = ({ page: _, ...query }: GroupsSearch) =>
  queryOptions({
    queryKey: ["groups", query],
    queryFn: () => unwrap<Page<Group>>(api.GET("/api/groups", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const groupQuery = (id: number) =>
  queryOptions({
    queryKey: ["groups", id],
    // The document leaves out the fields a group shares with its list row, so the noun is named here.
    queryFn: () => unwrap<unknown>(api.GET("/api/groups/{id}", { params: { path: { id } } })) as Promise<GroupDetail>,
  });

export const membersQuery = (id: number, { cursor, limit, state = "in" }: GroupSearch) =>
  queryOptions({
    queryKey: ["groups", id, "members", cursor, limit, state],
    queryFn: () =>
      unwrap<Page<GroupMember>>(
        api.GET("/api/groups/{id}/members", { params: { path: { id }, query: { cursor, limit, state } } }),
      ),
    placeholderData: keepPreviousData,
  });

export const changesQuery = (id: number, { cursor, limit }: GroupSearch) =>
  queryOptions({
    queryKey: ["groups", id, "changes", cursor, limit],
    queryFn: () =>
      unwrap<Page<GroupChange>>(
        api.GET("/api/groups/{id}/changes", { params: { path: { id }, query: { cursor, limit } } }),
      ),
    placeholderData: keepPreviousData,
  });
