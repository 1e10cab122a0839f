package sim

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func (c *call) followUsers() (fields, error) {
	out := []string{}
	for i := range c.st.World.Members {
		if m := &c.st.World.Members[i]; !m.Hidden && !m.NoSeat {
			out = append(out, m.UserID)
		}
	}
	return fields{"follow_user": out}, nil
}

// customers are a member's live edges, by customer.
func (s *state) customers(user string) []string {
	out := make([]string, 0, len(s.byUser[user]))
	for ext, e := range s.byUser[user] {
		if e.alive() {
			out = append(out, ext)
		}
	}
	slices.Sort(out)
	return out
}

func (c *call) externalList() (fields, error) {
	m, err := c.visible(c.q.Get("userid"))
	if err != nil {
		return nil, err
	}
	if m.NoSeat {
		return nil, refuse(84074, "no external contact right")
	}
	out := c.st.customers(m.UserID)
	if len(out) == 0 {
		return nil, refuse(84061, "not external contact")
	}
	return fields{"external_userid": out}, nil
}

// sees says whether the app sees the member: one who works here, in the visible range.
func (c *call) sees(user string) bool {
	m := c.st.member(user)
	return m != nil && !m.Hidden
}

// Ways of adding, as WeCom numbers them.
const (
	addCode     = 1
	addCard     = 3
	addGroup    = 4
	addLink     = 16
	addAssigned = 202
)

// contact is what WeCom says about a person: of WeChat users their unionid, of WeCom users their corp.
func contact(p *Person) fields {
	out := fields{"external_userid": p.ExternalUserID, "name": p.Name, "avatar": "", "type": 1, "gender": p.Gender}
	if p.Corp != "" {
		out["type"], out["position"], out["corp_name"], out["corp_full_name"] = 2, p.Position, p.Corp, p.Corp
		out["external_profile"] = fields{"external_attr": []fields{}}
	} else if p.UnionID != "" {
		out["unionid"] = p.UnionID
	}
	return out
}

func follow(e *edge) fields {
	oper := e.Oper
	if oper == "" {
		oper = e.Ext
	}
	out := fields{"userid": e.User, "remark": e.Remark, "description": e.Description, "createtime": e.Created / 1000, "remark_corp_name": e.Company,
		"remark_mobiles": append([]string{}, e.Mobiles...), "add_way": e.AddWay, "oper_userid": oper}
	if e.State != "" {
		out["state"] = e.State
	}
	return out
}

func (c *call) externalGet() (fields, error) {
	id := c.q.Get("external_userid")
	if id == "" {
		return nil, refuse(41035, "missing external userid")
	}
	p := c.st.people[id]
	if p == nil {
		return nil, refuse(40096, "invalid external userid")
	}
	var users []string
	for user, e := range c.st.byExt[id] {
		if e.alive() && c.sees(user) {
			users = append(users, user)
		}
	}
	if len(users) == 0 {
		return nil, refuse(84061, "not external contact")
	}
	slices.Sort(users)
	some, next, err := page("get", c.q.Get("cursor"), 500, users)
	if err != nil {
		return nil, err
	}
	follows := make([]fields, 0, len(some))
	for _, user := range some {
		e := c.st.edge(user, id)
		tags := []fields{}
		for _, tagID := range e.Tags {
			if g, t := c.st.tag(tagID); t != nil {
				tags = append(tags, fields{"group_name": g.Name, "tag_name": t.Name, "tag_id": t.ID, "type": 1})
			}
		}
		f := follow(e)
		f["tags"] = tags
		follows = append(follows, f)
	}
	out := fields{"external_contact": contact(p), "follow_user": follows}
	if next != "" {
		out["next_cursor"] = next
	}
	return out, nil
}

