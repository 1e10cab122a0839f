package task

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/id"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Deps are what the service works with.
type Deps struct {
	DB        *pg.DB
	IDs       *id.Source
	Clock     clock.Clock // the corp's
	Events    *event.Bus
	Outbox    *outbox.Outbox
	WeCom     *wecom.Client
	Audit     *audit.Log
	Directory Directory
	Log       *slog.Logger
	PublicURL string // where staff pages live, for the button of a reminder
}

// Reminder reminds the member of staff of a task in its own way, by a call planned in tx; ok is false when it cannot.
type Reminder func(ctx context.Context, tx pg.Tx, t Task) (ok bool, err error)

// Service is the use cases.
type Service struct {
	Deps
	reminder Reminder
}

// New returns the service and registers its calls with the outbox.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	s.registerReminder()
	return s
}

// RemindWith hands reminding of tasks that are confirmed in WeCom to the feature that made them. It is called while the
// services are wired.
func (s *Service) RemindWith(r Reminder) { s.reminder = r }

var (
	fpCreateBefore   = failpoint.New("task.create.before")
	fpCreateAfter    = failpoint.New("task.create.after")
	fpCompleteBefore = failpoint.New("task.complete.before")
	fpCompleteAfter  = failpoint.New("task.complete.after")
	fpCloseBefore    = failpoint.New("task.close.before")
)

// Create makes tasks in tx and returns their ids in order. A task whose (StaffID, Key) exists is left alone and its id
// returned.
func (s *Service) Create(ctx context.Context, tx pg.Tx, list []NewTask) ([]int64, error) {
	if len(list) == 0 {
		return nil, nil
	}
	fpCreateBefore.Hit()
	for i, t := range list {
		if t.StaffID == 0 || t.Key == "" || t.CauseID == 0 || t.WindowEnd.Before(t.DueAt) {
			return nil, fmt.Errorf("task %q of staff %d: no owner, key or cause, or a window that ends before it begins", t.Key, t.StaffID)
		}
		if t.CloseAt.IsZero() {
			list[i].CloseAt = t.WindowEnd.Add(Grace)
		}
	}
	ids, err := s.IDs.Take(ctx, len(list))
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	made, err := insert(ctx, tx, list, ids, now)
	if err != nil {
		return nil, err
	}
	var evs []event.Event
	var missing []int
	for i, t := range list {
		if !made[ids[i]] {
			missing = append(missing, i)
			continue
		}
		evs = append(evs, event.Event{Kind: Created, At: now, CustomerID: t.CustomerID, GroupID: t.GroupID, StaffID: t.StaffID, StoreID: t.StoreID, CauseID: t.CauseID,
			Data: Data{TaskID: ids[i], Kind: t.Kind, Title: t.Title, PlanID: t.PlanID, StepKey: t.StepKey, State: Open, Proof: NoProof, Recipients: t.Recipients}})
	}
	if len(missing) > 0 {
		known, err := idsByKey(ctx, tx, list, missing)
		if err != nil {
			return nil, err
		}
		for _, i := range missing {
			ids[i] = known[staffKey{list[i].StaffID, list[i].Key}]
		}
	}
	if err := s.Events.Publish(ctx, tx, evs...); err != nil {
		return nil, err
	}
	fpCreateAfter.Hit()
	return ids, nil
}

// Complete reports tasks as done in tx: inside the window they become done, after it late. A missed task may still be
// completed, since WeCom's report comes later than the deed; skipped and cancelled ones stay as they are.
func (s *Service) Complete(ctx context.Context, tx pg.Tx, list []Completion) error {
	if len(list) == 0 {
		return nil
	}
	fpCompleteBefore.Hit()
	ended, err := complete(ctx, tx, list)
	if err != nil {
		return err
	}
	if err := s.publishEnds(ctx, tx, ended); err != nil {
		return err
	}
	fpCompleteAfter.Hit()
	return nil
}

// Skip ends an open task of a member of staff with a reason of SkipReasons. Errors: NotFound "task.not_found", Conflict
// "task.ended", Invalid "task.bad_reason".
func (s *Service) Skip(ctx context.Context, staffID, taskID int64, reason, note string) error {
	known := false
	for _, r := range SkipReasons() {
		known = known || r == reason
	}
	if !known {
		return errs.E(errs.Invalid, "task.bad_reason", "reason %q", reason).On("reason")
	}
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		t, err := one(ctx, tx, staffID, taskID)
		if err != nil {
			return err
		}
		if t.State != Open {
			return errs.E(errs.Conflict, "task.ended", "task %d is %s", taskID, t.State)
		}
		now := s.Clock.Now()
		ended, err := end(ctx, tx, Skipped, []Withdrawal{{staffID, taskID, reason}}, now)
		if err != nil {
			return err
		}
		if err := s.Audit.Record(ctx, tx, now, "task.skip", fmt.Sprintf("task/%d", taskID), map[string]string{"reason": reason, "note": note}); err != nil {
			return err
		}
		return s.publishEnds(ctx, tx, ended)
	})
}

