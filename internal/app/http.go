package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"qunce/internal/api"
	"qunce/internal/auth"
	"qunce/internal/config"
	"qunce/internal/corp"
	"qunce/internal/customerapp"
	"qunce/internal/doctor"
	"qunce/internal/errs"
	"qunce/internal/job"
	"qunce/internal/pg"
	"qunce/internal/setup"
	"qunce/internal/staffapp"
)

// APIs are the three audiences' operations. They are built without a database for writing the OpenAPI documents.
type APIs struct {
	Console, Staff, Customer *api.API
}

// Describe registers every operation of every audience.
func (a *App) Describe(c *corp.Corp, users *auth.Service, jobs *job.Client, driver corp.Driver) APIs {
	make1 := func(title string) *api.API {
		return api.New(api.Config{Title: title, Log: a.Log, Catalog: a.Catalog, Can: auth.Can})
	}
	x := APIs{Console: make1("Qunce console"), Staff: make1("Qunce staff pages"), Customer: make1("Qunce customer pages")}
	users.API(x.Console)
	system := corp.System{Corp: c, Jobs: jobs, Driver: driver}
	system.API(x.Console)
	system.Meters(x.Console)
	c.Doctor.API(x.Console)
	a.settings(c).API(x.Console)
	setup.New(setup.Deps{}).API(x.Console) // described here; served by setUp, and closed in handler
	c.Analytics.API(x.Console)
	c.Archive.API(x.Console)
	c.Directory.API(x.Console)
	c.Intake.API(x.Console)
	c.Customers.API(x.Console)
	c.Groups.API(x.Console)
	c.Media.API(x.Console)
	c.Codes.API(x.Console)
	c.SOP.API(x.Console)
	c.Tasks.API(x.Console)
	c.Touch.API(x.Console)
	c.Orders.API(x.Console)
	c.Sync.API(x.Console)
	c.Statistic.API(x.Console)
	staffapp.New(c.StaffPages()).API(x.Staff)
	staffapp.Customers(x.Staff, c.Customers.List)
	staffapp.Groups(x.Staff, c.Groups.List)
	customerapp.New(c.CustomerPages()).API(x.Customer)
	return x
}

// settings is the page on which a corp's registration is changed.
func (a *App) settings(c *corp.Corp) *setup.Settings {
	machine := a.Machine()
	return setup.NewSettings(setup.SettingsDeps{Tenant: a.Tenant, Schema: c.Schema, Pool: a.Pool, Doctor: doctor.Doctor{Wall: a.Wall, HTTP: c.HTTP}, Machine: machine,
		Words: doctor.NewWords(a.Catalog), Audit: a.auditor(c)})
}

// auditor writes into a corp's log.
func (a *App) auditor(c *corp.Corp) auth.Auditor {
	return func(ctx context.Context, action, object string, detail any) error {
		return c.DB.Tx(ctx, func(tx pg.Tx) error {
			return c.Audit.Record(ctx, tx, c.Time.Now(), action, object, detail)
		})
	}
}

// users builds the sign-in of one corp.
func (a *App) users(c *corp.Corp, problem func(w http.ResponseWriter, r *http.Request, err error)) *auth.Service {
	return auth.New(auth.Deps{DB: a.Pool.Shared(), Schema: c.Schema, IDs: a.IDs, Wall: a.Wall, Log: a.Log,
		Audit: a.auditor(c), Scopes: c, Stores: c, Staff: c.Directory, WeCom: c.WeCom, Catalog: a.Catalog, Problem: problem,
		Corp: func(context.Context) auth.CorpInfo {
			return auth.CorpInfo{Name: c.BrandName(), Timezone: c.Timezone, Accelerated: c.Time.Accelerated(), Now: c.Time.Now()}
		},
		PublicURL: c.Address(), AuthorizeURL: c.Settings.AuthorizeURL, CookieKey: a.Sealer.Derive("staff-sign-in"), Proxies: a.Config.Proxies()})
}

// Users is the sign-in of a corp, for the command line.
func (a *App) Users(c *corp.Corp) *auth.Service {
	return a.users(c, func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusInternalServerError) })
}

