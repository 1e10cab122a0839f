// Package pg is the way to the database: one pool for the process, one view of it per corp, transactions, migrations
// and the declarations every table makes about itself.
//
// A corp is a schema. Pool.Corp returns a view whose every statement runs with search_path = that schema, qunce_ext;
// Pool.Shared one with qunce, qunce_ext. A view cannot reach another corp's tables by an unqualified name.
//
// Invariants: sessions run in time zone UTC, so a business day is computed in Go or with an explicit zone; times are
// scanned as UTC. SQL never asks the server for the present time: the corp's clock or the wall clock comes in as a
// parameter (linted). Side effects of a transaction are registered with Tx.AfterCommit and run only once it stands.
//
// The package never hides a statement behind a builder, never starts a transaction on its own, and knows no feature.
package pg

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"qunce/internal/errs"
)

// The schemas that every database has besides the corps'.
const (
	SharedSchema    = "qunce"     // users, corps, sessions, queue
	ExtensionSchema = "qunce_ext" // extensions, on every search_path
)

const (
	defaultMaxConns = 20
	openPatience    = 30 * time.Second
	openPause       = 250 * time.Millisecond
)

// Querier is what store functions take: a transaction or the database itself.
type Querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	CopyFrom(ctx context.Context, table pgx.Identifier, cols []string, src pgx.CopyFromSource) (int64, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// Options says which database and how many connections; MaxConns 0 means 20.
type Options struct {
	URL      string
	MaxConns int32
}

// Pool is the process's one pool of connections.
type Pool struct {
	url  string
	pool *pgxpool.Pool
	ids  *pgxpool.Pool // one connection for blocks of ids: they are taken inside transactions, when pool may be used up
}

// Open connects, waiting up to 30 s for a server that is starting or not yet reachable. A refused password or an
// unknown database fails at once. Errors: Invalid "pg.url", Unavailable "pg.unreachable", Internal "pg.refused".
func Open(ctx context.Context, o Options) (*Pool, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		// The cause may quote the URL with its password, so it is not wrapped.
		return nil, errs.E(errs.Invalid, "pg.url", "DATABASE_URL is not a PostgreSQL URL such as postgres://user:password@host:5432/qunce")
	}
	config.MaxConns = defaultMaxConns
	if o.MaxConns > 0 {
		config.MaxConns = o.MaxConns
	}
	params := config.ConnConfig.RuntimeParams
	params["timezone"] = "UTC"
	if params["application_name"] == "" {
		params["application_name"] = "qunce"
	}
	config.AfterConnect = scanTimesAsUTC
	config.PrepareConn = setSearchPath

	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, errs.E(errs.Internal, "pg.refused", "cannot make a connection pool").Wrap(err)
	}
	if err := awaitServer(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	idConfig := config.Copy()
	idConfig.MaxConns, idConfig.PrepareConn = 1, nil
	ids, err := pgxpool.NewWithConfig(ctx, idConfig)
	if err != nil {
		pool.Close()
		return nil, errs.E(errs.Internal, "pg.refused", "cannot make a connection pool").Wrap(err)
	}
	return &Pool{url: o.URL, pool: pool, ids: ids}, nil
}

func awaitServer(ctx context.Context, pool *pgxpool.Pool) error {
	patience, cancel := context.WithTimeout(ctx, openPatience)
	defer cancel()
	for {
		err := pool.Ping(patience)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !IsUnavailable(err) && patience.Err() == nil {
			return errs.E(errs.Internal, "pg.refused", "the database refuses the connection").Wrap(err)
		}
		if !pause(patience, openPause) {
			return errs.E(errs.Unavailable, "pg.unreachable", "the database did not answer within %s", openPatience).Wrap(err)
		}
	}
}

// pause waits for d and reports whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func scanTimesAsUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID,
		Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// Close waits for acquired connections to come back and closes all.
func (p *Pool) Close() {
	p.pool.Close()
	p.ids.Close()
}

// URL is the connection string, password included: for child processes and a pool of somebody's own, never for logs.
func (p *Pool) URL() string { return p.url }

// Address is the URL without its password, for logs.
func (p *Pool) Address() string {
	u, err := url.Parse(p.url)
	if err != nil {
		return "postgres"
	}
	return u.Redacted()
}

// Stat reports on the pool's connections, for metrics.
func (p *Pool) Stat() *pgxpool.Stat { return p.pool.Stat() }

// Ping asks the server for a sign of life, for readiness checks.
func (p *Pool) Ping(ctx context.Context) error { return p.pool.Ping(ctx) }

// Corp is the view of one corp's schema.
func (p *Pool) Corp(schema string) *DB { return newDB(p, schema) }

// Shared is the view of the schema qunce.
func (p *Pool) Shared() *DB { return newDB(p, SharedSchema) }

// IDBlock takes a block of 1,000 ids from the database and returns its first; id.New is built on it.
func (p *Pool) IDBlock(ctx context.Context) (int64, error) {
	var first int64
	if err := p.ids.QueryRow(ctx, `SELECT nextval('qunce.id_seq')`).Scan(&first); err != nil {
		return 0, fmt.Errorf("take a block of ids: %w", err)
	}
	return first, nil
}

// searchPath is the setting for a schema, its name quoted.
func searchPath(schema string) string {
	return strings.Join([]string{pgx.Identifier{schema}.Sanitize(), ExtensionSchema}, ", ")
}

type searchPathKey struct{}

const connPath = "qunce.search_path" // where a connection remembers its present search_path

// setSearchPath runs when a connection is acquired. The wanted path travels in the context; it is sent only when the
// connection last served another schema. It is set outside any transaction, so a rollback cannot undo it.
func setSearchPath(ctx context.Context, conn *pgx.Conn) (bool, error) {
	want, ok := ctx.Value(searchPathKey{}).(string)
	if !ok {
		return true, nil
	}
	remembered := conn.PgConn().CustomData()
	if remembered[connPath] == want {
		return true, nil
	}
	if _, err := conn.Exec(ctx, "SELECT set_config('search_path', $1, false)", want); err != nil {
		if ctx.Err() != nil {
			return false, err
		}
		return false, nil // a dead connection: destroy it and try the next
	}
	remembered[connPath] = want
	return true, nil
}
