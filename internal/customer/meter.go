package customer

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// StaffLoad is how many customers stand in a member's list at WeCom, those who deleted the member included.
type StaffLoad struct {
	StaffID int64
	Friends int64
}

// Fullest returns the staff with the most customers, fullest first.
func (s *Service) Fullest(ctx context.Context, q pg.Querier, limit int) ([]StaffLoad, error) {
	rows, err := q.Query(ctx, `SELECT staff_id, count(*) AS n FROM customer_relation WHERE state <> 'deleted_by_staff' GROUP BY staff_id ORDER BY n DESC, staff_id LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("count customers of staff: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[StaffLoad])
}

// CountTags counts the corp's tags as we hold them.
func (s *Service) CountTags(ctx context.Context, q pg.Querier) (n int64, err error) {
	if err := q.QueryRow(ctx, `SELECT count(*) FROM customer_tag`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count tags: %w", err)
	}
	return n, nil
}
