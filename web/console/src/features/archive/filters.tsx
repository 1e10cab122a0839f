// The conditions of a search and of the list of conversations.
import { useT } from "../../i18n";
import { type Filter, FilterBar } from "../../kit/filter-bar";
import { useCustomerLookup, useGroupLookup, useStaffLookup } from "../../lib/lookup";
import type { ArchiveSearch } from "./search";

/** The kinds that people search for; the others are found without choosing. */
export const kinds = ["text", "link", "file", "image", "voice", "video", "chatrecord", "weapp", "location"] as const;

interface Props {
  search: ArchiveSearch;
  onSearch: (patch: Partial<ArchiveSearch>) => void;
  /** With words, kind and time besides the people. */
  text?: boolean;
}

export function Filters({ search, onSearch, text }: Props) {
  const t = useT();
  const staff = useStaffLookup();
  const customers = useCustomerLookup();
  const groups = useGroupLookup();
  const people: Filter[] = [
    { kind: "select", name: "staff_id", label: t("archive.staff"), options: staff.options, onSearch: staff.onSearch },
    {
      kind: "select",
      name: "customer_id",
      label: t("archive.customer"),
      options: customers.options,
      onSearch: customers.onSearch,
    },
    { kind: "select", name: "group_id", label: t("archive.group"), options: groups.options, onSearch: groups.onSearch },
  ];
  const words: Filter[] = [{ kind: "search", name: "q", placeholder: t("archive.query"), width: 250 }];
  const rest: Filter[] = [
    {
      kind: "select",
      name: "kind",
      label: t("archive.kind"),
      options: kinds.map((value) => ({ value, label: t.word("archive_kind", value) })),
    },
    { kind: "day", name: "from", label: t("archive.from") },
    { kind: "day", name: "to", label: t("archive.to") },
  ];
  const { tab: _, state: __, ...values } = search;
  return <FilterBar values={values} onChange={onSearch} filters={text ? [...words, ...people, ...rest] : people} />;
}
