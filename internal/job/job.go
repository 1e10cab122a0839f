// Package job runs coarse machine work (an import, a sync, an export) on River, in the schema qunce, with a connection
// pool of its own so that a long job never starves the leader election. It also holds the lease that makes one process
// at a time the worker of a corp's queues.
//
// A job is never the record: inbox, outbox and due rows are the truth, and a job only wakes somebody up to look at them.
// Every job names its corp. Work that must happen once is guarded by rows, since River may run a job twice.
package job

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
	"riverqueue.com/riverui"

	"qunce/internal/pg"
)

// Args is what a job carries; Kind names the worker.
type Args = river.JobArgs

// Workers collects the workers of all features before the client starts.
type Workers struct{ bundle *river.Workers }

// NewWorkers returns an empty set.
func NewWorkers() *Workers { return &Workers{bundle: river.NewWorkers()} }

// Handle adds the worker of one kind. fn must be safe to run twice and to be cut off anywhere.
func Handle[T Args](w *Workers, timeout time.Duration, fn func(ctx context.Context, args T) error) {
	river.AddWorker(w.bundle, &worker[T]{fn: fn, timeout: timeout})
}

type worker[T Args] struct {
	river.WorkerDefaults[T]
	fn      func(ctx context.Context, args T) error
	timeout time.Duration
}

func (w *worker[T]) Work(ctx context.Context, j *river.Job[T]) error { return w.fn(ctx, j.Args) }
func (w *worker[T]) Timeout(*river.Job[T]) time.Duration             { return w.timeout }

// Client queues jobs and, once started, works them.
type Client struct {
	pool  *pgxpool.Pool
	river *river.Client[pgx.Tx]
}

// MaxConns is the size of the client's own pool.
const MaxConns = 6

// Open migrates River's tables and returns a client; call Start to work the queue.
func Open(ctx context.Context, url string, w *Workers, log *slog.Logger) (*Client, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("job pool: %w", err)
	}
	config.MaxConns = MaxConns
	config.ConnConfig.RuntimeParams["application_name"] = "qunce-job"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("job pool: %w", err)
	}
	driver := riverpgxv5.New(pool)
	if err := migrate(ctx, pool, driver, log); err != nil {
		pool.Close()
		return nil, fmt.Errorf("job migrations: %w", err)
	}
	client, err := river.NewClient(driver, &river.Config{
		Schema:               pg.SharedSchema,
		Logger:               log,
		Workers:              w.bundle,
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}},
		RescueStuckJobsAfter: time.Hour,
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("job client: %w", err)
	}
	return &Client{pool: pool, river: client}, nil
}

// migrate brings River's tables up to date. River does not guard its migrations against each other: processes that start
// together, or one that starts while the end of another's is still on its way, take turns.
func migrate(ctx context.Context, pool *pgxpool.Pool, driver *riverpgxv5.Driver, log *slog.Logger) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Schema: pg.SharedSchema, Logger: log})
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('qunce.jobs'))`); err != nil {
			return err
		}
		_, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
}

// Start works the queue until Stop.
func (c *Client) Start(ctx context.Context) error { return c.river.Start(ctx) }

// Stop lets running jobs finish for a few seconds, then cancels them, and closes the pool.
func (c *Client) Stop(ctx context.Context) {
	soft, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := c.river.Stop(soft); err != nil {
		hard, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		_ = c.river.StopAndCancel(hard)
	}
	c.pool.Close()
}

// Enqueue adds a job. It is a wake-up: the caller has already written the row that says what is to be done.
func (c *Client) Enqueue(ctx context.Context, args Args) error {
	if _, err := c.river.Insert(ctx, args, nil); err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return nil
}

// Info is one job for the system page.
type Info struct {
	ID         int64      `json:"id"`
	Kind       string     `json:"kind"`
	State      string     `json:"state"`
	Attempt    int        `json:"attempt"`
	QueuedAt   time.Time  `json:"queued_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Error      *string    `json:"error"`
}

// Recent lists the newest jobs, at most limit.
func (c *Client) Recent(ctx context.Context, limit int) ([]Info, error) {
	res, err := c.river.JobList(ctx, river.NewJobListParams().First(limit).OrderBy(river.JobListOrderByID, river.SortOrderDesc))
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	out := make([]Info, 0, len(res.Jobs))
	for _, j := range res.Jobs {
		i := Info{ID: j.ID, Kind: j.Kind, State: string(j.State), Attempt: j.Attempt, QueuedAt: j.CreatedAt, FinishedAt: j.FinalizedAt}
		if n := len(j.Errors); n > 0 && j.State != rivertype.JobStateCompleted {
			i.Error = &j.Errors[n-1].Error
		}
		out = append(out, i)
	}
	return out, nil
}

// UI is River's own page for administrators, to be mounted at prefix behind a permission check.
func (c *Client) UI(ctx context.Context, prefix string, log *slog.Logger) (http.Handler, error) {
	h, err := riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints: riverui.NewEndpoints(c.river, nil), Logger: log, Prefix: prefix,
	})
	if err != nil {
		return nil, fmt.Errorf("job page: %w", err)
	}
	if err := h.Start(ctx); err != nil {
		return nil, fmt.Errorf("job page: %w", err)
	}
	return h, nil
}
