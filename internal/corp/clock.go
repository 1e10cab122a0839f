package corp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/clock"
	"qunce/internal/failpoint"
	"qunce/internal/pg"
)

// Time is a corp's durable clock. Real, it is the wall clock. Accelerated, it stands still until somebody advances it,
// survives the process, and never goes back.
type Time struct {
	db          *pg.DB
	accelerated bool
	manual      *clock.Manual

	mu    sync.Mutex
	pace  Pace
	start time.Time
}

// Pace says how an accelerated clock is meant to run: Speed is simulated seconds per wall second at most.
type Pace struct {
	Playing bool    `json:"playing"`
	Speed   float64 `json:"speed"`
}

var (
	fpClockBefore = failpoint.New("corp.clock.before")
	fpClockAfter  = failpoint.New("corp.clock.after")
)

// openTime loads a corp's clock. A corp without one gets a real clock, or an accelerated one that starts at start.
func openTime(ctx context.Context, db *pg.DB, wall clock.Clock, start *time.Time) (*Time, error) {
	first := wall.Now()
	if start != nil {
		first = *start
	}
	if _, err := db.Exec(ctx, `INSERT INTO corp_clock (id, now, accelerated, playing, speed, started_at) VALUES (1, $1, $2, true, 720, $1)
		ON CONFLICT (id) DO NOTHING`, first, start != nil); err != nil {
		return nil, fmt.Errorf("make clock: %w", err)
	}
	t := &Time{db: db}
	var now time.Time
	err := db.QueryRow(ctx, `SELECT now, accelerated, playing, speed, started_at FROM corp_clock WHERE id = 1`).
		Scan(&now, &t.accelerated, &t.pace.Playing, &t.pace.Speed, &t.start)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("load clock: %w", err)
	}
	if t.accelerated {
		t.manual = clock.NewManual(now)
	}
	return t, nil
}

// Clock is what services read.
func (t *Time) Clock() clock.Clock {
	if t.accelerated {
		return t.manual
	}
	return clock.Wall()
}

// Now is the corp's present.
func (t *Time) Now() time.Time { return t.Clock().Now() }

// Accelerated reports whether the clock only moves when it is advanced.
func (t *Time) Accelerated() bool { return t.accelerated }

// Started is where the clock began.
func (t *Time) Started() time.Time { return t.start }

// Set advances an accelerated clock to at, durably before anybody sees it; an earlier time changes nothing.
func (t *Time) Set(ctx context.Context, at time.Time) error {
	if !t.accelerated || !at.After(t.manual.Now()) {
		return nil
	}
	fpClockBefore.Hit()
	if _, err := t.db.Exec(ctx, `UPDATE corp_clock SET now = $1 WHERE id = 1 AND now < $1`, at); err != nil {
		return fmt.Errorf("advance clock: %w", err)
	}
	fpClockAfter.Hit()
	t.manual.Set(at)
	return nil
}

// Pace returns how the clock is meant to run.
func (t *Time) Pace() Pace {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pace
}

// SetPace changes it, durably.
func (t *Time) SetPace(ctx context.Context, p Pace) error {
	if _, err := t.db.Exec(ctx, `UPDATE corp_clock SET playing = $1, speed = $2 WHERE id = 1`, p.Playing, p.Speed); err != nil {
		return fmt.Errorf("set pace: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pace = p
	return nil
}
