import { describe, expect, it } from "vitest";
import { ApiError } from "../api/client";
import { errorText } from "./errors";
import en from "./errors.en.json";
import zh from "./errors.zh.json";

const holes = (text: string) => (text.match(/\{\{\w+\}\}/g) ?? []).sort();

describe("error catalogs", () => {
  it("have the same codes", () => expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort()));
  it.each(Object.keys(zh) as (keyof typeof zh)[])("%s says something, with the same parameters", (code) => {
    expect(zh[code].trim()).not.toBe("");
    expect(en[code].trim()).not.toBe("");
    expect(holes(zh[code])).toEqual(holes(en[code]));
  });
});

describe("errorText", () => {
  it("translates what no server sentence covers", () => {
    expect(errorText(new ApiError(0), "zh")).toBe(zh.network);
    expect(errorText(new ApiError(422, { code: "request.422", message: "validation failed" }), "zh")).toBe(
      zh["request.422"],
    );
  });
  it("says what the server says of its own codes", () => {
    expect(errorText(new ApiError(409, { code: "store.duplicate_number", message: "编号重复" }), "zh")).toBe(
      "编号重复",
    );
  });
  it("falls back to the server's sentence for a code it does not know", () => {
    expect(errorText(new ApiError(422, { code: "x.y", message: "第 3 行不对" }), "zh")).toBe("第 3 行不对");
  });
  it("names the family of a code it has no words for", () => {
    expect(errorText(new ApiError(409, { code: "x.y" }), "zh")).toBe(zh.conflict);
  });
  it("never shows a bare code or an exception", () => {
    expect(errorText(new ApiError(500, { code: "x.y" }), "zh")).toBe(zh.internal);
    expect(errorText(new TypeError("undefined is not a function"), "en")).toBe(en.internal);
  });
});
