// How numbers, money and times read. Null is always "—": unknown is not zero.

export const unknown = "—";

export function count(n: number | null | undefined): string {
  return n === null || n === undefined ? unknown : n.toLocaleString("en-US");
}

/** Fen as yuan: 123456 → ¥1,234.56; whole yuan lose the decimals. */
export function money(fen: number | null | undefined): string {
  if (fen === null || fen === undefined) return unknown;
  const digits = fen % 100 === 0 ? 0 : 2;
  const yuan = Math.abs(fen / 100).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: 2 });
  return `${fen < 0 ? "-" : ""}¥${yuan}`;
}

/** A ratio as percent with at most one decimal: 0.4567 → 45.7%. */
export function percent(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined) return unknown;
  return `${(ratio * 100).toLocaleString("en-US", { maximumFractionDigits: 1 })}%`;
}

/** Milliseconds in the unit a person would use: 80 ms, 1.2 s, 3 min. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return unknown;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** 350 m, 1.2 km, 12 km. */
export function distance(metres: number | null | undefined): string {
  if (metres === null || metres === undefined) return unknown;
  if (metres < 1000) return `${Math.round(metres / 10) * 10} m`;
  return `${(metres / 1000).toFixed(metres < 10_000 ? 1 : 0)} km`;
}

type TimeStyle = "minute" | "second" | "day" | "clock";

const styles: Record<TimeStyle, Intl.DateTimeFormatOptions> = {
  day: { year: "numeric", month: "2-digit", day: "2-digit" },
  minute: { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" },
  second: {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  },
  clock: { hour: "2-digit", minute: "2-digit" },
};

const formatters = new Map<string, Intl.DateTimeFormat>();

/** An instant on the wall clock of `zone`, e.g. 2026-11-22 14:05. */
export function time(at: string | null | undefined, zone: string, style: TimeStyle | "short" = "minute"): string {
  if (!at) return unknown;
  // The year is dropped by cutting: a format without it would turn day and month around.
  if (style === "short") return time(at, zone, "minute").slice(5) || unknown;
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return unknown;
  const key = `${zone} ${style}`;
  let formatter = formatters.get(key);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat("sv-SE", { ...styles[style], timeZone: zone, hourCycle: "h23" });
    formatters.set(key, formatter);
  }
  return formatter.format(date).replace(",", "");
}

/** The business day of an instant in `zone` as YYYY-MM-DD. */
export function businessDay(at: string, zone: string): string {
  return time(at, zone, "day");
}

/** YYYY-MM-DD moved by days. */
export function addDays(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}
