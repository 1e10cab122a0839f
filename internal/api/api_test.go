package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/i18n"
)

const secret = "SELECT hunter2 FROM auth_user"

func newAPI(t *testing.T) *API {
	t.Helper()
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Title: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog,
		Can: func(a actor.Actor, p Permission) bool {
			return a.Role == actor.Owner || p == "thing.read" && a.Role == actor.Analyst
		}})
}

// call makes a request as somebody; role "" is nobody.
func call(h http.Handler, role actor.Role, method, path, body string, header ...string) *httptest.ResponseRecorder {
	ctx := context.Background()
	if role != "" {
		ctx = actor.With(ctx, actor.Actor{UserID: 1, Name: "测试", Role: role, Scope: actor.Scope{All: true}})
	}
	var reader io.Reader = http.NoBody
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(ctx, method, path, reader)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func problemOf(t *testing.T, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%d %q is no problem: %v", w.Code, w.Body, err)
	}
	return p
}

func TestErrorsBecomeStatuses(t *testing.T) {
	a := newAPI(t)
	fail := map[string]error{
		"invalid":      errs.E(errs.Invalid, "page.bad_cursor", secret).On("cursor").Wrap(errors.New(secret)),
		"sign":         errs.E(errs.Unauthenticated, "auth.sign_in", secret),
		"forbidden":    errs.E(errs.Forbidden, "auth.forbidden", secret).With("permission", "x"),
		"missing":      errs.E(errs.NotFound, "customer.not_found", secret),
		"conflict":     errs.E(errs.Conflict, "api.key_busy", secret),
		"many":         errs.E(errs.TooMany, "wecom.45009", secret),
		"unavailable":  errs.E(errs.Unavailable, "wecom.unreachable", secret),
		"foreign":      errors.New(secret),
		"wrapped":      fmt.Errorf("%s: %w", secret, errs.E(errs.NotFound, "customer.not_found", secret)),
		"database":     fmt.Errorf("%s: %w", secret, syscall.ECONNREFUSED),
		"ours_stopped": context.Canceled, // something of ours was cancelled, not the caller
	}
	Register(a, Op{ID: "fail", Method: "GET", Path: "/fail/{how}", Permission: SignedIn}, func(_ context.Context, in *struct {
		How string `path:"how"`
	}) (Empty, error) {
		return Empty{}, fail[in.How]
	})
	for how, want := range map[string]struct {
		status int
		code   string
	}{
		"invalid": {422, "page.bad_cursor"}, "sign": {401, "auth.sign_in"}, "forbidden": {403, "auth.forbidden"}, "missing": {404, "customer.not_found"},
		"conflict": {409, "api.key_busy"}, "many": {429, "wecom.45009"}, "unavailable": {503, "wecom.unreachable"}, "foreign": {500, "internal"},
		"wrapped": {404, "customer.not_found"}, "database": {503, "unavailable"}, "ours_stopped": {500, "internal"},
	} {
		w := call(a.Handler(), actor.Owner, "GET", "/fail/"+how, "")
		p := problemOf(t, w)
		if w.Code != want.status || p.Code != want.code || p.Message == "" {
			t.Errorf("%s: %d %+v, want %d %s", how, w.Code, p, want.status, want.code)
		}
		if strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%s leaks: %s", how, w.Body)
		}
		if how == "invalid" && p.Field != "cursor" {
			t.Errorf("the field is %q", p.Field)
		}
	}
	zh := problemOf(t, call(a.Handler(), actor.Owner, "GET", "/fail/missing", ""))
	en := problemOf(t, call(a.Handler(), actor.Owner, "GET", "/fail/missing", "", "Accept-Language", "en-GB,en;q=0.9"))
	if zh.Message == en.Message || zh.Message == "" || en.Message == "" {
		t.Errorf("zh %q, en %q", zh.Message, en.Message)
	}
}

func TestACallerWhoHungUpIsNoError(t *testing.T) {
	a := newAPI(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if p := a.problem(ctx, fmt.Errorf("query: %w", context.Canceled)); p.status != statusGone {
		t.Errorf("status %d", p.status)
	}
}

type thing struct {
	Body struct {
		Name string `json:"name" minLength:"2"`
		Kind string `json:"kind" enum:"a,b"`
	}
}

func TestPermissionComesBeforeTheBody(t *testing.T) {
	a := newAPI(t)
	ran := 0
	run := func(context.Context, *thing) (Empty, error) { ran++; return Empty{}, nil }
	Register(a, Op{ID: "w", Method: "POST", Path: "/w", Permission: "thing.write"}, run)
	Register(a, Op{ID: "r", Method: "POST", Path: "/r", Permission: "thing.read"}, run)
	Register(a, Op{ID: "s", Method: "POST", Path: "/s", Permission: SignedIn}, run)
	Register(a, Op{ID: "p", Method: "POST", Path: "/p", Permission: Public}, run)
	const good, bad = `{"name":"ab","kind":"a"}`, `{"name":"b`
	for _, c := range []struct {
		role   actor.Role
		path   string
		body   string
		status int
	}{
		{"", "/w", bad, 401}, {actor.Analyst, "/w", bad, 403}, {actor.Owner, "/w", good, 200},
		{"", "/r", good, 401}, {actor.Staff, "/r", good, 403}, {actor.Analyst, "/r", good, 200},
		{"", "/s", bad, 401}, {actor.Staff, "/s", good, 200},
		{"", "/p", good, 200}, {"", "/p", bad, 400},
	} {
		before := ran
		w := call(a.Handler(), c.role, "POST", c.path, c.body)
		if w.Code != c.status {
			t.Errorf("%s %s by %q: %d %s, want %d", c.path, c.body, c.role, w.Code, w.Body, c.status)
		}
		if (ran > before) != (c.status == 200) {
			t.Errorf("%s by %q ran: %v", c.path, c.role, ran > before)
		}
	}
}

func TestAnOperationNeedsAPermission(t *testing.T) {
	a := newAPI(t)
	for _, op := range []Op{{ID: "x", Method: "GET", Path: "/x"}, {Method: "GET", Path: "/y", Permission: Public}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was registered", op)
				}
			}()
			Register(a, op, func(context.Context, *struct{}) (Empty, error) { return Empty{}, nil })
		}()
	}
}

