package corp

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/directory"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/group"
	"qunce/internal/inbox"
	"qunce/internal/pg"
)

// Ref names something that has a page of its own.
type Ref struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// Callback is one event of WeCom's in the list: whom it is about, as far as we know them.
type Callback struct {
	ID         int64       `json:"id"`
	ReceivedAt time.Time   `json:"received_at" doc:"wall time"`
	CorpAt     time.Time   `json:"corp_at" doc:"the corp's time: when it happened, as WeCom says"`
	Kind       string      `json:"kind"`
	Detail     string      `json:"detail" doc:"what changed in a group: add_member, del_member, change_owner, change_name, change_notice; empty otherwise"`
	Documented bool        `json:"documented" doc:"false for kinds that WeCom's documents did not know"`
	Entity     string      `json:"entity"`
	Customer   *Ref        `json:"customer"`
	Group      *Ref        `json:"group"`
	Staff      *Ref        `json:"staff"`
	State      inbox.State `json:"state" enum:"new,done,failed,ignored"`
	Attempts   int         `json:"attempts"`
	NextAt     *time.Time  `json:"next_at" doc:"when it is tried again"`
	Error      *string     `json:"error"`
	TookMS     *float64    `json:"took_ms"`
	CauseID    int64       `json:"cause_id"`
}

type callbacksIn struct {
	api.PageInput
	Text  string `query:"q" maxLength:"64" doc:"name or id of a customer, a group or a member of staff; any other id of WeCom's"`
	Kind  string `query:"kind" maxLength:"120" doc:"change_external_chat, change_external_chat/update, or undocumented"`
	State string `query:"state" enum:"new,done,failed,ignored"`
	From  string `query:"from" doc:"YYYY-MM-DD: received on that day or later"`
	To    string `query:"to" doc:"YYYY-MM-DD: received on that day or earlier"`
}

// undocumented is the filter for kinds that WeCom's documents do not know.
const undocumented = "undocumented"

// found says how a text was understood, so that an empty list explains itself. Each counts up to searchLimit.
type found struct {
	Customers int `json:"customers"`
	Groups    int `json:"groups"`
	Staff     int `json:"staff"`
	Limit     int `json:"limit"`
}

type callbacksOut struct {
	Items []Callback `json:"items"`
	Next  string     `json:"next"`
	Found *found     `json:"found" doc:"whom the text named; null without one"`
}

type replayedOut struct {
	Replayed int `json:"replayed"`
}

type doorIn struct {
	Days int `query:"days" minimum:"1" maximum:"90" default:"7"`
}

func (s System) callbackAPI(a *api.API) {
	reg := func(id, method, path, summary string, p api.Permission) api.Op {
		return api.Op{ID: id, Method: method, Path: path, Summary: summary, Tag: "system", Permission: p}
	}
	api.Register(a, reg("listCallbacks", "GET", "/api/system/callbacks", "WeCom's callbacks, newest first", "system.read"), s.callbacks)
	api.Register(a, reg("getCallback", "GET", "/api/system/callbacks/{id}", "One callback with what was decided and done because of it", "system.read"), s.callback)
	api.Register(a, reg("getDoor", "GET", "/api/system/door", "What came to the callback address and what became of it", "system.read"),
		s.door)
	api.Register(a, reg("replayCallback", "POST", "/api/system/callbacks/{id}/replay", "Handle a callback again", "system.manage"), s.replay)
	api.Register(a, reg("replayFailedCallbacks", "POST", "/api/system/callbacks/replay-failed", "Handle all failed callbacks again", "system.manage"), s.replayFailed)
}

func (s System) callbacks(ctx context.Context, in *callbacksIn) (callbacksOut, error) {
	m, _, err := in.Mark()
	if err != nil {
		return callbacksOut{}, err
	}
	f := inbox.Filter{State: inbox.State(in.State), Before: m.ID, Limit: in.Limit + 1}
	if f.From, err = dayStart("from", in.From, 0); err != nil {
		return callbacksOut{}, err
	}
	if f.To, err = dayStart("to", in.To, 1); err != nil {
		return callbacksOut{}, err
	}
	if in.Kind == undocumented {
		f.Undocumented = true
	} else {
		f.Event = in.Kind
	}
	var out callbacksOut
	if text := strings.TrimSpace(in.Text); text != "" {
		if f.About, out.Found, err = s.about(ctx, text); err != nil {
			return out, err
		}
	}
	rows, err := inbox.List(ctx, s.DB, f)
	if err != nil {
		return out, err
	}
	page := api.Paged(rows, in.Limit, func(r inbox.Row) api.Mark { return api.Mark{ID: r.ID} })
	out.Next = page.Next
	out.Items, err = s.told(ctx, page.Items)
	return out, err
}

// dayStart is the beginning of a day in the corp's zone, some days later; the zero time of an empty text.
func dayStart(field, text string, later int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, clock.Shanghai)
	if err != nil {
		return time.Time{}, errs.E(errs.Invalid, "query.bad_date", "%q is no date", text).On(field).With("value", text)
	}
	return day.AddDate(0, 0, later), nil
}

