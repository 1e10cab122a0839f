// Reconciling runs: what WeCom has, what we had, and what was repaired. Only a finished run proves completeness.
import type { SyncCounts, SyncResult, SyncRun } from "@shared/api/types";
import { count, time, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Button, Progress, Table } from "antd";
import { type Translate, useT } from "../../i18n";
import { PageHeader, Panel } from "../../kit/page";
import { EmptyState, Loaded } from "../../kit/states";
import { Status } from "../../kit/status";
import { useWrite } from "../../lib/mutation";
import { useCan, useZone } from "../../lib/session";
import { startSync, syncQuery } from "./api";

export function SyncPage() {
  const t = useT();
  const zone = useZone();
  const may = useCan("system.manage");
  const query = useQuery(syncQuery);
  const start = useWrite({ call: () => startSync(), done: t("system.sync_started"), refresh: [["system", "sync"]] });
  const button = may && (
    <Button type="primary" loading={start.isPending} onClick={() => start.mutate()}>
      {t("system.sync_now")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("menu.sync")} note={t("system.sync_note")} extra={button} />
      <Panel flush>
        <Loaded query={query}>
          {({ items }) =>
            items.length === 0 ? (
              <EmptyState title={t("system.no_sync")} hint={t("system.no_sync_hint")} action={button} />
            ) : (
              <Table<SyncRun>
                size="small"
                rowKey="id"
                pagination={false}
                dataSource={items}
                expandable={{
                  expandedRowRender: (s) => <Statement result={resultOf(s)} />,
                  rowExpandable: (s) => resultOf(s) !== null,
                }}
                columns={[
                  { title: t("system.sync_kind"), render: (_, s) => t.word("sync", s.kind) },
                  {
                    title: t("system.state"),
                    width: 150,
                    render: (_, s) =>
                      s.finished_at ? (
                        <Status kind="sync_state" value={s.state} />
                      ) : (
                        <Progress percent={percentOf(s)} size="small" />
                      ),
                  },
                  {
                    title: t("system.started_at"),
                    width: 165,
                    render: (_, s) => <span className="num">{time(s.started_at, zone, "second")}</span>,
                  },
                  {
                    title: t("system.finished_at"),
                    width: 165,
                    render: (_, s) => <span className="num">{time(s.finished_at, zone, "second")}</span>,
                  },
                  {
                    title: t("system.complete"),
                    width: 90,
                    render: (_, s) => completeText(resultOf(s), t),
                  },
                  { title: t("system.error"), render: (_, s) => <span className="bad">{s.error}</span> },
                ]}
              />
            )
          }
        </Loaded>
      </Panel>
    </>
  );
}

/** The statement of a run, once there is one. */
function resultOf(run: SyncRun): SyncResult | null {
  const result = run.result as Partial<SyncResult> | null;
  return result?.remote && result.missing ? (result as SyncResult) : null;
}

function completeText(result: SyncResult | null, t: Translate): string {
  return result ? t(result.complete ? "kit.yes" : "kit.no") : unknown;
}

function percentOf(run: SyncRun): number {
  const { done = 0, of = 0 } = (run.progress ?? {}) as { done?: number; of?: number };
  return of > 0 ? Math.round((100 * done) / of) : 0;
}

const things: (keyof SyncCounts)[] = ["staff", "relations", "tags", "groups", "members"];
const columns = ["remote", "held_before", "missing", "extra", "amended"] as const;

/** What WeCom shows, what we held, and the difference that was repaired. */
function Statement({ result }: { result: SyncResult | null }) {
  const t = useT();
  if (!result) return null;
  return (
    <Table
      size="small"
      rowKey="thing"
      pagination={false}
      dataSource={things.map((thing) => ({ thing }))}
      columns={[
        { title: "", width: 160, render: (_, row) => t(`sync_thing.${row.thing}`) },
        ...columns.map((column) => ({
          title: t(`system.${column}`),
          align: "right" as const,
          width: 110,
          render: (_: unknown, row: { thing: keyof SyncCounts }) => count(result[column]?.[row.thing]),
        })),
      ]}
    />
  );
}
