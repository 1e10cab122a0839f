// Package codetest is a small brand for tests around the doors, and the tests of the live codes against it: two stores
// with staff and groups, a crowd, a simulated WeCom that calls back, and every feature up to the live codes, on a database
// of its own. It is never imported by production code.
package codetest

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
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/event"
	"qunce/internal/group"
	"qunce/internal/id"
	"qunce/internal/inbox"
	"qunce/internal/livecode"
	"qunce/internal/media"
	"qunce/internal/order"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/touch"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

const (
	corpID = "wwcode0000000001"
	secret = "code-secret"
	token  = "codeTOKEN"
	aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	agent  = 1000002
)

// Start is when the brand begins: a Monday morning.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)

// Brand is a brand at work.
type Brand struct {
	t         testing.TB
	DB        *pg.DB
	IDs       *id.Source
	Clock     *clock.Manual
	Events    *event.Bus
	Inbox     *inbox.Inbox
	Outbox    *outbox.Outbox
	WeCom     *wecom.Client
	Directory *directory.Service
	Customers *customer.Service
	Groups    *group.Service
	Orders    *order.Service
	Touch     *touch.Service
	Media     *media.Service
	Codes     *livecode.Service
	Sim       sim.Control
	SimURL    string
	West      int64 // store 禾光·西湖店: staff lina and wang, group wrWEST
	River     int64 // store 禾光·滨江店: staff zhou, group wrRIVER
	Web       *httptest.Server
	Mux       *http.ServeMux // what Web serves besides callbacks
}

// Options of a brand; the zero value is 20 people and WeCom's limits.
type Options struct {
	People int
	InWest int // people who are in the West store's group from the beginning
	Limits sim.Limits
	// Instead answers a request to WeCom in its place and returns true, or lets it through.
	Instead func(http.ResponseWriter, *http.Request) bool
}

