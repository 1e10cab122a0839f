import type { AuditEntry } from "@shared/api/types";
import { time } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { PageHeader } from "../../kit/page";
import { useUrlState } from "../../lib/search";
import { useZone } from "../../lib/session";
import { auditQuery } from "./api";
import { auditSearch } from "./search";

/** What was recorded besides, as one line. */
function detailText(detail: unknown): string {
  if (typeof detail !== "object" || detail === null) return String(detail ?? "");
  return Object.entries(detail)
    .map(([key, value]) => `${key}: ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(" · ");
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
      { key: "actor", title: t("system.actor"), width: 160, render: (a) => a.actor },
      { key: "action", title: t("system.action"), width: 200, render: (a) => t.word("audit", a.action) },
      { key: "object", title: t("system.object"), width: 220, render: (a) => a.object },
      { key: "detail", title: t("system.detail"), width: 420, render: (a) => detailText(a.detail) },
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
