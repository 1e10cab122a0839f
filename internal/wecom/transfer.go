package wecom

import "context"

// Transfer hands customers (≤ 100) from one member to another. Message (≤ 200 characters) is shown to the customers, and
// only when the giver is still active.
type Transfer struct {
	Handover    string   `json:"handover_userid"`
	Takeover    string   `json:"takeover_userid"`
	ExternalIDs []string `json:"external_userid"`
	Message     string   `json:"transfer_success_msg,omitempty"`
}

// TransferItem is WeCom's word about one customer. Code 0: accepted. Others of note: 40096 unknown customer, 40097 giver
// has not resigned, 40098 taker not verified, 40099 taker full, 40100 and 40129 under way, 40128 handed over twice in 90
// days, 40130 giver and taker are one, 40131 no customer of the giver's, 40143 banned.
type TransferItem struct {
	ExternalUserID string `json:"external_userid"`
	Code           int    `json:"errcode"`
}

// TransferCustomer hands over customers of an active member: after 24 hours, unless a customer refuses. It is
// repeatable: a customer on the way answers 40100 or 40129.
func (c *Client) TransferCustomer(ctx context.Context, t Transfer) ([]TransferItem, error) {
	return c.transfer(ctx, "/cgi-bin/externalcontact/transfer_customer", t)
}

// TransferResigned hands over customers of a member who left, within a year. It is repeatable like TransferCustomer.
func (c *Client) TransferResigned(ctx context.Context, t Transfer) ([]TransferItem, error) {
	t.Message = ""
	return c.transfer(ctx, "/cgi-bin/externalcontact/resigned/transfer_customer", t)
}

func (c *Client) transfer(ctx context.Context, api string, t Transfer) ([]TransferItem, error) {
	var out struct {
		Customers []TransferItem `json:"customer"`
	}
	err := c.post(ctx, api, t, &out)
	return out.Customers, err
}

// Statuses of a Takeover.
const (
	TakeoverDone    = 1
	TakeoverWaiting = 2
	TakeoverRefused = 3
	TakeoverFull    = 4 // the taker has as many customers as WeCom allows
	TakeoverNone    = 5 // no record; only the retired API answered it
)

// Takeover is how far the hand-over of a customer is. Time is in the future while waiting, and 0 when refused.
type Takeover struct {
	ExternalUserID string  `json:"external_userid"`
	Status         int     `json:"status"`
	Time           Seconds `json:"takeover_time"`
}

// TransferResult returns one page (≤ 1000) of the hand-overs between two members, the giver still active.
func (c *Client) TransferResult(ctx context.Context, handover, takeover, cursor string) (rows []Takeover, next string, err error) {
	return c.takeovers(ctx, "/cgi-bin/externalcontact/transfer_result", handover, takeover, cursor)
}

// TransferResignedResult is TransferResult for a giver who left.
func (c *Client) TransferResignedResult(ctx context.Context, handover, takeover, cursor string) (rows []Takeover, next string, err error) {
	return c.takeovers(ctx, "/cgi-bin/externalcontact/resigned/transfer_result", handover, takeover, cursor)
}

func (c *Client) takeovers(ctx context.Context, api, handover, takeover, cursor string) ([]Takeover, string, error) {
	in := struct {
		Handover string `json:"handover_userid"`
		Takeover string `json:"takeover_userid"`
		Cursor   string `json:"cursor,omitempty"`
	}{handover, takeover, cursor}
	var out struct {
		Customers []Takeover `json:"customer"`
		Next      string     `json:"next_cursor"`
	}
	err := c.post(ctx, api, in, &out)
	return out.Customers, out.Next, err
}

// UnassignedCustomer is a customer of a member who left and whom nobody has taken over.
type UnassignedCustomer struct {
	Handover       string  `json:"handover_userid"`
	ExternalUserID string  `json:"external_userid"`
	LeftAt         Seconds `json:"dimission_time"`
}

// Unassigned returns one page of the customers of members who left; limit ≤ 1000, 0 = 1000. An empty next ends the pages.
func (c *Client) Unassigned(ctx context.Context, cursor string, limit int) (rows []UnassignedCustomer, next string, err error) {
	in := struct {
		Cursor string `json:"cursor,omitempty"`
		Size   int    `json:"page_size,omitempty"`
	}{cursor, limit}
	var out struct {
		Info []UnassignedCustomer `json:"info"`
		Last bool                 `json:"is_last"`
		Next string               `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/get_unassigned_list", in, &out)
	if out.Last {
		out.Next = ""
	}
	return out.Info, out.Next, err
}

// FailedGroup is a group that could not be handed over: 90500 its owner has not resigned, 90501 no customer group, 90503
// full of WeChat members so that only the client can, 90504 same owner, 90507 under way, 90508 done before.
type FailedGroup struct {
	ChatID string `json:"chat_id"`
	Code   int    `json:"errcode"`
	Msg    string `json:"errmsg"`
}

// TransferGroups gives groups (≤ 100) whose owner left to a new owner and returns those that stayed; at most 300 of one
// owner a day. It is repeatable: a group that is done answers 90504 or 90508.
func (c *Client) TransferGroups(ctx context.Context, chatIDs []string, newOwner string) ([]FailedGroup, error) {
	return c.transferGroups(ctx, "/cgi-bin/externalcontact/groupchat/transfer", chatIDs, newOwner)
}

// TransferGroupsOnJob is TransferGroups for groups whose owner is still active; a group at most twice in 90 days.
func (c *Client) TransferGroupsOnJob(ctx context.Context, chatIDs []string, newOwner string) ([]FailedGroup, error) {
	return c.transferGroups(ctx, "/cgi-bin/externalcontact/groupchat/onjob_transfer", chatIDs, newOwner)
}

func (c *Client) transferGroups(ctx context.Context, api string, chatIDs []string, newOwner string) ([]FailedGroup, error) {
	in := struct {
		ChatIDs  []string `json:"chat_id_list"`
		NewOwner string   `json:"new_owner"`
	}{chatIDs, newOwner}
	var out struct {
		Failed []FailedGroup `json:"failed_chat_list"`
	}
	err := c.post(ctx, api, in, &out)
	return out.Failed, err
}
