// Package sync proves that we hold what WeCom holds. A run reads everything within the app's visible range (departments
// and members, tags, customers and their relations, groups and their members), applies the differences, and ends with a
// statement: what WeCom shows, what we held before, what was missing here, what was too much, and that it is repaired.
//
// Callbacks get lost, doubled and reordered; only this makes the books whole. A run saves its place after every page, so
// a process that dies goes on where it stopped. A relation or group that seems too much is asked about once more before
// it is ended, since it may have begun while we read.
package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sort"
	"time"

	"golang.org/x/sync/errgroup"

	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/failpoint"
	"qunce/internal/group"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Deps are what the service works with.
type Deps struct {
	DB        *pg.DB
	IDs       *id.Source
	Clock     clock.Clock // the corp's
	Wall      clock.Clock
	WeCom     *wecom.Client
	Directory *directory.Service
	Customers *customer.Service
	Groups    *group.Service
	Log       *slog.Logger
	After     func(ctx context.Context, cause int64) error // what follows a complete run; may be nil
}

// Service runs syncs, one at a time.
type Service struct {
	Deps
	wake chan struct{}
}

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d, wake: make(chan struct{}, 1)} }

// Counts has one figure for each kind of thing.
type Counts struct {
	Staff     int `json:"staff"`
	Relations int `json:"relations"`
	Tags      int `json:"tags"`
	Groups    int `json:"groups"`
	Members   int `json:"members"`
}

// Result is the statement at the end of a run.
type Result struct {
	Remote     Counts `json:"remote"`      // what WeCom shows
	HeldBefore Counts `json:"held_before"` // what we held when the run began
	Missing    Counts `json:"missing"`     // shown there, not held here; now held
	Extra      Counts `json:"extra"`       // held here, not shown there; now ended
	Amended    Counts `json:"amended"`
	Complete   bool   `json:"complete"` // every page was read to its end
}

// progress is where a run stands.
type progress struct {
	Step   string `json:"step"` // directory, tags, relations, ends, groups, done
	Chunk  int    `json:"chunk"`
	Cursor string `json:"cursor"`
	Done   int    `json:"done"`
	Of     int    `json:"of"`
}

// Run is one run as kept.
type Run struct {
	ID         int64           `json:"id"`
	Kind       string          `json:"kind"`
	State      string          `json:"state"`
	StartedAt  time.Time       `json:"started_at"`
	FinishedAt *time.Time      `json:"finished_at"`
	Progress   json.RawMessage `json:"progress"`
	Result     json.RawMessage `json:"result"`
	Error      string          `json:"error"`
}

// Start asks for a full run and returns its id; while one runs, it returns that one's.
func (s *Service) Start(ctx context.Context) (int64, error) {
	next, err := s.IDs.Next(ctx)
	if err != nil {
		return 0, err
	}
	var got int64
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		var err error
		got, err = start(ctx, tx, next, s.Wall.Now(), s.Clock.Now())
		return err
	})
	if err != nil {
		return 0, err
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return got, nil
}

// dailyAt is the hour of the corp's day at which a run starts by itself.
const dailyAt = 3

// nextDaily is when the next daily run is due after the last one began on the corp's clock.
func nextDaily(last time.Time) time.Time {
	at := clock.Day(last).Add(dailyAt * time.Hour)
	if !at.After(last) {
		at = clock.Day(last).AddDate(0, 0, 1).Add(dailyAt * time.Hour)
	}
	return at
}

// NextDue is when the daily run is due; none is before the first run, which somebody asks for.
func (s *Service) NextDue(ctx context.Context) (time.Time, bool, error) {
	last, ok, err := lastBegan(ctx, s.DB)
	return nextDaily(last), ok, err
}

// RunDue starts the daily run if it is due, and returns 1 when it did.
func (s *Service) RunDue(ctx context.Context) (int, error) {
	at, ok, err := s.NextDue(ctx)
	if err != nil || !ok || at.After(s.Clock.Now()) {
		return 0, err
	}
	_, err = s.Start(ctx)
	return 1, err
}

