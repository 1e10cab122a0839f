package sim

import (
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"qunce/internal/clock"
)

// Acquisition links (获客助手): an address that opens a member's card in WeChat, for a paid quota of customers.

// acquire is the part of the state about acquisition links.
type acquire struct {
	Links  map[string]*link
	Quota  []*quotaLot
	Bought int64 // quota ever
	Keys   map[string]*chatKey
}

type link struct {
	ID, Name    string
	Created     int64
	Users       []string
	Parties     []int64
	SkipVerify  bool
	MarkSource  bool
	Priority    int // 0 none, 1 whoever in the corp has the customer already, 2 the same among First
	First       []string
	Gone        bool // deleted
	Unavailable bool // nobody behind it can receive a customer
	Days        map[int32]*linkDay
	Customers   []linkCustomer
}

// linkDay counts one day of a link.
type linkDay struct {
	Clicked []string // people, each once
	New     int
}

type linkCustomer struct {
	Ext, User, State string
}

type quotaLot struct {
	Balance int
	Expires int64 // Unix ms
}

// chatKey opens the figures of a talk for half an hour.
type chatKey struct {
	User, Ext, Link, State string
	Heard                  int
	At                     int64
}

const (
	opLink    = "link"    // body link
	opClick   = "click"   // ID link, Ext
	opCame    = "came"    // ID link, User, Ext, State
	opQuota   = "quota"   // N more, M expires
	opChatKey = "chatkey" // ID key, User, Ext
	opLinkDay = "linkday" // forgets keys and lots whose time is over

	chatKeyLife = 30 * minuteMS
	quotaLow    = 20
)

func (x *acquire) index(w World) {
	if x.Bought == 0 && len(x.Quota) == 0 {
		x.begin(w)
	}
	orMake(&x.Links)
	orMake(&x.Keys)
	for _, l := range x.Links {
		orMake(&l.Days)
	}
}

// begin gives the corp its quota.
func (x *acquire) begin(w World) {
	lots := w.Acquisition.Quota
	if len(lots) == 0 {
		lots = []QuotaLot{{Balance: 1000, Expires: w.Start.AddDate(1, 0, 0)}}
	}
	for _, l := range lots {
		x.buy(int64(l.Balance), l.Expires.UnixMilli())
	}
}

func (x *acquire) buy(n, expires int64) {
	x.Quota = append(x.Quota, &quotaLot{Balance: int(n), Expires: expires})
	x.Bought += n
	slices.SortStableFunc(x.Quota, func(a, b *quotaLot) int { return int((a.Expires - b.Expires) / second) })
}

// balance is the quota left at the instant.
func (x *acquire) balance(at int64) int {
	n := 0
	for _, l := range x.Quota {
		if l.Expires > at {
			n += l.Balance
		}
	}
	return n
}

func (x *acquire) day(id string, at int64) *linkDay {
	l := x.Links[id]
	d := l.Days[dayNo(at)]
	if d == nil {
		d = &linkDay{}
		l.Days[dayNo(at)] = d
	}
	return d
}

func acquireChanges() map[string]change {
	return map[string]change{
		opLink: changing(func(s *state, _ int64, _ *op, v link) {
			orMake(&v.Days)
			s.Acquire.Links[v.ID] = &v
		}),
		opClick: func(s *state, at int64, o *op) error {
			if d := s.Acquire.day(o.ID, at); !slices.Contains(d.Clicked, o.Ext) {
				d.Clicked = append(d.Clicked, o.Ext)
			}
			return nil
		},
		opCame: func(s *state, at int64, o *op) error {
			l := s.Acquire.Links[o.ID]
			l.Customers = append(l.Customers, linkCustomer{o.Ext, o.User, o.State})
			s.Acquire.day(o.ID, at).New++
			e := s.edge(o.User, o.Ext)
			e.Link, e.Heard = o.ID, 0
			for _, lot := range s.Acquire.Quota {
				if lot.Expires > at && lot.Balance > 0 {
					lot.Balance--
					break
				}
			}
			return nil
		},
		opQuota: func(s *state, _ int64, o *op) error {
			s.Acquire.buy(o.N, o.M)
			return nil
		},
		opChatKey: func(s *state, at int64, o *op) error {
			e := s.edge(o.User, o.Ext)
			s.Acquire.Keys[o.ID] = &chatKey{User: o.User, Ext: o.Ext, Link: e.Link, State: e.State, Heard: e.Heard, At: at}
			return nil
		},
		opLinkDay: func(s *state, at int64, _ *op) error {
			for k, v := range s.Acquire.Keys {
				if at-v.At > chatKeyLife {
					delete(s.Acquire.Keys, k)
				}
			}
			s.Acquire.Quota = slices.DeleteFunc(s.Acquire.Quota, func(l *quotaLot) bool { return l.Expires <= at })
			for _, l := range s.Acquire.Links {
				for day := range l.Days {
					if day < dayNo(at)-statDays {
						delete(l.Days, day)
					}
				}
			}
			return nil
		},
	}
}

