package customerapp_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/customerapp"
	"qunce/internal/i18n"
	"qunce/internal/livecode"
	"qunce/internal/livecode/codetest"
)

// site is the customer pages as a browser and the simulated phones see them.
type site struct {
	*codetest.Brand
	t testing.TB
}

func open(t testing.TB, o codetest.Options) *site {
	t.Helper()
	b := codetest.New(t, o)
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	a := api.New(api.Config{Title: "pages", Log: slog.New(slog.DiscardHandler), Catalog: catalog, Can: func(actor.Actor, api.Permission) bool { return false }})
	s := customerapp.New(customerapp.Deps{DB: b.DB, Clock: b.Clock, Codes: b.Codes, Directory: b.Directory, Brand: "禾光茶饮",
		Page: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })})
	s.API(a)
	b.Mux.Handle("/", s.Visitor(a.Handler()))
	return &site{Brand: b, t: t}
}

func (s *site) call(method, path string, body any, cookies ...*http.Cookie) (int, map[string]any, []*http.Cookie) {
	s.t.Helper()
	var raw bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&raw).Encode(body); err != nil {
			s.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.Web.URL+path, &raw)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, c := range cookies {
		req.AddCookie(c)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]any{}
	_ = json.Unmarshal(text, &out) // pictures and pages are not JSON
	return res.StatusCode, out, res.Cookies()
}

func (s *site) scans(codeID int64) int64 {
	return codetest.One[int64](s.Brand, `SELECT count(*) FROM livecode_scan WHERE code_id = $1`, codeID)
}

func TestLandingCountsAVisitorOnceADay(t *testing.T) {
	s := open(t, codetest.Options{})
	code := s.Create(livecode.NewCode{Kind: livecode.StaffCode, Name: "海报", Channel: livecode.StorePoster, StoreID: s.West})
	status, page, cookies := s.call("GET", "/h5/api/code/"+code.Token, nil)
	if status != 200 || page["kind"] != "staff" || page["qr"] != code.QR || page["fallback"] != nil {
		t.Fatalf("%d %v", status, page)
	}
	if store := page["store"].(map[string]any); store["open"] != true || store["open_time"] != "08:00" {
		t.Errorf("store %v", store)
	}
	if len(cookies) != 1 || cookies[0].Name != "qv" || !cookies[0].HttpOnly {
		t.Fatalf("cookies %v", cookies)
	}
	s.call("GET", "/h5/api/code/"+code.Token, nil, cookies...)
	if n := s.scans(code.ID); n != 1 {
		t.Errorf("the same visitor counts %d times", n)
	}
	s.call("GET", "/h5/api/code/"+code.Token+"?v=oVISITOR2", nil)
	if n := s.scans(code.ID); n != 2 {
		t.Errorf("%d scans of two visitors", n)
	}
	s.Clock.Set(codetest.Start.Add(24 * time.Hour))
	s.call("GET", "/h5/api/code/"+code.Token, nil, cookies...)
	if n := s.scans(code.ID); n != 3 {
		t.Errorf("%d scans after another day", n)
	}
	if status, page, _ := s.call("GET", "/h5/api/code/nothing", nil); status != 404 || page["code"] != "code.not_found" {
		t.Errorf("unknown token: %d %v", status, page)
	}
	if status, _, _ := s.call("GET", "/h5/api/code/"+code.Token+"/qr.svg", nil); status != 200 {
		t.Errorf("picture: %d", status)
	}
	if status, _, _ := s.call("GET", "/c/"+code.Token, nil); status != 200 {
		t.Errorf("page: %d", status)
	}
}

// Every broken code leads on: to another door of its store, else to the choice of a store, else to a word of where to ask.
func TestNoDeadEnd(t *testing.T) {
	s := open(t, codetest.Options{})
	ctx := codetest.As(t.Context())
	locator := s.Create(livecode.NewCode{Kind: livecode.Locator, Name: "找店", Channel: livecode.Article})
	_, page, _ := s.call("GET", "/h5/api/code/"+locator.Token, nil)
	if fb, _ := page["fallback"].(map[string]any); page["kind"] != "locator" || fb["reason"] != "ask_in_store" || !strings.Contains(fb["note"].(string), "禾光茶饮") {
		t.Errorf("without any door: %v", page)
	}
	first := s.Create(livecode.NewCode{Kind: livecode.StaffCode, Name: "海报", Channel: livecode.StorePoster, StoreID: s.West})
	room := s.Create(livecode.NewCode{Kind: livecode.GroupCode, Name: "进群", Channel: livecode.TableCard, StoreID: s.West})
	yes := true
	if err := s.Codes.Update(ctx, room.ID, livecode.Change{Paused: &yes}); err != nil {
		t.Fatal(err)
	}
	_, page, _ = s.call("GET", "/h5/api/code/"+room.Token, nil)
	if fb, _ := page["fallback"].(map[string]any); page["kind"] != "staff" || page["qr"] != first.QR || fb["reason"] != "other_door" {
		t.Errorf("a paused group code of a store with a staff code: %v", page)
	}
	river := s.Create(livecode.NewCode{Kind: livecode.GroupCode, Name: "滨江进群", Channel: livecode.TableCard, StoreID: s.River})
	if _, err := s.DB.Exec(ctx, `UPDATE directory_staff SET active = false WHERE store_id = $1`, s.West); err != nil {
		t.Fatal(err)
	}
	_, page, _ = s.call("GET", "/h5/api/code/"+first.Token, nil)
	if fb, _ := page["fallback"].(map[string]any); page["kind"] != "locator" || page["qr"] != nil || fb["reason"] != "pick_store" {
		t.Errorf("a code whose people have all left: %v", page)
	}
	// Choosing that store by hand leads to the nearest one with a door, and says so.
	status, choice, _ := s.call("POST", "/h5/api/locate/choose", map[string]any{"token": first.Token, "visitor": "oVISITOR1", "store_id": s.West})
	if status != 200 || choice["group_qr"] != river.QR || choice["staff_qr"] != nil || !strings.Contains(choice["note"].(string), "滨江店") {
		t.Errorf("choice %d %v", status, choice)
	}
}

