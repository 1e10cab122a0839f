package wecom_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

const (
	token  = "clientTOKEN"
	key    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	corpID = "wwclient00000001"
	agent  = 1000002
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)

// stage is a whole simulated WeCom with a client of each secret. Every call of the client is played on it once so that it
// succeeds and once so that it is refused; what was played is noted by the method's name.
type stage struct {
	*testing.T
	ctx           context.Context
	sim           sim.Control
	app           *wecom.Client
	archive       *wecom.Client
	contacts      *wecom.Client
	begun, failed map[string]bool // methods that succeeded, that were refused

	mu     sync.Mutex
	events []callback.Event
}

func world() *sim.World {
	always := sim.Behaviour{Scan: 1, Add: 1, Join: 1}
	w := &sim.World{
		Seed: 11, Start: start,
		Departments: []sim.Department{{ID: 1, Name: "总部"}, {ID: 2, Name: "一店", ParentID: 1}},
		Members: []sim.Member{
			{UserID: "lina", Name: "李娜", Departments: []int64{2}, Diligence: 1, WorkFrom: "00:00", WorkTo: "23:59", Mobile: "13800000001", BizMail: "lina@corp.example", Gender: 2},
			{UserID: "wang", Name: "王强", Departments: []int64{2}, IsLeader: true, WorkFrom: "00:00", WorkTo: "23:59"},
			{UserID: "gone", Name: "将离", Departments: []int64{2}},
			{UserID: "noseat", Name: "无席位", Departments: []int64{1}, NoSeat: true},
		},
		Groups: []sim.Group{{ChatID: "wrONE", Name: "一店福利群", Owner: "lina", Members: []string{"wm1", "wm2"}},
			{ChatID: "wrTWO", Name: "二店福利群", Owner: "gone", Members: []string{"wm3"}}, {ChatID: "wrTHREE", Name: "三店福利群", Owner: "lina"}},
		Friends: []sim.Friend{{UserID: "lina", ExternalUserID: "wm1"}, {UserID: "lina", ExternalUserID: "wm2"}, {UserID: "wang", ExternalUserID: "wm1"},
			{UserID: "gone", ExternalUserID: "wm3"}},
		TagGroups: []sim.TagGroup{{ID: "etG", Name: "来源", Tags: []sim.Tag{{ID: "etA", Name: "扫码"}}}},
		Behaviour: always,
		Limits:    sim.Limits{HalfAdd: -1},
		Talk: sim.Talk{
			Archive: &sim.Archive{Members: []string{"lina"}, Consent: 1, Lively: -1, Recall: -1},
			Kf:      []sim.Service{{OpenKfID: "wkONE", Name: "客服", Servicers: []string{"lina"}}},
			Upgrade: sim.Upgrade{Members: []string{"wang"}, Groups: []string{"wrONE"}},
			Robots:  []sim.Robot{{Key: "robots-key", ID: "wbONE", Name: "播报", Creator: "lina"}},
		},
	}
	for i, name := range []string{"小白", "小红", "小蓝", "小绿", "小黄", "小紫"} {
		id := string(rune('1' + i))
		w.People = append(w.People, sim.Person{ExternalUserID: "wm" + id, UnionID: "un" + id, Name: name, Behaviour: &always})
	}
	return w
}

