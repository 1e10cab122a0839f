package group

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// OfStores returns the groups of stores, dissolved ones included.
func (s *Service) OfStores(ctx context.Context, q pg.Querier, storeIDs []int64) ([]Ref, error) {
	return s.refs(ctx, q, `store_id = ANY($1) ORDER BY id`, storeIDs)
}

// OfOwners returns the groups that members of staff own, dissolved ones included.
func (s *Service) OfOwners(ctx context.Context, q pg.Querier, staffIDs []int64) ([]Ref, error) {
	return s.refs(ctx, q, `owner_staff_id = ANY($1) ORDER BY id`, staffIDs)
}

// GroupsOf returns the groups that a customer is or was in.
func (s *Service) GroupsOf(ctx context.Context, customerID int64) ([]int64, error) {
	rows, err := s.DB.Query(ctx, `SELECT DISTINCT group_id FROM group_membership WHERE customer_id = $1`, customerID)
	if err != nil {
		return nil, fmt.Errorf("find groups of a customer: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}
