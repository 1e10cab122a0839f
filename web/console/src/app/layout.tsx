// The frame of every signed-in page: menu, clock, who is signed in.
import { GlobalOutlined, UserOutlined } from "@ant-design/icons";
import { unwrap } from "@shared/api/client";
import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { Button, Dropdown, Menu, type MenuProps } from "antd";
import { useEffect } from "react";
import { setLanguage, useT } from "../i18n";
import { Brand } from "../kit/brand";
import { api } from "../lib/api";
import { useWrite } from "../lib/mutation";
import { useMe } from "../lib/session";
import { DemoBar } from "./demo-bar";
import { entryOf, menu, menuFor } from "./menu";

type Item = NonNullable<MenuProps["items"]>[number];

export function Layout() {
  const t = useT();
  const me = useMe();
  const location = useLocation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const signOut = useWrite({
    call: () => unwrap(api.POST("/api/auth/logout")),
    onDone: () => {
      queries.clear();
      void navigate({ to: "/signin", search: {} });
    },
  });
  const english = t.language === "en";
  const entry = menu.flatMap((part) => part.entries).find((one) => one.path === entryOf(location.pathname));
  const title = [entry && t(entry.label), t("app.name")].filter(Boolean).join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);

  return (
    <div className="frame">
      <aside className="frame-side">
        <div className="frame-brand">
          <Brand size={26} />
          {t("app.name")}
        </div>
        <nav className="frame-menu">
          <Menu
            mode="inline"
            inlineIndent={14}
            selectedKeys={[entryOf(location.pathname)]}
            items={menuFor(me && !me.must_set_password ? me.user.permissions : []).flatMap((part): Item[] => {
              const entries = part.entries.map((entry) => ({
                key: entry.path,
                label: <Link to={entry.path}>{t(entry.label)}</Link>,
              }));
              return part.label
                ? [{ type: "group" as const, key: part.label, label: t(part.label), children: entries }]
                : entries;
            })}
          />
        </nav>
      </aside>
      <div className="frame-main">
        <DemoBar />
        <div className="frame-top">
          <b className="clip">{me?.corp.name}</b>
          <span className="grow" />
          <Button
            type="text"
            size="small"
            icon={<GlobalOutlined />}
            onClick={() => setLanguage(english ? "zh-CN" : "en")}
          >
            {t("shell.language")}
          </Button>
          <Dropdown
            menu={{
              items: [
                { key: "who", label: me ? `${me.user.email} · ${t.word("role", me.user.role)}` : "", disabled: true },
                { key: "password", label: t("shell.change_password") },
                { type: "divider" },
                { key: "out", label: t("shell.sign_out") },
              ],
              onClick: ({ key }) => {
                if (key === "out") signOut.mutate();
                if (key === "password") void navigate({ to: "/password" });
              },
            }}
          >
            <Button type="text" size="small" icon={<UserOutlined />}>
              {me?.user.name}
            </Button>
          </Dropdown>
        </div>
        <main className="frame-page">
          <Outlet />
        </main>
      </div>
    </div>
  );
}
