// @vitest-environment happy-dom
import type { Metric } from "@shared/api/types";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { startI18n } from "../i18n";
import { metricText, StatTile } from "./metric";

beforeAll(() => startI18n("zh-CN"));
afterEach(cleanup);

const base: Metric = { id: "acq.add", version: 1, value: 12, state: "complete", unit: "count" };

describe("metricText", () => {
  it.each([
    [{ value: 12345, unit: "count" }, "12,345"],
    [{ value: 0, unit: "count" }, "0"],
    [{ value: 0.5, unit: "ratio" }, "50%"],
    [{ value: 199000, unit: "fen" }, "¥1,990"],
    [{ value: 1.5, unit: "seconds" }, "1.5 s"],
    [{ value: null, unit: "fen" }, "—"],
  ] as const)("%o", (metric, want) => expect(metricText(metric)).toBe(want));
});

describe("StatTile", () => {
  it("shows an unknown number as a dash with the reason, never as zero", () => {
    render(<StatTile metric={{ ...base, value: null, state: "not_permitted" }} />);
    expect(screen.getByText("—")).toBeTruthy();
    expect(screen.getByText("没有权限查看")).toBeTruthy();
    expect(screen.queryByText("0")).toBeNull();
  });
  it("shows the fraction of a rate", () => {
    render(<StatTile metric={{ ...base, unit: "ratio", value: 0.25, numerator: 25, denominator: 100 }} />);
    expect(screen.getByText("25 / 100")).toBeTruthy();
  });
  it("shows a range instead of a number when the cases are few", () => {
    const few = {
      ...base,
      unit: "ratio" as const,
      value: 0.05,
      numerator: 1,
      denominator: 20,
      low: 0.009,
      high: 0.236,
    };
    render(<StatTile metric={few} />);
    expect(screen.getByText("0.9% – 23.6%")).toBeTruthy();
    expect(screen.queryByText("5%")).toBeNull();
  });
  it("marks incomplete data", () => {
    render(<StatTile metric={{ ...base, state: "partial" }} />);
    expect(screen.getByLabelText("数据不完整")).toBeTruthy();
  });
});
