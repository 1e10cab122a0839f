package sync

import (
	"context"
	"errors"
	"testing"
	"time"

	"qunce/internal/wecom/sim"
)

const (
	behaviour = "externalcontact/get_user_behavior_data"
	byOwner   = "externalcontact/groupchat/statistic"
	byDay     = "externalcontact/groupchat/statistic_group_by_day"
)

// days reads what is archived of somebody: chats or groups by day, "-" for a day that WeCom did not give, "?" after one that
// is not final.
func (r *rig) days(table, figure, user string) map[string]string {
	r.t.Helper()
	return r.Pairs(`SELECT to_char(d.day, 'MM-DD'), coalesce(d.`+figure+`::text, '-') || CASE WHEN d.final THEN '' ELSE '?' END FROM `+table+` d
		JOIN directory_staff s ON s.id = d.staff_id WHERE s.userid = $1 AND d.day >= '2026-03-01'`, user)
}

func (r *rig) until(text string) {
	r.t.Helper()
	to, err := time.ParseInLocation("2006-01-02 15:04", text, r.Clock.Now().Location())
	r.Check(err)
	r.Pass(to.Sub(r.Clock.Now()))
}

// Yesterday is read once it is ready, once more when it is final, and then never again.
func TestDaysAreArchived(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	res := r.run()
	if a := res.Archive; a.StaffDays+a.OwnerDays != 0 || a.Absent != 5*179 || a.Error != "" { // three staff, two owners, before there was anything
		t.Errorf("%+v", a)
	}
	r.Calls(behaviour)
	r.Calls(byOwner)
	r.Calls(byDay)

	r.until("2026-03-03 02:00") // yesterday is not ready
	r.check()
	r.Is("calls", [3]int{0, 0, 0}, [3]int{r.Calls(behaviour), r.Calls(byOwner), r.Calls(byDay)})

	r.until("2026-03-03 03:30")
	res = r.check()
	r.Is("calls", [3]int{3, 1, 0}, [3]int{r.Calls(behaviour), r.Calls(byOwner), r.Calls(byDay)})
	r.Is("archive", Archive{StaffDays: 3, OwnerDays: 2}, *res.Archive)
	r.Is("yesterday may change", "0?", r.days("statistic_staff_day", "chats", "lina")["03-02"])
	r.Is("her group", "1?", r.days("statistic_owner_day", "groups", "lina")["03-02"])
	r.Is("new friends", "8?", r.days("statistic_staff_day", "contacts", "lina")["03-02"])
	r.Is("before there was anything", "-", r.days("statistic_staff_day", "chats", "lina")["03-01"])
	r.Is("wang owns nothing", map[string]string{}, r.days("statistic_owner_day", "groups", "wang"))
	r.check()
	r.Is("not asked again", [3]int{0, 0, 0}, [3]int{r.Calls(behaviour), r.Calls(byOwner), r.Calls(byDay)})

	r.until("2026-03-03 10:00")
	r.check()
	r.Is("once more", [3]int{3, 1, 0}, [3]int{r.Calls(behaviour), r.Calls(byOwner), r.Calls(byDay)})
	r.Is("final", "8", r.days("statistic_staff_day", "contacts", "lina")["03-02"])
	r.run()
	r.Is("never again", [3]int{0, 0, 0}, [3]int{r.Calls(behaviour), r.Calls(byOwner), r.Calls(byDay)})
}

// Days that passed without a run are filled, newest first, in as few calls as it takes, also when every third call is the last.
func TestGapsAreFilled(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.run()
	r.until("2026-04-20 12:00")
	id, err := r.s.Start(t.Context())
	r.Check(err)
	for tries := 0; ; tries++ {
		if tries > 60 {
			t.Fatal("it does not get on")
		}
		ctx, stop := context.WithCancel(t.Context())
		r.OnCall(func(api string, n int) {
			if api == behaviour && n == 9 {
				stop()
			}
		})
		_, err := New(r.s.Deps).RunPending(ctx)
		stop()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	r.OnCall(nil)
	res := r.statement(id)
	r.truth(res)
	for _, user := range []string{"lina", "wang", "zhou"} {
		days := r.days("statistic_staff_day", "chats", user)
		for d := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC); d.Before(time.Date(2026, 4, 20, 0, 0, 0, 0, time.UTC)); d = d.AddDate(0, 0, 1) {
			if got := days[d.Format("01-02")]; got != "0" {
				t.Errorf("%s on %s: %q", user, d.Format("01-02"), got)
			}
		}
	}
	r.Is("owner days", 49, r.Count(`SELECT count(*) FROM statistic_owner_day d JOIN directory_staff s ON s.id = d.staff_id WHERE s.userid = 'zhou' AND d.day >= '2026-03-02' AND d.given`))
	r.Calls(behaviour)
	r.Calls(byOwner)
	r.Calls(byDay)
	r.run()
	r.Is("all held", [3]int{0, 0, 0}, [3]int{r.Calls(behaviour), r.Calls(byOwner), r.Calls(byDay)})
}

// A corp that may not have the statistics loses nothing else.
func TestRefusedStatistics(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.Check(r.Sim.Faults(t.Context(), sim.Faults{Refuse: map[string]int{behaviour: 48002}}))
	res := r.run()
	r.truth(res)
	r.Is("error", "wecom.48002", res.Archive.Error)
	runs, err := List(t.Context(), r.DB, Full, 1)
	r.Check(err)
	item, err := r.s.item(t.Context(), runs[0])
	r.Check(err)
	for _, s := range item.Progress.Steps {
		if want := map[bool]string{true: "skipped", false: "done"}[s.Name == "statistics"]; s.State != want {
			t.Errorf("%s is %s", s.Name, s.State)
		}
	}
}
