// Whether the machine keeps up: health, lanes of the inbox, WeCom's APIs, and the coarse jobs.
import type { Health, Job } from "@shared/api/types";
import { count, duration, time, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Button, Table } from "antd";
import { useT } from "../../i18n";
import { PageHeader, Panel } from "../../kit/page";
import { EmptyState, Loaded } from "../../kit/states";
import { Status } from "../../kit/status";
import { useZone } from "../../lib/session";
import { healthQuery, jobsQuery } from "./api";

export function JobsPage() {
  const t = useT();
  const health = useQuery(healthQuery);
  const jobs = useQuery(jobsQuery);
  return (
    <>
      <PageHeader
        title={t("menu.jobs")}
        note={t("system.jobs_note")}
        extra={
          jobs.data?.ui && (
            <Button href={jobs.data.ui} target="_blank">
              {t("system.job_ui")}
            </Button>
          )
        }
      />
      <div className="stack">
        <Loaded query={health}>{(data) => <HealthPanels health={data} />}</Loaded>
        <Panel title={t("system.jobs")} flush>
          <Loaded query={jobs}>{(data) => <Jobs jobs={data.items} />}</Loaded>
        </Panel>
      </div>
    </>
  );
}

function HealthPanels({ health }: { health: Health }) {
  const t = useT();
  return (
    <>
      <div className="tiles">
        {health.items.map((item) => (
          <div className="tile" key={item.name}>
            <div className="tile-label">
              <span className="grow clip">{t.word("health", item.name)}</span>
              <Status kind="health_state" value={item.state} />
            </div>
            <div className="tile-foot" style={{ marginTop: 6 }}>
              {item.detail}
            </div>
          </div>
        ))}
      </div>
      <div className="columns columns-half">
        <Panel title={t("system.lanes")} flush>
          <Table
            size="small"
            rowKey="lane"
            pagination={false}
            dataSource={health.queues}
            columns={[
              { title: t("system.lane"), render: (_, q) => t.word("lane", q.lane) },
              { title: t("system.waiting"), align: "right", width: 100, render: (_, q) => count(q.waiting) },
              {
                title: t("system.oldest"),
                align: "right",
                width: 120,
                render: (_, q) => (q.waiting === 0 ? unknown : duration(q.oldest_ms)),
              },
              { title: t("system.done_1h"), align: "right", width: 120, render: (_, q) => count(q.done_1h) },
            ]}
          />
        </Panel>
        <Panel title={t("system.watch")}>
          <div className="row">
            <span className="grow">{t("system.callbacks_refused")}</span>
            <b className={health.callbacks_refused > 0 ? "bad num" : "num"}>{count(health.callbacks_refused)}</b>
          </div>
          <p className="quiet">{t("system.callbacks_refused_hint")}</p>
          <div className="row">
            <span className="grow">{t("system.orphaned_codes")}</span>
            <b className="num">{count(health.orphaned_codes)}</b>
          </div>
          <p className="quiet" style={{ marginBottom: 0 }}>
            {t("system.orphaned_codes_hint")}
          </p>
        </Panel>
      </div>
    </>
  );
}

function Jobs({ jobs }: { jobs: Job[] }) {
  const t = useT();
  const zone = useZone();
  if (jobs.length === 0) return <EmptyState title={t("system.no_jobs")} />;
  return (
    <Table<Job>
      size="small"
      rowKey="id"
      pagination={false}
      dataSource={jobs}
      columns={[
        { title: "ID", width: 90, render: (_, j) => <span className="num">{j.id}</span> },
        { title: t("system.job_kind"), render: (_, j) => t.word("job", j.kind) },
        {
          title: t("system.state"),
          width: 110,
          render: (_, j) => <Status kind="job_state" value={j.state} hint={j.error} />,
        },
        { title: t("system.attempts"), align: "right", width: 90, render: (_, j) => j.attempt },
        {
          title: t("system.queued_at"),
          width: 150,
          render: (_, j) => <span className="num">{time(j.queued_at, zone, "second")}</span>,
        },
        {
          title: t("system.finished_at"),
          width: 150,
          render: (_, j) => <span className="num">{time(j.finished_at, zone, "second")}</span>,
        },
        { title: t("system.error"), render: (_, j) => <span className="bad">{j.error}</span> },
      ]}
    />
  );
}
