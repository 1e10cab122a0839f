package sop

import (
	"context"
	"fmt"
	"time"

	"qunce/internal/actor"
	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/group"
	"qunce/internal/id"
	"qunce/internal/media"
	"qunce/internal/order"
	"qunce/internal/pg"
	"qunce/internal/send"
	"qunce/internal/task"
	"qunce/internal/touch"
)

// Deps are what the service works with.
type Deps struct {
	DB        *pg.DB
	IDs       *id.Source
	Clock     clock.Clock // the corp's
	Events    *event.Bus
	Audit     *audit.Log
	Customers Customers
	Groups    Groups
	Directory Directory
	Touch     *touch.Service
	Tasks     *task.Service
	Sends     *send.Service
	Media     *media.Service
}

// Service is the use cases.
type Service struct{ Deps }

// New returns the service and subscribes it to what starts and ends runs and steps.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	d.Events.Subscribe("sop.start", s.onStart, customer.Added, group.Created)
	d.Events.Subscribe("sop.exit", s.onExit, customer.Ended, customer.OptedOut, order.Placed, group.Dissolved)
	d.Events.Subscribe("sop.task", s.onTaskEnd, task.Ends()...)
	d.Events.Subscribe("sop.delivered", s.onDelivered, send.WasDelivered)
	return s
}

var (
	fpStartBefore = failpoint.New("sop.start.before")
	fpStartAfter  = failpoint.New("sop.start.after")
	fpWorkBefore  = failpoint.New("sop.work.before")
	fpWorkTouched = failpoint.New("sop.work.touched")
	fpWorkAfter   = failpoint.New("sop.work.after")
	fpEndBefore   = failpoint.New("sop.end.before")
)

// EnsureTemplates makes the built-in plans that are missing, as drafts. Plans that exist are left as the operator has them.
func (s *Service) EnsureTemplates(ctx context.Context) error {
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		for _, t := range Templates() {
			planID, err := s.IDs.Next(ctx)
			if err != nil {
				return err
			}
			made, err := insertPlan(ctx, tx, planID, t, s.Clock.Now())
			if err != nil || !made {
				if err != nil {
					return err
				}
				continue
			}
			if err := insertVersion(ctx, tx, planID, 1, t.Definition, "内置模板", "群策", s.Clock.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Activate puts a plan to work by its code: a plan of customers from the next new friend on, a plan of groups for the
// living groups of all stores at once. Doing it twice is the same as once. Errors: NotFound "sop.not_found".
func (s *Service) Activate(ctx context.Context, code string) error {
	p, err := planByCode(ctx, s.DB, code)
	if err != nil {
		return err
	}
	return s.Resume(ctx, p.ID)
}

// Resume puts a draft or paused plan to work; see Activate.
func (s *Service) Resume(ctx context.Context, planID int64) error {
	if err := s.setState(ctx, planID, Active, "sop.resume"); err != nil {
		return err
	}
	p, err := planByID(ctx, s.DB, planID)
	if err != nil || p.Subject != OfGroup {
		return err
	}
	stores, err := s.Directory.Stores(ctx, s.DB)
	if err != nil {
		return err
	}
	ids := make([]int64, len(stores))
	for i, x := range stores {
		ids[i] = x.ID
	}
	open, err := s.Groups.OpenByStores(ctx, s.DB, ids)
	if err != nil {
		return err
	}
	var groups []int64
	for _, list := range open {
		for _, g := range list {
			groups = append(groups, g.ID)
		}
	}
	return s.StartGroups(ctx, groups)
}

// Pause stops a plan: its due rows wait. Tasks that staff already have stay theirs.
func (s *Service) Pause(ctx context.Context, planID int64) error {
	return s.setState(ctx, planID, Paused, "sop.pause")
}

func (s *Service) setState(ctx context.Context, planID int64, to PlanState, action string) error {
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		p, err := planByID(ctx, tx, planID)
		if err != nil || p.State == to {
			return err
		}
		if to == Paused && p.State == Draft {
			return errs.E(errs.Conflict, "sop.not_active", "plan %d is a draft", planID)
		}
		if _, err := tx.Exec(ctx, `UPDATE sop_plan SET state = $2 WHERE id = $1`, planID, string(to)); err != nil {
			return fmt.Errorf("set state of plan %d: %w", planID, err)
		}
		return s.Audit.Record(ctx, tx, s.Clock.Now(), action, fmt.Sprintf("sop/%d", planID), map[string]string{"code": p.Code, "from": string(p.State)})
	})
}

// Publish makes the next version of a plan. Runs of customers keep the version they began with; those of groups, which
// may have no end, end with the days already planned and go on under the new version. Errors: NotFound "sop.not_found",
// Invalid "sop.…" of Check.
func (s *Service) Publish(ctx context.Context, planID int64, steps []Step, note string) (version int, err error) {
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		p, err := planByID(ctx, tx, planID)
		if err != nil {
			return err
		}
		settings, err := s.Touch.Settings(ctx, tx)
		if err != nil {
			return err
		}
		d := Definition{Header: p.Definition.Header, Steps: inherit(p.Definition, steps)}
		if err := Check(p.Subject, d, settings); err != nil {
			return err
		}
		for i, x := range d.Steps {
			if err := s.Media.Check(ctx, tx, fmt.Sprintf("steps.%d.parts", i), x.Parts); err != nil {
				return err
			}
		}
		now := s.Clock.Now()
		version = p.Version + 1
		tag, err := tx.Exec(ctx, `UPDATE sop_plan SET version = $2 WHERE id = $1 AND version = $3`, planID, version, p.Version)
		if err != nil {
			return fmt.Errorf("publish plan %d: %w", planID, err)
		}
		if tag.RowsAffected() == 0 {
			return errs.E(errs.Conflict, "sop.published_meanwhile", "plan %d has a newer version", planID)
		}
		if err := insertVersion(ctx, tx, planID, version, d, note, actor.From(ctx).Name, now); err != nil {
			return err
		}
		if p.Subject == OfGroup {
			if err := s.moveRuns(ctx, tx, p, version, now); err != nil {
				return err
			}
		}
		return s.Audit.Record(ctx, tx, now, "sop.publish", fmt.Sprintf("sop/%d", planID), map[string]any{"code": p.Code, "version": version, "note": note})
	})
	return version, err
}

