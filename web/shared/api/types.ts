// The nouns of the API as the pages use them. Times are RFC 3339 with zone, money is int fen, ids are numbers,
// and null means unknown, never zero.

export type MetricState = "complete" | "partial" | "missing" | "not_permitted";
export type MetricUnit = "count" | "ratio" | "seconds" | "fen";

/** One number of the metric dictionary with everything needed to show it honestly. */
export interface Metric {
  id: string;
  version: number;
  value: number | null;
  state: MetricState;
  unit: MetricUnit;
  numerator?: number | null;
  denominator?: number | null;
  low?: number | null;
  high?: number | null;
  note?: string;
  params?: Record<string, unknown>;
}

export interface Page<T> {
  items: T[];
  /** Cursor of the next page; empty on the last. */
  next: string;
  total?: number | null;
}

export interface Ref {
  id: number;
  name: string;
}

/** A tag of the corp; its id is WeCom's. */
export interface Tag {
  id: string;
  name: string;
}

export type Role = "owner" | "operator" | "store_manager" | "staff" | "analyst";

export interface Me {
  user: { id: number; name: string; email: string; role: Role; permissions: string[] };
  corp: { name: string; timezone: string; accelerated: boolean; now: string };
  must_set_password: boolean;
}

export interface User {
  id: number;
  name: string;
  email: string;
  role: Role;
  stores: Ref[];
  last_seen_at: string | null;
  disabled: boolean;
}

export interface ClockState {
  now: string;
  accelerated: boolean;
  playing: boolean;
  speed: number;
  next_due_at: string | null;
}

export interface TodayAlert {
  kind: string;
  severity: "info" | "warning" | "error";
  count: number;
  title: string;
  link: string;
}

export interface Series {
  metric: string;
  points: { date: string; value: number | null }[];
}

export interface Today {
  date: string;
  tiles: Metric[];
  alerts: TodayAlert[];
  series: Series[];
}

export interface Department {
  id: number;
  name: string;
  parent_id: number;
  stores: number;
  staff: number;
}

export interface Store {
  id: number;
  number: string;
  name: string;
  province: string;
  city: string;
  district: string;
  address: string;
  /** GCJ-02 */
  lat: number;
  lng: number;
  open_time: string;
  close_time: string;
  staff_count: number;
  department_id: number;
  department_name: string;
  group_count: number | null;
  status: "open" | "closed";
  code_id: number | null;
}

export type CoordSystem = "wgs84" | "gcj02" | "bd09";

export interface StoreInput {
  number: string;
  name: string;
  city: string;
  address: string;
  lat: number;
  lng: number;
  coord_system: CoordSystem;
  open_time: string;
  close_time: string;
}

export interface Staff {
  id: number;
  userid: string;
  name: string;
  store_id: number;
  store_name: string;
  is_leader: boolean;
  can_contact: boolean;
  customers: number | null;
  active: boolean;
}

export type ImportKind = "stores" | "orders" | "members";
export type ImportState = "queued" | "running" | "done" | "failed";

export interface ImportRun {
  id: number;
  kind: ImportKind;
  file_name: string;
  state: ImportState;
  rows: number;
  created: number;
  updated: number;
  unchanged: number;
  skipped: number;
  warnings: number;
  errors: number;
  progress: number;
  /** Why the whole import failed. */
  error: string | null;
  started_at: string;
  finished_at: string | null;
  by: string;
}

export interface ImportDetail extends ImportRun {
  mapping: { key: string; header: string }[];
  unmapped: string[];
  source: string;
  legal_basis: string;
}

export interface ImportError {
  row: number;
  column: string;
  code: string;
  message: string;
  value: string;
  warning: boolean;
}

export interface Customer {
  id: number;
  name: string;
  avatar_text: string;
  member_no: string | null;
  stores: string[];
  staff: string[];
  tags: Tag[];
  added_at: string | null;
  channel: string | null;
  orders: number;
  net_fen: number;
  last_order_at: string | null;
  groups: number;
}

export type RelationState = "active" | "deleted_by_customer" | "deleted_by_staff";

