import type { Findings as Found } from "@shared/api/types";
import { useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Collapse, Form, Input, InputNumber } from "antd";
import { useState } from "react";
import { useT } from "../../i18n";
import { Findings } from "../../kit/findings";
import { type CorpValues, saveCorp, setupQuery } from "./api";
import { useSaving } from "./form";
import type { StepProps } from "./step";

export function CorpStep({ setup, go }: StepProps) {
  const t = useT();
  const queries = useQueryClient();
  const [form] = Form.useForm<CorpValues>();
  const [found, setFound] = useState<Found | null>(null);
  const { busy, failure, submit } = useSaving(form, async (values: CorpValues) => {
    setFound(null);
    setFound(await saveCorp(values));
    await queries.invalidateQueries({ queryKey: setupQuery.queryKey });
  });
  const needed = (label: string) => [{ required: true, message: t("kit.required", { label }) }];
  const bad = found && found.state !== "ok" && found.state !== "warn";
  return (
    <>
      <p className="setup-note">{t("setup.corp_note")}</p>
      {failure && <Alert type="error" showIcon title={failure} style={{ marginBottom: 16 }} />}
      <Form<CorpValues>
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={submit}
        initialValues={{
          corp_id: setup.corp_id,
          agent_id: setup.agent_id || undefined,
          wecom_base_url: setup.wecom_base_url,
          authorize_url: setup.authorize_url,
        }}
        style={{ maxWidth: 460 }}
      >
        <Form.Item
          name="corp_id"
          label={t("setup.corp_id")}
          extra={t("setup.corp_id_hint")}
          rules={needed(t("setup.corp_id"))}
        >
          <Input maxLength={40} autoFocus spellCheck={false} autoComplete="off" />
        </Form.Item>
        <Form.Item
          name="agent_id"
          label={t("setup.agent_id")}
          extra={t("setup.agent_id_hint")}
          rules={needed(t("setup.agent_id"))}
        >
          <InputNumber min={1} precision={0} controls={false} style={{ width: "100%" }} />
        </Form.Item>
        <Form.Item
          name="secret"
          label={t("setup.secret")}
          extra={t("setup.secret_hint")}
          rules={[{ required: !setup.has_secret, message: t("kit.required", { label: t("setup.secret") }) }]}
        >
          <Input.Password
            maxLength={200}
            autoComplete="off"
            spellCheck={false}
            placeholder={setup.has_secret ? t("setup.secret_kept") : undefined}
          />
        </Form.Item>
        <Collapse
          ghost
          size="small"
          className="setup-advanced"
          defaultActiveKey={setup.wecom_base_url ? ["sandbox"] : []}
          items={[
            {
              key: "sandbox",
              label: t("setup.advanced"),
              forceRender: true,
              children: (
                <>
                  <Form.Item name="wecom_base_url" label={t("setup.base_url")} extra={t("setup.base_url_hint")}>
                    <Input placeholder="https://qyapi.weixin.qq.com" spellCheck={false} />
                  </Form.Item>
                  <Form.Item
                    name="authorize_url"
                    label={t("setup.authorize_url")}
                    extra={t("setup.authorize_url_hint")}
                    style={{ marginBottom: 0 }}
                  >
                    <Input placeholder="https://open.weixin.qq.com" spellCheck={false} />
                  </Form.Item>
                </>
              ),
            },
          ]}
        />
        {!found && setup.app_name && (
          <Alert
            type="success"
            showIcon
            style={{ marginBottom: 16 }}
            title={t("setup.test_good", { name: setup.app_name })}
          />
        )}
        <div className="row">
          <Button onClick={() => go("brand")}>{t("setup.back")}</Button>
          <Button type={setup.app_name ? "default" : "primary"} htmlType="submit" loading={busy}>
            {t("setup.test")}
          </Button>
          {setup.app_name && (
            <Button type="primary" onClick={() => go("callback")}>
              {t("setup.go_on")}
            </Button>
          )}
        </div>
      </Form>
      {found && (
        <div className="setup-found">
          {bad && <p>{t("setup.test_bad")}</p>}
          <Findings items={found.items} />
        </div>
      )}
    </>
  );
}
