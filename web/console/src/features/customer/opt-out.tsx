// "Do not contact me": recorded with the reason, and lifted only on purpose.
import type { CustomerDetail } from "@shared/api/types";
import { Input, Modal } from "antd";
import { useState } from "react";
import { useT } from "../../i18n";
import { useWrite } from "../../lib/mutation";
import { optIn, optOut } from "./api";

export function OptOut({ customer, open, onClose }: { customer: CustomerDetail; open: boolean; onClose: () => void }) {
  const t = useT();
  const [reason, setReason] = useState("");
  const out = customer.touch.opted_out;
  const write = useWrite({
    call: () => (out ? optIn(customer.id) : optOut(customer.id, reason.trim())),
    done: out ? t("customer.opt_in_done") : t("customer.opt_out_done"),
    refresh: [["customers", customer.id], ["touches"]],
    onDone: onClose,
  });
  return (
    <Modal
      title={out ? t("customer.opt_in") : t("customer.opt_out")}
      open={open}
      onCancel={onClose}
      onOk={() => write.mutate()}
      okText={t("kit.confirm")}
      cancelText={t("kit.cancel")}
      okButtonProps={{ loading: write.isPending, disabled: !out && reason.trim() === "", danger: !out }}
    >
      <p>{out ? t("customer.opt_in_hint") : t("customer.opt_out_hint")}</p>
      {!out && (
        <Input
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          placeholder={t("customer.opt_out_reason")}
          maxLength={100}
        />
      )}
    </Modal>
  );
}
