package customer_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/customer"
	"qunce/internal/i18n"
	"qunce/internal/pg"
	"qunce/internal/wecom/sim"
)

// desk is the console's API before a brand.
type desk struct {
	*brand
	a *api.API
}

func newDesk(t *testing.T) desk {
	t.Helper()
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := desk{newBrand(t, sim.Limits{}), api.New(api.Config{Title: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog, Can: func(actor.Actor, api.Permission) bool { return true }})}
	d.s.API(d.a)
	return d
}

func (d desk) call(who actor.Actor, method, path, body string) (int, map[string]any) {
	d.t.Helper()
	who.Role = actor.Operator
	r := httptest.NewRequestWithContext(actor.With(d.t.Context(), who), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	d.a.Handler().ServeHTTP(w, r)
	var out map[string]any
	d.check(json.Unmarshal(w.Body.Bytes(), &out))
	return w.Code, out
}

// names lists a whole list, page after page.
func (d desk) names(who actor.Actor, query string) []string {
	d.t.Helper()
	out := []string{}
	cursor := ""
	for range 50 {
		code, page := d.call(who, "GET", "/api/customers?limit=2&cursor="+cursor+"&"+query, "")
		if code != 200 {
			d.t.Fatalf("%s: %d %v", query, code, page)
		}
		for _, it := range page["items"].([]any) {
			out = append(out, it.(map[string]any)["name"].(string))
		}
		if cursor = page["next"].(string); cursor == "" {
			return out
		}
	}
	d.t.Fatal("the pages do not end")
	return nil
}

func (d desk) staffID(user string) int64 {
	return int64(d.count(`SELECT id::int FROM directory_staff WHERE userid = $1`, user))
}

var all = actor.Actor{UserID: 1, Scope: actor.Scope{All: true}}

func TestListAndScope(t *testing.T) {
	d := newDesk(t)
	// wx0..wx5 were added in pairs at the same second: two by each of three; wx0 is zhou's friend, too. Two buyers nobody knows.
	for i := range 6 {
		d.apply(seen(fmt.Sprintf("wx%d", i), []string{"lina", "wang", "zhou"}[i%3], start.Add(time.Duration(i/2)*time.Minute)))
	}
	d.apply(seen("wx0", "zhou", start.Add(time.Hour), "etA"))
	d.members(customer.MemberRow{MemberNo: "HG100001", Name: "散客甲"}, customer.MemberRow{MemberNo: "HG100002", Name: "散客_乙"})
	d.check(d.db.Tx(t.Context(), func(tx pg.Tx) error {
		return d.s.End(t.Context(), tx, []customer.End{{UserID: "lina", ExternalUserID: "wx3", By: customer.DeletedByCustomer, At: start.Add(2 * time.Hour)}}, 5)
	}))
	d.is("everything", []string{"wx5", "wx4", "wx3", "wx2", "wx1", "wx0", "散客_乙", "散客甲"}, d.names(all, ""))
	west := actor.Actor{Scope: actor.Scope{Stores: []int64{d.store["西湖"]}}}
	river := actor.Actor{Scope: actor.Scope{Stores: []int64{d.store["滨江"]}}}
	lina := actor.Actor{Scope: actor.Scope{Staff: d.staffID("lina")}}
	for name, c := range map[string]struct {
		who   actor.Actor
		query string
		want  []string
	}{
		"the manager of west":       {west, "", []string{"wx4", "wx3", "wx1", "wx0"}},
		"the manager of river":      {river, "", []string{"wx5", "wx2", "wx0"}},
		"lina":                      {lina, "", []string{"wx3", "wx0"}},
		"a zero scope":              {actor.Actor{}, "", []string{}},
		"a filter does not widen":   {river, fmt.Sprintf("store_id=%d", d.store["西湖"]), []string{"wx0"}},
		"by store":                  {all, fmt.Sprintf("store_id=%d", d.store["滨江"]), []string{"wx5", "wx2", "wx0"}},
		"by staff":                  {all, fmt.Sprintf("staff_id=%d", d.staffID("wang")), []string{"wx4", "wx1"}},
		"by tag":                    {all, "tag_id=etA", []string{"wx0"}},
		"friends":                   {all, "relation=active", []string{"wx5", "wx4", "wx2", "wx1", "wx0"}},
		"lost":                      {all, "relation=lost", []string{"wx3"}},
		"never friends":             {all, "relation=none", []string{"散客_乙", "散客甲"}},
		"by part of the name":       {all, "q=散客", []string{"散客_乙", "散客甲"}},
		"a wildcard is a character": {all, "q=_", []string{"散客_乙"}},
		"by member number":          {all, "q=HG100001", []string{"散客甲"}},
	} {
		d.is(name, c.want, d.names(c.who, c.query))
	}
	if code, _ := d.call(all, "GET", "/api/customers?relation=x", ""); code != 422 {
		t.Errorf("an unknown relation: %d", code)
	}
}

func TestOneCustomer(t *testing.T) {
	d := newDesk(t)
	d.add("wm00", "lina")
	d.pass(time.Minute)
	d.work()
	d.members(customer.MemberRow{MemberNo: "HG100001", UnionID: "un00", Phone: "13800001234"})
	id := d.count(`SELECT id::int FROM customer_customer`)
	path := fmt.Sprintf("/api/customers/%d", id)
	for _, suffix := range []string{"", "/timeline"} {
		for name, who := range map[string]actor.Actor{"another store": {Scope: actor.Scope{Stores: []int64{d.store["滨江"]}}}, "another one's": {Scope: actor.Scope{Staff: d.staffID("zhou")}}, "nobody": {}} {
			if code, p := d.call(who, "GET", path+suffix, ""); code != 404 || p["code"] != "customer.not_found" {
				t.Errorf("%s%s: %d %v", name, suffix, code, p)
			}
		}
	}
	for _, c := range []struct{ method, body string }{{"POST", `{"reason":"不要"}`}, {"DELETE", ""}} {
		if code, _ := d.call(actor.Actor{Scope: actor.Scope{Staff: d.staffID("zhou")}}, c.method, path+"/opt-out", c.body); code != 404 {
			t.Errorf("%s opt-out of somebody else's customer: %d", c.method, code)
		}
		if code, p := d.call(actor.Actor{Scope: actor.Scope{Staff: d.staffID("lina")}}, c.method, path+"/opt-out", c.body); code != 200 {
			t.Errorf("%s opt-out of one's own: %d %v", c.method, code, p)
		}
	}

	values := func(who actor.Actor) []string {
		code, c := d.call(who, "GET", path, "")
		if code != 200 {
			t.Fatalf("%d %v", code, c)
		}
		out := []string{}
		for _, x := range c["identities"].([]any) {
			out = append(out, x.(map[string]any)["value"].(string))
		}
		return out
	}
	d.is("values", []string{"wm00", "HG100001", "13800001234", "un00"}, values(all))
	masked := actor.Actor{Scope: actor.Scope{All: true}, Masked: true}
	for _, v := range values(masked) {
		if slices.Contains([]string{"wm00", "HG100001", "13800001234", "un00"}, v) {
			t.Errorf("%s is not masked", v)
		}
	}
	_, page := d.call(masked, "GET", "/api/customers", "")
	if no := page["items"].([]any)[0].(map[string]any)["member_no"]; no != "HG****01" {
		t.Errorf("the list shows %v", no)
	}

	var kinds []string
	cursor := ""
	for range 10 {
		_, page := d.call(all, "GET", path+"/timeline?limit=1&cursor="+cursor, "")
		for _, it := range page["items"].([]any) {
			kinds = append(kinds, it.(map[string]any)["kind"].(string))
		}
		if cursor = page["next"].(string); cursor == "" {
			break
		}
	}
	slices.Sort(kinds)
	d.is("the timeline", []string{"customer.added", "customer.opted_in", "customer.opted_out", "customer.welcome_due"}, kinds)
}

func TestTagsOfTheCorp(t *testing.T) {
	d := newDesk(t)
	d.apply(seen("wx1", "lina", start, "etA"), seen("wx1", "wang", start, "etA"))
	_, out := d.call(all, "GET", "/api/tags", "")
	raw, _ := json.Marshal(out["items"])
	if !strings.Contains(string(raw), `"group_name":"来源"`) || !strings.Contains(string(raw), `"used":2`) || !strings.Contains(string(raw), `"used":0`) {
		t.Errorf("%s", raw)
	}
}
