package sop

import (
	"context"
	"time"

	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/event"
	"qunce/internal/pg"
)

const (
	// freshness is how old a beginning may be to start a run: a first sync that finds thousands of old friends must not
	// greet them as new ones.
	freshness = 24 * time.Hour
	// pauseBetween is how long a person is left alone by a plan they have been through.
	pauseBetween = 90 * 24 * time.Hour
)

// beginning is a run to be made.
type beginning struct {
	subject, staff, store, cause int64
	anchor                       time.Time
}

// onStart starts runs for new friends and new groups.
func (s *Service) onStart(ctx context.Context, tx pg.Tx, evs []event.Event) error {
	oldest := s.Clock.Now().Add(-freshness)
	var people, groups []beginning
	seen := map[int64]bool{}
	for _, e := range evs {
		switch {
		case e.Kind == customer.Added && e.CustomerID != 0 && e.StaffID != 0 && !seen[e.CustomerID] && e.At.After(oldest):
			seen[e.CustomerID] = true
			people = append(people, beginning{subject: e.CustomerID, staff: e.StaffID, store: e.StoreID, cause: e.CauseID, anchor: e.At})
		case e.Kind != customer.Added && e.GroupID != 0:
			groups = append(groups, beginning{subject: e.GroupID, staff: e.StaffID, store: e.StoreID, cause: e.CauseID, anchor: s.Clock.Now()})
		}
	}
	if err := s.start(ctx, tx, OfCustomer, people); err != nil {
		return err
	}
	return s.start(ctx, tx, OfGroup, groups)
}

// startBatch bounds a transaction of StartGroups.
const startBatch = 1000

// StartGroups starts the active plans of groups for these groups; a group that goes through a plan already is left alone.
func (s *Service) StartGroups(ctx context.Context, groupIDs []int64) error {
	for len(groupIDs) > 0 {
		n := min(len(groupIDs), startBatch)
		batch := groupIDs[:n]
		groupIDs = groupIDs[n:]
		cause, err := s.IDs.Next(ctx)
		if err != nil {
			return err
		}
		err = s.DB.Tx(ctx, func(tx pg.Tx) error {
			known, err := s.Groups.ByIDs(ctx, tx, batch)
			if err != nil {
				return err
			}
			now := s.Clock.Now()
			list := make([]beginning, 0, len(batch))
			for _, g := range batch {
				if r, ok := known[g]; ok {
					list = append(list, beginning{subject: g, staff: r.OwnerID, store: r.StoreID, cause: cause, anchor: now})
				}
			}
			return s.start(ctx, tx, OfGroup, list)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// start begins the active plans of a kind of subject: the runs in one statement, their due rows in another.
func (s *Service) start(ctx context.Context, tx pg.Tx, subject Subject, list []beginning) error {
	if len(list) == 0 {
		return nil
	}
	plans, err := activePlans(ctx, tx, subject)
	if err != nil {
		return err
	}
	fpStartBefore.Hit()
	b := bookOf(subject)
	now := s.Clock.Now()
	var evs []event.Event
	for _, p := range plans {
		ids, err := s.IDs.Take(ctx, len(list))
		if err != nil {
			return err
		}
		through := clock.Day(now).AddDate(0, 0, 1)
		made, err := b.insertRuns(ctx, tx, p, list, ids, through)
		if err != nil {
			return err
		}
		var due []dueRow
		for i, x := range list {
			if !made[ids[i]] {
				continue
			}
			slots := p.Definition.personSlots(x.anchor)
			if subject == OfGroup {
				slots = append(p.Definition.groupSlots(now, now), p.Definition.groupSlots(through, now)...)
			}
			for _, w := range slots {
				due = append(due, dueRow{subject: x.subject, run: ids[i], key: w.key, plan: p.ID, version: p.Version, staff: x.staff, store: x.store,
					due: w.due, end: w.end, day: w.day, cause: x.cause})
			}
			evs = append(evs, runEvent(Started, subject, p, x.subject, ids[i], p.Version, x.staff, x.store, "", now, x.cause))
		}
		if err := b.insertDue(ctx, tx, due); err != nil {
			return err
		}
	}
	if err := s.Events.Publish(ctx, tx, evs...); err != nil {
		return err
	}
	fpStartAfter.Hit()
	return nil
}

func runEvent(kind event.Kind, subject Subject, p Plan, who, run int64, version int, staff, store int64, reason string, now time.Time, cause int64) event.Event {
	e := event.Event{Kind: kind, At: now, StaffID: staff, StoreID: store, CauseID: cause,
		Data: Data{RunID: run, PlanID: p.ID, Code: p.Code, PlanName: p.Name, Version: version, Reason: reason}}
	if subject == OfGroup {
		e.GroupID = who
	} else {
		e.CustomerID = who
	}
	return e
}

// planAhead lays out the next day of every group's run that is not laid out yet. Days that passed while nobody worked
// are left out.
func (s *Service) planAhead(ctx context.Context) (int, error) {
	total := 0
	for {
		n := 0
		err := s.DB.Tx(ctx, func(tx pg.Tx) error {
			now := s.Clock.Now()
			today := clock.Day(now)
			tomorrow := today.AddDate(0, 0, 1)
			runs, err := shortRuns(ctx, tx, today, startBatch)
			if err != nil || len(runs) == 0 {
				n = 0
				return err
			}
			n = len(runs)
			definitions := definitions{}
			var due []dueRow
			for _, r := range runs {
				d, err := definitions.get(ctx, tx, r.plan, r.version)
				if err != nil {
					return err
				}
				for day := later(r.through.AddDate(0, 0, 1), today); !day.After(tomorrow); day = day.AddDate(0, 0, 1) {
					if d.Header.LengthDays > 0 && dayOf(r.anchor, day) > d.Header.LengthDays {
						break
					}
					for _, w := range d.groupSlots(day, now) {
						due = append(due, dueRow{subject: r.subject, run: r.id, key: w.key, plan: r.plan, version: r.version, staff: r.staff, store: r.store,
							due: w.due, end: w.end, day: w.day, cause: r.cause})
					}
				}
			}
			if err := rooms.insertDue(ctx, tx, due); err != nil {
				return err
			}
			return savePlanned(ctx, tx, runs, tomorrow)
		})
		total += n
		if err != nil || n < startBatch {
			return total, err
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// moveRuns ends the runs of a group's plan that follow an older version, and begins new ones where their planned days end.
func (s *Service) moveRuns(ctx context.Context, tx pg.Tx, p Plan, version int, now time.Time) error {
	old, err := endForVersion(ctx, tx, p.ID, version, now)
	if err != nil || len(old) == 0 {
		return err
	}
	ids, err := s.IDs.Take(ctx, len(old))
	if err != nil {
		return err
	}
	return insertMoved(ctx, tx, old, ids, version)
}
