package customer

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"time"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pinyin"
	"qunce/internal/wecom"
)

// StaffRef is what a relation needs to know of a member of staff.
type StaffRef struct {
	ID      int64
	StoreID int64
	Name    string
}

// Staff finds staff by WeCom's userid and makes a row for one we have not heard of; the directory does.
type Staff interface {
	EnsureStaff(ctx context.Context, tx pg.Tx, userIDs []string) (map[string]StaffRef, error)
}

// Deps are what the service works with.
type Deps struct {
	DB     *pg.DB
	IDs    *id.Source
	Clock  clock.Clock // the corp's
	Wall   clock.Clock
	Events *event.Bus
	WeCom  *wecom.Client
	Audit  *audit.Log
	Staff  Staff
	Names  Names
	Parts  Parts
	Log    *slog.Logger
}

// Service is the use cases.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d} }

var (
	fpApplyBefore = failpoint.New("customer.apply.before")
	fpApplyAfter  = failpoint.New("customer.apply.after")
)

// Applied counts what a reading changed.
type Applied struct {
	Customers int // new people
	Added     int // relations that began
	Again     int // of these, relations that WeCom went on showing: a beginning followed one whose end we may not know
	Amended   int
	Tags      int // tags added and removed
	Items     []Item
}

// Item is one relation that a reading changed. At is when it began by WeCom; it is zero for one that lasts.
type Item struct {
	CustomerID             int64
	UserID, ExternalUserID string
	What                   What
	At                     time.Time
}

// What a reading changed of a relation.
type What string

// Again is a beginning after an end that we may not know: we took the relation for one that lasted. Linked is no change at
// WeCom: the member of staff has a store by now.
const (
	Began   What = "began"
	Again   What = "again"
	Amended What = "amended"
	Linked  What = "linked"
	Retag   What = "tags"
	Back    What = "back" // its end was no end
)

// Apply makes what we hold equal to what WeCom showed, as differences, and publishes what happened. found is "" for a
// callback and "sync" when a sync noticed what no callback told. Rows that do not differ are not written.
func (s *Service) Apply(ctx context.Context, tx pg.Tx, seen []Seen, found string, cause int64) (Applied, error) {
	return s.apply(ctx, tx, seen, found, func(string) int64 { return cause })
}

