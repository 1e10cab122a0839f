package outbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/failpoint"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

var (
	fpClaimBefore  = failpoint.New("outbox.claim.before")
	fpCallBefore   = failpoint.New("outbox.call.before")
	fpCallAfter    = failpoint.New("outbox.call.after")
	fpFinishBefore = failpoint.New("outbox.finish.before")
	fpFinishAfter  = failpoint.New("outbox.finish.after")
)

// maxHeld is how many answers a lane may hold in memory before it stops making calls: something is wrong with the
// database or with a feature, and more calls would only make it worse.
const maxHeld = 256

// RunOnce works one batch of a lane and returns how many calls it moved on. Several may run at once: each makes the calls it
// claimed, and what the database says of the lane changes for one of them at a time.
func (o *Outbox) RunOnce(ctx context.Context, lane Lane, epoch int64) (int, error) {
	o.active.Add(1)
	defer o.active.Add(-1)
	l := o.line[lane]
	calls, moved, err := o.takeOff(ctx, l, lane, epoch)
	if err != nil || len(calls) == 0 {
		return moved, err
	}
	if len(calls) == lanes[lane].batch {
		o.Wake(lane) // there may be more for another worker
	}
	outcomes := o.each(lane, calls, func(c Call) outcome { return o.call(ctx, c, epoch) })
	l.mu.Lock()
	defer l.mu.Unlock()
	finished, err := o.finish(ctx, l, outcomes)
	for _, c := range calls {
		delete(l.flying, c.ID)
	}
	return moved + finished, err
}

// takeOff writes down what is left from before, resolves what is open, and claims the next batch.
func (o *Outbox) takeOff(ctx context.Context, l *line, lane Lane, epoch int64) (calls []Call, moved int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if moved, err = o.finishHeld(ctx, l); err != nil {
		return nil, moved, err
	}
	resolved, err := o.resolve(ctx, l, lane, epoch)
	moved += resolved
	if err != nil {
		return nil, moved, err
	}
	if len(l.held) >= maxHeld {
		return nil, moved, fmt.Errorf("lane %s: %d answers cannot be written down, the latest: %w", lane, len(l.held), l.held[len(l.held)-1].err)
	}
	calls, err = o.claim(ctx, lane, epoch)
	for _, c := range calls {
		l.flying[c.ID] = true
	}
	return calls, moved, err
}

func (o *Outbox) claim(ctx context.Context, lane Lane, epoch int64) ([]Call, error) {
	fpClaimBefore.Hit()
	rows, err := o.db.Query(ctx, `UPDATE outbox_call SET state = 'calling', epoch = $1, called_at = $2, attempts = attempts + 1
		WHERE id IN (SELECT id FROM outbox_call WHERE lane = $3 AND state = 'planned' AND next_at <= $2 ORDER BY next_at, id LIMIT $4)
		AND state = 'planned' RETURNING `+callColumns, epoch, o.wall.Now(), string(lane), lanes[lane].batch)
	if err != nil {
		return nil, fmt.Errorf("claim calls: %w", err)
	}
	calls, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Call])
	slices.SortFunc(calls, func(a, b Call) int { return cmp.Compare(a.ID, b.ID) })
	return calls, err
}

const callColumns = `id, key, kind, entity, payload, attempts, created_at, cause_id`

// outcome is what became of a call, and the state in which the row must still be for it to count.
type outcome struct {
	Finished
	was    string // calling or unknown
	epoch  int64  // of a calling row
	state  string // done, planned, failed, unknown
	delay  time.Duration
	orphan bool
}

// each works a batch, some at a time.
func (o *Outbox) each(lane Lane, calls []Call, do func(Call) outcome) []outcome {
	out := make([]outcome, len(calls))
	var wg sync.WaitGroup
	slots := make(chan struct{}, lanes[lane].parallel)
	for i, c := range calls {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer wg.Done()
			defer func() { <-slots }()
			out[i] = do(c)
		}()
	}
	wg.Wait()
	return out
}

// noHandler is how long a call of a kind this process does not know waits: during an upgrade another process does.
const noHandler = time.Minute

func (o *Outbox) call(ctx context.Context, c Call, epoch int64) outcome {
	x := outcome{Finished: Finished{Call: c, At: o.wall.Now()}, was: "calling", epoch: epoch, state: "done"}
	h, ok := o.handlers[c.Kind]
	if !ok {
		x.Err, x.state, x.delay = fmt.Errorf("no handler for %q", c.Kind), "planned", noHandler
		return x
	}
	fpCallBefore.Hit()
	result, err := safely(func() (any, error) { return h.Do(ctx, c) })
	fpCallAfter.Hit()
	x.At, x.Err = o.wall.Now(), err
	if err == nil {
		x.Result, x.Err = json.Marshal(result)
		return x
	}
	var answered *wecom.Error
	verdict, delay := h.Verdict(err, c.Attempts)
	switch {
	case verdict == Unknown, wecom.Unknown(err), errors.Is(err, errPanicked):
		x.state, x.delay = "unknown", delay
	case ctx.Err() != nil && !errors.As(err, &answered): // cut off by our own stop: the verdict may not know that
		x.state = "unknown"
	case ctx.Err() != nil && errors.Is(err, ctx.Err()): // the client says that nothing was sent
		x.state = "planned"
	case verdict == Fail:
		x.state = "failed"
	default: // no use before the client would let the call go
		x.state, x.delay = "planned", max(delay, wecom.RetryAfter(err))
	}
	return x
}

