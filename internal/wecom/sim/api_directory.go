package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"qunce/internal/wecom"
)

func (c *call) departments() ([]Department, error) {
	all := c.st.World.Departments
	if v := c.q.Get("id"); v != "" {
		id, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return nil, refuse(40035, "invalid parameter")
		}
		under := c.st.subtree(id)
		if !under[id] {
			return nil, refuse(60003, "department not found")
		}
		all = slices.DeleteFunc(slices.Clone(all), func(d Department) bool { return !under[d.ID] })
	}
	return all, nil
}

func (c *call) department(d Department) wecom.Department {
	out := wecom.Department{ID: d.ID, Name: d.Name, ParentID: d.ParentID, Order: d.Order}
	for i := range c.st.World.Members {
		if m := &c.st.World.Members[i]; m.IsLeader && slices.Contains(m.Departments, d.ID) {
			out.Leaders = append(out.Leaders, m.UserID)
		}
	}
	return out
}

func (c *call) departmentList() (fields, error) {
	all, err := c.departments()
	if err != nil {
		return nil, err
	}
	leaders := map[int64][]string{}
	for i := range c.st.World.Members {
		if m := &c.st.World.Members[i]; m.IsLeader {
			for _, d := range m.Departments {
				leaders[d] = append(leaders[d], m.UserID)
			}
		}
	}
	out := make([]wecom.Department, 0, len(all))
	for _, d := range all {
		out = append(out, wecom.Department{ID: d.ID, Name: d.Name, ParentID: d.ParentID, Order: d.Order, Leaders: leaders[d.ID]})
	}
	return fields{"department": out}, nil
}

func (c *call) departmentSimple() (fields, error) {
	all, err := c.departments()
	if err != nil {
		return nil, err
	}
	out := make([]fields, 0, len(all))
	for _, d := range all {
		out = append(out, fields{"id": d.ID, "parentid": d.ParentID, "order": d.Order})
	}
	return fields{"department_id": out}, nil
}

func (c *call) departmentGet() (fields, error) {
	if c.q.Get("id") == "" {
		return nil, refuse(40066, "invalid party list")
	}
	all, err := c.departments()
	if err != nil {
		return nil, err
	}
	for _, d := range all {
		if strconv.FormatInt(d.ID, 10) == c.q.Get("id") {
			return fields{"department": c.department(d)}, nil
		}
	}
	return nil, refuse(60003, "department not found")
}

func apiUser(m *Member) wecom.User {
	u := wecom.User{UserID: m.UserID, Name: m.Name, Departments: m.Departments, Position: m.Position, Status: 1, OpenUserID: "wo" + hex.EncodeToString([]byte(m.UserID))}
	for range m.Departments {
		u.Orders = append(u.Orders, 0)
		lead := 0
		if m.IsLeader {
			lead = 1
		}
		u.IsLeader = append(u.IsLeader, lead)
	}
	if len(m.Departments) > 0 {
		u.MainDepartment = m.Departments[0]
	}
	if m.Inactive {
		u.Status = 4
	}
	return u
}

func (c *call) userList() (fields, error) {
	id, err := strconv.ParseInt(c.q.Get("department_id"), 10, 64)
	if err != nil {
		return nil, refuse(40058, "missing or bad department_id")
	}
	if !c.st.subtree(id)[id] {
		return nil, refuse(60003, "department not found")
	}
	out := []wecom.User{}
	for i := range c.st.World.Members {
		if m := &c.st.World.Members[i]; !m.Hidden && slices.Contains(m.Departments, id) {
			out = append(out, apiUser(m))
		}
	}
	return fields{"userlist": out}, nil
}

func (c *call) userGet() (fields, error) {
	m, err := c.visible(c.q.Get("userid"))
	if err != nil {
		return nil, err
	}
	u := apiUser(m)
	return fields{"userid": u.UserID, "name": u.Name, "department": u.Departments, "order": u.Orders, "position": u.Position,
		"is_leader_in_dept": u.IsLeader, "main_department": u.MainDepartment, "status": u.Status, "open_userid": u.OpenUserID}, nil
}

