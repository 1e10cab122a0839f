-- The first run in the browser, and changes of a corp's registration while processes run. setup_state is the one
-- unfinished setup of an installation that serves no corp yet: the hash of the one-time link, the browser that used it,
-- and what was entered so far, sealed. It is empty once a corp exists. A corp's revision rises with every change of its
-- settings or secrets, so that processes notice. Times are wall-clock times handed in by the program.
-- +goose Up
ALTER TABLE tenant_corp ADD COLUMN revision bigint NOT NULL DEFAULT 0;

CREATE TABLE setup_state (
  id              smallint PRIMARY KEY CHECK (id = 1),
  link_hash       bytea,
  link_until      timestamptz,
  session_hash    bytea,
  session_until   timestamptz,
  draft           bytea NOT NULL DEFAULT '',
  knocked_at      timestamptz,
  knock           text NOT NULL DEFAULT '',
  updated_at      timestamptz NOT NULL
);
COMMENT ON COLUMN setup_state.knock IS 'how the last test of the callback address by WeCom ended: ok, or the code of its error';
