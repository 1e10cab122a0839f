-- The chat archive: what was said in single chats and groups, who agreed to it, and which of it is missing.
-- Messages and files are partitioned by the month of the message, in the corp's zone, so that a month whose time is over
-- goes in one stroke; the program makes the partitions. Ids of messages are known once in an unpartitioned table, which
-- is what makes reading the same stretch twice harmless. A chat is distributed like a group, by its id.
-- +goose Up

CREATE TABLE archive_state (
  id           smallint PRIMARY KEY CHECK (id = 1),
  seq          bigint NOT NULL DEFAULT 0,
  wanted_at    timestamptz,
  pulled_at    timestamptz,
  caught_up_at timestamptz,
  last_at      timestamptz,
  failures     integer NOT NULL DEFAULT 0,
  failed_at    timestamptz,
  error_code   text NOT NULL DEFAULT '',
  error        text NOT NULL DEFAULT '',
  error_params jsonb NOT NULL DEFAULT '{}',
  messages     bigint NOT NULL DEFAULT 0,
  duplicates   bigint NOT NULL DEFAULT 0,
  switches     bigint NOT NULL DEFAULT 0,
  strange      bigint NOT NULL DEFAULT 0,
  swept_at     timestamptz,
  seats_at     timestamptz,
  checked_at   timestamptz,
  people_error text NOT NULL DEFAULT ''
);
COMMENT ON COLUMN archive_state.seq IS 'the last message read; the position and its messages are written in one transaction';
COMMENT ON COLUMN archive_state.wanted_at IS 'somebody said that there is something new; empty once everything was read';
COMMENT ON COLUMN archive_state.last_at IS 'the time of the last message read';
COMMENT ON COLUMN archive_state.strange IS 'messages whose kind this version does not know; kept as they came';
COMMENT ON COLUMN archive_state.seats_at IS 'when WeCom last said who has a seat; checked_at: when consents were last asked for';
INSERT INTO archive_state (id) VALUES (1);

CREATE TABLE archive_setting (
  id   smallint PRIMARY KEY CHECK (id = 1),
  data jsonb NOT NULL
);

CREATE TABLE archive_key (
  msg_id  text PRIMARY KEY,
  chat_id bigint NOT NULL,
  at      timestamptz NOT NULL,
  id      bigint NOT NULL
);
CREATE INDEX archive_key_at_idx ON archive_key (at);

CREATE TABLE archive_chat (
  key      text PRIMARY KEY,
  id       bigint NOT NULL,
  place    text NOT NULL CHECK (place IN ('single','internal','room')),
  staff_id bigint NOT NULL DEFAULT 0,
  peer     text NOT NULL DEFAULT '',
  room_id  text NOT NULL DEFAULT '',
  first_at timestamptz,
  last_at  timestamptz,
  messages bigint NOT NULL DEFAULT 0,
  asked_at timestamptz
);
COMMENT ON COLUMN archive_chat.peer IS 'the one outside, of a single chat; the other member, of an internal one';
COMMENT ON COLUMN archive_chat.asked_at IS 'of a group: when WeCom was last asked who in it agreed';
CREATE INDEX archive_chat_id_idx ON archive_chat (id);
CREATE INDEX archive_chat_staff_idx ON archive_chat (staff_id, last_at) WHERE staff_id <> 0;
CREATE INDEX archive_chat_peer_idx ON archive_chat (peer) WHERE peer <> '';
CREATE INDEX archive_chat_room_idx ON archive_chat (room_id) WHERE room_id <> '';
CREATE INDEX archive_chat_last_idx ON archive_chat (last_at, id);

