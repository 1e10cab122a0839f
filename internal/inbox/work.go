package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/job"
	"qunce/internal/pg"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

// Run works all lanes while the lease is held.
func (in *Inbox) Run(ctx context.Context, _ *job.Lease) error {
	done := make(chan struct{})
	for lane := range Lanes + 1 {
		go func() {
			in.work(ctx, lane)
			done <- struct{}{}
		}()
	}
	for range Lanes + 1 {
		<-done
	}
	return ctx.Err()
}

// Sweep is how often a lane looks for events without being woken.
const Sweep = time.Second

func (in *Inbox) work(ctx context.Context, lane int) {
	for ctx.Err() == nil {
		if lane != urgentLane {
			in.letAnswer(ctx)
		}
		n, err := in.RunOnce(ctx, lane)
		if err != nil && ctx.Err() == nil {
			in.log.Error("inbox", "lane", lane, "error", err)
		}
		if n > 0 && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-in.wake[lane]:
		case <-time.After(Sweep):
		}
	}
}

// letAnswer lets the door go first: WeCom waits for an answer, and nobody for an ordinary event. Under a steady stream of
// callbacks the lanes go on all the same, a little slower.
func (in *Inbox) letAnswer(ctx context.Context) {
	const nap, naps = time.Millisecond, 10
	for i := 0; i < naps && in.knocking.Load() > 0 && ctx.Err() == nil; i++ {
		time.Sleep(nap)
	}
}

const (
	workBatch = 100
	// maxAttempts is how often an event is tried that fails by our own fault, about ten minutes.
	maxAttempts = 10
	// patience is how long one is tried that fails because WeCom is away or too busy.
	patience = 24 * time.Hour
	// holdAttempts is for how many tries, about half a minute, a failing event holds back later ones of its entity.
	holdAttempts = 5
	// giveUp is after how many unreachable answers in a row the rest of a batch is left for the next round.
	giveUp = 3
)

type stored struct {
	Event
	entity string
}

// RunOnce works one batch of a lane and returns how many events it closed.
func (in *Inbox) RunOnce(ctx context.Context, lane int) (int, error) {
	in.active.Add(1)
	defer in.active.Add(-1)
	if lane == urgentLane {
		ctx = wecom.Urgently(ctx) // a welcome's twenty seconds run: WeCom's limits slow down others first
	}
	list, closed, err := in.claim(ctx, lane)
	if err != nil {
		return closed, err
	}
	b := batch{in: in, behind: map[string]bool{}}
	for start := 0; start < len(list); { // runs of the same kind, in order
		_, name, known := in.handler(list[start].Event.Event)
		end := start + 1
		for end < len(list) {
			if _, n, k := in.handler(list[end].Event.Event); n != name || k != known {
				break
			}
			end++
		}
		if err := b.handle(ctx, list[start:end]); err != nil || b.unreachable >= giveUp {
			return closed + b.closed, err
		}
		start = end
	}
	return closed + b.closed, nil
}

// claim reads the events whose turn it is, oldest first. It returns how many it closed because they cannot be read.
func (in *Inbox) claim(ctx context.Context, lane int) ([]stored, int, error) {
	rows, err := in.db.Query(ctx, `SELECT id, cause_id, corp_at, received_at, body, entity, attempts FROM inbox_event e
		WHERE lane = $1 AND state = 'new' AND next_at <= $2 AND NOT EXISTS (SELECT 1 FROM inbox_event p
			WHERE p.entity = e.entity AND p.id < e.id AND p.lane = $1 AND p.state = 'new' AND p.next_at > $2 AND p.attempts > 0 AND p.attempts <= $4)
		ORDER BY id LIMIT $3`, lane, in.wall.Now(), workBatch, holdAttempts)
	if err != nil {
		return nil, 0, fmt.Errorf("claim events: %w", err)
	}
	var broken []Event
	var why error
	var list []stored
	var s stored
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&s.ID, &s.CauseID, &s.At, &s.Received, &body, &s.entity, &s.Attempts}, func() error {
		parsed, err := callback.Parse(body)
		if err != nil { // it was parsed before it was stored, by another version of the program
			broken, why = append(broken, s.Event), err
			return nil
		}
		s.Event.Event = parsed
		list = append(list, s)
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("claim events: %w", err)
	}
	if len(broken) > 0 {
		if err := in.close(ctx, broken, Failed, why); err != nil {
			return nil, 0, err
		}
	}
	return list, len(broken), nil
}

// batch is one round of a lane.
type batch struct {
	in          *Inbox
	closed      int
	behind      map[string]bool // entities of which an event just failed: their later events wait
	unreachable int             // in a row
}

