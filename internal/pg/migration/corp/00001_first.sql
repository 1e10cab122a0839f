-- The first schema of one corp: everything on the line from a scanned code to an attributed order.
-- Families (how a cluster would spread the rows): customer-scoped tables carry customer_id first in their keys,
-- group-scoped ones group_id, staff-scoped ones staff_id, lookups by value their value; small tables are references;
-- queues stay local. No triggers, no functions that read a clock: times are handed in by the program.
-- +goose Up

-- glue ------------------------------------------------------------------------------------------------------------
CREATE TABLE corp_clock (
  id          smallint PRIMARY KEY CHECK (id = 1),
  now         timestamptz NOT NULL,
  accelerated boolean NOT NULL,
  playing     boolean NOT NULL,
  speed       double precision NOT NULL,
  started_at  timestamptz NOT NULL
);

CREATE TABLE job_lease (
  name   text PRIMARY KEY,
  owner  text NOT NULL,
  epoch  bigint NOT NULL,
  until_at timestamptz NOT NULL
);

CREATE TABLE wecom_token (
  app         text PRIMARY KEY,
  token       bytea NOT NULL,
  expires_at  timestamptz NOT NULL,
  lease_owner text NOT NULL DEFAULT '',
  lease_until timestamptz
);
COMMENT ON COLUMN wecom_token.lease_until IS 'while one process fetches a new token; wall time';

CREATE TABLE inbox_key (
  hash bytea PRIMARY KEY,
  at   timestamptz NOT NULL
);
CREATE INDEX inbox_key_at_idx ON inbox_key (at);

CREATE TABLE inbox_event (
  id          bigint PRIMARY KEY,
  lane        smallint NOT NULL,
  urgent      boolean NOT NULL,
  received_at timestamptz NOT NULL,
  corp_at     timestamptz NOT NULL,
  event       text NOT NULL,
  change_type text NOT NULL,
  entity      text NOT NULL,
  userid      text NOT NULL,
  external_userid text NOT NULL,
  chat_id     text NOT NULL,
  body        bytea NOT NULL,
  state       text NOT NULL CHECK (state IN ('new','done','failed','ignored')),
  attempts    integer NOT NULL DEFAULT 0,
  next_at     timestamptz NOT NULL,
  error       text NOT NULL DEFAULT '',
  finished_at timestamptz,
  cause_id    bigint NOT NULL
);
CREATE INDEX inbox_event_due_idx ON inbox_event (lane, id) WHERE state = 'new';
CREATE INDEX inbox_event_entity_idx ON inbox_event (entity, id);
CREATE INDEX inbox_event_external_idx ON inbox_event (external_userid, id) WHERE external_userid <> '';

CREATE TABLE outbox_call (
  id          bigint PRIMARY KEY,
  key         text NOT NULL UNIQUE,
  kind        text NOT NULL,
  class       text NOT NULL CHECK (class IN ('repeatable','findable','unfindable')),
  lane        text NOT NULL,
  entity      text NOT NULL,
  payload     jsonb NOT NULL,
  state       text NOT NULL CHECK (state IN ('planned','calling','done','unknown','failed')),
  attempts    integer NOT NULL DEFAULT 0,
  next_at     timestamptz NOT NULL,
  lease_until timestamptz,
  epoch       bigint NOT NULL DEFAULT 0,
  created_at  timestamptz NOT NULL,
  called_at   timestamptz,
  finished_at timestamptz,
  result      jsonb,
  error_code  text NOT NULL DEFAULT '',
  error       text NOT NULL DEFAULT '',
  cause_id    bigint NOT NULL
);
CREATE INDEX outbox_call_due_idx ON outbox_call (lane, next_at, id) WHERE state IN ('planned','unknown');
CREATE INDEX outbox_call_calling_idx ON outbox_call (lease_until) WHERE state = 'calling';
CREATE INDEX outbox_call_open_idx ON outbox_call (id) WHERE state IN ('planned','calling','unknown');
CREATE INDEX outbox_call_cause_idx ON outbox_call (cause_id);
CREATE INDEX outbox_call_created_idx ON outbox_call (created_at);

CREATE TABLE event_key (
  key text PRIMARY KEY,
  at  timestamptz NOT NULL
);

