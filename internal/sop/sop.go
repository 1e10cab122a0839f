// Package sop runs the brand's standard community work (SOP): plans of steps that start with a person or a group, fall due
// in windows, pass the touch ledger, and become tasks of the staff, whose results come back to the steps.
//
//	sop.go       types: plans, versions, steps
//	check.go     the pure rules a definition must obey
//	schedule.go  the pure rules of time: when steps fall due, when they are too late
//	template.go  the built-in templates
//	service.go   plans: making, publishing, pausing
//	start.go     runs begin; end.go: they end, and hear how their tasks ended
//	due.go       due rows become touches, tasks and sends
//	board.go     execution by region, store and staff; report.go: by step
//	store.go     all SQL, in sets
//
// Invariants: a version never changes; a run and its due rows name the version they follow. A due row is worked once: it
// leaves "waiting" in the transaction that makes its task, so no crash makes two. Nothing is sent without the ledger's
// leave. A person goes through a plan once at a time. The package calls no network: sends go through the outbox.
package sop

import (
	"context"

	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/group"
	"qunce/internal/media"
	"qunce/internal/pg"
	"qunce/internal/task"
	"qunce/internal/touch"
)

// Subject says whom a plan is about.
type Subject string

// The subjects; the CHECK of sop_plan lists the same.
const (
	OfCustomer Subject = "customer"
	OfGroup    Subject = "group"
)

// PlanState of a plan.
type PlanState string

// The states; the CHECK of sop_plan lists the same.
const (
	Draft  PlanState = "draft"  // starts nothing
	Active PlanState = "active" // starts runs and works them
	Paused PlanState = "paused" // due rows wait; what passes its window meanwhile follows the step's late rule
)

// Channels that a step may have besides those of the ledger.
const NoChannel = "none" // a day of rest, shown and not done

// What happens to a step whose window has passed.
const (
	LateSkip      = "skip"
	LateSendUntil = "send_until" // still done until LateHours after the window
)

// Window is the span of a day in which a step is done: "HH:MM", both ends.
type Window struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Step is one row of a plan. Day counts from the anchor's business day for customers. Steps of groups recur on Weekdays
// (1 = Monday … 7 = Sunday; empty = daily) and have day 0. The text knows {store} and {staff}, one-to-one sidebar messages
// {name}, and group posts {group}; a mass send is the same for all and cannot know a name.
type Step struct {
	Key       string            `json:"key"`
	Day       int               `json:"day"`
	Weekdays  []int             `json:"weekdays,omitempty"`
	Time      string            `json:"time"`
	Window    Window            `json:"window"`
	Channel   string            `json:"channel" enum:"welcome,mass_single,mass_group,sidebar_single,sidebar_group,moments,none"`
	Purpose   string            `json:"purpose"`
	Promo     bool              `json:"promo"`
	QuotaCost int               `json:"quota_cost"`
	Title     string            `json:"title"`
	Text      string            `json:"text"`
	Links     []task.Attachment `json:"links,omitempty"`
	Parts     []media.Part      `json:"parts,omitempty" maxItems:"8" doc:"pictures, files and cards of a mass send"`
	Why       string            `json:"why"`
	Late      string            `json:"late" enum:"skip,send_until"`
	LateHours int               `json:"late_hours,omitempty"`
	Fallback  string            `json:"fallback"`
}

// Worked reports whether the step becomes a task. The welcome is sent by the code a customer came through, Moments and
// days of rest are shown only.
func (s Step) Worked() bool {
	switch s.Channel {
	case touch.MassSingle, touch.MassGroup, touch.SidebarSingle, touch.SidebarGroup:
		return true
	}
	return false
}

// Mass reports whether the step is a mass send, which spends WeCom's quota.
func (s Step) Mass() bool { return s.Channel == touch.MassSingle || s.Channel == touch.MassGroup }

// Header describes a plan to people. LengthDays 0 means it has no end.
type Header struct {
	LengthDays int    `json:"length_days"`
	Quiet      string `json:"quiet"`
	Caps       string `json:"caps"`
	StopLine   string `json:"stop_line"`
}

// Definition is what a version holds.
type Definition struct {
	Header Header `json:"header"`
	Steps  []Step `json:"steps"`
}

func (d Definition) step(key string) (Step, bool) {
	for _, s := range d.Steps {
		if s.Key == key {
			return s, true
		}
	}
	return Step{}, false
}

// Template is a plan the product ships with.
type Template struct {
	Code       string
	Name       string
	Subject    Subject
	Definition Definition
}

// Plan is one plan of the corp at its present version.
type Plan struct {
	ID         int64
	Code       string
	Name       string
	Subject    Subject
	State      PlanState
	Version    int
	Definition Definition
}

// Customers knows customers and how staff reach them; the customer feature does.
type Customers interface {
	RelationsOf(ctx context.Context, q pg.Querier, customerIDs []int64) (map[int64][]customer.Relation, error)
	NamesOf(ctx context.Context, customerIDs []int64) (map[int64]string, error)
}

// Groups knows groups; the group feature does.
type Groups interface {
	ByIDs(ctx context.Context, q pg.Querier, groupIDs []int64) (map[int64]group.Ref, error)
	OpenByStores(ctx context.Context, q pg.Querier, storeIDs []int64) (map[int64][]group.Ref, error)
}

// Directory knows staff, stores and departments; the directory does.
type Directory interface {
	StaffByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]directory.Staff, error)
	StaffOfStores(ctx context.Context, q pg.Querier, storeIDs []int64) (map[int64][]directory.Staff, error)
	StoresByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]directory.Store, error)
	Stores(ctx context.Context, q pg.Querier) ([]directory.Store, error)
	Departments(ctx context.Context, q pg.Querier) ([]directory.Department, error)
}

// Reasons why a run ended before its last step.
const (
	ExitBought     = "bought"
	ExitLost       = "lost"
	ExitOptedOut   = "opted_out"
	ExitDissolved  = "dissolved"
	ExitNewVersion = "new_version"
)

// Tables declares what this package owns.
func Tables() []pg.Table {
	const owner = "sop"
	return []pg.Table{
		{Name: "sop_plan", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "all"},
		{Name: "sop_version", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "all"},
		{Name: "sop_customer_run", Owner: owner, Family: pg.ByCustomer, Key: "customer_id", Merge: "move, the older running one wins", Erase: "delete", Retention: "24 months", Sampling: "follow customer"},
		{Name: "sop_customer_due", Owner: owner, Family: pg.ByCustomer, Key: "customer_id", Merge: "follow run", Erase: "delete", Retention: "24 months", Sampling: "follow customer"},
		{Name: "sop_group_run", Owner: owner, Family: pg.ByGroup, Key: "group_id", Merge: "keep", Erase: "keep", Retention: "24 months", Sampling: "follow group"},
		{Name: "sop_group_due", Owner: owner, Family: pg.ByGroup, Key: "group_id", Merge: "keep", Erase: "keep", Retention: "24 months", Sampling: "follow group"},
	}
}
