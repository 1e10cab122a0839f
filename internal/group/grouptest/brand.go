// Package grouptest is a small brand for tests of groups and syncs: staff, people and two groups in the real simulator,
// which calls back, and the features up to the groups on a database of its own. It is never imported by production code.
package grouptest

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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/event"
	"qunce/internal/group"
	"qunce/internal/id"
	"qunce/internal/inbox"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

const (
	corpID = "wwgroup000000001"
	token  = "groupTOKEN"
	aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// Start is when the brand begins: a Monday morning.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)

// Brand is the brand: lina and wang of the store 西湖, zhou of 滨江; lina owns the group wrWEST, zhou wrRIVER. Its people
// are wm00, wm01 …, named 顾客00, 顾客01 ….
type Brand struct {
	t         *testing.T
	DB        *pg.DB
	IDs       *id.Source
	Clock     *clock.Manual
	Events    *event.Bus
	Inbox     *inbox.Inbox
	Directory *directory.Service
	Customers *customer.Service
	Groups    *group.Service
	WeCom     *wecom.Client
	Sim       sim.Control
	Stores    map[string]int64 // by name: 西湖, 滨江

	web  string
	ways map[string]string // userid or chat → picture of the code

	mu     sync.Mutex
	calls  map[string]int
	onCall func(api string, n int)
	heard  []event.Event
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

// New makes a brand with n people. It has its stores, and has read staff and tags, but no group yet.
func New(t *testing.T, n int) *Brand {
	t.Helper()
	pool := pgtest.New(t)
	b := &Brand{t: t, DB: pool.Corp(pgtest.CorpSchema), IDs: id.New(pool.IDBlock), Clock: clock.NewManual(Start), ways: map[string]string{}, Stores: map[string]int64{}, calls: map[string]int{}}
	b.Check(event.Found(t.Context(), b.DB, Start))
	b.Inbox = inbox.New(b.DB, b.IDs, clock.Wall(), slog.New(slog.DiscardHandler))
	b.simulate(world(n))
	b.wire()
	for _, name := range []string{"西湖", "滨江"} {
		full, number, lat, lng := name+"店", name, 30.2, 120.1
		var err error
		b.Stores[name], err = b.Directory.CreateStore(t.Context(), directory.StoreInput{Number: &number, Name: &full, City: &full, Address: &full, Lat: &lat, Lng: &lng, OpenTime: new("08:00"), CloseTime: new("22:00")})
		b.Check(err)
	}
	_, err := b.Directory.SyncDirectory(t.Context())
	b.Check(err)
	tags, err := b.WeCom.CorpTags(t.Context(), nil, nil)
	b.Check(err)
	b.Check(b.Tx(func(tx pg.Tx) error { return b.Customers.ApplyTags(t.Context(), tx, tags, true) }))
	for _, u := range []string{"lina", "wang", "zhou"} {
		_, b.ways[u], err = b.WeCom.AddContactWay(t.Context(), wecom.ContactWay{Type: 1, Scene: 2, SkipVerify: true, State: "way-" + u, Users: []string{u}})
		b.Check(err)
	}
	for _, c := range []string{"wrWEST", "wrRIVER"} {
		way, err := b.WeCom.AddJoinWay(t.Context(), wecom.JoinWay{Scene: 2, ChatIDs: []string{c}, State: "way-" + c})
		b.Check(err)
		made, err := b.WeCom.GetJoinWay(t.Context(), way)
		b.Check(err)
		b.ways[c] = made.QRCode
	}
	return b
}

func world(n int) sim.World {
	w := sim.World{Seed: 5, Start: Start, Limits: sim.Limits{HalfAdd: -1},
		Departments: []sim.Department{{ID: 1, Name: "禾光"}, {ID: 2, Name: "西湖店", ParentID: 1}, {ID: 3, Name: "滨江店", ParentID: 1}},
		Members: []sim.Member{{UserID: "lina", Name: "李娜", Departments: []int64{2}}, {UserID: "wang", Name: "王强", Departments: []int64{2}},
			{UserID: "zhou", Name: "周舟", Departments: []int64{3}}},
		Groups:    []sim.Group{{ChatID: "wrWEST", Name: "西湖店福利群", Owner: "lina", Members: []string{"wang"}}, {ChatID: "wrRIVER", Name: "滨江店福利群", Owner: "zhou"}},
		TagGroups: []sim.TagGroup{{ID: "etG", Name: "来源", Tags: []sim.Tag{{ID: "etA", Name: "扫码"}, {ID: "etB", Name: "老客"}}}},
		Behaviour: sim.Behaviour{Scan: 1, Add: 1, Join: 1}}
	for i := range n {
		w.People = append(w.People, sim.Person{ExternalUserID: Person(i), UnionID: fmt.Sprintf("un%02d", i), Name: fmt.Sprintf("顾客%02d", i)})
	}
	return w
}

// Person is the external_userid of the nth person.
func Person(n int) string { return fmt.Sprintf("wm%02d", n) }

func (b *Brand) simulate(w sim.World) {
	crypto, err := callback.NewCrypto(token, aesKey, corpID)
	b.Check(err)
	door := httptest.NewServer(inbox.NewIngress(b.Inbox, crypto))
	b.t.Cleanup(door.Close)
	ctx, stop := context.WithCancel(b.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = b.Inbox.Ingest(ctx) }()
	b.t.Cleanup(func() { stop(); <-ended })
	server, err := sim.New(sim.Options{Dir: b.t.TempDir(), World: &w, CallbackURL: door.URL, Token: token, EncodingAESKey: aesKey, CorpID: corpID, Secret: "shh", AgentID: 2})
	b.Check(err)
	b.t.Cleanup(func() { _ = server.Close() })
	handler := server.Handler()
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b.note(r.URL.Path)
		handler.ServeHTTP(rw, r)
	}))
	b.t.Cleanup(web.Close)
	b.web, b.Sim = web.URL, sim.Control{URL: web.URL}
	b.WeCom = wecom.New(wecom.Config{BaseURL: web.URL, CorpID: corpID, Secret: "shh", AgentID: 2, PerMinute: -1})
}

