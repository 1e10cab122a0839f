package analytics

import (
	"context"
	"fmt"
	"time"

	"qunce/internal/i18n"
	"qunce/internal/pg"
)

// Alert is something that somebody should look at. Severity is "error" when customers feel it, else "warning". Link is a
// path of the console.
type Alert struct {
	Kind     string `json:"kind"`
	Severity string `json:"severity"`
	Count    int64  `json:"count"`
	Title    string `json:"title"`
	Link     string `json:"link"`
}

type alarm struct {
	kind, severity, link string
	zh, en               string // with %d
	wholeCorp            bool   // only for those who see the whole corp
	sql                  string // $1 stores or NULL, $2 staff or 0, $3 the corp's now, $4 midnight of its day
}

// scoped is the filter of tables that carry both columns.
const scoped = `($1::bigint[] IS NULL OR store_id = ANY($1)) AND ($2::bigint = 0 OR staff_id = $2) AND $3::timestamptz >= $4::timestamptz`

// whole takes the arguments a query does not need.
const whole = `$1::bigint[] IS NULL AND $2::bigint = 0 AND $3::timestamptz >= $4::timestamptz`

func alarms() []alarm {
	return []alarm{
		{kind: "code_failed", severity: "error", link: "/codes?status=failed", zh: "%d 个活码没有建成，扫码的人会被引到别的码", en: "%d live codes could not be made",
			sql: `SELECT count(*) FROM livecode_code WHERE status = 'failed' AND ($1::bigint[] IS NULL OR store_id = ANY($1))
				AND ($2::bigint = 0 OR staff_ids @> ARRAY[$2::bigint]) AND $3::timestamptz >= $4::timestamptz`},
		{kind: "code_behind", severity: "warning", link: "/codes", zh: "%d 个活码的最近一次修改没有同步到企业微信", en: "%d live codes have changes that did not reach WeCom",
			sql: `SELECT count(*) FROM livecode_code WHERE status = 'active' AND status_reason <> '' AND ($1::bigint[] IS NULL OR store_id = ANY($1))
				AND ($2::bigint = 0 OR staff_ids @> ARRAY[$2::bigint]) AND $3::timestamptz >= $4::timestamptz`},
		{kind: "store_without_code", severity: "warning", link: "/stores", wholeCorp: true, zh: "%d 家营业门店还没有可用的活码", en: "%d open stores have no usable live code",
			sql: `SELECT count(*) FROM directory_store s WHERE s.status = 'open' AND ` + whole + ` AND NOT EXISTS (SELECT FROM livecode_code c
				WHERE c.store_id = s.id AND c.status = 'active' AND c.qr <> '')`},
		{kind: "group_ownerless", severity: "error", link: "/groups?status=owner_left", zh: "%d 个群的群主已离职，群发和群公告都发不出", en: "%d groups have lost their owner",
			sql: `SELECT count(*) FROM group_group WHERE status = 'owner_left' AND ($1::bigint[] IS NULL OR store_id = ANY($1))
				AND ($2::bigint = 0 OR owner_staff_id = $2) AND $3::timestamptz >= $4::timestamptz`},
		{kind: "task_overdue", severity: "warning", link: "/tasks?state=open", zh: "%d 个任务已过时间窗还没有做", en: "%d tasks are past their window",
			sql: `SELECT count(*) FROM task_task WHERE state = 'open' AND window_end < $3 AND window_end >= $4::timestamptz - interval '7 days'
				AND ($1::bigint[] IS NULL OR store_id = ANY($1)) AND ($2::bigint = 0 OR staff_id = $2)`},
		{kind: "task_missed", severity: "warning", link: "/tasks?state=late", zh: "今天有 %d 个任务没有人做", en: "%d tasks were missed today",
			sql: `SELECT count(*) FROM task_task WHERE state = 'missed' AND day = ($4::timestamptz + interval '12 hours')::date AND ` + scoped},
		{kind: "welcome_missed", severity: "error", link: "/system/outbox?state=failed", zh: "今天有 %d 条欢迎语没有在 20 秒内发出", en: "%d welcomes did not go out in time today",
			sql: `SELECT count(*) FROM livecode_welcome w JOIN directory_staff st ON st.id = w.staff_id WHERE w.at >= $4 AND w.at <= $3
				AND (w.state = 'failed' OR w.reason = 'expired') AND ($1::bigint[] IS NULL OR st.store_id = ANY($1)) AND ($2::bigint = 0 OR w.staff_id = $2)`},
		{kind: "callback_failed", severity: "error", link: "/system/callbacks?state=failed", wholeCorp: true, zh: "%d 条企业微信回调处理失败", en: "%d callbacks could not be handled",
			sql: `SELECT count(*) FROM inbox_event WHERE state = 'failed' AND ` + whole},
		{kind: "call_failed", severity: "warning", link: "/system/outbox?state=failed", wholeCorp: true, zh: "最近一天有 %d 次企业微信调用失败", en: "%d calls to WeCom failed in the last day",
			// Calls carry wall times, which the corp's clock says nothing about: the last day is that before the latest call.
			sql: `SELECT count(*) FROM outbox_call WHERE state = 'failed' AND kind <> 'send_welcome_msg'
				AND created_at >= (SELECT max(created_at) FROM outbox_call) - interval '1 day' AND ` + whole},
		{kind: "import_errors", severity: "warning", link: "/imports", wholeCorp: true, zh: "最近有 %d 次导入出错或有错误行", en: "%d recent imports failed or had bad rows",
			sql: `SELECT count(*) FROM intake_import WHERE (state = 'failed' OR errors > 0) AND created_at >= $4::timestamptz - interval '1 day' AND ` + whole},
		{kind: "sync_failed", severity: "error", link: "/system/sync", wholeCorp: true, zh: "最近一次与企业微信的对账失败了", en: "the last sync with WeCom failed",
			sql: `SELECT count(*) FROM (SELECT state FROM sync_run ORDER BY started_at DESC, id DESC LIMIT 1) latest WHERE state = 'failed' AND ` + whole},
		{kind: "sync_paused", severity: "warning", link: "/system/sync", wholeCorp: true, zh: "%d 次与企业微信的同步被暂停了，还没有继续", en: "%d syncs with WeCom are paused",
			sql: `SELECT count(*) FROM sync_run WHERE state = 'paused' AND ` + whole},
		{kind: "sync_differs", severity: "warning", link: "/system/sync", wholeCorp: true, zh: "最近一次同步之后，仍有 %d 类数据与企业微信不同", en: "%d kinds of data still differ from WeCom after the last sync",
			sql: `SELECT coalesce(sum(jsonb_array_length(coalesce(result->'differs', '[]'))), 0)::bigint
				FROM (SELECT result FROM sync_run WHERE state = 'done' ORDER BY id DESC LIMIT 1) latest WHERE ` + whole},
		{kind: "way_orphaned", severity: "warning", link: "/system/health", wholeCorp: true, zh: "企业微信里可能留有 %d 个没人用的进群码（无害）", en: "%d unused join ways may remain at WeCom (harmless)",
			sql: `SELECT count(*) FROM livecode_orphan WHERE ` + whole},
	}
}

// Alerts lists what needs somebody, within the caller's scope; nothing is said about what is in order.
func (s *Service) alerts(ctx context.Context, x span, lang i18n.Lang) ([]Alert, error) {
	midnight := x.day(x.days - 1)
	if midnight.After(x.now) {
		return []Alert{}, nil
	}
	out := []Alert{}
	for _, a := range alarms() {
		if a.wholeCorp && !x.wholeCorp() {
			continue
		}
		n, err := countAlarm(ctx, s.DB, a, x, midnight)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			continue
		}
		text := a.zh
		if lang == i18n.English {
			text = a.en
		}
		if a.kind != "sync_failed" {
			text = fmt.Sprintf(text, n)
		}
		out = append(out, Alert{Kind: a.kind, Severity: a.severity, Count: n, Title: text, Link: a.link})
	}
	return out, nil
}

func countAlarm(ctx context.Context, q pg.Querier, a alarm, x span, midnight time.Time) (n int64, err error) {
	if err := q.QueryRow(ctx, a.sql, x.stores, x.staff, x.now, midnight).Scan(&n); err != nil {
		return 0, fmt.Errorf("alert %s: %w", a.kind, err)
	}
	return n, nil
}
