package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/wecom"
)

var start = time.Date(2026, 11, 2, 1, 0, 0, 0, time.UTC)

const goodPassword = "船 到 桥 头 自 然 直"

// world is a console with its database, a clock, a WeCom at the end of a wire and a small directory.
type world struct {
	*Service
	t       *testing.T
	pool    *pg.Pool
	wall    *clock.Manual
	api     *api.API
	handler http.Handler

	mu      sync.Mutex
	audits  []string          // "action object by name"
	noAudit error             // what the log answers, if it is broken
	codes   map[string]string // OAuth code → the answer's members as JSON
	stores  map[int64]string
	under   map[int64][]int64 // department → stores
	staff   map[string]int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	pool := pgtest.New(t)
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, pool: pool, wall: clock.NewManual(start), codes: map[string]string{},
		stores: map[int64]string{1: "人民路店", 2: "解放路店", 3: "中山路店"},
		under:  map[int64][]int64{70: {2, 3}, 71: {}},
		staff:  map[string]int64{"zhangsan": 501},
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	w.api = api.New(api.Config{Title: "test", Log: log, Catalog: catalog, Can: Can})
	far := httptest.NewServer(http.HandlerFunc(w.wecom))
	t.Cleanup(far.Close)
	w.Service = New(Deps{
		DB: pool.Shared(), Schema: pgtest.CorpSchema, IDs: id.New(pool.IDBlock), Wall: w.wall, Log: log,
		Audit: w.record, Scopes: w, Stores: w, Staff: w, Catalog: catalog, Problem: w.api.WriteError,
		WeCom: wecom.New(wecom.Config{BaseURL: far.URL, CorpID: "wwtest", Secret: "s", AgentID: 7, Clock: w.wall}),
		Corp: func(context.Context) CorpInfo {
			return CorpInfo{Name: "一间茶铺", Timezone: "Asia/Shanghai", Accelerated: true, Now: start.AddDate(0, 0, 3)}
		},
		PublicURL: "https://q.example.cn", CookieKey: []byte("a key of the test, 32 bytes long"),
	})
	w.API(w.api)
	api.Register(w.api, api.Op{ID: "read-customers", Method: http.MethodGet, Path: "/api/customers", Permission: CustomerRead},
		func(ctx context.Context, _ *struct{}) (actor.Actor, error) { return actor.From(ctx), nil })
	mux := http.NewServeMux()
	mux.Handle("/api/", w.Middleware(w.api.Guard(w.api.Handler())))
	mux.Handle("/staff/api/", w.StaffMiddleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(actor.From(r.Context()))
	})))
	w.StaffRoutes(mux)
	w.handler = mux
	return w
}

func (w *world) record(ctx context.Context, action, object string, _ any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.noAudit != nil {
		return w.noAudit
	}
	w.audits = append(w.audits, action+" "+object+" by "+actor.From(ctx).Name)
	return nil
}

func (w *world) recorded(part string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.audits {
		if strings.Contains(a, part) {
			n++
		}
	}
	return n
}

func (w *world) StoresUnder(_ context.Context, departments []int64) (out []int64, _ error) {
	for _, d := range departments {
		out = append(out, w.under[d]...)
	}
	return out, nil
}

func (w *world) StoreNames(_ context.Context, ids []int64) (map[int64]string, error) {
	out := map[int64]string{}
	for _, n := range ids {
		if name, ok := w.stores[n]; ok {
			out[n] = name
		}
	}
	return out, nil
}

func (w *world) StaffByUserID(_ context.Context, userid string) (int64, int64, string, bool, error) {
	n, ok := w.staff[userid]
	return n, 1, "张三", ok, nil
}

// wecom answers the two calls of a sign-in; a code works once.
func (w *world) wecom(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/cgi-bin/gettoken" {
		_, _ = io.WriteString(rw, `{"errcode":0,"access_token":"t","expires_in":7200}`)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	code := r.URL.Query().Get("code")
	answer, ok := w.codes[code]
	delete(w.codes, code)
	if !ok {
		_, _ = io.WriteString(rw, `{"errcode":40029,"errmsg":"invalid code"}`)
		return
	}
	_, _ = io.WriteString(rw, `{"errcode":0,`+answer+`}`)
}

// user makes a user with the good password.
func (w *world) user(role actor.Role, email string) User {
	w.t.Helper()
	n := NewUser{Name: "用户 " + email, Email: email, Role: role}
	if role == actor.StoreManager {
		n.StoreIDs, n.DepartmentIDs = []int64{3, 1}, []int64{70}
	}
	u, err := w.CreateUser(actor.With(w.t.Context(), actor.SystemActor()), n)
	if err != nil {
		w.t.Fatal(err)
	}
	hash, err := w.hasher.hash(w.t.Context(), goodPassword)
	if err != nil {
		w.t.Fatal(err)
	}
	w.exec(`UPDATE auth_user SET password_hash = $2 WHERE id = $1`, u.ID, hash)
	return u
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.DB.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

// browser keeps cookies like one.
type browser struct {
	w       *world
	cookies map[string]*http.Cookie
	address string
}

func (w *world) browser() *browser {
	return &browser{w: w, cookies: map[string]*http.Cookie{}, address: "203.0.113.7:4711"}
}

type answer struct {
	status  int
	body    string
	header  http.Header
	cookies []*http.Cookie
}

func (a answer) code() string {
	var p api.Problem
	_ = json.Unmarshal([]byte(a.body), &p)
	return p.Code
}

func (b *browser) do(method, path string, body any) answer {
	b.w.t.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			b.w.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	r := httptest.NewRequestWithContext(b.w.t.Context(), method, path, reader)
	r.RemoteAddr = b.address
	r.Header.Set("X-Qunce", "1")
	r.Header.Set("Content-Type", "application/json")
	for _, c := range b.cookies {
		if strings.HasPrefix(r.URL.Path, strings.TrimSuffix(c.Path, "/")+"/") {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	rec := httptest.NewRecorder()
	b.w.handler.ServeHTTP(rec, r)
	res := rec.Result()
	defer func() { _ = res.Body.Close() }()
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return answer{status: res.StatusCode, body: rec.Body.String(), header: res.Header, cookies: res.Cookies()}
}

type fields = map[string]any

func (b *browser) login(email, password string) answer {
	b.w.t.Helper()
	return b.do("POST", "/api/auth/login", fields{"email": email, "password": password})
}

// want fails the test unless the answer has the status.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

func (a answer) into(t *testing.T, out any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), out); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}
