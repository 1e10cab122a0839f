// How far the calls to WeCom are from its limits: a button that warns when something is held back, and the list behind it.
import type { CallLimit } from "@shared/api/types";
import { count, time, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Badge, Button, Drawer, Progress, Table } from "antd";
import { useState } from "react";
import { useT } from "../../i18n";
import { EmptyState, Loaded } from "../../kit/states";
import { Status } from "../../kit/status";
import { useZone } from "../../lib/session";
import { callLimitsQuery } from "./api";

export function CallLimits() {
  const t = useT();
  const [open, setOpen] = useState(false);
  const query = useQuery(callLimitsQuery);
  const blocked = new Set(query.data?.items.filter((l) => l.state === "blocked").map((l) => l.api)).size;
  return (
    <>
      <Badge count={blocked} title={t("limit.blocked", { n: blocked })}>
        <Button onClick={() => setOpen(true)}>{t("limit.title")}</Button>
      </Badge>
      <Drawer open={open} onClose={() => setOpen(false)} size={980} title={t("limit.title")} destroyOnHidden>
        <div className="stack">
          <span className="quiet">{t("limit.note")}</span>
          <Loaded query={query}>
            {({ items }) =>
              items.length === 0 ? (
                <EmptyState title={t("limit.none")} hint={t("limit.none_hint")} />
              ) : (
                <LimitTable items={items} />
              )
            }
          </Loaded>
        </div>
      </Drawer>
    </>
  );
}

function LimitTable({ items }: { items: CallLimit[] }) {
  const t = useT();
  const zone = useZone();
  return (
    <Table<CallLimit>
      size="small"
      rowKey={(l) => `${l.api} ${l.window}`}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      dataSource={items}
      columns={[
        {
          title: t("limit.api"),
          render: (_, l) => <span className="num">{l.api.replace("/cgi-bin/", "")}</span>,
        },
        { title: t("limit.window"), width: 90, render: (_, l) => t(`limit_window.${l.window}`) },
        {
          title: t("limit.used"),
          width: 180,
          render: (_, l) => <Used limit={l} />,
        },
        {
          title: t("system.state"),
          width: 110,
          render: (_, l) => <Status kind="limit_state" value={l.state} hint={t(`limit_hint.${l.state}`)} />,
        },
        {
          title: t("limit.until"),
          width: 165,
          render: (_, l) => (l.until ? <span className="num">{time(l.until, zone, "second")}</span> : ""),
        },
        {
          title: t("limit.refused"),
          width: 130,
          align: "right",
          render: (_, l) => (
            <span className="num">
              {count(l.refused)}
              {l.at_once !== null && <div className="quiet">{t("limit.at_once", { n: l.at_once })}</div>}
            </span>
          ),
        },
      ]}
    />
  );
}

function Used({ limit }: { limit: CallLimit }) {
  const t = useT();
  if (limit.limit === null) return <span className="quiet">{t("limit.unlimited")}</span>;
  const text = `${limit.used === null ? unknown : count(limit.used)} / ${count(limit.limit)}`;
  const share = limit.used === null ? 0 : Math.min(100, Math.round((limit.used / limit.limit) * 100));
  return (
    <>
      <span className="num">{text}</span>
      <Progress
        percent={share}
        showInfo={false}
        size="small"
        status={limit.state === "blocked" ? "exception" : "normal"}
      />
    </>
  );
}