func (c *call) batchGetByUser() (fields, error) {
	var in struct {
		Users  []string `json:"userid_list"`
		User   string   `json:"userid"` // as the API first was; old clients still write it
		Cursor string   `json:"cursor"`
		Limit  int      `json:"limit"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Users) == 0 && in.User != "" {
		in.Users = []string{in.User}
	}
	if len(in.Users) == 0 {
		return nil, refuse(40031, "invalid userid list")
	}
	if len(in.Users) > 100 {
		return nil, refuse(40032, "userid list too long")
	}
	var keys []string
	for _, u := range in.Users {
		m, err := c.visible(u)
		if err != nil {
			return nil, err
		}
		for _, ext := range c.st.customers(m.UserID) {
			keys = append(keys, m.UserID+"|"+ext)
		}
	}
	if len(keys) == 0 {
		return nil, refuse(84061, "not external contact")
	}
	slices.Sort(keys)
	some, next, err := page("batch", in.Cursor, within(in.Limit, 50, 100), slices.Compact(keys))
	if err != nil {
		return nil, err
	}
	rows := make([]fields, 0, len(some))
	for _, k := range some {
		user, ext, _ := strings.Cut(k, "|")
		e := c.st.edge(user, ext)
		f := follow(e)
		f["tag_id"] = append([]string{}, e.Tags...)
		rows = append(rows, fields{"external_contact": contact(c.st.people[ext]), "follow_info": f})
	}
	return fields{"external_contact_list": rows, "next_cursor": next, "fail_info": fields{"unlicensed_userid_list": []string{}}}, nil
}

func (c *call) remark() (fields, error) {
	var in struct {
		UserID      string   `json:"userid"`
		External    string   `json:"external_userid"`
		Remark      *string  `json:"remark"`
		Description *string  `json:"description"`
		Company     *string  `json:"remark_company"`
		Mobiles     []string `json:"remark_mobiles"`
		Pic         *string  `json:"remark_pic_mediaid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	e, err := c.relation(in.UserID, in.External)
	if err != nil {
		return nil, err
	}
	if in.Remark == nil && in.Description == nil && in.Company == nil && in.Mobiles == nil && in.Pic == nil {
		return nil, refuse(40063, "some parameters are empty")
	}
	if in.Pic != nil && *in.Pic != "" {
		if _, err := c.media(*in.Pic, mediaImage, fromUpload); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct {
		v    *string
		most int
	}{{in.Remark, 20}, {in.Description, 150}, {in.Company, 20}} {
		if part.v != nil && chars(*part.v) > part.most {
			return nil, refuse(40058, "remark is too long")
		}
	}
	if in.Company != nil && c.st.people[e.Ext].Corp != "" {
		in.Company = nil // of WeChat users only
	}
	c.t.do(op{K: opRemark, User: e.User, Ext: e.Ext, Note: &remark{in.Remark, in.Description, in.Company, in.Mobiles}})
	return nil, nil
}

// tmpLife is how long the cursor of a traversal works, on the simulator's clock.
const tmpLife = 4 * 60 * minuteMS

// contactList goes through everybody the corp serves: customers by each member who has them, and people of the groups
// who are nobody's customers, under ids that only this traversal knows.
func (c *call) contactList() (fields, error) {
	var in struct {
		Cursor string `json:"cursor"`
		Limit  int    `json:"limit"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Limit < 0 || in.Limit > 1000 {
		return nil, refuse(40058, "invalid limit")
	}
	began, after := c.t.At, ""
	if in.Cursor != "" {
		pos, err := position("contacts", in.Cursor)
		if err != nil {
			return nil, err
		}
		at, rest, _ := strings.Cut(pos, "/")
		if began, err = strconv.ParseInt(at, 10, 64); err != nil || c.t.At-began > tmpLife {
			return nil, refuse(50100, "invalid cursor")
		}
		after = cursor("contacts.", rest)
	}
	var keys []string
	for ext, edges := range c.st.byExt {
		for user, e := range edges {
			if e.alive() && c.sees(user) {
				keys = append(keys, "c|"+ext+"|"+user)
			}
		}
	}
	for id, g := range c.st.Groups {
		if g.Dismissed || !c.sees(g.Owner) {
			continue
		}
		for who, m := range g.Members {
			if m.Type == 2 && !c.customer(who) {
				keys = append(keys, "g|"+who+"|"+id)
			}
		}
	}
	slices.Sort(keys)
	some, next, err := page("contacts.", after, within(in.Limit, 1000, 1000), keys)
	if err != nil {
		return nil, err
	}
	rows := []fields{}
	for _, k := range some {
		part := strings.SplitN(k, "|", 3)
		row := fields{"is_customer": part[0] == "c", "tmp_openid": tmpOpenID(c.st.World.Seed, part[1], began)}
		if part[0] == "c" {
			row["external_userid"], row["follow_userid"], row["add_time"] = part[1], part[2], c.st.edge(part[2], part[1]).Created/1000
		} else {
			g := c.st.Groups[part[2]]
			row["name"], row["chat_id"], row["chat_name"], row["add_time"] = masked(c.st.name(part[1])), g.ID, g.Name, g.Members[part[1]].Join/1000
			row["follow_userid"] = g.Owner
		}
		rows = append(rows, row)
	}
	if next != "" {
		pos, _ := position("contacts.", next)
		next = cursor("contacts", strconv.FormatInt(began, 10)+"/"+pos)
	}
	return fields{"info_list": rows, "next_cursor": next}, nil
}

// customer says whether anybody the app sees has the person as a customer.
func (c *call) customer(ext string) bool {
	for user, e := range c.st.byExt[ext] {
		if e.alive() && c.sees(user) {
			return true
		}
	}
	return false
}

func tmpOpenID(seed uint64, ext string, began int64) string {
	return "tmp" + hex.EncodeToString(fmt.Appendf(nil, "%016x", dice(seed, "tmp", ext, strconv.FormatInt(began, 10)).Uint64()))
}

// masked shows the first character of a name.
func masked(name string) string {
	r := []rune(name)
	if len(r) == 0 {
		return ""
	}
	return string(r[:1]) + strings.Repeat("*", max(len(r)-1, 1))
}
