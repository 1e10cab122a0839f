package group

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/customer"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/metric"
)

type listIn struct {
	api.PageInput
	Text    string `query:"q" maxLength:"64"`
	StoreID int64  `query:"store_id"`
	Status  string `query:"status" enum:"normal,owner_left,dissolved"`
	Health  string `query:"health" enum:"needs_you,ok"`
}

// ListItem is a group in a list.
type ListItem struct {
	ID        int64     `json:"id"`
	ChatID    string    `json:"chat_id"`
	Name      string    `json:"name"`
	StoreID   int64     `json:"store_id"`
	StoreName string    `json:"store_name"`
	OwnerName string    `json:"owner_name"`
	Members   int       `json:"members"`
	Customers int       `json:"customers"`
	Capacity  int       `json:"capacity"`
	Joins7d   int       `json:"joins_7d"`
	Exits7d   int       `json:"exits_7d"`
	CreatedAt time.Time `json:"created_at"`
	Status    Status    `json:"status"`
	Health    Health    `json:"health"`
}

type detail struct {
	ListItem
	Notice       string             `json:"notice"`
	JoinCode     *int64             `json:"join_code"`
	FriendsShare metric.Value       `json:"friends_share"`
	Exit24h      metric.Value       `json:"exit_24h"`
	RetentionD7  metric.Value       `json:"retention_d7"`
	SOP          []customer.SOPPart `json:"sop"`
}

// ByID is the input of operations on one row.
type ByID struct {
	ID int64 `path:"id"`
}

type membersIn struct {
	ByID
	api.PageInput
	State string `query:"state" enum:"in,left" default:"in"`
}

type changesIn struct {
	ByID
	api.PageInput
}

type changeOut struct {
	ID     int64          `json:"id"`
	At     time.Time      `json:"at"`
	Kind   string         `json:"kind"`
	Name   string         `json:"name"`
	Params map[string]any `json:"params"`
}

// API registers the group pages' operations.
func (s *Service) API(a *api.API) {
	const tag = "group"
	api.Register(a, api.Op{ID: "listGroups", Method: "GET", Path: "/api/groups", Summary: "Groups in the caller's scope, newest first", Tag: tag, Permission: "group.read"}, s.List)
	api.Register(a, api.Op{ID: "getGroup", Method: "GET", Path: "/api/groups/{id}", Summary: "One group with its basics of health", Tag: tag, Permission: "group.read"}, s.apiGet)
	api.Register(a, api.Op{ID: "listMembers", Method: "GET", Path: "/api/groups/{id}/members", Summary: "Who is in a group, or was", Tag: tag, Permission: "group.read"}, s.apiMembers)
	api.Register(a, api.Op{ID: "listGroupChanges", Method: "GET", Path: "/api/groups/{id}/changes", Summary: "What changed in a group, newest first", Tag: tag, Permission: "group.read"}, s.apiChanges)
}

// List is a page of the groups in the caller's scope; the staff pages show it too.
func (s *Service) List(ctx context.Context, in *listIn) (api.Page[ListItem], error) {
	f := filter{text: in.Text, storeID: in.StoreID, status: in.Status, health: in.Health, scope: actor.From(ctx).Scope, limit: in.Limit + 1, week: s.Clock.Now().AddDate(0, 0, -7)}
	m, ok, err := in.Mark()
	if err != nil {
		return api.Page[ListItem]{}, err
	}
	if ok {
		f.at, f.id = &m.At, m.ID
	}
	rows, err := list(ctx, s.DB, f)
	if err != nil {
		return api.Page[ListItem]{}, err
	}
	page := api.Paged(rows, in.Limit, func(r row) api.Mark { return api.Mark{At: r.CreatedAt, ID: r.ID} })
	items, err := s.describe(ctx, page.Items)
	return api.Page[ListItem]{Items: items, Next: page.Next}, err
}

func (s *Service) describe(ctx context.Context, rows []row) ([]ListItem, error) {
	var staff, stores []int64
	for _, r := range rows {
		staff, stores = append(staff, r.OwnerID), append(stores, r.StoreID)
	}
	staffNames, err := s.Names.Staff(ctx, staff)
	if err != nil {
		return nil, err
	}
	storeNames, err := s.Names.Stores(ctx, stores)
	if err != nil {
		return nil, err
	}
	out := make([]ListItem, len(rows))
	for i, r := range rows {
		out[i] = ListItem{ID: r.ID, ChatID: r.ChatID, Name: r.Name, StoreID: r.StoreID, StoreName: storeNames[r.StoreID], OwnerName: staffNames[r.OwnerID],
			Members: r.Members, Customers: r.Customers, Capacity: r.Capacity, Joins7d: r.Joins7, Exits7d: r.Exits7, CreatedAt: r.CreatedAt, Status: r.Status,
			Health: judge(r.Status, r.Members, r.Capacity, r.Exits7)}
	}
	return out, nil
}