export interface CustomerDetail {
  id: number;
  name: string;
  /** 1 male, 2 female, 0 unknown */
  gender: number;
  identities: { kind: string; value: string }[];
  relations: {
    staff_id: number;
    staff_name: string;
    store_id: number;
    store_name: string;
    state: RelationState;
    added_at: string;
    ended_at: string | null;
    /** WeCom's number for how the two became friends. */
    add_way: number;
    channel: { code_id: number; name: string } | null;
    tags: Tag[];
    remark: string;
  }[];
  groups: {
    group_id: number;
    name: string;
    joined_at: string;
    left_at: string | null;
    /** 1 invited, 2 invite link, 3 QR code */
    join_scene: number;
    code_name: string | null;
  }[];
  /** What the customer said about the chat archive; null while it is not used. */
  archive: {
    consents: { place: ArchivePlace; with: string; state: ConsentState; since: string | null }[];
  } | null;
  orders: {
    count: number;
    net_fen: number;
    first_at: string | null;
    last_at: string | null;
    attributed: { code_id: number; name: string; order_no: string; at: string } | null;
  };
  touch: {
    month_used: number;
    month_cap: number;
    week_promo: number;
    opted_out: boolean;
    quiet_until: string | null;
  };
  sop: {
    run_id: number;
    plan_name: string;
    version: number;
    day: number;
    state: string;
    next_step: string | null;
    next_at: string | null;
  }[];
  opted_out_at: string | null;
  opt_out_reason: string;
}

/** One event of a customer; the pages find the words by its kind. */
export interface TimelineItem {
  id: number;
  at: string;
  kind: string;
  /** The member of staff concerned, if any. */
  actor: string;
  /** The group or store where it happened, if any. */
  place: string;
  cause_id: number;
  params: Record<string, unknown>;
}

export interface CustomerOrder {
  id: number;
  order_no: string;
  placed_at: string;
  store_name: string | null;
  net_fen: number;
  lines: number;
  state: OrderState;
}

export type OrderState = "paid" | "unpaid" | "refunded" | "partly_refunded";

export interface TagGroup {
  group_id: string;
  group_name: string;
  tags: { id: string; name: string; used: number }[] | null;
}

export interface Group {
  id: number;
  chat_id: string;
  name: string;
  store_id: number;
  store_name: string;
  owner_name: string;
  members: number;
  customers: number;
  capacity: number;
  joins_7d: number;
  exits_7d: number;
  created_at: string;
  status: "normal" | "owner_left" | "dissolved";
  health: { score: number | null; state: MetricState; reasons: { code: string; value: number }[] };
}

export interface GroupDetail extends Group {
  notice: string;
  join_code: number | null;
  friends_share: Metric;
  exit_24h: Metric;
  retention_d7: Metric;
  sop: { run_id: number; plan_name: string; version: number; day: number; state: string }[] | null;
}

export interface GroupMember {
  member_id: string;
  /** 1 for the first time in this group. */
  stay: number;
  name: string;
  type: "staff" | "customer" | "stranger";
  customer_id: number | null;
  joined_at: string;
  left_at: string | null;
  join_scene: number;
  quit_scene: number;
  invitor: string;
  code_name: string | null;
  is_owner: boolean;
  is_admin: boolean;
}

export interface GroupChange {
  id: number;
  at: string;
  /** group.created, dissolved, joined, left, changed */
  kind: string;
  name: string;
  params: Record<string, unknown>;
}

export type CodeKind = "staff" | "group" | "locator";
export type CodeChannel = "store_poster" | "table_card" | "receipt" | "package" | "moments" | "article" | "other";
export type CodeStatus = "active" | "creating" | "failed" | "paused";

export interface Code {
  id: number;
  kind: CodeKind;
  name: string;
  channel: CodeChannel;
  store_id: number | null;
  store_name: string | null;
  state: string;
  token: string;
  url: string;
  qr_svg_url: string;
  status: CodeStatus;
  status_reason: string | null;
  scans: number;
  adds: number;
  joins: number;
  first_orders: number;
  created_at: string;
}

