package sim

import (
	"strings"
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

func (c *call) appMessage() (fields, error) {
	var in wecom.AppMessage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.AgentID == 0 {
		return nil, refuse(41011, "missing agentid")
	}
	if in.AgentID != c.s.opt.AgentID {
		return nil, refuse(301002, "not allow operate another agent with this accesstoken")
	}
	if in.ToUser == "" {
		return nil, refuse(82001, "missing recipients")
	}
	words, err := appWords(in)
	if err != nil {
		return nil, err
	}
	ids := strings.Split(in.ToUser, "|")
	if in.ToUser == "@all" {
		ids = nil
		for i := range c.st.World.Members {
			ids = append(ids, c.st.World.Members[i].UserID)
		}
	}
	if len(ids) > 1000 && in.ToUser != "@all" {
		return nil, refuse(40032, "userid list too long")
	}
	var bad []string
	sent := 0
	for _, id := range ids {
		m := c.st.member(id)
		if m == nil || m.Hidden {
			bad = append(bad, strings.ToLower(id))
			continue
		}
		sent++
		c.t.do(op{K: opSay, Chat: "app|" + m.UserID, ID: "app", Name: "app", Text: words})
	}
	if sent == 0 {
		return nil, refuse(81013, "user, party, tag all invalid")
	}
	return fields{"invaliduser": strings.Join(bad, "|"), "invalidparty": "", "invalidtag": "", "msgid": mint(c.st.World.Seed, "app", c.st.next(), 30)}, nil
}

func appWords(in wecom.AppMessage) (string, error) {
	switch in.MsgType {
	case "text":
		switch {
		case in.Text == nil || in.Text.Content == "":
			return "", refuse(44004, "empty content")
		case len(in.Text.Content) > 2048:
			return "", refuse(45002, "content size out of limit")
		}
		return in.Text.Content, nil
	case "textcard":
		k := in.TextCard
		switch {
		case k == nil || k.Title == "" || k.Description == "" || k.URL == "":
			return "", refuse(40063, "some parameters are empty")
		case chars(k.Title) > 128 || chars(k.Description) > 512 || len(k.URL) > 2048 || chars(k.Button) > 4:
			return "", refuse(40058, "textcard field is too long")
		}
		return k.Title + "\n" + k.Description + "\n" + k.URL, nil
	}
	return "", refuse(40008, "invalid message type")
}
