package directory

import (
	"context"
	"fmt"

	"qunce/internal/pg"
)

// CountContactable counts the staff who can be a customer's contact now; ids nil is all of them.
func (s *Service) CountContactable(ctx context.Context, q pg.Querier, ids []int64) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM directory_staff WHERE active AND can_contact AND ($1::bigint[] IS NULL OR id = ANY($1))`, ids).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count staff: %w", err)
	}
	return n, nil
}
