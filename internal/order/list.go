package order

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/pg"
)

// Order is one stored order. CustomerID, StoreID and CodeID are 0 where there is none.
type Order struct {
	ID         int64
	OrderNo    string
	Kind       Kind
	State      State
	PlacedAt   time.Time
	CustomerID int64
	MemberNo   string
	StoreID    int64
	Channel    string
	NetFen     int64
	Lines      int
	CodeID     int64
}

// Filter picks orders; zero fields do not filter. Query is the beginning of an order number; Customer the owner.
type Filter struct {
	Query      string
	CustomerID int64
	StoreID    int64
	State      State
	Attributed *bool
	Scope      actor.Scope
	BeforeAt   time.Time // the page's mark; zero: from the newest
	BeforeID   int64
	Limit      int
}

const orderFields = `o.id, o.order_no, o.kind, o.state, o.placed_at, o.customer_id, o.member_no, o.store_id, o.channel, o.net_fen, o.lines, o.attributed_code_id`

// Find lists orders, newest first. A scope of stores sees their orders; a scope of one member of staff sees none here,
// since an order belongs to a store.
func Find(ctx context.Context, q pg.Querier, f Filter) ([]Order, error) {
	if f.BeforeAt.IsZero() {
		f.BeforeAt = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	where, args := `WHERE (o.placed_at, o.id) < ($1, $2)`, []any{f.BeforeAt, f.BeforeID}
	and := func(condition string, value any) {
		args = append(args, value)
		where += fmt.Sprintf(` AND `+condition, len(args))
	}
	if f.Query != "" {
		// Numbers sort by bytes, so those that begin alike are a range of the key.
		and(`o.id IN (SELECT order_id FROM order_key WHERE order_no >= $%[1]d AND order_no < $%[1]d || chr(1114111))`, f.Query)
	}
	if f.CustomerID != 0 {
		and(`o.customer_id = $%d`, f.CustomerID)
	}
	if f.StoreID != 0 {
		and(`o.store_id = $%d`, f.StoreID)
	}
	if f.State != "" {
		and(`o.state = $%d`, string(f.State))
	}
	if f.Attributed != nil {
		and(`(o.attributed_code_id <> 0) = $%d`, *f.Attributed)
	}
	if !f.Scope.All {
		stores := f.Scope.Stores
		if stores == nil {
			stores = []int64{}
		}
		and(`o.store_id = ANY($%d::bigint[])`, stores)
	}
	args = append(args, f.Limit)
	rows, err := q.Query(ctx, `SELECT `+orderFields+` FROM order_order o `+where+fmt.Sprintf(` ORDER BY o.placed_at DESC, o.id DESC LIMIT $%d`, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Order])
}

// FirstAttributed returns a customer's earliest attributed order, ok false when there is none.
func (s *Service) FirstAttributed(ctx context.Context, q pg.Querier, customerID int64) (o Order, ok bool, err error) {
	rows, err := q.Query(ctx, `SELECT `+orderFields+` FROM order_order o WHERE o.customer_id = $1 AND o.attributed_code_id <> 0
		ORDER BY o.placed_at, o.id LIMIT 1`, customerID)
	if err != nil {
		return o, false, fmt.Errorf("find attributed order: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Order])
	if err != nil || len(list) == 0 {
		return o, false, err
	}
	return list[0], true, nil
}
