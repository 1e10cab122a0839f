package statistic

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"qunce/internal/actor"
	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/directory"
	"qunce/internal/errs"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Deps are what the service works with.
type Deps struct {
	DB        *pg.DB
	Clock     clock.Clock // the corp's
	WeCom     *wecom.Client
	Audit     *audit.Log
	Directory *directory.Service
	Owners    func(ctx context.Context) ([]int64, error) // staff who own, or owned, a group
	Log       *slog.Logger
}

// Service is the use cases.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// All is as far back as WeCom remembers; Lately is for whoever looks often.
const (
	All    = reach
	Lately = 3
)

// Missing lists the calls that would fill what is missing of the last days, newest first. users are the members in sight
// with a seat, and gone those in sight who had one until a time: of them the days up to it are asked for.
func (s *Service) Missing(ctx context.Context, users []string, gone map[string]time.Time, back int) ([]Ask, error) {
	people, err := s.Directory.StaffByUserIDs(ctx, s.DB, slices.AppendSeq(slices.Clone(users), maps.Keys(gone)))
	if err != nil {
		return nil, err
	}
	staff := make([]int64, 0, len(people))
	until := map[int64]time.Time{}
	for u, p := range people {
		if t, left := gone[u]; left && !p.Active {
			continue // out of sight
		} else if left {
			until[p.ID] = t
		}
		staff = append(staff, p.ID)
	}
	slices.Sort(staff)
	owning, err := s.Owners(ctx)
	if err != nil {
		return nil, err
	}
	owning = slices.DeleteFunc(slices.Sorted(slices.Values(owning)), func(id int64) bool {
		_, seen := slices.BinarySearch(staff, id)
		return !seen
	})
	now := s.Clock.Now()
	list := windows(now, back)
	if len(list) == 0 {
		return nil, nil
	}
	first := list[len(list)-1].from
	chats, err := settled(ctx, s.DB, "statistic_staff_day", staff, first, now)
	if err != nil {
		return nil, err
	}
	groups, err := settled(ctx, s.DB, "statistic_owner_day", owning, first, now)
	if err != nil {
		return nil, err
	}
	chats.endAt(until, list)
	groups.endAt(until, list)
	asks := slices.Concat(staffAsks(chats, staff, list), ownerAsks(groups, owning, list))
	for i := range asks {
		asks[i].gone = until
	}
	slices.SortStableFunc(asks, func(a, b Ask) int { return clock.Day(b.To).Compare(clock.Day(a.To)) })
	return asks, nil
}

// Reading is what came of calls.
type Reading struct {
	Staff  []StaffDay
	Owners []OwnerDay
	Calls  int
	Hidden int // members whom WeCom would not show

	Refused []Refusal
}

func (r *Reading) add(o Reading) {
	r.Staff, r.Owners, r.Refused = append(r.Staff, o.Staff...), append(r.Owners, o.Owners...), append(r.Refused, o.Refused...)
	r.Calls, r.Hidden = r.Calls+o.Calls, r.Hidden+o.Hidden
}

// Refusal is an ask that WeCom refused for the sake of the one whom it is about.
type Refusal struct {
	UserID string         `json:"userid"`
	Owner  bool           `json:"owner"` // of their groups, not of their chats
	Code   string         `json:"code"`
	Params map[string]any `json:"params"` // of the code's sentence
}

// Read makes calls, a few at once. Members who are out of sight by now are left out: nothing is known of their days. An ask
// that WeCom refuses for the sake of one member is noted, and the others go on; an error concerns all.
func (s *Service) Read(ctx context.Context, asks []Ask) (Reading, error) {
	names, err := s.names(ctx, asks)
	if err != nil {
		return Reading{}, err
	}
	now := s.Clock.Now()
	const readers = 8
	var mu sync.Mutex
	var wg sync.WaitGroup
	var out Reading
	var failed error
	slots := make(chan struct{}, readers)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for _, a := range asks {
		slots <- struct{}{}
		wg.Add(1)
		go func() {
			defer func() { <-slots; wg.Done() }()
			got, err := s.ask(ctx, a, names, now)
			mu.Lock()
			defer mu.Unlock()
			out.add(got)
			if err != nil {
				if failed == nil {
					failed = err
				}
				stop()
			}
		}()
	}
	wg.Wait()
	return out, failed
}

