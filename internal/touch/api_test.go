package touch_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/i18n"
	"qunce/internal/pg"
	"qunce/internal/touch"
)

func TestAPI(t *testing.T) {
	w := newWorld(t)
	w.customers(promo(1, "a"), promo(2, "a"), promo(3, "a"), promo(1, "b"))
	if err := w.db.Tx(t.Context(), func(tx pg.Tx) error {
		_, err := w.ledger.DecideGroups(t.Context(), tx, []touch.Candidate{{GroupID: 11, StaffID: 7, Channel: touch.SidebarGroup, Purpose: "value", Source: "test", SourceKey: "g", CauseID: 1}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	a := api.New(api.Config{Title: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog, Can: func(actor.Actor, api.Permission) bool { return true }})
	w.ledger.API(a)
	all := actor.Actor{UserID: 1, Role: actor.Owner, Scope: actor.Scope{All: true}}
	for _, c := range []struct {
		name, path string
		who        actor.Actor
		items      int
		has        string
	}{
		{"everything", "/api/touches", all, 5, "福利群"},
		{"customers", "/api/touches?subject=customer", all, 4, "客户2"},
		{"groups", "/api/touches?subject=group", all, 1, `"staff_name":"王敏"`},
		{"refusals", "/api/touches?decision=refuse", all, 2, "客户已退订"},
		{"a reason", "/api/touches?reason=promo_day", all, 1, "今天已收到过推广消息"},
		{"a day", "/api/touches?date=2026-11-18&decision=allow", all, 3, `"outcome":"pending"`},
		{"another day", "/api/touches?date=2026-11-17", all, 0, `"items":[]`},
		{"a page", "/api/touches?limit=2", all, 2, `"next":"ey`},
		{"own", "/api/touches", actor.Actor{UserID: 2, Role: actor.Staff, Scope: actor.Scope{Staff: 7}}, 5, "王敏"},
		{"somebody else", "/api/touches", actor.Actor{UserID: 3, Role: actor.Staff, Scope: actor.Scope{Staff: 8}}, 0, `"items":[]`},
		{"a store without staff", "/api/touches", actor.Actor{UserID: 4, Role: actor.StoreManager, Scope: actor.Scope{Stores: []int64{1}}}, 0, `"items":[]`},
		{"summary", "/api/touches/summary", all, 3, `"decision":"allow","reason":"","reason_text":"","count":3`},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := httptest.NewRecorder()
			a.Handler().ServeHTTP(res, httptest.NewRequest("GET", c.path, nil).WithContext(actor.With(t.Context(), c.who)))
			body := res.Body.String()
			if n := strings.Count(body, `"decision":`); res.Code != 200 || n != c.items || !strings.Contains(body, c.has) {
				t.Errorf("%d, %d items, want %d with %s: %s", res.Code, n, c.items, c.has, body)
			}
		})
	}
	// Walking the pages meets everybody once.
	seen, cursor := 0, ""
	for range 10 {
		res := httptest.NewRecorder()
		a.Handler().ServeHTTP(res, httptest.NewRequest("GET", fmt.Sprintf("/api/touches?limit=2&cursor=%s", cursor), nil).WithContext(actor.With(t.Context(), all)))
		body := res.Body.String()
		seen += strings.Count(body, `"decision":`)
		_, next, _ := strings.Cut(body, `"next":"`)
		if cursor, _, _ = strings.Cut(next, `"`); cursor == "" {
			break
		}
	}
	if seen != 5 {
		t.Errorf("the pages hold %d entries, want 5", seen)
	}
}
