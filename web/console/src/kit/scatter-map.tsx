// Where the stores are, drawn without tiles of anybody: points in a local projection, a scale bar, wheel to zoom, and
// optionally one pin to place. Coordinates are GCJ-02 degrees throughout.
import { Button } from "antd";
import { type PointerEvent, useEffect, useMemo, useRef, useState, type WheelEvent } from "react";
import { useT } from "../i18n";

export interface Point {
  id: number | string;
  lat: number;
  lng: number;
  label: string;
}

export interface Pin {
  lat: number;
  lng: number;
}

interface Box {
  lat: number;
  lng: number;
  /** Degrees of latitude from top to bottom. */
  span: number;
}

interface Props {
  points: Point[];
  pin?: Pin | null;
  onPin?: (pin: Pin) => void;
  /** Size of the drawing in its own pixels. */
  width?: number;
  height?: number;
  onOpen?: (id: Point["id"]) => void;
}

const kmPerDegree = 111.32;

/** The box that shows all positions with a margin; a single one gets about 4 km. */
export function boxAround(positions: Pin[], aspect: number): Box {
  if (positions.length === 0) return { lat: 35, lng: 105, span: 34 };
  const lats = positions.map((p) => p.lat);
  const lngs = positions.map((p) => p.lng);
  const lat = (Math.min(...lats) + Math.max(...lats)) / 2;
  const lng = (Math.min(...lngs) + Math.max(...lngs)) / 2;
  const tall = Math.max(...lats) - Math.min(...lats);
  const wide = ((Math.max(...lngs) - Math.min(...lngs)) * Math.cos((lat * Math.PI) / 180)) / aspect;
  return { lat, lng, span: Math.max(tall, wide, 0.036) * 1.15 };
}

/** Degrees to pixels and back, for a box on a canvas. */
export function projection(box: Box, width: number, height: number) {
  const perDegree = height / box.span;
  const squeeze = Math.cos((box.lat * Math.PI) / 180);
  return {
    toX: (lng: number) => width / 2 + (lng - box.lng) * squeeze * perDegree,
    toY: (lat: number) => height / 2 - (lat - box.lat) * perDegree,
    toPin: (x: number, y: number): Pin => ({
      lat: Number((box.lat - (y - height / 2) / perDegree).toFixed(6)),
      lng: Number((box.lng + (x - width / 2) / (squeeze * perDegree)).toFixed(6)),
    }),
  };
}

/** A round distance that fits a quarter of the canvas. */
export function scaleKm(box: Box, width: number, height: number): number {
  const kmWide = (box.span * kmPerDegree * width) / height / 4;
  const power = 10 ** Math.floor(Math.log10(kmWide));
  return ([5, 2, 1].find((step) => step * power <= kmWide) ?? 1) * power;
}

