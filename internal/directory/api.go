package directory

import (
	"context"
	"net/http"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/errs"
	"qunce/internal/geo"
	"qunce/internal/pg"
)

// API registers the endpoints.
func (s *Service) API(a *api.API) {
	api.Register(a, api.Op{ID: "list-departments", Method: http.MethodGet, Path: "/api/departments", Tag: "directory",
		Summary: "All departments, with how many stores and staff stand in each and below it", Permission: "store.read"}, s.listDepartments)
	api.Register(a, api.Op{ID: "list-stores", Method: http.MethodGet, Path: "/api/stores", Tag: "directory",
		Summary: "Stores by name", Permission: "store.read"}, s.listStores)
	api.Register(a, api.Op{ID: "create-store", Method: http.MethodPost, Path: "/api/stores", Tag: "directory",
		Summary: "Add a store", Permission: "store.write"}, s.postStore)
	api.Register(a, api.Op{ID: "update-store", Method: http.MethodPatch, Path: "/api/stores/{id}", Tag: "directory",
		Summary: "Change a store, or move it on the map", Permission: "store.write"}, s.patchStore)
	api.Register(a, api.Op{ID: "list-staff", Method: http.MethodGet, Path: "/api/staff", Tag: "directory",
		Summary: "Staff by name", Permission: "store.read"}, s.listStaff)
}

type departmentItem struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	ParentID int64  `json:"parent_id"`
	Stores   int    `json:"stores"`
	Staff    int    `json:"staff"`
}

type departmentList struct {
	Items []departmentItem `json:"items"`
}

func (s *Service) listDepartments(ctx context.Context, _ *struct{}) (departmentList, error) {
	items, err := listDepartments(ctx, s.DB)
	return departmentList{Items: nonNil(items)}, err
}

type storeItem struct {
	ID             int64   `json:"id"`
	Number         string  `json:"number"`
	Name           string  `json:"name"`
	Province       string  `json:"province"`
	City           string  `json:"city"`
	District       string  `json:"district"`
	Address        string  `json:"address"`
	Lat            float64 `json:"lat" doc:"GCJ-02"`
	Lng            float64 `json:"lng" doc:"GCJ-02"`
	OpenTime       string  `json:"open_time"`
	CloseTime      string  `json:"close_time" doc:"past 24:00 when on the next day"`
	StaffCount     int     `json:"staff_count"`
	DepartmentID   int64   `json:"department_id"`
	DepartmentName string  `json:"department_name"`
	GroupCount     *int    `json:"group_count"`
	Status         Status  `json:"status"`
	CodeID         *int64  `json:"code_id"`

	nameKey string
}

type storeQuery struct {
	api.PageInput
	Q            string `query:"q" doc:"part of a number or name, or the beginning of its pinyin"`
	City         string `query:"city"`
	DepartmentID int64  `query:"department_id" doc:"the department and all below it"`
}

// storePage is a page with how many stores fit the filters.
type storePage struct {
	api.Page[storeItem]
	Total int `json:"total"`
}

func (s *Service) listStores(ctx context.Context, in *storeQuery) (storePage, error) {
	mark, _, err := in.Mark()
	if err != nil {
		return storePage{}, err
	}
	items, total, err := listStores(ctx, s.DB, in, actor.From(ctx).Scope, mark)
	if err != nil {
		return storePage{}, err
	}
	page := storePage{Total: total}
	page.Page = api.Paged(items, in.Limit, func(x storeItem) api.Mark { return api.Mark{Text: x.nameKey, ID: x.ID} })
	return page, s.complete(ctx, page.Items)
}

// complete adds what later features know of stores.
func (s *Service) complete(ctx context.Context, items []storeItem) error {
	ids := make([]int64, len(items))
	for i, x := range items {
		ids[i] = x.ID
	}
	if s.GroupCounts != nil {
		counts, err := s.GroupCounts(ctx, ids)
		if err != nil {
			return err
		}
		for i := range items {
			n := counts[items[i].ID]
			items[i].GroupCount = &n
		}
	}
	if s.CodeOf != nil {
		codes, err := s.CodeOf(ctx, ids)
		if err != nil {
			return err
		}
		for i := range items {
			if code, ok := codes[items[i].ID]; ok {
				items[i].CodeID = &code
			}
		}
	}
	return nil
}

