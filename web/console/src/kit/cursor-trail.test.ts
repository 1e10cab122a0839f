import { describe, expect, it } from "vitest";
import { CursorTrail } from "./cursor-trail";

describe("CursorTrail", () => {
  it("walks back the way it came", () => {
    const trail = new CursorTrail();
    trail.visit(1, undefined);
    trail.visit(2, "b");
    trail.visit(3, "c");
    expect(trail.before(4)).toEqual({ cursor: "c", page: 3 });
    expect(trail.before(3)).toEqual({ cursor: "b", page: 2 });
    expect(trail.before(2)).toEqual({ cursor: undefined, page: undefined });
  });
  it("returns to the first page when the way is unknown, as after a reload", () => {
    expect(new CursorTrail().before(5)).toEqual({ cursor: undefined, page: undefined });
  });
});
