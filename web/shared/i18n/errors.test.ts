import { describe, expect, it } from "vitest";
import { ApiError } from "../api/client";
import { errorText, sentences } from "./errors";

describe("errorText", () => {
  it("says what the server says", () => {
    const error = new ApiError(409, { code: "store.duplicate_number", message: "编号重复" });
    expect(errorText(error, "zh")).toBe("编号重复");
  });
  it("has words for silence and for what stands in between", () => {
    expect(errorText(new ApiError(0), "zh")).toBe(sentences.network[0]);
    expect(errorText(new ApiError(502), "en")).toBe(sentences.unavailable[1]);
    expect(errorText(new ApiError(413), "zh")).toBe(sentences.too_large[0]);
  });
  it("never shows a bare code or an exception", () => {
    expect(errorText(new ApiError(500, { code: "x.y" }), "zh")).toBe(sentences.unknown[0]);
    expect(errorText(new ApiError(409, { code: "x.y", message: "x.y" }), "zh")).toBe(sentences.unknown[0]);
    expect(errorText(new TypeError("undefined is not a function"), "en")).toBe(sentences.unknown[1]);
  });
});
