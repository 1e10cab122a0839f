package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

func manualWall() *clock.Manual { return clock.NewManual(time.Unix(1_800_000_000, 0)) }

// code plays a call and returns its errcode; -2 when the connection broke.
func (k *stage) code(api, query string, body any) int {
	k.t.Helper()
	answer, err := k.ask(contract{API: api, Query: query, Body: body})
	if err != nil {
		return -2
	}
	n, _ := answer["errcode"].(float64)
	return int(n)
}

func TestBlocksLastAsLongAsTheirWindow(t *testing.T) {
	wall := manualWall()
	w := smallWorld(1)
	w.Limits.APIPerMinute, w.Limits.APIPerHour = 3, 5
	k := newStage(t, w, func(o *Options) { o.wall = wall })
	token := k.Tokens[""]()
	get := func() int { return k.code("user/get", "userid=lina&access_token="+token, nil) }
	seq := func(n int) (out []int) {
		for range n {
			out = append(out, get())
		}
		return out
	}
	if got := fmt.Sprint(seq(4)); got != "[0 0 0 45009]" {
		t.Errorf("a minute's calls: %s", got)
	}
	wall.Set(wall.Now().Add(59 * time.Second))
	if got := get(); got != 45009 {
		t.Errorf("within the block: %d", got)
	}
	wall.Set(wall.Now().Add(2 * time.Second))
	if got := fmt.Sprint(seq(2)); got != "[0 45009]" { // the hour's five are used up: tries in a block counted, too
		t.Errorf("after the minute: %s", got)
	}
	wall.Set(wall.Now().Add(59 * time.Minute))
	if got := get(); got != 45009 {
		t.Errorf("within the hour: %d", got)
	}
	var out struct {
		Blocks map[string]time.Time `json:"blocks"`
	}
	k.must(k.get("/sim/limits", &out))
	if len(out.Blocks) != 1 || out.Blocks["hour|user/get"].IsZero() {
		t.Errorf("blocks %v", out.Blocks)
	}
	wall.Set(wall.Now().Add(2 * time.Minute))
	if got := get(); got != 42001 && got != 0 {
		t.Errorf("after the hour: %d", got)
	}
	k.must(k.post("/sim/limits", map[string]any{"api_per_minute": 0, "api_per_hour": 0}, nil))
	if got := fmt.Sprint(seq(9)); strings.Contains(got, "45009") {
		t.Errorf("without limits: %s", got)
	}
}

func TestWrongSecretsCloseGettoken(t *testing.T) {
	wall := manualWall()
	w := smallWorld(1)
	w.Limits.WrongSecrets = 2
	k := newStage(t, w, func(o *Options) { o.wall = wall })
	get := func(secret string) int {
		a, err := k.ask(contract{API: "gettoken", Token: "none", Query: map[string]string{"corpid": testCorp, "corpsecret": secret}})
		k.must(err)
		return int(a["errcode"].(float64))
	}
	got := []int{get("a"), get("b"), get("shh"), get("c"), get("shh")}
	if fmt.Sprint(got) != "[40001 40001 0 40001 45009]" {
		t.Errorf("answers %v", got)
	}
	wall.Set(wall.Now().Add(time.Hour))
	if got := get("shh"); got != 0 {
		t.Errorf("after an hour: %d", got)
	}
}

func TestOwnRatesAndConcurrency(t *testing.T) {
	w := smallWorld(1)
	w.Limits.RealRates, w.Limits.APIConcurrent = true, 1
	k := newStage(t, w, nil)
	for i := range 101 {
		if got := k.code("ticket/get", "type=agent_config", nil); (got == 45009) != (i == 100) {
			t.Errorf("call %d answers %d", i, got)
		}
	}
	k.must(k.post("/sim/faults", Faults{SlowMS: 300}, nil))
	token := k.Tokens[""]()
	first, other := make(chan int), *k
	go func() { first <- other.code("user/get", "userid=lina&access_token="+token, nil) }()
	for k.s.gate.under("user/get") == 0 {
		time.Sleep(time.Millisecond) // until the first call is under way
	}
	if got := k.code("user/get", "userid=lina&access_token="+token, nil); got != 45033 {
		t.Errorf("the second at once: %d", got)
	}
	if got := <-first; got != 0 {
		t.Errorf("the first: %d", got)
	}
}