CREATE TABLE event_event (
  customer_id bigint NOT NULL,
  at          timestamptz NOT NULL,
  id          bigint NOT NULL,
  kind        text NOT NULL,
  group_id    bigint NOT NULL DEFAULT 0,
  staff_id    bigint NOT NULL DEFAULT 0,
  store_id    bigint NOT NULL DEFAULT 0,
  code_id     bigint NOT NULL DEFAULT 0,
  data        jsonb NOT NULL DEFAULT '{}',
  wall_at     timestamptz NOT NULL,
  cause_id    bigint NOT NULL,
  PRIMARY KEY (customer_id, at, id)
) PARTITION BY RANGE (at);
CREATE INDEX event_event_kind_idx ON event_event (kind, at);
CREATE INDEX event_event_group_idx ON event_event (group_id, at) WHERE group_id <> 0;
CREATE INDEX event_event_cause_idx ON event_event (cause_id);

CREATE TABLE audit_entry (
  id       bigint PRIMARY KEY,
  at       timestamptz NOT NULL,
  user_id  bigint NOT NULL,
  actor    text NOT NULL,
  action   text NOT NULL,
  object   text NOT NULL,
  detail   jsonb NOT NULL DEFAULT '{}',
  previous bytea NOT NULL,
  hash     bytea NOT NULL
);
CREATE INDEX audit_entry_object_idx ON audit_entry (object, id);

-- directory -------------------------------------------------------------------------------------------------------
CREATE TABLE directory_department (
  id        bigint PRIMARY KEY,
  name      text NOT NULL,
  parent_id bigint NOT NULL,
  ord       bigint NOT NULL,
  path      bigint[] NOT NULL
);

CREATE TABLE directory_store (
  id            bigint PRIMARY KEY,
  number        text NOT NULL UNIQUE,
  name          text NOT NULL,
  name_key      text NOT NULL,
  province      text NOT NULL DEFAULT '',
  city          text NOT NULL DEFAULT '',
  district      text NOT NULL DEFAULT '',
  address       text NOT NULL DEFAULT '',
  lat           double precision NOT NULL,
  lng           double precision NOT NULL,
  open_minute   smallint NOT NULL CHECK (open_minute BETWEEN 0 AND 1440),
  close_minute  smallint NOT NULL CHECK (close_minute BETWEEN 0 AND 2880),
  department_id bigint NOT NULL DEFAULT 0,
  department_by_hand boolean NOT NULL DEFAULT false,
  status        text NOT NULL CHECK (status IN ('open','closed')),
  updated_at    timestamptz NOT NULL
);
COMMENT ON COLUMN directory_store.lat IS 'GCJ-02, like lng';
CREATE INDEX directory_store_name_idx ON directory_store (name_key, id);

CREATE TABLE directory_staff (
  id            bigint PRIMARY KEY,
  userid        text NOT NULL UNIQUE,
  name          text NOT NULL,
  name_key      text NOT NULL,
  department_id bigint NOT NULL DEFAULT 0,
  department_ids bigint[] NOT NULL DEFAULT '{}',
  store_id      bigint NOT NULL DEFAULT 0,
  is_leader     boolean NOT NULL DEFAULT false,
  can_contact   boolean NOT NULL DEFAULT false,
  active        boolean NOT NULL DEFAULT true,
  updated_at    timestamptz NOT NULL
);
CREATE INDEX directory_staff_store_idx ON directory_staff (store_id);
CREATE TABLE directory_version (
  id      smallint PRIMARY KEY CHECK (id = 1),
  version bigint NOT NULL
);

-- customer --------------------------------------------------------------------------------------------------------
CREATE TABLE customer_customer (
  id          bigint PRIMARY KEY,
  name        text NOT NULL,
  name_key    text NOT NULL,
  gender      smallint NOT NULL DEFAULT 0,
  first_added_at timestamptz,
  opted_out_at   timestamptz,
  opt_out_reason text NOT NULL DEFAULT '',
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL
);
CREATE INDEX customer_customer_added_idx ON customer_customer (coalesce(first_added_at, '-infinity'::timestamptz) DESC, id DESC);
CREATE INDEX customer_customer_name_idx ON customer_customer (name_key, id);

CREATE TABLE customer_identity (
  kind        text NOT NULL CHECK (kind IN ('external_userid','unionid','phone','member_no','openid')),
  value       text NOT NULL,
  customer_id bigint NOT NULL,
  source      text NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (value, kind)
);
CREATE INDEX customer_identity_customer_idx ON customer_identity (customer_id);

