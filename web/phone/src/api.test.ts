// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { readCode } from "./api";

describe("readCode", () => {
  it.each([
    ["http://127.0.0.1:9/sim/qr/w/abc.png", { kind: "way", qr: "http://127.0.0.1:9/sim/qr/w/abc.png" }],
    ["http://127.0.0.1:9/sim/qr/j/x1.png", { kind: "join", qr: "http://127.0.0.1:9/sim/qr/j/x1.png" }],
    [
      "http://127.0.0.1:9/phone/sim/ca/ca1?customer_channel=x",
      { kind: "link", qr: "http://127.0.0.1:9/phone/sim/ca/ca1?customer_channel=x" },
    ],
    ["https://q.test/c/tok_1", { kind: "landing", token: "tok_1" }],
    ["/c/tok_1", { kind: "landing", token: "tok_1" }],
    ["https://q.test/customers/1", null],
    ["你好", null],
  ])("%s", (address, want) => expect(readCode(address)).toEqual(want));
});
