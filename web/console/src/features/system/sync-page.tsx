// Reconciling runs: what WeCom has, what we had, and what was repaired. Only a finished run proves completeness.
import type { SyncRun } from "@shared/api/types";
import { count, time } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Button, Progress, Table } from "antd";
import { useT } from "../../i18n";
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
                columns={[
                  { title: t("system.sync_kind"), render: (_, s) => t.word("sync", s.kind) },
                  {
                    title: t("system.state"),
                    width: 150,
                    render: (_, s) =>
                      s.finished_at ? (
                        <Status kind="sync_state" value={s.state} />
                      ) : (
                        <Progress percent={Math.round(s.progress * 100)} size="small" />
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
                  { title: t("system.remote"), align: "right", width: 100, render: (_, s) => count(s.remote) },
                  {
                    title: t("system.local_before"),
                    align: "right",
                    width: 100,
                    render: (_, s) => count(s.local_before),
                  },
                  { title: t("system.missing"), align: "right", width: 90, render: (_, s) => count(s.missing) },
                  { title: t("system.extra"), align: "right", width: 90, render: (_, s) => count(s.extra) },
                  {
                    title: t("system.repaired"),
                    align: "right",
                    width: 90,
                    render: (_, s) => <b>{count(s.repaired)}</b>,
                  },
                ]}
              />
            )
          }
        </Loaded>
      </Panel>
    </>
  );
}
