// Package app puts a process together: the database (private or given), the shared schema, the jobs, the corp's graph and
// the HTTP server. Everything a process owns is opened and closed here, in one order.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/config"
	"qunce/internal/corp"
	"qunce/internal/doctor"
	"qunce/internal/errs"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/embedded"
	"qunce/internal/tenant"
)

// App is one process.
type App struct {
	Config  config.Config
	Log     *slog.Logger
	Wall    clock.Clock
	Pool    *pg.Pool
	IDs     *id.Source
	Sealer  *tenant.Sealer
	Tenant  *tenant.Service
	Catalog *i18n.Catalog

	server    *embedded.Server
	owner     string
	keysPause time.Duration
	begun     bool // the setup was finished in this process, and the first sync has not been asked for
}

// Options are what differs between serving, the demo and tests.
type Options struct {
	Config  config.Config
	Log     *slog.Logger
	Durable bool // of the private PostgreSQL; false only in tests
	Attach  bool // use the private PostgreSQL of another process, if one runs on this folder
}

// Open starts or finds the database, migrates what is shared and opens the key of the secrets.
func Open(ctx context.Context, o Options) (*App, error) {
	a := &App{Config: o.Config, Log: o.Log, Wall: clock.Wall(), keysPause: keysPause}
	host, _ := os.Hostname()
	a.owner = fmt.Sprintf("%s/%d", host, os.Getpid())
	var err error
	if a.Catalog, err = i18n.Load(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Config.DataDir, 0o700); err != nil {
		return nil, errs.E(errs.Unavailable, "app.data_dir", "cannot make %s", o.Config.DataDir).Wrap(err)
	}
	url := o.Config.DatabaseURL
	if url == "" && o.Attach {
		url, err = embedded.Attach(filepath.Join(o.Config.DataDir, "pg"))
		if err != nil && !errs.Is(err, "pg.not_running") {
			return nil, err
		}
	}
	if url == "" {
		a.server, err = embedded.Start(ctx, embedded.Options{Dir: filepath.Join(o.Config.DataDir, "pg"), Durable: o.Durable})
		if err != nil {
			return nil, err
		}
		url = a.server.URL()
	}
	if err := a.open(ctx, url); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *App) open(ctx context.Context, url string) error {
	var err error
	if a.Pool, err = pg.Open(ctx, pg.Options{URL: url, MaxConns: int32(a.Config.MaxConns)}); err != nil { //nolint:gosec // checked to be at most 500
		return err
	}
	if err := pg.MigrateShared(ctx, a.Pool); err != nil {
		return err
	}
	if a.Sealer, err = tenant.OpenSealer(a.Config.DataDir, a.Config.SecretKey); err != nil {
		return err
	}
	a.IDs = id.New(a.Pool.IDBlock)
	a.Tenant = tenant.New(tenant.Deps{DB: a.Pool.Shared(), IDs: a.IDs, Wall: a.Wall, Sealer: a.Sealer})
	return nil
}

// Watch restarts the private PostgreSQL if it dies alone, until ctx ends. With a given database it does nothing.
func (a *App) Watch(ctx context.Context) {
	if a.server != nil {
		a.server.Watch(ctx)
	}
}

// PostgresPid is the private server's process, 0 with a given database.
func (a *App) PostgresPid() int {
	if a.server == nil {
		return 0
	}
	return a.server.Pid()
}

// Close gives everything back; the private PostgreSQL stops last.
func (a *App) Close() {
	if a.Pool != nil {
		a.Pool.Close()
	}
	if a.server != nil {
		if err := a.server.Stop(); err != nil {
			a.Log.Error("stop postgres", "error", err)
		}
	}
}

// Corp opens the graph of one corp. start is where an accelerated clock begins, nil for a real one.
func (a *App) Corp(ctx context.Context, t tenant.Corp, start *time.Time) (*corp.Corp, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return corp.Open(ctx, t, corp.Deps{Pool: a.Pool, IDs: a.IDs, Wall: a.Wall, Sealer: a.Sealer, Registry: a.Tenant,
		HTTP: &http.Client{Timeout: 15 * time.Second, Transport: transport}, PublicURL: a.Config.PublicURL, Processes: a.Config.Processes,
		Machine: a.Machine(), KeysUsed: a.keysUsed(ctx, t), Start: start, Catalog: a.Catalog, Log: a.Log})
}

// Machine is what the process knows of itself.
func (a *App) Machine() doctor.Machine {
	return doctor.Machine{DataDir: a.Config.DataDir, PublicURL: a.Config.PublicURL, MaxConns: a.Config.MaxConns, Private: a.Config.DatabaseURL == "", OwnKey: a.Config.SecretKey != ""}
}

// patience is how long a start waits for a database that is being started again.
const patience = 30 * time.Second

// patiently repeats a step of the start while the database is away.
func (a *App) patiently(ctx context.Context, step func() error) error {
	began := a.Wall.Now()
	for {
		err := step()
		if err == nil || !pg.IsUnavailable(err) || a.Wall.Now().Sub(began) > patience {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// sweepEvery is how often what has expired is cleared away.
const sweepEvery = time.Hour

// sweep clears sessions, links and keys that are over.
func (a *App) sweep(ctx context.Context, c *corp.Corp) error {
	users := a.Users(c)
	for {
		if _, err := users.Sweep(ctx); err != nil && ctx.Err() == nil {
			a.Log.Error("sweep sessions", "error", err)
		}
		if err := api.Sweep(ctx, a.Pool.Shared(), a.Wall.Now()); err != nil && ctx.Err() == nil {
			a.Log.Error("sweep keys", "error", err)
		}
		if err := c.Inbox.Sweep(ctx); err != nil && ctx.Err() == nil {
			a.Log.Error("sweep callbacks", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(sweepEvery):
		}
	}
}

// quiet keeps River's chatter out of the log.
func quiet(log *slog.Logger) *slog.Logger {
	return slog.New(levelHandler{log.Handler()})
}

type levelHandler struct{ slog.Handler }

func (h levelHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}
