// Whose chats are archived: those with a seat, and those who may have customers but none.
import type { ArchiveCoverage, ArchiveSeat } from "@shared/api/types";
import { count, time } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Button, Tag } from "antd";
import { useT } from "../../i18n";
import { Panel } from "../../kit/page";
import { EmptyState, Loaded } from "../../kit/states";
import { useWrite } from "../../lib/mutation";
import { useCan, useZone } from "../../lib/session";
import { askNow, coverageQuery, stateQuery } from "./api";

export function CoverageTab() {
  const t = useT();
  const query = useQuery(coverageQuery);
  const state = useQuery(stateQuery).data;
  return (
    <Loaded query={query}>
      {(coverage) =>
        coverage.asked_at === null ? (
          <Panel>
            <EmptyState
              title={t("archive.coverage_unknown")}
              hint={state?.ask_problem?.message ?? t("archive.coverage_unknown_hint")}
              action={state?.can_ask && <AskButton />}
            />
          </Panel>
        ) : (
          <Seats coverage={coverage} />
        )
      }
    </Loaded>
  );
}

export function AskButton() {
  const t = useT();
  const may = useCan("system.manage");
  const ask = useWrite({ call: askNow, done: t("archive.asking"), refresh: [["archive"]] });
  if (!may) return null;
  return (
    <Button loading={ask.isPending} onClick={() => ask.mutate()}>
      {t("archive.ask_now")}
    </Button>
  );
}

function Seats({ coverage }: { coverage: ArchiveCoverage }) {
  const t = useT();
  const zone = useZone();
  return (
    <div className="stack">
      <div className="row">
        <span className="quiet">{t("archive.coverage_as_of", { at: time(coverage.asked_at, zone) })}</span>
        <AskButton />
      </div>
      <div className="columns columns-half">
        <Panel title={t("archive.seated", { n: count(coverage.seated.length) })}>
          <People seats={coverage.seated} />
        </Panel>
        <Panel title={t("archive.unseated", { n: count(coverage.unseated.length) })}>
          {coverage.unseated.length > 0 && (
            <p className="quiet" style={{ marginTop: 0 }}>
              {t("archive.unseated_note")}
            </p>
          )}
          <People seats={coverage.unseated} />
        </Panel>
      </div>
    </div>
  );
}

function People({ seats }: { seats: ArchiveSeat[] }) {
  const t = useT();
  const zone = useZone();
  if (seats.length === 0) return <span className="quiet">{t("archive.nobody")}</span>;
  return (
    <div className="row row-wrap" style={{ rowGap: 8 }}>
      {seats.map((seat) => (
        <Tag
          key={seat.staff_id}
          title={`${seat.userid}${seat.since ? ` · ${t("archive.seat_since", { at: time(seat.since, zone) })}` : ""}`}
          color={seat.active ? "default" : "warning"}
        >
          {seat.name || seat.userid}
          {!seat.active && ` · ${t("archive.left_company")}`}
        </Tag>
      ))}
    </div>
  );
}
