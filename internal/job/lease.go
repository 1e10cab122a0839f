package job

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/clock"
	"qunce/internal/pg"
)

// Lease is the right of one process to work one corp's queues. It is held as a lock of a database session, so it is
// free the moment its holder dies, and carries an epoch that rises with every new holder: rows that an older epoch left
// half done are told apart from one's own.
type Lease struct {
	Epoch int64
	lost  context.Context
}

// Lost is done when the lease is: the session broke or the holder let go.
func (l *Lease) Lost() context.Context { return l.lost }

const leasePause = time.Second

// Hold waits for the lease of name in db's schema, runs fn while it is held, and gives it back. It returns when ctx ends
// or fn does. If the session breaks, fn's context ends and Hold starts over.
func Hold(ctx context.Context, db *pg.DB, url, name, owner string, wall clock.Clock, fn func(ctx context.Context, l *Lease) error) error {
	for {
		err := hold(ctx, db, url, name, owner, wall, fn)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(leasePause):
		}
	}
}

func hold(ctx context.Context, db *pg.DB, url, name, owner string, wall clock.Clock, fn func(ctx context.Context, l *Lease) error) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("lease session: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), leasePause)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(hashtextextended($1, 0))`, db.Schema()+"/"+name); err != nil {
		return fmt.Errorf("lease %s: %w", name, err)
	}
	var epoch int64
	err = db.QueryRow(ctx, `INSERT INTO job_lease (name, owner, epoch, until_at) VALUES ($1, $2, 1, $3)
		ON CONFLICT (name) DO UPDATE SET owner = EXCLUDED.owner, epoch = job_lease.epoch + 1, until_at = EXCLUDED.until_at
		RETURNING epoch`, name, owner, wall.Now()).Scan(&epoch)
	if err != nil {
		return fmt.Errorf("lease %s epoch: %w", name, err)
	}
	held, release := context.WithCancel(ctx)
	defer release()
	go func() { // a broken session is a lost lease
		defer release()
		for held.Err() == nil {
			select {
			case <-held.Done():
				return
			case <-time.After(leasePause):
			}
			if err := conn.Ping(held); err != nil {
				return
			}
		}
	}()
	err = fn(held, &Lease{Epoch: epoch, lost: held})
	release()
	if ctx.Err() == nil && held.Err() != nil && err == nil {
		return nil
	}
	return err
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{{Name: "job_lease", Owner: "job", Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "none"}}
}
