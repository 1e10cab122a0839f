// The chat archive: searching what was said, reading conversations, who agreed, who has a seat, and how reading goes.
import type { ArchiveState } from "@shared/api/types";
import { useQuery } from "@tanstack/react-query";
import { Tabs } from "antd";
import { useState } from "react";
import { useT } from "../../i18n";
import { PageHeader, Panel } from "../../kit/page";
import { EmptyState, Loaded } from "../../kit/states";
import { useUrlState } from "../../lib/search";
import { useCan } from "../../lib/session";
import { type Access, stateQuery } from "./api";
import { ChatDrawer, type Looked } from "./chat-view";
import { ChatsTab } from "./chats-tab";
import { ConnectForm } from "./connect-form";
import { ConsentsTab } from "./consents-tab";
import { CoverageTab } from "./coverage-tab";
import { FindTab } from "./find-tab";
import { Gate, Given } from "./gate";
import { type ArchiveSearch, archiveSearch } from "./search";
import { StateTab } from "./state-tab";

type Tab = NonNullable<ArchiveSearch["tab"]>;

export function ArchivePage() {
  const t = useT();
  const query = useQuery(stateQuery);
  return (
    <>
      <PageHeader title={t("menu.archive")} note={t("archive.note")} />
      <Loaded query={query}>
        {(state) => (state.enabled || state.messages > 0 ? <Parts state={state} /> : <Off state={state} />)}
      </Loaded>
    </>
  );
}

function Off({ state }: { state: ArchiveState }) {
  const t = useT();
  const may = useCan("system.manage");
  return (
    <div className="stack" style={{ maxWidth: 760 }}>
      <Panel>
        <EmptyState title={t("archive.off")} hint={t("archive.off_hint")} />
        <ol style={{ lineHeight: 1.9, margin: "0 0 8px" }}>
          <li>{t("archive.step1")}</li>
          <li>{t("archive.step2")}</li>
          <li>{t("archive.step3")}</li>
          <li>{t("archive.step4")}</li>
        </ol>
      </Panel>
      {may && (
        <Panel title={t("archive.adapter")}>
          <ConnectForm state={state} />
        </Panel>
      )}
    </div>
  );
}

function Parts({ state }: { state: ArchiveState }) {
  const t = useT();
  const may = useCan("archive.read");
  const [search, setSearch] = useUrlState(archiveSearch);
  const [access, setAccess] = useState<Access>();
  const [looked, setLooked] = useState<Looked>();
  const tab: Tab = search.tab ?? (may ? "search" : "consents");

  const content = (draw: (access: Access) => React.ReactNode) => {
    if (!may) {
      return (
        <Panel>
          <EmptyState title={t("archive.no_permission")} hint={t("archive.no_permission_hint")} />
        </Panel>
      );
    }
    return access ? draw(access) : <Gate onEnter={setAccess} />;
  };
  const props = { search, onSearch: setSearch, onLook: setLooked };
  return (
    <>
      <Tabs
        activeKey={tab}
        onChange={(key) => setSearch({ tab: key as Tab, cursor: undefined, page: undefined })}
        destroyOnHidden
        tabBarExtraContent={access && <Given access={access} onChange={() => setAccess(undefined)} />}
        items={[
          {
            key: "search",
            label: t("archive.tab.search"),
            children: content((a) => <FindTab access={a} {...props} />),
          },
          { key: "chats", label: t("archive.tab.chats"), children: content((a) => <ChatsTab access={a} {...props} />) },
          {
            key: "consents",
            label: t("archive.tab.consents"),
            children: <ConsentsTab search={search} onSearch={setSearch} />,
          },
          { key: "coverage", label: t("archive.tab.coverage"), children: <CoverageTab /> },
          { key: "state", label: t("archive.tab.state"), children: <StateTab state={state} /> },
        ]}
      />
      {access && <ChatDrawer access={access} at={looked} onClose={() => setLooked(undefined)} />}
    </>
  );
}
