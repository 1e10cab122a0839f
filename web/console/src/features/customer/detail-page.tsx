// One customer all round: who serves them, where they are, what they bought, how often they were addressed, and
// everything that happened, in order.
import type { CustomerDetail, CustomerOrder } from "@shared/api/types";
import { count, money, time, unknown } from "@shared/format";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Button, Descriptions, Progress, Tabs, Tag, Tooltip } from "antd";
import { useState } from "react";
import { useT } from "../../i18n";
import { DataTable } from "../../kit/data-table";
import { PageHeader, Panel } from "../../kit/page";
import { EmptyState, Loaded } from "../../kit/states";
import { Status } from "../../kit/status";
import { tell } from "../../kit/story";
import { Timeline } from "../../kit/timeline";
import { useUrlState } from "../../lib/search";
import { useCan, useZone } from "../../lib/session";
import { customerOrdersQuery, customerQuery, timelineQuery } from "./api";
import { OptOut } from "./opt-out";
import { customerSearch } from "./search";

export function CustomerDetailPage() {
  const t = useT();
  const id = Number(useParams({ strict: false }).id);
  const query = useQuery(customerQuery(id));
  const [search, setSearch] = useUrlState(customerSearch);

  return (
    <Loaded query={query} rows={12}>
      {(customer) => (
        <>
          <Head customer={customer} />
          <div className="columns columns-main">
            <Panel flush>
              <div style={{ padding: "4px 16px 16px" }}>
                <Tabs
                  activeKey={search.tab ?? "timeline"}
                  onChange={(tab) => setSearch({ tab: tab === "orders" ? "orders" : undefined })}
                  destroyOnHidden
                  items={[
                    { key: "timeline", label: t("customer.timeline"), children: <Story id={id} /> },
                    {
                      key: "orders",
                      label: `${t("menu.orders")} ${count(customer.orders.count)}`,
                      children: <Orders id={id} />,
                    },
                  ]}
                />
              </div>
            </Panel>
            <div className="stack">
              <Relations customer={customer} />
              <Groups customer={customer} />
              <Purchases customer={customer} />
              <Touches customer={customer} />
              <Sops customer={customer} />
              <Archive customer={customer} />
            </div>
          </div>
        </>
      )}
    </Loaded>
  );
}

function Head({ customer }: { customer: CustomerDetail }) {
  const t = useT();
  const may = useCan("customer.write");
  const [asking, setAsking] = useState(false);
  return (
    <>
      <PageHeader
        back="/customers"
        title={
          <span className="row">
            {customer.name || t("customer.unnamed")}
            {customer.touch.opted_out && <Tag color="error">{t("customer.opted_out")}</Tag>}
          </span>
        }
        note={
          <span className="row row-wrap">
            {customer.gender > 0 && <span>{t.word("gender", String(customer.gender))}</span>}
            {customer.identities.map((identity) => (
              <Tooltip key={`${identity.kind} ${identity.value}`} title={identity.value}>
                <span>
                  {t.word("identity", identity.kind)} <span className="num">{shorten(identity.value)}</span>
                </span>
              </Tooltip>
            ))}
          </span>
        }
        extra={
          may && (
            <Button onClick={() => setAsking(true)}>
              {customer.touch.opted_out ? t("customer.opt_in") : t("customer.opt_out")}
            </Button>
          )
        }
      />
      <OptOut customer={customer} open={asking} onClose={() => setAsking(false)} />
    </>
  );
}

function shorten(value: string): string {
  return value.length > 16 ? `${value.slice(0, 8)}…${value.slice(-4)}` : value;
}

