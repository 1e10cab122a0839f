// The kinds of WeCom's events that the filter offers, by area.
import type { Translate } from "../../i18n";
import { callback } from "../../i18n/callback";

/** The filter's value for kinds that WeCom's documents do not know. */
export const undocumented = "undocumented";

const prefix = "callback_kind.";

/** All kinds, in the order of the messages: the same list that gives them their words. */
export function kindOptions(t: Translate): { value: string; label: string }[] {
  return Object.keys(callback)
    .filter((key) => key.startsWith(prefix))
    .map((key) => ({ value: key.slice(prefix.length), label: t.word("callback_kind", key.slice(prefix.length)) }));
}
