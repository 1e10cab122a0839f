package job

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
)

// stage counts who is on it.
type stage struct {
	now, most atomic.Int64
	entered   chan int64 // epochs, as holders come on
}

func (s *stage) play(ctx context.Context, l *Lease) error {
	s.most.Store(max(s.most.Load(), s.now.Add(1)))
	defer s.now.Add(-1)
	s.entered <- l.Epoch
	<-ctx.Done()
	return ctx.Err()
}

func hold1(t *testing.T, ctx context.Context, pool *pg.Pool, owner string, fn func(context.Context, *Lease) error) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		done <- Hold(ctx, pool.Corp(pgtest.CorpSchema), pool.URL(), "worker", owner, clock.Wall(), fn)
	}()
	return done
}

// killSessions ends every session that holds the lock.
func killSessions(t *testing.T, pool *pg.Pool) {
	t.Helper()
	if _, err := pool.Shared().Exec(t.Context(), `SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()`); err != nil {
		t.Fatal(err)
	}
}

func TestTheLeaseMovesWhenItsSessionDies(t *testing.T) {
	pool := pgtest.New(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	s := &stage{entered: make(chan int64, 10)}
	var ends []<-chan error
	for _, owner := range []string{"a", "b", "c"} {
		ends = append(ends, hold1(t, ctx, pool, owner, s.play))
	}
	last := int64(0)
	for range 3 {
		epoch := <-s.entered
		if epoch <= last {
			t.Fatalf("epoch %d after %d", epoch, last)
		}
		last = epoch
		killSessions(t, pool)
	}
	if epoch := <-s.entered; epoch <= last {
		t.Fatalf("epoch %d after %d", epoch, last)
	}
	if s.most.Load() != 1 {
		t.Errorf("%d held it at once", s.most.Load())
	}
	stop()
	for _, e := range ends {
		if err := <-e; !errors.Is(err, context.Canceled) {
			t.Errorf("Hold returned %v", err)
		}
	}
}

// A holder that does not notice that its session is gone (it hangs, its machine sleeps) has until its time is over: the
// next one waits that long.
func TestTheNextHolderWaitsForTheTimeOfTheLast(t *testing.T) {
	pool := pgtest.New(t)
	wall := clock.Wall()
	until := wall.Now().Add(1500 * time.Millisecond)
	if _, err := pool.Corp(pgtest.CorpSchema).Exec(t.Context(), `INSERT INTO job_lease (name, owner, epoch, until_at) VALUES ('worker', 'hung', 7, $1)`, until); err != nil {
		t.Fatal(err)
	}
	var began time.Time
	var epoch int64
	err := <-hold1(t, t.Context(), pool, "next", func(_ context.Context, l *Lease) error {
		began, epoch = wall.Now(), l.Epoch
		return nil
	})
	if err != nil || began.Before(until) || epoch != 8 {
		t.Errorf("began %v before the end, epoch %d, %v", until.Sub(began), epoch, err)
	}
}

func TestAGivenBackLeaseIsFreeAtOnce(t *testing.T) {
	pool := pgtest.New(t)
	wall := clock.Wall()
	begin := wall.Now()
	for want := range int64(5) {
		var got int64
		err := <-hold1(t, t.Context(), pool, "one", func(_ context.Context, l *Lease) error { got = l.Epoch; return nil })
		if err != nil || got != want+1 {
			t.Fatalf("epoch %d, want %d, %v", got, want+1, err)
		}
	}
	if took := wall.Now().Sub(begin); took > leaseLife {
		t.Errorf("five holders in a row took %v", took)
	}
}

// fn may return nil when it is told to stop; that must not end Hold when the reason was a lost lease.
func TestHoldStartsOverAfterALossOrAFailure(t *testing.T) {
	pool := pgtest.New(t)
	entered := make(chan struct{}, 1)
	var once sync.Once
	runs := 0
	done := hold1(t, t.Context(), pool, "one", func(ctx context.Context, _ *Lease) error {
		runs++
		switch runs {
		case 1:
			once.Do(func() { close(entered) })
			<-ctx.Done()
			return nil
		case 2:
			return errors.New("stumbled")
		}
		return nil
	})
	<-entered
	killSessions(t, pool)
	if err := <-done; err != nil || runs != 3 {
		t.Errorf("%d runs, %v", runs, err)
	}
}

func TestALongHolderKeepsItsLease(t *testing.T) {
	pool := pgtest.New(t)
	wall := clock.Wall()
	err := <-hold1(t, t.Context(), pool, "one", func(ctx context.Context, l *Lease) error {
		select {
		case <-l.Lost().Done():
			return nil
		case <-time.After(leaseLife + leaseRenew):
		}
		var until time.Time
		if err := pool.Corp(pgtest.CorpSchema).QueryRow(ctx, `SELECT until_at FROM job_lease`).Scan(&until); err != nil || !until.After(wall.Now()) {
			t.Errorf("the time is over: %v, %v", until, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
