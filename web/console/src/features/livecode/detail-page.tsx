// One code: its picture to print, whom it leads to, and how many got how far.
import type { CodeDetail, ContentPart } from "@shared/api/types";
import { businessDay, time } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Alert, App, Button, Image, Progress, Tag, Typography } from "antd";
import { useState } from "react";
import { useT } from "../../i18n";
import { LineChart } from "../../kit/chart";
import { Funnel } from "../../kit/funnel";
import { PageHeader, Panel } from "../../kit/page";
import { fileOf } from "../../kit/parts-editor";
import { Loaded } from "../../kit/states";
import { Status } from "../../kit/status";
import { useWrite } from "../../lib/mutation";
import { useCan, useMe, useZone } from "../../lib/session";
import { changeCode, codeQuery } from "./api";
import { CodeForm } from "./code-form";

export function CodeDetailPage() {
  const id = Number(useParams({ strict: false }).id);
  const query = useQuery(codeQuery(id));
  return (
    <Loaded query={query} rows={12}>
      {(code) => <Detail code={code} />}
    </Loaded>
  );
}

function Detail({ code }: { code: CodeDetail }) {
  const t = useT();
  const zone = useZone();
  const me = useMe();
  const today = me ? businessDay(me.corp.now, zone) : "";
  // Before there was a code there was nothing to count.
  const daily = (code.daily ?? []).filter((day) => day.date >= businessDay(code.created_at, zone));
  const may = useCan("code.write");
  const { modal } = App.useApp();
  const [editing, setEditing] = useState(false);
  const toggle = useWrite({
    call: () => changeCode(code.id, { paused: code.status !== "paused" }),
    refresh: [["codes"]],
  });
  const paused = code.status === "paused";
  const onToggle = () =>
    paused
      ? toggle.mutate()
      : modal.confirm({
          title: t("code.pause_title"),
          content: t("code.pause_hint"),
          okText: t("code.pause"),
          cancelText: t("kit.cancel"),
          onOk: () => toggle.mutateAsync(),
        });

  return (
    <>
      <PageHeader
        back="/codes"
        title={
          <span className="row">
            {code.name} <Status kind="code_status" value={code.status} />
          </span>
        }
        note={[
          t(`code_kind.${code.kind}`),
          t.word("code_channel", code.channel),
          code.store_name,
          time(code.created_at, zone),
        ]
          .filter(Boolean)
          .join(" · ")}
        extra={
          may && (
            <>
              {(code.status === "active" || paused) && (
                <Button loading={toggle.isPending} onClick={onToggle}>
                  {paused ? t("code.resume") : t("code.pause")}
                </Button>
              )}
              <Button type="primary" onClick={() => setEditing(true)}>
                {t("code.edit")}
              </Button>
            </>
          )
        }
      />
      {code.status_reason && (
        <Alert
          type={code.status === "failed" ? "error" : "info"}
          showIcon
          title={code.status_reason}
          style={{ marginBottom: 12 }}
        />
      )}
      {code.kind === "group" && !code.next_group_ready && code.status === "active" && (
        <Alert type="warning" showIcon title={t("code.next_group_missing")} style={{ marginBottom: 12 }} />
      )}
      <div className="columns columns-main">
        <div className="stack">
          <Panel title={t("code.funnel")}>
            <Funnel
              steps={(code.kind === "locator" ? code.funnel.slice(0, 1) : code.funnel).map((step) => ({
                label: t.word("funnel", step.step),
                people: step.people,
                rate: step.rate,
              }))}
            />
            {code.kind === "locator" && <div className="quiet">{t("code.locator_counts")}</div>}
          </Panel>
          <Panel title={t("code.daily")}>
            <LineChart
              labels={daily.map((day) => day.date.slice(5))}
              height={220}
              width={860}
              running={daily.at(-1)?.date === today}
              lines={[
                { name: t("code.scans"), color: "#9aa9ac", values: daily.map((day) => day.scans) },
                { name: t("code.adds"), color: "#125e63", values: daily.map((day) => day.adds) },
                { name: t("code.joins"), color: "#d08a2a", values: daily.map((day) => day.joins) },
                { name: t("code.first_orders"), color: "#b83b3b", values: daily.map((day) => day.first_orders) },
              ].slice(0, code.kind === "locator" ? 1 : 4)}
            />
          </Panel>
          {code.kind === "staff" && (
            <Panel title={t("code.welcome")}>
              <p className="message-text">{code.welcome.text || t("code.welcome_default")}</p>
              {code.welcome_parts.map((part) => (
                <PartLine key={`${part.type}/${part.file_id}/${part.url}/${part.page}`} part={part} />
              ))}
              {code.welcome.attachments.map((attachment) => (
                <div key={attachment.url} className="quiet" style={{ marginTop: 6 }}>
                  {t.word("attachment", attachment.type)} {attachment.title}
                </div>
              ))}
            </Panel>
          )}
        </div>
        <div className="stack">
          <Poster code={code} />
          <Panel title={t("code.leads_to")}>
            <LeadsTo code={code} />
          </Panel>
        </div>
      </div>
      <CodeForm open={editing} onClose={() => setEditing(false)} code={code} />
    </>
  );
}

