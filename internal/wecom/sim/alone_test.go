package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/clock"
	"qunce/internal/wecom/callback"
)

func TestKeysAreMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	first, err := OpenKeys(dir, Keys{AgentID: 7})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := callback.NewCrypto(first.Token, first.AESKey, first.CorpID); err != nil || first.AgentID != 7 || len(first.Secret) != 43 || len(first.ControlToken) != 32 {
		t.Errorf("keys %+v: %v", first, err)
	}
	again, err := OpenKeys(dir, Keys{Secret: "mine"})
	want := first
	want.Secret = "mine"
	if err != nil || again != want {
		t.Errorf("%v: %s", err, cmp.Diff(want, again))
	}
	third, err := OpenKeys(dir, Keys{})
	if err != nil || third != want {
		t.Errorf("what was asked for once is not kept: %v %s", err, cmp.Diff(want, third))
	}
	info, err := os.Stat(filepath.Join(dir, "keys.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// alone is a simulator whose clock runs by itself, with a wall clock that the test moves.
func alone(t *testing.T, w World, speed float64, set func(*Options)) (*Server, *clock.Manual) {
	t.Helper()
	wall := clock.NewManual(testStart)
	opt := Options{Dir: t.TempDir(), World: &w, Token: testToken, EncodingAESKey: testKey, CorpID: testCorp, Secret: "shh", AgentID: 1000002,
		Standalone: true, Speed: speed, Documented: true, wall: wall}
	if set != nil {
		set(&opt)
	}
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	s.pace.stop() // the test ticks
	s.pace.ctx, s.pace.done = context.Background(), closed()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, wall
}

func closed() chan struct{} { c := make(chan struct{}); close(c); return c }

func (p *pace) tickAll(t *testing.T, now time.Time) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = p.tick(now); err != nil {
			t.Fatal(err)
		}
	}
}

func TestClockRunsByItself(t *testing.T) {
	w := Example(testStart)
	s, wall := alone(t, w, 60, nil)
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	move := func(d time.Duration) time.Time {
		wall.Set(wall.Now().Add(d))
		s.pace.tickAll(t, wall.Now())
		return s.clock().Now
	}
	if got := move(time.Second); !got.Equal(testStart.Add(time.Minute)) {
		t.Errorf("after a second: %v", got)
	}
	set := func(body string) int {
		res, err := http.Post(web.URL+"/sim/clock", "application/json", strings.NewReader(body)) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	if set(`{"paused":true}`) != 200 || !move(time.Hour).Equal(testStart.Add(time.Minute)) {
		t.Errorf("paused, it ran on to %v", s.clock().Now)
	}
	if set(`{"paused":false,"speed":1}`) != 200 || !move(time.Second).Equal(testStart.Add(61*time.Second)) {
		t.Errorf("going on, it is at %v", s.clock().Now)
	}
	for _, body := range []string{`{"speed":0}`, `{"speed":1e9}`, `{`} {
		if got := set(body); got != 400 {
			t.Errorf("%s: status %d", body, got)
		}
	}
	// What is due by then happens at its own time.
	before := s.Truth()
	set(`{"speed":86400}`)
	if got := move(2 * time.Second); got.Sub(testStart) < 47*time.Hour {
		t.Errorf("two days on: %v", got)
	}
	if after := s.Truth(); len(after.Members) >= len(before.Members) {
		t.Errorf("in two days nobody left a group: %d, %d", len(before.Members), len(after.Members))
	}
}

func TestRestartFollowsRealTime(t *testing.T) {
	for _, follow := range []bool{true, false} {
		w := Example(testStart.Add(-30 * time.Hour))
		w.Follow = follow
		s, wall := alone(t, w, 1, nil)
		s.pace.tickAll(t, wall.Now())
		want := testStart
		if !follow {
			want = testStart.Add(-30 * time.Hour)
		}
		if got := s.clock().Now; !got.Equal(want) {
			t.Errorf("follow %v: the clock is at %v, want %v", follow, got, want)
		}
	}
}

func TestControlToken(t *testing.T) {
	s, _ := alone(t, Example(testStart), 1, func(o *Options) { o.ControlToken = "let-me-in" })
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, path string, head map[string]string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), method, web.URL+path, strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range head {
			req.Header.Set(k, v)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return res
	}
	in := map[string]string{"Authorization": "Bearer let-me-in"}
	cookie := map[string]string{"Cookie": "sim_control=let-me-in"}
	for _, tt := range []struct {
		method, path string
		head         map[string]string
		want         int
	}{
		{"GET", "/sim/truth", nil, 401},
		{"GET", "/sim/truth?token=wrong", nil, 401},
		{"GET", "/sim/truth", in, 200},
		{"GET", "/sim/truth", cookie, 200},
		{"POST", "/sim/faults", nil, 401},
		{"POST", "/sim/faults", cookie, 200},
		{"POST", "/sim/faults", map[string]string{"Cookie": "sim_control=let-me-in", "Origin": "http://evil.example"}, 403},
		{"POST", "/sim/faults", map[string]string{"Cookie": "sim_control=let-me-in", "Sec-Fetch-Site": "cross-site"}, 403},
		{"GET", "/cgi-bin/gettoken", nil, 200},
		{"GET", "/sim/qr/w/none.png", nil, 404},
	} {
		if got := ask(tt.method, tt.path, tt.head); got.StatusCode != tt.want {
			t.Errorf("%s %s %v: status %d, want %d", tt.method, tt.path, tt.head, got.StatusCode, tt.want)
		}
	}
	res := ask("GET", "/sim/?token=let-me-in&x=1", nil)
	if res.StatusCode != http.StatusFound || res.Header.Get("Location") != "/sim/?x=1" || !strings.Contains(res.Header.Get("Set-Cookie"), "sim_control=let-me-in") {
		t.Errorf("the printed link: %d %v", res.StatusCode, res.Header)
	}
}

