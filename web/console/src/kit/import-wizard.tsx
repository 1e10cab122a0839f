// A file in three steps: choose it and say where it comes from, watch it being read, see every row that had a problem.
import { unwrap } from "@shared/api/client";
import type { CoordSystem, ImportDetail, ImportError, ImportKind, Page } from "@shared/api/types";
import { count } from "@shared/format";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Descriptions, Drawer, Form, Input, Progress, Radio, Select, Steps, Tag, Upload } from "antd";
import { useEffect, useState } from "react";
import { useT } from "../i18n";
import { api } from "../lib/api";
import { useErrorText } from "../lib/errors";
import type { TableSearch } from "../lib/search";
import { DataTable } from "./data-table";
import { Loaded } from "./states";

interface Props {
  kind: ImportKind;
  title: string;
  open: boolean;
  onClose: () => void;
  /** What the columns should be, with an example. */
  help?: React.ReactNode;
}

interface Values {
  source: string;
  legal_basis: string;
  coord_system?: CoordSystem | "none";
}

export function ImportWizard({ kind, title, open, onClose, help }: Props) {
  const [id, setId] = useState<number | null>(null);
  useEffect(() => {
    if (open) setId(null);
  }, [open]);
  return (
    <Drawer title={title} open={open} onClose={onClose} size={720} destroyOnHidden>
      {id === null ? (
        <UploadStep kind={kind} help={help} onStarted={setId} />
      ) : (
        <ImportProgress id={id} onAgain={() => setId(null)} />
      )}
    </Drawer>
  );
}

