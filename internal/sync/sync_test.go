package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/event"
	"qunce/internal/group/grouptest"
	"qunce/internal/i18n"
	"qunce/internal/livecode"
	"qunce/internal/order"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/statistic"
	"qunce/internal/touch"
	"qunce/internal/wecom"
	"qunce/internal/wecom/sim"
)

type rig struct {
	*grouptest.Brand
	t      *testing.T
	s      *Service
	outbox *outbox.Outbox
	codes  *livecode.Service
	since  time.Time // when the brand was connected
}

func newRig(t *testing.T, people int) *rig {
	t.Helper()
	b := grouptest.New(t, people)
	wall, log, audits := clock.Wall(), slog.New(slog.DiscardHandler), audit.New(b.IDs)
	r := &rig{Brand: b, t: t, outbox: outbox.New(b.DB, b.IDs, wall, log), since: grouptest.Start.AddDate(0, 0, -1)}
	touches := touch.New(touch.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Events: b.Events, Audit: audits, Customers: b.Customers, Groups: b.Groups, Directory: b.Directory})
	orders := order.New(order.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Events: b.Events, Members: b.Customers, Stores: b.Directory, Log: log})
	r.codes = livecode.New(livecode.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Wall: wall, Events: b.Events, Outbox: r.outbox, WeCom: b.WeCom, Audit: audits, Log: log,
		Directory: b.Directory, Groups: b.Groups, Customers: b.Customers, Orders: orders, Touches: touches, PublicURL: "https://example.cn", Brand: "禾光"})
	catalog, err := i18n.Load()
	b.Check(err)
	r.s = New(Deps{Catalog: catalog, DB: b.DB, IDs: b.IDs, Clock: b.Clock, Wall: wall, WeCom: b.WeCom, Audit: audits, Directory: b.Directory, Customers: b.Customers, Groups: b.Groups,
		Codes: r.codes, Statistics: statistic.New(statistic.Deps{DB: b.DB, Clock: b.Clock, WeCom: b.WeCom, Audit: audits, Directory: b.Directory, Log: log,
			Owners: func(ctx context.Context) ([]int64, error) { return b.Groups.Owners(ctx, b.DB) }}), Log: log, Since: func() time.Time { return r.since }})
	return r
}

// call makes the calls that were planned.
func (r *rig) call() {
	r.t.Helper()
	for {
		n := 0
		for _, lane := range []outbox.Lane{outbox.Welcome, outbox.Write, outbox.Bulk} {
			m, err := r.outbox.RunOnce(r.t.Context(), lane, 1)
			r.Check(err)
			n += m
		}
		if n == 0 {
			return
		}
	}
}

// run does a whole full run and returns its statement.
func (r *rig) run() Result {
	r.t.Helper()
	id, err := r.s.Start(r.t.Context())
	r.Check(err)
	return r.finish(id)
}

// check does a whole check and returns its statement.
func (r *rig) check() Result {
	r.t.Helper()
	id, err := r.s.StartCheck(r.t.Context())
	r.Check(err)
	return r.finish(id)
}

func (r *rig) finish(id int64) Result {
	r.t.Helper()
	open, err := r.s.RunPending(r.t.Context())
	if err != nil || !open {
		r.t.Fatalf("open %v, %v", open, err)
	}
	return r.statement(id)
}

func (r *rig) statement(id int64) Result {
	r.t.Helper()
	got, err := Get(r.t.Context(), r.DB, id)
	r.Check(err)
	if got.State != "done" || got.FinishedAt == nil || got.ErrorCode != "" {
		r.t.Fatalf("the run: %+v", got)
	}
	var res Result
	r.Check(json.Unmarshal(got.Result, &res))
	r.Is("left over", 0, r.Count(`SELECT (SELECT count(*) FROM sync_seen) + (SELECT count(*) FROM sync_seen_group)`))
	return res
}

// said is what the page says of what stopped a run: a sentence, without what the database or WeCom said.
func (r *rig) said(id int64, parts ...string) {
	r.t.Helper()
	run, err := Get(r.t.Context(), r.DB, id)
	r.Check(err)
	item, err := r.s.item(r.t.Context(), run)
	r.Check(err)
	if item.Problem == nil {
		r.t.Fatal("nothing is said")
	}
	for _, p := range parts {
		if !strings.Contains(item.Problem.Message, p) {
			r.t.Errorf("%q is not in %q", p, item.Problem.Message)
		}
	}
	for _, raw := range []string{"{", "SQLSTATE", "errcode", "customer_tag"} {
		if strings.Contains(item.Problem.Message, raw) {
			r.t.Errorf("%q is in %q", raw, item.Problem.Message)
		}
	}
}