// apply is Apply with a cause for every external_userid.
func (s *Service) apply(ctx context.Context, tx pg.Tx, seen []Seen, found string, causeOf func(external string) int64) (Applied, error) {
	var did Applied
	if len(seen) == 0 {
		return did, nil
	}
	fpApplyBefore.Hit()
	customers, fresh, err := s.resolve(ctx, tx, seen)
	if err != nil {
		return did, err
	}
	did.Customers = fresh
	var userIDs []string
	for _, x := range seen {
		userIDs = append(userIDs, x.Follow.UserID)
	}
	staff, err := s.Staff.EnsureStaff(ctx, tx, unique(userIDs))
	if err != nil {
		return did, err
	}
	pairs := make([]pair, 0, len(seen))
	for _, x := range seen {
		pairs = append(pairs, pair{customers[x.Contact.ExternalUserID].id, staff[x.Follow.UserID].ID})
	}
	held, err := relations(ctx, tx, pairs)
	if err != nil {
		return did, err
	}
	heldTags, err := relationTags(ctx, tx, pairs)
	if err != nil {
		return did, err
	}

	var begun, amended []Relation
	var tagsAdd, tagsRemove []tagRow
	var evs, tagEvs []event.Event
	newPeople := map[int64]bool{}
	now := s.Clock.Now()
	done := map[pair]bool{}
	for i, x := range seen {
		p := pairs[i]
		if p.staff == 0 || p.customer == 0 {
			return did, fmt.Errorf("relation %s/%s resolves to nobody", x.Follow.UserID, x.Contact.ExternalUserID)
		}
		if done[p] {
			continue // two ids of one person
		}
		done[p] = true
		began, cause := time.Unix(x.Follow.CreateTime, 0), causeOf(x.Contact.ExternalUserID)
		r := Relation{CustomerID: p.customer, StaffID: p.staff, StoreID: staff[x.Follow.UserID].StoreID, UserID: x.Follow.UserID,
			ExternalUserID: x.Contact.ExternalUserID, State: Active, AddedAt: began, Adds: 1, AddWay: x.Follow.AddWay,
			WayState: x.Follow.State, Remark: x.Follow.Remark}
		old := held[p]
		what := compare(old, x)
		linked := what == keep && old.State == Active && old.StoreID == 0 && r.StoreID != 0
		if linked {
			what = amend // the member of staff was not in the directory yet
		}
		item := Item{CustomerID: p.customer, UserID: r.UserID, ExternalUserID: r.ExternalUserID}
		switch what {
		case insert, revive:
			again := 0
			item.What, item.At = Began, began
			if old != nil {
				again, r.Adds = old.Adds, old.Adds+1
				if old.State != DeletedByStaff {
					did.Again++
					item.What = Again
				}
			}
			did.Items = append(did.Items, item)
			first := !customers[x.Contact.ExternalUserID].addedBefore && !newPeople[p.customer]
			newPeople[p.customer] = true
			evs = append(evs, event.Event{Kind: Added, At: began, CustomerID: p.customer, StaffID: p.staff, StoreID: r.StoreID, CauseID: cause,
				Key: fmt.Sprintf("customer.added/%d/%d/%d", p.customer, p.staff, x.Follow.CreateTime),
				Data: AddedData{UserID: r.UserID, ExternalUserID: r.ExternalUserID, WayState: r.WayState, AddWay: r.AddWay,
					NewPerson: first, Again: again, Found: found}})
			begun = append(begun, r)
			did.Added++
		case amend:
			amended = append(amended, r)
			did.Amended++
			if item.What = Amended; linked {
				item.What = Linked
			}
			did.Items = append(did.Items, item)
		case keep:
		}
		if x.Tags == nil || what == keep && old.State != Active {
			continue
		}
		add, remove := tagDiff(heldTags[p], x.Tags, x.ReadAt)
		for _, t := range add {
			tagsAdd = append(tagsAdd, tagRow{p, t})
			tagEvs = append(tagEvs, tagEvent(Tagged, r, t, x.TagName[t], "staff", now, cause))
		}
		for _, t := range remove {
			tagsRemove = append(tagsRemove, tagRow{p, t})
			tagEvs = append(tagEvs, tagEvent(Untagged, r, t, "", "staff", now, cause))
		}
		did.Tags += len(add) + len(remove)
		if len(add)+len(remove) > 0 && (what == keep || what == amend) {
			item.What, item.At = Retag, time.Time{}
			did.Items = append(did.Items, item)
		}
	}
	if err := nameTags(ctx, tx, tagEvs); err != nil {
		return did, err
	}
	if err := beginRelations(ctx, tx, begun, now); err != nil {
		return did, err
	}
	if err := amendRelations(ctx, tx, amended, now); err != nil {
		return did, err
	}
	if err := saveTags(ctx, tx, tagsAdd, tagsRemove, now, s.Wall.Now()); err != nil {
		return did, err
	}
	if err := s.Events.Publish(ctx, tx, append(evs, tagEvs...)...); err != nil {
		return did, err
	}
	fpApplyAfter.Hit()
	return did, nil
}

// nameTags fills in the names that a reading did not bring.
func nameTags(ctx context.Context, q pg.Querier, evs []event.Event) error {
	var names map[string]string
	for i, e := range evs {
		d := e.Data.(TagData)
		if d.Name != "" {
			continue
		}
		if names == nil {
			var err error
			if names, err = tagNames(ctx, q); err != nil {
				return err
			}
		}
		d.Name = names[d.TagID]
		evs[i].Data = d
	}
	return nil
}

