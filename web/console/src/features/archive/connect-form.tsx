import type { ArchiveState } from "@shared/api/types";
import { Alert, Button, Form, Input, Popconfirm } from "antd";
import { useT } from "../../i18n";
import { useErrorText } from "../../lib/errors";
import { useWrite } from "../../lib/mutation";
import { connect } from "./api";

interface Values {
  address: string;
  key?: string;
}

/** Names the adapter; the server tries it before anything is kept. */
export function ConnectForm({ state }: { state: ArchiveState }) {
  const t = useT();
  const textOf = useErrorText();
  const [form] = Form.useForm<Values>();
  const save = useWrite({
    call: connect,
    done: t("archive.connected"),
    refresh: [["archive"]],
    onDone: () => form.resetFields(["key"]),
    quiet: true,
  });
  const leave = useWrite({
    call: () => connect({ address: "" }),
    done: t("archive.disconnected"),
    refresh: [["archive"]],
  });
  return (
    <Form<Values>
      form={form}
      layout="vertical"
      initialValues={{ address: state.address }}
      onFinish={({ address, key }) => save.mutate({ address: address.trim(), key: key?.trim() || undefined })}
    >
      {save.error && <Alert type="error" showIcon title={textOf(save.error)} style={{ marginBottom: 12 }} />}
      <Form.Item
        name="address"
        label={t("archive.address")}
        extra={t("archive.address_hint")}
        rules={[{ required: true, pattern: /^https?:\/\/\S+$/, message: t("archive.address_hint") }]}
      >
        <Input autoComplete="off" />
      </Form.Item>
      <Form.Item
        name="key"
        label={t("archive.key")}
        extra={t("archive.key_hint")}
        rules={[{ required: !state.enabled, message: t("archive.key_hint") }]}
      >
        <Input.Password autoComplete="new-password" placeholder={state.enabled ? t("archive.key_keep") : undefined} />
      </Form.Item>
      <div className="row">
        <Button type="primary" htmlType="submit" loading={save.isPending}>
          {state.enabled ? t("archive.reconnect") : t("archive.connect")}
        </Button>
        {state.enabled && (
          <Popconfirm title={t("archive.disconnect_sure")} onConfirm={() => leave.mutate()}>
            <Button danger loading={leave.isPending}>
              {t("archive.disconnect")}
            </Button>
          </Popconfirm>
        )}
      </div>
    </Form>
  );
}
