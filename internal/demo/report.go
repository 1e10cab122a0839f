package demo

import (
	"context"
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/clock"
	"qunce/internal/pg"
	"qunce/internal/wecom/sim"
)

// Report says what a run brought and whether the books balance.
type Report struct {
	From       time.Time        `json:"from"`
	To         time.Time        `json:"to"`
	WallS      float64          `json:"wall_s"`
	Stores     int              `json:"stores"`
	People     int              `json:"people"`
	Balanced   bool             `json:"balanced"`
	BeforeSync Books            `json:"books_before_sync"`
	Books      Books            `json:"books"`
	Scans      int64            `json:"scans"`
	Adds       int64            `json:"adds"`
	Joins      int64            `json:"joins"`
	Exits      int64            `json:"exits"`
	DeadEnds   int64            `json:"dead_ends"`
	Callbacks  int64            `json:"callbacks"`
	Welcomes   Welcomes         `json:"welcomes"`
	SOP        map[string]int64 `json:"sop_steps"`
	MassSends  MassSends        `json:"mass_sends"`
	Touches    map[string]int64 `json:"touches"` // "allow", "defer:reason", "refuse:reason"
	Orders     Orders           `json:"orders"`
	Imports    []ImportLine     `json:"imports"`
}

// Welcomes sums the welcomes; latencies are wall milliseconds from the callback's receipt to WeCom's answer.
type Welcomes struct {
	Due     int64    `json:"due"`
	Sent    int64    `json:"sent"`
	Failed  int64    `json:"failed"`
	P50MS   *float64 `json:"p50_ms"`
	P99MS   *float64 `json:"p99_ms"`
	MaxMS   *float64 `json:"max_ms"`
	Over20s int64    `json:"over_20s"`
}

// MassSends sums mass-send tasks and their recipients.
type MassSends struct {
	Created   int64 `json:"created"`
	Confirmed int64 `json:"confirmed"`
	Delivered int64 `json:"delivered"`
	NotFriend int64 `json:"not_friend"`
	OverCap   int64 `json:"over_cap"`
}

// Orders sums orders placed within the run.
type Orders struct {
	Placed        int64 `json:"placed"`
	NetFen        int64 `json:"net_fen"`
	FirstByCode   int64 `json:"first_by_code"`
	Attributed    int64 `json:"attributed"`
	AttributedFen int64 `json:"attributed_fen"`
}

// ImportLine is what became of one file.
type ImportLine struct {
	Kind      string `json:"kind"`
	File      string `json:"file"`
	Rows      int64  `json:"rows"`
	Created   int64  `json:"created"`
	Unchanged int64  `json:"unchanged"`
	Skipped   int64  `json:"skipped"`
	Warnings  int64  `json:"warnings"`
	Errors    int64  `json:"errors"`
}

