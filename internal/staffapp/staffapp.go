// Package staffapp serves the staff pages inside WeCom (员工端): the signed-in member of staff's own tasks, code and score.
//
// Invariants: whose data it is comes from the session alone, never from the request; a session without a member of staff
// gets nothing. A mass send is confirmed in WeCom and proven by WeCom; a sidebar message is sent from our page through
// the client, whose word is the proof. Customers and groups are the features' own lists, which the session's scope limits
// to the member of staff (see Customers and Groups).
package staffapp

import (
	"context"
	"strings"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/directory"
	"qunce/internal/errs"
	"qunce/internal/livecode"
	"qunce/internal/metric"
	"qunce/internal/pg"
	"qunce/internal/qr"
	"qunce/internal/sop"
	"qunce/internal/task"
)

// Self is the permission that every operation here asks for.
const Self api.Permission = "staff.self"

// Directory knows the member of staff and their store; the directory does.
type Directory interface {
	StaffByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]directory.Staff, error)
	StoresByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]directory.Store, error)
}

// Codes knows the code a member of staff shows to customers; livecode does.
type Codes interface {
	OfStaff(ctx context.Context, staffID int64) (livecode.Code, bool, error)
	URL(token string) string
}

// Deps are what the service works with.
type Deps struct {
	DB        *pg.DB
	Clock     clock.Clock // the corp's
	Directory Directory
	Tasks     *task.Service
	SOP       *sop.Service
	Codes     Codes
	CorpName  string
	WeCom     WeCom
	Wall      clock.Clock // wall time: WeCom's tickets live on it
	PublicURL string      // of the corp's pages, without a trailing slash
	// AddsSince counts the friendships that a member of staff began since a time; nil = not known.
	AddsSince func(ctx context.Context, staffID int64, since time.Time) (int64, error)
}

// Service answers for the signed-in member of staff.
type Service struct {
	Deps
	corpTicket, agentTicket ticket
}

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// self is the signed-in member of staff. Errors: Forbidden "staff.not_linked".
func (s *Service) self(ctx context.Context) (int64, error) {
	who := actor.From(ctx)
	if who.StaffID == 0 {
		return 0, errs.E(errs.Forbidden, "staff.not_linked", "the session belongs to no member of staff")
	}
	return who.StaffID, nil
}

// Me is who is signed in.
type Me struct {
	Staff    Person    `json:"staff"`
	CorpName string    `json:"corp_name"`
	Now      time.Time `json:"now"`
}

// Person is a member of staff.
type Person struct {
	ID        int64   `json:"id"`
	Name      string  `json:"name"`
	UserID    string  `json:"userid"`
	StoreName *string `json:"store_name"`
}

func (s *Service) me(ctx context.Context) (Me, error) {
	id, err := s.self(ctx)
	if err != nil {
		return Me{}, err
	}
	staff, err := s.Directory.StaffByIDs(ctx, s.DB, []int64{id})
	if err != nil {
		return Me{}, err
	}
	who := staff[id]
	out := Me{Staff: Person{ID: id, Name: who.Name, UserID: who.UserID}, CorpName: s.CorpName, Now: s.Clock.Now().In(clock.Shanghai)}
	if who.StoreID != 0 {
		stores, err := s.Directory.StoresByIDs(ctx, s.DB, []int64{who.StoreID})
		if err != nil {
			return Me{}, err
		}
		if store, ok := stores[who.StoreID]; ok {
			out.Staff.StoreName = &store.Name
		}
	}
	return out, nil
}

// Target is the chat a message goes into.
type Target struct {
	ExternalUserID string `json:"external_userid,omitempty"`
	ChatID         string `json:"chat_id,omitempty"`
}

// Task is a task as the page shows it. How says what the one tap is: confirming in WeCom, or sending from here. A list has
// no target of its own; People are its rows.
type Task struct {
	ID             int64             `json:"id"`
	Kind           string            `json:"kind" enum:"mass_single,mass_group,sidebar_single,sidebar_group,confirm"`
	Title          string            `json:"title"`
	Why            string            `json:"why"`
	DueAt          time.Time         `json:"due_at"`
	WindowEnd      time.Time         `json:"window_end"`
	Text           string            `json:"text"`
	Attachments    []task.Attachment `json:"attachments"`
	Recipients     int               `json:"recipients"`
	RecipientNames []string          `json:"recipient_names"`
	Target         *Target           `json:"target"`
	People         []task.Person     `json:"people"`
	State          task.State        `json:"state"`
	How            string            `json:"how" enum:"confirm_in_wecom,send_here"`
	Minutes        int               `json:"minutes"`
}

// Today is the open tasks of the day and of earlier days; Done of Due are finished.
type Today struct {
	Tasks []Task `json:"tasks"`
	Done  int    `json:"done"`
	Due   int    `json:"due"`
}

const namesShown = 5

