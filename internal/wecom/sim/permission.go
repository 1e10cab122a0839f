package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"qunce/internal/errs"
)

// Permissions are what the corp's administrator set up for the app at the console. The zero value grants everything.
type Permissions struct {
	Disabled    bool     `json:"disabled,omitempty"`            // the app is switched off
	Revoked     []string `json:"revoked,omitempty"`             // not granted: customer_contact, kf, archive, moments, or paths, with a * at the end for all below
	TrustedIPs  []string `json:"trusted_ips,omitempty"`         // who may call: addresses, CIDRs, or 1.2.3.*; empty = anybody
	Departments []int64  `json:"visible_departments,omitempty"` // the app's visible range, with all below; with visible_members
	Members     []string `json:"visible_members,omitempty"`     // both empty = everybody who is not hidden
	Domains     []string `json:"trusted_domains,omitempty"`     // hosts (with port) of OAuth redirects; empty = any
	OldApp      bool     `json:"old_app,omitempty"`             // made before 2022-06-20: user/get shows mobile, e-mail, gender and avatar
}

// OtherApp is a second app of the corp, whose members and customers are the same. Its secret speaks for its own agent id.
type OtherApp struct {
	AgentID     int     `json:"agent_id"`
	Name        string  `json:"name"`
	Secret      string  `json:"secret"`
	Whitelisted bool    `json:"whitelisted,omitempty"`  // may call the customer-contact APIs
	TakeWelcome float64 `json:"take_welcome,omitempty"` // chance that it welcomes a customer before anybody else
}

// grants are names for groups of APIs that the console grants as one.
var grants = map[string][]string{
	"customer_contact": {"externalcontact/*"},
	"kf":               {"kf/*"},
	"archive":          {"msgaudit/*"},
	"moments":          {"externalcontact/add_moment_task", "externalcontact/get_moment_*", "externalcontact/cancel_moment_task"},
}

func (p *Permissions) revoked(api string) bool {
	return slices.ContainsFunc(p.Revoked, func(r string) bool {
		if list := grants[r]; list != nil {
			return slices.ContainsFunc(list, func(pattern string) bool { return matches(pattern, api) })
		}
		return matches(r, api)
	})
}

// matches compares an API's path with a pattern, in which * stands for anything.
func matches(pattern, api string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == api
	}
	if !strings.HasPrefix(api, head) {
		return false
	}
	api = api[len(head):]
	for i := range len(api) + 1 {
		if matches(rest, api[i:]) {
			return true
		}
	}
	return false
}

func (p *Permissions) trusts(ip string) bool {
	if len(p.TrustedIPs) == 0 {
		return true
	}
	addr, err := netip.ParseAddr(ip)
	return err == nil && slices.ContainsFunc(p.TrustedIPs, func(t string) bool {
		n, err := network(t)
		return err == nil && n.Contains(addr.Unmap())
	})
}

// network reads an address, a CIDR, or the form 1.2.3.* that the console takes.
func network(s string) (netip.Prefix, error) {
	if head, ok := strings.CutSuffix(s, ".*"); ok {
		return netip.ParsePrefix(head + ".0/24")
	}
	if strings.Contains(s, "/") {
		return netip.ParsePrefix(s)
	}
	a, err := netip.ParseAddr(s)
	return netip.PrefixFrom(a, a.BitLen()), err
}

func (p *Permissions) ranged() bool { return len(p.Departments)+len(p.Members) > 0 }

func (p *Permissions) check(w *World) error {
	bad := func(format string, args ...any) error {
		return errs.E(errs.Invalid, "sim.bad_world", "permissions: %s", fmt.Sprintf(format, args...))
	}
	for _, t := range p.TrustedIPs {
		if _, err := network(t); err != nil {
			return bad("trusted_ips: %q is no address, CIDR or 1.2.3.*", t)
		}
	}
	for _, d := range p.Departments {
		if !slices.ContainsFunc(w.Departments, func(x Department) bool { return x.ID == d }) {
			return bad("visible_departments: there is no department %d", d)
		}
	}
	for _, u := range p.Members {
		if !slices.ContainsFunc(w.Members, func(m Member) bool { return strings.EqualFold(m.UserID, u) }) {
			return bad("visible_members: %q is no member", u)
		}
	}
	if o := w.OtherApp; o != nil && (o.AgentID == 0 || o.Secret == "") {
		return errs.E(errs.Invalid, "sim.bad_world", "other_app: agent_id and secret must be given")
	}
	return nil
}

// rerange marks as hidden whoever is outside the visible range, if one is given; was says whether one was given before.
func (s *state) rerange(was bool) {
	p := &s.World.Permissions
	if !p.ranged() && !was {
		return
	}
	seen := map[int64]bool{}
	for _, d := range p.Departments {
		for id := range s.subtree(d) {
			seen[id] = true
		}
	}
	for i := range s.World.Members {
		m := &s.World.Members[i]
		m.Hidden = p.ranged() && !slices.ContainsFunc(m.Departments, func(d int64) bool { return seen[d] }) &&
			!slices.ContainsFunc(p.Members, func(u string) bool { return strings.EqualFold(u, m.UserID) })
	}
}

// visibleDepartments are those the caller may see: all without a range, and for contacts sync.
func (c *call) visibleDepartments() map[int64]bool {
	out, p := map[int64]bool{}, &c.st.World.Permissions
	if !p.ranged() || c.caller == secretContacts {
		for _, d := range c.st.World.Departments {
			out[d.ID] = true
		}
		return out
	}
	for _, d := range p.Departments {
		for id := range c.st.subtree(d) {
			out[id] = true
		}
	}
	return out
}

// mayCall refuses what the console has not granted to the caller.
func (c *call) mayCall(name string, e endpoint) error {
	p := &c.st.World.Permissions
	if !p.trusts(c.ip) {
		return refuse(60020, "not allow to access from your ip")
	}
	if e.open {
		return nil
	}
	denied := refuse(48002, "api forbidden for no permission to access")
	switch {
	case c.caller == secretApp && p.Disabled:
		return refuse(50003, "app disabled")
	case c.caller == secretOther:
		if e.secret != secretApp || !c.st.World.OtherApp.Whitelisted && (matches("externalcontact/*", name) || matches("kf/*", name)) {
			return denied
		}
	case c.caller != e.secret && !slices.Contains(e.also, c.caller):
		return denied
	case p.revoked(name):
		return denied
	}
	return nil
}

// takenByOther refuses a welcome that the corp's other app took: first it is being sent, then the chat has begun.
func (c *call) takenByOther(code string) error {
	o := c.st.World.OtherApp
	if o == nil || !o.Whitelisted || c.caller == secretOther || dice(c.st.World.Seed, "welcomed elsewhere", code).Float64() >= o.TakeWelcome {
		return nil
	}
	if c.s.post.age(code) < otherSending {
		return refuse(41096, "welcome msg is being distributed")
	}
	return refuse(41051, "externaluser has started chatting")
}