function Story({ id }: { id: number }) {
  const t = useT();
  const zone = useZone();
  const query = useInfiniteQuery(timelineQuery(id));
  return (
    <Loaded query={query}>
      {({ pages }) => {
        const items = pages.flatMap((page) => page.items);
        if (items.length === 0) return <EmptyState title={t("timeline.empty")} />;
        return (
          <>
            <Timeline
              zone={zone}
              entries={items.map((item) => {
                const { title, detail, tone } = tell(item, t);
                return {
                  key: item.id,
                  at: item.at,
                  tone,
                  title: (
                    <>
                      {title}
                      {item.actor && <span className="quiet"> · {item.actor}</span>}
                    </>
                  ),
                  detail,
                };
              })}
            />
            {query.hasNextPage && (
              <Button loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
                {t("kit.more")}
              </Button>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

function Orders({ id }: { id: number }) {
  const t = useT();
  const zone = useZone();
  const [search, setSearch] = useUrlState(customerSearch);
  const query = useQuery(customerOrdersQuery(id, search));
  return (
    <DataTable<CustomerOrder>
      id="customer-orders"
      rowKey={(order) => order.id}
      query={query}
      search={{ cursor: search.cursor, page: search.page, limit: search.limit }}
      onSearch={setSearch}
      empty={{ title: t("customer.no_orders"), hint: t("customer.no_orders_hint") }}
      columns={[
        { key: "order_no", title: t("order.no"), width: 170, render: (o) => <span className="num">{o.order_no}</span> },
        {
          key: "placed_at",
          title: t("order.placed_at"),
          width: 135,
          render: (o) => <span className="num">{time(o.placed_at, zone)}</span>,
        },
        { key: "store", title: t("order.store"), width: 160, render: (o) => o.store_name ?? unknown },
        { key: "lines", title: t("order.lines"), width: 70, align: "right", render: (o) => count(o.lines) },
        {
          key: "net",
          title: t("order.net"),
          width: 100,
          align: "right",
          render: (o) => <span className="num">{money(o.net_fen)}</span>,
        },
        {
          key: "state",
          title: t("order.state"),
          width: 80,
          render: (o) => <Status kind="order_state" value={o.state} />,
        },
      ]}
    />
  );
}

function Relations({ customer }: { customer: CustomerDetail }) {
  const t = useT();
  const zone = useZone();
  return (
    <Panel title={t("customer.relations")}>
      {customer.relations.length === 0 && <span className="quiet">{t("customer.no_relation")}</span>}
      {customer.relations.map((r) => (
        <div key={`${r.staff_id} ${r.added_at}`} style={{ paddingBottom: 10 }}>
          <div className="row">
            <b>{r.staff_name}</b>
            <span className="quiet grow clip">{r.store_name}</span>
            <Status kind="relation" value={r.state} hint={r.ended_at ? time(r.ended_at, zone) : null} />
          </div>
          <div className="quiet">
            {time(r.added_at, zone)} ·{" "}
            {r.channel ? (
              <Link to={`/codes/${r.channel.code_id}`}>{r.channel.name}</Link>
            ) : (
              t.word("add_way", String(r.add_way))
            )}
          </div>
          {r.tags.length > 0 && (
            <div style={{ marginTop: 4 }}>
              {r.tags.map((tag) => (
                <Tag key={tag.id}>{tag.name}</Tag>
              ))}
            </div>
          )}
          {r.remark && <div className="quiet">{t("customer.remark", { remark: r.remark })}</div>}
        </div>
      ))}
    </Panel>
  );
}

function Groups({ customer }: { customer: CustomerDetail }) {
  const t = useT();
  const zone = useZone();
  return (
    <Panel title={t("menu.groups")}>
      {customer.groups.length === 0 && <span className="quiet">{t("customer.no_groups")}</span>}
      {customer.groups.map((g) => (
        <div key={`${g.group_id} ${g.joined_at}`} style={{ paddingBottom: 8 }}>
          <div className="row">
            <Link to={`/groups/${g.group_id}`} className="grow clip">
              {g.name}
            </Link>
            {g.left_at && <Tag color="error">{t("customer.left_group")}</Tag>}
          </div>
          <div className="quiet num">
            {time(g.joined_at, zone)} {g.left_at && `– ${time(g.left_at, zone)}`} ·{" "}
            {g.code_name ?? t.word("join_scene", String(g.join_scene))}
          </div>
        </div>
      ))}
    </Panel>
  );
}

function Purchases({ customer }: { customer: CustomerDetail }) {
  const t = useT();
  const zone = useZone();
  const { orders } = customer;
  return (
    <Panel title={t("customer.purchases")}>
      <Descriptions
        size="small"
        column={2}
        items={[
          { key: "count", label: t("customer.orders"), children: count(orders.count) },
          { key: "net", label: t("customer.net"), children: money(orders.net_fen) },
          { key: "first", label: t("customer.first_order"), children: time(orders.first_at, zone, "day") },
          { key: "last", label: t("customer.last_order"), children: time(orders.last_at, zone, "day") },
        ]}
      />
      {orders.attributed && (
        <div>
          {t("customer.attributed")} <Link to={`/codes/${orders.attributed.code_id}`}>{orders.attributed.name}</Link>
          <div className="quiet num">
            {orders.attributed.order_no} · {time(orders.attributed.at, zone)}
          </div>
        </div>
      )}
    </Panel>
  );
}

function Touches({ customer }: { customer: CustomerDetail }) {
  const t = useT();
  const zone = useZone();
  const { touch } = customer;
  return (
    <Panel title={t("customer.touch")}>
      <div className="row">
        <span className="grow">{t("customer.month_used")}</span>
        <span className="num">
          {touch.month_used} / {touch.month_cap}
        </span>
      </div>
      <Progress
        percent={Math.min(100, (100 * touch.month_used) / Math.max(1, touch.month_cap))}
        showInfo={false}
        size="small"
      />
      <div className="row">
        <span className="grow">{t("customer.week_promo")}</span>
        <span className="num">{touch.week_promo}</span>
      </div>
      {touch.quiet_until && (
        <div className="quiet">{t("customer.quiet_until", { at: time(touch.quiet_until, zone) })}</div>
      )}
    </Panel>
  );
}

function Sops({ customer }: { customer: CustomerDetail }) {
  const t = useT();
  const zone = useZone();
  return (
    <Panel title={t("menu.sop")}>
      {customer.sop.length === 0 && <span className="quiet">{t("customer.no_sop")}</span>}
      {customer.sop.map((run) => (
        <div key={run.run_id} style={{ paddingBottom: 8 }}>
          <div className="row">
            <b className="grow clip">{run.plan_name}</b>
            <Status kind="run_state" value={run.state} />
          </div>
          <div className="quiet">
            {t("customer.sop_day", { day: run.day, version: run.version })}
            {run.next_step &&
              ` · ${t("customer.sop_next", { step: run.next_step, at: time(run.next_at, zone, "short") })}`}
          </div>
        </div>
      ))}
    </Panel>
  );
}

const consentTones = { agree: "success", disagree: "error", unknown: "warning" } as const;

/** What the customer said about the chat archive; nothing while it is not used. */
function Archive({ customer }: { customer: CustomerDetail }) {
  const t = useT();
  const zone = useZone();
  const may = useCan("archive.read");
  if (!customer.archive) return null;
  const { consents } = customer.archive;
  return (
    <Panel
      title={t("customer.archive")}
      extra={
        may && (
          <Link to="/archive" search={{ tab: "chats", customer_id: customer.id } as never}>
            {t("archive.tab.chats")}
          </Link>
        )
      }
    >
      {consents.length === 0 && <span className="quiet">{t("customer.archive_none")}</span>}
      {consents.map((consent) => (
        <div className="row" key={`${consent.place} ${consent.with}`}>
          <span className="grow clip">{consent.with || t.word("archive_place", consent.place)}</span>
          <span className="quiet num">{consent.since ? time(consent.since, zone) : ""}</span>
          <Tag color={consentTones[consent.state]} style={{ marginInlineEnd: 0 }}>
            {t.word("archive_state", consent.state)}
          </Tag>
        </div>
      ))}
    </Panel>
  );
}
