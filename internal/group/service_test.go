package group_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/group"
	"qunce/internal/group/grouptest"
	"qunce/internal/i18n"
	"qunce/internal/pg"
)

// took says what was heard of groups, as "kind chat who stay scene".
func took(b *grouptest.Brand) []string {
	chats := b.Pairs(`SELECT id::text, chat_id FROM group_group`)
	out := []string{}
	for _, e := range b.Heard() {
		s := string(e.Kind) + " " + chats[fmt.Sprint(e.GroupID)]
		switch d := e.Data.(type) {
		case group.JoinedData:
			s += fmt.Sprintf(" %s stay=%d scene=%d %s", d.MemberID, d.Stay, d.Scene, d.WayState)
		case group.LeftData:
			s += fmt.Sprintf(" %s stay=%d scene=%d", d.MemberID, d.Stay, d.Scene)
		case group.ChangedData:
			s += fmt.Sprintf(" %s %s→%s", d.What, d.From, d.To)
		default:
			if e.GroupID == 0 {
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

// stays is "chat member stay" → "in" or "out".
func stays(b *grouptest.Brand) map[string]string {
	return b.Pairs(`SELECT g.chat_id || ' ' || m.member_id || ' ' || m.stay, CASE WHEN m.left_at IS NULL THEN 'in' ELSE 'out' END
		FROM group_member m JOIN group_group g ON g.id = m.group_id WHERE m.type = 2`)
}

// counted compares every group's counts with its members, and the members with the copy by customer.
func counted(t *testing.T, b *grouptest.Brand) {
	t.Helper()
	if n := b.Count(`SELECT count(*) FROM group_group g, LATERAL (SELECT count(*) AS m, count(*) FILTER (WHERE type = 2) AS c FROM group_member m WHERE m.group_id = g.id AND m.left_at IS NULL) x
		WHERE (g.members, g.customers) IS DISTINCT FROM (x.m, x.c)`); n != 0 {
		t.Errorf("%d groups are counted wrongly", n)
	}
	if n := b.Count(`SELECT count(*) FROM (SELECT customer_id, group_id, stay, joined_at, left_at FROM group_member WHERE customer_id <> 0) m
		FULL JOIN group_membership p USING (customer_id, group_id, stay) WHERE (m.joined_at, m.left_at) IS DISTINCT FROM (p.joined_at, p.left_at)`); n != 0 {
		t.Errorf("%d stays differ between group and customer", n)
	}
}

func TestComingAndGoing(t *testing.T) {
	b := grouptest.New(t, 4)
	b.Add("wm00", "lina")
	b.Pass(time.Minute)
	b.Work()
	b.Heard()
	b.Join("wm00", "wrWEST")
	b.Join("wm01", "wrWEST")
	b.Pass(time.Minute)
	b.Work()
	b.Is("heard", []string{"group.created wrWEST", "group.joined wrWEST wm00 stay=1 scene=3 way-wrWEST", "group.joined wrWEST wm01 stay=1 scene=3 way-wrWEST"}, took(b))
	b.Is("counts", 1, b.Count(`SELECT count(*) FROM group_group WHERE members = 4 AND customers = 2 AND store_id = $1`, b.Stores["西湖"]))
	b.Is("known", 1, b.Count(`SELECT count(*) FROM group_membership`))
	counted(t, b)

	// An exit that connects needs no reading.
	b.Calls("externalcontact/groupchat/get")
	b.Leave("wm00", "wrWEST")
	b.Leave("wm01", "wrWEST")
	b.Pass(time.Minute)
	b.Work()
	b.Is("heard", []string{"group.left wrWEST wm00 stay=1 scene=0", "group.left wrWEST wm01 stay=1 scene=0"}, took(b))
	b.Is("readings", 0, b.Calls("externalcontact/groupchat/get"))
	counted(t, b)

	b.Join("wm00", "wrWEST")
	b.Pass(time.Minute)
	b.Work()
	b.Is("heard", []string{"group.joined wrWEST wm00 stay=2 scene=3 way-wrWEST"}, took(b))
	b.Is("stays", map[string]string{"wrWEST wm00 1": "out", "wrWEST wm00 2": "in", "wrWEST wm01 1": "out"}, stays(b))
	counted(t, b)

	// Removed by the owner; and out and in again before we look.
	b.Staff("lina", "remove", map[string]any{"chat_id": "wrWEST", "external_userid": "wm00"})
	b.Pass(time.Minute)
	b.Work()
	b.Is("heard", []string{"group.left wrWEST wm00 stay=2 scene=1"}, took(b))
	b.Join("wm02", "wrWEST")
	b.Pass(time.Minute)
	b.Work()
	took(b)
	b.Leave("wm02", "wrWEST")
	b.Pass(10 * time.Second)
	b.Join("wm02", "wrWEST")
	b.Join("wm03", "wrWEST")
	b.Pass(10 * time.Second)
	b.Leave("wm03", "wrWEST")
	b.Pass(time.Minute)
	b.Work()
	heard := map[string]bool{}
	for _, h := range took(b) {
		heard[h] = true
	}
	b.Is("heard", map[string]bool{"group.left wrWEST wm02 stay=1 scene=0": true, "group.joined wrWEST wm02 stay=2 scene=3 way-wrWEST": true,
		"group.joined wrWEST wm03 stay=1 scene=3 ": true, "group.left wrWEST wm03 stay=1 scene=0": true}, heard)
	counted(t, b)
}

func TestAMissedCallbackIsMadeUpForByTheNext(t *testing.T) {
	b := grouptest.New(t, 3)
	b.Join("wm00", "wrWEST")
	b.Pass(time.Minute)
	b.Work()
	took(b)
	b.Lose(true)
	b.Join("wm01", "wrWEST")
	b.Pass(time.Minute)
	b.Lose(false)
	b.Calls("externalcontact/groupchat/get")
	b.Leave("wm00", "wrWEST") // its version does not connect to ours
	b.Pass(time.Minute)
	b.Work()
	b.Is("readings", 1, b.Calls("externalcontact/groupchat/get"))
	b.Is("heard", []string{"group.joined wrWEST wm01 stay=1 scene=3 way-wrWEST", "group.left wrWEST wm00 stay=1 scene=0"}, took(b))
	b.Calls("externalcontact/groupchat/get")
	b.Leave("wm01", "wrWEST") // and now it connects again
	b.Pass(time.Minute)
	b.Work()
	b.Is("readings", 0, b.Calls("externalcontact/groupchat/get"))
	b.Is("stays", map[string]string{"wrWEST wm00 1": "out", "wrWEST wm01 1": "out"}, stays(b))
	counted(t, b)
}

func TestHeaderChangesAndDismissal(t *testing.T) {
	b := grouptest.New(t, 2)
	b.Join("wm00", "wrWEST")
	b.Pass(time.Minute)
	b.Work()
	took(b)
	b.Staff("lina", "rename", map[string]any{"chat_id": "wrWEST", "text": "西湖老友群"})
	b.Pass(time.Minute)
	b.Work()
	b.Staff("lina", "transfer", map[string]any{"chat_id": "wrWEST", "text": "wang"})
	b.Pass(time.Minute)
	b.Work()
	b.Is("heard", []string{"group.changed wrWEST name 西湖店福利群→西湖老友群", "group.changed wrWEST owner lina→wang"}, took(b))
	b.Is("row", 1, b.Count(`SELECT count(*) FROM group_group WHERE name = '西湖老友群' AND name_key = 'xihulaoyouqun' AND owner_userid = 'wang'`))
	b.Staff("wang", "dismiss", map[string]any{"chat_id": "wrWEST"})
	b.Pass(time.Minute)
	b.Work()
	b.Is("heard", []string{"group.left wrWEST wm00 stay=1 scene=-1", "group.dissolved wrWEST"}, took(b))
	b.Is("row", 1, b.Count(`SELECT count(*) FROM group_group WHERE status = 'dissolved' AND dissolved_at = $1 AND members = 0 AND customers = 0`, b.Clock.Now().Add(-time.Minute)))
	b.Is("nobody is in", 0, b.Count(`SELECT count(*) FROM group_member WHERE left_at IS NULL`))
	counted(t, b)
	open, err := b.Groups.OpenByStores(t.Context(), b.DB, []int64{b.Stores["西湖"]})
	if err != nil || len(open) != 0 {
		t.Errorf("%v, %v", open, err)
	}
}

// A group dismissed right after something else happened in it.
func TestDismissedBeforeWeLook(t *testing.T) {
	b := grouptest.New(t, 2)
	b.Join("wm00", "wrWEST")
	b.Pass(time.Minute)
	b.Work()
	b.Join("wm01", "wrWEST")
	b.Pass(time.Minute)
	b.Staff("lina", "dismiss", map[string]any{"chat_id": "wrWEST"})
	b.Pass(time.Minute)
	b.Work()
	b.Is("dissolved when it was", 1, b.Count(`SELECT count(*) FROM group_group WHERE status = 'dissolved' AND dissolved_at = $1`, b.Clock.Now().Add(-time.Minute)))
	counted(t, b)
}

func TestStrangersAreLinkedWhenTheyBecomeCustomers(t *testing.T) {
	b := grouptest.New(t, 3)
	b.Join("wm00", "wrWEST")
	b.Join("wm00", "wrRIVER")
	b.Pass(time.Minute)
	b.Work()
	b.Leave("wm00", "wrRIVER")
	b.Pass(time.Minute)
	b.Work()
	b.Is("strangers", 2, b.Count(`SELECT count(*) FROM group_member WHERE type = 2 AND customer_id = 0`))
	b.Add("wm00", "lina")
	b.Pass(time.Minute)
	b.Work()
	b.Is("strangers", 0, b.Count(`SELECT count(*) FROM group_member WHERE type = 2 AND customer_id = 0`))
	b.Is("by customer", 2, b.Count(`SELECT count(*) FROM group_membership`))
	who := int64(b.Count(`SELECT customer_id::int FROM customer_identity WHERE value = 'wm00'`))
	parts, err := b.Groups.StaysOf(t.Context(), who)
	if err != nil || len(parts) != 2 || parts[0].Name == "" {
		t.Errorf("%+v, %v", parts, err)
	}
	if in, err := b.Groups.PresentIn(t.Context(), []int64{who}); err != nil || in[who] != 1 {
		t.Errorf("%v, %v", in, err)
	}
	counted(t, b)

	// The entry and the add were written at the same time, and neither saw the other: the next reading links them.
	_, err = b.DB.Exec(t.Context(), `DELETE FROM group_membership`)
	b.Check(err)
	_, err = b.DB.Exec(t.Context(), `UPDATE group_member SET customer_id = 0`)
	b.Check(err)
	b.Join("wm01", "wrWEST")
	b.Pass(time.Minute)
	b.Work()
	b.Is("linked", 1, b.Count(`SELECT count(*) FROM group_member m JOIN group_membership p USING (customer_id, group_id, stay) WHERE m.member_id = 'wm00' AND m.left_at IS NULL`))
}

func read(t *testing.T, b *grouptest.Brand, chat string, status group.Status) group.Seen {
	t.Helper()
	at := clock.Wall().Now()
	g, err := b.WeCom.GroupGet(t.Context(), chat, true)
	b.Check(err)
	return group.Seen{ReadAt: at, Group: g, Status: status, Cause: 1}
}

func apply(t *testing.T, b *grouptest.Brand, seen ...group.Seen) (did group.Applied) {
	t.Helper()
	b.Check(b.Tx(func(tx pg.Tx) (err error) {
		did, err = b.Groups.Apply(t.Context(), tx, append([]group.Seen{}, seen...))
		return err
	}))
	did.Items = nil // sync's tests look at them
	return did
}

func TestAnOlderReadingChangesNothing(t *testing.T) {
	b := grouptest.New(t, 3)
	b.Join("wm00", "wrWEST")
	old := read(t, b, "wrWEST", group.Normal)
	b.Join("wm01", "wrWEST")
	b.Is("the newer one", group.Applied{Groups: 1, Joined: 4}, apply(t, b, read(t, b, "wrWEST", group.Normal)))
	took(b)
	b.Is("the older one", group.Applied{}, apply(t, b, old))
	b.Is("heard", []string{}, took(b))
	b.Is("stays", map[string]string{"wrWEST wm00 1": "in", "wrWEST wm01 1": "in"}, stays(b))
}

// Only the list of groups tells that an owner has left; a callback's reading must not forget it.
func TestTheStatusIsTheLists(t *testing.T) {
	b := grouptest.New(t, 3)
	apply(t, b, read(t, b, "wrWEST", group.OwnerLeft))
	status := func(want string) {
		t.Helper()
		b.Is("status", map[string]string{"wrWEST": want}, b.Pairs(`SELECT chat_id, status FROM group_group`))
	}
	status("owner_left")
	b.Join("wm00", "wrWEST")
	b.Pass(time.Minute)
	b.Work()
	status("owner_left")
	b.Staff("lina", "transfer", map[string]any{"chat_id": "wrWEST", "text": "wang"})
	b.Pass(time.Minute)
	b.Work()
	status("normal") // it has an owner again
	apply(t, b, read(t, b, "wrWEST", group.OwnerLeft))
	apply(t, b, read(t, b, "wrWEST", group.Normal))
	status("normal")
}

func TestAPI(t *testing.T) {
	b := grouptest.New(t, 4)
	catalog, err := i18n.Load()
	b.Check(err)
	a := api.New(api.Config{Title: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog, Can: func(actor.Actor, api.Permission) bool { return true }})
	b.Groups.API(a)
	call := func(scope actor.Scope, path string) (int, map[string]any) {
		t.Helper()
		r := httptest.NewRequestWithContext(actor.With(t.Context(), actor.Actor{UserID: 1, Role: actor.Operator, Scope: scope}), "GET", path, nil)
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		var out map[string]any
		b.Check(json.Unmarshal(w.Body.Bytes(), &out))
		return w.Code, out
	}
	names := func(scope actor.Scope, query string) []string {
		t.Helper()
		out := []string{}
		cursor := ""
		for {
			code, page := call(scope, "/api/groups?limit=1&cursor="+cursor+"&"+query)
			if code != 200 {
				t.Fatalf("%s: %d %v", query, code, page)
			}
			for _, it := range page["items"].([]any) {
				out = append(out, it.(map[string]any)["chat_id"].(string))
			}
			if cursor = page["next"].(string); cursor == "" {
				return out
			}
		}
	}
	for i := range 3 {
		b.Join(grouptest.Person(i), "wrWEST")
		b.Pass(time.Minute)
	}
	b.Work()
	apply(t, b, read(t, b, "wrRIVER", group.Normal))
	all := actor.Scope{All: true}
	zhou := int64(b.Count(`SELECT id::int FROM directory_staff WHERE userid = 'zhou'`))
	for name, c := range map[string]struct {
		scope actor.Scope
		query string
		want  []string
	}{
		"everything":   {all, "", []string{"wrRIVER", "wrWEST"}},
		"west":         {actor.Scope{Stores: []int64{b.Stores["西湖"]}}, "", []string{"wrWEST"}},
		"zhou's":       {actor.Scope{Staff: zhou}, "", []string{"wrRIVER"}},
		"nothing":      {actor.Scope{}, "", []string{}},
		"by name":      {all, "q=西湖", []string{"wrWEST"}},
		"needs you":    {all, "health=needs_you", []string{"wrRIVER"}}, // nobody but its owner is in
		"well":         {all, "health=ok", []string{"wrWEST"}},
		"by store":     {all, fmt.Sprintf("store_id=%d", b.Stores["滨江"]), []string{"wrRIVER"}},
		"no such ones": {all, "status=dissolved", []string{}},
	} {
		b.Is(name, c.want, names(c.scope, c.query))
	}
	west := b.Count(`SELECT id::int FROM group_group WHERE chat_id = 'wrWEST'`)
	for _, suffix := range []string{"", "/members", "/changes"} {
		if code, p := call(actor.Scope{Staff: zhou}, fmt.Sprintf("/api/groups/%d%s", west, suffix)); code != 404 || p["code"] != "group.not_found" {
			t.Errorf("somebody else's group%s: %d %v", suffix, code, p)
		}
	}
	_, d := call(all, fmt.Sprintf("/api/groups/%d", west))
	if d["members"] != 5.0 || d["customers"] != 3.0 || d["joins_7d"] != 3.0 || d["store_name"] != "西湖店" || d["owner_name"] != "李娜" {
		t.Errorf("%v", d)
	}

	b.Leave("wm00", "wrWEST")
	b.Pass(time.Minute)
	b.Work()
	var who []string
	for _, state := range []string{"in", "left"} {
		cursor := ""
		for range 10 {
			_, page := call(all, fmt.Sprintf("/api/groups/%d/members?limit=2&state=%s&cursor=%s", west, state, cursor))
			for _, it := range page["items"].([]any) {
				m := it.(map[string]any)
				who = append(who, fmt.Sprint(m["member_id"], " ", m["type"], " ", m["is_owner"]))
			}
			if cursor = page["next"].(string); cursor == "" {
				break
			}
		}
	}
	b.Is("members", []string{"wm02 stranger false", "wm01 stranger false", "wang staff false", "lina staff true", "wm00 stranger false"}, who)
	_, page := call(all, fmt.Sprintf("/api/groups/%d/changes?limit=2", west))
	if items := page["items"].([]any); len(items) != 2 || items[0].(map[string]any)["kind"] != "group.left" || page["next"] == "" {
		t.Errorf("%v", page)
	}
}

// The page's rates look at who came within 30 days and long enough ago.
func TestRates(t *testing.T) {
	b := grouptest.New(t, 4)
	apply(t, b, read(t, b, "wrWEST", group.Normal))
	id := b.Count(`SELECT id::int FROM group_group`)
	now := b.Clock.Now()
	day := func(n float64) time.Time { return now.Add(-time.Duration(n * 24 * float64(time.Hour))) }
	for i, s := range []struct {
		in, out float64 // days ago; out 0 = still in
	}{{40, 39.5}, {20, 19.5}, {20, 10}, {20, 0}, {8, 2}, {3, 2.5}, {0.5, 0.1}, {60, 0}} {
		var out *time.Time
		if s.out != 0 {
			o := day(s.out)
			out = &o
		}
		_, err := b.DB.Exec(t.Context(), `INSERT INTO group_member (group_id, member_id, stay, type, joined_at, left_at) VALUES ($1, $2, 1, 2, $3, $4)`, id, fmt.Sprintf("wx%d", i), day(s.in), out)
		b.Check(err)
	}
	catalog, err := i18n.Load()
	b.Check(err)
	a := api.New(api.Config{Title: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog, Can: func(actor.Actor, api.Permission) bool { return true }})
	b.Groups.API(a)
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequestWithContext(actor.With(t.Context(), actor.Actor{UserID: 1, Role: actor.Operator, Scope: actor.Scope{All: true}}), "GET", fmt.Sprintf("/api/groups/%d", id), nil))
	var d map[string]map[string]any
	raw := map[string]json.RawMessage{}
	b.Check(json.Unmarshal(w.Body.Bytes(), &raw))
	d = map[string]map[string]any{}
	for _, k := range []string{"exit_24h", "retention_d7", "friends_share"} {
		m := map[string]any{}
		b.Check(json.Unmarshal(raw[k], &m))
		d[k] = m
	}
	for k, want := range map[string][2]float64{"exit_24h": {2, 5}, "retention_d7": {2, 4}, "friends_share": {0, 2}} {
		if d[k]["numerator"] != want[0] || d[k]["denominator"] != want[1] {
			t.Errorf("%s: %v of %v, want %v", k, d[k]["numerator"], d[k]["denominator"], want)
		}
	}
}