func (a *App) handler(ctx context.Context, c *corp.Corp, jobs *job.Client, extra map[string]http.Handler, driver corp.Driver) (http.Handler, error) {
	problems := api.New(api.Config{Title: "problems", Log: a.Log, Catalog: a.Catalog, Can: auth.Can})
	users := a.users(c, problems.WriteError)
	apis := a.Describe(c, users, jobs, driver)
	shared := a.Pool.Shared()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", a.healthz)
	if a.Config.Has(config.RoleIngress) {
		c.Ingress.From = func(r *http.Request) string { return auth.ClientAddress(r, a.Config.Proxies()).String() }
		mux.Handle("/callback/"+c.Schema, c.Ingress)
	}
	if a.Config.Has(config.RoleWeb) {
		console := apis.Console.Guard(users.Middleware(apis.Console.Idempotent(shared, c.Schema, a.Wall, secretBodies, apis.Console.Handler())))
		mux.Handle("/api/", console)
		mux.Handle("/api/setup", closedSetup(apis.Console))
		mux.Handle("/api/setup/", closedSetup(apis.Console))
		staff := apis.Staff.Guard(users.StaffMiddleware(apis.Staff.Idempotent(shared, c.Schema, a.Wall, secretBodies, apis.Staff.Handler())))
		mux.Handle("/staff/api/", staff)
		users.StaffRoutes(mux)
		mux.Handle("/h5/api/", customerapp.New(c.CustomerPages()).Visitor(apis.Customer.Handler()))
		river, err := jobs.UI(ctx, corp.JobsPath, quiet(a.Log))
		if err != nil {
			return nil, err
		}
		mux.Handle(corp.JobsPath+"/", sameOrigin(apis.Console, users.Middleware(a.allow(apis.Console, "system.manage", river))))
		for prefix, entry := range map[string]string{"/": "console", "/staff/": "staff", "/h5/": "h5"} {
			p, err := newPages(entry, trimSlash(prefix))
			if err != nil {
				return nil, err
			}
			var h http.Handler = p
			if entry == "console" {
				h = proofFiles(func(_ context.Context, name string) (string, bool) { return setup.FileOf(c.Settings, name) }, p)
			}
			mux.Handle(prefix, h)
			if entry == "h5" {
				mux.HandleFunc("GET /c/{token}", func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Security-Policy", policy)
					w.Header().Set("Cache-Control", "no-cache")
					p.send(w, r, "index.html")
				})
			}
		}
	}
	for pattern, h := range extra {
		mux.Handle(pattern, h)
	}
	return mux, nil
}

func trimSlash(s string) string { return s[:len(s)-1] }

// allow guards a handler that is not an operation.
func (a *App) allow(x *api.API, p api.Permission, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := x.Allow(r, p); err != nil {
			x.WriteError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses writes that a page of another origin made. It is for pages of others, which cannot send the header
// that API.Guard asks for; browsers say where a request comes from.
func sameOrigin(x *api.API, next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.WriteError(w, r, errs.E(errs.Forbidden, "api.header_required", "write from another origin"))
	}))
	return guard.Handler(next)
}

// healthz says whether this process can serve: the database answers.
func (a *App) healthz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if err := a.Pool.Ping(r.Context()); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(map[string]string{"status": "no database"})
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"status": "ok"})
}

// Phone serves the simulator's phone pages. What a phone needs of the simulator goes on to it; its levers and secrets do not:
// they are for whoever reaches the simulator itself.
func Phone(sim http.Handler) (http.Handler, error) {
	p, err := newPages("phone", "/phone")
	if err != nil {
		return nil, fmt.Errorf("phone: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/phone/", p)
	for _, prefix := range []string{"/phone/sim/api/", "/phone/sim/act", "/phone/sim/qr/", "/phone/sim/pic/", "/phone/sim/ca/", "/phone/sim/kf/", "/phone/connect/"} {
		mux.Handle(prefix, http.StripPrefix("/phone", sim))
	}
	return mux, nil
}
