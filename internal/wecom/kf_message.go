package wecom

import (
	"context"
	"encoding/json"
)

// KfMessage is a message or an event of an account. Origin: 3 customer, 4 event, 5 servicer. MsgType names the
// field that is set; kinds without a field of their own are in Raw only.
type KfMessage struct {
	MsgID          string  `json:"msgid"`
	OpenKfID       string  `json:"open_kfid"`
	ExternalUserID string  `json:"external_userid"`
	SendTime       Seconds `json:"send_time"`
	Origin         int     `json:"origin"`
	Servicer       string  `json:"servicer_userid"`
	MsgType        string  `json:"msgtype"`

	Text        *KfText        `json:"text"`
	Image       *Media         `json:"image"`
	Voice       *Media         `json:"voice"`
	Video       *Media         `json:"video"`
	File        *Media         `json:"file"`
	Location    *KfLocation    `json:"location"`
	Link        *KfLink        `json:"link"`
	Card        *Ref           `json:"business_card"`
	MiniProgram *KfMiniProgram `json:"miniprogram"`
	Event       *KfEvent       `json:"event"`

	Raw json.RawMessage `json:"-"` // the whole message as it came
}

// UnmarshalJSON keeps the whole message beside the fields known here.
func (m *KfMessage) UnmarshalJSON(b []byte) error {
	type plain KfMessage
	if err := json.Unmarshal(b, (*plain)(m)); err != nil {
		return err
	}
	m.Raw = append(json.RawMessage(nil), b...)
	return nil
}

// KfText is words; MenuID is the entry of a menu that the customer tapped.
type KfText struct {
	Content string `json:"content"`
	MenuID  string `json:"menu_id,omitempty"`
}

// KfLocation is a place.
type KfLocation struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Name      string  `json:"name,omitempty"`
	Address   string  `json:"address,omitempty"`
}

// KfLink is a card with a URL: PicURL in what comes, ThumbMediaID in what goes.
type KfLink struct {
	Title        string `json:"title"`
	Desc         string `json:"desc,omitempty"`
	URL          string `json:"url"`
	PicURL       string `json:"pic_url,omitempty"`
	ThumbMediaID string `json:"thumb_media_id,omitempty"`
}

// KfMiniProgram is a card of a mini-program.
type KfMiniProgram struct {
	Title        string `json:"title"`
	AppID        string `json:"appid"`
	Page         string `json:"pagepath"`
	ThumbMediaID string `json:"thumb_media_id"`
}

// KfEvent is something that happened: enter_session (with a WelcomeCode for 20 seconds when nobody else welcomes),
// msg_send_fail, servicer_status_change, session_status_change, user_recall_msg, servicer_recall_msg,
// reject_customer_msg_switch_change.
type KfEvent struct {
	Type           string `json:"event_type"`
	OpenKfID       string `json:"open_kfid"`
	ExternalUserID string `json:"external_userid"`
	Scene          string `json:"scene"`
	SceneParam     string `json:"scene_param"`
	WelcomeCode    string `json:"welcome_code"`
	FailMsgID      string `json:"fail_msgid"`
	FailType       int    `json:"fail_type"`
	Servicer       string `json:"servicer_userid"`
	Status         int    `json:"status"` // of a servicer: 1 serving, 2 paused
	ChangeType     int    `json:"change_type"`
	OldServicer    string `json:"old_servicer_userid"`
	NewServicer    string `json:"new_servicer_userid"`
	MsgCode        string `json:"msg_code"`
	RecallMsgID    string `json:"recall_msgid"`
	RejectSwitch   int    `json:"reject_switch"`
}

