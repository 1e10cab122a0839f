// Package statistic archives WeCom's own daily figures: of every member of staff in single chats, and of every owner's
// customer groups. WeCom gives them from the day after and forgets them after 180 days; here they stay for ever.
//
//	statistic.go  days, gaps, and what to ask for; no database, no network
//	service.go    what is missing, reading it, keeping it
//	store.go      all SQL
//	api.go        HTTP and CSV
//
// Invariants: unknown is not zero. A day that was never read has no row; a day that WeCom was asked for and did not give has
// a row without figures. A day that was read before WeCom has surely summed it up is not final and is read once more. Days
// that are final are never asked for again.
//
// The package decides what to ask for and never when: syncs do, within the quota keeper.
package statistic

import (
	"slices"
	"time"

	"qunce/internal/clock"
	"qunce/internal/pg"
)

const (
	reach     = 179 // days before today that WeCom is asked for; it gives 180, and the last one is about to go
	span      = 30  // days of one call
	owners    = 100 // owners of one call
	readyAt   = 3 * time.Hour
	settledAt = 9 * time.Hour // zeros are seen in the small hours: what is read later in the day is final
)

// StaffDay is a day of a member of staff in single chats. ReplyPercent (0 to 100) and ReplyMinutes (until the first answer)
// are nil without chats, and all figures are when WeCom did not give the day.
type StaffDay struct {
	StaffID      int64
	Day          time.Time
	Given        bool
	Chats        *int
	Messages     *int
	ReplyPercent *float64
	ReplyMinutes *int
	Negative     *int // customers who deleted or blocked
	Applies      *int // friend requests sent
	Contacts     *int // new customers
	Final        bool
	ReadAt       time.Time
}

// OwnerDay is a day of an owner's groups.
type OwnerDay struct {
	StaffID       int64
	Day           time.Time
	Given         bool
	Groups        *int
	NewGroups     *int
	ActiveGroups  *int // in which somebody wrote
	Members       *int
	NewMembers    *int
	ActiveMembers *int // who wrote
	Messages      *int
	Final         bool
	ReadAt        time.Time
}

// newest is the newest day that can be asked for: yesterday, once it is ready.
func newest(now time.Time) time.Time {
	today := clock.Day(now)
	if now.Before(today.Add(readyAt)) {
		return today.AddDate(0, 0, -2)
	}
	return today.AddDate(0, 0, -1)
}

// final reports whether WeCom has surely summed up a day by now.
func final(day, now time.Time) bool {
	return !now.Before(clock.Day(day).AddDate(0, 0, 1).Add(settledAt))
}

// window is a run of days that one call can ask for.
type window struct{ from, to time.Time }

func (w window) days() []time.Time {
	var out []time.Time
	for d := w.from; !d.After(w.to); d = d.AddDate(0, 0, 1) {
		out = append(out, d)
	}
	return out
}

// windows are the last days, newest first, in runs that one call can ask for.
func windows(now time.Time, back int) []window {
	last := newest(now)
	first := clock.Day(now).AddDate(0, 0, -min(back, reach))
	var out []window
	for to := last; !to.Before(first); to = to.AddDate(0, 0, -span) {
		from := to.AddDate(0, 0, 1-span)
		if from.Before(first) {
			from = first
		}
		out = append(out, window{from, to})
	}
	return out
}

// held says which days of somebody need not be asked for: those that are final, and those that cannot be final yet.
type held map[int64]map[string]bool

func (h held) has(staffID int64, day time.Time) bool { return h[staffID][day.Format(time.DateOnly)] }

// endAt leaves out the days of somebody after the one given.
func (h held) endAt(until map[int64]time.Time, list []window) {
	for id, t := range until {
		for _, w := range list {
			for _, d := range w.days() {
				if d.After(t) {
					if h[id] == nil {
						h[id] = map[string]bool{}
					}
					h[id][d.Format(time.DateOnly)] = true
				}
			}
		}
	}
}

// missing is the shortest run of days that holds all missing ones of a window; ok is false when none is missing.
func (h held) missing(staffID int64, w window) (from, to time.Time, ok bool) {
	for _, d := range w.days() {
		if h.has(staffID, d) {
			continue
		}
		if !ok {
			from, ok = d, true
		}
		to = d
	}
	return from, to, ok
}

// Ask is one call: of one member of staff, of one owner, or of several owners for a single day.
type Ask struct {
	Staff    int64   // not 0: single chats
	Owners   []int64 // else: groups
	From, To time.Time

	gone map[int64]time.Time // who has no seat any more
}

// staffAsks are the calls that fill what is missing of staff, newest days first.
func staffAsks(h held, staff []int64, list []window) []Ask {
	var out []Ask
	for _, w := range list {
		for _, id := range staff {
			if from, to, ok := h.missing(id, w); ok {
				out = append(out, Ask{Staff: id, From: from, To: to})
			}
		}
	}
	return out
}

// ownerAsks are the calls that fill what is missing of owners. WeCom sums either over days or over owners, so a window is
// asked for day by day, a hundred owners at once, or owner by owner, a month at once: whichever takes fewer calls.
func ownerAsks(h held, staff []int64, list []window) []Ask {
	var out []Ask
	for _, w := range list {
		var byOwner, byDay []Ask
		for _, id := range staff {
			if from, to, ok := h.missing(id, w); ok {
				byOwner = append(byOwner, Ask{Owners: []int64{id}, From: from, To: to})
			}
		}
		days := w.days()
		for _, d := range slices.Backward(days) {
			var who []int64
			for _, id := range staff {
				if !h.has(id, d) {
					who = append(who, id)
				}
			}
			for part := range slices.Chunk(who, owners) {
				byDay = append(byDay, Ask{Owners: part, From: d, To: d})
			}
		}
		if len(byOwner) < len(byDay) {
			out = append(out, byOwner...)
		} else {
			out = append(out, byDay...)
		}
	}
	return out
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	const owner = "statistic"
	return []pg.Table{
		{Name: "statistic_staff_day", Owner: owner, Family: pg.ByStaff, Key: "staff_id", Merge: "keep", Erase: "keep, no customer stands in it", Retention: "for ever", Sampling: "none"},
		{Name: "statistic_owner_day", Owner: owner, Family: pg.ByStaff, Key: "staff_id", Merge: "keep", Erase: "keep, no customer stands in it", Retention: "for ever", Sampling: "none"},
	}
}