// inherit fills what an editor may leave out of a step with what the same step said before.
func inherit(before Definition, steps []Step) []Step {
	out := make([]Step, len(steps))
	for i, x := range steps {
		if old, ok := before.step(x.Key); ok {
			if x.Weekdays == nil {
				x.Weekdays = old.Weekdays
			}
			if x.LateHours == 0 && x.Late == old.Late {
				x.LateHours = old.LateHours
			}
			if x.Links == nil {
				x.Links = old.Links
			}
			if x.Parts == nil {
				x.Parts = old.Parts
			}
		}
		if x.Time == "" {
			x.Time = x.Window.From
		}
		out[i] = x
	}
	return out
}

// Part lists a customer's runs for their page, newest first.
func (s *Service) Part(ctx context.Context, customerID int64) ([]customer.SOPPart, error) {
	return s.runs(ctx, persons, customerID)
}

// GroupPart lists a group's runs for its page, newest first.
func (s *Service) GroupPart(ctx context.Context, groupID int64) ([]customer.SOPPart, error) {
	return s.runs(ctx, rooms, groupID)
}

func (s *Service) runs(ctx context.Context, b book, subject int64) ([]customer.SOPPart, error) {
	rows, err := b.runsOf(ctx, s.DB, subject)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	out := []customer.SOPPart{}
	for _, r := range rows {
		v := customer.SOPPart{RunID: r.id, PlanName: r.planName, Version: r.version, Day: dayOf(r.anchor, now), State: r.state}
		if r.endedAt != nil {
			v.Day = dayOf(r.anchor, *r.endedAt)
		}
		if r.nextKey != nil {
			title := stepOf(*r.nextKey)
			if step, ok := r.definition.step(title); ok {
				title = step.Title
			}
			v.NextStep, v.NextAt = &title, r.nextAt
		}
		out = append(out, v)
	}
	return out, nil
}

// NextDue is when RunDue would next find something to do.
func (s *Service) NextDue(ctx context.Context) (time.Time, bool, error) {
	at, err := nextDue(ctx, s.DB)
	if err != nil || at == nil {
		return time.Time{}, false, err
	}
	return *at, true, nil
}
