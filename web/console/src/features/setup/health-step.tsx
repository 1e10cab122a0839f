// The last step: the whole examination, and then the corp is registered and the owner is in.
import { ReloadOutlined } from "@ant-design/icons";
import { ApiError } from "@shared/api/client";
import type { CheckArea, SetupStep } from "@shared/api/types";
import { useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Spin } from "antd";
import { useState } from "react";
import { useT } from "../../i18n";
import { CheckMark, Findings, worst } from "../../kit/findings";
import { Panel } from "../../kit/page";
import { ErrorState, LoadingState } from "../../kit/states";
import { api } from "../../lib/api";
import { useErrorText } from "../../lib/errors";
import { checkSetup, finishSetup } from "./api";
import { steps } from "./search";
import type { StepProps } from "./step";

const areas: CheckArea[] = ["wecom", "callback", "server"];

export function HealthStep({ setup, go }: StepProps) {
  const t = useT();
  const textOf = useErrorText();
  const { modal } = App.useApp();
  const [finishing, setFinishing] = useState(false);
  const [failure, setFailure] = useState("");
  const query = useQuery({
    queryKey: ["setup-check", "all"],
    queryFn: () => checkSetup([]),
    refetchOnWindowFocus: false,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const failures = query.data?.items.filter((item) => item.state === "fail") ?? [];
  const failing = failures.length;
  const missing = steps.find((step) => step === setup.missing) as SetupStep | undefined;

  const finish = async (accept: string[]) => {
    setFinishing(true);
    setFailure("");
    try {
      await finishSetup(accept);
      await untilServed();
      // The whole page anew: nothing of the setup is to stay in any cache.
      window.location.assign("/");
    } catch (error) {
      setFailure(textOf(error));
      setFinishing(false);
    }
  };
  const anyway = () =>
    modal.confirm({
      title: t("setup.anyway_title", { n: failing }),
      content: (
        <>
          <ul>
            {failures.map((item) => (
              <li key={item.id}>{item.title}</li>
            ))}
          </ul>
          {t("setup.anyway_hint")}
        </>
      ),
      okText: t("setup.finish_anyway"),
      cancelText: t("kit.cancel"),
      onOk: () => void finish(failures.map((item) => item.id)),
    });

  if (finishing) {
    return (
      <div className="row">
        <Spin /> {t("setup.finishing")}
      </div>
    );
  }
  return (
    <>
      <p className="setup-note">{t("setup.health_note")}</p>
      {failure && <Alert type="error" showIcon title={failure} style={{ marginBottom: 16 }} />}
      {missing && (
        <Alert
          type="warning"
          showIcon
          style={{ marginBottom: 16 }}
          title={t("setup.finish_incomplete", { n: steps.indexOf(missing) + 1 })}
          action={
            <Button size="small" onClick={() => go(missing)}>
              {t("setup.fill_step")}
            </Button>
          }
        />
      )}
      <div className="stack">
        {query.data ? (
          areas.map((area) => {
            const items = query.data.items.filter((item) => item.area === area);
            return (
              <Panel
                key={area}
                flush
                title={
                  <>
                    <CheckMark state={worst(items)} /> {t(`check_area.${area}`)}
                  </>
                }
              >
                <Findings items={items} fold />
              </Panel>
            );
          })
        ) : query.error ? (
          <Panel>
            <ErrorState error={query.error} onRetry={() => query.refetch()} />
          </Panel>
        ) : (
          <Panel>
            <LoadingState rows={10} />
          </Panel>
        )}
      </div>
      <div className="row setup-buttons">
        <Button onClick={() => go("domain")}>{t("setup.back")}</Button>
        <Button icon={<ReloadOutlined />} loading={query.isFetching} onClick={() => query.refetch()}>
          {t("doctor.run")}
        </Button>
        <Button
          type="primary"
          disabled={!query.data || failing > 0 || missing !== undefined}
          onClick={() => finish([])}
        >
          {t("setup.finish")}
        </Button>
        {failing > 0 && !missing && (
          <Button type="link" onClick={anyway}>
            {t("setup.finish_anyway")}
          </Button>
        )}
      </div>
    </>
  );
}

/** Waits until the corp is served: its console knows who we are. */
async function untilServed() {
  for (let tries = 0; tries < 120; tries++) {
    const { response } = await api.GET("/api/me").catch(() => ({ response: undefined }));
    if (response?.ok || response?.status === 401) return;
    await new Promise((done) => setTimeout(done, 500));
  }
  throw new ApiError(503);
}