func (s *Service) names(ctx context.Context, asks []Ask) (map[int64]string, error) {
	ids := map[int64]bool{}
	for _, a := range asks {
		if a.Staff != 0 {
			ids[a.Staff] = true
		}
		for _, o := range a.Owners {
			ids[o] = true
		}
	}
	people, err := s.Directory.StaffByIDs(ctx, s.DB, slices.Collect(maps.Keys(ids)))
	out := make(map[int64]string, len(people))
	for id, p := range people {
		out[id] = p.UserID
	}
	return out, err
}

// ask makes one call, or several when one of many owners spoils it for the others.
func (s *Service) ask(ctx context.Context, a Ask, names map[int64]string, now time.Time) (Reading, error) {
	got, err := s.read(ctx, a, names, now)
	if err == nil {
		return got, nil
	}
	out := Reading{Calls: got.Calls}
	hidden := wecom.IsCode(err, 60011, 60111, 84074, 84061)
	who, owner := a.Staff, len(a.Owners) > 0
	if owner {
		who = a.Owners[0]
	}
	_, gone := a.gone[who]
	switch {
	case !hidden && concernsAll(err):
		return out, err
	case len(a.Owners) > 1:
		for part := range slices.Chunk(a.Owners, (len(a.Owners)+1)/2) {
			got, err := s.ask(ctx, Ask{Owners: part, From: a.From, To: a.To, gone: a.gone}, names, now)
			out.add(got)
			if err != nil {
				return out, err
			}
		}
	case hidden && gone && owner: // asked and not given: it would be refused every night
		out.Owners = ownerDays(a, nil, now)
	case hidden && gone:
		out.Staff = staffDays(a, nil, now)
	case hidden:
		out.Hidden++
	default:
		out.Refused = append(out.Refused, Refusal{UserID: names[who], Owner: owner, Code: errs.CodeOf(err), Params: errs.ParamsOf(err)})
		s.Log.Warn("statistics refused", "userid", names[who], "owner", owner, "error", err)
	}
	return out, nil
}

// concernsAll reports a refusal that every other ask would meet as well: the token, the address, the permission, the rate,
// or no answer of WeCom at all.
func concernsAll(err error) bool {
	var w *wecom.Error
	if !errors.As(err, &w) || w.Code <= 0 || wecom.Limited(err) || w.Code == 41001 {
		return true
	}
	switch errs.KindOf(err) {
	case errs.Unavailable, errs.TooMany, errs.Forbidden, errs.Unauthenticated:
		return true
	default:
		return false
	}
}

func (s *Service) read(ctx context.Context, a Ask, names map[int64]string, now time.Time) (Reading, error) {
	switch {
	case a.Staff != 0:
		days, err := s.WeCom.UserBehavior(ctx, []string{names[a.Staff]}, a.From, a.To)
		return Reading{Staff: staffDays(a, days, now), Calls: 1}, err
	case len(a.Owners) == 1 && !a.From.Equal(a.To):
		days, err := s.WeCom.GroupStatisticByDay(ctx, []string{names[a.Owners[0]]}, a.From, a.To)
		return Reading{Owners: ownerDays(a, days, now), Calls: 1}, err
	}
	return s.readDay(ctx, a, names, now)
}

// readDay reads one day of many owners.
func (s *Service) readDay(ctx context.Context, a Ask, names map[int64]string, now time.Time) (Reading, error) {
	users := make([]string, len(a.Owners))
	given := map[string]wecom.GroupFigures{}
	for i, id := range a.Owners {
		users[i] = names[id]
	}
	out := Reading{}
	for offset := 0; ; {
		rows, total, next, err := s.WeCom.GroupStatistic(ctx, users, a.From, a.To, wecom.ByGroups, offset, 1000)
		out.Calls++
		if err != nil {
			return out, err
		}
		for _, x := range rows {
			given[x.Owner] = x.Data
		}
		if next >= total || next <= offset {
			break
		}
		offset = next
	}
	for _, id := range a.Owners {
		d := OwnerDay{StaffID: id, Day: a.From, Final: final(a.From, now), ReadAt: now}
		if f, ok := given[names[id]]; ok {
			d.fill(f)
		}
		out.Owners = append(out.Owners, d)
	}
	return out, nil
}

