// What a callback is and whom it is about, for the list and for its story.
import type { Callback } from "@shared/api/types";
import { Link } from "@tanstack/react-router";
import { Tag, Tooltip } from "antd";
import type { ReactNode } from "react";
import { useT } from "../../i18n";

/** What a callback is, in words; one that WeCom's documents do not know by its name. */
export function Kind({ callback }: { callback: Pick<Callback, "kind" | "detail" | "documented"> }) {
  const t = useT();
  if (callback.documented) {
    const what = t.word("callback_detail", callback.detail) || t.word("callback_kind", callback.kind);
    return <span title={callback.kind}>{what}</span>;
  }
  return (
    <Tooltip title={t("callback.undocumented_hint")}>
      <Tag>{t("callback.undocumented")}</Tag> <span className="num">{callback.kind}</span>
    </Tooltip>
  );
}

/** Whom a callback is about: links where we know them, WeCom's id where we do not. */
export function About({ callback }: { callback: Pick<Callback, "customer" | "group" | "staff" | "entity" | "kind"> }) {
  const t = useT();
  const { customer, group, staff, entity } = callback;
  const parts: ReactNode[] = [];
  if (customer) {
    parts.push(
      <Link key="customer" to={`/customers/${customer.id}`}>
        {customer.name || t("customer.unnamed")}
      </Link>,
    );
  }
  if (group) {
    parts.push(
      <Link key="group" to={`/groups/${group.id}`}>
        {group.name || t("group.unnamed")}
      </Link>,
    );
  }
  if (staff) parts.push(<span key="staff">{staff.name}</span>);
  if (parts.length === 0) return <span className="num quiet">{entity === callback.kind ? "—" : entity}</span>;
  return <span title={entity}>{parts.flatMap((part, i) => (i === 0 ? [part] : [" · ", part]))}</span>;
}