// some leaves out figures that are nothing.
func some(c Counts) Counts {
	out := Counts{}
	for t, n := range c {
		if n != 0 {
			out[t] = n
		}
	}
	return out
}

// why flattens the reasons: "relations lost" to their number.
func why(res Result) map[string]int {
	out := map[string]int{}
	for t, m := range res.Why {
		for reason, n := range m {
			out[string(t)+" "+string(reason)] = n
		}
	}
	return out
}

// truth compares all we hold with what really is.
func (r *rig) truth(res Result) {
	r.t.Helper()
	truth, err := r.Sim.Truth(r.t.Context())
	r.Check(err)
	friends, members, tags := map[string]string{}, map[string]string{}, map[string]string{}
	for _, f := range truth.Friends {
		state := "active"
		if f[2].(bool) {
			state = "deleted_by_customer"
		}
		friends[fmt.Sprint(f[0], " ", f[1])] = state
	}
	for _, m := range truth.Members {
		members[m[0]+" "+m[1]] = "in"
	}
	for _, m := range truth.Tags {
		tags[strings.Join(m[:], " ")] = ""
	}
	held := r.Pairs(`SELECT userid || ' ' || external_userid, state FROM customer_relation WHERE state <> 'deleted_by_staff'`)
	for k, v := range friends { // that the customer deleted a member is told by a callback alone
		if v == "deleted_by_customer" && held[k] == "active" {
			held[k] = v
		}
	}
	r.Is("friends", friends, held)
	r.Is("members", members, r.Pairs(`SELECT g.chat_id || ' ' || m.member_id, 'in' FROM group_member m JOIN group_group g ON g.id = m.group_id WHERE m.left_at IS NULL`))
	r.Is("tags", tags, r.Pairs(`SELECT r.userid || ' ' || r.external_userid || ' ' || t.tag_id, '' FROM customer_relation_tag t JOIN customer_relation r USING (customer_id, staff_id) WHERE r.state <> 'deleted_by_staff'`))
	if !res.Complete {
		r.t.Error("the statement is not complete")
	}
}

// balance compares the statement with itself; it only adds up when nothing happens during the run.
func (r *rig) balance(res Result) {
	r.t.Helper()
	b, m, x, w := res.HeldBefore, res.Missing, res.Extra, res.Remote
	for _, t := range []Thing{Staff, Relations, Tags, Groups, Members} {
		if b[t]+m[t]-x[t] != w[t] {
			r.t.Errorf("%s: held %d + missing %d − extra %d is not the %d that WeCom shows", t, b[t], m[t], x[t], w[t])
		}
	}
	after, err := counts(r.t.Context(), r.DB)
	r.Check(err)
	r.Is("held after", w, after)
	r.Is("held after, by the statement", w, res.HeldAfter)
	r.Is("during", Counts{}, some(res.During))
	r.Is("differs", 0, len(res.Differs))
}

func kinds(evs []event.Event) map[event.Kind]int {
	out := map[event.Kind]int{}
	for _, e := range evs {
		out[e.Kind]++
	}
	return out
}

// settle gives the brand some customers, friends of two, and members.
func (r *rig) settle() {
	r.t.Helper()
	for i := range 8 {
		r.Add(grouptest.Person(i), "lina")
		if i%2 == 0 {
			r.Add(grouptest.Person(i), "zhou")
		}
		r.Join(grouptest.Person(i), "wrWEST")
	}
	r.Pass(time.Hour)
	r.Work()
	r.Heard()
}

func TestTheFirstRunFindsEverything(t *testing.T) {
	r := newRig(t, 12)
	r.Lose(true)
	r.settle()
	r.Staff("lina", "tag", map[string]any{"external_userid": "wm00", "add": []string{"etA", "etB"}})
	res := r.run()
	r.truth(res)
	r.balance(res)
	r.Is("remote", Counts{Staff: 3, Relations: 12, Tags: 2, Groups: 2, Members: 11}, some(res.Remote))
	r.Is("missing", Counts{Relations: 12, Groups: 2, Members: 11}, some(res.Missing))
	for _, e := range r.Heard() {
		if d, ok := e.Data.(customer.AddedData); ok && d.Found != "sync" {
			t.Errorf("%+v was not found by a sync", d)
		}
		if e.CauseID == 0 {
			t.Errorf("%s without a cause", e.Kind)
		}
	}
	again := r.run()
	r.truth(again)
	r.balance(again)
	again.Archive = nil // its own test
	r.Is("nothing to mend", Result{Remote: res.Remote, HeldBefore: res.Remote, HeldAfter: res.Remote, Strays: 3, Complete: true}, again)
	r.Is("nothing heard", map[event.Kind]int{}, kinds(r.Heard()))
}

