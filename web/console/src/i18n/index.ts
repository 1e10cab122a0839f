// The console's words: zh-CN by default, en second. Both languages of a word stand side by side, so none is ever
// missing; each area has its own file.
import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";
import { acquisition } from "./acquisition";
import { archive } from "./archive";
import { callback } from "./callback";
import { kit } from "./kit";
import { people } from "./people";
import { retention } from "./retention";
import { setup } from "./setup";
import { shell } from "./shell";
import { statistic } from "./statistic";
import { sync } from "./sync";
import { system } from "./system";

export const messages = {
  ...kit,
  ...shell,
  ...people,
  ...acquisition,
  ...retention,
  ...system,
  ...statistic,
  ...sync,
  ...callback,
  ...setup,
  ...archive,
} as const;

export type MessageKey = keyof typeof messages;
export type Language = "zh-CN" | "en";

const storageKey = "qunce.language";

export function storedLanguage(): Language {
  try {
    return localStorage.getItem(storageKey) === "en" ? "en" : "zh-CN";
  } catch {
    return "zh-CN";
  }
}

function catalog(index: 0 | 1): Record<string, string> {
  return Object.fromEntries(Object.entries(messages).map(([key, pair]) => [key, pair[index]]));
}

export async function startI18n(language: Language = storedLanguage()) {
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: "zh-CN",
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
    resources: { "zh-CN": { translation: catalog(0) }, en: { translation: catalog(1) } },
  });
  document.documentElement.lang = language;
}

export function setLanguage(language: Language) {
  try {
    localStorage.setItem(storageKey, language);
  } catch {
    // Private windows refuse storage; the choice then lasts until the page is closed.
  }
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}

/** Calls back after every change of the language. */
export function onLanguageChange(then: () => void) {
  i18next.on("languageChanged", then);
}

type Params = Record<string, string | number>;

export interface Translate {
  (key: MessageKey, params?: Params): string;
  /** The word for a value that the server may extend, e.g. an enum; the value itself when we have no word. */
  word: (prefix: string, value: string | null | undefined) => string;
  language: Language;
}

/** The translate function of the current language; re-renders when the language changes. */
export function useT(): Translate {
  const { t, i18n } = useTranslation();
  const translate = ((key: MessageKey, params?: Params) => t(key, params ?? {})) as Translate;
  translate.word = (prefix, value) => {
    if (value === null || value === undefined || value === "") return "";
    const key = `${prefix}.${value}`;
    return i18n.exists(key) ? t(key) : value;
  };
  translate.language = i18n.language as Language;
  return translate;
}
