import { describe, expect, it } from "vitest";
import { toGcj, toWgs } from "./gcj";

describe("coordinates", () => {
  it("shift by some hundred metres in Shanghai", () => {
    const shifted = toGcj({ lat: 31.2304, lng: 121.4737 });
    expect(shifted.lat - 31.2304).toBeCloseTo(-0.00194, 4);
    expect(shifted.lng - 121.4737).toBeCloseTo(0.00453, 4);
  });
  it.each([
    { lat: 31.2304, lng: 121.4737 },
    { lat: 39.9042, lng: 116.4074 },
    { lat: 23.1291, lng: 113.2644 },
  ])("come back: $lat, $lng", (place) => {
    const back = toGcj(toWgs(place));
    expect(back.lat).toBeCloseTo(place.lat, 7);
    expect(back.lng).toBeCloseTo(place.lng, 7);
  });
});
