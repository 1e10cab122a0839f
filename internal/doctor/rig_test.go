package doctor

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/inbox"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/tenant"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

const (
	corpID         = "wwdoctor00000001"
	secret         = "hush-5f1c9-hush"
	hookToken      = "doctorTOKEN"
	contactsSecret = "hush-contacts-hush"
	archiveSecret  = "hush-archive-hush"
	aesKey         = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// rig is an installation with a simulated WeCom and a door of its own, both really listening.
type rig struct {
	t    *testing.T
	pool *pg.Pool
	db   *pg.DB
	wall clock.Clock
	sim  sim.Control
	door http.Handler // what answers under our public address
	corp tenant.Corp
	dir  string
}

func world() sim.World {
	return sim.World{Seed: 5, Start: time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai),
		Departments: []sim.Department{{ID: 1, Name: "禾光"}, {ID: 2, Name: "西湖店", ParentID: 1}},
		Members:     []sim.Member{{UserID: "lina", Name: "李娜", Departments: []int64{2}}, {UserID: "wang", Name: "王强", Departments: []int64{2}}},
		Groups:      []sim.Group{{ChatID: "wrWEST", Name: "西湖店福利群", Owner: "lina"}},
	}
}

func newRig(t *testing.T, w sim.World) *rig {
	t.Helper()
	pool := pgtest.New(t)
	r := &rig{t: t, pool: pool, db: pool.Corp(pgtest.CorpSchema), wall: clock.Wall(), dir: t.TempDir()}
	s, err := sim.New(sim.Options{Dir: t.TempDir(), World: &w, CorpID: corpID, Secret: secret, ContactsSecret: contactsSecret, ArchiveSecret: archiveSecret, AgentID: 1000002, Token: hookToken, EncodingAESKey: aesKey})
	r.check(err)
	wecom := httptest.NewServer(s.Handler())
	r.sim = sim.Control{URL: wecom.URL}
	public := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.door.ServeHTTP(w, q) }))
	t.Cleanup(func() {
		public.Close()
		wecom.Close()
		r.check(s.Close())
	})
	r.door = r.ourDoor(hookToken)
	r.corp = tenant.Corp{Schema: pgtest.CorpSchema, Name: "禾光", Timezone: "Asia/Shanghai", CorpID: corpID, AgentID: 1000002,
		Settings: tenant.Settings{WeComBaseURL: wecom.URL, PublicURL: public.URL},
		Secrets:  tenant.Secrets{Secret: secret, CallbackToken: hookToken, EncodingAESKey: aesKey}}
	return r
}

// ourDoor is the real ingress behind its path, and the sign of life.
func (r *rig) ourDoor(token string) http.Handler {
	crypto, err := callback.NewCrypto(token, aesKey, corpID)
	r.check(err)
	in := inbox.New(r.db, id.New(r.pool.IDBlock), r.wall, slog.New(slog.DiscardHandler))
	mux := http.NewServeMux()
	mux.Handle(CallbackPath(pgtest.CorpSchema), inbox.NewIngress(in, crypto.Within(10*time.Minute, r.wall)))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"status":"ok"}`)) })
	return mux
}

func (r *rig) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) exec(sql string, args ...any) {
	r.t.Helper()
	_, err := r.db.Exec(r.t.Context(), sql, args...)
	r.check(err)
}

func (r *rig) subject() Subject {
	t := r.corp
	return Subject{Machine: Machine{DataDir: r.dir, MaxConns: 8}, Pool: r.pool, Corp: &t}
}

func (r *rig) doctor() Doctor { return Doctor{Wall: r.wall} }

// examine returns the findings by check.
func (r *rig) examine(s Subject, ids ...string) map[string]Finding {
	r.t.Helper()
	return byCheck(r.doctor().Examine(r.t.Context(), s, ids...))
}

func byCheck(list []Finding) map[string]Finding {
	out := map[string]Finding{}
	for _, f := range list {
		out[f.Check] = f
	}
	return out
}

// finds runs one check and compares its ending.
func (r *rig) finds(id string, state State, says string) Finding {
	r.t.Helper()
	f := r.examine(r.subject(), id)[id]
	if f.State != state || f.Says != says {
		r.t.Errorf("%s: %s %s %v, want %s %s", id, f.State, f.Says, f.Facts, state, says)
	}
	r.readable(f)
	return f
}

// readable makes sure that a finding can be said in both languages with nothing left open and no secret in it.
func (r *rig) readable(f Finding) {
	r.t.Helper()
	w := words(r.t)
	for _, lang := range []i18n.Lang{i18n.Chinese, i18n.English} {
		v := w.View(lang, f)
		raw, err := json.Marshal(v)
		r.check(err)
		if v.Title == "" || v.Found == "" || strings.ContainsAny(v.Found+v.Fix, "{}") {
			r.t.Errorf("%s %s in %s: %q %q %q", f.Check, f.Says, lang, v.Title, v.Found, v.Fix)
		}
		if (f.State == Warn || f.State == Fail) && v.Fix == "" {
			r.t.Errorf("%s %s in %s does not say what to do", f.Check, f.Says, lang)
		}
		for _, hidden := range []string{secret, hookToken, aesKey, contactsSecret, archiveSecret} {
			if strings.Contains(string(raw), hidden) {
				r.t.Errorf("%s shows a secret: %s", f.Check, raw)
			}
		}
	}
}

func words(t *testing.T) *Words {
	t.Helper()
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return NewWords(catalog)
}

func states(found map[string]Finding, ids ...string) []string {
	var out []string
	for _, id := range ids {
		out = append(out, id+" "+string(found[id].State))
	}
	slices.Sort(out)
	return out
}
