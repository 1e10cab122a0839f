package sim

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/errs"
	"qunce/internal/wecom"
)

func TestPeople(t *testing.T) {
	homes := []Home{{"S1", 30.25, 120.17}, {"S2", 31.23, 121.47}}
	a, b := People(5, 500, homes), People(5, 500, homes)
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("a seed's people differ: %s", d)
	}
	ids, near := map[string]bool{}, 0
	for _, p := range a {
		ids[p.ExternalUserID], ids[p.UnionID] = true, true
		h := homes[map[string]int{"S1": 0, "S2": 1}[p.HomeStore]]
		if math.Abs(p.Lat-h.Lat) < 0.03 && math.Abs(p.Lng-h.Lng) < 0.035 {
			near++
		}
		if p.Name == "" || p.Gender < 1 {
			t.Errorf("person %+v", p)
		}
	}
	if len(ids) != 1000 || near < 300 || near == 500 {
		t.Errorf("%d ids, %d near home", len(ids), near)
	}
	if cmp.Equal(a, People(6, 500, homes)) {
		t.Error("two seeds have the same people")
	}
}

func TestWorldIsChecked(t *testing.T) {
	for name, spoil := range map[string]func(*World){
		"no start":       func(w *World) { w.Start = time.Time{} },
		"doubled member": func(w *World) { w.Members = append(w.Members, Member{UserID: "LINA"}) },
		"doubled person": func(w *World) { w.People = append(w.People, w.People[0]) },
		"bad hours":      func(w *World) { w.Members[0].WorkFrom = "25:00" },
		"no owner":       func(w *World) { w.Groups[0].Owner = "nobody" },
		"bad friend":     func(w *World) { w.Friends = []Friend{{UserID: "lina", ExternalUserID: "x"}} },
		"bad act":        func(w *World) { w.Plan.Acts = []Act{{Kind: "fly", Person: "wm0000"}} },
		"bad arrivals":   func(w *World) { w.Plan.Arrivals = []Arrivals{{From: testStart, Days: 1}} },
	} {
		w := smallWorld(2)
		if err := w.Check(); err != nil {
			t.Fatal(err)
		}
		if spoil(w); w.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestArrivalsPreferTheirStore(t *testing.T) {
	w := smallWorld(40)
	for i := range w.People {
		w.People[i].HomeStore = []string{"S1", "S2"}[i%2]
	}
	r := newRig(t, w)
	_, one := r.way("one", "lina")
	_, open := r.way("open", "lina")
	r.plan(Plan{Arrivals: []Arrivals{{From: testStart, Days: 2, PerDay: 20, Entries: []Entry{{URL: one, Store: "S1"}, {URL: open}}}}})
	r.advance(testStart.AddDate(0, 0, 2))
	for i := range w.People {
		e := r.s.st.edge("lina", w.People[i].ExternalUserID)
		if e == nil || e.State != []string{"one", "open"}[i%2] {
			t.Errorf("%s of %s came by %+v", w.People[i].Name, w.People[i].HomeStore, e)
		}
	}
}

func TestStaffActsCallBack(t *testing.T) {
	w := smallWorld(2)
	w.Friends = []Friend{{UserID: "lina", ExternalUserID: "wm0000"}, {UserID: "lina", ExternalUserID: "wm0001"}}
	r := newRig(t, w)
	act := func(body map[string]any) error { return r.post("/sim/api/staff/lina/act", body, nil) }
	for _, body := range []map[string]any{
		{"kind": "tag", "external_userid": "wm0000", "add": []string{"etA"}},
		{"kind": "remark", "external_userid": "wm0000", "text": "老客"},
		{"kind": "invite", "chat_id": "wrONE", "external_userid": "wm0001"},
		{"kind": "invite", "chat_id": "wrONE", "external_userid": "wang"},
		{"kind": "rename", "chat_id": "wrONE", "text": "新群名"},
		{"kind": "remove", "chat_id": "wrONE", "external_userid": "wm0001"},
		{"kind": "delete", "external_userid": "wm0001"},
		{"kind": "create_group", "text": "二群"},
		{"kind": "transfer", "chat_id": "wrONE", "text": "wang"},
	} {
		if err := act(body); err != nil {
			t.Errorf("%v: %v", body, err)
		}
	}
	if act(map[string]any{"kind": "dismiss", "chat_id": "wrONE"}) == nil {
		t.Error("a former owner dismissed the group")
	}
	g, err := r.c.GroupGet(context.Background(), "wrONE", false)
	r.must(err)
	if g.Name != "新群名" || g.Owner != "wang" || len(g.Members) != 2 {
		t.Errorf("group %+v", g)
	}
	r.must(r.post("/sim/api/staff/wang/act", map[string]any{"kind": "dismiss", "chat_id": "wrONE"}, nil))
	if _, err := r.c.GroupGet(context.Background(), "wrONE", false); !wecom.IsCode(err, 49008) {
		t.Errorf("a dismissed group: %v", err)
	}
	r.advance(testStart)
	want := []string{"create", "del_external_contact lina wm0001 ", "dismiss", "edit_external_contact lina wm0000 ", "edit_external_contact lina wm0000 ",
		"update add_member wang", "update add_member wm0001", "update change_name", "update change_owner", "update del_member wm0001"}
	got := r.p.heard()
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	before := r.s.Truth()
	r.stop()
	r.start()
	if d := cmp.Diff(before, r.s.Truth()); d != "" {
		t.Error(d)
	}
}

func TestSnapshotsTakeTurns(t *testing.T) {
	r := newRig(t, smallWorld(1))
	for range 3 {
		r.way("s", "lina")
		r.s.mu.Lock()
		r.must(r.s.journal.snapshot(r.s.st))
		r.s.mu.Unlock()
	}
	id, _ := r.way("last", "lina")
	names, err := filepath.Glob(filepath.Join(r.opt.Dir, "*.*"))
	if err != nil || len(names) != 2 {
		t.Errorf("files %v, %v", names, err)
	}
	dir := copyDir(t, r.opt.Dir)
	// A crash while the next pair was being made leaves these.
	for _, n := range []string{"log.99", "snapshot-new"} {
		r.must(os.WriteFile(filepath.Join(dir, n), []byte("half"), 0o600))
	}
	opt := r.opt
	opt.Dir, opt.World = dir, nil
	s, err := New(opt)
	r.must(err)
	if len(s.st.Ways) != 4 || s.st.Ways[id] == nil {
		t.Errorf("%d ways", len(s.st.Ways))
	}
	r.must(s.Close())
}

func TestRefusedCallsLeaveNoTraceInTheLog(t *testing.T) {
	w := smallWorld(10)
	r := newRig(t, w)
	_, qr := r.way("s", "lina")
	for range 3 { // hands out an id, then is refused
		if code, _ := r.call("externalcontact/add_corp_tag", `{"group_name":"新组","tag":[{"name":""}]}`); code != 40072 {
			t.Fatalf("code %d", code)
		}
	}
	r.plan(Plan{Arrivals: []Arrivals{{From: testStart, Days: 1, PerDay: 10, Entries: []Entry{{URL: qr}}}}})
	r.advance(testStart.Add(6 * time.Hour))
	want := r.s.Truth()
	dir := copyDir(t, r.opt.Dir)
	acts := len(r.s.st.Acts)
	opt := r.opt
	opt.Dir = dir
	s, err := New(opt)
	r.must(err)
	if d := cmp.Diff(want, s.Truth()); d != "" || len(s.st.Acts) != acts {
		t.Errorf("%d acts instead of %d: %s", len(s.st.Acts), acts, d)
	}
	r.must(s.Close())
}

func TestFaultsOnPurpose(t *testing.T) {
	r := newRig(t, smallWorld(1))
	r.must(r.post("/sim/faults", Faults{Refuse: map[string]int{"externalcontact/get_follow_user_list": 60020}}, nil))
	if _, err := r.c.FollowUsers(context.Background()); !wecom.IsCode(err, 60020) {
		t.Errorf("refused on purpose: %v", err)
	}
	r.must(r.post("/sim/faults", Faults{}, nil))
	if _, err := r.c.FollowUsers(context.Background()); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}

func TestControl(t *testing.T) {
	r := newRig(t, smallWorld(2))
	ctx := context.Background()
	c := Control{URL: r.web.URL}
	_, qr := r.way("s", "lina")
	r.must(c.Plan(ctx, Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0000", URL: qr}}}))
	st, err := c.Now(ctx)
	r.must(err)
	if st.Next == nil || !st.Next.Equal(at(9, 0)) || !st.Now.Equal(testStart) {
		t.Errorf("status %+v", st)
	}
	st, err = c.Advance(ctx, at(9, 15))
	r.must(err)
	if !st.Now.Equal(at(9, 15)) || st.Undelivered != 0 {
		t.Errorf("status %+v", st)
	}
	truth, err := c.Truth(ctx)
	r.must(err)
	if len(truth.Friends) != 1 || truth.Friends[0][0] != "lina" || truth.Counts.Adds != 1 {
		t.Errorf("truth %+v", truth)
	}
	if err := c.Plan(ctx, Plan{Acts: []Act{{Kind: "scan", Person: "nobody"}}}); errs.CodeOf(err) != "sim.bad_plan" {
		t.Errorf("a bad plan: %v", err)
	}
	if err := (Control{URL: "http://127.0.0.1:1"}).Faults(ctx, Faults{}); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("nobody there: %v", err)
	}
}
