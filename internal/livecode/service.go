package livecode

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/group"
	"qunce/internal/id"
	"qunce/internal/media"
	"qunce/internal/order"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/touch"
	"qunce/internal/wecom"
)

// Directory knows staff and stores.
type Directory interface {
	StaffByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]directory.Staff, error)
	StaffOfStores(ctx context.Context, q pg.Querier, storeIDs []int64) (map[int64][]directory.Staff, error)
	StoresByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]directory.Store, error)
}

// Groups knows the customer groups.
type Groups interface {
	ByIDs(ctx context.Context, q pg.Querier, groupIDs []int64) (map[int64]group.Ref, error)
	ByChats(ctx context.Context, q pg.Querier, chatIDs []string) (map[string]group.Ref, error)
	OpenByStores(ctx context.Context, q pg.Querier, storeIDs []int64) (map[int64][]group.Ref, error)
	SetCode(ctx context.Context, tx pg.Tx, codes []group.CodeOf) error
}

// Customers keeps relations and their tags.
type Customers interface {
	SetCode(ctx context.Context, tx pg.Tx, codes []customer.CodeOf) error
	RecordTags(ctx context.Context, tx pg.Tx, changes []customer.TagChange) error
	TagsOf(ctx context.Context, q pg.Querier, customerID, staffID int64) ([]string, error)
}

// Orders marks orders as owed to a code.
type Orders interface {
	Attribute(ctx context.Context, tx pg.Tx, owed []order.Attribution) error
}

// Touches is the ledger that decides about every message.
type Touches interface {
	DecideCustomers(ctx context.Context, tx pg.Tx, candidates []touch.Candidate) ([]touch.Decision, error)
	Settle(ctx context.Context, tx pg.Tx, outcomes []touch.Outcome) error
}

// Deps are what the service works with.
type Deps struct {
	DB        *pg.DB
	IDs       *id.Source
	Clock     clock.Clock // the corp's
	Wall      clock.Clock
	Events    *event.Bus
	Outbox    *outbox.Outbox
	WeCom     *wecom.Client
	Audit     *audit.Log
	Log       *slog.Logger
	Directory Directory
	Groups    Groups
	Customers Customers
	Orders    Orders
	Touches   Touches
	Media     *media.Service
	TagNames  func(ctx context.Context, ids []string) (map[string]string, error) // nil: pages show the ids
	PublicURL string                                                             // where customers reach this server, without a trailing slash
	Brand     string
}

// Service is the use cases.
type Service struct{ Deps }

// New returns the service, listening to events and with its calls registered.
func New(d Deps) *Service {
	d.PublicURL = strings.TrimRight(d.PublicURL, "/")
	s := &Service{Deps: d}
	s.registerWays()
	s.registerWelcome()
	s.Events.Subscribe("livecode", s.onAdded, customer.Added)
	s.Events.Subscribe("livecode", s.onWelcomed, customer.Welcomed)
	s.Events.Subscribe("livecode", s.onJoined, group.Joined)
	s.Events.Subscribe("livecode", s.onGroupChanged, group.Created, group.Dissolved, group.Changed)
	s.Events.Subscribe("livecode", s.onOrders, order.Placed, order.Refunded)
	return s
}

var (
	fpSaveBefore = failpoint.New("livecode.save.before")
	fpSaveAfter  = failpoint.New("livecode.save.after")
)

// NewCode is what somebody asks for. A staff or group code of a store without a list follows the store: its staff, or its
// open groups, whoever and whichever they are.
type NewCode struct {
	Kind        Kind
	Name        string
	Channel     Channel
	StoreID     int64
	StaffIDs    []int64
	GroupIDs    []int64
	TagIDs      []string
	WelcomeText string
	Parts       []media.Part
	OfferGroup  bool
}

// URL is the address of a code's landing page: what is printed.
func (s *Service) URL(token string) string { return s.PublicURL + "/c/" + token }

