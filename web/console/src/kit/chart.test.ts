import { describe, expect, it } from "vitest";
import { linePath, niceTop } from "./chart";

const same = (v: number) => v;

describe("linePath", () => {
  it("lifts the pen where nothing is known", () => {
    expect(linePath([1, 2, null, 3], same, same)).toBe("M0.0 1.0L1.0 2.0M3.0 3.0");
  });
  it("is empty without values", () => expect(linePath([null], same, same)).toBe(""));
});

describe("niceTop", () => {
  it.each([
    [0, 1],
    [3, 4],
    [17, 20],
    [240, 400],
    [401, 600],
    [0.3, 0.4],
  ])("%d → %d", (max, want) => expect(niceTop(max)).toBe(want));
});