func TestGuessingMembersIsLimited(t *testing.T) {
	wall := manualWall()
	w := smallWorld(1)
	w.Limits.RealRates = true
	k := newStage(t, w, func(o *Options) { o.wall = wall })
	for range 21 {
		k.code("user/getuserid", "", map[string]string{"mobile": "1"})
	}
	if got := k.code("user/getuserid", "", map[string]string{"mobile": "1"}); got != 45009 {
		t.Errorf("after too many guesses: %d", got)
	}
}

func TestFaultRules(t *testing.T) {
	k := newStage(t, smallWorld(1), nil)
	set := func(f Faults) { k.must(k.post("/sim/faults", f, nil)) }
	way, phone := map[string]any{"type": 1, "scene": 2, "user": []string{"lina"}}, map[string]string{"mobile": "1"}
	set(Faults{Rules: []FaultRule{{API: "externalcontact/*contact_way", Code: 45035, Times: 1}, {API: "user/getuserid", DropAfter: true, Times: 1}}})
	got := []int{k.code("externalcontact/add_contact_way", "", way), k.code("externalcontact/add_contact_way", "", way),
		k.code("user/getuserid", "", phone), k.code("user/getuserid", "", phone), k.code("user/simplelist", "department_id=1", nil)}
	if fmt.Sprint(got) != "[45035 0 -2 46004 0]" || len(k.s.st.Ways) != 1 {
		t.Errorf("answers %v, %d ways", got, len(k.s.st.Ways))
	}
	set(Faults{DropBefore: 1})
	if got := k.code("externalcontact/add_contact_way", "access_token="+tokenOf(k), way); got != -2 || len(k.s.st.Ways) != 1 {
		t.Errorf("dropped before: %d, %d ways", got, len(k.s.st.Ways))
	}
	set(Faults{Throttle: 1})
	if got := k.code("user/get", "userid=lina&access_token="+tokenOf(k), nil); got != 45009 {
		t.Errorf("throttled: %d", got)
	}
	set(Faults{Crowd: 1})
	if got := k.code("user/get", "userid=lina&access_token="+tokenOf(k), nil); got != 45033 {
		t.Errorf("crowded: %d", got)
	}
	for name, bad := range map[string]Faults{"a chance": {Lose: 1.5}, "no API": {Rules: []FaultRule{{Code: 1}}}, "nothing": {Rules: []FaultRule{{API: "*"}}}} {
		if k.post("/sim/faults", bad, nil) == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// tokenOf is the app's token without asking for it.
func tokenOf(k *stage) string { return k.s.token(secretApp, k.s.st.Token) }

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, api string
		want         bool
	}{
		{"a/b", "a/b", true}, {"a/b", "a/bc", false}, {"a/*", "a/b/c", true}, {"a/*", "b/a", false}, {"*", "x", true}, {"*list", "a/list", true},
		{"*list", "a/list_id", false}, {"a/*/get", "a/x/y/get", true}, {"a/*b*", "a/xbx", true}, {"", "a", false},
	} {
		if got := matches(tt.pattern, tt.api); got != tt.want {
			t.Errorf("matches(%q, %q) = %v", tt.pattern, tt.api, got)
		}
	}
}

func TestInvalidatedTokens(t *testing.T) {
	k := newStage(t, corpWorld(), nil)
	for _, name := range []string{"", "contacts", "archive", "other"} {
		token := k.Tokens[name]()
		k.must(k.post("/sim/faults", Faults{TokenInvalid: true}, nil))
		if got := k.code("getcallbackip", "access_token="+token, nil); got != 40014 {
			t.Errorf("%q: the old token answers %d", name, got)
		}
		if name == "" { // the client keeps the old one until it is refused
			continue
		}
		if again := k.Tokens[name](); again == token {
			t.Errorf("%q: the new token is the old one", name)
		}
		if a, err := k.ask(contract{API: "getcallbackip", Token: name}); err != nil || a["errcode"] != 0.0 {
			t.Errorf("%q: the new token answers %v, %v", name, a, err)
		}
	}
}

