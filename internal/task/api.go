package task

import (
	"context"
	"fmt"
	"strings"
	"time"

	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/errs"
)

// Item is a task as lists show it. State is open, done, late or skipped; a missed task shows as late without a done_at,
// a cancelled one as skipped.
type Item struct {
	ID         int64      `json:"id"`
	Kind       Kind       `json:"kind"`
	Title      string     `json:"title"`
	Why        string     `json:"why"`
	StaffName  string     `json:"staff_name"`
	StoreName  *string    `json:"store_name"`
	DueAt      time.Time  `json:"due_at"`
	WindowEnd  time.Time  `json:"window_end"`
	State      string     `json:"state" enum:"open,done,late,skipped"`
	Recipients int        `json:"recipients"`
	Delivered  *int       `json:"delivered"`
	Proof      Proof      `json:"proof"`
	DoneAt     *time.Time `json:"done_at"`
	Reason     string     `json:"reason"`
	CauseID    int64      `json:"cause_id"`
}

type listInput struct {
	api.PageInput
	State   string `query:"state" enum:"open,done,late,skipped"`
	StaffID int64  `query:"staff_id"`
	StoreID int64  `query:"store_id"`
	Date    string `query:"date" doc:"YYYY-MM-DD, a business day"`
}

type idInput struct {
	ID int64 `path:"id"`
}

// API registers the console's operations.
func (s *Service) API(a *api.API) {
	api.Register(a, api.Op{ID: "task-list", Method: "GET", Path: "/api/tasks", Summary: "List staff tasks", Tag: "task", Permission: "task.read"},
		func(ctx context.Context, in *listInput) (api.Page[Item], error) { return s.list(ctx, in) })
	api.Register(a, api.Op{ID: "task-remind", Method: "POST", Path: "/api/tasks/{id}/remind", Summary: "Remind the owner of an open task", Tag: "task", Permission: "task.write"},
		func(ctx context.Context, in *idInput) (api.Empty, error) { return api.Empty{}, s.Remind(ctx, in.ID) })
}

func (s *Service) list(ctx context.Context, in *listInput) (api.Page[Item], error) {
	var where []string
	var args []any
	and := func(cond string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
	}
	staff, all, err := s.scope(ctx, s.DB)
	if err != nil {
		return api.Page[Item]{}, err
	}
	if !all {
		and("staff_id = ANY(?)", append([]int64{-1}, staff...))
	}
	switch in.State {
	case "":
	case "late":
		where = append(where, "state IN ('late','missed')")
	case "skipped":
		where = append(where, "state IN ('skipped','cancelled')")
	default:
		and("state = ?", in.State)
	}
	if in.StaffID != 0 {
		and("staff_id = ?", in.StaffID)
	}
	if in.StoreID != 0 {
		and("store_id = ?", in.StoreID)
	}
	if in.Date != "" {
		day, err := time.ParseInLocation(time.DateOnly, in.Date, clock.Shanghai)
		if err != nil {
			return api.Page[Item]{}, errs.E(errs.Invalid, "query.bad_date", "%q is no date", in.Date).On("date").With("value", in.Date)
		}
		and("day = ?::date", day)
	}
	mark, after, err := in.Mark()
	if err != nil {
		return api.Page[Item]{}, err
	}
	if after {
		args = append(args, mark.At, mark.ID)
		where = append(where, fmt.Sprintf("(due_at, id) < ($%d, $%d)", len(args)-1, len(args)))
	}
	args = append(args, in.Limit+1)
	sql := ""
	if len(where) > 0 {
		sql = ` WHERE ` + strings.Join(where, " AND ")
	}
	tasks, err := find(ctx, s.DB, sql+fmt.Sprintf(` ORDER BY due_at DESC, id DESC LIMIT $%d`, len(args)), args...)
	if err != nil {
		return api.Page[Item]{}, err
	}
	page := api.Paged(tasks, in.Limit, func(t Task) api.Mark { return api.Mark{At: t.DueAt, ID: t.ID} })
	items, err := s.items(ctx, page.Items)
	return api.Page[Item]{Items: items, Next: page.Next}, err
}

func (s *Service) items(ctx context.Context, tasks []Task) ([]Item, error) {
	ids, storeIDs := make([]int64, 0, len(tasks)), make([]int64, 0, len(tasks))
	for _, t := range tasks {
		ids, storeIDs = append(ids, t.StaffID), append(storeIDs, t.StoreID)
	}
	staff, err := s.Directory.StaffByIDs(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	stores, err := s.Directory.StoresByIDs(ctx, s.DB, storeIDs)
	if err != nil {
		return nil, err
	}
	out := make([]Item, 0, len(tasks))
	for _, t := range tasks {
		who := staff[t.StaffID]
		i := Item{ID: t.ID, Kind: t.Kind, Title: t.Title, Why: t.Why, StaffName: who.Name, DueAt: t.DueAt, WindowEnd: t.WindowEnd,
			State: shown(t.State), Recipients: t.Recipients, Proof: t.Proof, DoneAt: t.DoneAt, Reason: t.SkipReason, CauseID: t.CauseID}
		if store, ok := stores[t.StoreID]; ok {
			i.StoreName = &store.Name
		}
		if t.State == Done || t.State == Late {
			i.Delivered = &t.Delivered
		} else {
			i.DoneAt = nil
		}
		out = append(out, i)
	}
	return out, nil
}

// shown folds the states into the four that pages know.
func shown(s State) string {
	switch s {
	case Missed:
		return string(Late)
	case Cancelled:
		return string(Skipped)
	}
	return string(s)
}
