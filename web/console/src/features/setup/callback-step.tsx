// The callback: address, token and key to paste into WeCom's console, and the wait for WeCom's own test of them.
import { LoadingOutlined } from "@ant-design/icons";
import type { Setup } from "@shared/api/types";
import { time } from "@shared/format";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Collapse, Form, Input } from "antd";
import { useEffect, useRef } from "react";
import { useT } from "../../i18n";
import { CopyField } from "../../kit/copy-field";
import { useZone } from "../../lib/session";
import { type AddressValues, saveAddress, setupQuery } from "./api";
import { LiveChecks } from "./checks";
import { useSaving } from "./form";
import type { StepProps } from "./step";

export function CallbackStep({ setup, go }: StepProps) {
  const t = useT();
  const queries = useQueryClient();
  const [form] = Form.useForm<AddressValues>();
  const save = async (values: AddressValues) => {
    queries.setQueryData(setupQuery.queryKey, await saveAddress(values));
    await queries.invalidateQueries({ queryKey: ["setup-check"] });
  };
  const { busy, failure, submit } = useSaving(form, save);
  const ready = setup.callback_url !== "" && setup.callback_token !== "";
  return (
    <>
      <p className="setup-note">{t("setup.callback_note")}</p>
      {failure && <Alert type="error" showIcon title={failure} style={{ marginBottom: 16 }} />}
      <Form<AddressValues>
        form={form}
        layout="vertical"
        onFinish={submit}
        initialValues={{ public_url: setup.public_url || setup.suggested_url }}
      >
        <Form.Item label={t("setup.public_url")} extra={t("setup.public_url_hint")}>
          <div className="row" style={{ maxWidth: 560 }}>
            <Form.Item
              name="public_url"
              noStyle
              rules={[{ required: true, message: t("kit.required", { label: t("setup.public_url") }) }]}
            >
              <Input spellCheck={false} />
            </Form.Item>
            <Button type={ready ? "default" : "primary"} htmlType="submit" loading={busy}>
              {t(ready ? "setup.save_address" : "setup.make_keys")}
            </Button>
          </div>
        </Form.Item>
      </Form>
      {ready && <Keys setup={setup} save={save} />}
      <div className="row setup-buttons">
        <Button onClick={() => go("corp")}>{t("setup.back")}</Button>
        <Button type="primary" disabled={!ready} onClick={() => go("contact")}>
          {t("setup.go_on")}
        </Button>
      </div>
    </>
  );
}

function Keys({ setup, save }: { setup: Setup; save: (values: AddressValues) => Promise<void> }) {
  const t = useT();
  const [form] = Form.useForm<AddressValues>();
  const own = useSaving(form, (values: AddressValues) => save({ ...values, public_url: setup.public_url }));
  const [renewForm] = Form.useForm<object>();
  const renewing = useSaving(renewForm, () => save({ public_url: setup.public_url, renew: true }));
  return (
    <div className="stack">
      <div>
        <p>{t("setup.where_keys")}</p>
        <CopyField label={t("setup.url")} value={setup.callback_url} />
        <CopyField label={t("setup.token")} value={setup.callback_token} />
        <CopyField label={t("setup.aes_key")} value={setup.encoding_aes_key} />
      </div>
      <Collapse
        ghost
        size="small"
        className="setup-advanced"
        items={[
          {
            key: "own",
            label: t("setup.own_keys"),
            children: (
              <Form<AddressValues> form={form} layout="vertical" onFinish={own.submit} style={{ maxWidth: 560 }}>
                {own.failure && <Alert type="error" showIcon title={own.failure} style={{ marginBottom: 12 }} />}
                <Form.Item name="callback_token" label={t("setup.token")}>
                  <Input maxLength={32} spellCheck={false} />
                </Form.Item>
                <Form.Item name="encoding_aes_key" label={t("setup.aes_key")}>
                  <Input maxLength={43} spellCheck={false} />
                </Form.Item>
                <div className="row">
                  <Button htmlType="submit" loading={own.busy}>
                    {t("setup.use_keys")}
                  </Button>
                  <Button loading={renewing.busy} onClick={() => renewing.submit({})}>
                    {t("setup.renew")}
                  </Button>
                </div>
              </Form>
            ),
          },
        ]}
      />
      <Waiting setup={setup} />
      <LiveChecks ids={["callback_url", "callback_guard"]} title={t("setup.self_test")} />
    </div>
  );
}

/** Looks every two seconds whether WeCom has tested the address, until it has. */
function Waiting({ setup }: { setup: Setup }) {
  const t = useT();
  const zone = useZone();
  const verified = setup.knock.state === "ok";
  useQuery({ ...setupQuery, refetchInterval: verified ? false : 2000 });
  const at = setup.knock.at ? time(setup.knock.at, zone, "second") : "";
  const mark = useRef<HTMLDivElement>(null);
  const was = useRef(verified);
  useEffect(() => {
    if (verified && !was.current) mark.current?.scrollIntoView({ block: "nearest" });
    was.current = verified;
  }, [verified]);
  return (
    <div ref={mark} data-knock={setup.knock.state}>
      {verified ? (
        <Alert type="success" showIcon title={t("setup.verified")} description={t("setup.verified_at", { at })} />
      ) : setup.knock.state === "refused" ? (
        <Alert
          type="warning"
          showIcon
          title={t("setup.knock_refused", { at })}
          description={`${setup.knock.message} ${t("setup.waiting")}`}
        />
      ) : (
        <Alert
          type="info"
          showIcon
          icon={<LoadingOutlined />}
          title={t("setup.waiting")}
          description={t("setup.waiting_hint")}
        />
      )}
    </div>
  );
}
