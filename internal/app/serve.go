package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"qunce/internal/actor"
	"qunce/internal/config"
	"qunce/internal/corp"
	"qunce/internal/job"
	"qunce/internal/tenant"
)

// A process has one HTTP server for its whole life. What stands behind it is a generation: the setup while no corp is
// registered, then a corp's graph, and a new one whenever the corp's registration changes. The next generation is at work
// before the last one ends, so no request and no callback meets a closed door (docs/adr/0011).

// door is the server; what it shows can be exchanged while it serves.
type door struct {
	shown  atomic.Pointer[http.Handler]
	server *http.Server
	ended  chan error
}

func (a *App) openDoor(ln net.Listener) *door {
	d := &door{ended: make(chan error, 1)}
	d.show(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "starting", http.StatusServiceUnavailable)
	}))
	d.server = &http.Server{Handler: d, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelWarn), BaseContext: func(net.Listener) context.Context { return context.Background() }}
	go func() {
		if err := d.server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			d.ended <- err
		}
	}()
	return d
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*d.shown.Load()).ServeHTTP(w, r) }

func (d *door) show(h http.Handler) { d.shown.Store(&h) }

// closing is how long requests and work may take to end.
const closing = 10 * time.Second

// close lets requests end, for a while.
func (d *door) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	_ = d.server.Shutdown(ctx)
}

// generation is a corp at work in this process.
type generation struct {
	handler http.Handler
	cancel  context.CancelFunc
	ended   chan error // once, when all parts have ended
}

// stop lets the parts end and waits for them.
func (g *generation) stop() error {
	g.cancel()
	return <-g.ended
}

// begin starts a corp's parts: the roles of the configuration decide which. extra adds routes, the demo's phone; driver
// moves an accelerated clock.
func (a *App) begin(ctx context.Context, c *corp.Corp, extra map[string]http.Handler, driver corp.Driver) (*generation, error) {
	workers := job.NewWorkers()
	c.RegisterJobs(workers)
	var jobs *job.Client
	err := a.patiently(ctx, func() (err error) {
		jobs, err = job.Open(ctx, a.Pool.URL(), workers, quiet(a.Log))
		return err
	})
	if err != nil {
		return nil, err
	}
	stopJobs := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
		defer cancel()
		jobs.Stop(ctx)
	}
	c.UseJobs(jobs)
	ctx, cancel := context.WithCancel(actor.With(ctx, actor.SystemActor()))
	handler, err := a.handler(ctx, c, jobs, extra, driver)
	if err == nil {
		if err = a.patiently(ctx, func() error { return c.SOP.EnsureTemplates(ctx) }); err != nil {
			err = fmt.Errorf("install plans: %w", err)
		}
	}
	var parts []func() error
	if a.Config.Has(config.RoleIngress) {
		parts = append(parts, func() error { return c.Receive(ctx) })
	}
	if a.Config.Has(config.RoleWorker) {
		if err == nil {
			if err = a.patiently(ctx, func() error { return jobs.Start(ctx) }); err != nil {
				err = fmt.Errorf("start jobs: %w", err)
			}
		}
		parts = append(parts, func() error { return c.Work(ctx, a.owner) }, func() error { return a.sweep(ctx, c) })
	}
	if err != nil {
		cancel()
		stopJobs()
		return nil, err
	}
	g := &generation{handler: handler, cancel: cancel, ended: make(chan error, 1)}
	go func() {
		done := make(chan error, len(parts)+1)
		for _, p := range parts {
			go func() { done <- p() }()
		}
		left := len(parts)
		var first error
		select {
		case <-ctx.Done():
		case first = <-done: // one part ended by itself: the process ends
			left--
		}
		cancel()
		for range left {
			if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
				a.Log.Debug("a part ended", "error", err)
			}
		}
		stopJobs()
		if errors.Is(first, context.Canceled) {
			first = nil
		}
		g.ended <- first
	}()
	return g, nil
}

