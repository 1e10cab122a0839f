package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/clock"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

const (
	testToken = "simTOKEN"
	testKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	testCorp  = "wwsim00000000001"
)

var testStart = time.Date(2026, 3, 2, 8, 0, 0, 0, clock.Shanghai)

// platform is the other side of the wire: it takes callbacks in, and may answer them with welcomes.
type platform struct {
	t      testing.TB
	crypto *callback.Crypto
	srv    *httptest.Server

	mu     sync.Mutex
	events []callback.Event
	down   bool
	onAdd  func(callback.Event)
	pages  map[string]string // path → JSON of landing pages
	asked  []string
}

func newPlatform(t testing.TB) *platform {
	t.Helper()
	c, err := callback.NewCrypto(testToken, testKey, testCorp)
	if err != nil {
		t.Fatal(err)
	}
	p := &platform{t: t, crypto: c, pages: map[string]string{}}
	p.srv = httptest.NewServer(p)
	t.Cleanup(p.srv.Close)
	return p
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path != "/callback" {
		p.mu.Lock()
		page, ok := p.pages[r.URL.Path]
		p.asked = append(p.asked, r.Method+" "+r.URL.Path+" "+string(body))
		p.mu.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, page)
		return
	}
	q := r.URL.Query()
	plain, err := p.crypto.Decrypt(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), body)
	if err != nil {
		p.t.Errorf("callback does not open: %v", err)
		return
	}
	e, err := callback.Parse(plain)
	if err != nil {
		p.t.Errorf("callback does not parse: %v", err)
	}
	p.mu.Lock()
	if p.down {
		p.mu.Unlock()
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	p.events = append(p.events, e)
	onAdd := p.onAdd
	p.mu.Unlock()
	if onAdd != nil && e.WelcomeCode != "" {
		onAdd(e)
	}
}

// heard lists the events received, doubles once, as "change userid|chat external|detail".
func (p *platform) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := map[[32]byte]bool{}
	var out []string
	for _, e := range p.events {
		if seen[e.Hash()] {
			continue
		}
		seen[e.Hash()] = true
		if e.ChatID != "" {
			out = append(out, strings.TrimSpace(e.ChangeType+" "+e.UpdateDetail+" "+strings.Join(e.MemChange, ",")))
		} else {
			out = append(out, e.ChangeType+" "+e.UserID+" "+e.ExternalUserID+" "+e.State)
		}
	}
	return out
}

// smallWorld: two members who are always at it, and n people who do exactly what they are told.
func smallWorld(n int) *World {
	w := &World{
		Seed: 7, Start: testStart,
		Departments: []Department{{ID: 1, Name: "总部"}, {ID: 2, Name: "一店", ParentID: 1}},
		Members: []Member{
			{UserID: "lina", Name: "李娜", Departments: []int64{2}, Diligence: 1, WorkFrom: "00:00", WorkTo: "23:59"},
			{UserID: "wang", Name: "王强", Departments: []int64{2}, Diligence: 0, IsLeader: true},
			{UserID: "ghost", Name: "外人", Departments: []int64{1}, Hidden: true},
			{UserID: "noseat", Name: "无席位", Departments: []int64{1}, NoSeat: true},
		},
		Groups:    []Group{{ChatID: "wrONE", Name: "一店福利群", Owner: "lina"}},
		TagGroups: []TagGroup{{ID: "etG", Name: "来源", Tags: []Tag{{ID: "etA", Name: "扫码"}, {ID: "etB", Name: "老客"}}}},
		Behaviour: Behaviour{Scan: 1, Add: 1, Join: 1},
		Limits:    Limits{HalfAdd: -1},
	}
	for i := range n {
		w.People = append(w.People, Person{ExternalUserID: fmt.Sprintf("wm%04d", i), UnionID: fmt.Sprintf("un%04d", i), Name: fmt.Sprintf("顾客%d", i), Lat: 30.2, Lng: 120.1})
	}
	return w
}

type rig struct {
	t   testing.TB
	s   *Server
	web *httptest.Server
	p   *platform
	c   *wecom.Client
	opt Options
}

