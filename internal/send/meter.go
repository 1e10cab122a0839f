package send

import (
	"context"
	"fmt"
	"time"

	"qunce/internal/pg"
)

// OverCap counts the customers and groups to whom WeCom did not deliver a mass send issued since a time, because their receive
// quota was used up.
func (s *Service) OverCap(ctx context.Context, q pg.Querier, since time.Time) (customers, groups int64, err error) {
	err = q.QueryRow(ctx, `SELECT count(DISTINCT r.customer_id) FILTER (WHERE r.customer_id <> 0), count(DISTINCT r.group_id) FILTER (WHERE r.group_id <> 0)
		FROM send_send s JOIN send_recipient r ON r.staff_id = s.staff_id AND r.send_id = s.id WHERE s.created_at >= $1 AND r.status = 'over_cap'`, since).Scan(&customers, &groups)
	if err != nil {
		return 0, 0, fmt.Errorf("count recipients over their cap: %w", err)
	}
	return customers, groups, nil
}
