package analytics_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/analytics"
	"qunce/internal/api"
	"qunce/internal/i18n"
	"qunce/internal/livecode"
	"qunce/internal/livecode/codetest"
	"qunce/internal/metric"
	"qunce/internal/order"
)

type reply struct {
	Date   string            `json:"date"`
	Tiles  []metric.Value    `json:"tiles"`
	Alerts []analytics.Alert `json:"alerts"`
	Series []struct {
		Metric metric.ID `json:"metric"`
		Points []struct {
			Date  string   `json:"date"`
			Value *float64 `json:"value"`
		} `json:"points"`
	} `json:"series"`
}

func ask(t testing.TB, b *codetest.Brand, who actor.Actor, path string) reply {
	t.Helper()
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	a := api.New(api.Config{Title: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog, Can: func(actor.Actor, api.Permission) bool { return true }})
	analytics.New(analytics.Deps{DB: b.DB, Clock: b.Clock}).API(a)
	req := httptest.NewRequestWithContext(actor.With(t.Context(), who), http.MethodGet, path, nil)
	rec := httptest.NewRecorder()
	a.Handler().ServeHTTP(rec, req)
	if rec.Code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, rec.Code, rec.Body)
	}
	var out reply
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (r reply) tile(t testing.TB, id metric.ID) metric.Value {
	t.Helper()
	for _, v := range r.Tiles {
		if v.ID == id {
			return v
		}
	}
	t.Fatalf("no tile %s", id)
	return metric.Value{}
}

var everybody = actor.Actor{UserID: 1, Role: actor.Owner, Scope: actor.Scope{All: true}}

func shows(t testing.TB, v metric.Value, want float64, state metric.State) {
	t.Helper()
	if v.Value == nil || *v.Value != want || v.State != state {
		raw, _ := json.Marshal(v)
		t.Errorf("%s: %s, want %v %s", v.ID, raw, want, state)
	}
}

func unknown(t testing.TB, v metric.Value, note metric.Note) {
	t.Helper()
	if v.Value != nil || v.State != metric.Missing || v.NoteCode != note {
		raw, _ := json.Marshal(v)
		t.Errorf("%s: %s, want unknown because of %s", v.ID, raw, note)
	}
}

func TestUnknownIsNotZero(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	r := ask(t, b, everybody, "/api/today")
	unknown(t, r.tile(t, metric.Scan), metric.NoPages)
	unknown(t, r.tile(t, metric.GMV), metric.NoImport)
	unknown(t, r.tile(t, metric.Attributed), metric.NoImport)
	shows(t, r.tile(t, metric.Add), 0, metric.Partial) // the day runs, and nobody came yet
	if v := r.tile(t, metric.Welcome); v.Value != nil || v.NoteCode != metric.DayRunning && v.NoteCode != metric.NoCases {
		t.Errorf("a rate of nothing: %+v", v)
	}
	r = ask(t, b, everybody, "/api/today?date=2026-03-09")
	unknown(t, r.tile(t, metric.Add), metric.NotStarted)
}

func TestTheDay(t *testing.T) {
	b := codetest.New(t, codetest.Options{InWest: 3})
	ctx := t.Context()
	if _, err := b.Codes.EnsureStoreCodes(ctx, []int64{b.West, b.River}, b.ID()); err != nil {
		t.Fatal(err)
	}
	b.Settle()
	doors, err := b.Codes.OfStores(ctx, b.DB, []int64{b.West, b.River})
	if err != nil {
		t.Fatal(err)
	}
	scan := func(c *livecode.Code, visitor string) {
		t.Helper()
		if err := b.Codes.Scan(ctx, *c, visitor); err != nil {
			t.Fatal(err)
		}
	}
	scan(doors[b.West].Staff, "oONE1")
	scan(doors[b.West].Staff, "oONE1")
	scan(doors[b.River].Staff, "oTWO2")
	b.Do("add", map[string]any{"person": codetest.Person(0), "qr": doors[b.West].Staff.QR})
	b.Do("add", map[string]any{"person": codetest.Person(1), "qr": doors[b.River].Staff.QR})
	b.Do("join", map[string]any{"person": codetest.Person(0), "qr": doors[b.West].Group.QR})
	b.Advance(codetest.Start.Add(24 * time.Hour))
	b.Do("leave", map[string]any{"person": codetest.Person(0), "chat_id": "wrWEST"})
	b.Do("delete", map[string]any{"person": codetest.Person(1), "userid": "zhou"})

	first := ask(t, b, everybody, "/api/today?date=2026-03-02")
	shows(t, first.tile(t, metric.Scan), 2, metric.Complete)
	shows(t, first.tile(t, metric.Add), 2, metric.Complete)
	shows(t, first.tile(t, metric.LostC), 0, metric.Complete)
	if v := first.tile(t, metric.Welcome); *v.Numerator != 2 || *v.Denominator != 2 || v.Low == nil || v.Params["p99_ms"] > 20000 {
		t.Errorf("welcome: %+v", v)
	}
	second := ask(t, b, everybody, "/api/today")
	shows(t, second.tile(t, metric.LostC), 1, metric.Partial)
	if v := second.tile(t, metric.GroupExit); *v.Numerator != 1 || *v.Denominator != 4 {
		t.Errorf("one of the four who were in left: %+v", v)
	}
	for _, line := range second.Series {
		if n := len(line.Points); n != 14 || line.Points[13].Date != "2026-03-03" {
			t.Errorf("%s has %d points up to %v", line.Metric, n, line.Points[n-1])
		}
	}

	west := actor.Actor{UserID: 2, Role: actor.StoreManager, Scope: actor.Scope{Stores: []int64{b.West}}}
	shows(t, ask(t, b, west, "/api/today?date=2026-03-02").tile(t, metric.Scan), 1, metric.Complete)
	shows(t, ask(t, b, west, "/api/today?date=2026-03-02").tile(t, metric.Add), 1, metric.Complete)
	shows(t, ask(t, b, west, "/api/today").tile(t, metric.LostC), 0, metric.Partial)
	nobody := actor.Actor{UserID: 3, Role: actor.StoreManager}
	shows(t, ask(t, b, nobody, "/api/today?date=2026-03-02").tile(t, metric.Add), 0, metric.Complete)
}

