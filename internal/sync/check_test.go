package sync

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/group/grouptest"
	"qunce/internal/wecom"
	"qunce/internal/wecom/sim"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// A check costs lists, and details only of what differs.
func TestACheckCostsWhatChanged(t *testing.T) {
	r := newRig(t, 14)
	r.settle()
	r.run()
	first := r.check() // the first one compares all lists
	r.truth(first)
	details := []string{"externalcontact/get", "externalcontact/batch/get_by_user", "user/list", "department/list"}
	for _, api := range append(details, "externalcontact/list", "externalcontact/groupchat/get") {
		r.Calls(api)
	}
	again := r.check()
	for _, api := range details {
		r.Is(api, 0, r.Calls(api))
	}
	r.Is("lists", 3, r.Calls("externalcontact/list"))
	r.Is("groups in turn", 1, r.Calls("externalcontact/groupchat/get"))
	again.Archive = nil
	r.Is("nothing to mend", 0, len(why(again)))
	r.Is("complete", true, again.Complete)
	r.Is("remote", Counts{Staff: 3, Tags: 2, Relations: 12, Groups: 2, Ways: 0}, again.Remote)

	r.Lose(true)
	r.Pass(time.Hour)
	r.Add("wm08", "wang")
	r.Staff("lina", "delete", map[string]any{"external_userid": "wm00"})
	r.Staff("wang", "create_group", map[string]any{"text": "西湖新群"})
	r.Pass(time.Hour)
	res := r.check()
	r.truth(res)
	r.Is("repairs", 4, len(r.repairs())) // and wang in his group
	r.Is("asked about", 2, r.Calls("externalcontact/get"))
	r.Is("missing", 1, res.Missing[Relations])
	r.Is("extra", 1, res.Extra[Relations])
	r.Is("groups", 1, res.Missing[Groups])
	r.Pass(time.Hour)
	r.Is("nothing left", 0, len(why(r.check())))
}

// The list says nothing about members: groups are looked at in turn.
func TestEveryGroupHasItsTurn(t *testing.T) {
	r := newRig(t, 14)
	r.settle()
	r.run()
	r.Lose(true)
	r.Pass(time.Hour)
	r.Join("wm08", "wrWEST")
	r.Join("wm09", "wrRIVER")
	for range 2 {
		r.Pass(time.Hour)
		r.check()
	}
	r.truth(Result{Complete: true})
}

func TestTurn(t *testing.T) {
	var living []heldGroup
	for _, id := range []string{"a", "c", "e", "g", "i", "k", "m", "o", "q", "s", "u", "w", "y"} {
		living = append(living, heldGroup{chatID: id})
	}
	for from, want := range map[string][]string{"": {"a", "c"}, "a": {"c", "e"}, "b": {"c", "e"}, "w": {"y", "a"}, "y": {"a", "c"}, "z": {"a", "c"}} {
		if got := turn12(living, from); !slices.Equal(got, want) {
			t.Errorf("after %q: %q, want %q", from, got, want)
		}
	}
	if got := turn12(nil, "x"); got != nil {
		t.Errorf("of none: %q", got)
	}
}

// An add that comes while lists are read is not taken for too much, and is no difference.
func TestAnAddDuringACheck(t *testing.T) {
	r := newRig(t, 14)
	r.settle()
	r.run()
	r.Pass(time.Hour)
	done := false
	r.OnCall(func(api string, _ int) {
		if api == "externalcontact/groupchat/list" && !done {
			done = true
			r.OnCall(nil)
			r.Add("wm08", "wang")
			r.Pass(time.Minute)
			r.Work()
		}
	})
	res := r.check()
	r.truth(res)
	r.Is("complete", true, res.Complete)
	r.Is("during", 1, res.During[Relations])
}

