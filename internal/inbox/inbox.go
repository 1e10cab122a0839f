// Package inbox receives WeCom's callbacks so that none is lost and none counts twice.
//
// Put returns after the event stands in the database: many callers share one transaction (group commit), with no job and
// no notification inside it. Duplicates are told by the hash of the decrypted body, never by sender and second. Workers
// then hand events to the features in sets: the urgent ones (a welcome waits behind them) first and on a line of their
// own, the rest in lanes hashed by the entity they are about, so that one customer's events keep their order.
//
// An event is a hint: its handler reads the truth from WeCom (Read, no transaction) and applies the difference (Apply, in
// the transaction that closes the events). An event that fails is tried again ever later, then kept as failed for an
// administrator: after ten tries, or after a day when WeCom could not be reached. Later events of the same entity wait
// for its first few tries, so that the order holds through a hiccup; events of others never wait. Events nobody handles
// are kept and shown.
package inbox

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/failpoint"
	"qunce/internal/id"
	"qunce/internal/job"
	"qunce/internal/pg"
	"qunce/internal/wecom"
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
				in.commitAll(ctx, batch)
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

// commitAll commits a group and answers its callers. If the database refuses the group, each is committed alone: one
// event that cannot be stored must not turn away the others.
func (in *Inbox) commitAll(ctx context.Context, batch []put) {
	err := in.commit(ctx, batch)
	alone := err != nil && len(batch) > 1 && ctx.Err() == nil && !pg.IsUnavailable(err)
	for _, p := range batch {
		if alone {
			err = in.commit(ctx, []put{p})
		}
		p.done <- err
	}
}

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
	now := in.wall.Now()
	for i, p := range batch {
		e := p.ev
		hash := e.Hash()
		hashes[i] = hash[:]
		urgent[i] = e.WelcomeCode != ""
		lane := laneOf(e)
		lanesHit[lane] = true
		laneNos[i] = int16(lane)
		at[i] = happened(e.CreateTime, now)
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
		ids, hashes, laneNos, urgent, at, events, changes, entities, users, externals, chats, bodies, now)
	if err != nil {
		return fmt.Errorf("store callbacks: %w", err)
	}
	fpCommitAfter.Hit()
	for lane := range lanesHit {
		in.wakeLane(lane)
	}
	return nil
}

// happened reads a callback's time. One without a usable time happened when it came.
func happened(seconds int64, received time.Time) time.Time {
	const year3000 = 32_503_680_000
	if seconds <= 0 || seconds > year3000 {
		return received
	}
	return time.Unix(seconds, 0)
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
	entity   string
	attempts int
}

// RunOnce works one batch of a lane and returns how many events it closed.
func (in *Inbox) RunOnce(ctx context.Context, lane int) (int, error) {
	in.active.Add(1)
	defer in.active.Add(-1)
	list, closed, err := in.claim(ctx, lane)
	if err != nil {
		return closed, err
	}
	b := batch{in: in, behind: map[string]bool{}}
	for start := 0; start < len(list); { // runs of the same kind, in order
		_, name, known := in.handler(list[start].Event.Event.Event, list[start].ChangeType)
		end := start + 1
		for end < len(list) {
			if _, n, k := in.handler(list[end].Event.Event.Event, list[end].ChangeType); n != name || k != known {
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
			WHERE p.entity = e.entity AND p.id < e.id AND p.lane = $1 AND p.state = 'new' AND p.next_at > $2 AND p.attempts <= $4)
		ORDER BY id LIMIT $3`, lane, in.wall.Now(), workBatch, holdAttempts)
	if err != nil {
		return nil, 0, fmt.Errorf("claim events: %w", err)
	}
	var broken []Event
	var why error
	var list []stored
	var s stored
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&s.ID, &s.CauseID, &s.At, &s.Received, &body, &s.entity, &s.attempts}, func() error {
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
		if err := in.close(ctx, broken, "failed", why); err != nil {
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
	h, _, known := b.in.handler(set[0].Event.Event.Event, set[0].ChangeType)
	if !known {
		b.closed += len(set)
		return b.in.close(ctx, events(set), "ignored", nil)
	}
	err := b.in.apply(ctx, h, events(set))
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
	if s.attempts < holdAttempts {
		b.behind[s.entity] = true
	}
	return b.in.postpone(ctx, s, err)
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

func (in *Inbox) apply(ctx context.Context, h Handler, evs []Event) (err error) {
	defer func() { // one event must not end the process, and after it every next one
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	var read any
	if h.Read != nil {
		if read, err = h.Read(ctx, evs); err != nil {
			return err
		}
	}
	fpReadAfter.Hit()
	ids := make([]int64, len(evs))
	for i, e := range evs {
		ids[i] = e.ID
	}
	err = in.db.Tx(ctx, func(tx pg.Tx) error {
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

// postpone lets an event that failed wait for its next try, or gives it up.
func (in *Inbox) postpone(ctx context.Context, s stored, cause error) error {
	in.log.Warn("event failed", "id", s.ID, "event", s.Event.Event.Event, "change", s.ChangeType, "attempt", s.attempts+1, "error", cause)
	now := in.wall.Now()
	state, ended := "new", (*time.Time)(nil)
	if s.attempts+1 >= maxAttempts && (!away(cause) || now.Sub(s.Received) >= patience) {
		state, ended = "failed", &now
	}
	pause := min(time.Second<<min(s.attempts, 9), 5*time.Minute)
	_, err := in.db.Exec(ctx, `UPDATE inbox_event SET attempts = attempts + 1, error = $2, next_at = $3, state = $4, finished_at = $5 WHERE id = $1`,
		s.ID, cause.Error(), now.Add(pause), state, ended)
	return err
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{
		{Name: "inbox_key", Owner: "inbox", Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "30 days", Sampling: "none"},
		{Name: "inbox_event", Owner: "inbox", Family: pg.Local, Personal: []string{"body", "external_userid"}, Merge: "keep", Erase: "delete", Retention: "6 months", Sampling: "none"},
	}
}