// Create makes a code and asks WeCom for it; the code is 'creating' until WeCom has answered. A locator is active at once.
// Errors: Invalid "code.name", "code.kind", "code.channel", "code.staff", "code.too_many_staff", "code.group",
// "code.too_many_groups", "code.tags", "code.welcome_too_long", NotFound "code.store".
func (s *Service) Create(ctx context.Context, n NewCode) (int64, error) {
	c := Code{Kind: n.Kind, Name: strings.TrimSpace(n.Name), Channel: n.Channel, StoreID: n.StoreID, StaffIDs: n.StaffIDs, GroupIDs: n.GroupIDs,
		TagIDs: n.TagIDs, WelcomeText: strings.TrimSpace(n.WelcomeText), WelcomeParts: n.Parts, OfferGroup: n.OfferGroup, WelcomeVersion: 1}
	if err := c.check(); err != nil {
		return 0, err
	}
	ids, err := s.IDs.Take(ctx, 2)
	if err != nil {
		return 0, err
	}
	c.ID, c.Token, c.WayState = ids[0], newToken(), stateOf(ids[0])
	c.CreatedAt, c.UpdatedAt = s.Clock.Now(), s.Clock.Now()
	c.Status = Creating
	if c.Kind == Locator {
		c.Status = Active
	}
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		c := c // a second run starts from the same
		if err := s.Media.Check(ctx, tx, "welcome_parts", c.WelcomeParts); err != nil {
			return err
		}
		if err := s.fill(ctx, tx, &c); err != nil {
			return err
		}
		fpSaveBefore.Hit()
		if err := insertCodes(ctx, tx, []Code{c}); err != nil {
			return err
		}
		if c.Kind != Locator {
			if err := s.Outbox.Plan(ctx, tx, createPlan(c, ids[1], ids[1])); err != nil {
				return err
			}
		}
		return s.Audit.Record(ctx, tx, s.Clock.Now(), "code.create", object(c.ID), map[string]any{"kind": c.Kind, "name": c.Name, "store_id": c.StoreID})
	})
	if err != nil {
		return 0, err
	}
	fpSaveAfter.Hit()
	return c.ID, nil
}

func object(codeID int64) string { return fmt.Sprintf("code/%d", codeID) }

// check looks at what can be judged without the database.
func (c Code) check() error {
	switch {
	case c.Name == "" || utf8.RuneCountInString(c.Name) > MaxName:
		return errs.E(errs.Invalid, "code.name", "a name has 1 to %d characters", MaxName).On("name").With("max", MaxName)
	case !slices.Contains(Kinds(), c.Kind):
		return errs.E(errs.Invalid, "code.kind", "unknown kind %q", c.Kind).On("kind")
	case !slices.Contains(Channels(), c.Channel):
		return errs.E(errs.Invalid, "code.channel", "unknown channel %q", c.Channel).On("channel")
	case len(c.StaffIDs) > MaxStaff:
		return errs.E(errs.Invalid, "code.too_many_staff", "%d staff", len(c.StaffIDs)).On("staff_ids").With("max", MaxStaff)
	case len(c.GroupIDs) > MaxGroups:
		return errs.E(errs.Invalid, "code.too_many_groups", "%d groups", len(c.GroupIDs)).On("group_ids").With("max", MaxGroups)
	case len(c.TagIDs) > MaxTags:
		return errs.E(errs.Invalid, "code.tags", "%d tags", len(c.TagIDs)).On("tag_ids").With("max", MaxTags)
	case len(c.WelcomeText) > maxWelcome*3/4: // names are still to be filled in
		return errs.E(errs.Invalid, "code.welcome_too_long", "%d bytes", len(c.WelcomeText)).On("welcome_text").With("max", maxWelcome/4)
	case len(c.WelcomeParts) > maxParts:
		return errs.E(errs.Invalid, "media.too_many", "%d parts", len(c.WelcomeParts)).On("welcome_parts").With("max", maxParts)
	}
	return nil
}

// fill completes a code from its store: the people and groups behind it, and what new groups will be called.
func (s *Service) fill(ctx context.Context, q pg.Querier, c *Code) error {
	base := c.Name
	if c.StoreID != 0 {
		stores, err := s.Directory.StoresByIDs(ctx, q, []int64{c.StoreID})
		if err != nil {
			return err
		}
		store, ok := stores[c.StoreID]
		if !ok {
			return errs.E(errs.NotFound, "code.store", "no store %d", c.StoreID).On("store_id")
		}
		base = store.Name
	}
	switch c.Kind {
	case StaffCode:
		return s.fillStaff(ctx, q, c)
	case GroupCode:
		if c.RoomBaseName == "" {
			c.RoomBaseName = baseName(base)
		}
		return s.fillGroups(ctx, q, c)
	}
	return nil
}

// baseName is what the groups that WeCom opens by itself are called, before its number.
func baseName(of string) string { return firstRunes(of, maxBase-3) + "福利群" }

