import { describe, expect, it } from "vitest";
import { pretty } from "./callback-xml";

describe("a callback's XML", () => {
  it("has an element a line", () => {
    expect(pretty("<xml><A><![CDATA[x <b> y]]></A><B>1</B><C></C></xml>")).toBe(
      "<xml>\n  <A><![CDATA[x <b> y]]></A>\n  <B>1</B>\n  <C></C>\n</xml>",
    );
  });

  it("indents lists", () => {
    expect(pretty("<xml><L><I>a</I><I>b</I></L></xml>")).toBe(
      "<xml>\n  <L>\n    <I>a</I>\n    <I>b</I>\n  </L>\n</xml>",
    );
  });

  it.each(["", "no XML", "{}", "<", "<xml", "</x>", "<a><b>", "a < b"])("loses nothing of %j", (text) => {
    expect(pretty(text).replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
  });
});
