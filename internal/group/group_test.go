package group

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"

	"qunce/internal/inbox"
)

var t0 = time.Unix(1_772_413_200, 0)

func at(d time.Duration) time.Time { return t0.Add(d) }

// short is a diff without what the cases below do not look at.
type short struct {
	Who  string
	N    int
	In   time.Duration
	Out  time.Duration
	Quit int
}

func shorten(list []stay) []short {
	var out []short
	for _, s := range list {
		x := short{Who: s.memberID, N: s.n, In: s.joinedAt.Sub(t0), Quit: s.quit}
		if s.left != nil {
			x.Out = s.left.Sub(t0)
		}
		out = append(out, x)
	}
	return out
}

func TestCompare(t *testing.T) {
	const min, hour = time.Minute, time.Hour
	held := func(in time.Duration) map[string]stay {
		return map[string]stay{"wm1": {memberID: "wm1", n: 2, typ: typeExternal, name: "甲", joinedAt: at(in), wayState: "w"}}
	}
	before := map[string]past{"wm1": {n: 2}}
	shown := func(in time.Duration) []wecom.GroupMember {
		return []wecom.GroupMember{{UserID: "wm1", Type: 2, Name: "甲", JoinTime: at(in).Unix(), State: "w"}}
	}
	joined := func(d time.Duration) hint { return hint{at: at(d), joined: true, scene: 3} }
	left := func(d time.Duration, scene int) hint { return hint{at: at(d), scene: scene} }
	now := at(10 * hour)
	for name, c := range map[string]struct {
		present              map[string]stay
		before               map[string]past
		seen                 []wecom.GroupMember
		told                 []hint
		joined, left, passed []short
		amended              int
	}{
		"nothing new":                            {present: held(0), before: before, seen: shown(0)},
		"an entry":                               {seen: shown(hour), joined: []short{{"wm1", 1, hour, 0, -1}}},
		"a second entry":                         {before: before, seen: shown(hour), joined: []short{{"wm1", 3, hour, 0, -1}}},
		"an exit nobody told":                    {present: held(0), before: before, left: []short{{"wm1", 2, 0, 10 * hour, -1}}},
		"an exit told":                           {present: held(0), before: before, told: []hint{left(hour, 1)}, left: []short{{"wm1", 2, 0, hour, 1}}},
		"an exit of before":                      {present: held(hour), before: before, told: []hint{left(0, 1)}, left: []short{{"wm1", 2, hour, 10 * hour, -1}}},
		"left and came back":                     {present: held(0), before: before, seen: shown(2 * hour), told: []hint{left(hour, 0), joined(2 * hour)}, left: []short{{"wm1", 2, 0, hour, 0}}, joined: []short{{"wm1", 3, 2 * hour, 0, -1}}},
		"came back, untold":                      {present: held(0), before: before, seen: shown(2 * hour), left: []short{{"wm1", 2, 0, 2 * hour, -1}}, joined: []short{{"wm1", 3, 2 * hour, 0, -1}}},
		"came back in a moment":                  {present: held(0), before: before, seen: shown(10 * time.Second), told: []hint{left(5*time.Second, 0)}, left: []short{{"wm1", 2, 0, 5 * time.Second, 0}}, joined: []short{{"wm1", 3, 10 * time.Second, 0, -1}}},
		"the callback's time was a little off":   {present: held(0), before: before, seen: shown(3 * time.Second)},
		"a time before ours":                     {present: held(hour), before: before, seen: shown(0)},
		"came and went":                          {told: []hint{joined(min), left(2*min, 1)}, passed: []short{{"wm1", 1, min, 2 * min, 1}}},
		"came and went twice":                    {told: []hint{joined(min), left(2*min, 0), joined(3 * min), left(4*min, 1)}, passed: []short{{"wm1", 1, min, 2 * min, 0}, {"wm1", 2, 3 * min, 4 * min, 1}}},
		"we know it already":                     {before: map[string]past{"wm1": {n: 1, left: at(2 * min)}}, told: []hint{joined(min), left(2*min, 1)}},
		"only the entry is told, and it is over": {told: []hint{joined(min)}},
	} {
		if c.before == nil {
			c.before = map[string]past{}
		}
		d := compare(c.present, c.before, wecom.Group{Members: c.seen}, hints{"wm1": c.told}, now)
		for what, x := range map[string][2][]short{"joined": {c.joined, shorten(d.joined)}, "left": {c.left, shorten(d.left)}, "passed": {c.passed, shorten(d.passed)}} {
			if diff := cmp.Diff(x[0], x[1]); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", name, what, diff)
			}
		}
		if len(d.amended) != 0 {
			t.Errorf("%s: amended %v", name, d.amended)
		}
	}
	renamed := shown(0)
	renamed[0].Name = "乙"
	if d := compare(held(0), before, wecom.Group{Members: renamed, Admins: []wecom.Ref{{UserID: "wm1"}}}, nil, now); len(d.amended) != 1 || d.amended[0].name != "乙" || !d.amended[0].admin || d.amended[0].n != 2 {
		t.Errorf("amended: %+v", d)
	}
}

