-- The door's own books (what was taken, what was refused and why, how long answers took), counted in memory and added in
-- sets; the indexes that the page of events searches by; and the causes of what had none, so that the page can show for
-- each event what the features decided. The list of tags remembers of which reading it is, so that an older one, applied
-- late, does not take away the newest tags.
-- +goose Up
CREATE TABLE inbox_door (
  day       date NOT NULL,
  outcome   text NOT NULL CHECK (outcome IN ('stored','duplicate','verified','refused')),
  reason    text NOT NULL DEFAULT '',
  n         bigint NOT NULL,
  last_at   timestamptz NOT NULL,
  last_from text NOT NULL DEFAULT '',
  PRIMARY KEY (day, outcome, reason)
);
COMMENT ON COLUMN inbox_door.last_from IS 'address of whoever was refused last; empty for what WeCom sent';
CREATE TABLE inbox_answer (
  day        date NOT NULL,
  at_most_us bigint NOT NULL,
  n          bigint NOT NULL,
  PRIMARY KEY (day, at_most_us)
);
COMMENT ON COLUMN inbox_answer.at_most_us IS 'upper end of a step of answer times, in microseconds of wall time';

CREATE INDEX inbox_event_user_idx ON inbox_event (userid, id) WHERE userid <> '';
CREATE INDEX inbox_event_kind_idx ON inbox_event (event, change_type, id);
CREATE INDEX inbox_event_failed_idx ON inbox_event (id) WHERE state = 'failed';
CREATE INDEX inbox_event_received_idx ON inbox_event USING brin (received_at);

CREATE INDEX touch_customer_cause_idx ON touch_customer (cause_id);
CREATE INDEX touch_group_cause_idx ON touch_group (cause_id);
CREATE INDEX livecode_welcome_cause_idx ON livecode_welcome (cause_id);
CREATE INDEX task_task_cause_idx ON task_task (cause_id);

ALTER TABLE livecode_attribution ADD COLUMN cause_id bigint NOT NULL DEFAULT 0;
CREATE INDEX livecode_attribution_cause_idx ON livecode_attribution (cause_id) WHERE cause_id <> 0;
ALTER TABLE livecode_code ADD COLUMN check_cause bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN livecode_code.check_cause IS 'what made check_at due';

CREATE TABLE customer_tag_reading (
  id      smallint PRIMARY KEY CHECK (id = 1),
  read_at timestamptz NOT NULL
);
COMMENT ON COLUMN customer_tag_reading.read_at IS 'wall time at which the newest applied reading of all tags began';