// handle closes a set of one kind; when it fails as a whole, each event is tried alone, so that only the culprit waits.
func (b *batch) handle(ctx context.Context, list []stored) error {
	var set []stored
	for _, s := range list {
		if !b.behind[s.entity] {
			set = append(set, s)
		}
	}
	if len(set) == 0 {
		return nil
	}
	handlers, _, known := b.in.handler(set[0].Event.Event)
	if !known {
		b.closed += len(set)
		return b.in.close(ctx, events(set), Ignored, nil)
	}
	reads, err := b.in.apply(ctx, handlers, events(set))
	switch {
	case err == nil:
		b.closed += len(set)
		b.unreachable = 0
		return nil
	case ctx.Err() != nil || databaseAway(err):
		return err
	case len(set) > 1:
		for i := range set {
			if err := b.handle(ctx, set[i:i+1]); err != nil || b.unreachable >= giveUp {
				return err
			}
		}
		return nil
	}
	s := set[0]
	b.unreachable++
	if !away(err) {
		b.unreachable = 0
	}
	if s.Attempts < holdAttempts {
		b.behind[s.entity] = true
	}
	return b.in.postpone(ctx, s, err, reads)
}

func events(list []stored) []Event {
	out := make([]Event, len(list))
	for i, s := range list {
		out[i] = s.Event
	}
	return out
}

// away reports that WeCom, not the event, is what failed.
func away(err error) bool {
	k := errs.KindOf(err)
	return k == errs.Unavailable || k == errs.TooMany
}

// databaseAway reports that nothing can be done at present; a broken connection to WeCom is one event's own trouble.
func databaseAway(err error) bool {
	var w *wecom.Error
	return pg.IsUnavailable(err) && !errors.As(err, &w)
}

// apply handles events and closes them, and returns what was asked of WeCom for them.
func (in *Inbox) apply(ctx context.Context, handlers []Handler, evs []Event) (reads []Read, err error) {
	var trace wecom.Trace
	ctx = wecom.WithTrace(ctx, &trace)
	defer func() { // one event must not end the process, and after it every next one
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
		reads = readsOf(trace.Calls(), len(evs))
	}()
	read := make([]any, len(handlers))
	for i, h := range handlers {
		if h.Read == nil {
			continue
		}
		if read[i], err = h.Read(ctx, evs); err != nil {
			return nil, err
		}
	}
	fpReadAfter.Hit()
	ids := make([]int64, len(evs))
	for i, e := range evs {
		ids[i] = e.ID
	}
	err = in.db.Tx(ctx, func(tx pg.Tx) error {
		fpApplyBefore.Hit()
		again := map[int64]time.Duration{}
		ctx := context.WithValue(ctx, againKey{}, again)
		for i, h := range handlers {
			if err := h.Apply(ctx, tx, evs, read[i]); err != nil {
				return err
			}
		}
		return in.closeDone(ctx, tx, ids, again, readsOf(trace.Calls(), len(evs)))
	})
	if err != nil {
		return nil, err
	}
	fpApplyAfter.Hit()
	return nil, nil
}

// closeDone closes what was handled, but for what is to be looked at again.
func (in *Inbox) closeDone(ctx context.Context, tx pg.Tx, ids []int64, again map[int64]time.Duration, reads []Read) error {
	now := in.wall.Now()
	var later []int64
	var at []time.Time
	for id, after := range again {
		later, at = append(later, id), append(at, now.Add(after))
	}
	if len(later) > 0 {
		if _, err := tx.Exec(ctx, `UPDATE inbox_event e SET attempts = e.attempts + 1, next_at = u.a, error = '', reads = $3 FROM unnest($1::bigint[], $2::timestamptz[]) AS u(i, a)
			WHERE e.id = u.i`, later, at, reads); err != nil {
			return err
		}
		ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return slices.Contains(later, id) })
	}
	_, err := tx.Exec(ctx, `UPDATE inbox_event SET state = 'done', finished_at = $2, error = '', reads = $3 WHERE id = ANY($1)`, ids, now, reads)
	return err
}

func (in *Inbox) close(ctx context.Context, evs []Event, state State, cause error) error {
	ids := make([]int64, len(evs))
	for i, e := range evs {
		ids[i] = e.ID
	}
	text := ""
	if cause != nil {
		text = reasonOf(cause)
	}
	_, err := in.db.Exec(ctx, `UPDATE inbox_event SET state = $2, finished_at = $3, error = $4 WHERE id = ANY($1)`, ids, state, in.wall.Now(), text)
	return err
}

// postpone lets an event that failed wait for its next try, or gives it up.
func (in *Inbox) postpone(ctx context.Context, s stored, cause error, reads []Read) error {
	in.log.Warn("event failed", "id", s.ID, "event", column(s.Event.Event.Event), "change", column(s.ChangeType), "attempt", s.Attempts+1, "error", cause)
	now := in.wall.Now()
	state, ended := Open, (*time.Time)(nil)
	if s.Attempts+1 >= maxAttempts && (!away(cause) || now.Sub(s.Received) >= patience) {
		state, ended = Failed, &now
	}
	pause := min(time.Second<<min(s.Attempts, 9), 5*time.Minute)
	_, err := in.db.Exec(ctx, `UPDATE inbox_event SET attempts = attempts + 1, error = $2, next_at = $3, state = $4, finished_at = $5, reads = $6 WHERE id = $1`,
		s.ID, reasonOf(cause), now.Add(pause), state, ended, reads)
	return err
}

// reasonOf is an error as the administrators' page shows it: text that the database takes, of bounded length.
func reasonOf(err error) string {
	const most = 2_000
	text := strings.ReplaceAll(strings.ToValidUTF8(err.Error(), "\uFFFD"), "\x00", "\uFFFD")
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
