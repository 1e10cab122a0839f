package codetest_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/i18n"
	"qunce/internal/livecode"
	"qunce/internal/livecode/codetest"
)

func TestAPI(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	west := b.Create(poster(b))
	river := b.Create(livecode.NewCode{Kind: livecode.GroupCode, Name: "滨江进群", Channel: livecode.TableCard, StoreID: b.River})
	locator := b.Create(livecode.NewCode{Kind: livecode.Locator, Name: "找店", Channel: livecode.Article})

	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	a := api.New(api.Config{Title: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog, Can: func(who actor.Actor, p api.Permission) bool {
		return p == "code.read" || who.Role == actor.Owner
	}})
	b.Codes.API(a)
	owner := actor.Actor{UserID: 1, Role: actor.Owner, Scope: actor.Scope{All: true}}
	manager := actor.Actor{UserID: 2, Role: actor.StoreManager, Scope: actor.Scope{Stores: []int64{b.West}}}
	lina := actor.Actor{UserID: 3, Role: actor.Staff, Scope: actor.Scope{Staff: codetest.One[int64](b, `SELECT id FROM directory_staff WHERE userid = 'lina'`)}}
	stranger := actor.Actor{UserID: 4, Role: actor.StoreManager}
	path := func(id int64) string { return "/api/codes/" + strconv.FormatInt(id, 10) }

	for _, c := range []struct {
		name         string
		who          actor.Actor
		method, path string
		body         string
		status       int
		has, hasNot  string
	}{
		{"headquarters sees all", owner, "GET", "/api/codes", "", 200, locator.Token, ""},
		{"a manager sees the own store's", manager, "GET", "/api/codes", "", 200, west.Token, river.Token},
		{"staff see the codes they stand behind", lina, "GET", "/api/codes", "", 200, west.Token, river.Token},
		{"a person without a scope sees nothing", stranger, "GET", "/api/codes", "", 200, `"items":[]`, west.Token},
		{"nobody is signed in", actor.Actor{}, "GET", "/api/codes", "", 401, "auth.sign_in", ""},
		{"kinds are told apart", owner, "GET", "/api/codes?kind=locator", "", 200, locator.Token, west.Token},
		{"states are told apart", owner, "GET", "/api/codes?status=failed", "", 200, `"items":[]`, west.Token},
		{"a state nobody knows", owner, "GET", "/api/codes?status=lost", "", 422, "status", ""},
		{"names are searched", owner, "GET", "/api/codes?q=%E6%B5%B7%E6%8A%A5", "", 200, west.Token, river.Token},
		{"one code with its welcome", owner, "GET", path(west.ID), "", 200, `{name}，我是禾光·西湖店的{staff}`, ""},
		{"and who stands behind it", owner, "GET", path(west.ID), "", 200, "李娜", ""},
		{"outside the scope is not there", manager, "GET", path(river.ID), "", 404, "code.not_found", ""},
		{"the picture is the landing page", owner, "GET", path(west.ID) + "/qr.svg", "", 200, "<svg", ""},
		{"the picture keeps the scope", manager, "GET", path(river.ID) + "/qr.svg", "", 404, "code.not_found", ""},
		{"a picture of nothing", owner, "GET", "/api/codes/x/qr.png", "", 404, "code.not_found", ""},
		{"reading is not writing", manager, "PATCH", path(west.ID), `{"paused":true}`, 403, "auth.forbidden", ""},
		{"pausing", owner, "PATCH", path(west.ID), `{"paused":true}`, 200, "", ""},
		{"shows", owner, "GET", path(west.ID), "", 200, `"status":"paused"`, ""},
		{"a code of no store and nobody", owner, "POST", "/api/codes", `{"kind":"staff","name":"空","channel":"other"}`, 422, "code.staff", ""},
		{"a code", owner, "POST", "/api/codes", `{"kind":"staff","name":"小票","channel":"receipt","store_id":` + strconv.FormatInt(b.West, 10) + `}`, 200, `"id":`, ""},
	} {
		req := httptest.NewRequestWithContext(actor.With(t.Context(), c.who), c.method, c.path, strings.NewReader(c.body))
		if c.body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		rec := httptest.NewRecorder()
		a.Handler().ServeHTTP(rec, req)
		if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.has) || c.hasNot != "" && strings.Contains(rec.Body.String(), c.hasNot) {
			t.Errorf("%s: %d %s", c.name, rec.Code, rec.Body)
		}
	}

	req := httptest.NewRequestWithContext(actor.With(t.Context(), owner), http.MethodGet, "/api/codes?limit=2", nil)
	rec := httptest.NewRecorder()
	a.Handler().ServeHTTP(rec, req)
	var page struct{ Next string }
	if err := json.Unmarshal(rec.Body.Bytes(), &page); err != nil || page.Next == "" {
		t.Errorf("the first page has no next: %s", rec.Body)
	}
}