// Run serves a corp on ln and does its work until ctx ends. It is for a corp that does not change meanwhile: the demo's.
func (a *App) Run(ctx context.Context, c *corp.Corp, ln net.Listener, extra map[string]http.Handler, driver corp.Driver) error {
	g, err := a.begin(ctx, c, extra, driver)
	if err != nil {
		return err
	}
	d := a.openDoor(ln)
	d.show(g.handler)
	select {
	case <-ctx.Done():
	case err = <-g.ended:
		d.close(ctx)
		return err
	case err = <-d.ended:
	}
	d.close(ctx)
	return errors.Join(err, g.stop())
}

// Notices are what a serving process tells whoever started it.
type Notices struct {
	Setup func(link string)  // nobody is served yet; open this
	Ready func(c *corp.Corp) // the corp is served, also after a change
}

// stays is what the log says when a changed registration cannot be read or opened.
const stays = "the changed registration does not open; the former one stays at work"

// retry is the pause before another try to open a corp whose changed registration does not open.
const retry = 10 * time.Second

// Serve is the whole life of a server: the setup while no corp is registered, then the first registered corp, opened anew
// whenever its registration changes. It returns when ctx ends.
func (a *App) Serve(ctx context.Context, ln net.Listener, n Notices) error {
	d := a.openDoor(ln)
	defer d.close(ctx)
	var now *generation
	var opened int64
	for {
		t, err := a.registered(ctx, d, n)
		if err == nil && (now == nil || t.Revision != opened) {
			var next *generation
			if next, err = a.replace(ctx, t, now, d, n); err == nil {
				now, opened = next, t.Revision
			}
		}
		if err != nil {
			if now == nil {
				return ignoreEnd(err)
			}
			a.Log.Error(stays, "error", err)
			if !pause(ctx, retry) {
				return a.leave(now, nil)
			}
			continue
		}
		select {
		case <-ctx.Done():
			d.close(ctx)
			return a.leave(now, nil)
		case err := <-now.ended:
			return err
		case err := <-d.ended:
			return a.leave(now, err)
		case <-a.changed(ctx, t.Schema, opened):
		}
	}
}

func (a *App) leave(g *generation, err error) error {
	if g == nil {
		return ignoreEnd(err)
	}
	return errors.Join(ignoreEnd(err), g.stop())
}

func ignoreEnd(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// replace opens the corp and lets it take over from the generation at work, if there is one.
func (a *App) replace(ctx context.Context, t tenant.Corp, old *generation, d *door, n Notices) (*generation, error) {
	var c *corp.Corp
	err := a.patiently(ctx, func() (err error) {
		c, err = a.Corp(ctx, t, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	next, err := a.begin(ctx, c, nil, nil)
	if err != nil {
		return nil, err
	}
	d.show(next.handler)
	if n.Ready != nil {
		n.Ready(c)
	}
	if old != nil {
		pause(ctx, grace)
		if err := old.stop(); err != nil {
			a.Log.Error("the former registration ended badly", "error", err)
		}
	}
	if a.begun { // the setup has just ended here: what WeCom holds already is read in
		a.begun = false
		if _, err := c.Sync.Start(actor.With(ctx, actor.SystemActor())); err != nil {
			a.Log.Error("the first sync did not start", "error", err)
		}
	}
	return next, nil
}

// grace is how long the former generation stays at work for the requests that reached it last.
const grace = time.Second

// watchEvery is how often a process looks whether the registration has changed.
const watchEvery = 2 * time.Second

// changed is closed when the corp's registration is no longer the one that was opened.
func (a *App) changed(ctx context.Context, schema string, opened int64) <-chan struct{} {
	out := make(chan struct{})
	go func() {
		defer close(out)
		for pause(ctx, watchEvery) {
			if n, err := a.Tenant.Revision(ctx, schema); err == nil && n != opened {
				return
			}
		}
	}()
	return out
}

// registered returns the corp to serve; while there is none, the setup is served.
func (a *App) registered(ctx context.Context, d *door, n Notices) (tenant.Corp, error) {
	for {
		var list []tenant.Corp
		err := a.patiently(ctx, func() (err error) {
			list, err = a.Tenant.List(ctx)
			return err
		})
		if err != nil {
			return tenant.Corp{}, err
		}
		if len(list) > 0 {
			return list[0], nil
		}
		if err := a.setUp(ctx, d, n); err != nil {
			return tenant.Corp{}, err
		}
	}
}

// pause waits and reports whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