func acquireEvent(about string, x *inner) event {
	return event{Event: "customer_acquisition", Inner: x.String(), About: "acquire|" + about}
}

// changeType begins an event of the links.
func changeType(kind string) *inner { return (&inner{}).text("ChangeType", kind) }

// linkURL is the address of a link.
func (s *Server) linkURL(id string) string { return s.base + "/sim/ca/" + id }

// parseLink reads a link's address; state is the channel, cut to 64 bytes as WeCom does.
func parseLink(address string) (id, state string, ok bool) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", false
	}
	if u.Scheme == "weixin" { // the scheme that opens it inside WeChat
		if inner, err := url.QueryUnescape(strings.TrimPrefix(address, "weixin://biz/ww/profile/")); err == nil && inner != address {
			return parseLink(inner)
		}
		return "", "", false
	}
	i := strings.LastIndex(u.Path, "/sim/ca/")
	if i < 0 || u.Path[i+8:] == "" || strings.Contains(u.Path[i+8:], "/") {
		return "", "", false
	}
	state = u.Query().Get("customer_channel")
	if len(state) > 64 {
		state = strings.ToValidUTF8(state[:64], "")
	}
	return u.Path[i+8:], state, true
}

// openLink notes that a person opened a link, and reports whether a member's card shows.
func (s *Server) openLink(t *transaction, person, address string) bool {
	id, _, _ := parseLink(address)
	l := s.st.Acquire.Links[id]
	if l == nil || l.Gone {
		return false
	}
	t.do(op{K: opClick, ID: id, Ext: person})
	if len(s.seats(l.Users, l.Parties)) == 0 {
		s.unavailable(t, l)
		return false
	}
	return s.st.Acquire.balance(t.At) > 0
}

// request asks for the friendship that a link offers; it returns the member, or "" at a dead end.
func (s *Server) request(t *transaction, person, address string) string {
	id, state, _ := parseLink(address)
	l := s.st.Acquire.Links[id]
	if l == nil || l.Gone || s.st.Acquire.balance(t.At) <= 0 {
		t.do(op{K: opCount, ID: countDead})
		return ""
	}
	seats := s.seats(l.Users, l.Parties)
	user := ""
	for _, u := range sortedKeys(s.st.byExt[person]) {
		e := s.st.edge(u, person)
		first := l.Priority == 1 || l.Priority == 2 && slices.Contains(l.First, u)
		if m := s.st.member(u); m == nil || e.Status != edgeFull || !first && !slices.Contains(seats, u) {
			continue
		}
		return u // friends already: the card opens the chat
	}
	if len(seats) == 0 {
		s.unavailable(t, l)
		t.do(op{K: opCount, ID: countDead})
		return ""
	}
	r := dice(s.st.World.Seed, "link", person, id)
	user = seats[r.IntN(len(seats))]
	x := changeType("friend_request").text("LinkId", id)
	t.callback(acquireEvent(id, x.optional("State", state)))
	if l.SkipVerify {
		s.befriendBy(t, user, person, state, addLink, id)
		return user
	}
	m := s.st.member(user)
	if r.Float64() < 0.5+m.Diligence/2 {
		wait := int64(longTail(r, 2+30*(1-m.Diligence)) * float64(minuteMS))
		t.later(m.working(m.working(t.At)+wait), act{Kind: actAccept, Person: person, User: user, State: state, Msg: id})
	}
	return user
}

// came counts a new customer of a link, and says when the quota runs low.
func (s *Server) came(t *transaction, user, person, state, id string) {
	l := s.st.Acquire.Links[id]
	if l == nil {
		return
	}
	if slices.ContainsFunc(l.Customers, func(c linkCustomer) bool { return c.Ext == person && c.User == user }) {
		return // once was enough
	}
	t.do(op{K: opCame, ID: id, User: user, Ext: person, State: state})
	switch s.st.Acquire.balance(t.At) {
	case quotaLow - 1:
		t.callback(acquireEvent("quota", changeType("balance_low")))
	case 0:
		t.callback(acquireEvent("quota", changeType("balance_exhausted")))
	}
}

