// A part of the examination inside a step: it runs when the step opens, and again on demand.
import { ReloadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useT } from "../../i18n";
import { Findings } from "../../kit/findings";
import { Panel } from "../../kit/page";
import { ErrorState, LoadingState } from "../../kit/states";
import { checkSetup } from "./api";

interface Props {
  ids: string[];
  title: string;
}

export function LiveChecks({ ids, title }: Props) {
  const t = useT();
  const query = useQuery({
    queryKey: ["setup-check", ids],
    queryFn: () => checkSetup(ids),
    refetchOnWindowFocus: false,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  return (
    <Panel
      title={title}
      flush
      extra={
        <Button size="small" icon={<ReloadOutlined />} loading={query.isFetching} onClick={() => query.refetch()}>
          {t("doctor.run")}
        </Button>
      }
    >
      {query.data ? (
        <Findings items={query.data.items} />
      ) : query.error ? (
        <ErrorState error={query.error} onRetry={() => query.refetch()} />
      ) : (
        <LoadingState rows={ids.length} />
      )}
    </Panel>
  );
}
