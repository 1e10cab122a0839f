package customer

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// ExternalsOf returns the external_userids of customers.
func (s *Service) ExternalsOf(ctx context.Context, q pg.Querier, customerIDs []int64) (map[int64][]string, error) {
	rows, err := q.Query(ctx, `SELECT customer_id, value FROM customer_identity WHERE customer_id = ANY($1) AND kind = 'external_userid' ORDER BY value`, customerIDs)
	if err != nil {
		return nil, fmt.Errorf("read external ids: %w", err)
	}
	out := map[int64][]string{}
	var c int64
	var v string
	_, err = pgx.ForEachRow(rows, []any{&c, &v}, func() error { out[c] = append(out[c], v); return nil })
	return out, err
}

// Friend is a friendship that stands, by the member of staff and WeCom's id of the customer.
type Friend struct {
	StaffID        int64
	CustomerID     int64
	UserID         string
	ExternalUserID string
}

// FriendsOf pages through the friendships of a member of staff that stand, in the order of the customers' ids.
func (s *Service) FriendsOf(ctx context.Context, q pg.Querier, staffID, afterCustomer int64, limit int) ([]Friend, error) {
	rows, err := q.Query(ctx, `SELECT staff_id, customer_id, userid, external_userid FROM customer_relation
		WHERE staff_id = $1 AND state = 'active' AND customer_id > $2 ORDER BY customer_id LIMIT $3`, staffID, afterCustomer, limit)
	if err != nil {
		return nil, fmt.Errorf("read friendships: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Friend])
}

// TagsOf returns the corp's tags that a relation has.
func (s *Service) TagsOf(ctx context.Context, q pg.Querier, customerID, staffID int64) ([]string, error) {
	p := pair{customerID, staffID}
	held, err := relationTags(ctx, q, []pair{p})
	out := make([]string, len(held[p]))
	for i, t := range held[p] {
		out[i] = t.id
	}
	return out, err
}
