// A state as a quiet tag: one colour per meaning everywhere.
import { Tag, Tooltip } from "antd";
import { useT } from "../i18n";

const tones: Record<string, string> = {
  active: "success",
  allow: "success",
  done: "success",
  done_late: "success",
  ok: "success",
  normal: "success",
  open: "processing",
  completed: "success",
  paid: "success",
  running: "processing",
  creating: "processing",
  calling: "processing",
  planned: "default",
  queued: "default",
  new: "processing",
  pending: "default",
  paused: "warning",
  draft: "default",
  defer: "warning",
  late: "warning",
  warn: "warning",
  unknown: "warning",
  unsure: "warning",
  near: "warning",
  slowed: "warning",
  blocked: "error",
  owner_left: "warning",
  skipped: "default",
  closed: "default",
  refuse: "error",
  refused: "error",
  refunded: "error",
  fail: "error",
  failed: "error",
  down: "error",
  dissolved: "default",
  deleted_by_customer: "error",
  deleted_by_staff: "warning",
};

interface Props {
  /** Prefix of the word's key, e.g. "code_status". */
  kind: string;
  value: string;
  hint?: string | null;
}

export function Status({ kind, value, hint }: Props) {
  const t = useT();
  const tag = (
    <Tag color={tones[value] ?? "default"} style={{ marginInlineEnd: 0 }}>
      {t.word(kind, value)}
    </Tag>
  );
  return hint ? <Tooltip title={hint}>{tag}</Tooltip> : tag;
}
