import type { Plan } from "@shared/api/types";
import { count } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { MetricCell } from "../../kit/metric";
import { PageHeader } from "../../kit/page";
import { Status } from "../../kit/status";
import { plansQuery } from "./api";

export function PlanListPage() {
  const t = useT();
  const navigate = useNavigate();
  const query = useQuery(plansQuery);
  const columns = useMemo<Column<Plan>[]>(
    () => [
      { key: "code", title: t("sop.code"), width: 70, render: (p) => p.code },
      { key: "name", title: t("sop.name"), width: 280, render: (p) => <Link to={`/sop/${p.id}`}>{p.name}</Link> },
      { key: "subject", title: t("sop.subject"), width: 110, render: (p) => t(`sop.subject.${p.subject}`) },
      { key: "state", title: t("sop.state"), width: 90, render: (p) => <Status kind="plan_state" value={p.state} /> },
      { key: "version", title: t("sop.version"), width: 80, align: "right", render: (p) => `v${p.version}` },
      { key: "runs", title: t("sop.runs"), width: 110, align: "right", render: (p) => count(p.runs_active) },
      {
        key: "exec",
        title: t("metric.sop.exec"),
        width: 110,
        align: "right",
        render: (p) => <MetricCell metric={p.exec} />,
      },
      {
        key: "ontime",
        title: t("metric.sop.ontime"),
        width: 110,
        align: "right",
        render: (p) => <MetricCell metric={p.ontime} />,
      },
    ],
    [t],
  );
  return (
    <>
      <PageHeader
        title={t("menu.sop")}
        note={t("sop.list_note")}
        extra={<Link to="/board">{t("menu.board")} →</Link>}
      />
      <DataTable
        id="plans"
        columns={columns}
        rowKey={(p) => p.id}
        query={query}
        search={{}}
        onSearch={() => undefined}
        paged={false}
        onOpen={(p) => navigate({ to: `/sop/${p.id}` })}
        empty={{ title: t("sop.empty"), hint: t("sop.empty_hint") }}
      />
    </>
  );
}
