package sop

import (
	"context"
	"time"

	"qunce/internal/customer"
	"qunce/internal/event"
	"qunce/internal/group"
	"qunce/internal/order"
	"qunce/internal/pg"
	"qunce/internal/send"
	"qunce/internal/task"
	"qunce/internal/touch"
)

// exit ends a subject's running runs. staff 0 means whoever looks after it; a run that began after at is left alone.
type exit struct {
	subject, staff int64
	at             time.Time
	reason         string
}

// onExit ends runs: the friendship ended, the person opted out or bought, the group is gone.
func (s *Service) onExit(ctx context.Context, tx pg.Tx, evs []event.Event) error {
	var people, groups []exit
	var optedOut []int64
	var lost []friendship
	for _, e := range evs {
		switch e.Kind {
		case customer.Ended:
			people = append(people, exit{e.CustomerID, e.StaffID, e.At, ExitLost})
			lost = append(lost, friendship{e.CustomerID, e.StaffID})
		case customer.OptedOut:
			people = append(people, exit{e.CustomerID, 0, e.At, ExitOptedOut})
			optedOut = append(optedOut, e.CustomerID)
		case order.Placed:
			if e.CustomerID != 0 {
				people = append(people, exit{e.CustomerID, 0, e.At, ExitBought})
			}
		case group.Dissolved:
			groups = append(groups, exit{e.GroupID, 0, e.At, ExitDissolved})
		}
	}
	if err := s.exit(ctx, tx, OfCustomer, people); err != nil {
		return err
	}
	if err := s.exit(ctx, tx, OfGroup, groups); err != nil {
		return err
	}
	return s.takeBack(ctx, tx, optedOut, lost)
}

func (s *Service) exit(ctx context.Context, tx pg.Tx, subject Subject, list []exit) error {
	if len(list) == 0 {
		return nil
	}
	fpEndBefore.Hit()
	b := bookOf(subject)
	now := s.Clock.Now()
	ended, err := b.endRuns(ctx, tx, list, now)
	if err != nil || len(ended) == 0 {
		return err
	}
	if err := b.cancelWaiting(ctx, tx, ended, now); err != nil {
		return err
	}
	return s.publishEnds(ctx, tx, subject, ended, now)
}

func (s *Service) publishEnds(ctx context.Context, tx pg.Tx, subject Subject, ended []endedRun, now time.Time) error {
	if len(ended) == 0 {
		return nil
	}
	plans, err := planNames(ctx, tx)
	if err != nil {
		return err
	}
	evs := make([]event.Event, 0, len(ended))
	for _, r := range ended {
		evs = append(evs, runEvent(Ended, subject, plans[r.plan], r.subject, r.run, r.version, r.staff, r.store, r.reason, now, r.cause))
	}
	return s.Events.Publish(ctx, tx, evs...)
}

// friendship is a customer and the member of staff who looks after them.
type friendship struct{ customer, staff int64 }

// takeBack withdraws what staff already have for people who must not get it any more: their own tasks, and, after an
// opt-out, their place on lists and in mass sends that were not confirmed.
func (s *Service) takeBack(ctx context.Context, tx pg.Tx, optedOut []int64, lost []friendship) error {
	if len(optedOut) == 0 && len(lost) == 0 {
		return nil
	}
	about := append([]int64(nil), optedOut...)
	out, gone := map[int64]bool{}, map[friendship]bool{}
	for _, c := range optedOut {
		out[c] = true
	}
	for _, f := range lost {
		gone[f] = true
		about = append(about, f.customer)
	}
	open, err := s.Tasks.OpenAbout(ctx, tx, about)
	if err != nil {
		return err
	}
	var off []task.Withdrawal
	for _, t := range open {
		switch {
		case out[t.CustomerID]:
			off = append(off, task.Withdrawal{StaffID: t.StaffID, TaskID: t.ID, Reason: touch.OptedOut})
		case gone[friendship{t.CustomerID, t.StaffID}]:
			off = append(off, task.Withdrawal{StaffID: t.StaffID, TaskID: t.ID, Reason: touch.NoRelation})
		}
	}
	if err := s.Tasks.Cancel(ctx, tx, off); err != nil || len(optedOut) == 0 {
		return err
	}
	if err := s.Tasks.DropPeople(ctx, tx, optedOut); err != nil {
		return err
	}
	return s.Sends.Withdraw(ctx, tx, optedOut)
}

// onTaskEnd carries the ends of tasks to the due rows behind them, settles the touches of messages that only the client
// vouches for, and finishes runs that have nothing left to do.
func (s *Service) onTaskEnd(ctx context.Context, tx pg.Tx, evs []event.Event) error {
	var ends []taskEnd
	for _, e := range evs {
		d, ok := e.Data.(task.Data)
		if !ok || d.PlanID == 0 {
			continue
		}
		x := taskEnd{task: d.TaskID, state: string(d.State), reason: d.Reason, at: e.At, byClient: !d.Kind.ConfirmedInWeCom()}
		if d.DoneAt != nil {
			x.at = *d.DoneAt
		}
		ends = append(ends, x)
	}
	if len(ends) == 0 {
		return nil
	}
	for _, subject := range []Subject{OfCustomer, OfGroup} {
		b := bookOf(subject)
		rows, err := b.closeDue(ctx, tx, ends)
		if err != nil {
			return err
		}
		var settled []touch.Outcome
		for _, r := range rows {
			if !r.byClient || r.touch == 0 {
				continue
			}
			o := touch.Outcome{TouchID: r.touch, Outcome: touch.Released}
			if r.state == string(task.Done) || r.state == string(task.Late) {
				o.Outcome, o.At = touch.Delivered, r.at
			}
			if subject == OfGroup {
				o.GroupID = r.subject
			} else {
				o.CustomerID = r.subject
			}
			settled = append(settled, o)
		}
		if err := s.Touch.Settle(ctx, tx, settled); err != nil {
			return err
		}
		if err := s.finish(ctx, tx, subject, runsOf(rows)); err != nil {
			return err
		}
	}
	return nil
}

// finish ends the customers' runs among these that have no step left. A group's run goes on with the next day.
func (s *Service) finish(ctx context.Context, tx pg.Tx, subject Subject, runs []runKey) error {
	if subject == OfGroup || len(runs) == 0 {
		return nil
	}
	now := s.Clock.Now()
	ended, err := persons.finishRuns(ctx, tx, runs, now)
	if err != nil {
		return err
	}
	return s.publishEnds(ctx, tx, subject, ended, now)
}

// onDelivered notes at the due row that its message arrived.
func (s *Service) onDelivered(ctx context.Context, tx pg.Tx, evs []event.Event) error {
	var people, groups []delivery
	for _, e := range evs {
		d, ok := e.Data.(send.Data)
		if !ok || d.TaskID == 0 {
			continue
		}
		if e.GroupID != 0 {
			groups = append(groups, delivery{e.GroupID, d.TaskID, e.At})
		} else {
			people = append(people, delivery{e.CustomerID, d.TaskID, e.At})
		}
	}
	if err := persons.delivered(ctx, tx, people); err != nil {
		return err
	}
	return rooms.delivered(ctx, tx, groups)
}
