package sim

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// departments are those asked for with id, all below it included; without id, all that the caller sees.
func (c *call) departments() ([]Department, error) {
	seen := c.visibleDepartments()
	if v := c.q.Get("id"); v != "" {
		id, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return nil, refuse(40035, "invalid parameter")
		}
		under := c.st.subtree(id)
		if !under[id] {
			return nil, refuse(60003, "department not found")
		}
		if !seen[id] {
			return nil, refuse(60011, "no privilege to access/modify contact/party/agent")
		}
		seen = under
	}
	return slices.DeleteFunc(slices.Clone(c.st.World.Departments), func(d Department) bool { return !seen[d.ID] }), nil
}

// apiDepartment is a department as the caller sees it: contacts sync gets ids only.
func (c *call) apiDepartment(d Department, leaders []string) fields {
	out := fields{"id": d.ID, "parentid": d.ParentID, "order": d.Order}
	if c.caller != secretContacts {
		if leaders == nil {
			leaders = []string{}
		}
		out["name"], out["name_en"], out["department_leader"] = d.Name, "", leaders
	}
	return out
}

func (c *call) leaders() map[int64][]string {
	out := map[int64][]string{}
	for i := range c.st.World.Members {
		if m := &c.st.World.Members[i]; m.IsLeader {
			for _, d := range m.Departments {
				out[d] = append(out[d], m.UserID)
			}
		}
	}
	return out
}

func (c *call) departmentList() (fields, error) {
	all, err := c.departments()
	if err != nil {
		return nil, err
	}
	leaders := c.leaders()
	out := make([]fields, 0, len(all))
	for _, d := range all {
		out = append(out, c.apiDepartment(d, leaders[d.ID]))
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
			return fields{"department": c.apiDepartment(d, c.leaders()[d.ID])}, nil
		}
	}
	return nil, refuse(60003, "department not found")
}

// member finds a member that the caller may read: contacts sync reads everybody.
func (c *call) readable(userID string) (*Member, error) {
	if m := c.st.member(userID); m != nil && c.caller == secretContacts {
		return m, nil
	}
	return c.visible(userID)
}

// apiUser is a member as the caller sees it: contacts sync gets ids only, and apps made since 2022-06-20 get none of what
// is private.
func (c *call) apiUser(m *Member) fields {
	out := fields{"userid": m.UserID, "department": m.Departments}
	if c.caller == secretContacts {
		return out
	}
	orders, leads, main, status := []int64{}, []int{}, int64(0), 1
	for range m.Departments {
		orders = append(orders, 0)
		lead := 0
		if m.IsLeader {
			lead = 1
		}
		leads = append(leads, lead)
	}
	if len(m.Departments) > 0 {
		main = m.Departments[0]
	}
	if m.Inactive {
		status = 4
	}
	for name, v := range (fields{"name": m.Name, "order": orders, "position": m.Position, "is_leader_in_dept": leads, "direct_leader": []string{},
		"main_department": main, "status": status, "open_userid": openUserID(m), "alias": m.Alias, "telephone": "", "external_position": "",
		"extattr": fields{"attrs": []fields{}}}) {
		out[name] = v
	}
	if c.st.World.Permissions.OldApp {
		for name, v := range private(m) {
			out[name] = v
		}
	}
	return out
}

func openUserID(m *Member) string { return "wo" + hex.EncodeToString([]byte(m.UserID)) }

// private is what only consent shows.
func private(m *Member) fields {
	return fields{"gender": strconv.Itoa(m.Gender), "avatar": "", "thumb_avatar": "", "qr_code": "", "mobile": m.Mobile, "email": m.Email, "biz_mail": m.BizMail, "address": ""}
}

// inDepartment lists the members of the department asked for that the caller sees; departments below do not count.
func (c *call) inDepartment() ([]*Member, error) {
	id, err := strconv.ParseInt(c.q.Get("department_id"), 10, 64)
	if err != nil {
		return nil, refuse(40058, "missing or bad department_id")
	}
	if !c.st.subtree(id)[id] {
		return nil, refuse(60003, "department not found")
	}
	if !c.visibleDepartments()[id] {
		return nil, refuse(60011, "no privilege to access/modify contact/party/agent")
	}
	var out []*Member
	for i := range c.st.World.Members {
		if m := &c.st.World.Members[i]; (!m.Hidden || c.caller == secretContacts) && slices.Contains(m.Departments, id) {
			out = append(out, m)
		}
	}
	return out, nil
}

func (c *call) userList() (fields, error) {
	list, err := c.inDepartment()
	if err != nil {
		return nil, err
	}
	out := make([]fields, 0, len(list))
	for _, m := range list {
		out = append(out, c.apiUser(m))
	}
	return fields{"userlist": out}, nil
}

func (c *call) userSimple() (fields, error) {
	list, err := c.inDepartment()
	if err != nil {
		return nil, err
	}
	out := make([]fields, 0, len(list))
	for _, m := range list {
		one := fields{"userid": m.UserID, "department": m.Departments}
		if c.caller != secretContacts {
			one["name"], one["open_userid"] = m.Name, openUserID(m)
		}
		out = append(out, one)
	}
	return fields{"userlist": out}, nil
}

