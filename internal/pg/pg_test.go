package pg_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
)

func mustExec(t *testing.T, q pg.Querier, sql string, args ...any) {
	t.Helper()
	if _, err := q.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func one[T any](t *testing.T, q pg.Querier, sql string, args ...any) (v T) {
	t.Helper()
	if err := q.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Views share connections, so every kind of statement must meet its own schema however they are mixed.
func TestViewsOfOnePoolStayApart(t *testing.T) {
	pool := pgtest.New(t)
	views := []*pg.DB{pool.Corp(pgtest.CorpSchema), pool.Corp("corp_other"), pool.Shared()}
	mustExec(t, pool.Shared(), `CREATE SCHEMA corp_other`)
	for _, db := range views {
		mustExec(t, db, `CREATE TABLE whose (name text)`)
		mustExec(t, db, `INSERT INTO whose VALUES ($1)`, db.Schema())
	}
	const get = `SELECT name FROM whose`
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for i := range 20 {
				db := views[(worker+i)%len(views)]
				var direct, inTx, batched string
				err := errors.Join(
					db.QueryRow(t.Context(), get).Scan(&direct),
					db.Tx(t.Context(), func(tx pg.Tx) error { return tx.QueryRow(t.Context(), get).Scan(&inTx) }),
				)
				var batch pgx.Batch
				batch.Queue(get).QueryRow(func(row pgx.Row) error { return row.Scan(&batched) })
				err = errors.Join(err, db.SendBatch(t.Context(), &batch).Close())
				if got := []string{direct, inTx, batched}; err != nil || !slices.Equal(got, []string{db.Schema(), db.Schema(), db.Schema()}) {
					t.Errorf("%s reads %v, %v", db.Schema(), got, err)
				}
			}
		})
	}
	wg.Wait()

	n, err := views[1].CopyFrom(t.Context(), pgx.Identifier{"whose"}, []string{"name"}, pgx.CopyFromRows([][]any{{"a"}, {"b"}}))
	if err != nil || n != 2 {
		t.Fatalf("copied %d, %v", n, err)
	}
	if n := one[int](t, pool.Shared(), `SELECT count(*) FROM corp_other.whose`); n != 3 {
		t.Fatalf("%d rows in the copied-to schema, want 3", n)
	}
	if path := one[string](t, views[1], `SHOW search_path`); path != `"corp_other", qunce_ext` {
		t.Fatalf("search_path is %s", path)
	}
}

func TestTimesComeBackAsUTC(t *testing.T) {
	want := time.Date(2011, 4, 4, 8, 0, 0, 0, clock.Shanghai)
	got := one[time.Time](t, pgtest.New(t).Shared(), `SELECT $1::timestamptz`, want)
	if !got.Equal(want) || got.Location() != time.UTC {
		t.Fatalf("got %v", got)
	}
}

func TestTxCommitsOrRollsBack(t *testing.T) {
	db := pgtest.New(t).Corp(pgtest.CorpSchema)
	mustExec(t, db, `CREATE TABLE entry (n int)`)
	var ran []string
	work := func(name string, result error) func(pg.Tx) error {
		return func(tx pg.Tx) error {
			mustExec(t, tx, `INSERT INTO entry VALUES (1)`)
			tx.AfterCommit(func() { ran = append(ran, fmt.Sprint(name, one[int](t, db, `SELECT count(*) FROM entry`))) })
			return result
		}
	}
	failure := errors.New("no")
	if err := db.Tx(t.Context(), work("failed", failure)); !errors.Is(err, failure) {
		t.Fatalf("got %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = db.Tx(t.Context(), func(tx pg.Tx) error { _ = work("panicked", nil)(tx); panic("no") })
	}()
	if err := db.Tx(t.Context(), work("done", nil)); err != nil {
		t.Fatal(err)
	}
	// The hook saw the committed row from another connection; the failed and the panicked hook never ran.
	if diff := cmp.Diff([]string{"done1"}, ran); diff != "" {
		t.Fatal(diff)
	}
}

func TestTxRetriesWhatACompetitorBroke(t *testing.T) {
	db := pgtest.New(t).Corp(pgtest.CorpSchema)
	for _, c := range []struct {
		name        string
		failures    int
		code        string
		runs, hooks int
		wantErr     bool
	}{
		{"serialization failure", 2, "40001", 3, 1, false},
		{"deadlock", 1, "40P01", 2, 1, false},
		{"for ever", 99, "40001", 4, 0, true},
		{"another error", 1, "23505", 1, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			runs, hooks := 0, 0
			err := db.Tx(t.Context(), func(tx pg.Tx) error {
				runs++
				tx.AfterCommit(func() { hooks++ })
				if runs <= c.failures {
					return fmt.Errorf("update: %w", &pgconn.PgError{Code: c.code})
				}
				return nil
			})
			if runs != c.runs || hooks != c.hooks || (err != nil) != c.wantErr {
				t.Fatalf("%d runs, %d hooks, %v; want %d, %d, error %v", runs, hooks, err, c.runs, c.hooks, c.wantErr)
			}
		})
	}
}

