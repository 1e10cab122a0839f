// Every file that was brought in, and what became of each of its rows.
import { unwrap } from "@shared/api/client";
import type { ImportKind, ImportRun, Page } from "@shared/api/types";
import { count, time } from "@shared/format";
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { Button, Drawer, Dropdown } from "antd";
import { useMemo, useState } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { ImportProgress, ImportWizard } from "../../kit/import-wizard";
import { PageHeader } from "../../kit/page";
import { Status } from "../../kit/status";
import { api } from "../../lib/api";
import { type TableSearch, useUrlState } from "../../lib/search";
import { useCan, useZone } from "../../lib/session";
import { importsSearch } from "./search";

const kinds = ["stores", "orders", "members"] as const;

const importsQuery = ({ cursor, limit }: TableSearch) =>
  queryOptions({
    queryKey: ["imports", { cursor, limit }],
    queryFn: () => unwrap<Page<ImportRun>>(api.GET("/api/imports", { params: { query: { cursor, limit } } })),
    placeholderData: keepPreviousData,
    refetchInterval: (q) =>
      q.state.data?.items.some((run) => run.state === "queued" || run.state === "running") ? 1500 : false,
  });

export function ImportListPage() {
  const t = useT();
  const zone = useZone();
  const may = useCan("import.run");
  const [search, setSearch] = useUrlState(importsSearch);
  const [starting, setStarting] = useState<ImportKind | null>(null);
  const query = useQuery(importsQuery(search));
  const columns = useMemo<Column<ImportRun>[]>(
    () => [
      { key: "file", title: t("import.file"), width: 215, render: (r) => r.file_name },
      { key: "kind", title: t("import.kind"), width: 90, render: (r) => t(`import_kind.${r.kind}`) },
      {
        key: "state",
        title: t("system.state"),
        width: 90,
        render: (r) => <Status kind="import_state" value={r.state} />,
      },
      { key: "rows", title: t("import.rows"), width: 90, align: "right", render: (r) => count(r.rows) },
      { key: "created", title: t("import.created"), width: 80, align: "right", render: (r) => count(r.created) },
      { key: "updated", title: t("import.updated"), width: 80, align: "right", render: (r) => count(r.updated) },
      { key: "unchanged", title: t("import.unchanged"), width: 80, align: "right", render: (r) => count(r.unchanged) },
      { key: "skipped", title: t("import.skipped"), width: 80, align: "right", render: (r) => count(r.skipped) },
      { key: "warnings", title: t("import.warnings"), width: 80, align: "right", render: (r) => count(r.warnings) },
      {
        key: "errors",
        title: t("import.errors"),
        width: 80,
        align: "right",
        render: (r) => <span className={r.errors > 0 ? "bad" : ""}>{count(r.errors)}</span>,
      },
      {
        key: "started",
        title: t("system.started_at"),
        width: 140,
        render: (r) => <span className="num">{time(r.started_at, zone)}</span>,
      },
      { key: "by", title: t("import.by"), width: 90, render: (r) => t.word("actor", r.by) },
    ],
    [t, zone],
  );
  const start = may && (
    <Dropdown
      menu={{
        items: kinds.map((kind) => ({ key: kind, label: t(`import_kind.${kind}`) })),
        onClick: ({ key }) => setStarting(key as ImportKind),
      }}
    >
      <Button type="primary">{t("import.start")}</Button>
    </Dropdown>
  );
  const close = () => setSearch({ open: undefined, cursor: search.cursor, page: search.page });
  return (
    <>
      <PageHeader title={t("menu.imports")} note={t("import.list_note")} extra={start} />
      <DataTable
        id="imports"
        columns={columns}
        rowKey={(r) => r.id}
        query={query}
        search={{ cursor: search.cursor, page: search.page, limit: search.limit }}
        onSearch={setSearch}
        onOpen={(r) => setSearch({ open: r.id, cursor: search.cursor, page: search.page })}
        empty={{ title: t("import.empty"), hint: t("import.empty_hint"), action: start }}
      />
      <Drawer title={t("menu.imports")} open={search.open !== undefined} onClose={close} size={760} destroyOnHidden>
        {search.open !== undefined && <ImportProgress id={search.open} />}
      </Drawer>
      {starting && (
        <ImportWizard
          kind={starting}
          title={t(`import_kind.${starting}`)}
          open
          onClose={() => setStarting(null)}
          help={
            <span className="quiet">
              {starting === "stores"
                ? t("store.import_help")
                : starting === "orders"
                  ? t("order.import_help")
                  : t("import.members_help")}
            </span>
          }
        />
      )}
    </>
  );
}
