// One plan: its steps day by day, what became of each, and its versions. A change of a step is a new version.
import type { PlanDetail, Step, StepReport } from "@shared/api/types";
import { count, time } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { App, Button, Descriptions, Table, Tabs, Tag } from "antd";
import { useState } from "react";
import { type Translate, useT } from "../../i18n";
import { StatTile } from "../../kit/metric";
import { PageHeader, Panel } from "../../kit/page";
import { EmptyState, Loaded } from "../../kit/states";
import { Status } from "../../kit/status";
import { useWrite } from "../../lib/mutation";
import { useUrlState } from "../../lib/search";
import { useCan, useZone } from "../../lib/session";
import { pausePlan, planQuery, resumePlan, stepsReportQuery } from "./api";
import { planSearch } from "./search";
import { StepForm } from "./step-form";

export function PlanDetailPage() {
  const id = Number(useParams({ strict: false }).id);
  const query = useQuery(planQuery(id));
  return (
    <Loaded query={query} rows={12}>
      {(plan) => <Detail plan={plan} />}
    </Loaded>
  );
}

function Detail({ plan }: { plan: PlanDetail }) {
  const t = useT();
  const may = useCan("sop.write");
  const { modal } = App.useApp();
  const [search, setSearch] = useUrlState(planSearch);
  const [editing, setEditing] = useState<Step | null>(null);
  const paused = plan.state === "paused";
  const toggle = useWrite({
    call: () => (paused ? resumePlan(plan.id) : pausePlan(plan.id)),
    done: paused ? t("sop.resumed") : t("sop.paused_done"),
    refresh: [["sop"]],
  });
  const onToggle = () =>
    paused
      ? toggle.mutate()
      : modal.confirm({
          title: t("sop.pause_title"),
          content: t("sop.pause_hint"),
          okText: t("sop.pause"),
          cancelText: t("kit.cancel"),
          onOk: () => toggle.mutateAsync(),
        });

  return (
    <>
      <PageHeader
        back="/sop"
        title={
          <span className="row">
            {plan.code} {plan.name} <Status kind="plan_state" value={plan.state} />
          </span>
        }
        note={`${t(`sop.subject.${plan.subject}`)} · ${plan.header.length_days > 0 ? t("sop.length", { days: plan.header.length_days }) : t("sop.every_week")} · v${plan.version}`}
        extra={
          <>
            <Link to="/board" search={{ plan_id: plan.id } as never}>
              {t("menu.board")} →
            </Link>
            {may && plan.state !== "draft" && (
              <Button loading={toggle.isPending} onClick={onToggle}>
                {paused ? t("sop.resume") : t("sop.pause")}
              </Button>
            )}
          </>
        }
      />
      <div className="stack">
        <div className="tiles">
          <StatTile
            metric={{ id: "sop.runs", version: 1, value: plan.runs_active, state: "complete", unit: "count" }}
            label={t("sop.runs")}
          />
          <StatTile metric={plan.exec} label={t("metric.sop.exec")} />
          <StatTile metric={plan.ontime} label={t("metric.sop.ontime")} />
        </div>
        <div className="columns columns-main">
          <Panel flush>
            <div style={{ padding: "4px 16px 16px" }}>
              <Tabs
                activeKey={search.tab ?? "steps"}
                onChange={(tab) => setSearch({ tab: tab === "report" || tab === "versions" ? tab : undefined })}
                items={[
                  {
                    key: "steps",
                    label: t("sop.steps"),
                    children: <Steps steps={plan.steps} onEdit={may ? setEditing : undefined} />,
                  },
                  { key: "report", label: t("sop.report"), children: <Report id={plan.id} /> },
                  { key: "versions", label: t("sop.versions"), children: <Versions plan={plan} /> },
                ]}
              />
            </div>
          </Panel>
          <Panel title={t("sop.rules")}>
            <Descriptions
              size="small"
              column={1}
              items={[
                { key: "quiet", label: t("sop.quiet"), children: plan.header.quiet },
                { key: "caps", label: t("sop.caps"), children: plan.header.caps },
                { key: "stop", label: t("sop.stop_line"), children: plan.header.stop_line },
              ]}
            />
          </Panel>
        </div>
      </div>
      <StepForm plan={plan} step={editing} onClose={() => setEditing(null)} />
    </>
  );
}