// KfSync returns the messages of an account after cursor, at most 1000, of the last three days. The token of the callback
// (10 minutes) lifts a strict limit; without one it may be empty. more may be true with an empty list; keep next in any
// case. 95007 when the token is wrong. voiceFormat: 0 AMR, 1 Silk.
func (c *Client) KfSync(ctx context.Context, openKfID, token, cursor string, voiceFormat int) (msgs []KfMessage, next string, more bool, err error) {
	in := struct {
		kfID
		Token  string `json:"token,omitempty"`
		Voice  int    `json:"voice_format,omitempty"`
		Cursor string `json:"cursor,omitempty"`
		Limit  int    `json:"limit"`
	}{kfID{openKfID}, token, voiceFormat, cursor, 1000}
	var out struct {
		List []KfMessage `json:"msg_list"`
		Next string      `json:"next_cursor"`
		More int         `json:"has_more"`
	}
	err = c.post(ctx, "/cgi-bin/kf/sync_msg", in, &out)
	return out.List, out.Next, out.More == 1, err
}

// KfMenu is a list to tap: head ≤ 1024 bytes, ≤ 50 items, of which ≤ 10 may be tapped.
type KfMenu struct {
	Head  string       `json:"head_content,omitempty"`
	Items []KfMenuItem `json:"list"`
	Tail  string       `json:"tail_content,omitempty"`
}

// KfMenuItem is one line of a menu: "click" (ID, Content), "view" (URL, Content), "miniprogram" (AppID, Page, Content) or
// "text" (Content).
type KfMenuItem struct {
	Type    string
	ID      string
	URL     string
	AppID   string
	Page    string
	Content string
}

// MarshalJSON writes the line as WeCom wants it: under the name of its type.
func (i KfMenuItem) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"type": i.Type, i.Type: struct {
		ID      string `json:"id,omitempty"`
		URL     string `json:"url,omitempty"`
		AppID   string `json:"appid,omitempty"`
		Page    string `json:"pagepath,omitempty"`
		Content string `json:"content"`
	}{i.ID, i.URL, i.AppID, i.Page, i.Content}})
}

// KfBody is what the account says; MsgType names the field that is set. Text ≤ 2048 bytes. MsgID (≤ 32 of
// [0-9a-zA-Z_-]) makes a repetition answer 95033 instead of sending twice.
type KfBody struct {
	MsgID       string         `json:"msgid,omitempty"`
	MsgType     string         `json:"msgtype"`
	Text        *KfText        `json:"text,omitempty"`
	Image       *Media         `json:"image,omitempty"`
	Voice       *Media         `json:"voice,omitempty"`
	Video       *Media         `json:"video,omitempty"`
	File        *Media         `json:"file,omitempty"`
	Link        *KfLink        `json:"link,omitempty"`
	MiniProgram *KfMiniProgram `json:"miniprogram,omitempty"`
	Menu        *KfMenu        `json:"msgmenu,omitempty"`
	Location    *KfLocation    `json:"location,omitempty"`
	Acquisition *KfAcquisition `json:"ca_link,omitempty"`
}

// KfAcquisition is an acquisition link.
type KfAcquisition struct {
	URL string `json:"link_url"`
}

// KfSend writes to a customer: within 48 hours of the customer's last message (95002), at most 5 messages until the
// customer writes again (95001), in the states new and bot (95018). It is repeatable with a MsgID: 95033 means it was
// sent. An event msg_send_fail may come later nevertheless.
func (c *Client) KfSend(ctx context.Context, openKfID, externalUserID string, m KfBody) (msgID string, err error) {
	in := struct {
		To string `json:"touser"`
		kfID
		KfBody
	}{externalUserID, kfID{openKfID}, m}
	var out msgRequest
	err = c.post(ctx, "/cgi-bin/kf/send_msg", in, &out)
	return out.MsgID, err
}

// KfSendOnEvent answers an event by its code: text or menu, once; welcome and end codes live 20 seconds, those of the
// pool 48 hours. It is repeatable with a MsgID.
func (c *Client) KfSendOnEvent(ctx context.Context, code string, m KfBody) (msgID string, err error) {
	in := struct {
		Code string `json:"code"`
		KfBody
	}{code, m}
	var out msgRequest
	err = c.post(ctx, "/cgi-bin/kf/send_msg_on_event", in, &out)
	return out.MsgID, err
}