/** A file the server keeps. */
export interface StoredFile {
  id: number;
  name: string;
  kind: "image" | "video" | "file";
  mime: string;
  size: number;
  url: string;
}

/** What goes out with a text. The title of a picture, video or file is its name. */
export interface ContentPart {
  type: "image" | "video" | "file" | "link" | "miniprogram";
  file_id?: number;
  title?: string;
  desc?: string;
  url?: string;
  pic_url?: string;
  app_id?: string;
  page?: string;
}

export interface CodeDetail extends Code {
  staff: Ref[];
  groups: { id: number; name: string; members: number; capacity: number }[];
  tags: Tag[];
  /** What a customer would read, with {name} and {staff} still open. */
  welcome: { text: string; attachments: { type: string; title: string; url: string }[] };
  /** As entered; empty means the standard one. */
  welcome_text: string;
  welcome_parts: ContentPart[];
  offer_group: boolean;
  /** Whoever works in the store stands behind the code. */
  follow_store: boolean;
  funnel: { step: string; people: number; rate: number | null }[];
  daily: { date: string; scans: number; adds: number; joins: number; first_orders: number }[] | null;
  next_group_ready: boolean;
}

export interface CodeInput {
  kind: CodeKind;
  name: string;
  channel: CodeChannel;
  store_id?: number;
  staff_ids?: number[];
  group_ids?: number[];
  tag_ids?: string[];
  welcome_text?: string;
  welcome_parts?: ContentPart[];
  offer_group?: boolean;
}

/** A change of a code; empty lists follow the store. */
export interface CodeChange {
  name?: string;
  channel?: CodeChannel;
  staff_ids?: number[];
  group_ids?: number[];
  tag_ids?: string[];
  welcome_text?: string;
  welcome_parts?: ContentPart[];
  offer_group?: boolean;
  paused?: boolean;
}

export type PlanState = "draft" | "active" | "paused";
export type StepChannel =
  | "welcome"
  | "mass_single"
  | "mass_group"
  | "sidebar_single"
  | "sidebar_group"
  | "moments"
  | "none";

export interface Plan {
  id: number;
  code: string;
  name: string;
  subject: "customer" | "group";
  state: PlanState;
  version: number;
  runs_active: number;
  exec: Metric;
  ontime: Metric;
}

export interface Step {
  key: string;
  day: number;
  weekdays?: number[];
  time: string;
  window: { from: string; to: string };
  channel: StepChannel;
  purpose: string;
  promo: boolean;
  quota_cost: number;
  title: string;
  text: string;
  why: string;
  late: "skip" | "send_until";
  late_hours?: number;
  links?: { type: string; title: string; url: string }[];
  parts?: ContentPart[];
  fallback: string;
}

export interface PlanDetail extends Plan {
  versions: { version: number; published_at: string; by: string; note: string }[];
  steps: Step[];
  header: { length_days: number; quiet: string; caps: string; stop_line: string };
}

export interface BoardRow {
  id: number;
  name: string;
  due: number;
  done_ontime: number;
  done_late: number;
  pending: number;
  late: number;
  skipped: number;
  refused: number;
  exec: Metric;
  next_level: BoardLevel | null;
}

export type BoardLevel = "hq" | "region" | "store" | "staff";

export interface Board {
  level: BoardLevel;
  items: BoardRow[];
  totals: Omit<BoardRow, "id" | "name" | "next_level">;
}

export interface StepReport {
  key: string;
  title: string;
  channel: string;
  due: number;
  done: number;
  late: number;
  pending: number;
  missed: number;
  skipped: number;
  refused: { reason: string; reason_text: string; count: number }[] | null;
  delivered: number | null;
}

export interface Task {
  id: number;
  kind: string;
  title: string;
  why: string;
  staff_name: string;
  store_name: string | null;
  due_at: string;
  window_end: string;
  state: "open" | "done" | "late" | "skipped";
  reason: string;
  cause_id: number;
  recipients: number;
  delivered: number | null;
  proof: "wecom" | "page" | "client" | "none";
  done_at: string | null;
}

