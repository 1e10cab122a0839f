package order

import (
	"errors"
	"io"
	"math/bits"
	"regexp"
	"strings"
	"time"

	"qunce/internal/clock"
	"qunce/internal/sheet"
)

// Columns are the columns of an order file. A file is either one of lines (it has a product, a quantity or a price: rows
// with the same order number are one order, wherever they stand) or one of orders (a second row with the same number is
// a mistake).
func Columns() []sheet.Column {
	return []sheet.Column{
		{Key: "order_no", Titles: []string{"订单号", "订单编号", "主订单编号", "交易单号", "小票号", "InvoiceNo", "Invoice", "order_no", "order_id", "order_number"}, Required: true},
		{Key: "placed", Titles: []string{"下单时间", "订单创建时间", "创建时间", "交易时间", "消费时间", "InvoiceDate", "placed_at", "order_time", "order_date", "created_at"}, Required: true},
		{Key: "paid_at", Titles: []string{"付款时间", "订单付款时间", "支付时间", "paid_at", "pay_time"}},
		{Key: "member", Titles: []string{"会员号", "会员编号", "会员卡号", "CustomerID", "买家会员名", "member_no", "member_id"}},
		{Key: "store", Titles: []string{"门店编号", "门店编码", "店号", "storeNumber", "store_no", "store", "store_id"}},
		{Key: "sku", Titles: []string{"商品编码", "商品编号", "货号", "StockCode", "sku"}},
		{Key: "name", Titles: []string{"商品", "商品名称", "商品名", "Description", "product", "item"}},
		{Key: "quantity", Titles: []string{"数量", "商品数量", "件数", "Quantity", "qty"}},
		{Key: "unit", Titles: []string{"单价", "商品单价", "UnitPrice", "unit_price", "Price"}},
		{Key: "paid", Titles: []string{"实付金额", "买家实际支付金额", "实收金额", "支付金额", "paid_amount", "paid"}},
		{Key: "total", Titles: []string{"总金额", "订单金额", "订单总金额", "应付金额", "total", "amount"}},
		{Key: "refund", Titles: []string{"退款金额", "refund", "refund_amount"}},
		{Key: "channel", Titles: []string{"渠道", "订单渠道", "订单来源", "channel"}},
	}
}

// Bounds of what a line may say; beyond them stands a slip of the keyboard.
const (
	maxQuantity = 10_000_000
	maxLineFen  = 1_000_000_000_000 // ten thousand million yuan
	maxText     = 200               // runes of a name that are kept
)

// part is a run of neighbouring rows of one order.
type part struct {
	NewOrder
	Refund int64 // fen given back according to a column of the file
}

// order finishes a part: what it is worth and what state it is in.
func (p part) order() NewOrder {
	o := p.NewOrder
	if p.Refund > 0 {
		o.State = PartlyRefunded
		if o.NetFen <= 0 {
			o.State, o.NetFen = FullyRefunded, 0
		}
	}
	o.normalize()
	return o
}

// join adds a later run of rows of the same order.
func (p *part) join(q part) {
	p.Lines = append(p.Lines, q.Lines...)
	p.NetFen += q.NetFen
	p.Refund += q.Refund
	if p.MemberNo == "" {
		p.MemberNo = q.MemberNo
	}
	if p.StoreNumber == "" {
		p.StoreNumber = q.StoreNumber
	}
	if p.Channel == "" {
		p.Channel = q.Channel
	}
	if q.State == Unpaid {
		p.State = Unpaid
	}
}

// parser turns rows into parts.
type parser struct {
	r      *sheet.Reader
	report func(sheet.RowError)
	until  time.Time // rows later than this are left out; zero: none

	has     map[string]bool
	uci     bool // the header says InvoiceNo: the export format of the UCI shop, where A… marks adjustments
	rows    int  // data rows read
	later   int  // rows left out as later than until
	laterAt int  // the first such row
}

func newParser(r *sheet.Reader, report func(sheet.RowError), until time.Time) *parser {
	p := &parser{r: r, report: report, until: until, has: map[string]bool{}}
	for key, title := range r.Mapping() {
		p.has[key] = true
		if key == "order_no" && strings.EqualFold(strings.TrimSpace(title), "InvoiceNo") {
			p.uci = true
		}
	}
	return p
}

// byLine reports whether a row is a line of an order rather than an order.
func (p *parser) byLine() bool {
	return p.has["sku"] || p.has["name"] || p.has["quantity"] || p.has["unit"]
}

