// Short lists to choose from (stores, staff, groups, tags), shared by filters and forms of several features.
import { unwrap } from "@shared/api/client";
import type { Code, Customer, Group, Page, Staff, Store, TagGroup } from "@shared/api/types";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { api } from "./api";

export interface Choice {
  value: number;
  label: string;
}

interface Lookup {
  options: Choice[];
  onSearch: (q: string) => void;
  loading: boolean;
}

const shared = { placeholderData: keepPreviousData, staleTime: 60_000 };

function useTyped(): [string | undefined, (q: string) => void] {
  const [typed, setTyped] = useState("");
  const q = useDeferredValue(typed.trim());
  return [q || undefined, setTyped];
}

export function useStoreLookup(): Lookup {
  const [q, onSearch] = useTyped();
  const { data, isFetching } = useQuery({
    queryKey: ["lookup", "stores", q],
    queryFn: () => unwrap<Page<Store>>(api.GET("/api/stores", { params: { query: { q, limit: 50 } } })),
    ...shared,
  });
  const options = (data?.items ?? []).map((s) => ({ value: s.id, label: s.name }));
  return { options, onSearch, loading: isFetching };
}

export function useStaffLookup(storeId?: number): Lookup {
  const [q, onSearch] = useTyped();
  const { data, isFetching } = useQuery({
    queryKey: ["lookup", "staff", q, storeId],
    queryFn: () =>
      unwrap<Page<Staff>>(api.GET("/api/staff", { params: { query: { q, store_id: storeId, limit: 50 } } })),
    ...shared,
  });
  const options = (data?.items ?? []).map((s) => ({
    value: s.id,
    label: s.store_name ? `${s.name} · ${s.store_name}` : s.name,
  }));
  return { options, onSearch, loading: isFetching };
}

export function useGroupLookup(storeId?: number): Lookup {
  const [q, onSearch] = useTyped();
  const { data, isFetching } = useQuery({
    queryKey: ["lookup", "groups", q, storeId],
    queryFn: () =>
      unwrap<Page<Group>>(
        api.GET("/api/groups", { params: { query: { q, store_id: storeId, status: "normal", limit: 50 } } }),
      ),
    ...shared,
  });
  const options = (data?.items ?? []).map((g) => ({ value: g.id, label: `${g.name}（${g.members}/${g.capacity}）` }));
  return { options, onSearch, loading: isFetching };
}

export function useCustomerLookup(): Lookup {
  const [q, onSearch] = useTyped();
  const { data, isFetching } = useQuery({
    queryKey: ["lookup", "customers", q],
    queryFn: () => unwrap<Page<Customer>>(api.GET("/api/customers", { params: { query: { q, limit: 50 } } })),
    ...shared,
  });
  const options = (data?.items ?? []).map((c) => ({
    value: c.id,
    label: c.stores.length > 0 ? `${c.name} · ${c.stores[0]}` : c.name,
  }));
  return { options, onSearch, loading: isFetching };
}

export function useTagLookup(): {
  options: { label: string; options: { value: string; label: string }[] }[];
  loading: boolean;
} {
  const { data, isFetching } = useQuery({
    queryKey: ["lookup", "tags"],
    queryFn: () => unwrap<{ items: TagGroup[] }>(api.GET("/api/tags")),
    staleTime: 60_000,
  });
  const options = (data?.items ?? []).map((group) => ({
    label: group.group_name,
    options: (group.tags ?? []).map((tag) => ({ value: tag.id, label: tag.name })),
  }));
  return { options, loading: isFetching };
}

export function useCodeLookup(): Lookup {
  const [q, onSearch] = useTyped();
  const { data, isFetching } = useQuery({
    queryKey: ["lookup", "codes", q],
    queryFn: () => unwrap<Page<Code>>(api.GET("/api/codes", { params: { query: { q, limit: 50 } } })),
    ...shared,
  });
  return { options: (data?.items ?? []).map((c) => ({ value: c.id, label: c.name })), onSearch, loading: isFetching };
}
