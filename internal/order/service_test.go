package order

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/actor"
	"qunce/internal/audit"
	"qunce/internal/chain"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/event"
	"qunce/internal/geo"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/sheet"
)

type world struct {
	*Service
	directory *directory.Service
	mu        sync.Mutex
	told      []event.Event // what subscribers heard, in committed transactions or not
}

func newWorld(t testing.TB, now time.Time) *world {
	t.Helper()
	pool := pgtest.New(t)
	db := pool.Corp(pgtest.CorpSchema)
	ids := id.New(pool.IDBlock)
	c := clock.NewManual(now)
	log := slog.New(slog.DiscardHandler)
	bus := event.New(ids, clock.Wall())
	w := &world{directory: directory.New(directory.Deps{DB: db, IDs: ids, Clock: c, Audit: audit.New(ids), Log: log})}
	bus.Subscribe("test", func(_ context.Context, _ pg.Tx, evs []event.Event) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.told = append(w.told, evs...)
		return nil
	}, Placed, Refunded)
	members := customer.New(customer.Deps{DB: db, IDs: ids, Clock: c, Events: bus, Log: log})
	w.Service = New(Deps{DB: db, IDs: ids, Clock: c, Events: bus, Members: members, Stores: w.directory, Log: log})
	return w
}

func (w *world) importFile(t testing.TB, file io.Reader) (ImportResult, []sheet.RowError) {
	t.Helper()
	r, err := sheet.Open(file, "orders.csv", Columns())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	importID, err := w.IDs.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var found []sheet.RowError
	did, err := w.ImportOrders(t.Context(), r, ImportOptions{ImportID: importID, CauseID: importID, Report: func(e sheet.RowError) { found = append(found, e) }})
	if err != nil {
		t.Fatal(err)
	}
	return did, found
}

// totals is everything that a second import must leave alone.
type totals struct {
	Orders, Lines, Keys, Customers, Events, Staged int
	Net, Summed                                    int64
}

