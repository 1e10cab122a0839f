// What the wizard's forms share: marking the fields that the server named.
import { ApiError } from "@shared/api/client";
import type { FormInstance } from "antd";
import { useState } from "react";
import { fieldErrors } from "../../kit/form-drawer";
import { useErrorText } from "../../lib/errors";

interface Saving<V> {
  busy: boolean;
  /** What concerns no single field. */
  failure: string;
  submit: (values: V) => Promise<void>;
}

/** Saves a form; a refusal marks the fields it names and keeps what was typed. */
export function useSaving<V extends object>(form: FormInstance<V>, save: (values: V) => Promise<unknown>): Saving<V> {
  const textOf = useErrorText();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const submit = async (values: V) => {
    setBusy(true);
    setFailure("");
    try {
      await save(values);
    } catch (error) {
      const marks = error instanceof ApiError ? fieldErrors(error) : [];
      const known = marks.filter((mark) => form.getFieldInstance(renamed(mark.name) as never) !== undefined);
      form.setFields(known.map((mark) => ({ ...mark, name: renamed(mark.name) })) as never);
      if (known.length < Math.max(1, marks.length)) setFailure(textOf(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, submit };
}

// The account's own operations call these otherwise.
function renamed(field: string): string {
  if (field === "new_password") return "password";
  return field === "name" ? "owner_name" : field;
}
