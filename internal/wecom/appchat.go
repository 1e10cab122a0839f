package wecom

import "context"

// AppChat is a group of members alone (2 to 2000), made by the app; an app needs the whole corp in its visible range.
// ChatID has at most 32 letters and digits, Name at most 50 characters. People outside cannot be in it.
type AppChat struct {
	ChatID string   `json:"chatid,omitempty"`
	Name   string   `json:"name,omitempty"`
	Owner  string   `json:"owner,omitempty"`
	Users  []string `json:"userlist"`
	Type   int      `json:"chat_type,omitempty"` // answers only
}

// AppChatCreate makes a group and returns its id; at most 1,000 a day. With a ChatID it is findable, through AppChatGet;
// unfindable otherwise.
func (c *Client) AppChatCreate(ctx context.Context, chat AppChat) (chatID string, err error) {
	chat.Type = 0
	var out struct {
		ChatID string `json:"chatid"`
	}
	err = c.post(ctx, "/cgi-bin/appchat/create", chat, &out)
	return out.ChatID, err
}

// AppChatChange changes a group of the app; empty fields stay as they are.
type AppChatChange struct {
	ChatID string   `json:"chatid"`
	Name   string   `json:"name,omitempty"`
	Owner  string   `json:"owner,omitempty"`
	Add    []string `json:"add_user_list,omitempty"`
	Remove []string `json:"del_user_list,omitempty"`
}

// AppChatUpdate changes a group; at most 1,000 changes an hour. It is repeatable.
func (c *Client) AppChatUpdate(ctx context.Context, ch AppChatChange) error {
	return c.post(ctx, "/cgi-bin/appchat/update", ch, nil)
}

// AppChatGet reads a group of the app; 86001 or 86003 when there is none.
func (c *Client) AppChatGet(ctx context.Context, chatID string) (AppChat, error) {
	var out struct {
		Chat AppChat `json:"chat_info"`
	}
	err := c.get(ctx, "/cgi-bin/appchat/get", query("chatid", chatID), &out)
	return out.Chat, err
}

// AppChatSend writes into a group; 20,000 people a minute read such messages at most. It is unfindable.
func (c *Client) AppChatSend(ctx context.Context, chatID string, m AppBody, safe bool) error {
	in := struct {
		ChatID string `json:"chatid"`
		AppBody
		Safe int `json:"safe,omitempty"`
	}{ChatID: chatID, AppBody: m}
	if safe {
		in.Safe = 1
	}
	return c.post(ctx, "/cgi-bin/appchat/send", in, nil)
}
