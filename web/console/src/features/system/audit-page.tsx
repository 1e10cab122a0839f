import type { AuditEntry } from "@shared/api/types";
import { time } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Translate, useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { PageHeader } from "../../kit/page";
import { useUrlState } from "../../lib/search";
import { useZone } from "../../lib/session";
import { auditQuery } from "./api";
import { auditSearch } from "./search";

/** What was recorded besides, as one line; what is empty is left out. */
function detailText(detail: unknown, t: Translate): string {
  if (typeof detail !== "object" || detail === null) return String(detail ?? "");
  return Object.entries(detail)
    .filter(([, value]) => value !== "" && value !== null && value !== 0)
    .map(([key, value]) => {
      const text = typeof value === "object" ? JSON.stringify(value) : t.word("audit_value", String(value));
      return `${t.word("audit_key", key)}：${text}`;
    })
    .join(" · ");
}

/** "user/12" as a person reads it. */
function objectText(object: string, t: Translate): string {
  const [kind = "", id = ""] = object.split("/");
  return `${t.word("audit_object", kind)} ${id}`.trim();
}

export function AuditPage() {
  const t = useT();
  const zone = useZone();
  const [search, setSearch] = useUrlState(auditSearch);
  const query = useQuery(auditQuery(search));
  const columns = useMemo<Column<AuditEntry>[]>(
    () => [
      {
        key: "at",
        title: t("system.at"),
        width: 165,
        render: (a) => <span className="num">{time(a.at, zone, "second")}</span>,
      },
      { key: "actor", title: t("system.actor"), width: 160, render: (a) => t.word("actor", a.actor) },
      { key: "action", title: t("system.action"), width: 200, render: (a) => t.word("audit", a.action) },
      { key: "object", title: t("system.object"), width: 220, render: (a) => objectText(a.object, t) },
      { key: "detail", title: t("system.detail"), width: 420, render: (a) => detailText(a.detail, t) },
    ],
    [t, zone],
  );
  return (
    <>
      <PageHeader title={t("menu.audit")} note={t("system.audit_note")} />
      <DataTable
        id="audit"
        columns={columns}
        rowKey={(a) => a.id}
        query={query}
        search={search}
        onSearch={setSearch}
        empty={{ title: t("system.no_audit") }}
      />
    </>
  );
}
