package customer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/event"
	"qunce/internal/id"
	"qunce/internal/inbox"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

const (
	corpID = "wwcust0000000001"
	token  = "custTOKEN"
	aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)

// brand is a small corp with the real simulator as its WeCom: lina (西湖店), wang (西湖店) and zhou (滨江店).
type brand struct {
	t     *testing.T
	db    *pg.DB
	ids   *id.Source
	clock *clock.Manual
	bus   *event.Bus
	in    *inbox.Inbox
	dir   *directory.Service
	s     *customer.Service
	we    *wecom.Client
	sim   sim.Control
	web   string
	ways  map[string]string // userid → picture of the code

	store map[string]int64 // 西湖 滨江

	mu    sync.Mutex
	heard []event.Event
	calls map[string]int // of WeCom's API, by path
}

type staff struct{ *directory.Service }

func (x staff) EnsureStaff(ctx context.Context, tx pg.Tx, users []string) (map[string]customer.StaffRef, error) {
	found, err := x.Service.EnsureStaff(ctx, tx, users)
	out := map[string]customer.StaffRef{}
	for u, m := range found {
		out[u] = customer.StaffRef{ID: m.ID, StoreID: m.StoreID, Name: m.Name}
	}
	return out, err
}

func newBrand(t *testing.T, limits sim.Limits) *brand {
	t.Helper()
	pool := pgtest.New(t)
	b := &brand{t: t, db: pool.Corp(pgtest.CorpSchema), ids: id.New(pool.IDBlock), clock: clock.NewManual(start), ways: map[string]string{}, store: map[string]int64{}, calls: map[string]int{}}
	b.check(event.Found(t.Context(), b.db, start))
	wall, log := clock.Wall(), slog.New(slog.DiscardHandler)
	b.bus = event.New(b.ids, wall)
	b.bus.Subscribe("test", func(_ context.Context, tx pg.Tx, evs []event.Event) error {
		tx.AfterCommit(func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.heard = append(b.heard, evs...)
		})
		return nil
	}, customer.Added, customer.Ended, customer.Tagged, customer.Untagged, customer.Welcomed, customer.OptedOut, customer.OptedIn)
	b.in = inbox.New(b.db, b.ids, wall, log)
	crypto, err := callback.NewCrypto(token, aesKey, corpID)
	b.check(err)
	door := httptest.NewServer(inbox.NewIngress(b.in, crypto))
	t.Cleanup(door.Close)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = b.in.Ingest(ctx) }()
	t.Cleanup(func() { stop(); <-ended })

	if limits.HalfAdd == 0 {
		limits.HalfAdd = -1
	}
	w := sim.World{Seed: 5, Start: start, Limits: limits,
		Departments: []sim.Department{{ID: 1, Name: "禾光"}, {ID: 2, Name: "西湖店", ParentID: 1}, {ID: 3, Name: "滨江店", ParentID: 1}},
		Members: []sim.Member{{UserID: "lina", Name: "李娜", Departments: []int64{2}}, {UserID: "wang", Name: "王强", Departments: []int64{2}},
			{UserID: "zhou", Name: "周舟", Departments: []int64{3}}},
		TagGroups: []sim.TagGroup{{ID: "etG", Name: "来源", Tags: []sim.Tag{{ID: "etA", Name: "扫码"}, {ID: "etB", Name: "老客"}}}},
		Behaviour: sim.Behaviour{Scan: 1, Add: 1, Join: 1}}
	for i := range 12 {
		w.People = append(w.People, sim.Person{ExternalUserID: fmt.Sprintf("wm%02d", i), UnionID: fmt.Sprintf("un%02d", i), Name: fmt.Sprintf("顾客%02d", i)})
	}
	server, err := sim.New(sim.Options{Dir: t.TempDir(), World: &w, CallbackURL: door.URL, Token: token, EncodingAESKey: aesKey, CorpID: corpID, Secret: "shh", AgentID: 2})
	b.check(err)
	t.Cleanup(func() { _ = server.Close() })
	we := server.Handler()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.calls[r.URL.Path]++
		b.mu.Unlock()
		we.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	b.web, b.sim = web.URL, sim.Control{URL: web.URL}
	b.we = wecom.New(wecom.Config{BaseURL: web.URL, CorpID: corpID, Secret: "shh", AgentID: 2, PerMinute: -1})

	audits := audit.New(b.ids)
	b.dir = directory.New(directory.Deps{DB: b.db, IDs: b.ids, Clock: b.clock, WeCom: b.we, Audit: audits, Log: log})
	none := func(context.Context, []int64) (map[int64]string, error) { return nil, nil }
	b.s = customer.New(customer.Deps{DB: b.db, IDs: b.ids, Clock: b.clock, Wall: wall, Events: b.bus, WeCom: b.we, Audit: audits, Staff: staff{b.dir}, Log: log,
		Names: customer.Names{Staff: b.staffNames, Stores: b.dir.StoreNames, Codes: none, Groups: none},
		Parts: customer.Parts{
			Groups:  func(context.Context, int64) ([]customer.GroupPart, error) { return []customer.GroupPart{}, nil },
			Present: func(context.Context, []int64) (map[int64]int, error) { return nil, nil },
			Orders:  func(context.Context, []int64) (map[int64]customer.OrderPart, error) { return nil, nil },
			Touch:   func(context.Context, int64) (customer.TouchPart, error) { return customer.TouchPart{}, nil },
			SOP:     func(context.Context, int64) ([]customer.SOPPart, error) { return []customer.SOPPart{}, nil },
			First:   func(context.Context, int64) (*customer.AttributedPart, error) { return nil, nil },
		}})
	b.s.Listen(b.in)
	for _, name := range []string{"西湖", "滨江"} {
		full, number, lat, lng := name+"店", name, 30.2, 120.1
		b.store[name], err = b.dir.CreateStore(t.Context(), directory.StoreInput{Number: &number, Name: &full, City: &full, Address: &full, Lat: &lat, Lng: &lng, OpenTime: new("08:00"), CloseTime: new("22:00")})
		b.check(err)
	}
	_, err = b.dir.SyncDirectory(t.Context())
	b.check(err)
	b.readTags()
	for _, u := range []string{"lina", "wang", "zhou"} {
		_, b.ways[u], err = b.we.AddContactWay(t.Context(), wecom.ContactWay{Type: 1, Scene: 2, SkipVerify: true, State: "way-" + u, Users: []string{u}})
		b.check(err)
	}
	return b
}

