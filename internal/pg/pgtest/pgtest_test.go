package pgtest_test

import (
	"testing"

	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
)

func TestDatabasesAreSeparateAndMigrated(t *testing.T) {
	a, b := pgtest.New(t), pgtest.New(t)
	for _, pool := range []*pg.Pool{a, b} {
		if _, err := pool.Corp(pgtest.CorpSchema).Exec(t.Context(), `CREATE TABLE mine (n int)`); err != nil {
			t.Fatal(err) // in one database the second would collide
		}
		if _, err := pool.IDBlock(t.Context()); err != nil {
			t.Fatal(err)
		}
		version, err := pg.SchemaVersion(t.Context(), pool, pgtest.CorpSchema)
		if err != nil || version != pg.CorpVersion() {
			t.Fatalf("the corp schema stands at %d, %v; want %d", version, err, pg.CorpVersion())
		}
	}
}

func TestDatabaseIsDroppedWithItsTest(t *testing.T) {
	pool := pgtest.New(t)
	var name string
	t.Run("inner", func(t *testing.T) {
		inner := pgtest.New(t)
		if err := inner.Shared().QueryRow(t.Context(), `SELECT current_database()`).Scan(&name); err != nil {
			t.Fatal(err)
		}
	})
	var there bool
	if err := pool.Shared().QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&there); err != nil || there || name == "" {
		t.Fatalf("database %q is still there: %v, %v", name, there, err)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		pgtest.New(b)
	}
}
