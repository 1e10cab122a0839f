package order

import (
	"context"
	"net/http"
	"strings"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/errs"
)

// API registers the endpoints.
func (s *Service) API(a *api.API) {
	api.Register(a, api.Op{ID: "list-orders", Method: http.MethodGet, Path: "/api/orders", Tag: "orders",
		Summary: "Orders, newest first", Permission: "order.read"}, s.listOrders)
	api.Register(a, api.Op{ID: "list-customer-orders", Method: http.MethodGet, Path: "/api/customers/{id}/orders", Tag: "orders",
		Summary: "What one customer bought, newest first", Permission: "order.read"}, s.listCustomerOrders)
}

type codeRef struct {
	CodeID int64  `json:"code_id"`
	Name   string `json:"name"`
}

type orderItem struct {
	ID           int64     `json:"id"`
	OrderNo      string    `json:"order_no"`
	PlacedAt     time.Time `json:"placed_at"`
	CustomerID   *int64    `json:"customer_id"`
	CustomerName *string   `json:"customer_name"`
	MemberNo     *string   `json:"member_no"`
	StoreName    *string   `json:"store_name"`
	NetFen       int64     `json:"net_fen"`
	Lines        int       `json:"lines"`
	State        State     `json:"state"`
	AttributedTo *codeRef  `json:"attributed_to"`
}

type orderQuery struct {
	api.PageInput
	Q          string `query:"q" doc:"the beginning of an order number, or a whole member number"`
	StoreID    int64  `query:"store_id"`
	Attributed string `query:"attributed" enum:"yes,no,"`
	State      string `query:"state" enum:"paid,unpaid,refunded,partly_refunded,"`
}

func (s *Service) listOrders(ctx context.Context, in *orderQuery) (api.Page[orderItem], error) {
	f := Filter{StoreID: in.StoreID, State: State(in.State), Scope: actor.From(ctx).Scope}
	if in.Attributed != "" {
		yes := in.Attributed == "yes"
		f.Attributed = &yes
	}
	if q := strings.TrimSpace(in.Q); q != "" {
		f.Query = q
		if s.FindMember != nil {
			customer, ok, err := s.FindMember(ctx, q)
			if err != nil {
				return api.Page[orderItem]{}, err
			}
			if ok {
				f.Query, f.CustomerID = "", customer
			}
		}
	}
	return s.page(ctx, f, in.PageInput)
}

type customerOrderQuery struct {
	api.PageInput
	ID int64 `path:"id"`
}

func (s *Service) listCustomerOrders(ctx context.Context, in *customerOrderQuery) (api.Page[orderItem], error) {
	f := Filter{CustomerID: in.ID, Scope: actor.From(ctx).Scope}
	if in.ID <= 0 {
		return api.Page[orderItem]{}, errs.E(errs.NotFound, "customer.not_found", "no customer %d", in.ID)
	}
	if s.MaySee != nil {
		ok, err := s.MaySee(ctx, in.ID)
		if err != nil {
			return api.Page[orderItem]{}, err
		}
		if !ok {
			return api.Page[orderItem]{}, errs.E(errs.NotFound, "customer.not_found", "customer %d is outside the scope", in.ID)
		}
		f.Scope = actor.Scope{All: true} // who may see a customer sees what they bought anywhere
	}
	return s.page(ctx, f, in.PageInput)
}

func (s *Service) page(ctx context.Context, f Filter, in api.PageInput) (api.Page[orderItem], error) {
	mark, _, err := in.Mark()
	if err != nil {
		return api.Page[orderItem]{}, err
	}
	f.BeforeAt, f.BeforeID, f.Limit = mark.At, mark.ID, in.Limit+1
	list, err := Find(ctx, s.DB, f)
	if err != nil {
		return api.Page[orderItem]{}, err
	}
	items, err := s.present(ctx, list)
	if err != nil {
		return api.Page[orderItem]{}, err
	}
	return api.Paged(items, in.Limit, func(x orderItem) api.Mark { return api.Mark{At: x.PlacedAt, ID: x.ID} }), nil
}

// present turns orders into the console's items, with names from the features that know them.
func (s *Service) present(ctx context.Context, list []Order) ([]orderItem, error) {
	ids := func(of func(Order) int64) []int64 {
		var out []int64
		seen := map[int64]bool{0: true}
		for _, o := range list {
			if n := of(o); !seen[n] {
				seen[n] = true
				out = append(out, n)
			}
		}
		return out
	}
	customers, err := names(ctx, s.CustomerNames, ids(func(o Order) int64 { return o.CustomerID }))
	if err != nil {
		return nil, err
	}
	stores, err := names(ctx, s.StoreNames, ids(func(o Order) int64 { return o.StoreID }))
	if err != nil {
		return nil, err
	}
	codes, err := names(ctx, s.CodeNames, ids(func(o Order) int64 { return o.CodeID }))
	if err != nil {
		return nil, err
	}
	masked := actor.From(ctx).Masked
	items := make([]orderItem, len(list))
	for i, o := range list {
		x := orderItem{ID: o.ID, OrderNo: o.OrderNo, PlacedAt: o.PlacedAt.In(clock.Shanghai), NetFen: o.NetFen, Lines: o.Lines, State: o.State}
		if o.CustomerID != 0 {
			x.CustomerID = &o.CustomerID
			if name, ok := customers[o.CustomerID]; ok {
				x.CustomerName = &name
			}
		}
		if o.MemberNo != "" {
			no := o.MemberNo
			if masked {
				no = mask(no)
			}
			x.MemberNo = &no
		}
		if name, ok := stores[o.StoreID]; ok {
			x.StoreName = &name
		}
		if o.CodeID != 0 {
			x.AttributedTo = &codeRef{CodeID: o.CodeID, Name: codes[o.CodeID]}
		}
		items[i] = x
	}
	return items, nil
}

func names(ctx context.Context, find func(context.Context, []int64) (map[int64]string, error), ids []int64) (map[int64]string, error) {
	if find == nil || len(ids) == 0 {
		return nil, nil
	}
	return find(ctx, ids)
}

// mask hides all of a member number but its last two characters.
func mask(no string) string {
	runes := []rune(no)
	if len(runes) <= 2 {
		return "**"
	}
	return strings.Repeat("*", len(runes)-2) + string(runes[len(runes)-2:])
}
