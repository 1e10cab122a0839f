package touch

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/clock"
	"qunce/internal/pg"
)

// book is the ledger of one kind of subject: the two have the same columns under another key.
type book struct {
	table, locks, key string
	subject           func(Candidate) int64
}

var (
	people = book{"touch_customer", "touch_person", "customer_id", func(c Candidate) int64 { return c.CustomerID }}
	rooms  = book{"touch_group", "touch_room", "group_id", func(c Candidate) int64 { return c.GroupID }}
)

// entryKey names one entry of a book.
type entryKey struct {
	subject int64
	source  string
}

// lock makes callers decide about a subject one after the other. ids are sorted, so callers never wait in a circle.
func (b book) lock(ctx context.Context, tx pg.Tx, ids []int64, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO `+b.locks+` AS l (`+b.key+`, decided_at) SELECT i, $2 FROM unnest($1::bigint[]) AS u(i) ORDER BY i
		ON CONFLICT (`+b.key+`) DO UPDATE SET decided_at = EXCLUDED.decided_at`, ids, now)
	if err != nil {
		return fmt.Errorf("lock %s: %w", b.locks, err)
	}
	return nil
}

// earlier finds entries that were decided before under the same keys.
func (b book) earlier(ctx context.Context, q pg.Querier, list []Candidate) (map[entryKey]Decision, error) {
	subjects, keys := make([]int64, len(list)), make([]string, len(list))
	for i, c := range list {
		subjects[i], keys[i] = b.subject(c), c.SourceKey
	}
	rows, err := q.Query(ctx, `SELECT t.`+b.key+`, t.source_key, t.id, t.decision, t.reason, t.until_at FROM `+b.table+` t
		JOIN unnest($1::bigint[], $2::text[]) AS u(s, k) ON t.`+b.key+` = u.s AND t.source_key = u.k`, subjects, keys)
	if err != nil {
		return nil, fmt.Errorf("read earlier decisions: %w", err)
	}
	out := map[entryKey]Decision{}
	var k entryKey
	var d Decision
	var until *time.Time
	_, err = pgx.ForEachRow(rows, []any{&k.subject, &k.source, &d.TouchID, &d.Verdict, &d.Reason, &until}, func() error {
		d.Until = time.Time{}
		if until != nil {
			d.Until = *until
		}
		out[k] = d
		return nil
	})
	return out, err
}

// used counts what is allowed and was not given back.
func (b book) used(ctx context.Context, q pg.Querier, ids []int64, now time.Time) (map[int64]use, error) {
	today := clock.Day(now)
	month := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, today.Location())
	week, thirty := today.AddDate(0, 0, -6), today.AddDate(0, 0, -29)
	since := thirty
	if month.Before(since) {
		since = month
	}
	rows, err := q.Query(ctx, `SELECT `+b.key+`,
			count(*) FILTER (WHERE quota AND day >= $2::date), count(*) FILTER (WHERE quota AND day >= $3::date), count(*) FILTER (WHERE quota AND day >= $4::date),
			count(*) FILTER (WHERE promo AND day >= $5::date), count(*) FILTER (WHERE promo AND day >= $3::date), count(*) FILTER (WHERE promo AND day >= $4::date),
			count(*) FILTER (WHERE day >= $4::date), count(*) FILTER (WHERE day >= $3::date)
		FROM `+b.table+` WHERE `+b.key+` = ANY($1) AND day >= $6::date AND decision = 'allow' AND outcome IN ('pending','delivered')
		GROUP BY `+b.key, ids, month, week, today, thirty, since)
	if err != nil {
		return nil, fmt.Errorf("count touches: %w", err)
	}
	out := map[int64]use{}
	var subject int64
	var u use
	_, err = pgx.ForEachRow(rows, []any{&subject, &u.QuotaMonth, &u.QuotaWeek, &u.QuotaDay, &u.PromoMonth, &u.PromoWeek, &u.PromoDay,
		&u.PostsDay, &u.PostsWeek}, func() error { out[subject] = u; return nil })
	return out, err
}

func (b book) insert(ctx context.Context, tx pg.Tx, list []Decision, now time.Time) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	subjects, ids, staff, causes := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	channels, purposes, verdicts, reasons := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	sources, keys := make([]string, n), make([]string, n)
	promo, quota, until := make([]bool, n), make([]bool, n), make([]*time.Time, n)
	for i, d := range list {
		subjects[i], ids[i], staff[i], causes[i] = b.subject(d.Candidate), d.TouchID, d.StaffID, d.CauseID
		channels[i], purposes[i], verdicts[i], reasons[i] = d.Channel, d.Purpose, d.Verdict, d.Reason
		sources[i], keys[i], promo[i], quota[i], until[i] = d.Source, d.SourceKey, d.Promo, d.Quota, orNil(d.Until)
	}
	_, err := tx.Exec(ctx, `INSERT INTO `+b.table+` (`+b.key+`, id, at, day, channel, purpose, promo, quota, decision, reason, until_at, staff_id, source, source_key, cause_id)
		SELECT s, i, $14, $15::date, ch, pu, pr, qu, de, re, un, st, so, k, ca FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bool[], $6::bool[],
			$7::text[], $8::text[], $9::timestamptz[], $10::bigint[], $11::text[], $12::text[], $13::bigint[]) AS u(s, i, ch, pu, pr, qu, de, re, un, st, so, k, ca)`,
		subjects, ids, channels, purposes, promo, quota, verdicts, reasons, until, staff, sources, keys, causes, now, clock.Day(now))
	if err != nil {
		return fmt.Errorf("keep decisions: %w", err)
	}
	return nil
}

// update writes the new decision over a deferred one.
func (b book) update(ctx context.Context, tx pg.Tx, list []Decision, now time.Time) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	subjects, ids, verdicts, reasons, until := make([]int64, n), make([]int64, n), make([]string, n), make([]string, n), make([]*time.Time, n)
	for i, d := range list {
		subjects[i], ids[i], verdicts[i], reasons[i], until[i] = b.subject(d.Candidate), d.TouchID, d.Verdict, d.Reason, orNil(d.Until)
	}
	_, err := tx.Exec(ctx, `UPDATE `+b.table+` t SET at = $6, day = $7::date, decision = u.de, reason = u.re, until_at = u.un
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[]) AS u(s, i, de, re, un)
		WHERE t.`+b.key+` = u.s AND t.id = u.i`, subjects, ids, verdicts, reasons, until, now, clock.Day(now))
	if err != nil {
		return fmt.Errorf("keep decisions: %w", err)
	}
	return nil
}

// settle writes outcomes. A delivery moves the touch to the day it really happened on, as WeCom counts it.
func (b book) settle(ctx context.Context, tx pg.Tx, list []Outcome) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	subjects, ids, outcomes, days := make([]int64, n), make([]int64, n), make([]string, n), make([]*time.Time, n)
	for i, o := range list {
		subjects[i], ids[i], outcomes[i] = o.CustomerID+o.GroupID, o.TouchID, o.Outcome
		if o.Outcome == Delivered && !o.At.IsZero() {
			day := clock.Day(o.At)
			days[i] = &day
		}
	}
	_, err := tx.Exec(ctx, `UPDATE `+b.table+` t SET outcome = u.o, day = coalesce(u.d, t.day)
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::date[]) AS u(s, i, o, d)
		WHERE t.`+b.key+` = u.s AND t.id = u.i AND t.decision = 'allow' AND t.outcome <> u.o
			AND (t.outcome = 'pending' OR u.o = 'delivered')`, subjects, ids, outcomes, days)
	if err != nil {
		return fmt.Errorf("settle touches: %w", err)
	}
	return nil
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
