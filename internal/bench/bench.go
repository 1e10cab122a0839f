// Package bench measures what the product does per second beside what the machine could do at most, in one run on one
// machine, since a figure without its limit says nothing: callbacks stored through the real door beside bare inserts of
// the same rows, an order import beside a bare COPY of the same rows, and the HTTP server beside an empty handler.
//
// Invariants: the amounts of work are fixed and its contents come from seeds, so that two runs differ in time alone;
// every measurement counts afterwards what the database holds, and a wrong count is an error instead of a figure; the
// private PostgreSQL is durable (fsync, synchronous commits) like that of `qunce serve`.
//
// It works in a schema of its own, which it drops before and after. It never runs inside `qunce serve`.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"qunce/internal/clock"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/embedded"
)

// Schema is where the benchmark works; a schema of this name is dropped.
const Schema = "corp_qunce_bench"

// Options of a run. The zero value starts a private PostgreSQL in the system's temporary folder and takes minutes.
type Options struct {
	DatabaseURL string    // "" = a private, durable PostgreSQL
	Dir         string    // where it stands and where fsync is measured; "" = the system's temporary folder
	Quick       bool      // sizes that only show that everything runs; the figures mean nothing
	Burst       bool      // the burst alone, for its whole minute
	Archive     int       // measure the chat archive alone, with so many messages; 0 = everything, the archive with 200,000
	Progress    io.Writer // hears what is being measured; nil = nobody
}

// size is how much work a run does.
type size struct {
	connections   int // of the client, and of the database in the comparison
	callbacks     int
	alone         int // callbacks one after the other
	busy          int // callbacks while the workers have plenty to do
	stores        int
	members       int
	orderLines    int // at least
	fsyncs        int
	messages      int // of the chat archive
	questionsEach int // searches of each class
	burst         mix
}

func sizeOf(o Options) size {
	long := size{connections: 32, callbacks: 40_000, alone: 2_000, busy: 2_000, stores: 300, members: 28_000, orderLines: 150_000, fsyncs: 300,
		messages: 200_000, questionsEach: 60, burst: burstOf(10 * time.Second)}
	quick := size{connections: 4, callbacks: 400, alone: 50, busy: 50, stores: 10, members: 100, orderLines: 200, fsyncs: 20,
		messages: 3_000, questionsEach: 3, burst: burstOf(500 * time.Millisecond)}
	switch {
	case o.Quick:
		return quick
	case o.Burst:
		long.burst = burstOf(time.Minute)
	}
	return long
}

// run is one run of the benchmark.
type run struct {
	Options
	size
	db     *pg.DB
	pool   *pg.Pool
	ids    *id.Source
	wall   clock.Clock
	log    *slog.Logger
	report *Report
}

// Run measures everything and returns the figures. Errors are those of the database, or a count that is not what it
// must be.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	dir, err := os.MkdirTemp(o.Dir, "qunce-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r := &run{Options: o, size: sizeOf(o), wall: clock.Wall(), log: slog.New(slog.DiscardHandler),
		report: &Report{CPUs: runtime.NumCPU(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Quick: o.Quick}}

	r.say("fsync")
	if r.report.FsyncMS, err = fsyncMedian(dir, r.fsyncs, r.wall); err != nil {
		return nil, err
	}
	url := o.DatabaseURL
	if url == "" {
		server, err := embedded.Start(ctx, embedded.Options{Dir: filepath.Join(dir, "pg"), Log: io.Discard, Durable: true})
		if err != nil {
			return nil, err
		}
		defer func() { _ = server.Stop() }()
		url = server.URL()
	}
	if r.pool, err = pg.Open(ctx, pg.Options{URL: url, MaxConns: int32(r.connections + 8)}); err != nil { //nolint:gosec // a small constant
		return nil, err
	}
	defer r.pool.Close()
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	defer r.drop(context.WithoutCancel(ctx))
	measures := []func(context.Context) error{r.callbackFigures, r.orderFigures, r.archiveFigures, r.burstFigures}
	switch {
	case o.Burst:
		measures = measures[3:]
	case o.Archive > 0:
		r.messages, measures = o.Archive, measures[2:3]
	}
	for _, measure := range measures {
		if err := measure(ctx); err != nil {
			return nil, err
		}
	}
	return r.report, nil
}

func (r *run) say(format string, args ...any) { fmt.Fprintf(r.Progress, "… "+format+"\n", args...) }

func (r *run) prepare(ctx context.Context) error {
	if err := pg.MigrateShared(ctx, r.pool); err != nil {
		return err
	}
	r.drop(ctx)
	if err := pg.MigrateCorp(ctx, r.pool, Schema); err != nil {
		return err
	}
	r.db, r.ids = r.pool.Corp(Schema), id.New(r.pool.IDBlock)
	return r.db.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off'`).
		Scan(&r.report.PostgreSQL, &r.report.Durable)
}

func (r *run) drop(ctx context.Context) {
	if _, err := r.pool.Shared().Exec(ctx, `DROP SCHEMA IF EXISTS `+pgx.Identifier{Schema}.Sanitize()+` CASCADE`); err != nil {
		fmt.Fprintf(r.Progress, "the schema %s stays: %v\n", Schema, err)
	}
}

// settle lets no work of an earlier measurement fall into the next one.
func (r *run) settle(ctx context.Context) error {
	_, err := r.db.Exec(ctx, `CHECKPOINT`)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == insufficientPrivilege { // a server of somebody else's
		return nil
	}
	return err
}

const insufficientPrivilege = "42501"

// count compares a table's rows with what must be there.
func (r *run) count(ctx context.Context, table string, want int) error {
	var n int
	if err := r.db.QueryRow(ctx, `SELECT count(*) FROM `+pgx.Identifier{table}.Sanitize()).Scan(&n); err != nil {
		return fmt.Errorf("count %s: %w", table, err)
	}
	if n != want {
		return fmt.Errorf("%s holds %d rows after the measurement, must hold %d", table, n, want)
	}
	return nil
}

// time measures how long f takes.
func (r *run) time(f func() error) (time.Duration, error) {
	start := r.wall.Now()
	err := f()
	return r.wall.Now().Sub(start), err
}

func perSecond(n int, d time.Duration) float64 { return float64(n) / max(d.Seconds(), 1e-9) }

// quantiles returns the median and the 99th percentile in milliseconds.
func quantiles(list []time.Duration) (p50, p99 float64) {
	if len(list) == 0 {
		return 0, 0
	}
	return quantile(list, 0.50), quantile(list, 0.99)
}

// fsyncMedian writes a page and syncs it, n times: what one durable commit costs at least.
func fsyncMedian(dir string, n int, wall clock.Clock) (float64, error) {
	f, err := os.Create(filepath.Join(dir, "fsync")) //nolint:gosec // a folder of our own
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	page, took := make([]byte, 8192), make([]time.Duration, 0, n)
	for range n {
		start := wall.Now()
		if _, err := f.WriteAt(page, 0); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took = append(took, wall.Now().Sub(start))
	}
	p50, _ := quantiles(took)
	return p50, nil
}
