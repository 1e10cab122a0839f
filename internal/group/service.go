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
// newest one applied is dropped. Status is what the list said; empty when only the detail was read, which does not tell.
type Seen struct {
	ReadAt time.Time
	Group  wecom.Group
	Status Status
	Hints  hints
	Cause  int64
}

var (
	fpApplyBefore = failpoint.New("group.apply.before")
	fpApplyAfter  = failpoint.New("group.apply.after")
)

// Applied counts what readings changed.
type Applied struct {
	Groups                int // that appeared, or by Dissolve went
	Changed               int // owner, name or notice
	Joined, Left, Amended int
	Items                 []Item
}

// Item is one thing that a reading changed of a group. Member is empty for the group itself; At is when it happened by
// WeCom, zero where WeCom does not tell; no callback about it can be older than Since.
type Item struct {
	ChatID, Member string
	Owner          string // userid
	What           What
	At, Since      time.Time
}

// What a reading changed.
type What string

// The changes; those of a member carry Member.
const (
	Appeared What = "appeared"
	Altered  What = "altered" // owner, name or notice
	Vanish   What = "vanished"
	Entered  What = "entered"
	Exited   What = "exited"
	Renamed  What = "renamed" // the member's name, role or way
)

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
	present, before, err := stays(ctx, tx, ids)
	if err != nil {
		return did, err
	}
	now := s.Clock.Now()
	var m moves
	var evs []event.Event
	for _, x := range seen {
		g := groups[x.Group.ChatID]
		if g.isNew || g.status == Gone {
			did.Groups++
			did.Items = append(did.Items, Item{ChatID: x.Group.ChatID, Owner: x.Group.Owner, What: Appeared, At: time.Unix(x.Group.CreateTime, 0),
				Since: time.Unix(x.Group.CreateTime, 0)})
		}
		if g.isNew {
			evs = append(evs, event.Event{Kind: Created, At: time.Unix(x.Group.CreateTime, 0), GroupID: g.id, StaffID: g.owner.ID, StoreID: g.owner.StoreID,
				CauseID: x.Cause, Key: fmt.Sprintf("group.created/%d", g.id)})
		}
		if altered := changes(g, x, now); len(altered) > 0 {
			evs = append(evs, altered...)
			did.Changed++
			did.Items = append(did.Items, Item{ChatID: x.Group.ChatID, Owner: x.Group.Owner, What: Altered})
		}
		d := compare(present[g.id], before[g.id], x.Group, x.Hints, now)
		m.joined = append(m.joined, rows(g, d.joined, x.Cause)...)
		m.left = append(m.left, rows(g, d.left, x.Cause)...)
		m.amended = append(m.amended, rows(g, d.amended, x.Cause)...)
		m.passed = append(m.passed, rows(g, d.passed, x.Cause)...)
		did.Items = append(did.Items, d.items(x.Group.ChatID, x.Group.Owner)...)
	}
	more, err := s.move(ctx, tx, m)
	if err != nil {
		return did, err
	}
	if err := s.linkStrangers(ctx, tx, present); err != nil {
		return did, err
	}
	if err := saveGroups(ctx, tx, seen, groups); err != nil {
		return did, err
	}
	did.Joined, did.Left, did.Amended = len(m.joined)+len(m.passed), len(m.left)+len(m.passed), len(m.amended)
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

// items lists a difference for whoever wants to know why nobody had told of it.
func (d diff) items(chat, owner string) []Item {
	var out []Item
	add := func(what What, m stay, at time.Time) {
		out = append(out, Item{ChatID: chat, Owner: owner, Member: m.memberID, What: what, At: at, Since: m.joinedAt})
	}
	for _, m := range d.joined {
		add(Entered, m, m.joinedAt)
	}
	for _, m := range d.left {
		add(Exited, m, time.Time{})
	}
	for _, m := range d.amended {
		add(Renamed, m, time.Time{})
	}
	return out
}

// moves are stays that began, ended, changed, or did both between two readings.
type moves struct{ joined, left, amended, passed []memberRow }

func rows(g known, list []stay, cause int64) []memberRow {
	out := make([]memberRow, len(list))
	for i, s := range list {
		out[i] = memberRow{group: g, stay: s, cause: cause}
	}
	return out
}

