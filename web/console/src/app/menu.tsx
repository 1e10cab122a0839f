// The menu in four parts, with Today above and the system below. An item shows only to those who may open it.
import type { MessageKey } from "../i18n";

export interface MenuEntry {
  path: string;
  label: MessageKey;
  permission?: string;
}

export interface MenuPart {
  label?: MessageKey;
  entries: MenuEntry[];
}

export const menu: MenuPart[] = [
  { entries: [{ path: "/", label: "menu.today", permission: "report.read" }] },
  {
    label: "menu.acquisition",
    entries: [
      { path: "/codes", label: "menu.codes", permission: "code.read" },
      { path: "/stores", label: "menu.stores", permission: "store.read" },
    ],
  },
  {
    label: "menu.retention",
    entries: [
      { path: "/sop", label: "menu.sop", permission: "sop.read" },
      { path: "/board", label: "menu.board", permission: "sop.read" },
      { path: "/tasks", label: "menu.tasks", permission: "task.read" },
      { path: "/groups", label: "menu.groups", permission: "group.read" },
      { path: "/touches", label: "menu.touches", permission: "touch.read" },
      { path: "/archive", label: "menu.archive", permission: "archive.status" },
    ],
  },
  { label: "menu.selling", entries: [{ path: "/orders", label: "menu.orders", permission: "order.read" }] },
  {
    label: "menu.customer_management",
    entries: [{ path: "/customers", label: "menu.customers", permission: "customer.read" }],
  },
  {
    label: "menu.system",
    entries: [
      { path: "/system/jobs", label: "menu.jobs", permission: "system.read" },
      { path: "/system/callbacks", label: "menu.callbacks", permission: "system.read" },
      { path: "/system/outbox", label: "menu.outbox", permission: "system.read" },
      { path: "/system/sync", label: "menu.sync", permission: "system.read" },
      { path: "/system/doctor", label: "menu.doctor", permission: "system.read" },
      { path: "/system/wecom", label: "menu.wecom", permission: "system.manage" },
      { path: "/system/meters", label: "menu.meters", permission: "system.read" },
      { path: "/statistics", label: "menu.statistics", permission: "report.read" },
      { path: "/imports", label: "menu.imports", permission: "import.run" },
      { path: "/users", label: "menu.users", permission: "user.manage" },
      { path: "/system/audit", label: "menu.audit", permission: "audit.read" },
    ],
  },
];

/** The entry that a path belongs to: the longest path that begins it. */
export function entryOf(path: string): string {
  const all = menu.flatMap((part) => part.entries.map((entry) => entry.path));
  const found = all.filter((p) => path === p || (p !== "/" && path.startsWith(`${p}/`)));
  return found.sort((a, b) => b.length - a.length)[0] ?? "/";
}

/** The menu of a person with these permissions; a part without entries disappears. */
export function menuFor(permissions: string[]): MenuPart[] {
  const may = (entry: MenuEntry) => !entry.permission || permissions.includes(entry.permission);
  return menu.map((part) => ({ ...part, entries: part.entries.filter(may) })).filter((part) => part.entries.length > 0);
}