func TestARunMendsWhatWasMissed(t *testing.T) {
	r := newRig(t, 14)
	r.settle()
	r.run()
	r.Heard()
	r.Lose(true)
	r.Add("wm08", "wang")                                                // a new friend
	r.Staff("lina", "delete", map[string]any{"external_userid": "wm00"}) // one the staff deleted
	r.Delete("wm01", "lina")                                             // one who deleted lina: not to be seen
	r.Delete("wm02", "lina")                                             // and one who came back
	r.Pass(time.Hour)
	r.Add("wm02", "lina")
	r.Staff("lina", "delete", map[string]any{"external_userid": "wm01"}) // whom lina deletes in turn
	r.Staff("lina", "tag", map[string]any{"external_userid": "wm03", "add": []string{"etB"}})
	r.Staff("lina", "remark", map[string]any{"external_userid": "wm04", "text": "常客"})
	r.Join("wm09", "wrWEST")
	r.Leave("wm03", "wrWEST")
	r.Leave("wm04", "wrWEST")
	r.Pass(time.Hour)
	r.Join("wm04", "wrWEST")
	r.Staff("zhou", "dismiss", map[string]any{"chat_id": "wrRIVER"})
	r.Staff("wang", "create_group", map[string]any{"text": "西湖新群"})
	made, err := r.WeCom.AddCorpTag(t.Context(), wecom.AddCorpTagRequest{GroupName: "来源", Tags: []wecom.NewTag{{Name: "小红书"}}})
	r.Check(err)
	r.Pass(time.Hour)
	res := r.run()
	r.truth(res)
	r.balance(res)
	r.Is("missing", Counts{Relations: 1, Tags: len(made.Tags), Groups: 1, Members: 3}, some(res.Missing)) // wm09, wm04 again, wang in his group
	r.Is("extra", Counts{Relations: 2, Groups: 1, Members: 3}, some(res.Extra))                           // wm03, wm04, and zhou of the group that is no more
	r.Is("amended", Counts{Relations: 2, Tags: 1}, some(res.Amended))                                     // wm02 began again, wm04 has a remark
	r.Is("heard", map[event.Kind]int{"customer.added": 2, "customer.ended": 2, "group.created": 1, "group.joined": 2, "group.left": 2, "group.dissolved": 1}, kinds(r.Heard()))
	r.Is("ends", map[string]string{"lina wm00": "deleted_by_staff", "lina wm01": "deleted_by_staff"}, r.Pairs(`SELECT userid || ' ' || external_userid, state FROM customer_relation WHERE state <> 'active'`))
}

// A process dies in the middle of a run, at every call it makes in turn; the next one goes on.
func TestAnInterruptedRunGoesOn(t *testing.T) {
	r := newRig(t, 12)
	r.Lose(true)
	r.settle()
	id, err := r.s.Start(t.Context())
	r.Check(err)
	if again, err := r.s.Start(t.Context()); err != nil || again != id {
		t.Errorf("a second start made run %d, %v", again, err)
	}
	interrupted := 0
	for stop := int64(1); ; stop++ {
		ctx, cancel := context.WithCancel(t.Context())
		var calls atomic.Int64
		r.OnCall(func(api string, _ int) {
			if calls.Add(1) == stop%11+3 {
				cancel()
			}
		})
		next := New(r.s.Deps) // another process
		_, err := next.RunPending(ctx)
		cut := ctx.Err() != nil
		cancel()
		if err == nil {
			break
		}
		if !cut || !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d calls: %v", calls.Load(), err)
		}
		if interrupted++; interrupted > 100 {
			t.Fatal("it does not get on")
		}
	}
	r.OnCall(nil)
	if interrupted < 2 {
		t.Errorf("it was only interrupted %d times", interrupted)
	}
	res := r.statement(id)
	r.truth(res)
	r.balance(res)
	r.Is("remote", Counts{Staff: 3, Relations: 12, Tags: 2, Groups: 2, Members: 11}, some(res.Remote))
	r.Is("missing", Counts{Relations: 12, Groups: 2, Members: 11}, some(res.Missing))
	r.Is("heard once", 12, kinds(r.Heard())[customer.Added])
}

