// What WeChat shows after it read a code: a business card to add, or a group to join.
import { useState } from "preact/hooks";
import { Bar } from "./kit";
import type { Nav } from "./nav";
import { t } from "./text";

export function Card({ nav, kind, onAccept }: { nav: Nav; kind: "way" | "join"; onAccept: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const way = kind === "way";
  return (
    <>
      <Bar title={t(way ? "add_title" : "join_title")} onBack={nav.back} />
      <div class="scroll card">
        <i class={way ? "avatar is-big" : "avatar is-big is-group"} aria-hidden="true">
          {way ? "人" : "群"}
        </i>
        <h2>{t(way ? "add_title" : "join_title")}</h2>
        <p>{t(way ? "add_hint" : "join_hint")}</p>
        <button
          type="button"
          class="primary"
          disabled={busy}
          onClick={() => {
            setBusy(true);
            void onAccept().finally(() => setBusy(false));
          }}
        >
          {t(way ? "add" : "join")}
        </button>
      </div>
    </>
  );
}
