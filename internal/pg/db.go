package pg

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// DB is the view of one schema; a Querier whose statements each run on a connection of the shared pool.
type DB struct {
	pool   *Pool
	schema string
	path   string
}

var (
	_ Querier = (*DB)(nil)
	_ Querier = Tx{}
)

func newDB(p *Pool, schema string) *DB {
	return &DB{pool: p, schema: schema, path: searchPath(schema)}
}

// Schema is the name of the schema the view stands in.
func (d *DB) Schema() string { return d.schema }

func (d *DB) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, searchPathKey{}, d.path)
}

// Exec runs a statement and reports how many rows it touched.
func (d *DB) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return d.pool.pool.Exec(d.in(ctx), sql, args...)
}

// Query runs a statement that returns rows; close them, or read them to the end, to give the connection back.
func (d *DB) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return d.pool.pool.Query(d.in(ctx), sql, args...)
}

// QueryRow runs a statement that returns at most one row; Scan says pgx.ErrNoRows when there is none.
func (d *DB) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return d.pool.pool.QueryRow(d.in(ctx), sql, args...)
}

// CopyFrom bulk-loads rows into a table and returns their number.
func (d *DB) CopyFrom(ctx context.Context, table pgx.Identifier, cols []string, src pgx.CopyFromSource) (int64, error) {
	return d.pool.pool.CopyFrom(d.in(ctx), table, cols, src)
}

// SendBatch sends several statements in one round trip; close the results to give the connection back.
func (d *DB) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return d.pool.pool.SendBatch(d.in(ctx), b)
}

// Tx is an open transaction; a Querier. Only DB.Tx commits it or rolls it back.
type Tx struct {
	pgx.Tx
	hooks *[]func()
}

// AfterCommit registers a side effect, such as a signal to workers, that runs once and only after the commit
// succeeded, in the order of registration. It must be quick and cannot fail: what has to happen is a row, not a hook.
func (t Tx) AfterCommit(f func()) { *t.hooks = append(*t.hooks, f) }

const (
	txRetries    = 3
	txRetryPause = 10 * time.Millisecond
)

// Tx begins a transaction (read committed), runs fn, and commits, or rolls back when fn fails or panics. Serialization
// failures and deadlocks run the whole of fn again, up to 3 more times, so fn must not keep results of an earlier run:
// assign, never append, to variables outside. Hooks of AfterCommit run after the commit.
func (d *DB) Tx(ctx context.Context, fn func(tx Tx) error) error {
	for attempt := 0; ; attempt++ {
		err := d.once(ctx, fn)
		if err == nil || attempt == txRetries || !isRetryable(err) {
			return err
		}
		if !pause(ctx, txRetryPause<<attempt) {
			return err
		}
	}
}

func (d *DB) once(ctx context.Context, fn func(tx Tx) error) error {
	var hooks []func()
	err := pgx.BeginFunc(d.in(ctx), d.pool.pool, func(tx pgx.Tx) error {
		return fn(Tx{Tx: tx, hooks: &hooks})
	})
	if err != nil {
		return err
	}
	for _, hook := range hooks {
		hook()
	}
	return nil
}

func isRetryable(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}
