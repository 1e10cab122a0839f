// The store locator: by position after the customer agreed, or by hand; then that store's codes.
import type { ChosenStore, NearStore } from "@shared/api/types";
import { distance } from "@shared/format";
import { useEffect, useRef, useState } from "preact/hooks";
import { choose, stores as findStores, isPassing, locate } from "./api";
import { Page, Privacy, pictureOf, Qr, Waiting } from "./kit";
import { t } from "./text";

type Step =
  | { at: "ask" }
  | { at: "locating" }
  | { at: "near"; stores: NearStore[] }
  | { at: "hand"; note?: string }
  | { at: "chosen"; chosen: ChosenStore; back: Step };

interface Props {
  brand: string;
  privacy: string;
  /** Why the scanned code itself does not serve. */
  note?: string;
  /** The code that led here is gone, so codes may be missing altogether. */
  deadHint?: boolean;
}

export function Locator({ brand, privacy, note, deadHint }: Props) {
  const [step, setStep] = useState<Step>({ at: "ask" });
  const [busy, setBusy] = useState(0);
  const [failure, setFailure] = useState("");

  const findMe = () => {
    if (!navigator.geolocation) {
      setStep({ at: "hand", note: t("denied") });
      return;
    }
    setStep({ at: "locating" });
    navigator.geolocation.getCurrentPosition(
      ({ coords }) =>
        locate(coords.latitude, coords.longitude).then(
          ({ stores }) => setStep(stores.length > 0 ? { at: "near", stores } : { at: "hand", note: t("none_near") }),
          (error: unknown) => setStep({ at: "hand", note: t(isPassing(error) ? "offline_hint" : "denied") }),
        ),
      () => setStep({ at: "hand", note: t("denied") }),
      { enableHighAccuracy: false, timeout: 8000, maximumAge: 300_000 },
    );
  };

  const pick = async (store: NearStore, back: Step) => {
    setBusy(store.id);
    setFailure("");
    try {
      setStep({ at: "chosen", chosen: await choose(store.id), back });
    } catch (error) {
      setFailure(isPassing(error) ? t("offline_hint") : deadHint ? t("dead_no_stores") : t("no_code_hint"));
    } finally {
      setBusy(0);
    }
  };

  if (step.at === "locating") return <Waiting text={t("locating")} />;
  if (step.at === "chosen")
    return <Chosen brand={brand} privacy={privacy} chosen={step.chosen} onBack={() => setStep(step.back)} />;

  if (step.at === "ask") {
    return (
      <Page brand={brand ? t("welcome", { brand }) : ""} title={t("find_title")} hint={t("find_hint")}>
        {note && <p class="note">{note}</p>}
        <svg class="scene" viewBox="0 0 200 96" aria-hidden="true">
          <path d="M8 84h184" stroke="currentColor" stroke-width="2" opacity=".35" />
          <path d="M34 84V50h44v34M122 84V42h48v42" fill="none" stroke="currentColor" stroke-width="2" opacity=".5" />
          <path d="M30 50h52M118 42h56" stroke="currentColor" stroke-width="3" opacity=".5" />
          <path d="M100 76c-14-18-20-26-20-36a20 20 0 0 1 40 0c0 10-6 18-20 36Z" fill="currentColor" />
          <circle cx="100" cy="40" r="8" fill="#fff" />
        </svg>
        <button type="button" class="primary" onClick={findMe}>
          {t("use_position")}
        </button>
        <p class="small">{t("position_note")}</p>
        <button type="button" class="plain" onClick={() => setStep({ at: "hand" })}>
          {t("pick_by_hand")}
        </button>
        <Privacy text={privacy} />
      </Page>
    );
  }

  return (
    <Page brand={brand} title={step.at === "near" ? t("nearest") : t("pick_by_hand")}>
      {failure && (
        <p class="note" role="alert">
          {failure}
        </p>
      )}
      {step.at === "near" ? (
        <StoreList stores={step.stores} busy={busy} onPick={(store) => pick(store, step)} />
      ) : (
        <ByHand note={step.note} busy={busy} onPick={(store) => pick(store, step)} />
      )}
      <button type="button" class="plain" onClick={() => (step.at === "near" ? setStep({ at: "hand" }) : findMe())}>
        {step.at === "near" ? t("pick_by_hand") : t("use_position")}
      </button>
      <Privacy text={privacy} />
    </Page>
  );
}