// figures reads what the platform counted.
func figures(ctx context.Context, db *pg.DB, t sim.Truth, from, to time.Time) (Report, error) {
	r := Report{From: from, To: to, Scans: t.Counts.Scans, Adds: t.Counts.Adds, Joins: t.Counts.Joins, Exits: t.Counts.Exits,
		DeadEnds: t.Counts.DeadEnds, Callbacks: t.Counts.CallbacksSent, SOP: map[string]int64{}, Touches: map[string]int64{}}
	r.MassSends.Confirmed = t.Counts.MassConfirmed
	// Whoever agrees to the chat archive gets a welcome code anew, and the one before is worth nothing: one of the two counts.
	err := db.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state IN ('failed','not_possible')),
		percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms), percentile_cont(0.99) WITHIN GROUP (ORDER BY latency_ms), max(latency_ms)::float8,
		count(*) FILTER (WHERE latency_ms > 20000) FROM livecode_welcome w WHERE reason <> 'consent' AND NOT (state = 'not_possible' AND EXISTS
			(SELECT FROM livecode_welcome n WHERE n.customer_id = w.customer_id AND n.staff_id = w.staff_id AND n.state = 'sent' AND n.at >= w.at))`).
		Scan(&r.Welcomes.Due, &r.Welcomes.Sent, &r.Welcomes.Failed, &r.Welcomes.P50MS, &r.Welcomes.P99MS, &r.Welcomes.MaxMS, &r.Welcomes.Over20s)
	if err != nil {
		return r, fmt.Errorf("sum welcomes: %w", err)
	}
	if err := tally(ctx, db, r.SOP, `SELECT state, count(*) FROM (SELECT state FROM sop_customer_due WHERE due_at <= $1 UNION ALL SELECT state FROM sop_group_due WHERE due_at <= $1) x GROUP BY 1`, to); err != nil {
		return r, err
	}
	if err := tally(ctx, db, r.Touches, `SELECT decision || CASE WHEN reason = '' THEN '' ELSE ':' || reason END, count(*)
		FROM (SELECT decision, reason FROM touch_customer UNION ALL SELECT decision, reason FROM touch_group) x GROUP BY 1`); err != nil {
		return r, err
	}
	err = db.QueryRow(ctx, `SELECT (SELECT count(*) FROM send_send WHERE msgid <> ''), count(*) FILTER (WHERE status = 'delivered'),
		count(*) FILTER (WHERE status = 'not_friend'), count(*) FILTER (WHERE status = 'over_cap') FROM send_recipient`).
		Scan(&r.MassSends.Created, &r.MassSends.Delivered, &r.MassSends.NotFriend, &r.MassSends.OverCap)
	if err != nil {
		return r, fmt.Errorf("sum mass sends: %w", err)
	}
	err = db.QueryRow(ctx, `SELECT count(*), coalesce(sum(net_fen), 0), count(*) FILTER (WHERE attributed_code_id <> 0), coalesce(sum(net_fen) FILTER (WHERE attributed_code_id <> 0), 0),
		(SELECT count(*) FROM livecode_attribution WHERE step = 'first_order') FROM order_order WHERE placed_at > $1 AND placed_at <= $2`, from, to).
		Scan(&r.Orders.Placed, &r.Orders.NetFen, &r.Orders.Attributed, &r.Orders.AttributedFen, &r.Orders.FirstByCode)
	if err != nil {
		return r, fmt.Errorf("sum orders: %w", err)
	}
	rows, err := db.Query(ctx, `SELECT kind, file_name, rows, created, unchanged, skipped, warnings, errors FROM intake_import ORDER BY id`)
	if err != nil {
		return r, fmt.Errorf("sum imports: %w", err)
	}
	r.Imports, err = pgx.CollectRows(rows, pgx.RowToStructByPos[ImportLine])
	return r, err
}

func tally(ctx context.Context, db *pg.DB, into map[string]int64, sql string, args ...any) error {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("tally: %w", err)
	}
	var k string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&k, &n}, func() error { into[k] = n; return nil })
	return err
}

// Print writes the report for people.
func (r Report) Print(w io.Writer) {
	verdict := "账目平衡 books balance"
	if !r.Balanced {
		verdict = "账目不平 BOOKS DO NOT BALANCE"
	}
	fmt.Fprintf(w, "%s\n%s → %s, %.0f s wall, %d stores, %d people\n", verdict, r.From.In(clock.Shanghai).Format("2006-01-02 15:04"), r.To.In(clock.Shanghai).Format("2006-01-02 15:04"), r.WallS, r.Stores, r.People)
	line := func(name string, before, after Balance) {
		fmt.Fprintf(w, "  %-9s truth %7d  held %7d  lost %d  doubled %d   (before sync: lost %d doubled %d)\n", name, after.Truth, after.Held, after.Lost, after.Doubled, before.Lost, before.Doubled)
	}
	line("friends", r.BeforeSync.Friends, r.Books.Friends)
	line("one-way", r.BeforeSync.OneWay, r.Books.OneWay)
	line("members", r.BeforeSync.Members, r.Books.Members)
	line("tags", r.BeforeSync.Tags, r.Books.Tags)
	line("messages", r.BeforeSync.Messages, r.Books.Messages)
	line("welcomes", r.BeforeSync.Welcomes, r.Books.Welcomes)
	line("sends", r.BeforeSync.Sends, r.Books.Sends)
	line("codes", r.BeforeSync.Codes, r.Books.Codes)
	fmt.Fprintf(w, "  scans %d  adds %d  joins %d  exits %d  dead ends %d  callbacks %d  orphaned codes %d (at WeCom %d)\n", r.Scans, r.Adds, r.Joins, r.Exits, r.DeadEnds, r.Callbacks, r.Books.Orphans, r.Books.Unused)
	fmt.Fprintf(w, "  welcomes  due %d  sent %d  failed %d  p50 %s  p99 %s  over 20 s %d\n", r.Welcomes.Due, r.Welcomes.Sent, r.Welcomes.Failed, ms(r.Welcomes.P50MS), ms(r.Welcomes.P99MS), r.Welcomes.Over20s)
	fmt.Fprintf(w, "  SOP steps %s\n", join(r.SOP))
	fmt.Fprintf(w, "  mass sends created %d  confirmed %d  delivered %d  not friend %d  over cap %d\n", r.MassSends.Created, r.MassSends.Confirmed, r.MassSends.Delivered, r.MassSends.NotFriend, r.MassSends.OverCap)
	fmt.Fprintf(w, "  touches   %s\n", join(r.Touches))
	fmt.Fprintf(w, "  orders    placed %d (¥%.2f)  attributed %d (¥%.2f)  first orders by code %d\n", r.Orders.Placed, float64(r.Orders.NetFen)/100, r.Orders.Attributed, float64(r.Orders.AttributedFen)/100, r.Orders.FirstByCode)
	for _, i := range r.Imports {
		fmt.Fprintf(w, "  import %-8s %s: rows %d created %d unchanged %d skipped %d warnings %d errors %d\n", i.Kind, i.File, i.Rows, i.Created, i.Unchanged, i.Skipped, i.Warnings, i.Errors)
	}
}

func ms(v *float64) string {
	if v == nil {
		return "—"
	}
	return fmt.Sprintf("%.0f ms", *v)
}

func join(m map[string]int64) string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	out := ""
	for i, k := range keys {
		if i > 0 {
			out += "  "
		}
		out += fmt.Sprintf("%s %d", k, m[k])
	}
	return out
}
