// A template card of the app's: what it asks, and the buttons that answer.
import { useState } from "preact/hooks";
import { act, type CardMessage, PhoneError, type Question } from "./api";
import type { Nav } from "./nav";
import { t } from "./text";

export function CardActions({ item, nav, onDone }: { item: CardMessage; nav: Nav; onDone: () => void }) {
  const [chosen, setChosen] = useState<Record<string, string[]>>({});
  const [busy, setBusy] = useState(false);
  const { card } = item;
  if (item.changed_to) return <p class="quiet card-done">{item.changed_to}</p>;

  const press = async (kind: "app_press" | "app_card_menu", key: string) => {
    setBusy(true);
    try {
      await act({
        kind,
        userid: nav.me.id,
        msgid: item.msgid,
        key,
        selected: kind === "app_press" ? chosen : undefined,
      });
      nav.say(t("card_pressed"));
    } catch (error) {
      nav.say(error instanceof PhoneError ? error.message : t("failed"));
    } finally {
      setBusy(false);
      onDone();
    }
  };

  const questions: (Question & { many?: boolean })[] = [
    ...(card.button_selection ? [card.button_selection] : []),
    ...(card.select_list ?? []),
    ...(card.checkbox ? [{ ...card.checkbox, many: card.checkbox.mode === 1 }] : []),
  ];
  const buttons = [
    ...(card.button_list ?? []).filter((button) => !button.type && button.key),
    ...(card.submit_button ? [card.submit_button] : []),
  ];
  const menu = card.action_menu?.action_list ?? [];
  if (buttons.length + menu.length === 0) return null;
  return (
    <div class="card-actions">
      {questions.map((question) => (
        <fieldset key={question.question_key}>
          {question.title && <legend>{question.title}</legend>}
          {question.option_list.map((option) => {
            const now = chosen[question.question_key] ?? [];
            const on = now.includes(option.id);
            const without = now.filter((id) => id !== option.id);
            const next = question.many ? (on ? without : [...now, option.id]) : [option.id];
            return (
              <label key={option.id}>
                <input
                  type={question.many ? "checkbox" : "radio"}
                  name={`${item.msgid} ${question.question_key}`}
                  checked={on}
                  onChange={() => setChosen({ ...chosen, [question.question_key]: next })}
                />
                {option.text}
              </label>
            );
          })}
        </fieldset>
      ))}
      <div class="card-buttons">
        {buttons.map((button) => (
          <button
            key={button.key}
            type="button"
            class="primary"
            disabled={busy}
            onClick={() => press("app_press", button.key)}
          >
            {button.text}
          </button>
        ))}
        {menu.map((entry) => (
          <button
            key={entry.key}
            type="button"
            class="link"
            disabled={busy}
            onClick={() => press("app_card_menu", entry.key)}
          >
            {entry.text}
          </button>
        ))}
      </div>
    </div>
  );
}