func newStage(t *testing.T) *stage {
	s := &stage{T: t, ctx: t.Context(), begun: map[string]bool{}, failed: map[string]bool{}}
	crypto, err := callback.NewCrypto(token, key, corpID)
	s.must(err)
	ours := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		q := r.URL.Query()
		plain, err := crypto.Decrypt(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), body)
		if err != nil {
			t.Error(err)
			return
		}
		e, err := callback.Parse(plain)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e)
	}))
	t.Cleanup(ours.Close)
	server, err := sim.New(sim.Options{Dir: t.TempDir(), World: world(), CallbackURL: ours.URL, Token: token, EncodingAESKey: key, CorpID: corpID,
		Secret: "app-secret", ContactsSecret: "contacts-secret", ArchiveSecret: "archive-secret", AgentID: agent, BrowserBase: "http://phone.test"})
	s.must(err)
	web := httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		web.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	s.sim = sim.Control{URL: web.URL}
	client := func(secret string) *wecom.Client {
		return wecom.New(wecom.Config{BaseURL: web.URL, CorpID: corpID, Secret: secret, AgentID: agent, PerMinute: -1})
	}
	s.app, s.archive, s.contacts = client("app-secret"), client("archive-secret"), client("contacts-secret")
	return s
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// ok notes that a method was answered well, and that what it answered is so.
func (s *stage) ok(method string, err error, so bool, answer ...any) {
	s.Helper()
	switch {
	case err != nil:
		s.Errorf("%s: %v", method, err)
	case !so:
		raw, _ := json.Marshal(answer)
		s.Errorf("%s answered %s", method, raw)
	default:
		s.begun[method] = true
	}
}

// refused notes that a method was refused with the code.
func (s *stage) refused(method string, code int, err error) {
	s.Helper()
	if !wecom.IsCode(err, code) {
		s.Errorf("%s: %v, want %d", method, err, code)
		return
	}
	s.failed[method] = true
}

// forbidden makes WeCom refuse the API's next call for want of permission: for methods that nothing else is refused to.
func (s *stage) forbidden(method, api string, call func() error) {
	s.Helper()
	s.must(s.sim.Faults(s.ctx, sim.Faults{Rules: []sim.FaultRule{{API: api, Times: 1, Code: 48002}}}))
	s.refused(method, 48002, call())
	s.must(s.sim.Faults(s.ctx, sim.Faults{}))
}

// act does something by hand in a client or in WeCom's console.
func (s *stage) act(kind string, body map[string]any) map[string]any {
	s.Helper()
	in := map[string]any{"kind": kind}
	for k, v := range body {
		in[k] = v
	}
	raw, _ := json.Marshal(in)
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.sim.URL+"/sim/act", bytes.NewReader(raw))
	s.must(err)
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	defer func() { _ = res.Body.Close() }()
	out := map[string]any{}
	s.must(json.NewDecoder(res.Body).Decode(&out))
	if res.StatusCode != http.StatusOK {
		s.Fatalf("%s: %v", kind, out)
	}
	return out
}

// plan lets people do something in a minute, and waits for it.
func (s *stage) plan(acts ...sim.Act) {
	s.Helper()
	now, err := s.sim.Now(s.ctx)
	s.must(err)
	for i := range acts {
		acts[i].At = now.Now.Add(time.Minute)
	}
	s.must(s.sim.Plan(s.ctx, sim.Plan{Acts: acts}))
	s.pass(2 * time.Minute)
}

// pass lets time pass and what falls due in it happen; it returns the new time.
func (s *stage) pass(d time.Duration) time.Time {
	s.Helper()
	now, err := s.sim.Now(s.ctx)
	s.must(err)
	if now, err = s.sim.Advance(s.ctx, now.Now.Add(d)); err != nil || now.Undelivered > 0 {
		s.Fatalf("%+v, %v", now, err)
	}
	return now.Now
}

// heard returns the last callback that fits.
func (s *stage) heard(fits func(callback.Event) bool) callback.Event {
	s.Helper()
	s.pass(0)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range slices.Backward(s.events) {
		if fits(e) {
			return e
		}
	}
	s.Fatal("no such callback")
	return callback.Event{}
}

// settled makes a call until WeCom no longer answers that what it is about is still being dispatched, which takes a moment
// of real time.
func (s *stage) settled(dispatching int, call func() error) error {
	for {
		if err := call(); !wecom.IsCode(err, dispatching) || s.ctx.Err() != nil {
			return err
		}
	}
}

