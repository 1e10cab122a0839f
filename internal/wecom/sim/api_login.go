package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func (c *call) ticket(kind string) fields {
	h := hmac.New(sha256.New, []byte(c.s.secret(c.caller)))
	_, _ = fmt.Fprintf(h, "ticket/%s/%d", kind, c.st.tokenLine(c.caller).Gen)
	return fields{"ticket": hex.EncodeToString(h.Sum(nil)), "expires_in": int(tokenLife / time.Second)}
}

func (c *call) corpTicket() (fields, error) { return c.ticket("corp"), nil }

func (c *call) agentTicket() (fields, error) {
	if c.q.Get("type") != "agent_config" {
		return nil, refuse(40035, "invalid parameter: type")
	}
	return c.ticket("agent"), nil
}

// Sign-in of browsers. Codes live in memory: five wall minutes are shorter than any restart worth keeping them for.

type signin struct {
	who     string // "staff:USERID" or "person:EXTERNALID"
	at      time.Time
	used    bool
	private bool // snsapi_privateinfo
}

type signins struct {
	mu      sync.Mutex
	codes   map[string]*signin
	tickets map[string]*signin // user_ticket → who consented
}

const (
	codeLife   = 5 * time.Minute    // of an OAuth code, wall
	ticketLife = 1800 * time.Second // of a user_ticket, wall
)

// agents are the app ids that a sign-in may name.
func (s *Server) agents() []string {
	out := []string{strconv.Itoa(s.opt.AgentID)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.st.World.OtherApp; o != nil {
		out = append(out, strconv.Itoa(o.AgentID))
	}
	return out
}

// authorize checks a sign-in request and returns where the browser goes next.
func (s *Server) authorize(q url.Values, who string) (string, error) {
	if q.Get("appid") != s.opt.CorpID {
		return "", refuse(40013, "invalid appid")
	}
	private := q.Get("scope") == "snsapi_privateinfo"
	if a := q.Get("agentid"); a != "" && !slices.Contains(s.agents(), a) || a == "" && private {
		return "", refuse(40056, "invalid agentid")
	}
	u, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || u.Host == "" {
		return "", refuse(50001, "redirect_uri is not trusted")
	}
	s.mu.Lock()
	domains := s.st.World.Permissions.Domains
	s.mu.Unlock()
	if len(domains) > 0 && !slices.Contains(domains, u.Host) {
		return "", refuse(50001, "redirect_uri is not trusted: "+u.Host)
	}
	if len(q.Get("state")) > 128 {
		return "", refuse(40035, "state is longer than 128 bytes")
	}
	code := freshKey()
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	now := s.wall.Now()
	for k, v := range s.auth.codes {
		if now.Sub(v.at) > 2*codeLife {
			delete(s.auth.codes, k)
		}
	}
	s.auth.codes[code] = &signin{who: who, at: now, private: private}
	back := u.Query()
	back.Set("code", code)
	back.Set("state", q.Get("state"))
	u.RawQuery = back.Encode()
	return u.String(), nil
}

// holder is who holds the phone: the parameter sim_actor, or the cookie of that name.
func holder(r *http.Request) string {
	who := r.URL.Query().Get("sim_actor")
	if who == "" {
		if ck, err := r.Cookie("sim_actor"); err == nil {
			who, _ = url.QueryUnescape(ck.Value)
		}
	}
	return who
}

// serveAuthorize signs in whoever holds the phone. Standing alone, there is no phone: it asks who is to sign in.
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	who := holder(r)
	if !s.knows(who) {
		if s.opt.Standalone {
			s.choose(w, r, true)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte("<!doctype html><meta charset=utf-8><p>还没有人拿着这部手机。请先在模拟手机页面选择一位员工或顾客，再打开此页。</p>"))
		return
	}
	s.goBack(w, r, who)
}

// serveQRLogin is the sign-in page for browsers on a desk: a member scans its code, here by a choice from a list.
func (s *Server) serveQRLogin(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("login_type") != "CorpApp" || q.Get("agentid") == "" {
		http.Error(w, "login_type must be CorpApp, and agentid must be given", http.StatusBadRequest)
		return
	}
	who := r.URL.Query().Get("sim_actor")
	if !strings.HasPrefix(who, "staff:") || !s.knows(who) {
		s.choose(w, r, false)
		return
	}
	s.goBack(w, r, who)
}

func (s *Server) goBack(w http.ResponseWriter, r *http.Request, who string) {
	to, err := s.authorize(r.URL.Query(), who)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}

var choosePage = template.Must(template.New("choose").Parse(`<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>企业微信模拟器：以谁的身份登录</title>
<style>body{font:15px/1.6 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#222}a{display:block;padding:.5rem .75rem;border-bottom:1px solid #eee;color:#0b63ce;text-decoration:none}
a:hover{background:#f5f8fc}small{color:#888}h2{font-size:1rem;margin:1.5rem 0 .25rem}p{color:#555}</style>
<h1 style="font-size:1.25rem">以谁的身份登录？</h1><p>真的企业微信里，这一步由手机上的人完成。选一位，就带着 code 回到 {{.Back}}。</p>
{{range .Lists}}<h2>{{.Title}}</h2>{{range .Who}}<a href="{{.Link}}">{{.Name}} <small>{{.ID}}</small></a>{{end}}{{end}}`))

