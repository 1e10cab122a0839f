package sop

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/metric"
	"qunce/internal/pg"
)

// Tally counts due rows by how they stand. What the ledger refused is not owed by anybody and stands apart. A row counts
// as due from the beginning of its day; Pending is still inside its window, Late is past it and not done.
type Tally struct {
	Due        int64 `json:"due"`
	DoneOntime int64 `json:"done_ontime"`
	DoneLate   int64 `json:"done_late"`
	Pending    int64 `json:"pending"`
	Late       int64 `json:"late"`
	Skipped    int64 `json:"skipped"`
	Refused    int64 `json:"refused"`
}

func (t *Tally) add(o Tally) {
	t.Due += o.Due
	t.DoneOntime += o.DoneOntime
	t.DoneLate += o.DoneLate
	t.Pending += o.Pending
	t.Late += o.Late
	t.Skipped += o.Skipped
	t.Refused += o.Refused
}

// Exec is sop.exec: proven done ÷ due, where what is still inside its window does not count against anybody yet.
func (t Tally) Exec() metric.Value {
	return t.open(metric.Rate(metric.Exec, t.DoneOntime+t.DoneLate, t.Due-t.Pending))
}

// Ontime is sop.ontime: done inside the window ÷ done.
func (t Tally) Ontime() metric.Value {
	return t.open(metric.Rate(metric.OnTime, t.DoneOntime, t.DoneOntime+t.DoneLate))
}

func (t Tally) open(v metric.Value) metric.Value {
	if t.Pending > 0 {
		return v.AsPartial(metric.WindowOpen)
	}
	return v
}

// BoardRow is one unit of the board.
type BoardRow struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Tally
	Exec      metric.Value `json:"exec"`
	NextLevel *string      `json:"next_level"`
}

// Totals is the sum of a board's rows.
type Totals struct {
	Tally
	Exec metric.Value `json:"exec"`
}

// Board is the execution of one business day at one level.
type Board struct {
	Level  string     `json:"level" enum:"hq,region,store,staff"`
	Items  []BoardRow `json:"items"`
	Totals Totals     `json:"totals"`
}

// Levels of the board, from the top.
const (
	LevelHQ     = "hq"
	LevelRegion = "region"
	LevelStore  = "store"
	LevelStaff  = "staff"
)

// post is where the work of a due row belongs.
type post struct{ store, staff int64 }

// tallyWhen is the part of the counting statement that every tally shares; $1 is the corp's present.
const tallyWhen = `count(*) FILTER (WHERE d.state NOT IN ('refused','cancelled')),
	count(*) FILTER (WHERE d.state = 'done'), count(*) FILTER (WHERE d.state = 'late'),
	count(*) FILTER (WHERE d.state IN ('waiting','tasked') AND d.window_end > $1), count(*) FILTER (WHERE d.state = 'missed' OR d.state IN ('waiting','tasked') AND d.window_end <= $1),
	count(*) FILTER (WHERE d.state = 'skipped'), count(*) FILTER (WHERE d.state = 'refused')`

func (t *Tally) fields() []any {
	return []any{&t.Due, &t.DoneOntime, &t.DoneLate, &t.Pending, &t.Late, &t.Skipped, &t.Refused}
}

// Board shows how the steps of a business day were executed, for what the actor may see: at a level, below parentID (a
// region for stores, a store for staff; 0 = everywhere). planID 0 means all plans. Errors: Invalid "sop.bad_level".
func (s *Service) Board(ctx context.Context, planID int64, day time.Time, level string, parentID int64) (Board, error) {
	counts, err := s.tallies(ctx, planID, day, day)
	if err != nil {
		return Board{}, err
	}
	limit(ctx, counts)
	units, names, next, err := s.units(ctx, level, parentID, counts)
	if err != nil {
		return Board{}, err
	}
	sums := map[int64]Tally{}
	for p, t := range counts {
		if unit, ok := units(p); ok {
			sum := sums[unit]
			sum.add(t)
			sums[unit] = sum
		}
	}
	b := Board{Level: level, Items: []BoardRow{}}
	for unit, t := range sums {
		b.Items = append(b.Items, BoardRow{ID: unit, Name: names[unit], Tally: t, Exec: t.Exec(), NextLevel: next})
		b.Totals.Tally.add(t)
	}
	b.Totals.Exec = b.Totals.Tally.Exec()
	// The units that owe most stand first.
	slices.SortFunc(b.Items, func(x, y BoardRow) int {
		return cmp.Or(cmp.Compare(y.Late+y.Pending, x.Late+x.Pending), cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID))
	})
	return b, nil
}

