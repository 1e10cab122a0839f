import { describe, expect, it } from "vitest";
import { ApiError } from "../api/client";
import { codeText, errorText } from "./errors";
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
  it("translates a known code", () => {
    const error = new ApiError(409, { code: "store.duplicate_number", message: "server text" });
    expect(errorText(error, "zh")).toBe(zh["store.duplicate_number"]);
  });
  it("fills parameters", () =>
    expect(codeText("import.missing_column", "zh", { column: "门店编号" })).toContain("门店编号"));
  it("falls back to the server's sentence for a code it does not know", () => {
    expect(errorText(new ApiError(422, { code: "x.y", message: "第 3 行不对" }), "zh")).toBe("第 3 行不对");
  });
  it("never shows a bare code or an exception", () => {
    expect(errorText(new ApiError(500, { code: "x.y" }), "zh")).toBe(zh.internal);
    expect(errorText(new TypeError("undefined is not a function"), "en")).toBe(en.internal);
  });
});
