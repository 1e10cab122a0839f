import { describe, expect, it } from "vitest";
import { share } from "./meters-page";
import { stepPercent } from "./sync-progress";

describe("stepPercent", () => {
  it.each([
    ["waiting", 0, 0, 0],
    ["running", 0, 0, 0],
    ["running", 1, 3, 33],
    ["running", 5, 3, 100],
    ["done", 0, 0, 100],
    ["skipped", 0, 4, 0],
  ])("%s, %d of %d", (state, done, of, want) => {
    expect(stepPercent({ state, done, of })).toBe(want);
  });
});

describe("share", () => {
  it.each([
    [null, 100, 0],
    [5, null, 0],
    [5, 0, 0],
    [50, 200, 25],
    [300, 200, 100],
  ])("%s of %s", (used, limit, want) => {
    expect(share({ used, limit })).toBe(want);
  });
});