func newRig(t testing.TB, w *World) *rig {
	t.Helper()
	p := newPlatform(t)
	r := &rig{t: t, p: p, opt: Options{
		Dir: t.TempDir(), World: w, CallbackURL: p.srv.URL + "/callback", Token: testToken, EncodingAESKey: testKey,
		CorpID: testCorp, Secret: "shh", AgentID: 1000002, BrowserBase: "http://phone.test/phone", Durable: true,
	}}
	r.start()
	t.Cleanup(r.stop)
	return r
}

func (r *rig) start() {
	s, err := New(r.opt)
	if err != nil {
		r.t.Fatal(err)
	}
	r.s, r.web = s, httptest.NewServer(s.Handler())
	r.c = wecom.New(wecom.Config{BaseURL: r.web.URL, CorpID: testCorp, Secret: "shh", AgentID: 1000002, PerMinute: -1})
}

func (r *rig) stop() {
	r.web.Close()
	if err := r.s.Close(); err != nil {
		r.t.Error(err)
	}
}

// call posts raw JSON to an API with a good token and returns the errcode and the message.
func (r *rig) call(api, body string) (int, string) {
	r.t.Helper()
	token, err := r.c.Token(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	return r.raw(api+"?access_token="+token, body)
}

func (r *rig) raw(pathQuery, body string) (int, string) {
	r.t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(context.Background(), method, r.web.URL+"/cgi-bin/"+pathQuery, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out struct {
		Code *int   `json:"errcode"`
		Msg  string `json:"errmsg"`
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || out.Code == nil || res.StatusCode != 200 {
		r.t.Fatalf("%s: status %d, %v", pathQuery, res.StatusCode, err)
	}
	return *out.Code, out.Msg
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) advance(to time.Time) Status {
	r.t.Helper()
	st, err := r.s.Advance(context.Background(), to)
	r.must(err)
	return st
}

func (r *rig) plan(p Plan) {
	r.t.Helper()
	r.must(r.post("/sim/plan", p, nil))
}

func (r *rig) post(path string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	res, err := http.Post(r.web.URL+path, "application/json", strings.NewReader(string(b))) //nolint:noctx // a test
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		return fmt.Errorf("%s: %d %s %w", path, res.StatusCode, raw, err)
	}
	if out != nil {
		return json.Unmarshal(raw, out)
	}
	return nil
}

func (r *rig) way(state string, users ...string) (id, qr string) {
	r.t.Helper()
	kind := 1
	if len(users) > 1 {
		kind = 2
	}
	id, qr, err := r.c.AddContactWay(context.Background(), wecom.ContactWay{Type: kind, Scene: 2, SkipVerify: true, State: state, Users: users})
	r.must(err)
	return id, qr
}

func (r *rig) joinWay(w wecom.JoinWay) string {
	r.t.Helper()
	w.Scene = 2
	id, err := r.c.AddJoinWay(context.Background(), w)
	r.must(err)
	got, err := r.c.GetJoinWay(context.Background(), id)
	r.must(err)
	return got.QRCode
}

func at(hour, minute int) time.Time {
	return clock.Day(testStart).Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

func TestAddWelcomeJoin(t *testing.T) {
	r := newRig(t, smallWorld(3))
	ctx := context.Background()
	_, qr := r.way("s1", "lina")
	joinQR := r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}, State: "g1"})
	r.p.onAdd = func(e callback.Event) {
		err := r.c.SendWelcome(ctx, wecom.Welcome{Code: e.WelcomeCode, Text: &wecom.Text{Content: "欢迎！进群看福利"},
			Attachments: []wecom.Attachment{{MsgType: "image", Image: &wecom.Image{PicURL: joinQR}}}})
		if err != nil {
			t.Errorf("welcome: %v", err)
		}
		if err := r.c.SendWelcome(ctx, wecom.Welcome{Code: e.WelcomeCode, Text: &wecom.Text{Content: "again"}}); !wecom.IsCode(err, 41051) {
			t.Errorf("second welcome: %v", err)
		}
	}
	r.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "scan", Person: "wm0001", URL: qr}}})
	if st := r.advance(at(9, 1)); st.Undelivered != 0 || !st.Now.Equal(at(9, 1)) {
		t.Errorf("status %+v", st)
	}
	r.advance(at(10, 0))
	want := []string{"add_external_contact lina wm0001 s1", "update add_member wm0001"}
	if d := cmp.Diff(want, r.p.heard()); d != "" {
		t.Error(d)
	}
	if e := r.p.events[0]; e.CreateTime < at(9, 0).Unix() || e.CreateTime > at(9, 1).Unix() {
		t.Errorf("the event's time is %d", e.CreateTime)
	}
	ext, err := r.c.ExternalGet(ctx, "wm0001")
	r.must(err)
	if len(ext.Follows) != 1 || ext.Follows[0].State != "s1" || ext.Contact.UnionID != "un0001" {
		t.Errorf("customer %+v", ext)
	}
	g, err := r.c.GroupGet(ctx, "wrONE", true)
	r.must(err)
	if len(g.Members) != 2 || g.Members[1].UserID != "wm0001" || g.Members[1].State != "g1" || g.Members[1].JoinScene != 3 || g.Members[1].Name != "顾客1" {
		t.Errorf("group %+v", g)
	}
	if g.Version != r.p.events[1].CurMemVer || g.Version == r.p.events[1].LastMemVer {
		t.Errorf("version %s, event %s → %s", g.Version, r.p.events[1].LastMemVer, r.p.events[1].CurMemVer)
	}
	tr := r.s.Truth()
	if tr.Counts.Adds != 1 || tr.Counts.Joins != 1 || tr.Counts.Scans != 1 || len(tr.Welcomes) != 1 || tr.Welcomes[0][2] != 1 {
		t.Errorf("truth %+v", tr)
	}
}

