package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"qunce/internal/clock"
	"qunce/internal/errs"
)

// Store is a shop: where people live around, when it is open, and whose members work there. Members of its department
// without hours of their own work while it is open.
type Store struct {
	ID         string   `json:"id"` // as in home_store and in the entries of arrivals
	Name       string   `json:"name,omitempty"`
	Department int64    `json:"department,omitempty"`
	Lat        float64  `json:"lat,omitempty"` // GCJ-02
	Lng        float64  `json:"lng,omitempty"`
	Open       string   `json:"open,omitempty"`   // "09:00"; empty = 09:00
	Close      string   `json:"close,omitempty"`  // "21:00"; empty = 21:00
	Days       []int    `json:"days,omitempty"`   // 1 = Monday … 7 = Sunday; empty = every day
	Closed     []string `json:"closed,omitempty"` // dates on which it stays shut
}

// Holiday is a day on which other numbers of people come: Factor times as many, 0 = nobody.
type Holiday struct {
	Date   string  `json:"date"`
	Name   string  `json:"name,omitempty"`
	Factor float64 `json:"factor"`
}

// Segment is a kind of people. Generated people belong to one by Share; others name theirs.
type Segment struct {
	Name      string    `json:"name"`
	Share     float64   `json:"share"`
	Behaviour Behaviour `json:"behaviour"`
}

// Population adds people who are not listed one by one, living around the stores: Count of them, of which the share Known
// are friends of a member of their store at the start, and the share Grouped are in a group of their store's members.
type Population struct {
	Count   int     `json:"count"`
	Known   float64 `json:"known,omitempty"`
	Grouped float64 `json:"grouped,omitempty"`
}

// ReadWorld reads a population file strictly: an unknown field is an error. A file without a start begins now, and its
// clock follows real time.
func ReadWorld(in io.Reader, now time.Time) (*World, error) {
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	var w World
	if err := d.Decode(&w); err != nil {
		return nil, errs.E(errs.Invalid, "sim.bad_world", "%s", jsonPlace(err)).Wrap(err)
	}
	if d.More() {
		return nil, errs.E(errs.Invalid, "sim.bad_world", "there is something after the world's closing brace")
	}
	if w.Start.IsZero() {
		w.Start, w.Follow = now.Truncate(time.Second), true
	}
	return &w, w.check()
}

// check reports what is wrong with the world, the people it makes up included.
func (w *World) check() error {
	if err := w.checkTown(); err != nil {
		return err
	}
	full := w.populated()
	return full.Check()
}

// jsonPlace says where a file is no world.
func jsonPlace(err error) string {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind):
		return fmt.Sprintf("%s must be a %s, not a %s (byte %d)", kind.Field, kind.Type, kind.Value, kind.Offset)
	case errors.As(err, &syntax):
		return fmt.Sprintf("no JSON at byte %d: %s", syntax.Offset, syntax.Error())
	}
	return err.Error()
}

// populated is the world with its population listed, and with the hours of stores given to their members.
func (w World) populated() World {
	w.Members = slices.Clone(w.Members)
	for i := range w.Members {
		w.Members[i].keepHours(w.storeOf(&w.Members[i]))
	}
	p := w.Population
	if p == nil {
		return w
	}
	w.Population = nil
	type shop struct {
		staff []string
		rooms []int
	}
	shops, homes := map[string]shop{}, []Home{}
	for _, s := range w.Stores {
		homes = append(homes, Home{Store: s.ID, Lat: s.Lat, Lng: s.Lng})
		staff := w.staffOf(s.ID)
		shops[s.ID] = shop{staff, w.groupsOf(staff)}
	}
	taken := map[string]bool{}
	for i := range w.People {
		taken[w.People[i].ExternalUserID] = true
	}
	w.People, w.Friends, w.Groups = slices.Clip(w.People), slices.Clip(w.Friends), slices.Clone(w.Groups)
	for i := range w.Groups {
		w.Groups[i].Members = slices.Clip(w.Groups[i].Members)
	}
	for _, one := range People(w.Seed, p.Count, homes) {
		if taken[one.ExternalUserID] {
			continue
		}
		r := dice(w.Seed, "settle", one.ExternalUserID)
		if x := r.Float64(); len(w.Segments) > 0 {
			one.Segment = w.Segments[pick(len(w.Segments), func(i int) float64 { return w.Segments[i].Share }, x)].Name
		}
		w.People = append(w.People, one)
		known, which, grouped, chat := r.Float64() < p.Known, r.Float64(), r.Float64() < p.Grouped, r.Float64()
		at := shops[one.HomeStore]
		if known && len(at.staff) > 0 {
			w.Friends = append(w.Friends, Friend{UserID: at.staff[int(which*float64(len(at.staff)))], ExternalUserID: one.ExternalUserID})
		}
		if grouped && len(at.rooms) > 0 {
			g := &w.Groups[at.rooms[int(chat*float64(len(at.rooms)))]]
			g.Members = append(g.Members, one.ExternalUserID)
		}
	}
	return w
}

// Counted is how large a world is, the people it makes up included.
func (w *World) Counted() struct{ Departments, Members, People, Groups int } {
	full := w.populated()
	return struct{ Departments, Members, People, Groups int }{len(full.Departments), len(full.Members), len(full.People), len(full.Groups)}
}

// storeOf is the store in whose department a member is; nil if there is none.
func (w *World) storeOf(m *Member) *Store {
	for i := range w.Stores {
		if s := &w.Stores[i]; s.Department != 0 && slices.Contains(m.Departments, s.Department) {
			return s
		}
	}
	return nil
}

