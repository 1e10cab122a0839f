package sop

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/metric"
	"qunce/internal/touch"
)

// StepReport is how one step went. Delivered counts messages that WeCom or the client reported as arrived.
type StepReport struct {
	Key       string        `json:"key"`
	Title     string        `json:"title"`
	Channel   string        `json:"channel"`
	Due       int64         `json:"due"`
	Done      int64         `json:"done"`
	Late      int64         `json:"late"`
	Pending   int64         `json:"pending"`
	Missed    int64         `json:"missed"`
	Skipped   int64         `json:"skipped"`
	Refused   []ReasonCount `json:"refused"`
	Delivered *int64        `json:"delivered"`
}

// ReasonCount is how often a step was refused for a reason.
type ReasonCount struct {
	Reason     string `json:"reason"`
	ReasonText string `json:"reason_text"`
	Count      int64  `json:"count"`
}

// StepsReport shows every step of a plan's present version: on one business day, or over all days when day is zero.
func (s *Service) StepsReport(ctx context.Context, planID int64, day time.Time) ([]StepReport, error) {
	p, err := planByID(ctx, s.DB, planID)
	if err != nil {
		return nil, err
	}
	b := bookOf(p.Subject)
	scope := actor.From(ctx).Scope
	where := ` WHERE d.plan_id = $2 AND ($3::date IS NULL OR d.day = $3::date) AND ($4 OR d.store_id = ANY($5) OR d.staff_id = $6 AND $6 <> 0)`
	var on *time.Time
	if !day.IsZero() {
		d := clock.Day(day)
		on = &d
	}
	args := []any{s.Clock.Now(), planID, on, scope.All, append([]int64{}, scope.Stores...), scope.Staff}
	rows, err := s.DB.Query(ctx, `SELECT split_part(d.step_key, '@', 1), `+tallyWhen+`, count(d.delivered_at) FROM `+b.due+` d`+where+` GROUP BY 1`, args...)
	if err != nil {
		return nil, fmt.Errorf("report steps: %w", err)
	}
	tallies, delivered := map[string]Tally{}, map[string]int64{}
	var key string
	var t Tally
	var n int64
	if _, err := pgx.ForEachRow(rows, append(append([]any{&key}, t.fields()...), &n), func() error {
		tallies[key], delivered[key] = t, n
		return nil
	}); err != nil {
		return nil, err
	}
	rows, err = s.DB.Query(ctx, `SELECT split_part(d.step_key, '@', 1), d.reason, count(*) FROM `+b.due+` d`+where+
		` AND d.state = 'refused' AND $1::timestamptz IS NOT NULL GROUP BY 1, 2 ORDER BY 3 DESC, 2`, args...)
	if err != nil {
		return nil, fmt.Errorf("report refusals: %w", err)
	}
	refused := map[string][]ReasonCount{}
	var r ReasonCount
	if _, err := pgx.ForEachRow(rows, []any{&key, &r.Reason, &r.Count}, func() error {
		r.ReasonText = touch.Sentence(api.Lang(ctx), r.Reason)
		refused[key] = append(refused[key], r)
		return nil
	}); err != nil {
		return nil, err
	}
	out := []StepReport{}
	for _, x := range p.Definition.Steps {
		t := tallies[x.Key]
		report := StepReport{Key: x.Key, Title: x.Title, Channel: x.Channel, Due: t.Due, Done: t.DoneOntime, Late: t.DoneLate, Pending: t.Pending, Missed: t.Late,
			Skipped: t.Skipped, Refused: refused[x.Key]}
		if report.Refused == nil {
			report.Refused = []ReasonCount{}
		}
		if n, ok := delivered[x.Key]; ok && x.Worked() {
			report.Delivered = &n
		}
		out = append(out, report)
	}
	return out, nil
}

// Summary is a plan as lists show it. Exec and Ontime cover the last seven business days.
type Summary struct {
	ID         int64        `json:"id"`
	Code       string       `json:"code"`
	Name       string       `json:"name"`
	Subject    Subject      `json:"subject" enum:"customer,group"`
	State      PlanState    `json:"state" enum:"draft,active,paused"`
	Version    int          `json:"version"`
	RunsActive int64        `json:"runs_active"`
	Exec       metric.Value `json:"exec"`
	Ontime     metric.Value `json:"ontime"`
}

func (s *Service) summaries(ctx context.Context, plans []Plan) ([]Summary, error) {
	running := map[int64]int64{}
	for _, b := range []book{persons, rooms} {
		rows, err := s.DB.Query(ctx, `SELECT plan_id, count(*) FROM `+b.runs+` WHERE state = 'running' GROUP BY 1`)
		if err != nil {
			return nil, fmt.Errorf("count runs: %w", err)
		}
		var plan, n int64
		if _, err := pgx.ForEachRow(rows, []any{&plan, &n}, func() error { running[plan] = n; return nil }); err != nil {
			return nil, err
		}
	}
	out := make([]Summary, 0, len(plans))
	for _, p := range plans {
		counts, err := s.tallies(ctx, p.ID, s.today().AddDate(0, 0, -6), s.today())
		if err != nil {
			return nil, err
		}
		limit(ctx, counts)
		var sum Tally
		for _, t := range counts {
			sum.add(t)
		}
		out = append(out, Summary{ID: p.ID, Code: p.Code, Name: p.Name, Subject: p.Subject, State: p.State, Version: p.Version, RunsActive: running[p.ID],
			Exec: sum.Exec(), Ontime: sum.Ontime()})
	}
	return out, nil
}

// VersionView is one version in the history of a plan.
type VersionView struct {
	Version     int       `json:"version"`
	PublishedAt time.Time `json:"published_at"`
	By          string    `json:"by"`
	Note        string    `json:"note"`
}

// Detail is a plan with its history and its present steps.
type Detail struct {
	Summary
	Versions []VersionView `json:"versions"`
	Steps    []Step        `json:"steps"`
	Header   Header        `json:"header"`
}

// Get returns a plan, or NotFound "sop.not_found".
func (s *Service) Get(ctx context.Context, planID int64) (Detail, error) {
	p, err := planByID(ctx, s.DB, planID)
	if err != nil {
		return Detail{}, err
	}
	list, err := s.summaries(ctx, []Plan{p})
	if err != nil {
		return Detail{}, err
	}
	rows, err := s.DB.Query(ctx, `SELECT version, published_at, by_name, note FROM sop_version WHERE plan_id = $1 ORDER BY version DESC`, planID)
	if err != nil {
		return Detail{}, fmt.Errorf("read versions: %w", err)
	}
	versions, err := pgx.CollectRows(rows, pgx.RowToStructByPos[VersionView])
	return Detail{Summary: list[0], Versions: versions, Steps: p.Definition.Steps, Header: p.Definition.Header}, err
}

// List returns all plans.
func (s *Service) List(ctx context.Context) ([]Summary, error) {
	plans, err := plansWhere(ctx, s.DB, `ORDER BY p.code`)
	if err != nil {
		return nil, err
	}
	return s.summaries(ctx, plans)
}
