// What stands behind a scanned code: a staff member's or a group's QR, or the way to the nearest store. Whatever goes
// wrong, the page offers a next step.
import type { Landing } from "@shared/api/types";
import { useEffect, useState } from "preact/hooks";
import { isPassing, landing, token } from "./api";
import { Page, Privacy, pictureOf, Qr, Waiting } from "./kit";
import { Locator } from "./locator";
import { t } from "./text";

type State =
  | { at: "loading" }
  | { at: "offline" }
  | { at: "dead" }
  | { at: "landing"; landing: Landing }
  | { at: "stores" };

export function App() {
  const [state, setState] = useState<State>(token ? { at: "loading" } : { at: "stores" });

  const open = () => {
    setState({ at: "loading" });
    landing().then(
      (reply) => {
        if (reply.brand) document.title = reply.brand;
        setState({ at: "landing", landing: reply });
      },
      (error: unknown) => setState({ at: isPassing(error) ? "offline" : "dead" }),
    );
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: one scan is counted once
  useEffect(() => {
    if (token) open();
  }, []);

  switch (state.at) {
    case "loading":
      return <Waiting />;
    case "offline":
      return (
        <Page title={t("offline")} hint={t("offline_hint")}>
          <button type="button" class="primary" onClick={open}>
            {t("retry")}
          </button>
        </Page>
      );
    case "dead":
      return (
        <Page title={t("dead_title")} hint={t("dead_hint")}>
          <button type="button" class="primary" onClick={() => setState({ at: "stores" })}>
            {t("see_stores")}
          </button>
        </Page>
      );
    case "stores":
      return <Locator brand="" privacy="" deadHint />;
    case "landing":
      return <Landed landing={state.landing} />;
  }
}

function Landed({ landing: it }: { landing: Landing }) {
  const [elsewhere, setElsewhere] = useState(false);
  const picture = pictureOf(it.qr, it.qr_svg);
  if (it.kind === "locator" || elsewhere || !picture)
    return <Locator brand={it.brand} privacy={it.privacy} note={elsewhere ? "" : it.fallback?.note} />;

  const group = it.kind === "group";
  return (
    <Page
      brand={it.brand ? t("welcome", { brand: it.brand }) : ""}
      title={group ? t("group_title") : t("staff_title")}
      hint={it.name}
    >
      {it.store && (
        <section class="store">
          <b>{it.store.name}</b>
          <p>{it.store.address}</p>
          <OpenMark open={it.store.open} />
        </section>
      )}
      {it.fallback && <p class="note">{it.fallback.note}</p>}
      <Qr src={picture} content={it.qr} caption={t(group ? "press_group" : "press_add")} />
      <button type="button" class="plain" onClick={() => setElsewhere(true)}>
        {t("change_store")}
      </button>
      <Privacy text={it.privacy} />
    </Page>
  );
}

function OpenMark({ open }: { open: boolean }) {
  return <span class={open ? "mark open" : "mark"}>{t(open ? "open" : "closed")}</span>;
}