CREATE TABLE archive_message (
  chat_id     bigint NOT NULL,
  at          timestamptz NOT NULL,
  id          bigint NOT NULL,
  staff_id    bigint NOT NULL DEFAULT 0,
  recipients  integer NOT NULL DEFAULT 0,
  place       text NOT NULL CHECK (place IN ('single','internal','room')),
  kind        text NOT NULL,
  sender      text NOT NULL,
  msg_id      text NOT NULL,
  body        text NOT NULL DEFAULT '',
  norm        text,
  payload     jsonb,
  recalled_at timestamptz,
  grams       integer[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (chat_id, at, id)
) PARTITION BY RANGE (at);
COMMENT ON COLUMN archive_message.staff_id IS 'in a single chat its member, whoever wrote; elsewhere the writing member; 0 = none';
COMMENT ON COLUMN archive_message.norm IS 'what a search compares with, where it differs from body';
COMMENT ON COLUMN archive_message.payload IS 'what the message holds besides its text, as it came';
COMMENT ON COLUMN archive_message.grams IS 'every two neighbouring characters, packed into one integer, each once';
CREATE INDEX archive_message_at_idx ON archive_message (at, id);
CREATE INDEX archive_message_staff_idx ON archive_message (staff_id, at, id) WHERE staff_id <> 0;
CREATE INDEX archive_message_gram_idx ON archive_message USING gin (grams) WITH (fastupdate = on, gin_pending_list_limit = 2048);

CREATE TABLE archive_consent (
  chat_id         bigint NOT NULL,
  external_userid text NOT NULL,
  place           text NOT NULL CHECK (place IN ('single','internal','room')),
  staff_id        bigint NOT NULL DEFAULT 0,
  room_id         text NOT NULL DEFAULT '',
  state           text NOT NULL CHECK (state IN ('agree','disagree','unknown')),
  since           timestamptz,
  source          text NOT NULL CHECK (source IN ('callback','message','check')),
  changed_at      timestamptz NOT NULL,
  checked_at      timestamptz,
  PRIMARY KEY (chat_id, external_userid)
);
CREATE INDEX archive_consent_external_idx ON archive_consent (external_userid);
CREATE INDEX archive_consent_changed_idx ON archive_consent (changed_at, chat_id, external_userid);

CREATE TABLE archive_gap (
  id         bigint PRIMARY KEY,
  from_at    timestamptz NOT NULL,
  to_at      timestamptz NOT NULL,
  after_seq  bigint NOT NULL,
  before_seq bigint,
  found_at   timestamptz NOT NULL
);
COMMENT ON COLUMN archive_gap.before_seq IS 'the first message after the gap; empty when none had come yet, so that it is not known whether any is missing';

CREATE TABLE archive_seat (
  staff_id bigint PRIMARY KEY,
  userid   text NOT NULL,
  since    timestamptz NOT NULL,
  ended_at timestamptz
);

CREATE TABLE archive_media (
  chat_id    bigint NOT NULL,
  at         timestamptz NOT NULL,
  message_id bigint NOT NULL,
  n          smallint NOT NULL,
  file_id    text NOT NULL,
  md5        text NOT NULL DEFAULT '',
  name       text NOT NULL DEFAULT '',
  size       bigint NOT NULL DEFAULT 0,
  state      text NOT NULL CHECK (state IN ('listed','wanted','stored','expired','too_large','failed')),
  attempts   integer NOT NULL DEFAULT 0,
  next_at    timestamptz,
  error_code text NOT NULL DEFAULT '',
  stored_at  timestamptz,
  PRIMARY KEY (chat_id, at, message_id, n)
) PARTITION BY RANGE (at);
COMMENT ON COLUMN archive_media.next_at IS 'wall time of the next try';
CREATE INDEX archive_media_wanted_idx ON archive_media (next_at) WHERE state = 'wanted';

CREATE TABLE archive_chunk (
  chat_id    bigint NOT NULL,
  at         timestamptz NOT NULL,
  message_id bigint NOT NULL,
  n          smallint NOT NULL,
  part       integer NOT NULL,
  data       bytea NOT NULL,
  PRIMARY KEY (chat_id, at, message_id, n, part)
) PARTITION BY RANGE (at);
ALTER TABLE archive_chunk ALTER COLUMN data SET STORAGE EXTERNAL;