// Every call of the client is understood by the simulator, succeeds once and is refused once.
func TestEveryCall(t *testing.T) {
	s := newStage(t)
	s.directory()
	s.signIns()
	s.customers()
	s.tags()
	s.ways()
	s.acquisition()
	s.groups()
	s.media()
	s.welcomes()
	s.massSends()
	s.appMessages()
	s.robots()
	s.moments()
	s.words()
	s.album()
	s.kf()
	s.knowledge()
	s.archived()
	s.transfers()
	s.statistics()

	client := reflect.TypeFor[*wecom.Client]()
	ctx := reflect.TypeFor[context.Context]()
	known := map[string]bool{}
	for i := range client.NumMethod() {
		m := client.Method(i)
		known[m.Name] = true
		if m.Type.NumIn() < 2 || m.Type.In(1) != ctx {
			continue // makes no call
		}
		if !s.begun[m.Name] || !s.failed[m.Name] {
			t.Errorf("%s: succeeded %v, refused %v", m.Name, s.begun[m.Name], s.failed[m.Name])
		}
	}
	for _, played := range []map[string]bool{s.begun, s.failed} {
		for name := range played {
			if !known[name] {
				t.Errorf("%s is no method of the client", name)
			}
		}
	}
}

func (s *stage) directory() {
	token, err := s.app.Token(s.ctx)
	s.ok("Token", err, token != "", token)
	wrong := wecom.New(wecom.Config{BaseURL: s.sim.URL, CorpID: corpID, Secret: "wrong", AgentID: agent})
	_, err = wrong.Token(s.ctx)
	s.refused("Token", 40001, err)

	departments, err := s.app.DepartmentList(s.ctx)
	s.ok("DepartmentList", err, len(departments) == 2 && departments[1].Name == "一店", departments)
	s.forbidden("DepartmentList", "department/list", func() error { _, err := s.app.DepartmentList(s.ctx); return err })
	tree, err := s.app.DepartmentTree(s.ctx, 2)
	s.ok("DepartmentTree", err, len(tree) == 1 && tree[0].ID == 2 && tree[0].ParentID == 1, tree)
	_, err = s.app.DepartmentTree(s.ctx, 9)
	s.refused("DepartmentTree", 60003, err)
	one, err := s.app.DepartmentGet(s.ctx, 2)
	s.ok("DepartmentGet", err, one.Name == "一店", one)
	_, err = s.app.DepartmentGet(s.ctx, 9)
	s.refused("DepartmentGet", 60003, err)

	users, err := s.app.UserList(s.ctx, 2)
	s.ok("UserList", err, len(users) == 3 && users[0].Name == "李娜" && users[0].Status == 1, users)
	_, err = s.app.UserList(s.ctx, 9)
	s.refused("UserList", 60003, err)
	names, err := s.app.UserNames(s.ctx, 2)
	s.ok("UserNames", err, len(names) == 3 && names[0].UserID == "lina" && names[0].Departments[0] == 2, names)
	_, err = s.app.UserNames(s.ctx, 9)
	s.refused("UserNames", 60003, err)
	lina, err := s.app.UserGet(s.ctx, "lina")
	s.ok("UserGet", err, lina.Name == "李娜" && lina.MainDepartment == 2, lina)
	_, err = s.app.UserGet(s.ctx, "nobody")
	s.refused("UserGet", 60111, err)
	var ids []wecom.UserDepartment
	for cursor := ""; ; {
		page, next, err := s.contacts.UserIDs(s.ctx, cursor, 2)
		s.must(err)
		ids = append(ids, page...)
		if cursor = next; cursor == "" {
			break
		}
	}
	s.ok("UserIDs", nil, len(ids) == 4 && slices.Contains(ids, wecom.UserDepartment{UserID: "lina", Department: 2}), ids)
	_, _, err = s.app.UserIDs(s.ctx, "", 10)
	s.refused("UserIDs", 48002, err)
	id, err := s.app.UserIDByMobile(s.ctx, "13800000001")
	s.ok("UserIDByMobile", err, id == "lina", id)
	_, err = s.app.UserIDByMobile(s.ctx, "13800000009")
	s.refused("UserIDByMobile", 46004, err)
	id, err = s.app.UserIDByEmail(s.ctx, "lina@corp.example", 1)
	s.ok("UserIDByEmail", err, id == "lina", id)
	_, err = s.app.UserIDByEmail(s.ctx, "nobody@corp.example", 1)
	s.refused("UserIDByEmail", 46004, err)

	a, err := s.app.AgentGet(s.ctx)
	s.ok("AgentGet", err, a.AgentID == agent, a)
	other := wecom.New(wecom.Config{BaseURL: s.sim.URL, CorpID: corpID, Secret: "app-secret", AgentID: 7})
	_, err = other.AgentGet(s.ctx)
	s.refused("AgentGet", 301002, err)
	list, err := s.app.AgentList(s.ctx)
	s.ok("AgentList", err, len(list) == 1 && list[0].AgentID == agent, list)
	s.forbidden("AgentList", "agent/list", func() error { _, err := s.app.AgentList(s.ctx); return err })
	ips, err := s.app.CallbackIPs(s.ctx)
	s.ok("CallbackIPs", err, len(ips) > 0, ips)
	s.forbidden("CallbackIPs", "getcallbackip", func() error { _, err := s.app.CallbackIPs(s.ctx); return err })
	ips, err = s.app.DomainIPs(s.ctx)
	s.ok("DomainIPs", err, len(ips) > 0, ips)
	s.forbidden("DomainIPs", "get_api_domain_ip", func() error { _, err := s.app.DomainIPs(s.ctx); return err })
}