func TestWelcomeAfterTwentySeconds(t *testing.T) {
	wall := clock.NewManual(time.Unix(1_800_000_000, 0))
	p := newPlatform(t)
	r := &rig{t: t, p: p, opt: Options{Dir: t.TempDir(), World: smallWorld(2), CallbackURL: p.srv.URL + "/callback", Token: testToken, EncodingAESKey: testKey,
		CorpID: testCorp, Secret: "shh", AgentID: 1000002, wall: wall}}
	r.start()
	t.Cleanup(r.stop)
	_, qr := r.way("s", "lina")
	r.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0000", URL: qr}, {At: at(9, 1), Kind: "add", Person: "wm0001", URL: qr}}})
	r.advance(at(9, 2))
	wall.Set(wall.Now().Add(20 * time.Second))
	send := func(i int) error {
		return r.c.SendWelcome(context.Background(), wecom.Welcome{Code: r.p.events[i].WelcomeCode, Text: &wecom.Text{Content: "hi"}})
	}
	if err := send(0); err != nil {
		t.Errorf("after 20 s: %v", err)
	}
	wall.Set(wall.Now().Add(time.Millisecond))
	if err := send(1); !wecom.IsCode(err, 41050) {
		t.Errorf("after more than 20 s: %v", err)
	}
	for _, w := range r.s.Truth().Welcomes {
		if w[2] == 1 && w[3] != int64(20_000) {
			t.Errorf("latency %v", w)
		}
	}
}

func TestHalfAdd(t *testing.T) {
	w := smallWorld(1)
	w.Limits.HalfAdd = 1
	for _, welcomed := range []bool{true, false} {
		r := newRig(t, w)
		_, qr := r.way("s", "lina")
		codes := 0
		r.p.onAdd = func(e callback.Event) {
			codes++
			if _, err := r.c.ExternalGet(context.Background(), e.ExternalUserID); e.ChangeType == callback.AddHalfExternal && !wecom.IsCode(err, 84061) {
				t.Errorf("a half customer is readable: %v", err)
			}
			if welcomed {
				r.must(r.c.SendWelcome(context.Background(), wecom.Welcome{Code: e.WelcomeCode, Text: &wecom.Text{Content: "hi"}}))
			}
		}
		r.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0000", URL: qr}}})
		r.advance(at(9, 0))
		r.advance(at(10, 0))
		if d := cmp.Diff([]string{"add_half_external_contact lina wm0000 s", "add_external_contact lina wm0000 s"}, r.p.heard()); d != "" {
			t.Error(d)
		}
		if want := map[bool]int{true: 1, false: 2}[welcomed]; codes != want {
			t.Errorf("welcomed %v: %d codes, want %d", welcomed, codes, want)
		}
	}
}