// tallies counts the due rows of a span of business days by store and staff.
func (s *Service) tallies(ctx context.Context, planID int64, from, to time.Time) (map[post]Tally, error) {
	out := map[post]Tally{}
	for _, b := range []book{persons, rooms} {
		rows, err := s.DB.Query(ctx, `SELECT d.store_id, d.staff_id, `+tallyWhen+` FROM `+b.due+` d
			WHERE d.day BETWEEN $2::date AND $3::date AND ($4 = 0 OR d.plan_id = $4) GROUP BY 1, 2`, s.Clock.Now(), clock.Day(from), clock.Day(to), planID)
		if err != nil {
			return nil, fmt.Errorf("count steps: %w", err)
		}
		var p post
		var t Tally
		if _, err := pgx.ForEachRow(rows, append([]any{&p.store, &p.staff}, t.fields()...), func() error {
			sum := out[p]
			sum.add(t)
			out[p] = sum
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// limit drops what is outside the actor's scope.
func limit(ctx context.Context, counts map[post]Tally) {
	scope := actor.From(ctx).Scope
	for p := range counts {
		if scope.All || slices.Contains(scope.Stores, p.store) || scope.Staff != 0 && scope.Staff == p.staff {
			continue
		}
		delete(counts, p)
	}
}

// Unassigned names the region of stores that stand below no region, and the store of staff that have none.
const (
	noRegion = "未分区"
	noStore  = "未分店"
)

// units says for a level which unit a post counts for, how units are called, and what the next level is.
func (s *Service) units(ctx context.Context, level string, parentID int64, counts map[post]Tally) (of func(post) (int64, bool), names map[int64]string, next *string, err error) {
	down := func(to string) *string { return &to }
	switch level {
	case LevelHQ:
		return func(post) (int64, bool) { return 0, true }, map[int64]string{0: "全部"}, down(LevelRegion), nil
	case LevelRegion:
		regionOf, regions, err := s.regions(ctx, s.DB)
		return func(p post) (int64, bool) { return regionOf[p.store], true }, regions, down(LevelStore), err
	case LevelStore:
		regionOf, _, err := s.regions(ctx, s.DB)
		if err != nil {
			return nil, nil, nil, err
		}
		var ids []int64
		for p := range counts {
			ids = append(ids, p.store)
		}
		stores, err := s.Directory.StoresByIDs(ctx, s.DB, ids)
		names = map[int64]string{0: noStore}
		for id, x := range stores {
			names[id] = x.Name
		}
		return func(p post) (int64, bool) { return p.store, parentID == 0 || regionOf[p.store] == parentID }, names, down(LevelStaff), err
	case LevelStaff:
		var ids []int64
		for p := range counts {
			ids = append(ids, p.staff)
		}
		staff, err := s.Directory.StaffByIDs(ctx, s.DB, ids)
		names = map[int64]string{}
		for id, x := range staff {
			names[id] = x.Name
		}
		return func(p post) (int64, bool) { return p.staff, parentID == 0 || p.store == parentID }, names, nil, err
	}
	return nil, nil, nil, errs.E(errs.Invalid, "sop.bad_level", "level %q", level).On("level")
}

// regions returns the region of every store and the regions' names. A region is a department right below the root.
func (s *Service) regions(ctx context.Context, q pg.Querier) (of map[int64]int64, names map[int64]string, err error) {
	departments, err := s.Directory.Departments(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	stores, err := s.Directory.Stores(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	top := map[int64]int64{}
	names = map[int64]string{0: noRegion}
	for _, d := range departments {
		if len(d.Path) >= 2 {
			top[d.ID] = d.Path[1]
		}
		if len(d.Path) == 2 {
			names[d.ID] = d.Name
		}
	}
	of = map[int64]int64{}
	for _, x := range stores {
		of[x.ID] = top[x.DepartmentID]
	}
	return of, names, nil
}

// StaffScore is how one member of staff did their steps in a span of business days: sop.exec and sop.ontime.
func (s *Service) StaffScore(ctx context.Context, staffID int64, from, to time.Time) ([]metric.Value, error) {
	var sum Tally
	for _, b := range []book{persons, rooms} {
		var t Tally
		err := s.DB.QueryRow(ctx, `SELECT `+tallyWhen+` FROM `+b.due+` d WHERE d.staff_id = $2 AND d.day BETWEEN $3::date AND $4::date`,
			s.Clock.Now(), staffID, clock.Day(from), clock.Day(to)).Scan(t.fields()...)
		if err != nil {
			return nil, fmt.Errorf("score of staff %d: %w", staffID, err)
		}
		sum.add(t)
	}
	return []metric.Value{sum.Exec(), sum.Ontime()}, nil
}
