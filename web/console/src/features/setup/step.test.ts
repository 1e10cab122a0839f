import type { Setup } from "@shared/api/types";
import { describe, expect, it } from "vitest";
import { hostOf } from "./domain-step";
import { doneSteps } from "./step";

const empty = { knock: { state: "none" } } as Setup;

describe("doneSteps", () => {
  it("begins with none", () => expect([...doneSteps(empty)]).toEqual([]));
  it("needs a password for the account", () =>
    expect([...doneSteps({ ...empty, brand: "a", email: "b" })]).toEqual([]));
  it("believes WeCom's word for the app and its test for the callback", () =>
    expect([
      ...doneSteps({
        ...empty,
        brand: "a",
        email: "b",
        has_password: true,
        app_name: "c",
        knock: { state: "ok", at: null, message: "" },
      }),
    ]).toEqual(["brand", "corp", "callback"]));
});

describe("hostOf", () => {
  it.each([
    ["https://qunce.example.cn", "qunce.example.cn"],
    ["http://127.0.0.1:8080", "127.0.0.1:8080"],
    ["nonsense", "nonsense"],
  ])("%s is on %s", (address, want) => expect(hostOf(address)).toBe(want));
});