export interface Touch {
  id: number;
  at: string;
  subject: "customer" | "group";
  subject_id: number;
  subject_name: string;
  channel: string;
  purpose: string;
  promo: boolean;
  decision: "allow" | "defer" | "refuse";
  reason: string;
  reason_text: string;
  /** When a deferred touch is decided again. */
  until: string | null;
  outcome: string;
  staff_name: string | null;
  source: string;
  cause_id: number;
}

export interface TouchSummary {
  decision: "allow" | "defer" | "refuse";
  reason: string;
  reason_text: string;
  count: number;
}

export interface Order {
  id: number;
  order_no: string;
  placed_at: string;
  customer_id: number | null;
  customer_name: string | null;
  member_no: string | null;
  store_name: string | null;
  net_fen: number;
  lines: number;
  state: OrderState;
  attributed_to: { code_id: number; name: string } | null;
}

export interface Health {
  items: { name: string; state: "ok" | "warn" | "down"; detail: string }[];
  queues: { lane: string; waiting: number; oldest_ms: number | null; done_1h: number }[];
  callbacks_refused: number;
  orphaned_codes: number;
}

export type CallbackState = "new" | "done" | "failed" | "ignored";

/** Something that has a page of its own, by its name. */
export interface Ref {
  id: number;
  name: string;
}

export interface Callback {
  id: number;
  received_at: string;
  corp_at: string;
  kind: string;
  /** What changed in a group; empty for other kinds. */
  detail: string;
  /** False for kinds that WeCom's documents did not know. */
  documented: boolean;
  entity: string;
  customer: Ref | null;
  group: Ref | null;
  staff: Ref | null;
  state: CallbackState;
  attempts: number;
  next_at: string | null;
  error: string | null;
  took_ms: number | null;
  cause_id: number;
}

/** Callbacks, and whom a search text named. */
export interface CallbackPage {
  items: Callback[];
  next: string;
  found: { customers: number; groups: number; staff: number; limit: number } | null;
}

export interface CallbackDecision {
  at: string;
  topic: "touch" | "welcome" | "attribution";
  outcome: string;
  reason: string | null;
  params: Record<string, unknown>;
  customer: Ref | null;
  group: Ref | null;
  staff: Ref | null;
  code: Ref | null;
}

export interface CallbackEffect {
  id: number;
  at: string;
  kind: string;
  actor: string;
  place: string;
  params: Record<string, unknown>;
  customer: Ref | null;
  group: Ref | null;
}

/** What was asked of WeCom to handle a callback, together with others of its kind. */
export interface CallbackRead {
  api: string;
  code: number;
  n: number;
  ms: number;
  with: number;
  text: string;
}

export interface CallbackCall extends OutboxCall {
  called_at: string | null;
  finished_at: string | null;
  result: string | null;
}

export interface CallbackFollowUp {
  id: number;
  kind: string;
  title: string;
  state: string;
  due_at: string;
  staff: Ref | null;
}

export interface CallbackDetail extends Callback {
  body: string;
  decisions: CallbackDecision[];
  reads: CallbackRead[];
  calls: CallbackCall[];
  effects: CallbackEffect[];
  follow_ups: CallbackFollowUp[];
}

/** What came to the callback address over some days. */
export interface Door {
  days: number;
  stored: number;
  duplicates: number;
  verified: number;
  refused: number;
  refusals: { reason: string; text: string; n: number; today: number; last_at: string; from: string }[];
  waiting: number;
  failed: number;
  answers: number;
  p50_ms: number | null;
  p99_ms: number | null;
}

export type OutboxState = "planned" | "calling" | "done" | "unknown" | "failed";

export interface OutboxCall {
  id: number;
  kind: string;
  class: "repeatable" | "findable" | "unfindable" | "once";
  lane: string;
  entity: string;
  state: OutboxState;
  attempts: number;
  created_at: string;
  due_at: string;
  error_code: string | null;
  error: string | null;
  cause_id: number;
}

/** How far an API of WeCom is from one of its limits, as the process that answers counts. */
export interface CallLimit {
  api: string;
  window: "minute" | "hour" | "day" | "month" | "none";
  used: number | null;
  limit: number | null;
  state: "ok" | "near" | "slowed" | "blocked";
  until: string | null;
  at_once: number | null;
  refused: number;
}

