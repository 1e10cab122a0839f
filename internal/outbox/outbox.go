// Package outbox makes every effect on WeCom happen exactly once, also across a kill at any line.
//
// A feature plans a call in the transaction that decided on it; a worker claims it (planned → calling, committed), makes
// the call, and commits what came back (done) together with the feature's own change. A call whose worker died is
// unknown, and is resolved by its class, never by calling again blindly:
//   - repeatable: the second call is harmless or answers that the first one worked; it is planned again.
//   - findable:   WeCom is asked whether the effect is there; only if it is not, the call is planned again.
//   - unfindable: an object may remain at WeCom that nobody uses; it is counted as an orphan and the call planned again.
//   - once:       a second call would reach a person twice, and WeCom cannot be asked; the call is closed as it stands, done
//     without a result and with "outbox.unsure".
//
// Invariants: no network call inside a transaction; a key is planned once; every call carries its cause; an answer closes
// a call only while the call is still the one that was made, so the features' changes happen once even if a worker that
// lost its lease comes back late. Lanes are worked independently, so a welcome never waits behind a mass send, and a call
// whose answer cannot be written down waits alone.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"qunce/internal/clock"
	"qunce/internal/id"
	"qunce/internal/job"
	"qunce/internal/pg"
)

// Class says how an unknown call is resolved.
type Class string

// The classes; see the package comment.
const (
	Repeatable Class = "repeatable"
	Findable   Class = "findable"
	Unfindable Class = "unfindable"
	Once       Class = "once"
)

// Classes lists all of them; the CHECK of outbox_call lists the same.
func Classes() []Class { return []Class{Repeatable, Findable, Unfindable, Once} }

// Lane is one line of work with workers of its own.
type Lane string

// The lanes: the welcome with its twenty seconds, writes somebody waits for, and bulk work that may take its time.
const (
	Welcome Lane = "welcome"
	Write   Lane = "write"
	Bulk    Lane = "bulk"
)

// lanes says how many calls of a lane are claimed at once, how many of them are under way at a time, and how many such
// batches: a batch ends with its slowest call, and a welcome must not wait for another one's slow answer.
var lanes = map[Lane]struct{ batch, parallel, workers int }{
	Welcome: {16, 16, 4}, Write: {64, 8, 1}, Bulk: {64, 8, 1},
}

// Call is one planned effect. Key is unique for ever: "welcome/123". Entity groups calls for the system page.
type Call struct {
	ID        int64
	Key       string
	Kind      string
	Entity    string
	Payload   json.RawMessage
	Attempts  int
	CreatedAt time.Time
	CauseID   int64
}

// Finished is a call with what came back.
type Finished struct {
	Call
	Result json.RawMessage
	At     time.Time // wall time when the answer was there
	Err    error     // set for Failed only
}

// Handler makes one kind's calls. Do and Find use the network and no transaction; the others run in the transaction that
// closes the calls, always with a set. Done, Failed and Orphan may be nil; a Once call whose fate stays unknown comes to Done
// without a Result.
type Handler struct {
	Class  Class
	Lane   Lane
	Do     func(ctx context.Context, c Call) (any, error)
	Find   func(ctx context.Context, c Call) (result any, found bool, err error) // Findable only
	Done   func(ctx context.Context, tx pg.Tx, calls []Finished) error
	Failed func(ctx context.Context, tx pg.Tx, calls []Finished) error // the call will not be tried again
	Orphan func(ctx context.Context, tx pg.Tx, calls []Call) error     // Unfindable only
	// Verdict sorts an error of Do: Retry later, Fail for good, or Unknown whether it had an effect.
	Verdict func(err error, attempts int) (Verdict, time.Duration)
}

// Verdict on a failed call.
type Verdict int

// The verdicts.
const (
	Retry   Verdict = iota // surely no effect: plan it again after the delay
	Fail                   // surely no effect, and no use trying again
	Unknown                // the effect may have happened
)

// Plan is what a feature asks for.
type Plan struct {
	Key     string
	Kind    string
	Entity  string
	Payload any
	CauseID int64
}

// Outbox plans calls and works them.
type Outbox struct {
	db       *pg.DB
	ids      *id.Source
	wall     clock.Clock
	log      *slog.Logger
	handlers map[string]Handler
	line     map[Lane]*line
	active   atomic.Int64
}

// line is what the process keeps of a lane: a wake-up, and answers it could not write down yet.
type line struct {
	wake chan struct{}

	mu     sync.Mutex // over what the database says of the lane's calls; not held while they are made
	held   []held
	flying map[int64]bool // calls that are being made
}

