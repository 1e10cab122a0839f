import { ApiError } from "@shared/api/client";
import { describe, expect, it } from "vitest";
import { fieldErrors } from "./form-drawer";

describe("fieldErrors", () => {
  it("marks the field of a single failure with the server's sentence", () => {
    const error = new ApiError(409, { code: "store.duplicate_number", field: "number", message: "编号已存在" });
    expect(fieldErrors(error)).toEqual([{ name: "number", errors: ["编号已存在"] }]);
  });
  it("finds the form's field in a finding of request validation", () => {
    const details = [{ field: "body.name", code: "request.invalid", message: "expected length >= 1" }];
    const error = new ApiError(422, { code: "request.422", message: "请检查标出的字段", details });
    expect(fieldErrors(error)).toEqual([{ name: "name", errors: ["请检查标出的字段"] }]);
  });
  it("gathers several findings about one field", () => {
    const details = [
      { field: "text", code: "a", message: "太长" },
      { field: "text", code: "b", message: "含禁用词" },
    ];
    expect(fieldErrors(new ApiError(422, { code: "x", details }))).toEqual([
      { name: "text", errors: ["太长", "含禁用词"] },
    ]);
  });
  it("marks nothing when no field is named", () => expect(fieldErrors(new ApiError(500))).toEqual([]));
});
