// Five steps that show what the product does. Each ticks itself off when it was lived.
import { useEffect, useState } from "preact/hooks";
import { t, type Word } from "./text";

export const steps = ["pick", "scan", "welcome", "group", "staff"] as const;
export type GuideStep = (typeof steps)[number];

const storageKey = "qunce.phone.guide";
const changed = "qunce-guide";

function load(): Set<GuideStep> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(storageKey) ?? "[]");
    return new Set(steps.filter((step) => Array.isArray(kept) && kept.includes(step)));
  } catch {
    return new Set();
  }
}

let done = load();

function keep(next: Set<GuideStep>) {
  done = next;
  try {
    localStorage.setItem(storageKey, JSON.stringify([...next]));
  } catch {
    // The ticks then last until the page is closed.
  }
  window.dispatchEvent(new Event(changed));
}

/** Ticks a step off; doing it again changes nothing. */
export function lived(step: GuideStep): void {
  if (!done.has(step)) keep(new Set([...done, step]));
}

export function Guide() {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listen = () => redraw((n) => n + 1);
    window.addEventListener(changed, listen);
    return () => window.removeEventListener(changed, listen);
  }, []);
  const next = steps.find((step) => !done.has(step));
  return (
    <section class="guide">
      <ol>
        {steps.map((step, i) => (
          <li key={step} class={done.has(step) ? "is-done" : step === next ? "is-next" : ""}>
            <i>{done.has(step) ? "✓" : i + 1}</i>
            <span>{t(`guide.${step}` as Word)}</span>
          </li>
        ))}
      </ol>
      <p>
        {next ? t(`guide.${next}_hint` as Word) : t("guide.done")}{" "}
        {done.size > 0 && (
          <button type="button" class="link" onClick={() => keep(new Set())}>
            {t("guide.again")}
          </button>
        )}
      </p>
    </section>
  );
}
