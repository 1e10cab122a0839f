package touch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/pg"
)

// Item is one entry of the ledger as lists show it.
type Item struct {
	ID          int64      `json:"id"`
	At          time.Time  `json:"at"`
	Subject     string     `json:"subject" enum:"customer,group"`
	SubjectID   int64      `json:"subject_id"`
	SubjectName string     `json:"subject_name"`
	Channel     string     `json:"channel"`
	Purpose     string     `json:"purpose"`
	Promo       bool       `json:"promo"`
	Decision    string     `json:"decision" enum:"allow,defer,refuse"`
	Reason      string     `json:"reason"`
	ReasonText  string     `json:"reason_text"`
	Until       *time.Time `json:"until"`
	Outcome     string     `json:"outcome"`
	StaffName   *string    `json:"staff_name"`
	Source      string     `json:"source"`
	CauseID     int64      `json:"cause_id"`

	staffID int64
}

// Count is how often the ledger decided so.
type Count struct {
	Decision   string `json:"decision"`
	Reason     string `json:"reason"`
	ReasonText string `json:"reason_text"`
	Count      int64  `json:"count"`
}

// Summary is the counts of a day.
type Summary struct {
	Items []Count `json:"items"`
}

type listInput struct {
	api.PageInput
	Decision string `query:"decision" enum:"allow,defer,refuse"`
	Reason   string `query:"reason"`
	Subject  string `query:"subject" enum:"customer,group"`
	Date     string `query:"date" doc:"YYYY-MM-DD, a business day"`
}

type summaryInput struct {
	Date string `query:"date" doc:"YYYY-MM-DD, a business day; today if missing"`
}

// API registers the console's operations.
func (s *Service) API(a *api.API) {
	api.Register(a, api.Op{ID: "touch-list", Method: "GET", Path: "/api/touches", Summary: "List decisions of the touch ledger", Tag: "touch", Permission: "touch.read"},
		func(ctx context.Context, in *listInput) (api.Page[Item], error) { return s.list(ctx, in) })
	api.Register(a, api.Op{ID: "touch-summary", Method: "GET", Path: "/api/touches/summary", Summary: "Count a day's decisions by reason", Tag: "touch", Permission: "touch.read"},
		func(ctx context.Context, in *summaryInput) (Summary, error) { return s.summary(ctx, in) })
}

// filter is the common part of both operations' WHERE.
type filter struct {
	where []string
	args  []any
}

func (f *filter) and(cond string, arg any) {
	f.args = append(f.args, arg)
	f.where = append(f.where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(f.args))))
}

func (f *filter) sql() string {
	if len(f.where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(f.where, " AND ")
}

// scope limits the ledger to what the actor may see: the touches made in the name of their staff.
func (s *Service) scope(ctx context.Context, f *filter) error {
	who := actor.From(ctx)
	switch {
	case who.Scope.All:
		return nil
	case len(who.Scope.Stores) > 0:
		stores, err := s.Directory.StaffOfStores(ctx, s.DB, who.Scope.Stores)
		if err != nil {
			return err
		}
		staff := []int64{}
		for _, list := range stores {
			for _, x := range list {
				staff = append(staff, x.ID)
			}
		}
		f.and("staff_id = ANY(?)", staff)
	default:
		f.and("staff_id = ? AND staff_id <> 0", who.Scope.Staff)
	}
	return nil
}

func (s *Service) list(ctx context.Context, in *listInput) (api.Page[Item], error) {
	var f filter
	if err := s.scope(ctx, &f); err != nil {
		return api.Page[Item]{}, err
	}
	if in.Decision != "" {
		f.and("decision = ?", in.Decision)
	}
	if in.Reason != "" {
		f.and("reason = ?", in.Reason)
	}
	if in.Date != "" {
		day, err := parseDay(in.Date)
		if err != nil {
			return api.Page[Item]{}, err
		}
		f.and("day = ?::date", day)
	}
	mark, after, err := in.Mark()
	if err != nil {
		return api.Page[Item]{}, err
	}
	if after {
		f.args = append(f.args, mark.At, mark.ID)
		f.where = append(f.where, fmt.Sprintf("(at, id) < ($%d, $%d)", len(f.args)-1, len(f.args)))
	}
	f.args = append(f.args, in.Limit+1)
	limit := fmt.Sprintf(" ORDER BY at DESC, id DESC LIMIT $%d", len(f.args))
	part := func(b book, subject string) string {
		return `(SELECT id, at, '` + subject + `', ` + b.key + `, channel, purpose, promo, decision, reason, until_at, outcome, staff_id, source, cause_id FROM ` + b.table + f.sql() + limit + `)`
	}
	sql := part(people, "customer") + ` UNION ALL ` + part(rooms, "group") + limit
	switch in.Subject {
	case "customer":
		sql = part(people, "customer")
	case "group":
		sql = part(rooms, "group")
	}
	rows, err := s.DB.Query(ctx, sql, f.args...)
	if err != nil {
		return api.Page[Item]{}, fmt.Errorf("list touches: %w", err)
	}
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Item, error) {
		var i Item
		err := row.Scan(&i.ID, &i.At, &i.Subject, &i.SubjectID, &i.Channel, &i.Purpose, &i.Promo, &i.Decision, &i.Reason, &i.Until, &i.Outcome, &i.staffID, &i.Source, &i.CauseID)
		i.ReasonText = Sentence(api.Lang(ctx), i.Reason)
		return i, err
	})
	if err != nil {
		return api.Page[Item]{}, err
	}
	if err := s.name(ctx, s.DB, items); err != nil {
		return api.Page[Item]{}, err
	}
	return api.Paged(items, in.Limit, func(i Item) api.Mark { return api.Mark{At: i.At, ID: i.ID} }), nil
}