type storeBody struct {
	Number       *string  `json:"number,omitempty" maxLength:"64"`
	Name         *string  `json:"name,omitempty" maxLength:"128"`
	Province     *string  `json:"province,omitempty" maxLength:"64"`
	City         *string  `json:"city,omitempty" maxLength:"64"`
	District     *string  `json:"district,omitempty" maxLength:"64"`
	Address      *string  `json:"address,omitempty" maxLength:"512"`
	Lat          *float64 `json:"lat,omitempty"`
	Lng          *float64 `json:"lng,omitempty"`
	CoordSystem  string   `json:"coord_system,omitempty" enum:"wgs84,gcj02,bd09" doc:"of lat and lng; gcj02 when missing"`
	OpenTime     *string  `json:"open_time,omitempty" doc:"07:30"`
	CloseTime    *string  `json:"close_time,omitempty" doc:"22:00; 26:00 is two o'clock of the next day"`
	Status       *Status  `json:"status,omitempty" enum:"open,closed"`
	DepartmentID *int64   `json:"department_id,omitempty" doc:"0 gives the choice back to the names"`
}

func (b storeBody) input() StoreInput {
	return StoreInput{Number: b.Number, Name: b.Name, Province: b.Province, City: b.City, District: b.District, Address: b.Address,
		Lat: b.Lat, Lng: b.Lng, System: geo.System(b.CoordSystem), OpenTime: b.OpenTime, CloseTime: b.CloseTime, Status: b.Status,
		DepartmentID: b.DepartmentID}
}

type idReply struct {
	ID int64 `json:"id"`
}

func (s *Service) postStore(ctx context.Context, in *struct{ Body storeBody }) (idReply, error) {
	if !actor.From(ctx).Scope.All {
		return idReply{}, errs.E(errs.Forbidden, "auth.out_of_scope", "only those who see all stores may add one")
	}
	id, err := s.CreateStore(ctx, in.Body.input())
	return idReply{ID: id}, err
}

func (s *Service) patchStore(ctx context.Context, in *struct {
	ID   int64 `path:"id"`
	Body storeBody
}) (idReply, error) {
	inScope, err := s.inScope(ctx, s.DB, in.ID)
	if err != nil {
		return idReply{}, err
	}
	if !inScope { // as if it did not exist
		return idReply{}, errs.E(errs.NotFound, "store.not_found", "store %d is outside the scope", in.ID)
	}
	return idReply{ID: in.ID}, s.UpdateStore(ctx, in.ID, in.Body.input())
}

func (s *Service) inScope(ctx context.Context, q pg.Querier, storeID int64) (bool, error) {
	scope := actor.From(ctx).Scope
	if scope.All {
		return true, nil
	}
	for _, id := range scope.Stores {
		if id == storeID {
			return true, nil
		}
	}
	if scope.Staff == 0 {
		return false, nil
	}
	own, err := storeOfStaff(ctx, q, []int64{scope.Staff})
	return own[scope.Staff] == storeID, err
}

type staffItem struct {
	ID        int64  `json:"id"`
	UserID    string `json:"userid"`
	Name      string `json:"name"`
	StoreID   int64  `json:"store_id"`
	StoreName string `json:"store_name"`
	IsLeader  bool   `json:"is_leader"`
	Contact   bool   `json:"can_contact" doc:"holds a customer-contact seat"`
	Customers *int   `json:"customers"`
	Active    bool   `json:"active"`
	nameKey   string
}

type staffQuery struct {
	api.PageInput
	Q       string `query:"q" doc:"part of a name or userid, or the beginning of the name's pinyin"`
	StoreID int64  `query:"store_id"`
}

func (s *Service) listStaff(ctx context.Context, in *staffQuery) (api.Page[staffItem], error) {
	mark, _, err := in.Mark()
	if err != nil {
		return api.Page[staffItem]{}, err
	}
	items, err := listStaff(ctx, s.DB, in, actor.From(ctx).Scope, mark)
	if err != nil {
		return api.Page[staffItem]{}, err
	}
	page := api.Paged(items, in.Limit, func(x staffItem) api.Mark { return api.Mark{Text: x.nameKey, ID: x.ID} })
	if s.CustomerCounts == nil {
		return page, nil
	}
	ids := make([]int64, len(page.Items))
	for i, x := range page.Items {
		ids[i] = x.ID
	}
	counts, err := s.CustomerCounts(ctx, ids)
	if err != nil {
		return page, err
	}
	for i := range page.Items {
		n := counts[page.Items[i].ID]
		page.Items[i].Customers = &n
	}
	return page, nil
}
