import type { CheckState, Finding } from "@shared/api/types";
import { describe, expect, it } from "vitest";
import { worst } from "./findings";

const of = (...states: CheckState[]) => states.map((state) => ({ state }) as Finding);

describe("worst", () => {
  it.each([
    [of(), "ok"],
    [of("ok", "skipped"), "ok"],
    [of("ok", "unknown"), "unknown"],
    [of("unknown", "warn", "ok"), "warn"],
    [of("warn", "fail", "unknown"), "fail"],
  ] as const)("%j is %s", (items, want) => expect(worst(items as Finding[])).toBe(want));
});