func TestConnects(t *testing.T) {
	ev := func(detail, last, cur string) inbox.Event {
		return inbox.Event{Event: callback.Event{UpdateDetail: detail, LastMemVer: last, CurMemVer: cur}}
	}
	for name, c := range map[string]struct {
		evs  []inbox.Event
		want bool
	}{
		"one exit":             {[]inbox.Event{ev("del_member", "a", "b")}, true},
		"two exits":            {[]inbox.Event{ev("del_member", "a", "b"), ev("del_member", "b", "c")}, true},
		"a gap":                {[]inbox.Event{ev("del_member", "a", "b"), ev("del_member", "c", "d")}, false},
		"not ours":             {[]inbox.Event{ev("del_member", "x", "b")}, false},
		"an entry between":     {[]inbox.Event{ev("del_member", "a", "b"), ev("add_member", "b", "c")}, false},
		"a rename":             {[]inbox.Event{ev("change_name", "a", "a")}, false},
		"without versions":     {[]inbox.Event{ev("del_member", "", "")}, false},
		"the same exit, twice": {[]inbox.Event{ev("del_member", "a", "b"), ev("del_member", "a", "b")}, false},
	} {
		if got := connects("a", c.evs); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The detail may lag behind the callback: who the callback says has joined is there.
func TestWithLagging(t *testing.T) {
	g := wecom.Group{Version: "v1", Members: []wecom.GroupMember{{UserID: "lina", Type: 1}}}
	told := hints{"wm1": {{at: t0, joined: true, scene: 3}}, "wm2": {{at: t0, joined: true, scene: 3}}}
	last := inbox.Event{Event: callback.Event{UpdateDetail: "add_member", MemChange: []string{"wm1"}, CurMemVer: "v2"}}
	got := withLagging(g, told, last, nil)
	if len(got.Members) != 2 || got.Members[1].UserID != "wm1" || got.Members[1].Type != 2 || got.Members[1].JoinScene != 3 || got.Version != "" {
		t.Errorf("%+v", got)
	}
	if got := withLagging(g, told, last, leaves{"wm1": t0}); len(got.Members) != 1 {
		t.Errorf("who left since is there: %+v", got)
	}
	if got := withLagging(g, told, last, leaves{"wm1": t0.Add(-time.Second)}); len(got.Members) != 2 {
		t.Errorf("who left before and came again is not there: %+v", got)
	}
	last.CurMemVer = "v1" // the detail is as new as the callback
	if got := withLagging(g, told, last, nil); len(got.Members) != 1 || got.Version != "v1" {
		t.Errorf("%+v", got)
	}
	last.CurMemVer, last.UpdateDetail = "v2", "del_member"
	if got := withLagging(g, told, last, nil); len(got.Members) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		status                   Status
		members, capacity, exits int
		state                    string
		reasons                  []string
	}{
		"well":                {Normal, 100, 200, 5, "partial", nil},
		"nearly full":         {Normal, 180, 200, 0, "partial", []string{"nearly_full"}},
		"not yet full":        {Normal, 179, 200, 0, "partial", nil},
		"many exits":          {Normal, 80, 200, 20, "partial", []string{"many_exits"}},
		"a tenth is not many": {Normal, 90, 200, 10, "partial", nil},
		"too few to judge":    {Normal, 10, 200, 9, "partial", nil},
		"empty":               {Normal, 1, 200, 0, "partial", []string{"empty"}},
		"owner left":          {OwnerLeft, 50, 200, 0, "partial", []string{"owner_left"}},
		"gone":                {Gone, 0, 200, 50, "complete", nil},
		"without a capacity":  {Normal, 50, 0, 0, "partial", nil},
	} {
		h := judge(c.status, c.members, c.capacity, c.exits)
		var codes []string
		for _, r := range h.Reasons {
			codes = append(codes, r.Code)
		}
		if h.State != c.state || h.Score != nil || h.Reasons == nil || cmp.Diff(c.reasons, codes) != "" {
			t.Errorf("%s: %+v", name, h)
		}
	}
}
