package livecode

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/clock"
	"qunce/internal/pg"
)

// Counts are a code's people: visitors who scanned, customers who added, people who joined a group, customers who ordered
// for the first time since. Each counts once per code, however often they did it.
type Counts struct {
	Scans       int64
	Adds        int64
	Joins       int64
	FirstOrders int64
}

// DayCounts are the people of one business day.
type DayCounts struct {
	Day time.Time
	Counts
}

// counted picks a step's field.
func (c *Counts) counted(name string) *int64 {
	switch name {
	case stepAdd:
		return &c.Adds
	case stepJoin:
		return &c.Joins
	case stepOrder:
		return &c.FirstOrders
	}
	return &c.Scans
}

// people counts customers once and each person nobody knows as one.
const people = `count(DISTINCT customer_id) FILTER (WHERE customer_id <> 0) + count(*) FILTER (WHERE customer_id = 0)`

// CountsOf returns the people of codes since they were made.
func (s *Service) CountsOf(ctx context.Context, q pg.Querier, ids []int64) (map[int64]Counts, error) {
	rows, err := q.Query(ctx, `SELECT code_id, 'scan', count(DISTINCT visitor) FROM livecode_scan WHERE code_id = ANY($1) GROUP BY code_id
		UNION ALL SELECT code_id, step, `+people+` FROM livecode_attribution WHERE code_id = ANY($1) GROUP BY code_id, step`, ids)
	if err != nil {
		return nil, fmt.Errorf("count people of codes: %w", err)
	}
	out := make(map[int64]Counts, len(ids))
	var id, n int64
	var name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name, &n}, func() error {
		c := out[id]
		*c.counted(name) = n
		out[id] = c
		return nil
	})
	return out, err
}

// Daily returns the people of a code on each of the last n business days up to the corp's today, oldest first.
func (s *Service) Daily(ctx context.Context, q pg.Querier, codeID int64, n int) ([]DayCounts, error) {
	from := clock.Day(s.Clock.Now()).AddDate(0, 0, 1-n)
	rows, err := q.Query(ctx, `SELECT 'scan', (day - $3::date), count(DISTINCT visitor) FROM livecode_scan WHERE code_id = $1 AND day >= $3::date GROUP BY day
		UNION ALL SELECT step, floor(extract(epoch FROM at - $2::timestamptz) / 86400)::int AS d, `+people+`
			FROM livecode_attribution WHERE code_id = $1 AND at >= $2 GROUP BY step, d`, codeID, from, day(from))
	if err != nil {
		return nil, fmt.Errorf("count days of code %d: %w", codeID, err)
	}
	out := make([]DayCounts, n)
	for i := range out {
		out[i].Day = from.AddDate(0, 0, i)
	}
	var name string
	var d int
	var count int64
	_, err = pgx.ForEachRow(rows, []any{&name, &d, &count}, func() error {
		if d >= 0 && d < n {
			*out[d].counted(name) = count
		}
		return nil
	})
	return out, err
}

// Filter narrows a list of codes.
type Filter struct {
	Kind    Kind
	Status  Status
	Text    string
	StoreID int64
	Scope   actor.Scope
	Before  *struct {
		At time.Time
		ID int64
	}
	Limit int
}

// List returns codes within the scope, newest first, one more than Limit if there are more.
func (s *Service) List(ctx context.Context, f Filter) ([]Code, error) {
	where, args := `WHERE true`, []any{}
	arg := func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)) }
	switch {
	case f.Scope.All:
	case len(f.Scope.Stores) > 0:
		where += ` AND store_id <> 0 AND store_id = ANY(` + arg(f.Scope.Stores) + `)`
	case f.Scope.Staff != 0:
		where += ` AND staff_ids @> ARRAY[` + arg(f.Scope.Staff) + `::bigint]`
	default:
		return nil, nil
	}
	if f.Kind != "" {
		where += ` AND kind = ` + arg(string(f.Kind))
	}
	if f.Status != "" {
		where += ` AND status = ` + arg(string(f.Status))
	}
	if f.StoreID != 0 {
		where += ` AND store_id = ` + arg(f.StoreID)
	}
	if f.Text != "" {
		where += ` AND position(lower(` + arg(f.Text) + `) IN lower(name)) > 0`
	}
	if f.Before != nil {
		where += ` AND (created_at, id) < (` + arg(f.Before.At) + `, ` + arg(f.Before.ID) + `)`
	}
	return findCodes(ctx, s.DB, where+` ORDER BY created_at DESC, id DESC LIMIT `+arg(f.Limit+1), args...)
}

// visible reports whether a code is within a scope, by the rule of List.
func visible(scope actor.Scope, c Code) bool {
	switch {
	case scope.All:
		return true
	case len(scope.Stores) > 0:
		return c.StoreID != 0 && contains(scope.Stores, c.StoreID)
	}
	return scope.Staff != 0 && contains(c.StaffIDs, scope.Staff)
}

func contains(list []int64, x int64) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}
