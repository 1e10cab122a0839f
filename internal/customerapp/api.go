package customerapp

import (
	"context"
	"net/http"

	"qunce/internal/api"
	"qunce/internal/directory"
	"qunce/internal/geo"
	"qunce/internal/livecode"
	"qunce/internal/qr"
)

type landingIn struct {
	Token   string `path:"token" maxLength:"64"`
	Visitor string `query:"v" maxLength:"64" doc:"the visitor's number, if the caller keeps one; else a cookie"`
}

// ShownStore is what a page shows of a store.
type ShownStore struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	Address   string `json:"address"`
	Open      bool   `json:"open"`
	OpenTime  string `json:"open_time"`
	CloseTime string `json:"close_time"`
}

type landingFallback struct {
	Reason string `json:"reason" enum:"other_door,pick_store,ask_in_store"`
	Note   string `json:"note"`
}

type landingOut struct {
	Kind     livecode.Kind    `json:"kind"`
	Name     string           `json:"name"`
	Brand    string           `json:"brand"`
	Store    *ShownStore      `json:"store"`
	QR       *string          `json:"qr"`
	QRSVG    *string          `json:"qr_svg"`
	Fallback *landingFallback `json:"fallback"`
	Privacy  string           `json:"privacy"`
}

type locateIn struct {
	Body struct {
		Token   string  `json:"token" maxLength:"64"`
		Visitor string  `json:"visitor,omitempty" maxLength:"64"`
		Lat     float64 `json:"lat"`
		Lng     float64 `json:"lng"`
		System  string  `json:"coord_system,omitempty" enum:"wgs84,gcj02,bd09" default:"gcj02"`
	}
}

type nearStore struct {
	ShownStore
	City     string   `json:"city"`
	Distance *float64 `json:"distance_m"`
}

type locateOut struct {
	Stores []nearStore `json:"stores"`
	Note   string      `json:"note"`
}

type findIn struct {
	Token string `query:"token" maxLength:"64"`
	Text  string `query:"q" maxLength:"64"`
	City  string `query:"city" maxLength:"64"`
}

type findOut struct {
	Cities []string    `json:"cities"`
	Stores []nearStore `json:"stores"`
	Note   string      `json:"note"`
}

type chooseIn struct {
	Body struct {
		Token   string `json:"token" maxLength:"64"`
		Visitor string `json:"visitor,omitempty" maxLength:"64"`
		StoreID int64  `json:"store_id"`
	}
}

type chooseOut struct {
	Store      ShownStore `json:"store"`
	StaffQR    *string    `json:"staff_qr"`
	StaffQRSVG *string    `json:"staff_qr_svg"`
	GroupQR    *string    `json:"group_qr"`
	GroupQRSVG *string    `json:"group_qr_svg"`
	Note       string     `json:"note"`
}

// API registers the customer pages' operations; Visitor must stand around the handler.
func (s *Service) API(a *api.API) {
	const tag = "h5"
	api.Register(a, api.Op{ID: "openLanding", Method: "GET", Path: "/h5/api/code/{token}", Summary: "What stands behind a printed code", Tag: tag, Permission: api.Public}, s.apiLanding)
	api.Register(a, api.Op{ID: "locateStores", Method: "POST", Path: "/h5/api/locate", Summary: "The nearest stores; the position is not kept", Tag: tag, Permission: api.Public}, s.apiLocate)
	api.Register(a, api.Op{ID: "chooseStore", Method: "POST", Path: "/h5/api/locate/choose", Summary: "The doors of a chosen store", Tag: tag, Permission: api.Public}, s.apiChoose)
	api.Register(a, api.Op{ID: "findStores", Method: "GET", Path: "/h5/api/stores", Summary: "Stores by city and name, for those who do not share their position", Tag: tag, Permission: api.Public}, s.apiFind)
	a.Mux().HandleFunc("GET /h5/api/code/{token}/qr.svg", func(w http.ResponseWriter, r *http.Request) { s.picture(a, w, r) })
	if s.Page != nil {
		a.Mux().Handle("GET /c/{token}", s.Page)
	}
}

func (s *Service) picture(a *api.API, w http.ResponseWriter, r *http.Request) {
	c, err := s.Codes.ByToken(r.Context(), r.PathValue("token"))
	var body []byte
	if err == nil {
		body, err = qr.SVG(c.QR)
	}
	if err != nil {
		a.WriteError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(body)
}

func (s *Service) apiLanding(ctx context.Context, in *landingIn) (landingOut, error) {
	land, err := s.Open(ctx, in.Token, visitorOf(ctx, in.Visitor))
	if err != nil {
		return landingOut{}, err
	}
	w := words{api.Lang(ctx)}
	out := landingOut{Kind: land.Kind, Name: land.Name, Brand: s.Brand, QR: land.Door.QR, QRSVG: land.Door.SVG, Privacy: w.privacy()}
	if land.Store != nil {
		st := s.show(*land.Store)
		out.Store = &st
	}
	if land.Instead != "" {
		out.Fallback = &landingFallback{Reason: land.Instead, Note: w.instead(land.Instead, s.Brand)}
	}
	return out, nil
}

func (s *Service) show(st directory.Store) ShownStore {
	return ShownStore{ID: st.ID, Name: st.Name, Address: st.Address, Open: st.OpenAt(s.Clock.Now()), OpenTime: hours(st.OpenMinute), CloseTime: hours(st.CloseMinute)}
}

func (s *Service) apiLocate(ctx context.Context, in *locateIn) (locateOut, error) {
	if _, err := s.Codes.ByToken(ctx, in.Body.Token); err != nil {
		return locateOut{}, err
	}
	system := geo.System(in.Body.System)
	if system == "" {
		system = geo.GCJ02
	}
	list, err := s.Nearby(ctx, geo.Point{Lat: in.Body.Lat, Lng: in.Body.Lng}, system)
	if err != nil {
		return locateOut{}, err
	}
	out := locateOut{Stores: []nearStore{}}
	for _, st := range list {
		out.Stores = append(out.Stores, nearStore{ShownStore: s.show(st.Store), City: st.City, Distance: &st.Meters})
	}
	if len(list) == 0 {
		out.Note = words{api.Lang(ctx)}.instead(askInStore, s.Brand)
	}
	return out, nil
}

func (s *Service) apiFind(ctx context.Context, in *findIn) (findOut, error) {
	cities, list, err := s.Find(ctx, in.Text, in.City)
	if err != nil {
		return findOut{}, err
	}
	out := findOut{Cities: cities, Stores: []nearStore{}}
	if cities == nil {
		out.Cities, out.Note = []string{}, words{api.Lang(ctx)}.instead(askInStore, s.Brand)
	}
	for _, st := range list {
		out.Stores = append(out.Stores, nearStore{ShownStore: s.show(st), City: st.City})
	}
	return out, nil
}

func (s *Service) apiChoose(ctx context.Context, in *chooseIn) (chooseOut, error) {
	c, err := s.Choose(ctx, in.Body.Token, visitorOf(ctx, in.Body.Visitor), in.Body.StoreID)
	if err != nil {
		return chooseOut{}, err
	}
	return chooseOut{Store: s.show(c.Store), StaffQR: c.Staff.QR, StaffQRSVG: c.Staff.SVG, GroupQR: c.Group.QR, GroupQRSVG: c.Group.SVG,
		Note: words{api.Lang(ctx)}.chosen(c, s.Brand)}, nil
}
