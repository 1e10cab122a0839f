// Sign-in by email and password, or by a one-time link (/signin?token=…).
import { unwrap } from "@shared/api/client";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Alert, Button, Form, Input, Spin } from "antd";
import { useEffect, useRef, useState } from "react";
import { useT } from "../../i18n";
import { Brand } from "../../kit/brand";
import { api } from "../../lib/api";
import { useErrorText } from "../../lib/errors";
import { useUrlState } from "../../lib/search";
import { signInSearch } from "./search";

export function SignInPage() {
  const t = useT();
  const textOf = useErrorText();
  const [search] = useUrlState(signInSearch);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [failure, setFailure] = useState("");
  const [linkFailed, setLinkFailed] = useState(false);
  const [busy, setBusy] = useState(false);
  const linkTried = useRef(false);

  const enter = async (mustSetPassword: boolean) => {
    queries.clear();
    if (mustSetPassword) await navigate({ to: "/password" });
    else await navigate({ href: insideOnly(search.redirect) });
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: a link works once, so it is tried once
  useEffect(() => {
    if (!search.token || linkTried.current) return;
    linkTried.current = true;
    unwrap<{ must_set_password: boolean }>(api.POST("/api/auth/link", { body: { token: search.token } }))
      .then((reply) => enter(reply.must_set_password))
      .catch((error: unknown) => {
        setFailure(textOf(error));
        setLinkFailed(true);
      });
  }, [search.token]);

  const submit = async (values: { email: string; password: string }) => {
    setBusy(true);
    setFailure("");
    try {
      await unwrap(api.POST("/api/auth/login", { body: values }));
      await enter(false);
    } catch (error) {
      setFailure(textOf(error));
    } finally {
      setBusy(false);
    }
  };

  const byLink = Boolean(search.token) && !linkFailed;
  return (
    <div className="signin">
      <div className="signin-side">
        <Brand size={40} light />
        <h2>{t("signin.claim")}</h2>
        <ul>
          <li>{t("signin.point1")}</li>
          <li>{t("signin.point2")}</li>
          <li>{t("signin.point3")}</li>
        </ul>
      </div>
      <div className="signin-form">
        <h1>{t("signin.title")}</h1>
        {failure && (
          <Alert
            type="error"
            showIcon
            style={{ marginBottom: 16 }}
            title={linkFailed ? t("signin.link_failed") : failure}
            description={linkFailed ? failure : undefined}
          />
        )}
        {byLink ? (
          <div className="row">
            <Spin /> {t("signin.by_link")}
          </div>
        ) : (
          <Form layout="vertical" requiredMark={false} onFinish={submit} size="large">
            <Form.Item
              name="email"
              label={t("signin.email")}
              rules={[{ required: true, message: t("kit.required", { label: t("signin.email") }) }]}
            >
              <Input type="email" autoComplete="username" autoFocus />
            </Form.Item>
            <Form.Item
              name="password"
              label={t("signin.password")}
              rules={[{ required: true, message: t("kit.required", { label: t("signin.password") }) }]}
            >
              <Input.Password autoComplete="current-password" />
            </Form.Item>
            <Button type="primary" htmlType="submit" block loading={busy}>
              {t("signin.submit")}
            </Button>
          </Form>
        )}
      </div>
    </div>
  );
}

/** A redirect may only stay inside the console. */
export function insideOnly(path: string | undefined): string {
  return path && /^\/(?![/\\])/.test(path) ? path : "/";
}