func (w *world) totals(t testing.TB) (x totals) {
	t.Helper()
	err := w.DB.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM order_order), (SELECT count(*) FROM order_line), (SELECT count(*) FROM order_key),
		(SELECT count(*) FROM order_customer), (SELECT count(*) FROM event_event), (SELECT count(*) FROM order_stage),
		(SELECT coalesce(sum(net_fen), 0)::bigint FROM order_order WHERE customer_id <> 0), (SELECT coalesce(sum(net_fen), 0)::bigint FROM order_customer)`).
		Scan(&x.Orders, &x.Lines, &x.Keys, &x.Customers, &x.Events, &x.Staged, &x.Net, &x.Summed)
	if err != nil {
		t.Fatal(err)
	}
	if x.Net != x.Summed || x.Orders != x.Keys || x.Staged != 0 {
		t.Errorf("the books do not balance: %+v", x)
	}
	return x
}

// recount compares the totals of customers with what their orders say.
func (w *world) recount(t testing.TB) {
	t.Helper()
	var wrong int
	err := w.DB.QueryRow(t.Context(), `SELECT count(*) FROM order_customer c WHERE ROW(c.orders, c.refunds, c.first_at, c.last_at)::record IS DISTINCT FROM
		(SELECT ROW((count(*) FILTER (WHERE kind = 'sale' AND state IN ('paid', 'partly_refunded')))::int,
			(count(*) FILTER (WHERE kind = 'refund' OR state IN ('refunded', 'partly_refunded')))::int,
			min(placed_at) FILTER (WHERE kind = 'sale' AND state IN ('paid', 'partly_refunded')),
			max(placed_at) FILTER (WHERE kind = 'sale' AND state IN ('paid', 'partly_refunded')))
		 FROM order_order o WHERE o.customer_id = c.customer_id)`).Scan(&wrong)
	if err != nil || wrong != 0 {
		t.Errorf("%d customers have wrong totals, %v", wrong, err)
	}
}

var allScope = actor.Scope{All: true}

var spring = time.Date(2026, 3, 2, 12, 0, 0, 0, clock.Shanghai)

const dirtyOrders = `订单号,下单时间,会员号,门店编号,商品,数量,单价,实付金额
A1,2026-03-01 10:00:00,M1,S1,茉莉奶绿,2,15.00,27.00
A2,2026-03-01 10:05:00,,S1,柠檬茶,1,12.00,12.00
A3,2026-03-01 10:10:00,M2,S9,柠檬茶,1,12.00,12.00
A1,2026-03-01 10:00:00,M1,S1,赠饮,1,0,0
A4,2026-03-01 11:00:00,M1,S1,柠檬茶,-1,12.00,-12.00
A5,2026-03-01 11:00:00,M1,"S1,柠檬茶,1,12.00,12.00
A6,昨天,M1,S1,柠檬茶,1,12.00,12.00
A7,2026-03-05 11:00:00,M1,S1,柠檬茶,1,12.00,12.00
`

func TestImportReportsBadRowsAndIsRepeatable(t *testing.T) {
	w := newWorld(t, spring)
	stores, err := sheet.Open(strings.NewReader("number,name,lat,lng\nS1,西湖店,30.25,120.14\n"), "s.csv", directory.StoreColumns())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.directory.ImportStores(t.Context(), stores, directory.ImportOptions{System: geo.GCJ02, Report: func(sheet.RowError) {}}); err != nil {
		t.Fatal(err)
	}
	did, found := w.importFile(t, strings.NewReader(dirtyOrders))
	if want := (ImportResult{Result: Result{Created: 4}, Rows: 8, Skipped: 1}); did != want {
		t.Errorf("first import: %+v, want %+v", did, want)
	}
	got := map[finding]bool{}
	for _, e := range found {
		got[finding{e.Row, e.Column, e.Code, e.Warning}] = true
	}
	want := map[finding]bool{
		{7, "", "sheet.unclosed_quote", false}: true, {8, "placed", "sheet.bad_time", false}: true, {9, "placed", "order.in_future", true}: true,
		{3, "member", "order.no_member", true}: true, {4, "store", "order.unknown_store", true}: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
	list, err := Find(t.Context(), w.DB, Filter{Query: "A1", Scope: allScope, Limit: 10})
	if err != nil || len(list) != 1 || list[0].Lines != 2 || list[0].NetFen != 2700 || list[0].StoreID == 0 || list[0].CustomerID == 0 {
		t.Errorf("the order whose rows stand apart: %+v, %v", list, err)
	}
	before := w.totals(t)
	w.recount(t)
	told := len(w.told)
	if did, _ := w.importFile(t, strings.NewReader(dirtyOrders)); did.Result != (Result{Unchanged: 4}) {
		t.Errorf("second import: %+v", did)
	}
	if diff := cmp.Diff(before, w.totals(t)); diff != "" || len(w.told) != told {
		t.Errorf("the second import changed (-before +after):\n%s and told %d", diff, len(w.told)-told)
	}
}

func TestImportCutOffHalfWayIsFinishedByTheNext(t *testing.T) {
	w := newWorld(t, spring)
	var file bytes.Buffer
	file.WriteString("order_no,placed_at,member_no,product,quantity,price\n")
	for i := range maxLines + 5000 { // more than one page
		fmt.Fprintf(&file, "N%d,2026-03-01 10:00:00,M%d,tea,1,1.00\n", i, i%50)
	}
	run := func(ctx context.Context, progress func(float64)) (ImportResult, error) {
		r, err := sheet.Open(bytes.NewReader(file.Bytes()), "orders.csv", Columns())
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		return w.ImportOrders(ctx, r, ImportOptions{ImportID: 9, CauseID: 9, Report: func(sheet.RowError) {}, Progress: progress})
	}
	ctx, stop := context.WithCancel(t.Context())
	first, err := run(ctx, func(float64) { stop() })
	if err == nil || first.Created == 0 {
		t.Fatalf("cut off: %+v, %v", first, err)
	}
	w.totals(t)
	second, err := run(t.Context(), nil)
	if err != nil || second.Unchanged != first.Created || second.Unchanged+second.Created != maxLines+5000 {
		t.Errorf("first %+v, second %+v, %v", first, second, err)
	}
	w.totals(t)
	w.recount(t)
}

func TestPlaceTellsWhatHappened(t *testing.T) {
	w := newWorld(t, spring)
	at := func(d int) time.Time { return spring.AddDate(0, 0, -d) }
	place := func(want Result, orders ...NewOrder) []string {
		t.Helper()
		w.told = nil
		did, err := w.Place(t.Context(), orders, 77)
		if err != nil || did != want {
			t.Fatalf("Place: %+v, %v; want %+v", did, err, want)
		}
		var out []string
		for _, e := range w.told {
			d := e.Data.(PlacedData)
			out = append(out, fmt.Sprintf("%s %s %d %v", e.Kind, d.OrderNo, d.NetFen, d.First))
		}
		w.totals(t)
		w.recount(t)
		return out
	}
	same := func(what string, got []string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s told (-want +got):\n%s", what, diff)
		}
	}
	line := []Line{{"a", "tea", 1, 1000}}
	same("first orders", place(Result{Created: 4},
		NewOrder{OrderNo: "2", PlacedAt: at(2), MemberNo: "M1", NetFen: 1000, Lines: line},
		NewOrder{OrderNo: "1", PlacedAt: at(3), MemberNo: "M1", NetFen: 1000, Lines: line},
		NewOrder{OrderNo: "3", PlacedAt: at(1), MemberNo: "M1", State: Unpaid, NetFen: 1000},
		NewOrder{OrderNo: "4", PlacedAt: at(1), NetFen: 500}),
		"order.placed 1 1000 true", "order.placed 2 1000 false", "order.placed 4 500 false")
	same("a later first order", place(Result{Created: 1}, NewOrder{OrderNo: "5", PlacedAt: at(1), MemberNo: "M1", NetFen: 1}), "order.placed 5 1 false")
	same("a payment", place(Result{Updated: 1}, NewOrder{OrderNo: "3", PlacedAt: at(1), MemberNo: "M1", State: Paid, NetFen: 1000}), "order.placed 3 1000 false")
	same("part of the money back", place(Result{Updated: 1}, NewOrder{OrderNo: "3", PlacedAt: at(1), MemberNo: "M1", State: PartlyRefunded, NetFen: 400}), "order.refunded 3 -600 false")
	same("all of it back", place(Result{Updated: 1}, NewOrder{OrderNo: "3", PlacedAt: at(1), MemberNo: "M1", State: FullyRefunded}), "order.refunded 3 -400 false")
	same("a refund document", place(Result{Created: 1}, NewOrder{OrderNo: "C1", PlacedAt: at(0), MemberNo: "M1", NetFen: -1000}), "order.refunded C1 -1000 false")
	same("the same again", place(Result{Unchanged: 1}, NewOrder{OrderNo: "C1", PlacedAt: at(0), MemberNo: "M1", NetFen: -1000}))
	same("an order finds its buyer", place(Result{Updated: 1}, NewOrder{OrderNo: "4", PlacedAt: at(1), MemberNo: "M2", NetFen: 500}))
	sums, err := w.Summaries(t.Context(), w.DB, w.customers(t, "M1", "M2"))
	if err != nil {
		t.Fatal(err)
	}
	ids := w.customers(t, "M1", "M2")
	m1, m2 := sums[ids[0]], sums[ids[1]]
	if m1.Orders != 3 || m1.Refunds != 2 || m1.NetFen != 1001 || !m1.FirstAt.Equal(at(3)) || !m1.LastAt.Equal(at(1)) || m2.Orders != 1 || m2.NetFen != 500 {
		t.Errorf("totals: %+v and %+v", m1, m2)
	}
}

func (w *world) customers(t *testing.T, members ...string) []int64 {
	t.Helper()
	var out []int64
	err := w.DB.Tx(t.Context(), func(tx pg.Tx) error {
		found, err := w.Members.EnsureMembers(t.Context(), tx, members, 1)
		out = nil
		for _, m := range members {
			out = append(out, found[m])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAttributionSurvivesAChange(t *testing.T) {
	w := newWorld(t, spring)
	o := NewOrder{OrderNo: "1", PlacedAt: spring, MemberNo: "M1", NetFen: 1000}
	if _, err := w.Place(t.Context(), []NewOrder{o}, 1); err != nil {
		t.Fatal(err)
	}
	e := w.told[0]
	for _, code := range []int64{42, 43} { // the first code stays
		err := w.DB.Tx(t.Context(), func(tx pg.Tx) error {
			return w.Attribute(t.Context(), tx, []Attribution{{CustomerID: e.CustomerID, OrderID: e.Data.(PlacedData).OrderID, CodeID: code}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	o.NetFen = 900
	if _, err := w.Place(t.Context(), []NewOrder{o}, 2); err != nil {
		t.Fatal(err)
	}
	first, ok, err := w.FirstAttributed(t.Context(), w.DB, e.CustomerID)
	if err != nil || !ok || first.CodeID != 42 || first.NetFen != 900 {
		t.Errorf("attributed: %+v, %v, %v", first, ok, err)
	}
}

func TestConcurrentPlacesOfTheSameOrders(t *testing.T) {
	w := newWorld(t, spring)
	var orders []NewOrder
	for i := range 300 {
		orders = append(orders, NewOrder{OrderNo: fmt.Sprint(i), PlacedAt: spring.Add(-time.Duration(i) * time.Hour), MemberNo: fmt.Sprint("M", i%20), NetFen: 100})
	}
	var wg sync.WaitGroup
	created := make([]int, 6)
	for n := range created {
		wg.Go(func() {
			did, err := w.Place(t.Context(), orders, int64(n+1))
			if err != nil {
				t.Error(err)
			}
			created[n] = did.Created
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range created {
		sum += n
	}
	if got := w.totals(t); sum != 300 || got.Orders != 300 || got.Events != 300 || got.Net != 30000 {
		t.Errorf("created %v, totals %+v", created, got)
	}
	w.recount(t)
}

func TestFeedKeepsLaterOrdersBack(t *testing.T) {
	w := newWorld(t, spring)
	did, later, err := w.Feed(t.Context(), []NewOrder{{OrderNo: "1", PlacedAt: spring, NetFen: 1}, {OrderNo: "2", PlacedAt: spring.Add(time.Second), NetFen: 1}}, 5)
	if err != nil || did.Created != 1 || later != 1 {
		t.Errorf("Feed: %+v, %d, %v", did, later, err)
	}
}

func TestChainOrdersComeIn(t *testing.T) {
	w := newWorld(t, spring)
	var file bytes.Buffer
	if err := chain.WriteOrders(&file, chain.OrderOptions{Start: spring, HistoryDays: 10, Days: 2, Members: 300, Stores: chain.Stores(5, 1), Seed: 1}); err != nil {
		t.Fatal(err)
	}
	text := file.String()
	did, found := w.importFile(t, strings.NewReader(text))
	if did.Created < 50 || did.Skipped == 0 {
		t.Errorf("imported %+v", did)
	}
	for _, e := range found {
		if !e.Warning {
			t.Errorf("a row of our own generator is wrong: %+v", e)
		}
	}
	before := w.totals(t)
	if did, _ := w.importFile(t, strings.NewReader(text)); did.Unchanged != before.Orders || did.Created+did.Updated != 0 {
		t.Errorf("second import: %+v", did)
	}
}

func TestTablesAreDeclared(t *testing.T) {
	w := newWorld(t, spring)
	for _, sentence := range pg.CheckTables(t.Context(), w.DB, Tables()) {
		if strings.Contains(sentence, "order_") {
			t.Error(sentence)
		}
	}
}

func dataFile(t testing.TB, name string) io.Reader {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", name))
	if err != nil {
		t.Skipf("%s is not here: it is not shipped with the product", name)
	}
	gz, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return gz
}

func TestRealOrderFiles(t *testing.T) {
	for _, c := range []struct {
		file   string
		want   Result
		rows   int
		counts map[string]int
	}{
		{"tmall-orders-dev.csv.gz", Result{Created: 14059}, 14059, map[string]int{"order.no_member_column": 1}},
		{"online-retail-dev.csv.gz", Result{}, 320705, nil},
	} {
		t.Run(c.file, func(t *testing.T) {
			w := newWorld(t, spring)
			started := clock.Wall().Now()
			did, found := w.importFile(t, dataFile(t, c.file))
			took := clock.Wall().Now().Sub(started)
			got := map[string]int{}
			for _, e := range found {
				got[e.Code]++
			}
			t.Logf("%+v in %s (%.0f rows/s), reported %v", did, took, float64(did.Rows)/took.Seconds(), got)
			if did.Rows != c.rows || c.want.Created != 0 && did.Result != c.want || c.counts != nil && !cmp.Equal(got, c.counts) {
				t.Errorf("got %+v with %v", did, got)
			}
			before := w.totals(t)
			w.recount(t)
			t.Logf("%+v", before)
			if did, _ := w.importFile(t, dataFile(t, c.file)); did.Created+did.Updated != 0 || did.Unchanged != before.Orders {
				t.Errorf("second import: %+v", did)
			}
			if diff := cmp.Diff(before, w.totals(t)); diff != "" {
				t.Errorf("the second import changed (-before +after):\n%s", diff)
			}
		})
	}
}