func tagEvent(kind event.Kind, r Relation, tag, name, by string, at time.Time, cause int64) event.Event {
	return event.Event{Kind: kind, At: at, CustomerID: r.CustomerID, StaffID: r.StaffID, StoreID: r.StoreID, CauseID: cause,
		Data: TagData{TagID: tag, Name: name, By: by}}
}

type known struct {
	id          int64
	addedBefore bool
}

// resolve finds or makes the customer of every contact: by external_userid, else by unionid (a member another system
// told us of), else new. It returns them by external_userid, and how many are new.
func (s *Service) resolve(ctx context.Context, tx pg.Tx, seen []Seen) (map[string]known, int, error) {
	contacts := map[string]wecom.ExternalContact{}
	for _, x := range seen {
		contacts[x.Contact.ExternalUserID] = x.Contact
	}
	externals := make([]string, 0, len(contacts))
	for e := range contacts {
		externals = append(externals, e)
	}
	sort.Strings(externals) // one order everywhere, so that two writers never wait for each other
	byExternal, err := identities(ctx, tx, "external_userid", externals)
	if err != nil {
		return nil, 0, err
	}
	var unionIDs []string
	for _, e := range externals {
		if byExternal[e] == 0 && contacts[e].UnionID != "" {
			unionIDs = append(unionIDs, contacts[e].UnionID)
		}
	}
	byUnion, err := identities(ctx, tx, "unionid", unionIDs)
	if err != nil {
		return nil, 0, err
	}
	ids, err := s.IDs.Take(ctx, len(externals))
	if err != nil {
		return nil, 0, err
	}
	var claims []Identity
	for i, e := range externals {
		if byExternal[e] != 0 {
			continue
		}
		target := ids[i]
		if u := byUnion[contacts[e].UnionID]; u != 0 {
			target = u
		}
		claims = append(claims, Identity{"external_userid", e, target, "wecom"})
	}
	won, err := claimIdentities(ctx, tx, claims, s.Clock.Now())
	if err != nil {
		return nil, 0, err
	}
	var more []Identity
	var created []newCustomer
	for i, e := range externals {
		if byExternal[e] == 0 {
			byExternal[e] = won[e]
			if won[e] == ids[i] {
				created = append(created, newCustomer{ids[i], contacts[e].Name, contacts[e].Gender})
			}
		}
		if u := contacts[e].UnionID; u != "" {
			more = append(more, Identity{"unionid", u, byExternal[e], "wecom"})
		}
	}
	if err := insertCustomers(ctx, tx, created, s.Clock.Now()); err != nil {
		return nil, 0, err
	}
	if _, err := claimIdentities(ctx, tx, more, s.Clock.Now()); err != nil {
		return nil, 0, err
	}
	renames := make([]newCustomer, 0, len(externals))
	began := map[int64]time.Time{}
	for _, e := range externals {
		renames = append(renames, newCustomer{byExternal[e], contacts[e].Name, contacts[e].Gender})
	}
	for _, x := range seen {
		at := time.Unix(x.Follow.CreateTime, 0)
		if old, ok := began[byExternal[x.Contact.ExternalUserID]]; !ok || at.Before(old) {
			began[byExternal[x.Contact.ExternalUserID]] = at
		}
	}
	if err := renameCustomers(ctx, tx, renames, s.Clock.Now()); err != nil {
		return nil, 0, err
	}
	before, err := markAdded(ctx, tx, began)
	if err != nil {
		return nil, 0, err
	}
	out := make(map[string]known, len(externals))
	for _, e := range externals {
		out[e] = known{id: byExternal[e], addedBefore: before[byExternal[e]]}
	}
	return out, len(created), nil
}

