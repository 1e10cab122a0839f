package order

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// The staging table holds a file's parts while it is read, so that rows of one order are found together wherever they
// stand and memory stays bounded. It is unlogged: after a crash of the database it is empty and the import starts over.

type staged struct {
	seq     int64
	orderNo string
	body    []byte
}

func copyStage(ctx context.Context, q pg.Querier, importID int64, list []staged) error {
	_, err := q.CopyFrom(ctx, pgx.Identifier{"order_stage"}, []string{"import_id", "head", "seq", "order_no", "body"},
		pgx.CopyFromSlice(len(list), func(i int) ([]any, error) {
			return []any{importID, list[i].seq, list[i].seq, list[i].orderNo, list[i].body}, nil
		}))
	if err != nil {
		return fmt.Errorf("stage orders: %w", err)
	}
	return nil
}

// joinStage gives parts that stand apart the head of their order's first part.
func joinStage(ctx context.Context, q pg.Querier, importID int64) error {
	_, err := q.Exec(ctx, `UPDATE order_stage s SET head = m.head
		FROM (SELECT order_no, min(seq) AS head FROM order_stage WHERE import_id = $1 GROUP BY order_no HAVING count(*) > 1) m
		WHERE s.import_id = $1 AND s.order_no = m.order_no AND s.seq <> m.head`, importID)
	if err != nil {
		return fmt.Errorf("join staged orders: %w", err)
	}
	return nil
}

// readStage returns the orders whose heads lie in (after, upto], each with its parts in the order of the file.
func readStage(ctx context.Context, q pg.Querier, importID, after, upto int64) ([][]part, error) {
	rows, err := q.Query(ctx, `SELECT head, body FROM order_stage WHERE import_id = $1 AND head > $2 AND head <= $3 ORDER BY head, seq`, importID, after, upto)
	if err != nil {
		return nil, fmt.Errorf("read staged orders: %w", err)
	}
	defer rows.Close()
	var out [][]part
	last := int64(-1)
	for rows.Next() {
		var head int64
		var body []byte
		if err := rows.Scan(&head, &body); err != nil {
			return nil, err
		}
		p, err := decodePart(body)
		if err != nil {
			return nil, err
		}
		if head != last {
			out = append(out, nil)
			last = head
		}
		out[len(out)-1] = append(out[len(out)-1], p)
	}
	return out, rows.Err()
}

func clearStage(ctx context.Context, q pg.Querier, importID int64) error {
	if _, err := q.Exec(ctx, `DELETE FROM order_stage WHERE import_id = $1`, importID); err != nil {
		return fmt.Errorf("clear staged orders: %w", err)
	}
	return nil
}

// encodePart writes a part compactly; JSON would cost more than the COPY it goes through.
func encodePart(p part) []byte {
	b := make([]byte, 0, 64+48*len(p.Lines))
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	for _, s := range []string{p.OrderNo, p.MemberNo, p.StoreNumber, p.Channel, string(p.State)} {
		text(s)
	}
	for _, n := range []int64{p.PlacedAt.UnixMicro(), p.NetFen, p.Refund, int64(p.Row), int64(len(p.Lines))} {
		b = binary.AppendVarint(b, n)
	}
	for _, l := range p.Lines {
		text(l.SKU)
		text(l.Name)
		b = binary.AppendVarint(b, int64(l.Quantity))
		b = binary.AppendVarint(b, l.UnitFen)
	}
	return b
}

var errStage = errors.New("order: a staged row is damaged")

func decodePart(b []byte) (part, error) {
	bad := false
	text := func() string {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			bad, b = true, nil
			return ""
		}
		s := string(b[w : w+int(n)])
		b = b[w+int(n):]
		return s
	}
	number := func() int64 {
		n, w := binary.Varint(b)
		if w <= 0 {
			bad, b = true, nil
			return 0
		}
		b = b[w:]
		return n
	}
	var p part
	p.OrderNo, p.MemberNo, p.StoreNumber, p.Channel, p.State = text(), text(), text(), text(), State(text())
	p.PlacedAt, p.NetFen, p.Refund, p.Row = time.UnixMicro(number()).UTC(), number(), number(), int(number())
	n := number()
	if bad || n < 0 || n > int64(len(b)) {
		return part{}, errStage
	}
	if n > 0 {
		p.Lines = make([]Line, n)
	}
	for i := range p.Lines {
		p.Lines[i] = Line{SKU: text(), Name: text(), Quantity: int(number()), UnitFen: number()}
	}
	if bad || len(b) != 0 {
		return part{}, errStage
	}
	return p, nil
}
