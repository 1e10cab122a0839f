// One group: how it stands, who is in it and how they came, who left and how.
import type { GroupChange, GroupDetail, GroupMember } from "@shared/api/types";
import { count, time, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Segmented, Tabs, Tag } from "antd";
import { type Translate, useT } from "../../i18n";
import { DataTable } from "../../kit/data-table";
import { StatTile } from "../../kit/metric";
import { PageHeader, Panel } from "../../kit/page";
import { Loaded } from "../../kit/states";
import { Status } from "../../kit/status";
import { useUrlState } from "../../lib/search";
import { useZone } from "../../lib/session";
import { changesQuery, groupQuery, membersQuery } from "./api";
import { Health, reasonText } from "./health";
import { groupSearch } from "./search";

export function GroupDetailPage() {
  const t = useT();
  const id = Number(useParams({ strict: false }).id);
  const query = useQuery(groupQuery(id));
  const [search, setSearch] = useUrlState(groupSearch);
  return (
    <Loaded query={query} rows={12}>
      {(group) => (
        <>
          <PageHeader
            back="/groups"
            title={
              <span className="row">
                {group.name || t("group.unnamed")} <Status kind="group_status" value={group.status} />
              </span>
            }
            note={[group.store_name, t("group.owned_by", { owner: group.owner_name })].filter(Boolean).join(" · ")}
          />
          <div className="stack">
            <Numbers group={group} />
            <div className="columns columns-main">
              <Panel flush>
                <div style={{ padding: "4px 16px 16px" }}>
                  <Tabs
                    activeKey={search.tab ?? "members"}
                    onChange={(tab) => setSearch({ tab: tab === "changes" ? "changes" : undefined })}
                    destroyOnHidden
                    items={[
                      { key: "members", label: t("group.member_list"), children: <Members id={id} /> },
                      { key: "changes", label: t("group.changes"), children: <Changes id={id} /> },
                    ]}
                  />
                </div>
              </Panel>
              <Aside group={group} />
            </div>
          </div>
        </>
      )}
    </Loaded>
  );
}

function Numbers({ group }: { group: GroupDetail }) {
  const t = useT();
  const plain = (id: string, value: number, unit: "count" = "count") => ({
    id,
    version: 1,
    value,
    unit,
    state: "complete" as const,
  });
  return (
    <div className="tiles">
      <StatTile
        metric={plain("grp.members", group.members)}
        label={t("group.members")}
        foot={t("group.seats_left", { seats: count(Math.max(0, group.capacity - group.members)) })}
      />
      <StatTile metric={plain("grp.joins_7d", group.joins_7d)} label={t("group.joins_7d")} />
      <StatTile metric={plain("grp.exits_7d", group.exits_7d)} label={t("group.exits_7d")} />
      <StatTile metric={group.friends_share} label={t("metric.rel.covered")} />
      <StatTile metric={group.exit_24h} label={t("metric.grp.exit24")} />
      <StatTile metric={group.retention_d7} label={t("metric.grp.ret7")} />
    </div>
  );
}

function Aside({ group }: { group: GroupDetail }) {
  const t = useT();
  const zone = useZone();
  const sop = group.sop ?? [];
  return (
    <div className="stack">
      <Panel title={t("group.health")} extra={<Health health={group.health} />}>
        {group.health.state !== "complete" && <p style={{ marginTop: 0 }}>{t("group.health_partial")}</p>}
        {group.health.reasons.length === 0 ? (
          <span className="quiet">{t("group.health_fine")}</span>
        ) : (
          <ul style={{ margin: 0, paddingLeft: 18 }}>
            {group.health.reasons.map((reason) => (
              <li key={reason.code}>{reasonText(reason, t)}</li>
            ))}
          </ul>
        )}
      </Panel>
      <Panel title={t("group.entry")}>
        {group.join_code ? (
          <Link to={`/codes/${group.join_code}`}>{t("group.see_code")}</Link>
        ) : (
          <span className="quiet">{t("group.no_entry")}</span>
        )}
        <div className="quiet num" style={{ marginTop: 6 }}>
          {t("group.created_at")} {time(group.created_at, zone)}
        </div>
      </Panel>
      <Panel title={t("group.notice")}>
        {group.notice ? (
          <p className="message-text">{group.notice}</p>
        ) : (
          <span className="quiet">{t("group.no_notice")}</span>
        )}
      </Panel>
      <Panel title={t("menu.sop")}>
        {sop.length === 0 && <span className="quiet">{t("group.no_sop")}</span>}
        {sop.map((run) => (
          <div key={run.run_id} className="row" style={{ paddingBottom: 6 }}>
            <span className="grow clip">{run.plan_name}</span>
            <span className="quiet">{t("customer.sop_day", { day: run.day, version: run.version })}</span>
            <Status kind="run_state" value={run.state} />
          </div>
        ))}
      </Panel>
    </div>
  );
}