// ensurePeople makes customers of contacts we only know by their external_userid.
func (s *Service) ensurePeople(ctx context.Context, tx pg.Tx, bare []Seen) error {
	externals := make([]string, 0, len(bare))
	for _, b := range bare {
		externals = append(externals, b.Contact.ExternalUserID)
	}
	externals = unique(externals)
	ids, err := s.IDs.Take(ctx, len(externals))
	if err != nil {
		return err
	}
	claims := make([]Identity, len(externals))
	for i, e := range externals {
		claims[i] = Identity{"external_userid", e, ids[i], "wecom"}
	}
	won, err := claimIdentities(ctx, tx, claims, s.Clock.Now())
	if err != nil {
		return err
	}
	var created []newCustomer
	for i, e := range externals {
		if won[e] == ids[i] {
			created = append(created, newCustomer{id: ids[i]})
		}
	}
	return insertCustomers(ctx, tx, created, s.Clock.Now())
}

// End is the news that a relation ended.
type End struct {
	UserID         string
	ExternalUserID string
	By             State // DeletedByCustomer or DeletedByStaff
	At             time.Time
	Transferred    bool // by the staff, to hand the customer on
}

// End marks relations as ended and publishes it; a relation that began after At, or that had ended before, is left alone,
// but for one that the customer ended and now the staff, too: WeCom does not show it any more, and nobody needs to hear.
func (s *Service) End(ctx context.Context, tx pg.Tx, ends []End, cause int64) error {
	ended, err := endRelations(ctx, tx, ends, s.Clock.Now())
	if err != nil || len(ended) == 0 {
		return err
	}
	handed := map[[2]string]bool{}
	for _, e := range ends {
		handed[[2]string{e.UserID, e.ExternalUserID}] = e.Transferred
	}
	evs := make([]event.Event, 0, len(ended))
	for _, r := range ended {
		by := "staff"
		if r.State == DeletedByCustomer {
			by = "customer"
		}
		evs = append(evs, event.Event{Kind: Ended, At: *r.EndedAt, CustomerID: r.CustomerID, StaffID: r.StaffID, StoreID: r.StoreID,
			CodeID: r.CodeID, CauseID: cause, Data: EndedData{By: by, UserID: r.UserID, ExternalUserID: r.ExternalUserID, Transferred: handed[[2]string{r.UserID, r.ExternalUserID}]}})
	}
	return s.Events.Publish(ctx, tx, evs...)
}

// Restore takes back ends of relations that WeCom shows after all: they were ended because the member of staff had left the
// app's sight, and came back with them. Only ends written before the corp time given are taken back: a reading may lag. It
// returns the relations; nobody hears of them, since nothing began.
func (s *Service) Restore(ctx context.Context, tx pg.Tx, seen []Seen, before time.Time) ([]Item, error) {
	back, err := restoreRelations(ctx, tx, seen, before, s.Clock.Now())
	if err != nil {
		return nil, err
	}
	out := make([]Item, len(back))
	for i, r := range back {
		out[i] = Item{CustomerID: r.CustomerID, UserID: r.UserID, ExternalUserID: r.ExternalUserID, What: Back, At: r.AddedAt}
	}
	return out, nil
}

// TagChange is a tag that we set or took away through the API; WeCom sends no callback for those.
type TagChange struct {
	CustomerID, StaffID    int64
	UserID, ExternalUserID string
	TagID                  string
	Added                  bool
	At                     time.Time
	By                     string
	CauseID                int64
}

