import { useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Form, Input } from "antd";
import { useT } from "../../i18n";
import { type BrandValues, saveBrand, setupQuery } from "./api";
import { useSaving } from "./form";
import type { StepProps } from "./step";

export function BrandStep({ setup, go }: StepProps) {
  const t = useT();
  const queries = useQueryClient();
  const [form] = Form.useForm<BrandValues>();
  const { busy, failure, submit } = useSaving(form, async (values: BrandValues) => {
    queries.setQueryData(setupQuery.queryKey, await saveBrand(values));
    go("corp");
  });
  const needed = (label: string) => [{ required: true, whitespace: true, message: t("kit.required", { label }) }];
  return (
    <>
      <p className="setup-note">{t("setup.brand_note")}</p>
      {failure && <Alert type="error" showIcon title={failure} style={{ marginBottom: 16 }} />}
      <Form<BrandValues>
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={submit}
        initialValues={{ brand: setup.brand, owner_name: setup.owner_name, email: setup.email }}
        style={{ maxWidth: 460 }}
      >
        <Form.Item
          name="brand"
          label={t("setup.brand_name")}
          extra={t("setup.brand_hint")}
          rules={needed(t("setup.brand_name"))}
        >
          <Input maxLength={50} autoFocus autoComplete="organization" />
        </Form.Item>
        <Form.Item name="owner_name" label={t("setup.owner_name")} rules={needed(t("setup.owner_name"))}>
          <Input maxLength={50} autoComplete="name" />
        </Form.Item>
        <Form.Item
          name="email"
          label={t("setup.email")}
          rules={[{ required: true, type: "email", message: t("user.email_rule") }]}
        >
          <Input type="email" autoComplete="username" />
        </Form.Item>
        <Form.Item
          name="password"
          label={t("setup.password")}
          rules={[{ required: !setup.has_password, min: 10, message: t("setup.password_rule") }]}
        >
          <Input.Password
            autoComplete="new-password"
            placeholder={t(setup.has_password ? "setup.password_kept" : "setup.password_rule")}
          />
        </Form.Item>
        <Button type="primary" htmlType="submit" loading={busy}>
          {t("setup.next")}
        </Button>
      </Form>
    </>
  );
}
