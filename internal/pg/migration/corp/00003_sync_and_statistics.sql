-- What a sync repaired and why it had been missing, its two kinds and its pause; ways at WeCom that nobody here uses; and
-- the archive of WeCom's daily statistics, which WeCom itself forgets after 180 days.
-- +goose Up

ALTER TABLE sync_run DROP CONSTRAINT sync_run_state_check;
ALTER TABLE sync_run ADD CONSTRAINT sync_run_state_check CHECK (state IN ('running','paused','done','failed'));
ALTER TABLE sync_run ADD CONSTRAINT sync_run_kind_check CHECK (kind IN ('full','check'));
CREATE INDEX sync_run_open_idx ON sync_run (id) WHERE state IN ('running','paused');

CREATE TABLE sync_seen_group (
  run_id  bigint NOT NULL,
  chat_id text NOT NULL,
  members integer NOT NULL,
  read_at timestamptz NOT NULL,
  PRIMARY KEY (run_id, chat_id)
);
COMMENT ON COLUMN sync_seen_group.read_at IS 'wall time at which the reading began';

CREATE TABLE sync_repair (
  run_id     bigint NOT NULL,
  id         bigint NOT NULL,
  thing      text NOT NULL CHECK (thing IN ('staff','tags','relations','groups','members','ways','join_ways')),
  what       text NOT NULL CHECK (what IN ('added','ended','amended')),
  reason     text NOT NULL CHECK (reason IN ('lost','unheard','failed','waiting','handled','unhandled','before','range','silent','api','unknown')),
  userid     text NOT NULL DEFAULT '',
  external_userid text NOT NULL DEFAULT '',
  chat_id    text NOT NULL DEFAULT '',
  object     text NOT NULL DEFAULT '',
  happened_at timestamptz,
  callback_id bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (run_id, id)
);
COMMENT ON COLUMN sync_repair.object IS 'tag or config id';
COMMENT ON COLUMN sync_repair.happened_at IS 'by WeCom, where it tells';

CREATE TABLE sync_list (
  userid     text PRIMARY KEY,
  n          integer NOT NULL,
  digest     bytea NOT NULL,
  checked_at timestamptz NOT NULL
);
COMMENT ON TABLE sync_list IS 'what the list of a member''s customers looked like when it last agreed with ours';

CREATE TABLE sync_seat (
  userid   text PRIMARY KEY,
  run_id   bigint NOT NULL,
  since    timestamptz NOT NULL
);
COMMENT ON COLUMN sync_seat.run_id IS 'the run that first saw the member with a seat; 0 for those of the first run';

CREATE TABLE sync_stray (
  config_id  text PRIMARY KEY,
  state      text NOT NULL,
  remark     text NOT NULL,
  users      text[] NOT NULL,
  found_at   timestamptz NOT NULL,
  run_id     bigint NOT NULL
);

CREATE TABLE sync_setting (
  id       smallint PRIMARY KEY CHECK (id = 1),
  settings jsonb NOT NULL
);

CREATE TABLE statistic_staff_day (
  staff_id      bigint NOT NULL,
  day           date NOT NULL,
  given         boolean NOT NULL,
  chats         integer,
  messages      integer,
  reply_percent double precision,
  reply_minutes integer,
  negative      integer,
  applies       integer,
  contacts      integer,
  final         boolean NOT NULL,
  read_at       timestamptz NOT NULL,
  PRIMARY KEY (staff_id, day)
);
COMMENT ON COLUMN statistic_staff_day.given IS 'WeCom was asked and gave this day; without it the figures are unknown';
COMMENT ON COLUMN statistic_staff_day.final IS 'read so late after the day that WeCom had summed it up';
CREATE INDEX statistic_staff_day_day_idx ON statistic_staff_day (day);

CREATE TABLE statistic_owner_day (
  staff_id       bigint NOT NULL,
  day            date NOT NULL,
  given          boolean NOT NULL,
  groups         integer,
  new_groups     integer,
  active_groups  integer,
  members        integer,
  new_members    integer,
  active_members integer,
  messages       integer,
  final          boolean NOT NULL,
  read_at        timestamptz NOT NULL,
  PRIMARY KEY (staff_id, day)
);
CREATE INDEX statistic_owner_day_day_idx ON statistic_owner_day (day);
