import { describe, expect, it } from "vitest";
import { chatTime } from "./kit";

describe("chatTime", () => {
  const now = "2026-06-02T09:00:00+08:00";
  it("shows the clock on the same simulated day", () =>
    expect(chatTime("2026-06-02T00:10:00+08:00", now)).toBe("00:10"));
  it("shows the day of earlier ones", () => expect(chatTime("2026-06-01T23:50:00+08:00", now)).toBe("06-01 23:50"));
  it("reads the simulator's UTC times", () => expect(chatTime("2026-06-01T16:10:00Z", now)).toBe("00:10"));
});
