package send

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"qunce/internal/clock"
	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/id"
	"qunce/internal/media"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/task"
	"qunce/internal/touch"
	"qunce/internal/wecom"
)

// Deps are what the service works with.
type Deps struct {
	DB     *pg.DB
	IDs    *id.Source
	Clock  clock.Clock // the corp's, which is WeCom's
	Events *event.Bus
	Outbox *outbox.Outbox
	WeCom  *wecom.Client
	Tasks  *task.Service
	Touch  *touch.Service
	Media  *media.Service
	Log    *slog.Logger
}

// Service is the use cases.
type Service struct{ Deps }

// New returns the service, registers its calls with the outbox and takes over reminding of mass-send tasks.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	s.registerCalls()
	d.Tasks.RemindWith(s.remind)
	d.Events.Subscribe("send.task_off", s.onTaskOff, task.WasSkipped, task.WasCancelled)
	return s
}

var (
	fpPlanBefore  = failpoint.New("send.plan.before")
	fpPlanAfter   = failpoint.New("send.plan.after")
	fpApplyBefore = failpoint.New("send.apply.before")
	fpApplyAfter  = failpoint.New("send.apply.after")
)

// Plan makes mass sends in tx; one whose (StaffID, Key) exists is left alone. WeCom is called after the commit.
func (s *Service) Plan(ctx context.Context, tx pg.Tx, list []NewSend) error {
	if len(list) == 0 {
		return nil
	}
	fpPlanBefore.Hit()
	var rows []row
	for _, n := range list {
		if n.StaffID == 0 || n.UserID == "" || n.Key == "" || n.CauseID == 0 || len(n.Recipients) == 0 {
			return fmt.Errorf("send %q of staff %d: no sender, key, cause or recipients", n.Key, n.StaffID)
		}
		if n.CloseAt.IsZero() {
			n.CloseAt = n.WindowEnd.Add(Patience)
		}
		print, err := fingerprint(n.UserID, n.ChatType, n.Content)
		if err != nil {
			return err
		}
		for i, part := range chunks(n.ChatType, n.Recipients) {
			r := row{NewSend: n, fingerprint: print}
			r.Recipients = part
			if i > 0 {
				r.Key = fmt.Sprintf("%s#%d", n.Key, i+1)
			}
			rows = append(rows, r)
		}
	}
	ids, err := s.IDs.Take(ctx, len(rows))
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].id = ids[i]
	}
	if err := insert(ctx, tx, rows, s.Clock.Now()); err != nil {
		return err
	}
	if err := s.takeOff(ctx, tx); err != nil {
		return err
	}
	fpPlanAfter.Hit()
	return nil
}

// takeOff plans the calls of sends whose fingerprint is free.
func (s *Service) takeOff(ctx context.Context, tx pg.Tx) error {
	flights, err := claimFlights(ctx, tx)
	if err != nil || len(flights) == 0 {
		return err
	}
	now := s.Clock.Now()
	plans := make([]outbox.Plan, len(flights))
	for i, f := range flights {
		plans[i] = outbox.Plan{Key: fmt.Sprintf("send/%d", f.ID), Kind: createKind, Entity: fmt.Sprintf("staff/%d", f.StaffID), CauseID: f.CauseID,
			Payload: payload{StaffID: f.StaffID, SendID: f.ID, At: now}}
	}
	return s.Outbox.Plan(ctx, tx, plans...)
}

// Withdraw takes customers out of every mass send that was not confirmed yet: their touches are released, a send that
// WeCom already has is cancelled and made anew for the others. A confirmation in the same moment wins, and is recorded as
// the delivery it was.
func (s *Service) Withdraw(ctx context.Context, tx pg.Tx, customerIDs []int64) error {
	out, err := withdraw(ctx, tx, customerIDs)
	if err != nil || len(out) == 0 {
		return err
	}
	released := make([]touch.Outcome, 0, len(out))
	sends := map[flight]bool{}
	for _, w := range out {
		released = append(released, touch.Outcome{CustomerID: w.customerID, TouchID: w.touchID, Outcome: touch.Released})
		sends[flight{w.staffID, w.sendID, w.causeID}] = true
	}
	if err := s.Touch.Settle(ctx, tx, released); err != nil {
		return err
	}
	keys := make([]flight, 0, len(sends))
	for f := range sends {
		keys = append(keys, f)
	}
	created, err := markReissue(ctx, tx, keys)
	if err != nil {
		return err
	}
	return s.planCancels(ctx, tx, created)
}

// onTaskOff takes back the sends of tasks that were skipped or cancelled: those that WeCom does not know yet lose their
// recipients, the others are cancelled there.
func (s *Service) onTaskOff(ctx context.Context, tx pg.Tx, evs []event.Event) error {
	var tasks []key
	for _, e := range evs {
		if d, ok := e.Data.(task.Data); ok && d.Kind.ConfirmedInWeCom() {
			tasks = append(tasks, key{e.StaffID, d.TaskID})
		}
	}
	planned, created, err := openSendsOf(ctx, tx, tasks)
	if err != nil {
		return err
	}
	if err := s.dropPending(ctx, tx, planned); err != nil {
		return err
	}
	return s.planCancels(ctx, tx, created)
}

func (s *Service) planCancels(ctx context.Context, tx pg.Tx, list []flight) error {
	plans := make([]outbox.Plan, len(list))
	for i, f := range list {
		plans[i] = outbox.Plan{Key: fmt.Sprintf("send.cancel/%d", f.ID), Kind: cancelKind, Entity: fmt.Sprintf("staff/%d", f.StaffID), CauseID: f.CauseID,
			Payload: payload{StaffID: f.StaffID, SendID: f.ID}}
	}
	return s.Outbox.Plan(ctx, tx, plans...)
}

// remind has WeCom remind the sender of a task's unconfirmed sends, at most once an hour.
func (s *Service) remind(ctx context.Context, tx pg.Tx, t task.Task) (bool, error) {
	open, err := sendsOfTask(ctx, tx, t.StaffID, t.ID, Created)
	if err != nil || len(open) == 0 {
		return false, err
	}
	hour := s.Clock.Now().Truncate(time.Hour).Unix()
	plans := make([]outbox.Plan, len(open))
	for i, x := range open {
		plans[i] = outbox.Plan{Key: fmt.Sprintf("send.remind/%d/%d", x.ID, hour), Kind: remindKind, Entity: fmt.Sprintf("staff/%d", x.StaffID), CauseID: x.CauseID,
			Payload: payload{StaffID: x.StaffID, SendID: x.ID}}
	}
	return true, s.Outbox.Plan(ctx, tx, plans...)
}
