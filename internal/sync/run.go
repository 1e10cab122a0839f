package sync

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"qunce/internal/failpoint"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// run is one run under way. What a page changed and where the run stands are saved in one transaction.
type run struct {
	s      *Service
	id     int64
	kind   Kind
	at     progress
	result Result
	calls  atomic.Int64
	pace   struct { // of which PerMinute is the mean
		at    time.Time
		calls int64
	}
	fresh map[string]bool // staff whom this run is the first to see with a seat
}

var (
	fpPageBefore = failpoint.New("sync.page.before")
	fpPageAfter  = failpoint.New("sync.page.after")
)

const (
	staffPerChunk  = 100 // the most an API takes
	suspectsPerAsk = 500
	groupsPerPage  = 32
	askers         = 8 // readings at once
	paceOver       = 10 * time.Second
)

// place is the progress to be saved, with its figures brought up to date.
func (r *run) place() progress { return r.upToDate(r.at) }

func (r *run) upToDate(at progress) progress {
	at.Calls = r.calls.Load()
	now := r.s.Wall.Now()
	switch since := now.Sub(r.pace.at); {
	case r.pace.at.IsZero():
		r.pace.at, r.pace.calls = now, at.Calls
	case since >= paceOver:
		at.PerMinute = int(float64(at.Calls-r.pace.calls) / since.Minutes())
		r.pace.at, r.pace.calls = now, at.Calls
	}
	at.Steps = slices.Clone(at.Steps)
	for i := range at.Steps {
		if s := &at.Steps[i]; s.Name == at.Step && s.State == "running" {
			s.Done, s.Of = at.Done, at.Of
		}
	}
	at.Share = max(at.Share, share(at.Steps))
	return at
}

func (r *run) save(ctx context.Context) error {
	at := r.place()
	if err := saveProgress(ctx, r.s.DB, r.id, at, r.result); err != nil {
		return err
	}
	r.at = at
	return nil
}

// page runs one transaction that ends in saving the run's place and figures. do gets copies, since it may run twice.
func (r *run) page(ctx context.Context, do func(tx pg.Tx, at *progress, result *Result) error) error {
	fpPageBefore.Hit()
	var nextAt progress
	var nextResult Result
	err := r.s.DB.Tx(ctx, func(tx pg.Tx) error {
		at, result := r.at, r.result.clone()
		if err := do(tx, &at, &result); err != nil {
			return err
		}
		nextAt, nextResult = r.upToDate(at), result
		return saveProgress(ctx, tx, r.id, nextAt, nextResult)
	})
	if err != nil {
		return err
	}
	fpPageAfter.Hit()
	r.at, r.result = nextAt, nextResult
	return nil
}

type step struct {
	name   string
	weight float64 // of calls, estimated
	do     func(ctx context.Context) error
}

// steps are what a run of its kind does, with what it is likely to cost by what we held when it began. Before the first
// run nothing is held, and the estimate is poor: the page says so by calling it one.
func (r *run) steps() []step {
	n := func(t Thing, per float64, least float64) float64 {
		return max(least, float64(r.result.HeldBefore[t])/per)
	}
	staff := n(Staff, 1, 5)
	if r.kind == Check {
		return []step{
			{"seats", 2, r.seats}, {"tags", 1, r.tags}, {"lists", staff, r.lists}, {"rooms", 1 + n(Groups, roomsPerCheck, 1), r.rooms},
			{"ways", 1 + n(Ways, 1000, 1), r.wayList}, {"statistics", 1, r.statistics}, {"verify", 1, r.verify},
		}
	}
	return []step{
		{"directory", 5 + staff/5, r.directory}, {"tags", 1, r.tags}, {"relations", max(staff, n(Relations, 100, 1)), r.relations}, {"ends", 1, r.ends},
		{"groups", n(Groups, 1, 5), r.groups}, {"ways", n(Ways, 1, 1) + n(JoinWays, 1, 1), r.ways}, {"statistics", staff, r.statistics}, {"verify", 1, r.verify},
	}
}

func (r *run) all(ctx context.Context) error {
	if r.at.Step == "" {
		held, err := counts(ctx, r.s.DB)
		if err != nil {
			return err
		}
		r.result.HeldBefore, r.at.Began = held, r.s.Clock.Now()
		r.at.Step = r.steps()[0].name
	}
	steps := r.steps()
	if r.at.Steps == nil {
		for _, s := range steps {
			r.at.Steps = append(r.at.Steps, Step{Name: s.name, State: "waiting", Weight: s.weight})
		}
	}
	reached := false
	for i, s := range steps {
		if !reached && s.name != r.at.Step {
			continue
		}
		if reached {
			r.enter(i, s.name)
		}
		reached = true
		r.mark(i, "running")
		if err := r.save(ctx); err != nil {
			return err
		}
		if !r.at.Over {
			if err := s.do(ctx); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	if !reached {
		return fmt.Errorf("a run of kind %s has no step %q", r.kind, r.at.Step)
	}
	r.enter(len(steps), "done")
	return nil
}

// enter leaves the step before i behind.
func (r *run) enter(i int, name string) {
	r.at = r.place()
	r.mark(i-1, "done")
	r.at.Step, r.at.Place = name, Place{}
}

// mark says where a step stands; one that was skipped stays so.
func (r *run) mark(i int, state string) {
	if i < len(r.at.Steps) && r.at.Steps[i].State != "skipped" {
		r.at.Steps[i].State = state
		if state == "done" {
			r.at.Steps[i].Done = max(r.at.Steps[i].Done, r.at.Steps[i].Of)
		}
	}
}

// skip says that a step could not be done and that the run goes on without it.
func (r *run) skip(name string) {
	for i := range r.at.Steps {
		if r.at.Steps[i].Name == name {
			r.at.Steps[i].State = "skipped"
		}
	}
}

// users are the staff who may have customers and groups, in order.
func (r *run) users(ctx context.Context) ([]string, error) {
	r.calls.Add(1)
	users, err := r.s.WeCom.FollowUsers(ctx)
	slices.Sort(users)
	return slices.Compact(users), err
}

// apart lists what stands in one list alone.
func apart(remote, held []string) (missing, extra []string) {
	remote, held = slices.Compact(slices.Sorted(slices.Values(remote))), slices.Sorted(slices.Values(held))
	for _, x := range remote {
		if _, there := slices.BinarySearch(held, x); !there {
			missing = append(missing, x)
		}
	}
	for _, x := range held {
		if _, there := slices.BinarySearch(remote, x); !there {
			extra = append(extra, x)
		}
	}
	return missing, extra
}

// after is the index of the first of a sorted list that is greater than x.
func after(list []string, x string) int {
	i, there := slices.BinarySearch(list, x)
	if there {
		i++
	}
	return i
}

// hidden reports that WeCom refuses to show a member or what is theirs: they left the app's range, or lost their seat, after
// the list of members was read.
func hidden(err error) bool { return wecom.IsCode(err, 60011, 60111, 84074) }
