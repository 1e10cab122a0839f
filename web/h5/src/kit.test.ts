// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { pictureOf } from "./kit";

describe("pictureOf", () => {
  it.each([
    ["https://wework.qpic.cn/wwpic/1", null, "https://wework.qpic.cn/wwpic/1"],
    ["https://x.test/qr", "/h5/qr.svg", "/h5/qr.svg"],
    ["https://work.weixin.qq.com/gm/abc", null, null],
    [null, null, null],
  ])("%s + %s → %s", (qr, svg, want) => expect(pictureOf(qr, svg)).toBe(want));
});