func TestIsUnique(t *testing.T) {
	db := pgtest.New(t).Corp(pgtest.CorpSchema)
	mustExec(t, db, `CREATE TABLE shop (number text CONSTRAINT shop_number_key UNIQUE)`)
	mustExec(t, db, `INSERT INTO shop VALUES ('1')`)
	_, err := db.Exec(t.Context(), `INSERT INTO shop VALUES ('1')`)
	if !pg.IsUnique(err, "shop_number_key") || !pg.IsUnique(err, "") || pg.IsUnique(err, "shop_pkey") || pg.IsUnique(nil, "") {
		t.Fatalf("misjudged %v", err)
	}
}

func TestIsUnavailable(t *testing.T) {
	pool := pgtest.New(t)
	closed, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	_, refused := pgx.Connect(t.Context(), "postgres://u:p@"+nobody+"/x?sslmode=disable")

	conn, err := pgx.Connect(t.Context(), pool.URL())
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, pool.Shared(), `SELECT pg_terminate_backend($1, 5000)`, int64(conn.PgConn().PID()))
	_, terminated := conn.Exec(t.Context(), `SELECT 1`)
	_, afterwards := conn.Exec(t.Context(), `SELECT 1`)

	_, syntax := pool.Shared().Exec(t.Context(), `SELEC`)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, cancelled := pool.Shared().Exec(ended, `SELECT 1`)
	wrong := strings.Replace(pool.URL(), "qunce:", "nobody_known:x", 1)
	_, password := pgx.Connect(t.Context(), wrong)

	for _, c := range []struct {
		name string
		err  error
		want bool
	}{
		{"connection refused", refused, true},
		{"terminated", terminated, true},
		{"connection closed before", afterwards, true},
		{"starting up", fmt.Errorf("x: %w", &pgconn.PgError{Code: "57P03"}), true},
		{"syntax error", syntax, false},
		{"cancelled by the caller", cancelled, false},
		{"wrong password", password, false},
		{"nil", nil, false},
	} {
		if got := pg.IsUnavailable(c.err); got != c.want {
			t.Errorf("%s: IsUnavailable(%v) = %v", c.name, c.err, got)
		}
	}
}

// A pool outlives the death of its connections: the next statement simply finds a fresh one.
func TestPoolSurvivesLostConnections(t *testing.T) {
	pool := pgtest.New(t)
	other, err := pgx.Connect(t.Context(), pool.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(context.Background()) }()
	for round := range 5 {
		db := pool.Corp([]string{pgtest.CorpSchema, "qunce"}[round%2]) // the change of schema meets the dead connection first
		if _, err := other.Exec(t.Context(), `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(t.Context(), `SELECT 1`); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	server := pgtest.New(t).URL()
	u := strings.LastIndex(server, "/")
	for _, c := range []struct{ name, url, code string }{
		{"no URL", "nonsense nonsense", "pg.url"},
		{"unknown database", server[:u] + "/no_such_database?sslmode=disable", "pg.refused"},
	} {
		if _, err := pg.Open(t.Context(), pg.Options{URL: c.url}); !errs.Is(err, c.code) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pg.Open(ended, pg.Options{URL: server}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled start: %v", err)
	}
}

func TestMigrateAtOnceAndAgain(t *testing.T) {
	pool := pgtest.New(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := errors.Join(pg.MigrateShared(t.Context(), pool), pg.MigrateCorp(t.Context(), pool, "corp_new")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	version, err := pg.SchemaVersion(t.Context(), pool, "corp_new")
	if err != nil || version != pg.CorpVersion() || version == 0 {
		t.Fatalf("stands at %d, %v; want %d", version, err, pg.CorpVersion())
	}
	if version, err := pg.SchemaVersion(t.Context(), pool, "corp_never"); err != nil || version != 0 {
		t.Fatalf("a corp never migrated stands at %d, %v", version, err)
	}
	for _, bad := range []string{"", "qunce", "qunce_ext", "public", "pg_x", "Corp", "a-b", `a"b`, strings.Repeat("a", 60)} {
		if err := pg.MigrateCorp(t.Context(), pool, bad); !errs.Is(err, "pg.schema_name") {
			t.Errorf("schema %q: %v", bad, err)
		}
	}
}

func TestIDBlocksFeedASource(t *testing.T) {
	pool := pgtest.New(t)
	a, b := id.New(pool.IDBlock), id.New(pool.IDBlock)
	seen := map[int64]bool{}
	for _, source := range []*id.Source{a, b, a} {
		ids, err := source.Take(t.Context(), 1500)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range ids {
			if seen[i] {
				t.Fatalf("%d was handed out twice", i)
			}
			seen[i] = true
		}
	}
}
