// The one table of the console: a page by keyset cursor, state in the URL, column widths kept per person, keyboard,
// and the three states around the rows. Sorting orders the loaded page alone and says so: the server's order is the
// order of the cursor.
import type { Page } from "@shared/api/types";
import { count } from "@shared/format";
import { Button, Select, Table, Tooltip } from "antd";
import type { ColumnType } from "antd/es/table";
import { type KeyboardEvent, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useT } from "../i18n";
import { filtersOf, type TableSearch } from "../lib/search";
import { useColumnWidths } from "./column-widths";
import { CursorTrail } from "./cursor-trail";
import { EmptyState, ErrorState, LoadingState } from "./states";

export interface Column<T> {
  key: string;
  title: ReactNode;
  width?: number;
  align?: "left" | "right" | "center";
  fixed?: "left" | "right";
  ellipsis?: boolean;
  render: (row: T) => ReactNode;
  /** Orders the loaded page. */
  compare?: (a: T, b: T) => number;
}

interface Query<T> {
  data: Page<T> | undefined;
  error: unknown;
  isFetching: boolean;
  refetch: () => unknown;
}

interface Props<T> {
  /** Names the table where widths are kept. */
  id: string;
  columns: Column<T>[];
  rowKey: (row: T) => string | number;
  query: Query<T>;
  search: TableSearch;
  onSearch: (patch: TableSearch) => void;
  /** Opens a row by click or Enter. */
  onOpen?: (row: T) => void;
  /** Shown when nothing exists at all: says what to do next. */
  empty: { title: string; hint?: ReactNode; action?: ReactNode };
  onClearFilters?: () => void;
  expanded?: (row: T) => ReactNode;
  /** False for a list that always comes whole. */
  paged?: boolean;
}

const sizes = [20, 50, 100, 200] as const;

export function DataTable<T extends object>(props: Props<T>) {
  const { id, columns, rowKey, query, search, onSearch, onOpen, empty, onClearFilters, expanded, paged = true } = props;
  const t = useT();
  const box = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(-1);
  const trail = useRef(new CursorTrail());
  const { widths, resize, HeaderCell } = useColumnWidths(id);

  const rows = query.data?.items ?? [];
  const next = query.data?.next ?? "";
  const page = search.page ?? 1;

  // The place of the keyboard belongs to one page of rows.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a turned page resets it
  useEffect(() => setActive(-1), [search.cursor]);

  const turnForward = useCallback(() => {
    if (!next) return;
    trail.current.visit(page, search.cursor);
    onSearch({ cursor: next, page: page + 1 });
  }, [next, page, search.cursor, onSearch]);

  const turnBack = useCallback(() => {
    if (page <= 1 && !search.cursor) return;
    onSearch(trail.current.before(page));
  }, [page, search.cursor, onSearch]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== box.current) return;
    if (event.key === "ArrowDown") setActive((i) => Math.min(i + 1, rows.length - 1));
    else if (event.key === "ArrowUp") setActive((i) => Math.max(i - 1, 0));
    else if (event.key === "ArrowRight") turnForward();
    else if (event.key === "ArrowLeft") turnBack();
    else if (event.key === "Enter" && rows[active]) onOpen?.(rows[active]);
    else return;
    event.preventDefault();
  };

  useEffect(() => {
    if (active < 0) return;
    box.current?.querySelectorAll(".ant-table-row")[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const tableColumns = useMemo<ColumnType<T>[]>(
    () =>
      columns.map((column) => ({
        key: column.key,
        title: column.compare ? <Tooltip title={t("table.sort_page")}>{column.title}</Tooltip> : column.title,
        align: column.align,
        fixed: column.fixed,
        ellipsis: column.ellipsis ?? true,
        width: widths[column.key] ?? column.width,
        render: (_: unknown, row: T) => column.render(row),
        sorter: column.compare,
        showSorterTooltip: false,
        onHeaderCell: () => ({ onResizeWidth: (width: number) => resize(column.key, width) }) as object,
      })),
    [columns, widths, resize, t],
  );

  if (query.data === undefined) {
    return (
      <div className="data-table">
        {query.error ? <ErrorState error={query.error} onRetry={() => query.refetch()} /> : <LoadingState rows={8} />}
      </div>
    );
  }

  if (rows.length === 0) {
    const filtered = Object.keys(filtersOf(search)).length > 0 || Boolean(search.cursor);
    return (
      <div className="data-table">
        {filtered ? (
          <EmptyState
            title={t("kit.no_match")}
            hint={t("kit.no_match_hint")}
            action={onClearFilters && <Button onClick={onClearFilters}>{t("kit.clear")}</Button>}
          />
        ) : (
          <EmptyState {...empty} />
        )}
      </div>
    );
  }

  const total = query.data.total;
  const width = columns.reduce((sum, column) => sum + (widths[column.key] ?? column.width ?? 120), 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the table is operated by arrow keys as a whole
    // biome-ignore lint/a11y/noStaticElementInteractions: see above
    <div ref={box} className={`data-table${onOpen ? " can-open" : ""}`} tabIndex={0} onKeyDown={onKeyDown}>
      <Table<T>
        size="small"
        rowKey={rowKey}
        columns={tableColumns}
        dataSource={rows}
        pagination={false}
        loading={query.isFetching && { delay: 250 }}
        scroll={{ x: width }}
        components={{ header: { cell: HeaderCell } }}
        rowClassName={(_, index) => (index === active ? "row-active" : "")}
        expandable={expanded && { expandedRowRender: expanded }}
        onRow={(row, index) => ({
          onClick: (event) => {
            // A link or button inside the row acts for itself; selecting text does not open.
            if ((event.target as HTMLElement).closest("a,button,.ant-checkbox-wrapper,.ant-table-row-expand-icon"))
              return;
            if (window.getSelection()?.toString()) return;
            setActive(index ?? -1);
            onOpen?.(row);
          },
        })}
      />
      <div className="data-table-foot">
        <Tooltip title={t("table.keys")}>
          <span>
            {total !== null && total !== undefined
              ? t("table.total", { total: count(total) })
              : t("table.rows", { rows: rows.length })}
          </span>
        </Tooltip>
        <span className="grow" />
        {paged && (
          <>
            <Select
              size="small"
              variant="borderless"
              value={search.limit ?? 50}
              onChange={(limit) => onSearch({ limit })}
              options={sizes.map((size) => ({ value: size, label: t("table.size", { size }) }))}
            />
            <Button size="small" disabled={page <= 1 && !search.cursor} onClick={turnBack}>
              {t("table.prev")}
            </Button>
            <span className="num">{t("table.page", { page })}</span>
            <Button size="small" disabled={!next} onClick={turnForward}>
              {t("table.next")}
            </Button>
          </>
        )}
      </div>
    </div>
  );
}
