// Changes the words or the time of one step and publishes that as a new version. Runs that already began keep theirs.
import type { ContentPart, PlanDetail, Step } from "@shared/api/types";
import { useQueryClient } from "@tanstack/react-query";
import { Alert, App, Form, Input, Radio } from "antd";
import { useT } from "../../i18n";
import { FormDrawer } from "../../kit/form-drawer";
import { PartsEditor } from "../../kit/parts-editor";
import { publishPlan } from "./api";

interface Values {
  title: string;
  text: string;
  why: string;
  time: string;
  late: Step["late"];
  parts?: ContentPart[];
  note: string;
}

/** The plan's steps with one of them changed. */
export function withStep(steps: Step[], key: string, change: Partial<Step>): Step[] {
  return steps.map((step) => (step.key === key ? { ...step, ...change } : step));
}

export function StepForm({ plan, step, onClose }: { plan: PlanDetail; step: Step | null; onClose: () => void }) {
  const t = useT();
  const queries = useQueryClient();
  const { message } = App.useApp();
  const submit = async ({ note, ...change }: Values) => {
    if (!step) return;
    const { version } = await publishPlan(plan.id, withStep(plan.steps, step.key, change), note);
    void message.success(t("sop.published", { version }));
    await queries.invalidateQueries({ queryKey: ["sop"] });
  };
  const required = (label: string) => [{ required: true, message: t("kit.required", { label }) }];
  return (
    <FormDrawer<Values>
      title={t("sop.edit_step")}
      open={step !== null}
      onClose={onClose}
      initial={
        step
          ? { title: step.title, text: step.text, why: step.why, time: step.time, late: step.late, parts: step.parts }
          : undefined
      }
      onSubmit={submit}
      submitText={t("sop.publish")}
      width={560}
    >
      <Alert
        type="info"
        showIcon
        title={t("sop.publish_hint", { version: plan.version + 1 })}
        style={{ marginBottom: 16 }}
      />
      <Form.Item name="title" label={t("sop.step")} rules={required(t("sop.step"))}>
        <Input maxLength={60} />
      </Form.Item>
      <Form.Item name="text" label={t("sop.text")} rules={required(t("sop.text"))}>
        <Input.TextArea autoSize={{ minRows: 5, maxRows: 14 }} />
      </Form.Item>
      {step?.channel.startsWith("mass") && (
        <Form.Item name="parts" label={t("sop.parts")} extra={t("code.parts_hint")}>
          <PartsEditor max={8} />
        </Form.Item>
      )}
      <Form.Item name="why" label={t("sop.why")} extra={t("sop.why_hint")} rules={required(t("sop.why"))}>
        <Input maxLength={80} />
      </Form.Item>
      <Form.Item
        name="time"
        label={t("sop.time")}
        rules={[{ required: true, pattern: /^([01]\d|2[0-3]):[0-5]\d$/, message: t("store.clock_rule") }]}
      >
        <Input maxLength={5} style={{ width: 100 }} />
      </Form.Item>
      <Form.Item name="late" label={t("sop.when_late")}>
        <Radio.Group
          options={(["skip", "send_until"] as const).map((value) => ({ value, label: t(`sop.late.${value}`) }))}
        />
      </Form.Item>
      <Form.Item name="note" label={t("sop.note")} rules={required(t("sop.note"))}>
        <Input maxLength={100} placeholder={t("sop.note_hint")} />
      </Form.Item>
    </FormDrawer>
  );
}
