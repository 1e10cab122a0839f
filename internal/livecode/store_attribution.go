package livecode

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/event"
	"qunce/internal/pg"
)

const stepColumns = `customer_id, code_id, step, ref, at, object_id, amount_fen, member, cause_id`

const stepRows = `SELECT c, co, s, r, a, o, am, m, ca FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::timestamptz[],
	$6::bigint[], $7::bigint[], $8::text[], $9::bigint[]) AS u(c, co, s, r, a, o, am, m, ca) ORDER BY c, s, co, r`

// stepArgs are the arguments of stepRows.
func stepArgs(steps []step) []any {
	n := len(steps)
	customers, codes, names, refs := make([]int64, n), make([]int64, n), make([]string, n), make([]int64, n)
	at, objects, amounts, members, causes := make([]time.Time, n), make([]int64, n), make([]int64, n), make([]string, n), make([]int64, n)
	for i, x := range steps {
		customers[i], codes[i], names[i], refs[i] = x.CustomerID, x.CodeID, x.Step, x.Ref
		at[i], objects[i], amounts[i], members[i], causes[i] = x.At, x.ObjectID, x.AmountFen, x.Member, x.CauseID
	}
	return []any{customers, codes, names, refs, at, objects, amounts, members, causes}
}

// insertSteps keeps steps that are not kept yet; the first of a kind with the same reference stays.
func insertSteps(ctx context.Context, tx pg.Tx, steps []step) error {
	if len(steps) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO livecode_attribution (`+stepColumns+`) `+stepRows+`
		ON CONFLICT (customer_id, step, code_id, ref) DO NOTHING`, stepArgs(steps)...)
	if err != nil {
		return fmt.Errorf("keep attribution: %w", err)
	}
	return nil
}

// insertFirstOrders keeps first orders, one per customer; an earlier one that comes to light later takes the place. It
// returns the orders that are first ones now.
func insertFirstOrders(ctx context.Context, tx pg.Tx, steps []step) (map[int64]bool, error) {
	won := map[int64]bool{}
	if len(steps) == 0 {
		return won, nil
	}
	rows, err := tx.Query(ctx, `INSERT INTO livecode_attribution AS h (`+stepColumns+`) `+stepRows+`
		ON CONFLICT (customer_id, step, code_id, ref) DO UPDATE SET at = EXCLUDED.at, object_id = EXCLUDED.object_id, amount_fen = EXCLUDED.amount_fen, cause_id = EXCLUDED.cause_id
			WHERE EXCLUDED.at < h.at RETURNING object_id`, stepArgs(steps)...)
	if err != nil {
		return nil, fmt.Errorf("keep first orders: %w", err)
	}
	var orderID int64
	if _, err := pgx.ForEachRow(rows, []any{&orderID}, func() error { won[orderID] = true; return nil }); err != nil {
		return nil, fmt.Errorf("keep first orders: %w", err)
	}
	return won, nil
}

// firstAdds returns where customers came in for the first time; those who did not come through a code are absent.
func firstAdds(ctx context.Context, q pg.Querier, customers []int64) (map[int64]firstAdd, error) {
	out := map[int64]firstAdd{}
	if len(customers) == 0 {
		return out, nil
	}
	rows, err := q.Query(ctx, `SELECT DISTINCT ON (customer_id) customer_id, code_id, at FROM livecode_attribution
		WHERE customer_id = ANY($1) AND customer_id <> 0 AND step = 'add' ORDER BY customer_id, at, code_id`, customers)
	if err != nil {
		return nil, fmt.Errorf("first adds: %w", err)
	}
	var customerID int64
	var f firstAdd
	_, err = pgx.ForEachRow(rows, []any{&customerID, &f.CodeID, &f.At}, func() error { out[customerID] = f; return nil })
	return out, err
}

// adoptStrangers takes out the joins of people whom nobody knew when they joined, by their external_userid. They are
// returned without a customer, who has to be found by Member.
func adoptStrangers(ctx context.Context, tx pg.Tx, externals []string) ([]step, error) {
	rows, err := tx.Query(ctx, `DELETE FROM livecode_attribution WHERE customer_id = 0 AND step = 'join' AND member = ANY($1) AND member <> ''
		RETURNING code_id, at, object_id, member`, externals)
	if err != nil {
		return nil, fmt.Errorf("joins of strangers: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (step, error) {
		var x step
		err := r.Scan(&x.CodeID, &x.At, &x.ObjectID, &x.Member)
		return x, err
	})
}

// joinsOf returns the joins of customers, whichever code they are owed to.
func joinsOf(ctx context.Context, q pg.Querier, customers []int64) ([]step, error) {
	rows, err := q.Query(ctx, `SELECT customer_id, code_id, at, object_id FROM livecode_attribution
		WHERE customer_id = ANY($1) AND customer_id <> 0 AND step = 'join'`, customers)
	if err != nil {
		return nil, fmt.Errorf("joins of customers: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (step, error) {
		var x step
		err := r.Scan(&x.CustomerID, &x.CodeID, &x.At, &x.ObjectID)
		return x, err
	})
}

func firstOrder(ctx context.Context, q pg.Querier, customerID int64) (codeID, orderID int64, at time.Time, ok bool, err error) {
	err = q.QueryRow(ctx, `SELECT code_id, object_id, at FROM livecode_attribution WHERE customer_id = $1 AND step = 'first_order' ORDER BY at LIMIT 1`,
		customerID).Scan(&codeID, &orderID, &at)
	if pg.IsNoRows(err) {
		return 0, 0, time.Time{}, false, nil
	}
	return codeID, orderID, at, err == nil, err
}

type welcomeRow struct {
	welcomeCall
	At      time.Time
	State   string
	Reason  string
	CauseID int64
}

func insertWelcomes(ctx context.Context, tx pg.Tx, list []welcomeRow) error {
	rows := make([][]any, len(list))
	for i, w := range list {
		rows[i] = []any{w.CustomerID, w.StaffID, w.ID, w.CodeID, w.At, w.State, w.Reason, w.Text, w.CauseID}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"livecode_welcome"},
		[]string{"customer_id", "staff_id", "id", "code_id", "at", "state", "reason", "text", "cause_id"}, pgx.CopyFromRows(rows))
	if err != nil {
		return fmt.Errorf("keep welcomes: %w", err)
	}
	return nil
}

type welcomeEnd struct {
	welcomeCall
	State     string
	Reason    string
	LatencyMS *int64
}

func closeWelcomes(ctx context.Context, tx pg.Tx, ends []welcomeEnd) error {
	var customers, staff, ids []int64
	var states, reasons []string
	var latencies []*int64
	for _, e := range ends {
		customers, staff, ids = append(customers, e.CustomerID), append(staff, e.StaffID), append(ids, e.ID)
		states, reasons, latencies = append(states, e.State), append(reasons, e.Reason), append(latencies, e.LatencyMS)
	}
	_, err := tx.Exec(ctx, `UPDATE livecode_welcome w SET state = u.state, reason = u.reason, latency_ms = u.ms
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::int[]) AS u(customer_id, staff_id, id, state, reason, ms)
		WHERE w.customer_id = u.customer_id AND w.staff_id = u.staff_id AND w.id = u.id`, customers, staff, ids, states, reasons, latencies)
	if err != nil {
		return fmt.Errorf("close welcomes: %w", err)
	}
	return nil
}

// insertScan keeps a visitor's first look at a code on a day; fresh is false for later ones.
func insertScan(ctx context.Context, tx pg.Tx, visitor string, codeID int64, day string, at time.Time, cause int64) (fresh bool, err error) {
	tag, err := tx.Exec(ctx, `INSERT INTO livecode_scan (visitor, code_id, day, at, cause_id) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (visitor, code_id, day) DO NOTHING`, visitor, codeID, day, at, cause)
	if err != nil {
		return false, fmt.Errorf("keep scan: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func setScanStore(ctx context.Context, tx pg.Tx, visitor string, codeID int64, day string, storeID int64) error {
	_, err := tx.Exec(ctx, `UPDATE livecode_scan SET store_id = $4 WHERE visitor = $1 AND code_id = $2 AND day = $3`, visitor, codeID, day, storeID)
	if err != nil {
		return fmt.Errorf("keep chosen store: %w", err)
	}
	return nil
}

// lastWelcome is when a friendship had its newest welcome that was sent or is on its way, and that was sent.
type lastWelcome struct {
	CustomerID, StaffID int64
	At                  time.Time
	SentAt              *time.Time
}

func latestWelcomes(ctx context.Context, q pg.Querier, evs []event.Event) ([]lastWelcome, error) {
	customers, staff := make([]int64, len(evs)), make([]int64, len(evs))
	for i, e := range evs {
		customers[i], staff[i] = e.CustomerID, e.StaffID
	}
	rows, err := q.Query(ctx, `SELECT w.customer_id, w.staff_id, max(w.at), max(w.at) FILTER (WHERE w.state = 'sent') FROM livecode_welcome w
		JOIN unnest($1::bigint[], $2::bigint[]) AS u(c, s) ON w.customer_id = u.c AND w.staff_id = u.s
		WHERE w.state IN ('planned','sent') GROUP BY 1, 2`, customers, staff)
	if err != nil {
		return nil, fmt.Errorf("find welcomes: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[lastWelcome])
}
