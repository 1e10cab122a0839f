package sim

import (
	"slices"
	"strings"

	"qunce/internal/wecom"
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

func contact(p *Person) wecom.ExternalContact {
	return wecom.ExternalContact{ExternalUserID: p.ExternalUserID, Name: p.Name, Type: 1, Gender: p.Gender, UnionID: p.UnionID}
}

func (c *call) follow(e *edge) wecom.Follow {
	mobiles := e.Mobiles
	if mobiles == nil {
		mobiles = []string{}
	}
	return wecom.Follow{UserID: e.User, Remark: e.Remark, Description: e.Description, CreateTime: e.Created / 1000, RemarkCorp: e.Company,
		RemarkMobiles: mobiles, AddWay: e.AddWay, OperUserID: e.Ext, State: e.State}
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
		if e.alive() && !c.st.member(user).Hidden {
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
	follows := make([]wecom.Follow, 0, len(some))
	for _, user := range some {
		e := c.st.edge(user, id)
		f := c.follow(e)
		f.Tags = []wecom.FollowTag{}
		for _, tagID := range e.Tags {
			if g, t := c.st.tag(tagID); t != nil {
				f.Tags = append(f.Tags, wecom.FollowTag{GroupName: g.Name, TagName: t.Name, TagID: t.ID, Type: 1})
			}
		}
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
		Cursor string   `json:"cursor"`
		Limit  int      `json:"limit"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
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
	rows := make([]wecom.ExternalFollow, 0, len(some))
	for _, k := range some {
		user, ext, _ := strings.Cut(k, "|")
		e := c.st.edge(user, ext)
		f := c.follow(e)
		f.TagIDs = append([]string{}, e.Tags...)
		rows = append(rows, wecom.ExternalFollow{Contact: contact(c.st.people[ext]), Follow: f})
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
	for _, part := range []struct {
		v    *string
		most int
	}{{in.Remark, 20}, {in.Description, 150}, {in.Company, 20}} {
		if part.v != nil && chars(*part.v) > part.most {
			return nil, refuse(40058, "remark is too long")
		}
	}
	c.t.do(op{K: opRemark, User: e.User, Ext: e.Ext, Note: &remark{in.Remark, in.Description, in.Company, in.Mobiles}})
	return nil, nil
}

func (s *state) tag(id string) (*tagGroup, *tag) {
	for _, g := range s.Tags {
		for i := range g.Tags {
			if g.Tags[i].ID == id {
				return g, &g.Tags[i]
			}
		}
	}
	return nil, nil
}

func apiGroup(g *tagGroup, keep func(tag) bool) wecom.CorpTagGroup {
	out := wecom.CorpTagGroup{GroupID: g.ID, GroupName: g.Name, CreateTime: g.Created / 1000, Order: g.Order, Tags: []wecom.CorpTag{}}
	for _, t := range g.Tags {
		if keep(t) {
			out.Tags = append(out.Tags, wecom.CorpTag{ID: t.ID, Name: t.Name, CreateTime: t.Created / 1000, Order: t.Order})
		}
	}
	return out
}

func (c *call) tagList() (fields, error) {
	var in struct {
		Tags   []string `json:"tag_id"`
		Groups []string `json:"group_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	out := []wecom.CorpTagGroup{}
	for _, id := range sortedBy(c.st.Tags, func(a, b *tagGroup) bool { return a.Order > b.Order }) {
		g := c.st.Tags[id]
		switch {
		case len(in.Groups) > 0:
			if slices.Contains(in.Groups, id) {
				out = append(out, apiGroup(g, func(tag) bool { return true }))
			}
		case len(in.Tags) > 0:
			if part := apiGroup(g, func(t tag) bool { return slices.Contains(in.Tags, t.ID) }); len(part.Tags) > 0 {
				out = append(out, part)
			}
		default:
			out = append(out, apiGroup(g, func(tag) bool { return true }))
		}
	}
	return fields{"tag_group": out}, nil
}

func (c *call) addTag() (fields, error) {
	var in wecom.AddCorpTagRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, refuse(40063, "some parameters are empty")
	}
	var g *tagGroup
	if in.GroupID != "" {
		if g = c.st.Tags[in.GroupID]; g == nil {
			return nil, refuse(40068, "invalid tagid")
		}
	} else {
		if n := chars(in.GroupName); n < 1 || n > 30 {
			return nil, refuse(40072, "invalid tag name size")
		}
		for _, id := range sortedKeys(c.st.Tags) {
			if c.st.Tags[id].Name == in.GroupName {
				g = c.st.Tags[id]
			}
		}
	}
	total := len(in.Tags)
	for _, other := range c.st.Tags {
		total += len(other.Tags)
	}
	if total > 10_000 {
		return nil, refuse(40126, "corp tag count at limit")
	}
	next := tagGroup{ID: mint(c.st.World.Seed, "et", c.st.next(), 30), Name: in.GroupName, Created: c.t.At, Order: in.Order}
	if g != nil {
		next = *g
		next.Tags = slices.Clone(g.Tags)
	}
	made := map[string]bool{}
	for _, n := range in.Tags {
		if k := chars(n.Name); k < 1 || k > 30 {
			return nil, refuse(40072, "invalid tag name size")
		}
		if made[n.Name] {
			continue // doubled names in one call make one tag
		}
		if slices.ContainsFunc(next.Tags, func(t tag) bool { return t.Name == n.Name }) {
			return nil, refuse(40071, "invalid tag name: exists")
		}
		id := mint(c.st.World.Seed, "et", c.st.next(), 30)
		made[n.Name] = true
		next.Tags = append(next.Tags, tag{ID: id, Name: n.Name, Created: c.t.At, Order: n.Order})
	}
	c.t.do(op{K: opTags, Tags: &next})
	return fields{"tag_group": apiGroup(&next, func(t tag) bool { return made[t.Name] })}, nil
}

func (c *call) markTag() (fields, error) {
	var in struct {
		UserID   string   `json:"userid"`
		External string   `json:"external_userid"`
		Add      []string `json:"add_tag"`
		Remove   []string `json:"remove_tag"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	e, err := c.relation(in.UserID, in.External)
	if err != nil {
		return nil, err
	}
	if len(in.Add)+len(in.Remove) == 0 {
		return nil, refuse(40063, "some parameters are empty")
	}
	for _, id := range slices.Concat(in.Add, in.Remove) {
		if _, t := c.st.tag(id); t == nil {
			return nil, refuse(40068, "invalid tagid")
		}
	}
	if len(e.Tags)+len(in.Add) > 3000 {
		return nil, refuse(40144, "customer's tags at limit")
	}
	c.t.do(op{K: opMark, User: e.User, Ext: e.Ext, List: in.Add, Del: in.Remove})
	return nil, nil
}
