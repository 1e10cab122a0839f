// Syncs: what runs and how far it is, and of each run the statement that proves what we hold: what WeCom shows, what we
// held, what was repaired and why nobody had told. Only a run whose counts agree afterwards says complete.
import type { SyncResult, SyncRun, SyncThing } from "@shared/api/types";
import { count, duration, percent, time, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Segmented, Table, Tag, Tooltip } from "antd";
import { type Translate, useT } from "../../i18n";
import { PageHeader, Panel } from "../../kit/page";
import { EmptyState, Loaded } from "../../kit/states";
import { Status } from "../../kit/status";
import { useWrite } from "../../lib/mutation";
import { useUrlState } from "../../lib/search";
import { useCan, useZone } from "../../lib/session";
import { startSync, syncQuery } from "./api";
import { syncSearch } from "./search";
import { RunProgress } from "./sync-progress";
import { RepairDrawer } from "./sync-repairs";
import { StrayDrawer } from "./sync-strays";

export function SyncPage() {
  const t = useT();
  const zone = useZone();
  const may = useCan("system.manage");
  const [search, setSearch] = useUrlState(syncSearch);
  const query = useQuery(syncQuery(search.kind));
  const all = useQuery(syncQuery(undefined)); // what runs now is shown whatever is listed
  const start = useWrite({
    call: (kind: SyncRun["kind"]) => startSync(kind),
    done: t("system.sync_started"),
    refresh: [["system", "sync"]],
  });
  const open = all.data?.items.find((run) => run.state === "running" || run.state === "paused");
  const button = may && (
    <Button
      type="primary"
      loading={start.isPending}
      disabled={open?.kind === "full"}
      onClick={() => start.mutate("full")}
    >
      {t("sync.start_full")}
    </Button>
  );
  return (
    <>
      <PageHeader
        title={t("menu.sync")}
        note={t("sync.note")}
        extra={
          <>
            {may && (
              <Tooltip title={t("sync.start_check_hint")}>
                <Button disabled={open !== undefined} onClick={() => start.mutate("check")}>
                  {t("sync.start_check")}
                </Button>
              </Tooltip>
            )}
            {button}
          </>
        }
      />
      {open && <RunProgress run={open} heldBack={all.data?.held_back_until ?? null} />}
      <Panel
        flush
        title={t("sync.runs")}
        extra={
          <span className="row" style={{ gap: 14 }}>
            {query.data?.next && (
              <span className="quiet">
                {t("sync.next", { kind: t.word("sync_kind", query.data.next_kind), at: time(query.data.next, zone) })}
              </span>
            )}
            <Segmented
              size="small"
              value={search.kind ?? "all"}
              options={[
                { value: "all", label: t("sync.all_kinds") },
                { value: "full", label: t("sync_kind.full") },
                { value: "check", label: t("sync_kind.check") },
              ]}
              onChange={(kind) => setSearch({ kind: kind === "full" || kind === "check" ? kind : undefined })}
            />
          </span>
        }
      >
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
                  defaultExpandedRowKeys: items[0]?.result?.held_after ? [items[0].id] : [],
                  expandedRowRender: (run) => (
                    <Statement
                      run={run}
                      onRepairs={(thing) => setSearch({ run: run.id, thing })}
                      onStrays={() => setSearch({ strays: true })}
                    />
                  ),
                  rowExpandable: (run) => run.result !== null,
                }}
                columns={[
                  { title: t("system.sync_kind"), width: 110, render: (_, s) => t.word("sync_kind", s.kind) },
                  {
                    title: t("system.state"),
                    width: 90,
                    render: (_, s) => <Status kind="sync_state" value={s.state} />,
                  },
                  {
                    title: t("system.started_at"),
                    width: 165,
                    render: (_, s) => <span className="num">{time(s.started_at, zone, "second")}</span>,
                  },
                  { title: t("system.took"), width: 90, render: (_, s) => <span className="num">{tookOf(s)}</span> },
                  {
                    title: t("sync.calls"),
                    width: 100,
                    align: "right",
                    render: (_, s) => <span className="num">{count(s.progress.calls)}</span>,
                  },
                  {
                    title: t("sync.repaired"),
                    width: 100,
                    align: "right",
                    render: (_, s) => <span className="num">{count(repairedOf(s.result))}</span>,
                  },
                  { title: t("sync.verdict"), width: 130, render: (_, s) => <Verdict run={s} /> },
                  { title: t("system.error"), render: (_, s) => <span className="bad">{s.problem?.message}</span> },
                ]}
              />
            )
          }
        </Loaded>
      </Panel>
      <RepairDrawer search={search} onSearch={setSearch} />
      <StrayDrawer open={search.strays === true} onClose={() => setSearch({ strays: undefined })} />
    </>
  );
}

