package group

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// Owners returns the staff who own a group, or owned one when it was dissolved.
func (s *Service) Owners(ctx context.Context, q pg.Querier) ([]int64, error) {
	rows, err := q.Query(ctx, `SELECT DISTINCT owner_staff_id FROM group_group WHERE owner_staff_id <> 0`)
	if err != nil {
		return nil, fmt.Errorf("list owners: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}
