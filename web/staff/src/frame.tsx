// Five tabs under one thumb. The tab stands in the hash, so that a notice can lead straight to one.
import { useQuery } from "@tanstack/react-query";
import { TabBar } from "antd-mobile";
import { CheckCircleOutline, HistogramOutline, ScanCodeOutline, TeamOutline, UserOutline } from "antd-mobile-icons";
import { useEffect, useState } from "react";
import { me as fetchMe, today as fetchToday, isSignedOut, signIn } from "./api";
import { CodePage } from "./pages/code";
import { CustomersPage } from "./pages/customers";
import { GroupsPage } from "./pages/groups";
import { ScorePage } from "./pages/score";
import { TodayPage } from "./pages/today";
import { Failure, Waiting } from "./state";
import { t } from "./text";

const tabs = ["today", "customers", "groups", "code", "score"] as const;
type Tab = (typeof tabs)[number];

const icons = {
  today: <CheckCircleOutline />,
  customers: <UserOutline />,
  groups: <TeamOutline />,
  code: <ScanCodeOutline />,
  score: <HistogramOutline />,
};

function tabOf(hash: string): Tab {
  const name = hash.replace(/^#\/?/, "");
  return tabs.find((tab) => tab === name) ?? "today";
}

export function Frame() {
  const [tab, setTab] = useState<Tab>(() => tabOf(window.location.hash));
  const me = useQuery({ queryKey: ["me"], queryFn: fetchMe, staleTime: 60_000 });
  const tasks = useQuery({
    queryKey: ["today"],
    queryFn: fetchToday,
    refetchInterval: 5000,
    enabled: Boolean(me.data),
  });

  useEffect(() => {
    const follow = () => setTab(tabOf(window.location.hash));
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);

  const signedOut = isSignedOut(me.error) || isSignedOut(tasks.error);
  const [refused, setRefused] = useState(false);
  useEffect(() => {
    if (signedOut) setRefused(!signIn());
  }, [signedOut]);

  if (signedOut) return refused ? <Failure title={t("page.sign_in")} hint={t("page.sign_in_hint")} /> : <Waiting />;
  if (!me.data) return me.error ? <Failure error={me.error} onRetry={() => me.refetch()} /> : <Waiting />;

  const open = tasks.data?.tasks.length ?? 0;
  return (
    <div className="frame">
      <header className="top">
        <div>
          <b>{me.data.staff.name}</b>
          <span>{me.data.staff.store_name}</span>
        </div>
        <span className="brand">{me.data.corp_name}</span>
      </header>
      <main className="page">
        {tab === "today" && <TodayPage query={tasks} />}
        {tab === "customers" && <CustomersPage />}
        {tab === "groups" && <GroupsPage />}
        {tab === "code" && <CodePage />}
        {tab === "score" && <ScorePage />}
      </main>
      <TabBar
        className="tabs"
        safeArea
        activeKey={tab}
        onChange={(key) => {
          window.location.hash = `/${key}`;
        }}
      >
        {tabs.map((key) => (
          <TabBar.Item
            key={key}
            icon={icons[key]}
            title={t(`tab.${key}`)}
            badge={key === "today" && open > 0 ? open : undefined}
          />
        ))}
      </TabBar>
    </div>
  );
}
