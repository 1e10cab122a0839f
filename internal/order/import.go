package order

import (
	"context"
	"time"

	"qunce/internal/failpoint"
	"qunce/internal/sheet"
)

// ImportOptions are an import's. Rows later than the corp's clock are left out unless Future is set. Report hears of every
// wrong or doubtful row, Progress (may be nil) of the share of the orders that are written, 0 to 1.
type ImportOptions struct {
	ImportID int64
	CauseID  int64
	Future   bool
	Report   func(sheet.RowError)
	Progress func(share float64)
}

// ImportResult counts: Rows and Skipped are rows of the file, the rest orders. Skipped rows are later than the clock.
type ImportResult struct {
	Result
	Rows    int
	Skipped int
}

// stageBytes is how much is staged with one COPY.
const stageBytes = 4 << 20

var (
	fpStageAfter = failpoint.New("order.stage.after")
	fpPageAfter  = failpoint.New("order.page.after")
)

// ImportOrders reads an order file in two passes: it stages the rows, and then places them order by order in sets. Bad rows
// are reported and left out. Cut off anywhere, it can be run again from the start: what was placed counts as unchanged.
//
// Codes reported besides those of sheet: order.adjustment, order.bad_quantity, order.negative_price, order.no_price,
// order.amount_too_large, order.duplicate_in_file; warnings order.no_member_column and order.in_future (once),
// order.no_member, order.unknown_store.
func (s *Service) ImportOrders(ctx context.Context, r *sheet.Reader, o ImportOptions) (ImportResult, error) {
	var result ImportResult
	if err := clearStage(ctx, s.DB, o.ImportID); err != nil { // an earlier try may have left its rows
		return result, err
	}
	defer func() {
		if err := clearStage(context.WithoutCancel(ctx), s.DB, o.ImportID); err != nil {
			s.Log.Warn("staged orders were not cleared", "import", o.ImportID, "error", err)
		}
	}()
	until := s.Clock.Now()
	if o.Future {
		until = time.Time{}
	}
	p := newParser(r, o.Report, until)
	st, err := s.stage(ctx, p, o.ImportID)
	result.Rows, result.Skipped = p.rows, p.later
	if err != nil {
		return result, err
	}
	fpStageAfter.Hit()
	if err := s.ensureMonths(ctx, st.months); err != nil {
		return result, err
	}
	if err := joinStage(ctx, s.DB, o.ImportID); err != nil {
		return result, err
	}
	page := pager{service: s, options: o, parser: p, stores: map[string]int64{}}
	after := int64(0)
	for _, upto := range st.pages {
		did, err := page.place(ctx, after, upto)
		if err != nil {
			return result, err
		}
		result.Result = result.Result.Add(did)
		after = upto
		if o.Progress != nil {
			o.Progress(float64(upto) / float64(st.pages[len(st.pages)-1]))
		}
		fpPageAfter.Hit()
	}
	return result, nil
}

// stageInfo is what staging learnt: where pages end, and the months that need partitions.
type stageInfo struct {
	pages  []int64
	months map[time.Time]bool
}

func (s *Service) stage(ctx context.Context, p *parser, importID int64) (stageInfo, error) {
	info := stageInfo{months: map[time.Time]bool{}}
	var list []staged
	seq, size, lines := int64(0), 0, 0
	flush := func() error {
		if len(list) == 0 {
			return nil
		}
		err := copyStage(ctx, s.DB, importID, list)
		list, size = list[:0], 0
		return err
	}
	err := p.each(func(x part) error {
		seq++
		info.months[monthOf(x.PlacedAt)] = true
		body := encodePart(x)
		list = append(list, staged{seq: seq, orderNo: x.OrderNo, body: body})
		size += len(body)
		if lines += len(x.Lines) + 1; lines >= maxLines {
			info.pages, lines = append(info.pages, seq), 0
		}
		if size >= stageBytes {
			return flush()
		}
		return nil
	})
	if err != nil {
		return info, err
	}
	if lines > 0 {
		info.pages = append(info.pages, seq)
	}
	return info, flush()
}

// pager places a page of staged orders at a time.
type pager struct {
	service *Service
	options ImportOptions
	parser  *parser
	stores  map[string]int64 // number → id, 0 for an unknown one
}

func (g *pager) place(ctx context.Context, after, upto int64) (Result, error) {
	staged, err := readStage(ctx, g.service.DB, g.options.ImportID, after, upto)
	if err != nil {
		return Result{}, err
	}
	orders := make([]NewOrder, 0, len(staged))
	for _, parts := range staged {
		whole := parts[0]
		for _, p := range parts[1:] {
			if g.parser.byLine() {
				whole.join(p)
				continue
			}
			g.options.Report(sheet.RowError{Row: p.Row, Column: "order_no", Code: "order.duplicate_in_file", Value: sheet.Cut(p.OrderNo),
				Params: map[string]any{"first": whole.Row}})
		}
		o := whole.order()
		o.ImportID = g.options.ImportID
		orders = append(orders, o)
	}
	if err := g.resolveStores(ctx, orders); err != nil {
		return Result{}, err
	}
	for i := range orders {
		o := &orders[i]
		if g.parser.has["member"] && o.MemberNo == "" {
			g.options.Report(sheet.RowError{Row: o.Row, Column: "member", Code: "order.no_member", Warning: true, Params: map[string]any{"order_no": o.OrderNo}})
		}
		if o.StoreNumber == "" {
			continue
		}
		if o.StoreID = g.stores[o.StoreNumber]; o.StoreID == 0 {
			g.options.Report(sheet.RowError{Row: o.Row, Column: "store", Code: "order.unknown_store", Value: sheet.Cut(o.StoreNumber), Warning: true})
		}
	}
	if len(orders) == 0 {
		return Result{}, nil
	}
	return g.service.placeSet(ctx, orders, g.options.CauseID)
}

func (g *pager) resolveStores(ctx context.Context, orders []NewOrder) error {
	var ask []string
	for i := range orders {
		n := orders[i].StoreNumber
		if _, known := g.stores[n]; n != "" && !known {
			g.stores[n] = 0
			ask = append(ask, n)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	found, err := g.service.Stores.StoreIDsByNumber(ctx, g.service.DB, ask)
	for n, id := range found {
		g.stores[n] = id
	}
	return err
}