// choose asks who is to sign in.
func (s *Server) choose(w http.ResponseWriter, r *http.Request, people bool) {
	type who struct{ Name, ID, Link string }
	type list struct {
		Title string
		Who   []who
	}
	link := func(kind, id string) string {
		q := r.URL.Query()
		q.Set("sim_actor", kind+":"+id)
		return "?" + q.Encode()
	}
	staff, rest := list{Title: "员工"}, list{Title: "顾客（只列前 50 位）"}
	s.mu.Lock()
	for i := range s.st.World.Members {
		if m := &s.st.World.Members[i]; len(staff.Who) < 500 {
			staff.Who = append(staff.Who, who{m.Name, m.UserID, link("staff", m.UserID)})
		}
	}
	for i := range s.st.World.People {
		if p := &s.st.World.People[i]; people && len(rest.Who) < 50 {
			rest.Who = append(rest.Who, who{p.Name, p.ExternalUserID, link("person", p.ExternalUserID)})
		}
	}
	s.mu.Unlock()
	lists := []list{staff}
	if people {
		lists = append(lists, rest)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = choosePage.Execute(w, fields{"Back": r.URL.Query().Get("redirect_uri"), "Lists": lists}) // the reader may be gone
}

func (s *Server) knows(who string) bool {
	kind, id, _ := strings.Cut(who, ":")
	s.mu.Lock()
	defer s.mu.Unlock()
	return kind == "staff" && s.st.member(id) != nil || kind == "person" && s.st.people[id] != nil
}

// identity is who a code stands for; a code works once.
type identity struct{ user, openid, external, ticket string }

func (c *call) identify() (identity, error) {
	a := c.s.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	in := a.codes[c.q.Get("code")]
	switch {
	case in == nil:
		return identity{}, refuse(40029, "invalid code")
	case in.used:
		return identity{}, refuse(42022, "code has been used")
	case c.s.wall.Now().Sub(in.at) > codeLife:
		return identity{}, refuse(42003, "code expired")
	}
	in.used = true
	c.s.gate.forgive("auth/getuserinfo", c.ip) // a good code is exempt from the rates
	kind, id, _ := strings.Cut(in.who, ":")
	if kind != "staff" {
		out := identity{openid: openID(id)}
		for _, e := range c.st.byExt[id] {
			if m := c.st.member(e.User); e.alive() && m != nil && !m.Hidden { // who resigned is nobody's visible member
				out.external = id
			}
		}
		return out, nil
	}
	m := c.st.member(id)
	if m == nil { // resigned since
		return identity{}, refuse(60111, "userid not found")
	}
	out := identity{user: m.UserID}
	if in.private && !m.Hidden {
		out.ticket = freshKey() + freshKey()
		now := c.s.wall.Now()
		for k, v := range a.tickets {
			if now.Sub(v.at) > 2*ticketLife {
				delete(a.tickets, k)
			}
		}
		a.tickets[out.ticket] = &signin{who: m.UserID, at: now}
	}
	return out, nil
}

func (c *call) userInfo() (fields, error) {
	who, err := c.identify()
	if err != nil {
		return nil, err
	}
	out := fields{}
	for name, v := range map[string]string{"userid": who.user, "user_ticket": who.ticket, "openid": who.openid, "external_userid": who.external} {
		if v != "" {
			out[name] = v
		}
	}
	return out, nil
}

// userInfoOld answers the old path, whose names have capitals.
func (c *call) userInfoOld() (fields, error) {
	who, err := c.identify()
	if err != nil {
		return nil, err
	}
	out := fields{"DeviceId": ""}
	for name, v := range map[string]string{"UserId": who.user, "user_ticket": who.ticket, "OpenId": who.openid, "external_userid": who.external} {
		if v != "" {
			out[name] = v
		}
	}
	return out, nil
}

// userDetail shows what a member consented to show; here that is all there is.
func (c *call) userDetail() (fields, error) {
	var in struct {
		Ticket string `json:"user_ticket"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Ticket == "" {
		return nil, refuse(40063, "some parameters are empty: user_ticket")
	}
	a := c.s.auth
	a.mu.Lock()
	t := a.tickets[in.Ticket]
	a.mu.Unlock()
	var m *Member
	if t != nil {
		m = c.st.member(t.who)
	}
	switch {
	case m == nil: // unknown, or of a member who resigned since
		return nil, refuse(84015, "invalid user_ticket")
	case c.s.wall.Now().Sub(t.at) > ticketLife:
		return nil, refuse(84014, "user_ticket expired")
	}
	out := private(m)
	delete(out, "thumb_avatar")
	out["userid"] = m.UserID
	return out, nil
}
