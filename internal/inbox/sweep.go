package inbox

import (
	"context"
	"fmt"
	"time"

	"qunce/internal/clock"
)

// How long what came in is kept, as Tables declares it.
const (
	keepKeys   = 30 * 24 * time.Hour
	keepEvents = 180 * 24 * time.Hour
	keepMonths = 13 // months
	sweepBatch = 5_000
)

// Sweep deletes what has been kept long enough, in small steps; what is still to be handled stays.
func (in *Inbox) Sweep(ctx context.Context) error {
	now := in.wall.Now()
	for _, x := range []struct {
		sql    string
		before time.Time
	}{
		{`DELETE FROM inbox_key WHERE hash IN (SELECT hash FROM inbox_key WHERE at < $1 LIMIT $2)`, now.Add(-keepKeys)},
		{`DELETE FROM inbox_event WHERE id IN (SELECT id FROM inbox_event WHERE received_at < $1 AND state <> 'new' LIMIT $2)`, now.Add(-keepEvents)},
	} {
		for {
			tag, err := in.db.Exec(ctx, x.sql, x.before, sweepBatch)
			if err != nil {
				return fmt.Errorf("sweep callbacks: %w", err)
			}
			if tag.RowsAffected() < sweepBatch {
				break
			}
		}
	}
	for _, table := range []string{"inbox_door", "inbox_answer"} {
		if _, err := in.db.Exec(ctx, `DELETE FROM `+table+` WHERE day < $1::date`, clock.Day(now).AddDate(0, -keepMonths, 0)); err != nil {
			return fmt.Errorf("sweep the door's books: %w", err)
		}
	}
	return nil
}
