package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/clock"
	"qunce/internal/pg"
)

// Lease is the right of one process to work one corp's queues. It is held as a lock of a database session, so it is free
// soon after its holder dies, and as a time that the holder keeps moving on: a process that lost its session, and may not
// have noticed yet, stops before that time, and no other begins before it. The epoch rises with every new holder: rows
// that an older epoch left half done are told apart from one's own.
type Lease struct {
	Epoch int64
	lost  context.Context
}

// Lost is done when the lease is: the session broke or the holder let go.
func (l *Lease) Lost() context.Context { return l.lost }

const (
	leasePause = time.Second            // between tries
	leaseRenew = 500 * time.Millisecond // how often the holder moves the time on
	leaseLife  = 3 * time.Second        // by how much; the machines' clocks must agree better than that
)

// Hold waits for the lease of name in db's schema, runs fn while it is held, and gives it back. It returns when ctx ends
// or fn returns nil. If the lease is lost, fn's context ends, and once fn has returned Hold starts over; so it does when
// fn fails.
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
	k := keeper{conn: conn, table: pgx.Identifier{db.Schema(), "job_lease"}.Sanitize(), name: name, wall: wall}
	if err := k.take(ctx, owner); err != nil {
		return fmt.Errorf("lease %s: %w", name, err)
	}
	held, release := context.WithCancelCause(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		release(k.keep(held))
	}()
	err = fn(held, &Lease{Epoch: k.epoch, lost: held})
	release(nil)
	<-kept
	giving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leasePause)
	defer cancel()
	// Nobody works under this epoch any more, so the next holder need not wait. If this fails, it waits.
	_, _ = db.Exec(giving, `UPDATE job_lease SET until_at = $3 WHERE name = $1 AND epoch = $2`, name, k.epoch, wall.Now())
	if lost := context.Cause(held); errors.Is(lost, errLost) {
		return errors.Join(lost, err)
	}
	return err
}

var errLost = errors.New("the lease is lost")

// keeper moves the time of a lease on, over the very session that holds the lock.
type keeper struct {
	conn  *pgx.Conn
	table string
	name  string
	wall  clock.Clock
	epoch int64
	until time.Time
}

// take makes the session's owner the holder, after the time of the last one is over.
func (k *keeper) take(ctx context.Context, owner string) error {
	var until time.Time
	err := k.conn.QueryRow(ctx, `SELECT until_at FROM `+k.table+` WHERE name = $1`, k.name).Scan(&until)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("read: %w", err)
	}
	// A clock that was wrong once must not keep everybody waiting.
	if wait := min(until.Sub(k.wall.Now()), leaseLife); wait > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
	k.until = k.wall.Now().Add(leaseLife)
	err = k.conn.QueryRow(ctx, `INSERT INTO `+k.table+` AS l (name, owner, epoch, until_at) VALUES ($1, $2, 1, $3)
		ON CONFLICT (name) DO UPDATE SET owner = EXCLUDED.owner, epoch = l.epoch + 1, until_at = EXCLUDED.until_at
		RETURNING epoch`, k.name, owner, k.until).Scan(&k.epoch)
	if err != nil {
		return fmt.Errorf("take: %w", err)
	}
	return nil
}

// keep returns nil when ctx ends, and errLost when the session breaks or the time cannot be moved on before it is over.
func (k *keeper) keep(ctx context.Context) error {
	for {
		// A broken session is noticed at once: the server says so, or the connection ends.
		quiet, cancel := context.WithTimeout(ctx, leaseRenew)
		_, err := k.conn.WaitForNotification(quiet)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return errLost
		}
		now := k.wall.Now()
		renewing, cancel := context.WithTimeout(ctx, k.until.Sub(now))
		tag, err := k.conn.Exec(renewing, `UPDATE `+k.table+` SET until_at = $3 WHERE name = $1 AND epoch = $2`, k.name, k.epoch, now.Add(leaseLife))
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil || tag.RowsAffected() != 1:
			return errLost
		}
		k.until = now.Add(leaseLife)
	}
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{{Name: "job_lease", Owner: "job", Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "none"}}
}