func TestAnotherAppWelcomesFirst(t *testing.T) {
	wall := manualWall()
	w := corpWorld()
	w.OtherApp.TakeWelcome = 1
	k := newStage(t, w, func(o *Options) { o.wall = wall })
	_, qr := k.way("s", "lina")
	k.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0000", URL: qr}}})
	k.advance(at(9, 0))
	send := func() int {
		return k.code("externalcontact/send_welcome_msg", "", map[string]any{"welcome_code": k.p.events[0].WelcomeCode, "text": map[string]string{"content": "hi"}})
	}
	if got := send(); got != 41096 {
		t.Errorf("while the other sends: %d", got)
	}
	wall.Set(wall.Now().Add(otherSending))
	if got := send(); got != 41051 {
		t.Errorf("after it: %d", got)
	}
}

func TestDetailsLagBehindEvents(t *testing.T) {
	wall := manualWall()
	w := smallWorld(2)
	w.Limits.DetailLagMS = 2000
	w.Friends = []Friend{{UserID: "lina", ExternalUserID: "wm0001"}}
	k := newStage(t, w, func(o *Options) { o.wall = wall })
	_, qr := k.way("s", "lina")
	join := k.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}, State: "g"})
	k.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0000", URL: qr}, {At: at(9, 0), Kind: "join", Person: "wm0000", URL: join},
		{At: at(9, 1), Kind: "delete", Person: "wm0001", UserID: "lina"}}})
	k.advance(at(9, 1))
	look := func() string {
		ctx := context.Background()
		_, err := k.c.ExternalGet(ctx, "wm0000")
		g, gerr := k.c.GroupGet(ctx, "wrONE", false)
		k.must(gerr)
		rows, _, berr := k.c.BatchGetByUser(ctx, []string{"lina"}, "", 100)
		k.must(berr)
		return fmt.Sprint(wecom.IsCode(err, 84061), len(g.Members), len(rows))
	}
	if got := look(); got != "true 1 1" {
		t.Errorf("right after the events: %s", got)
	}
	// What the API itself changes shows at once.
	k.must(k.c.MarkTag(context.Background(), "lina", "wm0001", []string{"etA"}, nil))
	wall.Set(wall.Now().Add(2 * time.Second))
	if got := look(); got != "false 2 2" {
		t.Errorf("two seconds later: %s", got)
	}
	if e := k.s.st.edge("lina", "wm0001"); len(e.Tags) != 1 || e.Status != edgeOneWay || len(k.s.st.byExt["wm0000"]) != 1 {
		t.Errorf("the truth has suffered: %+v", e)
	}
}

func TestDeliveryAsDocumented(t *testing.T) {
	for _, tt := range []struct {
		name      string
		retry     bool
		status    int
		hang      bool
		wantTries int
	}{
		{"refused and not tried again", false, 503, false, 1},
		{"refused and tried again", true, 503, false, 4},
		{"no answer", false, 0, true, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tries := make(chan bool, 10)
			door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tries <- true
				if tt.hang {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(tt.status)
			}))
			defer door.Close()
			k := newStage(t, smallWorld(1), func(o *Options) {
				o.Documented, o.RetryRefused, o.CallbackURL, o.nextTry = true, tt.retry, door.URL, time.Millisecond
			})
			_, qr := k.way("s", "lina")
			k.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0000", URL: qr}}})
			if st := k.advance(at(9, 0)); st.Undelivered != 0 || len(tries) != tt.wantTries {
				t.Errorf("%d tries, status %+v", len(tries), st)
			}
			if c := k.s.Truth().Counts; c.CallbacksFailed != 1 || c.CallbacksSent != 0 {
				t.Errorf("counts %+v", c)
			}
		})
	}
}