function tookOf(run: SyncRun): string {
  if (!run.finished_at) return unknown;
  return duration(new Date(run.finished_at).getTime() - new Date(run.started_at).getTime());
}

/** How many repairs a run made; null before it has a statement. */
function repairedOf(result: SyncResult | null): number | null {
  if (!result) return null;
  const reasons = Object.values(result.why ?? {}).flatMap((byReason) => Object.values(byReason));
  return reasons.reduce((sum, n) => sum + n, 0);
}

function Verdict({ run }: { run: SyncRun }) {
  const t = useT();
  if (run.state !== "done" || !run.result) return <span className="quiet">{unknown}</span>;
  if (run.result.complete) return <Tag color="success">{t("sync.complete")}</Tag>;
  const differs = run.result.differs ?? [];
  const hint = differs.map((d) => differenceText(d, t)).join("\n");
  return (
    <Tooltip title={<span style={{ whiteSpace: "pre-line" }}>{hint}</span>}>
      <Tag color="warning">{t("sync.differs")}</Tag>
    </Tooltip>
  );
}

type Difference = NonNullable<SyncResult["differs"]>[number];

function differenceText(d: Difference, t: Translate): string {
  const thing = t.word("sync_thing", d.thing);
  const parts: string[] = [];
  if (d.missing + d.extra > 0) {
    parts.push(t("sync.difference", { thing, missing: count(d.missing), extra: count(d.extra) }));
  }
  if (d.open) parts.push(t("sync.difference_open", { thing, n: count(d.open) }));
  return parts.join(" · ");
}

const things: SyncThing[] = ["staff", "tags", "relations", "groups", "members", "ways", "join_ways"];
const columns = ["remote", "held_before", "held_after", "during", "missing", "extra", "amended"] as const;
const repairs = ["missing", "extra", "amended"];

interface StatementProps {
  run: SyncRun;
  onRepairs: (thing: SyncThing | undefined) => void;
  onStrays: () => void;
}

/** What WeCom shows, what we held and hold, the difference that was repaired, and why. */
function Statement({ run, onRepairs, onStrays }: StatementProps) {
  const t = useT();
  const result = run.result;
  if (!result) return null;
  // Figures of repairs are only there where there is one; without, none was made.
  const figure = (column: (typeof columns)[number], thing: SyncThing) => {
    const known = result[column]?.[thing];
    const counted = result.remote?.[thing] !== undefined;
    return known ?? (counted && (repairs.includes(column) || column === "during") ? 0 : undefined);
  };
  return (
    <div className="stack" style={{ padding: "4px 0 8px" }}>
      {(result.differs ?? []).map((d) => (
        <Alert
          key={d.thing}
          type="warning"
          showIcon
          title={differenceText(d, t)}
          description={t(d.open ? "sync.open_hint" : "sync.differs_hint")}
        />
      ))}
      {(result.unread ?? 0) > 0 && (
        <Alert
          type="info"
          showIcon
          title={t("sync.unread", { n: result.unread ?? 0 })}
          description={t("sync.unread_hint")}
        />
      )}
      <Unlisted result={result} />
      <Table
        size="small"
        rowKey="thing"
        pagination={false}
        dataSource={things.map((thing) => ({ thing }))}
        columns={[
          { title: "", width: 100, render: (_, row) => t.word("sync_thing", row.thing) },
          ...columns.map((column) => ({
            title: <Tooltip title={t(`sync_column_hint.${column}`)}>{t(`sync_column.${column}`)}</Tooltip>,
            align: "right" as const,
            width: 92,
            render: (_: unknown, row: { thing: SyncThing }) => (
              <span className="num">{count(figure(column, row.thing))}</span>
            ),
          })),
          {
            title: t("sync.why"),
            render: (_, row) => (
              <Reasons
                byReason={result.why?.[row.thing]}
                counted={result.remote?.[row.thing] !== undefined}
                inTurn={run.kind === "check" && row.thing === "members"}
                onOpen={() => onRepairs(row.thing)}
              />
            ),
          },
        ]}
      />
      <div className="row row-wrap">
        <Button size="small" disabled={result.listed === 0} onClick={() => onRepairs(undefined)}>
          {t("sync.show_repairs", { n: count(result.listed) })}
        </Button>
        {result.strays > 0 && (
          <Button size="small" onClick={onStrays}>
            {t("sync.show_strays", { n: count(result.strays) })}
          </Button>
        )}
        <Archived result={result} />
        <Refusals run={run} />
      </div>
    </div>
  );
}

