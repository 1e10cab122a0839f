// One sentence for a failed request. The server says its failures in the reader's language; the sentences here are for
// what no server could say: no answer at all, an answer from something in between, and our own pages' mistakes.
import { ApiError, codeOfStatus } from "../api/client";

export type ErrorLanguage = "zh" | "en";

/** Pairs of zh-CN and en, by the family of a failure. */
export const sentences = {
  network: [
    "连接不上服务器。请检查网络后重试，刚才的操作不会重复执行。",
    "Cannot reach the server. Check the network and try again; nothing is done twice.",
  ],
  unauthenticated: ["登录已失效，请重新登录。", "You are signed out. Please sign in again."],
  too_large: ["文件太大，请拆分后再上传。", "The file is too large. Split it and upload again."],
  unavailable: ["服务暂时不可用，请稍后再试。", "The service is not available now. Please try again later."],
  unknown: [
    "没有成功，请稍后重试；如一直出现，请把时间告诉管理员。",
    "That did not work. Please try again; if it keeps happening, tell your administrator when.",
  ],
} as const;

/** What to tell a person about any thrown value. Never shows a bare code or an exception. */
export function errorText(error: unknown, language: ErrorLanguage): string {
  const index = language === "en" ? 1 : 0;
  if (!(error instanceof ApiError)) return sentences.unknown[index];
  if (error.sentence) return error.sentence;
  const family = codeOfStatus(error.status);
  return (family in sentences ? sentences[family as keyof typeof sentences] : sentences.unknown)[index];
}
