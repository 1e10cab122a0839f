import type { Group } from "@shared/api/types";
import { percent, unknown } from "@shared/format";
import { Tag, Tooltip } from "antd";
import { messages, type Translate, useT } from "../../i18n";

type Reason = Group["health"]["reasons"][number];

/** A reason in words; one that the server added later is shown by its code. */
export function reasonText(reason: Reason, t: Translate): string {
  const key = `health_reason.${reason.code}`;
  if (!(key in messages)) return reason.code;
  return t(key as keyof typeof messages, { value: percent(reason.value) });
}

/** A group's health: the score where there is one, else whether it needs somebody, with the reasons. */
export function Health({ health }: { health: Group["health"] }) {
  const t = useT();
  const lines = [
    health.state === "complete" ? "" : t.word("stat", health.state),
    ...health.reasons.map((reason) => reasonText(reason, t)),
  ].filter(Boolean);
  const needsYou = health.reasons.length > 0;
  const word = needsYou ? t("group.health.needs_you") : health.state === "missing" ? unknown : t("group.health.ok");
  return (
    <Tooltip title={<span style={{ whiteSpace: "pre-line" }}>{lines.join("\n")}</span>}>
      <Tag color={needsYou ? "warning" : "success"} className="num" style={{ marginInlineEnd: 0 }}>
        {health.score ?? word}
        {health.state === "partial" && " *"}
      </Tag>
    </Tooltip>
  );
}
