package directory

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/geo"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pinyin"
	"qunce/internal/wecom"
)

// Deps are what the service works with. GroupCounts, CodeOf and CustomerCounts answer for features that come later; nil
// leaves their columns null.
type Deps struct {
	DB    *pg.DB
	IDs   *id.Source
	Clock clock.Clock // the corp's
	WeCom *wecom.Client
	Audit *audit.Log
	Log   *slog.Logger

	GroupCounts    func(ctx context.Context, storeIDs []int64) (map[int64]int, error)
	CodeOf         func(ctx context.Context, storeIDs []int64) (map[int64]int64, error)
	CustomerCounts func(ctx context.Context, staffIDs []int64) (map[int64]int, error)
}

// Service is the use cases.
type Service struct {
	Deps
	near nearCache
}

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// nearCache is the index of open stores as of one version of the directory.
type nearCache struct {
	sync.Mutex
	version int64
	index   *geo.Index
	stores  map[int64]Store
	staffed map[int64]bool // stores with somebody who can be a customer's contact
}

// Nearest returns the n stores nearest to p (GCJ-02), nearest first, with whether each is open at the corp time at. Stores
// that closed for good are left out; withStaff leaves out those where nobody can take a customer as well.
func (s *Service) Nearest(ctx context.Context, p geo.Point, n int, at time.Time, withStaff bool) ([]NearStore, error) {
	if err := geo.Valid(p); err != nil {
		return nil, err
	}
	index, stores, staffed, err := s.present(ctx)
	if err != nil {
		return nil, err
	}
	var keep func(int64) bool
	if withStaff {
		keep = func(id int64) bool { return staffed[id] }
	}
	hits := index.Nearest(p, n, keep)
	out := make([]NearStore, len(hits))
	for i, h := range hits {
		st := stores[h.ID]
		out[i] = NearStore{Store: st, Meters: h.Meters, Open: st.OpenAt(at)}
	}
	return out, nil
}

// present returns the cached index, rebuilt when the directory's version moved. The version lives in the database, so
// that a change made by another process is seen as well.
func (s *Service) present(ctx context.Context) (*geo.Index, map[int64]Store, map[int64]bool, error) {
	version, err := readVersion(ctx, s.DB)
	if err != nil {
		return nil, nil, nil, err
	}
	c := &s.near
	c.Lock()
	defer c.Unlock()
	if c.index != nil && c.version >= version {
		return c.index, c.stores, c.staffed, nil
	}
	// Read after the version: rows may be newer than it, never older.
	all, err := findStores(ctx, s.DB, `WHERE status = 'open'`)
	if err != nil {
		return nil, nil, nil, err
	}
	staffed, err := staffedStores(ctx, s.DB)
	if err != nil {
		return nil, nil, nil, err
	}
	stores := make(map[int64]Store, len(all))
	items := make([]geo.Item, 0, len(all))
	for _, st := range all {
		stores[st.ID] = st
		items = append(items, geo.Item{ID: st.ID, Point: st.At})
	}
	c.version, c.index, c.stores, c.staffed = version, geo.NewIndex(items), stores, staffed
	return c.index, c.stores, c.staffed, nil
}

// StaffByUserIDs returns the staff rows of WeCom userids, inactive ones included; unknown userids are absent.
func (s *Service) StaffByUserIDs(ctx context.Context, q pg.Querier, userIDs []string) (map[string]Staff, error) {
	list, err := findStaff(ctx, q, `WHERE userid = ANY($1)`, userIDs)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Staff, len(list))
	for _, x := range list {
		out[x.UserID] = x
	}
	return out, nil
}

// StaffByIDs returns staff by row id.
func (s *Service) StaffByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]Staff, error) {
	list, err := findStaff(ctx, q, `WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]Staff, len(list))
	for _, x := range list {
		out[x.ID] = x
	}
	return out, nil
}

// SearchStaff returns up to limit staff, inactive ones included, whose name contains the text or whom WeCom calls so. It does
// not look at scopes.
func (s *Service) SearchStaff(ctx context.Context, q pg.Querier, text string, limit int) ([]Staff, error) {
	return findStaff(ctx, q, `WHERE name ILIKE '%' || $1 || '%' OR lower(userid) = lower($2) OR name_key LIKE lower($1) || '%' ORDER BY name_key, id LIMIT $3`,
		likeText(text), text, limit)
}

// StaffOfStores returns the active staff of stores, those who can be a customer's contact first.
func (s *Service) StaffOfStores(ctx context.Context, q pg.Querier, storeIDs []int64) (map[int64][]Staff, error) {
	list, err := findStaff(ctx, q, `WHERE store_id = ANY($1) AND store_id <> 0 AND active ORDER BY store_id, can_contact DESC, is_leader DESC, id`, storeIDs)
	if err != nil {
		return nil, err
	}
	out := make(map[int64][]Staff, len(storeIDs))
	for _, x := range list {
		out[x.StoreID] = append(out[x.StoreID], x)
	}
	return out, nil
}

// StoreOfStaff returns the store of each member of staff; those of no store are absent.
func (s *Service) StoreOfStaff(ctx context.Context, q pg.Querier, staffIDs []int64) (map[int64]int64, error) {
	return storeOfStaff(ctx, q, staffIDs)
}

// StaffByUserID finds one active member of staff for signing in; ok is false when there is none.
func (s *Service) StaffByUserID(ctx context.Context, userID string) (staffID, storeID int64, name string, ok bool, err error) {
	found, err := s.StaffByUserIDs(ctx, s.DB, []string{userID})
	x := found[userID]
	if err != nil || !x.Active {
		return 0, 0, "", false, err
	}
	return x.ID, x.StoreID, x.Name, true, nil
}

// StoresByIDs returns stores by row id.
func (s *Service) StoresByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]Store, error) {
	list, err := findStores(ctx, q, `WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]Store, len(list))
	for _, x := range list {
		out[x.ID] = x
	}
	return out, nil
}

