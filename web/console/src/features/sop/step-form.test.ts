import type { Step } from "@shared/api/types";
import { describe, expect, it } from "vitest";
import { withStep } from "./step-form";

const step = (key: string): Step => ({
  key,
  day: 1,
  time: "10:00",
  window: { from: "10:00", to: "12:00" },
  channel: "sidebar_group",
  purpose: "service",
  promo: false,
  quota_cost: 0,
  title: key,
  text: "",
  why: "",
  late: "skip",
  fallback: "",
});

describe("withStep", () => {
  it("changes one step and leaves the published ones alone", () => {
    const before = [step("a"), step("b")];
    const after = withStep(before, "b", { text: "新话术" });
    expect(after[1]?.text).toBe("新话术");
    expect(after[0]).toBe(before[0]);
    expect(before[1]?.text).toBe("");
  });
});
