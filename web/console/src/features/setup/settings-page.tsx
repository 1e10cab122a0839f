// How this installation is connected to WeCom, changed later: every change is tested first, and is at work within seconds.
import type { Finding, SettingsChange, WeComSettings } from "@shared/api/types";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Form, Input, InputNumber, Tag } from "antd";
import { useState } from "react";
import { useT } from "../../i18n";
import { CopyField } from "../../kit/copy-field";
import { Findings } from "../../kit/findings";
import { PageHeader, Panel } from "../../kit/page";
import { ProofFiles } from "../../kit/proof-files";
import { Loaded } from "../../kit/states";
import { useWrite } from "../../lib/mutation";
import { meQuery } from "../../lib/session";
import {
  keepKeys,
  keysQuery,
  rotateKeys,
  setAddress,
  setApp,
  setBrand,
  setFile,
  setSecret,
  settingsQuery,
} from "./api";
import { useSaving } from "./form";

export function WeComSettingsPage() {
  const t = useT();
  const query = useQuery(settingsQuery);
  return (
    <>
      <PageHeader title={t("menu.wecom")} note={t("wecom.note")} />
      <Loaded query={query}>
        {(settings) => (
          <div className="columns columns-half">
            <div className="stack">
              <AppPanel settings={settings} />
              <OthersPanel settings={settings} />
            </div>
            <div className="stack">
              <CallbackPanel settings={settings} />
              <AddressPanel settings={settings} />
            </div>
          </div>
        )}
      </Loaded>
    </>
  );
}

/** Tells how a tested change ended, and keeps what the test found. */
function useTold(): [Finding[] | null, (change: SettingsChange) => void] {
  const t = useT();
  const queries = useQueryClient();
  const { message } = App.useApp();
  const [found, setFound] = useState<Finding[] | null>(null);
  return [
    found,
    (change) => {
      setFound(change.items.length > 0 ? change.items : null);
      if (change.saved) void message.success(t("wecom.saved"));
      else void message.error(t("wecom.not_saved"));
      void queries.invalidateQueries({ queryKey: settingsQuery.queryKey });
    },
  ];
}

function AppPanel({ settings }: { settings: WeComSettings }) {
  const t = useT();
  const [form] = Form.useForm<{ agent_id: number; secret?: string }>();
  const [found, tell] = useTold();
  const { busy, failure, submit } = useSaving(form, async (values: { agent_id: number; secret?: string }) => {
    const change = await setApp(values);
    if (change.saved) form.setFieldValue("secret", "");
    tell(change);
  });
  return (
    <Panel title={t("wecom.app")}>
      {settings.wecom_base_url && (
        <Alert
          type="warning"
          showIcon
          style={{ marginBottom: 12 }}
          title={t("wecom.sandbox", { url: settings.wecom_base_url })}
        />
      )}
      {failure && <Alert type="error" showIcon title={failure} style={{ marginBottom: 12 }} />}
      <BrandForm settings={settings} />
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={submit}
        initialValues={{ agent_id: settings.agent_id }}
      >
        <Form.Item label={t("setup.corp_id")} extra={t("wecom.corp_id_fixed")}>
          <Input value={settings.corp_id} disabled />
        </Form.Item>
        <Form.Item name="agent_id" label={t("setup.agent_id")} rules={[{ required: true }]}>
          <InputNumber min={1} precision={0} controls={false} style={{ width: "100%" }} />
        </Form.Item>
        <Form.Item name="secret" label={t("setup.secret")} extra={t("setup.secret_hint")}>
          <Input.Password maxLength={200} autoComplete="off" spellCheck={false} placeholder={t("setup.secret_kept")} />
        </Form.Item>
        <Button htmlType="submit" loading={busy}>
          {t("wecom.save_test")}
        </Button>
      </Form>
      {found && <Findings items={found} />}
    </Panel>
  );
}

function BrandForm({ settings }: { settings: WeComSettings }) {
  const t = useT();
  const [form] = Form.useForm<{ brand: string }>();
  const queries = useQueryClient();
  const { message } = App.useApp();
  const { busy, failure, submit } = useSaving(form, async ({ brand }: { brand: string }) => {
    await setBrand(brand);
    void message.success(t("wecom.saved"));
    await queries.invalidateQueries({ queryKey: settingsQuery.queryKey });
    await queries.invalidateQueries({ queryKey: meQuery.queryKey });
  });
  return (
    <Form form={form} layout="vertical" onFinish={submit} initialValues={{ brand: settings.brand }}>
      <Form.Item label={t("wecom.brand")} help={failure || undefined} validateStatus={failure ? "error" : undefined}>
        <div className="row">
          <Form.Item name="brand" noStyle>
            <Input maxLength={50} />
          </Form.Item>
          <Button htmlType="submit" loading={busy}>
            {t("kit.save")}
          </Button>
        </div>
      </Form.Item>
    </Form>
  );
}

