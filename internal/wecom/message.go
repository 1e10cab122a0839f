package wecom

import "context"

// Text is a text part; content ≤ 4000 bytes in customer messages, 2048 in app messages.
type Text struct {
	Content string `json:"content"`
}

// Image refers to an uploaded picture by media id (three days) or by the permanent URL from uploadimg.
type Image struct {
	MediaID string `json:"media_id,omitempty"`
	PicURL  string `json:"pic_url,omitempty"`
}

// Link is a card with a URL; title ≤ 128 bytes, desc ≤ 512, url ≤ 2048.
type Link struct {
	Title  string `json:"title"`
	PicURL string `json:"picurl,omitempty"`
	Desc   string `json:"desc,omitempty"`
	URL    string `json:"url"`
}

// MiniProgram is a card that opens a mini-program; title ≤ 64 bytes.
type MiniProgram struct {
	Title      string `json:"title"`
	PicMediaID string `json:"pic_media_id"`
	AppID      string `json:"appid"`
	Page       string `json:"page"`
}

// Attachment is one part of a customer message; MsgType names the field that is set: image, link, miniprogram, video
// or file.
type Attachment struct {
	MsgType     string       `json:"msgtype"`
	Image       *Image       `json:"image,omitempty"`
	Link        *Link        `json:"link,omitempty"`
	MiniProgram *MiniProgram `json:"miniprogram,omitempty"`
	Video       *Media       `json:"video,omitempty"`
	File        *Media       `json:"file,omitempty"`
}

// Welcome answers an add event within 20 seconds; at most 9 attachments, text or attachments must be there.
type Welcome struct {
	Code        string       `json:"welcome_code"`
	Text        *Text        `json:"text,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
}

const welcomeAPI = "/cgi-bin/externalcontact/send_welcome_msg"

// SendWelcome sends a welcome. It is repeatable: 41051 means it was sent; 41050 means the 20 seconds are over; 41096
// means another app is at it, try again.
func (c *Client) SendWelcome(ctx context.Context, w Welcome) error {
	return c.post(ctx, welcomeAPI, w, nil)
}

// TagFilter picks customers: tags inside a group are joined by OR, groups by AND.
type TagFilter struct {
	Groups []TagFilterGroup `json:"group_list"`
}

// TagFilterGroup is at most 100 tags of which one must be there.
type TagFilterGroup struct {
	Tags []string `json:"tag_list"`
}

// Chat types of mass sends.
const (
	ChatSingle = "single"
	ChatGroup  = "group"
)

// MsgTemplate is a mass send, which WeCom turns into tasks that members confirm. ChatType single: ≤ 10,000 customers;
// group: ≤ 2,000 groups of Sender, who must be given.
type MsgTemplate struct {
	ChatType    string       `json:"chat_type,omitempty"`
	ExternalIDs []string     `json:"external_userid,omitempty"`
	ChatIDs     []string     `json:"chat_id_list,omitempty"`
	TagFilter   *TagFilter   `json:"tag_filter,omitempty"`
	Sender      string       `json:"sender,omitempty"`
	AllowSelect bool         `json:"allow_select,omitempty"`
	Text        *Text        `json:"text,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
}

