// Package customerapp serves the pages that customers see without signing in: what stands behind a printed code, and the
// way to the nearest store.
//
// Invariants: nobody meets a dead end: a code that is full, paused or broken leads to another door of its store, else to
// the choice of a store, else to a word of where to ask. A visitor is a random number in a cookie and nothing more; where
// they stand is asked for only after they agreed on the page, used for one answer, and never stored: only the store they
// choose is. The package owns no tables and never tells more of a store than its shop window does.
package customerapp

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"qunce/internal/clock"
	"qunce/internal/directory"
	"qunce/internal/errs"
	"qunce/internal/geo"
	"qunce/internal/i18n"
	"qunce/internal/livecode"
	"qunce/internal/pg"
)

// Directory knows the stores.
type Directory interface {
	Nearest(ctx context.Context, p geo.Point, n int, at time.Time, withStaff bool) ([]directory.NearStore, error)
	StoresByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]directory.Store, error)
	Stores(ctx context.Context, q pg.Querier) ([]directory.Store, error)
}

// Deps are what the service works with.
type Deps struct {
	DB        *pg.DB
	Clock     clock.Clock // the corp's
	Codes     *livecode.Service
	Directory Directory
	Brand     string
	Secure    bool         // the cookie is for https only
	Page      http.Handler // the page behind /c/{token}; nil = somebody else serves it
}

// Service answers the pages.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// How many stores an answer holds.
const (
	nearStores   = 5
	listedStores = 50
)

// Door is a code's picture as a page shows it: WeCom's own, and a drawing of its address for where that does not load.
type Door struct {
	QR  *string
	SVG *string
}

func doorOf(c *livecode.Code) Door {
	if c == nil || c.QR == "" {
		return Door{}
	}
	svg := "/h5/api/code/" + c.Token + "/qr.svg"
	return Door{QR: &c.QR, SVG: &svg}
}

// Landing is what a page shows first.
type Landing struct {
	Kind    livecode.Kind
	Name    string
	Store   *directory.Store
	Door    Door
	Instead string // why it is not the code's own door: a fallback code, or ""
}

// The fallbacks.
const (
	otherDoor  = "other_door"   // another code of the same store
	pickStore  = "pick_store"   // choose a store
	askInStore = "ask_in_store" // no store has a code that works
)

// Open decides what a visitor of a landing page gets and notes the visit.
func (s *Service) Open(ctx context.Context, token, visitor string) (Landing, error) {
	c, err := s.Codes.ByToken(ctx, token)
	if err != nil {
		return Landing{}, err
	}
	if visitor != "" {
		if err := s.Codes.Scan(ctx, c, visitor); err != nil {
			return Landing{}, err
		}
	}
	land := Landing{Kind: c.Kind, Name: c.Name}
	if c.StoreID != 0 {
		stores, err := s.Directory.StoresByIDs(ctx, s.DB, []int64{c.StoreID})
		if err != nil {
			return Landing{}, err
		}
		if st, ok := stores[c.StoreID]; ok {
			land.Store = &st
		}
	}
	open, err := s.Codes.Open(ctx, c)
	if err != nil {
		return Landing{}, err
	}
	if !open {
		if c, land.Instead, err = s.substitute(ctx, c); err != nil {
			return Landing{}, err
		}
	}
	if c.Kind == livecode.Locator {
		any, err := s.Codes.StoresWithDoors(ctx)
		if err != nil {
			return Landing{}, err
		}
		if len(any) == 0 {
			land.Instead = askInStore
		}
	}
	land.Kind, land.Door = c.Kind, doorOf(&c)
	return land, nil
}

// substitute finds another door for a code that leads nowhere: of the same store, of the same kind first; else the choice
// of a store, which is what a locator shows.
func (s *Service) substitute(ctx context.Context, c livecode.Code) (livecode.Code, string, error) {
	if c.StoreID != 0 {
		doors, err := s.Codes.OfStores(ctx, s.DB, []int64{c.StoreID})
		if err != nil {
			return c, "", err
		}
		d := doors[c.StoreID]
		order := []*livecode.Code{d.Staff, d.Group}
		if c.Kind == livecode.GroupCode {
			slices.Reverse(order)
		}
		for _, other := range order {
			if other == nil || other.ID == c.ID {
				continue
			}
			open, err := s.Codes.Open(ctx, *other)
			if err != nil {
				return c, "", err
			}
			if open {
				return *other, otherDoor, nil
			}
		}
	}
	return livecode.Code{ID: c.ID, Kind: livecode.Locator, Token: c.Token, Name: c.Name}, pickStore, nil
}

// Nearby returns the stores nearest to a place (any of the coordinate systems) that have a door, the open ones first.
// Errors: those of geo.Convert.
func (s *Service) Nearby(ctx context.Context, p geo.Point, system geo.System) ([]directory.NearStore, error) {
	at, err := geo.Convert(p, system, geo.GCJ02)
	if err != nil {
		return nil, err
	}
	return s.nearest(ctx, at, nearStores)
}

func (s *Service) nearest(ctx context.Context, at geo.Point, want int) ([]directory.NearStore, error) {
	doors, err := s.Codes.StoresWithDoors(ctx)
	if err != nil || len(doors) == 0 {
		return nil, err
	}
	var found []directory.NearStore
	for n := 8 * want; ; n *= 8 { // mostly every store has a door, and the first round is enough
		list, err := s.Directory.Nearest(ctx, at, n, s.Clock.Now(), false)
		if err != nil {
			return nil, err
		}
		found = found[:0]
		for _, st := range list {
			if doors[st.ID] {
				found = append(found, st)
			}
		}
		if len(found) >= want || len(list) < n {
			break
		}
	}
	found = found[:min(len(found), want)]
	slices.SortStableFunc(found, func(a, b directory.NearStore) int {
		return cmp.Compare(rank(a.Open), rank(b.Open))
	})
	return found, nil
}