// What does not fit the schema is told with its place and rule, in the caller's language, without the value.
func TestInvalidBodies(t *testing.T) {
	a := newAPI(t)
	Register(a, Op{ID: "p", Method: "POST", Path: "/p", Permission: Public, MaxBody: 1000}, func(context.Context, *thing) (Empty, error) { return Empty{}, nil })
	w := call(a.Handler(), "", "POST", "/p", `{"name":"x","kind":"hunter2"}`)
	p := problemOf(t, w)
	if w.Code != 422 || p.Code != "request.422" || len(p.Details) != 2 || p.Field == "" || strings.Contains(w.Body.String(), "hunter2") || !strings.Contains(p.Message, "请求") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := call(a.Handler(), "", "POST", "/p", `{"name":"`+strings.Repeat("x", 2000)+`"}`); w.Code != 413 || problemOf(t, w).Code != "request.413" {
		t.Errorf("too large: %d %s", w.Code, w.Body)
	}
}

func TestSpecNamesErrorsAndPermissions(t *testing.T) {
	a := newAPI(t)
	Register(a, Op{ID: "p", Method: "POST", Path: "/p", Permission: "thing.write", Tag: "thing"}, func(context.Context, *thing) (Empty, error) { return Empty{}, nil })
	raw, err := a.Spec()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"x-permission":"thing.write"`, `"operationId":"p"`, `"details"`} {
		if !strings.Contains(strings.ReplaceAll(string(raw), `": "`, `":"`), want) {
			t.Errorf("the document lacks %s: %s", want, raw)
		}
	}
}

type row struct{ id int64 }

func TestPages(t *testing.T) {
	a := newAPI(t)
	Register(a, Op{ID: "l", Method: "GET", Path: "/l", Permission: Public}, func(_ context.Context, in *struct{ PageInput }) (Page[int64], error) {
		m, ok, err := in.Mark()
		if err != nil {
			return Page[int64]{}, err
		}
		var rows []row
		for id := int64(10); id > 0 && len(rows) <= in.Limit; id-- {
			if !ok || id < m.ID {
				rows = append(rows, row{id})
			}
		}
		p := Paged(rows, in.Limit, func(r row) Mark { return Mark{ID: r.id} })
		out := Page[int64]{Items: []int64{}, Next: p.Next}
		for _, r := range p.Items {
			out.Items = append(out.Items, r.id)
		}
		return out, nil
	})
	var all []int64
	next := ""
	for pages := 0; ; pages++ {
		w := call(a.Handler(), "", "GET", "/l?limit=4&cursor="+next, "")
		var p Page[int64]
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 200 || pages > 3 {
			t.Fatalf("%d %s, %v", w.Code, w.Body, err)
		}
		all = append(all, p.Items...)
		if next = p.Next; next == "" {
			break
		}
	}
	if diff := cmp.Diff([]int64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, all); diff != "" {
		t.Error(diff)
	}
	for path, want := range map[string]int{"/l?cursor=%21%21": 422, "/l?cursor=e30x": 422, "/l?limit=0": 422, "/l?limit=201": 422, "/l?limit=x": 422, "/l?limit=5": 200} {
		if w := call(a.Handler(), "", "GET", path, ""); w.Code != want {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
	if p := Paged([]row(nil), 5, func(r row) Mark { return Mark{} }); p.Items == nil || p.Next != "" {
		t.Errorf("an empty page: %+v", p)
	}
}

func TestGuard(t *testing.T) {
	a := newAPI(t)
	h := a.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, c := range []struct {
		method string
		header []string
		status int
	}{
		{"GET", nil, 200}, {"HEAD", nil, 200}, {"POST", nil, 403}, {"PUT", nil, 403}, {"DELETE", nil, 403}, {"PATCH", nil, 403},
		{"POST", []string{"X-Qunce", "1"}, 200}, {"DELETE", []string{"X-Qunce", "1"}, 200},
	} {
		if w := call(h, "", c.method, "/", "", c.header...); w.Code != c.status {
			t.Errorf("%s %v: %d, want %d", c.method, c.header, w.Code, c.status)
		}
	}
}
