package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"qunce/internal/clock"
	"qunce/internal/pg"
)

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{
		{Name: "event_key", Owner: "event", Family: pg.ByValue, Key: "key", Merge: "keep", Erase: "keep", Retention: "24 months", Sampling: "none"},
		{Name: "event_event", Owner: "event", Family: pg.ByCustomer, Key: "customer_id", Personal: []string{"data"},
			Merge: "move", Erase: "delete", Retention: "24 months, by partition", Sampling: "follow customer"},
	}
}

// Recorded is an event as it was kept: Data is the raw JSON of the kind's struct.
type Recorded struct {
	ID         int64
	Kind       Kind
	At         time.Time
	CustomerID int64
	GroupID    int64
	StaffID    int64
	StoreID    int64
	CodeID     int64
	Data       json.RawMessage
	CauseID    int64
}

// Before is where a page of a timeline starts: events older than (At, ID). The zero value is the newest.
type Before struct {
	At time.Time
	ID int64
}

// Timeline returns up to limit events of a customer, newest first.
func Timeline(ctx context.Context, q pg.Querier, customerID int64, before Before, limit int) ([]Recorded, error) {
	if before.At.IsZero() {
		before = Before{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	}
	return find(ctx, q, `WHERE customer_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4`, customerID, before.At, before.ID, limit)
}

// ByCause returns what one cause led to, oldest first, at most 500.
func ByCause(ctx context.Context, q pg.Querier, causeID int64) ([]Recorded, error) {
	return find(ctx, q, `WHERE cause_id = $1 ORDER BY at, id LIMIT 500`, causeID)
}

// Causes returns the causes of what happened to customers, newest first, each once, at most limit of the newest events'.
func Causes(ctx context.Context, q pg.Querier, customerIDs []int64, limit int) ([]int64, error) {
	rows, err := q.Query(ctx, `SELECT DISTINCT cause_id FROM (SELECT cause_id FROM event_event WHERE customer_id = ANY($1) ORDER BY at DESC, id DESC LIMIT $2) e
		ORDER BY cause_id DESC`, customerIDs, limit)
	if err != nil {
		return nil, fmt.Errorf("causes of customers: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// ByGroup returns up to limit events of a group, newest first.
func ByGroup(ctx context.Context, q pg.Querier, groupID int64, kinds []string, before Before, limit int) ([]Recorded, error) {
	if before.At.IsZero() {
		before = Before{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	}
	return find(ctx, q, `WHERE group_id = $1 AND group_id <> 0 AND kind = ANY($2) AND (at, id) < ($3, $4) ORDER BY at DESC, id DESC LIMIT $5`,
		groupID, kinds, before.At, before.ID, limit)
}

func find(ctx context.Context, q pg.Querier, where string, args ...any) ([]Recorded, error) {
	rows, err := q.Query(ctx, `SELECT id, kind, at, customer_id, group_id, staff_id, store_id, code_id, data, cause_id FROM event_event `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("find events: %w", err)
	}
	defer rows.Close()
	var out []Recorded
	for rows.Next() {
		var r Recorded
		if err := rows.Scan(&r.ID, &r.Kind, &r.At, &r.CustomerID, &r.GroupID, &r.StaffID, &r.StoreID, &r.CodeID, &r.Data, &r.CauseID); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// EnsurePartitions makes the monthly partitions that hold events from from to to, both inclusive, in the corp's zone.
// They follow the corp's clock: the caller passes its present month and some months ahead, an import the months it brings.
// Months before the founding already have their place in one partition of everything older.
func EnsurePartitions(ctx context.Context, db *pg.DB, from, to time.Time) error {
	from, to = from.In(clock.Shanghai), to.In(clock.Shanghai)
	for m := month(from); !m.After(to); m = m.AddDate(0, 1, 0) {
		name := fmt.Sprintf("event_event_y%04dm%02d", m.Year(), int(m.Month()))
		_, err := db.Exec(ctx, fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s PARTITION OF event_event FOR VALUES FROM ('%s') TO ('%s')`,
			name, m.Format(time.RFC3339), m.AddDate(0, 1, 0).Format(time.RFC3339)))
		if err != nil && !overlaps(err) {
			return fmt.Errorf("make partition %s: %w", name, err)
		}
	}
	return nil
}

// foundingMonths is how many months before its founding a corp's events get partitions of their own.
const foundingMonths = 24

// Found makes the partitions of a new corp whose clock stands at now: two years back, some months ahead, and one for
// everything older, since a relation found by the first sync may have begun long ago.
func Found(ctx context.Context, db *pg.DB, now time.Time) error {
	first := month(now.In(clock.Shanghai)).AddDate(0, -foundingMonths, 0)
	if err := EnsurePartitions(ctx, db, first, now.AddDate(0, 2, 0)); err != nil {
		return err
	}
	_, err := db.Exec(ctx, fmt.Sprintf(`CREATE TABLE IF NOT EXISTS event_event_before PARTITION OF event_event FOR VALUES FROM (MINVALUE) TO ('%s')`, first.Format(time.RFC3339)))
	if err != nil && !overlaps(err) {
		return fmt.Errorf("make partition of older events: %w", err)
	}
	return nil
}

// overlaps reports that the span already lies within another partition.
func overlaps(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "42P17"
}

func month(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, clock.Shanghai)
}