function Members({ id }: { id: number }) {
  const t = useT();
  const zone = useZone();
  const [search, setSearch] = useUrlState(groupSearch);
  const query = useQuery(membersQuery(id, search));
  return (
    <>
      <Segmented
        style={{ marginBottom: 10 }}
        value={search.state ?? "in"}
        onChange={(state) => setSearch({ state: state === "left" ? "left" : undefined })}
        options={[
          { value: "in", label: t("group.members_in") },
          { value: "left", label: t("group.members_left") },
        ]}
      />
      <DataTable<GroupMember>
        id="group-members"
        rowKey={(m) => `${m.member_id} ${m.stay}`}
        query={query}
        search={{ cursor: search.cursor, page: search.page, limit: search.limit }}
        onSearch={setSearch}
        empty={{ title: search.state === "left" ? t("group.nobody_left") : t("group.nobody_in") }}
        columns={[
          {
            key: "name",
            title: t("group.member"),
            width: 160,
            render: (m) => (
              <>
                {m.customer_id ? (
                  <Link to={`/customers/${m.customer_id}`}>{m.name || t("customer.unnamed")}</Link>
                ) : (
                  m.name || t("customer.unnamed")
                )}{" "}
                {m.is_owner && <Tag color="processing">{t("group.owner")}</Tag>}
                {m.is_admin && !m.is_owner && <Tag>{t("group.admin")}</Tag>}
              </>
            ),
          },
          { key: "type", title: t("group.member_type"), width: 100, render: (m) => t(`member_type.${m.type}`) },
          {
            key: "joined_at",
            title: t("group.joined_at"),
            width: 135,
            render: (m) => <span className="num">{time(m.joined_at, zone)}</span>,
          },
          {
            key: "how",
            title: t("group.how"),
            width: 160,
            render: (m) => m.code_name ?? t.word("join_scene", String(m.join_scene)),
          },
          { key: "invitor", title: t("group.invitor"), width: 100, render: (m) => m.invitor || unknown },
          {
            key: "left_at",
            title: t("group.left_at"),
            width: 135,
            render: (m) => <span className="num">{time(m.left_at, zone)}</span>,
          },
        ]}
      />
    </>
  );
}

const changeColor: Record<string, string> = {
  "group.joined": "success",
  "group.left": "error",
  "group.changed": "warning",
  "group.dissolved": "error",
};

/** How somebody came or went, or what was changed from what to what. */
function changeDetail(change: GroupChange, t: Translate): string {
  const { what, from, to, scene } = change.params;
  if (change.kind === "group.changed") return `${t.word("group_what", String(what ?? ""))} ${from ?? ""} → ${to ?? ""}`;
  if (typeof scene !== "number") return unknown;
  return t.word(change.kind === "group.left" ? "quit_scene" : "join_scene", String(scene));
}

function Changes({ id }: { id: number }) {
  const t = useT();
  const zone = useZone();
  const [search, setSearch] = useUrlState(groupSearch);
  const query = useQuery(changesQuery(id, search));
  return (
    <DataTable<GroupChange>
      id="group-changes"
      rowKey={(c) => c.id}
      query={query}
      search={{ cursor: search.cursor, page: search.page, limit: search.limit }}
      onSearch={setSearch}
      empty={{ title: t("group.no_changes") }}
      columns={[
        {
          key: "at",
          title: t("group.change_at"),
          width: 140,
          render: (c) => <span className="num">{time(c.at, zone)}</span>,
        },
        {
          key: "kind",
          title: t("group.change"),
          width: 90,
          render: (c) => <Tag color={changeColor[c.kind]}>{t.word("group_change", c.kind)}</Tag>,
        },
        { key: "name", title: t("group.change_what"), width: 180, render: (c) => c.name || unknown },
        { key: "how", title: t("group.how"), width: 300, render: (c) => changeDetail(c, t) },
      ]}
    />
  );
}
