// Package app puts a process together: the database (private or given), the shared schema, the jobs, the corp's graph and
// the HTTP server. Everything a process owns is opened and closed here, in one order.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/config"
	"qunce/internal/corp"
	"qunce/internal/errs"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/job"
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
	Jobs    *job.Client
	Catalog *i18n.Catalog

	server  *embedded.Server
	workers *job.Workers
	owner   string
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
	a := &App{Config: o.Config, Log: o.Log, Wall: clock.Wall(), workers: job.NewWorkers()}
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
		HTTP: &http.Client{Timeout: 15 * time.Second, Transport: transport}, PublicURL: a.Config.PublicURL, Processes: a.Config.Processes, Start: start, Catalog: a.Catalog, Log: a.Log})
}

// Run serves a corp on ln and does its work until ctx ends: the roles of the configuration decide which. extra adds
// routes, the demo's phone; driver moves an accelerated clock.
func (a *App) Run(ctx context.Context, c *corp.Corp, ln net.Listener, extra map[string]http.Handler, driver corp.Driver) error {
	c.RegisterJobs(a.workers)
	err := a.patiently(ctx, func() (err error) {
		a.Jobs, err = job.Open(ctx, a.Pool.URL(), a.workers, quiet(a.Log))
		return err
	})
	if err != nil {
		return err
	}
	c.UseJobs(a.Jobs)
	handler, err := a.handler(ctx, c, extra, driver)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(actor.With(ctx, actor.SystemActor()))
	defer stop()
	if err := a.patiently(ctx, func() error { return c.SOP.EnsureTemplates(ctx) }); err != nil {
		return fmt.Errorf("install plans: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelWarn), BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(context.Background()) }}
	parts := []func() error{func() error {
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}}
	if a.Config.Has(config.RoleIngress) {
		parts = append(parts, func() error { return c.Receive(ctx) })
	}
	if a.Config.Has(config.RoleWorker) {
		if err := a.patiently(ctx, func() error { return a.Jobs.Start(ctx) }); err != nil {
			return fmt.Errorf("start jobs: %w", err)
		}
		parts = append(parts, func() error { return c.Work(ctx, a.owner) }, func() error { return a.sweep(ctx, c) })
	}
	done := make(chan error, len(parts))
	for _, p := range parts {
		go func() { done <- p() }()
	}
	left := len(parts)
	select {
	case <-ctx.Done():
	case err = <-done: // one part ended by itself: the process ends
		left--
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_ = server.Shutdown(closing)
	stop()
	for range left {
		<-done
	}
	a.Jobs.Stop(closing)
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
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
