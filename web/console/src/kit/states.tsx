// What a page shows when it has nothing to show: loading, empty (with what to do next), failed (with a way out).
import { ApiError } from "@shared/api/client";
import { Button, Skeleton } from "antd";
import type { ReactNode } from "react";
import { useT } from "../i18n";
import { useErrorText } from "../lib/errors";

interface EmptyProps {
  title: string;
  hint?: ReactNode;
  action?: ReactNode;
}

export function EmptyState({ title, hint, action }: EmptyProps) {
  return (
    <div className="state">
      <svg
        className="state-mark"
        viewBox="0 0 44 44"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        aria-hidden="true"
      >
        <rect x="6" y="10" width="32" height="25" rx="3" />
        <path d="M6 18h32M13 25h10M13 30h6" />
      </svg>
      <h3>{title}</h3>
      {hint && <p>{hint}</p>}
      {action}
    </div>
  );
}

export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useT();
  const textOf = useErrorText();
  const code = error instanceof ApiError ? error.code : "internal";
  return (
    <div className="state" role="alert">
      <svg
        className="state-mark"
        viewBox="0 0 44 44"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        aria-hidden="true"
      >
        <circle cx="22" cy="22" r="16" />
        <path d="M22 13v11M22 29.5v.5" strokeLinecap="round" strokeWidth="2.4" />
      </svg>
      <h3>{t("kit.error_title")}</h3>
      <p>
        {textOf(error)}
        <br />
        <small>{t("kit.error_code", { code })}</small>
      </p>
      {onRetry && <Button onClick={onRetry}>{t("kit.retry")}</Button>}
    </div>
  );
}

export function LoadingState({ rows = 6 }: { rows?: number }) {
  return (
    <div style={{ padding: 20 }}>
      <Skeleton active title={false} paragraph={{ rows }} />
    </div>
  );
}

interface Loadable<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** Shows a query's data, or the state it is in. */
export function Loaded<T>({
  query,
  children,
  rows,
}: {
  query: Loadable<T>;
  children: (data: T) => ReactNode;
  rows?: number;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <ErrorState error={query.error} onRetry={() => query.refetch()} />;
  return <LoadingState rows={rows} />;
}
