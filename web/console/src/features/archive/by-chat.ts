import type { ArchiveChat, ArchiveHit } from "@shared/api/types";

export interface HitGroup {
  key: string;
  chat: ArchiveChat;
  hits: ArchiveHit[];
}

/** Finds one after another in the same conversation stand together; their order stays that of time. */
export function byChat(hits: ArchiveHit[]): HitGroup[] {
  const groups: HitGroup[] = [];
  for (const hit of hits) {
    const last = groups.at(-1);
    if (last?.chat.id === hit.chat.id) last.hits.push(hit);
    else groups.push({ key: `${hit.chat.id} ${hit.id}`, chat: hit.chat, hits: [hit] });
  }
  return groups;
}