/** One part of the welcome, as a customer sees it. */
function PartLine({ part }: { part: ContentPart }) {
  const t = useT();
  if (part.type === "image") {
    return <Image src={fileOf(part)} alt={part.title} width={120} style={{ marginTop: 6 }} />;
  }
  return (
    <div className="quiet" style={{ marginTop: 6 }}>
      {t.word("attachment", part.type)} {part.title}
    </div>
  );
}

function Poster({ code }: { code: CodeDetail }) {
  const t = useT();
  return (
    <Panel title={t("code.picture")}>
      <div style={{ display: "grid", placeItems: "center", gap: 10 }}>
        <img
          src={code.qr_svg_url}
          alt={t("code.picture")}
          width={200}
          height={200}
          style={{ opacity: code.status === "active" ? 1 : 0.35 }}
        />
        <Typography.Text copyable className="num" style={{ maxWidth: "100%", wordBreak: "break-all" }}>
          {code.url}
        </Typography.Text>
        <div className="row">
          <Button href={`/api/codes/${code.id}/qr.png?size=1024`} download={`${code.name}.png`}>
            {t("code.png")}
          </Button>
          <Button href={code.qr_svg_url} download={`${code.name}.svg`}>
            {t("code.svg")}
          </Button>
        </div>
        <span className="quiet">{t("code.picture_hint")}</span>
      </div>
    </Panel>
  );
}

function LeadsTo({ code }: { code: CodeDetail }) {
  const t = useT();
  return (
    <div className="stack">
      {code.kind === "locator" && <span>{t("code.leads_nearest")}</span>}
      {code.staff.length > 0 && (
        <div>
          {code.staff.map((staff) => (
            <Tag key={staff.id}>{staff.name}</Tag>
          ))}
        </div>
      )}
      {code.groups.map((group) => (
        <div key={group.id} className="row">
          <Link to={`/groups/${group.id}`} className="grow clip">
            {group.name}
          </Link>
          <Progress
            percent={(100 * group.members) / Math.max(1, group.capacity)}
            showInfo={false}
            size="small"
            style={{ width: 70, margin: 0 }}
          />
          <span className="num">
            {group.members}/{group.capacity}
          </span>
        </div>
      ))}
      {code.tags.length > 0 && (
        <div>
          <span className="quiet">{t("code.tags")} </span>
          {code.tags.map((tag) => (
            <Tag key={tag.id}>{tag.name}</Tag>
          ))}
        </div>
      )}
      {code.kind !== "locator" && code.staff.length + code.groups.length === 0 && (
        <span className="quiet">{t("code.leads_store")}</span>
      )}
      <div className="quiet num">
        {t("code.state")} {code.state}
      </div>
    </div>
  );
}
