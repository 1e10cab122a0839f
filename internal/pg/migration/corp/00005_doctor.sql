-- What the doctor found: the last finding of every check, so that the page shows it at once, and each change of a state,
-- so that it shows since when something is wrong. Both small, neither personal; times are wall time.
-- +goose Up
CREATE TABLE doctor_finding (
  id         text PRIMARY KEY,
  area       text NOT NULL CHECK (area IN ('wecom','callback','server')),
  state      text NOT NULL CHECK (state IN ('ok','warn','fail','unknown','skipped')),
  says       text NOT NULL,
  facts      jsonb NOT NULL DEFAULT '{}',
  took_ms    integer NOT NULL,
  checked_at timestamptz NOT NULL,
  since      timestamptz NOT NULL
);
COMMENT ON COLUMN doctor_finding.says IS 'which of the check''s sentences; facts fill it';
COMMENT ON COLUMN doctor_finding.since IS 'when the check first ended in this state';

CREATE TABLE doctor_change (
  id       bigint PRIMARY KEY,
  check_id text NOT NULL,
  at       timestamptz NOT NULL,
  before   text NOT NULL,
  state    text NOT NULL CHECK (state IN ('ok','warn','fail','unknown','skipped')),
  says     text NOT NULL,
  facts    jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX doctor_change_at_idx ON doctor_change (at);