func TestEventsWithoutAnAddress(t *testing.T) {
	for _, documented := range []bool{true, false} {
		k := newStage(t, smallWorld(1), func(o *Options) { o.Documented, o.CallbackURL = documented, "" })
		_, qr := k.way("s", "lina")
		k.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0000", URL: qr}}})
		k.advance(at(9, 0))
		var out struct {
			Saved bool
			Check Check
		}
		k.must(k.post("/sim/callback", map[string]any{"url": k.p.srv.URL + "/callback", "unchecked": true}, &out))
		k.advance(at(9, 0))
		if got := len(k.p.heard()); !out.Saved || got != int(b2f(!documented)) {
			t.Errorf("documented %v: %d events heard after the address was set (%+v)", documented, got, out)
		}
		if documented && len(k.s.st.Events) != 0 {
			t.Error("an event that nobody gets is kept")
		}
	}
}

func TestReplayAndGarbage(t *testing.T) {
	var stale, bad atomic.Int32
	crypto, err := callback.NewCrypto(testToken, testKey, testCorp)
	if err != nil {
		t.Fatal(err)
	}
	crypto = crypto.Within(10*time.Minute, clock.Wall())
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		raw, _ := io.ReadAll(r.Body)
		switch _, err := crypto.Decrypt(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), raw); {
		case err == nil:
		case strings.Contains(err.Error(), "stale") || strings.Contains(err.Error(), "away"):
			stale.Add(1)
			w.WriteHeader(http.StatusBadRequest)
		default:
			bad.Add(1)
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer door.Close()
	k := newStage(t, smallWorld(8), func(o *Options) { o.CallbackURL = door.URL })
	k.must(k.post("/sim/faults", Faults{Replay: 1, Garbage: 1}, nil))
	_, qr := k.way("s", "lina")
	for i := range 8 {
		k.plan(Plan{Acts: []Act{{At: at(9, i), Kind: "add", Person: fmt.Sprintf("wm%04d", i), URL: qr}}})
		k.advance(at(9, i))
	}
	if stale.Load() != 8 || bad.Load() < 7 {
		t.Errorf("%d replays and %d pieces of garbage were refused, of 8 events with each", stale.Load(), bad.Load())
	}
	if c := k.s.Truth().Counts; c.CallbacksSent != 8 {
		t.Errorf("counts %+v", c)
	}
}

func TestAddressTest(t *testing.T) {
	crypto, err := callback.NewCrypto(testToken, testKey, testCorp)
	if err != nil {
		t.Fatal(err)
	}
	asks := make(chan string, 1)
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		plain, err := crypto.Verify(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), q.Get("echostr"))
		if err != nil || q.Get("keep") != "me" {
			t.Errorf("the test's signature does not fit: %v (%s)", err, r.URL)
		}
		switch <-asks {
		case "quoted":
			fmt.Fprintf(w, "%q", plain)
		case "padding":
			fmt.Fprintf(w, "%s\n", plain)
		case "not_decrypted":
			fmt.Fprint(w, q.Get("echostr"))
		case "status":
			w.WriteHeader(http.StatusForbidden)
		case "mismatch":
			fmt.Fprint(w, "success")
		case "timeout":
			<-r.Context().Done()
		case "empty":
		default:
			_, _ = w.Write(plain)
		}
	}))
	defer door.Close()
	k := newStage(t, smallWorld(1), func(o *Options) { o.CallbackURL = "" })
	for _, how := range []string{"quoted", "padding", "not_decrypted", "status", "mismatch", "empty", "timeout", ""} {
		var out struct {
			Saved bool
			Check Check
		}
		asks <- how
		k.must(k.post("/sim/callback", map[string]any{"url": door.URL + "/cb?keep=me"}, &out))
		if out.Check.Code != how || out.Saved != (how == "") || (out.Check.Problem == "") != (how == "") {
			t.Errorf("%q: %+v", how, out)
		}
	}
	var unreachable struct{ Check Check }
	k.must(k.post("/sim/callback", map[string]any{"url": "http://127.0.0.1:1/"}, &unreachable))
	if unreachable.Check.Code != "unreachable" {
		t.Errorf("%+v", unreachable)
	}
	k.stop()
	k.start()
	if r := k.s.receiver(); r.URL != door.URL+"/cb?keep=me" {
		t.Errorf("after a restart the receiver is %+v", r)
	}
}