func (m *Member) keepHours(s *Store) {
	if s == nil || m.WorkFrom != "" || m.WorkTo != "" {
		return
	}
	m.WorkFrom, m.WorkTo = s.Open, s.Close
	if len(m.Days) == 0 {
		m.Days = s.Days
	}
	if len(m.Off) == 0 {
		m.Off = s.Closed
	}
}

// staffOf are the members of a store who can have customers.
func (w *World) staffOf(store string) []string {
	var out []string
	for i := range w.Members {
		m := &w.Members[i]
		if s := w.storeOf(m); s != nil && s.ID == store && !m.NoSeat && !m.Inactive && !m.Hidden {
			out = append(out, m.UserID)
		}
	}
	return out
}

func (w *World) groupsOf(owners []string) []int {
	var out []int
	for i, g := range w.Groups {
		if slices.ContainsFunc(owners, func(u string) bool { return strings.EqualFold(u, g.Owner) }) {
			out = append(out, i)
		}
	}
	return out
}

// checkTown reports what is wrong with stores, holidays, segments and the population.
func (w *World) checkTown() error {
	bad := func(format string, args ...any) error {
		return errs.E(errs.Invalid, "sim.bad_world", "%s", fmt.Sprintf(format, args...))
	}
	stores, segments := map[string]bool{}, map[string]bool{}
	for i, s := range w.Stores {
		if s.ID == "" || stores[s.ID] {
			return bad("stores[%d]: id %q is empty or doubled", i, s.ID)
		}
		stores[s.ID] = true
		for _, at := range []string{s.Open, s.Close} {
			if _, err := minutes(at, 0); err != nil {
				return bad("stores[%d]: time %q is not like 09:00", i, at)
			}
		}
		if err := checkDays(s.Days, s.Closed); err != nil {
			return bad("stores[%d]: %v", i, err)
		}
		if s.Department != 0 && !slices.ContainsFunc(w.Departments, func(d Department) bool { return d.ID == s.Department }) {
			return bad("stores[%d]: there is no department %d", i, s.Department)
		}
	}
	for i := range w.Members {
		if err := checkDays(w.Members[i].Days, w.Members[i].Off); err != nil {
			return bad("members[%d]: %v", i, err)
		}
	}
	for i, h := range w.Holidays {
		if _, err := time.Parse(time.DateOnly, h.Date); err != nil || h.Factor < 0 {
			return bad("holidays[%d]: date must be like 2026-02-17, factor not negative", i)
		}
	}
	for i, s := range w.Segments {
		if s.Name == "" || segments[s.Name] || s.Share < 0 {
			return bad("segments[%d]: name %q is empty or doubled, or share is negative", i, s.Name)
		}
		segments[s.Name] = true
	}
	for i, p := range w.People {
		if p.Segment != "" && !segments[p.Segment] {
			return bad("people[%d]: there is no segment %q", i, p.Segment)
		}
	}
	if p := w.Population; p != nil && (p.Count < 0 || p.Count > maxPeople || p.Known < 0 || p.Known > 1 || p.Grouped < 0 || p.Grouped > 1) {
		return bad("population: count must be between 0 and %d, known and grouped between 0 and 1", maxPeople)
	}
	return nil
}

// maxPeople is how many people are made up at most: all of them live in memory.
const maxPeople = 5_000_000

func checkDays(days []int, dates []string) error {
	for _, d := range days {
		if d < 1 || d > 7 {
			return fmt.Errorf("day %d is not between 1 (Monday) and 7 (Sunday)", d)
		}
	}
	for _, d := range dates {
		if _, err := time.Parse(time.DateOnly, d); err != nil {
			return fmt.Errorf("date %q is not like 2026-02-17", d)
		}
	}
	return nil
}

// on says whether a day is among weekdays and not among dates.
func on(day time.Time, weekdays []int, dates []string) bool {
	week := int(day.Weekday()+6)%7 + 1
	return (len(weekdays) == 0 || slices.Contains(weekdays, week)) && !slices.Contains(dates, day.Format(time.DateOnly))
}

// arriving is how many people of an arrival come on a day.
func (s *state) arriving(a Arrivals, day time.Time) int {
	n := float64(a.PerDay)
	if a.Weekdays != [7]float64{} {
		n *= a.Weekdays[(int(day.Weekday())+6)%7]
	}
	for _, h := range s.World.Holidays {
		if h.Date == day.Format(time.DateOnly) {
			n *= h.Factor
		}
	}
	whole := int(n)
	if dice(s.World.Seed, "part of a person", day.Format(time.DateOnly)).Float64() < n-float64(whole) {
		whole++
	}
	return whole
}

// openHours are the hours of a day that people may come to a store, weighed; false if it is shut all day.
func (s *state) openHours(store string, hours [24]float64, day time.Time) ([24]float64, bool) {
	for i := range s.World.Stores {
		x := &s.World.Stores[i]
		if x.ID != store {
			continue
		}
		if !on(day, x.Days, x.Closed) {
			return hours, false
		}
		from, _ := minutes(x.Open, 9*60)
		to, _ := minutes(x.Close, 21*60)
		var sum float64
		for h := range hours {
			if to > from && ((h+1)*60 <= from || h*60 >= to) {
				hours[h] = 0
			}
			sum += hours[h]
		}
		return hours, sum > 0
	}
	return hours, true
}

// workday returns the first day from day on which the member works.
func (m *Member) workday(day time.Time) time.Time {
	for range 400 { // whoever never works is taken to work
		if on(day, m.Days, m.Off) {
			return day
		}
		day = clock.Day(day.AddDate(0, 0, 1))
	}
	return day
}
