package corp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/corp"
	"qunce/internal/directory"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/livecode"
	"qunce/internal/pg/pgtest"
	"qunce/internal/tenant"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

const (
	corpID = "wwcorp0000000001"
	token  = "corpTOKEN"
	aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)

// town is a whole corp at work, with the real simulator as its WeCom: a store, lina in it, her group, and some people.
type town struct {
	t   *testing.T
	c   *corp.Corp
	sim sim.Control
	web string
	api *api.API
}

func newTown(t *testing.T) *town {
	t.Helper()
	pool := pgtest.New(t)
	x := &town{t: t}
	catalog, err := i18n.Load()
	x.check(err)
	sealer, err := tenant.OpenSealer(t.TempDir(), "")
	x.check(err)
	mux := http.NewServeMux()
	door := httptest.NewServer(mux)
	t.Cleanup(door.Close)
	w := sim.World{Seed: 3, Start: start, Limits: sim.Limits{HalfAdd: -1}, Behaviour: sim.Behaviour{Scan: 1, Add: 1, Join: 1},
		Departments: []sim.Department{{ID: 1, Name: "禾光茶饮"}, {ID: 2, Name: "禾光·西湖店", ParentID: 1}},
		Members:     []sim.Member{{UserID: "lina", Name: "李娜", Departments: []int64{2}}},
		Groups:      []sim.Group{{ChatID: "wrWEST", Name: "西湖店福利1群", Owner: "lina"}},
		TagGroups:   []sim.TagGroup{{ID: "etG", Name: "来源", Tags: []sim.Tag{{ID: "etPOSTER", Name: "门店海报"}}}}}
	for i := range 8 {
		w.People = append(w.People, sim.Person{ExternalUserID: fmt.Sprintf("wmTOWN%02d", i), UnionID: fmt.Sprintf("unTOWN%02d", i), Name: fmt.Sprintf("小鱼%02d", i)})
	}
	server, err := sim.New(sim.Options{Dir: t.TempDir(), World: &w, CallbackURL: door.URL + "/callback", Token: token, EncodingAESKey: aesKey, CorpID: corpID, Secret: "shh", AgentID: 2})
	x.check(err)
	t.Cleanup(func() { _ = server.Close() })
	web := httptest.NewServer(server.Handler())
	t.Cleanup(web.Close)
	x.web, x.sim = web.URL, sim.Control{URL: web.URL}

	x.c, err = corp.Open(t.Context(), tenant.Corp{ID: 1, Schema: pgtest.CorpSchema, Name: "禾光茶饮", Timezone: "Asia/Shanghai", CorpID: corpID, AgentID: 2,
		Settings: tenant.Settings{WeComBaseURL: web.URL, Accelerated: true}, Secrets: tenant.Secrets{Secret: "shh", CallbackToken: token, EncodingAESKey: aesKey}},
		corp.Deps{Pool: pool, IDs: id.New(pool.IDBlock), Wall: clock.Wall(), Sealer: sealer, HTTP: http.DefaultClient, PublicURL: door.URL, Start: &start,
			Catalog: catalog, Log: slog.New(slog.DiscardHandler)})
	x.check(err)
	mux.Handle("/callback", x.c.Ingress)
	x.api = api.New(api.Config{Title: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog, Can: func(actor.Actor, api.Permission) bool { return true }})
	corp.System{Corp: x.c}.API(x.api)

	ctx, stop := context.WithCancel(actor.With(t.Context(), actor.SystemActor()))
	done := make(chan struct{}, 2)
	go func() { _ = x.c.Receive(ctx); done <- struct{}{} }()
	go func() { _ = x.c.Work(ctx, "test"); done <- struct{}{} }()
	t.Cleanup(func() { stop(); <-done; <-done })
	x.settle()
	x.furnish()
	return x
}

// furnish opens the store and reads WeCom.
func (x *town) furnish() {
	x.t.Helper()
	number, name, city, lat, lng, from, to := "HG00001", "禾光·西湖店", "杭州市", 30.25, 120.13, "08:00", "22:00"
	_, err := x.c.Directory.CreateStore(x.owner(), directory.StoreInput{Number: &number, Name: &name, City: &city, Address: &name, Lat: &lat, Lng: &lng, OpenTime: &from, CloseTime: &to})
	x.check(err)
	_, err = x.c.Directory.SyncDirectory(x.owner())
	x.check(err)
	_, err = x.c.Sync.Start(x.owner())
	x.check(err)
	x.settle()
}

