import { useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Form, Input } from "antd";
import { useT } from "../../i18n";
import { Panel } from "../../kit/page";
import { ProofFiles } from "../../kit/proof-files";
import { type AddressValues, saveAddress, saveSetupFile, setupQuery } from "./api";
import { LiveChecks } from "./checks";
import { useSaving } from "./form";
import type { StepProps } from "./step";

const ids = ["public_url", "domain", "callback_url"];

export function DomainStep({ setup, go }: StepProps) {
  const t = useT();
  const queries = useQueryClient();
  const [form] = Form.useForm<AddressValues>();
  const { busy, failure, submit } = useSaving(form, async (values: AddressValues) => {
    queries.setQueryData(setupQuery.queryKey, await saveAddress(values));
    await queries.invalidateQueries({ queryKey: ["setup-check"] });
  });
  const address = setup.public_url || setup.suggested_url;
  return (
    <>
      <p className="setup-note">{t("setup.domain_note")}</p>
      {failure && <Alert type="error" showIcon title={failure} style={{ marginBottom: 16 }} />}
      <Form<AddressValues> form={form} layout="vertical" onFinish={submit} initialValues={{ public_url: address }}>
        <Form.Item label={t("setup.public_url")} extra={t("setup.public_url_hint")}>
          <div className="row" style={{ maxWidth: 560 }}>
            <Form.Item
              name="public_url"
              noStyle
              rules={[{ required: true, message: t("kit.required", { label: t("setup.public_url") }) }]}
            >
              <Input spellCheck={false} />
            </Form.Item>
            <Button htmlType="submit" loading={busy}>
              {t("setup.save_address")}
            </Button>
          </div>
        </Form.Item>
      </Form>
      <ol className="setup-list">
        <li>{t("setup.domain_1", { host: hostOf(address) })}</li>
        <li>{t("setup.domain_2")}</li>
        <li>{t("setup.domain_3", { home: `${address}/staff/` })}</li>
      </ol>
      <div className="stack">
        <Panel title={t("setup.file")}>
          <ProofFiles
            files={setup.files}
            save={async (file) => queries.setQueryData(setupQuery.queryKey, await saveSetupFile(file))}
          />
        </Panel>
        <LiveChecks ids={ids} title={t("setup.step_domain")} />
      </div>
      <div className="row setup-buttons">
        <Button onClick={() => go("contact")}>{t("setup.back")}</Button>
        <Button type="primary" onClick={() => go("health")}>
          {t("setup.go_on")}
        </Button>
      </div>
    </>
  );
}

/** The host of an address, as WeCom's console wants it. */
export function hostOf(address: string): string {
  try {
    return new URL(address).host;
  } catch {
    return address;
  }
}