var errPanicked = errors.New("the handler panicked")

// safely turns a panic into an error: one call must not end the process, and after it every next one.
func safely(do func() (any, error)) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errPanicked, p)
		}
	}()
	return do()
}

// held is an answer that could not be written down: the database was away, or a feature's own change failed.
type held struct {
	outcome
	tries int
	next  time.Time
	err   error
}

// finish closes a batch. When that fails, the answers are kept in memory and written down later, each by itself, so that
// no answer is lost and one that cannot be written holds up nobody. If the process dies meanwhile, the calls are resolved
// by their class like any other whose worker died. It returns how many rows moved.
func (o *Outbox) finish(ctx context.Context, l *line, outcomes []outcome) (int, error) {
	if len(outcomes) == 0 {
		return 0, nil
	}
	// The answers are here: a stop of the process must not throw them away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	err := o.close(ctx, outcomes)
	if err == nil {
		return len(outcomes), nil
	}
	moved := 0
	for _, x := range outcomes {
		if !pg.IsUnavailable(err) && len(outcomes) > 1 {
			if err = o.close(ctx, []outcome{x}); err == nil {
				moved++
				continue
			}
		}
		l.hold(held{outcome: x, err: err}, o.wall.Now())
	}
	return moved, err
}

// hold keeps an answer for later: at once when the database was away, ever later when a feature's change keeps failing.
func (l *line) hold(h held, now time.Time) {
	h.next = now
	if !pg.IsUnavailable(h.err) {
		h.next = now.Add(backoff(h.tries + 1))
	}
	h.tries++
	l.held = append(l.held, h)
}

// finishHeld writes down what earlier batches could not.
func (o *Outbox) finishHeld(ctx context.Context, l *line) (int, error) {
	if len(l.held) == 0 {
		return 0, nil
	}
	before := l.held
	l.held = nil
	moved := 0
	var first error
	for _, h := range before {
		if first != nil || h.next.After(o.wall.Now()) {
			l.held = append(l.held, h)
			continue
		}
		if h.err = o.close(ctx, []outcome{h.outcome}); h.err == nil {
			moved++
			continue
		}
		if pg.IsUnavailable(h.err) || ctx.Err() != nil {
			first = h.err
		} else {
			o.log.Error("answer of a call cannot be written down", "call", h.Key, "kind", h.Kind, "error", h.err)
		}
		l.hold(h, o.wall.Now())
	}
	return moved, first
}

