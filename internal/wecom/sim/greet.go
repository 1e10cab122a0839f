package sim

import (
	"slices"
	"strings"

	"qunce/internal/wecom"
)

// greet is a group welcome template (入群欢迎语). It greets nobody until an owner picks it for a group; then whoever joins is
// greeted, those who come close together at once.
type greet struct {
	ID      string
	Created int64
	Text    string
	Parts   []wecom.Attachment // none, or the one that counts
	Console bool               // made by the administrator
}

const (
	opGreet    = "greet"   // body greet
	opGreetDel = "greet-"  // ID
	opPick     = "pick"    // Chat, ID template; empty = none
	opWait     = "waiting" // Chat, Ext
	opGreeted  = "greeted" // Chat, Text, Parts

	actGreet = "greet" // Chat
	actPick  = "pick"  // User, Msg template

	greetWait = 8 * second // in which others may come
	greetRest = minuteMS   // between two welcomes of a group
)

func greetChanges() map[string]change {
	return map[string]change{
		opGreet: changing(func(s *state, _ int64, _ *op, v greet) { s.Greets[v.ID] = &v }),
		opGreetDel: func(s *state, _ int64, o *op) error {
			delete(s.Greets, o.ID)
			for _, g := range s.Groups {
				if g.Template == o.ID {
					g.Template, g.Waiting = "", nil
				}
			}
			return nil
		},
		opPick: func(s *state, _ int64, o *op) error {
			g := s.Groups[o.Chat]
			if g.Template = o.ID; o.ID == "" {
				g.Waiting = nil
			}
			return nil
		},
		opWait: func(s *state, _ int64, o *op) error {
			g := s.Groups[o.Chat]
			g.Waiting = append(g.Waiting, o.Ext)
			return nil
		},
		opGreeted: func(s *state, at int64, o *op) error {
			g := s.Groups[o.Chat]
			g.Waiting, g.Greeted = nil, at
			if o.Text == "" && len(o.Parts) == 0 {
				return nil // nobody stayed to be greeted
			}
			s.say(o.Chat, message{At: at, From: g.Owner, Kind: "greet", Text: o.Text, Parts: o.Parts})
			return nil
		},
	}
}

// greetLater notes that somebody came into a group whose owner picked a welcome.
func (s *Server) greetLater(t *transaction, g *group, id string) {
	if m := g.Members[id]; g.Template == "" || m == nil || m.Type != 2 {
		return
	}
	first := len(g.Waiting) == 0
	t.do(op{K: opWait, Chat: g.ID, Ext: id})
	if first {
		t.later(max(t.At+greetWait, g.Greeted+greetRest), act{Kind: actGreet, Chat: g.ID})
	}
}

// greetAll greets those who came and are still there.
func (s *Server) greetAll(t *transaction, a *act) {
	g := s.st.Groups[a.Chat]
	if g == nil || g.Dismissed || len(g.Waiting) == 0 || s.st.Greets[g.Template] == nil {
		return
	}
	var names []string
	for _, id := range g.Waiting {
		if g.Members[id] != nil {
			names = append(names, "@"+s.st.name(id))
		}
	}
	if len(names) == 0 {
		t.do(op{K: opGreeted, Chat: g.ID})
		return
	}
	tpl := s.st.Greets[g.Template]
	t.do(op{K: opGreeted, Chat: g.ID, Text: strings.ReplaceAll(tpl.Text, "%NICKNAME%", strings.Join(names, " ")), Parts: tpl.Parts})
}

// tellOwners lets diligent owners of groups pick a new template after they were told of it.
func (s *Server) tellOwners(t *transaction, id string) {
	for i := range s.st.World.Members {
		m := &s.st.World.Members[i]
		r := dice(s.st.World.Seed, "pick", m.UserID, s.st.Greets[id].Text)
		if len(s.st.owned(m.UserID)) == 0 || r.Float64() >= m.Diligence {
			continue
		}
		wait := int64(longTail(r, 5+60*(1-m.Diligence)) * float64(minuteMS))
		t.later(m.working(m.working(t.At)+wait), act{Kind: actPick, User: m.UserID, Msg: id})
	}
}

// pickForAll lets an owner pick a template for all groups that have none.
func (s *Server) pickForAll(t *transaction, a *act) {
	if s.st.Greets[a.Msg] == nil || s.st.member(a.User) == nil {
		return
	}
	for _, chat := range s.st.owned(a.User) {
		if s.st.Groups[chat].Template == "" {
			t.do(op{K: opPick, Chat: chat, ID: a.Msg})
		}
	}
}

type greetRequest struct {
	ID     string             `json:"template_id"`
	Text   *wecom.Text        `json:"text"`
	Image  *wecom.Image       `json:"image"`
	Link   *wecom.Link        `json:"link"`
	Mini   *wecom.MiniProgram `json:"miniprogram"`
	File   *wecom.Media       `json:"file"`
	Video  *wecom.Media       `json:"video"`
	Notify *int               `json:"notify"`
}