export function ScatterMap({ points, pin, onPin, width = 640, height = 340, onOpen }: Props) {
  const t = useT();
  const whole = useMemo(() => boxAround(pin ? [pin] : points, width / height), [points, pin, width, height]);
  const [box, setBox] = useState(whole);
  const touched = useRef(false);
  const drag = useRef<{ x: number; y: number; box: Box } | null>(null);
  const svg = useRef<SVGSVGElement>(null);

  useEffect(() => {
    if (!touched.current) setBox(whole);
  }, [whole]);

  const { toX, toY, toPin } = projection(box, width, height);
  const km = scaleKm(box, width, height);
  const kmPx = (km / kmPerDegree / box.span) * height;

  const at = (event: { clientX: number; clientY: number }) => {
    const frame = svg.current!.getBoundingClientRect();
    const ratio = width / frame.width;
    return { x: (event.clientX - frame.left) * ratio, y: (event.clientY - frame.top) * ratio };
  };

  const zoom = (event: WheelEvent) => {
    touched.current = true;
    const { x, y } = at(event);
    const fixed = toPin(x, y);
    const factor = event.deltaY > 0 ? 1.25 : 0.8;
    const span = Math.min(60, Math.max(0.004, box.span * factor));
    const real = span / box.span;
    setBox({ span, lat: fixed.lat + (box.lat - fixed.lat) * real, lng: fixed.lng + (box.lng - fixed.lng) * real });
  };

  const down = (event: PointerEvent<SVGSVGElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { ...at(event), box };
  };

  const move = (event: PointerEvent) => {
    if (!drag.current) return;
    const { x, y } = at(event);
    const moved = Math.hypot(x - drag.current.x, y - drag.current.y);
    if (moved < 4) return;
    touched.current = true;
    const start = projection(drag.current.box, width, height);
    const from = start.toPin(drag.current.x, drag.current.y);
    const to = start.toPin(x, y);
    setBox({
      ...drag.current.box,
      lat: drag.current.box.lat + from.lat - to.lat,
      lng: drag.current.box.lng + from.lng - to.lng,
    });
  };

  const up = (event: PointerEvent) => {
    const start = drag.current;
    drag.current = null;
    if (!start || !onPin) return;
    const { x, y } = at(event);
    if (Math.hypot(x - start.x, y - start.y) < 4) {
      touched.current = true;
      onPin(toPin(x, y));
    }
  };

  return (
    <div>
      <svg
        ref={svg}
        className="scatter"
        viewBox={`0 0 ${width} ${height}`}
        onWheel={zoom}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        style={{ cursor: onPin ? "crosshair" : "grab" }}
        role="img"
        aria-label={t("map.pin")}
      >
        <Grid box={box} width={width} height={height} />
        {points.map((point) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the same stores stand in the list
          <g key={point.id} onClick={() => onOpen?.(point.id)} style={{ cursor: onOpen ? "pointer" : undefined }}>
            <circle
              cx={toX(point.lng)}
              cy={toY(point.lat)}
              r="4.5"
              fill="#125e63"
              fillOpacity="0.55"
              stroke="#fff"
              strokeWidth="1"
            >
              <title>{point.label}</title>
            </circle>
          </g>
        ))}
        {pin && (
          <g transform={`translate(${toX(pin.lng)} ${toY(pin.lat)})`} pointerEvents="none">
            <path d="M0 0C-7-9-9-13-9-17a9 9 0 0 1 18 0c0 4-2 8-9 17Z" fill="#b83b3b" stroke="#fff" strokeWidth="1.2" />
            <circle cy="-17" r="3.2" fill="#fff" />
          </g>
        )}
        <g transform={`translate(14 ${height - 14})`} stroke="#6b7a80" fill="#6b7a80">
          <path d={`M0 -5V0H${kmPx.toFixed(1)}V-5`} fill="none" />
          <text x={kmPx + 8} y="0" fontSize="11" stroke="none">
            {t("map.scale", { km })}
          </text>
        </g>
        {points.length === 0 && !pin && (
          <text x={width / 2} y={height / 2} textAnchor="middle" fill="#6b7a80" fontSize="13">
            {t("map.empty")}
          </text>
        )}
      </svg>
      <div className="row quiet" style={{ marginTop: 6, fontSize: 12 }}>
        <span className="grow">{onPin ? t("map.help") : ""}</span>
        <Button
          size="small"
          type="link"
          onClick={() => {
            touched.current = true;
            setBox(boxAround(pin ? [...points, pin] : points, width / height));
          }}
        >
          {t("map.reset")}
        </Button>
      </div>
    </div>
  );
}

// Lines of whole steps of a degree, so that zooming has something to hold on to.
function Grid({ box, width, height }: { box: Box; width: number; height: number }) {
  const { toX, toY } = projection(box, width, height);
  const power = 10 ** Math.floor(Math.log10(box.span));
  const step = box.span / power > 4 ? power * 2 : box.span / power > 2 ? power : power / 2;
  const lines: { key: string; x1: number; y1: number; x2: number; y2: number }[] = [];
  const wide = (box.span * width) / height / Math.cos((box.lat * Math.PI) / 180);
  for (let lat = Math.ceil((box.lat - box.span / 2) / step) * step; lat < box.lat + box.span / 2; lat += step) {
    lines.push({ key: `h${lat.toFixed(4)}`, x1: 0, x2: width, y1: toY(lat), y2: toY(lat) });
  }
  for (let lng = Math.ceil((box.lng - wide / 2) / step) * step; lng < box.lng + wide / 2; lng += step) {
    lines.push({ key: `v${lng.toFixed(4)}`, x1: toX(lng), x2: toX(lng), y1: 0, y2: height });
  }
  return (
    <g stroke="#e2eaea">
      {lines.map(({ key, ...line }) => (
        <line key={key} {...line} />
      ))}
    </g>
  );
}