func TestRecording(t *testing.T) {
	file := filepath.Join(t.TempDir(), "all.jsonl")
	k := newStage(t, smallWorld(1), func(o *Options) { o.Records, o.RecordFile = 6, file })
	_, qr := k.way("s", "lina")
	k.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0000", URL: qr}}})
	k.advance(at(9, 0))
	k.code("user/get", "userid=nobody", nil)
	k.must(k.post("/sim/faults", Faults{DropAfterEffect: 1}, nil))
	k.code("externalcontact/mark_tag", "", `{"userid":"lina","external_userid":"wm0000","add_tag":["etA"]}`)
	read := func(query string) []Record {
		var out struct {
			Items []Record
			Last  int64
		}
		k.must(k.get("/sim/recording?"+query, &out))
		return out.Items
	}
	all := read("")
	var shape []string
	for _, r := range all {
		shape = append(shape, fmt.Sprint(r.API, r.Event, " ", r.Status, " ", r.Errcode, " ", r.Effect, " ", r.Fault))
		if r.Wall.IsZero() || r.Sim.IsZero() {
			t.Errorf("record without a time: %+v", r)
		}
	}
	want := "gettoken 200 0 true ,externalcontact/add_contact_way 200 0 true ,change_external_contact/add_external_contact 200 0 false ," +
		"user/get 200 60111 false ,externalcontact/mark_tag 0 0 true drop_after_effect"
	if got := strings.Join(shape, ","); got != want {
		t.Errorf("recorded\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(all[2].Body, "<ExternalUserID><![CDATA[wm0000]]>") || !strings.Contains(all[1].Body, `"scene":2`) || !strings.Contains(all[1].Answer, "config_id") {
		t.Errorf("bodies %+v", all[1:3])
	}
	if dropped := all[4]; !dropped.Undelivered || !strings.Contains(dropped.Answer, `"errcode":0`) || all[3].Undelivered {
		t.Errorf("the answer that was dropped: %+v", dropped)
	}
	if got := read("after=" + fmt.Sprint(all[3].N)); len(got) != 1 {
		t.Errorf("%d after the fourth", len(got))
	}
	if got := read("q=60111&fail=1"); len(got) != 1 || got[0].API != "user/get" {
		t.Errorf("searched %+v", got)
	}
	if got := read("api=externalcontact/*&kind=api"); len(got) != 2 {
		t.Errorf("of customers %+v", got)
	}
	for range 4 {
		k.code("user/get", "userid=lina", nil)
	}
	if got := read(""); len(got) != 6 {
		t.Errorf("%d are kept, want 6", len(got))
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	for _, l := range lines {
		if r := (Record{}); json.Unmarshal([]byte(l), &r) != nil {
			t.Errorf("line %s", l)
		}
	}
	token := tokenOf(k)
	if len(lines) != 9 || strings.Contains(string(raw), token) || strings.Contains(string(raw), "shh") || strings.Contains(string(raw), url.QueryEscape(token)) {
		t.Errorf("%d lines, or a secret among them", len(lines))
	}
	res, err := http.Get(k.web.URL + "/sim/recording.jsonl?api=user/get") //nolint:noctx // a test
	k.must(err)
	defer func() { _ = res.Body.Close() }()
	if b, err := io.ReadAll(res.Body); err != nil || strings.Count(string(b), "\n") != 5 {
		t.Errorf("file: %s, %v", b, err)
	}
}
