// Form fields that choose records by typing.
import { Select, type SelectProps } from "antd";
import { useGroupLookup, useStaffLookup, useStoreLookup, useTagLookup } from "../lib/lookup";

type Props = Omit<SelectProps, "options" | "loading">;

const remote = (onSearch: (q: string) => void) => ({ filterOption: false as const, onSearch });

export function StorePicker(props: Props) {
  const { options, onSearch, loading } = useStoreLookup();
  return <Select allowClear showSearch={remote(onSearch)} {...props} options={options} loading={loading} />;
}

export function StaffPicker({ storeId, ...props }: Props & { storeId?: number }) {
  const { options, onSearch, loading } = useStaffLookup(storeId);
  return <Select allowClear showSearch={remote(onSearch)} {...props} options={options} loading={loading} />;
}

export function GroupPicker({ storeId, ...props }: Props & { storeId?: number }) {
  const { options, onSearch, loading } = useGroupLookup(storeId);
  return <Select allowClear showSearch={remote(onSearch)} {...props} options={options} loading={loading} />;
}

export function TagPicker(props: Props) {
  const { options, loading } = useTagLookup();
  return (
    <Select allowClear showSearch={{ optionFilterProp: "label" }} {...props} options={options} loading={loading} />
  );
}