/** When a step comes round: a day of the run, or the days of the week it repeats on. */
export function dayOf(step: Step, t: Translate): string {
  const days = step.weekdays ?? [];
  if (days.length === 0) return t("sop.day", { day: step.day });
  if (days.length === 7) return t("weekday.all");
  const names = days.map((day) => t.word("weekday", String(day)));
  // Chinese names begin alike, and the common part is said once.
  return t.language === "en"
    ? names.join(" ")
    : names[0] +
        names
          .slice(1)
          .map((name) => name.slice(1))
          .join("");
}

function Steps({ steps, onEdit }: { steps: Step[]; onEdit?: (step: Step) => void }) {
  const t = useT();
  return (
    <div>
      {steps.map((step, i) => (
        <div
          key={step.key}
          style={{ display: "grid", gridTemplateColumns: "74px minmax(0,1fr)", gap: 14, paddingBottom: 18 }}
        >
          <div>
            {dayOf(step, t) !== (steps[i - 1] && dayOf(steps[i - 1] as Step, t)) && <b>{dayOf(step, t)}</b>}
            <div className="quiet num">{step.time}</div>
          </div>
          <div>
            <div className="row row-wrap" style={{ marginBottom: 4 }}>
              <b>{step.title}</b>
              <Tag>{t.word("channel", step.channel)}</Tag>
              {step.promo && <Tag color="warning">{t("touch.promo")}</Tag>}
              {step.quota_cost > 0 && <Tag color="processing">{t("sop.costs_quota")}</Tag>}
              <span className="grow" />
              {onEdit && (
                <Button type="link" size="small" onClick={() => onEdit(step)}>
                  {t("sop.edit_step")}
                </Button>
              )}
            </div>
            <div className="quiet" style={{ marginBottom: 6 }}>
              {step.why}
            </div>
            {step.text && <p className="message-text">{step.text}</p>}
            <div className="quiet" style={{ marginTop: 6, fontSize: 12 }}>
              {t("sop.window", { from: step.window.from, to: step.window.to })} · {t(`sop.late.${step.late}`)}
              {step.fallback && ` · ${t("sop.fallback", { fallback: t.word("channel", step.fallback) })}`}
            </div>
          </div>
        </div>
      ))}
    </div>
  );
}

function Report({ id }: { id: number }) {
  const t = useT();
  const [search] = useUrlState(planSearch);
  const query = useQuery(stepsReportQuery(id, search.date));
  return (
    <Loaded query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState title={t("sop.report_empty")} hint={t("sop.report_empty_hint")} />
        ) : (
          <Table<StepReport>
            size="small"
            rowKey="key"
            pagination={false}
            dataSource={items}
            columns={[
              { title: t("sop.step"), render: (_, row) => row.title },
              { title: t("board.due"), align: "right", width: 80, render: (_, row) => count(row.due) },
              { title: t("board.done"), align: "right", width: 80, render: (_, row) => count(row.done) },
              { title: t("board.late"), align: "right", width: 80, render: (_, row) => count(row.late) },
              { title: t("sop.delivered"), align: "right", width: 90, render: (_, row) => count(row.delivered) },
              {
                title: t("board.refused"),
                width: 280,
                render: (_, row) =>
                  (row.refused ?? []).map((refusal) => (
                    <Tag key={refusal.reason}>
                      {refusal.reason_text || t.word("touch_reason", refusal.reason)} {count(refusal.count)}
                    </Tag>
                  )),
              },
            ]}
          />
        )
      }
    </Loaded>
  );
}

function Versions({ plan }: { plan: PlanDetail }) {
  const t = useT();
  const zone = useZone();
  return (
    <Table
      size="small"
      rowKey="version"
      pagination={false}
      dataSource={plan.versions}
      columns={[
        {
          title: t("sop.version"),
          width: 110,
          render: (_, v) => (
            <>
              v{v.version} {v.version === plan.version && <Tag color="success">{t("sop.current")}</Tag>}
            </>
          ),
        },
        {
          title: t("sop.published_at"),
          width: 150,
          render: (_, v) => <span className="num">{time(v.published_at, zone)}</span>,
        },
        { title: t("sop.by"), width: 120, render: (_, v) => v.by },
        { title: t("sop.note"), render: (_, v) => v.note },
      ]}
    />
  );
}
