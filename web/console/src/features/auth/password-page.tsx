// Sets a password: after a first sign-in by link, or to change it.
import { ApiError, unwrap } from "@shared/api/client";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Alert, App, Button, Form, Input } from "antd";
import { useState } from "react";
import { useT } from "../../i18n";
import { PageHeader, Panel } from "../../kit/page";
import { api } from "../../lib/api";
import { useErrorText } from "../../lib/errors";
import { meQuery, useMe } from "../../lib/session";

interface Values {
  current?: string;
  new_password: string;
  repeat: string;
}

export function PasswordPage() {
  const t = useT();
  const me = useMe();
  const textOf = useErrorText();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [form] = Form.useForm<Values>();
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const first = me?.must_set_password ?? false;

  const submit = async ({ current, new_password }: Values) => {
    setBusy(true);
    setFailure("");
    try {
      await unwrap(api.POST("/api/auth/password", { body: { new_password, current: first ? undefined : current } }));
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
      void message.success(t("signin.password_saved"));
      await navigate({ to: "/" });
    } catch (error) {
      if (error instanceof ApiError && error.field)
        form.setFields([{ name: error.field as keyof Values, errors: [textOf(error)] }]);
      else setFailure(textOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <div style={{ maxWidth: 460 }}>
      <PageHeader
        title={first ? t("signin.set_title") : t("shell.change_password")}
        note={first ? t("signin.set_hint") : undefined}
      />
      <Panel>
        {failure && <Alert type="error" showIcon title={failure} style={{ marginBottom: 16 }} />}
        <Form<Values> form={form} layout="vertical" requiredMark={false} onFinish={submit}>
          {!first && (
            <Form.Item
              name="current"
              label={t("signin.current_password")}
              rules={[{ required: true, message: t("kit.required", { label: t("signin.current_password") }) }]}
            >
              <Input.Password autoComplete="current-password" />
            </Form.Item>
          )}
          <Form.Item
            name="new_password"
            label={t("signin.new_password")}
            rules={[{ required: true, min: 10, message: t("signin.password_rule") }]}
          >
            <Input.Password autoComplete="new-password" />
          </Form.Item>
          <Form.Item
            name="repeat"
            label={t("signin.repeat_password")}
            dependencies={["new_password"]}
            rules={[
              ({ getFieldValue }) => ({
                validator: (_, value) =>
                  value === getFieldValue("new_password")
                    ? Promise.resolve()
                    : Promise.reject(new Error(t("signin.password_differs"))),
              }),
            ]}
          >
            <Input.Password autoComplete="new-password" />
          </Form.Item>
          <Button type="primary" htmlType="submit" loading={busy}>
            {t("signin.set_submit")}
          </Button>
        </Form>
      </Panel>
    </div>
  );
}
