// Two panes: who, and their phone. Who holds the phone stands in the address, so that two windows can be two people.
import { useEffect, useState } from "preact/hooks";
import { holdPhone, type Kind } from "./api";
import { Guide, lived } from "./guide";
import type { Actor } from "./nav";
import { People } from "./people";
import { Phone } from "./phone";
import { t } from "./text";

function actorOf(hash: string): Actor | null {
  const found = hash.match(/^#\/(person|staff)\/(.+)$/);
  return found ? { kind: found[1] as Kind, id: decodeURIComponent(found[2] ?? "") } : null;
}

export function App() {
  const [actor, setActor] = useState(() => actorOf(window.location.hash));
  useEffect(() => {
    const follow = () => setActor(actorOf(window.location.hash));
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  useEffect(() => {
    if (!actor) return;
    holdPhone(actor.kind, actor.id);
    if (actor.kind === "person") lived("pick");
  }, [actor]);

  return (
    <div class={actor ? "app has-actor" : "app"}>
      <aside class="side">
        <header>
          <h1>{t("title")}</h1>
          <a href="/" target="qunce-console">
            {t("console")} ↗
          </a>
        </header>
        <p class="lead">{t("lead")}</p>
        <Guide />
        <People actor={actor} />
      </aside>
      <section class="stage">
        {actor ? (
          <Phone key={`${actor.kind} ${actor.id}`} actor={actor} />
        ) : (
          <div class="phone is-off">
            <div class="blank">
              <h2>{t("pick")}</h2>
              <p>{t("pick_hint")}</p>
            </div>
          </div>
        )}
      </section>
    </div>
  );
}