CREATE TABLE customer_relation (
  customer_id     bigint NOT NULL REFERENCES customer_customer (id),
  staff_id        bigint NOT NULL,
  store_id        bigint NOT NULL,
  userid          text NOT NULL,
  external_userid text NOT NULL,
  state           text NOT NULL CHECK (state IN ('active','deleted_by_customer','deleted_by_staff')),
  added_at        timestamptz NOT NULL,
  ended_at        timestamptz,
  adds            integer NOT NULL DEFAULT 1,
  add_way         integer NOT NULL DEFAULT 0,
  way_state       text NOT NULL DEFAULT '',
  code_id         bigint NOT NULL DEFAULT 0,
  remark          text NOT NULL DEFAULT '',
  updated_at      timestamptz NOT NULL,
  PRIMARY KEY (customer_id, staff_id)
);
CREATE INDEX customer_relation_staff_idx ON customer_relation (staff_id, state);
CREATE INDEX customer_relation_store_idx ON customer_relation (store_id, customer_id);
CREATE INDEX customer_relation_code_idx ON customer_relation (code_id) WHERE code_id <> 0;

CREATE TABLE customer_tag_group (
  id   text PRIMARY KEY,
  name text NOT NULL,
  ord  bigint NOT NULL
);
CREATE TABLE customer_tag (
  id       text PRIMARY KEY,
  group_id text NOT NULL,
  name     text NOT NULL,
  ord      bigint NOT NULL
);
-- written_at is wall time: a reading that began before it does not know the tag yet.
CREATE TABLE customer_relation_tag (
  customer_id bigint NOT NULL,
  staff_id    bigint NOT NULL,
  tag_id      text NOT NULL,
  added_at    timestamptz NOT NULL,
  written_at  timestamptz NOT NULL,
  PRIMARY KEY (customer_id, staff_id, tag_id),
  FOREIGN KEY (customer_id, staff_id) REFERENCES customer_relation (customer_id, staff_id)
);
CREATE INDEX customer_relation_tag_tag_idx ON customer_relation_tag (tag_id);

-- group -----------------------------------------------------------------------------------------------------------
CREATE TABLE group_chat (
  chat_id  text PRIMARY KEY,
  group_id bigint NOT NULL
);
CREATE TABLE group_group (
  id             bigint PRIMARY KEY,
  chat_id        text NOT NULL,
  name           text NOT NULL,
  name_key       text NOT NULL,
  owner_userid   text NOT NULL,
  owner_staff_id bigint NOT NULL,
  store_id       bigint NOT NULL,
  status         text NOT NULL CHECK (status IN ('normal','owner_left','dissolved')),
  capacity       integer NOT NULL DEFAULT 200,
  members        integer NOT NULL DEFAULT 0,
  customers      integer NOT NULL DEFAULT 0,
  notice         text NOT NULL DEFAULT '',
  member_version text NOT NULL DEFAULT '',
  created_at     timestamptz NOT NULL,
  dissolved_at   timestamptz,
  read_at        timestamptz NOT NULL
);
COMMENT ON COLUMN group_group.read_at IS 'wall time at which the newest applied reading began';
CREATE INDEX group_group_store_idx ON group_group (store_id);
CREATE INDEX group_group_owner_idx ON group_group (owner_staff_id);
CREATE INDEX group_group_created_idx ON group_group (created_at DESC, id DESC);

CREATE TABLE group_member (
  group_id    bigint NOT NULL REFERENCES group_group (id),
  member_id   text NOT NULL,
  stay        integer NOT NULL DEFAULT 1,
  type        smallint NOT NULL CHECK (type IN (1,2)),
  customer_id bigint NOT NULL DEFAULT 0,
  name        text NOT NULL DEFAULT '',
  unionid     text NOT NULL DEFAULT '',
  joined_at   timestamptz NOT NULL,
  join_scene  smallint NOT NULL DEFAULT 0,
  invitor     text NOT NULL DEFAULT '',
  way_state   text NOT NULL DEFAULT '',
  code_id     bigint NOT NULL DEFAULT 0,
  is_admin    boolean NOT NULL DEFAULT false,
  left_at     timestamptz,
  quit_scene  smallint NOT NULL DEFAULT -1,
  PRIMARY KEY (group_id, member_id, stay)
);
CREATE UNIQUE INDEX group_member_present_key ON group_member (group_id, member_id) WHERE left_at IS NULL;
CREATE INDEX group_member_joined_idx ON group_member (joined_at);
CREATE INDEX group_member_left_idx ON group_member (left_at) WHERE left_at IS NOT NULL;
CREATE INDEX group_member_member_idx ON group_member (member_id);

