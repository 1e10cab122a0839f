package touch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/group"
	"qunce/internal/id"
	"qunce/internal/pg"
)

// Deps are what the service works with.
type Deps struct {
	DB         *pg.DB
	IDs        *id.Source
	Clock      clock.Clock // the corp's
	Events     *event.Bus
	Audit      *audit.Log
	Customers  Customers
	Groups     Groups
	Directory  Directory
	Complaints Complaints // may be nil
}

// Service is the use cases.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d} }

var (
	fpDecideBefore = failpoint.New("touch.decide.before")
	fpDecideAfter  = failpoint.New("touch.decide.after")
	fpSettleBefore = failpoint.New("touch.settle.before")
)

// DecideCustomers decides about one-to-one messages and keeps the decisions in tx. The answer has the order of the
// candidates. The customers stay locked until tx ends, so that concurrent callers cannot overbook a cap: call it once per
// transaction, with everything the transaction wants to decide.
func (s *Service) DecideCustomers(ctx context.Context, tx pg.Tx, list []Candidate) ([]Decision, error) {
	if len(list) == 0 {
		return nil, nil
	}
	settings, err := s.Settings(ctx, tx)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now().In(clock.Shanghai)
	return s.decide(ctx, tx, people, list, now, func(ids []int64) (judge, error) {
		standings, err := s.standings(ctx, tx, ids)
		if err != nil {
			return nil, err
		}
		return func(c Candidate, u use) ruling {
			who, known := standings[c.CustomerID]
			return decidePerson(settings, now, c, who, known, u)
		}, nil
	})
}

// DecideGroups is DecideCustomers for posts to groups.
func (s *Service) DecideGroups(ctx context.Context, tx pg.Tx, list []Candidate) ([]Decision, error) {
	if len(list) == 0 {
		return nil, nil
	}
	settings, err := s.Settings(ctx, tx)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now().In(clock.Shanghai)
	return s.decide(ctx, tx, rooms, list, now, func(ids []int64) (judge, error) {
		known, err := s.Groups.ByIDs(ctx, tx, ids)
		if err != nil {
			return nil, fmt.Errorf("standings of groups: %w", err)
		}
		return func(c Candidate, u use) ruling {
			g, ok := known[c.GroupID]
			return decideRoom(settings, now, c, room{Alive: g.Status != group.Gone, HasOwner: g.OwnerID != 0 && g.Status == group.Normal}, ok, u)
		}, nil
	})
}

// judge is the rule with everything but the use bound.
type judge func(c Candidate, u use) ruling