func (b *Brand) note(path string) {
	api, ok := strings.CutPrefix(path, "/cgi-bin/")
	if !ok {
		return
	}
	b.mu.Lock()
	b.calls[api]++
	n, on := b.calls[api], b.onCall
	b.mu.Unlock()
	if on != nil {
		on(api, n)
	}
}

// Calls is how often an API was called since the last time it was asked.
func (b *Brand) Calls(api string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.calls[api]
	b.calls[api] = 0
	return n
}

// OnCall lets a test step in before WeCom answers the nth call of an API.
func (b *Brand) OnCall(f func(api string, n int)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onCall, b.calls = f, map[string]int{}
}

func (b *Brand) wire() {
	wall, log, audits := clock.Wall(), slog.New(slog.DiscardHandler), audit.New(b.IDs)
	b.Events = event.New(b.IDs, wall)
	b.Directory = directory.New(directory.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, WeCom: b.WeCom, Audit: audits, Log: log})
	none := func(context.Context, []int64) (map[int64]string, error) { return nil, nil }
	names := customer.Names{Staff: b.staffNames, Stores: b.Directory.StoreNames, Codes: none, Groups: none}
	b.Customers = customer.New(customer.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Wall: wall, Events: b.Events, WeCom: b.WeCom, Audit: audits, Staff: staff{b.Directory}, Names: names, Log: log})
	b.Groups = group.New(group.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Wall: wall, Events: b.Events, WeCom: b.WeCom, Staff: staff{b.Directory}, Customers: b.Customers, Names: names, Log: log,
		Plans:    func(context.Context, int64) ([]customer.SOPPart, error) { return []customer.SOPPart{}, nil },
		JoinCode: func(context.Context, int64) (*int64, error) { return nil, nil }})
	b.Groups.Subscribe(b.Events)
	b.Events.Subscribe("test", func(_ context.Context, tx pg.Tx, evs []event.Event) error {
		tx.AfterCommit(func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.heard = append(b.heard, evs...)
		})
		return nil
	}, customer.Added, customer.Ended, group.Created, group.Dissolved, group.Joined, group.Left, group.Changed)
	b.Directory.Register(b.Inbox)
	b.Customers.Listen(b.Inbox)
	b.Groups.Listen(b.Inbox)
}

