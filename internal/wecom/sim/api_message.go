package sim

import (
	"time"

	"qunce/internal/wecom"
)

const welcomeLife = 20 * time.Second // wall

// checkContent refuses what WeCom would not send to customers.
func checkContent(text *wecom.Text, parts []wecom.Attachment) error {
	words := ""
	if text != nil {
		words = text.Content
	}
	if words == "" && len(parts) == 0 {
		return refuse(44004, "empty content")
	}
	if len(words) > 4000 {
		return refuse(45002, "content size out of limit")
	}
	if len(parts) > 9 {
		return refuse(41064, "attachments count exceeds limit")
	}
	for _, p := range parts {
		if err := checkPart(p); err != nil {
			return err
		}
	}
	return nil
}

func checkPart(p wecom.Attachment) error {
	empty, long := refuse(40063, "some parameters are empty"), refuse(40058, "attachment field is too long")
	switch p.MsgType {
	case "image":
		if p.Image == nil || p.Image.MediaID == "" && p.Image.PicURL == "" {
			return empty
		}
	case "link":
		switch {
		case p.Link == nil || p.Link.Title == "" || p.Link.URL == "":
			return empty
		case len(p.Link.Title) > 128 || len(p.Link.Desc) > 512 || len(p.Link.URL) > 2048 || len(p.Link.PicURL) > 2048:
			return long
		}
	case "miniprogram":
		switch m := p.MiniProgram; {
		case m == nil || m.Title == "" || m.PicMediaID == "" || m.AppID == "" || m.Page == "":
			return empty
		case len(m.Title) > 64:
			return long
		}
	case "video":
		if p.Video == nil || p.Video.MediaID == "" {
			return empty
		}
	case "file":
		if p.File == nil || p.File.MediaID == "" {
			return empty
		}
	default:
		return refuse(41065, "invalid attachment type")
	}
	return nil
}

func (c *call) welcome() (fields, error) {
	var in wecom.Welcome
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Code == "" {
		return nil, refuse(41049, "missing welcome code")
	}
	if err := checkContent(in.Text, in.Attachments); err != nil {
		return nil, err
	}
	if err := c.parts(in.Attachments); err != nil {
		return nil, err
	}
	code := c.st.Codes[in.Code]
	if code == nil {
		return nil, refuse(41050, "invalid welcome code")
	}
	if code.Used {
		return nil, refuse(41051, "externaluser has started chatting")
	}
	age := c.s.post.age(in.Code)
	if age > welcomeLife {
		return nil, refuse(41050, "welcome code expired")
	}
	if err := c.welcomable(code); err != nil {
		return nil, err
	}
	if err := c.takenByOther(in.Code); err != nil {
		return nil, err
	}
	words := ""
	if in.Text != nil {
		words = in.Text.Content
	}
	c.t.do(op{K: opWelcome, ID: in.Code, N: age.Milliseconds(), Text: words, Parts: in.Attachments})
	c.s.follow(c.t, code.Ext, "welcome|"+code.User, words, in.Attachments)
	c.s.react(c.t, code.Ext, code.User, "", "welcome|"+code.User, 1)
	return nil, nil
}