// get returns the group if the caller may see it.
func (s *Service) get(ctx context.Context, groupID int64) (row, error) {
	rows, err := list(ctx, s.DB, filter{groupID: groupID, scope: actor.From(ctx).Scope, limit: 1, week: s.Clock.Now().AddDate(0, 0, -7)})
	if err != nil {
		return row{}, err
	}
	if len(rows) == 0 {
		return row{}, errs.E(errs.NotFound, "group.not_found", "group %d", groupID)
	}
	return rows[0], nil
}

func (s *Service) apiGet(ctx context.Context, in *ByID) (detail, error) {
	r, err := s.get(ctx, in.ID)
	if err != nil {
		return detail{}, err
	}
	items, err := s.describe(ctx, []row{r})
	if err != nil {
		return detail{}, err
	}
	d := detail{ListItem: items[0], Notice: r.NoticeText}
	x, err := ratesOf(ctx, s.DB, r.ID, s.Clock.Now())
	if err != nil {
		return detail{}, err
	}
	lang := api.Lang(ctx)
	d.FriendsShare = metric.Rate(metric.Covered, x.friends, x.present).In(lang)
	d.Exit24h = metric.Rate(metric.GroupExit24, x.exit24, x.joined).In(lang)
	d.RetentionD7 = metric.Rate(metric.GroupRet7, x.kept7, x.cohort7).In(lang)
	if d.SOP, err = s.Plans(ctx, r.ID); err != nil {
		return detail{}, err
	}
	d.JoinCode, err = s.JoinCode(ctx, r.StoreID)
	return d, err
}

func (s *Service) apiMembers(ctx context.Context, in *membersIn) (api.Page[memberOut], error) {
	var none api.Page[memberOut]
	if _, err := s.get(ctx, in.ID); err != nil {
		return none, err
	}
	m, ok, err := in.Mark()
	if err != nil {
		return none, err
	}
	var at *time.Time
	if ok {
		at = &m.At
	}
	rows, err := members(ctx, s.DB, in.ID, in.State == "left", at, m.Text, in.Limit+1)
	if err != nil {
		return none, err
	}
	page := api.Paged(rows, in.Limit, func(x memberOut) api.Mark {
		at := x.JoinedAt
		if x.LeftAt != nil {
			at = *x.LeftAt
		}
		return api.Mark{At: at, Text: fmt.Sprintf("%s/%d", x.MemberID, x.Stay)}
	})
	codes := make([]int64, len(page.Items))
	for i, x := range page.Items {
		codes[i] = x.codeID
	}
	names, err := s.Names.Codes(ctx, codes)
	if err != nil {
		return none, err
	}
	for i := range page.Items {
		if n, ok := names[page.Items[i].codeID]; ok {
			page.Items[i].CodeName = &n
		}
	}
	return page, nil
}

func (s *Service) apiChanges(ctx context.Context, in *changesIn) (api.Page[changeOut], error) {
	var none api.Page[changeOut]
	if _, err := s.get(ctx, in.ID); err != nil {
		return none, err
	}
	m, _, err := in.Mark()
	if err != nil {
		return none, err
	}
	kinds := []string{string(Created), string(Dissolved), string(Joined), string(Left), string(Changed)}
	evs, err := event.ByGroup(ctx, s.DB, in.ID, kinds, event.Before{At: m.At, ID: m.ID}, in.Limit+1)
	if err != nil {
		return none, err
	}
	page := api.Paged(evs, in.Limit, func(e event.Recorded) api.Mark { return api.Mark{At: e.At, ID: e.ID} })
	out := api.Page[changeOut]{Items: make([]changeOut, len(page.Items)), Next: page.Next}
	for i, e := range page.Items {
		c := changeOut{ID: e.ID, At: e.At, Kind: string(e.Kind), Params: map[string]any{}}
		_ = json.Unmarshal(e.Data, &c.Params)
		c.Name, _ = c.Params["name"].(string)
		out.Items[i] = c
	}
	return out, nil
}
