package wecom

import (
	"context"
	"strings"
)

// TextCard is an app message with a button; title ≤ 128 characters, description ≤ 512.
type TextCard struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	Button      string `json:"btntxt,omitempty"`
}

// AppVideo is an uploaded video with a title (≤ 128 bytes) and a description (≤ 512).
type AppVideo struct {
	MediaID     string `json:"media_id"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}

// News are 1 to 8 articles that open a page, or a mini-program by AppID and Page.
type News struct {
	Articles []Article `json:"articles"`
}

// Article is one of News; title ≤ 128 bytes.
type Article struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`
	PicURL      string `json:"picurl,omitempty"`
	AppID       string `json:"appid,omitempty"`
	Page        string `json:"pagepath,omitempty"`
}

// HostedNews are 1 to 8 articles that WeCom keeps (mpnews).
type HostedNews struct {
	Articles []HostedArticle `json:"articles"`
}

// HostedArticle is one of HostedNews; content is HTML of at most 666 KB.
type HostedArticle struct {
	Title        string `json:"title"`
	ThumbMediaID string `json:"thumb_media_id"`
	Author       string `json:"author,omitempty"`
	SourceURL    string `json:"content_source_url,omitempty"`
	Content      string `json:"content"`
	Digest       string `json:"digest,omitempty"`
}

// MiniNotice is a card that opens a mini-program; at most 10 rows.
type MiniNotice struct {
	AppID       string     `json:"appid"`
	Page        string     `json:"page,omitempty"`
	Title       string     `json:"title"`
	Description string     `json:"description,omitempty"`
	Emphasis    bool       `json:"emphasis_first_item,omitempty"`
	Rows        []KeyValue `json:"content_item,omitempty"`
}

// KeyValue is a row of a MiniNotice.
type KeyValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// AppBody is what an app message or a message to an appchat says: MsgType names the field that is set. Text ≤ 2048
// bytes; Markdown ≤ 2048 bytes of WeCom's small dialect.
type AppBody struct {
	MsgType    string        `json:"msgtype"`
	Text       *Text         `json:"text,omitempty"`
	Image      *Media        `json:"image,omitempty"`
	Voice      *Media        `json:"voice,omitempty"`
	Video      *AppVideo     `json:"video,omitempty"`
	File       *Media        `json:"file,omitempty"`
	TextCard   *TextCard     `json:"textcard,omitempty"`
	News       *News         `json:"news,omitempty"`
	HostedNews *HostedNews   `json:"mpnews,omitempty"`
	Markdown   *Text         `json:"markdown,omitempty"`
	MiniNotice *MiniNotice   `json:"miniprogram_notice,omitempty"` // not in an appchat
	Card       *TemplateCard `json:"template_card,omitempty"`      // not in an appchat
}

// AppMessage goes from the app to members of the corp. ToUser is "a|b" (≤ 1000) or "@all", ToParty and ToTag "1|2"
// (≤ 100 each). Safe 1 forbids passing on, 2 allows it inside the corp (HostedNews only). With IDTrans 1, $userName=ID$
// and the like become names.
type AppMessage struct {
	ToUser  string `json:"touser,omitempty"`
	ToParty string `json:"toparty,omitempty"`
	ToTag   string `json:"totag,omitempty"`
	AgentID int    `json:"agentid"`
	AppBody
	Safe     int `json:"safe,omitempty"`
	IDTrans  int `json:"enable_id_trans,omitempty"`
	DupCheck int `json:"enable_duplicate_check,omitempty"`
	DupSpan  int `json:"duplicate_check_interval,omitempty"` // seconds, ≤ 14,400
}

// AppReceipt is what became of an app message: whom it did not reach, and for an interactive card the ResponseCode with
// which it can be updated once within 72 hours.
type AppReceipt struct {
	MsgID          string
	InvalidUsers   []string // in lower case
	InvalidParties []string
	InvalidTags    []string
	ResponseCode   string
}

// SendAppMessage sends an app message; AgentID is filled in. 81013 when it reaches nobody, 82001 without recipients.
// More than 30 messages a minute or 1,000 an hour to one member are dropped without a word, so such calls wait or fail
// here. It is repeatable with DupCheck, unfindable otherwise.
func (c *Client) SendAppMessage(ctx context.Context, m AppMessage) (AppReceipt, error) {
	m.AgentID = c.agentID
	var out struct {
		MsgID        string `json:"msgid"`
		Users        string `json:"invaliduser"`
		Parties      string `json:"invalidparty"`
		Tags         string `json:"invalidtag"`
		ResponseCode string `json:"response_code"`
	}
	const api = "/cgi-bin/message/send"
	body, err := inJSON(api, m)
	if err != nil {
		return AppReceipt{}, err
	}
	var members []string
	if m.ToUser != "@all" {
		members = bars(m.ToUser)
	}
	err = c.withToken(ctx, request{api: api, body: body, parts: members, take: decoded(api, &out)})
	return AppReceipt{out.MsgID, bars(out.Users), bars(out.Parties), bars(out.Tags), out.ResponseCode}, err
}

// bars splits "a|b".
func bars(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "|")
}

// RecallMessage takes an app message back within 24 hours (42052). It is repeatable.
func (c *Client) RecallMessage(ctx context.Context, msgID string) error {
	return c.post(ctx, "/cgi-bin/message/recall", msgRequest{msgID}, nil)
}