CREATE TABLE group_membership (
  customer_id bigint NOT NULL,
  group_id    bigint NOT NULL,
  stay        integer NOT NULL,
  joined_at   timestamptz NOT NULL,
  left_at     timestamptz,
  join_scene  smallint NOT NULL DEFAULT 0,
  code_id     bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (customer_id, group_id, stay)
);

-- order -----------------------------------------------------------------------------------------------------------
CREATE TABLE order_key (
  order_no    text PRIMARY KEY,
  customer_id bigint NOT NULL,
  order_id    bigint NOT NULL,
  hash        bytea NOT NULL
);
CREATE TABLE order_order (
  customer_id bigint NOT NULL,
  id          bigint NOT NULL,
  order_no    text NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('sale','refund')),
  state       text NOT NULL CHECK (state IN ('paid','unpaid','refunded','partly_refunded')),
  placed_at   timestamptz NOT NULL,
  store_id    bigint NOT NULL DEFAULT 0,
  member_no   text NOT NULL DEFAULT '',
  channel     text NOT NULL DEFAULT '',
  net_fen     bigint NOT NULL,
  lines       integer NOT NULL,
  items       integer NOT NULL,
  import_id   bigint NOT NULL DEFAULT 0,
  attributed_code_id bigint NOT NULL DEFAULT 0,
  cause_id    bigint NOT NULL,
  PRIMARY KEY (customer_id, id)
);
CREATE INDEX order_order_placed_idx ON order_order (placed_at DESC, id DESC);
CREATE INDEX order_order_attributed_idx ON order_order (attributed_code_id, placed_at) WHERE attributed_code_id <> 0;
CREATE TABLE order_line (
  customer_id bigint NOT NULL,
  order_id    bigint NOT NULL,
  line_no     integer NOT NULL,
  sku         text NOT NULL,
  name        text NOT NULL,
  quantity    integer NOT NULL,
  unit_fen    bigint NOT NULL,
  PRIMARY KEY (customer_id, order_id, line_no)
);
CREATE UNLOGGED TABLE order_stage (
  import_id bigint NOT NULL,
  head      bigint NOT NULL,
  seq       bigint NOT NULL,
  order_no  text NOT NULL,
  body      bytea NOT NULL,
  PRIMARY KEY (import_id, head, seq)
);
COMMENT ON COLUMN order_stage.head IS 'seq of the first part of the same order';
CREATE TABLE order_customer (
  customer_id bigint PRIMARY KEY,
  orders      integer NOT NULL,
  refunds     integer NOT NULL,
  net_fen     bigint NOT NULL,
  first_at    timestamptz,
  last_at     timestamptz
);

-- intake ----------------------------------------------------------------------------------------------------------
CREATE TABLE intake_import (
  id          bigint PRIMARY KEY,
  kind        text NOT NULL CHECK (kind IN ('stores','orders','members')),
  file_name   text NOT NULL,
  state       text NOT NULL CHECK (state IN ('queued','running','done','failed')),
  options     jsonb NOT NULL DEFAULT '{}',
  mapping     jsonb NOT NULL DEFAULT '{}',
  unmapped    text[] NOT NULL DEFAULT '{}',
  size_bytes  bigint NOT NULL DEFAULT 0,
  progress    double precision NOT NULL DEFAULT 0,
  attempts    integer NOT NULL DEFAULT 0,
  lease_until timestamptz,
  rows        bigint NOT NULL DEFAULT 0,
  created     bigint NOT NULL DEFAULT 0,
  updated     bigint NOT NULL DEFAULT 0,
  unchanged   bigint NOT NULL DEFAULT 0,
  skipped     bigint NOT NULL DEFAULT 0,
  warnings    bigint NOT NULL DEFAULT 0,
  errors      bigint NOT NULL DEFAULT 0,
  error       text NOT NULL DEFAULT '',
  by_user     bigint NOT NULL DEFAULT 0,
  by_name     text NOT NULL DEFAULT '',
  created_at  timestamptz NOT NULL,
  finished_at timestamptz,
  cause_id    bigint NOT NULL
);
CREATE TABLE intake_file (
  import_id bigint NOT NULL,
  part      integer NOT NULL,
  data      bytea NOT NULL,
  PRIMARY KEY (import_id, part)
);
CREATE TABLE intake_error (
  import_id bigint NOT NULL,
  seq       integer NOT NULL,
  row       bigint NOT NULL,
  col       text NOT NULL DEFAULT '',
  code      text NOT NULL,
  value     text NOT NULL DEFAULT '',
  params    jsonb NOT NULL DEFAULT '{}',
  warning   boolean NOT NULL,
  PRIMARY KEY (import_id, seq)
);