func TestLocate(t *testing.T) {
	s := open(t, codetest.Options{})
	ctx := t.Context()
	if _, err := s.Codes.EnsureStoreCodes(ctx, []int64{s.West, s.River}, s.ID()); err != nil {
		t.Fatal(err)
	}
	s.Settle()
	locator := s.Create(livecode.NewCode{Kind: livecode.Locator, Name: "找店", Channel: livecode.Article})
	near := func(lat, lng float64) []any {
		t.Helper()
		status, found, _ := s.call("POST", "/h5/api/locate", map[string]any{"token": locator.Token, "visitor": "oVISITOR1", "lat": lat, "lng": lng, "coord_system": "gcj02"})
		if status != 200 {
			t.Fatalf("%d %v", status, found)
		}
		return found["stores"].([]any)
	}
	if got := near(30.251, 120.131)[0].(map[string]any); got["id"].(float64) != float64(s.West) || got["distance_m"].(float64) > 200 {
		t.Errorf("nearest %v", got)
	}
	// The nearer store is closed for today, so the open one stands first.
	if _, err := s.DB.Exec(ctx, `UPDATE directory_store SET open_minute = 1200 WHERE id = $1`, s.West); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Directory.SyncDirectory(ctx); err != nil {
		t.Fatal(err)
	}
	status, choice, _ := s.call("POST", "/h5/api/locate/choose", map[string]any{"token": locator.Token, "visitor": "oVISITOR1", "store_id": s.River})
	if status != 200 || choice["staff_qr"] == nil || choice["group_qr"] == nil || choice["note"] != "" {
		t.Errorf("choice %d %v", status, choice)
	}
	if got := codetest.One[int64](s.Brand, `SELECT store_id FROM livecode_scan WHERE visitor = 'oVISITOR1' AND code_id = $1`, locator.ID); got != s.River {
		t.Errorf("the chosen store is %d", got)
	}
	if n := codetest.One[int64](s.Brand, `SELECT count(*) FROM event_event WHERE data::text LIKE '%120.13%' OR data::text LIKE '%30.25%'`); n != 0 {
		t.Errorf("a position was stored %d times", n)
	}
	if status, problem, _ := s.call("POST", "/h5/api/locate", map[string]any{"token": locator.Token, "lat": 120.1, "lng": 30.2}); status != 422 || problem["code"] != "geo.swapped" {
		t.Errorf("swapped coordinates: %d %v", status, problem)
	}
	_, list, _ := s.call("GET", "/h5/api/stores?q=滨江&city=杭州市", nil)
	if stores := list["stores"].([]any); len(stores) != 1 || len(list["cities"].([]any)) != 1 {
		t.Errorf("by hand: %v", list)
	}
}

// A simulated person scans the printed address and goes the whole way by themselves, without a dead end.
func TestPhoneGoesThroughTheLanding(t *testing.T) {
	s := open(t, codetest.Options{})
	if _, err := s.Codes.EnsureStoreCodes(t.Context(), []int64{s.West, s.River}, s.ID()); err != nil {
		t.Fatal(err)
	}
	s.Settle()
	locator := s.Create(livecode.NewCode{Kind: livecode.Locator, Name: "找店", Channel: livecode.Article})
	shown := s.Do("scan", map[string]any{"person": codetest.Person(0), "url": s.Codes.URL(locator.Token)})
	if shown["staff_qr"] == nil || shown["group_qr"] == nil {
		t.Fatalf("the phone shows %v", shown)
	}
	s.Do("add", map[string]any{"person": codetest.Person(0), "qr": shown["staff_qr"]})
	truth, err := s.Sim.Truth(t.Context())
	if err != nil || truth.Counts.DeadEnds != 0 || len(truth.Friends) != 1 {
		t.Errorf("truth %+v, %v", truth.Counts, err)
	}
	if card := codetest.One[string](s.Brand, `SELECT payload->'card'->>'url' FROM outbox_call WHERE kind = 'send_welcome_msg'`); !strings.Contains(card, "/c/") {
		t.Errorf("the welcome's card leads to %q", card)
	}
}