func (s *Service) name(ctx context.Context, q pg.Querier, items []Item) error {
	var customers, groups, staff []int64
	for _, i := range items {
		if i.Subject == "customer" {
			customers = append(customers, i.SubjectID)
		} else {
			groups = append(groups, i.SubjectID)
		}
		staff = append(staff, i.staffID)
	}
	customerNames, err := s.Customers.NamesOf(ctx, customers)
	if err != nil {
		return err
	}
	groupNames, err := s.Groups.NamesOf(ctx, groups)
	if err != nil {
		return err
	}
	staffNames, err := s.Directory.StaffByIDs(ctx, q, staff)
	if err != nil {
		return err
	}
	for i := range items {
		if items[i].Subject == "customer" {
			items[i].SubjectName = customerNames[items[i].SubjectID]
		} else {
			items[i].SubjectName = groupNames[items[i].SubjectID]
		}
		if who, ok := staffNames[items[i].staffID]; ok {
			items[i].StaffName = &who.Name
		}
	}
	return nil
}

func (s *Service) summary(ctx context.Context, in *summaryInput) (Summary, error) {
	day := clock.Day(s.Clock.Now())
	if in.Date != "" {
		var err error
		if day, err = parseDay(in.Date); err != nil {
			return Summary{}, err
		}
	}
	var f filter
	f.and("day = ?::date", day)
	if err := s.scope(ctx, &f); err != nil {
		return Summary{}, err
	}
	rows, err := s.DB.Query(ctx, `SELECT decision, reason, sum(n)::bigint FROM (
			SELECT decision, reason, count(*) AS n FROM touch_customer`+f.sql()+` GROUP BY decision, reason
			UNION ALL SELECT decision, reason, count(*) FROM touch_group`+f.sql()+` GROUP BY decision, reason) t
		GROUP BY decision, reason ORDER BY decision, sum(n) DESC, reason`, f.args...)
	if err != nil {
		return Summary{}, fmt.Errorf("count decisions: %w", err)
	}
	out := Summary{Items: []Count{}}
	var c Count
	_, err = pgx.ForEachRow(rows, []any{&c.Decision, &c.Reason, &c.Count}, func() error {
		c.ReasonText = Sentence(api.Lang(ctx), c.Reason)
		out.Items = append(out.Items, c)
		return nil
	})
	return out, err
}

func parseDay(text string) (time.Time, error) {
	day, err := time.ParseInLocation(time.DateOnly, text, clock.Shanghai)
	if err != nil {
		return time.Time{}, errs.E(errs.Invalid, "query.bad_date", "%q is no date", text).On("date").With("value", text)
	}
	return day, nil
}
