// The proof files at the root of our address: upload, look, remove.
import { UploadOutlined } from "@ant-design/icons";
import type { ProofFile } from "@shared/api/types";
import { App, Button, Upload } from "antd";
import { useState } from "react";
import { useT } from "../i18n";
import { useErrorText } from "../lib/errors";

interface Props {
  files: ProofFile[];
  /** Keeps a file; an empty text removes it. */
  save: (file: ProofFile) => Promise<unknown>;
}

// A real one has some sixteen characters.
const mostBytes = 1024;

export function ProofFiles({ files, save }: Props) {
  const t = useT();
  const textOf = useErrorText();
  const { message } = App.useApp();
  const [busy, setBusy] = useState(false);
  const keep = async (file: ProofFile) => {
    setBusy(true);
    try {
      await save(file);
      if (file.text) void message.success(t("setup.uploaded"));
    } catch (error) {
      void message.error(textOf(error));
    } finally {
      setBusy(false);
    }
  };
  const take = async (file: File) => {
    const text = file.size > mostBytes ? "" : (await file.text()).trim();
    if (!text) {
      void message.error(t("setup.not_text"));
      return;
    }
    await keep({ name: file.name, text });
  };
  return (
    <div className="stack">
      <div>
        <Upload
          accept=".txt,text/plain"
          showUploadList={false}
          beforeUpload={(file) => {
            void take(file);
            return false;
          }}
        >
          <Button icon={<UploadOutlined />} loading={busy}>
            {t("setup.upload")}
          </Button>
        </Upload>
      </div>
      {files.length === 0 && <span className="quiet">{t("setup.no_file")}</span>}
      {files.map((file) => (
        <div className="row" key={file.name}>
          <span className="num">{file.name}</span>
          <a href={`/${file.name}`} target="_blank" rel="noreferrer">
            {t("setup.open_file")}
          </a>
          <Button type="link" size="small" disabled={busy} onClick={() => keep({ name: file.name, text: "" })}>
            {t("setup.remove")}
          </Button>
        </div>
      ))}
    </div>
  );
}
