import type { ArchiveHit } from "@shared/api/types";
import { expect, it } from "vitest";
import { byChat } from "./by-chat";

const hit = (id: number, chat: number) => ({ id, chat: { id: chat } }) as ArchiveHit;

it("puts neighbouring finds of a conversation together and keeps the order of time", () => {
  const groups = byChat([hit(5, 1), hit(4, 1), hit(3, 2), hit(2, 1)]);
  expect(groups.map((g) => [g.chat.id, g.hits.map((h) => h.id)])).toEqual([
    [1, [5, 4]],
    [2, [3]],
    [1, [2]],
  ]);
  expect(new Set(groups.map((g) => g.key)).size).toBe(3);
});

it("has nothing to say of nothing", () => expect(byChat([])).toEqual([]));
