// One sentence for a failed request. The server translates its own codes; this catalog has what no server sentence
// covers: no answer at all, an answer from something in between, and the generic findings of request validation.
import { ApiError, codeOfStatus } from "../api/client";
import en from "./errors.en.json";
import zh from "./errors.zh.json";

const catalogs: Record<string, Record<string, string>> = { zh, en };

export type ErrorLanguage = "zh" | "en";

/** The sentence for a code, or undefined when the code is not in the catalog. */
export function codeText(code: string, language: ErrorLanguage): string | undefined {
  return catalogs[language]?.[code];
}

/** What to tell a person about any thrown value. Never shows internals. */
export function errorText(error: unknown, language: ErrorLanguage): string {
  const internal = codeText("internal", language) ?? "";
  if (!(error instanceof ApiError)) return internal;
  const own = codeText(error.code, language);
  if (own) return own;
  // The server's sentence is already in the reader's language; a bare code is not a sentence.
  if (error.message && error.message !== error.code && !error.message.startsWith("HTTP ")) return error.message;
  return codeText(codeOfStatus(error.status), language) ?? internal;
}
