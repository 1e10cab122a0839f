// Package inbox receives WeCom's callbacks so that none is lost and none counts twice.
//
//	inbox.go    what a stored callback and a handler are
//	ingress.go  the door: HTTP, and nothing but HTTP
//	ingest.go   from the door into the database, many at once
//	work.go     from the database to the features
//	tally.go    the door's own books: what it took, what it refused and why, how long it took to answer
//	list.go     what administrators see, and handling again
//
// Put returns after the event stands in the database: many callers share one transaction (group commit), with no job and
// no notification inside it. Duplicates are told by the hash of the decrypted body, never by sender and second. Workers
// then hand events to the features in sets: the urgent ones (a welcome waits behind them) first and on a line of their
// own, the rest in lanes hashed by the entity they are about, so that one customer's events keep their order.
//
// An event is a hint: its handlers read the truth from WeCom (Read, no transaction) and apply the difference (Apply, in
// the transaction that closes the events). An event that fails is tried again ever later, then kept as failed for an
// administrator: after ten tries, or after a day when WeCom could not be reached. Later events of the same entity wait
// for its first few tries, so that the order holds through a hiccup; events of others never wait. Events nobody handles
// are kept and shown.
package inbox

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"qunce/internal/clock"
	"qunce/internal/failpoint"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/wecom/callback"
)

// Lanes is how many lines ordinary events are spread over.
const Lanes = 4

const urgentLane = Lanes // events with a welcome code

// State of a stored callback.
type State string

// The states; the CHECK of inbox_event lists the same.
const (
	Open    State = "new"
	Done    State = "done"
	Failed  State = "failed"  // given up; an administrator may have it handled again
	Ignored State = "ignored" // no feature handles its kind
)

// States lists all of them.
func States() []State { return []State{Open, Done, Failed, Ignored} }

// Event is one stored callback.
type Event struct {
	ID       int64
	CauseID  int64
	At       time.Time // the corp's time: CreateTime of the callback
	Received time.Time // wall time of receipt
	Attempts int       // how often it was handled before: it failed, or its handler wanted to look again
	callback.Event
}

// Handler reacts to a set of events of one kind. Read may use the network and returns what Apply needs; Apply writes.
// Read may be nil.
type Handler struct {
	Read  func(ctx context.Context, evs []Event) (any, error)
	Apply func(ctx context.Context, tx pg.Tx, evs []Event, read any) error
}

// LookAgain is for a handler's Apply that WeCom showed less than the event says: details lag behind events. What Apply wrote
// stands, and the event is handled once more after a while; those of its entity that come meanwhile wait for it. Attempts
// tells the handler when to give up.
func LookAgain(ctx context.Context, e Event, after time.Duration) {
	if again, ok := ctx.Value(againKey{}).(map[int64]time.Duration); ok {
		again[e.ID] = after
	}
}

type againKey struct{}

// Looks is how often an event is handled again because WeCom shows less than it says, and Pause how long each takes: a
// quarter of a minute together.
const Looks = 4

// Pause is the time before the look after the given number of attempts.
func Pause(attempts int) time.Duration { return time.Second << min(attempts, Looks) }

// Inbox stores and works events.
type Inbox struct {
	db       *pg.DB
	ids      *id.Source
	wall     clock.Clock
	log      *slog.Logger
	handlers map[string][]Handler
	queue    chan put
	wake     []chan struct{}
	active   atomic.Int64
	knocking atomic.Int64 // requests that wait for their answer
	tally    *tally
}

// New returns an inbox without handlers.
func New(db *pg.DB, ids *id.Source, wall clock.Clock, log *slog.Logger) *Inbox {
	in := &Inbox{db: db, ids: ids, wall: wall, log: log, handlers: map[string][]Handler{}, queue: make(chan put, 4096), tally: newTally(wall)}
	for range Lanes + 1 {
		in.wake = append(in.wake, make(chan struct{}, 1))
	}
	return in
}

// Register adds a handler of an event: "change_external_contact/add_external_contact", or "change_external_chat" for all
// of its change types that have none of their own. Several handlers of one event run in the order they were added, all in
// one transaction: the event is done when all of them are.
func (in *Inbox) Register(event string, h Handler) {
	in.handlers[event] = append(in.handlers[event], h)
}

// handler returns who handles a kind, and under which name.
func (in *Inbox) handler(e callback.Event) ([]Handler, string, bool) {
	event, change := e.Kind()
	if h, ok := in.handlers[event+"/"+change]; ok {
		return h, event + "/" + change, true
	}
	h, ok := in.handlers[event]
	return h, event, ok
}

var (
	fpCommitBefore = failpoint.New("inbox.commit.before")
	fpCommitAfter  = failpoint.New("inbox.commit.after")
	fpReadAfter    = failpoint.New("inbox.read.after")
	fpApplyBefore  = failpoint.New("inbox.apply.before")
	fpApplyAfter   = failpoint.New("inbox.apply.after")
)

func (in *Inbox) wakeLane(lane int) {
	select {
	case in.wake[lane] <- struct{}{}:
	default:
	}
}

// Waiting counts events that are not closed yet.
func (in *Inbox) Waiting(ctx context.Context) (int64, error) {
	var n int64
	err := in.db.QueryRow(ctx, `SELECT count(*) FROM inbox_event WHERE state = 'new'`).Scan(&n)
	return n + in.active.Load(), err
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	const owner = "inbox"
	return []pg.Table{
		{Name: "inbox_key", Owner: owner, Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "30 days", Sampling: "none"},
		{Name: "inbox_event", Owner: owner, Family: pg.Local, Personal: []string{"members", "entity", "body", "external_userid"}, Merge: "keep", Erase: "delete", Retention: "6 months", Sampling: "none"},
		{Name: "inbox_door", Owner: owner, Family: pg.Local, Personal: []string{"last_from"}, Merge: "keep", Erase: "keep, no customer stands in it", Retention: "13 months", Sampling: "none"},
		{Name: "inbox_answer", Owner: owner, Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "13 months", Sampling: "none"},
	}
}
