// How reading goes: where it stands, what is held by the month, what is missing, and the settings.
import type { ArchiveSettings, ArchiveState } from "@shared/api/types";
import { count, time, unknown } from "@shared/format";
import { Alert, Button, Descriptions, Form, InputNumber, Switch, Table } from "antd";
import { useT } from "../../i18n";
import { Panel } from "../../kit/page";
import { useWrite } from "../../lib/mutation";
import { useCan, useZone } from "../../lib/session";
import { pullNow, saveSettings } from "./api";
import { bytes } from "./chat-view";
import { ConnectForm } from "./connect-form";
import { AskButton } from "./coverage-tab";

export function StateTab({ state }: { state: ArchiveState }) {
  const t = useT();
  const may = useCan("system.manage");
  return (
    <div className="columns columns-main">
      <div className="stack">
        <Reading state={state} />
        <Months state={state} />
        <Gaps state={state} />
      </div>
      <div className="stack">
        <Panel title={t("archive.settings")}>
          <SettingsForm state={state} disabled={!may} />
        </Panel>
        {may && (
          <Panel title={t("archive.adapter")}>
            <ConnectForm state={state} />
          </Panel>
        )}
      </div>
    </div>
  );
}

function Reading({ state }: { state: ArchiveState }) {
  const t = useT();
  const zone = useZone();
  const may = useCan("system.manage");
  const pull = useWrite({ call: pullNow, done: t("archive.pulling"), refresh: [["archive", "state"]] });
  const at = (value: string | null) => (value ? time(value, zone, "second") : t("archive.never"));
  return (
    <Panel
      title={t("archive.tab.state")}
      extra={
        may && (
          <span className="row">
            {state.can_ask && <AskButton />}
            {state.enabled && (
              <Button loading={pull.isPending} onClick={() => pull.mutate()}>
                {t("archive.pull_now")}
              </Button>
            )}
          </span>
        )
      }
    >
      {state.problem && state.failures > 0 && (
        <Alert
          type="error"
          showIcon
          style={{ marginBottom: 12 }}
          title={state.problem.message}
          description={t("archive.failing", { n: state.failures, at: time(state.failed_at, zone) })}
        />
      )}
      {state.ask_problem && (
        <Alert
          type="warning"
          showIcon
          style={{ marginBottom: 12 }}
          title={t("archive.ask_failing")}
          description={state.ask_problem.message}
        />
      )}
      <Descriptions
        size="small"
        column={2}
        items={[
          { key: "caught", label: t("archive.caught_up"), children: at(state.caught_up_at) },
          { key: "last", label: t("archive.last_message"), children: at(state.last_at) },
          { key: "kept", label: t("archive.kept"), children: count(state.messages) },
          { key: "twice", label: t("archive.duplicates"), children: count(state.duplicates) },
          { key: "switch", label: t("archive.switches"), children: count(state.switches) },
          { key: "strange", label: t("archive.strange"), children: count(state.strange) },
          { key: "files", label: t("archive.files_wanted"), children: count(state.files_wanted) },
        ]}
      />
    </Panel>
  );
}

function Months({ state }: { state: ArchiveState }) {
  const t = useT();
  return (
    <Panel title={t("archive.months")} flush>
      <Table
        size="small"
        rowKey="month"
        pagination={false}
        locale={{ emptyText: t("archive.no_months") }}
        dataSource={state.months}
        columns={[
          { title: t("archive.month"), dataIndex: "month", className: "num" },
          {
            title: t("archive.month_messages"),
            align: "right",
            render: (_, m) => <span className="num">{m.messages === null ? unknown : count(m.messages)}</span>,
          },
          {
            title: t("archive.month_size"),
            align: "right",
            render: (_, m) => <span className="num">{bytes(m.bytes)}</span>,
          },
        ]}
      />
    </Panel>
  );
}

function Gaps({ state }: { state: ArchiveState }) {
  const t = useT();
  const zone = useZone();
  return (
    <Panel title={t("archive.gaps")} flush>
      <p className="quiet" style={{ margin: "10px 16px" }}>
        {t("archive.gap_note")}
      </p>
      <Table
        size="small"
        rowKey={(gap) => `${gap.from} ${gap.found_at}`}
        pagination={false}
        locale={{ emptyText: t("archive.no_gaps") }}
        dataSource={state.gaps}
        columns={[
          { title: t("archive.gap_from"), render: (_, gap) => <span className="num">{time(gap.from, zone)}</span> },
          { title: t("archive.gap_to"), render: (_, gap) => <span className="num">{time(gap.to, zone)}</span> },
          {
            title: t("archive.gap_missing"),
            align: "right",
            render: (_, gap) => <span className="num">{gap.at_most === null ? unknown : count(gap.at_most)}</span>,
          },
        ]}
      />
    </Panel>
  );
}

function SettingsForm({ state, disabled }: { state: ArchiveState; disabled: boolean }) {
  const t = useT();
  const save = useWrite({ call: saveSettings, done: t("archive.saved"), refresh: [["archive", "state"]] });
  return (
    <Form<ArchiveSettings>
      layout="vertical"
      disabled={disabled}
      initialValues={state.settings}
      onFinish={(values) => save.mutate(values)}
    >
      <Form.Item name="retention_months" label={t("archive.retention")} extra={t("archive.retention_hint")}>
        <InputNumber min={1} max={60} precision={0} />
      </Form.Item>
      <Form.Item
        name="fetch_media"
        label={t("archive.fetch_media")}
        extra={t("archive.fetch_media_hint")}
        valuePropName="checked"
      >
        <Switch />
      </Form.Item>
      <Form.Item name="media_max_mb" label={t("archive.media_max")}>
        <InputNumber min={1} max={100} precision={0} />
      </Form.Item>
      {!disabled && (
        <Button type="primary" htmlType="submit" loading={save.isPending}>
          {t("archive.save")}
        </Button>
      )}
    </Form>
  );
}
