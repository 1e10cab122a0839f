import { Button, DotLoading, ErrorBlock } from "antd-mobile";
import { failureText } from "./api";
import { t } from "./text";

export function Waiting() {
  return (
    <div className="waiting">
      <DotLoading color="primary" />
    </div>
  );
}

export function Failure({
  error,
  title,
  hint,
  onRetry,
}: {
  error?: unknown;
  title?: string;
  hint?: string;
  onRetry?: () => void;
}) {
  return (
    <ErrorBlock status="disconnected" title={title ?? t("page.failed")} description={hint ?? failureText(error)}>
      {onRetry && (
        <Button color="primary" onClick={onRetry}>
          {t("page.retry")}
        </Button>
      )}
    </ErrorBlock>
  );
}

export function Nothing({ title, hint }: { title: string; hint?: string }) {
  return <ErrorBlock status="empty" title={title} description={hint} />;
}
