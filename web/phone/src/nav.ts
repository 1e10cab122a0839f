// Who holds the phone, which screens it has, and what every screen can ask of it.
import type { ChatRow, Kind, Person } from "./api";

export interface Actor {
  kind: Kind;
  id: string;
}

export type Target = { chat_id?: string; peer?: string };

export type Screen =
  | { at: "chat"; row: Pick<ChatRow, "peer" | "chat_id" | "name"> }
  | { at: "scan" }
  | { at: "web"; url: string; title: string; beside?: Target }
  | { at: "card"; kind: "way" | "join"; qr: string }
  | { at: "mass" }
  | { at: "notices" }
  | { at: "moments" };

export interface Nav {
  me: Person;
  open: (screen: Screen) => void;
  replace: (screen: Screen) => void;
  back: () => void;
  /** Opens whatever an address is; false when it is nothing a phone knows. */
  visit: (address: string, title?: string) => boolean;
  say: (text: string) => void;
  refresh: () => void;
}
