import type { Group } from "@shared/api/types";
import { unknown } from "@shared/format";
import { Tag, Tooltip } from "antd";
import { useT } from "../../i18n";

/** A group's health: the score with its reasons; without enough data "—" and why. */
export function Health({ health }: { health: Group["health"] }) {
  const t = useT();
  const reasons = [
    health.state === "complete" ? "" : t.word("stat", health.state),
    ...health.reasons.map((reason) => t.word("health_reason", reason)),
  ].filter(Boolean);
  const color =
    health.score === null ? "default" : health.score >= 70 ? "success" : health.score >= 40 ? "warning" : "error";
  return (
    <Tooltip title={<span style={{ whiteSpace: "pre-line" }}>{reasons.join("\n")}</span>}>
      <Tag color={color} className="num" style={{ marginInlineEnd: 0 }}>
        {health.score ?? unknown}
        {health.state === "partial" && " *"}
      </Tag>
    </Tooltip>
  );
}
