package order

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// lockOrders lets one transaction at a time write orders.
func lockOrders(ctx context.Context, tx pg.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/order', 0))`); err != nil {
		return fmt.Errorf("lock orders: %w", err)
	}
	return nil
}

type key struct {
	customerID int64
	orderID    int64
	hash       []byte
}

func findKeys(ctx context.Context, q pg.Querier, numbers []string) (map[string]key, error) {
	rows, err := q.Query(ctx, `SELECT order_no, customer_id, order_id, hash FROM order_key WHERE order_no = ANY($1)`, numbers)
	if err != nil {
		return nil, fmt.Errorf("find order numbers: %w", err)
	}
	defer rows.Close()
	out := map[string]key{}
	for rows.Next() {
		var no string
		var k key
		if err := rows.Scan(&no, &k.customerID, &k.orderID, &k.hash); err != nil {
			return nil, err
		}
		out[no] = k
	}
	return out, rows.Err()
}

// stored is what an order was before it changed.
type stored struct {
	customerID int64
	kind       Kind
	state      State
	netFen     int64
	codeID     int64
}

// loadStored reads what the changed orders were.
func loadStored(ctx context.Context, q pg.Querier, changed []*placing) error {
	byID := make(map[int64]*placing, len(changed))
	customers, ids := pairsOf(changed)
	for _, p := range changed {
		byID[p.id] = p
	}
	rows, err := q.Query(ctx, `SELECT o.id, o.kind, o.state, o.net_fen, o.attributed_code_id FROM order_order o
		JOIN unnest($1::bigint[], $2::bigint[]) AS u(customer_id, id) ON o.customer_id = u.customer_id AND o.id = u.id`, customers, ids)
	if err != nil {
		return fmt.Errorf("read changed orders: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		var s stored
		if err := rows.Scan(&n, &s.kind, &s.state, &s.netFen, &s.codeID); err != nil {
			return err
		}
		s.customerID = byID[n].old.customerID
		byID[n].old = &s
	}
	return rows.Err()
}

// pairsOf are the places where the changed orders stood.
func pairsOf(changed []*placing) (customers, ids []int64) {
	for _, p := range changed {
		customers, ids = append(customers, p.old.customerID), append(ids, p.id)
	}
	return customers, ids
}

// removeStored takes the old rows of changed orders out; the new ones may belong to another customer.
func removeStored(ctx context.Context, q pg.Querier, changed []*placing) error {
	if len(changed) == 0 {
		return nil
	}
	customers, ids := pairsOf(changed)
	for _, sql := range []string{
		`DELETE FROM order_line l USING unnest($1::bigint[], $2::bigint[]) AS u(customer_id, id) WHERE l.customer_id = u.customer_id AND l.order_id = u.id`,
		`DELETE FROM order_order o USING unnest($1::bigint[], $2::bigint[]) AS u(customer_id, id) WHERE o.customer_id = u.customer_id AND o.id = u.id`,
	} {
		if _, err := q.Exec(ctx, sql, customers, ids); err != nil {
			return fmt.Errorf("replace changed orders: %w", err)
		}
	}
	return nil
}

func writeKeys(ctx context.Context, q pg.Querier, fresh, changed []*placing) error {
	_, err := q.CopyFrom(ctx, pgx.Identifier{"order_key"}, []string{"order_no", "customer_id", "order_id", "hash"},
		pgx.CopyFromSlice(len(fresh), func(i int) ([]any, error) {
			p := fresh[i]
			return []any{p.OrderNo, p.customerID, p.id, p.sum}, nil
		}))
	if err != nil {
		return fmt.Errorf("write order numbers: %w", err)
	}
	if len(changed) == 0 {
		return nil
	}
	n := len(changed)
	numbers, customers, sums := make([]string, n), make([]int64, n), make([][]byte, n)
	for i, p := range changed {
		numbers[i], customers[i], sums[i] = p.OrderNo, p.customerID, p.sum
	}
	_, err = q.Exec(ctx, `UPDATE order_key k SET customer_id = u.customer_id, hash = u.hash
		FROM unnest($1::text[], $2::bigint[], $3::bytea[]) AS u(order_no, customer_id, hash) WHERE k.order_no = u.order_no`, numbers, customers, sums)
	if err != nil {
		return fmt.Errorf("change order numbers: %w", err)
	}
	return nil
}

var (
	orderColumns = []string{"customer_id", "id", "order_no", "kind", "state", "placed_at", "store_id", "member_no", "channel", "net_fen",
		"lines", "items", "import_id", "attributed_code_id", "cause_id"}
	lineColumns = []string{"customer_id", "order_id", "line_no", "sku", "name", "quantity", "unit_fen"}
)

// copyOrders bulk-loads orders and their lines. A changed order keeps its attribution as long as its customer stays.
func copyOrders(ctx context.Context, q pg.Querier, set []*placing, cause int64) error {
	_, err := q.CopyFrom(ctx, pgx.Identifier{"order_order"}, orderColumns, pgx.CopyFromSlice(len(set), func(i int) ([]any, error) {
		p := set[i]
		code := int64(0)
		if p.old != nil && p.old.customerID == p.customerID {
			code = p.old.codeID
		}
		return []any{p.customerID, p.id, p.OrderNo, string(p.kind), string(p.State), p.PlacedAt, p.StoreID, p.MemberNo, p.Channel, p.NetFen,
			int32(len(p.Lines)), int32(p.items()), p.ImportID, code, cause}, nil
	}))
	if err != nil {
		return fmt.Errorf("write orders: %w", err)
	}
	src := &lineSource{set: set, line: -1, row: make([]any, len(lineColumns))}
	if _, err := q.CopyFrom(ctx, pgx.Identifier{"order_line"}, lineColumns, src); err != nil {
		return fmt.Errorf("write order lines: %w", err)
	}
	return nil
}

// lineSource walks the lines of orders for COPY without a copy of its own.
type lineSource struct {
	set   []*placing
	order int
	line  int
	row   []any
}

func (s *lineSource) Next() bool {
	s.line++
	for s.order < len(s.set) && s.line >= len(s.set[s.order].Lines) {
		s.order, s.line = s.order+1, 0
	}
	return s.order < len(s.set)
}

func (s *lineSource) Values() ([]any, error) {
	p := s.set[s.order]
	l := &p.Lines[s.line]
	s.row[0], s.row[1], s.row[2], s.row[3], s.row[4], s.row[5], s.row[6] = p.customerID, p.id, int32(s.line+1), l.SKU, l.Name, int32(l.Quantity), l.UnitFen
	return s.row, nil
}

func (s *lineSource) Err() error { return nil }

// addToSummaries adds new orders to their customers' totals.
func addToSummaries(ctx context.Context, q pg.Querier, fresh []*placing) error {
	sums := map[int64]*Summary{}
	var ids []int64
	for _, p := range fresh {
		if p.customerID == 0 {
			continue
		}
		t := sums[p.customerID]
		if t == nil {
			t = &Summary{}
			sums[p.customerID] = t
			ids = append(ids, p.customerID)
		}
		t.NetFen += p.NetFen
		if gaveBack(p.kind, p.State) {
			t.Refunds++
		}
		if bought(p.kind, p.State) {
			t.Orders++
			if t.FirstAt == nil || p.PlacedAt.Before(*t.FirstAt) {
				t.FirstAt = &p.PlacedAt
			}
			if t.LastAt == nil || p.PlacedAt.After(*t.LastAt) {
				t.LastAt = &p.PlacedAt
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	n := len(ids)
	orders, refunds, nets := make([]int32, n), make([]int32, n), make([]int64, n)
	first, last := make([]*time.Time, n), make([]*time.Time, n)
	for i, c := range ids {
		t := sums[c]
		orders[i], refunds[i], nets[i], first[i], last[i] = int32(t.Orders), int32(t.Refunds), t.NetFen, t.FirstAt, t.LastAt
	}
	_, err := q.Exec(ctx, `INSERT INTO order_customer (customer_id, orders, refunds, net_fen, first_at, last_at)
		SELECT * FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
		ON CONFLICT (customer_id) DO UPDATE SET orders = order_customer.orders + EXCLUDED.orders, refunds = order_customer.refunds + EXCLUDED.refunds,
		net_fen = order_customer.net_fen + EXCLUDED.net_fen, first_at = least(order_customer.first_at, EXCLUDED.first_at),
		last_at = greatest(order_customer.last_at, EXCLUDED.last_at)`, ids, orders, refunds, nets, first, last)
	if err != nil {
		return fmt.Errorf("add to totals: %w", err)
	}
	return nil
}

// recountSummaries computes totals anew from the orders: an order that changed may have been the first or the last.
func recountSummaries(ctx context.Context, q pg.Querier, customerIDs []int64) error {
	if len(customerIDs) == 0 {
		return nil
	}
	_, err := q.Exec(ctx, `INSERT INTO order_customer (customer_id, orders, refunds, net_fen, first_at, last_at)
		SELECT u.id, count(o.id) FILTER (WHERE o.kind = 'sale' AND o.state IN ('paid', 'partly_refunded')),
			count(o.id) FILTER (WHERE o.kind = 'refund' OR o.state IN ('refunded', 'partly_refunded')), coalesce(sum(o.net_fen), 0),
			min(o.placed_at) FILTER (WHERE o.kind = 'sale' AND o.state IN ('paid', 'partly_refunded')),
			max(o.placed_at) FILTER (WHERE o.kind = 'sale' AND o.state IN ('paid', 'partly_refunded'))
		FROM unnest($1::bigint[]) AS u(id) LEFT JOIN order_order o ON o.customer_id = u.id GROUP BY u.id
		ON CONFLICT (customer_id) DO UPDATE SET orders = EXCLUDED.orders, refunds = EXCLUDED.refunds, net_fen = EXCLUDED.net_fen,
		first_at = EXCLUDED.first_at, last_at = EXCLUDED.last_at`, customerIDs)
	if err != nil {
		return fmt.Errorf("recount totals: %w", err)
	}
	return nil
}

func summaries(ctx context.Context, q pg.Querier, customerIDs []int64) (map[int64]Summary, error) {
	out := make(map[int64]Summary, len(customerIDs))
	if len(customerIDs) == 0 {
		return out, nil
	}
	rows, err := q.Query(ctx, `SELECT customer_id, orders, refunds, net_fen, first_at, last_at FROM order_customer WHERE customer_id = ANY($1)`, customerIDs)
	if err != nil {
		return nil, fmt.Errorf("read totals: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c int64
		var t Summary
		if err := rows.Scan(&c, &t.Orders, &t.Refunds, &t.NetFen, &t.FirstAt, &t.LastAt); err != nil {
			return nil, err
		}
		out[c] = t
	}
	return out, rows.Err()
}

func attribute(ctx context.Context, q pg.Querier, list []Attribution) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	customers, orders, codes := make([]int64, n), make([]int64, n), make([]int64, n)
	for i, a := range list {
		customers[i], orders[i], codes[i] = a.CustomerID, a.OrderID, a.CodeID
	}
	_, err := q.Exec(ctx, `UPDATE order_order o SET attributed_code_id = u.code_id
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u(customer_id, id, code_id)
		WHERE o.customer_id = u.customer_id AND o.id = u.id AND o.attributed_code_id = 0`, customers, orders, codes)
	if err != nil {
		return fmt.Errorf("attribute orders: %w", err)
	}
	return nil
}
