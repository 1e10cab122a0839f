// A store and its place. The pin is GCJ-02, as the API returns it; typed coordinates may be of another system and are
// converted by the server.
import type { Store, StoreInput } from "@shared/api/types";
import { useQueryClient } from "@tanstack/react-query";
import { App, Form, Input, InputNumber, Select } from "antd";
import { useT } from "../../i18n";
import { FormDrawer } from "../../kit/form-drawer";
import { type Pin, type Point, ScatterMap } from "../../kit/scatter-map";
import { changeStore, createStore } from "./api";

const clock = /^([01]\d|2\d):[0-5]\d$/;

interface Props {
  target: Store | "new" | null;
  /** The other stores on the map, to find one's bearings by. */
  others: Point[];
  onClose: () => void;
}

export function StoreForm({ target, others, onClose }: Props) {
  const t = useT();
  const queries = useQueryClient();
  const { message } = App.useApp();
  const store = target === "new" || target === null ? undefined : target;

  const submit = async (values: StoreInput) => {
    if (store) await changeStore(store.id, values);
    else await createStore(values);
    void message.success(t("store.saved"));
    await queries.invalidateQueries({ queryKey: ["stores"] });
  };

  const required = (label: string) => [{ required: true, message: t("kit.required", { label }) }];
  const initial: Partial<StoreInput> = store
    ? {
        number: store.number,
        name: store.name,
        city: store.city,
        address: store.address,
        lat: store.lat || undefined,
        lng: store.lng || undefined,
        coord_system: "gcj02",
        open_time: store.open_time,
        close_time: store.close_time,
      }
    : { coord_system: "gcj02", open_time: "09:00", close_time: "21:00" };

  return (
    <FormDrawer<StoreInput>
      title={store ? t("store.edit") : t("store.create")}
      open={target !== null}
      onClose={onClose}
      initial={initial}
      onSubmit={submit}
      width={560}
    >
      <div className="columns columns-half">
        <Form.Item name="number" label={t("store.number")} rules={required(t("store.number"))}>
          <Input maxLength={40} />
        </Form.Item>
        <Form.Item name="name" label={t("store.name")} rules={required(t("store.name"))}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item
          name="open_time"
          label={t("store.open_time")}
          rules={[{ pattern: clock, message: t("store.clock_rule") }]}
        >
          <Input placeholder="09:00" maxLength={5} />
        </Form.Item>
        <Form.Item
          name="close_time"
          label={t("store.close_time")}
          rules={[{ pattern: clock, message: t("store.clock_rule") }]}
        >
          <Input placeholder="21:00" maxLength={5} />
        </Form.Item>
      </div>
      <Form.Item name="city" label={t("store.city")} rules={required(t("store.city"))}>
        <Input maxLength={40} />
      </Form.Item>
      <Form.Item name="address" label={t("store.address")} rules={required(t("store.address"))}>
        <Input maxLength={120} />
      </Form.Item>
      <Form.Item label={t("map.pin")} shouldUpdate style={{ marginBottom: 8 }}>
        {({ getFieldValue, setFieldsValue }) => {
          const lat: number | undefined = getFieldValue("lat");
          const lng: number | undefined = getFieldValue("lng");
          const pin: Pin | null = typeof lat === "number" && typeof lng === "number" ? { lat, lng } : null;
          return (
            <ScatterMap
              height={260}
              points={others}
              pin={pin}
              onPin={(next) => setFieldsValue({ ...next, coord_system: "gcj02" } as never)}
            />
          );
        }}
      </Form.Item>
      <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr 1.2fr", gap: 12 }}>
        <Form.Item
          name="lat"
          label={t("store.lat")}
          rules={[{ required: true, type: "number", min: -90, max: 90, message: t("store.lat_rule") }]}
        >
          <InputNumber style={{ width: "100%" }} step={0.0001} />
        </Form.Item>
        <Form.Item
          name="lng"
          label={t("store.lng")}
          rules={[{ required: true, type: "number", min: -180, max: 180, message: t("store.lng_rule") }]}
        >
          <InputNumber style={{ width: "100%" }} step={0.0001} />
        </Form.Item>
        <Form.Item name="coord_system" label={t("wizard.coords")}>
          <Select
            options={(["gcj02", "bd09", "wgs84"] as const).map((value) => ({
              value,
              label: t(`wizard.coords.${value}`),
            }))}
          />
        </Form.Item>
      </div>
    </FormDrawer>
  );
}
