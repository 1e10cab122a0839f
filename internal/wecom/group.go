package wecom

import "context"

// GroupFilter narrows GroupList. Status: 0 all, 1 owner resigned, 2 inheriting, 3 inherited. At most 100 owners.
type GroupFilter struct {
	Status int
	Owners []string
	Limit  int // 1..1000; 0 = 1000
}

// GroupItem is one row of GroupList. Status: 0 normal, 1 owner resigned, 2 inheriting, 3 inherited.
type GroupItem struct {
	ChatID string `json:"chat_id"`
	Status int    `json:"status"`
}

// GroupMember is a person in a group. Type: 1 member of the corp, 2 external. JoinScene: 1 invited, 2 invite link,
// 3 QR. State is the join way's. Name is filled only when asked for.
type GroupMember struct {
	UserID        string `json:"userid"`
	Type          int    `json:"type"`
	UnionID       string `json:"unionid,omitempty"`
	JoinTime      int64  `json:"join_time"`
	JoinScene     int    `json:"join_scene"`
	Invitor       *Ref   `json:"invitor,omitempty"`
	GroupNickname string `json:"group_nickname,omitempty"`
	Name          string `json:"name,omitempty"`
	State         string `json:"state,omitempty"`
}

// Ref names a member of the corp.
type Ref struct {
	UserID string `json:"userid"`
}

// Group is a customer group with all its members. Version changes with every change of the members.
type Group struct {
	ChatID     string        `json:"chat_id"`
	Name       string        `json:"name"`
	Owner      string        `json:"owner"`
	CreateTime int64         `json:"create_time"`
	Notice     string        `json:"notice,omitempty"`
	Members    []GroupMember `json:"member_list"`
	Admins     []Ref         `json:"admin_list,omitempty"`
	Version    string        `json:"member_version"`
}

// GroupList returns one page of customer groups; an empty next ends the pages. Dismissed groups are not listed.
// Without owners it fails with 81017 in a corp with more than 1000 visible members.
func (c *Client) GroupList(ctx context.Context, f GroupFilter, cursor string) (groups []GroupItem, next string, err error) {
	type owners struct {
		UserIDs []string `json:"userid_list"`
	}
	in := struct {
		Status int     `json:"status_filter"`
		Owners *owners `json:"owner_filter,omitempty"`
		Cursor string  `json:"cursor,omitempty"`
		Limit  int     `json:"limit"`
	}{Status: f.Status, Cursor: cursor, Limit: f.Limit}
	if in.Limit == 0 {
		in.Limit = 1000
	}
	if len(f.Owners) > 0 {
		in.Owners = &owners{f.Owners}
	}
	var out struct {
		List []GroupItem `json:"group_chat_list"`
		Next string      `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/groupchat/list", in, &out)
	return out.List, out.Next, err
}

// GroupGet reads a group with its members; 90501 if it is no customer group (any more), 49008 if it was dismissed.
func (c *Client) GroupGet(ctx context.Context, chatID string, needName bool) (Group, error) {
	in := struct {
		ChatID   string `json:"chat_id"`
		NeedName int    `json:"need_name"`
	}{ChatID: chatID}
	if needName {
		in.NeedName = 1
	}
	var out struct {
		Group Group `json:"group_chat"`
	}
	err := c.post(ctx, "/cgi-bin/externalcontact/groupchat/get", in, &out)
	return out.Group, err
}

// ChatIDByOpenGID turns the id by which a mini-program knows a group into ours; 90511 for a group that is not the corp's.
func (c *Client) ChatIDByOpenGID(ctx context.Context, openGID string) (string, error) {
	in := struct {
		OpenGID string `json:"opengid"`
	}{openGID}
	var out struct {
		ChatID string `json:"chat_id"`
	}
	err := c.post(ctx, "/cgi-bin/externalcontact/opengid_to_chatid", in, &out)
	return out.ChatID, err
}
