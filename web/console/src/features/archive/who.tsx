// Who takes part in a conversation, in words.
import type { ArchiveChat, ArchivePerson } from "@shared/api/types";
import { Link } from "@tanstack/react-router";
import { Tag, Tooltip } from "antd";
import { type Translate, useT } from "../../i18n";

/** A person's name; one we do not know is said to be so. */
export function nameOf(person: ArchivePerson, t: Translate): string {
  if (person.name) return person.name;
  if (person.kind === "robot") return t("archive.robot");
  return t("archive.unknown_person");
}

export function Person({ person }: { person: ArchivePerson }) {
  const t = useT();
  const name = nameOf(person, t);
  if (person.kind === "customer" && person.id !== null) return <Link to={`/customers/${person.id}`}>{name}</Link>;
  if (person.name) return <span>{name}</span>;
  return (
    <Tooltip title={person.account}>
      <span className="quiet">{name}</span>
    </Tooltip>
  );
}

const colors = { single: "default", internal: "default", room: "processing" } as const;

/** What a conversation is called: its two people, or its group. */
export function ChatName({ chat }: { chat: ArchiveChat }) {
  const t = useT();
  return (
    <span className="row" style={{ minWidth: 0 }}>
      <Tag color={colors[chat.place]} style={{ marginInlineEnd: 0 }}>
        {t.word("archive_place", chat.place)}
      </Tag>
      <b className="clip">
        {chat.place === "room" ? (
          chat.group_id !== null ? (
            <Link to={`/groups/${chat.group_id}`}>{chat.name || t("archive.unknown_group")}</Link>
          ) : (
            <Tooltip title={chat.room_id}>{t("archive.unknown_group")}</Tooltip>
          )
        ) : (
          <>
            {chat.member && <Person person={chat.member} />}
            {chat.member && chat.peer && <span className="quiet"> ↔ </span>}
            {chat.peer && <Person person={chat.peer} />}
          </>
        )}
      </b>
    </span>
  );
}
