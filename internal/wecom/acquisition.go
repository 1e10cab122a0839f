package wecom

import (
	"context"
	"time"
)

// AcquisitionLink is a 获客助手 link, which a customer follows to add one of its members. LinkName has at most 30
// characters; at most 500 people in all. Append "?customer_channel=STATE" (≤ 64 bytes) to URL and it becomes the state.
type AcquisitionLink struct {
	LinkID     string
	LinkName   string
	URL        string  // answers only
	CreateTime Seconds // answers only
	SkipVerify bool
	MarkSource bool
	Users      []string
	Parties    []int64
	Priority   *LinkPriority
}

// LinkPriority says whom WeCom prefers. Type: 1 members of the whole corp whom the customer has already, 2 those listed
// (≤ 1000).
type LinkPriority struct {
	Type  int      `json:"priority_type"`
	Users []string `json:"priority_userid_list,omitempty"`
}

type linkRange struct {
	Users   []string `json:"user_list,omitempty"`
	Parties []int64  `json:"department_list,omitempty"`
}

// linkRequest is a link as requests carry it.
type linkRequest struct {
	LinkID     string        `json:"link_id,omitempty"`
	LinkName   string        `json:"link_name"`
	Range      linkRange     `json:"range"`
	SkipVerify bool          `json:"skip_verify"`
	Priority   *LinkPriority `json:"priority_option,omitempty"`
	MarkSource bool          `json:"mark_source"`
}

// linkAnswer is a link as answers carry it.
type linkAnswer struct {
	Link struct {
		LinkID     string  `json:"link_id"`
		LinkName   string  `json:"link_name"`
		URL        string  `json:"url"`
		CreateTime Seconds `json:"create_time"`
		SkipVerify bool    `json:"skip_verify"`
		MarkSource bool    `json:"mark_source"`
	} `json:"link"`
	Range    linkRange     `json:"range"`
	Priority *LinkPriority `json:"priority_option"`
}

type linkID struct {
	LinkID string `json:"link_id"`
}

// LinkList returns one page of the ids of the app's links that are still valid; limit ≤ 100. An empty next ends the
// pages.
func (c *Client) LinkList(ctx context.Context, cursor string, limit int) (linkIDs []string, next string, err error) {
	var out struct {
		IDs  []string `json:"link_id_list"`
		Next string   `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/customer_acquisition/list_link", page{Cursor: cursor, Limit: limit}, &out)
	return out.IDs, out.Next, err
}

// LinkGet reads a link.
func (c *Client) LinkGet(ctx context.Context, id string) (AcquisitionLink, error) {
	var out linkAnswer
	err := c.post(ctx, "/cgi-bin/externalcontact/customer_acquisition/get", linkID{id}, &out)
	l := out.Link
	return AcquisitionLink{LinkID: id, LinkName: l.LinkName, URL: l.URL, CreateTime: l.CreateTime, SkipVerify: l.SkipVerify,
		MarkSource: l.MarkSource, Users: out.Range.Users, Parties: out.Range.Parties, Priority: out.Priority}, err
}

// LinkCreate makes a link and returns it with its id and address. 41095 when the corp has as many as it may, 41200 in an
// industry that may not. It is findable: by name, through LinkList and LinkGet.
func (c *Client) LinkCreate(ctx context.Context, l AcquisitionLink) (AcquisitionLink, error) {
	l.LinkID = ""
	var out linkAnswer
	if err := c.post(ctx, "/cgi-bin/externalcontact/customer_acquisition/create_link", linkOf(l), &out); err != nil {
		return AcquisitionLink{}, err
	}
	l.LinkID, l.URL, l.CreateTime = out.Link.LinkID, out.Link.URL, out.Link.CreateTime
	return l, nil
}

// LinkUpdate rewrites a link; people and priority replace the old ones. It is repeatable.
func (c *Client) LinkUpdate(ctx context.Context, l AcquisitionLink) error {
	return c.post(ctx, "/cgi-bin/externalcontact/customer_acquisition/update_link", linkOf(l), nil)
}

func linkOf(l AcquisitionLink) linkRequest {
	return linkRequest{LinkID: l.LinkID, LinkName: l.LinkName, Range: linkRange{l.Users, l.Parties}, SkipVerify: l.SkipVerify,
		Priority: l.Priority, MarkSource: l.MarkSource}
}

// LinkDelete deletes a link; it stops working wherever it was published. It is repeatable.
func (c *Client) LinkDelete(ctx context.Context, id string) error {
	return c.post(ctx, "/cgi-bin/externalcontact/customer_acquisition/delete_link", linkID{id}, nil)
}

// LinkCustomer is somebody who came through a link. ChatStatus: 0 silent, 1 wrote, 2 unknown.
type LinkCustomer struct {
	ExternalUserID string `json:"external_userid"`
	UserID         string `json:"userid"`
	ChatStatus     int    `json:"chat_status"`
	State          string `json:"state"`
}

// LinkCustomers returns one page of who came through a link; limit ≤ 1000. An empty next ends the pages.
func (c *Client) LinkCustomers(ctx context.Context, id, cursor string, limit int) (rows []LinkCustomer, next string, err error) {
	in := struct {
		linkID
		page
	}{linkID{id}, page{Cursor: cursor, Limit: limit}}
	var out struct {
		List []LinkCustomer `json:"customer_list"`
		Next string         `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/customer_acquisition/customer", in, &out)
	return out.List, out.Next, err
}

// LinkStatistic counts the people who opened a link and who added somebody through it, over whole days: at most 30 in
// one call and 180 back.
func (c *Client) LinkStatistic(ctx context.Context, id string, from, to time.Time) (clicks, added int, err error) {
	in := struct {
		linkID
		Start int64 `json:"start_time"`
		End   int64 `json:"end_time"`
	}{linkID{id}, unix(from), unix(to)}
	var out struct {
		Clicks int `json:"click_link_customer_cnt"`
		Added  int `json:"new_customer_cnt"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/customer_acquisition/statistic", in, &out)
	return out.Clicks, out.Added, err
}

// AcquisitionQuota is how many customers the corp has paid for and how many of them are left.
type AcquisitionQuota struct {
	Total   int `json:"total"`
	Balance int `json:"balance"`
	Parts   []struct {
		Expires Seconds `json:"expire_date"`
		Balance int     `json:"balance"`
	} `json:"quota_list"`
}

// LinkQuota reads the acquisition quota.
func (c *Client) LinkQuota(ctx context.Context) (AcquisitionQuota, error) {
	var out AcquisitionQuota
	err := c.get(ctx, "/cgi-bin/externalcontact/customer_acquisition_quota", nil, &out)
	return out, err
}

// LinkChat is what a customer who came through a link has written so far.
type LinkChat struct {
	UserID         string `json:"userid"`
	ExternalUserID string `json:"external_userid"`
	Info           struct {
		Received int    `json:"recv_msg_cnt"`
		LinkID   string `json:"link_id"`
		State    string `json:"state"`
	} `json:"chat_info"`
}

// ChatInfo reads the chat that a message_from_customer event names by its key, which lives 30 minutes (41201).
func (c *Client) ChatInfo(ctx context.Context, chatKey string) (LinkChat, error) {
	in := struct {
		ChatKey string `json:"chat_key"`
	}{chatKey}
	var out LinkChat
	err := c.post(ctx, "/cgi-bin/externalcontact/customer_acquisition/get_chat_info", in, &out)
	return out, err
}