func staffDays(a Ask, days []wecom.BehaviorDay, now time.Time) []StaffDay {
	given := make(map[string]wecom.BehaviorDay, len(days))
	for _, d := range days {
		given[dateOf(d.Day)] = d
	}
	var out []StaffDay
	for _, day := range (window{a.From, a.To}).days() {
		x := StaffDay{StaffID: a.Staff, Day: day, Final: final(day, now), ReadAt: now}
		if d, ok := given[day.Format(time.DateOnly)]; ok {
			x.Given, x.Chats, x.Messages, x.ReplyPercent, x.ReplyMinutes = true, &d.Chats, &d.Messages, d.ReplyPercent, d.FirstReplyMinutes
			x.Negative, x.Applies, x.Contacts = &d.NegativeFeedback, &d.Applies, &d.NewContacts
		}
		out = append(out, x)
	}
	return out
}

func ownerDays(a Ask, days []wecom.GroupDay, now time.Time) []OwnerDay {
	given := make(map[string]wecom.GroupFigures, len(days))
	for _, d := range days {
		given[dateOf(d.Day)] = d.Data
	}
	var out []OwnerDay
	for _, day := range (window{a.From, a.To}).days() {
		x := OwnerDay{StaffID: a.Owners[0], Day: day, Final: final(day, now), ReadAt: now}
		if f, ok := given[day.Format(time.DateOnly)]; ok {
			x.fill(f)
		}
		out = append(out, x)
	}
	return out
}

func (d *OwnerDay) fill(f wecom.GroupFigures) {
	d.Given, d.Groups, d.NewGroups, d.ActiveGroups = true, &f.Groups, &f.NewGroups, &f.GroupsWithWords
	d.Members, d.NewMembers, d.ActiveMembers, d.Messages = &f.Members, &f.NewMembers, &f.MembersWithWords, &f.Messages
}

func dateOf(s wecom.Seconds) string { return s.Time().In(clock.Shanghai).Format(time.DateOnly) }

// Save keeps readings. A final day is never written over.
func (s *Service) Save(ctx context.Context, tx pg.Tx, r Reading) error {
	if err := saveStaffDays(ctx, tx, r.Staff); err != nil {
		return err
	}
	return saveOwnerDays(ctx, tx, r.Owners)
}

// Refused reports that WeCom refuses the statistics as such, and by which code: a corp may not have them.
func Refused(err error) (code string, refused bool) {
	var w *wecom.Error
	if !errors.As(err, &w) || w.Code <= 0 || wecom.Limited(err) || errs.KindOf(err) == errs.Unavailable {
		return "", false
	}
	return errs.CodeOf(err), true
}

// visible returns whom the caller may see, narrowed to a store or a person; nil is everybody.
func (s *Service) visible(ctx context.Context, storeID, staffID int64) ([]int64, error) {
	scope := actor.From(ctx).Scope
	var ids []int64
	switch {
	case scope.All && storeID == 0 && staffID == 0:
		return nil, nil
	case scope.All && storeID == 0:
		return []int64{staffID}, nil
	case storeID != 0 && !scope.All && !slices.Contains(scope.Stores, storeID):
		return []int64{}, nil
	case storeID != 0 || len(scope.Stores) > 0:
		stores := scope.Stores
		if storeID != 0 {
			stores = []int64{storeID}
		}
		people, err := s.Directory.StaffOfStores(ctx, s.DB, stores)
		if err != nil {
			return nil, err
		}
		for _, list := range people {
			for _, p := range list {
				ids = append(ids, p.ID)
			}
		}
	case scope.Staff != 0:
		ids = []int64{scope.Staff}
	}
	if staffID != 0 {
		ids = slices.DeleteFunc(ids, func(id int64) bool { return id != staffID })
	}
	return append([]int64{}, ids...), nil
}

func day(text, field string) (time.Time, error) {
	d, err := time.ParseInLocation(time.DateOnly, text, clock.Shanghai)
	if err != nil {
		return d, errs.E(errs.Invalid, "query.bad_date", "%q is no date", text).On(field).With("value", text)
	}
	return d, nil
}

// period reads the days asked for; the last 30 by default. At most a year and a day at once.
func (s *Service) period(from, to string) (a, b time.Time, err error) {
	b = clock.Day(s.Clock.Now()).AddDate(0, 0, -1)
	if to != "" {
		if b, err = day(to, "to"); err != nil {
			return a, b, err
		}
	}
	a = b.AddDate(0, 0, -29)
	if from != "" {
		if a, err = day(from, "from"); err != nil {
			return a, b, err
		}
	}
	if a.After(b) || b.Sub(a) > 366*24*time.Hour {
		return a, b, errs.E(errs.Invalid, "statistic.period", "%s to %s", from, to).On("from")
	}
	return a, b, nil
}
