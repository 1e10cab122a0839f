// Two taps to skip: the reason is the first, the note is optional.
import type { SkipReason, StaffTask } from "@shared/api/types";
import { Button, Input, Popup } from "antd-mobile";
import { useEffect, useState } from "react";
import { t } from "./text";

const reasons: SkipReason[] = ["customer_asked", "already_talked", "not_suitable", "off_duty", "other"];

interface Props {
  task: StaffTask | null;
  onClose: () => void;
  onSkip: (reason: SkipReason, note: string) => Promise<void>;
}

export function SkipSheet({ task, onClose, onSkip }: Props) {
  const [note, setNote] = useState("");
  // biome-ignore lint/correctness/useExhaustiveDependencies: another task begins with an empty note
  useEffect(() => setNote(""), [task?.id]);
  return (
    <Popup visible={task !== null} onMaskClick={onClose} bodyStyle={{ borderRadius: "14px 14px 0 0" }}>
      <div className="sheet">
        <h3>{t("task.skip_why")}</h3>
        <Input value={note} onChange={setNote} placeholder={t("task.note")} maxLength={100} clearable />
        {reasons.map((reason) => (
          <Button key={reason} block size="large" onClick={() => onSkip(reason, note.trim())}>
            {t(`skip.${reason}`)}
          </Button>
        ))}
      </div>
    </Popup>
  );
}
