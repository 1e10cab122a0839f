// The doctor: what the last examination found, since when something is wrong, and what to do about it.
import { ReloadOutlined } from "@ant-design/icons";
import type { CheckArea, CheckChange, DoctorReport } from "@shared/api/types";
import { time } from "@shared/format";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Table } from "antd";
import { useT } from "../../i18n";
import { CheckMark, Findings, worst } from "../../kit/findings";
import { PageHeader, Panel } from "../../kit/page";
import { EmptyState, Loaded } from "../../kit/states";
import { useWrite } from "../../lib/mutation";
import { useCan, useZone } from "../../lib/session";
import { doctorQuery, runDoctor } from "./api";

const areas: CheckArea[] = ["wecom", "callback", "server"];

export function DoctorPage() {
  const t = useT();
  const zone = useZone();
  const may = useCan("system.manage");
  const queries = useQueryClient();
  const query = useQuery(doctorQuery);
  const run = useWrite({
    call: () => runDoctor(),
    onDone: (report) => queries.setQueryData(doctorQuery.queryKey, report),
  });
  const button = may && (
    <Button type="primary" icon={<ReloadOutlined />} loading={run.isPending} onClick={() => run.mutate()}>
      {run.isPending ? t("doctor.running") : t("doctor.run")}
    </Button>
  );
  const at = query.data?.checked_at;
  return (
    <>
      <PageHeader
        title={t("menu.doctor")}
        note={t("doctor.note")}
        extra={
          <>
            {at && <span className="quiet num">{t("doctor.checked_at", { at: time(at, zone) })}</span>}
            {button}
          </>
        }
      />
      <Loaded query={query}>
        {(report) =>
          report.items.length === 0 ? (
            <Panel>
              <EmptyState title={t("doctor.never")} hint={t("doctor.never_hint")} action={button} />
            </Panel>
          ) : (
            <Report report={report} />
          )
        }
      </Loaded>
    </>
  );
}

function Report({ report }: { report: DoctorReport }) {
  const t = useT();
  const zone = useZone();
  const fromSetup = report.items.filter((item) => item.from_setup);
  return (
    <div className="stack">
      {fromSetup.length > 0 && (
        <Alert
          type="error"
          showIcon
          title={t("doctor.from_setup")}
          description={t("doctor.from_setup_note", {
            n: fromSetup.length,
            names: fromSetup.map((item) => item.title).join(t("doctor.names_join")),
          })}
        />
      )}
      <div className="tiles tiles-four">
        {(["fail", "warn", "unknown", "ok"] as const).map((state) => {
          const n = report.items.filter((item) => item.state === state).length;
          return (
            <div className={n > 0 ? "tile row" : "tile row is-none"} key={state}>
              <CheckMark state={state} />
              <b>{t(`doctor.sum_${state}`, { n })}</b>
            </div>
          );
        })}
      </div>
      {areas.map((area) => {
        const items = report.items.filter((item) => item.area === area);
        return (
          <Panel
            key={area}
            flush
            title={
              <>
                <CheckMark state={worst(items)} /> {t(`check_area.${area}`)}
              </>
            }
          >
            <Findings items={items} zone={zone} fold />
          </Panel>
        );
      })}
      <Panel title={t("doctor.changes")} flush>
        <Changes changes={report.changes} />
      </Panel>
    </div>
  );
}

function Changes({ changes }: { changes: CheckChange[] }) {
  const t = useT();
  const zone = useZone();
  if (changes.length === 0) return <EmptyState title={t("doctor.no_changes")} hint={t("doctor.no_changes_hint")} />;
  return (
    <Table<CheckChange>
      size="small"
      rowKey="id"
      pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
      dataSource={changes}
      columns={[
        {
          title: t("system.at"),
          width: 150,
          render: (_, c) => <span className="num">{time(c.at, zone)}</span>,
        },
        { title: t("system.object"), width: 200, render: (_, c) => c.title },
        {
          title: t("system.state"),
          width: 190,
          render: (_, c) => (
            <span className="row">
              <CheckMark state={c.before} /> {t(`check_state.${c.before}`)} → <CheckMark state={c.state} />{" "}
              {t(`check_state.${c.state}`)}
            </span>
          ),
        },
        { title: t("system.detail"), render: (_, c) => c.found },
      ]}
    />
  );
}
