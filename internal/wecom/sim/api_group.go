package sim

import (
	"slices"
	"strings"

	"qunce/internal/wecom"
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
	case c.st.member(g.Owner).Hidden:
		return nil, refuse(60011, "no privilege to access/modify contact/party/agent")
	}
	return g, nil
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
		m, err := c.visible(u)
		if err != nil {
			return nil, err
		}
		owners[m.UserID] = true
	}
	if len(owners) == 0 {
		n := 0
		for i := range c.st.World.Members {
			n += int(b2f(!c.st.World.Members[i].Hidden))
		}
		if n > 1000 {
			return nil, refuse(81017, "too many results, use owner_filter")
		}
	}
	var keys []string
	for id, g := range c.st.Groups {
		if !g.Dismissed && (len(owners) == 0 || owners[g.Owner]) && !c.st.member(g.Owner).Hidden && in.Status == 0 {
			keys = append(keys, id)
		}
	}
	slices.Sort(keys)
	some, next, err := page("groupchat", in.Cursor, in.Limit, keys)
	if err != nil {
		return nil, err
	}
	rows := make([]wecom.GroupItem, 0, len(some))
	for _, id := range some {
		rows = append(rows, wecom.GroupItem{ChatID: id})
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
	out := wecom.Group{ChatID: g.ID, Name: g.Name, Owner: g.Owner, CreateTime: g.Created / 1000, Members: []wecom.GroupMember{}, Admins: []wecom.Ref{}, Version: memberVersion(g)}
	for _, id := range sortedBy(g.Members, func(a, b *groupMember) bool { return a.Join < b.Join }) {
		m := g.Members[id]
		row := wecom.GroupMember{UserID: id, Type: m.Type, JoinTime: m.Join / 1000, JoinScene: m.Scene, State: m.State}
		if m.Type == 2 {
			row.UnionID = c.st.people[id].UnionID
		}
		if m.Scene == 1 {
			row.Invitor = &wecom.Ref{UserID: g.Owner}
		}
		if in.NeedName == 1 {
			row.Name = c.st.name(id)
		}
		out.Members = append(out.Members, row)
	}
	return fields{"group_chat": out}, nil
}

// name is what a person or member is called.
func (s *state) name(id string) string {
	if m := s.members[strings.ToLower(id)]; m != nil {
		return m.Name
	}
	if p := s.people[id]; p != nil {
		return p.Name
	}
	return id
}
