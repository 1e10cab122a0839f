package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/errs"
	"qunce/internal/group"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/livecode"
	"qunce/internal/pg"
	"qunce/internal/statistic"
	"qunce/internal/wecom"
)

// Deps are what the service works with.
type Deps struct {
	DB         *pg.DB
	IDs        *id.Source
	Clock      clock.Clock // the corp's
	Wall       clock.Clock
	WeCom      *wecom.Client
	Audit      *audit.Log
	Directory  *directory.Service
	Customers  *customer.Service
	Groups     *group.Service
	Codes      *livecode.Service
	Statistics *statistic.Service
	Catalog    *i18n.Catalog // for the sentences of what stopped a run
	Log        *slog.Logger
	// Doors lets the codes of stores follow the staff and groups that a run found, before codes are compared; may be nil.
	Doors func(ctx context.Context, cause int64) error
	// Since is when the corp was connected: of what happened before, no callback can have come. Zero = not known.
	Since func() time.Time
	// Every is the pause between a run and the next check on the corp's clock; 0 = no checks by themselves.
	Every time.Duration
}

// Service executes runs, one at a time.
type Service struct {
	Deps
	wake chan struct{}
}

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d, wake: make(chan struct{}, 1)} }

// Start asks for a full run and returns its id; while one is open, running or paused, it returns that one's and lets it go on.
func (s *Service) Start(ctx context.Context) (int64, error) { return s.start(ctx, Full, true) }

// StartCheck asks for a check and returns its id, or that of the run that is open.
func (s *Service) StartCheck(ctx context.Context) (int64, error) { return s.start(ctx, Check, true) }

func (s *Service) start(ctx context.Context, kind Kind, resume bool) (int64, error) {
	next, err := s.IDs.Next(ctx)
	if err != nil {
		return 0, err
	}
	var got int64
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		var err error
		got, err = start(ctx, tx, kind, next, resume, s.Wall.Now(), s.Clock.Now())
		return err
	})
	if err != nil {
		return 0, err
	}
	s.nudge()
	return got, nil
}

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Pause stops a running run after the page it is at. Errors: NotFound "sync.not_found", Conflict "sync.not_running".
func (s *Service) Pause(ctx context.Context, runID int64) error {
	return s.turn(ctx, runID, "running", "paused", "sync.not_running", "sync.pause")
}

// Resume lets a paused run go on where it stopped. Errors: NotFound "sync.not_found", Conflict "sync.not_paused".
func (s *Service) Resume(ctx context.Context, runID int64) error {
	if err := s.turn(ctx, runID, "paused", "running", "sync.not_paused", "sync.resume"); err != nil {
		return err
	}
	s.nudge()
	return nil
}

func (s *Service) turn(ctx context.Context, runID int64, from, to, code, action string) error {
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		was, ok, err := turn(ctx, tx, runID, from, to)
		switch {
		case err != nil:
			return err
		case was == "":
			return errs.E(errs.NotFound, "sync.not_found", "no run %d", runID).With("id", runID)
		case !ok:
			return errs.E(errs.Conflict, code, "run %d is %s", runID, was)
		}
		return s.Audit.Record(ctx, tx, s.Clock.Now(), action, fmt.Sprintf("sync/%d", runID), map[string]string{})
	})
}

// dailyAt is the hour of the corp's day at which a full run starts by itself.
const dailyAt = 3

// nextDaily is when the next daily run is due after the last one began on the corp's clock.
func nextDaily(last time.Time) time.Time {
	at := clock.Day(last).Add(dailyAt * time.Hour)
	if !at.After(last) {
		at = clock.Day(last).AddDate(0, 0, 1).Add(dailyAt * time.Hour)
	}
	return at
}

// nextDue says which run is due when. None is before the first full run, which somebody asks for.
func (s *Service) nextDue(ctx context.Context) (kind Kind, at time.Time, ok bool, err error) {
	full, any, ok, err := lastBegan(ctx, s.DB)
	if err != nil || !ok {
		return "", at, false, err
	}
	kind, at = Full, nextDaily(full)
	if check := any.Add(s.Every); s.Every > 0 && check.Before(at) {
		kind, at = Check, check
	}
	return kind, at, true, nil
}

// NextDue is when the next run is due.
func (s *Service) NextDue(ctx context.Context) (time.Time, bool, error) {
	_, at, ok, err := s.nextDue(ctx)
	return at, ok, err
}

// RunDue starts the run that is due, if one is, and returns 1 when it did. A paused run stays paused.
func (s *Service) RunDue(ctx context.Context) (int, error) {
	kind, at, ok, err := s.nextDue(ctx)
	if err != nil || !ok || at.After(s.Clock.Now()) {
		return 0, err
	}
	_, err = s.start(ctx, kind, false)
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
	row, err := pending(ctx, s.DB)
	if err != nil || row.id == 0 {
		return false, err
	}
	r := run{s: s, id: row.id, kind: row.kind}
	if err := json.Unmarshal(row.progress, &r.at); err != nil {
		return true, fmt.Errorf("progress of sync %d: %w", r.id, err)
	}
	if err := json.Unmarshal(row.result, &r.result); err != nil {
		return true, fmt.Errorf("result of sync %d: %w", r.id, err)
	}
	r.calls.Store(r.at.Calls)
	err = r.all(wecom.Patiently(ctx)) // WeCom's limits only slow it down
	switch {
	case err == nil:
		r.result.Complete = len(r.result.Differs) == 0
		r.at.Step = "done"
		return true, finish(ctx, s.DB, r.id, "done", nil, r.place(), r.result, s.Wall.Now())
	case errors.Is(err, errPaused):
		s.nudge() // another run may wait
		return true, nil
	case ctx.Err() != nil:
		return true, ctx.Err() // another process goes on
	case passes(err): // it goes on where it stopped
		return true, errors.Join(err, noteError(ctx, s.DB, r.id, err))
	}
	s.Log.Error("sync failed", "run", r.id, "error", err)
	return true, finish(ctx, s.DB, r.id, "failed", err, r.place(), r.result, s.Wall.Now())
}

// Open reports whether a run is under way.
func (s *Service) Open(ctx context.Context) (open bool, err error) {
	err = s.DB.QueryRow(ctx, `SELECT EXISTS (SELECT FROM sync_run WHERE state = 'running')`).Scan(&open)
	return open, err
}

// State is where a run stands, and the code of what stopped it or of what it waits for.
func (s *Service) State(ctx context.Context, runID int64) (state, code string, err error) {
	err = s.DB.QueryRow(ctx, `SELECT state, error_code FROM sync_run WHERE id = $1`, runID).Scan(&state, &code)
	return state, code, err
}

// errPaused ends a run's execution because somebody paused it.
var errPaused = errors.New("the run is paused")

// passes reports trouble that goes away by itself: the database or WeCom is away, or WeCom wants us to slow down.
func passes(err error) bool {
	var p passing
	k := errs.KindOf(err)
	return k == errs.Unavailable || k == errs.TooMany || pg.IsUnavailable(err) || errors.As(err, &p)
}

// passing marks a failure of our own that another try may mend.
type passing struct{ error }

func (p passing) Unwrap() error { return p.error }
