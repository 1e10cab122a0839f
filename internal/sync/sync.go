// Package sync proves that we hold what WeCom holds. Callbacks get lost, doubled and reordered, and what is changed through
// the API has none; only this makes the books whole.
//
//	sync.go      things, reasons, the statement; no database, no network
//	service.go   asking for runs, pausing them, when they are due, executing the open one
//	run.go       a run: its steps, where it stands, what it costs
//	full.go      the full run: everything is read
//	check.go     the check: lists are compared, details are read of what differs
//	ways.go      codes against ways, in both kinds of run
//	repair.go    what was repaired and why nobody had told of it
//	verify.go    counting again at the end
//	store.go     all SQL
//	api.go       HTTP
//
// A full run (daily) reads everything within the app's visible range. A check (hourly) asks for lists alone and costs what
// changed. Both apply differences through the owning feature, keep why each had been missing, and end with a statement:
// what WeCom shows, what we held, what we hold now. It says complete only if nothing is known to differ when it is compared
// again: pair by pair in a full run; in a check by the number of each member's friendships, on either side, and the group
// list. No figure of it is what is left over of the others.
//
// Invariants: a run saves its place with what the page changed, so a process that dies goes on where it stopped. A relation
// or group that seems too much is asked about once more before it is ended, since it may have begun while we read. Nothing
// is written at WeCom unless it differs. Unknown is not zero: what a run did not count is absent from its statement.
package sync

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"qunce/internal/statistic"
)

// Kind of a run.
type Kind string

// The kinds; the CHECK of sync_run lists the same.
const (
	Full  Kind = "full"
	Check Kind = "check"
)

// Kinds lists all of them.
func Kinds() []Kind { return []Kind{Full, Check} }

// States of a run, as the CHECK of sync_run lists them. A paused one goes on when somebody lets it.
func States() []string { return []string{"running", "paused", "done", "failed"} }

// Thing is a kind of thing that a statement counts.
type Thing string

// The things; the CHECK of sync_repair lists the same. Staff are those with a seat, relations those not ended by the staff.
const (
	Staff     Thing = "staff"
	Tags      Thing = "tags"
	Relations Thing = "relations"
	Groups    Thing = "groups"
	Members   Thing = "members"
	Ways      Thing = "ways"      // contact ways, of staff codes
	JoinWays  Thing = "join_ways" // of group codes
)

// Things lists all of them in the order of the statement.
func Things() []Thing { return []Thing{Staff, Tags, Relations, Groups, Members, Ways, JoinWays} }

// Counts has one figure for each kind of thing; what was not counted is absent.
type Counts map[Thing]int

// bump adds to a figure.
func (c *Counts) bump(t Thing, n int) {
	if n == 0 {
		return
	}
	if *c == nil {
		*c = Counts{}
	}
	(*c)[t] += n
}

// set gives a figure, also a zero one.
func (c *Counts) set(t Thing, n int) {
	if *c == nil {
		*c = Counts{}
	}
	(*c)[t] = n
}

// What was done to a thing.
type What string

// The repairs; the CHECK of sync_repair lists the same.
const (
	Added   What = "added"
	Ended   What = "ended"
	Amended What = "amended"
)

// Whats lists all of them.
func Whats() []What { return []What{Added, Ended, Amended} }

// Reason is why we had not known.
type Reason string

// The reasons; the CHECK of sync_repair lists the same.
const (
	Lost      Reason = "lost"      // WeCom tells such a change by callback, and none came
	Unheard   Reason = "unheard"   // none came: lost, or made through the API, which has none
	Failed    Reason = "failed"    // it came and could not be handled
	Waiting   Reason = "waiting"   // it came and waits to be handled
	Handled   Reason = "handled"   // it came and was handled, and WeCom did not show the change at that time
	Unhandled Reason = "unhandled" // it came, and this version handles no such callback
	Before    Reason = "before"    // it happened before the corp was connected
	Range     Reason = "range"     // the member of staff came into sight or left it
	Silent    Reason = "silent"    // WeCom has no callback for such a change
	API       Reason = "api"       // a call of ours is under way; changes through the API have no callback
	Ours      Reason = "ours"      // nothing changed at WeCom: what we held had gone wrong
	Unknown   Reason = "unknown"   // so long ago that callbacks of that time are not kept
)

// Reasons lists all of them.
func Reasons() []Reason {
	return []Reason{Lost, Unheard, Failed, Waiting, Handled, Unhandled, Before, Range, Silent, API, Ours, Unknown}
}

