package livecode

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/group"
)

func TestStateAndTokenFit(t *testing.T) {
	if s := stateOf(1<<53 - 1); len(s) > 30 || !strings.HasPrefix(s, stateMark) {
		t.Errorf("state %q is too long or unmarked", s)
	}
	if stateOf(41) == stateOf(42) {
		t.Error("two codes have one state")
	}
	shape, seen := regexp.MustCompile(`^[0-9A-Za-z]{22}$`), map[string]bool{}
	for range 100 {
		token := newToken()
		if !shape.MatchString(token) || seen[token] {
			t.Fatalf("token %q is doubled or has another shape", token)
		}
		seen[token] = true
	}
}

func TestChooseRooms(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	room := func(id int64, members int) group.Ref {
		return group.Ref{ID: id, Members: members, Status: group.Normal, CreatedAt: at.Add(time.Duration(id) * time.Hour)}
	}
	gone := func(id int64) group.Ref { r := room(id, 10); r.Status = group.Gone; return r }
	ownerless := func(id int64) group.Ref { r := room(id, 10); r.Status = group.OwnerLeft; return r }
	for _, c := range []struct {
		name    string
		current []int64
		rooms   []group.Ref
		want    []int64
	}{
		{"first choice is the newest", nil, []group.Ref{room(1, 10), room(2, 20)}, []int64{2, 1}},
		{"open ones stay first", []int64{1}, []group.Ref{room(1, 100), room(2, 0)}, []int64{1, 2}},
		{"nearly full gives way", []int64{1}, []group.Ref{room(1, 180), room(2, 0)}, []int64{2}},
		{"one below nearly full stays", []int64{1}, []group.Ref{room(1, 179)}, []int64{1}},
		{"dissolved and ownerless go", []int64{1, 2, 3}, []group.Ref{gone(1), ownerless(2), room(3, 5)}, []int64{3}},
		{"all full: the newest, from which the next one is opened", []int64{1, 2}, []group.Ref{room(1, 200), room(2, 199)}, []int64{2}},
		{"none lives: nothing to write", []int64{1}, []group.Ref{gone(1)}, []int64{1}},
		{"five at most", nil, []group.Ref{room(1, 0), room(2, 0), room(3, 0), room(4, 0), room(5, 0), room(6, 0)}, []int64{6, 5, 4, 3, 2}},
		{"no groups at all", nil, nil, nil},
	} {
		if got := chooseRooms(c.current, c.rooms); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestWithUnseen(t *testing.T) {
	known := map[string]group.Ref{"a": {}, "b": {}}
	for _, c := range []struct {
		name        string
		want, there []string
		out         []string
	}{
		{"a group of WeCom's own making is kept", []string{"a"}, []string{"a", "x"}, []string{"a", "x"}},
		{"a known one that was dropped is not brought back", []string{"a"}, []string{"a", "b"}, []string{"a"}},
		{"it takes the last place of five", []string{"a", "c", "d", "e", "f"}, []string{"x"}, []string{"a", "c", "d", "e", "x"}},
	} {
		if diff := cmp.Diff(c.out, withUnseen(c.want, c.there, known)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestWelcomeText(t *testing.T) {
	all := speech{Name: "小雨", Store: "西湖店", Staff: "李娜", Brand: "禾光"}
	for _, c := range []struct {
		name, text string
		p          speech
		has, hasNo []string
	}{
		{"own text", "{name}，欢迎来{store}，我是{staff}", all, []string{"小雨，欢迎来西湖店，我是李娜"}, []string{"{"}},
		{"standard text", "", all, []string{"小雨", "西湖店", "李娜"}, []string{"{", "卡片"}},
		{"with a way into the group", " ", speech{Name: "小雨", Store: "西湖店", Staff: "李娜", Group: true}, []string{"卡片"}, nil},
		{"without a store it is the brand", "{store}", speech{Brand: "禾光"}, []string{"禾光"}, nil},
		{"a customer's name is no placeholder", "{name}", speech{Name: "{staff}", Staff: "李娜"}, []string{"{staff}"}, []string{"李娜"}},
		{"nameless", "{name}你好", speech{Name: "  "}, []string{"朋友你好"}, nil},
		{"staff without a name", "", speech{Name: "小雨", Store: "西湖店"}, []string{"这里是西湖店"}, []string{"的，"}},
	} {
		got := c.p.render(c.text)
		for _, part := range c.has {
			if !strings.Contains(got, part) {
				t.Errorf("%s: %q lacks %q", c.name, got, part)
			}
		}
		for _, part := range c.hasNo {
			if strings.Contains(got, part) {
				t.Errorf("%s: %q has %q", c.name, got, part)
			}
		}
	}
	if long := all.render(strings.Repeat("很长", 3000)); len(long) > maxWelcome || !strings.HasSuffix(long, "长") && !strings.HasSuffix(long, "很") {
		t.Errorf("long text has %d bytes or ends inside a character", len(long))
	}
}

func TestWhatTheFirstAddIsOwed(t *testing.T) {
	add := firstAdd{CodeID: 1, At: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	for name, c := range map[string]struct {
		f    firstAdd
		at   time.Time
		owed bool
	}{
		"the same instant":    {add, add.At, true},
		"the last instant":    {add, add.At.Add(Window - time.Second), true},
		"thirty days later":   {add, add.At.Add(Window), false},
		"before the add":      {add, add.At.Add(-time.Second), false},
		"came without a code": {firstAdd{}, add.At, false},
	} {
		if got := c.f.owes(c.at); got != c.owed {
			t.Errorf("%s: owed %v, want %v", name, got, c.owed)
		}
	}
}

func TestFunnelRates(t *testing.T) {
	got := funnel(Counts{Scans: 10, Joins: 5, FirstOrders: 1})
	if got[1].Rate == nil || *got[1].Rate != 0 || *got[2].Rate != 0.5 || *got[3].Rate != 0.2 {
		t.Errorf("a group code's rates skip the adds nobody made: %+v", got)
	}
	if past := funnel(Counts{Scans: 3, Adds: 5, Joins: 2}); past[1].Rate != nil || past[2].Rate == nil || *past[2].Rate != 0.4 {
		t.Errorf("who added without a landing page makes no rate over 1: %+v", past)
	}
	if empty := funnel(Counts{}); empty[1].Rate != nil || empty[3].Rate != nil {
		t.Errorf("rates of nothing: %+v", empty)
	}
}
