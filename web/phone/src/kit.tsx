import type { ComponentChildren } from "preact";
import { t } from "./text";

const colours = ["#5b8c85", "#8c7b5b", "#6b7fa3", "#a36b6b", "#7a9a5b", "#8a6ba3", "#4f8aa3", "#a3824f"];

function colourOf(id: string): string {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + char.charCodeAt(0)) >>> 0;
  return colours[sum % colours.length] ?? "#6b7fa3";
}

export function Avatar({ name, id, group }: { name: string; id: string; group?: boolean }) {
  return (
    <i class={group ? "avatar is-group" : "avatar"} style={{ background: colourOf(id) }} aria-hidden="true">
      {[...name].slice(group ? 0 : -2, group ? 2 : undefined).join("")}
    </i>
  );
}

export function Blank({ title, hint, children }: { title: string; hint?: string; children?: ComponentChildren }) {
  return (
    <div class="blank">
      <h2>{title}</h2>
      {hint && <p>{hint}</p>}
      {children}
    </div>
  );
}

export function Bar({ title, onBack, children }: { title: string; onBack?: () => void; children?: ComponentChildren }) {
  return (
    <div class="bar">
      {onBack ? (
        <button type="button" class="bar-back" onClick={onBack} aria-label={t("back")}>
          ‹
        </button>
      ) : (
        <span class="bar-back" />
      )}
      <b>{title}</b>
      <span class="bar-more">{children}</span>
    </div>
  );
}

interface SheetProps {
  title?: string;
  actions: { label: string; danger?: boolean; onPick: () => void }[];
  onClose: () => void;
}

/** Choices from the bottom of the phone. */
export function Sheet({ title, actions, onClose }: SheetProps) {
  return (
    <div class="sheet">
      <button type="button" class="sheet-back" aria-label={t("cancel")} onClick={onClose} />
      <div class="sheet-body" role="dialog">
        {title && <p>{title}</p>}
        {actions.map((action) => (
          <button key={action.label} type="button" class={action.danger ? "is-danger" : ""} onClick={action.onPick}>
            {action.label}
          </button>
        ))}
        <button type="button" class="sheet-cancel" onClick={onClose}>
          {t("cancel")}
        </button>
      </div>
    </div>
  );
}

/** A time as a chat list shows it: the clock today, else the day. Simulated days count, not real ones. */
export function chatTime(at: string, now: string, zone = "Asia/Shanghai"): string {
  const day = (iso: string) => new Date(iso).toLocaleDateString("sv-SE", { timeZone: zone });
  const clock = new Date(at).toLocaleTimeString("sv-SE", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
  return day(at) === day(now) ? clock : `${day(at).slice(5)} ${clock}`;
}
