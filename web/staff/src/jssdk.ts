// WeCom's own JS-SDK, loaded only inside WeCom and only when a page first asks the client for something. Every call waits
// until the client has accepted our signature; what the client refuses is an answer, not an exception.
import { unwrap } from "@shared/api/client";
import type { JSSDK } from "@shared/api/types";
import { ensureConfigReady, invoke, register } from "@wecom/jssdk";
import { api } from "./api";

/** What the client answers: "name:ok", or "name:fail" and why. */
export interface Reply {
  err_msg?: string;
  errMsg?: string;
  [key: string]: unknown;
}

const calls = ["getContext", "getCurExternalChat", "getCurExternalContact", "openEnterpriseChat", "sendChatMessage"];

const signatures = new Map<string, Promise<JSSDK>>();

/** The signature of an address; a failed one may be asked for again. */
function sign(url: string): Promise<JSSDK> {
  const page = url.split("#")[0] ?? url;
  const known = signatures.get(page);
  if (known) return known;
  const asked = unwrap<JSSDK>(api.GET("/staff/api/jssdk", { params: { query: { url: page } } }));
  signatures.set(page, asked);
  asked.catch(() => signatures.delete(page));
  return asked;
}

let ready: Promise<unknown> | undefined;

async function start(): Promise<void> {
  const { corp_id, agent_id } = await sign(window.location.href);
  register({
    corpId: corp_id,
    agentId: agent_id,
    jsApiList: calls,
    getConfigSignature: async (url) => {
      const it = await sign(url);
      return { timestamp: it.timestamp, nonceStr: it.nonce, signature: it.config_signature };
    },
    getAgentConfigSignature: async (url) => {
      const it = await sign(url);
      return { timestamp: it.timestamp, nonceStr: it.nonce, signature: it.agent_signature };
    },
  });
  await ensureConfigReady();
}

/** Calls the WeCom client. A page that could not be signed or was refused answers with why. */
export async function call(name: string, params: Record<string, unknown>): Promise<Reply> {
  try {
    ready ??= start();
    await ready;
  } catch (error) {
    ready = undefined;
    return { errMsg: `${name}:fail ${reasonOf(error)}` };
  }
  try {
    return (await invoke(name, params)) as unknown as Reply;
  } catch (error) {
    return { errMsg: `${name}:fail ${reasonOf(error)}` };
  }
}

function reasonOf(error: unknown): string {
  const { errMsg, message } = (error ?? {}) as { errMsg?: string; message?: string };
  return (errMsg ?? message ?? String(error)).replace(/^\w+:(fail\s*)?/, "");
}
