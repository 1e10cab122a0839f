package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"qunce/internal/clock"
	"qunce/internal/config"
	"qunce/internal/doctor"
	"qunce/internal/errs"
	"qunce/internal/pg"
	"qunce/internal/pg/embedded"
	"qunce/internal/setup"
	"qunce/internal/tenant"
)

// connectPatience bounds how long an examination waits for a database, which may be the very thing that is broken.
const connectPatience = 5 * time.Second

// Examine examines the installation from outside a server: it attaches to a database that runs, and starts, makes and
// migrates nothing. What cannot be reached is skipped, with the reason.
func Examine(ctx context.Context, cfg config.Config) []doctor.Finding {
	wall := clock.Wall()
	machine := (&App{Config: cfg}).Machine()
	pool, err := attach(ctx, cfg)
	s := doctor.Subject{Machine: machine, Pool: pool}
	s.Machine.Down = err
	if pool != nil {
		defer pool.Close()
		s = subject(ctx, cfg, pool, machine, wall)
	}
	return doctor.Doctor{Wall: wall}.Examine(ctx, s)
}

// attach connects to the given or the running private database; neither is nil without an error when nothing runs.
func attach(ctx context.Context, cfg config.Config) (*pg.Pool, error) {
	url := cfg.DatabaseURL
	if url == "" {
		var err error
		if url, err = embedded.Attach(filepath.Join(cfg.DataDir, "pg")); err != nil {
			if errs.Is(err, "pg.not_running") {
				return nil, nil
			}
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	return pg.Open(ctx, pg.Options{URL: url, MaxConns: 4})
}

// subject is the registered corp, if its secrets can be opened, or the setup as far as it has come. An installation that
// was never migrated has neither.
func subject(ctx context.Context, cfg config.Config, pool *pg.Pool, machine doctor.Machine, wall clock.Clock) doctor.Subject {
	s := doctor.Subject{Machine: machine, Pool: pool}
	version, err := pg.SchemaVersion(ctx, pool, pg.SharedSchema)
	if err != nil || version < pg.SharedVersion() {
		return s
	}
	registry := tenant.New(tenant.Deps{DB: pool.Shared(), Wall: wall})
	registered, err := registry.Any(ctx, pool.Shared())
	if err != nil {
		return s
	}
	sealer, err := tenant.ReadSealer(cfg.DataDir, cfg.SecretKey)
	if err != nil {
		if registered {
			s.Locked = err
		}
		return s
	}
	registry.Sealer = sealer
	if !registered {
		draft, err := setup.New(setup.Deps{Pool: pool, Wall: wall, Sealer: sealer, Tenant: registry, Machine: machine, Log: slog.New(slog.DiscardHandler)}).Subject(ctx)
		if err != nil {
			return s
		}
		return draft
	}
	list, err := registry.List(ctx)
	if err != nil {
		s.Locked = err
		return s
	}
	s.Corp = &list[0]
	return s
}