// decide is the same for both kinds of subject: lock, read what is used, judge one after the other, write.
func (s *Service) decide(ctx context.Context, tx pg.Tx, b book, list []Candidate, now time.Time, prepare func(ids []int64) (judge, error)) ([]Decision, error) {
	fpDecideBefore.Hit()
	ids := make([]int64, 0, len(list))
	for _, c := range list {
		if b.subject(c) == 0 || c.SourceKey == "" || c.CauseID == 0 {
			return nil, fmt.Errorf("touch of %s %q without subject, key or cause", c.Source, c.SourceKey)
		}
		ids = append(ids, b.subject(c))
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if err := b.lock(ctx, tx, ids, now); err != nil {
		return nil, err
	}
	// From here on nobody else decides about these subjects; what others decided before is committed and visible.
	rule, err := prepare(ids)
	if err != nil {
		return nil, err
	}
	earlier, err := b.earlier(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	used, err := b.used(ctx, tx, ids, now)
	if err != nil {
		return nil, err
	}
	fresh, err := s.IDs.Take(ctx, len(list))
	if err != nil {
		return nil, err
	}

	out := make([]Decision, len(list))
	var insert, update []Decision
	var evs []event.Event
	for i, c := range list {
		key := entryKey{b.subject(c), c.SourceKey}
		before, asked := earlier[key]
		if asked && before.Verdict != Defer {
			before.Candidate = c
			out[i] = before
			continue
		}
		u := used[key.subject]
		r := rule(c, u)
		d := Decision{Candidate: c, TouchID: fresh[i], Verdict: r.verdict, Reason: r.reason, Until: r.until}
		if asked {
			d.TouchID = before.TouchID
			update = append(update, d)
		} else {
			insert = append(insert, d)
		}
		if d.Verdict == Allow {
			u.add(c)
			used[key.subject] = u
		}
		out[i], earlier[key] = d, d
		if !asked || before.Verdict != d.Verdict {
			evs = append(evs, eventOf(d, now))
		}
	}
	if err := b.insert(ctx, tx, insert, now); err != nil {
		return nil, err
	}
	if err := b.update(ctx, tx, update, now); err != nil {
		return nil, err
	}
	if err := s.Events.Publish(ctx, tx, evs...); err != nil {
		return nil, err
	}
	fpDecideAfter.Hit()
	return out, nil
}

func eventOf(d Decision, now time.Time) event.Event {
	kinds := map[string]event.Kind{Allow: WasAllowed, Defer: WasDeferred, Refuse: WasRefused}
	data := Data{TouchID: d.TouchID, Channel: d.Channel, Purpose: d.Purpose, Promo: d.Promo, Source: d.Source, Reason: d.Reason}
	if !d.Until.IsZero() {
		data.Until = &d.Until
	}
	return event.Event{Kind: kinds[d.Verdict], At: now, CustomerID: d.CustomerID, GroupID: d.GroupID, StaffID: d.StaffID, Data: data, CauseID: d.CauseID}
}

// Settle keeps what became of allowed touches. Failed and released ones give their quota back. A touch that was settled
// stays so, except that a late report of WeCom may still turn a failed or released one into a delivered one.
func (s *Service) Settle(ctx context.Context, tx pg.Tx, list []Outcome) error {
	fpSettleBefore.Hit()
	var persons, groups []Outcome
	for _, o := range list {
		if o.TouchID == 0 {
			continue
		}
		if o.GroupID != 0 {
			groups = append(groups, o)
		} else {
			persons = append(persons, o)
		}
	}
	if err := people.settle(ctx, tx, persons); err != nil {
		return err
	}
	return rooms.settle(ctx, tx, groups)
}

// Settings returns the corp's numbers, the defaults where nothing is kept.
func (s *Service) Settings(ctx context.Context, q pg.Querier) (Settings, error) {
	out := Defaults()
	var raw []byte
	err := q.QueryRow(ctx, `SELECT settings FROM touch_setting WHERE id = 1`).Scan(&raw)
	if errors.Is(err, pgx.ErrNoRows) {
		return out, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		return out, fmt.Errorf("touch settings: %w", err)
	}
	return out, nil
}

// SaveSettings replaces the corp's numbers; the change is audited. Errors: Invalid "touch.bad_settings".
func (s *Service) SaveSettings(ctx context.Context, to Settings) error {
	switch {
	case to.Quota != QuotaMonth && to.Quota != QuotaWeek && to.Quota != QuotaDay:
		return errs.E(errs.Invalid, "touch.bad_settings", "quota %q", to.Quota).On("quota")
	case to.Quiet == Hours{} || to.Quiet.From < 0 || to.Quiet.From > 24*60 || to.Quiet.To < 0 || to.Quiet.To > 24*60:
		return errs.E(errs.Invalid, "touch.bad_settings", "quiet hours").On("quiet")
	case to.Promo.Day < 0 || to.Promo.Week < 0 || to.Promo.Month < 0 || to.TrustHours < 0 || to.ComplaintDays < 0:
		return errs.E(errs.Invalid, "touch.bad_settings", "negative cap").On("promo")
	}
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		raw, err := json.Marshal(to)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO touch_setting (id, settings) VALUES (1, $1)
			ON CONFLICT (id) DO UPDATE SET settings = EXCLUDED.settings`, raw); err != nil {
			return fmt.Errorf("save touch settings: %w", err)
		}
		return s.Audit.Record(ctx, tx, s.Clock.Now(), "touch.settings", "touch/settings", to)
	})
}

// standings is what the rule needs to know of customers.
func (s *Service) standings(ctx context.Context, q pg.Querier, ids []int64) (map[int64]standing, error) {
	known, err := s.Customers.Standings(ctx, q, ids)
	if err != nil {
		return nil, fmt.Errorf("standings of customers: %w", err)
	}
	complaints := map[int64]time.Time{}
	if s.Complaints != nil {
		if complaints, err = s.Complaints.LastComplaints(ctx, q, ids); err != nil {
			return nil, fmt.Errorf("complaints of customers: %w", err)
		}
	}
	out := make(map[int64]standing, len(known))
	for c, k := range known {
		out[c] = standing{Standing: k, Complained: complaints[c]}
	}
	return out, nil
}

// Part is how a customer stands with the ledger at present, for their page.
func (s *Service) Part(ctx context.Context, customerID int64) (customer.TouchPart, error) {
	settings, err := s.Settings(ctx, s.DB)
	if err != nil {
		return customer.TouchPart{}, err
	}
	ids := []int64{customerID}
	known, err := s.standings(ctx, s.DB, ids)
	if err != nil {
		return customer.TouchPart{}, err
	}
	now := s.Clock.Now().In(clock.Shanghai)
	used, err := people.used(ctx, s.DB, ids, now)
	if err != nil {
		return customer.TouchPart{}, err
	}
	who, u := known[customerID], used[customerID]
	p := customer.TouchPart{MonthUsed: u.QuotaMonth, MonthCap: MonthCap(now), WeekPromo: u.PromoWeek, OptedOut: who.OptedOut}
	if until := quietUntil(settings, now, who); !until.IsZero() {
		p.QuietUntil = &until
	}
	return p, nil
}