func (s *Service) fillStaff(ctx context.Context, q pg.Querier, c *Code) error {
	c.GroupIDs = nil
	if len(c.StaffIDs) == 0 {
		c.FollowStore = true
		if c.StoreID == 0 {
			return errs.E(errs.Invalid, "code.staff", "neither staff nor a store").On("staff_ids")
		}
		people, err := s.Directory.StaffOfStores(ctx, q, []int64{c.StoreID})
		if err != nil {
			return err
		}
		if c.StaffIDs = contactable(people[c.StoreID]); len(c.StaffIDs) == 0 {
			return errs.E(errs.Invalid, "code.staff", "nobody of the store can be contacted").On("store_id")
		}
		return nil
	}
	people, err := s.Directory.StaffByIDs(ctx, q, c.StaffIDs)
	if err != nil {
		return err
	}
	for _, id := range c.StaffIDs {
		if p, ok := people[id]; !ok || !p.CanContact || !p.Active {
			return errs.E(errs.Invalid, "code.staff", "staff %d cannot be contacted", id).On("staff_ids").With("staff", p.Name)
		}
	}
	return nil
}

// contactable picks the staff behind a store's code, at most MaxStaff.
func contactable(people []directory.Staff) []int64 {
	var ids []int64
	for _, p := range people {
		if p.CanContact && p.Active && len(ids) < MaxStaff {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

func (s *Service) fillGroups(ctx context.Context, q pg.Querier, c *Code) error {
	c.StaffIDs = nil
	if len(c.GroupIDs) == 0 {
		c.FollowStore = true
		if c.StoreID == 0 {
			return errs.E(errs.Invalid, "code.group", "neither groups nor a store").On("group_ids")
		}
		rooms, err := s.Groups.OpenByStores(ctx, q, []int64{c.StoreID})
		if err != nil {
			return err
		}
		if c.GroupIDs = chooseRooms(nil, rooms[c.StoreID]); len(c.GroupIDs) == 0 {
			return errs.E(errs.Invalid, "code.group", "the store has no group yet").On("store_id")
		}
		return nil
	}
	rooms, err := s.Groups.ByIDs(ctx, q, c.GroupIDs)
	if err != nil {
		return err
	}
	for _, id := range c.GroupIDs {
		if rooms[id].Status != group.Normal {
			return errs.E(errs.Invalid, "code.group", "group %d is not there any more", id).On("group_ids")
		}
	}
	return nil
}

// Change is what somebody changes of a code; nil fields stay. Any change, also an empty one, tries a failed code again.
type Change struct {
	Name        *string
	Channel     *Channel
	StaffIDs    *[]int64 // empty: follow the store
	GroupIDs    *[]int64 // empty: follow the store
	TagIDs      *[]string
	WelcomeText *string
	Parts       *[]media.Part
	OfferGroup  *bool
	Paused      *bool
}

// Update changes a code, and WeCom's side of it where that differs. A paused code still works for whoever kept WeCom's own
// picture; its landing page leads on to another code. Errors: those of Create, NotFound "code.not_found".
func (s *Service) Update(ctx context.Context, codeID int64, ch Change) error {
	call, err := s.IDs.Next(ctx)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		old, err := lockCode(ctx, tx, codeID)
		if err != nil {
			return err
		}
		c := old
		c.apply(ch)
		if err := c.check(); err != nil {
			return err
		}
		if ch.Parts != nil {
			if err := s.Media.Check(ctx, tx, "welcome_parts", c.WelcomeParts); err != nil {
				return err
			}
		}
		if ch.StaffIDs != nil || ch.GroupIDs != nil {
			c.FollowStore = false
			if err := s.fill(ctx, tx, &c); err != nil {
				return err
			}
		}
		c.UpdatedAt = s.Clock.Now()
		plan, planned := replan(old, &c, call)
		fpSaveBefore.Hit()
		if err := saveCodes(ctx, tx, []Code{c}); err != nil {
			return err
		}
		if planned {
			if err := s.Outbox.Plan(ctx, tx, plan); err != nil {
				return err
			}
		}
		return s.Audit.Record(ctx, tx, s.Clock.Now(), "code.update", object(c.ID), changed(old, c))
	})
}

func (c *Code) apply(ch Change) {
	if ch.Name != nil {
		c.Name = strings.TrimSpace(*ch.Name)
	}
	if ch.Channel != nil {
		c.Channel = *ch.Channel
	}
	if ch.StaffIDs != nil {
		c.StaffIDs = *ch.StaffIDs
	}
	if ch.GroupIDs != nil {
		c.GroupIDs = *ch.GroupIDs
	}
	if ch.TagIDs != nil {
		c.TagIDs = *ch.TagIDs
	}
	if ch.WelcomeText != nil && strings.TrimSpace(*ch.WelcomeText) != c.WelcomeText {
		c.WelcomeText = strings.TrimSpace(*ch.WelcomeText)
		c.WelcomeVersion++
	}
	if ch.Parts != nil && !slices.Equal(*ch.Parts, c.WelcomeParts) {
		c.WelcomeParts = *ch.Parts
		c.WelcomeVersion++
	}
	if ch.OfferGroup != nil {
		c.OfferGroup = *ch.OfferGroup
	}
	if ch.Paused != nil {
		switch {
		case *ch.Paused && c.Status == Active:
			c.Status = Paused
		case !*ch.Paused && c.Status == Paused:
			c.Status = Active
		}
	}
}

// replan decides what a changed code asks of WeCom: to be made after all, or to be rewritten where it differs.
func replan(old Code, c *Code, call int64) (outbox.Plan, bool) {
	switch {
	case c.Kind == Locator:
		return outbox.Plan{}, false
	case old.Status == Failed && old.ConfigID == "":
		c.Status, c.StatusReason = Creating, ""
		return createPlan(*c, call, call), true
	case old.Status == Failed: // a join way that was made but could not be read
		c.Status, c.StatusReason = Creating, ""
		return pictureCall(c.ID, call, call), true
	case old.ConfigID == "":
		return outbox.Plan{}, false // what is being made compares when it is done
	case c.Name != old.Name || !sameSet(c.StaffIDs, old.StaffIDs) || !sameSet(c.GroupIDs, old.GroupIDs) || old.StatusReason != "":
		c.StatusReason = ""
		return updatePlan(*c, call, call), true
	}
	return outbox.Plan{}, false
}

// changed lists for the audit what a change touched.
func changed(old, c Code) map[string]any {
	out := map[string]any{}
	note := func(what string, differs bool, to any) {
		if differs {
			out[what] = to
		}
	}
	note("name", old.Name != c.Name, c.Name)
	note("channel", old.Channel != c.Channel, c.Channel)
	note("status", old.Status != c.Status, c.Status)
	note("staff_ids", !sameSet(old.StaffIDs, c.StaffIDs), c.StaffIDs)
	note("group_ids", !sameSet(old.GroupIDs, c.GroupIDs), c.GroupIDs)
	note("tag_ids", !slices.Equal(old.TagIDs, c.TagIDs), c.TagIDs)
	note("welcome_text", old.WelcomeText != c.WelcomeText, c.WelcomeText)
	note("welcome_parts", !slices.Equal(old.WelcomeParts, c.WelcomeParts), c.WelcomeParts)
	note("offer_group", old.OfferGroup != c.OfferGroup, c.OfferGroup)
	return out
}

// Get returns a code, or NotFound "code.not_found".
func (s *Service) Get(ctx context.Context, codeID int64) (Code, error) {
	return getCode(ctx, s.DB, codeID)
}

// ByToken returns the code of a landing page, or NotFound "code.not_found".
func (s *Service) ByToken(ctx context.Context, token string) (Code, error) {
	return codeByToken(ctx, s.DB, token)
}

// Names returns the names of codes; unknown ids are left out.
func (s *Service) Names(ctx context.Context, q pg.Querier, ids []int64) (map[int64]string, error) {
	return codeNames(ctx, q, ids)
}

// OfStores returns, per store, its usable staff code and group code, the newest of each kind; a store without is left out.
func (s *Service) OfStores(ctx context.Context, q pg.Querier, storeIDs []int64) (map[int64]Doors, error) {
	codes, err := usableOfStores(ctx, q, storeIDs)
	if err != nil {
		return nil, err
	}
	out := map[int64]Doors{}
	for _, c := range codes { // oldest first, so the newest stays
		d := out[c.StoreID]
		switch c.Kind {
		case StaffCode:
			d.Staff = &c
		case GroupCode:
			d.Group = &c
		case Locator:
			continue
		}
		out[c.StoreID] = d
	}
	return out, nil
}

// Doors are the codes of one store; nil where it has none that works.
type Doors struct{ Staff, Group *Code }

// OfGroups returns the newest usable group code that leads into each group.
func (s *Service) OfGroups(ctx context.Context, q pg.Querier, groupIDs []int64) (map[int64]Code, error) {
	return codesOfGroups(ctx, q, groupIDs)
}

// OfStaff returns the code a member of staff shows: the newest usable staff code that names them; ok is false if none.
func (s *Service) OfStaff(ctx context.Context, staffID int64) (c Code, ok bool, err error) {
	return codeOfStaff(ctx, s.DB, staffID)
}

// Locator returns the newest usable store locator; ok is false when there is none.
func (s *Service) Locator(ctx context.Context) (c Code, ok bool, err error) {
	return newestLocator(ctx, s.DB)
}

// Orphans counts join ways that may stand at WeCom without belonging to a code, for the system page.
func (s *Service) Orphans(ctx context.Context) (n int64, err error) { return countOrphans(ctx, s.DB) }

// day is the business day of a time, as a DATE.
func day(t time.Time) string { return t.In(clock.Shanghai).Format(time.DateOnly) }