func (x *town) owner() context.Context {
	return actor.With(x.t.Context(), actor.Actor{UserID: 1, Name: "测试", Role: actor.Owner, Scope: actor.Scope{All: true}})
}

func (x *town) check(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *town) settle() {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), 30*time.Second)
	defer cancel()
	x.check(x.c.Settle(ctx))
}

// pass lets time go on for everybody.
func (x *town) pass(d time.Duration) {
	x.t.Helper()
	to := x.c.Time.Now().Add(d)
	x.check(x.c.Time.Set(x.t.Context(), to))
	_, err := x.sim.Advance(x.t.Context(), to)
	x.check(err)
	x.settle()
}

func (x *town) phone(path string, in map[string]any) {
	x.t.Helper()
	raw, err := json.Marshal(in)
	x.check(err)
	res, err := http.Post(x.web+"/sim/api/"+path, "application/json", bytes.NewReader(raw))
	x.check(err)
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK {
		x.t.Fatalf("%s %v: %d %s", path, in, res.StatusCode, text)
	}
	x.pass(time.Minute)
}

// deliver puts a callback of ours beside those of the simulator.
func (x *town) deliver(plain string) {
	x.t.Helper()
	e, err := callback.Parse([]byte(plain))
	x.check(err)
	x.check(x.c.Inbox.Put(x.t.Context(), e))
	x.settle()
}

