package doctor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"qunce/internal/errs"
	"qunce/internal/pg"
	"qunce/internal/tenant"
	"qunce/internal/wecom"
)

// exam is one examination: the subject, and what several checks need of WeCom, asked once.
type exam struct {
	Subject
	ctx   context.Context //nolint:containedctx // the examination's own; it bounds what its checks share
	d     Doctor
	heard *hearing

	base    *url.URL // WeCom's API
	public  *url.URL // ours; nil when it is no URL
	sandbox bool     // WeCom's API is on this machine or in this network: a simulator, for which our address may be, too

	app         *wecom.Client
	token       func() error
	agent       func() (wecom.Agent, error)
	departments func() ([]wecom.Department, error)
	seats       func() ([]string, error)
}

func newExam(ctx context.Context, d Doctor, s Subject) *exam {
	x := &exam{Subject: s, ctx: ctx, d: d, heard: &hearing{next: transport(d.HTTP), now: d.Wall.Now}}
	address := s.Machine.PublicURL
	if s.Corp == nil {
		x.public, _ = parseURL(address)
		return x
	}
	if s.Corp.Settings.PublicURL != "" {
		address = s.Corp.Settings.PublicURL
	}
	x.public, _ = parseURL(address)
	base := s.Corp.Settings.WeComBaseURL
	if base == "" {
		base = wecom.DefaultBaseURL
	}
	if x.base, _ = parseURL(base); x.base == nil {
		x.base = &url.URL{}
	}
	x.sandbox = isLocal(x.base.Hostname())
	x.app = x.client(s.Corp.Secrets.Secret)
	x.token = sync.OnceValue(func() error { _, err := x.app.Token(ctx); return err })
	x.agent = sync.OnceValues(func() (wecom.Agent, error) { return x.app.AgentGet(ctx) })
	x.departments = sync.OnceValues(func() ([]wecom.Department, error) { return x.app.DepartmentList(ctx) })
	x.seats = sync.OnceValues(func() ([]string, error) { return x.app.FollowUsers(ctx) })
	return x
}

// client speaks to WeCom with one secret and a token of its own, which nobody else gets to see: the one that the platform
// keeps is not touched.
func (x *exam) client(secret string) *wecom.Client {
	return wecom.New(wecom.Config{BaseURL: x.Corp.Settings.WeComBaseURL, CorpID: x.Corp.CorpID, Secret: secret, AgentID: x.Corp.AgentID,
		HTTP: &http.Client{Transport: x.heard, CheckRedirect: noRedirect}, Clock: x.d.Wall})
}

// location is the zone in which times are told.
func (x *exam) location() *time.Location {
	if x.Corp != nil {
		if l, err := x.Corp.Location(); err == nil && x.Corp.Timezone != "" {
			return l
		}
	}
	l, err := time.LoadLocation(tenant.DefaultTimezone)
	if err != nil {
		return time.UTC
	}
	return l
}

func (x *exam) moment(at time.Time) string { return at.In(x.location()).Format("2006-01-02 15:04") }

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func transport(c *http.Client) http.RoundTripper {
	if c != nil && c.Transport != nil {
		return c.Transport
	}
	return http.DefaultTransport
}

// hearing passes requests on and keeps the time that WeCom's answers carry.
type hearing struct {
	next http.RoundTripper
	now  func() time.Time

	mu   sync.Mutex
	date time.Time // of the last answer, to the second; zero = none
	at   time.Time // ours when it came
}

func (h *hearing) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := h.next.RoundTrip(r)
	if err != nil {
		return res, err
	}
	if date, perr := http.ParseTime(res.Header.Get("Date")); perr == nil {
		h.mu.Lock()
		h.date, h.at = date, h.now()
		h.mu.Unlock()
	}
	return res, nil
}

// skew is how far our clock is ahead of WeCom's, known to a second or so.
func (h *hearing) skew() (time.Duration, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at.Sub(h.date.Add(500 * time.Millisecond)), !h.date.IsZero()
}

