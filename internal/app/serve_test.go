package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/config"
	"qunce/internal/corp"
	"qunce/internal/errs"
	"qunce/internal/pg/pgtest"
	"qunce/internal/tenant"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

const (
	simCorp   = "wwSetup00000001"
	simSecret = "hush-first-run-hush"
	simToken  = "simTOKEN12345678"
	simKey    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	email     = "zhang@example.com"
	password  = "tall-Blue-kettle-9"
)

// site is a server process of its own in the test, with a browser before it and a simulated WeCom behind it.
type site struct {
	t     *testing.T
	app   *App
	base  string
	sim   string
	http  *http.Client
	log   memory
	links chan string
	ready chan string
	ended chan error
	stop  context.CancelFunc
}

func newSite(t *testing.T) *site {
	t.Helper()
	pool := pgtest.New(t)
	cfg := config.Default()
	cfg.DataDir, cfg.DatabaseURL, cfg.Listen = t.TempDir(), pool.URL(), "127.0.0.1:0"
	s := &site{t: t}
	ln := s.start(cfg)
	s.base = "http://" + ln.Addr().String()
	jar, err := cookiejar.New(nil)
	s.check(err)
	s.http = &http.Client{Jar: jar, Timeout: 30 * time.Second}

	w := sim.World{Seed: 5, Start: clock.Wall().Now().Truncate(time.Second),
		Departments: []sim.Department{{ID: 1, Name: "禾光"}, {ID: 2, Name: "西湖店", ParentID: 1}},
		Members:     []sim.Member{{UserID: "lina", Name: "李娜", Departments: []int64{2}}},
		Groups:      []sim.Group{{ChatID: "wrWEST", Name: "西湖店福利群", Owner: "lina"}}}
	server, err := sim.New(sim.Options{Dir: t.TempDir(), World: &w, CorpID: simCorp, Secret: simSecret, AgentID: 1000002, Token: simToken, EncodingAESKey: simKey})
	s.check(err)
	weCom := httptest.NewServer(server.Handler())
	s.sim = weCom.URL
	t.Cleanup(func() {
		weCom.Close()
		s.check(server.Close())
	})
	return s
}

// start opens a process on the configuration and serves.
func (s *site) start(cfg config.Config) net.Listener {
	s.t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp", cfg.Listen)
	s.check(err)
	cfg.Listen = ln.Addr().String()
	cfg.PublicURL = "http://" + cfg.Listen
	s.app, err = Open(s.t.Context(), Options{Config: cfg, Log: slog.New(slog.NewTextHandler(&s.log, nil))})
	s.check(err)
	s.app.keysPause = 0
	ctx, stop := context.WithCancel(context.Background())
	s.stop, s.links, s.ready, s.ended = stop, make(chan string, 10), make(chan string, 10), make(chan error, 1)
	app, links, ready, ended := s.app, s.links, s.ready, s.ended
	go func() {
		ended <- app.Serve(ctx, ln, Notices{Setup: func(link string) { links <- link }, Ready: func(c *corp.Corp) { ready <- c.Schema }})
	}()
	s.t.Cleanup(func() { s.quit(app, stop, ended) })
	return ln
}

func (s *site) quit(app *App, stop context.CancelFunc, ended chan error) {
	stop()
	select {
	case err, there := <-ended:
		if there && err != nil {
			s.t.Errorf("Serve: %v", err)
		}
		if there {
			close(ended)
			app.Close()
		}
	case <-time.After(30 * time.Second):
		s.t.Error("Serve does not end")
	}
}

func (s *site) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

type answer struct {
	status int
	code   string
	body   map[string]any
	raw    string
	res    *http.Response
}