func TestJoinOverflow(t *testing.T) {
	w := smallWorld(9)
	w.Limits.JoinByQR = 4
	r := newRig(t, w)
	auto := r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}, AutoCreateRoom: 1, RoomBaseName: "一店福利群", RoomBaseID: 2, State: "auto"})
	var acts []Act
	for i := range 8 {
		acts = append(acts, Act{At: at(9, i), Kind: "join", Person: fmt.Sprintf("wm%04d", i), URL: auto})
	}
	r.plan(Plan{Acts: acts})
	r.advance(at(10, 0))
	_, id, _ := parseQR(auto)
	way, err := r.c.GetJoinWay(context.Background(), id)
	r.must(err)
	if len(way.ChatIDs) != 3 {
		t.Fatalf("groups of the way: %v", way.ChatIDs)
	}
	var names []string
	for _, chat := range way.ChatIDs {
		g, err := r.c.GroupGet(context.Background(), chat, false)
		r.must(err)
		names = append(names, fmt.Sprint(g.Name, len(g.Members)))
	}
	if d := cmp.Diff([]string{"一店福利群4", "一店福利群24", "一店福利群33"}, names); d != "" {
		t.Error(d)
	}
	creates := 0
	for _, h := range r.p.heard() {
		if h == "create" {
			creates++
		}
	}
	full := r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}, AutoCreateRoom: 0, State: "full"})
	r.plan(Plan{Acts: []Act{{At: at(11, 0), Kind: "join", Person: "wm0008", URL: full}}})
	r.advance(at(12, 0))
	if c := r.s.Truth().Counts; creates != 2 || c.DeadEnds != 1 || c.Joins != 8 {
		t.Errorf("%d creates, counts %+v", creates, c)
	}
}

func TestLanding(t *testing.T) {
	r := newRig(t, smallWorld(2))
	_, staff := r.way("s", "lina")
	group := r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}, State: "g"})
	r.p.pages["/h5/api/code/TOK"] = `{"kind":"locator","qr":null}`
	r.p.pages["/h5/api/locate"] = `{"stores":[{"id":11,"open":false},{"id":12,"open":true}]}`
	r.p.pages["/h5/api/locate/choose"] = `{"staff_qr":"` + staff + `","group_qr":"` + group + `"}`
	r.p.pages["/h5/api/code/DEAD"] = `{"kind":"staff","qr":null}`
	r.plan(Plan{Acts: []Act{
		{At: at(9, 0), Kind: "scan", Person: "wm0000", URL: r.p.srv.URL + "/c/TOK"},
		{At: at(9, 0), Kind: "scan", Person: "wm0001", URL: r.p.srv.URL + "/c/DEAD"},
	}})
	r.advance(at(10, 0))
	heard := r.p.heard()
	slices.Sort(heard) // two entities: no order between them
	if d := cmp.Diff([]string{"add_external_contact lina wm0000 s", "update add_member wm0000"}, heard); d != "" {
		t.Error(d)
	}
	if c := r.s.Truth().Counts; c.Scans != 2 || c.DeadEnds != 1 {
		t.Errorf("counts %+v", c)
	}
	if all := strings.Join(r.p.asked, "\n"); !strings.Contains(all, `"store_id":12`) || !strings.Contains(all, `"lat":30.2`) {
		t.Errorf("asked %s", all)
	}
}