func (b *Brand) staffNames(ctx context.Context, ids []int64) (map[int64]string, error) {
	found, err := b.Directory.StaffByIDs(ctx, b.DB, ids)
	out := map[int64]string{}
	for i, m := range found {
		out[i] = m.Name
	}
	return out, err
}

// Check ends the test on an error.
func (b *Brand) Check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// Is compares.
func (b *Brand) Is(name string, want, got any) {
	b.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// Tx runs fn in a transaction.
func (b *Brand) Tx(fn func(tx pg.Tx) error) error { return b.DB.Tx(b.t.Context(), fn) }

// Count reads one number.
func (b *Brand) Count(sql string, args ...any) (n int) {
	b.t.Helper()
	b.Check(b.DB.QueryRow(b.t.Context(), sql, args...).Scan(&n))
	return n
}

// Pairs reads two texts a row, as a map.
func (b *Brand) Pairs(sql string, args ...any) map[string]string {
	b.t.Helper()
	rows, err := b.DB.Query(b.t.Context(), sql, args...)
	b.Check(err)
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var k, v string
		b.Check(rows.Scan(&k, &v))
		out[k] = v
	}
	return out
}

// phone lets somebody act in WeCom. The callbacks arrive with Pass or Work.
func (b *Brand) phone(path string, in map[string]any) {
	b.t.Helper()
	raw, err := json.Marshal(in)
	b.Check(err)
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.web+"/sim/api/"+path, bytes.NewReader(raw))
	b.Check(err)
	res, err := http.DefaultClient.Do(req)
	b.Check(err)
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(res.Body)
		b.t.Fatalf("%s %v: %d %s", path, in, res.StatusCode, text)
	}
}

// Add lets a person add a member of staff; Delete lets the person delete them.
func (b *Brand) Add(person, user string) {
	b.t.Helper()
	b.phone("add", map[string]any{"person": person, "qr": b.ways[user]})
}

// Delete lets a person delete a member of staff, one-sidedly.
func (b *Brand) Delete(person, user string) {
	b.t.Helper()
	b.phone("delete", map[string]any{"person": person, "userid": user})
}

// Join lets a person join a group by its code; Leave lets them leave.
func (b *Brand) Join(person, chat string) {
	b.t.Helper()
	b.phone("join", map[string]any{"person": person, "qr": b.ways[chat]})
}

// Leave lets a person leave a group.
func (b *Brand) Leave(person, chat string) {
	b.t.Helper()
	b.phone("leave", map[string]any{"person": person, "chat_id": chat})
}

// Staff lets a member of staff act: kind as the simulator's phone names it, and its fields.
func (b *Brand) Staff(user, kind string, fields map[string]any) {
	b.t.Helper()
	in := map[string]any{"kind": kind}
	for k, v := range fields {
		in[k] = v
	}
	b.phone("staff/"+user+"/act", in)
}

// Pass lets both clocks go on and the callbacks arrive.
func (b *Brand) Pass(d time.Duration) {
	b.t.Helper()
	to := b.Clock.Now().Add(d)
	_, err := b.Sim.Advance(b.t.Context(), to)
	b.Check(err)
	b.Clock.Set(to)
}

// Work handles what has arrived.
func (b *Brand) Work() {
	b.t.Helper()
	for {
		st, err := b.Sim.Now(b.t.Context())
		b.Check(err)
		n := 0
		for lane := range inbox.Lanes + 1 {
			m, err := b.Inbox.RunOnce(b.t.Context(), lane)
			b.Check(err)
			n += m
		}
		if n == 0 && st.Undelivered == 0 {
			break
		}
		runtime.Gosched()
	}
	if n := b.Count(`SELECT count(*) FROM inbox_event WHERE state NOT IN ('done', 'ignored')`); n != 0 {
		b.t.Fatalf("%d events are not done: %v", n, b.Pairs(`SELECT entity || ' ' || event || '/' || change_type, error FROM inbox_event WHERE state NOT IN ('done', 'ignored')`))
	}
}

// Lose sets whether callbacks are lost.
func (b *Brand) Lose(all bool) {
	b.t.Helper()
	f := sim.Faults{}
	if all {
		f.Lose = 1
	}
	b.Check(b.Sim.Faults(b.t.Context(), f))
}

// Heard is what was published since the last time.
func (b *Brand) Heard() []event.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.heard
	b.heard = nil
	return out
}
