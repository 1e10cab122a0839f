// The corp's clock while it is accelerated: pause, play, speed, next day. Not drawn for a corp on wall time.
import { CaretRightOutlined, FastForwardOutlined, MobileOutlined, PauseOutlined } from "@ant-design/icons";
import { unwrap } from "@shared/api/client";
import type { ClockState } from "@shared/api/types";
import { time } from "@shared/format";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { useEffect, useRef } from "react";
import { useT } from "../i18n";
import { api } from "../lib/api";
import { useWrite } from "../lib/mutation";
import { meQuery, useCan, useMe, useZone } from "../lib/session";

const dayMs = 86_400_000;

/** Speeds offered: multiples of the default of one day in two minutes. */
export const speeds = [180, 720, 2880, 7200];

/** Minutes of wall time that a day takes at a speed. */
export function minutesPerDay(speed: number): number {
  return Math.round((dayMs / 60_000 / speed) * 10) / 10;
}

export function DemoBar() {
  const me = useMe();
  if (!me?.corp.accelerated) return null;
  return <Bar />;
}

function Bar() {
  const t = useT();
  const zone = useZone();
  const mayManage = useCan("system.manage");
  const queries = useQueryClient();
  const clock = useQuery({
    queryKey: ["clock"],
    queryFn: () => unwrap<ClockState>(api.GET("/api/clock")),
    refetchInterval: 1500,
  });
  const set = useWrite({
    call: (body: { playing?: boolean; speed?: number }) => unwrap<ClockState>(api.POST("/api/clock", { body })),
    refresh: [["clock"]],
  });
  const nextDay = useWrite({
    call: () => unwrap(api.POST("/api/clock/next-day")),
    onDone: () => void queries.invalidateQueries(),
  });

  // A new day of the corp makes every page's "today" another one.
  const day = clock.data ? time(clock.data.now, zone, "day") : "";
  const shown = useRef("");
  useEffect(() => {
    if (shown.current && day && shown.current !== day) {
      void queries.invalidateQueries({ queryKey: meQuery.queryKey });
      void queries.invalidateQueries({ queryKey: ["today"] });
    }
    if (day) shown.current = day;
  }, [day, queries]);

  const it = clock.data;
  if (!it) return <div className="demo-bar" />;
  return (
    <div className="demo-bar">
      <span className="quiet">{t("demo.label")}</span>
      <span className="demo-now num">{time(it.now, zone)}</span>
      <Button
        size="small"
        icon={it.playing ? <PauseOutlined /> : <CaretRightOutlined />}
        disabled={!mayManage}
        loading={set.isPending}
        onClick={() => set.mutate({ playing: !it.playing })}
      >
        {it.playing ? t("demo.pause") : t("demo.play")}
      </Button>
      <Segmented
        size="small"
        disabled={!mayManage}
        value={it.speed}
        onChange={(speed) => set.mutate({ speed: Number(speed) })}
        options={[...new Set([...speeds, it.speed])]
          .sort((a, b) => a - b)
          .map((speed) => ({ value: speed, label: `×${speed}` }))}
      />
      <span className="quiet">{t("demo.per_day", { minutes: minutesPerDay(it.speed) })}</span>
      <Button
        size="small"
        icon={<FastForwardOutlined />}
        disabled={!mayManage}
        loading={nextDay.isPending}
        onClick={() => nextDay.mutate()}
      >
        {nextDay.isPending ? t("demo.jumping") : t("demo.next_day")}
      </Button>
      <span className="grow" />
      {it.next_due_at && (
        <span className="quiet num">{t("demo.next_due", { at: time(it.next_due_at, zone, "short") })}</span>
      )}
      <a href="/phone/" target="qunce-phone">
        <MobileOutlined /> {t("demo.phone")}
      </a>
    </div>
  );
}
