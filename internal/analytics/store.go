package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// The arguments of a span: $1 from, $2 to, $3 stores or NULL, $4 staff or 0.
const (
	dayOf   = `floor(extract(epoch FROM at - $1::timestamptz) / 86400)::int`
	inScope = `($3::bigint[] IS NULL OR store_id = ANY($3)) AND ($4::bigint = 0 OR staff_id = $4)`
)

// startedAt is when the corp's clock was started; zero when it never was.
func startedAt(ctx context.Context, q pg.Querier) (at time.Time, err error) {
	err = q.QueryRow(ctx, `SELECT started_at FROM corp_clock WHERE id = 1`).Scan(&at)
	if pg.IsNoRows(err) {
		return time.Time{}, nil
	}
	return at, err
}

func anyScan(ctx context.Context, q pg.Querier) (seen bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM livecode_scan)`).Scan(&seen)
	return seen, err
}

func scansByDay(ctx context.Context, q pg.Querier, x span) ([]int64, error) {
	out := make([]int64, x.days)
	rows, err := q.Query(ctx, `SELECT `+dayOf+` AS d, count(*) FROM livecode_scan s WHERE at >= $1 AND at < $2
		AND (($3::bigint[] IS NULL AND $4::bigint = 0) OR s.code_id IN (SELECT id FROM livecode_code
			WHERE ($3::bigint[] IS NULL OR store_id = ANY($3)) AND ($4::bigint = 0 OR staff_ids @> ARRAY[$4::bigint]))) GROUP BY d`, x.args()...)
	return out, into(rows, err, "scans", func(d int, n int64) { out[d] = n })
}

// into reads (day, number) rows.
func into(rows pgx.Rows, err error, what string, set func(d int, n int64)) error {
	if err != nil {
		return fmt.Errorf("%s by day: %w", what, err)
	}
	var d int
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&d, &n}, func() error { set(d, n); return nil }); err != nil {
		return fmt.Errorf("%s by day: %w", what, err)
	}
	return nil
}

type eventDays struct{ added, lost, joined, left []int64 }

func eventsByDay(ctx context.Context, q pg.Querier, x span) (eventDays, error) {
	e := eventDays{make([]int64, x.days), make([]int64, x.days), make([]int64, x.days), make([]int64, x.days)}
	for kind, to := range map[string][]int64{"customer.added": e.added, "customer.ended": e.lost, "group.joined": e.joined, "group.left": e.left} {
		rows, err := q.Query(ctx, `SELECT `+dayOf+` AS d, count(*) FROM event_event WHERE kind = $5 AND at >= $1 AND at < $2 AND `+inScope+`
			AND ($5 <> 'customer.ended' OR data->>'by' = 'customer') GROUP BY d`, x.args(kind)...)
		if err := into(rows, err, kind, func(d int, n int64) { to[d] = n }); err != nil {
			return e, err
		}
	}
	return e, nil
}

// membersNow counts the external members of the living groups of a scope, one row a stay.
func membersNow(ctx context.Context, q pg.Querier, x span) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(sum(customers), 0) FROM group_group WHERE status <> 'dissolved'
		AND ($1::bigint[] IS NULL OR store_id = ANY($1)) AND ($2::bigint = 0 OR owner_staff_id = $2)`, x.stores, x.staff).Scan(&n)
	return n, err
}

type moves struct{ joined, left int64 }

