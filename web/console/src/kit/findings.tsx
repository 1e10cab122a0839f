// What an examination found: one line a check, the red ones first to the eye, each with what to do.
import {
  CheckCircleFilled,
  CloseCircleFilled,
  ExclamationCircleFilled,
  MinusCircleOutlined,
  QuestionCircleFilled,
} from "@ant-design/icons";
import type { CheckState, Finding } from "@shared/api/types";
import { time } from "@shared/format";
import { Button } from "antd";
import { type ReactNode, useState } from "react";
import { useT } from "../i18n";

const marks: Record<CheckState, ReactNode> = {
  ok: <CheckCircleFilled />,
  warn: <ExclamationCircleFilled />,
  fail: <CloseCircleFilled />,
  unknown: <QuestionCircleFilled />,
  skipped: <MinusCircleOutlined />,
};

/** The mark of a state, which also says its word to those who do not see colours. */
export function CheckMark({ state }: { state: CheckState }) {
  const t = useT();
  return (
    <span className={`check-mark is-${state}`} role="img" aria-label={t(`check_state.${state}`)}>
      {marks[state]}
    </span>
  );
}

interface Props {
  items: Finding[];
  /** With a zone, since when each stands as it does. */
  zone?: string;
  /** Skipped checks behind a button, where there are many. */
  fold?: boolean;
}

export function Findings({ items, zone, fold }: Props) {
  const t = useT();
  const [open, setOpen] = useState(false);
  const skipped = items.filter((item) => item.state === "skipped");
  const shown = fold && !open ? items.filter((item) => item.state !== "skipped") : items;
  return (
    <ul className="checks">
      {shown.map((item) => (
        <li key={item.id} className="check" data-check={item.id} data-state={item.state}>
          <CheckMark state={item.state} />
          <div className="grow check-text">
            <b>{item.title}</b>
            <span className="check-found">{item.found}</span>
            {item.fix && item.state !== "ok" && item.state !== "skipped" && (
              <p className="check-fix">
                <span>{t("doctor.fix")}</span>
                {item.fix}
              </p>
            )}
          </div>
          {zone && item.since && item.state !== "ok" && item.state !== "skipped" && (
            <span className="quiet num check-since">{t("doctor.since", { at: time(item.since, zone, "short") })}</span>
          )}
        </li>
      ))}
      {fold && !open && skipped.length > 0 && (
        <li className="check">
          <Button type="link" size="small" style={{ padding: 0 }} onClick={() => setOpen(true)}>
            {t("doctor.skipped", { n: skipped.length })}
          </Button>
        </li>
      )}
    </ul>
  );
}

/** The worst of several states. */
export function worst(items: Finding[]): CheckState {
  for (const state of ["fail", "warn", "unknown"] as const)
    if (items.some((item) => item.state === state)) return state;
  return "ok";
}