// RecordTags keeps tags that a call of ours changed at WeCom.
func (s *Service) RecordTags(ctx context.Context, tx pg.Tx, changes []TagChange) error {
	if len(changes) == 0 {
		return nil
	}
	var pairs []pair
	for _, c := range changes {
		pairs = append(pairs, pair{c.CustomerID, c.StaffID})
	}
	held, err := relationTags(ctx, tx, pairs)
	if err != nil {
		return err
	}
	names, err := tagNames(ctx, tx)
	if err != nil {
		return err
	}
	var add, remove []tagRow
	var evs []event.Event
	for _, c := range changes {
		p := pair{c.CustomerID, c.StaffID}
		has := slices.ContainsFunc(held[p], func(t heldTag) bool { return t.id == c.TagID })
		if has == c.Added {
			continue
		}
		r := Relation{CustomerID: c.CustomerID, StaffID: c.StaffID}
		if c.Added {
			add = append(add, tagRow{p, c.TagID})
			held[p] = append(held[p], heldTag{c.TagID, s.Wall.Now()})
			evs = append(evs, tagEvent(Tagged, r, c.TagID, names[c.TagID], c.By, c.At, c.CauseID))
		} else {
			remove = append(remove, tagRow{p, c.TagID})
			evs = append(evs, tagEvent(Untagged, r, c.TagID, names[c.TagID], c.By, c.At, c.CauseID))
		}
	}
	if err := saveTags(ctx, tx, add, remove, s.Clock.Now(), s.Wall.Now()); err != nil {
		return err
	}
	return s.Events.Publish(ctx, tx, evs...)
}

// CodeOf says through which code a relation began.
type CodeOf struct{ CustomerID, StaffID, CodeID int64 }

// SetCode keeps through which code relations began.
func (s *Service) SetCode(ctx context.Context, tx pg.Tx, codes []CodeOf) error {
	return setCodes(ctx, tx, codes)
}

// OptOut stops everything addressed to the person, at once and until they opt in again.
func (s *Service) OptOut(ctx context.Context, customerID int64, reason string) error {
	return s.setOptOut(ctx, customerID, reason, true)
}

// OptIn takes the customer's opt-out back.
func (s *Service) OptIn(ctx context.Context, customerID int64) error {
	return s.setOptOut(ctx, customerID, "", false)
}

func (s *Service) setOptOut(ctx context.Context, customerID int64, reason string, out bool) error {
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		var at *time.Time
		now := s.Clock.Now()
		kind, action := OptedIn, "customer.opt_in"
		if out {
			at, kind, action = &now, OptedOut, "customer.opt_out"
		}
		changed, exists, err := saveOptOut(ctx, tx, customerID, at, reason)
		if err != nil {
			return err
		}
		if !exists {
			return errs.E(errs.NotFound, "customer.not_found", "customer %d", customerID)
		}
		if !changed {
			return nil
		}
		cause, err := s.IDs.Next(ctx)
		if err != nil {
			return err
		}
		if err := s.Audit.Record(ctx, tx, now, action, fmt.Sprintf("customer/%d", customerID), map[string]string{"reason": reason}); err != nil {
			return err
		}
		return s.Events.Publish(ctx, tx, event.Event{Kind: kind, At: now, CustomerID: customerID, CauseID: cause})
	})
}

// ApplyTags makes our copy of the corp's tags equal to WeCom's; complete says that list holds all of them, as they are now.
func (s *Service) ApplyTags(ctx context.Context, tx pg.Tx, list []wecom.CorpTagGroup, complete bool) error {
	if complete {
		return s.ApplyTagReading(ctx, tx, list, s.Wall.Now())
	}
	return saveTagList(ctx, tx, list, false)
}

// ApplyTagReading makes our copy of the corp's tags equal to a complete reading that began at a wall time. A reading older
// than what was applied since is left out: it does not know the newest tags, and would take them from their customers.
func (s *Service) ApplyTagReading(ctx context.Context, tx pg.Tx, list []wecom.CorpTagGroup, readAt time.Time) error {
	newest, err := claimTagReading(ctx, tx, readAt)
	if err != nil || !newest {
		return err
	}
	return saveTagList(ctx, tx, list, true)
}

func nameKey(name string) string { return pinyin.Key(name) }

func unique(in []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, x := range in {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	sort.Strings(out)
	return out
}

func contains(list []string, x string) bool {
	for _, y := range list {
		if y == x {
			return true
		}
	}
	return false
}