// A process dies in the middle of a check, at every call it makes in turn; the next one goes on.
func TestAnInterruptedCheckGoesOn(t *testing.T) {
	r := newRig(t, 14)
	r.settle()
	r.run()
	r.Lose(true)
	r.Pass(time.Hour)
	r.Add("wm08", "wang")
	r.Staff("lina", "delete", map[string]any{"external_userid": "wm00"})
	r.Staff("wang", "create_group", map[string]any{"text": "西湖新群"})
	r.Pass(time.Hour)
	id, err := r.s.StartCheck(t.Context())
	r.Check(err)
	cut := 0
	for stop := 1; ; stop++ {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		var mu sync.Mutex
		r.OnCall(func(string, int) {
			mu.Lock()
			defer mu.Unlock()
			if n++; n == stop%9+2 {
				cancel()
			}
		})
		_, err := New(r.s.Deps).RunPending(ctx)
		cancel()
		if err == nil {
			break
		}
		if cut++; cut > 100 || !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d cuts: %v", cut, err)
		}
	}
	r.OnCall(nil)
	if cut < 2 {
		t.Errorf("it was only interrupted %d times", cut)
	}
	res := r.statement(id)
	r.truth(res)
	r.Is("once", map[string]int{"relations lost": 2, "groups lost": 1, "members lost": 1}, why(res))
}

// The list of a member is taken as it is when WeCom is asked about the customer: what ended meanwhile is no difference.
func TestAsAsked(t *testing.T) {
	lists := []list{{user: "lina", externals: []string{"wm1", "wm2", "wm3"}}, {user: "wang", externals: []string{"wm1"}}}
	missing := []pair{{"lina", "wm2"}, {"lina", "wm3"}}
	seen := []customer.Seen{{Contact: wecom.ExternalContact{ExternalUserID: "wm3"}, Follow: wecom.Follow{UserID: "lina"}}}
	there := []suspect{{End: customer.End{UserID: "wang", ExternalUserID: "wm0"}}}
	got := asAsked(lists, missing, seen, there)
	if !slices.Equal(got[0].externals, []string{"wm1", "wm3"}) || !slices.Equal(got[1].externals, []string{"wm0", "wm1"}) {
		t.Errorf("%+v", got)
	}
}

// Somebody brakes a run at every page it makes, and lets it go on.
func TestPauseAndResume(t *testing.T) {
	r := newRig(t, 12)
	r.Lose(true)
	r.settle()
	id, err := r.s.Start(t.Context())
	r.Check(err)
	paused := 0
	for stop := 1; paused < 50; stop++ {
		n := 0
		r.OnCall(func(string, int) {
			if n++; n == stop%11+2 {
				r.Check(r.s.Pause(t.Context(), id))
			}
		})
		_, err := r.s.RunPending(t.Context())
		r.Check(err)
		state, _, err := r.s.State(t.Context(), id)
		r.Check(err)
		if state == "done" {
			break
		}
		r.Is("state", "paused", state)
		if open, err := r.s.RunPending(t.Context()); err != nil || open {
			t.Fatalf("a paused run went on: %v", err)
		}
		if again, err := r.s.start(t.Context(), Full, false); err != nil || again != id { // what is due by itself leaves it alone
			t.Fatalf("run %d, %v", again, err)
		}
		r.Check(r.s.Resume(t.Context(), id))
		paused++
	}
	r.OnCall(nil)
	if paused < 3 {
		t.Errorf("it was paused only %d times", paused)
	}
	res := r.statement(id)
	r.truth(res)
	r.balance(res)
	r.Is("missing", Counts{Relations: 12, Groups: 2, Members: 11}, some(res.Missing))
	if err := r.s.Pause(t.Context(), id); err == nil {
		t.Error("a finished run was paused")
	}
	if err := r.s.Resume(t.Context(), 12345); err == nil {
		t.Error("no run went on")
	}
}

// A cursor that WeCom does not take any more starts its chunk again.
func TestAnExpiredCursor(t *testing.T) {
	r := newRig(t, 12)
	r.Lose(true)
	r.settle()
	id, err := r.s.Start(t.Context())
	r.Check(err)
	r.exec(`UPDATE sync_run SET progress = '{"step":"relations","users":["lina","wang","zhou"],"cursor":"long-gone","began":"2026-03-02T10:00:00+08:00"}',
		result = '{"held_before":{"staff":3,"relations":0,"tags":2,"groups":0,"members":0,"ways":0,"join_ways":0},"remote":{"staff":3,"tags":2}}' WHERE id = $1`, id)
	r.Calls("externalcontact/batch/get_by_user")
	res := r.finish(id)
	r.truth(res)
	r.balance(res)
	r.Is("pages", 2, r.Calls("externalcontact/batch/get_by_user"))
}

