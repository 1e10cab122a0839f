package setup

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/audit"
	"qunce/internal/auth"
	"qunce/internal/clock"
	"qunce/internal/doctor"
	"qunce/internal/errs"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/pg/pgtest"
	"qunce/internal/tenant"
	"qunce/internal/wecom/sim"
)

const (
	corpID = "wwfirst000000001"
	secret = "hush-4a7e-hush"
)

type rig struct {
	*Service
	t    *testing.T
	wall *clock.Manual
	sim  string
}

// newRig is an installation without a corp, and a simulated WeCom.
func newRig(t *testing.T) *rig {
	t.Helper()
	pool := pgtest.New(t)
	wall := clock.NewManual(clock.Wall().Now().Truncate(time.Second))
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sealer, err := tenant.OpenSealer(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	ids := id.New(pool.IDBlock)
	r := &rig{t: t, wall: wall}
	r.Service = New(Deps{Pool: pool, IDs: ids, Wall: wall, Sealer: sealer, Tenant: tenant.New(tenant.Deps{DB: pool.Shared(), IDs: ids, Wall: wall, Sealer: sealer}),
		Audit: audit.New(ids), Doctor: doctor.Doctor{Wall: clock.Wall()}, Machine: doctor.Machine{DataDir: dir, PublicURL: "http://127.0.0.1:8080", MaxConns: 8},
		Words: doctor.NewWords(catalog), Catalog: catalog, Log: slog.New(slog.DiscardHandler),
		Users: func(schema, publicURL string) *auth.Service {
			return auth.New(auth.Deps{DB: pool.Shared(), Schema: schema, IDs: ids, Wall: wall, Log: slog.New(slog.DiscardHandler), Catalog: catalog, PublicURL: publicURL})
		}})
	w := sim.World{Seed: 1, Start: wall.Now(), Departments: []sim.Department{{ID: 1, Name: "禾光"}}, Members: []sim.Member{{UserID: "lina", Name: "李娜", Departments: []int64{1}}}}
	server, err := sim.New(sim.Options{Dir: t.TempDir(), World: &w, CorpID: corpID, Secret: secret, AgentID: 1000002, Token: "t", EncodingAESKey: tenant.NewEncodingAESKey()})
	if err != nil {
		t.Fatal(err)
	}
	weCom := httptest.NewServer(server.Handler())
	r.sim = weCom.URL
	t.Cleanup(func() {
		weCom.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) fails(code string, err error) {
	r.t.Helper()
	if !errs.Is(err, code) {
		r.t.Errorf("%v, want %s", err, code)
	}
}

// fill enters everything that finishing needs.
func (r *rig) fill() {
	r.t.Helper()
	ctx := r.t.Context()
	r.check(r.saveBrand(ctx, person{"禾光", "张三", "Zhang@Example.com", "tall-Blue-kettle-9"}))
	_, err := r.saveApp(ctx, app{corpID: corpID, agentID: 1000002, secret: secret, baseURL: r.sim})
	r.check(err)
	r.check(r.saveAddress(ctx, address{publicURL: "http://127.0.0.1:8080"}))
}

func TestLinks(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	first, err := r.NewLink(ctx)
	r.check(err)
	second, err := r.NewLink(ctx)
	r.check(err)
	_, err = r.Enter(ctx, first)
	r.fails("setup.bad_link", err) // a newer one ends it
	for _, bad := range []string{"", "x", second + "A", strings.ToLower(second)} {
		_, err = r.Enter(ctx, bad)
		r.fails("setup.bad_link", err)
	}
	// Of many who try at once one gets in.
	var mu sync.Mutex
	in := 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := r.Enter(ctx, second); err == nil {
				mu.Lock()
				in++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if in != 1 {
		t.Errorf("%d got in", in)
	}
	late, err := r.NewLink(ctx)
	r.check(err)
	r.wall.Set(r.wall.Now().Add(LinkLife))
	_, err = r.Enter(ctx, late)
	r.fails("setup.bad_link", err)
	var row string
	r.check(r.Pool.Shared().QueryRow(ctx, `SELECT s::text FROM setup_state s`).Scan(&row))
	if strings.Contains(row, late) {
		t.Error("the link's token is kept")
	}
	if got := LinkURL("https://q.example.cn/", "T"); got != "https://q.example.cn/setup#T" {
		t.Errorf("link %s", got)
	}
}

// The draft lies sealed, survives a reload, and what WeCom gave is not shown again.
func TestDraft(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.fill()
	var raw []byte
	r.check(r.Pool.Shared().QueryRow(ctx, `SELECT draft FROM setup_state`).Scan(&raw))
	for _, hidden := range []string{secret, "Zhang", "zhang", "argon2"} {
		if strings.Contains(string(raw), hidden) {
			t.Errorf("%s lies readable", hidden)
		}
	}
	again := New(r.Deps)
	before, err := r.load(ctx, r.Pool.Shared())
	r.check(err)
	after, err := again.load(ctx, r.Pool.Shared())
	r.check(err)
	if after.draft.Owner != before.draft.Owner || after.draft.CallbackToken != before.draft.CallbackToken || after.draft.Owner.Email != "zhang@example.com" || after.draft.missing() != "" {
		t.Errorf("after a restart: %+v", after.draft)
	}
	// Empty secrets keep what was given; others replace it.
	r.check(r.saveBrand(ctx, person{"禾光茶饮", "张三", "zhang@example.com", ""}))
	_, err = r.saveApp(ctx, app{corpID: corpID, agentID: 1000002, baseURL: r.sim})
	r.check(err)
	kept, err := r.load(ctx, r.Pool.Shared())
	r.check(err)
	if kept.draft.Owner.PasswordHash != before.draft.Owner.PasswordHash || kept.draft.Secret != secret || kept.draft.Brand != "禾光茶饮" || kept.draft.AppName == "" {
		t.Errorf("kept: %+v", kept.draft)
	}
	r.check(r.saveAddress(ctx, address{publicURL: "http://127.0.0.1:8080", renew: true}))
	renewed, err := r.load(ctx, r.Pool.Shared())
	r.check(err)
	if renewed.draft.CallbackToken == before.draft.CallbackToken {
		t.Error("the keys are the old ones")
	}
	// With another key nothing of it can be read, and the setup begins anew.
	other, err := tenant.OpenSealer(t.TempDir(), "")
	r.check(err)
	r.Sealer = other
	lost, err := r.load(ctx, r.Pool.Shared())
	r.check(err)
	if lost.draft.Brand != "" {
		t.Error("opened with another key")
	}
}

// Of two that finish at once one does, and both corp and owner are there, or neither.
func TestFinishOnce(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.fill()
	results := make(chan error, 2)
	for range cap(results) {
		go func() {
			_, _, err := r.finish(ctx, doctor.IDs(), "agent", i18n.Chinese)
			results <- err
		}()
	}
	good := 0
	for range cap(results) {
		if err := <-results; err == nil {
			good++
		} else if code := errs.CodeOf(err); code != "setup.closed" && code != "setup.incomplete" {
			t.Errorf("the other: %v", err)
		}
	}
	list, err := r.Tenant.List(ctx)
	r.check(err)
	var users int
	r.check(r.Pool.Shared().QueryRow(ctx, `SELECT count(*) FROM auth_user WHERE role = 'owner'`).Scan(&users))
	if good != 1 || len(list) != 1 || users != 1 || list[0].Name != "禾光" || list[0].Secrets.Secret != secret {
		t.Errorf("%d finished, %d corps, %d owners", good, len(list), users)
	}
	select {
	case <-r.Done():
	default:
		t.Error("nobody is told")
	}
	r.fails("setup.closed", r.saveBrand(ctx, person{"x", "y", "z@example.com", "tall-Blue-kettle-9"}))
	_, err = r.NewLink(ctx)
	r.fails("setup.closed", err)
}

// A corp that was registered on the command line meanwhile closes the setup, and nothing of the draft takes effect.
func TestFinishAfterTheCommandLine(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.fill()
	_, err := r.Tenant.Create(ctx, tenant.Corp{Schema: "corp_other", Name: "别家", CorpID: "wwother", AgentID: 1,
		Secrets: tenant.Secrets{Secret: "x", CallbackToken: "abc", EncodingAESKey: tenant.NewEncodingAESKey()}})
	r.check(err)
	_, _, err = r.finish(ctx, doctor.IDs(), "", i18n.Chinese)
	r.fails("setup.closed", err)
	list, err := r.Tenant.List(ctx)
	r.check(err)
	if len(list) != 1 {
		t.Errorf("%d corps", len(list))
	}
}

// A secret that WeCom does not accept cannot be passed over.
func TestFinishNeedsTheApp(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.fill()
	_, err := r.saveApp(ctx, app{corpID: corpID, agentID: 1000003, baseURL: r.sim})
	r.check(err)
	_, _, err = r.finish(ctx, doctor.IDs(), "", i18n.Chinese)
	r.fails("setup.essential", err)
}

func TestLimits(t *testing.T) {
	r := newRig(t)
	catalog, err := i18n.Load()
	r.check(err)
	x := api.New(api.Config{Title: "t", Log: slog.New(slog.DiscardHandler), Catalog: catalog, Can: Can})
	r.API(x)
	h := r.Middleware(x, x.Handler())
	ask := func(address, path, body string) int {
		q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
		q.Header.Set("Content-Type", "application/json")
		q.RemoteAddr = address + ":1"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		return w.Code
	}
	for i := range entersPerMinute {
		if got := ask("192.0.2.1", "/api/setup/enter", `{"token":"x"}`); got != 401 {
			t.Fatalf("try %d: %d", i, got)
		}
	}
	if got := ask("192.0.2.1", "/api/setup/enter", `{"token":"x"}`); got != 429 {
		t.Errorf("one try too many: %d", got)
	}
	if got := ask("192.0.2.2", "/api/setup/enter", `{"token":"x"}`); got != 401 {
		t.Errorf("another address: %d", got)
	}
	r.wall.Set(r.wall.Now().Add(time.Minute))
	if got := ask("192.0.2.1", "/api/setup/enter", `{"token":"x"}`); got != 401 {
		t.Errorf("a minute later: %d", got)
	}
	for range requestsPerMinute {
		ask("192.0.2.3", "/api/setup/check", `{}`)
	}
	if got := ask("192.0.2.3", "/api/setup/check", `{}`); got != 429 {
		t.Errorf("one request too many: %d", got)
	}
}

// Only the role of the setup's session may run it, and that role may do nothing else.
func TestCan(t *testing.T) {
	for _, role := range append(auth.Roles(), Role, "") {
		for _, p := range append(auth.AllPermissions(), auth.SetupRun) {
			if got, want := Can(actor.Actor{Role: role}, p), role == Role && p == auth.SetupRun; got != want {
				t.Errorf("%q %s: %v", role, p, got)
			}
			if auth.Can(actor.Actor{Role: Role}, p) {
				t.Errorf("the setup's role may %s in the console", p)
			}
		}
	}
	if auth.Can(actor.Actor{Role: actor.Owner}, auth.SetupRun) {
		t.Error("an owner may run the setup")
	}
}

func TestPromote(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	made, err := r.Tenant.Create(ctx, tenant.Corp{Schema: "corp_a", Name: "a", CorpID: "wwa", AgentID: 1,
		Secrets: tenant.Secrets{Secret: "x", CallbackToken: "abc", EncodingAESKey: tenant.NewEncodingAESKey()}})
	r.check(err)
	s := NewSettings(SettingsDeps{Tenant: r.Tenant, Schema: "corp_a", Audit: func(context.Context, string, string, any) error { return nil }})
	r.check(s.Rotate(ctx, "", ""))
	first, err := r.Tenant.BySchema(ctx, "corp_a")
	r.check(err)
	r.check(s.Rotate(ctx, "", ""))
	if done, err := Promote(ctx, r.Tenant, "corp_a", first.Secrets); err != nil || done {
		t.Errorf("keys that were replaced: %v, %v", done, err)
	}
	second, err := r.Tenant.BySchema(ctx, "corp_a")
	r.check(err)
	if done, err := Promote(ctx, r.Tenant, "corp_a", second.Secrets); err != nil || !done {
		t.Errorf("%v, %v", done, err)
	}
	got, err := r.Tenant.BySchema(ctx, "corp_a")
	r.check(err)
	if got.Secrets.CallbackToken != second.Secrets.NextCallbackToken || got.Secrets.NextCallbackToken != "" || got.Secrets.Secret != made.Secrets.Secret {
		t.Errorf("%+v", got.Revision)
	}
	if done, err := Promote(ctx, r.Tenant, "corp_a", tenant.Secrets{}); err != nil || done {
		t.Errorf("nothing to promote: %v, %v", done, err)
	}
	// The same token with another key: only the key that WeCom used counts.
	r.check(s.Rotate(ctx, got.Secrets.CallbackToken, tenant.NewEncodingAESKey()))
	third, err := r.Tenant.BySchema(ctx, "corp_a")
	r.check(err)
	r.check(s.Rotate(ctx, got.Secrets.CallbackToken, tenant.NewEncodingAESKey()))
	if done, err := Promote(ctx, r.Tenant, "corp_a", third.Secrets); err != nil || done {
		t.Errorf("a key that was replaced: %v, %v", done, err)
	}
	r.check(s.Rotate(ctx, "", ""))
	r.check(s.KeepKeys(ctx))
	if got, err = r.Tenant.BySchema(ctx, "corp_a"); err != nil || got.Secrets.NextCallbackToken != "" {
		t.Errorf("given up: %v", err)
	}
	r.fails("tenant.bad_value.encoding_aes_key", s.Rotate(ctx, "abc", "short"))
}
