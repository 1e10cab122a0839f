package touch

import (
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/i18n"
)

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, clock.Shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

func TestDecidePerson(t *testing.T) {
	now := at("2026-11-18 10:00") // a Wednesday
	friend := standing{Standing: customer.Standing{Active: []int64{7}, FirstAdded: at("2026-11-01 10:00")}}
	with := func(change func(*standing)) standing { s := friend; change(&s); return s }
	single := Candidate{CustomerID: 1, StaffID: 7, Channel: MassSingle, Quota: true, WindowEnd: at("2026-11-18 12:00")}
	promo := single
	promo.Promo = true
	setting := func(change func(*Settings)) Settings { s := Defaults(); change(&s); return s }
	for name, c := range map[string]struct {
		settings Settings
		now      time.Time
		c        Candidate
		who      standing
		unknown  bool
		used     use
		verdict  string
		reason   string
		until    time.Time
	}{
		"plain":                    {c: single, who: friend, verdict: Allow},
		"unknown person":           {c: single, who: friend, unknown: true, verdict: Refuse, reason: NoRelation},
		"friend of somebody else":  {c: single, who: with(func(s *standing) { s.Active = []int64{8} }), verdict: Refuse, reason: NoRelation},
		"opted out":                {c: single, who: with(func(s *standing) { s.OptedOut = true }), verdict: Refuse, reason: OptedOut},
		"opted out welcome":        {c: Candidate{StaffID: 7, Channel: Welcome}, who: with(func(s *standing) { s.OptedOut = true }), verdict: Refuse, reason: OptedOut},
		"opted out, and no friend": {c: single, who: standing{Standing: customer.Standing{OptedOut: true}}, verdict: Refuse, reason: OptedOut},
		"quiet evening deferred": {now: at("2026-11-18 21:30"), c: Candidate{StaffID: 7, Channel: MassSingle, WindowEnd: at("2026-11-19 12:00")}, who: friend,
			verdict: Defer, reason: QuietHours, until: at("2026-11-19 08:30")},
		"quiet after midnight": {now: at("2026-11-18 00:10"), c: Candidate{StaffID: 7, Channel: SidebarSingle, WindowEnd: at("2026-11-18 09:00")}, who: friend,
			verdict: Defer, reason: QuietHours, until: at("2026-11-18 08:30")},
		"quiet, window over by then":        {now: at("2026-11-18 21:30"), c: Candidate{StaffID: 7, Channel: MassSingle, WindowEnd: at("2026-11-19 08:30")}, who: friend, verdict: Refuse, reason: QuietHours},
		"last minute before quiet":          {now: at("2026-11-18 21:29"), c: single, who: friend, verdict: Allow},
		"first minute after quiet":          {now: at("2026-11-18 08:30"), c: single, who: friend, verdict: Allow},
		"welcome before the relation shows": {c: Candidate{StaffID: 7, Channel: Welcome}, unknown: true, verdict: Allow},
		"welcome at night":                  {now: at("2026-11-18 23:00"), c: Candidate{StaffID: 7, Channel: Welcome}, who: friend, verdict: Allow},
		"month quota left":                  {c: single, who: friend, used: use{QuotaMonth: 29}, verdict: Allow},
		"month quota used":                  {c: single, who: friend, used: use{QuotaMonth: 30}, verdict: Refuse, reason: QuotaUsedMonth},
		"31 days":                           {now: at("2026-12-18 10:00"), c: single, who: friend, used: use{QuotaMonth: 30}, verdict: Allow},
		"sidebar costs no quota":            {c: Candidate{StaffID: 7, Channel: SidebarSingle}, who: friend, used: use{QuotaMonth: 99}, verdict: Allow},
		"week quota":                        {settings: setting(func(s *Settings) { s.Quota = QuotaWeek }), c: single, who: friend, used: use{QuotaWeek: 7}, verdict: Refuse, reason: QuotaUsedWeek},
		"week quota not set":                {c: single, who: friend, used: use{QuotaWeek: 7}, verdict: Allow},
		"day quota":                         {settings: setting(func(s *Settings) { s.Quota = QuotaDay }), c: single, who: friend, used: use{QuotaDay: 1}, verdict: Refuse, reason: QuotaUsedDay},
		"promotion":                         {c: promo, who: friend, verdict: Allow},
		"promotion of the day":              {c: promo, who: friend, used: use{PromoDay: 1, PromoWeek: 1, PromoMonth: 1}, verdict: Refuse, reason: PromoDay},
		"promotions of the week":            {c: promo, who: friend, used: use{PromoWeek: 2, PromoMonth: 2}, verdict: Refuse, reason: PromoWeek},
		"promotions of the month":           {c: promo, who: friend, used: use{PromoWeek: 1, PromoMonth: 6}, verdict: Refuse, reason: PromoMonth},
		"value passes promotion cap":        {c: single, who: friend, used: use{PromoDay: 1, PromoWeek: 2, PromoMonth: 6}, verdict: Allow},
		"promotion at 71 h":                 {c: promo, who: with(func(s *standing) { s.FirstAdded = at("2026-11-15 11:00") }), verdict: Refuse, reason: Trust},
		"promotion at 72 h":                 {c: promo, who: with(func(s *standing) { s.FirstAdded = at("2026-11-15 10:00") }), verdict: Allow},
		"after a complaint":                 {c: promo, who: with(func(s *standing) { s.Complained = at("2026-10-25 10:00") }), verdict: Refuse, reason: AfterComplaint},
		"long after a complaint":            {c: promo, who: with(func(s *standing) { s.Complained = at("2026-10-19 10:00") }), verdict: Allow},
		"service after a complaint":         {c: single, who: with(func(s *standing) { s.Complained = at("2026-11-17 10:00") }), verdict: Allow},
	} {
		t.Run(name, func(t *testing.T) {
			if c.settings.Quota == "" {
				c.settings = Defaults()
			}
			if c.now.IsZero() {
				c.now = now
			}
			r := decidePerson(c.settings, c.now, c.c, c.who, !c.unknown, c.used)
			if r.verdict != c.verdict || r.reason != c.reason || !r.until.Equal(c.until) {
				t.Errorf("got %s %s until %s, want %s %s until %s", r.verdict, r.reason, r.until, c.verdict, c.reason, c.until)
			}
		})
	}
}

