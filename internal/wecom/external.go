package wecom

import (
	"context"
	"net/url"
)

// ExternalContact is a customer as WeCom knows one. Type: 1 WeChat, 2 WeCom. Gender: 0 unknown, 1 man, 2 woman.
type ExternalContact struct {
	ExternalUserID string `json:"external_userid"`
	Name           string `json:"name"`
	Position       string `json:"position,omitempty"`
	Avatar         string `json:"avatar,omitempty"`
	CorpName       string `json:"corp_name,omitempty"`
	CorpFullName   string `json:"corp_full_name,omitempty"`
	Type           int    `json:"type"`
	Gender         int    `json:"gender"`
	UnionID        string `json:"unionid,omitempty"`

	Profile *ExternalProfile `json:"external_profile,omitempty"` // of WeCom users
}

// FollowTag is a tag on the edge of one member and one customer. Type: 1 corp, 2 the member's own (no id), 3 strategy.
type FollowTag struct {
	GroupName string `json:"group_name"`
	TagName   string `json:"tag_name"`
	TagID     string `json:"tag_id,omitempty"`
	Type      int    `json:"type"`
}

// Follow is the edge of one member and one customer. CreateTime is in Unix seconds. ExternalGet fills Tags,
// BatchGetByUser fills TagIDs.
type Follow struct {
	UserID        string      `json:"userid"`
	Remark        string      `json:"remark"`
	Description   string      `json:"description"`
	CreateTime    int64       `json:"createtime"`
	Tags          []FollowTag `json:"tags,omitempty"`
	TagIDs        []string    `json:"tag_id,omitempty"`
	RemarkCorp    string      `json:"remark_corp_name,omitempty"`
	RemarkMobiles []string    `json:"remark_mobiles,omitempty"`
	AddWay        int         `json:"add_way"`
	OperUserID    string      `json:"oper_userid,omitempty"`
	State         string      `json:"state,omitempty"`
	Channels      *Channels   `json:"wechat_channels,omitempty"` // add way 10
}

// External is a customer with the followers the app may see.
type External struct {
	Contact ExternalContact `json:"external_contact"`
	Follows []Follow        `json:"follow_user"`
}

// ExternalFollow is one row of BatchGetByUser: one member and one customer.
type ExternalFollow struct {
	Contact ExternalContact `json:"external_contact"`
	Follow  Follow          `json:"follow_info"`
}

// ExternalList returns the ids of a member's customers. WeCom answers 84061 for a member without any; here that is an
// empty list.
func (c *Client) ExternalList(ctx context.Context, userID string) ([]string, error) {
	var out struct {
		IDs []string `json:"external_userid"`
	}
	err := c.get(ctx, "/cgi-bin/externalcontact/list", url.Values{"userid": {userID}}, &out)
	if IsCode(err, 84061) {
		return nil, nil
	}
	return out.IDs, err
}

// ExternalGet returns a customer with all followers in the visible range; 84061 or 40096 if nobody has them.
func (c *Client) ExternalGet(ctx context.Context, externalUserID string) (External, error) {
	var all External
	q := url.Values{"external_userid": {externalUserID}}
	for {
		var out struct {
			External
			Next string `json:"next_cursor"`
		}
		if err := c.get(ctx, "/cgi-bin/externalcontact/get", q, &out); err != nil {
			return External{}, err
		}
		all.Contact = out.Contact
		all.Follows = append(all.Follows, out.Follows...)
		if out.Next == "" {
			return all, nil
		}
		q.Set("cursor", out.Next)
	}
}

// BatchGetByUser returns one page of the edges of up to 100 members; limit ≤ 100. An empty next ends the pages.
func (c *Client) BatchGetByUser(ctx context.Context, userIDs []string, cursor string, limit int) (rows []ExternalFollow, next string, err error) {
	in := struct {
		UserIDs []string `json:"userid_list"`
		Cursor  string   `json:"cursor"`
		Limit   int      `json:"limit"`
	}{userIDs, cursor, limit}
	var out struct {
		List []ExternalFollow `json:"external_contact_list"`
		Next string           `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/batch/get_by_user", in, &out)
	if IsCode(err, 84061) {
		return nil, "", nil
	}
	return out.List, out.Next, err
}

// RemarkRequest changes what a member noted about a customer; nil fields stay as they are. Mobiles
// replace the old ones; a single empty one clears them. Remark and company ≤ 20 characters, description ≤ 150.
type RemarkRequest struct {
	UserID         string   `json:"userid"`
	ExternalUserID string   `json:"external_userid"`
	Remark         *string  `json:"remark,omitempty"`
	Description    *string  `json:"description,omitempty"`
	RemarkCompany  *string  `json:"remark_company,omitempty"`
	RemarkMobiles  []string `json:"remark_mobiles,omitempty"`
	PictureMediaID string   `json:"remark_pic_mediaid,omitempty"`
}

// Remark writes a member's note about a customer. It is repeatable.
func (c *Client) Remark(ctx context.Context, r RemarkRequest) error {
	return c.post(ctx, "/cgi-bin/externalcontact/remark", r, nil)
}

// ServedContact is somebody whom a member has served, as a customer or in a group. TempID is stable within one run
// through all pages only; people who are nobody's customer have no ExternalUserID.
type ServedContact struct {
	IsCustomer     bool    `json:"is_customer"`
	TempID         string  `json:"tmp_openid"`
	ExternalUserID string  `json:"external_userid"`
	Name           string  `json:"name"` // masked
	FollowUserID   string  `json:"follow_userid"`
	ChatID         string  `json:"chat_id"`
	ChatName       string  `json:"chat_name"`
	AddTime        Seconds `json:"add_time"`
}

// ServedContacts returns one page of everybody the corp has served; limit ≤ 1000. An empty next ends the pages; a cursor
// lives four hours.
func (c *Client) ServedContacts(ctx context.Context, cursor string, limit int) (rows []ServedContact, next string, err error) {
	var out struct {
		List []ServedContact `json:"info_list"`
		Next string          `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/contact_list", page{Cursor: cursor, Limit: limit}, &out)
	return out.List, out.Next, err
}
