import { Avatar, Bar, Blank, chatTime } from "./kit";
import type { Nav } from "./nav";
import { t, type Word } from "./text";

export function Chats({ nav }: { nav: Nav }) {
  const { me } = nav;
  const staff = me.kind === "staff";
  return (
    <>
      <Bar title={t(staff ? "chats_staff" : "chats")}>
        {!staff && (
          <button type="button" class="bar-button" onClick={() => nav.open({ at: "scan" })} aria-label={t("scan")}>
            <ScanIcon /> {t("scan")}
          </button>
        )}
      </Bar>
      <div class="scroll">
        {staff && (
          <>
            <Row
              icon="台"
              title={t("workbench")}
              text={t("workbench_hint")}
              onOpen={() => nav.open({ at: "web", url: "/staff/login?next=%2Fstaff%2F", title: t("workbench") })}
            />
            <Row
              icon="群"
              title={t("mass")}
              text={t("mass_hint")}
              badge={me.tasks}
              onOpen={() => nav.open({ at: "mass" })}
            />
            <Row icon="讯" title={t("notices")} text="" onOpen={() => nav.open({ at: "notices" })} />
          </>
        )}
        <Row
          icon="圈"
          title={t(staff ? "moments_staff" : "moments")}
          text={t(staff ? "moments_staff_hint" : "moments_hint")}
          onOpen={() => nav.open({ at: "moments" })}
        />
        {me.chats.length === 0 && (
          <Blank title={t(staff ? "no_chats_staff" : "no_chats")} hint={staff ? undefined : t("no_chats_hint")} />
        )}
        {me.chats.map((row) => (
          <button key={row.chat_id ?? row.peer} type="button" class="row" onClick={() => nav.open({ at: "chat", row })}>
            <Avatar name={row.name} id={row.chat_id ?? row.peer ?? ""} group={Boolean(row.chat_id)} />
            <span class="grow">
              <span class="row-top">
                <b class="clip">
                  {row.name}
                  {row.people ? t("people_count", { count: row.people }) : ""}
                </b>
                <small>{chatTime(row.at, me.now)}</small>
              </span>
              <small class="clip">
                {row.status === "friend" || row.status === "member" ? row.last : t(`status.${row.status}` as Word)}
              </small>
            </span>
          </button>
        ))}
      </div>
    </>
  );
}

function Row({
  icon,
  title,
  text,
  badge,
  onOpen,
}: {
  icon: string;
  title: string;
  text: string;
  badge?: number;
  onOpen: () => void;
}) {
  return (
    <button type="button" class="row" onClick={onOpen}>
      <i class="avatar is-tool" aria-hidden="true">
        {icon}
        {badge ? <em>{badge}</em> : null}
      </i>
      <span class="grow">
        <b>{title}</b>
        <small class="clip">{text}</small>
      </span>
    </button>
  );
}

function ScanIcon() {
  return (
    <svg
      width="17"
      height="17"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      aria-hidden="true"
    >
      <path d="M2 6V3.5A1.5 1.5 0 0 1 3.5 2H6M14 2h2.5A1.5 1.5 0 0 1 18 3.5V6M18 14v2.5a1.5 1.5 0 0 1-1.5 1.5H14M6 18H3.5A1.5 1.5 0 0 1 2 16.5V14M2 10h16" />
    </svg>
  );
}