// Result is the statement of a run.
type Result struct {
	Remote     Counts `json:"remote"`      // what WeCom shows
	HeldBefore Counts `json:"held_before"` // what we held when the run began
	HeldAfter  Counts `json:"held_after"`  // counted again at the end
	During     Counts `json:"during"`      // of it, what was written here since WeCom was read
	Unlisted   Counts `json:"unlisted"`    // held besides, of which the lists that a check reads say nothing
	Missing    Counts `json:"missing"`     // shown there, not held here; now held
	Extra      Counts `json:"extra"`       // held here, not shown there; now ended
	Amended    Counts `json:"amended"`

	Why     map[Thing]map[Reason]int `json:"why,omitempty"` // all repairs by reason
	Listed  int                      `json:"listed"`        // repairs kept one by one
	Differs []Difference             `json:"differs,omitempty"`

	Unread  int      `json:"unread,omitempty"` // staff and groups that WeCom would not show
	Strays  int      `json:"strays"`           // ways at WeCom that no code of ours uses
	Archive *Archive `json:"archive,omitempty"`
	Rooms   string   `json:"rooms,omitempty"` // where the next check goes on looking at groups

	Complete bool `json:"complete"`
}

// Difference is what still differs after the repairs. Open are ways that are not yet as they should be: the call is under
// way, or WeCom refused it.
type Difference struct {
	Thing   Thing `json:"thing"`
	Missing int   `json:"missing"`
	Extra   int   `json:"extra"`
	Open    int   `json:"open,omitempty"`
}

// Archive is what a run did for the archive of WeCom's statistics, in days of staff and of owners. Error is the code by
// which WeCom refused, which does not fail the run.
type Archive struct {
	StaffDays int    `json:"staff_days"`
	OwnerDays int    `json:"owner_days"`
	Absent    int    `json:"absent"` // asked for and not given
	Error     string `json:"error,omitempty"`

	Refused  int                 `json:"refused,omitempty"`  // asks that WeCom refused for the sake of one member
	Refusals []statistic.Refusal `json:"refusals,omitempty"` // some of them
}

// clone copies a result so that a page that runs twice starts from the same figures.
func (r Result) clone() Result {
	for _, c := range []*Counts{&r.Remote, &r.HeldBefore, &r.HeldAfter, &r.During, &r.Unlisted, &r.Missing, &r.Extra, &r.Amended} {
		*c = maps.Clone(*c)
	}
	why := make(map[Thing]map[Reason]int, len(r.Why))
	for t, m := range r.Why {
		why[t] = maps.Clone(m)
	}
	r.Why = why
	if r.Archive != nil {
		a := *r.Archive
		a.Refusals = slices.Clone(a.Refusals)
		r.Archive = &a
	}
	return r
}

// Run is one run as kept.
type Run struct {
	ID         int64           `json:"id"`
	Kind       string          `json:"kind"`
	State      string          `json:"state"`
	StartedAt  time.Time       `json:"started_at"`
	FinishedAt *time.Time      `json:"finished_at"`
	Progress   json.RawMessage `json:"progress"`
	Result     json.RawMessage `json:"result"`
	ErrorCode  string          `json:"error_code"` // what stopped it, or what it waits for
	Params     json.RawMessage `json:"params"`     // of the error's sentence
}

// Place is where a step stands: what lies before After is done. Lists are gone through in order of their ids, so that what
// appears or vanishes while a run is interrupted does not make it skip anything else.
type Place struct {
	After  string   `json:"after,omitempty"`
	And    string   `json:"and,omitempty"`    // the second half of After, where an id has two
	Users  []string `json:"users,omitempty"`  // whose relations Cursor runs through
	Cursor string   `json:"cursor,omitempty"` // of WeCom
	Over   bool     `json:"over,omitempty"`   // nothing is left of the step
	Done   int      `json:"done"`
	Of     int      `json:"of"`
}

// progress is where a run stands.
type progress struct {
	Step string `json:"step"`
	Place
	Steps     []Step    `json:"steps,omitempty"`
	Calls     int64     `json:"calls"`
	PerMinute int       `json:"per_minute"` // calls of late; 0 = not known yet
	Share     float64   `json:"share"`      // of the whole run, estimated; never falls
	Began     time.Time `json:"began"`      // corp's clock
}

// Step is a part of a run as the page shows it.
type Step struct {
	Name   string  `json:"name"`
	State  string  `json:"state"` // waiting, running, done, skipped
	Done   int     `json:"done"`
	Of     int     `json:"of"` // 0 = not known
	Weight float64 `json:"weight"`
}

// share estimates how much of a run is done.
func share(steps []Step) float64 {
	var all, done float64
	for _, s := range steps {
		all += s.Weight
		switch {
		case s.State == "done" || s.State == "skipped":
			done += s.Weight
		case s.State == "running" && s.Of > 0:
			done += s.Weight * min(1, float64(s.Done)/float64(s.Of))
		}
	}
	if all == 0 {
		return 0
	}
	return done / all
}