function ByHand({ note, busy, onPick }: { note?: string; busy: number; onPick: (store: NearStore) => void }) {
  const [q, setQ] = useState("");
  const [city, setCity] = useState("");
  const [cities, setCities] = useState<string[]>([]);
  const [found, setFound] = useState<NearStore[] | null>(null);
  const [failed, setFailed] = useState(false);
  const [again, setAgain] = useState(0);
  const latest = useRef(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` repeats the same search
  useEffect(() => {
    const turn = ++latest.current;
    const timer = setTimeout(
      () =>
        findStores(q.trim(), city).then(
          (reply) => {
            if (turn !== latest.current) return;
            setFailed(false);
            setFound(reply.stores);
            if (!city && !q) setCities(reply.cities);
          },
          () => turn === latest.current && setFailed(true),
        ),
      q ? 300 : 0,
    );
    return () => clearTimeout(timer);
  }, [q, city, again]);

  return (
    <>
      {note && <p class="note">{note}</p>}
      <div class="search">
        {cities.length > 1 && (
          <select value={city} onChange={(event) => setCity(event.currentTarget.value)} aria-label={t("city_all")}>
            <option value="">{t("city_all")}</option>
            {cities.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
        <input type="search" value={q} placeholder={t("search")} onInput={(event) => setQ(event.currentTarget.value)} />
      </div>
      {failed ? (
        <p class="note">
          {t("offline_hint")}{" "}
          <button type="button" class="link" onClick={() => setAgain((n) => n + 1)}>
            {t("retry")}
          </button>
        </p>
      ) : found === null ? (
        <Waiting />
      ) : found.length === 0 ? (
        <p class="note">{t("none_found")}</p>
      ) : (
        <StoreList stores={found} busy={busy} onPick={onPick} />
      )}
    </>
  );
}

function StoreList({
  stores,
  busy,
  onPick,
}: {
  stores: NearStore[];
  busy: number;
  onPick: (store: NearStore) => void;
}) {
  return (
    <ul class="stores">
      {stores.map((store) => (
        <li key={store.id}>
          <button type="button" disabled={busy !== 0} onClick={() => onPick(store)}>
            <span class="stores-text">
              <b>{store.name}</b>
              <span>{store.address}</span>
              <span>
                <i class={store.open ? "mark open" : "mark"}>{t(store.open ? "open" : "closed")}</i>{" "}
                {t("hours", { from: store.open_time, to: store.close_time })}
              </span>
            </span>
            <span class="stores-go">
              {store.distance_m !== null && <b>{distance(store.distance_m)}</b>}
              <em>{busy === store.id ? "…" : t("choose")}</em>
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Chosen({
  brand,
  privacy,
  chosen,
  onBack,
}: {
  brand: string;
  privacy: string;
  chosen: ChosenStore;
  onBack: () => void;
}) {
  const group = pictureOf(chosen.group_qr, chosen.group_qr_svg);
  const staff = pictureOf(chosen.staff_qr, chosen.staff_qr_svg);
  return (
    <Page brand={brand ? t("welcome", { brand }) : ""} title={chosen.store.name} hint={chosen.store.address}>
      {chosen.note && <p class="note">{chosen.note}</p>}
      {group && staff && <p class="small">{t("both_title")}</p>}
      {staff && <Qr src={staff} content={chosen.staff_qr} caption={t("press_add")} />}
      {group && <Qr src={group} content={chosen.group_qr} caption={t("press_group")} />}
      {!group && !staff && (
        <p class="note">
          <b>{t("no_code")}</b>
          <br />
          {t("no_code_hint")}
        </p>
      )}
      <button type="button" class="plain" onClick={onBack}>
        {t("change_store")}
      </button>
      <Privacy text={privacy} />
    </Page>
  );
}
