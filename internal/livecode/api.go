package livecode

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/errs"
	"qunce/internal/group"
	"qunce/internal/media"
	"qunce/internal/qr"
)

const (
	read  api.Permission = "code.read"
	write api.Permission = "code.write"
)

type listCodesIn struct {
	api.PageInput
	Kind    string `query:"kind" enum:"staff,group,locator"`
	Status  string `query:"status" enum:"creating,active,failed,paused"`
	Text    string `query:"q" maxLength:"64"`
	StoreID int64  `query:"store_id"`
}

// CodeItem is a code in a list, with its people so far.
type CodeItem struct {
	ID           int64     `json:"id"`
	Kind         Kind      `json:"kind"`
	Name         string    `json:"name"`
	Channel      Channel   `json:"channel"`
	StoreID      *int64    `json:"store_id"`
	StoreName    *string   `json:"store_name"`
	State        string    `json:"state"`
	Token        string    `json:"token"`
	URL          string    `json:"url"`
	QRSVG        string    `json:"qr_svg_url"`
	Status       Status    `json:"status"`
	StatusReason *string   `json:"status_reason"`
	Scans        int64     `json:"scans"`
	Adds         int64     `json:"adds"`
	Joins        int64     `json:"joins"`
	FirstOrders  int64     `json:"first_orders"`
	CreatedAt    time.Time `json:"created_at"`
}

type codeStaff struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type codeGroup struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Members  int    `json:"members"`
	Capacity int    `json:"capacity"`
}

type codeTag struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type codeAttachment struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

type codeWelcome struct {
	Text        string           `json:"text"` // with {name} and {staff} still open
	Attachments []codeAttachment `json:"attachments"`
}

type funnelStep struct {
	Step   string   `json:"step"`
	People int64    `json:"people"`
	Rate   *float64 `json:"rate"` // of the last step before it that anybody took: a group code has no adds; null when more took this one
}

type dailyCounts struct {
	Date        string `json:"date"`
	Scans       int64  `json:"scans"`
	Adds        int64  `json:"adds"`
	Joins       int64  `json:"joins"`
	FirstOrders int64  `json:"first_orders"`
}

type codeDetail struct {
	CodeItem
	Staff          []codeStaff   `json:"staff"`
	Groups         []codeGroup   `json:"groups"`
	Tags           []codeTag     `json:"tags"`
	Welcome        codeWelcome   `json:"welcome"`
	WelcomeText    string        `json:"welcome_text"` // as entered; empty = the standard one
	WelcomeParts   []media.Part  `json:"welcome_parts"`
	OfferGroup     bool          `json:"offer_group"`
	FollowStore    bool          `json:"follow_store"`
	Funnel         []funnelStep  `json:"funnel"`
	Daily          []dailyCounts `json:"daily"`
	NextGroupReady bool          `json:"next_group_ready"`
}

type codeIn struct {
	ID int64 `path:"id"`
}

type createCodeIn struct {
	Body struct {
		Kind        Kind         `json:"kind" enum:"staff,group,locator"`
		Name        string       `json:"name" minLength:"1" maxLength:"30"`
		Channel     Channel      `json:"channel" enum:"store_poster,table_card,receipt,package,moments,article,other"`
		StoreID     int64        `json:"store_id,omitempty"`
		StaffIDs    []int64      `json:"staff_ids,omitempty" maxItems:"100"`
		GroupIDs    []int64      `json:"group_ids,omitempty" maxItems:"5"`
		TagIDs      []string     `json:"tag_ids,omitempty" maxItems:"20"`
		WelcomeText string       `json:"welcome_text,omitempty" maxLength:"1000"`
		Parts       []media.Part `json:"welcome_parts,omitempty" maxItems:"8"`
		OfferGroup  bool         `json:"offer_group,omitempty"`
	}
}