// What begins while the run is under way is not taken for gone, whether its callback came or not.
func TestWhatBeginsDuringTheRunStays(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.run()
	r.Heard()
	// The relation page answers before the add; the suspects are asked after it.
	id, err := r.s.Start(t.Context())
	r.Check(err)
	x := run{s: r.s, id: id, kind: Full, at: progress{Step: "relations", Began: r.Clock.Now()}}
	r.Check(x.relations(t.Context()))
	r.Add("wm10", "wang")
	r.Join("wm10", "wrWEST")
	r.Staff("lina", "delete", map[string]any{"external_userid": "wm01"})
	r.Pass(time.Minute)
	r.Work()
	r.Add("wm01", "lina") // deleted and added anew: it was seen, ended by callback, and begins again
	r.Pass(time.Minute)
	r.Work()
	x.at = progress{Step: "ends", Began: r.Clock.Now()}
	r.Check(x.ends(t.Context()))
	r.Is("ended", 0, x.result.Extra[Relations])
	r.Is("wm10 and wm01", map[string]string{"wang wm10": "active", "lina wm01": "active"}, r.Pairs(`SELECT userid || ' ' || external_userid, state FROM customer_relation WHERE external_userid IN ('wm10', 'wm01')`))

	// A suspect is asked about, found gone, and begins again before the answer is written down.
	r.Staff("lina", "delete", map[string]any{"external_userid": "wm03"})
	r.Lose(true)
	r.Pass(time.Minute)
	r.Check(clearSeen(t.Context(), r.DB, id)) // now all are suspects
	suspects, err := unseen(t.Context(), r.DB, id, "", "", 100, r.Clock.Now())
	r.Check(err)
	gone, _, err := x.gone(t.Context(), suspects)
	if err != nil || len(gone) != 1 || gone[0].ExternalUserID != "wm03" {
		t.Fatalf("gone: %+v, %v", gone, err)
	}
	r.Lose(false)
	r.Pass(time.Minute)
	r.Add("wm03", "lina")
	r.Pass(time.Minute)
	r.Work()
	r.Check(r.Tx(func(tx pg.Tx) error { return r.Customers.End(t.Context(), tx, []customer.End{gone[0].End}, id) }))
	r.Is("wm03", map[string]string{"lina wm03": "active"}, r.Pairs(`SELECT userid || ' ' || external_userid, state FROM customer_relation WHERE external_userid = 'wm03' AND userid = 'lina'`))
}

// A group's reading is under way while somebody joins and the callback is worked: the entry stands.
func TestAnEntryDuringAReadingStays(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.run()
	r.Heard()
	var joined atomic.Bool
	r.OnCall(func(api string, _ int) {
		if api == "externalcontact/groupchat/list" && joined.CompareAndSwap(false, true) {
			r.OnCall(nil)
			r.Join("wm11", "wrWEST")
			r.Pass(time.Second)
			r.Work()
		}
	})
	res := r.run()
	r.truth(res)
	r.Is("heard", 1, kinds(r.Heard())["group.joined"])
	r.Is("one stay", 1, r.Count(`SELECT count(*) FROM group_member WHERE member_id = 'wm11' AND left_at IS NULL AND stay = 1`))
}

