import type { Store } from "@shared/api/types";
import { count, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Segmented } from "antd";
import { useCallback, useMemo, useState } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FilterBar } from "../../kit/filter-bar";
import { ImportWizard } from "../../kit/import-wizard";
import { PageHeader, Panel } from "../../kit/page";
import { type Point, ScatterMap } from "../../kit/scatter-map";
import { Loaded } from "../../kit/states";
import { Status } from "../../kit/status";
import { filtersOf, useUrlState } from "../../lib/search";
import { useCan } from "../../lib/session";
import { departmentsQuery, storesQuery } from "./api";
import { storesSearch } from "./search";
import { StoreForm } from "./store-form";

/** A store without a position stands at 0, 0. */
function isUnplaced(store: Store): boolean {
  return store.lat === 0 && store.lng === 0;
}

function pointsOf(stores: Store[]): Point[] {
  return stores
    .filter((s) => !isUnplaced(s))
    .map((s) => ({ id: s.id, lat: s.lat, lng: s.lng, label: `${s.name} ${s.address}` }));
}

export function StoreListPage() {
  const t = useT();
  const may = useCan("store.write");
  const mayImport = useCan("import.run");
  const [search, setSearch] = useUrlState(storesSearch);
  const map = search.view === "map";
  const query = useQuery(storesQuery(map ? { ...search, limit: 200 } : search));
  const departments = useQuery(departmentsQuery);
  const [editing, setEditing] = useState<Store | "new" | null>(null);
  const [importing, setImporting] = useState(false);

  // A store that is a department of its own belongs to the one above it.
  const regionOf = useCallback(
    (store: Store) => {
      const all = departments.data?.items ?? [];
      const own = all.find((d) => d.id === store.department_id);
      const above = own && own.stores === 1 ? all.find((d) => d.id === own.parent_id) : undefined;
      return own?.name === store.name && above ? above.name : store.department_name;
    },
    [departments.data],
  );

  const columns = useMemo<Column<Store>[]>(
    () => [
      {
        key: "number",
        title: t("store.number"),
        width: 95,
        fixed: "left",
        render: (s) => <span className="num">{s.number}</span>,
      },
      { key: "name", title: t("store.name"), width: 165, render: (s) => s.name },
      {
        key: "place",
        title: t("store.place"),
        width: 150,
        render: (s) => [...new Set([s.province, s.city, s.district])].filter(Boolean).join(" "),
      },
      { key: "address", title: t("store.address"), width: 225, render: (s) => s.address },
      { key: "department", title: t("store.region"), width: 105, render: (s) => regionOf(s) || unknown },
      {
        key: "hours",
        title: t("store.hours"),
        width: 104,
        render: (s) => <span className="num">{`${s.open_time}–${s.close_time}`}</span>,
      },
      {
        key: "staff",
        title: t("store.staff"),
        width: 68,
        align: "right",
        render: (s) => count(s.staff_count),
        compare: (a, b) => a.staff_count - b.staff_count,
      },
      {
        key: "groups",
        title: t("menu.groups"),
        width: 78,
        align: "right",
        render: (s) => (
          <Link to="/groups" search={{ store_id: s.id } as never}>
            {count(s.group_count)}
          </Link>
        ),
        compare: (a, b) => (a.group_count ?? 0) - (b.group_count ?? 0),
      },
      {
        key: "pin",
        title: t("store.pin"),
        width: 68,
        render: (s) => (isUnplaced(s) ? <span className="bad">{t("store.no_pin")}</span> : t("store.has_pin")),
      },
      {
        key: "code",
        title: t("menu.codes"),
        width: 60,
        render: (s) => (s.code_id ? <Link to={`/codes/${s.code_id}`}>{t("store.see_code")}</Link> : unknown),
      },
      {
        key: "status",
        title: t("store.status"),
        width: 72,
        render: (s) => <Status kind="store_status" value={s.status} />,
      },
    ],
    [t, regionOf],
  );

  const importButton = mayImport && <Button onClick={() => setImporting(true)}>{t("store.import")}</Button>;
  return (
    <>
      <PageHeader
        title={t("menu.stores")}
        note={t("store.list_note")}
        extra={
          <>
            {importButton}
            {may && (
              <Button type="primary" onClick={() => setEditing("new")}>
                {t("store.create")}
              </Button>
            )}
          </>
        }
      />
      <FilterBar
        values={search}
        onChange={setSearch}
        filters={[
          { kind: "search", name: "q", placeholder: t("store.search") },
          { kind: "search", name: "city", placeholder: t("store.city"), width: 130 },
          {
            kind: "select",
            name: "department_id",
            label: t("store.region"),
            options: (departments.data?.items ?? []).map((d) => ({ value: d.id, label: d.name })),
          },
        ]}
        extra={
          <Segmented
            value={map ? "map" : "list"}
            onChange={(view) => setSearch({ view: view === "map" ? "map" : undefined })}
            options={[
              { value: "list", label: t("store.view_list") },
              { value: "map", label: t("store.view_map") },
            ]}
          />
        }
      />
      {map ? (
        <Panel>
          <Loaded query={query}>
            {(page) => (
              <>
                <ScatterMap
                  width={1120}
                  height={480}
                  points={pointsOf(page.items)}
                  onOpen={may ? (id) => setEditing(page.items.find((s) => s.id === id) ?? null) : undefined}
                />
                {page.next && <div className="quiet">{t("store.map_part", { shown: page.items.length })}</div>}
              </>
            )}
          </Loaded>
        </Panel>
      ) : (
        <DataTable
          id="stores"
          columns={columns}
          rowKey={(s) => s.id}
          query={query}
          search={search}
          onSearch={setSearch}
          onOpen={may ? setEditing : undefined}
          onClearFilters={() =>
            setSearch(Object.fromEntries(Object.keys(filtersOf(search)).map((key) => [key, undefined])))
          }
          empty={{ title: t("store.empty"), hint: t("store.empty_hint"), action: importButton }}
        />
      )}
      <StoreForm target={editing} others={pointsOf(query.data?.items ?? [])} onClose={() => setEditing(null)} />
      <ImportWizard
        kind="stores"
        title={t("store.import")}
        open={importing}
        onClose={() => setImporting(false)}
        help={<span className="quiet">{t("store.import_help")}</span>}
      />
    </>
  );
}