type updateCodeIn struct {
	ID   int64 `path:"id"`
	Body struct {
		Name        *string       `json:"name,omitempty" maxLength:"30"`
		Channel     *Channel      `json:"channel,omitempty" enum:"store_poster,table_card,receipt,package,moments,article,other"`
		StaffIDs    *[]int64      `json:"staff_ids,omitempty" maxItems:"100" doc:"empty: the store's staff"`
		GroupIDs    *[]int64      `json:"group_ids,omitempty" maxItems:"5" doc:"empty: the store's open groups"`
		TagIDs      *[]string     `json:"tag_ids,omitempty" maxItems:"20"`
		WelcomeText *string       `json:"welcome_text,omitempty" maxLength:"1000"`
		Parts       *[]media.Part `json:"welcome_parts,omitempty" maxItems:"8"`
		OfferGroup  *bool         `json:"offer_group,omitempty"`
		Paused      *bool         `json:"paused,omitempty"`
	}
}

type codeMade struct {
	ID int64 `json:"id"`
}

// API registers the live codes' operations.
func (s *Service) API(a *api.API) {
	const tag = "livecode"
	api.Register(a, api.Op{ID: "listCodes", Method: "GET", Path: "/api/codes", Summary: "Live codes in the caller's scope, newest first", Tag: tag, Permission: read}, s.apiList)
	api.Register(a, api.Op{ID: "getCode", Method: "GET", Path: "/api/codes/{id}", Summary: "One code: who stands behind it and what it brought", Tag: tag, Permission: read}, s.apiGet)
	api.Register(a, api.Op{ID: "createCode", Method: "POST", Path: "/api/codes", Summary: "Make a code; WeCom's side follows within seconds", Tag: tag, Permission: write}, s.apiCreate)
	api.Register(a, api.Op{ID: "updateCode", Method: "PATCH", Path: "/api/codes/{id}", Summary: "Change, pause or retry a code", Tag: tag, Permission: write}, s.apiUpdate)
	a.Mux().HandleFunc("GET /api/codes/{id}/qr.svg", func(w http.ResponseWriter, r *http.Request) {
		s.picture(a, w, r, "image/svg+xml", func(text string) ([]byte, error) { return qr.SVG(text) })
	})
	a.Mux().HandleFunc("GET /api/codes/{id}/qr.png", func(w http.ResponseWriter, r *http.Request) {
		size, err := strconv.Atoi(r.URL.Query().Get("size"))
		if err != nil {
			size = 512
		}
		s.picture(a, w, r, "image/png", func(text string) ([]byte, error) { return qr.PNG(text, size) })
	})
}

// picture draws what is printed: the landing page's address, which never changes.
func (s *Service) picture(a *api.API, w http.ResponseWriter, r *http.Request, kind string, draw func(text string) ([]byte, error)) {
	body, err := func() ([]byte, error) {
		if err := a.Allow(r, read); err != nil {
			return nil, err
		}
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			return nil, errs.E(errs.NotFound, "code.not_found", "%q is no code", r.PathValue("id"))
		}
		c, err := s.seen(r.Context(), id)
		if err != nil {
			return nil, err
		}
		return draw(s.URL(c.Token))
	}()
	if err != nil {
		a.WriteError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "private, max-age=86400")
	_, _ = w.Write(body)
}

// seen returns a code if the caller may see it; one outside the scope is not found.
func (s *Service) seen(ctx context.Context, id int64) (Code, error) {
	c, err := s.Get(ctx, id)
	if err == nil && !visible(actor.From(ctx).Scope, c) {
		err = errs.E(errs.NotFound, "code.not_found", "code %d is outside the scope", id)
	}
	return c, err
}

