// Before anybody sees content they say for what purpose and why. Both live as long as the page is open, and in the audit
// log; they are no part of the address.
import { Button, Form, Input, Select } from "antd";
import { useT } from "../../i18n";
import { Panel } from "../../kit/page";
import type { Access } from "./api";

const purposes = ["service_quality", "complaint", "security", "legal"] as const;

export function Gate({ onEnter }: { onEnter: (access: Access) => void }) {
  const t = useT();
  return (
    <Panel title={t("archive.gate")}>
      <p className="quiet" style={{ marginTop: 0 }}>
        {t("archive.gate_hint")}
      </p>
      <Form<Access>
        layout="inline"
        onFinish={({ purpose, reason }) => onEnter({ purpose, reason: reason.trim() })}
        style={{ rowGap: 12 }}
      >
        <Form.Item
          name="purpose"
          label={t("archive.purpose")}
          rules={[{ required: true, message: t("archive.purpose") }]}
        >
          <Select
            style={{ width: 160 }}
            placeholder={t("archive.purpose")}
            options={purposes.map((value) => ({ value, label: t(`archive_purpose.${value}`) }))}
          />
        </Form.Item>
        <Form.Item
          name="reason"
          label={t("archive.reason")}
          rules={[{ required: true, min: 2, whitespace: true, message: t("archive.reason_hint") }]}
        >
          <Input style={{ width: 360 }} maxLength={200} placeholder={t("archive.reason_hint")} />
        </Form.Item>
        <Button type="primary" htmlType="submit">
          {t("archive.gate_enter")}
        </Button>
      </Form>
    </Panel>
  );
}

/** What was said at the gate, with the way to say something else. */
export function Given({ access, onChange }: { access: Access; onChange: () => void }) {
  const t = useT();
  return (
    <span className="quiet">
      {t.word("archive_purpose", access.purpose)}
      {t("archive.given", { reason: access.reason })}
      <Button type="link" size="small" onClick={onChange}>
        {t("archive.gate_change")}
      </Button>
    </span>
  );
}
