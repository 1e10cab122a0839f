package livecode

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// WelcomeDecided is what was decided about a welcome, and what became of it.
type WelcomeDecided struct {
	CustomerID, StaffID, CodeID int64
	At                          time.Time
	State                       string // one of WelcomeStates
	Reason                      string // see Reasons of welcomes
	LatencyMS                   *int64
	Text                        string
	CauseID                     int64
}

const decidedColumns = `customer_id, staff_id, code_id, at, state, reason, latency_ms, text, cause_id`

// WelcomesByCause returns the welcomes that one cause led to.
func (s *Service) WelcomesByCause(ctx context.Context, q pg.Querier, causeID int64) ([]WelcomeDecided, error) {
	rows, err := q.Query(ctx, `SELECT `+decidedColumns+` FROM livecode_welcome WHERE cause_id = $1 ORDER BY at, id LIMIT 100`, causeID)
	if err != nil {
		return nil, fmt.Errorf("welcomes of a cause: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[WelcomeDecided])
}

// WelcomeOfAdding returns the welcome that stood in for another code of the same adding: the one nearest to a time, if it
// is near enough to make a second one superfluous.
func (s *Service) WelcomeOfAdding(ctx context.Context, q pg.Querier, customerID, staffID int64, at time.Time) (w WelcomeDecided, ok bool, err error) {
	rows, err := q.Query(ctx, `SELECT `+decidedColumns+` FROM livecode_welcome WHERE customer_id = $1 AND staff_id = $2 AND state IN ('planned','sent')
		AND at > $3 AND at < $4 ORDER BY abs(extract(epoch FROM at - $5)) LIMIT 1`, customerID, staffID, at.Add(-oneAdding), at.Add(oneAdding), at)
	if err != nil {
		return w, false, fmt.Errorf("welcome of an adding: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[WelcomeDecided])
	if err != nil || len(list) == 0 {
		return w, false, err
	}
	return list[0], true, nil
}

// StepDecided is a step that was found to be owed to a code. CustomerID is 0 for somebody nobody knew; ObjectID is the group
// of a join and the order of a first order.
type StepDecided struct {
	CustomerID, CodeID int64
	Step               string // one of Steps
	At                 time.Time
	ObjectID           int64
	AmountFen          int64
}

// StepsByCause returns what one cause was found to owe to which codes.
func (s *Service) StepsByCause(ctx context.Context, q pg.Querier, causeID int64) ([]StepDecided, error) {
	rows, err := q.Query(ctx, `SELECT customer_id, code_id, step, at, object_id, amount_fen FROM livecode_attribution
		WHERE cause_id = $1 AND cause_id <> 0 ORDER BY at, customer_id, step LIMIT 100`, causeID)
	if err != nil {
		return nil, fmt.Errorf("attribution of a cause: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[StepDecided])
}