// nobody is the finding of a check that needs a corp when there is none.
func (x *exam) nobody() (Finding, bool) {
	if x.Corp != nil {
		return Finding{}, false
	}
	switch {
	case x.Locked != nil:
		return skipped("locked"), true
	case x.Pool == nil:
		return skipped("no_settings"), true
	}
	return skipped("no_corp"), true
}

// before is the finding of a check that cannot begin: no corp, no token.
func (x *exam) before() (Finding, bool) {
	if f, stop := x.nobody(); stop {
		return f, true
	}
	if x.Corp.Secrets.Secret == "" {
		return skipped("no_corp"), true
	}
	return blocked(x.token())
}

// records is the corp's schema, or why nothing can be read there.
func (x *exam) records() (*pg.DB, Finding, bool) {
	if x.Pool == nil {
		return nil, skipped("no_database"), false
	}
	if f, stop := x.nobody(); stop {
		return nil, f, false
	}
	if x.Draft {
		return nil, skipped("draft"), false
	}
	return x.Pool.Corp(x.Corp.Schema), Finding{}, true
}

// unread is the finding when a record could not be read.
func unread(err error) Finding { return unknown("failed", Facts{"reason": clip(err.Error())}) }

// blocked tells from the error of something that comes first that a check cannot be made.
func blocked(err error) (Finding, bool) {
	switch {
	case err == nil:
		return Finding{}, false
	case wecom.IsCode(err, 60020):
		return skipped("needs_ip"), true
	case errs.Is(err, "wecom.unreachable"):
		return skipped("needs_wecom"), true
	}
	return skipped("needs_secret"), true
}

// refused puts WeCom's refusal of a call into a finding: those that belong to another check point there.
func refused(err error) Finding {
	switch {
	case wecom.IsCode(err, 60020):
		return skipped("needs_ip")
	case wecom.IsCode(err, 48001, 48002):
		return skipped("needs_whitelist")
	case errs.Is(err, "wecom.unreachable"):
		return unknown("unreachable", Facts{})
	case wecom.Limited(err):
		return unknown("refused", answer(err))
	}
	return fail("refused", answer(err))
}

var fromIP = regexp.MustCompile(`from ip: ?([0-9A-Fa-f.:]+)`)

// clip bounds what others said, in bytes.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// answer is what WeCom said: its code, its words up to the hint, and the address it saw us from.
func answer(err error) Facts {
	f := Facts{}
	var e *wecom.Error
	if !errors.As(err, &e) {
		f["errcode"], f["errmsg"] = 0, "" // not WeCom's words
		return f
	}
	words, _, _ := strings.Cut(e.Msg, ", hint:")
	f["errcode"], f["errmsg"], f["api"] = e.Code, clip(words), e.API
	if m := fromIP.FindStringSubmatch(e.Msg); m != nil {
		f["ip"] = m[1]
	}
	return f
}

func parseURL(s string) (*url.URL, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, false
	}
	return u, true
}

// isLocal reports whether a host can only be reached from this machine or its network. Names count as public unless they
// say otherwise.
func isLocal(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return localIP(ip)
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == "" || host == "localhost" || !strings.Contains(host, ".") ||
		slices.ContainsFunc([]string{".localhost", ".local", ".internal", ".lan", ".home", ".corp", ".test"}, func(end string) bool { return strings.HasSuffix(host, end) })
}

func localIP(ip netip.Addr) bool {
	ip = ip.Unmap()
	carrier := netip.MustParsePrefix("100.64.0.0/10") // behind a carrier's NAT
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || carrier.Contains(ip)
}

// resolve returns the addresses of a host.
func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// IsLocalURL reports whether an address can only be reached from this machine or its network, or is none.
func IsLocalURL(s string) bool {
	u, ok := parseURL(s)
	return !ok || isLocal(u.Hostname())
}
