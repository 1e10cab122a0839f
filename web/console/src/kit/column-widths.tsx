// Column widths by dragging a header's edge, kept in this browser per table.
import { type PointerEvent, type ThHTMLAttributes, useCallback, useState } from "react";

type Widths = Record<string, number>;

const minimum = 56;

function load(key: string): Widths {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? "{}");
    if (typeof value !== "object" || value === null) return {};
    return Object.fromEntries(
      Object.entries(value).filter(([, width]) => typeof width === "number" && width >= minimum),
    );
  } catch {
    return {};
  }
}

export function useColumnWidths(tableId: string) {
  const key = `qunce.widths.${tableId}`;
  const [widths, setWidths] = useState<Widths>(() => load(key));
  const resize = useCallback(
    (column: string, width: number) =>
      setWidths((previous) => {
        const next = { ...previous, [column]: Math.max(minimum, Math.round(width)) };
        try {
          localStorage.setItem(key, JSON.stringify(next));
        } catch {
          // Without storage the width lasts as long as the page.
        }
        return next;
      }),
    [key],
  );
  return { widths, resize, HeaderCell };
}

interface HeaderProps extends ThHTMLAttributes<HTMLTableCellElement> {
  onResizeWidth?: (width: number) => void;
}

function HeaderCell({ onResizeWidth, children, className, ...rest }: HeaderProps) {
  const start = (event: PointerEvent<HTMLSpanElement>) => {
    const handle = event.currentTarget;
    const from = event.clientX;
    const width = handle.parentElement?.getBoundingClientRect().width ?? 0;
    const move = (e: globalThis.PointerEvent) => onResizeWidth?.(width + e.clientX - from);
    const stop = () => {
      handle.removeEventListener("pointermove", move);
      handle.removeEventListener("pointerup", stop);
      handle.removeEventListener("pointercancel", stop);
    };
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", stop);
    handle.addEventListener("pointercancel", stop);
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <th {...rest} className={`${className ?? ""} th-resizable`}>
      {children}
      {onResizeWidth && (
        // biome-ignore lint/a11y/noStaticElementInteractions: widths are a convenience of the pointer
        // biome-ignore lint/a11y/useKeyWithClickEvents: the click is only kept from sorting
        <span className="th-handle" onPointerDown={start} onClick={(event) => event.stopPropagation()} />
      )}
    </th>
  );
}
