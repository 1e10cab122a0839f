import { describe, expect, it } from "vitest";
import { coverState } from "./cover";

const day = { day: "2026-03-02", staff: 0, staff_absent: 0, staff_open: 0, owners: 0, owner_absent: 0, owner_open: 0 };

describe("coverState", () => {
  it.each([
    ["nothing was read", day, false, 3, "none"],
    ["WeCom gave nothing", { ...day, staff_absent: 3 }, false, 3, "none"],
    ["all staff", { ...day, staff: 3 }, false, 3, "whole"],
    ["more than have a seat now", { ...day, staff: 4 }, false, 3, "whole"],
    ["some staff", { ...day, staff: 2 }, false, 3, "part"],
    ["some were not given", { ...day, staff: 3, staff_absent: 1 }, false, 3, "part"],
    ["read early", { ...day, staff: 3, staff_open: 1 }, false, 3, "early"],
    ["owners, as many as there are", { ...day, owners: 1 }, true, 3, "whole"],
    ["owners, some not given", { ...day, owners: 1, owner_absent: 1 }, true, 3, "part"],
  ] as const)("%s", (_, given, owners, staff, want) => {
    expect(coverState(given, owners, staff)).toBe(want);
  });
});
