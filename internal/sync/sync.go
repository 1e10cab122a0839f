// Package sync proves that we hold what WeCom holds. A run reads everything within the app's visible range (departments
// and members, tags, customers and their relations, groups and their members), applies the differences, and ends with a
// statement: what WeCom shows, what we held before, what was missing here, what was too much, and that it is repaired.
//
// Callbacks get lost, doubled and reordered; only this makes the books whole. A run saves its place after every page, so
// a process that dies goes on where it stopped. A relation or group that seems too much is asked about once more before
// it is ended, since it may have begun while we read.
package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/errs"
	"qunce/internal/group"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Deps are what the service works with.
type Deps struct {
	DB        *pg.DB
	IDs       *id.Source
	Clock     clock.Clock // the corp's
	Wall      clock.Clock
	WeCom     *wecom.Client
	Directory *directory.Service
	Customers *customer.Service
	Groups    *group.Service
	Log       *slog.Logger
	After     func(ctx context.Context, cause int64) error // what follows a complete run; may be nil
}

// Service runs syncs, one at a time.
type Service struct {
	Deps
	wake chan struct{}
}

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d, wake: make(chan struct{}, 1)} }

// Counts has one figure for each kind of thing.
type Counts struct {
	Staff     int `json:"staff"`
	Relations int `json:"relations"`
	Tags      int `json:"tags"`
	Groups    int `json:"groups"`
	Members   int `json:"members"`
}

// Result is the statement at the end of a run.
type Result struct {
	Remote     Counts `json:"remote"`      // what WeCom shows
	HeldBefore Counts `json:"held_before"` // what we held when the run began
	Missing    Counts `json:"missing"`     // shown there, not held here; now held
	Extra      Counts `json:"extra"`       // held here, not shown there; now ended
	Amended    Counts `json:"amended"`
	Complete   bool   `json:"complete"` // every page was read to its end
}

// progress is where a run stands: what lies before After is done. Lists are gone through in order of their ids, so that
// what appears or vanishes while a run is interrupted does not make it skip anything else.
type progress struct {
	Step   string   `json:"step"` // directory, tags, relations, ends, groups, done
	After  string   `json:"after,omitempty"`
	And    string   `json:"and,omitempty"`    // the second half of After, where an id has two
	Users  []string `json:"users,omitempty"`  // whose relations Cursor runs through
	Cursor string   `json:"cursor,omitempty"` // of WeCom
	Done   int      `json:"done"`
	Of     int      `json:"of"`
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
	Error      string          `json:"error"`
}

// Start asks for a full run and returns its id; while one runs, it returns that one's.
func (s *Service) Start(ctx context.Context) (int64, error) {
	next, err := s.IDs.Next(ctx)
	if err != nil {
		return 0, err
	}
	var got int64
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		var err error
		got, err = start(ctx, tx, next, s.Wall.Now(), s.Clock.Now())
		return err
	})
	if err != nil {
		return 0, err
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return got, nil
}

// dailyAt is the hour of the corp's day at which a run starts by itself.
const dailyAt = 3

// nextDaily is when the next daily run is due after the last one began on the corp's clock.
func nextDaily(last time.Time) time.Time {
	at := clock.Day(last).Add(dailyAt * time.Hour)
	if !at.After(last) {
		at = clock.Day(last).AddDate(0, 0, 1).Add(dailyAt * time.Hour)
	}
	return at
}

// NextDue is when the daily run is due; none is before the first run, which somebody asks for.
func (s *Service) NextDue(ctx context.Context) (time.Time, bool, error) {
	last, ok, err := lastBegan(ctx, s.DB)
	return nextDaily(last), ok, err
}

// RunDue starts the daily run if it is due, and returns 1 when it did.
func (s *Service) RunDue(ctx context.Context) (int, error) {
	at, ok, err := s.NextDue(ctx)
	if err != nil || !ok || at.After(s.Clock.Now()) {
		return 0, err
	}
	_, err = s.Start(ctx)
	return 1, err
}

// Work executes runs as they are asked for, and those a dead process left behind, until ctx ends.
func (s *Service) Work(ctx context.Context) error {
	for ctx.Err() == nil {
		if _, err := s.RunPending(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("sync", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-time.After(5 * time.Second):
		}
	}
	return ctx.Err()
}

// RunPending executes the open run, if there is one, and reports whether there was.
func (s *Service) RunPending(ctx context.Context) (bool, error) {
	runID, raw, rawResult, err := pending(ctx, s.DB)
	if err != nil || runID == 0 {
		return false, err
	}
	r := run{s: s, id: runID}
	if err := json.Unmarshal(raw, &r.at); err != nil {
		return true, fmt.Errorf("progress of sync %d: %w", runID, err)
	}
	if err := json.Unmarshal(rawResult, &r.result); err != nil {
		return true, fmt.Errorf("result of sync %d: %w", runID, err)
	}
	if err := r.all(ctx); err != nil {
		if ctx.Err() != nil {
			return true, ctx.Err() // another process goes on
		}
		if passes(err) { // it goes on where it stopped
			return true, errors.Join(err, noteError(ctx, s.DB, runID, err.Error()))
		}
		return true, finish(ctx, s.DB, runID, "failed", err.Error(), r.at, r.result, s.Wall.Now())
	}
	if s.After != nil {
		if err := s.After(ctx, runID); err != nil {
			return true, err // the run stays open and is gone through again
		}
	}
	r.result.Complete = true
	r.at.Step = "done"
	return true, finish(ctx, s.DB, runID, "done", "", r.at, r.result, s.Wall.Now())
}

// Open reports whether a run is under way.
func (s *Service) Open(ctx context.Context) (open bool, err error) {
	err = s.DB.QueryRow(ctx, `SELECT EXISTS (SELECT FROM sync_run WHERE state = 'running')`).Scan(&open)
	return open, err
}

// State is where a run stands, and its error if it failed.
func (s *Service) State(ctx context.Context, runID int64) (state, text string, err error) {
	err = s.DB.QueryRow(ctx, `SELECT state, error FROM sync_run WHERE id = $1`, runID).Scan(&state, &text)
	return state, text, err
}

// passes reports trouble that goes away by itself: the database or WeCom is away, or WeCom wants us to slow down.
func passes(err error) bool {
	k := errs.KindOf(err)
	return k == errs.Unavailable || k == errs.TooMany || pg.IsUnavailable(err)
}
