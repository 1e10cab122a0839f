// What happened, newest first, by day of the corp.
import { businessDay, time } from "@shared/format";
import type { ReactNode } from "react";

export type Tone = "good" | "bad" | "warn" | "accent" | "plain";

export interface TimelineEntry {
  key: string | number;
  at: string;
  title: ReactNode;
  detail?: ReactNode;
  tone: Tone;
}

/** Entries by business day, in the order given. */
export function byDay<E extends { at: string }>(entries: E[], zone: string): { day: string; entries: E[] }[] {
  const days: { day: string; entries: E[] }[] = [];
  for (const entry of entries) {
    const day = businessDay(entry.at, zone);
    const last = days.at(-1);
    if (last?.day === day) last.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return days;
}

export function Timeline({ entries, zone }: { entries: TimelineEntry[]; zone: string }) {
  return (
    <div>
      {byDay(entries, zone).map(({ day, entries: ofDay }) => (
        <div key={`${day} ${ofDay[0]?.key}`}>
          <div className="timeline-day num">{day}</div>
          {ofDay.map((entry) => (
            <div className="timeline-item" key={entry.key}>
              <span className="quiet num">{time(entry.at, zone, "clock")}</span>
              <span className={`timeline-dot tone-${entry.tone}`} />
              <div>
                <div>{entry.title}</div>
                {entry.detail && <div className="timeline-detail">{entry.detail}</div>}
              </div>
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
