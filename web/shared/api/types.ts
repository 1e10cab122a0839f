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
  lag_ms: number;
}

export interface TodayAlert {
  kind: string;
  severity: "info" | "warn" | "error";
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
  parent_id: number | null;
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
  lat: number | null;
  lng: number | null;
  open_time: string;
  close_time: string;
  staff_count: number;
  department_id: number | null;
  department_name: string | null;
  group_count: number;
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
  store_id: number | null;
  store_name: string | null;
  is_leader: boolean;
  customers: number;
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
  started_at: string | null;
  finished_at: string | null;
  by: string;
}

export interface ImportDetail extends ImportRun {
  mapping: { key: string; header: string }[];
  unmapped: string[];
  progress: number;
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
  tags: Ref[];
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
  gender: string;
  identities: { kind: string; value: string }[];
  relations: {
    staff_id: number;
    staff_name: string;
    store_id: number | null;
    store_name: string | null;
    state: RelationState;
    added_at: string;
    ended_at: string | null;
    add_way: string;
    channel: { code_id: number; name: string } | null;
    tags: Ref[];
    remark: string;
  }[];
  groups: {
    group_id: number;
    name: string;
    joined_at: string;
    left_at: string | null;
    join_scene: string;
    code_name: string | null;
  }[];
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
}

export interface TimelineItem {
  id: number;
  at: string;
  kind: string;
  title: string;
  detail: string;
  actor: string;
  cause_id: number | null;
  params: Record<string, unknown>;
}

export interface CustomerOrder {
  id: number;
  order_no: string;
  placed_at: string;
  store_name: string | null;
  net_fen: number;
  lines: number;
  state: "paid" | "refunded";
}

export interface TagGroup {
  group_id: number;
  group_name: string;
  tags: { id: number; name: string; used: number }[];
}

export interface Group {
  id: number;
  chat_id: string;
  name: string;
  store_id: number | null;
  store_name: string | null;
  owner_name: string;
  members: number;
  customers: number;
  capacity: number;
  joins_7d: number;
  exits_7d: number;
  created_at: string;
  status: "normal" | "owner_left" | "dissolved";
  health: { score: number | null; state: MetricState; reasons: string[] };
}

export interface GroupDetail extends Group {
  join_code: { id: number; name: string } | null;
  friends_share: Metric;
  exit_24h: Metric;
  retention_d7: Metric;
  sop: { run_id: number; plan_name: string; version: number; day: number; state: string }[];
}

export interface GroupMember {
  member_id: string;
  name: string;
  type: "staff" | "customer" | "stranger";
  customer_id: number | null;
  joined_at: string;
  left_at: string | null;
  join_scene: string;
  invitor: string | null;
  code_name: string | null;
  is_owner: boolean;
  is_admin: boolean;
}

export interface GroupChange {
  at: string;
  kind: "join" | "exit" | "owner" | "name" | "notice";
  name: string;
  how: string;
  by: string | null;
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

export interface CodeDetail extends Code {
  staff: Ref[];
  groups: { id: number; name: string; members: number; capacity: number }[];
  tags: Ref[];
  welcome: { text: string; attachments: { type: string; title: string; url: string }[] } | null;
  funnel: { step: string; people: number | null; rate: number | null }[];
  daily: { date: string; scans: number; adds: number; joins: number; first_orders: number }[];
  next_group_ready: boolean;
}

export interface CodeInput {
  kind: CodeKind;
  name: string;
  channel: CodeChannel;
  store_id?: number;
  staff_ids?: number[];
  group_ids?: number[];
  tag_ids?: number[];
  welcome_text?: string;
  offer_group: boolean;
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
  due: number;
  done: number;
  late: number;
  refused: { reason: string; count: number }[];
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
  window_end: string | null;
  state: "open" | "done" | "late" | "skipped";
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
  staff_name: string | null;
  source: string;
  cause_id: number | null;
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
  state: "paid" | "refunded";
  attributed_to: { code_id: number; name: string } | null;
}

export interface Health {
  items: { name: string; state: "ok" | "warn" | "down"; detail: string }[];
  queues: { lane: string; waiting: number; oldest_ms: number; done_1h: number }[];
  wecom: { api: { name: string; calls_1h: number; errors_1h: number; limited_until: string | null }[] };
}

export type CallbackState = "new" | "done" | "failed" | "refused";

export interface Callback {
  id: number;
  received_at: string;
  corp_at: string;
  kind: string;
  entity: string;
  state: CallbackState;
  attempts: number;
  error: string | null;
  took_ms: number | null;
}

export interface CallbackDetail extends Callback {
  body: string;
  effects: { kind: string; title: string; at: string }[];
  calls: OutboxCall[];
}

export type OutboxState = "planned" | "calling" | "done" | "unknown" | "failed";

export interface OutboxCall {
  id: number;
  kind: string;
  class: "repeatable" | "findable" | "unfindable";
  state: OutboxState;
  attempts: number;
  due_at: string;
  error: string | null;
  summary: string;
}

export interface SyncRun {
  id: number;
  kind: string;
  state: string;
  started_at: string;
  finished_at: string | null;
  remote: number | null;
  local_before: number | null;
  repaired: number | null;
  missing: number | null;
  extra: number | null;
  progress: number;
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
  detail: string;
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
  window_end: string | null;
  text: string;
  attachments: { type: string; title: string; url: string }[];
  recipients: number;
  recipient_names: string[];
  target: { external_userid?: string; chat_id?: string } | null;
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
  store: { name: string; address: string; open: boolean | string } | null;
  qr: string | null;
  qr_svg: string | null;
  fallback: { kind?: string; text?: string; qr?: string | null; qr_svg?: string | null } | null;
  privacy: string;
}

export interface NearStore {
  id: number;
  name: string;
  address: string;
  distance_m: number | null;
  open: boolean;
  open_time: string;
  close_time: string;
}

export interface ChosenStore {
  store: { id?: number; name: string; address: string };
  staff_qr: string | null;
  staff_qr_svg: string | null;
  group_qr: string | null;
  group_qr_svg: string | null;
  note: string;
}
