package wecom

import (
	"context"
	"io"
	"net/url"
)

// RobotText is a robot's text (≤ 2048 bytes) that may call people by id or by mobile number; "@all" is everybody.
type RobotText struct {
	Content         string   `json:"content"`
	Mentioned       []string `json:"mentioned_list,omitempty"`
	MentionedMobile []string `json:"mentioned_mobile_list,omitempty"`
}

// RobotImage is a picture of at most 2 MB.
type RobotImage struct {
	Base64 string `json:"base64"`
	MD5    string `json:"md5"` // of the picture itself
}

// RobotMessage is a message of a group's robot (消息推送); MsgType names the field that is set. Both markdowns have at
// most 4096 bytes; the second knows tables, but neither colours nor mentions. Cards: text_notice and news_notice.
type RobotMessage struct {
	MsgType    string        `json:"msgtype"`
	Text       *RobotText    `json:"text,omitempty"`
	Markdown   *Text         `json:"markdown,omitempty"`
	MarkdownV2 *Text         `json:"markdown_v2,omitempty"`
	Image      *RobotImage   `json:"image,omitempty"`
	News       *News         `json:"news,omitempty"`
	File       *Media        `json:"file,omitempty"`
	Voice      *Media        `json:"voice,omitempty"`
	Card       *TemplateCard `json:"template_card,omitempty"`
}

// RobotSend writes into the group whose robot has the key, which somebody made by hand; at most 20 messages a minute.
// It needs no token. 93000 when the key is wrong or the robot was removed. It is unfindable.
func (c *Client) RobotSend(ctx context.Context, key string, m RobotMessage) error {
	const api = "/cgi-bin/webhook/send"
	body, err := inJSON(api, m)
	if err != nil {
		return err
	}
	return c.repeated(ctx, request{api: api, query: url.Values{"key": {key}}, body: body, parts: []string{key}, take: decoded(api, nil)}, "")
}

// RobotUpload uploads a file or a voice message for RobotSend by the same key. It is repeatable.
func (c *Client) RobotUpload(ctx context.Context, key string, kind MediaKind, filename string, r io.Reader, size int64) (Media, error) {
	const api = "/cgi-bin/webhook/upload_media"
	var out uploaded
	q := url.Values{"key": {key}, "type": {string(kind)}}
	err := c.repeated(ctx, request{api: api, query: q, parts: []string{key}, body: form(api, filename, r, size), file: true, take: decoded(api, &out)}, "")
	return out.media(), err
}
