import { describe, expect, it } from "vitest";
import { addDays, businessDay, count, distance, duration, money, percent, time, unknown } from "./format";

describe("unknown is not zero", () => {
  it.each([count, money, percent, duration, distance])("%o", (format) => {
    expect(format(null)).toBe(unknown);
    expect(format(undefined)).toBe(unknown);
    expect(format(0)).not.toBe(unknown);
  });
});

describe("money", () => {
  it.each([
    [0, "¥0"],
    [100, "¥1"],
    [123456, "¥1,234.56"],
    [-1990, "-¥19.90"],
    [110, "¥1.10"],
  ])("%i fen", (fen, want) => expect(money(fen)).toBe(want));
});

describe("duration and distance", () => {
  it.each([
    [80, "80 ms"],
    [1200, "1.2 s"],
    [180_000, "3 min"],
  ])("%i ms", (ms, want) => expect(duration(ms)).toBe(want));
  it.each([
    [354, "350 m"],
    [1240, "1.2 km"],
    [12_400, "12 km"],
  ])("%i m", (m, want) => expect(distance(m)).toBe(want));
});

describe("time", () => {
  it("stands on the corp's wall clock, not the browser's", () => {
    expect(time("2026-11-22T20:30:00Z", "Asia/Shanghai")).toBe("2026-11-23 04:30");
    expect(businessDay("2026-11-22T20:30:00Z", "Asia/Shanghai")).toBe("2026-11-23");
    expect(businessDay("2026-11-22T20:30:00Z", "UTC")).toBe("2026-11-22");
  });
  it("keeps month before day without the year", () => {
    expect(time("2026-11-02T20:30:00Z", "Asia/Shanghai", "short")).toBe("11-03 04:30");
    expect(time(null, "Asia/Shanghai", "short")).toBe(unknown);
  });
  it("moves days across months", () => expect(addDays("2026-03-01", -1)).toBe("2026-02-28"));
  it("shows no broken dates", () => expect(time("nonsense", "UTC")).toBe(unknown));
});

describe("percent", () => {
  it("keeps one decimal", () => expect(percent(0.4567)).toBe("45.7%"));
});
