import { useEffect, useState } from "preact/hooks";
import { type Kind, type Known, PhoneError, people } from "./api";
import { Avatar, Blank } from "./kit";
import type { Actor } from "./nav";
import { usePoll } from "./poll";
import { t } from "./text";

export function People({ actor }: { actor: Actor | null }) {
  const [kind, setKind] = useState<Kind>(actor?.kind ?? "person");
  // Whoever knows no store yet is the best beginning.
  const [known, setKnown] = useState<Known>("no");
  const [typed, setTyped] = useState("");
  const [q, setQ] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQ(typed.trim()), 250);
    return () => clearTimeout(timer);
  }, [typed]);
  const list = usePoll(`${kind} ${known} ${q}`, () => people(kind, q, known), 4000);
  // Staff with something to confirm come first.
  const rows = [...(list.data?.items ?? [])].sort((a, b) => (b.tasks ?? 0) - (a.tasks ?? 0));

  return (
    <div class="people">
      <div class="tabs" role="tablist">
        {(["person", "staff"] as const).map((name) => (
          <button key={name} type="button" role="tab" aria-selected={kind === name} onClick={() => setKind(name)}>
            {t(name === "person" ? "customers" : "staff")}
          </button>
        ))}
      </div>
      {kind === "person" && (
        <div class="chips">
          {(["no", "yes"] as const).map((name) => (
            <button key={name} type="button" aria-pressed={known === name} onClick={() => setKnown(name)}>
              {t(name === "no" ? "stranger" : "known")}
            </button>
          ))}
        </div>
      )}
      <input
        type="search"
        value={typed}
        placeholder={t("search")}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      {list.error instanceof PhoneError && !list.data ? (
        <Blank
          title={list.error.status === 0 || list.error.status === 404 ? t("no_sim") : list.error.message}
          hint={t("no_sim_hint")}
        />
      ) : (
        <ul>
          {rows.map((row) => (
            <li key={row.id}>
              <a
                href={`#/${kind}/${encodeURIComponent(row.id)}`}
                aria-current={actor?.id === row.id ? "true" : undefined}
              >
                <Avatar name={row.name} id={row.id} />
                <span class="grow">
                  <b>{row.name}</b>
                  <small>
                    {row.friends + row.groups === 0 && kind === "person"
                      ? t("stranger")
                      : t("friends_groups", { friends: row.friends, groups: row.groups })}
                  </small>
                </span>
                {row.tasks ? <em>{t("tasks", { count: row.tasks })}</em> : <small class="clip">{row.detail}</small>}
              </a>
            </li>
          ))}
          {list.data && rows.length === 0 && <li class="quiet">{t("nobody")}</li>}
        </ul>
      )}
    </div>
  );
}
