-- Until when WeCom holds an API back after 45009, for all processes of the corp: one that was not refused itself must not
-- call into the block.

-- +goose Up
CREATE TABLE tenant_block (
  api   text PRIMARY KEY,
  until timestamptz NOT NULL
);
COMMENT ON TABLE tenant_block IS 'wall time';
