package group

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"time"

	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Customers finds customers by external_userid; the customer feature does.
type Customers interface {
	ByExternal(ctx context.Context, q pg.Querier, externals []string) (map[string]int64, error)
}

// Deps are what the service works with.
type Deps struct {
	DB        *pg.DB
	IDs       *id.Source
	Clock     clock.Clock // the corp's
	Wall      clock.Clock
	Events    *event.Bus
	WeCom     *wecom.Client
	Staff     customer.Staff
	Customers Customers
	Names     customer.Names
	Plans     func(ctx context.Context, groupID int64) ([]customer.SOPPart, error)
	JoinCode  func(ctx context.Context, storeID int64) (*int64, error)
	Log       *slog.Logger
}

// Service is the use cases.
type Service struct{ Deps }

// New returns the service; Subscribe wires it to the bus.
func New(d Deps) *Service { return &Service{Deps: d} }

// Subscribe links stays of strangers to the customers they become.
func (s *Service) Subscribe(bus *event.Bus) {
	bus.Subscribe("group", s.onAdded, customer.Added)
}

// Seen is one group as WeCom showed it. ReadAt is the wall time at which the reading began; a reading older than the
// newest one applied is dropped. Status is Normal unless the list said otherwise.
type Seen struct {
	ReadAt time.Time
	Group  wecom.Group
	Status Status
	Hints  map[string]hint
	Cause  int64
}

var (
	fpApplyBefore = failpoint.New("group.apply.before")
	fpApplyAfter  = failpoint.New("group.apply.after")
)

// Applied counts what readings changed.
type Applied struct {
	Groups, Joined, Left, Amended int
}

// Apply makes what we hold of groups equal to what WeCom showed, as differences, and publishes who came and went.
func (s *Service) Apply(ctx context.Context, tx pg.Tx, seen []Seen) (Applied, error) {
	var did Applied
	if len(seen) == 0 {
		return did, nil
	}
	fpApplyBefore.Hit()
	sort.Slice(seen, func(i, j int) bool { return seen[i].Group.ChatID < seen[j].Group.ChatID })
	groups, err := s.ensure(ctx, tx, seen)
	if err != nil {
		return did, err
	}
	seen = slices.DeleteFunc(seen, func(x Seen) bool { g := groups[x.Group.ChatID]; return !g.isNew && x.ReadAt.Before(g.readAt) })
	ids := make([]int64, len(seen))
	for i, x := range seen {
		ids[i] = groups[x.Group.ChatID].id
	}
	present, last, err := stays(ctx, tx, ids)
	if err != nil {
		return did, err
	}
	now := s.Clock.Now()
	var joined, left, amended []memberRow
	var evs []event.Event
	for _, x := range seen {
		g := groups[x.Group.ChatID]
		if g.isNew {
			did.Groups++
			evs = append(evs, event.Event{Kind: Created, At: time.Unix(x.Group.CreateTime, 0), GroupID: g.id, StaffID: g.owner.ID, StoreID: g.owner.StoreID,
				CauseID: x.Cause, Key: fmt.Sprintf("group.created/%d", g.id)})
		}
		evs = append(evs, changes(g, x, now)...)
		d := compare(present[g.id], last[g.id], x.Group, x.Hints, now)
		for _, m := range d.joined {
			joined = append(joined, memberRow{group: g, stay: m, cause: x.Cause})
		}
		for _, m := range d.left {
			left = append(left, memberRow{group: g, stay: m, cause: x.Cause})
		}
		for _, m := range d.amended {
			amended = append(amended, memberRow{group: g, stay: m, cause: x.Cause})
		}
	}
	more, err := s.move(ctx, tx, joined, left, amended)
	if err != nil {
		return did, err
	}
	if err := saveGroups(ctx, tx, seen, groups); err != nil {
		return did, err
	}
	did.Joined, did.Left, did.Amended = len(joined), len(left), len(amended)
	if err := s.Events.Publish(ctx, tx, append(evs, more...)...); err != nil {
		return did, err
	}
	fpApplyAfter.Hit()
	return did, nil
}

