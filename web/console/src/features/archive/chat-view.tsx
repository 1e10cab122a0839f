// A conversation as those saw it who had it: members on the right, customers on the left, further pages at both ends.
import type { ArchiveFileState, ArchiveMessage } from "@shared/api/types";
import { time } from "@shared/format";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button, Drawer, Modal, Tag, Tooltip } from "antd";
import { useEffect, useRef, useState } from "react";
import { useT } from "../../i18n";
import { EmptyState, Loaded } from "../../kit/states";
import { useWrite } from "../../lib/mutation";
import { useZone } from "../../lib/session";
import { type Access, getFile, rawQuery, type Spot, stretchQuery } from "./api";
import { ChatName, Person } from "./who";

/** A conversation that is looked at, from a spot on; without one, from its newest end. */
export interface Looked {
  chat: number;
  spot?: Spot;
}

export function ChatDrawer({ access, at, onClose }: { access: Access; at: Looked | undefined; onClose: () => void }) {
  const t = useT();
  return (
    <Drawer open={at !== undefined} onClose={onClose} size={720} title={t("archive.chat")} destroyOnHidden>
      {at && <Conversation access={access} at={at} />}
    </Drawer>
  );
}

function Conversation({ access, at }: { access: Access; at: Looked }) {
  const t = useT();
  const query = useInfiniteQuery(stretchQuery(access, at.chat, at.spot));
  const spot = useRef<HTMLDivElement>(null);
  const [raw, setRaw] = useState<Spot>();
  const loaded = query.data !== undefined;
  useEffect(() => {
    if (loaded) spot.current?.scrollIntoView({ block: "center" });
  }, [loaded]);
  return (
    <Loaded query={query}>
      {({ pages }) => {
        const chat = pages[0]?.chat;
        const items = pages.flatMap((page) => page.items);
        return (
          <div className="stack">
            {chat && <ChatName chat={chat} />}
            {items.length === 0 && <EmptyState title={t("archive.no_chats")} />}
            {query.hasPreviousPage && (
              <Button
                size="small"
                loading={query.isFetchingPreviousPage}
                onClick={() => void query.fetchPreviousPage()}
              >
                {t("archive.older")}
              </Button>
            )}
            {items.map((message) => {
              const here = message.id === at.spot?.message_id;
              return (
                <div key={message.id} ref={here ? spot : undefined}>
                  <Bubble access={access} chat={at.chat} message={message} here={here} onRaw={setRaw} />
                </div>
              );
            })}
            {query.hasNextPage && (
              <Button size="small" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t("archive.newer")}
              </Button>
            )}
            <Modal
              open={raw !== undefined}
              onCancel={() => setRaw(undefined)}
              footer={null}
              title={t("archive.raw")}
              width={640}
            >
              {raw && <Raw access={access} chat={at.chat} spot={raw} />}
            </Modal>
          </div>
        );
      }}
    </Loaded>
  );
}

interface BubbleProps {
  access: Access;
  chat: number;
  message: ArchiveMessage;
  here: boolean;
  onRaw: (spot: Spot) => void;
}

function Bubble({ access, chat, message, here, onRaw }: BubbleProps) {
  const t = useT();
  const zone = useZone();
  const spot = { at: message.at, message_id: message.id };
  const side = message.sender.kind === "staff" ? "out" : "in";
  const plain = message.kind === "text";
  const note = message.kind === "revoke" || message.kind === "agree" || message.kind === "disagree";
  if (note) {
    return (
      <div className="archive-note quiet">
        <span className="num">{time(message.at, zone, "second")}</span> <Person person={message.sender} />{" "}
        {t.word("archive_kind", message.kind)}
      </div>
    );
  }
  return (
    <div className={`archive-line archive-${side}`}>
      <div className="quiet archive-head">
        <Person person={message.sender} /> <span className="num">{time(message.at, zone, "second")}</span>
        {!plain && <Tag style={{ marginInlineStart: 6 }}>{t.word("archive_kind", message.kind)}</Tag>}
        {message.recalled_at && <Tag color="warning">{t("archive.recalled")}</Tag>}
      </div>
      <div className={`archive-bubble${here ? " archive-here" : ""}`}>
        {message.body || (message.files.length === 0 && <span className="quiet">{t("archive.no_text")}</span>)}
        {message.link && (
          <div>
            <a href={message.link} target="_blank" rel="noreferrer noopener">
              {message.link}
            </a>
          </div>
        )}
        {message.files.map((file) => (
          <FileLine key={file.n} access={access} chat={chat} spot={spot} file={file} />
        ))}
        {message.more && (
          <div>
            <Button type="link" size="small" style={{ padding: 0 }} onClick={() => onRaw(spot)}>
              {t("archive.raw")}
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

const lost: ArchiveFileState[] = ["expired", "too_large"];

function FileLine({
  access,
  chat,
  spot,
  file,
}: {
  access: Access;
  chat: number;
  spot: Spot;
  file: ArchiveMessage["files"][number];
}) {
  const t = useT();
  const get = useWrite({ call: () => getFile(access, chat, spot, file.n), onDone: save });
  return (
    <div className="row">
      <span className="clip">{file.name || t("archive.file")}</span>
      {file.size > 0 && <span className="quiet num">{bytes(file.size)}</span>}
      <Tooltip title={t.word("archive_file", file.state)}>
        <Button size="small" disabled={lost.includes(file.state)} loading={get.isPending} onClick={() => get.mutate()}>
          {t("archive.file_get")}
        </Button>
      </Tooltip>
    </div>
  );
}

/** Hands a file to the browser to save. */
function save(file: File) {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A size as people read it. */
export function bytes(n: number): string {
  if (n >= 1 << 30) return `${(n / (1 << 30)).toFixed(1)} GB`;
  if (n >= 1 << 20) return `${(n / (1 << 20)).toFixed(1)} MB`;
  if (n >= 1 << 10) return `${Math.round(n / (1 << 10))} KB`;
  return `${n} B`;
}

function Raw({ access, chat, spot }: { access: Access; chat: number; spot: Spot }) {
  const t = useT();
  const query = useQuery(rawQuery(access, chat, spot));
  return (
    <Loaded query={query}>
      {(raw) => (
        <div className="stack">
          <span className="quiet">
            {t("archive.msg_id")} <span className="num">{raw.msg_id}</span>
          </span>
          <pre className="code-text">{JSON.stringify(raw.rest, null, 2)}</pre>
        </div>
      )}
    </Loaded>
  );
}