function CallbackPanel({ settings }: { settings: WeComSettings }) {
  const t = useT();
  const { modal } = App.useApp();
  const queries = useQueryClient();
  const [shown, setShown] = useState(false);
  const open = shown || settings.rotating;
  const keys = useQuery({ ...keysQuery, enabled: open });
  // While the next pair waits, its taking over is looked for.
  useQuery({ ...settingsQuery, refetchInterval: settings.rotating ? 3000 : false });
  const again = () => {
    queries.removeQueries({ queryKey: keysQuery.queryKey });
    void queries.invalidateQueries({ queryKey: settingsQuery.queryKey });
  };
  const rotate = useWrite({ call: () => rotateKeys(), onDone: again });
  const keep = useWrite({ call: () => keepKeys(), onDone: again });
  const ask = () =>
    modal.confirm({
      title: t("wecom.rotate_title"),
      content: t("wecom.rotate_hint"),
      okText: t("setup.renew"),
      cancelText: t("kit.cancel"),
      onOk: () => rotate.mutateAsync(),
    });
  return (
    <Panel title={t("wecom.callback")}>
      <p className="quiet" style={{ marginTop: 0 }}>
        {t("wecom.callback_note")}
      </p>
      {settings.rotating && <Alert type="info" showIcon style={{ marginBottom: 12 }} title={t("wecom.rotating")} />}
      <CopyField label={t("setup.url")} value={settings.callback_url} />
      {open && keys.data && (
        <>
          <CopyField label={t("setup.token")} value={keys.data.token} />
          <CopyField label={t("setup.aes_key")} value={keys.data.encoding_aes_key} />
        </>
      )}
      <div className="row" style={{ marginTop: 12 }}>
        {!open && <Button onClick={() => setShown(true)}>{t("wecom.show_keys")}</Button>}
        {settings.rotating ? (
          <Button loading={keep.isPending} onClick={() => keep.mutate()}>
            {t("wecom.keep_old")}
          </Button>
        ) : (
          <Button loading={rotate.isPending} onClick={ask}>
            {t("wecom.rotate")}
          </Button>
        )}
      </div>
    </Panel>
  );
}

function AddressPanel({ settings }: { settings: WeComSettings }) {
  const t = useT();
  const queries = useQueryClient();
  const [form] = Form.useForm<{ public_url: string }>();
  const [found, tell] = useTold();
  const [doubtful, setDoubtful] = useState("");
  const save = async (public_url: string, accept: boolean) => {
    const change = await setAddress({ public_url, accept });
    setDoubtful(change.saved ? "" : public_url);
    tell(change);
  };
  const { busy, failure, submit } = useSaving(form, ({ public_url }: { public_url: string }) =>
    save(public_url, false),
  );
  return (
    <Panel title={t("wecom.address")}>
      <Alert type="warning" showIcon style={{ marginBottom: 12 }} title={t("wecom.address_warning")} />
      {failure && <Alert type="error" showIcon title={failure} style={{ marginBottom: 12 }} />}
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={submit}
        initialValues={{ public_url: settings.public_url }}
      >
        <Form.Item
          name="public_url"
          label={t("setup.public_url")}
          extra={t("setup.public_url_hint")}
          rules={[{ required: true, message: t("kit.required", { label: t("setup.public_url") }) }]}
        >
          <Input spellCheck={false} />
        </Form.Item>
        <div className="row">
          <Button htmlType="submit" loading={busy}>
            {t("wecom.save_test")}
          </Button>
          {doubtful && (
            <Button danger disabled={busy} onClick={() => save(doubtful, true)}>
              {t("wecom.save_anyway")}
            </Button>
          )}
        </div>
      </Form>
      {found && <Findings items={found} />}
      <p style={{ margin: "16px 0 8px" }}>
        <b>{t("setup.file")}</b>
      </p>
      <ProofFiles
        files={settings.files}
        save={async (file) => {
          await setFile(file);
          await queries.invalidateQueries({ queryKey: settingsQuery.queryKey });
        }}
      />
    </Panel>
  );
}

function OthersPanel({ settings }: { settings: WeComSettings }) {
  const t = useT();
  return (
    <Panel title={t("wecom.others")}>
      <SecretForm which="contacts" set={settings.contacts_secret} />
      <SecretForm which="archive" set={settings.archive_secret} />
    </Panel>
  );
}

function SecretForm({ which, set }: { which: "contacts" | "archive"; set: boolean }) {
  const t = useT();
  const { modal } = App.useApp();
  const [form] = Form.useForm<{ secret: string }>();
  const [found, tell] = useTold();
  const save = async (secret: string) => {
    const change = await setSecret({ which, secret });
    if (change.saved) form.resetFields();
    tell(change);
  };
  const { busy, failure, submit } = useSaving(form, ({ secret }: { secret: string }) => save(secret));
  const remove = () =>
    modal.confirm({
      title: t("wecom.remove_title"),
      content: t("wecom.remove_hint"),
      okText: t("wecom.remove"),
      cancelText: t("kit.cancel"),
      onOk: () => save(""),
    });
  return (
    <>
      <Form form={form} layout="vertical" requiredMark={false} onFinish={submit}>
        {failure && <Alert type="error" showIcon title={failure} style={{ marginBottom: 12 }} />}
        <Form.Item
          label={
            <span className="row">
              {t(`wecom.${which}`)}{" "}
              <Tag color={set ? "success" : undefined}>{t(set ? "wecom.is_set" : "wecom.is_unset")}</Tag>
            </span>
          }
          extra={t(`wecom.${which}_hint`)}
        >
          <div className="row">
            <Form.Item
              name="secret"
              noStyle
              rules={[{ required: true, message: t("kit.required", { label: t("setup.secret") }) }]}
            >
              <Input.Password
                maxLength={200}
                autoComplete="off"
                spellCheck={false}
                placeholder={set ? t("setup.secret_kept") : undefined}
              />
            </Form.Item>
            <Button htmlType="submit" loading={busy}>
              {t("wecom.save_test")}
            </Button>
            {set && <Button onClick={remove}>{t("wecom.remove")}</Button>}
          </div>
        </Form.Item>
      </Form>
      {found && <Findings items={found} />}
    </>
  );
}