export type SyncThing = "staff" | "tags" | "relations" | "groups" | "members" | "ways" | "join_ways";
export type SyncWhat = "added" | "ended" | "amended";
export type SyncReason =
  | "lost"
  | "unheard"
  | "failed"
  | "waiting"
  | "handled"
  | "unhandled"
  | "before"
  | "range"
  | "silent"
  | "api"
  | "ours"
  | "unknown";

/** Figures by thing; what was not counted is absent. */
export type SyncCounts = Record<string, number>;

export interface SyncStep {
  name: string;
  /** waiting, running, done or skipped */
  state: string;
  done: number;
  /** 0 = not known yet */
  of: number;
  weight: number;
}

export interface SyncRun {
  id: number;
  kind: "full" | "check";
  state: "running" | "paused" | "done" | "failed";
  started_at: string;
  finished_at: string | null;
  progress: { step: string; steps: SyncStep[]; share: number; calls: number; per_minute: number };
  result: SyncResult | null;
  /** What stopped it, or what it is waiting for. */
  problem: { code: string; message: string } | null;
  /** Some of the statistics that WeCom refused for the sake of one member. */
  refusals: { userid: string; owner: boolean; message: string }[];
}

/** A run's statement: what WeCom shows, what we held before and hold now, what was repaired and why it was missing. */
export interface SyncResult {
  remote: SyncCounts | null;
  held_before: SyncCounts | null;
  held_after: SyncCounts | null;
  during: SyncCounts | null;
  /** Held besides, of which the lists that a check reads say nothing. */
  unlisted: SyncCounts | null;
  missing: SyncCounts | null;
  extra: SyncCounts | null;
  amended: SyncCounts | null;
  why?: Record<string, Record<string, number>>;
  listed: number;
  differs?: { thing: SyncThing; missing: number; extra: number; open?: number }[];
  unread?: number;
  strays: number;
  archive?: { staff_days: number; owner_days: number; absent: number; error?: string; refused?: number };
  complete: boolean;
}

export interface SyncRepair {
  id: number;
  thing: SyncThing;
  what: SyncWhat;
  reason: SyncReason;
  userid: string;
  staff_name: string;
  external_userid: string;
  customer_id: number;
  customer_name: string;
  chat_id: string;
  group_id: number;
  group_name: string;
  object: string;
  object_name: string;
  code_id: number;
  happened_at: string | null;
  callback_id: number;
}

/** One thing that WeCom rations; used and limit are null while they are not known. */
export interface Meter {
  name: string;
  used: number | null;
  limit: number | null;
  state: "ok" | "near" | "full" | "unknown";
  source: "wecom" | "ours";
  as_of: string | null;
  error: string;
  /** The error's sentence. */
  reason: string;
  parts: { name: string; count: number; staff_id?: number; label?: string }[];
}

export interface Meters {
  items: Meter[];
  settings: { friends_per_staff: number };
}

interface ArchivedDay {
  staff_id: number;
  staff_name: string;
  store_name: string;
  day: string;
  /** WeCom gave this day; without it every figure is null. */
  given: boolean;
  /** Read so late that WeCom had surely summed the day up. */
  final: boolean;
}

/** A day of a member of staff in single chats, by WeCom. */
export interface StaffDay extends ArchivedDay {
  chats: number | null;
  messages: number | null;
  reply_percent: number | null;
  reply_minutes: number | null;
  negative: number | null;
  applies: number | null;
  contacts: number | null;
}

/** A day of an owner's groups, by WeCom. */
export interface OwnerDay extends ArchivedDay {
  groups: number | null;
  new_groups: number | null;
  active_groups: number | null;
  members: number | null;
  new_members: number | null;
  active_members: number | null;
  messages: number | null;
}

export interface CoverDay {
  day: string;
  staff: number;
  staff_absent: number;
  staff_open: number;
  owners: number;
  owner_absent: number;
  owner_open: number;
}