// close writes outcomes down in one transaction, with the features' own changes. Rows that are not in the state the
// outcome was made for belong to somebody else by now, and are left alone.
func (o *Outbox) close(ctx context.Context, outcomes []outcome) error {
	fpFinishBefore.Hit()
	err := o.db.Tx(ctx, func(tx pg.Tx) error {
		mine, err := o.closeRows(ctx, tx, outcomes)
		if err != nil {
			return err
		}
		done, failed, orphans := map[string][]Finished{}, map[string][]Finished{}, map[string][]Call{}
		for _, x := range outcomes {
			if !mine[x.ID] {
				continue
			}
			switch x.state {
			case "done":
				done[x.Kind] = append(done[x.Kind], x.Finished)
			case "failed":
				failed[x.Kind] = append(failed[x.Kind], x.Finished)
			}
			if x.orphan {
				orphans[x.Kind] = append(orphans[x.Kind], x.Call)
			}
		}
		for _, kind := range sorted(done) {
			if h := o.handlers[kind]; h.Done != nil {
				if err := h.Done(ctx, tx, done[kind]); err != nil {
					return fmt.Errorf("after %s: %w", kind, err)
				}
			}
		}
		for _, kind := range sorted(failed) {
			if h := o.handlers[kind]; h.Failed != nil {
				if err := h.Failed(ctx, tx, failed[kind]); err != nil {
					return fmt.Errorf("after failed %s: %w", kind, err)
				}
			}
		}
		for _, kind := range sorted(orphans) {
			if h := o.handlers[kind]; h.Orphan != nil {
				if err := h.Orphan(ctx, tx, orphans[kind]); err != nil {
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

func sorted[T any](m map[string][]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (o *Outbox) closeRows(ctx context.Context, tx pg.Tx, outcomes []outcome) (map[int64]bool, error) {
	n := len(outcomes)
	ids, was, epochs, states := make([]int64, n), make([]string, n), make([]int64, n), make([]string, n)
	results, codes, texts, ended, next := make([]*string, n), make([]string, n), make([]string, n), make([]*time.Time, n), make([]time.Time, n)
	params := make([]map[string]any, n)
	now := o.wall.Now()
	for i, x := range outcomes {
		ids[i], was[i], epochs[i], states[i], next[i] = x.ID, x.was, x.epoch, x.state, now.Add(x.delay)
		if x.Result != nil {
			text := string(x.Result)
			results[i] = &text
		}
		params[i] = map[string]any{}
		if x.Err != nil {
			texts[i] = x.Err.Error()
			if !errors.Is(x.Err, errAgain) { // nothing is wrong with it
				codes[i], params[i] = errs.CodeOf(x.Err), errs.ParamsOf(x.Err)
				o.log.Info("a call did not get through", "call", x.Key, "kind", x.Kind, "state", x.state, "error", x.Err)
			}
		}
		if x.state == "done" || x.state == "failed" {
			ended[i] = &x.At
		}
	}
	rows, err := tx.Query(ctx, `UPDATE outbox_call c SET state = u.s, result = u.r::jsonb, error_code = u.co, error_params = u.p, error = u.t, finished_at = u.f, next_at = u.n
		FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[],
			$10::jsonb[]) AS u(i, w, e, s, r, co, t, f, n, p)
		WHERE c.id = u.i AND c.state = u.w AND (u.w <> 'calling' OR c.epoch = u.e) RETURNING c.id`,
		ids, was, epochs, states, results, codes, texts, ended, next, params)
	if err != nil {
		return nil, fmt.Errorf("close calls: %w", err)
	}
	mine := make(map[int64]bool, n)
	var id int64
	if _, err := pgx.ForEachRow(rows, []any{&id}, func() error { mine[id] = true; return nil }); err != nil {
		return nil, fmt.Errorf("close calls: %w", err)
	}
	return mine, nil
}

// resolve asks about calls whose fate is open: those marked unknown, those an earlier holder of the lease left behind, and
// those this process claimed without learning of it, because the connection broke under the claim.
func (o *Outbox) resolve(ctx context.Context, l *line, lane Lane, epoch int64) (int, error) {
	now := o.wall.Now()
	keep := make([]int64, 0, len(l.held)+len(l.flying))
	for _, h := range l.held {
		keep = append(keep, h.ID)
	}
	for id := range l.flying {
		keep = append(keep, id)
	}
	if _, err := o.db.Exec(ctx, `UPDATE outbox_call SET state = 'unknown', next_at = $3, error = 'the worker died during the call'
		WHERE lane = $1 AND state = 'calling' AND epoch <= $2 AND id <> ALL($4)`, string(lane), epoch, now, keep); err != nil {
		return 0, fmt.Errorf("find abandoned calls: %w", err)
	}
	rows, err := o.db.Query(ctx, `SELECT `+callColumns+` FROM outbox_call
		WHERE lane = $1 AND state = 'unknown' AND next_at <= $2 AND id <> ALL($4) ORDER BY next_at, id LIMIT $3`, string(lane), now, lanes[lane].batch, keep)
	if err != nil {
		return 0, fmt.Errorf("find unknown calls: %w", err)
	}
	calls, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Call])
	if err != nil || len(calls) == 0 {
		return 0, err
	}
	return o.finish(ctx, l, o.each(lane, calls, func(c Call) outcome { return o.resolveOne(ctx, c) }))
}

var (
	errAgain  = errors.New("the fate of the call was unknown; it is made again")
	errUnsure = errs.E(errs.Unavailable, "outbox.unsure", "whether the call had its effect is not known; it is not made again")
)

func (o *Outbox) resolveOne(ctx context.Context, c Call) outcome {
	// A call that never gets an answer must not be made without pause.
	x := outcome{Finished: Finished{Call: c, At: o.wall.Now(), Err: errAgain}, was: "unknown", state: "planned", delay: backoff(c.Attempts - 1)}
	h, ok := o.handlers[c.Kind]
	if !ok {
		x.Err, x.state, x.delay = fmt.Errorf("no handler for %q", c.Kind), "unknown", noHandler
		return x
	}
	switch h.Class {
	case Repeatable:
		return x
	case Unfindable:
		x.orphan = true
		return x
	case Once:
		x.Err, x.state, x.delay = errUnsure, "done", 0
		return x
	default:
		var found bool
		result, err := safely(func() (r any, err error) { r, found, err = h.Find(ctx, c); return r, err })
		switch {
		case err != nil:
			x.Err, x.state, x.delay = err, "unknown", min(max(time.Second, x.At.Sub(c.CreatedAt)/10), time.Minute)
		case found:
			x.Result, x.Err = json.Marshal(result)
			x.At, x.state, x.delay = o.wall.Now(), "done", 0
		}
		return x
	}
}

// backoff is 0 for the first try, then 1, 2, 4 … 60 seconds.
func backoff(tries int) time.Duration {
	if tries < 1 {
		return 0
	}
	return min(time.Second<<min(tries-1, 6), time.Minute)
}
