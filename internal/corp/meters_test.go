package corp

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/pg/pgtest"
	"qunce/internal/tenant"
	"qunce/internal/wecom"
	"qunce/internal/wecom/sim"
)

// meterRig is a corp before a simulated WeCom, with its console operations.
type meterRig struct {
	t   *testing.T
	c   *Corp
	sim sim.Control
	api *api.API
}

func newMeterRig(t *testing.T) *meterRig {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)
	w := sim.World{Seed: 3, Start: start, Departments: []sim.Department{{ID: 1, Name: "禾光"}},
		Members:   []sim.Member{{UserID: "lina", Name: "李娜", Departments: []int64{1}}, {UserID: "wang", Name: "王强", Departments: []int64{1}}},
		TagGroups: []sim.TagGroup{{ID: "etG", Name: "来源", Tags: []sim.Tag{{ID: "etA", Name: "扫码"}}}}}
	for i := range 5 {
		w.People = append(w.People, sim.Person{ExternalUserID: fmt.Sprintf("wm%d", i), Name: fmt.Sprint(i)})
		w.Friends = append(w.Friends, sim.Friend{UserID: []string{"lina", "wang"}[i/4], ExternalUserID: fmt.Sprintf("wm%d", i)})
	}
	const aes = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	server, err := sim.New(sim.Options{Dir: t.TempDir(), World: &w, Token: "tok", EncodingAESKey: aes, CorpID: "wwmeter000000001", Secret: "shh", AgentID: 2})
	check(err)
	t.Cleanup(func() { _ = server.Close() })
	web := httptest.NewServer(server.Handler())
	t.Cleanup(web.Close)
	pool := pgtest.New(t)
	catalog, err := i18n.Load()
	check(err)
	sealer, err := tenant.OpenSealer(t.TempDir(), "")
	check(err)
	c, err := Open(t.Context(), tenant.Corp{ID: 1, Schema: pgtest.CorpSchema, Name: "禾光", CorpID: "wwmeter000000001", AgentID: 2, Timezone: "Asia/Shanghai",
		Settings: tenant.Settings{WeComBaseURL: web.URL}, Secrets: tenant.Secrets{Secret: "shh", CallbackToken: "tok", EncodingAESKey: aes}},
		Deps{Pool: pool, IDs: id.New(pool.IDBlock), Wall: clock.Wall(), Sealer: sealer, Catalog: catalog, Log: slog.New(slog.DiscardHandler), Start: &start})
	check(err)
	a := api.New(api.Config{Title: "t", Log: c.Log, Catalog: catalog, Can: func(actor.Actor, api.Permission) bool { return true }})
	System{Corp: c}.Meters(a)
	return &meterRig{t: t, c: c, sim: sim.Control{URL: web.URL}, api: a}
}

func (r *meterRig) call(method, body string) (int, metersOut, string) {
	r.t.Helper()
	req := httptest.NewRequestWithContext(actor.With(r.t.Context(), actor.Actor{UserID: 1, Name: "管理员", Role: actor.Owner, Scope: actor.Scope{All: true}}), method, "/api/system/meters", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	r.api.Handler().ServeHTTP(w, req)
	var out metersOut
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	return w.Code, out, w.Body.String()
}

func (r *meterRig) meters() map[string]Meter {
	r.t.Helper()
	code, out, body := r.call(http.MethodGet, "")
	if code != http.StatusOK {
		r.t.Fatalf("%d %s", code, body)
	}
	byName := map[string]Meter{}
	for _, m := range out.Items {
		byName[m.Name] = m
	}
	return byName
}

func (r *meterRig) shows(m Meter, used, limit int64, state, source string) {
	r.t.Helper()
	if m.Used == nil || *m.Used != used || m.Limit == nil || *m.Limit != limit || m.State != state || m.Source != source || m.AsOf == nil {
		raw, _ := json.Marshal(m)
		r.t.Errorf("%s, want %d of %d, %s, by %s", raw, used, limit, state, source)
	}
}

func TestMeters(t *testing.T) {
	r := newMeterRig(t)
	m := r.meters()
	r.shows(m["ways"], 0, 500_000, "ok", "ours") // nobody has counted at WeCom yet
	r.shows(m["templates"], 0, 100, "ok", "ours")
	r.shows(m["intercept"], 0, 100, "ok", "wecom")
	r.shows(m["intercept_words"], 0, 300, "ok", "wecom")
	r.shows(m["moments"], 0, 100_000, "ok", "wecom")
	r.shows(m["mass_customers"], 0, 31, "ok", "ours")

	for name, n := range map[string]int{"竞品": 270, "价格": 2} {
		rule := wecom.InterceptRule{Name: name, Type: wecom.InterceptWarn, Range: wecom.InterceptRange{Users: []string{"lina"}}}
		for i := range n {
			rule.Words = append(rule.Words, fmt.Sprint(name, i))
		}
		if _, err := r.c.WeCom.InterceptAdd(t.Context(), rule); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := r.c.WeCom.AddContactWay(t.Context(), wecom.ContactWay{Type: 2, Scene: 2, Users: []string{"lina"}, State: "else"}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.c.Sync.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.c.Sync.RunPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.shows(r.meters()["ways"], 0, 500_000, "ok", "ours") // shown again for a while
	r.c.meters.until = time.Time{}
	m = r.meters()
	r.shows(m["ways"], 1, 500_000, "ok", "wecom")
	if m["ways"].Parts[0] != (MeterPart{Name: "strays", Count: 1}) {
		t.Errorf("parts: %+v", m["ways"].Parts)
	}
	r.shows(m["intercept"], 2, 100, "ok", "wecom")
	r.shows(m["intercept_words"], 270, 300, "near", "wecom")
	if p := m["intercept_words"].Parts; len(p) != 2 || p[0].Label != "竞品" || p[1].Count != 2 {
		t.Errorf("the fullest rules: %+v", p)
	}
	r.shows(m["tags"], 1, 10_000, "ok", "wecom")
	r.shows(m["friends"], 4, 5_000, "ok", "ours")
	if p := m["friends"].Parts; len(p) != 2 || p[0].Label != "李娜" || p[0].Count != 4 || p[1].Count != 1 {
		t.Errorf("the fullest: %+v", p)
	}

	// A limit that WeCom does not tell is the administrator's to say.
	for body, want := range map[string]int{`{"friends_per_staff": 99}`: 422, `{"friends_per_staff": 20000}`: 200} {
		if code, _, text := r.call(http.MethodPatch, body); code != want {
			t.Errorf("%s: %d %s", body, code, text)
		}
	}
	r.shows(r.meters()["friends"], 4, 20_000, "ok", "ours")

	// What WeCom refuses to tell is unknown, with the reason.
	if err := r.sim.Faults(t.Context(), sim.Faults{Refuse: map[string]int{"externalcontact/get_intercept_rule_list": 48002}}); err != nil {
		t.Fatal(err)
	}
	r.c.meters.until = time.Time{}
	if x := r.meters()["intercept"]; x.Used != nil || x.State != "unknown" || x.Error != "wecom.48002" || *x.Limit != 100 {
		t.Errorf("refused: %+v", x)
	}
}

func TestMeterState(t *testing.T) {
	for _, c := range []struct {
		used, limit int64
		want        string
	}{{0, 100, "ok"}, {89, 100, "ok"}, {90, 100, "near"}, {99, 100, "near"}, {100, 100, "full"}, {28, 31, "near"}, {27, 31, "ok"}} {
		if got := meterState(c.used, c.limit); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.used, c.limit, got, c.want)
		}
	}
}
