package sim

import (
	"encoding/hex"
	"slices"
	"strings"
)

// group finds a customer group whose owner is in the app's visible range.
func (c *call) group(chatID string) (*group, error) {
	if chatID == "" {
		return nil, refuse(86003, "chatid missing")
	}
	g := c.st.Groups[chatID]
	switch {
	case g == nil:
		return nil, refuse(90501, "chat is not external group chat")
	case g.Dismissed:
		return nil, refuse(49008, "group has been dismissed")
	case !c.seesOwner(g.Owner):
		return nil, refuse(60011, "no privilege to access/modify contact/party/agent")
	}
	return g, nil
}

// seesOwner is sees, and true for owners who resigned: their groups can be read until somebody inherits them.
func (c *call) seesOwner(user string) bool {
	if l := c.st.left(user); l != nil {
		return !l.Member.Hidden
	}
	return c.sees(user)
}

// owner finds the owner of groups: a visible member, or one who resigned.
func (c *call) owner(userID string) (string, error) {
	if l := c.st.left(userID); l != nil && !l.Member.Hidden {
		return l.Member.UserID, nil
	}
	m, err := c.visible(userID)
	if err != nil {
		return "", err
	}
	return m.UserID, nil
}

// status is a group's as WeCom numbers it.
func (s *state) status(g *group) int {
	if g.Status == 0 && s.left(g.Owner) != nil || g.Status == groupInherited && s.left(g.Owner) != nil {
		return groupOrphan
	}
	return g.Status
}

func (c *call) groupList() (fields, error) {
	var in struct {
		Status int `json:"status_filter"`
		Owners struct {
			Users []string `json:"userid_list"`
		} `json:"owner_filter"`
		Cursor string `json:"cursor"`
		Limit  int    `json:"limit"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	switch {
	case in.Limit < 1 || in.Limit > 1000:
		return nil, refuse(40058, "invalid limit")
	case in.Status < 0 || in.Status > 3:
		return nil, refuse(40058, "invalid status_filter")
	case len(in.Owners.Users) > 100:
		return nil, refuse(40032, "userid list too long")
	}
	owners := map[string]bool{}
	for _, u := range in.Owners.Users {
		id, err := c.owner(u)
		if err != nil {
			return nil, err
		}
		owners[id] = true
	}
	if len(owners) == 0 {
		n := 0
		for i := range c.st.World.Members {
			n += int(b2f(c.sees(c.st.World.Members[i].UserID)))
		}
		if n > 1000 {
			return nil, refuse(81017, "too many results, use owner_filter")
		}
	}
	var keys []string
	for id, g := range c.st.Groups {
		if g.Dismissed || in.Status != 0 && in.Status != c.st.status(g) {
			continue
		}
		if owners[g.Owner] || len(owners) == 0 && c.sees(g.Owner) { // those of owners who left only when they are asked for
			keys = append(keys, id)
		}
	}
	slices.Sort(keys)
	some, next, err := page("groupchat", in.Cursor, in.Limit, keys)
	if err != nil {
		return nil, err
	}
	rows := make([]fields, 0, len(some))
	for _, id := range some {
		rows = append(rows, fields{"chat_id": id, "status": c.st.status(c.st.Groups[id])})
	}
	return fields{"group_chat_list": rows, "next_cursor": next}, nil
}

func (c *call) groupGet() (fields, error) {
	var in struct {
		ChatID   string `json:"chat_id"`
		NeedName int    `json:"need_name"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	g, err := c.group(in.ChatID)
	if err != nil {
		return nil, err
	}
	members, admins := []fields{}, []fields{}
	for _, id := range sortedBy(g.Members, func(a, b *groupMember) bool { return a.Join < b.Join }) {
		m := g.Members[id]
		row := fields{"userid": id, "type": m.Type, "join_time": m.Join / 1000, "join_scene": m.Scene, "group_nickname": ""}
		if p := c.st.people[id]; p != nil && p.Corp == "" && p.UnionID != "" {
			row["unionid"] = p.UnionID
		}
		if m.Invitor != "" {
			row["invitor"] = fields{"userid": m.Invitor}
		}
		if m.State != "" {
			row["state"] = m.State
		}
		if in.NeedName == 1 {
			row["name"] = c.st.name(id)
		}
		members = append(members, row)
	}
	for _, id := range g.Admins {
		admins = append(admins, fields{"userid": id})
	}
	return fields{"group_chat": fields{"chat_id": g.ID, "name": g.Name, "owner": g.Owner, "create_time": g.Created / 1000, "notice": g.Notice,
		"member_list": members, "admin_list": admins, "member_version": memberVersion(g)}}, nil
}

// openGID is what a mini-program opened in the group knows of it.
func openGID(chatID string) string { return "GO" + hex.EncodeToString([]byte(chatID)) }

func (c *call) openGroup() (fields, error) {
	var in struct {
		OpenGID string `json:"opengid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.OpenGID == "" {
		return nil, refuse(40063, "some parameters are empty")
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(in.OpenGID, "GO"))
	g := c.st.Groups[string(raw)]
	if err != nil || g == nil || g.Dismissed || openGID(g.ID) != in.OpenGID {
		return nil, refuse(90511, "invalid opengid")
	}
	if !c.seesOwner(g.Owner) {
		return nil, refuse(60011, "no privilege to access/modify contact/party/agent")
	}
	return fields{"chat_id": g.ID}, nil
}

// name is what a person or member is called.
func (s *state) name(id string) string {
	if m := s.members[strings.ToLower(id)]; m != nil {
		return m.Name
	}
	if p := s.people[id]; p != nil {
		return p.Name
	}
	if l := s.left(id); l != nil {
		return l.Member.Name
	}
	return id
}