// eventsSince counts what came and went after the span's end.
func eventsSince(ctx context.Context, q pg.Querier, x span) (m moves, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FILTER (WHERE kind = 'group.joined'), count(*) FILTER (WHERE kind = 'group.left')
		FROM event_event WHERE kind IN ('group.joined', 'group.left') AND at >= $2 AND $1::timestamptz IS NOT NULL AND `+inScope, x.args()...).Scan(&m.joined, &m.left)
	return m, err
}

type welcomeDays struct {
	eligible, inTime []int64
	p50, p99         []*float64
}

// welcomesByDay leaves out of the eligible those that the ledger refused and those that somebody else had welcomed: only
// what we were to send and could be late with counts.
func welcomesByDay(ctx context.Context, q pg.Querier, x span) (welcomeDays, error) {
	w := welcomeDays{make([]int64, x.days), make([]int64, x.days), make([]*float64, x.days), make([]*float64, x.days)}
	rows, err := q.Query(ctx, `SELECT `+dayOf+` AS d, count(*), count(*) FILTER (WHERE w.state = 'sent' AND w.latency_ms <= 20000),
			percentile_disc(0.5) WITHIN GROUP (ORDER BY w.latency_ms)::float8, percentile_disc(0.99) WITHIN GROUP (ORDER BY w.latency_ms)::float8
		FROM livecode_welcome w LEFT JOIN directory_staff st ON st.id = w.staff_id
		WHERE w.at >= $1 AND w.at < $2 AND w.reason <> 'already' AND (w.state <> 'not_possible' OR w.reason = 'expired')
			AND ($3::bigint[] IS NULL OR st.store_id = ANY($3)) AND ($4::bigint = 0 OR w.staff_id = $4) GROUP BY d`, x.args()...)
	if err != nil {
		return w, fmt.Errorf("welcomes by day: %w", err)
	}
	var d int
	var eligible, inTime int64
	var p50, p99 *float64
	_, err = pgx.ForEachRow(rows, []any{&d, &eligible, &inTime, &p50, &p99}, func() error {
		w.eligible[d], w.inTime[d], w.p50[d], w.p99[d] = eligible, inTime, p50, p99
		return nil
	})
	return w, err
}

// sendsByDay counts mass sends handed to staff and those they confirmed; one send is one member's task at WeCom.
func sendsByDay(ctx context.Context, q pg.Querier, x span) (issued, confirmed []int64, err error) {
	issued, confirmed = make([]int64, x.days), make([]int64, x.days)
	rows, err := q.Query(ctx, `SELECT floor(extract(epoch FROM s.created_at - $1::timestamptz) / 86400)::int AS d, count(*), count(s.confirmed_at)
		FROM send_send s LEFT JOIN directory_staff st ON st.id = s.staff_id
		WHERE s.created_at >= $1 AND s.created_at < $2 AND s.issued_at IS NOT NULL AND s.state <> 'cancelled'
			AND ($3::bigint[] IS NULL OR st.store_id = ANY($3)) AND ($4::bigint = 0 OR s.staff_id = $4) GROUP BY d`, x.args()...)
	return issued, confirmed, pair(rows, err, "mass sends", issued, confirmed)
}

// stepsByDay counts SOP steps that came to staff and fell due, and those that were done. What a rule refused or a run's end
// cancelled was nobody's to do.
func stepsByDay(ctx context.Context, q pg.Querier, x span) (due, done []int64, err error) {
	due, done = make([]int64, x.days), make([]int64, x.days)
	rows, err := q.Query(ctx, `SELECT (day - $5::date) AS d, sum(n)::bigint, sum(ok)::bigint FROM (
			SELECT day, count(*) AS n, count(*) FILTER (WHERE state IN ('done','late')) AS ok FROM sop_customer_due
			WHERE day >= $5::date AND day < $6::date AND state IN ('tasked','done','late','missed','skipped') AND $1::timestamptz < $2 AND `+inScope+` GROUP BY day
			UNION ALL
			SELECT day, count(*), count(*) FILTER (WHERE state IN ('done','late')) FROM sop_group_due
			WHERE day >= $5::date AND day < $6::date AND state IN ('tasked','done','late','missed','skipped') AND `+inScope+` GROUP BY day) both_kinds
		GROUP BY d`, x.args(x.date(0), x.date(x.days))...)
	return due, done, pair(rows, err, "SOP steps", due, done)
}

// pair reads (day, number, number) rows.
func pair(rows pgx.Rows, err error, what string, a, b []int64) error {
	if err != nil {
		return fmt.Errorf("%s by day: %w", what, err)
	}
	var d int
	var x, y int64
	if _, err := pgx.ForEachRow(rows, []any{&d, &x, &y}, func() error { a[d], b[d] = x, y; return nil }); err != nil {
		return fmt.Errorf("%s by day: %w", what, err)
	}
	return nil
}

// ordersReach is the time of the first and the last order; zero when there is none.
func ordersReach(ctx context.Context, q pg.Querier) (first, last time.Time, err error) {
	var a, b *time.Time
	if err := q.QueryRow(ctx, `SELECT min(placed_at), max(placed_at) FROM order_order`).Scan(&a, &b); err != nil || a == nil {
		return time.Time{}, time.Time{}, err
	}
	return *a, *b, nil
}

type orderDays struct{ gmv, attributed, linked, first []int64 }

// ordersByDay sums what was paid, refunds being negative. Linked are the orders of customers who are or were a friend of
// some member of staff. A member of staff sees the orders of their own customers.
func ordersByDay(ctx context.Context, q pg.Querier, x span) (orderDays, error) {
	o := orderDays{make([]int64, x.days), make([]int64, x.days), make([]int64, x.days), make([]int64, x.days)}
	rows, err := q.Query(ctx, `SELECT floor(extract(epoch FROM o.placed_at - $1::timestamptz) / 86400)::int AS d, sum(o.net_fen)::bigint,
			coalesce(sum(o.net_fen) FILTER (WHERE o.attributed_code_id <> 0), 0)::bigint,
			coalesce(sum(o.net_fen) FILTER (WHERE EXISTS (SELECT FROM customer_relation r WHERE r.customer_id = o.customer_id)), 0)::bigint
		FROM order_order o WHERE o.placed_at >= $1 AND o.placed_at < $2 AND o.state <> 'unpaid'
			AND ($3::bigint[] IS NULL OR o.store_id = ANY($3))
			AND ($4::bigint = 0 OR EXISTS (SELECT FROM customer_relation r WHERE r.customer_id = o.customer_id AND r.staff_id = $4)) GROUP BY d`, x.args()...)
	if err != nil {
		return o, fmt.Errorf("orders by day: %w", err)
	}
	var d int
	var gmv, attributed, linked int64
	if _, err := pgx.ForEachRow(rows, []any{&d, &gmv, &attributed, &linked}, func() error {
		o.gmv[d], o.attributed[d], o.linked[d] = gmv, attributed, linked
		return nil
	}); err != nil {
		return o, fmt.Errorf("orders by day: %w", err)
	}
	rows, err = q.Query(ctx, `SELECT `+dayOf+` AS d, count(DISTINCT a.customer_id) FROM livecode_attribution a
		WHERE a.step = 'first_order' AND a.at >= $1 AND a.at < $2
			AND ($3::bigint[] IS NULL OR a.code_id IN (SELECT id FROM livecode_code WHERE store_id = ANY($3)))
			AND ($4::bigint = 0 OR EXISTS (SELECT FROM customer_relation r WHERE r.customer_id = a.customer_id AND r.staff_id = $4)) GROUP BY d`, x.args()...)
	return o, into(rows, err, "first orders", func(d int, n int64) { o.first[d] = n })
}