// Work executes runs as they are asked for, and those a dead process left behind, until ctx ends.
func (s *Service) Work(ctx context.Context) error {
	for ctx.Err() == nil {
		if _, err := s.RunPending(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("sync", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-time.After(5 * time.Second):
		}
	}
	return ctx.Err()
}

// RunPending executes the open run, if there is one, and reports whether there was.
func (s *Service) RunPending(ctx context.Context) (bool, error) {
	runID, raw, rawResult, err := pending(ctx, s.DB)
	if err != nil || runID == 0 {
		return false, err
	}
	r := run{s: s, id: runID}
	if err := json.Unmarshal(raw, &r.at); err != nil {
		return true, fmt.Errorf("progress of sync %d: %w", runID, err)
	}
	if err := json.Unmarshal(rawResult, &r.result); err != nil {
		return true, fmt.Errorf("result of sync %d: %w", runID, err)
	}
	if err := r.all(ctx); err != nil {
		if ctx.Err() != nil {
			return true, ctx.Err() // another process goes on
		}
		if pg.IsUnavailable(err) {
			return true, err
		}
		return true, finish(ctx, s.DB, runID, "failed", err.Error(), r.at, r.result, s.Wall.Now())
	}
	if s.After != nil {
		if err := s.After(ctx, runID); err != nil {
			return true, err // the run stays open and is gone through again
		}
	}
	r.result.Complete = true
	r.at.Step = "done"
	return true, finish(ctx, s.DB, runID, "done", "", r.at, r.result, s.Wall.Now())
}

// Open reports whether a run is under way.
func (s *Service) Open(ctx context.Context) (open bool, err error) {
	err = s.DB.QueryRow(ctx, `SELECT EXISTS (SELECT FROM sync_run WHERE state = 'running')`).Scan(&open)
	return open, err
}

// State is where a run stands, and its error if it failed.
func (s *Service) State(ctx context.Context, runID int64) (state, text string, err error) {
	err = s.DB.QueryRow(ctx, `SELECT state, error FROM sync_run WHERE id = $1`, runID).Scan(&state, &text)
	return state, text, err
}

type run struct {
	s      *Service
	id     int64
	at     progress
	result Result
	staff  []string
}

var (
	fpPageBefore = failpoint.New("sync.page.before")
	fpPageAfter  = failpoint.New("sync.page.after")
)

func (r *run) save(ctx context.Context) error {
	return saveProgress(ctx, r.s.DB, r.id, r.at, r.result)
}

func (r *run) all(ctx context.Context) error {
	if r.at.Step == "" {
		held, err := counts(ctx, r.s.DB)
		if err != nil {
			return err
		}
		r.result.HeldBefore, r.at.Step = held, "directory"
	}
	steps := []struct {
		name string
		do   func(ctx context.Context) error
	}{{"directory", r.directory}, {"tags", r.tags}, {"relations", r.relations}, {"ends", r.ends}, {"groups", r.groups}}
	reached := false
	for _, step := range steps {
		if !reached && step.name != r.at.Step {
			continue
		}
		if reached {
			r.at = progress{Step: step.name}
		}
		reached = true
		if err := r.save(ctx); err != nil {
			return err
		}
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

func (r *run) directory(ctx context.Context) error {
	_, err := r.s.Directory.SyncDirectory(ctx)
	return err
}

func (r *run) tags(ctx context.Context) error {
	list, err := r.s.WeCom.CorpTags(ctx, nil, nil)
	if err != nil {
		return err
	}
	r.result.Remote.Tags = 0
	for _, g := range list {
		r.result.Remote.Tags += len(g.Tags)
	}
	return r.s.DB.Tx(ctx, func(tx pg.Tx) error { return r.s.Customers.ApplyTags(ctx, tx, list, true) })
}

const staffPerChunk = 100

// chunks lists the staff whose customers and groups are read, in parts of 100, the most an API takes.
func (r *run) chunks(ctx context.Context) ([][]string, error) {
	users, err := r.s.WeCom.FollowUsers(ctx)
	if err != nil {
		return nil, err
	}
	sort.Strings(users)
	r.staff = users
	r.result.Remote.Staff = len(users)
	var out [][]string
	for len(users) > 0 {
		n := min(staffPerChunk, len(users))
		out = append(out, users[:n])
		users = users[n:]
	}
	return out, nil
}

func (r *run) relations(ctx context.Context) error {
	chunks, err := r.chunks(ctx)
	if err != nil {
		return err
	}
	r.at.Of = len(chunks)
	if r.at.Chunk == 0 && r.at.Cursor == "" {
		if err := clearSeen(ctx, r.s.DB, r.id); err != nil {
			return err
		}
	}
	for ; r.at.Chunk < len(chunks); r.at.Chunk++ {
		for {
			readAt := r.s.Wall.Now()
			rows, next, err := r.s.WeCom.BatchGetByUser(ctx, chunks[r.at.Chunk], r.at.Cursor, 100)
			if err != nil {
				return err
			}
			seen := make([]customer.Seen, 0, len(rows))
			for _, x := range rows {
				tags := x.Follow.TagIDs
				if tags == nil {
					tags = []string{}
				}
				seen = append(seen, customer.Seen{ReadAt: readAt, Contact: x.Contact, Follow: x.Follow, Tags: tags})
			}
			fpPageBefore.Hit()
			last := next == ""
			err = r.s.DB.Tx(ctx, func(tx pg.Tx) error {
				did, err := r.s.Customers.Apply(ctx, tx, seen, "sync", r.id)
				if err != nil {
					return err
				}
				if err := keepSeen(ctx, tx, r.id, rows); err != nil {
					return err
				}
				at, result := r.at, r.result
				result.Remote.Relations += len(rows)
				result.Missing.Relations += did.Added
				result.Amended.Relations += did.Amended
				result.Amended.Tags += did.Tags
				at.Cursor, at.Done = next, at.Done+len(rows)
				if last {
					at.Chunk++
				}
				return saveProgress(ctx, tx, r.id, at, result)
			})
			if err != nil {
				return err
			}
			fpPageAfter.Hit()
			if err := r.reload(ctx); err != nil {
				return err
			}
			if last {
				r.at.Chunk-- // the loop counts it
				break
			}
		}
	}
	return nil
}

// reload takes over what a committed page saved; a transaction may have run twice, memory must not count it twice.
func (r *run) reload(ctx context.Context) error {
	at, result, err := loadProgress(ctx, r.s.DB, r.id)
	if err == nil {
		r.at, r.result = at, result
	}
	return err
}

// ends asks again about relations that no page showed, and ends those WeCom does not know.
func (r *run) ends(ctx context.Context) error {
	suspects, err := unseen(ctx, r.s.DB, r.id, r.s.Clock.Now())
	if err != nil {
		return err
	}
	gone := make([]bool, len(suspects))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, x := range suspects {
		g.Go(func() error {
			e, err := r.s.WeCom.ExternalGet(gctx, x.ExternalUserID)
			if wecom.IsCode(err, 84061, 40096) {
				gone[i] = true
				return nil
			}
			gone[i] = true
			for _, f := range e.Follows {
				if f.UserID == x.UserID {
					gone[i] = false
				}
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	var ends []customer.End
	for i, x := range suspects {
		if gone[i] {
			ends = append(ends, x)
		}
	}
	r.result.Extra.Relations = len(ends)
	if len(ends) > 0 {
		if err := r.s.DB.Tx(ctx, func(tx pg.Tx) error { return r.s.Customers.End(ctx, tx, ends, r.id) }); err != nil {
			return err
		}
	}
	return clearSeen(ctx, r.s.DB, r.id)
}

func (r *run) groups(ctx context.Context) error {
	chunks, err := r.chunks(ctx)
	if err != nil {
		return err
	}
	listed := map[string]int{}
	for _, owners := range chunks {
		cursor := ""
		for {
			items, next, err := r.s.WeCom.GroupList(ctx, wecom.GroupFilter{Owners: owners}, cursor)
			if err != nil {
				return err
			}
			for _, x := range items {
				listed[x.ChatID] = x.Status
			}
			if next == "" {
				break
			}
			cursor = next
		}
	}
	held, err := livingChats(ctx, r.s.DB)
	if err != nil {
		return err
	}
	var chats []string
	for c := range listed {
		chats = append(chats, c)
	}
	r.result.Remote.Groups = len(chats)
	for _, c := range held {
		if _, ok := listed[c]; !ok {
			chats = append(chats, c) // asked about before it is given up
		}
	}
	sort.Strings(chats)
	r.at.Of = len(chats)
	const perPage = 32
	for r.at.Done < len(chats) {
		page := chats[r.at.Done:min(r.at.Done+perPage, len(chats))]
		if err := r.groupPage(ctx, page, listed); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) groupPage(ctx context.Context, page []string, listed map[string]int) error {
	readAt := r.s.Wall.Now()
	found := make([]*wecom.Group, len(page))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, c := range page {
		g.Go(func() error {
			x, err := r.s.WeCom.GroupGet(gctx, c, true)
			if group.Vanished(err) {
				return nil
			}
			found[i] = &x
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	fpPageBefore.Hit()
	err := r.s.DB.Tx(ctx, func(tx pg.Tx) error {
		at, result := r.at, r.result
		var seen []group.Seen
		var gone []string
		for i, c := range page {
			if found[i] == nil {
				gone = append(gone, c)
				continue
			}
			status := group.Normal
			if listed[c] == 1 {
				status = group.OwnerLeft
			}
			result.Remote.Members += len(found[i].Members)
			seen = append(seen, group.Seen{ReadAt: readAt, Group: *found[i], Status: status, Cause: r.id})
		}
		did, err := r.s.Groups.Apply(ctx, tx, seen)
		if err != nil {
			return err
		}
		if err := r.s.Groups.Dissolve(ctx, tx, gone, r.s.Clock.Now(), r.id); err != nil {
			return err
		}
		result.Missing.Groups += did.Groups
		result.Missing.Members += did.Joined
		result.Extra.Members += did.Left
		result.Extra.Groups += len(gone)
		result.Amended.Members += did.Amended
		at.Done += len(page)
		return saveProgress(ctx, tx, r.id, at, result)
	})
	if err != nil {
		return err
	}
	fpPageAfter.Hit()
	return r.reload(ctx)
}