export interface StatisticCover {
  first: string | null;
  last: string | null;
  /** Staff with a seat now. */
  staff: number;
  items: CoverDay[];
}

export interface OfficialFigures {
  date: string;
  tiles: Metric[];
  series: Series[];
}

export interface StrayWay {
  config_id: string;
  state: string;
  remark: string;
  users: string[];
  found_at: string;
}

export interface Job {
  id: number;
  kind: string;
  state: string;
  attempt: number;
  queued_at: string;
  finished_at: string | null;
  error: string | null;
}

export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  action: string;
  object: string;
  detail: unknown;
}

// Chat archive

export type ArchivePlace = "single" | "internal" | "room";
export type ConsentState = "agree" | "disagree" | "unknown";
export type ArchiveFileState = "listed" | "wanted" | "stored" | "expired" | "too_large" | "failed";

export interface ArchivePerson {
  kind: "staff" | "customer" | "robot";
  /** The staff member's or the customer's; null for one we do not know. */
  id: number | null;
  name: string;
  account: string;
}

export interface ArchiveChat {
  id: number;
  place: ArchivePlace;
  member: ArchivePerson | null;
  peer: ArchivePerson | null;
  group_id: number | null;
  room_id: string;
  name: string;
  first_at: string | null;
  last_at: string | null;
  messages: number;
}

export interface ArchiveHit {
  id: number;
  chat: ArchiveChat;
  at: string;
  kind: string;
  sender: ArchivePerson;
  parts: { text: string; hit?: boolean }[];
  recalled_at: string | null;
}

export interface ArchiveResult {
  items: ArchiveHit[];
  next: string;
  /** On the first page alone. */
  total: number | null;
  capped: boolean;
  took_ms: number;
}

export interface ArchiveMessage {
  id: number;
  at: string;
  kind: string;
  sender: ArchivePerson;
  body: string;
  link?: string;
  recalled_at: string | null;
  files: { n: number; name: string; size: number; state: ArchiveFileState }[];
  /** It holds more than its text and files. */
  more: boolean;
}

export interface ArchiveStretch {
  chat: ArchiveChat;
  /** Of the customer, in a single chat; null if nothing was ever said. */
  consent: ConsentState | null;
  consent_since: string | null;
  items: ArchiveMessage[];
  before: boolean;
  after: boolean;
}

export interface ArchiveRaw {
  kind: string;
  msg_id: string;
  body: string;
  rest: unknown;
}

export interface ArchiveConsent {
  customer: ArchivePerson;
  place: ArchivePlace;
  staff: ArchivePerson | null;
  group_id: number | null;
  group: string;
  state: ConsentState;
  since: string | null;
  source: "callback" | "message" | "check";
  checked_at: string | null;
}

export interface ArchiveSeat {
  staff_id: number;
  name: string;
  userid: string;
  active: boolean;
  since: string | null;
}

export interface ArchiveCoverage {
  /** Null while it is not known who has a seat. */
  asked_at: string | null;
  seated: ArchiveSeat[];
  unseated: ArchiveSeat[];
}

export interface ArchiveSettings {
  retention_months: number;
  fetch_media: boolean;
  media_max_mb: number;
}

export interface ArchiveState {
  enabled: boolean;
  address: string;
  can_ask: boolean;
  position: number;
  messages: number;
  duplicates: number;
  switches: number;
  strange: number;
  pulled_at: string | null;
  caught_up_at: string | null;
  last_at: string | null;
  failures: number;
  failed_at: string | null;
  problem: { code: string; message: string } | null;
  seats_at: string | null;
  checked_at: string | null;
  ask_problem: { code: string; message: string } | null;
  months: { month: string; messages: number | null; bytes: number }[];
  gaps: { from: string; to: string; at_most: number | null; found_at: string }[];
  files_wanted: number;
  settings: ArchiveSettings;
}

// Staff pages

export interface StaffMe {
  staff: { id: number; name: string; userid: string; store_name: string | null };
  corp_name: string;
  now: string;
}

