// Package inbox receives WeCom's callbacks so that none is lost and none counts twice.
//
// Put returns after the event stands in the database: many callers share one transaction (group commit), with no job and
// no notification inside it. Duplicates are told by the hash of the decrypted body, never by sender and second. Workers
// then hand events to the features in sets: the urgent ones (a welcome waits behind them) first and on a line of their
// own, the rest in lanes hashed by the entity they are about, so that one customer's events keep their order.
//
// An event is a hint: its handler reads the truth from WeCom (Read, no transaction) and applies the difference (Apply, in
// the transaction that closes the events). An event that fails is tried again later, ten times, then kept as failed for
// an administrator; it never blocks others for long. Events nobody handles are kept and shown.
package inbox

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/clock"
	"qunce/internal/failpoint"
	"qunce/internal/id"
	"qunce/internal/job"
	"qunce/internal/pg"
	"qunce/internal/wecom/callback"
)

// Lanes is how many lines ordinary events are spread over.
const Lanes = 4

const urgentLane = Lanes // events with a welcome code

// Event is one stored callback.
type Event struct {
	ID       int64
	CauseID  int64
	At       time.Time // the corp's time: CreateTime of the callback
	Received time.Time // wall time of receipt
	callback.Event
}

// Handler reacts to a set of events of one kind. Read may use the network and returns what Apply needs; Apply writes.
type Handler struct {
	Read  func(ctx context.Context, evs []Event) (any, error)
	Apply func(ctx context.Context, tx pg.Tx, evs []Event, read any) error
}

// Inbox stores and works events.
type Inbox struct {
	db       *pg.DB
	ids      *id.Source
	wall     clock.Clock
	log      *slog.Logger
	handlers map[string]Handler
	queue    chan put
	wake     []chan struct{}
	active   atomic.Int64
}

type put struct {
	ctx  context.Context
	ev   callback.Event
	done chan error
}

// New returns an inbox without handlers.
func New(db *pg.DB, ids *id.Source, wall clock.Clock, log *slog.Logger) *Inbox {
	in := &Inbox{db: db, ids: ids, wall: wall, log: log, handlers: map[string]Handler{}, queue: make(chan put, 4096)}
	for range Lanes + 1 {
		in.wake = append(in.wake, make(chan struct{}, 1))
	}
	return in
}

// Register adds the handler of an event: "change_external_contact/add_external_contact", or "change_external_chat" for all
// of its change types.
func (in *Inbox) Register(event string, h Handler) { in.handlers[event] = h }

func (in *Inbox) handler(event, change string) (Handler, string, bool) {
	if h, ok := in.handlers[event+"/"+change]; ok {
		return h, event + "/" + change, true
	}
	h, ok := in.handlers[event]
	return h, event, ok
}

