// Small line charts by hand: a few series over days, gaps where nothing is known.
import { useId } from "react";
import { useT } from "../i18n";

export interface Line {
  name: string;
  color: string;
  values: (number | null)[];
}

interface Props {
  labels: string[];
  lines: Line[];
  height?: number;
  /** Width of the drawing in its own pixels; a wide place wants a wide drawing, not a magnified one. */
  width?: number;
  format?: (value: number) => string;
  /** The last day is not over: its piece of a line is dashed, since the number still grows. */
  running?: boolean;
}

/** SVG path of a line; a null lifts the pen. */
export function linePath(values: (number | null)[], x: (i: number) => number, y: (v: number) => number): string {
  let path = "";
  let down = false;
  values.forEach((value, i) => {
    if (value === null) {
      down = false;
      return;
    }
    path += `${down ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    down = true;
  });
  return path;
}

/** A round number not below `max` for the top of the axis. */
export function niceTop(max: number): number {
  if (max <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  for (const step of [1, 2, 4, 6, 10]) if (step * power >= max) return step * power;
  return 10 * power;
}

export function LineChart({ labels, lines, height = 150, width = 560, format = String, running = false }: Props) {
  const t = useT();
  const id = useId();
  const known = lines.flatMap((line) => line.values.filter((v): v is number => v !== null));
  if (known.length === 0) {
    return (
      <div className="quiet" style={{ height, display: "grid", placeItems: "center" }}>
        {t("chart.empty")}
      </div>
    );
  }
  const left = 44;
  const bottom = 20;
  const top = niceTop(Math.max(...known));
  const step = (width - left - 10) / Math.max(1, labels.length - 1);
  const x = (i: number) => left + i * step;
  const y = (v: number) => 8 + (height - bottom - 8) * (1 - v / top);
  return (
    <div>
      <svg viewBox={`0 0 ${width} ${height}`} width="100%" role="img" aria-labelledby={id}>
        <title id={id}>{lines.map((line) => line.name).join(" · ")}</title>
        {[0, 0.5, 1].map((part) => (
          <g key={part}>
            <line x1={left} x2={width - 10} y1={y(top * part)} y2={y(top * part)} stroke="#e8ecec" />
            <text x={left - 6} y={y(top * part) + 4} textAnchor="end" fontSize="10" fill="#6b7a80">
              {format(top * part)}
            </text>
          </g>
        ))}
        {labels.map((label, i) =>
          i === 0 || i === labels.length - 1 || i === Math.floor(labels.length / 2) ? (
            <text
              key={label}
              x={x(i)}
              y={height - 5}
              fontSize="10"
              fill="#6b7a80"
              textAnchor={i === labels.length - 1 ? "end" : i === 0 ? "start" : "middle"}
            >
              {label}
            </text>
          ) : null,
        )}
        {lines.map((line) => (
          <g key={line.name}>
            <path
              d={linePath(running ? line.values.slice(0, -1) : line.values, x, y)}
              fill="none"
              stroke={line.color}
              strokeWidth="1.8"
              strokeLinejoin="round"
            />
            {running && (
              <path
                d={linePath(line.values.slice(-2), (i) => x(Math.max(0, line.values.length - 2) + i), y)}
                fill="none"
                stroke={line.color}
                strokeWidth="1.4"
                strokeDasharray="3 4"
              />
            )}
            {line.values.map((value, i) =>
              value === null ? null : (
                <circle key={labels[i]} cx={x(i)} cy={y(value)} r="2.4" fill={line.color}>
                  <title>{`${labels[i]} ${line.name} ${format(value)}`}</title>
                </circle>
              ),
            )}
          </g>
        ))}
      </svg>
      {lines.length > 1 && (
        <div className="row row-wrap" style={{ paddingLeft: 12 }}>
          {lines.map((line) => (
            <span key={line.name} className="row quiet" style={{ gap: 5, fontSize: 12 }}>
              <i style={{ width: 10, height: 3, borderRadius: 2, background: line.color }} />
              {line.name}
            </span>
          ))}
        </div>
      )}
    </div>
  );
}