-- livecode --------------------------------------------------------------------------------------------------------
CREATE TABLE livecode_code (
  id           bigint PRIMARY KEY,
  kind         text NOT NULL CHECK (kind IN ('staff','group','locator')),
  name         text NOT NULL,
  channel      text NOT NULL,
  store_id     bigint NOT NULL DEFAULT 0,
  token        text NOT NULL UNIQUE,
  way_state    text NOT NULL UNIQUE CHECK (length(way_state) <= 30),
  config_id    text NOT NULL DEFAULT '',
  qr           text NOT NULL DEFAULT '',
  status       text NOT NULL CHECK (status IN ('creating','active','failed','paused')),
  status_reason text NOT NULL DEFAULT '',
  staff_ids    bigint[] NOT NULL DEFAULT '{}',
  group_ids    bigint[] NOT NULL DEFAULT '{}',
  tag_ids      text[] NOT NULL DEFAULT '{}',
  welcome_text text NOT NULL DEFAULT '',
  offer_group  boolean NOT NULL DEFAULT false,
  welcome_version integer NOT NULL DEFAULT 1,
  auto_key     text UNIQUE,
  follow_store boolean NOT NULL DEFAULT false,
  room_base_name text NOT NULL DEFAULT '',
  check_at     timestamptz,
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL
);
COMMENT ON COLUMN livecode_code.auto_key IS 'set on the one code of a kind that every store has: staff/12, group/12';
COMMENT ON COLUMN livecode_code.follow_store IS 'staff or groups are those of the store, not a list by hand';
COMMENT ON COLUMN livecode_code.check_at IS 'when the groups behind the code are to be looked at again';
CREATE INDEX livecode_code_store_idx ON livecode_code (store_id, kind);
CREATE INDEX livecode_code_created_idx ON livecode_code (created_at DESC, id DESC);
CREATE INDEX livecode_code_config_idx ON livecode_code (config_id) WHERE config_id <> '';
CREATE INDEX livecode_code_groups_idx ON livecode_code USING gin (group_ids);
CREATE INDEX livecode_code_staff_idx ON livecode_code USING gin (staff_ids);
CREATE INDEX livecode_code_check_idx ON livecode_code (check_at) WHERE check_at IS NOT NULL;
CREATE TABLE livecode_orphan (
  id         bigint PRIMARY KEY,
  code_id    bigint NOT NULL,
  call_id    bigint NOT NULL UNIQUE,
  found_at   timestamptz NOT NULL
);
CREATE TABLE livecode_scan (
  visitor  text NOT NULL,
  code_id  bigint NOT NULL,
  day      date NOT NULL,
  at       timestamptz NOT NULL,
  store_id bigint NOT NULL DEFAULT 0,
  cause_id bigint NOT NULL,
  PRIMARY KEY (visitor, code_id, day)
);
CREATE INDEX livecode_scan_code_idx ON livecode_scan (code_id, day);
CREATE TABLE livecode_attribution (
  customer_id bigint NOT NULL,
  code_id     bigint NOT NULL,
  step        text NOT NULL CHECK (step IN ('add','join','first_order')),
  ref         bigint NOT NULL,
  at          timestamptz NOT NULL,
  object_id   bigint NOT NULL DEFAULT 0,
  member      text NOT NULL DEFAULT '',
  amount_fen  bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (customer_id, step, code_id, ref)
);
COMMENT ON COLUMN livecode_attribution.ref IS 'add: staff; join: group, or the event for a person nobody knows; first_order: 0';
COMMENT ON COLUMN livecode_attribution.object_id IS 'join: the group; first_order: the order';
COMMENT ON COLUMN livecode_attribution.member IS 'of a join by a person nobody knows, until they become a customer';
CREATE INDEX livecode_attribution_member_idx ON livecode_attribution (member) WHERE customer_id = 0;
CREATE INDEX livecode_attribution_code_idx ON livecode_attribution (code_id, step, at);
CREATE INDEX livecode_attribution_at_idx ON livecode_attribution (step, at);
CREATE TABLE livecode_welcome (
  customer_id bigint NOT NULL,
  staff_id    bigint NOT NULL,
  id          bigint NOT NULL,
  code_id     bigint NOT NULL DEFAULT 0,
  at          timestamptz NOT NULL,
  state       text NOT NULL CHECK (state IN ('planned','sent','failed','not_possible')),
  reason      text NOT NULL DEFAULT '',
  latency_ms  integer,
  text        text NOT NULL DEFAULT '',
  cause_id    bigint NOT NULL,
  PRIMARY KEY (customer_id, staff_id, id)
);
CREATE INDEX livecode_welcome_at_idx ON livecode_welcome (at);

