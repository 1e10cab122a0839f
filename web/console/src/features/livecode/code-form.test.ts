import { describe, expect, it } from "vitest";
import { bytes, welcomeLimit } from "./code-form";

describe("welcome text", () => {
  it("is measured in UTF-8 bytes, as WeCom does", () => {
    expect(bytes("欢迎")).toBe(6);
    expect(bytes("😀a")).toBe(5);
    expect(bytes("好".repeat(1334))).toBeGreaterThan(welcomeLimit);
  });
});
