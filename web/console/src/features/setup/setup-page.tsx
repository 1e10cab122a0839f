// The first run: from the link that the terminal prints to a console with a green doctor. The link's token stands behind
// the #, is used once and leaves the address at once; after that a cookie holds the door open.
import type { Setup, SetupStep } from "@shared/api/types";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Spin, Steps, Typography } from "antd";
import { useEffect, useRef, useState } from "react";
import { setLanguage, useT } from "../../i18n";
import { Brand } from "../../kit/brand";
import { ErrorState } from "../../kit/states";
import { useErrorText } from "../../lib/errors";
import { useUrlState } from "../../lib/search";
import { enterSetup, setupQuery } from "./api";
import { BrandStep } from "./brand-step";
import { CallbackStep } from "./callback-step";
import { ContactStep } from "./contact-step";
import { CorpStep } from "./corp-step";
import { DomainStep } from "./domain-step";
import { HealthStep } from "./health-step";
import { setupSearch, steps } from "./search";
import { doneSteps, type StepProps } from "./step";

const pages: Record<SetupStep, (props: StepProps) => React.ReactNode> = {
  brand: BrandStep,
  corp: CorpStep,
  callback: CallbackStep,
  contact: ContactStep,
  domain: DomainStep,
  health: HealthStep,
};

export function SetupPage() {
  const t = useT();
  const textOf = useErrorText();
  const queries = useQueryClient();
  const [failure, setFailure] = useState("");
  const [entering, setEntering] = useState(window.location.hash.length > 1);
  const tried = useRef(false);
  const query = useQuery({ ...setupQuery, enabled: !entering });

  // biome-ignore lint/correctness/useExhaustiveDependencies: a link works once, so it is tried once
  useEffect(() => {
    if (!entering || tried.current) return;
    tried.current = true;
    const token = window.location.hash.slice(1);
    window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
    enterSetup(token)
      .then((setup) => queries.setQueryData(setupQuery.queryKey, setup))
      .catch((error: unknown) => setFailure(textOf(error)))
      .finally(() => setEntering(false));
  }, [entering]);

  useEffect(() => {
    document.title = `${t("setup.title")} · ${t("app.name")}`;
  }, [t]);

  if (entering || (query.isPending && !query.error)) {
    return (
      <Frame>
        <div className="row">
          <Spin /> {t("setup.entering")}
        </div>
      </Frame>
    );
  }
  const setup = query.data;
  if (query.error && closed(query.error)) return <Closed />;
  if (!setup)
    return (
      <Frame>
        <ErrorState error={query.error} onRetry={() => query.refetch()} />
      </Frame>
    );
  if (!setup.open) return <Closed />;
  if (!setup.entered) return <NoLink failure={failure} />;
  return <Wizard setup={setup} />;
}

function closed(error: unknown): boolean {
  return (error as { code?: string }).code === "setup.closed";
}

function Frame({ children, aside }: { children: React.ReactNode; aside?: React.ReactNode }) {
  const t = useT();
  return (
    <div className="setup">
      <aside className="setup-side">
        <div className="row">
          <Brand size={34} light />
          <b>{t("app.name")}</b>
        </div>
        <h2>{t("setup.claim")}</h2>
        {aside}
        <span className="grow" />
        <Button
          type="text"
          size="small"
          className="setup-language"
          onClick={() => setLanguage(t.language === "en" ? "zh-CN" : "en")}
        >
          {t("shell.language")}
        </Button>
      </aside>
      <main className="setup-main">
        <div className="setup-page">{children}</div>
      </main>
    </div>
  );
}

function NoLink({ failure }: { failure: string }) {
  const t = useT();
  return (
    <Frame>
      <h1>{t(failure ? "setup.bad_link_title" : "setup.no_link_title")}</h1>
      {failure && <Alert type="error" showIcon title={failure} style={{ marginBottom: 16 }} />}
      <p>{t("setup.no_link")}</p>
      <Typography.Paragraph copyable className="code-text">
        qunce setup-link
      </Typography.Paragraph>
    </Frame>
  );
}

function Closed() {
  const t = useT();
  return (
    <Frame>
      <h1>{t("setup.closed_title")}</h1>
      <p className="quiet">{t("setup.closed_hint")}</p>
      <Button type="primary" href="/signin">
        {t("setup.to_signin")}
      </Button>
    </Frame>
  );
}

function Wizard({ setup }: { setup: Setup }) {
  const t = useT();
  const [search, setSearch] = useUrlState(setupSearch);
  const done = doneSteps(setup);
  const now = search.step ?? steps.find((step) => !done.has(step)) ?? "health";
  const go = (step: SetupStep) => setSearch({ step });
  const Page = pages[now];
  return (
    <Frame
      aside={
        <>
          <Steps
            className="setup-steps"
            orientation="vertical"
            size="small"
            current={steps.indexOf(now)}
            onChange={(i) => {
              const step = steps[i];
              if (step) go(step);
            }}
            items={steps.map((step) => ({
              title: t(`setup.step_${step}`),
              status: step === now ? "process" : done.has(step) ? "finish" : "wait",
            }))}
          />
          <p className="setup-resume">{t("setup.resume")}</p>
        </>
      }
    >
      <h1>
        {steps.indexOf(now) + 1} · {t(`setup.step_${now}`)}
      </h1>
      <Page key={now} setup={setup} go={go} />
    </Frame>
  );
}