func (c *call) agentGet() (fields, error) {
	if c.q.Get("agentid") != strconv.Itoa(c.s.opt.AgentID) {
		return nil, refuse(301002, "not allow operate another agent with this accesstoken")
	}
	parties, users := []int64{}, []fields{}
	hidden := slices.ContainsFunc(c.st.World.Members, func(m Member) bool { return m.Hidden })
	if !hidden {
		for _, d := range c.st.World.Departments {
			if d.ParentID == 0 {
				parties = append(parties, d.ID)
			}
		}
	} else {
		for i := range c.st.World.Members {
			if m := &c.st.World.Members[i]; !m.Hidden {
				users = append(users, fields{"userid": m.UserID})
			}
		}
	}
	return fields{"agentid": c.s.opt.AgentID, "name": "群策", "square_logo_url": "", "description": "", "allow_userinfos": fields{"user": users},
		"allow_partys": fields{"partyid": parties}, "allow_tags": fields{"tagid": []int64{}}, "close": 0, "redirect_domain": "",
		"report_location_flag": 0, "isreportenter": 0, "home_url": ""}, nil
}

func (c *call) agentList() (fields, error) {
	return fields{"agentlist": []fields{{"agentid": c.s.opt.AgentID, "name": "群策", "square_logo_url": ""}}}, nil
}

func (c *call) callbackIP() (fields, error) { return fields{"ip_list": []string{"127.0.0.1"}}, nil }

func (c *call) ticket(kind string) fields {
	h := hmac.New(sha256.New, []byte(c.s.opt.Secret))
	_, _ = fmt.Fprintf(h, "ticket/%s/%d", kind, c.st.Token)
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
	who  string // "staff:USERID" or "person:EXTERNALID"
	at   time.Time
	used bool
}

type signins struct {
	mu    sync.Mutex
	codes map[string]*signin
}

// codeLife is how long an OAuth code works, in wall time.
const codeLife = 5 * time.Minute

// authorize checks a sign-in request and returns where the browser goes next.
func (s *Server) authorize(q url.Values, who string) (string, error) {
	if q.Get("appid") != s.opt.CorpID {
		return "", refuse(40013, "invalid appid")
	}
	if a := q.Get("agentid"); a != "" && a != strconv.Itoa(s.opt.AgentID) {
		return "", refuse(40056, "invalid agentid")
	}
	u, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || u.Host == "" {
		return "", refuse(50001, "redirect_uri is not trusted")
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
	s.auth.codes[code] = &signin{who: who, at: now}
	back := u.Query()
	back.Set("code", code)
	back.Set("state", q.Get("state"))
	u.RawQuery = back.Encode()
	return u.String(), nil
}

// serveAuthorize signs in whoever holds the phone: the cookie sim_actor, or the parameter of that name.
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	who := r.URL.Query().Get("sim_actor")
	if who == "" {
		if ck, err := r.Cookie("sim_actor"); err == nil {
			who, _ = url.QueryUnescape(ck.Value)
		}
	}
	if !s.knows(who) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte("<!doctype html><meta charset=utf-8><p>还没有人拿着这部手机。请先在模拟手机页面选择一位员工或顾客，再打开此页。</p>"))
		return
	}
	to, err := s.authorize(r.URL.Query(), who)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}

func (s *Server) knows(who string) bool {
	kind, id, _ := strings.Cut(who, ":")
	s.mu.Lock()
	defer s.mu.Unlock()
	return kind == "staff" && s.st.member(id) != nil || kind == "person" && s.st.people[id] != nil
}

func (c *call) userInfo() (fields, error) {
	a := c.s.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	in := a.codes[c.q.Get("code")]
	switch {
	case in == nil:
		return nil, refuse(40029, "invalid code")
	case in.used:
		return nil, refuse(42022, "code has been used")
	case c.s.wall.Now().Sub(in.at) > codeLife:
		return nil, refuse(42003, "code expired")
	}
	in.used = true
	kind, id, _ := strings.Cut(in.who, ":")
	if kind == "staff" {
		return fields{"userid": c.st.member(id).UserID}, nil
	}
	out := fields{"openid": openID(id)}
	for _, e := range c.st.byExt[id] {
		if e.alive() && c.sees(e.User) {
			out["external_userid"] = id
		}
	}
	return out, nil
}
