// A value that is there to be copied into another page, whole and with one press.
import { CheckOutlined, CopyOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { useEffect, useRef, useState } from "react";
import { useT } from "../i18n";

export function CopyField({ label, value }: { label: string; value: string }) {
  const t = useT();
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      // Plain http has no clipboard to write to: the value is marked, and the old command copies what is marked.
      const input = field.current?.querySelector("input");
      input?.select();
      document.execCommand("copy");
    }
    setCopied(true);
  };
  return (
    <div className="copy-field" ref={field}>
      <span>{label}</span>
      <Input readOnly value={value} aria-label={label} onFocus={(event) => event.target.select()} />
      <Button icon={copied ? <CheckOutlined /> : <CopyOutlined />} onClick={copy}>
        {copied ? t("setup.copied") : t("setup.copy")}
      </Button>
    </div>
  );
}