-- touch -----------------------------------------------------------------------------------------------------------
CREATE TABLE touch_setting (
  id       smallint PRIMARY KEY CHECK (id = 1),
  settings jsonb NOT NULL
);
CREATE TABLE touch_person (
  customer_id bigint PRIMARY KEY,
  decided_at  timestamptz NOT NULL
);
CREATE TABLE touch_room (
  group_id   bigint PRIMARY KEY,
  decided_at timestamptz NOT NULL
);
CREATE TABLE touch_customer (
  customer_id bigint NOT NULL,
  id          bigint NOT NULL,
  at          timestamptz NOT NULL,
  day         date NOT NULL,
  channel     text NOT NULL,
  purpose     text NOT NULL,
  promo       boolean NOT NULL,
  quota       boolean NOT NULL,
  decision    text NOT NULL CHECK (decision IN ('allow','defer','refuse')),
  reason      text NOT NULL DEFAULT '',
  until_at    timestamptz,
  outcome     text NOT NULL DEFAULT 'pending' CHECK (outcome IN ('pending','delivered','failed','released')),
  staff_id    bigint NOT NULL DEFAULT 0,
  source      text NOT NULL,
  source_key  text NOT NULL,
  cause_id    bigint NOT NULL,
  PRIMARY KEY (customer_id, id)
);
CREATE UNIQUE INDEX touch_customer_source_key ON touch_customer (customer_id, source_key);
CREATE INDEX touch_customer_day_idx ON touch_customer (day, decision);
CREATE INDEX touch_customer_recent_idx ON touch_customer (at DESC, id DESC);
CREATE TABLE touch_group (
  group_id   bigint NOT NULL,
  id         bigint NOT NULL,
  at         timestamptz NOT NULL,
  day        date NOT NULL,
  channel    text NOT NULL,
  purpose    text NOT NULL,
  promo      boolean NOT NULL,
  quota      boolean NOT NULL,
  decision   text NOT NULL CHECK (decision IN ('allow','defer','refuse')),
  reason     text NOT NULL DEFAULT '',
  until_at   timestamptz,
  outcome    text NOT NULL DEFAULT 'pending' CHECK (outcome IN ('pending','delivered','failed','released')),
  staff_id   bigint NOT NULL DEFAULT 0,
  source     text NOT NULL,
  source_key text NOT NULL,
  cause_id   bigint NOT NULL,
  PRIMARY KEY (group_id, id)
);
CREATE UNIQUE INDEX touch_group_source_key ON touch_group (group_id, source_key);
CREATE INDEX touch_group_day_idx ON touch_group (day, decision);
CREATE INDEX touch_group_recent_idx ON touch_group (at DESC, id DESC);

-- task and send ---------------------------------------------------------------------------------------------------
CREATE TABLE task_task (
  staff_id    bigint NOT NULL,
  id          bigint NOT NULL,
  key         text NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('mass_single','mass_group','sidebar_single','sidebar_group','todo')),
  title       text NOT NULL,
  why         text NOT NULL,
  body        jsonb NOT NULL,
  store_id    bigint NOT NULL,
  plan_id     bigint NOT NULL DEFAULT 0,
  plan_version integer NOT NULL DEFAULT 0,
  step_key    text NOT NULL DEFAULT '',
  customer_id bigint NOT NULL DEFAULT 0,
  group_id    bigint NOT NULL DEFAULT 0,
  created_at  timestamptz NOT NULL,
  due_at      timestamptz NOT NULL,
  window_end  timestamptz NOT NULL,
  close_at    timestamptz NOT NULL,
  day         date NOT NULL,
  state       text NOT NULL CHECK (state IN ('open','done','late','skipped','missed','cancelled')),
  proof       text NOT NULL CHECK (proof IN ('none','wecom','page','client')),
  recipients  integer NOT NULL DEFAULT 1,
  delivered   integer NOT NULL DEFAULT 0,
  skip_reason text NOT NULL DEFAULT '',
  done_at     timestamptz,
  cause_id    bigint NOT NULL,
  PRIMARY KEY (staff_id, id)
);
CREATE UNIQUE INDEX task_task_key ON task_task (staff_id, key);
CREATE INDEX task_task_day_idx ON task_task (day, plan_id);
CREATE INDEX task_task_open_idx ON task_task (close_at) WHERE state = 'open';
CREATE INDEX task_task_customer_idx ON task_task (customer_id) WHERE state = 'open' AND customer_id <> 0;
CREATE INDEX task_task_due_idx ON task_task (due_at DESC, id DESC);

