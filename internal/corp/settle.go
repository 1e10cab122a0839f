package corp

import (
	"context"
	"fmt"
	"time"
)

// due is one feature's work that falls due on the corp's clock.
type due interface {
	NextDue(ctx context.Context) (time.Time, bool, error)
	RunDue(ctx context.Context) (int, error)
}

type named struct {
	name string
	due
}

// runDue does everything that is due now, feature after feature, until none has anything left. It returns how many rows
// moved.
func (c *Corp) runDue(ctx context.Context) (int, error) {
	total := 0
	for {
		round := 0
		for _, d := range c.due {
			n, err := d.RunDue(ctx)
			if err != nil {
				return total, fmt.Errorf("due work of %s: %w", d.name, err)
			}
			round += n
		}
		total += round
		if round == 0 || ctx.Err() != nil {
			return total, ctx.Err()
		}
	}
}

// NextDue is the earliest corp time at which due work waits; ok is false when nothing does.
func (c *Corp) NextDue(ctx context.Context) (at time.Time, ok bool, err error) {
	for _, d := range c.due {
		t, found, err := d.NextDue(ctx)
		if err != nil {
			return at, ok, fmt.Errorf("next due of %s: %w", d.name, err)
		}
		if found && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	return at, ok, nil
}

// settlePause is how often Settle looks whether the workers are through.
const settlePause = 2 * time.Millisecond

// Settle returns when nothing is left to do at the corp's present instant: no event unread, no call unmade or unresolved,
// no sync under way, no row due. The workers must be running. It is the barrier of an accelerated clock.
func (c *Corp) Settle(ctx context.Context) error {
	for {
		n, err := c.runDue(ctx)
		if err != nil {
			return err
		}
		quiet, err := c.quiet(ctx)
		if err != nil {
			return err
		}
		if quiet && n == 0 {
			return nil
		}
		for !quiet {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(settlePause):
			}
			if quiet, err = c.quiet(ctx); err != nil {
				return err
			}
		}
	}
}

func (c *Corp) quiet(ctx context.Context) (bool, error) {
	n, err := c.Inbox.Waiting(ctx)
	if err != nil || n > 0 {
		return false, err
	}
	if n, err = c.Outbox.Waiting(ctx); err != nil || n > 0 {
		return false, err
	}
	if open, err := c.Sync.Open(ctx); err != nil || open {
		return false, err
	}
	open, err := c.Archive.Open(ctx)
	return !open, err
}
