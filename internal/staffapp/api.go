package staffapp

import (
	"context"
	"net/http"

	"qunce/internal/api"
)

type idInput struct {
	ID int64 `path:"id"`
}

type skipInput struct {
	ID   int64 `path:"id"`
	Body struct {
		Reason string `json:"reason" enum:"customer_asked,already_talked,not_suitable,off_duty,other"`
		Note   string `json:"note,omitempty" maxLength:"200"`
	}
}

const tag = "staff"

// API registers the staff pages' operations.
func (s *Service) API(a *api.API) {
	op := func(id, method, path, summary string) api.Op {
		return api.Op{ID: id, Method: method, Path: "/staff/api" + path, Summary: summary, Tag: tag, Permission: Self}
	}
	api.Register(a, op("staff-me", "GET", "/me", "Who is signed in"), func(ctx context.Context, _ *struct{}) (Me, error) { return s.me(ctx) })
	api.Register(a, op("staff-today", "GET", "/today", "One's tasks of today"), func(ctx context.Context, _ *struct{}) (Today, error) { return s.today(ctx) })
	api.Register(a, op("staff-task-sent", "POST", "/tasks/{id}/sent", "Report a message as sent, on the client's word"),
		func(ctx context.Context, in *idInput) (api.Empty, error) { return api.Empty{}, s.sent(ctx, in.ID) })
	api.Register(a, op("staff-task-skip", "POST", "/tasks/{id}/skip", "Skip a task with a reason"),
		func(ctx context.Context, in *skipInput) (api.Empty, error) {
			return api.Empty{}, s.skip(ctx, in.ID, in.Body.Reason, clean(in.Body.Note))
		})
	api.Register(a, op("staff-code", "GET", "/code", "One's own code"), func(ctx context.Context, _ *struct{}) (Code, error) { return s.code(ctx) })
	api.Register(a, op("staff-score", "GET", "/score", "One's numbers of the last seven days"), func(ctx context.Context, _ *struct{}) (Score, error) { return s.score(ctx) })
	api.Register(a, op("staff-jssdk", "GET", "/jssdk", "Sign the address of a page for WeCom's JS-SDK"),
		func(ctx context.Context, in *struct {
			URL string `query:"url" required:"true" maxLength:"2000" doc:"the page's whole address; a fragment is left out"`
		}) (JSSDK, error) {
			return s.jssdk(ctx, in.URL)
		})
	a.Mux().HandleFunc("GET "+qrPath, func(w http.ResponseWriter, r *http.Request) {
		err := a.Allow(r, Self)
		var body []byte
		if err == nil {
			body, err = s.picture(r.Context())
		}
		if err != nil {
			a.WriteError(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Header().Set("Cache-Control", "private, max-age=3600")
		_, _ = w.Write(body)
	})
}

// Customers registers the staff's list of their own customers: list is the customer feature's, which the session's scope
// limits to the member of staff.
func Customers[I, T any](a *api.API, list func(ctx context.Context, in *I) (T, error)) {
	api.Register(a, api.Op{ID: "staff-customers", Method: "GET", Path: "/staff/api/customers", Summary: "One's own customers", Tag: tag, Permission: Self}, list)
}

// Groups is Customers for the groups one owns.
func Groups[I, T any](a *api.API, list func(ctx context.Context, in *I) (T, error)) {
	api.Register(a, api.Op{ID: "staff-groups", Method: "GET", Path: "/staff/api/groups", Summary: "One's own groups", Tag: tag, Permission: Self}, list)
}
