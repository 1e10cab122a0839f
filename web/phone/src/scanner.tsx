import { useState } from "preact/hooks";
import { codes } from "./api";
import { Bar, Blank } from "./kit";
import type { Nav } from "./nav";
import { usePoll } from "./poll";
import { t, type Word } from "./text";

export function Scanner({ nav }: { nav: Nav }) {
  const list = usePoll("codes", codes, 10_000);
  const [address, setAddress] = useState("");
  const rows = list.data;
  const open = () => {
    if (!nav.visit(address)) nav.say(t("scan_bad"));
  };
  return (
    <>
      <Bar title={t("scan_title")} onBack={nav.back} />
      <div class="scroll">
        <p class="hint">{t("scan_hint")}</p>
        {rows === null && <Blank title={t("scan_none")} />}
        {rows?.length === 0 && <Blank title={t("scan_empty")} />}
        <div class="codes">
          {rows?.map((code) => (
            <button
              key={code.id}
              type="button"
              onClick={() => nav.visit(`/c/${encodeURIComponent(code.token)}`, code.name)}
            >
              <img src={`/api/codes/${code.id}/qr.svg`} alt="" width="84" height="84" />
              <b>{code.name}</b>
              <small>{t(`kind.${code.kind}` as Word)}</small>
            </button>
          ))}
        </div>
        <form
          class="paste"
          onSubmit={(event) => {
            event.preventDefault();
            open();
          }}
        >
          <input
            value={address}
            placeholder={t("scan_paste")}
            onInput={(event) => setAddress(event.currentTarget.value)}
          />
          <button type="submit" disabled={address.trim() === ""}>
            {t("scan_go")}
          </button>
        </form>
      </div>
    </>
  );
}
