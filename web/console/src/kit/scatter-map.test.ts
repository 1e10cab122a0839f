import { describe, expect, it } from "vitest";
import { boxAround, projection, scaleKm } from "./scatter-map";

const shanghai = [
  { lat: 31.2304, lng: 121.4737 },
  { lat: 31.19, lng: 121.43 },
  { lat: 31.25, lng: 121.5 },
];

describe("scatter map", () => {
  it("shows every point", () => {
    const box = boxAround(shanghai, 640 / 340);
    const { toX, toY } = projection(box, 640, 340);
    for (const p of shanghai) {
      expect(toX(p.lng)).toBeGreaterThan(0);
      expect(toX(p.lng)).toBeLessThan(640);
      expect(toY(p.lat)).toBeGreaterThan(0);
      expect(toY(p.lat)).toBeLessThan(340);
    }
  });
  it("puts a pin where it was clicked", () => {
    const { toX, toY, toPin } = projection(boxAround(shanghai, 2), 640, 340);
    expect(toPin(toX(121.4737), toY(31.2304))).toEqual({ lat: 31.2304, lng: 121.4737 });
  });
  it("has north above south", () => {
    const { toY } = projection(boxAround(shanghai, 2), 640, 340);
    expect(toY(31.25)).toBeLessThan(toY(31.19));
  });
  it("draws a scale bar that fits", () => {
    const box = { lat: 31, lng: 121, span: 0.1 };
    const km = scaleKm(box, 640, 340);
    expect(km).toBe(5);
  });
});
