// Who may sign in to the console, with what role and for which stores. A new user gets a link that is shown once.
import { unwrap } from "@shared/api/client";
import type { Page, Role, User } from "@shared/api/types";
import { time } from "@shared/format";
import { keepPreviousData, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Form, Input, Modal, Select, Tag, Typography } from "antd";
import { useMemo, useState } from "react";
import { useT } from "../../i18n";
import { type Column, DataTable } from "../../kit/data-table";
import { FormDrawer } from "../../kit/form-drawer";
import { PageHeader } from "../../kit/page";
import { StorePicker } from "../../kit/pickers";
import { api } from "../../lib/api";
import { useWrite } from "../../lib/mutation";
import { type TableSearch, useUrlState } from "../../lib/search";
import { useCan, useMe, useZone } from "../../lib/session";
import { usersSearch } from "./search";

const roles = ["operator", "store_manager", "staff", "analyst", "owner"] as const;

const usersQuery = ({ cursor, limit }: TableSearch) =>
  queryOptions({
    queryKey: ["users", cursor, limit],
    queryFn: () => unwrap<Page<User>>(api.GET("/api/users", { params: { query: { cursor, limit } } })),
    placeholderData: keepPreviousData,
  });

interface NewUser {
  name: string;
  email: string;
  role: Role;
  store_ids?: number[];
}

export function UserListPage() {
  const t = useT();
  const zone = useZone();
  const me = useMe();
  const may = useCan("user.manage");
  const queries = useQueryClient();
  const { modal } = App.useApp();
  const [search, setSearch] = useUrlState(usersSearch);
  const [creating, setCreating] = useState(false);
  const [link, setLink] = useState("");
  const query = useQuery(usersQuery(search));
  const newLink = useWrite({
    call: (id: number) => unwrap<{ link: string }>(api.POST("/api/users/{id}/link", { params: { path: { id } } })),
    onDone: (reply) => setLink(reply.link),
  });
  const change = useWrite({
    call: ({ id, disabled }: { id: number; disabled: boolean }) =>
      unwrap(api.PATCH("/api/users/{id}", { params: { path: { id } }, body: { disabled } })),
    refresh: [["users"]],
  });
  const { mutate: makeLink } = newLink;
  const { mutateAsync: setDisabled } = change;

  const columns = useMemo<Column<User>[]>(
    () => [
      {
        key: "name",
        title: t("user.name"),
        width: 160,
        render: (u) => (
          <>
            {u.name} {u.disabled && <Tag>{t("user.disabled")}</Tag>}
          </>
        ),
      },
      { key: "email", title: t("signin.email"), width: 220, render: (u) => u.email },
      { key: "role", title: t("user.role"), width: 110, render: (u) => t.word("role", u.role) },
      {
        key: "stores",
        title: t("user.stores"),
        width: 260,
        render: (u) =>
          u.stores.map((s) => s.name).join("、") || t(u.role === "staff" ? "user.own_data" : "user.all_stores"),
      },
      {
        key: "seen",
        title: t("user.last_seen"),
        width: 150,
        render: (u) => <span className="num">{time(u.last_seen_at, zone)}</span>,
      },
      {
        key: "act",
        title: "",
        width: 180,
        render: (u) =>
          may &&
          u.id !== me?.user.id && (
            <>
              {!u.disabled && (
                <Button type="link" size="small" onClick={() => makeLink(u.id)}>
                  {t("user.new_link")}
                </Button>
              )}
              <Button
                type="link"
                size="small"
                danger={!u.disabled}
                onClick={() =>
                  u.disabled
                    ? setDisabled({ id: u.id, disabled: false })
                    : modal.confirm({
                        title: t("user.disable_title", { name: u.name }),
                        content: t("user.disable_hint"),
                        okText: t("user.disable"),
                        cancelText: t("kit.cancel"),
                        onOk: () => setDisabled({ id: u.id, disabled: true }),
                      })
                }
              >
                {u.disabled ? t("user.enable") : t("user.disable")}
              </Button>
            </>
          ),
      },
    ],
    [t, zone, may, me, makeLink, setDisabled, modal],
  );

  const create = async (values: NewUser) => {
    const reply = await unwrap<{ id: number; link: string }>(
      api.POST("/api/users", { body: { ...values, store_ids: values.store_ids ?? [], department_ids: [] } }),
    );
    await queries.invalidateQueries({ queryKey: ["users"] });
    setLink(reply.link);
  };
  const required = (label: string) => [{ required: true, message: t("kit.required", { label }) }];

  return (
    <>
      <PageHeader
        title={t("menu.users")}
        note={t("user.list_note")}
        extra={
          may && (
            <Button type="primary" onClick={() => setCreating(true)}>
              {t("user.create")}
            </Button>
          )
        }
      />
      <DataTable
        id="users"
        columns={columns}
        rowKey={(u) => u.id}
        query={query}
        search={search}
        onSearch={setSearch}
        empty={{ title: t("user.empty") }}
      />
      <FormDrawer<NewUser>
        title={t("user.create")}
        open={creating}
        onClose={() => setCreating(false)}
        initial={{ role: "operator" }}
        onSubmit={create}
      >
        <Form.Item name="name" label={t("user.name")} rules={required(t("user.name"))}>
          <Input maxLength={40} />
        </Form.Item>
        <Form.Item
          name="email"
          label={t("signin.email")}
          rules={[{ required: true, type: "email", message: t("user.email_rule") }]}
        >
          <Input />
        </Form.Item>
        <Form.Item name="role" label={t("user.role")}>
          <Select
            options={roles.map((role) => ({ value: role, label: `${t(`role.${role}`)} · ${t(`role_hint.${role}`)}` }))}
          />
        </Form.Item>
        <Form.Item noStyle shouldUpdate={(a: NewUser, b: NewUser) => a.role !== b.role}>
          {({ getFieldValue }) =>
            ["store_manager", "staff"].includes(getFieldValue("role")) && (
              <Form.Item name="store_ids" label={t("user.stores")} rules={required(t("user.stores"))}>
                <StorePicker mode="multiple" />
              </Form.Item>
            )
          }
        </Form.Item>
      </FormDrawer>
      <Modal
        title={t("user.link_title")}
        open={link !== ""}
        onCancel={() => setLink("")}
        footer={<Button onClick={() => setLink("")}>{t("kit.close")}</Button>}
      >
        <Alert type="warning" showIcon title={t("user.link_once")} style={{ marginBottom: 12 }} />
        <Typography.Paragraph copyable className="code-text">
          {link}
        </Typography.Paragraph>
      </Modal>
    </>
  );
}