func (s System) door(ctx context.Context, in *doorIn) (inbox.Door, error) {
	d, err := s.Inbox.Books(ctx, in.Days)
	for i, r := range d.Refusals {
		d.Refusals[i].Text = s.Catalog.Error(api.Lang(ctx), r.Reason, nil)
	}
	return d, err
}

const (
	searchLimit = 50    // customers, groups and staff that one text may name
	causeLimit  = 2_000 // events whose causes are looked up for the customers a text names
)

// about understands what somebody typed: an id of WeCom's, or the name or number of a customer, a group or a member of
// staff. Of customers, callbacks that do not name them but led to something for them are found as well: joining a group
// does.
func (s System) about(ctx context.Context, text string) (*inbox.About, *found, error) {
	a := &inbox.About{Entities: []string{text}, Externals: []string{text}, Chats: []string{text}, Users: []string{text}, Causes: []int64{}}
	people, err := s.Customers.Search(ctx, s.DB, text, searchLimit)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]int64, len(people))
	for i, p := range people {
		ids[i] = p.ID
		a.Externals = append(a.Externals, p.External...)
	}
	if len(ids) > 0 {
		if a.Causes, err = event.Causes(ctx, s.DB, ids, causeLimit); err != nil {
			return nil, nil, err
		}
	}
	groups, err := s.Groups.Search(ctx, s.DB, text, searchLimit)
	if err != nil {
		return nil, nil, err
	}
	for _, g := range groups {
		a.Chats = append(a.Chats, g.ChatID)
	}
	staff, err := s.Directory.SearchStaff(ctx, s.DB, text, searchLimit)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range staff {
		a.Users = append(a.Users, m.UserID)
	}
	return a, &found{Customers: len(people), Groups: len(groups), Staff: len(staff), Limit: searchLimit}, nil
}

// told puts names to whom callbacks are about.
func (s System) told(ctx context.Context, rows []inbox.Row) ([]Callback, error) {
	var externals, chats, users []string
	for _, r := range rows {
		externals, chats, users = append(externals, r.External), append(chats, r.ChatID), append(users, r.UserID)
	}
	people, err := s.Customers.ByExternal(ctx, s.DB, filled(externals))
	if err != nil {
		return nil, err
	}
	ids := make([]int64, 0, len(people))
	for _, p := range people {
		ids = append(ids, p)
	}
	names, err := s.Customers.NamesOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	var rooms map[string]group.Ref
	if rooms, err = s.Groups.ByChats(ctx, s.DB, filled(chats)); err != nil {
		return nil, err
	}
	var staff map[string]directory.Staff
	if staff, err = s.Directory.StaffByUserIDs(ctx, s.DB, filled(users)); err != nil {
		return nil, err
	}
	out := make([]Callback, len(rows))
	for i, r := range rows {
		c := Callback{ID: r.ID, ReceivedAt: r.ReceivedAt, CorpAt: r.CorpAt, Kind: r.Kind(), Detail: r.Detail(), Documented: r.Documented(), Entity: r.Entity, State: r.State,
			Attempts: r.Attempts, CauseID: r.CauseID}
		if id := people[r.External]; id != 0 {
			c.Customer = &Ref{id, names[id]}
		}
		if g, ok := rooms[r.ChatID]; ok {
			c.Group = &Ref{g.ID, g.Name}
		}
		if m, ok := staff[r.UserID]; ok {
			c.Staff = &Ref{m.ID, m.Name}
		}
		if r.Error != "" {
			c.Error = &r.Error
		}
		if r.State == inbox.Open && r.Attempts > 0 {
			c.NextAt = &r.NextAt
		}
		if took := r.Took(); took != nil {
			ms := float64(took.Microseconds()) / 1000
			c.TookMS = &ms
		}
		out[i] = c
	}
	return out, nil
}

func filled(list []string) []string {
	out := make([]string, 0, len(list))
	for _, x := range list {
		if x != "" {
			out = append(out, x)
		}
	}
	return out
}

func (s System) replay(ctx context.Context, in *one) (api.Empty, error) {
	return api.Empty{}, s.DB.Tx(ctx, func(tx pg.Tx) error {
		if err := s.Inbox.Replay(ctx, tx, in.ID); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, s.Time.Now(), "callback.replay", fmt.Sprintf("callback/%d", in.ID), map[string]string{})
	})
}

func (s System) replayFailed(ctx context.Context, _ *struct{}) (out replayedOut, err error) {
	err = s.DB.Tx(ctx, func(tx pg.Tx) (err error) {
		if out.Replayed, err = s.Inbox.ReplayFailed(ctx, tx); err != nil {
			return err
		}
		if out.Replayed == 0 {
			return errs.E(errs.Conflict, "callback.none_failed", "no failed callbacks")
		}
		return s.Audit.Record(ctx, tx, s.Time.Now(), "callback.replay_failed", "callback", map[string]int{"count": out.Replayed})
	})
	return out, err
}

// legible makes a body that is shown from bytes that may be anything.
func legible(body []byte) string {
	if utf8.Valid(body) {
		return strings.ReplaceAll(string(body), "\x00", "\uFFFD")
	}
	return strings.ReplaceAll(strings.ToValidUTF8(string(body), "\uFFFD"), "\x00", "\uFFFD")
}
