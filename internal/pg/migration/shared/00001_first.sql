-- What all corps share: who may sign in, which corps exist, the one id sequence. Queue tables of River live here too and
-- are migrated by River itself. Times in this schema are wall-clock times handed in by the program.
-- +goose Up
CREATE SEQUENCE IF NOT EXISTS id_seq AS bigint INCREMENT BY 1000 START WITH 1000 MAXVALUE 9007199254740000;

CREATE TABLE tenant_corp (
  id          bigint PRIMARY KEY,
  schema      text NOT NULL UNIQUE CHECK (schema ~ '^corp_[a-z0-9_]{1,40}$'),
  name        text NOT NULL,
  timezone    text NOT NULL DEFAULT 'Asia/Shanghai',
  corp_id     text NOT NULL,
  agent_id    bigint NOT NULL,
  settings    jsonb NOT NULL DEFAULT '{}',
  secrets     bytea NOT NULL,
  created_at  timestamptz NOT NULL
);

CREATE TABLE auth_user (
  id            bigint PRIMARY KEY,
  corp          text NOT NULL,
  name          text NOT NULL,
  email         text NOT NULL,
  role          text NOT NULL CHECK (role IN ('owner','operator','store_manager','staff','analyst')),
  password_hash text NOT NULL DEFAULT '',
  staff_id      bigint NOT NULL DEFAULT 0,
  store_ids     bigint[] NOT NULL DEFAULT '{}',
  department_ids bigint[] NOT NULL DEFAULT '{}',
  disabled      boolean NOT NULL DEFAULT false,
  created_at    timestamptz NOT NULL,
  last_seen_at  timestamptz
);
CREATE INDEX auth_user_corp_idx ON auth_user (corp, created_at, id);
CREATE UNIQUE INDEX auth_user_email_key ON auth_user (lower(email)) WHERE email <> '';
CREATE UNIQUE INDEX auth_user_staff_key ON auth_user (corp, staff_id) WHERE staff_id <> 0;

CREATE TABLE auth_session (
  token_hash bytea PRIMARY KEY,
  user_id    bigint NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
  kind       text NOT NULL CHECK (kind IN ('console','staff')),
  must_set_password boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL,
  seen_at    timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  agent      text NOT NULL DEFAULT ''
);
COMMENT ON COLUMN auth_session.must_set_password IS 'entered by a one-time link: may do nothing else before';
CREATE INDEX auth_session_user_idx ON auth_session (user_id);
CREATE INDEX auth_session_expires_idx ON auth_session (expires_at);

CREATE TABLE auth_link (
  token_hash bytea PRIMARY KEY,
  user_id    bigint NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);
CREATE INDEX auth_link_user_idx ON auth_link (user_id);

CREATE TABLE auth_failure (
  subject   text PRIMARY KEY,
  failures  integer NOT NULL,
  until_at  timestamptz NOT NULL
);

CREATE TABLE api_idempotency (
  corp       text NOT NULL,
  actor      text NOT NULL,
  key        text NOT NULL,
  request    bytea NOT NULL,
  status     integer NOT NULL DEFAULT 0,
  header     text NOT NULL DEFAULT '',
  body       bytea NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  PRIMARY KEY (corp, actor, key)
);
CREATE INDEX api_idempotency_created_idx ON api_idempotency (created_at);