function UploadStep({
  kind,
  help,
  onStarted,
}: {
  kind: ImportKind;
  help?: React.ReactNode;
  onStarted: (id: number) => void;
}) {
  const t = useT();
  const textOf = useErrorText();
  const [file, setFile] = useState<File | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const personal = kind !== "stores";

  const start = async (values: Values) => {
    if (!file) return;
    setBusy(true);
    setFailure("");
    const form = new FormData();
    form.set("kind", kind);
    form.set("source", values.source);
    if (values.legal_basis && values.legal_basis !== "public") form.set("legal_basis", values.legal_basis);
    if (values.coord_system && values.coord_system !== "none") form.set("coord_system", values.coord_system);
    form.set("file", file);
    try {
      const { id } = await unwrap<{ id: number }>(
        api.POST("/api/imports", { body: form as never, bodySerializer: () => form as never }),
      );
      onStarted(id);
    } catch (error) {
      setFailure(textOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className="stack">
      <WizardSteps at={0} />
      {failure && <Alert type="error" showIcon title={failure} />}
      {help}
      <Upload.Dragger
        accept=".csv,.xlsx"
        maxCount={1}
        beforeUpload={(chosen) => {
          setFile(chosen);
          return false;
        }}
        onRemove={() => setFile(null)}
        fileList={file ? [{ uid: file.name, name: file.name, size: file.size }] : []}
      >
        <p style={{ margin: "10px 0 4px", fontWeight: 600 }}>{t("wizard.drop")}</p>
        <p className="quiet" style={{ margin: "0 0 10px" }}>
          {t("wizard.accept")}
        </p>
      </Upload.Dragger>
      <Form<Values>
        layout="vertical"
        requiredMark="optional"
        onFinish={start}
        initialValues={{
          legal_basis: personal ? "contract" : "public",
          coord_system: kind === "stores" ? "gcj02" : undefined,
        }}
      >
        <Form.Item
          name="source"
          label={t("wizard.source")}
          rules={[{ required: true, message: t("kit.required", { label: t("wizard.source") }) }]}
        >
          <Input placeholder={t("wizard.source_hint")} maxLength={80} />
        </Form.Item>
        <Form.Item name="legal_basis" label={t("wizard.legal")} extra={personal ? t("wizard.legal_hint") : undefined}>
          <Radio.Group
            options={(["contract", "consent", "public"] as const)
              .filter((basis) => !personal || basis !== "public")
              .map((basis) => ({ value: basis, label: t(`wizard.legal.${basis}`) }))}
          />
        </Form.Item>
        {kind === "stores" && (
          <Form.Item name="coord_system" label={t("wizard.coords")}>
            <Select
              options={(["gcj02", "bd09", "wgs84", "none"] as const).map((system) => ({
                value: system,
                label: t(`wizard.coords.${system}`),
              }))}
            />
          </Form.Item>
        )}
        <Button type="primary" htmlType="submit" loading={busy} disabled={!file}>
          {t("wizard.start")}
        </Button>
      </Form>
    </div>
  );
}

function WizardSteps({ at }: { at: number }) {
  const t = useT();
  return (
    <Steps
      size="small"
      current={at}
      items={[{ title: t("wizard.upload") }, { title: t("wizard.check") }, { title: t("wizard.done") }]}
    />
  );
}

/** One import while it runs and after: counts, recognised columns, problems by row. */
export function ImportProgress({ id, onAgain }: { id: number; onAgain?: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const [search, setSearch] = useState<TableSearch>({});
  const run = useQuery({
    queryKey: ["imports", id],
    queryFn: () => unwrap<ImportDetail>(api.GET("/api/imports/{id}", { params: { path: { id } } })),
    refetchInterval: (query) =>
      query.state.data && ["done", "failed"].includes(query.state.data.state) ? false : 1000,
  });
  const settled = run.data ? ["done", "failed"].includes(run.data.state) : false;
  const errors = useQuery({
    queryKey: ["imports", id, "errors", search],
    queryFn: () =>
      unwrap<Page<ImportError>>(
        api.GET("/api/imports/{id}/errors", {
          params: { path: { id }, query: { cursor: search.cursor, limit: search.limit ?? 50 } },
        }),
      ),
    enabled: settled,
    placeholderData: keepPreviousData,
  });

  useEffect(() => {
    if (settled)
      void client.invalidateQueries({
        predicate: (query) => query.queryKey[0] !== "imports" || query.queryKey.length === 1,
      });
  }, [settled, client]);

  return (
    <Loaded query={run}>
      {(it) => (
        <div className="stack">
          {onAgain && <WizardSteps at={settled ? 2 : 1} />}
          {!settled && (
            <>
              <Progress percent={Math.round(it.progress * 100)} status="active" />
              <span className="quiet">{t("wizard.running")}</span>
            </>
          )}
          {it.state === "failed" && (
            <Alert type="error" showIcon title={t("wizard.failed")} description={it.error ?? undefined} />
          )}
          {it.state === "done" && (
            <Alert
              type={it.errors > 0 ? "warning" : "success"}
              showIcon
              title={`${t("wizard.finished")} · ${it.file_name}`}
            />
          )}
          <Descriptions
            size="small"
            bordered
            column={4}
            items={(["rows", "created", "updated", "unchanged", "skipped", "warnings", "errors"] as const).map(
              (name) => ({
                key: name,
                label: t(`import.${name}`),
                children: (
                  <span className={`num${name === "errors" && it.errors > 0 ? " bad" : ""}`}>{count(it[name])}</span>
                ),
              }),
            )}
          />
          {it.mapping.length > 0 && (
            <div>
              <div className="quiet" style={{ marginBottom: 6 }}>
                {t("wizard.mapping")}
              </div>
              <div className="row row-wrap">
                {it.mapping.map((m) => (
                  <Tag key={m.key}>
                    {m.header} → {m.key}
                  </Tag>
                ))}
              </div>
              {it.unmapped.length > 0 && (
                <div className="quiet" style={{ marginTop: 6 }}>
                  {t("wizard.unmapped", { columns: it.unmapped.join("、") })}
                </div>
              )}
            </div>
          )}
          {settled && (
            <>
              <b>{t("wizard.problems")}</b>
              <DataTable<ImportError>
                id="import-errors"
                rowKey={(row) => `${row.row} ${row.column} ${row.code}`}
                query={errors}
                search={search}
                onSearch={(patch) => setSearch((previous) => ({ ...previous, ...patch }))}
                empty={{ title: t("wizard.no_problems") }}
                columns={[
                  { key: "row", title: t("wizard.row"), width: 64, align: "right", render: (row) => row.row },
                  { key: "column", title: t("wizard.column"), width: 110, render: (row) => row.column },
                  {
                    key: "message",
                    title: t("wizard.problem"),
                    width: 300,
                    ellipsis: false,
                    render: (row) => (
                      <>
                        <Tag color={row.warning ? "warning" : "error"}>
                          {row.warning ? t("wizard.warning") : t("wizard.error")}
                        </Tag>
                        {row.message}
                      </>
                    ),
                  },
                  { key: "value", title: t("wizard.value"), width: 160, render: (row) => row.value },
                ]}
              />
              {onAgain && (
                <div>
                  <Button onClick={onAgain}>{t("wizard.again")}</Button>
                </div>
              )}
            </>
          )}
        </div>
      )}
    </Loaded>
  );
}
