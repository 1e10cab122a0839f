package corp

import (
	"context"
	"time"

	"qunce/internal/api"
	"qunce/internal/audit"
	"qunce/internal/errs"
	"qunce/internal/job"
	"qunce/internal/outbox"
)

// Driver moves an accelerated clock on demand; the demo does.
type Driver interface {
	NextDay(ctx context.Context) error
}

// System is the corp's operations for administrators, and the clock.
type System struct {
	*Corp
	Jobs   *job.Client
	Driver Driver // nil on a real clock
}

type clockOut struct {
	Now         time.Time  `json:"now"`
	Accelerated bool       `json:"accelerated"`
	Playing     bool       `json:"playing"`
	Speed       float64    `json:"speed"`
	NextDueAt   *time.Time `json:"next_due_at"`
}

type clockIn struct {
	Body struct {
		Playing *bool    `json:"playing,omitempty"`
		Speed   *float64 `json:"speed,omitempty" minimum:"1" maximum:"100000" doc:"simulated seconds per second, at most"`
	}
}

type health struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	Detail string `json:"detail"`
}

type queue struct {
	Lane     string   `json:"lane"`
	Waiting  int64    `json:"waiting"`
	OldestMS *float64 `json:"oldest_ms"`
	Done1h   int64    `json:"done_1h"`
}

type healthOut struct {
	Items   []health `json:"items"`
	Queues  []queue  `json:"queues"`
	Refused int64    `json:"callbacks_refused"`
	Orphans int64    `json:"orphaned_codes"`
}

type outboxIn struct {
	api.PageInput
	State string `query:"state" enum:"planned,calling,done,unknown,failed"`
}

type one struct {
	ID int64 `path:"id"`
}

// API registers the system pages' operations.
func (s System) API(a *api.API) {
	const tag = "system"
	reg := func(id, method, path, summary string, p api.Permission) api.Op {
		return api.Op{ID: id, Method: method, Path: path, Summary: summary, Tag: tag, Permission: p}
	}
	api.Register(a, reg("getClock", "GET", "/api/clock", "The corp's clock", api.SignedIn), s.clock)
	api.Register(a, reg("setClock", "POST", "/api/clock", "Pause, play or change the speed of an accelerated clock", "system.manage"), s.setClock)
	api.Register(a, reg("nextDay", "POST", "/api/clock/next-day", "Run an accelerated clock to the next morning", "system.manage"),
		func(ctx context.Context, _ *struct{}) (api.Empty, error) {
			if s.Driver == nil {
				return api.Empty{}, errs.E(errs.Conflict, "clock.real", "a real clock is not driven")
			}
			return api.Empty{}, s.Driver.NextDay(ctx)
		})
	api.Register(a, reg("getHealth", "GET", "/api/system/health", "What runs and what waits", "system.read"), s.health)
	s.callbackAPI(a)
	s.limitAPI(a)
	api.Register(a, reg("listCalls", "GET", "/api/system/outbox", "Calls to WeCom, newest first", "system.read"), s.calls)
	api.Register(a, reg("listJobs", "GET", "/api/system/jobs", "Machine jobs", "system.read"), s.jobs)
	api.Register(a, reg("listAudit", "GET", "/api/audit", "Who did what", "audit.read"), s.auditList)
}

func (s System) clock(ctx context.Context, _ *struct{}) (clockOut, error) {
	p := s.Time.Pace()
	out := clockOut{Now: s.Time.Now(), Accelerated: s.Time.Accelerated(), Playing: p.Playing, Speed: p.Speed}
	if !out.Accelerated {
		return out, nil
	}
	at, ok, err := s.NextDue(ctx)
	if ok {
		out.NextDueAt = &at
	}
	return out, err
}

func (s System) setClock(ctx context.Context, in *clockIn) (clockOut, error) {
	if !s.Time.Accelerated() {
		return clockOut{}, errs.E(errs.Conflict, "clock.real", "a real clock is not driven")
	}
	p := s.Time.Pace()
	if in.Body.Playing != nil {
		p.Playing = *in.Body.Playing
	}
	if in.Body.Speed != nil {
		p.Speed = *in.Body.Speed
	}
	if err := s.Time.SetPace(ctx, p); err != nil {
		return clockOut{}, err
	}
	return s.clock(ctx, nil)
}

func (s System) health(ctx context.Context, _ *struct{}) (healthOut, error) {
	out := healthOut{Items: []health{}, Queues: []queue{}, Refused: s.Ingress.Refused()}
	add := func(name string, err error, detail string) {
		state := "ok"
		if err != nil {
			state, detail = "down", errs.CodeOf(err)
		}
		out.Items = append(out.Items, health{name, state, detail})
	}
	var version string
	err := s.DB.QueryRow(ctx, `SHOW server_version`).Scan(&version)
	add("database", err, "PostgreSQL "+version)
	ask, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	_, err = s.WeCom.AgentGet(ask)
	add("wecom", err, s.CorpID)
	var owner string
	err = s.DB.QueryRow(ctx, `SELECT owner FROM job_lease WHERE name = 'worker'`).Scan(&owner)
	add("worker", err, owner)
	in, err := s.Inbox.Queues(ctx)
	if err != nil {
		return out, err
	}
	for _, q := range in {
		out.Queues = append(out.Queues, queue(q))
	}
	calls, err := s.Outbox.Queues(ctx)
	if err != nil {
		return out, err
	}
	for _, q := range calls {
		out.Queues = append(out.Queues, queue(q))
	}
	out.Orphans, err = s.Codes.Orphans(ctx)
	return out, err
}

// call is a call to WeCom with the sentence of what went wrong; Error is null where nothing did.
type call struct {
	outbox.Row
	Error *string `json:"error"`
}

func (s System) calls(ctx context.Context, in *outboxIn) (api.Page[call], error) {
	m, _, err := in.Mark()
	if err != nil {
		return api.Page[call]{}, err
	}
	rows, err := outbox.List(ctx, s.DB, in.State, m.ID, in.Limit+1)
	list := make([]call, len(rows))
	for i, r := range rows {
		list[i] = call{r, s.trouble(ctx, r)}
	}
	return api.Paged(list, in.Limit, func(c call) api.Mark { return api.Mark{ID: c.ID} }), err
}

// trouble says what went wrong with a call.
func (s System) trouble(ctx context.Context, r outbox.Row) *string {
	if r.ErrorCode == nil {
		return nil
	}
	text := s.Catalog.Error(api.Lang(ctx), *r.ErrorCode, r.Params)
	return &text
}

type jobsOut struct {
	Items []job.Info `json:"items"`
	UI    string     `json:"ui"`
}

// JobsPath is where River's own page is mounted.
const JobsPath = "/admin/river"

func (s System) jobs(ctx context.Context, _ *struct{}) (jobsOut, error) {
	list, err := s.Jobs.Recent(ctx, 100)
	if list == nil {
		list = []job.Info{}
	}
	return jobsOut{list, JobsPath + "/"}, err
}

func (s System) auditList(ctx context.Context, in *api.PageInput) (api.Page[audit.Entry], error) {
	m, _, err := in.Mark()
	if err != nil {
		return api.Page[audit.Entry]{}, err
	}
	rows, err := audit.List(ctx, s.DB, m.ID, in.Limit+1)
	return api.Paged(rows, in.Limit, func(e audit.Entry) api.Mark { return api.Mark{ID: e.ID} }), err
}
