// Edits what goes out with a text: pictures, videos, files, links and mini-programs, in the order customers see them.
// Files are kept by the server at once; a form that is cancelled leaves one behind that nobody uses.
import {
  ArrowDownOutlined,
  ArrowUpOutlined,
  DeleteOutlined,
  FileOutlined,
  LinkOutlined,
  PictureOutlined,
  VideoCameraOutlined,
} from "@ant-design/icons";
import { unwrap } from "@shared/api/client";
import type { ContentPart, StoredFile } from "@shared/api/types";
import { Alert, Button, Image, Input, Space, Upload } from "antd";
import { useState } from "react";
import { useT } from "../i18n";
import { api } from "../lib/api";
import { useErrorText } from "../lib/errors";

const accept = { image: ".jpg,.jpeg,.png", video: ".mp4", file: "" } as const;

/** What the server keeps of a file, under its id. */
export async function keepFile(file: File): Promise<StoredFile> {
  const form = new FormData();
  form.set("file", file);
  return unwrap<StoredFile>(api.POST("/api/files", { body: form as never, bodySerializer: () => form as never }));
}

/** The list with the part at `from` moved by one place. */
export function moved(parts: ContentPart[], from: number, by: -1 | 1): ContentPart[] {
  const to = from + by;
  const out = [...parts];
  const [part] = out.splice(from, 1);
  if (part === undefined || to < 0 || to > out.length) return parts;
  out.splice(to, 0, part);
  return out;
}

/** Where a part's file can be read. */
export function fileOf(part: ContentPart): string | undefined {
  return part.file_id ? `/api/files/${part.file_id}/content` : undefined;
}

interface Props {
  value?: ContentPart[];
  onChange?: (parts: ContentPart[]) => void;
  max: number;
}

export function PartsEditor({ value = [], onChange, max }: Props) {
  const t = useT();
  const textOf = useErrorText();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const full = value.length >= max;

  const upload = async (file: File, then: (kept: StoredFile) => void) => {
    setBusy(true);
    setFailure("");
    try {
      then(await keepFile(file));
    } catch (error) {
      setFailure(textOf(error));
    } finally {
      setBusy(false);
    }
  };
  const add = (part: ContentPart) => onChange?.([...value, part]);
  const change = (at: number, by: Partial<ContentPart>) =>
    onChange?.(value.map((part, i) => (i === at ? { ...part, ...by } : part)));
  const uploader = (type: "image" | "video" | "file", icon: React.ReactNode) => (
    <Upload
      accept={accept[type]}
      showUploadList={false}
      disabled={full || busy}
      beforeUpload={(file) => {
        void upload(file, (kept) => add({ type, file_id: kept.id, title: kept.name }));
        return false;
      }}
    >
      <Button size="small" icon={icon} disabled={full} loading={busy}>
        {t.word("attachment", type)}
      </Button>
    </Upload>
  );

  return (
    <div className="stack" style={{ gap: 8 }}>
      {failure && <Alert type="error" showIcon title={failure} />}
      {value.map((part, i) => (
        <div key={i} className="part">
          <PartBody
            part={part}
            onChange={(by) => change(i, by)}
            onCover={(file) => void upload(file, (kept) => change(i, { file_id: kept.id }))}
          />
          <Space size={0} className="part-actions">
            <Button
              type="text"
              size="small"
              icon={<ArrowUpOutlined />}
              aria-label={t("parts.up")}
              disabled={i === 0}
              onClick={() => onChange?.(moved(value, i, -1))}
            />
            <Button
              type="text"
              size="small"
              icon={<ArrowDownOutlined />}
              aria-label={t("parts.down")}
              disabled={i === value.length - 1}
              onClick={() => onChange?.(moved(value, i, 1))}
            />
            <Button
              type="text"
              size="small"
              danger
              icon={<DeleteOutlined />}
              aria-label={t("parts.remove")}
              onClick={() => onChange?.(value.filter((_, at) => at !== i))}
            />
          </Space>
        </div>
      ))}
      <Space wrap size={6}>
        {uploader("image", <PictureOutlined />)}
        {uploader("video", <VideoCameraOutlined />)}
        {uploader("file", <FileOutlined />)}
        <Button
          size="small"
          icon={<LinkOutlined />}
          disabled={full}
          onClick={() => add({ type: "link", title: "", url: "" })}
        >
          {t("attachment.link")}
        </Button>
        <Button
          size="small"
          disabled={full}
          onClick={() => add({ type: "miniprogram", title: "", app_id: "", page: "" })}
        >
          {t("attachment.miniprogram")}
        </Button>
        <span className="quiet">{t("parts.count", { n: value.length, max })}</span>
      </Space>
    </div>
  );
}

function PartBody({
  part,
  onChange,
  onCover,
}: {
  part: ContentPart;
  onChange: (by: Partial<ContentPart>) => void;
  onCover: (file: File) => void;
}) {
  const t = useT();
  const field = (name: "title" | "desc" | "url" | "app_id" | "page", maxLength: number) => (
    <Input
      size="small"
      value={part[name]}
      maxLength={maxLength}
      placeholder={t(`parts.${name}`)}
      aria-label={t(`parts.${name}`)}
      onChange={(event) => onChange({ [name]: event.target.value })}
    />
  );
  switch (part.type) {
    case "link":
      return (
        <div className="part-fields">
          {field("title", 40)}
          {field("url", 2048)}
          {field("desc", 160)}
        </div>
      );
    case "miniprogram":
      return (
        <div className="part-fields">
          {field("title", 20)}
          {field("app_id", 64)}
          {field("page", 1024)}
          <Space>
            {part.file_id && <Image src={fileOf(part)} alt="" width={65} height={52} />}
            <Upload
              accept={accept.image}
              showUploadList={false}
              beforeUpload={(file) => {
                onCover(file);
                return false;
              }}
            >
              <Button size="small">{t("parts.cover")}</Button>
            </Upload>
          </Space>
        </div>
      );
    case "image":
      return (
        <Space>
          <Image src={fileOf(part)} alt={part.title} width={64} height={64} style={{ objectFit: "cover" }} />
          <span>{part.title}</span>
        </Space>
      );
    default:
      return (
        <Space>
          {part.type === "video" ? <VideoCameraOutlined /> : <FileOutlined />}
          <a href={fileOf(part)} target="_blank" rel="noreferrer">
            {part.title}
          </a>
        </Space>
      );
  }
}