func TestRevenue(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	ctx := t.Context()
	code := b.Create(livecode.NewCode{Kind: livecode.StaffCode, Name: "海报", Channel: livecode.StorePoster, StoreID: b.West})
	b.Do("add", map[string]any{"person": codetest.Person(0), "qr": code.QR})
	customerID := codetest.One[int64](b, `SELECT customer_id FROM customer_identity WHERE value = $1`, codetest.Person(0))
	if _, err := b.DB.Exec(ctx, `INSERT INTO customer_identity (kind, value, customer_id, source, created_at) VALUES ('member_no', 'M1', $1, 'test', $2)`, customerID, codetest.Start); err != nil {
		t.Fatal(err)
	}
	at := func(days int) time.Time { return codetest.Start.AddDate(0, 0, days).Add(2 * time.Hour) }
	list := []order.NewOrder{
		{OrderNo: "O1", PlacedAt: at(0), MemberNo: "M1", StoreNumber: "HG00001", NetFen: 2000},
		{OrderNo: "O2", PlacedAt: at(0), MemberNo: "M2", StoreNumber: "HG00002", NetFen: 3000},
		{OrderNo: "O3", PlacedAt: at(0), MemberNo: "M1", StoreNumber: "HG00001", NetFen: -500},
		{OrderNo: "O4", PlacedAt: at(0), MemberNo: "M3", StoreNumber: "HG00001", NetFen: 9900, State: order.Unpaid},
		{OrderNo: "O5", PlacedAt: at(2), MemberNo: "M2", StoreNumber: "HG00001", NetFen: 100},
	}
	if _, err := b.Orders.Place(ctx, list, b.ID()); err != nil {
		t.Fatal(err)
	}
	b.Clock.Set(codetest.Start.AddDate(0, 0, 5))
	r := ask(t, b, everybody, "/api/orders/summary?date=2026-03-02")
	shows(t, r.tile(t, metric.GMV), 4500, metric.Complete)
	shows(t, r.tile(t, metric.Attributed), 1500, metric.Complete)
	shows(t, r.tile(t, metric.FirstOrder), 1, metric.Complete)
	if v := r.tile(t, metric.LinkedShare); *v.Numerator != 1500 || *v.Denominator != 4500 {
		t.Errorf("linked share %+v", v)
	}
	shows(t, ask(t, b, everybody, "/api/orders/summary?date=2026-03-03").tile(t, metric.GMV), 0, metric.Complete)
	shows(t, ask(t, b, everybody, "/api/orders/summary?date=2026-03-04").tile(t, metric.GMV), 100, metric.Partial)
	unknown(t, ask(t, b, everybody, "/api/orders/summary?date=2026-03-05").tile(t, metric.GMV), metric.NotCovered)
	unknown(t, ask(t, b, everybody, "/api/orders/summary?date=2026-03-01").tile(t, metric.GMV), metric.NotCovered)
	west := actor.Actor{UserID: 2, Role: actor.StoreManager, Scope: actor.Scope{Stores: []int64{b.West}}}
	shows(t, ask(t, b, west, "/api/orders/summary?date=2026-03-02").tile(t, metric.GMV), 1500, metric.Complete)
}

func TestAlertsSpeakOnlyOfTrouble(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	ctx := t.Context()
	r := ask(t, b, everybody, "/api/today")
	if len(r.Alerts) != 1 || r.Alerts[0].Kind != "store_without_code" || r.Alerts[0].Count != 2 {
		t.Fatalf("alerts %+v", r.Alerts)
	}
	if _, err := b.Codes.EnsureStoreCodes(ctx, []int64{b.West, b.River}, b.ID()); err != nil {
		t.Fatal(err)
	}
	b.Settle()
	if _, err := b.DB.Exec(ctx, `UPDATE livecode_code SET status = 'failed' WHERE store_id = $1 AND kind = 'group'`, b.West); err != nil {
		t.Fatal(err)
	}
	r = ask(t, b, everybody, "/api/today")
	if len(r.Alerts) != 1 || r.Alerts[0].Kind != "code_failed" || r.Alerts[0].Severity != "error" {
		t.Errorf("alerts %+v", r.Alerts)
	}
	river := actor.Actor{UserID: 2, Role: actor.StoreManager, Scope: actor.Scope{Stores: []int64{b.River}}}
	if r = ask(t, b, river, "/api/today"); len(r.Alerts) != 0 {
		t.Errorf("another store's trouble: %+v", r.Alerts)
	}
}