func TestLoopback(t *testing.T) {
	for listen, want := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, ":1": false, "0.0.0.0:1": false, "10.0.0.1:1": false, "x": false} {
		if Loopback(listen) != want {
			t.Errorf("Loopback(%q) = %v", listen, !want)
		}
	}
}

func TestPopulationFile(t *testing.T) {
	read := func(s string) (*World, error) { return ReadWorld(strings.NewReader(s), testStart) }
	w, err := read(`{"seed":3,"departments":[{"id":1,"name":"总部"}],"stores":[{"id":"S1","department":1,"lat":30,"lng":120,"open":"10:00","close":"12:00","days":[1,2]}],
		"members":[{"userid":"a","name":"甲","departments":[1],"diligence":0.5},{"userid":"b","name":"乙","departments":[1],"no_seat":true}],
		"groups":[{"chat_id":"wr1","name":"群","owner":"a"}],"population":{"count":50,"known":1,"grouped":0.5},
		"segments":[{"name":"x","share":1,"behaviour":{"scan":1,"add":1,"join":1}},{"name":"never","share":0}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if !w.Follow || !w.Start.Equal(testStart) {
		t.Errorf("start %v, follow %v", w.Start, w.Follow)
	}
	st := newState(*w)
	if n := len(st.people); n != 50 || len(st.byUser["a"]) != 50 || len(st.Groups["wr1"].Members) < 10 || len(st.Groups["wr1"].Members) > 40 {
		t.Errorf("%d people, %d know a, %d in the group", n, len(st.byUser["a"]), len(st.Groups["wr1"].Members))
	}
	for i := range st.World.People {
		if p := &st.World.People[i]; p.Segment != "x" || st.behaviour(p).Add != 1 || p.HomeStore != "S1" {
			t.Errorf("person %+v", p)
		}
	}
	if got := *w.Population; got.Count != 50 {
		t.Errorf("the file's own world was changed: %+v", got)
	}
	// The member works when the store is open: Monday and Tuesday from ten to twelve.
	m := st.member("a")
	for from, want := range map[string]string{"2026-03-02 08:00": "2026-03-02 10:00", "2026-03-02 11:00": "2026-03-02 11:00", "2026-03-02 13:00": "2026-03-03 10:00", "2026-03-03 12:00": "2026-03-09 10:00"} {
		at, _ := time.ParseInLocation("2006-01-02 15:04", from, clock.Shanghai)
		if got := msTime(m.working(at.UnixMilli())).In(clock.Shanghai).Format("2006-01-02 15:04"); got != want {
			t.Errorf("working from %s: %s, want %s", from, got, want)
		}
	}
	for name, text := range map[string]string{
		"unknown field": `{"memebers":[]}`,
		"wrong type":    `{"members":[{"userid":7}]}`,
		"two values":    `{} {}`,
		"torn":          `{"members":[`,
		"bad day":       `{"stores":[{"id":"S","days":[8]}]}`,
		"bad segment":   `{"people":[{"external_userid":"x","segment":"none"}]}`,
		"bad share":     `{"population":{"count":1,"known":2}}`,
		"bad count":     `{"population":{"count":-1}}`,
		"bad holiday":   `{"holidays":[{"date":"today","factor":1}]}`,
		"bad address":   `{"permissions":{"trusted_ips":["nowhere"]}}`,
		"bad range":     `{"permissions":{"visible_members":["nobody"]}}`,
		"bad app":       `{"other_app":{"name":"x"}}`,
		"bad limit":     `{"limits":{"receive_cap":"hour"}}`,
	} {
		if _, err := read(text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestStoresHoursAndHolidays(t *testing.T) {
	w := smallWorld(300)
	for i := range w.People {
		w.People[i].HomeStore = "S1"
	}
	w.Stores = []Store{{ID: "S1", Open: "10:00", Close: "12:00", Closed: []string{"2026-03-04"}}}
	w.Holidays = []Holiday{{Date: "2026-03-03", Factor: 2}, {Date: "2026-03-05", Factor: 0}}
	st := newState(*w)
	st.plan(Plan{Arrivals: []Arrivals{{From: clock.Day(testStart), Days: 7, PerDay: 20, Entries: []Entry{{URL: "http://x/c/T"}}, Weekdays: [7]float64{1, 1, 1, 1, 0.5, 0, 1}}}})
	days := map[string]int{}
	for _, a := range st.Acts {
		if a.Kind != actScan {
			continue
		}
		at := msTime(a.At).In(clock.Shanghai)
		days[at.Format("02")]++
		if at.Hour() != 10 && at.Hour() != 11 {
			t.Errorf("somebody comes at %v", at)
		}
	}
	if d := cmp.Diff(map[string]int{"02": 20, "03": 40, "06": 10, "08": 20}, days); d != "" {
		t.Error(d)
	}
}

func TestExampleWorldIsWholesome(t *testing.T) {
	w := Example(testStart)
	if err := w.check(); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadWorld(strings.NewReader(string(b)), testStart)
	if err != nil {
		t.Fatal(err)
	}
	st := newState(*again)
	n := 0
	for _, g := range st.Groups {
		n += len(g.Members)
		if len(g.Members) < 3 && g.Owner != "service.02" {
			t.Errorf("group %s has %d members", g.Name, len(g.Members))
		}
	}
	if got := fmt.Sprint(len(st.people), len(st.World.Members), len(st.Groups)); got != "200 12 6" || len(st.Edges) < 60 || n < 60 {
		t.Errorf("%s; %d relations, %d in groups", got, len(st.Edges), n)
	}
}

// TestDocumentedWorld: the example of a population file in the documentation is one.
func TestDocumentedWorld(t *testing.T) {
	page, err := os.ReadFile("../../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "## 人群文件")
	_, rest, ok2 := strings.Cut(rest, "```json\n")
	text, _, ok3 := strings.Cut(rest, "```")
	if !ok || !ok2 || !ok3 {
		t.Fatal("the documentation has no example of a population file")
	}
	w, err := ReadWorld(strings.NewReader(text), testStart)
	if err != nil {
		t.Fatal(err)
	}
	if n := w.Counted(); n.People != 501 || n.Members != 3 || w.Follow {
		t.Errorf("world %+v", n)
	}
}

// TestRunAlone: a sandbox starts, says how it is reached, and answers there.
func TestRunAlone(t *testing.T) {
	dir := t.TempDir()
	k, err := OpenKeys(dir, Keys{})
	if err != nil {
		t.Fatal(err)
	}
	w := Example(testStart)
	ctx, cancel := context.WithCancel(t.Context())
	opened, ended := make(chan Sandbox, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{Listen: "127.0.0.1:0", Dir: filepath.Join(dir, "log"), World: &w, Token: k.Token, EncodingAESKey: k.AESKey, CorpID: k.CorpID, Secret: k.Secret,
			ContactsSecret: k.ContactsSecret, ArchiveSecret: k.ArchiveSecret, AgentID: k.AgentID, Standalone: true, Speed: 1, Documented: true, Opened: func(s Sandbox) { opened <- s }})
	}()
	var box Sandbox
	select {
	case box = <-opened:
	case err := <-ended:
		t.Fatal(err)
	}
	for _, secret := range []string{box.Secret, box.ContactsSecret, box.ArchiveSecret} {
		res, err := http.Get(box.BaseURL + "/cgi-bin/gettoken?corpid=" + box.CorpID + "&corpsecret=" + secret) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		var out struct {
			Token string `json:"access_token"`
		}
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil || out.Token == "" {
			t.Errorf("token %+v, %v", out, err)
		}
		_ = res.Body.Close()
	}
	res, err := http.Get(box.ControlURL) //nolint:noctx // a test
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("control page: %v, %v", res, err)
	} else {
		_ = res.Body.Close()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestBrowserSignInAlone(t *testing.T) {
	s, _ := alone(t, Example(testStart), 1, nil)
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(path string) (int, string) {
		res, err := client.Get(web.URL + path) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		return res.StatusCode, res.Header.Get("Location") + string(b)
	}
	const q = "appid=" + testCorp + "&agentid=1000002&redirect_uri=https%3A%2F%2Fcrm.example.com%2Fback&state=s1"
	for path, want := range map[string]string{
		"/wwlogin/sso/login?login_type=CorpApp&" + q:                          "manager.east",
		"/connect/oauth2/authorize?response_type=code&scope=snsapi_base&" + q: "顾客",
	} {
		if code, body := ask(path); code != 200 || !strings.Contains(body, want) || !strings.Contains(body, "sim_actor=staff%3Aeast.01") {
			t.Errorf("%s: %d %s", path, code, body)
		}
		code, body := ask(path + "&sim_actor=staff:east.01")
		if code != 302 || !strings.HasPrefix(body, "https://crm.example.com/back?code=") || !strings.Contains(body, "&state=s1") {
			t.Errorf("%s chosen: %d %s", path, code, body)
		}
	}
	items, _ := s.tape.read(recordQuery{kind: "browser", limit: 1})
	if len(items) != 1 || items[0].Status != 302 || !strings.HasPrefix(items[0].Answer, "https://crm.example.com/back?code=") || !strings.Contains(items[0].Query, "redirect_uri=") {
		t.Errorf("recorded %+v", items)
	}
	if code, _ := ask("/wwlogin/sso/login?login_type=Other&" + q); code != 400 {
		t.Errorf("another kind of sign-in: %d", code)
	}
	if code, body := ask("/wwlogin/sso/login?login_type=CorpApp&sim_actor=person:x&" + q); code != 200 || strings.Contains(body, "顾客") {
		t.Errorf("customers sign in by QR: %d", code)
	}
}