// StoreIDsByNumber resolves store numbers; unknown ones are absent.
func (s *Service) StoreIDsByNumber(ctx context.Context, q pg.Querier, numbers []string) (map[string]int64, error) {
	return storeIDsByNumber(ctx, q, numbers)
}

// Stores returns all stores, by name key.
func (s *Service) Stores(ctx context.Context, q pg.Querier) ([]Store, error) {
	return findStores(ctx, q, `ORDER BY name_key, id`)
}

// Departments returns the whole tree, parents before children.
func (s *Service) Departments(ctx context.Context, q pg.Querier) ([]Department, error) {
	return findDepartments(ctx, q)
}

// Store returns one store; errs.NotFound "store.not_found".
func (s *Service) Store(ctx context.Context, q pg.Querier, storeID int64) (Store, error) {
	list, err := findStores(ctx, q, `WHERE id = $1`, storeID)
	if err != nil {
		return Store{}, err
	}
	if len(list) == 0 {
		return Store{}, errs.E(errs.NotFound, "store.not_found", "no store %d", storeID)
	}
	return list[0], nil
}

// ScopeFor widens a person's scope to stores: those named, and those of the departments named and all below them.
func (s *Service) ScopeFor(ctx context.Context, q pg.Querier, storeIDs, departmentIDs []int64) ([]int64, error) {
	return scopeStores(ctx, q, storeIDs, departmentIDs)
}

// StoresUnder returns the stores of departments and of all below them.
func (s *Service) StoresUnder(ctx context.Context, departmentIDs []int64) ([]int64, error) {
	return scopeStores(ctx, s.DB, nil, departmentIDs)
}

// StoreNames names stores; unknown ids are absent.
func (s *Service) StoreNames(ctx context.Context, ids []int64) (map[int64]string, error) {
	found, err := s.StoresByIDs(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]string, len(found))
	for i, st := range found {
		out[i] = st.Name
	}
	return out, nil
}

// EnsureStaff returns the staff rows of userids and makes a row, named by its userid, for each one we have not heard of:
// a customer's callback may come before the directory's. The next reading of the directory fills it in.
func (s *Service) EnsureStaff(ctx context.Context, tx pg.Tx, userIDs []string) (map[string]Staff, error) {
	out, err := s.StaffByUserIDs(ctx, tx, userIDs)
	if err != nil {
		return nil, err
	}
	var unknown []Staff
	asked := map[string]bool{}
	for _, u := range userIDs {
		if _, ok := out[u]; !ok && u != "" && !asked[u] {
			asked[u] = true
			unknown = append(unknown, Staff{UserID: u, Name: u, NameKey: pinyin.Key(u), CanContact: true, Active: true})
		}
	}
	if len(unknown) == 0 {
		return out, nil
	}
	ids, err := s.IDs.Take(ctx, len(unknown))
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range unknown {
		unknown[i].ID = ids[i]
		names = append(names, unknown[i].UserID)
	}
	if err := insertStaff(ctx, tx, unknown, s.Clock.Now()); err != nil {
		return nil, err
	}
	if err := bumpVersion(ctx, tx); err != nil {
		return nil, err
	}
	made, err := s.StaffByUserIDs(ctx, tx, names) // another transaction may have been first
	if err != nil {
		return nil, err
	}
	for u, x := range made {
		out[u] = x
	}
	return out, nil
}

// SetStoreDepartment says by hand which department a store stands for; 0 gives the choice back to the names.
func (s *Service) SetStoreDepartment(ctx context.Context, storeID, departmentID int64) error {
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		if _, err := s.Store(ctx, tx, storeID); err != nil {
			return err
		}
		if err := s.setDepartment(ctx, tx, storeID, departmentID); err != nil {
			return err
		}
		if _, err := s.relink(ctx, tx); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, s.Clock.Now(), "store.department", fmt.Sprintf("store/%d", storeID), map[string]any{"department_id": departmentID})
	})
}

func (s *Service) setDepartment(ctx context.Context, tx pg.Tx, storeID, departmentID int64) error {
	if departmentID != 0 {
		known, err := departmentExists(ctx, tx, departmentID)
		if err != nil {
			return err
		}
		if !known {
			return errs.E(errs.Invalid, "department.not_found", "no department %d", departmentID).On("department_id")
		}
	}
	return chooseDepartment(ctx, tx, storeID, departmentID, s.Clock.Now())
}
