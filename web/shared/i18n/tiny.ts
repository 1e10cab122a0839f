// Words for the small pages: pairs of zh-CN and en, the language chosen once when the page opens.

export type Pairs = Record<string, readonly [zh: string, en: string]>;

/** The reader's language: what they chose in the console, else what `guess` says, else Chinese. */
export function chooseLanguage(guess?: string): "zh-CN" | "en" {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem("qunce.language");
  } catch {
    // Storage may be closed to us; the guess remains.
  }
  if (stored === "en" || stored === "zh-CN") return stored;
  return guess && !guess.toLowerCase().startsWith("zh") ? "en" : "zh-CN";
}

/** A translate function over the pairs. */
export function makeT<P extends Pairs>(pairs: P, language: "zh-CN" | "en") {
  const index = language === "en" ? 1 : 0;
  return (key: keyof P & string, params: Record<string, string | number> = {}): string =>
    (pairs[key]?.[index] ?? key).replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(params[name] ?? ""));
}
