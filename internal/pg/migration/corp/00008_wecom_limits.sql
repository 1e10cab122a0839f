-- What must outlive a process of WeCom's limits: how WeCom last refused a token (so that no process asks again at once with a
-- wrong secret, for which WeCom closes its doors to the whole address), and the calls of APIs that are limited by the day
-- or the month.

-- +goose Up
ALTER TABLE wecom_token ADD COLUMN refusal jsonb;
COMMENT ON COLUMN wecom_token.refusal IS 'how WeCom last refused a token, and until when it is not asked again; wall time';

CREATE TABLE tenant_meter (
  api   text NOT NULL,
  since timestamptz NOT NULL,
  until timestamptz NOT NULL,
  used  integer NOT NULL,
  PRIMARY KEY (api, since, until)
);
COMMENT ON TABLE tenant_meter IS 'calls in the days and months of the calendar in Shanghai; wall time';