// move writes stays and returns the events about external members.
func (s *Service) move(ctx context.Context, tx pg.Tx, m moves) ([]event.Event, error) {
	joined, left := slices.Concat(m.joined, m.passed), slices.Concat(m.left, m.passed)
	var externals []string
	for _, x := range slices.Concat(joined, m.left) {
		if x.stay.typ == typeExternal {
			externals = append(externals, x.stay.memberID)
		}
	}
	customers, err := s.Customers.ByExternal(ctx, tx, externals)
	if err != nil {
		return nil, err
	}
	if err := endStays(ctx, tx, m.left); err != nil {
		return nil, err
	}
	if err := beginStays(ctx, tx, m.joined, customers); err != nil {
		return nil, err
	}
	for _, x := range m.passed { // one after another: a member may have come and gone twice
		if err := beginStays(ctx, tx, []memberRow{x}, customers); err != nil {
			return nil, err
		}
		if err := endStays(ctx, tx, []memberRow{x}); err != nil {
			return nil, err
		}
	}
	if err := amendStays(ctx, tx, m.amended); err != nil {
		return nil, err
	}
	var evs []event.Event
	for _, x := range joined {
		if x.stay.typ != typeExternal {
			continue
		}
		evs = append(evs, event.Event{Kind: Joined, At: x.stay.joinedAt, CustomerID: customers[x.stay.memberID], GroupID: x.group.id, StaffID: x.group.owner.ID,
			StoreID: x.group.owner.StoreID, CauseID: x.cause, Key: fmt.Sprintf("group.joined/%d/%s/%d", x.group.id, x.stay.memberID, x.stay.n),
			Data: JoinedData{MemberID: x.stay.memberID, Name: x.stay.name, Scene: x.stay.scene, Invitor: x.stay.invitor, WayState: x.stay.wayState, Stay: x.stay.n}})
	}
	for _, x := range left {
		if x.stay.typ != typeExternal {
			continue
		}
		evs = append(evs, event.Event{Kind: Left, At: *x.stay.left, CustomerID: customers[x.stay.memberID], GroupID: x.group.id, StaffID: x.group.owner.ID,
			StoreID: x.group.owner.StoreID, CauseID: x.cause, Key: fmt.Sprintf("group.left/%d/%s/%d", x.group.id, x.stay.memberID, x.stay.n),
			Data: LeftData{MemberID: x.stay.memberID, Scene: x.stay.quit, Stay: x.stay.n}})
	}
	return evs, nil
}

// linkStrangers links members who became customers while their entry was being written: neither transaction saw the other.
func (s *Service) linkStrangers(ctx context.Context, tx pg.Tx, present map[int64]map[string]stay) error {
	strangers := map[string]bool{}
	for _, members := range present {
		for id, m := range members {
			if m.typ == typeExternal && !m.linked {
				strangers[id] = true
			}
		}
	}
	customers, err := s.Customers.ByExternal(ctx, tx, sortedKeys(strangers))
	if err != nil || len(customers) == 0 {
		return err
	}
	externals := sortedKeys(customers)
	ids := make([]int64, len(externals))
	for i, e := range externals {
		ids[i] = customers[e]
	}
	return linkMembers(ctx, tx, externals, ids)
}

// Dissolve closes groups that are no more; their members' stays end at the same time. It counts the groups and the stays
// that ended.
func (s *Service) Dissolve(ctx context.Context, tx pg.Tx, chatIDs []string, at time.Time, cause int64) (Applied, error) {
	var did Applied
	groups, err := dissolve(ctx, tx, chatIDs, at)
	if err != nil || len(groups) == 0 {
		return did, err
	}
	ids := make([]int64, len(groups))
	for i, g := range groups {
		ids[i] = g.id
	}
	present, _, err := stays(ctx, tx, ids)
	if err != nil {
		return did, err
	}
	var evs []event.Event
	var left []memberRow
	for _, g := range groups {
		for _, id := range sortedKeys(present[g.id]) {
			m, end := present[g.id][id], at
			if end.Before(m.joinedAt) {
				end = m.joinedAt
			}
			m.left, m.quit = &end, -1
			left = append(left, memberRow{group: g, stay: m, cause: cause})
		}
		evs = append(evs, event.Event{Kind: Dissolved, At: at, GroupID: g.id, StaffID: g.owner.ID, StoreID: g.owner.StoreID, CauseID: cause, Key: fmt.Sprintf("group.dissolved/%d", g.id)})
	}
	more, err := s.move(ctx, tx, moves{left: left})
	if err != nil {
		return did, err
	}
	did.Groups, did.Left = len(groups), len(left)
	for _, g := range groups {
		did.Items = append(did.Items, Item{ChatID: g.chatID, What: Vanish})
	}
	for _, m := range left {
		did.Items = append(did.Items, Item{ChatID: m.group.chatID, Member: m.stay.memberID, What: Exited, Since: m.stay.joinedAt})
	}
	return did, s.Events.Publish(ctx, tx, append(more, evs...)...)
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