func (c *call) userGet() (fields, error) {
	m, err := c.readable(c.q.Get("userid"))
	if err != nil {
		return nil, err
	}
	return c.apiUser(m), nil
}

// userListID lists all members of the corp, a row for each of a member's departments.
func (c *call) userListID() (fields, error) {
	var in struct {
		Cursor string `json:"cursor"`
		Limit  *int   `json:"limit"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	limit := 10_000
	if in.Limit != nil {
		if limit = *in.Limit; limit < 1 || limit > 10_000 {
			return nil, refuse(40058, "limit must be between 1 and 10000")
		}
	}
	rows := map[string]fields{}
	for i := range c.st.World.Members {
		m := &c.st.World.Members[i]
		for _, d := range m.Departments {
			rows[strings.ToLower(m.UserID)+"|"+strconv.FormatInt(d, 10)] = fields{"userid": m.UserID, "department": d}
		}
	}
	some, next, err := page("list_id", in.Cursor, limit, sortedKeys(rows))
	if err != nil {
		return nil, err
	}
	out := make([]fields, 0, len(some))
	for _, key := range some {
		out = append(out, rows[key])
	}
	return fields{"dept_user": out, "next_cursor": next}, nil
}

// find looks a member up by what only the corp knows. Who guesses too often is kept out for a day: in WeCom from a fifth
// of the corp's size on.
func (c *call) find(api string, fits func(*Member) bool) (fields, error) {
	if !c.s.gate.mayGuess(api) {
		return nil, refuse(45009, "api freq out of limit")
	}
	for i := range c.st.World.Members {
		if m := &c.st.World.Members[i]; !m.Hidden && fits(m) {
			return fields{"userid": m.UserID}, nil
		}
	}
	c.s.gate.missed(api, rate{max(20, len(c.st.World.Members)/5), 24 * time.Hour})
	return nil, refuse(46004, "user not exist")
}

func (c *call) userByMobile() (fields, error) {
	var in struct {
		Mobile string `json:"mobile"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Mobile == "" {
		return nil, refuse(40063, "some parameters are empty: mobile")
	}
	return c.find("user/getuserid", func(m *Member) bool { return m.Mobile == in.Mobile })
}

// userByEmail looks for the corp's mailbox (email_type 1, the default) or a private one (2).
func (c *call) userByEmail() (fields, error) {
	var in struct {
		Email string `json:"email"`
		Type  int    `json:"email_type"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	switch {
	case in.Email == "":
		return nil, refuse(40063, "some parameters are empty: email")
	case in.Type < 0 || in.Type > 2:
		return nil, refuse(40058, "email_type must be 1 or 2")
	}
	return c.find("user/get_userid_by_email", func(m *Member) bool {
		if in.Type == 2 {
			return strings.EqualFold(m.Email, in.Email)
		}
		return strings.EqualFold(m.BizMail, in.Email)
	})
}

// appName is the caller's app.
func (c *call) appName() string {
	if c.caller == secretOther {
		return c.st.World.OtherApp.Name
	}
	return "群策"
}

func (c *call) agentGet() (fields, error) {
	id := c.q.Get("agentid")
	if id == "" {
		return nil, refuse(41011, "missing agentid")
	}
	if id != strconv.Itoa(c.agentID()) {
		return nil, refuse(301002, "not allow operate another agent with this accesstoken")
	}
	parties, users := []int64{}, []fields{}
	p := &c.st.World.Permissions
	switch {
	case p.ranged():
		parties = append(parties, p.Departments...)
		for _, u := range p.Members {
			if m := c.st.member(u); m != nil { // not resigned
				users = append(users, fields{"userid": m.UserID})
			}
		}
	case slices.ContainsFunc(c.st.World.Members, func(m Member) bool { return m.Hidden }):
		for i := range c.st.World.Members {
			if m := &c.st.World.Members[i]; !m.Hidden {
				users = append(users, fields{"userid": m.UserID})
			}
		}
	default:
		for _, d := range c.st.World.Departments {
			if d.ParentID == 0 {
				parties = append(parties, d.ID)
			}
		}
	}
	domain := ""
	if len(p.Domains) > 0 {
		domain = p.Domains[0]
	}
	return fields{"agentid": c.agentID(), "name": c.appName(), "square_logo_url": "", "description": "", "allow_userinfos": fields{"user": users},
		"allow_partys": fields{"partyid": parties}, "allow_tags": fields{"tagid": []int64{}}, "close": int(b2f(p.Disabled)), "redirect_domain": domain,
		"report_location_flag": 0, "isreportenter": 0, "home_url": ""}, nil
}

func (c *call) agentList() (fields, error) {
	return fields{"agentlist": []fields{{"agentid": c.agentID(), "name": c.appName(), "square_logo_url": ""}}}, nil
}

// callbackIP and domainIP are where callbacks come from and where the API is: here.
func (c *call) callbackIP() (fields, error) { return fields{"ip_list": []string{"127.0.0.1"}}, nil }

func (c *call) domainIP() (fields, error) { return fields{"ip_list": []string{"127.0.0.1"}}, nil }