// heard counts a message of a customer who came by a link: the first one, and the third, fifth and tenth, are told.
func (s *Server) heard(t *transaction, e *edge) {
	if e.Link == "" || e.Heard > 10 {
		return
	}
	switch e.Heard {
	case 1:
		t.callback(acquireEvent(e.Link, changeType("customer_start_chat").text("UserID", e.User).text("ExternalUserID", e.Ext).text("LinkId", e.Link)))
	case 3, 5, 10:
		key := mint(s.st.World.Seed, "CHAT", s.st.next(), 40)
		t.do(op{K: opChatKey, ID: key, User: e.User, Ext: e.Ext})
		t.callback(acquireEvent(e.Link, changeType("message_from_customer").text("LinkId", e.Link).text("ChatKey", key)))
	}
}

// unavailable says once that nobody is left behind a link.
func (s *Server) unavailable(t *transaction, l *link) {
	if l.Unavailable {
		return
	}
	next := *l
	next.Unavailable = true
	t.change(op{K: opLink}, next)
	t.callback(acquireEvent(l.ID, changeType("link_unavailable").text("LinkId", l.ID)))
}

// checkLinks finds the links whose last member has gone.
func (s *Server) checkLinks(t *transaction) {
	for _, id := range sortedKeys(s.st.Acquire.Links) {
		if l := s.st.Acquire.Links[id]; !l.Gone && len(s.seats(l.Users, l.Parties)) == 0 {
			s.unavailable(t, l)
		}
	}
}

// linksToday forgets what is over and warns of quota that expires.
func (s *Server) linksToday(t *transaction) {
	t.do(op{K: opLinkDay})
	for _, lot := range s.st.Acquire.Quota {
		switch dayNo(lot.Expires) - dayNo(t.At) {
		case 14, 7, 3, 2, 1:
			if lot.Balance > 0 {
				t.callback(acquireEvent("quota", changeType("quota_expire_soon").number("ExpireTime", lot.Expires/1000).number("ExpireQuotaNum", int64(lot.Balance))))
			}
		}
	}
}

// acquireHands:
//
//	quota_add    amount, expires (RFC 3339; a year)
//	link_delete  link_id   by the administrator
func acquireHands() map[string]hand {
	return map[string]hand{
		"quota_add": handed(func(s *Server, t *transaction, in struct {
			Amount  int       `json:"amount"`
			Expires time.Time `json:"expires"`
		},
		) (fields, error) {
			if in.Amount < 1 || in.Amount > 10_000_000 {
				return nil, dead("数量要在 1 到 10000000 之间")
			}
			if in.Expires.IsZero() {
				in.Expires = msTime(t.At).AddDate(1, 0, 0)
			}
			if in.Expires.UnixMilli() <= t.At {
				return nil, dead("到期时间已经过去")
			}
			t.do(op{K: opQuota, N: int64(in.Amount), M: in.Expires.UnixMilli()})
			t.callback(acquireEvent("quota", changeType("balance_increased")))
			return fields{"balance": s.st.Acquire.balance(t.At)}, nil
		}),
		"link_delete": handed(func(s *Server, t *transaction, in struct {
			LinkID string `json:"link_id"`
		},
		) (fields, error) {
			l := s.st.Acquire.Links[in.LinkID]
			if l == nil || l.Gone {
				return nil, dead("没有这条获客链接")
			}
			next := *l
			next.Gone = true
			t.change(op{K: opLink}, next)
			t.callback(acquireEvent(l.ID, changeType("delete_link").text("LinkId", l.ID)))
			return nil, nil
		}),
	}
}

// serveLink is what a browser outside WeChat sees of a link.
func (s *Server) serveLink(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	l := s.st.Acquire.Links[r.PathValue("id")]
	name, gone := "", l == nil || l.Gone
	if l != nil {
		name = l.Name
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if gone {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("<!doctype html><meta charset=utf-8><title>链接已失效</title><p>这条获客链接已经失效。</p>"))
		return
	}
	_, _ = w.Write([]byte("<!doctype html><meta charset=utf-8><title>获客链接</title><p>获客链接「" + html.EscapeString(name) + "」：请在模拟手机上打开，就能看到员工名片。</p>"))
}

// expiry is the day of a lot in the corp's zone.
func expiry(ms int64) int64 { return clock.Day(msTime(ms)).Unix() }
