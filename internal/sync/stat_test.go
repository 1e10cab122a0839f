package sync

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"qunce/internal/wecom"
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

// between puts somebody between the run and WeCom: answer gives the answer to a call, "" leaves it to WeCom.
func (r *rig) between(answer func(api, body string) string) {
	r.t.Helper()
	to, err := url.Parse(r.Sim.URL)
	r.Check(err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
		if text := answer(strings.TrimPrefix(req.URL.Path, "/cgi-bin/"), string(body)); text != "" {
			_, _ = io.WriteString(w, text)
			return
		}
		proxy.ServeHTTP(w, req)
	}))
	r.t.Cleanup(door.Close)
	r.s.WeCom = wecom.New(wecom.Config{BaseURL: door.URL, CorpID: r.WeCom.CorpID(), Secret: "shh", AgentID: 2, PerMinute: -1})
	r.s.Statistics.WeCom = r.s.WeCom
}

// WeCom refuses what concerns one member: it is noted, and everybody else is archived.
func TestOneRefusedMember(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.run()
	r.until("2026-03-03 10:00")
	r.between(func(api, body string) string {
		if (api == behaviour || api == byOwner) && strings.Contains(body, `"lina"`) {
			return `{"errcode":40058,"errmsg":"nobody knows why"}`
		}
		return ""
	})
	res := r.check()
	a := *res.Archive
	r.Is("archive", [5]int{2, 1, 0, 2, 2}, [5]int{a.StaffDays, a.OwnerDays, a.Absent, a.Refused, len(a.Refusals)})
	r.Is("error", "", a.Error)
	r.Is("zhou", "1", r.days("statistic_owner_day", "groups", "zhou")["03-02"])
	r.Is("wang", "0", r.days("statistic_staff_day", "chats", "wang")["03-02"])
	runs, err := List(t.Context(), r.DB, Check, 1)
	r.Check(err)
	item, err := r.s.item(t.Context(), runs[0])
	r.Check(err)
	for _, x := range item.Refusals {
		if x.UserID != "lina" || !strings.Contains(x.Message, "企业微信认为某项内容不对") || strings.Contains(x.Message, "{") {
			t.Errorf("%+v", x)
		}
	}
	r.Is("said", 2, len(item.Refusals))

	r.between(func(string, string) string { return "" })
	r.Is("asked again", Archive{StaffDays: 1, OwnerDays: 1}, *r.check().Archive)
}

// WeCom refuses everybody with a code that says nothing of it: it is not asked for ever.
func TestEverybodyIsRefused(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.Check(r.Sim.Faults(t.Context(), sim.Faults{Refuse: map[string]int{behaviour: 40058, byOwner: 40058, byDay: 40058}}))
	res := r.run()
	r.truth(res)
	r.Is("error", "wecom.40058", res.Archive.Error)
	r.Is("asked", 24, res.Archive.Refused)
	r.Is("kept", maxRefusals, len(res.Archive.Refusals))
}

// Who lost the seat is asked about up to that day.
func TestTheLastDaysOfALostSeat(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.run()
	r.until("2026-03-03 12:00")
	r.between(func(api, _ string) string {
		if api == "externalcontact/get_follow_user_list" {
			return `{"errcode":0,"errmsg":"ok","follow_user":["lina","zhou"]}`
		}
		return ""
	})
	for _, at := range []string{"2026-03-03 13:00", "2026-03-04 12:00", "2026-03-05 12:00", "2026-03-06 12:00"} {
		r.until(at)
		r.check()
	}
	days := func(user string) (out [4]string) {
		for i, d := range []string{"03-02", "03-03", "03-04", "03-05"} {
			out[i] = r.days("statistic_staff_day", "chats", user)[d]
		}
		return out
	}
	r.Is("lina", [4]string{"0", "0", "0", "0"}, days("lina"))
	r.Is("wang", [4]string{"0", "0", "", ""}, days("wang"))
	r.exec(`DELETE FROM statistic_staff_day`)
	r.between(func(string, string) string { return "" })
	r.check()
	r.Is("with a seat again", "0", r.days("statistic_staff_day", "chats", "wang")["03-05"])
}