func (b *brand) staffNames(ctx context.Context, ids []int64) (map[int64]string, error) {
	found, err := b.dir.StaffByIDs(ctx, b.db, ids)
	out := map[int64]string{}
	for i, m := range found {
		out[i] = m.Name
	}
	return out, err
}

func (b *brand) readTags() {
	b.t.Helper()
	tags, err := b.we.CorpTags(b.t.Context(), nil, nil)
	b.check(err)
	b.check(b.db.Tx(b.t.Context(), func(tx pg.Tx) error { return b.s.ApplyTags(b.t.Context(), tx, tags, true) }))
}

func (b *brand) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// phone lets somebody act in WeCom; callbacks are delivered, but not worked yet.
func (b *brand) phone(path string, in map[string]any) {
	b.t.Helper()
	raw, err := json.Marshal(in)
	b.check(err)
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.web+"/sim/api/"+path, bytes.NewReader(raw))
	b.check(err)
	res, err := http.DefaultClient.Do(req)
	b.check(err)
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(res.Body)
		b.t.Fatalf("%s %v: %d %s", path, in, res.StatusCode, text)
	}
}

func (b *brand) add(person, user string) {
	b.t.Helper()
	b.phone("add", map[string]any{"person": person, "qr": b.ways[user]})
}

// leave lets the customer delete the member; drop the member the customer.
func (b *brand) leave(person, user string) {
	b.t.Helper()
	b.phone("delete", map[string]any{"person": person, "userid": user})
}

func (b *brand) drop(person, user string) {
	b.t.Helper()
	b.phone("staff/"+user+"/act", map[string]any{"kind": "delete", "external_userid": person})
}

// pass lets both clocks go on and the callbacks arrive.
func (b *brand) pass(d time.Duration) {
	b.t.Helper()
	to := b.clock.Now().Add(d)
	_, err := b.sim.Advance(b.t.Context(), to)
	b.check(err)
	b.clock.Set(to)
}

// work handles what has arrived.
func (b *brand) work() {
	b.t.Helper()
	for {
		st, err := b.sim.Now(b.t.Context())
		b.check(err)
		n := 0
		for lane := range inbox.Lanes + 1 {
			m, err := b.in.RunOnce(b.t.Context(), lane)
			b.check(err)
			n += m
		}
		if n == 0 && st.Undelivered == 0 {
			break
		}
		runtime.Gosched()
	}
	if n := b.count(`SELECT count(*) FROM inbox_event WHERE state NOT IN ('done', 'ignored')`); n != 0 {
		b.t.Fatalf("%d events failed", n)
	}
}

func (b *brand) count(sql string, args ...any) (n int) {
	b.t.Helper()
	b.check(b.db.QueryRow(b.t.Context(), sql, args...).Scan(&n))
	return n
}

// took is what was heard since the last time, as "kind external userid detail".
func (b *brand) took() []string {
	b.t.Helper()
	out := []string{}
	for _, e := range b.heard {
		s := string(e.Kind)
		switch d := e.Data.(type) {
		case customer.AddedData:
			s += fmt.Sprintf(" %s %s %s new=%v again=%d", d.ExternalUserID, d.UserID, d.WayState, d.NewPerson, d.Again)
		case customer.EndedData:
			s += fmt.Sprintf(" %s %s by %s", d.ExternalUserID, d.UserID, d.By)
		case customer.TagData:
			s += fmt.Sprintf(" %s %s", d.TagID, d.Name)
		case customer.WelcomeData:
			s += fmt.Sprintf(" %s %s %s", d.ExternalUserID, d.UserID, d.Name)
			if d.Code == "" || d.Received.IsZero() || e.StaffID == 0 {
				b.t.Errorf("a welcome without code, time or staff: %+v", e)
			}
		}
		if e.CustomerID == 0 || e.CauseID == 0 {
			b.t.Errorf("%s without customer or cause", s)
		}
		out = append(out, s)
	}
	b.heard = nil
	return out
}

// relations is "external userid" → "state adds remark tags".
func (b *brand) relations() map[string]string {
	b.t.Helper()
	rows, err := b.db.Query(b.t.Context(), `SELECT external_userid || ' ' || userid, state || ' ' || adds || ' ' || remark || ' ' ||
		coalesce((SELECT string_agg(tag_id, ',' ORDER BY tag_id) FROM customer_relation_tag t WHERE t.customer_id = r.customer_id AND t.staff_id = r.staff_id), '') FROM customer_relation r`)
	b.check(err)
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var k, v string
		b.check(rows.Scan(&k, &v))
		out[k] = v
	}
	return out
}

func (b *brand) is(name string, want, got any) {
	b.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
