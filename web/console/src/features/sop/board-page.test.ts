import { describe, expect, it } from "vitest";
import { place } from "./board-page";

describe("place", () => {
  it.each([
    [{}, { level: "region" }],
    [{ region_id: 2 }, { level: "store", parent_id: 2 }],
    [
      { region_id: 2, store_id: 9 },
      { level: "staff", parent_id: 9 },
    ],
  ] as const)("%o", (search, want) => expect(place(search)).toEqual(want));
});
