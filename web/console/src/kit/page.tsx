// The head of a page and the panels on it.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useT } from "../i18n";

interface HeaderProps {
  title: ReactNode;
  note?: ReactNode;
  /** Where "back" leads; lists live in the URL, so a plain path is enough. */
  back?: string;
  extra?: ReactNode;
}

export function PageHeader({ title, note, back, extra }: HeaderProps) {
  const t = useT();
  return (
    <header className="page-header">
      <div className="grow">
        <h1>
          {back && (
            <Link to={back} aria-label={t("kit.back")} style={{ marginRight: 8 }}>
              ←
            </Link>
          )}
          {title}
        </h1>
        {note && <div className="page-note">{note}</div>}
      </div>
      {extra && <div className="row">{extra}</div>}
    </header>
  );
}

interface PanelProps {
  title?: ReactNode;
  extra?: ReactNode;
  children: ReactNode;
  /** Tables and timelines bring their own padding. */
  flush?: boolean;
}

export function Panel({ title, extra, children, flush }: PanelProps) {
  return (
    <section className="panel">
      {title && (
        <div className="panel-title">
          {title}
          {extra && <span className="panel-extra">{extra}</span>}
        </div>
      )}
      <div className={flush ? undefined : "panel-body"}>{children}</div>
    </section>
  );
}
