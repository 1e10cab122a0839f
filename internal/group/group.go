// Package group keeps the brand's customer groups: who owns them, who is in, who came how and who left how.
//
// WeCom tells by callback that a group changed, and by a member version whether we missed something; the truth is the
// group's detail, read when the version does not connect. Members are kept as stays: a person who leaves and comes back
// has two. Every stay of a known customer is kept a second time by customer, so that both sides can be asked cheaply.
//
// Groups cannot be made, renamed or cleaned through the API: nothing here tries to.
package group

import (
	"maps"
	"slices"
	"strings"
	"time"

	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Status of a group.
type Status string

// The statuses; the CHECK of group_group lists the same.
const (
	Normal    Status = "normal"
	OwnerLeft Status = "owner_left"
	Gone      Status = "dissolved"
)

// Statuses lists all of them.
func Statuses() []Status { return []Status{Normal, OwnerLeft, Gone} }

// MemberType as WeCom numbers it.
const (
	typeStaff    = 1
	typeExternal = 2
)

// Capacity is how many members a group takes by QR code; beyond it WeCom makes people invite by hand.
const Capacity = 200

// hint is what a callback says of one member; the detail decides whether it is still so.
type hint struct {
	at     time.Time
	joined bool
	scene  int
}

// hints are what callbacks say of a group's members, in the order they came.
type hints map[string][]hint

// lag is how far the join time of a callback may lie from that of the detail for one and the same entry.
const lag = time.Minute

// stay is one member's time in a group.
type stay struct {
	memberID string
	n        int
	typ      int
	name     string
	unionID  string
	joinedAt time.Time
	scene    int
	invitor  string
	wayState string
	admin    bool
	left     *time.Time
	quit     int
	linked   bool // to a customer
}

// past is what we know of a member's earlier stays: how many, and when the latest of them ended.
type past struct {
	n    int
	left time.Time
}

// diff is what a reading asks of the members we hold.
type diff struct {
	joined  []stay
	left    []stay
	amended []stay
	passed  []stay // came and went again between two readings; only callbacks tell
}

// compare decides who joined and who left between what we hold (present members) and what WeCom shows. A member whose join
// time is later than the one we hold has left and come back in between; when, the callbacks may know.
func compare(present map[string]stay, before map[string]past, seen wecom.Group, told hints, now time.Time) diff {
	var d diff
	admins := map[string]bool{}
	for _, a := range seen.Admins {
		admins[a.UserID] = true
	}
	there := map[string]bool{}
	for _, m := range seen.Members {
		there[m.UserID] = true
		s := stay{memberID: m.UserID, typ: m.Type, name: m.Name, unionID: m.UnionID, joinedAt: time.Unix(m.JoinTime, 0), scene: m.JoinScene,
			wayState: m.State, admin: admins[m.UserID], quit: -1}
		if m.Invitor != nil {
			s.invitor = m.Invitor.UserID
		}
		old, here := present[m.UserID]
		gone, heard := exit(old, told[m.UserID])
		switch {
		case !here:
			s.n = before[m.UserID].n + 1
			d.joined = append(d.joined, s)
		case s.joinedAt.After(old.joinedAt.Add(lag)) || heard && s.joinedAt.After(old.joinedAt):
			at, quit := s.joinedAt, -1
			if heard && !gone.at.After(at) {
				at, quit = gone.at, gone.scene
			}
			old.left, old.quit = &at, quit
			d.left = append(d.left, old)
			s.n = old.n + 1
			d.joined = append(d.joined, s)
		case old.name != s.name && s.name != "" || old.admin != s.admin || old.wayState != s.wayState && s.wayState != "":
			s.n = old.n
			d.amended = append(d.amended, s)
		}
	}
	for id, old := range present {
		if there[id] {
			continue
		}
		at, quit := now, -1
		if h, ok := exit(old, told[id]); ok {
			at, quit = h.at, h.scene
		}
		if at.Before(old.joinedAt) {
			at = old.joinedAt
		}
		old.left, old.quit = &at, quit
		d.left = append(d.left, old)
	}
	for _, id := range sortedKeys(told) {
		if _, here := present[id]; !here && !there[id] {
			d.passed = append(d.passed, visits(id, told[id], before[id])...)
		}
	}
	return d
}

// exit is the last exit that callbacks tell of a stay.
func exit(s stay, told []hint) (hint, bool) {
	for i := len(told) - 1; i >= 0; i-- {
		if h := told[i]; !h.joined && !h.at.Before(s.joinedAt) {
			return h, true
		}
	}
	return hint{}, false
}

// visits are the stays of a member whom no reading has shown: an entry and the exit after it, later than all we know.
func visits(id string, told []hint, before past) []stay {
	var out []stay
	var in *hint
	for _, h := range told {
		switch {
		case h.joined && h.at.After(before.left):
			in = &h
		case !h.joined && in != nil && !h.at.Before(in.at):
			at := h.at
			before = past{n: before.n + 1, left: at}
			out = append(out, stay{memberID: id, n: before.n, typ: typeOf(id), joinedAt: in.at, scene: in.scene, left: &at, quit: h.scene})
			in = nil
		}
	}
	return out
}

// typeOf tells external members by the prefix of their ids, as WeCom's own documentation does.
func typeOf(id string) int {
	if strings.HasPrefix(id, "wm") || strings.HasPrefix(id, "wo") {
		return typeExternal
	}
	return typeStaff
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

// Reason is one thing about a group that needs somebody.
type Reason struct {
	Code  string  `json:"code"`
	Value float64 `json:"value"`
}

// Health is what can be said of a group without the chat archive: joins, exits and order, never what was said. So its
// score is unknown and its state partial at best.
type Health struct {
	Score   *int     `json:"score"`
	State   string   `json:"state"`
	Reasons []Reason `json:"reasons"`
}

// Thresholds of the group page's "needs you".
const (
	fullShare   = 0.9  // members ÷ capacity
	exitShare   = 0.10 // exits of 7 days ÷ (members + exits)
	minForShare = 20   // smaller groups are not judged by a share
)

func judge(status Status, members, capacity, exits7 int) Health {
	h := Health{State: "partial", Reasons: []Reason{}}
	add := func(code string, v float64) { h.Reasons = append(h.Reasons, Reason{code, v}) }
	switch status {
	case Gone:
		h.State = "complete"
		return h
	case OwnerLeft:
		add("owner_left", 0)
	case Normal:
	}
	if capacity > 0 && float64(members) >= fullShare*float64(capacity) {
		add("nearly_full", float64(members)/float64(capacity))
	}
	if base := members + exits7; base >= minForShare && float64(exits7)/float64(base) > exitShare {
		add("many_exits", float64(exits7)/float64(base))
	}
	if members <= 1 {
		add("empty", 0)
	}
	return h
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	const owner = "group"
	return []pg.Table{
		{Name: "group_chat", Owner: owner, Family: pg.ByValue, Key: "chat_id", Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "follow group"},
		{Name: "group_group", Owner: owner, Family: pg.ByGroup, Key: "id", Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "pick"},
		{Name: "group_member", Owner: owner, Family: pg.ByGroup, Key: "group_id", Personal: []string{"member_id", "name", "unionid"}, Merge: "point to the kept customer", Erase: "replace by an anonymous member", Retention: "24 months after leaving", Sampling: "follow group"},
		{Name: "group_membership", Owner: owner, Family: pg.ByCustomer, Key: "customer_id", Merge: "move", Erase: "delete", Retention: "follow customer", Sampling: "follow customer"},
	}
}
