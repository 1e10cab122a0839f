import { describe, expect, it } from "vitest";
import { z } from "zod";
import { field, filtersOf, patchSearch, tableFields } from "./search";

const schema = z.object({
  ...tableFields,
  q: field.text,
  store_id: field.id,
  date: field.day,
  relation: field.oneOf(["active", "lost"]),
});

describe("search schema", () => {
  it("keeps what is right", () => {
    const search = { q: "李", store_id: 3, date: "2026-11-22", relation: "lost", cursor: "abc", page: 2, limit: 100 };
    expect(schema.parse(search)).toEqual(search);
  });
  it("drops what is broken instead of failing", () => {
    const broken = { q: 5, store_id: -1, date: "yesterday", relation: "married", page: 0, limit: 7 };
    expect(Object.values(schema.parse(broken)).every((v) => v === undefined)).toBe(true);
  });
});

describe("patchSearch", () => {
  it("returns to the first page when a filter changes", () => {
    expect(patchSearch({ q: "a", cursor: "c", page: 3 }, { q: "b" })).toEqual({ q: "b" });
  });
  it("keeps filters when the page turns", () => {
    expect(patchSearch<{ q?: string; cursor?: string; page?: number }>({ q: "a" }, { cursor: "c", page: 2 })).toEqual({
      q: "a",
      cursor: "c",
      page: 2,
    });
  });
  it("removes emptied filters from the URL", () => expect(patchSearch({ q: "a" }, { q: "" })).toEqual({}));
  it("returns to the first page when the page size changes", () => {
    expect(
      patchSearch<{ cursor?: string; page?: number; limit?: 100 }>({ cursor: "c", page: 2 }, { limit: 100 }),
    ).toEqual({
      limit: 100,
    });
  });
});

describe("filtersOf", () => {
  it("does not count paging as a filter", () => {
    expect(filtersOf({ cursor: "c", page: 2, limit: 50, q: "", store_id: 4 })).toEqual({ store_id: 4 });
  });
});
