package sim

import (
	"sync"
	"time"

	"qunce/internal/errs"
)

// otherSending is how long, in wall time, another app's welcome is under way.
const otherSending = 2 * time.Second

// WeCom's own rates, which Limits.RealRates switches on. All count wall time, and a block lasts as long as its window.
const (
	corpPerMinute = 10_000
	corpPerHour   = 150_000
	ipPerMinute   = 20_000
	ipPerHour     = 600_000
	wrongSecrets  = 20  // tries of one address; WeCom tells no figure
	realAtOnce    = 100 // calls of one API at once; WeCom tells no figure
)

// rate is so many calls in a window.
type rate struct {
	most   int
	window time.Duration
}

// ownRates are APIs with rates of their own besides those of all.
func ownRates() map[string]rate {
	return map[string]rate{
		"get_jsapi_ticket":              {400, time.Hour},
		"ticket/get":                    {100, time.Hour},
		"appchat/create":                {1000, 24 * time.Hour},
		"appchat/update":                {1000, time.Hour},
		"msgaudit/get_permit_user_list": {1000, time.Minute},
		"msgaudit/check_single_agree":   {2500, time.Minute},
		"msgaudit/check_room_agree":     {1500, time.Minute},
		"msgaudit/groupchat/get":        {2000, time.Minute},
		"msgaudit/get_robot_info":       {600, time.Minute},
	}
}

// uncounted are APIs outside the base rates.
func uncounted(api string) bool { return api == "message/send" || api == "webhook/send" }

// check refuses limits that mean nothing.
func (l *Limits) check() error {
	switch l.ReceiveCap {
	case "", "month", "week", "day":
	default:
		return errs.E(errs.Invalid, "sim.bad_world", "limits.receive_cap must be month, week or day, not %q", l.ReceiveCap)
	}
	for name, n := range map[string]int{"join_by_qr": l.JoinByQR, "api_per_minute": l.APIPerMinute, "api_per_hour": l.APIPerHour, "ip_per_minute": l.IPPerMinute,
		"ip_per_hour": l.IPPerHour, "api_concurrent": l.APIConcurrent, "wrong_secrets": l.WrongSecrets, "detail_lag_ms": l.DetailLagMS} {
		if n < 0 {
			return errs.E(errs.Invalid, "sim.bad_world", "limits.%s must not be negative", name)
		}
	}
	return nil
}

// setLimits puts limits in force, with WeCom's own values where nothing is given.
func (s *state) setLimits(l Limits) {
	s.World.Limits = l
	s.fillLimits()
}

func (s *state) fillLimits() {
	l := &s.World.Limits
	if l.JoinByQR == 0 {
		l.JoinByQR = 200
	}
	if l.HalfAdd == 0 {
		l.HalfAdd = 0.1
	}
	l.TalkLimits.fill()
}

// unrated says that no number of calls is too many: 45009 comes from faults and monthly limits alone.
func (l *Limits) unrated() bool {
	return !l.RealRates && l.APIPerMinute+l.APIPerHour+l.IPPerMinute+l.IPPerHour == 0
}

func orReal(n, real int, on bool) int {
	if n == 0 && on {
		return real
	}
	return n
}

// gate counts calls and keeps out who makes too many. Its counts live in memory: no window outlives a restart worth it.
type gate struct {
	mu     sync.Mutex
	now    func() time.Time
	limits Limits
	own    map[string]rate
	meters map[string]*meter
	atOnce map[string]int
}

// meter counts in one window, which begins with its first call.
type meter struct {
	start time.Time
	n     int
	until time.Time // blocked till then
}

func newGate(now func() time.Time, l Limits) *gate {
	return &gate{now: now, limits: l, own: ownRates(), meters: map[string]*meter{}, atOnce: map[string]int{}}
}

func (g *gate) set(l Limits) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limits, g.meters = l, map[string]*meter{}
}

// enter counts a call as under way; false if too many of this API are.
func (g *gate) enter(api string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	most := orReal(g.limits.APIConcurrent, realAtOnce, g.limits.RealRates)
	if most > 0 && g.atOnce[api] >= most {
		return false
	}
	g.atOnce[api]++
	return true
}

func (g *gate) leave(api string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.atOnce[api]--
}

// under is how many calls of an API are under way.
func (g *gate) under(api string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.atOnce[api]
}

// admit counts a call in all windows that it belongs to; false while one of them is full. A call that is kept out counts
// in none.
func (g *gate) admit(api, ip string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.meters) > 100_000 { // somebody calls from everywhere
		clear(g.meters)
	}
	if api == "gettoken" && g.shut("secret|"+ip) {
		return false
	}
	in := g.windows(api, ip)
	for key := range in {
		if g.shut(key) {
			return false
		}
	}
	ok := true
	for key, r := range in {
		ok = g.count(key, r) && ok
	}
	return ok
}

// windows are those that a call of an API from an address belongs to; nil without limits.
func (g *gate) windows(api, ip string) map[string]rate {
	l := &g.limits
	if l.unrated() {
		return nil
	}
	out := map[string]rate{}
	if r, has := g.own[api]; has && l.RealRates {
		out["own|"+api] = r
	}
	if uncounted(api) {
		return out
	}
	for key, r := range map[string]rate{
		"minute|" + api:            {orReal(l.APIPerMinute, corpPerMinute, l.RealRates), time.Minute},
		"hour|" + api:              {orReal(l.APIPerHour, corpPerHour, l.RealRates), time.Hour},
		"minute|" + api + "|" + ip: {orReal(l.IPPerMinute, ipPerMinute, l.RealRates), time.Minute},
		"hour|" + api + "|" + ip:   {orReal(l.IPPerHour, ipPerHour, l.RealRates), time.Hour},
	} {
		if r.most > 0 {
			out[key] = r
		}
	}
	return out
}

func (g *gate) shut(key string) bool {
	m := g.meters[key]
	return m != nil && g.now().Before(m.until)
}

// count adds a call to a window that is not shut, and shuts it for as long again when that is one too many.
func (g *gate) count(key string, r rate) bool {
	if r.most <= 0 {
		return true
	}
	now, m := g.now(), g.meters[key]
	if m == nil || now.Sub(m.start) >= r.window || !m.until.IsZero() {
		m = &meter{start: now}
		g.meters[key] = m
	}
	if m.n++; m.n > r.most {
		m.until = now.Add(r.window)
		return false
	}
	return true
}

// forgive takes back the count of a call that does not count after all.
func (g *gate) forgive(api, ip string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range []string{"minute|" + api, "hour|" + api, "minute|" + api + "|" + ip, "hour|" + api + "|" + ip} {
		if m := g.meters[key]; m != nil && m.n > 0 {
			m.n--
		}
	}
}

// guessed counts a wrong secret from an address; too many keep the address out for an hour.
func (g *gate) guessed(ip string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count("secret|"+ip, rate{orReal(g.limits.WrongSecrets, wrongSecrets, g.limits.RealRates), time.Hour})
}

// mayGuess says whether looking members up is open; missed counts a look-up that found nobody.
func (g *gate) mayGuess(api string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.shut("miss|" + api)
}

func (g *gate) missed(api string, r rate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limits.RealRates {
		g.count("miss|"+api, r)
	}
}

// blocks lists what is kept out at present, for the control page.
func (g *gate) blocks() map[string]time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := map[string]time.Time{}
	for key, m := range g.meters {
		if g.now().Before(m.until) {
			out[key] = m.until
		}
	}
	return out
}
