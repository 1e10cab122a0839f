// A form at the side: the list stays in view. A failed save marks the fields the server named and keeps what was
// typed; closing a touched form asks first.
import { ApiError } from "@shared/api/client";
import { Alert, App, Button, Drawer, Form } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { useT } from "../i18n";
import { useErrorText } from "../lib/errors";

interface Props<V extends object> {
  title: string;
  open: boolean;
  onClose: () => void;
  /** Values when it opens. */
  initial?: Partial<V>;
  onSubmit: (values: V) => Promise<unknown>;
  submitText?: string;
  width?: number;
  children: ReactNode;
}

/** The fields of a failed request with the sentence for each. */
export function fieldErrors(error: ApiError): { name: string; errors: string[] }[] {
  const found = new Map<string, string[]>();
  const add = (field: string | undefined, text: string) => {
    if (!field) return;
    // Request validation names the place in the request, "body.name"; a form knows the field alone.
    const name = field.replace(/^body\./, "");
    found.set(name, [...(found.get(name) ?? []), text]);
  };
  if (error.details.length === 0) add(error.field, error.message);
  for (const detail of error.details) {
    // What the request's schema finds is worded for programmers; the sentence of the whole is for people.
    add(detail.field, detail.code === "request.invalid" ? error.message : (detail.message ?? error.message));
  }
  return [...found].map(([name, errors]) => ({ name, errors }));
}

export function FormDrawer<V extends object>({
  title,
  open,
  onClose,
  initial,
  onSubmit,
  submitText,
  width = 480,
  children,
}: Props<V>) {
  const t = useT();
  const { modal } = App.useApp();
  const textOf = useErrorText();
  const [form] = Form.useForm<V>();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");

  // biome-ignore lint/correctness/useExhaustiveDependencies: values are taken once, when it opens
  useEffect(() => {
    if (!open) return;
    setFailure("");
    form.resetFields();
    if (initial) form.setFieldsValue(initial as never);
  }, [open]);

  const close = () => {
    if (busy) return;
    if (!form.isFieldsTouched()) return onClose();
    modal.confirm({ title: t("kit.discard"), okText: t("kit.discard_ok"), cancelText: t("kit.cancel"), onOk: onClose });
  };

  const submit = async (values: V) => {
    setBusy(true);
    setFailure("");
    try {
      await onSubmit(values);
      onClose();
    } catch (error) {
      const marks = error instanceof ApiError ? fieldErrors(error) : [];
      const known = marks.filter((mark) => form.getFieldInstance(mark.name as never) !== undefined);
      form.setFields(known as never);
      if (known.length < Math.max(1, marks.length)) setFailure(textOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Drawer
      title={title}
      open={open}
      onClose={close}
      size={width}
      destroyOnHidden
      footer={
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button onClick={close}>{t("kit.cancel")}</Button>
          <Button type="primary" loading={busy} onClick={() => form.submit()}>
            {submitText ?? t("kit.save")}
          </Button>
        </div>
      }
    >
      {failure && <Alert type="error" showIcon title={failure} style={{ marginBottom: 16 }} />}
      <Form<V> form={form} layout="vertical" onFinish={submit} scrollToFirstError requiredMark="optional">
        {children}
      </Form>
    </Drawer>
  );
}
