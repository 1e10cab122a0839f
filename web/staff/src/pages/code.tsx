import { ApiError } from "@shared/api/client";
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd-mobile";
import { code } from "../api";
import { copy } from "../copy";
import { Failure, Nothing, Waiting } from "../state";
import { t } from "../text";

export function CodePage() {
  const query = useQuery({ queryKey: ["code"], queryFn: code });
  if (query.isPending) return <Waiting />;
  if (query.error) {
    const none = query.error instanceof ApiError && query.error.status === 404;
    return none ? (
      <Nothing title={t("code.none")} hint={t("code.none_hint")} />
    ) : (
      <Failure error={query.error} onRetry={() => query.refetch()} />
    );
  }
  return (
    <div className="my-code">
      <div className="my-code-card">
        <img src={query.data.qr_svg_url} alt={t("tab.code")} />
        <p>{t("code.hint")}</p>
      </div>
      {query.data.adds_today !== null && (
        <p className="my-code-adds">{t("code.adds", { count: query.data.adds_today })}</p>
      )}
      <Button block size="large" onClick={() => copy(query.data.url, t("code.copied"))}>
        {t("code.share")}
      </Button>
    </div>
  );
}