func (s *Service) today(ctx context.Context) (Today, error) {
	id, err := s.self(ctx)
	if err != nil {
		return Today{}, err
	}
	list, err := s.Tasks.OfStaff(ctx, s.DB, id, s.Clock.Now())
	if err != nil {
		return Today{}, err
	}
	return arrange(list), nil
}

// arrange is what the page shows of a day's tasks. What we took back, or WeCom had nobody for, is not counted.
func arrange(list []task.Task) Today {
	out := Today{Tasks: []Task{}}
	for _, t := range list {
		if t.State == task.Cancelled {
			continue
		}
		out.Due++
		if t.State == task.Done || t.State == task.Late {
			out.Done++
		}
		if t.State == task.Open {
			out.Tasks = append(out.Tasks, show(t))
		}
	}
	return out
}

func show(t task.Task) Task {
	v := Task{ID: t.ID, Kind: string(t.Kind), Title: t.Title, Why: t.Why, DueAt: t.DueAt, WindowEnd: t.WindowEnd, Text: t.Body.Text, Attachments: t.Body.Attachments,
		Recipients: t.Recipients, RecipientNames: []string{}, People: []task.Person{}, State: t.State, How: "send_here", Minutes: t.Body.Minutes}
	if v.Attachments == nil {
		v.Attachments = []task.Attachment{}
	}
	for i, p := range t.Body.People {
		if i < namesShown {
			v.RecipientNames = append(v.RecipientNames, p.Name)
		}
	}
	switch {
	case t.Kind.ConfirmedInWeCom():
		v.How = "confirm_in_wecom"
	case t.Kind == task.Todo:
		v.Kind = "confirm"
		v.People = t.Body.People
	case len(t.Body.People) == 1:
		v.Target = &Target{ExternalUserID: t.Body.People[0].ExternalUserID, ChatID: t.Body.People[0].ChatID}
	}
	return v
}

func (s *Service) sent(ctx context.Context, taskID int64) error {
	id, err := s.self(ctx)
	if err != nil {
		return err
	}
	return s.Tasks.Sent(ctx, id, taskID)
}

func (s *Service) skip(ctx context.Context, taskID int64, reason, note string) error {
	id, err := s.self(ctx)
	if err != nil {
		return err
	}
	return s.Tasks.Skip(ctx, id, taskID, reason, note)
}

// Code is the door a member of staff shows to customers.
type Code struct {
	URL       string `json:"url"`
	QRSVGURL  string `json:"qr_svg_url"`
	AddsToday *int64 `json:"adds_today"`
}

// qrPath serves the picture of one's own code: the staff's session reaches below /staff only.
const qrPath = "/staff/api/code/qr.svg"

// own returns the code of a member of staff. Errors: NotFound "staff.no_code".
func (s *Service) own(ctx context.Context, staffID int64) (livecode.Code, error) {
	c, ok, err := s.Codes.OfStaff(ctx, staffID)
	if err == nil && !ok {
		err = errs.E(errs.NotFound, "staff.no_code", "staff %d has no code", staffID)
	}
	return c, err
}

func (s *Service) code(ctx context.Context) (Code, error) {
	id, err := s.self(ctx)
	if err != nil {
		return Code{}, err
	}
	c, err := s.own(ctx, id)
	if err != nil {
		return Code{}, err
	}
	out := Code{URL: s.Codes.URL(c.Token), QRSVGURL: qrPath}
	if s.AddsSince != nil {
		n, err := s.AddsSince(ctx, id, clock.Day(s.Clock.Now()))
		if err != nil {
			return Code{}, err
		}
		out.AddsToday = &n
	}
	return out, nil
}

func (s *Service) picture(ctx context.Context) ([]byte, error) {
	id, err := s.self(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.own(ctx, id)
	if err != nil {
		return nil, err
	}
	return qr.SVG(s.Codes.URL(c.Token))
}

// Score is the member of staff's numbers of the last seven business days.
type Score struct {
	Tiles []metric.Value `json:"tiles"`
}

func (s *Service) score(ctx context.Context) (Score, error) {
	id, err := s.self(ctx)
	if err != nil {
		return Score{}, err
	}
	now := s.Clock.Now()
	tiles, err := s.SOP.StaffScore(ctx, id, now.AddDate(0, 0, -6), now)
	if err != nil {
		return Score{}, err
	}
	if s.AddsSince != nil {
		n, err := s.AddsSince(ctx, id, clock.Day(now).AddDate(0, 0, -6))
		if err != nil {
			return Score{}, err
		}
		tiles = append(tiles, metric.Of(metric.Add, n))
	}
	for i := range tiles {
		tiles[i] = tiles[i].In(api.Lang(ctx))
	}
	return Score{Tiles: tiles}, nil
}

// clean trims the note of a skip.
func clean(note string) string { return strings.TrimSpace(note) }