// Sent completes a sidebar or todo task on the word of the client. Doing it twice is the same as once. Errors: NotFound
// "task.not_found", Conflict "task.confirm_in_wecom" for a mass send, Conflict "task.ended" for one that is over.
func (s *Service) Sent(ctx context.Context, staffID, taskID int64) error {
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		t, err := one(ctx, tx, staffID, taskID)
		if err != nil {
			return err
		}
		switch {
		case t.Kind.ConfirmedInWeCom():
			return errs.E(errs.Conflict, "task.confirm_in_wecom", "a mass send is proven by WeCom's report")
		case t.State == Done || t.State == Late:
			return nil
		case t.State != Open:
			return errs.E(errs.Conflict, "task.ended", "task %d is %s", taskID, t.State)
		}
		return s.Complete(ctx, tx, []Completion{{StaffID: staffID, TaskID: taskID, At: s.Clock.Now(), Proof: ByClient, Delivered: t.Recipients}})
	})
}

// Cancel takes open tasks back in tx; others are left alone.
func (s *Service) Cancel(ctx context.Context, tx pg.Tx, list []Withdrawal) error {
	if len(list) == 0 {
		return nil
	}
	ended, err := end(ctx, tx, Cancelled, list, s.Clock.Now())
	if err != nil {
		return err
	}
	return s.publishEnds(ctx, tx, ended)
}

// DropPeople takes customers off the lists of open todo tasks in tx; a list that becomes empty is cancelled.
func (s *Service) DropPeople(ctx context.Context, tx pg.Tx, customerIDs []int64) error {
	empty, err := dropPeople(ctx, tx, customerIDs)
	if err != nil {
		return err
	}
	return s.Cancel(ctx, tx, empty)
}

// OpenAbout finds the open sidebar tasks that are about these customers alone.
func (s *Service) OpenAbout(ctx context.Context, q pg.Querier, customerIDs []int64) ([]Task, error) {
	return find(ctx, q, ` WHERE state = 'open' AND customer_id = ANY($1) AND customer_id <> 0`, customerIDs)
}

// OfStaff lists a member of staff's tasks of a business day and those of earlier days that are still open, first due first.
func (s *Service) OfStaff(ctx context.Context, q pg.Querier, staffID int64, day time.Time) ([]Task, error) {
	return find(ctx, q, ` WHERE staff_id = $1 AND (day = $2::date OR state = 'open' AND day < $2::date) ORDER BY due_at, id LIMIT 500`, staffID, clock.Day(day))
}

// ByCause returns the tasks that one cause led to, by when they are due, at most limit.
func (s *Service) ByCause(ctx context.Context, q pg.Querier, causeID int64, limit int) ([]Task, error) {
	return find(ctx, q, ` WHERE cause_id = $1 ORDER BY due_at, id LIMIT $2`, causeID, limit)
}

// Get returns one task of a member of staff, or NotFound "task.not_found".
func (s *Service) Get(ctx context.Context, q pg.Querier, staffID, taskID int64) (Task, error) {
	return one(ctx, q, staffID, taskID)
}

// PeopleActions counts the one-to-one sidebar tasks that members of staff were given on a business day.
func (s *Service) PeopleActions(ctx context.Context, q pg.Querier, staffIDs []int64, day time.Time) (map[int64]int, error) {
	return peopleActions(ctx, q, staffIDs, clock.Day(day))
}

// closeBatch is how many tasks one transaction closes.
const closeBatch = 2000

// RunDue marks the open tasks as missed that nobody needs to do any more, and returns how many.
func (s *Service) RunDue(ctx context.Context) (int, error) {
	total := 0
	for {
		n := 0
		err := s.DB.Tx(ctx, func(tx pg.Tx) error {
			fpCloseBefore.Hit()
			now := s.Clock.Now()
			ended, err := miss(ctx, tx, now, closeBatch)
			if err != nil {
				return err
			}
			n = len(ended)
			return s.publishEnds(ctx, tx, ended)
		})
		total += n
		if err != nil || n < closeBatch {
			return total, err
		}
	}
}

// NextDue is when the next open task closes.
func (s *Service) NextDue(ctx context.Context) (time.Time, bool, error) {
	var at *time.Time
	if err := s.DB.QueryRow(ctx, `SELECT min(close_at) FROM task_task WHERE state = 'open'`).Scan(&at); err != nil || at == nil {
		return time.Time{}, false, err
	}
	return *at, true, nil
}

func (s *Service) publishEnds(ctx context.Context, tx pg.Tx, ended []Task) error {
	kinds := map[State]event.Kind{Done: WasDone, Late: WasLate, Skipped: WasSkipped, Missed: WasMissed, Cancelled: WasCancelled}
	now := s.Clock.Now()
	evs := make([]event.Event, 0, len(ended))
	for _, t := range ended {
		evs = append(evs, event.Event{Kind: kinds[t.State], At: now, CustomerID: t.CustomerID, GroupID: t.GroupID, StaffID: t.StaffID, StoreID: t.StoreID, CauseID: t.CauseID,
			Data: Data{TaskID: t.ID, Kind: t.Kind, Title: t.Title, PlanID: t.PlanID, StepKey: t.StepKey, State: t.State, Proof: t.Proof,
				Recipients: t.Recipients, Delivered: t.Delivered, Reason: t.SkipReason, DoneAt: t.DoneAt}})
	}
	return s.Events.Publish(ctx, tx, evs...)
}