func rank(open bool) int {
	if open {
		return 0
	}
	return 1
}

// Find lists stores with a door by name, number or address, within a city if one is given, and all cities there are.
func (s *Service) Find(ctx context.Context, text, city string) (cities []string, stores []directory.Store, err error) {
	doors, err := s.Codes.StoresWithDoors(ctx)
	if err != nil {
		return nil, nil, err
	}
	all, err := s.Directory.Stores(ctx, s.DB)
	if err != nil {
		return nil, nil, err
	}
	text = strings.ToLower(strings.TrimSpace(text))
	for _, st := range all {
		if !doors[st.ID] || st.Status == directory.Closed {
			continue
		}
		cities = append(cities, st.City)
		if city != "" && st.City != city || len(stores) >= listedStores {
			continue
		}
		if text == "" || strings.Contains(strings.ToLower(st.Name+" "+st.Number+" "+st.District+st.Address), text) {
			stores = append(stores, st)
		}
	}
	slices.Sort(cities)
	return slices.Compact(cities), stores, nil
}

// Choice is what a visitor gets who chose a store.
type Choice struct {
	Store     directory.Store
	Staff     Door
	Group     Door
	InsteadOf string // the name of the chosen store, when another one stands in for it
	NoDoor    bool   // there is no store to stand in either
}

// Choose gives the doors of a store and notes the choice. A store without a door is stood in for by the nearest that has
// one. Errors: NotFound "code.not_found", "code.store".
func (s *Service) Choose(ctx context.Context, token, visitor string, storeID int64) (Choice, error) {
	c, err := s.Codes.ByToken(ctx, token)
	if err != nil {
		return Choice{}, err
	}
	stores, err := s.Directory.StoresByIDs(ctx, s.DB, []int64{storeID})
	if err != nil {
		return Choice{}, err
	}
	store, ok := stores[storeID]
	if !ok {
		return Choice{}, errs.E(errs.NotFound, "code.store", "no store %d", storeID).On("store_id")
	}
	if visitor != "" {
		if err := s.Codes.Chose(ctx, c, visitor, storeID); err != nil {
			return Choice{}, err
		}
	}
	out, ok, err := s.doorsOf(ctx, store)
	if err != nil || ok {
		return out, err
	}
	others, err := s.nearest(ctx, store.At, 2*nearStores)
	if err != nil {
		return Choice{}, err
	}
	for _, other := range others {
		if other.ID == store.ID {
			continue
		}
		out, ok, err := s.doorsOf(ctx, other.Store)
		if err != nil {
			return Choice{}, err
		}
		if ok {
			out.InsteadOf = store.Name
			return out, nil
		}
	}
	return Choice{Store: store, NoDoor: true}, nil
}

// doorsOf gives the open doors of a store; ok is false when it has none.
func (s *Service) doorsOf(ctx context.Context, store directory.Store) (c Choice, ok bool, err error) {
	doors, err := s.Codes.OfStores(ctx, s.DB, []int64{store.ID})
	if err != nil {
		return Choice{}, false, err
	}
	c.Store = store
	d := doors[store.ID]
	for code, to := range map[*livecode.Code]*Door{d.Staff: &c.Staff, d.Group: &c.Group} {
		if code == nil {
			continue
		}
		open, err := s.Codes.Open(ctx, *code)
		if err != nil {
			return Choice{}, false, err
		}
		if open {
			*to = doorOf(code)
			ok = true
		}
	}
	return c, ok, nil
}

// hours writes minutes of a business day as people say them: 07:30, and 02:00 for a closing after midnight.
func hours(minute int) string {
	if minute == 24*60 {
		return "24:00"
	}
	return fmt.Sprintf("%02d:%02d", minute/60%24, minute%60)
}

// words are the sentences of the pages that the server knows best.
type words struct{ lang i18n.Lang }

func (w words) pick(zh, en string) string {
	if w.lang == i18n.English {
		return en
	}
	return zh
}

func (w words) privacy() string {
	return w.pick("打开本页会以随机编号记录一次匿名访问，只用于统计。你同意后，位置只用来找最近的门店，不会保存。",
		"Opening this page counts one anonymous visit. If you agree, your position is used once to find the nearest store and is not kept.")
}

func (w words) instead(code, brand string) string {
	switch code {
	case otherDoor:
		return w.pick("原来的码暂时进不去，请用这个码，同一家门店。", "This code is out of use for now; this one leads to the same store.")
	case pickStore:
		return w.pick("原来的码暂时进不去，请选一家离你近的门店。", "This code is out of use for now; please choose a store near you.")
	case askInStore:
		return w.pick("现在还没有可以加入的门店，请到"+brand+"任意一家门店询问店员。", "No store can be joined here yet; please ask the staff in any "+brand+" store.")
	}
	return ""
}

func (w words) chosen(c Choice, brand string) string {
	switch {
	case c.NoDoor:
		return w.instead(askInStore, brand)
	case c.InsteadOf != "":
		return w.pick(c.InsteadOf+"暂时没有可用的码，先为你找了最近的"+c.Store.Name+"。", c.InsteadOf+" has no code at the moment; this is the nearest store, "+c.Store.Name+".")
	}
	return ""
}
