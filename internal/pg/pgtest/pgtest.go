// Package pgtest gives every test a database of its own within some tens of milliseconds: a clone of a template that
// holds the migrated schemas qunce and corp_test.
//
// The server is the one that QUNCE_TEST_DATABASE_URL names (any database on it; the role must be allowed to create
// databases). Without it, the tests of one user share a server in Folder: the first test starts a keeper process that
// runs it, and the keeper ends half a minute after the last test has let go of it.
//
// Invariants: tests never share a database; the template is made once per set of migrations, whichever package comes
// first. The package keeps no state in the process, and is never imported by production code.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

const (
	// URLEnv names the server that tests use.
	URLEnv = "QUNCE_TEST_DATABASE_URL"
	// CorpSchema is the one corp of a fresh database: New(t).Corp(CorpSchema).
	CorpSchema = "corp_test"

	templatePrefix = "qunce_template_"
	clonePrefix    = "qunce_test_"

	maxConns        = 8
	cleanupPatience = 30 * time.Second
)

// New returns a pool on a fresh database with the schemas qunce and corp_test at this binary's version. The database
// is dropped when the test ends.
func New(t testing.TB) *pg.Pool {
	t.Helper()
	pool, drop, err := clone(t.Context(), server(t))
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(drop)
	return pool
}

// server is the URL of the server to use, which stays up until the test ends.
func server(t testing.TB) string {
	t.Helper()
	if u := os.Getenv(URLEnv); u != "" {
		return u
	}
	u, leave, err := join(t.Context(), sharedDir())
	if err != nil {
		t.Fatalf("pgtest: cannot start a PostgreSQL for tests (%v); set %s to one", err, URLEnv)
	}
	t.Cleanup(leave)
	return u
}

// clone makes a database from the template; drop closes the pool and removes it.
func clone(ctx context.Context, server string) (pool *pg.Pool, drop func(), err error) {
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the test server: %w", err)
	}
	defer func() { _ = admin.Close(ctx) }()
	template := templatePrefix + pg.Hash()
	if err := ensureTemplate(ctx, admin, server, template); err != nil {
		return nil, nil, fmt.Errorf("make the template database: %w", err)
	}
	// Copying files is several times faster than logging every block, and the server loses everything at a crash anyway.
	name := clonePrefix + strings.ToLower(rand.Text()[:12])
	if _, err := admin.Exec(ctx, `CREATE DATABASE `+name+` TEMPLATE `+template+` STRATEGY FILE_COPY`); err != nil {
		return nil, nil, fmt.Errorf("clone the template database: %w", err)
	}
	pool, err = openOn(ctx, server, name)
	if err != nil {
		return nil, nil, err
	}
	return pool, func() {
		pool.Close()
		// The test's context has ended.
		ctx, cancel := context.WithTimeout(context.Background(), cleanupPatience)
		defer cancel()
		admin, err := pgx.Connect(ctx, server)
		if err != nil {
			return // a server that is gone took the clone along, or its keeper sweeps at the next start
		}
		defer func() { _ = admin.Close(ctx) }()
		_, _ = admin.Exec(ctx, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
	}, nil
}

// ensureTemplate makes the template unless it is there. It is built under another name and renamed when finished, so
// a template that exists is complete; the lock lets one package build while the others wait.
func ensureTemplate(ctx context.Context, admin *pgx.Conn, server, template string) error {
	there, err := exists(ctx, admin, template)
	if err != nil || there {
		return err
	}
	if _, err := admin.Exec(ctx, `SELECT pg_advisory_lock(hashtext('qunce.pgtest.template'))`); err != nil {
		return err
	}
	defer func() {
		_, _ = admin.Exec(ctx, `SELECT pg_advisory_unlock(hashtext('qunce.pgtest.template'))`) // or the session's end does
	}()
	if there, err := exists(ctx, admin, template); err != nil || there {
		return err
	}
	building := template + "_building"
	if _, err := admin.Exec(ctx, `DROP DATABASE IF EXISTS `+building+` WITH (FORCE)`); err != nil {
		return err
	}
	if _, err := admin.Exec(ctx, `CREATE DATABASE `+building+` TEMPLATE template0`); err != nil {
		return err
	}
	if err := migrate(ctx, server, building); err != nil {
		return err
	}
	// A session that is just ending would be in the way of the renaming.
	if _, err := admin.Exec(ctx, `ALTER DATABASE `+building+` ALLOW_CONNECTIONS false`); err != nil {
		return err
	}
	if _, err := admin.Exec(ctx, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1`, building); err != nil {
		return err
	}
	_, err = admin.Exec(ctx, `ALTER DATABASE `+building+` RENAME TO `+template)
	return err
}

func migrate(ctx context.Context, server, name string) error {
	pool, err := openOn(ctx, server, name)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := pg.MigrateShared(ctx, pool); err != nil {
		return err
	}
	return pg.MigrateCorp(ctx, pool, CorpSchema)
}

func exists(ctx context.Context, admin *pgx.Conn, name string) (there bool, err error) {
	err = admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&there)
	return there, err
}

// openOn opens a pool on a database of the server.
func openOn(ctx context.Context, server, name string) (*pg.Pool, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL", URLEnv)
	}
	u.Path = "/" + name
	return pg.Open(ctx, pg.Options{URL: u.String(), MaxConns: maxConns})
}
