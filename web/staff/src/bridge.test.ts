// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from "vitest";
import { currentChat, sameChat, sendText } from "./bridge";

type Handler = (params: Record<string, unknown>) => Record<string, unknown>;

function client(handlers: Record<string, Handler>) {
  const calls: string[] = [];
  window.WeixinJSBridge = {
    invoke(name, params, callback) {
      calls.push(name);
      callback(handlers[name]?.(params) ?? { err_msg: `${name}:fail no permission` });
    },
  };
  return calls;
}

afterEach(() => {
  window.WeixinJSBridge = undefined;
  vi.unstubAllGlobals();
});

const group = { chat_id: "wr1" };

describe("sendText", () => {
  it("says so when there is no client around the page", async () => {
    expect(await sendText(group, "hi")).toEqual({ kind: "unavailable" });
  });

  it("sends at once in the chat beside the page", async () => {
    const calls = client({
      getContext: () => ({ err_msg: "getContext:ok", entry: "group_chat_tools" }),
      getCurExternalChat: () => ({ err_msg: "getCurExternalChat:ok", chatId: "wr1" }),
      sendChatMessage: () => ({ err_msg: "sendChatMessage:ok" }),
    });
    expect(await sendText(group, "hi")).toEqual({ kind: "sent" });
    expect(calls).not.toContain("openEnterpriseChat");
  });

  it("never posts into another chat than the task's", async () => {
    const calls = client({
      getContext: () => ({ err_msg: "getContext:ok", entry: "group_chat_tools" }),
      getCurExternalChat: () => ({ err_msg: "getCurExternalChat:ok", chatId: "wr-other" }),
      openEnterpriseChat: () => ({ err_msg: "openEnterpriseChat:ok" }),
      sendChatMessage: () => ({ err_msg: "sendChatMessage:ok" }),
    });
    expect(await sendText(group, "hi")).toEqual({ kind: "opened" });
    expect(calls).not.toContain("sendChatMessage");
  });

  it("passes on why the client refused", async () => {
    client({
      getContext: () => ({ err_msg: "getContext:ok", entry: "group_chat_tools" }),
      getCurExternalChat: () => ({ err_msg: "getCurExternalChat:ok", chatId: "wr1" }),
      sendChatMessage: () => ({ err_msg: "sendChatMessage:fail cancel" }),
    });
    expect(await sendText(group, "hi")).toEqual({ kind: "failed", reason: "fail cancel" });
  });
});

describe("inside WeCom", () => {
  it("says why when the page cannot be signed, and uses no other bridge", async () => {
    const calls = client({});
    const said = "这个页面的地址不能签名";
    vi.stubGlobal("fetch", async () => Response.json({ code: "staff.jssdk_url", message: said }, { status: 422 }));
    vi.spyOn(window.navigator, "userAgent", "get").mockReturnValue("Mozilla/5.0 wxwork/4.1.36 MicroMessenger/7.0.1");
    expect(await sendText(group, "hi")).toEqual({ kind: "failed", reason: `fail ${said}` });
    expect(calls).toEqual([]);
  });
});

describe("chats", () => {
  it("knows the customer of a single chat", async () => {
    client({
      getContext: () => ({ err_msg: "getContext:ok", entry: "single_chat_tools" }),
      getCurExternalContact: () => ({ err_msg: "getCurExternalContact:ok", userId: "wm1" }),
    });
    expect(await currentChat()).toEqual({ external_userid: "wm1" });
  });
  it("does not take two unknowns for the same", () => expect(sameChat({}, {})).toBe(false));
});
