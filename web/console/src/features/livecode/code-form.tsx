// Creates a code, or changes one. What a code is (staff, group, locator) cannot change afterwards: the printed
// posters would mean something else.
import type { CodeDetail, CodeInput } from "@shared/api/types";
import { useQueryClient } from "@tanstack/react-query";
import { App, Form, Input, Radio, Select, Switch } from "antd";
import { useT } from "../../i18n";
import { FormDrawer } from "../../kit/form-drawer";
import { PartsEditor } from "../../kit/parts-editor";
import { GroupPicker, StaffPicker, StorePicker, TagPicker } from "../../kit/pickers";
import { changeCode, createCode } from "./api";

const kinds = ["locator", "staff", "group"] as const;
const channels = ["store_poster", "table_card", "receipt", "package", "moments", "article", "other"] as const;

/** WeCom refuses a longer welcome text; it counts UTF-8 bytes. */
export const welcomeLimit = 4000;

/** WeCom takes nine attachments; one is the way into the group. */
const maxParts = 8;

export function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

interface Props {
  open: boolean;
  onClose: () => void;
  /** The code to change; without it a new one is made. */
  code?: CodeDetail;
  onCreated?: (id: number) => void;
}

export function CodeForm({ open, onClose, code, onCreated }: Props) {
  const t = useT();
  const queries = useQueryClient();
  const { message } = App.useApp();
  const submit = async (values: CodeInput) => {
    if (code) {
      const { kind: _, store_id: __, ...rest } = values;
      await changeCode(code.id, rest);
      void message.success(t("code.saved"));
    } else {
      const { id } = await createCode({ ...values, offer_group: values.offer_group ?? false });
      void message.success(t("code.created"));
      onCreated?.(id);
    }
    await queries.invalidateQueries({ queryKey: ["codes"] });
  };
  const initial: Partial<CodeInput> = code
    ? {
        kind: code.kind,
        name: code.name,
        channel: code.channel,
        store_id: code.store_id ?? undefined,
        staff_ids: code.follow_store ? [] : code.staff.map((s) => s.id),
        group_ids: code.follow_store ? [] : code.groups.map((g) => g.id),
        tag_ids: code.tags.map((tag) => tag.id),
        welcome_text: code.welcome_text,
        welcome_parts: code.welcome_parts,
        offer_group: code.offer_group,
      }
    : { kind: "locator", channel: "store_poster", offer_group: true };

  return (
    <FormDrawer<CodeInput>
      title={code ? t("code.edit") : t("code.create")}
      open={open}
      onClose={onClose}
      initial={initial}
      onSubmit={submit}
      width={520}
    >
      <Form.Item name="kind" label={t("code.kind")} hidden={Boolean(code)} rules={[{ required: true }]}>
        <Radio.Group
          style={{ display: "grid", gap: 6 }}
          options={kinds.map((kind) => ({
            value: kind,
            label: (
              <>
                {t(`code_kind.${kind}`)} <span className="quiet">{t(`code_kind_hint.${kind}`)}</span>
              </>
            ),
          }))}
        />
      </Form.Item>
      <Form.Item
        name="name"
        label={t("code.name")}
        rules={[{ required: true, message: t("kit.required", { label: t("code.name") }) }]}
      >
        <Input maxLength={30} placeholder={t("code.name_hint")} />
      </Form.Item>
      <Form.Item name="channel" label={t("code.channel")} rules={[{ required: true }]}>
        <Select options={channels.map((value) => ({ value, label: t(`code_channel.${value}`) }))} />
      </Form.Item>
      <Form.Item noStyle shouldUpdate={(a: CodeInput, b: CodeInput) => a.kind !== b.kind || a.store_id !== b.store_id}>
        {({ getFieldValue }) => (
          <Targets kind={getFieldValue("kind")} storeId={getFieldValue("store_id")} fixed={Boolean(code)} />
        )}
      </Form.Item>
      <Form.Item name="tag_ids" label={t("code.tags")} extra={t("code.tags_hint")}>
        <TagPicker mode="multiple" />
      </Form.Item>
    </FormDrawer>
  );
}

function Targets({ kind, storeId, fixed }: { kind: CodeInput["kind"]; storeId?: number; fixed: boolean }) {
  const t = useT();
  // A locator only leads to the codes of stores, which have their own welcome.
  if (kind === "locator") return null;
  return (
    <>
      <Form.Item name="store_id" label={t("code.store")}>
        <StorePicker disabled={fixed} />
      </Form.Item>
      {kind === "staff" ? (
        <>
          <Form.Item
            name="staff_ids"
            label={t("code.staff")}
            extra={t("code.staff_hint")}
            rules={[{ required: !storeId, message: t("code.staff_or_store") }]}
          >
            <StaffPicker mode="multiple" storeId={storeId} />
          </Form.Item>
          <Welcome />
          <Form.Item name="welcome_parts" label={t("code.parts")} extra={t("code.parts_hint")}>
            <PartsEditor max={maxParts} />
          </Form.Item>
          <OfferGroup />
        </>
      ) : (
        <Form.Item
          name="group_ids"
          label={t("code.groups")}
          extra={t("code.groups_hint")}
          rules={[{ required: !storeId, message: t("code.group_or_store") }]}
        >
          <GroupPicker mode="multiple" storeId={storeId} maxCount={5} />
        </Form.Item>
      )}
    </>
  );
}

function Welcome() {
  const t = useT();
  return (
    <Form.Item
      name="welcome_text"
      label={t("code.welcome")}
      extra={t("code.welcome_hint")}
      rules={[
        {
          validator: (_, text?: string) =>
            bytes(text ?? "") <= welcomeLimit
              ? Promise.resolve()
              : Promise.reject(new Error(t("code.welcome_long", { limit: welcomeLimit }))),
        },
      ]}
    >
      <Input.TextArea autoSize={{ minRows: 4, maxRows: 10 }} placeholder={t("code.welcome_example")} />
    </Form.Item>
  );
}

function OfferGroup() {
  const t = useT();
  return (
    <Form.Item
      name="offer_group"
      label={t("code.offer_group")}
      extra={t("code.offer_group_hint")}
      valuePropName="checked"
    >
      <Switch />
    </Form.Item>
  );
}
