package app

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/audit"
	"qunce/internal/auth"
	"qunce/internal/config"
	"qunce/internal/doctor"
	"qunce/internal/errs"
	"qunce/internal/pg"
	"qunce/internal/setup"
	"qunce/internal/tenant"
)

// Setup is the first run of this installation, to be served while no corp is registered.
func (a *App) Setup() *setup.Service {
	return setup.New(setup.Deps{Pool: a.Pool, IDs: a.IDs, Wall: a.Wall, Sealer: a.Sealer, Tenant: a.Tenant, Audit: audit.New(a.IDs),
		Doctor: doctor.Doctor{Wall: a.Wall}, Machine: a.Machine(), Words: doctor.NewWords(a.Catalog), Catalog: a.Catalog, Log: a.Log, Proxies: a.Config.Proxies(),
		Users: func(schema, publicURL string) *auth.Service {
			return auth.New(auth.Deps{DB: a.Pool.Shared(), Schema: schema, IDs: a.IDs, Wall: a.Wall, Log: a.Log, Catalog: a.Catalog, PublicURL: publicURL})
		}})
}

// setUp serves the setup until a corp is registered, here or by another process.
func (a *App) setUp(ctx context.Context, d *door, n Notices) error {
	s := a.Setup()
	handler, err := a.setupHandler(s)
	if err != nil {
		return err
	}
	d.show(handler)
	if a.Config.Has(config.RoleWeb) {
		token, err := s.NewLink(ctx)
		if errs.Is(err, "setup.closed") {
			return nil
		}
		if err != nil {
			return err
		}
		if n.Setup != nil {
			n.Setup(setup.LinkURL(a.Config.PublicURL, token))
		}
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-d.ended:
			return err
		case <-s.Done():
			a.begun = true
			return nil
		case <-time.After(time.Second):
		}
		if open, err := s.Open(ctx); err == nil && !open {
			return nil
		}
	}
}

// setupHandler serves the wizard, its operations, and WeCom's test of the callback address; nothing else is there yet.
func (a *App) setupHandler(s *setup.Service) (http.Handler, error) {
	x := api.New(api.Config{Title: "Qunce setup", Log: a.Log, Catalog: a.Catalog, Can: setup.Can})
	s.API(x)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", a.healthz)
	if a.Config.Has(config.RoleIngress) {
		mux.Handle("/callback/", s.Door())
	}
	if !a.Config.Has(config.RoleWeb) {
		return mux, nil
	}
	wizard := x.Guard(s.Middleware(x, x.Handler()))
	mux.Handle("/api/setup", wizard)
	mux.Handle("/api/setup/", wizard)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		x.WriteError(w, r, errs.E(errs.Conflict, "setup.first", "the installation is not set up"))
	})
	p, err := newPages("console", "")
	if err != nil {
		return nil, err
	}
	mux.Handle("/", proofFiles(s.ProofFile, p))
	for _, prefix := range []string{"/staff/", "/h5/", "/c/", "/admin/"} {
		mux.Handle(prefix, http.NotFoundHandler())
	}
	return mux, nil
}

// closedSetup answers the setup's operations once and for all.
func closedSetup(x *api.API) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.WriteError(w, r, errs.E(errs.Conflict, "setup.closed", "a corp is registered; the setup is closed"))
	})
}

// proofFiles serves the small files by which WeCom makes sure that a domain is ours, and leaves the rest to next.
func proofFiles(find func(ctx context.Context, name string) (string, bool), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if !strings.HasPrefix(name, "WW_verify_") && !strings.HasPrefix(name, "MP_verify_") {
			next.ServeHTTP(w, r)
			return
		}
		text, ok := find(r.Context(), name)
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write([]byte(text))
	})
}

// secretBodies are the requests whose bodies or answers must not be kept for a replay.
func secretBodies(r *http.Request) bool { return auth.SecretBodies(r) || setup.SecretBodies(r) }

// keysPause is how long the callback's former token and key still count after WeCom has used the next ones: what it had
// sent before comes, with its repetitions, within that.
const keysPause = 20 * time.Second

// keysUsed makes the callback's next token and key the only ones, a little later. It is tried until it is done: meanwhile
// both pairs count.
func (a *App) keysUsed(ctx context.Context, t tenant.Corp) func() {
	return sync.OnceFunc(func() {
		go func() {
			for pause(ctx, a.keysPause) {
				err := a.promote(ctx, t)
				if err == nil {
					return
				}
				a.Log.Error("change the callback's keys", "error", err)
			}
		}()
	})
}

// promote makes the change and records it.
func (a *App) promote(ctx context.Context, t tenant.Corp) error {
	promoted, err := setup.Promote(ctx, a.Tenant, t.Schema, t.Secrets)
	if err != nil || !promoted {
		return err
	}
	return a.Pool.Corp(t.Schema).Tx(actor.With(ctx, actor.SystemActor()), func(tx pg.Tx) error {
		return audit.New(a.IDs).Record(actor.With(ctx, actor.SystemActor()), tx, a.Wall.Now(), "wecom.callback.changed", "corp/"+t.Schema, map[string]any{})
	})
}