func TestDecideRoom(t *testing.T) {
	now := at("2026-11-18 12:00")
	fine := room{Alive: true, HasOwner: true}
	post := Candidate{GroupID: 1, StaffID: 7, Channel: SidebarGroup}
	promo := Candidate{GroupID: 1, StaffID: 7, Channel: MassGroup, Promo: true, Quota: true}
	camp := Defaults()
	camp.GroupTypes = map[string]GroupCaps{"camp": {Posts: 8, PromoPosts: 0, PromoShare: 0, Quiet: Hours{22 * 60, 7*60 + 30}}}
	for name, c := range map[string]struct {
		settings Settings
		now      time.Time
		c        Candidate
		room     room
		unknown  bool
		used     use
		verdict  string
		reason   string
	}{
		"post":                    {c: post, room: fine, verdict: Allow},
		"unknown":                 {c: post, room: fine, unknown: true, verdict: Refuse, reason: GroupGone},
		"dissolved":               {c: post, room: room{}, verdict: Refuse, reason: GroupGone},
		"owner left":              {c: post, room: room{Alive: true}, verdict: Refuse, reason: GroupNoOwner},
		"third post":              {c: post, room: fine, used: use{PostsDay: 2, PostsWeek: 9}, verdict: Allow},
		"fourth post":             {c: post, room: fine, used: use{PostsDay: 3, PostsWeek: 9}, verdict: Refuse, reason: GroupPosts},
		"first promotion ever":    {c: promo, room: fine, verdict: Allow},
		"second promotion today":  {c: promo, room: fine, used: use{PostsDay: 1, PostsWeek: 9, PromoDay: 1, PromoWeek: 1}, verdict: Refuse, reason: GroupPromoDay},
		"share of 2 in 7":         {c: promo, room: fine, used: use{PostsWeek: 6, PromoWeek: 1}, verdict: Allow},
		"share of 2 in 6":         {c: promo, room: fine, used: use{PostsWeek: 5, PromoWeek: 1}, verdict: Refuse, reason: GroupPromoShare},
		"mass send without quota": {c: promo, room: fine, used: use{PostsWeek: 20, QuotaMonth: 30}, verdict: Refuse, reason: QuotaUsedMonth},
		"camp posts more":         {settings: camp, c: post, room: room{true, true, "camp"}, used: use{PostsDay: 7}, verdict: Allow},
		"camp posts early":        {settings: camp, now: at("2026-11-18 07:30"), c: post, room: room{true, true, "camp"}, verdict: Allow},
		"benefit group not":       {settings: camp, now: at("2026-11-18 07:30"), c: post, room: fine, verdict: Defer, reason: QuietHours},
		"camp without promotion":  {settings: camp, c: promo, room: room{true, true, "camp"}, verdict: Refuse, reason: GroupPromoDay},
	} {
		t.Run(name, func(t *testing.T) {
			if c.settings.Quota == "" {
				c.settings = Defaults()
			}
			if c.now.IsZero() {
				c.now = now
			}
			if r := decideRoom(c.settings, c.now, c.c, c.room, !c.unknown, c.used); r.verdict != c.verdict || r.reason != c.reason {
				t.Errorf("got %s %s, want %s %s", r.verdict, r.reason, c.verdict, c.reason)
			}
		})
	}
}

func TestEveryReasonHasSentences(t *testing.T) {
	for _, r := range Reasons() {
		for _, lang := range []i18n.Lang{i18n.Chinese, i18n.English} {
			if Sentence(lang, r) == r {
				t.Errorf("%s has no sentence in %s", r, lang)
			}
		}
	}
}
