// Moments: for staff those the corp prepared, with the tap that publishes them; for customers what they see of the staff's.
import { useState } from "preact/hooks";
import { act, type MomentRow, moments, PhoneError } from "./api";
import { Avatar, Bar, Blank, chatTime } from "./kit";
import type { Nav } from "./nav";
import { usePoll } from "./poll";
import { t } from "./text";

export function MomentsScreen({ nav }: { nav: Nav }) {
  const staff = nav.me.kind === "staff";
  const list = usePoll(`moments ${nav.me.id}`, () => moments(nav.me.kind, nav.me.id));
  const items = list.data?.items ?? [];
  return (
    <>
      <Bar title={t(staff ? "moments_staff" : "moments")} onBack={nav.back} />
      <div class="scroll">
        {list.data && items.length === 0 && (
          <Blank title={t("moments_empty")} hint={t(staff ? "moments_empty_staff" : "moments_empty_hint")} />
        )}
        {items.map((row) => (
          <Moment key={row.moment_id + row.userid} row={row} nav={nav} onDone={() => list.refresh()} />
        ))}
      </div>
    </>
  );
}

function Moment({ row, nav, onDone }: { row: MomentRow; nav: Nav; onDone: () => void }) {
  const [busy, setBusy] = useState(false);
  const staff = nav.me.kind === "staff";
  const publish = async (kind: "moment_publish" | "moment_delete" | "moment_like" | "moment_comment") => {
    setBusy(true);
    try {
      const who = staff ? {} : { person: nav.me.id };
      const { seen, selected } = await act({ kind, userid: row.userid, moment_id: row.moment_id, ...who });
      if (kind === "moment_publish") nav.say(t("moment_published", { seen: seen ?? 0, selected: selected ?? 0 }));
    } catch (error) {
      nav.say(error instanceof PhoneError ? error.message : t("failed"));
    } finally {
      setBusy(false);
      onDone();
    }
  };
  return (
    <article class="mass moment">
      <header>
        <span class="moment-who">
          <Avatar name={row.name} id={row.userid} />
          <b>{row.name}</b>
        </span>
        <small>{chatTime(row.published_at ?? row.created_at, nav.me.now)}</small>
      </header>
      {row.text && <p class="moment-text">{row.text}</p>}
      {row.attachments?.map((part, i) => (
        <small key={i} class="quiet moment-part">
          {part.msgtype === "link"
            ? `${t("moment_link")} ${part.title || part.url}`
            : t(part.msgtype === "video" ? "moment_video" : "moment_image")}
        </small>
      ))}
      <small class="quiet">
        {staff && !row.published_at && t("moment_for", { count: row.selected })}
        {staff && row.published_at && t("moment_figures", { seen: row.seen, likes: row.likes, comments: row.comments })}
        {!staff && t("moment_marks", { likes: row.likes, comments: row.comments })}
      </small>
      {staff && !row.published_at && !row.cancelled && (
        <button type="button" class="primary" disabled={busy} onClick={() => publish("moment_publish")}>
          {t("moment_publish")}
        </button>
      )}
      {staff && row.cancelled && <small class="quiet">{t("moment_cancelled")}</small>}
      {staff && row.deleted && <small class="quiet">{t("moment_deleted")}</small>}
      {staff && row.published_at && !row.deleted && (
        <button type="button" class="link" disabled={busy} onClick={() => publish("moment_delete")}>
          {t("moment_delete")}
        </button>
      )}
      {!staff && (
        <div class="card-buttons">
          <button type="button" class="link" disabled={busy || row.liked} onClick={() => publish("moment_like")}>
            {t(row.liked ? "moment_liked" : "moment_like")}
          </button>
          <button type="button" class="link" disabled={busy || row.commented} onClick={() => publish("moment_comment")}>
            {t(row.commented ? "moment_commented" : "moment_comment")}
          </button>
        </div>
      )}
    </article>
  );
}