// WeCom's limit, met at any API that a run calls, only slows it down.
func TestLimitsOnlySlowDown(t *testing.T) {
	for _, kind := range Kinds() {
		r := newRig(t, 12)
		if kind == Check {
			r.run()
		}
		r.Lose(true)
		r.settle()
		id, err := r.s.start(t.Context(), kind, true)
		r.Check(err)
		for _, api := range []string{"externalcontact/get_follow_user_list", "externalcontact/get_corp_tag_list", "externalcontact/batch/get_by_user", "externalcontact/list",
			"externalcontact/groupchat/list", "externalcontact/groupchat/get", "externalcontact/list_contact_way", "externalcontact/get_contact_way",
			"externalcontact/get_user_behavior_data", "externalcontact/groupchat/statistic_group_by_day"} {
			r.Check(r.Sim.Faults(t.Context(), sim.Faults{Lose: 1, Refuse: map[string]int{api: 45009}}))
			next := New(r.s.Deps) // what it holds back, another process may not
			next.WeCom = wecom.New(wecom.Config{BaseURL: r.Sim.URL, CorpID: r.WeCom.CorpID(), Secret: "shh", AgentID: 2, PerMinute: -1})
			ctx, stop := context.WithCancel(t.Context())
			r.OnCall(func(called string, _ int) {
				if called == api { // it waits for a minute now; the process ends meanwhile
					time.AfterFunc(50*time.Millisecond, stop)
				}
			})
			_, err := next.RunPending(ctx)
			stop()
			r.OnCall(nil)
			state, _, stateErr := r.s.State(t.Context(), id)
			r.Check(stateErr)
			if state == "failed" || state == "done" && err != nil {
				t.Fatalf("%s, %s refused: %s, %v", kind, api, state, err)
			}
		}
		r.Check(r.Sim.Faults(t.Context(), sim.Faults{Lose: 1}))
		r.s.WeCom = wecom.New(wecom.Config{BaseURL: r.Sim.URL, CorpID: r.WeCom.CorpID(), Secret: "shh", AgentID: 2, PerMinute: -1})
		for {
			open, err := r.s.RunPending(t.Context())
			r.Check(err)
			if !open {
				break
			}
		}
		if res := r.statement(id); kind == Full {
			r.truth(res)
		} else {
			r.Is("relations", 12, res.HeldAfter[Relations])
			r.Is("complete", true, res.Complete)
		}
	}
}

func TestWhenRunsAreDue(t *testing.T) {
	r := newRig(t, 3)
	r.s.Every = time.Hour
	r.run()
	kind, at, ok, err := r.s.nextDue(t.Context())
	if err != nil || !ok || kind != Check || !at.Equal(grouptest.Start.Add(time.Hour)) {
		t.Errorf("%s at %v, %v", kind, at, err)
	}
	r.Clock.Set(at)
	if n, err := r.s.RunDue(t.Context()); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	if _, err := r.s.RunPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Clock.Set(clock.Day(grouptest.Start).AddDate(0, 0, 1).Add(2*time.Hour + 30*time.Minute))
	if n, err := r.s.RunDue(t.Context()); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	if kind, at, _, err = r.s.nextDue(t.Context()); err != nil || kind != Full || at.Hour() != dailyAt {
		t.Errorf("%s at %v, %v", kind, at, err)
	}
	r.Clock.Set(at)
	if n, err := r.s.RunDue(t.Context()); err != nil || n != 1 { // the check is still open: the full run waits behind it
		t.Fatalf("%d, %v", n, err)
	}
	r.Is("open", 2, r.Count(`SELECT count(*) FROM sync_run WHERE state = 'running'`))
	for range 2 {
		if open, err := r.s.RunPending(t.Context()); err != nil || !open {
			t.Fatalf("%v, %v", open, err)
		}
	}
	r.Is("full runs", 2, r.Count(`SELECT count(*) FROM sync_run WHERE kind = 'full' AND state = 'done'`))
}