// changes tells owner, name and notice changes of a group we knew.
func changes(g known, x Seen, now time.Time) []event.Event {
	if g.isNew {
		return nil
	}
	var out []event.Event
	for _, c := range []ChangedData{{"owner", g.ownerUserID, x.Group.Owner}, {"name", g.name, x.Group.Name}, {"notice", g.notice, x.Group.Notice}} {
		if c.From != c.To {
			out = append(out, event.Event{Kind: Changed, At: now, GroupID: g.id, StaffID: g.owner.ID, StoreID: g.owner.StoreID, CauseID: x.Cause, Data: c})
		}
	}
	return out
}

// move writes stays that began, ended or changed, and returns the events about customers.
func (s *Service) move(ctx context.Context, tx pg.Tx, joined, left, amended []memberRow) ([]event.Event, error) {
	var externals []string
	for _, m := range append(append([]memberRow(nil), joined...), left...) {
		if m.stay.typ == typeExternal {
			externals = append(externals, m.stay.memberID)
		}
	}
	customers, err := s.Customers.ByExternal(ctx, tx, externals)
	if err != nil {
		return nil, err
	}
	if err := endStays(ctx, tx, left); err != nil {
		return nil, err
	}
	if err := beginStays(ctx, tx, joined, customers); err != nil {
		return nil, err
	}
	if err := amendStays(ctx, tx, amended); err != nil {
		return nil, err
	}
	var evs []event.Event
	for _, m := range joined {
		if m.stay.typ != typeExternal {
			continue
		}
		evs = append(evs, event.Event{Kind: Joined, At: m.stay.joinedAt, CustomerID: customers[m.stay.memberID], GroupID: m.group.id, StaffID: m.group.owner.ID,
			StoreID: m.group.owner.StoreID, CauseID: m.cause, Key: fmt.Sprintf("group.joined/%d/%s/%d", m.group.id, m.stay.memberID, m.stay.n),
			Data: JoinedData{MemberID: m.stay.memberID, Name: m.stay.name, Scene: m.stay.scene, Invitor: m.stay.invitor, WayState: m.stay.wayState, Stay: m.stay.n}})
	}
	for _, m := range left {
		if m.stay.typ != typeExternal {
			continue
		}
		evs = append(evs, event.Event{Kind: Left, At: *m.stay.left, CustomerID: customers[m.stay.memberID], GroupID: m.group.id, StaffID: m.group.owner.ID,
			StoreID: m.group.owner.StoreID, CauseID: m.cause, Key: fmt.Sprintf("group.left/%d/%s/%d", m.group.id, m.stay.memberID, m.stay.n),
			Data: LeftData{MemberID: m.stay.memberID, Scene: m.stay.quit, Stay: m.stay.n}})
	}
	return evs, nil
}

// Dissolve closes groups that are no more; their members' stays end at the same time.
func (s *Service) Dissolve(ctx context.Context, tx pg.Tx, chatIDs []string, at time.Time, cause int64) error {
	groups, err := dissolve(ctx, tx, chatIDs, at)
	if err != nil {
		return err
	}
	var evs []event.Event
	var left []memberRow
	for _, g := range groups {
		present, _, err := stays(ctx, tx, []int64{g.id})
		if err != nil {
			return err
		}
		for _, m := range present[g.id] {
			end := at
			if end.Before(m.joinedAt) {
				end = m.joinedAt
			}
			m.left, m.quit = &end, -1
			left = append(left, memberRow{group: g, stay: m, cause: cause})
		}
		evs = append(evs, event.Event{Kind: Dissolved, At: at, GroupID: g.id, StaffID: g.owner.ID, StoreID: g.owner.StoreID, CauseID: cause, Key: fmt.Sprintf("group.dissolved/%d", g.id)})
	}
	more, err := s.move(ctx, tx, nil, left, nil)
	if err != nil {
		return err
	}
	return s.Events.Publish(ctx, tx, append(more, evs...)...)
}

func (s *Service) onAdded(ctx context.Context, tx pg.Tx, evs []event.Event) error {
	externals, ids := make([]string, 0, len(evs)), make([]int64, 0, len(evs))
	for _, e := range evs {
		externals, ids = append(externals, e.Data.(customer.AddedData).ExternalUserID), append(ids, e.CustomerID)
	}
	return linkMembers(ctx, tx, externals, ids)
}

// CodeOf says through which code a stay began.
type CodeOf struct {
	GroupID  int64
	MemberID string
	Stay     int
	CodeID   int64
}

// SetCode keeps through which code stays began.
func (s *Service) SetCode(ctx context.Context, tx pg.Tx, codes []CodeOf) error {
	return setCodes(ctx, tx, codes)
}
