package statistic

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/wecom"
)

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, clock.Shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

func dayOf(text string) time.Time { return at(text + " 00:00") }

func short(list []window) []string {
	var out []string
	for _, w := range list {
		out = append(out, w.from.Format("0102")+"-"+w.to.Format("0102"))
	}
	return out
}

func TestWindows(t *testing.T) {
	for _, c := range []struct {
		name string
		now  time.Time
		back int
		want []string
	}{
		{"yesterday is not ready in the small hours", at("2026-03-10 02:59"), 3, []string{"0307-0308"}},
		{"from three on it is", at("2026-03-10 03:00"), 3, []string{"0307-0309"}},
		{"a month a call", at("2026-03-10 12:00"), 31, []string{"0208-0309", "0207-0207"}},
		{"as far back as WeCom remembers", at("2026-07-01 12:00"), 400, []string{"0601-0630", "0502-0531", "0402-0501", "0303-0401", "0201-0302", "0103-0131"}},
	} {
		if got := short(windows(c.now, c.back)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestFinal(t *testing.T) {
	for now, want := range map[string]bool{"2026-03-02 23:59": false, "2026-03-03 08:59": false, "2026-03-03 09:00": true, "2026-04-01 00:00": true} {
		if got := final(dayOf("2026-03-02"), at(now)); got != want {
			t.Errorf("at %s: %v", now, got)
		}
	}
}

func holding(days map[int64][]string) held {
	h := held{}
	for id, list := range days {
		h[id] = map[string]bool{}
		for _, d := range list {
			h[id][d] = true
		}
	}
	return h
}

func written(asks []Ask) []string {
	var out []string
	for _, a := range asks {
		days := a.From.Format("0102")
		if !a.From.Equal(a.To) {
			days += "-" + a.To.Format("0102")
		}
		if a.Staff != 0 {
			out = append(out, fmt.Sprintf("staff %d %s", a.Staff, days))
		} else {
			out = append(out, fmt.Sprintf("owners %v %s", a.Owners, days))
		}
	}
	return out
}

func TestStaffAsks(t *testing.T) {
	h := holding(map[int64][]string{1: {"2026-03-05", "2026-03-06", "2026-03-07"}, 2: {"2026-03-05", "2026-03-07"}})
	list := windows(at("2026-03-08 12:00"), 3)
	if got, want := written(staffAsks(h, []int64{1, 2, 3}, list)), []string{"staff 2 0306", "staff 3 0305-0307"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A window of owners is asked for whichever way takes fewer calls.
func TestOwnerAsks(t *testing.T) {
	list := windows(at("2026-03-08 12:00"), 3)
	few := []int64{1, 2}
	if got, want := written(ownerAsks(held{}, few, list)), []string{"owners [1] 0305-0307", "owners [2] 0305-0307"}; !slices.Equal(got, want) {
		t.Errorf("few owners, many days: %q, want %q", got, want)
	}
	h := holding(map[int64][]string{1: {"2026-03-05", "2026-03-06"}, 2: {"2026-03-05", "2026-03-06"}})
	if got, want := written(ownerAsks(h, few, list)), []string{"owners [1 2] 0307"}; !slices.Equal(got, want) {
		t.Errorf("one day: %q, want %q", got, want)
	}
	many := make([]int64, 250)
	for i := range many {
		many[i] = int64(i + 1)
	}
	if got := ownerAsks(held{}, many, list); len(got) != 9 || len(got[0].Owners) != owners || !got[0].From.Equal(dayOf("2026-03-07")) {
		t.Errorf("many owners: %d calls, the first of %d owners on %s", len(got), len(got[0].Owners), got[0].From)
	}
	if got := ownerAsks(holding(map[int64][]string{1: {"2026-03-05", "2026-03-06", "2026-03-07"}}), []int64{1}, list); got != nil {
		t.Errorf("nothing missing: %q", written(got))
	}
}

// A day that the answer does not hold has a row without figures.
func TestDaysThatWereNotGiven(t *testing.T) {
	now := at("2026-03-08 08:00")
	percent := 50.0
	a := Ask{Staff: 7, From: dayOf("2026-03-06"), To: dayOf("2026-03-07")}
	got := staffDays(a, []wecom.BehaviorDay{{Day: wecom.Seconds(dayOf("2026-03-06").Unix()), Chats: 3, ReplyPercent: &percent}}, now)
	if len(got) != 2 || !got[0].Given || *got[0].Chats != 3 || *got[0].Negative != 0 || got[0].ReplyMinutes != nil || !got[0].Final {
		t.Errorf("given: %+v", got[0])
	}
	if got[1].Given || got[1].Chats != nil || got[1].Final {
		t.Errorf("not given: %+v", got[1])
	}
	rooms := ownerDays(Ask{Owners: []int64{7}, From: a.From, To: a.To}, []wecom.GroupDay{{Day: wecom.Seconds(dayOf("2026-03-07").Unix()), Data: wecom.GroupFigures{Groups: 2}}}, now)
	if len(rooms) != 2 || rooms[0].Given || !rooms[1].Given || *rooms[1].Groups != 2 || *rooms[1].Messages != 0 {
		t.Errorf("groups: %+v", rooms)
	}
}

// What one member is refused for leaves the others alone.
func TestConcernsAll(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"no permission":      {&wecom.Error{Code: 48002}, true},
		"address":            {&wecom.Error{Code: 60020}, true},
		"token":              {&wecom.Error{Code: 40014}, true},
		"no token":           {&wecom.Error{Code: 41001}, true},
		"rate":               {&wecom.Error{Code: 45009}, true},
		"busy":               {&wecom.Error{Code: -1}, true},
		"our own":            {errors.New("x"), true},
		"a code of nobody":   {&wecom.Error{Code: 990001}, false},
		"something is wrong": {&wecom.Error{Code: 40058}, false},
		"not found":          {&wecom.Error{Code: 40003}, false},
	} {
		if got := concernsAll(c.err); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"nothing":               {nil, false},
		"a corp without rights": {&wecom.Error{Code: 48002}, true},
		"an API it lacks":       {&wecom.Error{Code: 40066}, true},
		"the limit":             {&wecom.Error{Code: 45009}, false},
		"busy":                  {&wecom.Error{Code: -1}, false},
		"no answer":             {&wecom.Error{Code: -1001}, false},
		"our own":               {errors.New("x"), false},
	} {
		if _, got := Refused(c.err); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