// WeCom does not take our address for a while: the run stays open and goes on; a refusal for good ends it.
func TestTroubleThatPasses(t *testing.T) {
	r := newRig(t, 12)
	r.Lose(true)
	r.settle()
	id, err := r.s.Start(t.Context())
	r.Check(err)
	r.Check(r.Sim.Faults(t.Context(), sim.Faults{Refuse: map[string]int{"externalcontact/groupchat/get": 60020}}))
	if _, err := r.s.RunPending(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if state, code, err := r.s.State(t.Context(), id); err != nil || state != "running" || code != "wecom.60020" {
		t.Fatalf("%s %q, %v", state, code, err)
	}
	r.said(id, "服务器的 IP（", "可信IP")
	r.Check(r.Sim.Faults(t.Context(), sim.Faults{Lose: 1}))
	r.s.WeCom = wecom.New(wecom.Config{BaseURL: r.Sim.URL, CorpID: r.WeCom.CorpID(), Secret: "shh", AgentID: 2, PerMinute: -1}) // the old one backs off for a while
	_, err = r.s.RunPending(t.Context())
	r.Check(err)
	r.truth(r.statement(id))

	r.Check(r.Sim.Faults(t.Context(), sim.Faults{Refuse: map[string]int{"externalcontact/get_corp_tag_list": 48002}}))
	id, err = r.s.Start(t.Context())
	r.Check(err)
	_, err = r.s.RunPending(t.Context())
	r.Check(err)
	if state, code, err := r.s.State(t.Context(), id); err != nil || state != "failed" || code != "wecom.48002" {
		t.Errorf("%s %q, %v", state, code, err)
	}
	r.said(id, "externalcontact/get_corp_tag_list", "可调用接口的应用")

	r.OnCall(func(api string, _ int) { // a failure of our own
		if api == "externalcontact/get_corp_tag_list" {
			r.exec(`ALTER TABLE customer_tag RENAME TO customer_tag_away`)
		}
	})
	r.Check(r.Sim.Faults(t.Context(), sim.Faults{}))
	id, err = r.s.Start(t.Context())
	r.Check(err)
	_, err = r.s.RunPending(t.Context())
	r.OnCall(nil)
	r.Check(err)
	r.exec(`ALTER TABLE customer_tag_away RENAME TO customer_tag`)
	r.said(id, "服务日志")
	if open, err := r.s.Open(t.Context()); err != nil || open {
		t.Errorf("open %v, %v", open, err)
	}
	if open, err := r.s.RunPending(t.Context()); err != nil || open {
		t.Errorf("a run is open after it failed: %v", err)
	}
}

// What follows a run fails: the run stays open, and is not gone through again from the start.
func TestWhatFollowsARun(t *testing.T) {
	r := newRig(t, 12)
	r.Lose(true)
	r.settle()
	fail := errors.New("not now")
	r.s.Doors = func(context.Context, int64) error { return fail }
	id, err := r.s.Start(t.Context())
	r.Check(err)
	if _, err := r.s.RunPending(t.Context()); !errors.Is(err, fail) {
		t.Fatal(err)
	}
	fail = nil
	r.Calls("externalcontact/groupchat/get")
	_, err = r.s.RunPending(t.Context())
	r.Check(err)
	r.Is("groups read again", 0, r.Calls("externalcontact/groupchat/get"))
	r.truth(r.statement(id))
}

func TestStatusOf(t *testing.T) {
	users := []string{"lina", "zhou"}
	for name, c := range map[string]struct {
		owner  string
		listed map[string]int
		want   string
	}{
		"listed":                    {"lina", map[string]int{"c": 0}, "normal"},
		"listed as left":            {"lina", map[string]int{"c": 1}, "owner_left"},
		"being inherited":           {"lina", map[string]int{"c": 2}, "normal"},
		"not listed, owner unknown": {"gone", nil, "owner_left"},
		"not listed yet":            {"zhou", nil, ""},
	} {
		if got := string(statusOf(wecom.Group{ChatID: "c", Owner: c.owner}, c.listed, users)); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestApartAndAfter(t *testing.T) {
	if m, x := apart([]string{"a", "b", "b", "c"}, []string{"b", "d", "e"}); !slices.Equal(m, []string{"a", "c"}) || !slices.Equal(x, []string{"d", "e"}) {
		t.Errorf("missing %q, extra %q", m, x)
	}
	list := []string{"b", "d"}
	for x, want := range map[string]int{"": 0, "a": 0, "b": 1, "c": 1, "d": 2, "e": 2} {
		if got := after(list, x); got != want {
			t.Errorf("after %q: %d, want %d", x, got, want)
		}
	}
}

func TestDailyRun(t *testing.T) {
	r := newRig(t, 3)
	if _, ok, err := r.s.NextDue(t.Context()); err != nil || ok {
		t.Errorf("a run is due before the first: %v", err)
	}
	r.run()
	at, ok, err := r.s.NextDue(t.Context())
	if want := clock.Day(grouptest.Start).AddDate(0, 0, 1).Add(3 * time.Hour); err != nil || !ok || !at.Equal(want) {
		t.Errorf("due %v, want %v, %v", at, want, err)
	}
	if n, err := r.s.RunDue(t.Context()); err != nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	r.Clock.Set(at)
	for _, want := range []int{1, 0} {
		if n, err := r.s.RunDue(t.Context()); err != nil || n != want {
			t.Errorf("%d, want %d, %v", n, want, err)
		}
	}
}