CREATE TABLE send_send (
  staff_id    bigint NOT NULL,
  id          bigint NOT NULL,
  key         text NOT NULL,
  chat_type   text NOT NULL CHECK (chat_type IN ('single','group')),
  userid      text NOT NULL,
  fingerprint text NOT NULL,
  content     jsonb NOT NULL,
  task_id     bigint NOT NULL,
  state       text NOT NULL CHECK (state IN ('planned','created','confirmed','finished','cancelled','failed')),
  msgid       text NOT NULL DEFAULT '',
  window_end  timestamptz NOT NULL,
  close_at    timestamptz NOT NULL,
  created_at  timestamptz NOT NULL,
  issued_at   timestamptz,
  confirmed_at timestamptz,
  next_poll_at timestamptz,
  polls       integer NOT NULL DEFAULT 0,
  error       text NOT NULL DEFAULT '',
  in_flight   boolean NOT NULL DEFAULT false,
  closing     boolean NOT NULL DEFAULT false,
  reissue     boolean NOT NULL DEFAULT false,
  cause_id    bigint NOT NULL,
  PRIMARY KEY (staff_id, id)
);
COMMENT ON COLUMN send_send.in_flight IS 'its call may be under way: at most one per fingerprint, so that WeCom''s list can be searched for it';
CREATE UNIQUE INDEX send_send_key ON send_send (staff_id, key);
CREATE UNIQUE INDEX send_send_flight_key ON send_send (staff_id, fingerprint) WHERE in_flight;
CREATE INDEX send_send_planned_idx ON send_send (staff_id, fingerprint, id) WHERE state = 'planned';
CREATE INDEX send_send_poll_idx ON send_send (next_poll_at) WHERE state IN ('created','confirmed');
CREATE INDEX send_send_created_idx ON send_send (created_at);
CREATE INDEX send_send_task_idx ON send_send (staff_id, task_id);
CREATE INDEX send_send_msgid_idx ON send_send (msgid) WHERE msgid <> '';
CREATE TABLE send_recipient (
  staff_id    bigint NOT NULL,
  send_id     bigint NOT NULL,
  recipient   text NOT NULL,
  customer_id bigint NOT NULL DEFAULT 0,
  group_id    bigint NOT NULL DEFAULT 0,
  touch_id    bigint NOT NULL DEFAULT 0,
  status      text NOT NULL CHECK (status IN ('pending','delivered','not_friend','over_cap','invalid','unsent')),
  sent_at     timestamptz,
  PRIMARY KEY (staff_id, send_id, recipient)
);
CREATE INDEX send_recipient_sent_idx ON send_recipient (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX send_recipient_customer_idx ON send_recipient (customer_id) WHERE status = 'pending' AND customer_id <> 0;

-- sop -------------------------------------------------------------------------------------------------------------
CREATE TABLE sop_plan (
  id         bigint PRIMARY KEY,
  code       text NOT NULL UNIQUE,
  name       text NOT NULL,
  subject    text NOT NULL CHECK (subject IN ('customer','group')),
  state      text NOT NULL CHECK (state IN ('draft','active','paused')),
  version    integer NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE TABLE sop_version (
  plan_id      bigint NOT NULL,
  version      integer NOT NULL,
  definition   jsonb NOT NULL,
  note         text NOT NULL,
  by_name      text NOT NULL,
  published_at timestamptz NOT NULL,
  PRIMARY KEY (plan_id, version)
);
CREATE TABLE sop_customer_run (
  customer_id bigint NOT NULL,
  id          bigint NOT NULL,
  plan_id     bigint NOT NULL,
  version     integer NOT NULL,
  staff_id    bigint NOT NULL,
  store_id    bigint NOT NULL,
  anchor_at   timestamptz NOT NULL,
  state       text NOT NULL CHECK (state IN ('running','finished','exited','paused')),
  ended_at    timestamptz,
  exit_reason text NOT NULL DEFAULT '',
  cause_id    bigint NOT NULL,
  PRIMARY KEY (customer_id, id)
);
CREATE UNIQUE INDEX sop_customer_run_one_key ON sop_customer_run (customer_id, plan_id) WHERE state = 'running';
CREATE INDEX sop_customer_run_plan_idx ON sop_customer_run (plan_id, state);
CREATE TABLE sop_customer_due (
  customer_id bigint NOT NULL,
  run_id      bigint NOT NULL,
  step_key    text NOT NULL,
  plan_id     bigint NOT NULL,
  version     integer NOT NULL,
  staff_id    bigint NOT NULL,
  store_id    bigint NOT NULL,
  due_at      timestamptz NOT NULL,
  window_end  timestamptz NOT NULL,
  day         date NOT NULL,
  state       text NOT NULL CHECK (state IN ('waiting','tasked','done','late','missed','skipped','refused','cancelled')),
  reason      text NOT NULL DEFAULT '',
  task_id     bigint NOT NULL DEFAULT 0,
  touch_id    bigint NOT NULL DEFAULT 0,
  finished_at timestamptz,
  delivered_at timestamptz,
  cause_id    bigint NOT NULL,
  PRIMARY KEY (customer_id, run_id, step_key)
);
CREATE INDEX sop_customer_due_due_idx ON sop_customer_due (due_at) WHERE state = 'waiting';
CREATE INDEX sop_customer_due_task_idx ON sop_customer_due (task_id) WHERE task_id <> 0;
CREATE INDEX sop_customer_due_day_idx ON sop_customer_due (day, plan_id);
CREATE TABLE sop_group_run (
  group_id  bigint NOT NULL,
  id        bigint NOT NULL,
  plan_id   bigint NOT NULL,
  version   integer NOT NULL,
  staff_id  bigint NOT NULL,
  store_id  bigint NOT NULL,
  anchor_at timestamptz NOT NULL,
  planned_through date NOT NULL,
  state     text NOT NULL CHECK (state IN ('running','finished','exited','paused')),
  ended_at  timestamptz,
  exit_reason text NOT NULL DEFAULT '',
  cause_id  bigint NOT NULL,
  PRIMARY KEY (group_id, id)
);
CREATE UNIQUE INDEX sop_group_run_one_key ON sop_group_run (group_id, plan_id) WHERE state = 'running';
CREATE TABLE sop_group_due (
  group_id   bigint NOT NULL,
  run_id     bigint NOT NULL,
  step_key   text NOT NULL,
  plan_id    bigint NOT NULL,
  version    integer NOT NULL,
  staff_id   bigint NOT NULL,
  store_id   bigint NOT NULL,
  due_at     timestamptz NOT NULL,
  window_end timestamptz NOT NULL,
  day        date NOT NULL,
  state      text NOT NULL CHECK (state IN ('waiting','tasked','done','late','missed','skipped','refused','cancelled')),
  reason     text NOT NULL DEFAULT '',
  task_id    bigint NOT NULL DEFAULT 0,
  touch_id   bigint NOT NULL DEFAULT 0,
  finished_at timestamptz,
  delivered_at timestamptz,
  cause_id   bigint NOT NULL,
  PRIMARY KEY (group_id, run_id, step_key)
);
CREATE INDEX sop_group_due_due_idx ON sop_group_due (due_at) WHERE state = 'waiting';
CREATE INDEX sop_group_due_task_idx ON sop_group_due (task_id) WHERE task_id <> 0;
CREATE INDEX sop_group_due_day_idx ON sop_group_due (day, plan_id);

-- sync ------------------------------------------------------------------------------------------------------------
CREATE TABLE sync_run (
  id          bigint PRIMARY KEY,
  kind        text NOT NULL,
  state       text NOT NULL CHECK (state IN ('running','done','failed')),
  started_at  timestamptz NOT NULL,
  corp_at     timestamptz NOT NULL,
  finished_at timestamptz,
  progress    jsonb NOT NULL DEFAULT '{}',
  result      jsonb NOT NULL DEFAULT '{}',
  error       text NOT NULL DEFAULT '',
  cause_id    bigint NOT NULL
);
CREATE TABLE sync_seen (
  run_id          bigint NOT NULL,
  userid          text NOT NULL,
  external_userid text NOT NULL,
  PRIMARY KEY (run_id, userid, external_userid)
);