// signIns lets a member open a page, silently and with consent, and asks for tickets.
func (s *stage) signIns() {
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	code := func(address string) string {
		req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, strings.Replace(address, "#wechat_redirect", "", 1)+"&sim_actor=staff:lina", nil)
		s.must(err)
		res, err := browser.Do(req)
		s.must(err)
		defer func() { _ = res.Body.Close() }()
		to, err := res.Location()
		s.must(err)
		return to.Query().Get("code")
	}
	who, err := s.app.AuthUserInfo(s.ctx, code(s.app.AuthorizeURL(s.sim.URL, "http://us.test/back", "st")))
	s.ok("AuthUserInfo", err, who.UserID == "lina" && who.Ticket == "", who)
	_, err = s.app.AuthUserInfo(s.ctx, "made-up")
	s.refused("AuthUserInfo", 40029, err)
	who, err = s.app.AuthUserInfo(s.ctx, code(s.app.PrivateAuthorizeURL(s.sim.URL, "http://us.test/back", "st")))
	s.ok("AuthUserInfo", err, who.Ticket != "", who)
	byQR, err := s.app.AuthUserInfo(s.ctx, code(s.app.QRLoginURL(s.sim.URL, "http://us.test/back", "st", "zh")))
	s.ok("AuthUserInfo", err, byQR.UserID == "lina", byQR)
	detail, err := s.app.AuthUserDetail(s.ctx, who.Ticket)
	s.ok("AuthUserDetail", err, detail.Mobile == "13800000001" && detail.Gender == "2", detail)
	_, err = s.app.AuthUserDetail(s.ctx, "made-up")
	s.refused("AuthUserDetail", 84015, err)

	ticket, left, err := s.app.JSAPITicket(s.ctx)
	s.ok("JSAPITicket", err, ticket != "" && left == 2*time.Hour, ticket, left)
	agentTicket, _, err := s.app.AgentTicket(s.ctx)
	s.ok("AgentTicket", err, agentTicket != "" && agentTicket != ticket, agentTicket)
	fresh := wecom.New(wecom.Config{BaseURL: s.sim.URL, CorpID: corpID, Secret: "app-secret", AgentID: agent})
	s.forbidden("JSAPITicket", "get_jsapi_ticket", func() error { _, _, err := fresh.JSAPITicket(s.ctx); return err })
	s.forbidden("AgentTicket", "ticket/get", func() error { _, _, err := fresh.AgentTicket(s.ctx); return err })
}
