package doctor

import (
	"context"

	"qunce/internal/api"
)

// API registers the page's operations.
func (s *Service) API(a *api.API) {
	const tag = "system"
	api.Register(a, api.Op{ID: "get-doctor", Method: "GET", Path: "/api/system/doctor", Summary: "What the last examination of this installation found", Tag: tag, Permission: "system.read"},
		func(ctx context.Context, _ *struct{}) (Report, error) { return s.Last(ctx, api.Lang(ctx)) })
	api.Register(a, api.Op{ID: "run-doctor", Method: "POST", Path: "/api/system/doctor", Summary: "Examine this installation now; takes up to ten seconds and changes nothing", Tag: tag, Permission: "system.manage"},
		func(ctx context.Context, _ *struct{}) (Report, error) { return s.Check(ctx, api.Lang(ctx)) })
}
