// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Target } from "./nav";
import { bridge } from "./webview";

const posts: { url: string; body: unknown }[] = [];

beforeEach(() => {
  posts.length = 0;
  vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
    posts.push({ url, body: JSON.parse(String(init?.body ?? "null")) });
    return Response.json({ ok: true });
  });
});

function client(beside?: Target, kind: "staff" | "person" = "staff") {
  const invoke = bridge({ id: "lina", kind }, { current: beside }, () => undefined);
  return (name: string, params: Record<string, unknown> = {}) =>
    new Promise<Record<string, unknown>>((resolve) => invoke(name, params, resolve));
}

describe("bridge", () => {
  it("sends into the chat beside the page", async () => {
    const call = client({ chat_id: "wr1" });
    expect(await call("sendChatMessage", { msgtype: "text", text: { content: "早上好" } })).toEqual({
      err_msg: "sendChatMessage:ok",
    });
    expect(posts).toEqual([{ url: "/phone/sim/api/staff/lina/sidebar", body: { chat_id: "wr1", text: "早上好" } }]);
  });

  it("refuses to send outside of a chat, as WeCom does", async () => {
    const call = client();
    expect(await call("sendChatMessage", { msgtype: "text", text: { content: "x" } })).toEqual({
      err_msg: "sendChatMessage:fail no permission",
    });
    expect(posts).toEqual([]);
  });

  it("opens a chat, and then is beside it", async () => {
    const call = client();
    await call("openEnterpriseChat", { chatId: "", externalUserIds: "wm1" });
    expect(await call("getContext")).toMatchObject({ entry: "single_chat_tools" });
    expect(await call("getCurExternalContact")).toMatchObject({ userId: "wm1" });
  });

  it("is no WeCom client in a customer's hand", async () => {
    expect(await client({ chat_id: "wr1" }, "person")("getContext")).toEqual({
      err_msg: "getContext:fail no permission",
    });
  });
});
