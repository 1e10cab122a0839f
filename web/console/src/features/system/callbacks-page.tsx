// Every callback WeCom sent, and what came of it: what was read, written and called.
import type { Callback, CallbackDetail } from "@shared/api/types";
import { duration, time } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Button, Descriptions, Drawer, Table } from "antd";
import { useMemo } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FilterBar } from "../../kit/filter-bar";
import { PageHeader } from "../../kit/page";
import { Loaded } from "../../kit/states";
import { Status } from "../../kit/status";
import { Timeline } from "../../kit/timeline";
import { useWrite } from "../../lib/mutation";
import { filtersOf, useUrlState } from "../../lib/search";
import { useCan, useZone } from "../../lib/session";
import { callbackQuery, callbacksQuery, replayCallback } from "./api";
import { callbacksSearch } from "./search";

export function CallbacksPage() {
  const t = useT();
  const zone = useZone();
  const [search, setSearch] = useUrlState(callbacksSearch);
  const query = useQuery(callbacksQuery(search));
  const columns = useMemo<Column<Callback>[]>(
    () => [
      {
        key: "received_at",
        title: t("system.received_at"),
        width: 165,
        render: (c) => <span className="num">{time(c.received_at, zone, "second")}</span>,
      },
      {
        key: "corp_at",
        title: t("system.corp_at"),
        width: 165,
        render: (c) => <span className="num">{time(c.corp_at, zone, "second")}</span>,
      },
      { key: "kind", title: t("system.event"), width: 220, render: (c) => t.word("callback", c.kind) },
      { key: "entity", title: t("system.entity"), width: 240, render: (c) => <span className="num">{c.entity}</span> },
      {
        key: "state",
        title: t("system.state"),
        width: 90,
        render: (c) => <Status kind="callback_state" value={c.state} hint={c.error} />,
      },
      { key: "attempts", title: t("system.attempts"), width: 80, align: "right", render: (c) => c.attempts },
      {
        key: "took",
        title: t("system.took"),
        width: 90,
        align: "right",
        render: (c) => <span className="num">{duration(c.took_ms)}</span>,
      },
    ],
    [t, zone],
  );
  const filters = (({ open: _, ...rest }) => rest)(search);
  return (
    <>
      <PageHeader title={t("menu.callbacks")} note={t("system.callbacks_note")} />
      <FilterBar
        values={filters}
        onChange={setSearch}
        filters={[
          { kind: "search", name: "q", placeholder: t("system.callback_search") },
          { kind: "search", name: "kind", placeholder: t("system.event"), width: 180 },
          {
            kind: "select",
            name: "state",
            label: t("system.state"),
            options: (["new", "done", "failed", "ignored"] as const).map((value) => ({
              value,
              label: t(`callback_state.${value}`),
            })),
          },
        ]}
      />
      <DataTable
        id="callbacks"
        columns={columns}
        rowKey={(c) => c.id}
        query={query}
        search={filters}
        onSearch={setSearch}
        onOpen={(c) => setSearch({ open: c.id, cursor: search.cursor, page: search.page })}
        onClearFilters={() =>
          setSearch(Object.fromEntries(Object.keys(filtersOf(filters)).map((key) => [key, undefined])))
        }
        empty={{ title: t("system.no_callbacks"), hint: t("system.no_callbacks_hint") }}
      />
      <Drawer
        open={search.open !== undefined}
        onClose={() => setSearch({ open: undefined, cursor: search.cursor, page: search.page })}
        size={680}
        title={`${t("menu.callbacks")} ${search.open ?? ""}`}
        destroyOnHidden
      >
        {search.open !== undefined && <Detail id={search.open} />}
      </Drawer>
    </>
  );
}

function Detail({ id }: { id: number }) {
  const query = useQuery(callbackQuery(id));
  return <Loaded query={query}>{(callback) => <Body callback={callback} />}</Loaded>;
}

function Body({ callback }: { callback: CallbackDetail }) {
  const t = useT();
  const zone = useZone();
  const may = useCan("system.manage");
  const replay = useWrite({
    call: () => replayCallback(callback.id),
    done: t("system.replayed"),
    refresh: [["system"]],
  });
  return (
    <div className="stack">
      <Descriptions
        size="small"
        column={2}
        items={[
          { key: "kind", label: t("system.event"), children: t.word("callback", callback.kind) },
          { key: "state", label: t("system.state"), children: <Status kind="callback_state" value={callback.state} /> },
          { key: "at", label: t("system.received_at"), children: time(callback.received_at, zone, "second") },
          { key: "took", label: t("system.took"), children: duration(callback.took_ms) },
        ]}
      />
      {callback.error && <p className="code-text bad">{callback.error}</p>}
      <b>{t("system.effects")}</b>
      {callback.effects.length === 0 ? (
        <span className="quiet">{t("system.no_effects")}</span>
      ) : (
        <Timeline
          zone={zone}
          entries={callback.effects.map((effect, i) => ({
            key: i,
            at: effect.at,
            tone: "accent",
            title: t.word("event", effect.kind),
          }))}
        />
      )}
      {callback.calls.length > 0 && (
        <>
          <b>{t("menu.outbox")}</b>
          <Table
            size="small"
            rowKey="id"
            pagination={false}
            dataSource={callback.calls}
            columns={[
              { title: t("system.call"), render: (_, c) => `${t.word("call", c.kind)} ${c.entity}` },
              {
                title: t("system.state"),
                width: 90,
                render: (_, c) => <Status kind="outbox_state" value={c.state} hint={c.error} />,
              },
              { title: t("system.attempts"), width: 70, align: "right", render: (_, c) => c.attempts },
            ]}
          />
        </>
      )}
      <b>{t("system.body")}</b>
      <pre className="code-text">{callback.body}</pre>
      {may && (
        <div>
          <Button loading={replay.isPending} onClick={() => replay.mutate()}>
            {t("system.replay")}
          </Button>{" "}
          <span className="quiet">{t("system.replay_hint")}</span>
        </div>
      )}
    </div>
  );
}
