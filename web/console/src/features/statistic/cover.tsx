// Which days are archived, one square a day: whole, in part, or not at all. A gap is a gap, never a zero.
import type { CoverDay, StatisticCover } from "@shared/api/types";
import { count } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Tooltip } from "antd";
import { type Translate, useT } from "../../i18n";
import { Panel } from "../../kit/page";
import { Loaded } from "../../kit/states";
import { coverQuery } from "./api";

interface Props {
  from: string | undefined;
  to: string | undefined;
  owners: boolean;
}

export function CoverPanel({ from, to, owners }: Props) {
  const t = useT();
  const query = useQuery(coverQuery(from, to));
  return (
    <div style={{ marginBottom: 12 }}>
      <Panel title={t("statistic.cover")} extra={query.data && <Reach cover={query.data} />}>
        <Loaded query={query} rows={1}>
          {({ items, staff }) => (
            <div className="stack" style={{ gap: 8 }}>
              <div className="cover-days">
                {items.map((day) => (
                  <Tooltip key={day.day} title={dayText(day, owners, staff, t)}>
                    <i className={`cover-day is-${coverState(day, owners, staff)}`} />
                  </Tooltip>
                ))}
              </div>
              <div className="row row-wrap quiet" style={{ gap: 16 }}>
                {(["whole", "early", "part", "none"] as const).map((state) => (
                  <span key={state} className="row" style={{ gap: 6 }}>
                    <i className={`cover-day is-${state}`} />
                    {t(`cover_state.${state}`)}
                  </span>
                ))}
              </div>
            </div>
          )}
        </Loaded>
      </Panel>
    </div>
  );
}

/** How far a day is archived. Of owners nobody knows how many there should be, so what came counts as whole. */
export function coverState(day: CoverDay, owners: boolean, staff: number): "whole" | "early" | "part" | "none" {
  const [given, absent, open] = owners
    ? [day.owners, day.owner_absent, day.owner_open]
    : [day.staff, day.staff_absent, day.staff_open];
  if (given === 0) return "none";
  if (open > 0) return "early";
  if (absent > 0 || (!owners && given < staff)) return "part";
  return "whole";
}

function dayText(day: CoverDay, owners: boolean, staff: number, t: Translate): string {
  const absent = owners ? day.owner_absent : day.staff_absent;
  const given = owners ? day.owners : day.staff;
  const unasked = owners ? 0 : Math.max(0, staff - given - absent);
  return t("statistic.cover_day", {
    day: day.day,
    given: count(given),
    absent: count(absent),
    unasked: count(unasked),
  });
}

function Reach({ cover }: { cover: StatisticCover }) {
  const t = useT();
  if (!cover.first || !cover.last) return <span className="quiet">{t("statistic.no_reach")}</span>;
  return <span className="quiet num">{t("statistic.reach", { first: cover.first, last: cover.last })}</span>;
}
