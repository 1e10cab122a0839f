import type { ArchiveConsent, ConsentState } from "@shared/api/types";
import { count, time, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Segmented, Tag } from "antd";
import { useMemo } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { useZone } from "../../lib/session";
import { consentsQuery } from "./api";
import { Filters } from "./filters";
import type { ArchiveSearch } from "./search";
import { Person } from "./who";

const tones: Record<ConsentState, string> = { agree: "success", disagree: "error", unknown: "warning" };
const states = ["agree", "disagree", "unknown"] as const;

interface Props {
  search: ArchiveSearch;
  onSearch: (patch: Partial<ArchiveSearch>) => void;
}

export function ConsentsTab({ search, onSearch }: Props) {
  const t = useT();
  const zone = useZone();
  const query = useQuery(consentsQuery(search));
  const columns = useMemo<Column<ArchiveConsent>[]>(
    () => [
      { key: "customer", title: t("archive.customer"), width: 180, render: (c) => <Person person={c.customer} /> },
      {
        key: "with",
        title: t("archive.consent_with"),
        width: 220,
        render: (c) =>
          c.place === "room" ? (
            c.group_id !== null ? (
              <Link to={`/groups/${c.group_id}`}>{c.group || t("archive.unknown_group")}</Link>
            ) : (
              t("archive.unknown_group")
            )
          ) : c.staff ? (
            <Person person={c.staff} />
          ) : (
            unknown
          ),
      },
      {
        key: "state",
        title: t("archive.consent_state"),
        width: 100,
        render: (c) => <Tag color={tones[c.state] ?? "default"}>{t.word("archive_state", c.state)}</Tag>,
      },
      {
        key: "since",
        title: t("archive.consent_since"),
        width: 160,
        render: (c) => <span className="num">{time(c.since, zone)}</span>,
      },
      {
        key: "source",
        title: t("archive.consent_source"),
        width: 140,
        render: (c) => t.word("archive_source", c.source),
      },
      {
        key: "checked",
        title: t("archive.consent_checked"),
        width: 160,
        render: (c) => <span className="num">{time(c.checked_at, zone)}</span>,
      },
    ],
    [t, zone],
  );
  const totals = query.data?.totals;
  const { tab: _, q: __, kind: ___, from: ____, to: _____, ...filters } = search;
  return (
    <>
      <p className="quiet" style={{ marginTop: 0 }}>
        {t("archive.consent_note")}
      </p>
      <Filters search={search} onSearch={onSearch} />
      <div style={{ marginBottom: 12 }}>
        <Segmented<string>
          value={search.state ?? ""}
          onChange={(value) => onSearch({ state: (value || undefined) as ConsentState | undefined })}
          options={[
            { value: "", label: t("kit.all") },
            ...states.map((value) => ({
              value,
              label: `${t(`archive_state.${value}`)} ${totals ? count(totals[value] ?? 0) : ""}`,
            })),
          ]}
        />
      </div>
      <DataTable
        id="archive-consents"
        columns={columns}
        rowKey={(c) => `${c.customer.account} ${c.place} ${c.staff?.account ?? c.group_id ?? ""}`}
        query={query}
        search={filters}
        onSearch={onSearch}
        onClearFilters={() =>
          onSearch({ state: undefined, staff_id: undefined, customer_id: undefined, group_id: undefined })
        }
        empty={{ title: t("archive.no_consents"), hint: t("archive.no_consents_hint") }}
      />
    </>
  );
}