func (x *town) call(method, path string, out any) int {
	x.t.Helper()
	r := httptest.NewRequestWithContext(x.owner(), method, path, strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	x.api.Handler().ServeHTTP(w, r)
	if out != nil && w.Code < 300 {
		x.check(json.Unmarshal(w.Body.Bytes(), out))
	}
	return w.Code
}

type page struct {
	Items []corp.Callback `json:"items"`
	Next  string          `json:"next"`
	Found *struct{ Customers, Groups, Staff, Limit int }
}

func (x *town) list(query url.Values) page {
	x.t.Helper()
	var p page
	if code := x.call("GET", "/api/system/callbacks?"+query.Encode(), &p); code != http.StatusOK {
		x.t.Fatalf("%v: %d", query, code)
	}
	return p
}

// kinds are what the list shows, oldest first.
func (p page) kinds() string {
	var out []string
	for _, c := range p.Items {
		out = append([]string{c.Kind[strings.Index(c.Kind, "/")+1:]}, out...)
	}
	return strings.Join(out, " ")
}

func (x *town) story(id int64) corp.CallbackStory {
	x.t.Helper()
	var s corp.CallbackStory
	if code := x.call("GET", fmt.Sprintf("/api/system/callbacks/%d", id), &s); code != http.StatusOK {
		x.t.Fatalf("callback %d: %d", id, code)
	}
	return s
}

func decisions(s corp.CallbackStory) string {
	var out []string
	for _, d := range s.Decisions {
		text := d.Topic + " " + d.Outcome
		if d.Code != nil {
			text += " " + d.Code.Name
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestACallbacksStory(t *testing.T) {
	x := newTown(t)
	x.check(x.c.SOP.EnsureTemplates(x.owner()))
	x.check(x.c.SOP.Activate(x.owner(), "T3"))
	var store int64
	x.check(x.c.DB.QueryRow(t.Context(), `SELECT id FROM directory_store`).Scan(&store))
	var staff int64
	x.check(x.c.DB.QueryRow(t.Context(), `SELECT id FROM directory_staff WHERE userid = 'lina'`).Scan(&staff))
	codeID, err := x.c.Codes.Create(x.owner(), livecode.NewCode{Kind: livecode.StaffCode, Name: "门口海报", Channel: livecode.StorePoster, StoreID: store, StaffIDs: []int64{staff}, TagIDs: []string{"etPOSTER"}})
	x.check(err)
	x.settle()
	code, err := x.c.Codes.Get(t.Context(), codeID)
	x.check(err)

	x.phone("add", map[string]any{"person": "wmTOWN00", "qr": code.QR})
	p := x.list(url.Values{"q": {"小鱼00"}})
	if p.Found == nil || p.Found.Customers != 1 || p.Found.Groups != 0 || len(p.Items) != 1 {
		t.Fatalf("found %+v, %d callbacks", p.Found, len(p.Items))
	}
	add := p.Items[0]
	if add.Customer == nil || add.Customer.Name != "小鱼00" || add.Staff == nil || add.Staff.Name != "李娜" || add.Group != nil || !add.Documented || add.State != "done" || add.TookMS == nil {
		t.Errorf("%+v", add)
	}
	s := x.story(add.ID)
	if got := decisions(s); !strings.Contains(got, "welcome sent 门口海报") || !strings.Contains(got, "touch allow") || !strings.Contains(got, "attribution add 门口海报") {
		t.Errorf("decisions: %s", got)
	}
	if len(s.Reads) == 0 || s.Reads[0].API != "/cgi-bin/externalcontact/get" || s.Reads[0].Code != 0 || s.Reads[0].N != 1 || s.Reads[0].With != 1 || s.Reads[0].Text != "" {
		t.Errorf("asked of WeCom: %+v", s.Reads)
	}
	if !strings.Contains(s.Body, "wmTOWN00") || len(s.Calls) != 2 {
		t.Errorf("%d calls, body %q", len(s.Calls), s.Body)
	}
	for _, c := range s.Calls {
		if c.State != "done" || c.CalledAt == nil || c.FinishedAt == nil || c.Result == nil {
			t.Errorf("call %+v", c)
		}
	}
	told := map[string]bool{}
	for _, e := range s.Effects {
		told[e.Kind] = true
		if e.Customer == nil || e.Customer.Name != "小鱼00" {
			t.Errorf("effect %+v", e)
		}
	}
	for _, kind := range []string{"customer.added", "welcome.sent", "customer.tagged", "sop.started"} {
		if !told[kind] {
			t.Errorf("no effect %s among %v", kind, told)
		}
	}

	// Another code of the same adding: decided against, and the story says where the welcome is.
	x.deliver(fmt.Sprintf(`<xml><FromUserName>sys</FromUserName><CreateTime>%d</CreateTime><MsgType>event</MsgType><Event>change_external_contact</Event><ChangeType>add_half_external_contact</ChangeType>`+
		`<UserID>lina</UserID><ExternalUserID>wmTOWN00</ExternalUserID><WelcomeCode>WC-second</WelcomeCode></xml>`, add.CorpAt.Unix()))
	half := x.list(url.Values{"kind": {"change_external_contact/add_half_external_contact"}}).Items[0]
	s = x.story(half.ID)
	if got := decisions(s); got != "welcome superseded 门口海报" || s.Decisions[0].Params["callback_id"] != float64(add.ID) {
		t.Errorf("decisions of the second code: %s %+v", got, s.Decisions)
	}

	// The group's callback names the customer only inside; it is found because it led to something for them.
	room, err := x.c.Codes.Create(x.owner(), livecode.NewCode{Kind: livecode.GroupCode, Name: "进群", Channel: livecode.TableCard, StoreID: store})
	x.check(err)
	x.settle()
	door, err := x.c.Codes.Get(t.Context(), room)
	x.check(err)
	x.phone("join", map[string]any{"person": "wmTOWN00", "qr": door.QR})
	if got := x.list(url.Values{"q": {"小鱼00"}}).kinds(); got != "add_external_contact add_half_external_contact update" {
		t.Errorf("about the customer: %s", got)
	}
	byGroup := x.list(url.Values{"q": {"福利1群"}})
	if byGroup.kinds() != "update" || byGroup.Items[0].Detail != "add_member" || byGroup.Items[0].Group.Name != "西湖店福利1群" || byGroup.Found.Groups != 1 {
		t.Errorf("about the group: %s %+v", byGroup.kinds(), byGroup.Found)
	}
	if got := decisions(x.story(byGroup.Items[0].ID)); got != "attribution join 门口海报, attribution join 进群" {
		t.Errorf("decisions of the join: %s", got)
	}
	for _, q := range []string{"李娜", "lina", "LINA"} {
		if got := x.list(url.Values{"q": {q}}).kinds(); got != "add_external_contact add_half_external_contact" {
			t.Errorf("about %s: %s", q, got)
		}
	}
	if got := x.list(url.Values{"q": {"wrWEST"}}).kinds(); got != "update" {
		t.Errorf("by the group's id: %s", got)
	}
	if p := x.list(url.Values{"q": {"没有这个人"}}); len(p.Items) != 0 || p.Found == nil {
		t.Errorf("about nobody: %+v", p)
	}

	// The plan that began with the add brings tasks, and they follow from the callback.
	x.pass(26 * time.Hour)
	s = x.story(add.ID)
	if len(s.FollowUps) == 0 || s.FollowUps[0].Title == "" || s.FollowUps[0].Staff == nil || s.FollowUps[0].Staff.Name != "李娜" {
		t.Errorf("follow-ups: %+v", s.FollowUps)
	}

	// WeCom refuses what is asked: the story tells what it said and what to do.
	x.deliver(`<xml><MsgType>event</MsgType><Event>change_external_contact</Event><ChangeType>edit_external_contact</ChangeType><UserID>lina</UserID><ExternalUserID>wmNOBODY</ExternalUserID></xml>`)
	refused := x.story(x.list(url.Values{"q": {"wmNOBODY"}}).Items[0].ID)
	if len(refused.Reads) != 1 || refused.Reads[0].Code == 0 || !strings.Contains(refused.Reads[0].Text, "企业微信") {
		t.Errorf("a refusal: %+v", refused.Reads)
	}

	// Handled again, nothing happens twice, and it stands in the audit log.
	count := func(sql string) (n int) { x.check(x.c.DB.QueryRow(t.Context(), sql).Scan(&n)); return n }
	events, calls := count(`SELECT count(*) FROM event_event`), count(`SELECT count(*) FROM outbox_call`)
	if code := x.call("POST", fmt.Sprintf("/api/system/callbacks/%d/replay", add.ID), nil); code >= 300 {
		t.Fatalf("replay: %d", code)
	}
	x.settle()
	if e, c := count(`SELECT count(*) FROM event_event`), count(`SELECT count(*) FROM outbox_call`); e != events || c != calls {
		t.Errorf("a replay made %d events and %d calls", e-events, c-calls)
	}
	if n := count(`SELECT count(*) FROM audit_entry WHERE action IN ('callback.read', 'callback.replay')`); n != 6 {
		t.Errorf("%d entries in the audit log, want five readings and a replay", n)
	}
}

func TestTheDoorOnThePage(t *testing.T) {
	x := newTown(t)
	x.deliver(`<xml><MsgType>event</MsgType><Event>sprouted</Event><UserID>lina</UserID></xml>`)
	unknown := x.list(url.Values{"kind": {"undocumented"}})
	if unknown.kinds() != "sprouted" || unknown.Items[0].Documented || unknown.Items[0].State != "ignored" {
		t.Errorf("%+v", unknown.Items)
	}
	s := x.story(unknown.Items[0].ID)
	if len(s.Decisions)+len(s.Calls)+len(s.Effects)+len(s.FollowUps) != 0 || s.Decisions == nil || s.Calls == nil || s.Effects == nil || s.FollowUps == nil {
		t.Errorf("%+v", s)
	}
	today := clock.Wall().Now().In(clock.Shanghai)
	for query, want := range map[string]int{"from=" + today.Format(time.DateOnly): 1, "from=" + today.AddDate(0, 0, 1).Format(time.DateOnly): 0,
		"to=" + today.Format(time.DateOnly): 1, "to=" + today.AddDate(0, 0, -1).Format(time.DateOnly): 0} {
		v, err := url.ParseQuery(query)
		x.check(err)
		if got := x.list(v); len(got.Items) != want {
			t.Errorf("%s: %d callbacks, want %d", query, len(got.Items), want)
		}
	}
	if code := x.call("GET", "/api/system/callbacks?from=yesterday", nil); code != http.StatusUnprocessableEntity && code != http.StatusBadRequest {
		t.Errorf("a bad day: %d", code)
	}
	if code := x.call("POST", "/api/system/callbacks/replay-failed", nil); code != http.StatusConflict {
		t.Errorf("nothing has failed, and the answer is %d", code)
	}
	x.c.Ingress.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/callback", http.NoBody))
	x.check(x.c.Inbox.WriteBooks(t.Context()))
	var door struct {
		Refused  int
		Refusals []struct{ Reason, Text string }
		Waiting  int
	}
	if code := x.call("GET", "/api/system/door", &door); code != http.StatusOK || door.Refused != 1 || door.Refusals[0].Reason != "callback.unsigned" ||
		!strings.Contains(door.Refusals[0].Text, "签名") || door.Waiting != 0 {
		t.Errorf("%d %+v", code, door)
	}
}
