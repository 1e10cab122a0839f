// Package api is the HTTP edge: Huma on net/http, one API per audience (console, staff pages, customer pages), each with
// its own OpenAPI document. It maps errors to statuses once, checks the permission every operation must declare, pages
// by keyset cursors and replays a POST that was sent twice.
//
// Invariants: an operation without a permission cannot be registered, and the permission is checked before anything of
// the request is read; identity comes from the context that the session middleware filled, never from the request; a 5xx
// reveals no cause.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/i18n"
	"qunce/internal/pg"
)

// Permission is what an operation asks for, such as "customer.read".
type Permission string

// The permissions that are not granted by role.
const (
	Public   Permission = "public"    // anybody, signed in or not
	SignedIn Permission = "signed_in" // any signed-in person
)

// Config of one audience's API.
type Config struct {
	Title   string
	Log     *slog.Logger
	Catalog *i18n.Catalog
	Can     func(a actor.Actor, p Permission) bool
}

// API is one audience's API.
type API struct {
	config Config
	huma   huma.API
	mux    *http.ServeMux
	Ops    []Op // all registered operations, for the guard test
}

// Version of all APIs.
const Version = "1.0.0"

// New makes an API on a mux of its own; its OpenAPI document is served by Spec only.
func New(c Config) *API {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, _ string, causes ...error) huma.StatusError { // also the shape of errors in the document
		return c.fromHuma(i18n.Chinese, status, causes)
	}
	huma.NewErrorWithContext = func(hc huma.Context, status int, _ string, causes ...error) huma.StatusError {
		return c.fromHuma(i18n.Of(hc.Header("Accept-Language")), status, causes)
	}
	mux := http.NewServeMux()
	config := huma.DefaultConfig(c.Title, Version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil // no $schema links in bodies
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	return &API{config: c, mux: mux, huma: humago.New(mux, config)}
}

// Handler serves the API.
func (a *API) Handler() http.Handler { return a.mux }

// Mux is for the few routes that are not JSON operations: pictures and redirects.
func (a *API) Mux() *http.ServeMux { return a.mux }

// Spec is the OpenAPI 3.1 document.
func (a *API) Spec() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

// Op declares an operation.
type Op struct {
	ID         string
	Method     string
	Path       string
	Summary    string
	Tag        string
	Permission Permission
	MaxBody    int64 // bytes; 0 = 1 MB
}

// Empty is the body of replies that say nothing.
type Empty struct{}

type reply[T any] struct{ Body T }

// Register adds an operation. in is Huma's input struct (path, query, header, Body); the result becomes the JSON body.
func Register[I, T any](a *API, op Op, handle func(ctx context.Context, in *I) (T, error)) {
	if op.Permission == "" || op.ID == "" {
		panic("api: operation " + op.Method + " " + op.Path + " declares no permission or id")
	}
	a.Ops = append(a.Ops, op)
	o := huma.Operation{OperationID: op.ID, Method: op.Method, Path: op.Path, Summary: op.Summary, MaxBodyBytes: op.MaxBody,
		Extensions: map[string]any{"x-permission": string(op.Permission)}}
	if op.Tag != "" {
		o.Tags = []string{op.Tag}
	}
	o.Middlewares = huma.Middlewares{func(hc huma.Context, next func(huma.Context)) {
		hc = huma.WithValue(hc, langKey{}, i18n.Of(hc.Header("Accept-Language")))
		if err := a.allow(hc.Context(), op.Permission); err != nil {
			p := a.problem(hc.Context(), err)
			hc.SetHeader("Content-Type", "application/json")
			hc.SetStatus(p.status)
			_ = json.NewEncoder(hc.BodyWriter()).Encode(p) // the caller may be gone
			return
		}
		next(hc)
	}}
	huma.Register(a.huma, o, func(ctx context.Context, in *I) (*reply[T], error) {
		body, err := handle(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return &reply[T]{Body: body}, nil
	})
}

type langKey struct{}

// Lang is the language the caller asked for.
func Lang(ctx context.Context) i18n.Lang {
	if l, ok := ctx.Value(langKey{}).(i18n.Lang); ok {
		return l
	}
	return i18n.Chinese
}

func (a *API) allow(ctx context.Context, p Permission) error {
	if p == Public {
		return nil
	}
	who := actor.From(ctx)
	if who.Role == "" {
		return errs.E(errs.Unauthenticated, "auth.sign_in", "no session")
	}
	if p != SignedIn && !a.config.Can(who, p) {
		return errs.E(errs.Forbidden, "auth.forbidden", "%s needs %s", who.Role, p).With("permission", string(p))
	}
	return nil
}

// Allow is the same check for routes of Mux.
func (a *API) Allow(r *http.Request, p Permission) error { return a.allow(r.Context(), p) }

// Problem is the body of every error.
type Problem struct {
	status  int
	Code    string         `json:"code"`
	Message string         `json:"message"`
	Field   string         `json:"field,omitempty"`
	Params  map[string]any `json:"params,omitempty"`
	Details []Detail       `json:"details,omitempty"`
}

// Detail is one wrong field.
type Detail struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (p *Problem) Error() string  { return p.Code }
func (p *Problem) GetStatus() int { return p.status }

var statuses = map[errs.Kind]int{
	errs.Invalid: 422, errs.Unauthenticated: 401, errs.Forbidden: 403, errs.NotFound: 404,
	errs.Conflict: 409, errs.TooMany: 429, errs.Unavailable: 503, errs.Internal: 500,
}

// problem is the one place where an error becomes a status, a sentence and a log line.
func (a *API) problem(ctx context.Context, err error) *Problem {
	kind := errs.KindOf(err)
	p := &Problem{status: statuses[kind], Code: errs.CodeOf(err)}
	var e *errs.Error
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled): // nobody is there to read it
		p.status, p.Code = statusGone, "canceled"
	case kind == errs.Internal && pg.IsUnavailable(err):
		p.status, p.Code = statuses[errs.Unavailable], "unavailable"
	case errors.As(err, &e):
		p.Field, p.Params = e.Field, e.Params
	}
	if p.status >= http.StatusInternalServerError {
		a.config.Log.Error("request failed", "code", p.Code, "error", err, "actor", actor.From(ctx).Name)
	}
	p.Message = a.config.Catalog.Error(Lang(ctx), p.Code, p.Params)
	return p
}

// statusGone is what proxies log for a caller who hung up.
const statusGone = 499

// WriteError answers a route of Mux with a problem.
func (a *API) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	ctx := context.WithValue(r.Context(), langKey{}, i18n.Of(r.Header.Get("Accept-Language")))
	writeJSON(w, a.problem(ctx, err))
}

// fromHuma turns Huma's own findings (a body that does not fit the schema) into our envelope. It names the place and the
// rule, never the rejected value.
func (c Config) fromHuma(lang i18n.Lang, status int, causes []error) *Problem {
	p := &Problem{status: status, Code: "request." + strconv.Itoa(status)}
	if status >= http.StatusInternalServerError {
		c.Log.Error("request failed", "status", status, "error", errors.Join(causes...))
		p.Code = "internal"
		p.Message = c.Catalog.Error(lang, p.Code, nil)
		return p
	}
	p.Message = c.Catalog.Error(lang, "request.invalid", nil)
	for _, cause := range causes {
		var d huma.ErrorDetailer
		if errors.As(cause, &d) {
			det := d.ErrorDetail()
			p.Details = append(p.Details, Detail{Field: det.Location, Code: "request.invalid", Message: det.Message})
		}
	}
	if len(p.Details) > 0 {
		p.Field = p.Details[0].Field
	}
	return p
}