func TestAdvanceIsIdempotentAndReportsWhatIsUndelivered(t *testing.T) {
	r := newRig(t, smallWorld(1))
	_, qr := r.way("s", "lina")
	r.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0000", URL: qr}}})
	r.p.mu.Lock()
	r.p.down = true
	r.p.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = r.s.Advance(ctx, at(9, 0))
	}()
	for r.s.post.undelivered() == 0 {
		select {
		case <-done:
			t.Fatal("advance did not wait for the callback")
		default:
		}
	}
	cancel()
	<-done
	if st := r.s.status(); st.Undelivered != 1 || !st.Now.Equal(at(9, 0)) {
		t.Errorf("status %+v", st)
	}
	r.p.mu.Lock()
	r.p.down = false
	r.p.mu.Unlock()
	for range 2 {
		if st := r.advance(at(8, 30)); st.Undelivered != 0 || !st.Now.Equal(at(9, 0)) || st.Next == nil {
			t.Errorf("status %+v", st)
		}
	}
	if n := len(r.p.heard()); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestRestartKeepsTruth(t *testing.T) {
	w := smallWorld(60)
	w.Behaviour = Behaviour{Scan: 1, Add: 0.9, Join: 0.8, Reply: 0.3, Leave: 0.1, Delete: 0.1}
	r := newRig(t, w)
	_, qr := r.way("s", "lina", "wang")
	join := r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}, AutoCreateRoom: 1, State: "g"})
	r.plan(Plan{Arrivals: []Arrivals{{From: testStart, Days: 2, PerDay: 30, Entries: []Entry{{URL: qr}, {URL: join}}}}})
	r.advance(testStart.Add(30 * time.Hour))
	_, _, err := r.c.AddMsgTemplate(context.Background(), wecom.MsgTemplate{Sender: "lina", Text: &wecom.Text{Content: "周三会员日"}})
	r.must(err)
	r.advance(testStart.Add(40 * time.Hour))
	before := r.s.Truth()
	if before.Counts.Adds == 0 || len(before.Delivered) == 0 || before.Counts.Joins == 0 || before.Counts.Replies == 0 {
		t.Fatalf("too quiet a world: %+v", before.Counts)
	}
	// A crash: the log alone, without the snapshot that Close leaves.
	r.must(r.s.journal.wait(r.s.journal.last()))
	lines := copyDir(t, r.opt.Dir)
	r.stop()
	r.start()
	if d := cmp.Diff(before, r.s.Truth()); d != "" {
		t.Errorf("after a clean restart: %s", d)
	}
	r.stop()
	clean := r.opt.Dir
	r.opt.Dir = lines
	r.start()
	if d := cmp.Diff(before, r.s.Truth()); d != "" {
		t.Errorf("from the log: %s", d)
	}
	r.advance(testStart.Add(72 * time.Hour))
	fromLog := r.s.Truth()
	r.stop()
	r.opt.Dir = clean
	r.start()
	r.advance(testStart.Add(72 * time.Hour))
	if d := cmp.Diff(fromLog, r.s.Truth()); d != "" {
		t.Errorf("the two go different ways: %s", d)
	}
}

func minutesOf(n int) time.Duration { return time.Duration(n) * time.Minute }

func TestWithoutAPlatformNothingWaits(t *testing.T) {
	opt := Options{Dir: t.TempDir(), World: smallWorld(1), Token: testToken, EncodingAESKey: testKey, CorpID: testCorp, Secret: "shh", AgentID: 1000002}
	r := &rig{t: t, p: newPlatform(t), opt: opt}
	r.start()
	_, qr := r.way("s", "lina")
	r.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0000", URL: qr}}})
	if st := r.advance(at(10, 0)); st.Undelivered != 1 {
		t.Errorf("status %+v", st)
	}
	r.stop()
	// Given a platform later, it is told what happened.
	r.opt.CallbackURL = r.p.srv.URL + "/callback"
	r.start()
	if st := r.advance(at(10, 0)); st.Undelivered != 0 || len(r.p.heard()) != 1 {
		t.Errorf("status %+v, heard %v", st, r.p.heard())
	}
	r.stop()
}

func TestWelcomeLinkIsFollowed(t *testing.T) {
	w := smallWorld(40)
	w.Behaviour.Join = 0.5
	r := newRig(t, w)
	_, qr := r.way("s", "lina")
	r.p.pages["/h5/api/code/GRP"] = `{"kind":"group","qr":"` + r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}, State: "g"}) + `"}`
	r.p.onAdd = func(e callback.Event) {
		r.must(r.c.SendWelcome(context.Background(), wecom.Welcome{Code: e.WelcomeCode, Attachments: []wecom.Attachment{{MsgType: "link", Link: &wecom.Link{Title: "进群", URL: r.p.srv.URL + "/c/GRP"}}}}))
	}
	var acts []Act
	for i := range w.People {
		acts = append(acts, Act{At: at(9, i), Kind: "add", Person: w.People[i].ExternalUserID, URL: qr})
	}
	r.plan(Plan{Acts: acts})
	r.advance(at(10, 0))
	r.advance(at(11, 0))
	if c := r.s.Truth().Counts; c.Joins < 12 || c.Joins > 28 || c.Joins != c.Scans {
		t.Errorf("half of 40 should join: %+v", c)
	}
}