// New opens the brand; everything is read from WeCom, and nothing waits.
func New(t testing.TB, o Options) *Brand {
	t.Helper()
	if o.People == 0 {
		o.People = 20
	}
	ctx := t.Context()
	pool := pgtest.New(t)
	b := &Brand{t: t, DB: pool.Corp(pgtest.CorpSchema), IDs: id.New(pool.IDBlock), Clock: clock.NewManual(Start), Mux: http.NewServeMux()}
	b.Web = httptest.NewServer(b.Mux)
	t.Cleanup(b.Web.Close)
	b.check(event.EnsurePartitions(ctx, b.DB, Start.AddDate(0, -2, 0), Start.AddDate(0, 3, 0)))

	var handler http.Handler
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.Instead == nil || !o.Instead(w, r) {
			handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(web.Close)
	world := townOf(o)
	server, err := sim.New(sim.Options{Dir: t.TempDir(), World: &world, CallbackURL: b.Web.URL + "/callback", Token: token, EncodingAESKey: aesKey,
		CorpID: corpID, Secret: secret, AgentID: agent, BrowserBase: web.URL})
	b.check(err)
	t.Cleanup(func() { _ = server.Close() })
	handler = server.Handler()
	b.SimURL, b.Sim = web.URL, sim.Control{URL: web.URL}

	b.wire(wecom.New(wecom.Config{BaseURL: web.URL, CorpID: corpID, Secret: secret, AgentID: agent, PerMinute: -1}))
	crypto, err := callback.NewCrypto(token, aesKey, corpID)
	b.check(err)
	b.Mux.Handle("/callback", inbox.NewIngress(b.Inbox, crypto))
	b.start(ctx)
	return b
}

func townOf(o Options) sim.World {
	w := sim.World{
		Seed: 11, Start: Start,
		Departments: []sim.Department{{ID: 1, Name: "禾光茶饮"}, {ID: 2, Name: "禾光·西湖店", ParentID: 1}, {ID: 3, Name: "禾光·滨江店", ParentID: 1}},
		Members: []sim.Member{
			{UserID: "lina", Name: "李娜", Departments: []int64{2}},
			{UserID: "wang", Name: "王强", Departments: []int64{2}},
			{UserID: "zhou", Name: "周舟", Departments: []int64{3}},
		},
		Groups:    []sim.Group{{ChatID: "wrWEST", Name: "西湖店福利1群", Owner: "lina"}, {ChatID: "wrRIVER", Name: "滨江店福利1群", Owner: "zhou"}},
		TagGroups: []sim.TagGroup{{ID: "etG", Name: "来源", Tags: []sim.Tag{{ID: "etPOSTER", Name: "门店海报"}}}},
		Behaviour: sim.Behaviour{Scan: 1, Add: 1, Join: 1},
		Limits:    o.Limits,
	}
	if w.Limits.HalfAdd == 0 {
		w.Limits.HalfAdd = -1
	}
	for i := range o.People + o.InWest {
		p := sim.Person{ExternalUserID: fmt.Sprintf("wmCODE%04d", i), UnionID: fmt.Sprintf("unCODE%04d", i), Name: fmt.Sprintf("顾客%d", i), Lat: 30.25, Lng: 120.13}
		w.People = append(w.People, p)
		if i >= o.People {
			w.Groups[0].Members = append(w.Groups[0].Members, p.ExternalUserID)
		}
	}
	return w
}

// Person is the external_userid of the nth person.
func Person(n int) string { return fmt.Sprintf("wmCODE%04d", n) }

func (b *Brand) wire(client *wecom.Client) {
	wall, log, audits := clock.Wall(), slog.New(slog.DiscardHandler), audit.New(b.IDs)
	b.WeCom = client
	b.Events = event.New(b.IDs, wall)
	b.Inbox = inbox.New(b.DB, b.IDs, wall, log)
	b.Outbox = outbox.New(b.DB, b.IDs, wall, log)
	b.Directory = directory.New(directory.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, WeCom: client, Audit: audits, Log: log})
	b.Customers = customer.New(customer.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Wall: clock.Wall(), Events: b.Events, WeCom: client, Audit: audits, Staff: staff{b.Directory}, Log: log})
	b.Groups = group.New(group.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Wall: clock.Wall(), Events: b.Events, WeCom: client, Staff: staff{b.Directory}, Customers: b.Customers, Log: log})
	b.Groups.Subscribe(b.Events)
	b.Orders = order.New(order.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Events: b.Events, Members: b.Customers, Stores: b.Directory, Log: log})
	b.Touch = touch.New(touch.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Events: b.Events, Audit: audits, Customers: b.Customers, Groups: b.Groups, Directory: b.Directory})
	b.Media = media.New(media.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, WeCom: client})
	b.Codes = livecode.New(livecode.Deps{Media: b.Media, DB: b.DB, IDs: b.IDs, Clock: b.Clock, Wall: wall, Events: b.Events, Outbox: b.Outbox, WeCom: client, Audit: audits,
		Log: log, Directory: b.Directory, Groups: b.Groups, Customers: b.Customers, Orders: b.Orders, Touches: b.Touch, PublicURL: b.Web.URL, Brand: "禾光茶饮"})
	b.Directory.Register(b.Inbox)
	b.Customers.Listen(b.Inbox)
	b.Groups.Listen(b.Inbox)
}

// start opens the stores and reads staff, tags and groups.
func (b *Brand) start(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = b.Inbox.Ingest(ctx) }()
	b.t.Cleanup(func() { stop(); <-ended })
	b.West = b.openStore(ctx, "HG00001", "禾光·西湖店", 30.25, 120.13)
	b.River = b.openStore(ctx, "HG00002", "禾光·滨江店", 30.21, 120.21)
	_, err := b.Directory.SyncDirectory(ctx)
	b.check(err)
	tags, err := b.WeCom.CorpTags(ctx, nil, nil)
	b.check(err)
	b.check(b.DB.Tx(ctx, func(tx pg.Tx) error { return b.Customers.ApplyTags(ctx, tx, tags, true) }))
	b.ReadGroups("wrWEST", "wrRIVER")
}

// ReadGroups reads groups from WeCom as a sync does.
func (b *Brand) ReadGroups(chats ...string) {
	b.t.Helper()
	ctx := b.t.Context()
	var seen []group.Seen
	for _, chat := range chats {
		g, err := b.WeCom.GroupGet(ctx, chat, true)
		b.check(err)
		seen = append(seen, group.Seen{Group: g, Status: group.Normal, Cause: b.ID()})
	}
	b.check(b.DB.Tx(ctx, func(tx pg.Tx) error {
		_, err := b.Groups.Apply(ctx, tx, seen)
		return err
	}))
}