// AddMsgTemplate makes the tasks of a mass send; failList are the recipients WeCom would not take. 41048 means nobody
// is left to send to. It is findable: through GroupMsgList by time, sender and content.
func (c *Client) AddMsgTemplate(ctx context.Context, t MsgTemplate) (msgID string, failList []string, err error) {
	var out struct {
		MsgID    string   `json:"msgid"`
		FailList []string `json:"fail_list"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/add_msg_template", t, &out)
	return out.MsgID, out.FailList, err
}

// GroupMsgFilter narrows GroupMsgList to a chat type and a window of at most a month, in Unix seconds.
// Type: 0 made by the corp, 1 by members, 2 both.
type GroupMsgFilter struct {
	ChatType string
	Start    int64
	End      int64
	Creator  string
	Type     int
	Limit    int // ≤ 100; 0 = 100
}

// GroupMsg is a mass send as WeCom recorded it. CreateType: 0 corp, 1 a member. Creator is empty for API-made ones.
type GroupMsg struct {
	MsgID       string       `json:"msgid"`
	Creator     string       `json:"creator,omitempty"`
	CreateTime  Seconds      `json:"create_time"`
	CreateType  int          `json:"create_type"`
	Text        *Text        `json:"text,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
}

// GroupMsgList returns one page of mass sends; an empty next ends the pages.
func (c *Client) GroupMsgList(ctx context.Context, f GroupMsgFilter, cursor string) (msgs []GroupMsg, next string, err error) {
	in := struct {
		ChatType string `json:"chat_type"`
		Start    int64  `json:"start_time"`
		End      int64  `json:"end_time"`
		Creator  string `json:"creator,omitempty"`
		Type     int    `json:"filter_type"`
		Limit    int    `json:"limit"`
		Cursor   string `json:"cursor,omitempty"`
	}{f.ChatType, f.Start, f.End, f.Creator, f.Type, f.Limit, cursor}
	if in.Limit == 0 {
		in.Limit = 100
	}
	var out struct {
		List []GroupMsg `json:"group_msg_list"`
		Next string     `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/get_groupmsg_list_v2", in, &out)
	return out.List, out.Next, err
}

// GroupMsgMember is one member's task of a mass send. Status: 0 not confirmed, 2 sent at SendTime.
type GroupMsgMember struct {
	UserID   string `json:"userid"`
	Status   int    `json:"status"`
	SendTime int64  `json:"send_time,omitempty"`
}

// GroupMsgTask returns one page of the members' tasks; 41063 right after the mass send was made.
func (c *Client) GroupMsgTask(ctx context.Context, msgID, cursor string) (tasks []GroupMsgMember, next string, err error) {
	in := struct {
		MsgID  string `json:"msgid"`
		Limit  int    `json:"limit"`
		Cursor string `json:"cursor,omitempty"`
	}{msgID, 1000, cursor}
	var out struct {
		List []GroupMsgMember `json:"task_list"`
		Next string           `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/get_groupmsg_task", in, &out)
	return out.List, out.Next, err
}

// Send statuses of GroupMsgSend.
const (
	SendPending   = 0
	SendDone      = 1
	SendNotFriend = 2
	SendOverCap   = 3
)

// GroupMsgSend is one recipient's result: ExternalUserID for single sends, ChatID for group sends.
type GroupMsgSend struct {
	ExternalUserID string `json:"external_userid,omitempty"`
	ChatID         string `json:"chat_id,omitempty"`
	UserID         string `json:"userid"`
	Status         int    `json:"status"`
	SendTime       int64  `json:"send_time,omitempty"`
}

// GroupMsgSendResult returns one page of a member's recipients. Group sends list only groups that were sent to.
func (c *Client) GroupMsgSendResult(ctx context.Context, msgID, userID, cursor string) (sends []GroupMsgSend, next string, err error) {
	in := struct {
		MsgID  string `json:"msgid"`
		UserID string `json:"userid"`
		Limit  int    `json:"limit"`
		Cursor string `json:"cursor,omitempty"`
	}{msgID, userID, 1000, cursor}
	var out struct {
		List []GroupMsgSend `json:"send_list"`
		Next string         `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/get_groupmsg_send_result", in, &out)
	return out.List, out.Next, err
}

type msgRequest struct {
	MsgID string `json:"msgid"`
}

// RemindGroupMsg reminds the members who have not confirmed; at most three times in 24 hours (41094).
func (c *Client) RemindGroupMsg(ctx context.Context, msgID string) error {
	return c.post(ctx, "/cgi-bin/externalcontact/remind_groupmsg_send", msgRequest{msgID}, nil)
}

// CancelGroupMsg stops what has not been sent yet.
func (c *Client) CancelGroupMsg(ctx context.Context, msgID string) error {
	return c.post(ctx, "/cgi-bin/externalcontact/cancel_groupmsg_send", msgRequest{msgID}, nil)
}