func (s *site) ask(method, path string, in any) answer {
	s.t.Helper()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		s.check(err)
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, body)
	s.check(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Qunce", "1")
	req.Header.Set("Idempotency-Key", "key-"+strconv.FormatInt(clock.Wall().Now().UnixNano(), 36))
	res, err := s.http.Do(req)
	s.check(err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	s.check(err)
	a := answer{status: res.StatusCode, raw: string(raw), res: res}
	_ = json.Unmarshal(raw, &a.body) // not all answers are JSON
	a.code, _ = a.body["code"].(string)
	return a
}

// wants asks and compares status and code.
func (s *site) wants(status int, code, method, path string, in any) answer {
	s.t.Helper()
	a := s.ask(method, path, in)
	if a.status != status || a.code != code {
		s.t.Fatalf("%s %s: %d %s, want %d %s", method, path, a.status, a.raw, status, code)
	}
	return a
}

type m map[string]any

// test makes WeCom's test of a callback address.
func (s *site) test(path, token, key string) answer {
	s.t.Helper()
	crypto, err := callback.NewCrypto(token, key, simCorp)
	s.check(err)
	ts := strconv.FormatInt(clock.Wall().Now().Unix(), 10)
	sealed := crypto.Seal([]byte("echo-1234567890"), [16]byte{7})
	return s.ask("GET", path+"?"+url.Values{"msg_signature": {crypto.Sign(ts, "n", sealed)}, "timestamp": {ts}, "nonce": {"n"}, "echostr": {sealed}}.Encode(), nil)
}

func (s *site) exec(sql string) {
	s.t.Helper()
	_, err := s.app.Pool.Shared().Exec(s.t.Context(), sql)
	s.check(err)
}

// until asks again and again until the answer is right.
func (s *site) until(what string, right func() bool) {
	s.t.Helper()
	deadline := time.After(40 * time.Second)
	for !right() {
		select {
		case <-deadline:
			s.t.Fatalf("%s did not happen", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func states(a answer) map[string]string {
	out := map[string]string{}
	items, _ := a.body["items"].([]any)
	for _, x := range items {
		it := x.(map[string]any)
		out[it["id"].(string)] = it["state"].(string) + " " + it["says"].(string)
	}
	return out
}

// From nothing to a served corp, in one process and by HTTP alone; then the setup is closed for ever.
func TestFirstRun(t *testing.T) {
	s := newSite(t)
	link := <-s.links
	base, token, ok := strings.Cut(link, "#")
	if !ok || base != s.base+"/setup" || len(token) < 40 {
		t.Fatalf("link %q", link)
	}
	s.wants(200, "", "GET", "/healthz", nil)
	s.wants(409, "setup.first", "GET", "/api/me", nil)
	if a := s.wants(200, "", "GET", "/api/setup", nil); a.body["open"] != true || a.body["entered"] != false {
		t.Errorf("before entering: %s", a.raw)
	}
	brand := m{"brand": "禾光茶饮", "owner_name": "张三", "email": email, "password": password}
	s.wants(401, "auth.sign_in", "PUT", "/api/setup/brand", brand)
	s.wants(401, "setup.bad_link", "POST", "/api/setup/enter", m{"token": strings.Repeat("A", 43)})
	a := s.wants(200, "", "POST", "/api/setup/enter", m{"token": token})
	if c := a.res.Cookies()[0]; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/api/setup" || c.Value == token {
		t.Errorf("cookie %+v", c)
	}
	s.wants(401, "setup.bad_link", "POST", "/api/setup/enter", m{"token": token}) // once

	// 1: brand and owner, with the rules of every password
	s.wants(422, "auth.password_short", "PUT", "/api/setup/brand", m{"brand": "x", "owner_name": "张三", "email": email, "password": "short"})
	s.wants(422, "setup.no_password", "PUT", "/api/setup/brand", m{"brand": "x", "owner_name": "张三", "email": email})
	if a := s.wants(200, "", "PUT", "/api/setup/brand", brand); a.body["missing"] != "corp" || a.body["has_password"] != true {
		t.Errorf("after the brand: %s", a.raw)
	}
	s.wants(409, "setup.incomplete", "POST", "/api/setup/finish", m{})

	// 2: the app; a wrong secret is told and can be mended, and never comes back out
	app := m{"corp_id": simCorp, "agent_id": 1000002, "secret": "wrong", "wecom_base_url": s.sim}
	if a := s.wants(200, "", "PUT", "/api/setup/corp", app); states(a)["secret"] != "fail wrong" {
		t.Errorf("a wrong secret: %v", states(a))
	}
	s.wants(422, "tenant.bad_value.corp_id", "PUT", "/api/setup/corp", m{"corp_id": "ww 1", "agent_id": 1, "secret": "x"})
	s.wants(422, "tenant.bad_value.wecom_base_url", "PUT", "/api/setup/corp", m{"corp_id": simCorp, "agent_id": 1, "secret": "x", "wecom_base_url": "ftp://x"})
	app["secret"] = simSecret
	if a := s.wants(200, "", "PUT", "/api/setup/corp", app); states(a)["agent"] != "ok ok" {
		t.Errorf("the app: %v", states(a))
	}
	const hook = "/callback/corp_wwsetup00000001"
	s.wants(404, "", "GET", hook, nil) // not before it has keys

	// 3: the callback's keys are made here, and WeCom's test of the address is noticed
	s.wants(422, "tenant.bad_value.public_url", "PUT", "/api/setup/address", m{"public_url": "nonsense"})
	a = s.wants(200, "", "PUT", "/api/setup/address", m{"public_url": s.base + "/"})
	hookToken, _ := a.body["callback_token"].(string)
	hookKey, _ := a.body["encoding_aes_key"].(string)
	if a.body["callback_url"] != s.base+hook || len(hookToken) != 24 || len(hookKey) != 43 || a.body["knock"].(map[string]any)["state"] != "none" {
		t.Errorf("the callback: %s", a.raw)
	}
	if strings.Contains(a.raw, simSecret) || a.body["app_name"] == "" {
		t.Errorf("the secret comes back, or the app has no name: %s", a.raw)
	}
	if got := s.test(hook, "anotherTOKEN", hookKey); got.status != 403 {
		t.Errorf("a wrong token: %d", got.status)
	}
	knock := func() any {
		return s.wants(200, "", "GET", "/api/setup", nil).body["knock"].(map[string]any)["state"]
	}
	if knock() != "refused" {
		t.Errorf("after a wrong token: %v", knock())
	}
	if a := s.wants(200, "", "POST", "/api/setup/check", m{"ids": []string{"callback_url", "callback_guard"}}); states(a)["callback_url"] != "ok ok" || states(a)["callback_guard"] != "ok ok" {
		t.Errorf("from outside in: %v", states(a))
	}
	if knock() != "refused" {
		t.Error("our own test was taken for WeCom's")
	}
	if got := s.test(hook, hookToken, hookKey); got.status != 200 || got.raw != "echo-1234567890" {
		t.Errorf("WeCom's test: %d %q", got.status, got.raw)
	}
	s.test(hook, "anotherTOKEN", hookKey)
	if knock() != "ok" {
		t.Error("a stranger's test hides WeCom's")
	}
	if got := s.ask("POST", hook, m{}); got.status != 503 {
		t.Errorf("an event: %d", got.status)
	}
	// Keys that are in WeCom's console already can be entered, and then the test counts no more.
	s.wants(422, "tenant.bad_value.callback_token", "PUT", "/api/setup/address", m{"public_url": s.base, "callback_token": "a b", "encoding_aes_key": simKey})
	s.wants(200, "", "PUT", "/api/setup/address", m{"public_url": s.base, "callback_token": simToken, "encoding_aes_key": simKey})
	if knock() != "none" {
		t.Error("new keys count as tested")
	}
	s.test(hook, simToken, simKey)

	// 5: the proof file
	s.wants(422, "tenant.bad_value.proof_file", "PUT", "/api/setup/files/index.html", m{"text": "x"})
	s.wants(200, "", "PUT", "/api/setup/files/WW_verify_abc.txt", m{"text": "abc\n"})
	if a := s.ask("GET", "/WW_verify_abc.txt", nil); a.status != 200 || a.raw != "abc" {
		t.Errorf("the file: %d %q", a.status, a.raw)
	}
	if a := s.ask("GET", "/WW_verify_other.txt", nil); a.status != 404 {
		t.Errorf("another file: %d", a.status)
	}

	// 6: the examination; the database of tests runs without fsync, which is red and can be accepted
	a = s.wants(200, "", "POST", "/api/setup/check", m{})
	for _, id := range []string{"secret", "agent", "trusted_ip", "range", "whitelist", "seats", "public_url", "callback_url", "database", "secret_key"} {
		if !strings.HasPrefix(states(a)[id], "ok") {
			t.Errorf("%s: %s", id, states(a)[id])
		}
	}
	s.wants(409, "setup.not_green", "POST", "/api/setup/finish", m{})
	s.wants(409, "setup.not_green", "POST", "/api/setup/finish", m{"accept": []string{"disk"}})
	s.wants(200, "", "POST", "/api/setup/finish", m{"accept": []string{"fsync"}})
	if got := <-s.ready; got != "corp_wwsetup00000001" {
		t.Errorf("served: %s", got)
	}

	// The owner is signed in, the corp is read in, and the door is the real one.
	s.until("the console", func() bool { return s.ask("GET", "/api/me", nil).status == 200 })
	if me := s.ask("GET", "/api/me", nil); me.body["user"].(map[string]any)["role"] != "owner" || me.body["corp"].(map[string]any)["name"] != "禾光茶饮" {
		t.Errorf("me: %s", me.raw)
	}
	if a := s.wants(200, "", "GET", "/api/system/doctor", nil); !strings.Contains(a.raw, `"from_setup":true`) || states(a)["fsync"] != "fail off" || states(a)["agent"] != "ok ok" {
		t.Errorf("what failed when the setup was finished: %s", a.raw)
	}
	s.until("the first sync", func() bool {
		items, _ := s.ask("GET", "/api/system/sync", nil).body["items"].([]any)
		return len(items) == 1 && items[0].(map[string]any)["state"] == "done"
	})
	if got := s.test(hook, simToken, simKey); got.raw != "echo-1234567890" {
		t.Errorf("the real door: %d %q", got.status, got.raw)
	}
	if a := s.ask("GET", "/WW_verify_abc.txt", nil); a.raw != "abc" {
		t.Errorf("the file is gone: %d", a.status)
	}
	s.wants(200, "", "POST", "/api/auth/logout", m{})
	s.wants(401, "auth.sign_in", "GET", "/api/me", nil)
	s.wants(200, "", "POST", "/api/auth/login", m{"email": email, "password": password})
	audit := s.ask("GET", "/api/audit", nil)
	if !strings.Contains(audit.raw, "setup.finish") || strings.Contains(audit.raw, simSecret) {
		t.Errorf("audit: %s", audit.raw)
	}

	// The setup is closed, whoever comes and with whatever.
	for _, c := range []struct {
		method, path string
		in           any
	}{{"GET", "/api/setup", nil}, {"POST", "/api/setup/enter", m{"token": token}}, {"PUT", "/api/setup/brand", brand}, {"PUT", "/api/setup/corp", app},
		{"POST", "/api/setup/check", m{}}, {"POST", "/api/setup/finish", m{}}} {
		s.wants(409, "setup.closed", c.method, c.path, c.in)
	}
	if _, err := s.app.Setup().NewLink(t.Context()); !errs.Is(err, "setup.closed") {
		t.Errorf("another link: %v", err)
	}
	if _, err := s.app.Setup().Enter(t.Context(), token); !errs.Is(err, "setup.closed") {
		t.Errorf("entering: %v", err)
	}
	var left int
	s.check(s.app.Pool.Shared().QueryRow(t.Context(), `SELECT count(*) FROM setup_state`).Scan(&left))
	if left != 0 {
		t.Error("what was entered is kept")
	}

	// Started again, the same installation is served at once and nobody is offered anything.
	cfg := s.app.Config
	s.quit(s.app, s.stop, s.ended)
	s.start(cfg)
	if got := <-s.ready; got != "corp_wwsetup00000001" || len(s.links) != 0 {
		t.Errorf("after a restart: %s, %d links", got, len(s.links))
	}
	s.changeSettings(hook)
}

// changeSettings changes the registration of a served corp: what does not work is not saved, what does is at work within
// seconds, and no callback is lost while the keys change.
func (s *site) changeSettings(hook string) {
	t := s.t
	t.Helper()
	s.until("the console", func() bool { return s.ask("GET", "/api/me", nil).status == 200 })
	if a := s.wants(200, "", "GET", "/api/system/wecom", nil); a.body["corp_id"] != simCorp || strings.Contains(a.raw, simSecret) || strings.Contains(a.raw, simKey) {
		t.Errorf("settings: %s", a.raw)
	}
	a := s.wants(200, "", "PUT", "/api/system/wecom/app", m{"agent_id": 1000002, "secret": "wrong"})
	if a.body["saved"] != false || states(a)["secret"] != "fail wrong" {
		t.Errorf("a wrong secret: %s", a.raw)
	}
	if a := s.wants(200, "", "PUT", "/api/system/wecom/app", m{"agent_id": 1000002, "secret": simSecret}); a.body["saved"] != true {
		t.Errorf("the right one: %s", a.raw)
	}
	<-s.ready
	if a := s.wants(200, "", "PUT", "/api/system/wecom/secrets/contacts", m{"secret": "wrong"}); a.body["saved"] != false {
		t.Errorf("a wrong contacts secret: %s", a.raw)
	}
	s.wants(200, "", "PUT", "/api/system/wecom/secrets/archive", m{"secret": ""})
	<-s.ready
	if a := s.wants(200, "", "PUT", "/api/system/wecom/address", m{"public_url": "http://127.0.0.1:1"}); a.body["saved"] != false || states(a)["public_url"] != "fail unreachable" {
		t.Errorf("a bad address: %s", a.raw)
	}
	s.wants(200, "", "PUT", "/api/system/wecom/brand", m{"brand": "禾光"})
	<-s.ready
	s.until("the new name", func() bool {
		corp, _ := s.ask("GET", "/api/me", nil).body["corp"].(map[string]any)
		return corp["name"] == "禾光"
	})

	s.wants(200, "", "POST", "/api/system/wecom/callback", m{})
	<-s.ready
	keys := s.wants(200, "", "GET", "/api/system/wecom/callback", nil)
	token, key := keys.body["token"].(string), keys.body["encoding_aes_key"].(string)
	if keys.body["next"] != true || token == simToken {
		t.Errorf("the next keys: %s", keys.raw)
	}
	s.until("both keys", func() bool { return s.test(hook, simToken, simKey).status == 200 })
	// The first try to make them the only ones fails; nobody has to knock again for the second.
	s.exec(`ALTER TABLE tenant_corp ADD CONSTRAINT broken CHECK (false) NOT VALID`)
	s.until("the next keys", func() bool { return s.test(hook, token, key).status == 200 })
	s.until("a failed change", func() bool { return s.log.said("change the callback's keys") })
	s.exec(`ALTER TABLE tenant_corp DROP CONSTRAINT broken`)
	<-s.ready // they have become the only ones
	s.until("the old keys' end", func() bool { return s.test(hook, simToken, simKey).status == 403 })
	if got := s.test(hook, token, key); got.status != 200 {
		t.Errorf("the new keys: %d", got.status)
	}
	log := s.ask("GET", "/api/audit", nil)
	for _, want := range []string{"wecom.app", "wecom.brand", "wecom.callback.rotate", "wecom.callback.read", "wecom.callback.changed"} {
		if !strings.Contains(log.raw, want) {
			t.Errorf("the log does not hold %s", want)
		}
	}
	report := s.wants(200, "", "POST", "/api/system/doctor", m{})
	if len(states(report)) < 20 || report.body["checked_at"] == nil || !strings.HasPrefix(states(report)["worker"], "ok") {
		t.Errorf("the doctor: %v", states(report))
	}
}

// A process without pages serves WeCom's test of the address while another sets the installation up, follows it into
// service when a corp is registered, and follows every change.
func TestAnotherProcessFollows(t *testing.T) {
	pool := pgtest.New(t)
	cfg := config.Default()
	cfg.DataDir, cfg.DatabaseURL, cfg.Listen, cfg.Roles = t.TempDir(), pool.URL(), "127.0.0.1:0", []string{config.RoleIngress, config.RoleWorker}
	s := &site{t: t, http: &http.Client{Timeout: 30 * time.Second}}
	s.base = "http://" + s.start(cfg).Addr().String()
	s.until("a sign of life", func() bool { return s.ask("GET", "/healthz", nil).status == 200 })
	for _, path := range []string{"/", "/api/setup", "/api/me", "/setup"} {
		if got := s.ask("GET", path, nil); got.status != 404 {
			t.Errorf("%s: %d from a process without pages", path, got.status)
		}
	}
	if len(s.links) != 0 {
		t.Error("a process without pages offers the setup")
	}
	made, err := s.app.Tenant.Create(t.Context(), tenant.Corp{Schema: "corp_follow", Name: "a", CorpID: simCorp, AgentID: 1,
		Settings: tenant.Settings{WeComBaseURL: "http://127.0.0.1:1"}, Secrets: tenant.Secrets{Secret: "x", CallbackToken: simToken, EncodingAESKey: simKey}})
	s.check(err)
	if got := <-s.ready; got != made.Schema {
		t.Errorf("served: %s", got)
	}
	const hook = "/callback/corp_follow"
	s.until("the door", func() bool { return s.test(hook, simToken, simKey).status == 200 })
	secrets := made.Secrets
	secrets.CallbackToken = "anotherTOKEN"
	s.check(s.app.Tenant.UpdateSecrets(t.Context(), made.Schema, secrets))
	<-s.ready
	s.until("the new door", func() bool { return s.test(hook, "anotherTOKEN", simKey).status == 200 })
	if got := s.test(hook, simToken, simKey); got.status != 403 {
		t.Errorf("the old token: %d", got.status)
	}

	// A registration that does not open leaves the former one at work.
	_, err = s.app.Pool.Shared().Exec(t.Context(), `UPDATE tenant_corp SET secrets = 'broken', revision = revision + 1`)
	s.check(err)
	s.until("the complaint", func() bool { return s.log.said(stays) })
	if got := s.test(hook, "anotherTOKEN", simKey); got.status != 200 {
		t.Errorf("the door: %d", got.status)
	}
}

// memory is a log that can be asked.
type memory struct {
	mu    sync.Mutex
	lines []string
}

func (m *memory) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines = append(m.lines, string(b))
	return len(b), nil
}

func (m *memory) said(words string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.lines, func(line string) bool { return strings.Contains(line, words) })
}
