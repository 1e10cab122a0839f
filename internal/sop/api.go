package sop

import (
	"context"
	"time"

	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/errs"
)

type idInput struct {
	ID int64 `path:"id"`
}

type publishInput struct {
	ID   int64 `path:"id"`
	Body struct {
		Steps []Step `json:"steps"`
		Note  string `json:"note" maxLength:"500"`
	}
}

type publishOutput struct {
	Version int `json:"version"`
}

type boardInput struct {
	PlanID   int64  `query:"plan_id"`
	Date     string `query:"date" doc:"YYYY-MM-DD, a business day; today if missing"`
	Level    string `query:"level" enum:"hq,region,store,staff" default:"hq"`
	ParentID int64  `query:"parent_id"`
}

type reportInput struct {
	ID   int64  `path:"id"`
	Date string `query:"date" doc:"YYYY-MM-DD, a business day; all days if missing"`
}

type reportOutput struct {
	Items []StepReport `json:"items"`
}

// API registers the console's operations.
func (s *Service) API(a *api.API) {
	op := func(id, method, path, summary string, p api.Permission) api.Op {
		return api.Op{ID: id, Method: method, Path: path, Summary: summary, Tag: "sop", Permission: p}
	}
	api.Register(a, op("sop-plan-list", "GET", "/api/sop/plans", "List plans", "sop.read"), func(ctx context.Context, _ *struct{}) (api.Page[Summary], error) {
		list, err := s.List(ctx)
		for i := range list {
			list[i] = list[i].speak(ctx)
		}
		return api.Page[Summary]{Items: list}, err
	})
	api.Register(a, op("sop-plan-get", "GET", "/api/sop/plans/{id}", "Show a plan", "sop.read"), func(ctx context.Context, in *idInput) (Detail, error) {
		d, err := s.Get(ctx, in.ID)
		if err == nil {
			d.Summary = d.Summary.speak(ctx)
		}
		return d, err
	})
	api.Register(a, op("sop-plan-publish", "POST", "/api/sop/plans/{id}/publish", "Publish the next version of a plan", "sop.write"),
		func(ctx context.Context, in *publishInput) (publishOutput, error) {
			version, err := s.Publish(ctx, in.ID, in.Body.Steps, in.Body.Note)
			return publishOutput{version}, err
		})
	api.Register(a, op("sop-plan-pause", "POST", "/api/sop/plans/{id}/pause", "Pause a plan", "sop.write"),
		func(ctx context.Context, in *idInput) (api.Empty, error) { return api.Empty{}, s.Pause(ctx, in.ID) })
	api.Register(a, op("sop-plan-resume", "POST", "/api/sop/plans/{id}/resume", "Put a plan to work", "sop.write"),
		func(ctx context.Context, in *idInput) (api.Empty, error) { return api.Empty{}, s.Resume(ctx, in.ID) })
	api.Register(a, op("sop-steps-report", "GET", "/api/sop/plans/{id}/steps-report", "Report a plan by step", "sop.read"),
		func(ctx context.Context, in *reportInput) (reportOutput, error) {
			day, err := parseDay(in.Date, time.Time{})
			if err != nil {
				return reportOutput{}, err
			}
			items, err := s.StepsReport(ctx, in.ID, day)
			return reportOutput{Items: items}, err
		})
	api.Register(a, op("sop-board", "GET", "/api/sop/board", "Show execution by region, store and staff", "sop.read"), func(ctx context.Context, in *boardInput) (Board, error) {
		day, err := parseDay(in.Date, s.today())
		if err != nil {
			return Board{}, err
		}
		b, err := s.Board(ctx, in.PlanID, day, in.Level, in.ParentID)
		if err != nil {
			return b, err
		}
		lang := api.Lang(ctx)
		for i := range b.Items {
			b.Items[i].Exec = b.Items[i].Exec.In(lang)
		}
		b.Totals.Exec = b.Totals.Exec.In(lang)
		return b, nil
	})
}

// speak puts the notes of the numbers into the caller's language.
func (p Summary) speak(ctx context.Context) Summary {
	lang := api.Lang(ctx)
	p.Exec, p.Ontime = p.Exec.In(lang), p.Ontime.In(lang)
	return p
}

func parseDay(text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, clock.Shanghai)
	if err != nil {
		return time.Time{}, errs.E(errs.Invalid, "query.bad_date", "%q is no date", text).On("date").With("value", text)
	}
	return day, nil
}
