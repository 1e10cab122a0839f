package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/failpoint"
	"qunce/internal/pg"
)

var (
	fpClaimBefore  = failpoint.New("outbox.claim.before")
	fpCallBefore   = failpoint.New("outbox.call.before")
	fpCallAfter    = failpoint.New("outbox.call.after")
	fpFinishBefore = failpoint.New("outbox.finish.before")
	fpFinishAfter  = failpoint.New("outbox.finish.after")
)

// RunOnce works one batch of a lane and returns how many calls it moved on.
func (o *Outbox) RunOnce(ctx context.Context, lane Lane, epoch int64) (int, error) {
	o.active.Add(1)
	defer o.active.Add(-1)
	resolved, err := o.resolve(ctx, lane, epoch)
	if err != nil {
		return resolved, err
	}
	calls, err := o.claim(ctx, lane, epoch)
	if err != nil || len(calls) == 0 {
		return resolved, err
	}
	outcomes := o.callAll(ctx, lane, calls)
	if err := o.finish(ctx, outcomes); err != nil {
		return resolved, err
	}
	return resolved + len(calls), nil
}

type claimed struct{ Call }

func (o *Outbox) claim(ctx context.Context, lane Lane, epoch int64) ([]claimed, error) {
	fpClaimBefore.Hit()
	rows, err := o.db.Query(ctx, `UPDATE outbox_call SET state = 'calling', epoch = $1, called_at = $2, attempts = attempts + 1
		WHERE id IN (SELECT id FROM outbox_call WHERE lane = $3 AND state = 'planned' AND next_at <= $2 ORDER BY next_at, id LIMIT $4)
		RETURNING id, key, kind, entity, payload, attempts, created_at, cause_id`, epoch, o.wall.Now(), string(lane), lanes[lane].batch)
	if err != nil {
		return nil, fmt.Errorf("claim calls: %w", err)
	}
	return collect(rows)
}

func collect(rows pgx.Rows) ([]claimed, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (claimed, error) {
		var c claimed
		err := row.Scan(&c.ID, &c.Key, &c.Kind, &c.Entity, &c.Payload, &c.Attempts, &c.CreatedAt, &c.CauseID)
		return c, err
	})
}

type outcome struct {
	Finished
	state  string // done, planned, failed, unknown
	delay  time.Duration
	orphan bool
}

func (o *Outbox) callAll(ctx context.Context, lane Lane, calls []claimed) []outcome {
	out := make([]outcome, len(calls))
	var wg sync.WaitGroup
	slots := make(chan struct{}, lanes[lane].parallel)
	for i, c := range calls {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer wg.Done()
			defer func() { <-slots }()
			out[i] = o.call(ctx, c.Call)
		}()
	}
	wg.Wait()
	return out
}

func (o *Outbox) call(ctx context.Context, c Call) outcome {
	h, ok := o.handlers[c.Kind]
	if !ok {
		return outcome{Finished: Finished{Call: c, At: o.wall.Now(), Err: fmt.Errorf("no handler for %q", c.Kind)}, state: "failed"}
	}
	fpCallBefore.Hit()
	result, err := h.Do(ctx, c)
	fpCallAfter.Hit()
	f := Finished{Call: c, At: o.wall.Now(), Err: err}
	if err == nil {
		f.Result, f.Err = json.Marshal(result)
		return outcome{Finished: f, state: "done"}
	}
	verdict, delay := h.Verdict(err, c.Attempts)
	switch {
	case verdict == Unknown || ctx.Err() != nil:
		return outcome{Finished: f, state: "unknown", delay: delay}
	case verdict == Fail:
		return outcome{Finished: f, state: "failed"}
	default:
		return outcome{Finished: f, state: "planned", delay: delay}
	}
}

