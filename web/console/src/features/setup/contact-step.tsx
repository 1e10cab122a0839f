import { Button } from "antd";
import { useT } from "../../i18n";
import { LiveChecks } from "./checks";
import type { StepProps } from "./step";

const ids = ["whitelist", "range", "seats", "trusted_ip"];

export function ContactStep({ go }: StepProps) {
  const t = useT();
  return (
    <>
      <p className="setup-note">{t("setup.contact_note")}</p>
      <ol className="setup-list">
        <li>{t("setup.contact_1")}</li>
        <li>{t("setup.contact_2")}</li>
        <li>{t("setup.contact_3")}</li>
        <li>{t("setup.contact_4")}</li>
      </ol>
      <LiveChecks ids={ids} title={t("setup.step_contact")} />
      <div className="row setup-buttons">
        <Button onClick={() => go("callback")}>{t("setup.back")}</Button>
        <Button type="primary" onClick={() => go("domain")}>
          {t("setup.go_on")}
        </Button>
      </div>
    </>
  );
}