// each reads the file and yields its parts in the order of their first rows.
func (p *parser) each(yield func(part) error) error {
	if !p.has["member"] {
		p.report(sheet.RowError{Row: 1, Code: "order.no_member_column", Warning: true})
	}
	var cur part
	open := false
	for {
		row, err := p.r.Next()
		for _, e := range p.r.Errors() {
			p.rows++
			p.report(e)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		p.rows++
		next, bad := p.row(row)
		if bad != nil {
			p.report(*bad)
			continue
		}
		if !p.until.IsZero() && next.PlacedAt.After(p.until) {
			if p.later == 0 {
				p.laterAt = row.Line()
			}
			p.later++
			continue
		}
		switch {
		case open && cur.OrderNo == next.OrderNo && p.byLine():
			cur.join(next)
			continue
		case open && cur.OrderNo == next.OrderNo:
			p.report(*row.Error("order_no", "order.duplicate_in_file", map[string]any{"first": cur.Row}))
			continue
		case open:
			if err := yield(cur); err != nil {
				return err
			}
		}
		cur, open = next, true
	}
	if p.later > 0 {
		p.report(sheet.RowError{Row: p.laterAt, Column: "placed", Code: "order.in_future", Warning: true,
			Params: map[string]any{"rows": p.later, "now": p.until.In(clock.Shanghai).Format(time.DateTime)}})
	}
	if open {
		return yield(cur)
	}
	return nil
}

var adjustment = regexp.MustCompile(`^A\d+$`)

// row reads one row: a whole order, or one line of it.
func (p *parser) row(row sheet.Row) (part, *sheet.RowError) {
	o := part{NewOrder: NewOrder{OrderNo: row.Code("order_no"), Row: row.Line(), StoreNumber: row.Code("store"), Channel: cut(row.Get("channel"))}}
	if o.OrderNo == "" {
		return o, row.Error("order_no", "sheet.empty", nil)
	}
	if p.uci && adjustment.MatchString(o.OrderNo) {
		return o, row.Error("order_no", "order.adjustment", nil)
	}
	if p.has["member"] {
		o.MemberNo = cut(row.Code("member"))
	}
	at, err := row.Time("placed", clock.Shanghai, nil)
	if err != nil {
		return o, asRowError(err)
	}
	o.PlacedAt = at
	line, bad := p.line(row)
	if bad != nil {
		return o, bad
	}
	if bad := p.money(row, &o, line); bad != nil {
		return o, bad
	}
	if p.byLine() {
		o.Lines = []Line{line}
	}
	if p.has["paid_at"] && !row.Has("paid_at") {
		o.State = Unpaid
	}
	return o, nil
}

func (p *parser) line(row sheet.Row) (Line, *sheet.RowError) {
	l := Line{SKU: cut(row.Code("sku")), Name: cut(row.Get("name")), Quantity: 1}
	if !p.byLine() {
		return l, nil
	}
	if p.has["quantity"] {
		n, err := row.Int("quantity")
		if err != nil {
			return l, asRowError(err)
		}
		if n == 0 || n > maxQuantity || n < -maxQuantity {
			return l, row.Error("quantity", "order.bad_quantity", nil)
		}
		l.Quantity = int(n)
	}
	if row.Has("unit") {
		fen, err := row.Fen("unit")
		if err != nil {
			return l, asRowError(err)
		}
		if fen < 0 {
			return l, row.Error("unit", "order.negative_price", nil)
		}
		l.UnitFen = fen
	}
	return l, nil
}

// money works out what the row brought. Shops report a refunded order in two ways: some leave the amount paid as it was,
// some (Tmall) already take the refund off; the second shows in that paid and refund add up to no more than the total.
func (p *parser) money(row sheet.Row, o *part, l Line) *sheet.RowError {
	amount := func(key string) (fen int64, there bool, bad *sheet.RowError) {
		if !row.Has(key) {
			return 0, false, nil
		}
		fen, err := row.Fen(key)
		if err != nil {
			return 0, true, asRowError(err)
		}
		if fen > maxLineFen || fen < -maxLineFen {
			return 0, true, row.Error(key, "order.amount_too_large", nil)
		}
		return fen, true, nil
	}
	paid, hasPaid, bad := amount("paid")
	if bad != nil {
		return bad
	}
	total, hasTotal, bad := amount("total")
	if bad != nil {
		return bad
	}
	refund, _, bad := amount("refund")
	if bad != nil {
		return bad
	}
	refund = max(refund, -refund) // some write it as a negative amount
	net := paid
	switch {
	case hasPaid:
	case p.byLine() && row.Has("unit"):
		high, low := bits.Mul64(uint64(max(l.Quantity, -l.Quantity)), uint64(l.UnitFen))
		if high != 0 || low > maxLineFen {
			return row.Error("unit", "order.amount_too_large", nil)
		}
		if net = int64(low); l.Quantity < 0 {
			net = -net
		}
		if net == 0 { // stock corrections and write-offs; a present is told by an amount paid of 0
			return row.Error("unit", "order.no_price", nil)
		}
	case hasTotal:
		net = total
	default:
		return row.Error(p.moneyColumn(), "sheet.empty", nil)
	}
	if refund > 0 && !(hasPaid && hasTotal && paid+refund <= total) {
		net -= refund
	}
	o.NetFen, o.Refund = net, refund
	return nil
}

// moneyColumn is the column to name when a row has no amount at all.
func (p *parser) moneyColumn() string {
	for _, key := range []string{"paid", "unit", "total"} {
		if p.has[key] {
			return key
		}
	}
	return "paid"
}

// cut keeps names to a sensible length.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > maxText {
			return s[:i]
		}
	}
	return s
}

func asRowError(err error) *sheet.RowError {
	var e *sheet.RowError
	if errors.As(err, &e) {
		return e
	}
	return &sheet.RowError{Code: "sheet.bad_number"}
}

// ReadOrders reads a file's orders without writing anything, for feeds that place them later. Rows of one order must be
// neighbours; those that stand apart are yielded as orders of their own, in the order of their first rows.
func ReadOrders(r *sheet.Reader, report func(sheet.RowError), yield func(NewOrder) error) error {
	return newParser(r, report, time.Time{}).each(func(p part) error { return yield(p.order()) })
}