export interface StaffTask {
  id: number;
  kind: "mass_single" | "mass_group" | "sidebar_single" | "sidebar_group" | "confirm";
  title: string;
  why: string;
  due_at: string;
  window_end: string;
  text: string;
  attachments: { type: string; title: string; url: string; file_id?: number }[];
  recipients: number;
  recipient_names: string[];
  target: { external_userid?: string; chat_id?: string } | null;
  /** The rows of a list that is worked through by hand. */
  people:
    | { customer_id?: number; group_id?: number; name: string; external_userid?: string; chat_id?: string }[]
    | null;
  state: string;
  how: "confirm_in_wecom" | "send_here";
  minutes: number;
}

export interface StaffToday {
  tasks: StaffTask[];
  done: number;
  due: number;
}

export type SkipReason = "customer_asked" | "already_talked" | "not_suitable" | "off_duty" | "other";

/** What a page needs to register with the WeCom client; both signatures share nonce and time. */
export interface JSSDK {
  corp_id: string;
  agent_id: number;
  timestamp: number;
  nonce: string;
  config_signature: string;
  agent_signature: string;
}

export interface StaffCode {
  url: string;
  qr_svg_url: string;
  adds_today: number | null;
}

// Customer pages

export interface Landing {
  kind: CodeKind;
  name: string;
  brand: string;
  store: ShopWindow | null;
  qr: string | null;
  qr_svg: string | null;
  /** Why it is not the code's own door. */
  fallback: { reason: "other_door" | "pick_store" | "ask_in_store"; note: string } | null;
  privacy: string;
}

/** What a store shows to everybody. */
export interface ShopWindow {
  id: number;
  name: string;
  address: string;
  open: boolean;
  open_time: string;
  close_time: string;
}

export interface NearStore extends ShopWindow {
  city: string;
  distance_m: number | null;
}

export interface ChosenStore {
  store: ShopWindow;
  staff_qr: string | null;
  staff_qr_svg: string | null;
  group_qr: string | null;
  group_qr_svg: string | null;
  note: string;
}

export type CheckState = "ok" | "warn" | "fail" | "unknown" | "skipped";
export type CheckArea = "wecom" | "callback" | "server";

/** What one check of the doctor found, in the reader's language. */
export interface Finding {
  id: string;
  area: CheckArea;
  state: CheckState;
  title: string;
  found: string;
  fix: string;
  says: string;
  /** Where the manual says more. */
  doc: string;
  took_ms: number;
  checked_at?: string;
  since?: string;
  /** It failed when the initial setup was finished, and never passed since. */
  from_setup?: boolean;
}

export interface CheckChange {
  id: number;
  check: string;
  title: string;
  at: string;
  before: CheckState;
  state: CheckState;
  found: string;
}

export interface DoctorReport {
  checked_at: string | null;
  state: CheckState;
  items: Finding[];
  changes: CheckChange[];
}

export interface Findings {
  state: CheckState;
  items: Finding[];
}

/** A small text file at the root of our address, by which WeCom makes sure that the domain is ours. */
export interface ProofFile {
  name: string;
  text: string;
}

export type SetupStep = "brand" | "corp" | "callback" | "contact" | "domain" | "health";

/** The first run as far as it has come. */
export interface Setup {
  open: boolean;
  entered: boolean;
  brand: string;
  owner_name: string;
  email: string;
  has_password: boolean;
  corp_id: string;
  agent_id: number;
  app_name: string;
  has_secret: boolean;
  wecom_base_url: string;
  authorize_url: string;
  public_url: string;
  suggested_url: string;
  callback_url: string;
  callback_token: string;
  encoding_aes_key: string;
  knock: { state: "none" | "ok" | "refused"; at: string | null; message: string };
  files: ProofFile[];
  missing: string;
}

export interface WeComSettings {
  corp_id: string;
  agent_id: number;
  brand: string;
  wecom_base_url: string;
  public_url: string;
  callback_url: string;
  rotating: boolean;
  contacts_secret: boolean;
  archive_secret: boolean;
  files: ProofFile[];
}

export interface SettingsChange {
  saved: boolean;
  items: Finding[];
}

export interface CallbackKeys {
  token: string;
  encoding_aes_key: string;
  next: boolean;
}
