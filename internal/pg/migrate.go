package pg

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"qunce/internal/errs"
)

//go:embed migration
var migrations embed.FS

const (
	sharedDir = "migration/shared"
	corpDir   = "migration/corp"

	versionTable = "goose_db_version" // goose's own, one in every schema

	lockPoll     = 1   // seconds between attempts at the migration lock
	lockAttempts = 600 // a long migration elsewhere is waited for
)

// schemaName is what a corp's schema may be called: it is also part of file names and job arguments.
var schemaName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,47}$`)

// MigrateShared brings the schema qunce up to this binary's version, making the schemas qunce and qunce_ext first.
// Processes that do it at once wait for each other.
func MigrateShared(ctx context.Context, p *Pool) error {
	if err := makeSchemas(ctx, p, SharedSchema, ExtensionSchema); err != nil {
		return err
	}
	return migrate(ctx, p, SharedSchema, sharedDir)
}

// MigrateCorp brings one corp's schema up to this binary's version, making the schema first; goose's version table
// stands inside it. MigrateShared must have run before. Errors: Invalid "pg.schema_name".
func MigrateCorp(ctx context.Context, p *Pool, schema string) error {
	if !schemaName.MatchString(schema) || schema == SharedSchema || schema == ExtensionSchema || schema == "public" || schema[:min(3, len(schema))] == "pg_" {
		return errs.E(errs.Invalid, "pg.schema_name", "%q cannot be the schema of a corp: lower-case letters, digits and _ only, at most 48, not a reserved name", schema)
	}
	if err := makeSchemas(ctx, p, schema); err != nil {
		return err
	}
	return migrate(ctx, p, schema, corpDir)
}

// SchemaVersion is the version a schema stands at, a corp's or SharedSchema; 0 when it was never migrated.
func SchemaVersion(ctx context.Context, p *Pool, schema string) (int64, error) {
	var there bool
	db := p.Corp(schema)
	table := pgx.Identifier{schema, versionTable}.Sanitize()
	if err := db.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, table).Scan(&there); err != nil || !there {
		return 0, err
	}
	var version int64
	err := db.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM `+table).Scan(&version)
	return version, err
}

// CorpVersion is the newest corp migration in this binary.
func CorpVersion() int64 { return newestVersion(corpDir) }

// SharedVersion is the newest migration of the schema qunce in this binary; SchemaVersion tells where it stands.
func SharedVersion() int64 { return newestVersion(sharedDir) }

func newestVersion(dir string) int64 {
	var newest int64
	for _, name := range migrationFiles(dir) {
		if v, err := goose.NumericComponent(path.Base(name)); err == nil {
			newest = max(newest, v)
		}
	}
	return newest
}

// Hash names the sum of all migrations in this binary: 16 hex digits.
func Hash() string {
	sum := sha256.New()
	for _, dir := range []string{sharedDir, corpDir} {
		for _, name := range migrationFiles(dir) {
			text, err := migrations.ReadFile(name)
			if err != nil {
				panic(err) // the file is part of the binary
			}
			fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// migrationFiles lists the embedded files of a folder in order.
func migrationFiles(dir string) []string {
	names, err := fs.Glob(migrations, dir+"/*.sql")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	return names
}

// makeSchemas creates what is missing; the lock keeps two processes from colliding in CREATE SCHEMA IF NOT EXISTS.
func makeSchemas(ctx context.Context, p *Pool, schemas ...string) error {
	err := p.Shared().Tx(ctx, func(tx Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('qunce.schemas'))`); err != nil {
			return err
		}
		for _, schema := range schemas {
			if _, err := tx.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{schema}.Sanitize()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("make schemas %v: %w", schemas, err)
	}
	return nil
}

// migrate runs goose on a connection of its own, whose search_path is fixed from the start.
func migrate(ctx context.Context, p *Pool, schema, dir string) error {
	if len(migrationFiles(dir)) == 0 {
		return nil
	}
	files, err := fs.Sub(migrations, dir)
	if err != nil {
		return err
	}
	config, err := pgx.ParseConfig(p.url)
	if err != nil {
		return errs.E(errs.Invalid, "pg.url", "DATABASE_URL is not a PostgreSQL URL")
	}
	config.RuntimeParams["search_path"] = searchPath(schema)
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["application_name"] = "qunce migrate"
	var db *sql.DB = stdlib.OpenDB(*config)
	defer func() { _ = db.Close() }()

	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockPoll, lockAttempts))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSessionLocker(locker),
		goose.WithTableName(versionTable),
		goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations of %s: %w", schema, err)
	}
	if _, err := provider.Up(ctx); err != nil {
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			return fmt.Errorf("migrate schema %s with %s: %w", schema, partial.Failed.Source.Path, partial.Err)
		}
		return fmt.Errorf("migrate schema %s: %w", schema, err)
	}
	return nil
}
