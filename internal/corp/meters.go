package corp

import (
	"cmp"
	"context"
	"slices"
	gosync "sync"
	"time"

	"golang.org/x/sync/errgroup"

	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/sync"
	"qunce/internal/touch"
	"qunce/internal/wecom"
)

// Meter is one thing that WeCom rations. Used and Limit are null while they are not known, and Error then says why. Source
// says who counted: "wecom" answered, or it is "ours", which leaves out what others did.
type Meter struct {
	Name   string      `json:"name" enum:"ways,tags,templates,intercept,intercept_words,friends,mass_customers,mass_groups,acquisition,moments"`
	Used   *int64      `json:"used"`
	Limit  *int64      `json:"limit"`
	State  string      `json:"state" enum:"ok,near,full,unknown"`
	Source string      `json:"source" enum:"wecom,ours"`
	AsOf   *time.Time  `json:"as_of"`
	Error  string      `json:"error" doc:"an error code: why it is not known"`
	Reason string      `json:"reason" doc:"the error's sentence"`
	Parts  []MeterPart `json:"parts"`
}

// MeterPart is a figure that belongs to a meter: what it is made of, or whom it concerns.
type MeterPart struct {
	Name    string `json:"name"`
	Count   int64  `json:"count"`
	StaffID int64  `json:"staff_id,omitempty"`
	Label   string `json:"label,omitempty"`
}

type metersOut struct {
	Items    []Meter       `json:"items"`
	Settings sync.Settings `json:"settings"`
}

type meterSettingsIn struct {
	Body sync.Settings
}

// WeCom's rations of a corp.
const (
	maxWays      = 500_000
	maxTags      = 10_000
	maxTemplates = 100
	maxRules     = 100
	maxWords     = 300     // of one rule
	maxMoments   = 100_000 // a month
)

// nearly is the share of a ration from which somebody should look.
const nearly = 0.9

// metersKept is how long what was asked and summed is shown again; no ration moves faster.
const metersKept = 5 * time.Minute

// meters remembers the last answer, so that a page that is looked at often costs WeCom and the ledger nothing.
type meters struct {
	mu    gosync.Mutex
	until time.Time
	items []Meter
}

// Meters registers the operations of the page of rations.
func (s System) Meters(a *api.API) {
	const tag = "system"
	api.Register(a, api.Op{ID: "getMeters", Method: "GET", Path: "/api/system/meters", Summary: "What WeCom rations, and how much of it is used", Tag: tag, Permission: "system.read"}, s.getMeters)
	api.Register(a, api.Op{ID: "setMeterLimits", Method: "PATCH", Path: "/api/system/meters", Summary: "Say what WeCom allows this corp, where it does not tell", Tag: tag, Permission: "system.manage"}, s.setMeterLimits)
}

func (s System) getMeters(ctx context.Context, _ *struct{}) (metersOut, error) {
	settings, err := s.Sync.Settings(ctx, s.DB)
	if err != nil {
		return metersOut{}, err
	}
	out := metersOut{Settings: settings}
	m := &s.meters
	m.mu.Lock()
	defer m.mu.Unlock()
	if !s.Wall.Now().Before(m.until) {
		items, err := s.readMeters(ctx, settings)
		if err != nil {
			return metersOut{}, err
		}
		m.items, m.until = items, s.Wall.Now().Add(metersKept)
	}
	out.Items = slices.Clone(m.items)
	for i, x := range out.Items {
		if x.Error != "" {
			out.Items[i].Reason = s.Catalog.Error(api.Lang(ctx), x.Error, nil)
		}
	}
	return out, nil
}

func (s System) setMeterLimits(ctx context.Context, in *meterSettingsIn) (api.Empty, error) {
	if err := s.Sync.SaveSettings(ctx, in.Body); err != nil {
		return api.Empty{}, err
	}
	s.meters.mu.Lock()
	defer s.meters.mu.Unlock()
	s.meters.until = time.Time{}
	return api.Empty{}, nil
}

