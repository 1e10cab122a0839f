import { describe, expect, it } from "vitest";
import { funnelWidths } from "./funnel";

describe("funnelWidths", () => {
  it("measures against the widest step, even when it is not the first", () => {
    expect(funnelWidths([{ people: 50 }, { people: 100 }, { people: 25 }])).toEqual([50, 100, 25]);
  });
  it("draws nothing for the unknown", () => expect(funnelWidths([{ people: null }, { people: 10 }])).toEqual([0, 100]));
  it("survives an empty day", () => expect(funnelWidths([{ people: 0 }, { people: 0 }])).toEqual([0, 0]));
});