func (s *Service) apiList(ctx context.Context, in *listCodesIn) (api.Page[CodeItem], error) {
	f := Filter{Kind: Kind(in.Kind), Status: Status(in.Status), Text: in.Text, StoreID: in.StoreID, Scope: actor.From(ctx).Scope, Limit: in.Limit}
	m, ok, err := in.Mark()
	if err != nil {
		return api.Page[CodeItem]{}, err
	}
	if ok {
		f.Before = &struct {
			At time.Time
			ID int64
		}{m.At, m.ID}
	}
	codes, err := s.List(ctx, f)
	if err != nil {
		return api.Page[CodeItem]{}, err
	}
	page := api.Paged(codes, in.Limit, func(c Code) api.Mark { return api.Mark{At: c.CreatedAt, ID: c.ID} })
	items, err := s.describe(ctx, page.Items)
	return api.Page[CodeItem]{Items: items, Next: page.Next}, err
}

func (s *Service) describe(ctx context.Context, codes []Code) ([]CodeItem, error) {
	ids, storeIDs := make([]int64, len(codes)), make([]int64, len(codes))
	for i, c := range codes {
		ids[i], storeIDs[i] = c.ID, c.StoreID
	}
	stores, err := s.Directory.StoresByIDs(ctx, s.DB, storeIDs)
	if err != nil {
		return nil, err
	}
	counts, err := s.CountsOf(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	out := make([]CodeItem, len(codes))
	for i, c := range codes {
		n := counts[c.ID]
		out[i] = CodeItem{ID: c.ID, Kind: c.Kind, Name: c.Name, Channel: c.Channel, State: c.WayState, Token: c.Token, URL: s.URL(c.Token),
			QRSVG: fmt.Sprintf("/api/codes/%d/qr.svg", c.ID), Status: c.Status, Scans: n.Scans, Adds: n.Adds, Joins: n.Joins,
			FirstOrders: n.FirstOrders, CreatedAt: c.CreatedAt}
		if c.StatusReason != "" {
			out[i].StatusReason = &c.StatusReason
		}
		if st, ok := stores[c.StoreID]; ok {
			out[i].StoreID, out[i].StoreName = &st.ID, &st.Name
		}
	}
	return out, nil
}

func (s *Service) apiCreate(ctx context.Context, in *createCodeIn) (codeMade, error) {
	b := in.Body
	if scope := actor.From(ctx).Scope; !scope.All && !contains(scope.Stores, b.StoreID) {
		return codeMade{}, errs.E(errs.Forbidden, "code.store_scope", "store %d is outside the scope", b.StoreID).On("store_id")
	}
	id, err := s.Create(ctx, NewCode{Kind: b.Kind, Name: b.Name, Channel: b.Channel, StoreID: b.StoreID, StaffIDs: b.StaffIDs, GroupIDs: b.GroupIDs,
		TagIDs: b.TagIDs, WelcomeText: b.WelcomeText, Parts: b.Parts, OfferGroup: b.OfferGroup})
	return codeMade{ID: id}, err
}

func (s *Service) apiUpdate(ctx context.Context, in *updateCodeIn) (api.Empty, error) {
	if _, err := s.seen(ctx, in.ID); err != nil {
		return api.Empty{}, err
	}
	b := in.Body
	return api.Empty{}, s.Update(ctx, in.ID, Change{Name: b.Name, Channel: b.Channel, StaffIDs: b.StaffIDs, GroupIDs: b.GroupIDs, TagIDs: b.TagIDs,
		WelcomeText: b.WelcomeText, Parts: b.Parts, OfferGroup: b.OfferGroup, Paused: b.Paused})
}

func (s *Service) apiGet(ctx context.Context, in *codeIn) (codeDetail, error) {
	c, err := s.seen(ctx, in.ID)
	if err != nil {
		return codeDetail{}, err
	}
	items, err := s.describe(ctx, []Code{c})
	if err != nil {
		return codeDetail{}, err
	}
	d := codeDetail{CodeItem: items[0], WelcomeText: c.WelcomeText, WelcomeParts: list(c.WelcomeParts), OfferGroup: c.OfferGroup, FollowStore: c.FollowStore,
		Funnel: funnel(Counts{items[0].Scans, items[0].Adds, items[0].Joins, items[0].FirstOrders})}
	if err := s.behind(ctx, c, &d); err != nil {
		return codeDetail{}, err
	}
	if err := s.preview(ctx, c, &d); err != nil {
		return codeDetail{}, err
	}
	days, err := s.Daily(ctx, s.DB, c.ID, 30)
	if err != nil {
		return codeDetail{}, err
	}
	for _, x := range days {
		d.Daily = append(d.Daily, dailyCounts{Date: day(x.Day), Scans: x.Scans, Adds: x.Adds, Joins: x.Joins, FirstOrders: x.FirstOrders})
	}
	return d, nil
}

// behind lists the people, groups and tags of a code.
func (s *Service) behind(ctx context.Context, c Code, d *codeDetail) error {
	d.Staff, d.Groups, d.Tags = []codeStaff{}, []codeGroup{}, []codeTag{}
	people, err := s.Directory.StaffByIDs(ctx, s.DB, c.StaffIDs)
	if err != nil {
		return err
	}
	for _, id := range c.StaffIDs {
		d.Staff = append(d.Staff, codeStaff{ID: id, Name: people[id].Name})
	}
	rooms, err := s.Groups.ByIDs(ctx, s.DB, c.GroupIDs)
	if err != nil {
		return err
	}
	for _, id := range c.GroupIDs {
		r := rooms[id]
		d.Groups = append(d.Groups, codeGroup{ID: id, Name: r.Name, Members: r.Members, Capacity: r.Capacity})
		d.NextGroupReady = d.NextGroupReady || r.Status == group.Normal // WeCom opens the next one from any that lives
	}
	names := map[string]string{}
	if s.TagNames != nil && len(c.TagIDs) > 0 {
		if names, err = s.TagNames(ctx, c.TagIDs); err != nil {
			return err
		}
	}
	for _, id := range c.TagIDs {
		name := names[id]
		if name == "" {
			name = id
		}
		d.Tags = append(d.Tags, codeTag{ID: id, Name: name})
	}
	return nil
}

// preview composes the welcome as it would go out now, with what differs from customer to customer left open.
func (s *Service) preview(ctx context.Context, c Code, d *codeDetail) error {
	d.Welcome = codeWelcome{Attachments: []codeAttachment{}}
	if c.Kind != StaffCode {
		return nil
	}
	store := ""
	if d.StoreName != nil {
		store = *d.StoreName
	}
	if c.OfferGroup {
		doors, err := s.OfStores(ctx, s.DB, []int64{c.StoreID})
		if err != nil {
			return err
		}
		finder, ok, err := newestLocator(ctx, s.DB)
		if err != nil {
			return err
		}
		var locator *Code
		if ok {
			locator = &finder
		}
		if card := s.card(doors[c.StoreID].Group, locator, store); card != nil {
			d.Welcome.Attachments = append(d.Welcome.Attachments, codeAttachment{Type: "link", Title: card.Title, URL: card.URL})
			d.NextGroupReady = true
		}
	}
	d.Welcome.Text = speech{Name: "{name}", Staff: "{staff}", Store: store, Brand: s.Brand, Group: len(d.Welcome.Attachments) > 0}.render(c.WelcomeText)
	return nil
}

func funnel(c Counts) []funnelStep {
	steps := []funnelStep{{Step: "scan", People: c.Scans}, {Step: stepAdd, People: c.Adds}, {Step: stepJoin, People: c.Joins}, {Step: stepOrder, People: c.FirstOrders}}
	before := steps[0].People
	for i := 1; i < len(steps); i++ {
		if before > 0 && steps[i].People <= before {
			rate := float64(steps[i].People) / float64(before)
			steps[i].Rate = &rate
		}
		if steps[i].People > 0 {
			before = steps[i].People
		}
	}
	return steps
}