// finish closes a batch in one transaction, with the features' own changes.
func (o *Outbox) finish(ctx context.Context, outcomes []outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	// The answers are here: a stop of the process must not throw them away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	fpFinishBefore.Hit()
	err := o.db.Tx(ctx, func(tx pg.Tx) error {
		b := &pgx.Batch{}
		now := o.wall.Now()
		done, failed, orphans := map[string][]Finished{}, map[string][]Finished{}, map[string][]Call{}
		for _, x := range outcomes {
			var finished *time.Time
			if x.state == "done" || x.state == "failed" {
				finished = &x.At
			}
			code, text := "", ""
			if x.Err != nil {
				code, text = errs.CodeOf(x.Err), x.Err.Error()
			}
			b.Queue(`UPDATE outbox_call SET state = $2, result = $3, error_code = $4, error = $5, finished_at = $6, next_at = $7 WHERE id = $1`,
				x.ID, x.state, x.Result, code, text, finished, now.Add(x.delay))
			switch {
			case x.state == "done":
				done[x.Kind] = append(done[x.Kind], x.Finished)
			case x.state == "failed":
				failed[x.Kind] = append(failed[x.Kind], x.Finished)
			}
			if x.orphan {
				orphans[x.Kind] = append(orphans[x.Kind], x.Call)
			}
		}
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return fmt.Errorf("close calls: %w", err)
		}
		for kind, set := range done {
			if h := o.handlers[kind]; h.Done != nil {
				if err := h.Done(ctx, tx, set); err != nil {
					return fmt.Errorf("after %s: %w", kind, err)
				}
			}
		}
		for kind, set := range failed {
			if h := o.handlers[kind]; h.Failed != nil {
				if err := h.Failed(ctx, tx, set); err != nil {
					return fmt.Errorf("after failed %s: %w", kind, err)
				}
			}
		}
		for kind, set := range orphans {
			if h := o.handlers[kind]; h.Orphan != nil {
				if err := h.Orphan(ctx, tx, set); err != nil {
					return fmt.Errorf("after orphaned %s: %w", kind, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fpFinishAfter.Hit()
	return nil
}

// resolve asks about calls whose fate is open: those an earlier holder of the lease left behind, and those marked unknown.
func (o *Outbox) resolve(ctx context.Context, lane Lane, epoch int64) (int, error) {
	now := o.wall.Now()
	if _, err := o.db.Exec(ctx, `UPDATE outbox_call SET state = 'unknown', next_at = $3, error = 'the worker died during the call'
		WHERE lane = $1 AND state = 'calling' AND epoch < $2`, string(lane), epoch, now); err != nil {
		return 0, fmt.Errorf("find abandoned calls: %w", err)
	}
	rows, err := o.db.Query(ctx, `SELECT id, key, kind, entity, payload, attempts, created_at, cause_id FROM outbox_call
		WHERE lane = $1 AND state = 'unknown' AND next_at <= $2 ORDER BY next_at, id LIMIT $3`, string(lane), now, lanes[lane].batch)
	if err != nil {
		return 0, fmt.Errorf("find unknown calls: %w", err)
	}
	calls, err := collect(rows)
	if err != nil || len(calls) == 0 {
		return 0, err
	}
	var out []outcome
	for _, c := range calls {
		out = append(out, o.resolveOne(ctx, c.Call))
	}
	return len(out), o.finish(ctx, out)
}

var errAgain = errors.New("asked WeCom: the call had no effect; it is made again")

func (o *Outbox) resolveOne(ctx context.Context, c Call) outcome {
	h, ok := o.handlers[c.Kind]
	f := Finished{Call: c, At: o.wall.Now(), Err: errAgain}
	if !ok {
		f.Err = fmt.Errorf("no handler for %q", c.Kind)
		return outcome{Finished: f, state: "failed"}
	}
	switch h.Class {
	case Repeatable:
		return outcome{Finished: f, state: "planned"}
	case Unfindable:
		return outcome{Finished: f, state: "planned", orphan: true}
	default:
		result, found, err := h.Find(ctx, c)
		if err != nil {
			f.Err = err
			return outcome{Finished: f, state: "unknown", delay: time.Second}
		}
		if !found {
			return outcome{Finished: f, state: "planned"}
		}
		f.Result, f.Err = json.Marshal(result)
		f.At = o.wall.Now()
		return outcome{Finished: f, state: "done"}
	}
}
