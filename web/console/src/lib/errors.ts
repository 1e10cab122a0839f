// The sentence for a thrown value in the reader's language.
import { errorText } from "@shared/i18n/errors";
import { useTranslation } from "react-i18next";

export function useErrorText(): (error: unknown) => string {
  const { i18n } = useTranslation();
  return (error) => errorText(error, i18n.language === "en" ? "en" : "zh");
}