// content is the text and the one part that counts, checked.
func (in *greetRequest) content() (greet, error) {
	g := greet{ID: in.ID}
	if in.Text != nil {
		g.Text = in.Text.Content
	}
	if len(g.Text) > 3000 {
		return g, refuse(45002, "content size out of limit")
	}
	var part wecom.Attachment
	switch {
	case in.Image != nil:
		part = wecom.Attachment{MsgType: "image", Image: in.Image}
	case in.Link != nil:
		part = wecom.Attachment{MsgType: "link", Link: in.Link}
	case in.Mini != nil:
		part = wecom.Attachment{MsgType: "miniprogram", MiniProgram: in.Mini}
	case in.File != nil:
		part = wecom.Attachment{MsgType: "file", File: in.File}
	case in.Video != nil:
		part = wecom.Attachment{MsgType: "video", Video: in.Video}
	case g.Text == "":
		return g, refuse(44004, "empty content")
	}
	if part.MsgType != "" {
		if err := checkPart(part); err != nil {
			return g, err
		}
		g.Parts = []wecom.Attachment{part}
	}
	if n := in.Notify; n != nil && *n != 0 && *n != 1 {
		return g, refuse(40058, "invalid notify")
	}
	return g, nil
}

func (c *call) addGreet() (fields, error) {
	var in greetRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	g, err := in.content()
	if err != nil {
		return nil, err
	}
	if err := c.parts(g.Parts); err != nil {
		return nil, err
	}
	if len(c.st.Greets) >= c.st.World.Limits.templates() {
		return nil, refuse(41055, "group welcome template count exceeds limit")
	}
	g.ID, g.Created = mint(c.st.World.Seed, "msg", c.st.next(), 28), c.t.At
	c.t.change(op{K: opGreet}, g)
	if in.Notify == nil || *in.Notify == 1 {
		c.s.tellOwners(c.t, g.ID)
	}
	return fields{"template_id": g.ID}, nil
}

// greet finds a template that the app made.
func (c *call) greet(id string) (*greet, error) {
	if id == "" {
		return nil, refuse(40063, "some parameters are empty")
	}
	g := c.st.Greets[id]
	if g == nil {
		return nil, refuse(40058, "invalid template_id")
	}
	if g.Console {
		return nil, refuse(41058, "not the owner of the template")
	}
	return g, nil
}

func (c *call) editGreet() (fields, error) {
	var in greetRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	old, err := c.greet(in.ID)
	if err != nil {
		return nil, err
	}
	g, err := in.content()
	if err != nil {
		return nil, err
	}
	if err := c.parts(g.Parts); err != nil {
		return nil, err
	}
	g.Created = old.Created
	c.t.change(op{K: opGreet}, g)
	return nil, nil
}

func (c *call) getGreet() (fields, error) {
	var in greetRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	g, err := c.greet(in.ID)
	if err != nil {
		return nil, err
	}
	out := fields{}
	if g.Text != "" {
		out["text"] = fields{"content": g.Text}
	}
	for _, p := range g.Parts {
		switch p.MsgType {
		case "image":
			address := p.Image.PicURL
			if p.Image.MediaID != "" {
				address = c.s.mediaURL(p.Image.MediaID)
			}
			out["image"] = fields{"pic_url": address}
		case "link":
			out["link"] = p.Link
		case "miniprogram":
			out["miniprogram"] = p.MiniProgram
		case "file":
			out["file"] = p.File
		case "video":
			out["video"] = p.Video
		}
	}
	return out, nil
}

func (c *call) delGreet() (fields, error) {
	var in greetRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	g, err := c.greet(in.ID)
	if err != nil {
		return nil, err
	}
	c.t.do(op{K: opGreetDel, ID: g.ID})
	return nil, nil
}

// greetHands:
//
//	template_create  text                       by the administrator; no app may change it
//	pick_template    userid, template_id (empty = none), chat_ids (empty = all own groups)
func greetHands() map[string]hand {
	return map[string]hand{"template_create": handed(func(s *Server, t *transaction, in greet) (fields, error) {
		if in.Text == "" || len(in.Text) > 3000 {
			return nil, dead("请填写欢迎语，最多 3000 字节")
		}
		if len(s.st.Greets) >= s.st.World.Limits.templates() {
			return nil, dead("入群欢迎语已满")
		}
		g := greet{ID: mint(s.st.World.Seed, "msg", s.st.next(), 28), Created: t.At, Text: in.Text, Console: true}
		t.change(op{K: opGreet}, g)
		return fields{"template_id": g.ID}, nil
	}), "pick_template": handed(func(s *Server, t *transaction, in struct {
		UserID   string   `json:"userid"`
		Template string   `json:"template_id"`
		Chats    []string `json:"chat_ids"`
	},
	) (fields, error) {
		m := s.st.member(in.UserID)
		if m == nil {
			return nil, dead("没有这位员工")
		}
		if in.Template != "" && s.st.Greets[in.Template] == nil {
			return nil, dead("没有这条入群欢迎语")
		}
		own := s.st.owned(m.UserID)
		if len(in.Chats) == 0 {
			in.Chats = own
		}
		for _, chat := range in.Chats {
			if !slices.Contains(own, chat) {
				return nil, dead("只有群主可以选择入群欢迎语")
			}
		}
		for _, chat := range in.Chats {
			t.do(op{K: opPick, Chat: chat, ID: in.Template})
		}
		return fields{"groups": len(in.Chats)}, nil
	})}
}
