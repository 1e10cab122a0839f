package order

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/i18n"
)

func TestAPI(t *testing.T) {
	w := newWorld(t, spring)
	w.StoreNames = func(context.Context, []int64) (map[int64]string, error) {
		return map[int64]string{8: "西湖店", 9: "滨江店"}, nil
	}
	w.CustomerNames = func(context.Context, []int64) (map[int64]string, error) { return nil, nil }
	if _, err := w.Place(t.Context(), []NewOrder{
		{OrderNo: "A1", PlacedAt: spring.AddDate(0, 0, -3), MemberNo: "M0001", StoreID: 8, NetFen: 1200, Lines: []Line{{"a", "tea", 1, 1200}}},
		{OrderNo: "A2", PlacedAt: spring.AddDate(0, 0, -2), MemberNo: "M0002", StoreID: 9, NetFen: 900},
		{OrderNo: "B1", PlacedAt: spring.AddDate(0, 0, -1), StoreID: 9, State: Unpaid},
	}, 1); err != nil {
		t.Fatal(err)
	}
	first := w.customers(t, "M0001")[0]
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	a := api.New(api.Config{Title: "test", Log: w.Log, Catalog: catalog, Can: func(actor.Actor, api.Permission) bool { return true }})
	w.API(a)
	owner := actor.Actor{Role: actor.Owner, Scope: allScope}
	analyst := actor.Actor{Role: actor.Analyst, Scope: allScope, Masked: true}
	manager := actor.Actor{Role: actor.StoreManager, Scope: actor.Scope{Stores: []int64{9}}}
	for _, c := range []struct {
		name, path  string
		who         actor.Actor
		status      int
		has, hasNot []string
	}{
		{"newest first", "/api/orders?limit=2", owner, 200, []string{`"items":[{"id":`, `"order_no":"B1","placed_at":"2026-03-01T12:00:00+08:00","customer_id":null,"customer_name":null,"member_no":null,"store_name":"滨江店","net_fen":0,"lines":0,"state":"unpaid","attributed_to":null`, `A2`, `"next":"e`}, []string{"A1"}},
		{"by number", "/api/orders?q=A", owner, 200, []string{"A1", "A2", `"member_no":"M0001"`}, []string{"B1"}},
		{"by state", "/api/orders?state=unpaid", owner, 200, []string{"B1"}, []string{"A1"}},
		{"by store", "/api/orders?store_id=8", owner, 200, []string{"A1"}, []string{"A2"}},
		{"attributed", "/api/orders?attributed=yes", owner, 200, []string{`"items":[]`}, nil},
		{"masked", "/api/orders", analyst, 200, []string{`"***01"`}, []string{"M0001"}},
		{"a manager's", "/api/orders", manager, 200, []string{"A2"}, []string{"A1"}},
		{"nobody's", "/api/orders", actor.Actor{Role: actor.Staff}, 200, []string{`"items":[]`}, nil},
		{"a customer's", fmt.Sprintf("/api/customers/%d/orders", first), owner, 200, []string{"A1"}, []string{"A2"}},
		{"a customer's, elsewhere", fmt.Sprintf("/api/customers/%d/orders", first), manager, 200, []string{`"items":[]`}, nil},
		{"bad cursor", "/api/orders?cursor=%21", owner, 422, []string{"page.bad_cursor"}, nil},
	} {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		rec := httptest.NewRecorder()
		a.Handler().ServeHTTP(rec, r.WithContext(actor.With(t.Context(), c.who)))
		body := rec.Body.String()
		if rec.Code != c.status {
			t.Errorf("%s: %d %s", c.name, rec.Code, body)
		}
		for _, part := range c.has {
			if !strings.Contains(body, part) {
				t.Errorf("%s: no %s in %s", c.name, part, body)
			}
		}
		for _, part := range c.hasNot {
			if strings.Contains(body, part) {
				t.Errorf("%s: %s in %s", c.name, part, body)
			}
		}
	}
}
