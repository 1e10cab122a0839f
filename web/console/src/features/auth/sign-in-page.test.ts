import { describe, expect, it } from "vitest";
import { insideOnly } from "./sign-in-page";

describe("insideOnly", () => {
  it.each([
    ["/customers?q=a", "/customers?q=a"],
    [undefined, "/"],
    ["//evil.example", "/"],
    ["/\\evil.example", "/"],
    ["https://evil.example", "/"],
  ])("%s → %s", (path, want) => expect(insideOnly(path)).toBe(want));
});