// New returns an outbox without handlers.
func New(db *pg.DB, ids *id.Source, wall clock.Clock, log *slog.Logger) *Outbox {
	o := &Outbox{db: db, ids: ids, wall: wall, log: log, handlers: map[string]Handler{}, line: map[Lane]*line{}}
	for lane := range lanes {
		o.line[lane] = &line{wake: make(chan struct{}, 1), flying: map[int64]bool{}}
	}
	return o
}

// Register adds the handler of a kind. It panics when the handler cannot work: that is a mistake in the wiring.
func (o *Outbox) Register(kind string, h Handler) {
	_, known := lanes[h.Lane]
	if !known || h.Do == nil || h.Verdict == nil || h.Class == Findable && h.Find == nil || !slices.Contains(Classes(), h.Class) {
		panic("outbox: the handler of " + kind + " lacks a class, a lane, Do, Verdict or Find")
	}
	o.handlers[kind] = h
}

// Plan adds calls in tx; a key that was planned before is left alone. Workers are woken after the commit.
func (o *Outbox) Plan(ctx context.Context, tx pg.Tx, plans ...Plan) error {
	if len(plans) == 0 {
		return nil
	}
	ids, err := o.ids.Take(ctx, len(plans))
	if err != nil {
		return err
	}
	n := len(plans)
	keys, kinds, classes, laneNames := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	entities, payloads, causes := make([]string, n), make([]string, n), make([]int64, n)
	woken := map[Lane]bool{}
	for i, p := range plans {
		h, ok := o.handlers[p.Kind]
		if !ok {
			return fmt.Errorf("outbox: no handler for %q", p.Kind)
		}
		if p.CauseID == 0 {
			return fmt.Errorf("outbox: call %s without a cause", p.Key)
		}
		raw, err := json.Marshal(p.Payload)
		if err != nil {
			return fmt.Errorf("payload of %s: %w", p.Key, err)
		}
		keys[i], kinds[i], classes[i], laneNames[i] = p.Key, p.Kind, string(h.Class), string(h.Lane)
		entities[i], payloads[i], causes[i] = p.Entity, string(raw), p.CauseID
		woken[h.Lane] = true
	}
	now := o.wall.Now()
	if _, err := tx.Exec(ctx, `INSERT INTO outbox_call (id, key, kind, class, lane, entity, payload, state, next_at, created_at, cause_id)
		SELECT i, k, ki, c, l, e, p::jsonb, 'planned', $8, $8, ca FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[],
		$6::text[], $7::text[], $9::bigint[]) AS u(i, k, ki, c, l, e, p, ca) ORDER BY k, i ON CONFLICT (key) DO NOTHING`,
		ids, keys, kinds, classes, laneNames, entities, payloads, now, causes); err != nil {
		return fmt.Errorf("plan calls: %w", err)
	}
	tx.AfterCommit(func() {
		for lane := range woken {
			o.Wake(lane)
		}
	})
	return nil
}

// Wake tells a lane's worker to look now.
func (o *Outbox) Wake(lane Lane) {
	select {
	case o.line[lane].wake <- struct{}{}:
	default:
	}
}

// Run works all lanes while the lease is held.
func (o *Outbox) Run(ctx context.Context, lease *job.Lease) error {
	workers := 0
	done := make(chan error)
	for lane, l := range lanes {
		for range l.workers {
			workers++
			go func() { done <- o.work(ctx, lane, lease.Epoch) }()
		}
	}
	var first error
	for range workers {
		if err := <-done; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Sweep is how often a lane looks for due calls without being woken.
const Sweep = time.Second

func (o *Outbox) work(ctx context.Context, lane Lane, epoch int64) error {
	for ctx.Err() == nil {
		n, err := o.RunOnce(ctx, lane, epoch)
		if err != nil && ctx.Err() == nil {
			o.log.Error("outbox", "lane", lane, "error", err)
		}
		if n > 0 && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-o.line[lane].wake:
		case <-time.After(Sweep):
		}
	}
	return ctx.Err()
}

// Waiting counts calls that could be made now or whose fate is open: the clock of an accelerated corp stands while any.
func (o *Outbox) Waiting(ctx context.Context) (int64, error) {
	var n int64
	err := o.db.QueryRow(ctx, `SELECT count(*) FROM outbox_call WHERE state IN ('planned','unknown','calling')`).Scan(&n)
	return n + o.active.Load(), err
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{{Name: "outbox_call", Owner: "outbox", Family: pg.Local, Personal: []string{"payload", "result"}, Merge: "keep", Erase: "delete", Retention: "6 months", Sampling: "none"}}
}