interface ReasonsProps {
  byReason: Record<string, number> | undefined;
  /** Whether the run counted this thing at all. */
  counted: boolean;
  /** Whether it looks at some of them in turn. */
  inTurn: boolean;
  onOpen: () => void;
}

/** What we hold of which no list speaks, and which therefore was not compared. */
function Unlisted({ result }: { result: SyncResult }) {
  const t = useT();
  const parts = things
    .filter((thing) => (result.unlisted?.[thing] ?? 0) > 0)
    .map((thing) =>
      t("sync.unlisted_part", { thing: t.word("sync_thing", thing), n: count(result.unlisted?.[thing] ?? 0) }),
    );
  if (parts.length === 0) return null;
  return (
    <Alert
      type="info"
      showIcon
      title={t("sync.unlisted", { what: parts.join("、") })}
      description={t("sync.unlisted_hint")}
    />
  );
}

function Reasons({ byReason, counted, inTurn, onOpen }: ReasonsProps) {
  const t = useT();
  const entries = Object.entries(byReason ?? {}).sort((a, b) => b[1] - a[1]);
  if (entries.length === 0) {
    const text = <span className="quiet">{t(counted ? "sync.nothing_missing" : "sync.not_compared")}</span>;
    return inTurn ? <Tooltip title={t("sync.members_in_turn")}>{text}</Tooltip> : text;
  }
  return (
    <span className="row row-wrap" style={{ gap: 4 }}>
      {entries.map(([reason, n]) => (
        <Tooltip key={reason} title={t.word("sync_reason_hint", reason)}>
          <Tag style={{ marginInlineEnd: 0, cursor: "pointer" }} onClick={onOpen}>
            {t.word("sync_reason", reason)} {count(n)}
          </Tag>
        </Tooltip>
      ))}
    </span>
  );
}

/** Of whom WeCom refused the statistics, and why. */
function Refusals({ run }: { run: SyncRun }) {
  const t = useT();
  const refused = run.result?.archive?.refused ?? 0;
  if (refused === 0) return null;
  const lines = run.refusals.map((x) =>
    t(x.owner ? "sync.refusal_owner" : "sync.refusal_staff", { user: x.userid, message: x.message }),
  );
  return (
    <Tooltip title={<span style={{ whiteSpace: "pre-line" }}>{lines.join("\n")}</span>}>
      <span className="bad">{t("sync.archive_refusals", { n: count(refused) })}</span>
    </Tooltip>
  );
}

/** What the run did for the archive of WeCom's statistics. */
function Archived({ result }: { result: SyncResult }) {
  const t = useT();
  const archive = result.archive;
  if (!archive) return null;
  if (archive.error) return <span className="bad">{t("sync.archive_refused", { code: archive.error })}</span>;
  const all = archive.staff_days + archive.owner_days + archive.absent;
  if (all === 0) return <span className="quiet">{t("sync.archive_current")}</span>;
  return (
    <span className="quiet">
      {t("sync.archived", { staff: count(archive.staff_days), owners: count(archive.owner_days) })}
      {archive.absent > 0 &&
        t("sync.archive_absent", { n: count(archive.absent), share: percent(archive.absent / all) })}
    </span>
  );
}