func (b *Brand) openStore(ctx context.Context, number, name string, lat, lng float64) int64 {
	city, address := "杭州市", name+"一层"
	from, to := "08:00", "22:00"
	storeID, err := b.Directory.CreateStore(ctx, directory.StoreInput{Number: &number, Name: &name, City: &city, Address: &address, Lat: &lat, Lng: &lng, OpenTime: &from, CloseTime: &to})
	b.check(err)
	return storeID
}

// ID returns a fresh id, for causes.
func (b *Brand) ID() int64 {
	b.t.Helper()
	n, err := b.IDs.Next(b.t.Context())
	b.check(err)
	return n
}

// As returns a context of somebody who sees everything.
func As(ctx context.Context) context.Context {
	return actor.With(ctx, actor.Actor{UserID: 1, Name: "测试", Role: actor.Owner, Scope: actor.Scope{All: true}})
}

// Settle works everything until nothing waits.
func (b *Brand) Settle() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		moved := 0
		for lane := range inbox.Lanes + 1 {
			n, err := b.Inbox.RunOnce(ctx, lane)
			b.check(err)
			moved += n
		}
		for _, lane := range []outbox.Lane{outbox.Welcome, outbox.Write, outbox.Bulk} {
			n, err := b.Outbox.RunOnce(ctx, lane, 1)
			b.check(err)
			moved += n
		}
		n, err := b.Codes.RunDue(ctx)
		b.check(err)
		if moved+n > 0 {
			continue
		}
		st, err := b.Sim.Now(ctx) // first: what is delivered by now is seen unread below
		b.check(err)
		unread, err := b.Inbox.Waiting(ctx)
		b.check(err)
		uncalled, err := b.Outbox.Waiting(ctx)
		b.check(err)
		if unread+uncalled == 0 && st.Undelivered == 0 {
			return
		}
		runtime.Gosched()
	}
	b.t.Fatal("the brand did not come to rest within 30 s")
}

// Advance lets time pass on both sides, and then comes to rest.
func (b *Brand) Advance(to time.Time) {
	b.t.Helper()
	_, err := b.Sim.Advance(b.t.Context(), to)
	b.check(err)
	b.Clock.Set(to)
	b.Settle()
}

// Do lets somebody act on the phone ("add", "join", "scan", "delete"), and comes to rest. It returns what the phone showed.
func (b *Brand) Do(act string, in map[string]any) map[string]any {
	b.t.Helper()
	body, err := json.Marshal(in)
	b.check(err)
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.SimURL+"/sim/api/"+act, bytes.NewReader(body))
	b.check(err)
	res, err := http.DefaultClient.Do(req)
	b.check(err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	b.check(err)
	out := map[string]any{}
	b.check(json.Unmarshal(raw, &out))
	if res.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %v: %d %s", act, in, res.StatusCode, raw)
	}
	b.Settle()
	return out
}

// Chat is what the phones of a member of staff and a customer show of their chat, as JSON.
func (b *Brand) Chat(user, person string) string {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.SimURL+"/sim/api/chat?peer="+user+"&person="+person, nil)
	b.check(err)
	res, err := http.DefaultClient.Do(req)
	b.check(err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	b.check(err)
	return string(raw)
}

// Create makes a code and waits for WeCom's side of it.
func (b *Brand) Create(n livecode.NewCode) livecode.Code {
	b.t.Helper()
	codeID, err := b.Codes.Create(As(b.t.Context()), n)
	b.check(err)
	b.Settle()
	c, err := b.Codes.Get(b.t.Context(), codeID)
	b.check(err)
	return c
}

// One reads one value.
func One[T any](b *Brand, sql string, args ...any) T {
	b.t.Helper()
	var v T
	if err := b.DB.QueryRow(b.t.Context(), sql, args...).Scan(&v); err != nil {
		b.t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func (b *Brand) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

type staff struct{ d *directory.Service }

func (s staff) EnsureStaff(ctx context.Context, tx pg.Tx, userIDs []string) (map[string]customer.StaffRef, error) {
	found, err := s.d.EnsureStaff(ctx, tx, userIDs)
	out := make(map[string]customer.StaffRef, len(found))
	for u, x := range found {
		out[u] = customer.StaffRef{ID: x.ID, StoreID: x.StoreID, Name: x.Name}
	}
	return out, err
}
