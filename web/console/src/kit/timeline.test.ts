import { describe, expect, it } from "vitest";
import { byDay } from "./timeline";

describe("byDay", () => {
  it("splits at the corp's midnight", () => {
    const entries = [{ at: "2026-11-22T16:30:00Z" }, { at: "2026-11-22T15:30:00Z" }, { at: "2026-11-22T01:00:00Z" }];
    expect(byDay(entries, "Asia/Shanghai").map((d) => [d.day, d.entries.length])).toEqual([
      ["2026-11-23", 1],
      ["2026-11-22", 2],
    ]);
    expect(byDay(entries, "UTC")).toHaveLength(1);
  });
});
