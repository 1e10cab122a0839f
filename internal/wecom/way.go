package wecom

import "context"

// ContactWay is a 联系我 code. Type: 1 one member, 2 several; Scene: 1 mini-program, 2 QR. Remark and State have at most
// 30 characters. With Type 2 WeCom picks the member. QRCode is the address of the code's picture (answers only).
//
// A temporary way (IsTemp, medical corps only) leads one customer, UnionID, to one member, for a chat without adding:
// the code lives ExpiresIn seconds (default 7 days, ≤ 14) and dies after one use, the chat ChatExpiresIn seconds
// (default one day, ≤ 14). It sends Conclusions at the end. It is in no list and in no quota.
type ContactWay struct {
	ConfigID   string   `json:"config_id,omitempty"`
	Type       int      `json:"type,omitempty"`
	Scene      int      `json:"scene,omitempty"`
	Style      int      `json:"style,omitempty"`
	Remark     string   `json:"remark"`
	SkipVerify bool     `json:"skip_verify"`
	State      string   `json:"state"`
	Users      []string `json:"user,omitempty"`
	Parties    []int64  `json:"party,omitempty"`
	IsTemp     bool     `json:"is_temp,omitempty"`
	ExpiresIn  int      `json:"expires_in,omitempty"`
	MarkSource bool     `json:"mark_source,omitempty"`
	QRCode     string   `json:"qr_code,omitempty"`

	ChatExpiresIn int          `json:"chat_expires_in,omitempty"`
	UnionID       string       `json:"unionid,omitempty"`
	IsExclusive   bool         `json:"is_exclusive,omitempty"` // one customer adds one member of the way only
	Conclusions   *Conclusions `json:"conclusions,omitempty"`
}

// Conclusions are what a temporary chat ends with: text (≤ 4000 bytes) and one of the others, in this order.
type Conclusions struct {
	Text        *Text        `json:"text,omitempty"`
	Image       *Image       `json:"image,omitempty"`
	Link        *Link        `json:"link,omitempty"`
	MiniProgram *MiniProgram `json:"miniprogram,omitempty"`
}

// AddContactWay makes a way and returns its id and the address of its QR picture (empty for mini-program ways).
// It is findable: by State, through ListContactWay and GetContactWay.
func (c *Client) AddContactWay(ctx context.Context, w ContactWay) (configID, qrCode string, err error) {
	w.ConfigID, w.QRCode = "", ""
	var out struct {
		ConfigID string `json:"config_id"`
		QRCode   string `json:"qr_code"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/add_contact_way", w, &out)
	return out.ConfigID, out.QRCode, err
}

type configRequest struct {
	ConfigID string `json:"config_id"`
}

// GetContactWay reads a way; 41044 if there is none.
func (c *Client) GetContactWay(ctx context.Context, configID string) (ContactWay, error) {
	var out struct {
		Way ContactWay `json:"contact_way"`
	}
	err := c.post(ctx, "/cgi-bin/externalcontact/get_contact_way", configRequest{configID}, &out)
	return out.Way, err
}

// ListContactWay returns one page of the ids of ways made between two Unix seconds (0 = WeCom's default of 90 days
// back to now); limit ≤ 1000.
func (c *Client) ListContactWay(ctx context.Context, start, end int64, cursor string, limit int) (configIDs []string, next string, err error) {
	in := struct {
		Start  int64  `json:"start_time,omitempty"`
		End    int64  `json:"end_time,omitempty"`
		Cursor string `json:"cursor,omitempty"`
		Limit  int    `json:"limit,omitempty"`
	}{start, end, cursor, limit}
	var out struct {
		Ways []configRequest `json:"contact_way"`
		Next string          `json:"next_cursor"`
	}
	if err = c.post(ctx, "/cgi-bin/externalcontact/list_contact_way", in, &out); err != nil {
		return nil, "", err
	}
	for _, w := range out.Ways {
		configIDs = append(configIDs, w.ConfigID)
	}
	return configIDs, out.Next, nil
}

// UpdateContactWay rewrites a way; Users and Parties replace the old ones, Type and Scene cannot change.
func (c *Client) UpdateContactWay(ctx context.Context, w ContactWay) error {
	w.Type, w.Scene, w.QRCode = 0, 0, ""
	return c.post(ctx, "/cgi-bin/externalcontact/update_contact_way", w, nil)
}

// DelContactWay deletes a way; its printed codes stop working.
func (c *Client) DelContactWay(ctx context.Context, configID string) error {
	return c.post(ctx, "/cgi-bin/externalcontact/del_contact_way", configRequest{configID}, nil)
}

// CloseTempChat ends the chat of a temporary way. It is repeatable.
func (c *Client) CloseTempChat(ctx context.Context, userID, externalUserID string) error {
	in := struct {
		UserID   string `json:"userid"`
		External string `json:"external_userid"`
	}{userID, externalUserID}
	return c.post(ctx, "/cgi-bin/externalcontact/close_temp_chat", in, nil)
}

// JoinWay is a code through which people join customer groups. Scene: 1 mini-program, 2 QR. At most 5 chats. With
// AutoCreateRoom 1, WeCom makes a new group named RoomBaseName + number when all chats are full.
type JoinWay struct {
	ConfigID       string   `json:"config_id,omitempty"`
	Scene          int      `json:"scene"`
	Remark         string   `json:"remark"`
	AutoCreateRoom int      `json:"auto_create_room"`
	RoomBaseName   string   `json:"room_base_name,omitempty"`
	RoomBaseID     int      `json:"room_base_id,omitempty"`
	ChatIDs        []string `json:"chat_id_list"`
	QRCode         string   `json:"qr_code,omitempty"`
	State          string   `json:"state"`
	MarkSource     bool     `json:"mark_source,omitempty"`
}

// AddJoinWay makes a join way and returns its id; read it with GetJoinWay for the picture's address. It is
// unfindable: WeCom has no list of join ways.
func (c *Client) AddJoinWay(ctx context.Context, w JoinWay) (configID string, err error) {
	w.ConfigID, w.QRCode = "", ""
	var out configRequest
	err = c.post(ctx, "/cgi-bin/externalcontact/groupchat/add_join_way", w, &out)
	return out.ConfigID, err
}

// GetJoinWay reads a join way; groups that WeCom made by itself stand in ChatIDs.
func (c *Client) GetJoinWay(ctx context.Context, configID string) (JoinWay, error) {
	var out struct {
		Way JoinWay `json:"join_way"`
	}
	err := c.post(ctx, "/cgi-bin/externalcontact/groupchat/get_join_way", configRequest{configID}, &out)
	return out.Way, err
}

// UpdateJoinWay replaces a join way altogether.
func (c *Client) UpdateJoinWay(ctx context.Context, w JoinWay) error {
	w.QRCode = ""
	return c.post(ctx, "/cgi-bin/externalcontact/groupchat/update_join_way", w, nil)
}

// DelJoinWay deletes a join way.
func (c *Client) DelJoinWay(ctx context.Context, configID string) error {
	return c.post(ctx, "/cgi-bin/externalcontact/groupchat/del_join_way", configRequest{configID}, nil)
}
