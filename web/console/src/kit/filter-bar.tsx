// Filters above a table. Each field is one key of the page's URL state.
import { Button, DatePicker, Input, Select } from "antd";
import dayjs from "dayjs";
import { type ReactNode, useEffect, useState } from "react";
import { useT } from "../i18n";
import { filtersOf } from "../lib/search";

interface Option {
  value: string | number;
  label: string;
}

export type Filter =
  | { kind: "search"; name: string; placeholder: string; width?: number }
  | { kind: "select"; name: string; label: string; options: Option[]; width?: number; onSearch?: (q: string) => void }
  | { kind: "day"; name: string; label: string };

interface Props {
  filters: Filter[];
  values: Record<string, unknown>;
  onChange: (patch: Record<string, unknown>) => void;
  extra?: ReactNode;
}

export function FilterBar({ filters, values, onChange, extra }: Props) {
  const t = useT();
  const set = filtersOf(values);
  const names = filters.map((f) => f.name);
  const anySet = Object.keys(set).some((name) => names.includes(name));
  return (
    <div className="filter-bar">
      {filters.map((filter) => (
        <Field
          key={filter.name}
          filter={filter}
          value={values[filter.name]}
          onChange={(value) => onChange({ [filter.name]: value })}
        />
      ))}
      {anySet && (
        <Button type="link" onClick={() => onChange(Object.fromEntries(names.map((name) => [name, undefined])))}>
          {t("kit.clear")}
        </Button>
      )}
      <span className="grow" />
      {extra}
    </div>
  );
}

function Field({ filter, value, onChange }: { filter: Filter; value: unknown; onChange: (value: unknown) => void }) {
  if (filter.kind === "search") {
    return <SearchField filter={filter} value={typeof value === "string" ? value : ""} onChange={onChange} />;
  }
  if (filter.kind === "day") {
    return (
      <DatePicker
        placeholder={filter.label}
        value={typeof value === "string" ? dayjs(value) : null}
        onChange={(day) => onChange(day ? day.format("YYYY-MM-DD") : undefined)}
      />
    );
  }
  return (
    <Select
      allowClear
      showSearch={{
        optionFilterProp: "label",
        filterOption: filter.onSearch ? false : undefined,
        onSearch: filter.onSearch,
      }}
      placeholder={filter.label}
      style={{ minWidth: filter.width ?? 128 }}
      popupMatchSelectWidth={false}
      value={value as string | number | undefined}
      onChange={(next) => onChange(next)}
      options={filter.options}
    />
  );
}

// Typing waits a moment before it becomes a request; Enter does not wait.
function SearchField({
  filter,
  value,
  onChange,
}: {
  filter: Extract<Filter, { kind: "search" }>;
  value: string;
  onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text.trim()), 350);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <Input.Search
      allowClear
      placeholder={filter.placeholder}
      style={{ width: filter.width ?? 260 }}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onSearch={(next) => onChange(next.trim())}
    />
  );
}