func (s System) readMeters(ctx context.Context, settings sync.Settings) ([]Meter, error) {
	out := make([]Meter, 0, 10)
	for _, read := range []func(context.Context) ([]Meter, error){
		s.wayMeters, s.tagMeter,
		func(ctx context.Context) ([]Meter, error) { return s.friendMeter(ctx, int64(settings.FriendsPerStaff)) },
		s.massMeters,
	} {
		part, err := read(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	ask, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return append(append(out, s.ruleMeters(ask)...), s.acquisitionMeter(ask), s.momentMeter(ask)), nil
}

// metered makes a meter of a known figure.
func metered(name, source string, used, limit int64, at time.Time, parts ...MeterPart) Meter {
	m := Meter{Name: name, Used: &used, Limit: &limit, State: meterState(used, limit), Source: source, AsOf: &at, Parts: parts}
	if m.Parts == nil {
		m.Parts = []MeterPart{}
	}
	return m
}

func meterState(used, limit int64) string {
	switch {
	case limit > 0 && used >= limit:
		return "full"
	case float64(used) >= nearly*float64(limit):
		return "near"
	}
	return "ok"
}

// unknownMeter is one that WeCom would not tell.
func unknownMeter(name string, limit int64, err error) Meter {
	m := Meter{Name: name, State: "unknown", Source: "wecom", Error: errs.CodeOf(err), Parts: []MeterPart{}}
	if limit > 0 {
		m.Limit = &limit
	}
	return m
}

// wayMeters: contact ways and join ways share one ration. WeCom lists contact ways, also those of others; of join ways it has
// no list, so only ours are counted. Nor has it one of group welcome templates, and nothing here makes any.
func (s System) wayMeters(ctx context.Context) ([]Meter, error) {
	ours, err := s.Codes.Tally(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	now := s.Time.Now()
	res, run, listed, err := s.Sync.WaysAtWeCom(ctx)
	if err != nil {
		return nil, err
	}
	ways := metered("ways", "ours", ours.Staff+ours.Group+ours.Orphans, maxWays, now)
	if listed {
		strays := int64(res.Strays)
		ways = metered("ways", "wecom", int64(res.Remote[sync.Ways])+strays+ours.Group+ours.Orphans, maxWays, *run.FinishedAt,
			MeterPart{Name: "strays", Count: strays})
	}
	ways.Parts = append(ways.Parts, MeterPart{Name: "staff_codes", Count: ours.Staff}, MeterPart{Name: "group_codes", Count: ours.Group})
	if ours.Orphans > 0 {
		ways.Parts = append(ways.Parts, MeterPart{Name: "orphans", Count: ours.Orphans})
	}
	return []Meter{ways, metered("templates", "ours", 0, maxTemplates, now)}, nil
}

func (s System) tagMeter(ctx context.Context) ([]Meter, error) {
	n, err := s.Customers.CountTags(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	_, run, compared, err := s.Sync.WaysAtWeCom(ctx)
	if compared { // our copy was compared with WeCom's list
		return []Meter{metered("tags", "wecom", n, maxTags, *run.FinishedAt)}, err
	}
	return []Meter{metered("tags", "ours", n, maxTags, s.Time.Now())}, err
}

// shownParts is how many of the fullest are named.
const shownParts = 10

// friendMeter shows the fullest members; the meter is that of the fullest of all.
func (s System) friendMeter(ctx context.Context, limit int64) ([]Meter, error) {
	top, err := s.Customers.Fullest(ctx, s.DB, shownParts)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(top))
	for i, x := range top {
		ids[i] = x.StaffID
	}
	names, err := s.staffNames(ctx, ids)
	if err != nil {
		return nil, err
	}
	var most int64
	var parts []MeterPart
	for i, x := range top {
		if i == 0 {
			most = x.Friends
		}
		parts = append(parts, MeterPart{Name: "staff", Count: x.Friends, StaffID: x.StaffID, Label: names[x.StaffID]})
	}
	return []Meter{metered("friends", "ours", most, limit, s.Time.Now(), parts...)}, nil
}

// massMeters: what a customer or a group may receive this month. The ledger counts ours; who WeCom refused says more.
func (s System) massMeters(ctx context.Context) ([]Meter, error) {
	customers, groups, err := s.Touch.MonthQuota(ctx)
	if err != nil {
		return nil, err
	}
	today := clock.Day(s.Time.Now())
	overCustomers, overGroups, err := s.Sends.OverCap(ctx, s.DB, today.AddDate(0, 0, 1-today.Day()))
	if err != nil {
		return nil, err
	}
	make1 := func(name string, q touch.Quota, over int64) Meter {
		return metered(name, "ours", q.Highest, int64(q.Cap), s.Time.Now(), MeterPart{Name: "at_cap", Count: q.At}, MeterPart{Name: "near_cap", Count: q.Near}, MeterPart{Name: "refused", Count: over})
	}
	return []Meter{make1("mass_customers", customers, overCustomers), make1("mass_groups", groups, overGroups)}, nil
}

// ruleMeters: how many rules there are, and how many words the fullest of them holds. WeCom tells a rule's words only of
// one rule at a time.
func (s System) ruleMeters(ctx context.Context) []Meter {
	const parallel = 8
	rules, err := s.WeCom.InterceptList(ctx)
	if err != nil {
		return []Meter{unknownMeter("intercept", maxRules, err), unknownMeter("intercept_words", maxWords, err)}
	}
	count := metered("intercept", "wecom", int64(len(rules)), maxRules, s.Time.Now())
	parts := make([]MeterPart, len(rules))
	var all errgroup.Group
	all.SetLimit(parallel)
	for i, r := range rules {
		all.Go(func() error {
			whole, err := s.WeCom.InterceptGet(ctx, r.ID)
			parts[i] = MeterPart{Name: "rule", Count: int64(len(whole.Words)), Label: r.Name}
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return []Meter{count, unknownMeter("intercept_words", maxWords, err)}
	}
	slices.SortStableFunc(parts, func(a, b MeterPart) int { return cmp.Compare(b.Count, a.Count) })
	var most int64
	if len(parts) > 0 {
		most = parts[0].Count
	}
	return []Meter{count, metered("intercept_words", "wecom", most, maxWords, s.Time.Now(), parts[:min(len(parts), shownParts)]...)}
}

func (s System) acquisitionMeter(ctx context.Context) Meter {
	q, err := s.WeCom.LinkQuota(ctx)
	if err != nil {
		return unknownMeter("acquisition", 0, err)
	}
	m := metered("acquisition", "wecom", int64(q.Total-q.Balance), int64(q.Total), s.Time.Now(), MeterPart{Name: "balance", Count: int64(q.Balance)})
	if q.Total == 0 { // none was bought: nothing is used up
		m.State = "ok"
	}
	return m
}

// maxMomentPages bounds how many pages of posts are counted; more than that are far from any ration worth a look.
const maxMomentPages = 25

// momentMeter counts the corp's posts of this month.
func (s System) momentMeter(ctx context.Context) Meter {
	now := s.Time.Now()
	today := clock.Day(now)
	from := today.AddDate(0, 0, 1-today.Day())
	if now.Sub(from) > 30*24*time.Hour { // WeCom takes at most thirty days
		from = now.Add(-30 * 24 * time.Hour)
	}
	n, cursor := int64(0), ""
	for page := 0; ; page++ {
		list, next, err := s.WeCom.MomentList(ctx, wecom.MomentFilter{From: from, To: now}, cursor)
		if err != nil {
			return unknownMeter("moments", maxMoments, err)
		}
		n += int64(len(list))
		if next == "" {
			return metered("moments", "wecom", n, maxMoments, now)
		}
		if page == maxMomentPages {
			return metered("moments", "wecom", n, maxMoments, now, MeterPart{Name: "at_least", Count: n})
		}
		cursor = next
	}
}
