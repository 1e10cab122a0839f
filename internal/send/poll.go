package send

import (
	"context"
	"fmt"
	"sync"
	"time"

	"qunce/internal/pg"
	"qunce/internal/task"
	"qunce/internal/wecom"
)

const (
	pollBatch    = 200
	pollParallel = 8
)

// RunDue reads the results of every send that is due, and returns how many it moved on. Sends are read outside
// transactions; each gets a later time to be asked at, or none, so a run always ends.
func (s *Service) RunDue(ctx context.Context) (int, error) {
	total := 0
	for {
		due, err := dueSends(ctx, s.DB, s.Clock.Now(), pollBatch)
		if err != nil || len(due) == 0 {
			return total, err
		}
		readings := s.readAll(ctx, due)
		if ctx.Err() != nil {
			return total, ctx.Err()
		}
		if err := s.DB.Tx(ctx, func(tx pg.Tx) error { return s.settle(ctx, tx, due, readings) }); err != nil {
			return total, fmt.Errorf("apply results of mass sends: %w", err)
		}
		total += len(due)
	}
}

// Refresh asks about every open send now instead of at its time: for an operator who wants to know, and before books are
// closed.
func (s *Service) Refresh(ctx context.Context) error {
	if _, err := s.DB.Exec(ctx, `UPDATE send_send SET next_poll_at = $1 WHERE state IN ('created','confirmed')`, s.Clock.Now()); err != nil {
		return fmt.Errorf("refresh mass sends: %w", err)
	}
	_, err := s.RunDue(ctx)
	return err
}

// NextDue is when the next send is to be asked about.
func (s *Service) NextDue(ctx context.Context) (time.Time, bool, error) {
	var next *time.Time
	err := s.DB.QueryRow(ctx, `SELECT min(next_poll_at) FROM send_send WHERE state IN ('created','confirmed')`).Scan(&next)
	if err != nil || next == nil {
		return time.Time{}, false, err
	}
	return *next, true, nil
}

func (s *Service) readAll(ctx context.Context, due []send) []reading {
	out := make([]reading, len(due))
	var wg sync.WaitGroup
	slots := make(chan struct{}, pollParallel)
	for i, x := range due {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer wg.Done()
			defer func() { <-slots }()
			out[i] = s.read(ctx, x)
			if out[i].err != nil && !wecom.IsCode(out[i].err, 41063) {
				s.Log.Warn("mass send cannot be read", "send", x.ID, "msgid", x.MsgID, "error", out[i].err)
			}
		}()
	}
	wg.Wait()
	return out
}

// read asks whether the member has confirmed and, if so, who was reached.
func (s *Service) read(ctx context.Context, x send) reading {
	var r reading
	for cursor := ""; ; {
		members, next, err := s.WeCom.GroupMsgTask(ctx, x.MsgID, cursor)
		if err != nil {
			return reading{err: err}
		}
		for _, m := range members {
			if m.UserID == x.UserID && m.Status == 2 {
				r.confirmed, r.confirmedAt = true, moment(m.SendTime)
			}
		}
		if next == "" {
			break
		}
		cursor = next
	}
	if !r.confirmed && x.ConfirmedAt == nil {
		return r
	}
	for cursor := ""; ; {
		sends, next, err := s.WeCom.GroupMsgSendResult(ctx, x.MsgID, x.UserID, cursor)
		if err != nil {
			return reading{err: err}
		}
		for _, d := range sends {
			status := statusOf(d.Status)
			if status == "" {
				continue
			}
			at := moment(d.SendTime)
			r.results = append(r.results, result{to: d.ExternalUserID + d.ChatID, status: status, at: at})
			if status == Reached && !at.IsZero() && (r.confirmedAt.IsZero() || at.Before(r.confirmedAt)) {
				r.confirmedAt = at
			}
		}
		if next == "" {
			return r
		}
		cursor = next
	}
}

func moment(unix int64) time.Time {
	if unix <= 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0)
}

// settle applies a set of readings in one transaction.
func (s *Service) settle(ctx context.Context, tx pg.Tx, due []send, readings []reading) error {
	fpApplyBefore.Hit()
	now := s.Clock.Now()
	var changes []change
	for i, r := range readings {
		for _, one := range r.results {
			changes = append(changes, change{staffID: due[i].StaffID, sendID: due[i].ID, result: one})
		}
	}
	if err := s.apply(ctx, tx, changes); err != nil {
		return err
	}
	counts, err := counts(ctx, tx, due)
	if err != nil {
		return err
	}
	steps := make([]progress, len(due))
	var ended []endedSend
	var recall []flight
	var anew []send
	for i, x := range due {
		p := advance(x, readings[i], counts[key{x.StaffID, x.ID}].pending, now)
		steps[i] = p
		if p.ended() && !p.reissue {
			ended = append(ended, endedSend{StaffID: x.StaffID, ID: x.ID, TaskID: x.TaskID})
		}
		if p.cancel {
			recall = append(recall, flight{x.StaffID, x.ID, x.CauseID})
		}
		if p.reissue {
			anew = append(anew, x)
		}
	}
	if err := saveProgress(ctx, tx, due, steps); err != nil {
		return err
	}
	if err := s.planCancels(ctx, tx, recall); err != nil {
		return err
	}
	if err := s.makeAnew(ctx, tx, anew, now); err != nil {
		return err
	}
	if err := s.dropPending(ctx, tx, ended); err != nil {
		return err
	}
	if err := s.reportTasks(ctx, tx, due); err != nil {
		return err
	}
	fpApplyAfter.Hit()
	return nil
}

// makeAnew plans a send again for those who are still pending in one that was cancelled to take somebody out.
func (s *Service) makeAnew(ctx context.Context, tx pg.Tx, list []send, now time.Time) error {
	if len(list) == 0 {
		return nil
	}
	ids, err := s.IDs.Take(ctx, len(list))
	if err != nil {
		return err
	}
	if err := reissue(ctx, tx, list, ids, now); err != nil {
		return err
	}
	return s.takeOff(ctx, tx)
}

// reportTasks completes the tasks whose sends are all confirmed, and takes back those that have nobody left to send to.
func (s *Service) reportTasks(ctx context.Context, tx pg.Tx, due []send) error {
	standing, err := taskStandings(ctx, tx, due)
	if err != nil {
		return err
	}
	var done []task.Completion
	var off []task.Withdrawal
	for k, t := range standing {
		switch {
		case t.confirmed > 0 && t.open == 0:
			done = append(done, task.Completion{StaffID: k.staff, TaskID: k.id, At: *t.confirmedAt, Proof: task.ByWeCom, Delivered: t.delivered})
		case t.open == 0 && t.withdrawn:
			off = append(off, task.Withdrawal{StaffID: k.staff, TaskID: k.id, Reason: "nobody_reachable"})
		}
	}
	if err := s.Tasks.Complete(ctx, tx, done); err != nil {
		return err
	}
	return s.Tasks.Cancel(ctx, tx, off)
}