// Put stores an event and returns when it is durable, or was stored before. An error means it is not stored: the ingress
// then answers something else than 200 and WeCom sends it again.
func (in *Inbox) Put(ctx context.Context, ev callback.Event) error {
	p := put{ctx: ctx, ev: ev, done: make(chan error, 1)}
	select {
	case in.queue <- p:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commitBatch bounds one group commit.
const commitBatch = 512

// Ingest commits what Put queued until ctx ends. Each of a few committers takes whatever waits and writes it in one
// statement, so the group grows with the load.
func (in *Inbox) Ingest(ctx context.Context) error {
	const committers = 2
	done := make(chan struct{}, committers)
	for range committers {
		go func() {
			defer func() { done <- struct{}{} }()
			for {
				var batch []put
				select {
				case <-ctx.Done():
					return
				case p := <-in.queue:
					batch = append(batch, p)
				}
			more:
				for len(batch) < commitBatch {
					select {
					case p := <-in.queue:
						batch = append(batch, p)
					default:
						break more
					}
				}
				err := in.commit(ctx, batch)
				for _, p := range batch {
					p.done <- err
				}
			}
		}()
	}
	for range committers {
		<-done
	}
	return ctx.Err()
}

var (
	fpCommitBefore = failpoint.New("inbox.commit.before")
	fpCommitAfter  = failpoint.New("inbox.commit.after")
	fpReadAfter    = failpoint.New("inbox.read.after")
	fpApplyBefore  = failpoint.New("inbox.apply.before")
	fpApplyAfter   = failpoint.New("inbox.apply.after")
)

func (in *Inbox) commit(ctx context.Context, batch []put) error {
	ids, err := in.ids.Take(ctx, len(batch))
	if err != nil {
		return err
	}
	n := len(batch)
	hashes, laneNos, urgent := make([][]byte, n), make([]int16, n), make([]bool, n)
	at, events, changes, entities := make([]time.Time, n), make([]string, n), make([]string, n), make([]string, n)
	users, externals, chats, bodies := make([]string, n), make([]string, n), make([]string, n), make([][]byte, n)
	lanesHit := map[int]bool{}
	for i, p := range batch {
		e := p.ev
		hash := e.Hash()
		hashes[i] = hash[:]
		urgent[i] = e.WelcomeCode != ""
		lane := laneOf(e)
		lanesHit[lane] = true
		laneNos[i] = int16(lane)
		at[i] = time.Unix(e.CreateTime, 0)
		events[i], changes[i], entities[i] = e.Event, e.ChangeType, e.Entity()
		users[i], externals[i], chats[i], bodies[i] = e.UserID, e.ExternalUserID, e.ChatID, e.Raw
	}
	fpCommitBefore.Hit()
	// One statement: keys that are new let their event in.
	_, err = in.db.Exec(ctx, `WITH given AS (
			SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::smallint[], $4::boolean[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
				$9::text[], $10::text[], $11::text[], $12::bytea[]) AS u(id, hash, lane, urgent, corp_at, event, change_type, entity, userid, external_userid, chat_id, body)),
		one AS (SELECT DISTINCT ON (hash) * FROM given ORDER BY hash, id),
		fresh AS (INSERT INTO inbox_key (hash, at) SELECT hash, $13 FROM one ON CONFLICT (hash) DO NOTHING RETURNING hash)
		INSERT INTO inbox_event (id, lane, urgent, received_at, corp_at, event, change_type, entity, userid, external_userid, chat_id, body, state, next_at, cause_id)
		SELECT id, lane, urgent, $13, corp_at, event, change_type, entity, userid, external_userid, chat_id, body, 'new', $13, id
		FROM one JOIN fresh USING (hash)`,
		ids, hashes, laneNos, urgent, at, events, changes, entities, users, externals, chats, bodies, in.wall.Now())
	if err != nil {
		return fmt.Errorf("store callbacks: %w", err)
	}
	fpCommitAfter.Hit()
	for lane := range lanesHit {
		in.wakeLane(lane)
	}
	return nil
}

func laneOf(e callback.Event) int {
	if e.WelcomeCode != "" {
		return urgentLane
	}
	h := fnv.New32a()
	h.Write([]byte(e.Entity()))
	return int(h.Sum32() % Lanes)
}

func (in *Inbox) wakeLane(lane int) {
	select {
	case in.wake[lane] <- struct{}{}:
	default:
	}
}

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

// Waiting counts events that are not closed yet.
func (in *Inbox) Waiting(ctx context.Context) (int64, error) {
	var n int64
	err := in.db.QueryRow(ctx, `SELECT count(*) FROM inbox_event WHERE state = 'new'`).Scan(&n)
	return n + in.active.Load(), err
}

const (
	workBatch   = 100
	maxAttempts = 10
)

// RunOnce works one batch of a lane and returns how many events it closed.
func (in *Inbox) RunOnce(ctx context.Context, lane int) (int, error) {
	in.active.Add(1)
	defer in.active.Add(-1)
	rows, err := in.db.Query(ctx, `SELECT id, cause_id, corp_at, received_at, body, attempts FROM inbox_event
		WHERE lane = $1 AND state = 'new' AND next_at <= $2 ORDER BY id LIMIT $3`, lane, in.wall.Now(), workBatch)
	if err != nil {
		return 0, fmt.Errorf("claim events: %w", err)
	}
	type stored struct {
		Event
		attempts int
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (stored, error) {
		var s stored
		var body []byte
		if err := row.Scan(&s.ID, &s.CauseID, &s.At, &s.Received, &body, &s.attempts); err != nil {
			return s, err
		}
		parsed, err := callback.Parse(body)
		if err != nil { // it was parsed before it was stored
			return s, fmt.Errorf("stored event %d: %w", s.ID, err)
		}
		s.Event.Event = parsed
		return s, nil
	})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	closed := 0
	for start := 0; start < len(list); { // runs of the same kind, in order
		_, name, known := in.handler(list[start].Event.Event.Event, list[start].ChangeType)
		end := start + 1
		for end < len(list) {
			if _, n, k := in.handler(list[end].Event.Event.Event, list[end].ChangeType); n != name || k != known {
				break
			}
			end++
		}
		set := make([]Event, 0, end-start)
		for _, s := range list[start:end] {
			set = append(set, s.Event)
		}
		n, err := in.handle(ctx, set)
		closed += n
		if err != nil {
			return closed, err
		}
		start = end
	}
	return closed, nil
}

// handle closes a set; when it fails as a whole, each event is tried alone, so that only the culprit waits.
func (in *Inbox) handle(ctx context.Context, evs []Event) (int, error) {
	h, _, known := in.handler(evs[0].Event.Event, evs[0].ChangeType)
	if !known {
		return len(evs), in.close(ctx, evs, "ignored", nil)
	}
	err := in.apply(ctx, h, evs)
	if err == nil {
		return len(evs), nil
	}
	if ctx.Err() != nil || pg.IsUnavailable(err) {
		return 0, err
	}
	if len(evs) == 1 {
		return 0, in.defer1(ctx, evs[0], err)
	}
	closed := 0
	for _, e := range evs {
		n, err := in.handle(ctx, []Event{e})
		closed += n
		if err != nil {
			return closed, err
		}
	}
	return closed, nil
}

func (in *Inbox) apply(ctx context.Context, h Handler, evs []Event) error {
	var read any
	if h.Read != nil {
		var err error
		if read, err = h.Read(ctx, evs); err != nil {
			return err
		}
	}
	fpReadAfter.Hit()
	ids := make([]int64, len(evs))
	for i, e := range evs {
		ids[i] = e.ID
	}
	err := in.db.Tx(ctx, func(tx pg.Tx) error {
		fpApplyBefore.Hit()
		if err := h.Apply(ctx, tx, evs, read); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE inbox_event SET state = 'done', finished_at = $2, error = '' WHERE id = ANY($1)`, ids, in.wall.Now())
		return err
	})
	if err != nil {
		return err
	}
	fpApplyAfter.Hit()
	return nil
}

func (in *Inbox) close(ctx context.Context, evs []Event, state string, cause error) error {
	ids := make([]int64, len(evs))
	for i, e := range evs {
		ids[i] = e.ID
	}
	text := ""
	if cause != nil {
		text = cause.Error()
	}
	_, err := in.db.Exec(ctx, `UPDATE inbox_event SET state = $2, finished_at = $3, error = $4 WHERE id = ANY($1)`, ids, state, in.wall.Now(), text)
	return err
}

func (in *Inbox) defer1(ctx context.Context, e Event, cause error) error {
	in.log.Warn("event failed", "id", e.ID, "event", e.Event.Event, "change", e.ChangeType, "error", cause)
	_, err := in.db.Exec(ctx, `UPDATE inbox_event SET attempts = attempts + 1, error = $2,
		next_at = $3::timestamptz + (interval '1 second' * least(300, power(2, attempts))),
		state = CASE WHEN attempts + 1 >= $4 THEN 'failed' ELSE 'new' END WHERE id = $1`, e.ID, cause.Error(), in.wall.Now(), maxAttempts)
	return err
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{
		{Name: "inbox_key", Owner: "inbox", Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "30 days", Sampling: "none"},
		{Name: "inbox_event", Owner: "inbox", Family: pg.Local, Personal: []string{"body", "external_userid"}, Merge: "keep", Erase: "delete", Retention: "6 months", Sampling: "none"},
	}
}
