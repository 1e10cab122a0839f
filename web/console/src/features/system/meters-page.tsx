// What WeCom rations, how much of it is used, who counted, and what to do before it runs out.
import type { Meter, Meters } from "@shared/api/types";
import { count, time, unknown } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, Button, InputNumber, Progress, Tag } from "antd";
import { useState } from "react";
import { type Translate, useT } from "../../i18n";
import { PageHeader, Panel } from "../../kit/page";
import { Loaded } from "../../kit/states";
import { useWrite } from "../../lib/mutation";
import { useCan, useZone } from "../../lib/session";
import { metersQuery, saveMeterLimits } from "./api";

export function MetersPage() {
  const t = useT();
  const query = useQuery(metersQuery);
  return (
    <>
      <PageHeader title={t("menu.meters")} note={t("meter.note")} />
      <Loaded query={query} rows={10}>
        {(meters) => (
          <div className="meters">
            {meters.items.map((meter) => (
              <MeterPanel key={meter.name} meter={meter} meters={meters} />
            ))}
          </div>
        )}
      </Loaded>
    </>
  );
}

const tones = { ok: "success", near: "warning", full: "error", unknown: "default" } as const;
const strokes = { ok: "#125e63", near: "#b7791f", full: "#b83b3b", unknown: "#a4b0b4" } as const;

function MeterPanel({ meter, meters }: { meter: Meter; meters: Meters }) {
  const t = useT();
  const zone = useZone();
  return (
    <Panel
      title={t.word("meter_name", meter.name)}
      extra={<Tag color={tones[meter.state]}>{t(`meter_state.${meter.state}`)}</Tag>}
    >
      <div className="stack" style={{ gap: 8 }}>
        <div className="row" style={{ alignItems: "baseline" }}>
          <span className={`meter-used num${meter.used === null ? " quiet" : ""}`}>{count(meter.used)}</span>
          <span className="quiet num">{t("meter.of", { limit: count(meter.limit) })}</span>
          <span className="grow" />
          <span className="quiet">{sourceText(meter, zone, t)}</span>
        </div>
        <Progress percent={share(meter)} showInfo={false} strokeColor={strokes[meter.state]} size="small" />
        <Why meter={meter} />
        <Parts meter={meter} />
        {meter.name === "friends" && <FriendLimit value={meters.settings.friends_per_staff} />}
        <span className="quiet">{t.word("meter_hint", meter.name)}</span>
      </div>
    </Panel>
  );
}

/** Percent of a ration that is used; what is not known draws nothing. */
export function share(meter: Pick<Meter, "used" | "limit">): number {
  if (meter.used === null || meter.limit === null || meter.limit === 0) return 0;
  return Math.min(100, (100 * meter.used) / meter.limit);
}

function sourceText(meter: Meter, zone: string, t: Translate): string {
  if (meter.state === "unknown") return "";
  return t(`meter_source.${meter.source}`, { at: time(meter.as_of, zone) });
}

/** Why a meter is unknown, or what to do about one that is nearly used up. */
function Why({ meter }: { meter: Meter }) {
  const t = useT();
  if (meter.state === "unknown") return <span className="quiet">{meter.reason}</span>;
  if (meter.state === "ok") return null;
  return (
    <Alert type={meter.state === "full" ? "error" : "warning"} showIcon title={t.word("meter_todo", meter.name)} />
  );
}

function Parts({ meter }: { meter: Meter }) {
  const t = useT();
  if (meter.name === "friends" || meter.name === "intercept_words") return <Fullest meter={meter} />;
  const parts = meter.parts.filter((part) => part.name !== "at_least");
  if (parts.length === 0) return null;
  return (
    <div className="row row-wrap" style={{ gap: 14 }}>
      {parts.map((part) => (
        <span key={part.name} className="num">
          {part.name === "strays" && part.count > 0 ? (
            <Link to="/system/sync" search={{ strays: true }}>
              {t.word("meter_part", part.name)}
            </Link>
          ) : (
            <span className="quiet">{t.word("meter_part", part.name)}</span>
          )}{" "}
          {count(part.count)}
        </span>
      ))}
    </div>
  );
}

/** The members whose lists are fullest, or the rules. */
function Fullest({ meter }: { meter: Meter }) {
  return (
    <div className="meter-people">
      {meter.parts.map((part) => (
        <div key={part.staff_id ?? part.label} className="meter-person">
          <span className="clip">{part.label || unknown}</span>
          <Progress
            percent={share({ used: part.count, limit: meter.limit })}
            showInfo={false}
            size="small"
            strokeColor="#125e63"
          />
          <span className="num">{count(part.count)}</span>
        </div>
      ))}
    </div>
  );
}

function FriendLimit({ value }: { value: number }) {
  const t = useT();
  const may = useCan("system.manage");
  const [limit, setLimit] = useState<number | null>(value);
  const save = useWrite({
    call: (to: number) => saveMeterLimits(to),
    done: t("meter.saved"),
    refresh: [["system", "meters"]],
  });
  if (!may) return null;
  return (
    <div className="row">
      <span className="quiet">{t("meter.friend_limit")}</span>
      <InputNumber size="small" min={100} max={50_000} value={limit} onChange={setLimit} />
      <Button
        size="small"
        disabled={limit === null || limit === value}
        loading={save.isPending}
        onClick={() => limit !== null && save.mutate(limit)}
      >
        {t("meter.save")}
      </Button>
    </div>
  );
}
