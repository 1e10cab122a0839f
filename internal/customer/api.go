package customer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/errs"
	"qunce/internal/event"
)

// Names gives names to ids of earlier and later features, in sets.
type Names struct {
	Staff  func(ctx context.Context, ids []int64) (map[int64]string, error)
	Stores func(ctx context.Context, ids []int64) (map[int64]string, error)
	Codes  func(ctx context.Context, ids []int64) (map[int64]string, error)
	Groups func(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Parts are what later features know of one customer; the 360° page is put together from them.
type Parts struct {
	Groups  func(ctx context.Context, customerID int64) ([]GroupPart, error)
	Orders  func(ctx context.Context, customerIDs []int64) (map[int64]OrderPart, error)
	Touch   func(ctx context.Context, customerID int64) (TouchPart, error)
	SOP     func(ctx context.Context, customerID int64) ([]SOPPart, error)
	First   func(ctx context.Context, customerID int64) (*AttributedPart, error)
	Archive func(ctx context.Context, customerID int64) (*ArchivePart, error)
	Present func(ctx context.Context, customerIDs []int64) (map[int64]int, error) // in how many groups each is now
}

// GroupPart is one stay in a group.
type GroupPart struct {
	GroupID   int64      `json:"group_id"`
	Name      string     `json:"name"`
	JoinedAt  time.Time  `json:"joined_at"`
	LeftAt    *time.Time `json:"left_at"`
	JoinScene int        `json:"join_scene"`
	CodeID    int64      `json:"-"`
	CodeName  *string    `json:"code_name"`
}

// OrderPart sums a customer's orders.
type OrderPart struct {
	Count   int        `json:"count"`
	NetFen  int64      `json:"net_fen"`
	FirstAt *time.Time `json:"first_at"`
	LastAt  *time.Time `json:"last_at"`
}

// AttributedPart is the first order that a code brought.
type AttributedPart struct {
	CodeID  int64     `json:"code_id"`
	Name    string    `json:"name"`
	OrderNo string    `json:"order_no"`
	At      time.Time `json:"at"`
}

// TouchPart is what the ledger still allows.
type TouchPart struct {
	MonthUsed  int        `json:"month_used"`
	MonthCap   int        `json:"month_cap"`
	WeekPromo  int        `json:"week_promo"`
	OptedOut   bool       `json:"opted_out"`
	QuietUntil *time.Time `json:"quiet_until"`
}

// ArchivePart is what a customer said about the chat archive.
type ArchivePart struct {
	Consents []ArchiveConsent `json:"consents"`
}

// ArchiveConsent is what it is in one chat: With is a member of staff's name or a group's.
type ArchiveConsent struct {
	Place string     `json:"place" enum:"single,internal,room"`
	With  string     `json:"with"`
	State string     `json:"state" enum:"agree,disagree,unknown"`
	Since *time.Time `json:"since"`
}

// SOPPart is one run of a plan.
type SOPPart struct {
	RunID    int64      `json:"run_id"`
	PlanName string     `json:"plan_name"`
	Version  int        `json:"version"`
	Day      int        `json:"day"`
	State    string     `json:"state"`
	NextStep *string    `json:"next_step"`
	NextAt   *time.Time `json:"next_at"`
}

type listIn struct {
	api.PageInput
	Text     string `query:"q" maxLength:"64"`
	StoreID  int64  `query:"store_id"`
	StaffID  int64  `query:"staff_id"`
	TagID    string `query:"tag_id"`
	CodeID   int64  `query:"code_id"`
	Relation string `query:"relation" enum:"active,lost,none"`
}

type listItem struct {
	ID          int64      `json:"id"`
	Name        string     `json:"name"`
	AvatarText  string     `json:"avatar_text"`
	MemberNo    *string    `json:"member_no"`
	Stores      []string   `json:"stores"`
	Staff       []string   `json:"staff"`
	Tags        []TagRef   `json:"tags"`
	AddedAt     *time.Time `json:"added_at"`
	Channel     *string    `json:"channel"`
	Orders      int        `json:"orders"`
	NetFen      int64      `json:"net_fen"`
	LastOrderAt *time.Time `json:"last_order_at"`
	Groups      int        `json:"groups"`
}

// ByID is the input of operations on one row.
type ByID struct {
	ID int64 `path:"id"`
}

type relationOut struct {
	StaffID   int64      `json:"staff_id"`
	StaffName string     `json:"staff_name"`
	StoreID   int64      `json:"store_id"`
	StoreName string     `json:"store_name"`
	State     State      `json:"state"`
	AddedAt   time.Time  `json:"added_at"`
	EndedAt   *time.Time `json:"ended_at"`
	AddWay    int        `json:"add_way"`
	Channel   *codeRef   `json:"channel"`
	Tags      []TagRef   `json:"tags"`
	Remark    string     `json:"remark"`
}

type codeRef struct {
	CodeID int64  `json:"code_id"`
	Name   string `json:"name"`
}

type ordersOut struct {
	OrderPart
	Attributed *AttributedPart `json:"attributed"`
}

type detail struct {
	ID         int64         `json:"id"`
	Name       string        `json:"name"`
	Gender     int           `json:"gender"`
	Identities []IdentityRef `json:"identities"`
	Relations  []relationOut `json:"relations"`
	Groups     []GroupPart   `json:"groups"`
	Orders     ordersOut     `json:"orders"`
	Touch      TouchPart     `json:"touch"`
	SOP        []SOPPart     `json:"sop"`
	Archive    *ArchivePart  `json:"archive" doc:"null while the chat archive is not used"`
	OptedOutAt *time.Time    `json:"opted_out_at"`
	OptReason  string        `json:"opt_out_reason"`
}

type timelineItem struct {
	ID      int64          `json:"id"`
	At      time.Time      `json:"at"`
	Kind    string         `json:"kind"`
	Actor   string         `json:"actor"`
	Place   string         `json:"place"`
	CauseID int64          `json:"cause_id"`
	Params  map[string]any `json:"params"`
}

type optOutIn struct {
	ByID
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200"`
	}
}

type tagGroupOut struct {
	GroupID   string      `json:"group_id"`
	GroupName string      `json:"group_name"`
	Tags      []tagUseOut `json:"tags"`
}

type tagUseOut struct {
	TagRef
	Used int64 `json:"used"`
}

// API registers the customer pages' operations.
func (s *Service) API(a *api.API) {
	const tag = "customer"
	api.Register(a, api.Op{ID: "listCustomers", Method: "GET", Path: "/api/customers", Summary: "Customers in the caller's scope, newest first", Tag: tag, Permission: "customer.read"}, s.List)
	api.Register(a, api.Op{ID: "getCustomer", Method: "GET", Path: "/api/customers/{id}", Summary: "Everything about one customer", Tag: tag, Permission: "customer.read"}, s.apiGet)
	api.Register(a, api.Op{ID: "getTimeline", Method: "GET", Path: "/api/customers/{id}/timeline", Summary: "What happened to a customer, newest first", Tag: tag, Permission: "customer.read"}, s.apiTimeline)
	api.Register(a, api.Op{ID: "optOut", Method: "POST", Path: "/api/customers/{id}/opt-out", Summary: "Stop all messages to a customer", Tag: tag, Permission: "customer.write"},
		func(ctx context.Context, in *optOutIn) (api.Empty, error) {
			if err := s.inScope(ctx, in.ID); err != nil {
				return api.Empty{}, err
			}
			return api.Empty{}, s.OptOut(ctx, in.ID, in.Body.Reason)
		})
	api.Register(a, api.Op{ID: "optIn", Method: "DELETE", Path: "/api/customers/{id}/opt-out", Summary: "Take an opt-out back at the customer's word", Tag: tag, Permission: "customer.write"},
		func(ctx context.Context, in *ByID) (api.Empty, error) {
			if err := s.inScope(ctx, in.ID); err != nil {
				return api.Empty{}, err
			}
			return api.Empty{}, s.OptIn(ctx, in.ID)
		})
	api.Register(a, api.Op{ID: "listTags", Method: "GET", Path: "/api/tags", Summary: "The corp's tags", Tag: tag, Permission: "customer.read"}, s.apiTags)
}

// inScope refuses customers whom the caller may not see, in the words for one that does not exist.
func (s *Service) inScope(ctx context.Context, customerID int64) error {
	ok, err := s.MaySee(ctx, customerID)
	if err == nil && !ok {
		err = errs.E(errs.NotFound, "customer.not_found", "customer %d", customerID)
	}
	return err
}

// List is a page of the customers in the caller's scope; the staff pages show it too.
func (s *Service) List(ctx context.Context, in *listIn) (api.Page[listItem], error) {
	f := Filter{Text: in.Text, StoreID: in.StoreID, StaffID: in.StaffID, TagID: in.TagID, CodeID: in.CodeID, Relation: in.Relation, Scope: actor.From(ctx).Scope, Limit: in.Limit}
	m, ok, err := in.Mark()
	if err != nil {
		return api.Page[listItem]{}, err
	}
	if ok {
		f.Before = &Mark{m.At, m.ID}
	}
	rows, err := list(ctx, s.DB, f)
	if err != nil {
		return api.Page[listItem]{}, err
	}
	page := api.Paged(rows, in.Limit, func(r Row) api.Mark { return api.Mark{At: r.SortAt, ID: r.ID} })
	items, err := s.describe(ctx, page.Items)
	return api.Page[listItem]{Items: items, Next: page.Next}, err
}

// describe adds to a page of customers what other tables and features know, each in one set.
func (s *Service) describe(ctx context.Context, rows []Row) ([]listItem, error) {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	rels, err := relationsOf(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	idents, err := identitiesOf(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	orders, err := s.Parts.Orders(ctx, ids)
	if err != nil {
		return nil, err
	}
	groups, err := s.Parts.Present(ctx, ids)
	if err != nil {
		return nil, err
	}
	names, err := s.names(ctx, rels)
	if err != nil {
		return nil, err
	}
	masked := actor.From(ctx).Masked
	out := make([]listItem, len(rows))
	for i, r := range rows {
		it := listItem{ID: r.ID, Name: r.Name, AvatarText: firstRune(r.Name), AddedAt: r.AddedAt, Stores: []string{}, Staff: []string{}, Tags: []TagRef{},
			Orders: orders[r.ID].Count, Groups: groups[r.ID], NetFen: orders[r.ID].NetFen, LastOrderAt: orders[r.ID].LastAt}
		for _, x := range idents[r.ID] {
			if x.Kind == "member_no" {
				v := mask(x.Value, masked)
				it.MemberNo = &v
			}
		}
		seen := map[string]bool{}
		for _, rel := range rels[r.ID] {
			if n := names.stores[rel.StoreID]; n != "" && !contains(it.Stores, n) {
				it.Stores = append(it.Stores, n)
			}
			if rel.State == Active {
				it.Staff = append(it.Staff, names.staff[rel.StaffID])
			}
			if c, ok := names.codes[rel.CodeID]; ok && it.Channel == nil {
				it.Channel = &c
			}
			for _, t := range tags[pair{r.ID, rel.StaffID}] {
				if !seen[t.ID] {
					seen[t.ID] = true
					it.Tags = append(it.Tags, t)
				}
			}
		}
		out[i] = it
	}
	return out, nil
}

type nameSet struct{ staff, stores, codes map[int64]string }

func (s *Service) names(ctx context.Context, rels map[int64][]Relation) (nameSet, error) {
	var staff, stores, codes []int64
	for _, list := range rels {
		for _, r := range list {
			staff, stores, codes = append(staff, r.StaffID), append(stores, r.StoreID), append(codes, r.CodeID)
		}
	}
	var n nameSet
	var err error
	if n.staff, err = s.Names.Staff(ctx, staff); err != nil {
		return n, err
	}
	if n.stores, err = s.Names.Stores(ctx, stores); err != nil {
		return n, err
	}
	n.codes, err = s.Names.Codes(ctx, codes)
	return n, err
}

func (s *Service) apiGet(ctx context.Context, in *ByID) (detail, error) {
	who := actor.From(ctx)
	r, reason, err := get(ctx, s.DB, in.ID, who.Scope)
	if errors.Is(err, pgx.ErrNoRows) {
		return detail{}, errs.E(errs.NotFound, "customer.not_found", "customer %d", in.ID)
	}
	if err != nil {
		return detail{}, fmt.Errorf("get customer: %w", err)
	}
	d := detail{ID: r.ID, Name: r.Name, Gender: r.Gender, OptedOutAt: r.OptedOut, OptReason: reason, Identities: []IdentityRef{}, Relations: []relationOut{}}
	ids := []int64{r.ID}
	idents, err := identitiesOf(ctx, s.DB, ids)
	if err != nil {
		return detail{}, err
	}
	for _, x := range idents[r.ID] {
		d.Identities = append(d.Identities, IdentityRef{x.Kind, mask(x.Value, who.Masked)})
	}
	rels, err := relationsOf(ctx, s.DB, ids)
	if err != nil {
		return detail{}, err
	}
	tags, err := tagsOf(ctx, s.DB, ids)
	if err != nil {
		return detail{}, err
	}
	names, err := s.names(ctx, rels)
	if err != nil {
		return detail{}, err
	}
	for _, rel := range rels[r.ID] {
		x := relationOut{StaffID: rel.StaffID, StaffName: names.staff[rel.StaffID], StoreID: rel.StoreID, StoreName: names.stores[rel.StoreID], State: rel.State,
			AddedAt: rel.AddedAt, EndedAt: rel.EndedAt, AddWay: rel.AddWay, Remark: rel.Remark, Tags: tags[pair{r.ID, rel.StaffID}]}
		if x.Tags == nil {
			x.Tags = []TagRef{}
		}
		if c, ok := names.codes[rel.CodeID]; ok {
			x.Channel = &codeRef{rel.CodeID, c}
		}
		d.Relations = append(d.Relations, x)
	}
	if d.Groups, err = s.Parts.Groups(ctx, r.ID); err != nil {
		return detail{}, err
	}
	orders, err := s.Parts.Orders(ctx, ids)
	if err != nil {
		return detail{}, err
	}
	d.Orders.OrderPart = orders[r.ID]
	if d.Orders.Attributed, err = s.Parts.First(ctx, r.ID); err != nil {
		return detail{}, err
	}
	if d.Touch, err = s.Parts.Touch(ctx, r.ID); err != nil {
		return detail{}, err
	}
	d.Touch.OptedOut = r.OptedOut != nil
	if d.SOP, err = s.Parts.SOP(ctx, r.ID); err != nil || s.Parts.Archive == nil {
		return d, err
	}
	d.Archive, err = s.Parts.Archive(ctx, r.ID)
	return d, err
}

type timelineIn struct {
	ByID
	api.PageInput
}

func (s *Service) apiTimeline(ctx context.Context, in *timelineIn) (api.Page[timelineItem], error) {
	var none api.Page[timelineItem]
	if err := s.inScope(ctx, in.ID); err != nil {
		return none, err
	}
	m, _, err := in.Mark()
	if err != nil {
		return none, err
	}
	evs, err := event.Timeline(ctx, s.DB, in.ID, event.Before{At: m.At, ID: m.ID}, in.Limit+1)
	if err != nil {
		return none, err
	}
	page := api.Paged(evs, in.Limit, func(e event.Recorded) api.Mark { return api.Mark{At: e.At, ID: e.ID} })
	items, err := s.tell(ctx, page.Items)
	return api.Page[timelineItem]{Items: items, Next: page.Next}, err
}

// mask shows the ends of a long value and nothing of a short one.
func mask(v string, masked bool) string {
	r := []rune(v)
	switch {
	case !masked || len(r) == 0:
		return v
	case len(r) <= 6:
		return "****"
	}
	return string(r[:2]) + "****" + string(r[len(r)-2:])
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return "?"
}

func (s *Service) apiTags(ctx context.Context, _ *struct{}) (struct {
	Items []tagGroupOut `json:"items"`
}, error) {
	var out struct {
		Items []tagGroupOut `json:"items"`
	}
	out.Items = []tagGroupOut{}
	list, err := tagList(ctx, s.DB)
	for _, t := range list {
		n := len(out.Items)
		if n == 0 || out.Items[n-1].GroupID != t.GroupID {
			out.Items = append(out.Items, tagGroupOut{GroupID: t.GroupID, GroupName: t.GroupName})
			n++
		}
		out.Items[n-1].Tags = append(out.Items[n-1].Tags, tagUseOut{TagRef{t.ID, t.Name}, t.Used})
	}
	return out, err
}
