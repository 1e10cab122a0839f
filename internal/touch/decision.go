package touch

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// Decided is an entry of the ledger as the story of a cause tells it. Exactly one of CustomerID and GroupID is set; Until is
// nil unless the decision was put off.
type Decided struct {
	CustomerID, GroupID, StaffID int64
	At                           time.Time
	Channel, Purpose             string
	Promo                        bool
	Decision                     string // Allow, Defer or Refuse
	Reason                       string
	Until                        *time.Time
	Outcome                      string
	Source                       string
}

// ByCause returns what the ledger decided because of one cause, oldest first, at most limit.
func (s *Service) ByCause(ctx context.Context, q pg.Querier, causeID int64, limit int) ([]Decided, error) {
	const tail = `, staff_id, at, channel, purpose, promo, decision, reason, until_at, outcome, source, id FROM `
	rows, err := q.Query(ctx, `SELECT customer_id, group_id, staff_id, at, channel, purpose, promo, decision, reason, until_at, outcome, source FROM (
			(SELECT customer_id, 0::bigint AS group_id`+tail+`touch_customer WHERE cause_id = $1 ORDER BY at, id LIMIT $2)
			UNION ALL (SELECT 0::bigint, group_id`+tail+`touch_group WHERE cause_id = $1 ORDER BY at, id LIMIT $2)) t ORDER BY at, id LIMIT $2`, causeID, limit)
	if err != nil {
		return nil, fmt.Errorf("decisions of a cause: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Decided])
}
