package sim

import (
	"cmp"
	"encoding/json"
	"regexp"
	"sort"
	"strconv"
	"time"
)

func (c *call) kfSync() (fields, error) {
	var in struct {
		Cursor string `json:"cursor"`
		Token  string `json:"token"`
		Limit  int    `json:"limit"`
		Voice  int    `json:"voice_format"`
		Kf     string `json:"open_kfid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	a, err := c.kf(in.Kf)
	if err != nil {
		return nil, err
	}
	if in.Token != "" {
		if k := c.st.Talk.Kf.Tokens[in.Token]; k.Kf != a.ID || c.t.At-k.At > kfTokenLife {
			return nil, refuse(95007, "invalid msg token")
		}
	} else if err := c.spend("kf.sync", [4]int64{10}); err != nil { // without a token only now and then
		return nil, err
	}
	switch {
	case in.Limit < 0 || in.Limit > 1000:
		return nil, refuse(40058, "invalid limit")
	case in.Voice != 0 && in.Voice != 1:
		return nil, refuse(40058, "invalid voice_format")
	}
	pos, err := position("kf", in.Cursor)
	if err != nil {
		return nil, err
	}
	after, err := strconv.ParseInt(cmp.Or(pos, "0"), 10, 64)
	if err != nil {
		return nil, refuse(50100, "invalid cursor")
	}
	log := c.st.Talk.Kf.Log
	from := sort.Search(len(log), func(i int) bool { return log[i].Seq > after })
	for from < len(log) && c.t.At-log[from].At > kfKeep {
		from++
	}
	// A page is a stretch of the corp's whole log: what is not of this account, or was sent through the API, leaves gaps, and
	// so a page may be empty though there is more.
	limit := cmp.Or(in.Limit, 1000)
	rows, more := []fields{}, 0
	for i := from; i < len(log); i++ {
		if i-from == limit {
			more = 1
			break
		}
		after = log[i].Seq
		if e := &log[i]; e.Kf == a.ID && e.Origin != kfFromAPI {
			rows = append(rows, e.row())
		}
	}
	return fields{"next_cursor": cursor("kf", strconv.FormatInt(after, 10)), "has_more": more, "msg_list": rows}, nil
}

func (e *kfEntry) row() fields {
	row := fields{"msgid": e.ID, "send_time": e.At / 1000, "origin": e.Origin, "msgtype": e.Type, e.Type: json.RawMessage(e.Body)}
	if e.Type != "event" {
		row["open_kfid"], row["external_userid"] = e.Kf, e.Ext
		if e.Servicer != "" {
			row["servicer_userid"] = e.Servicer
		}
	}
	return row
}

// kfContent is what can be sent to kf customers.
type kfContent struct {
	Type string `json:"msgtype"`
	Text *struct {
		Content string `json:"content"`
	} `json:"text"`
	Image *kfMedia `json:"image"`
	Voice *kfMedia `json:"voice"`
	Video *kfMedia `json:"video"`
	File  *kfMedia `json:"file"`
	Link  *struct {
		Title string `json:"title"`
		Desc  string `json:"desc"`
		URL   string `json:"url"`
		Thumb string `json:"thumb_media_id"`
	} `json:"link"`
	MiniProgram *struct {
		AppID    string `json:"appid"`
		Title    string `json:"title"`
		Thumb    string `json:"thumb_media_id"`
		PagePath string `json:"pagepath"`
	} `json:"miniprogram"`
	Menu *struct {
		Head string `json:"head_content"`
		List []struct {
			Type  string `json:"type"`
			Click *struct {
				ID      string `json:"id"`
				Content string `json:"content"`
			} `json:"click"`
			View *struct {
				URL     string `json:"url"`
				Content string `json:"content"`
			} `json:"view"`
			MiniProgram *struct {
				AppID    string `json:"appid"`
				PagePath string `json:"pagepath"`
				Content  string `json:"content"`
			} `json:"miniprogram"`
			Text *struct {
				Content   string `json:"content"`
				NoNewline int    `json:"no_newline"`
			} `json:"text"`
		} `json:"list"`
		Tail string `json:"tail_content"`
	} `json:"msgmenu"`
	Location *struct {
		Name      string  `json:"name"`
		Address   string  `json:"address"`
		Latitude  float64 `json:"latitude"`
		Longitude float64 `json:"longitude"`
	} `json:"location"`
	CALink *struct {
		URL string `json:"link_url"`
	} `json:"ca_link"`
}

type kfMedia struct {
	MediaID string `json:"media_id"`
}

// check refuses what cannot be sent and returns the object to keep.
func (in *kfContent) check(c *call) (any, error) {
	empty, long := refuse(40063, "some parameters are empty"), refuse(40058, "a field is too long")
	media := func(m *kfMedia, kind string) (any, error) {
		if m == nil {
			return nil, empty
		}
		_, err := c.appMedia(m.MediaID, kind)
		return m, err
	}
	switch in.Type {
	case "text":
		switch {
		case in.Text == nil || in.Text.Content == "":
			return nil, refuse(44004, "empty content")
		case len(in.Text.Content) > 2048:
			return nil, refuse(45002, "content size out of limit")
		}
		return in.Text, nil
	case "image":
		return media(in.Image, mediaImage)
	case "voice":
		return media(in.Voice, mediaVoice)
	case "video":
		return media(in.Video, mediaVideo)
	case "file":
		return media(in.File, "")
	case "link":
		switch l := in.Link; {
		case l == nil || l.Title == "" || l.URL == "":
			return nil, empty
		case len(l.Title) > 128 || len(l.Desc) > 512 || len(l.URL) > 2048:
			return nil, long
		}
		_, err := c.appMedia(in.Link.Thumb, mediaImage)
		return in.Link, err
	case "miniprogram":
		switch m := in.MiniProgram; {
		case m == nil || m.AppID == "" || m.PagePath == "":
			return nil, empty
		case len(m.Title) > 64:
			return nil, long
		}
		_, err := c.appMedia(in.MiniProgram.Thumb, mediaImage)
		return in.MiniProgram, err
	case "msgmenu":
		return in.Menu, in.checkMenu()
	case "location":
		switch l := in.Location; {
		case l == nil || l.Latitude == 0 && l.Longitude == 0:
			return nil, empty
		case l.Latitude < -90 || l.Latitude > 90 || l.Longitude < -180 || l.Longitude > 180:
			return nil, refuse(40058, "invalid latitude or longitude")
		}
		return in.Location, nil
	case "ca_link":
		if in.CALink == nil || in.CALink.URL == "" {
			return nil, empty
		}
		return in.CALink, nil
	}
	return nil, refuse(40008, "invalid message type")
}

func (in *kfContent) checkMenu() error {
	empty, long := refuse(40063, "some parameters are empty"), refuse(40058, "a field is too long")
	m := in.Menu
	if m == nil || m.Head == "" && len(m.List) == 0 && m.Tail == "" {
		return empty
	}
	if len(m.Head) > 1024 || len(m.Tail) > 1024 {
		return long
	}
	taps := 0
	for _, x := range m.List {
		switch {
		case x.Type == "click" && x.Click != nil && x.Click.Content != "":
			taps++
			if len(x.Click.ID) > 128 || len(x.Click.Content) > 128 {
				return long
			}
		case x.Type == "view" && x.View != nil && x.View.URL != "" && x.View.Content != "":
			taps++
			if len(x.View.URL) > 2048 || len(x.View.Content) > 1024 {
				return long
			}
		case x.Type == "miniprogram" && x.MiniProgram != nil && x.MiniProgram.AppID != "" && x.MiniProgram.PagePath != "" && x.MiniProgram.Content != "":
			taps++
			if len(x.MiniProgram.Content) > 1024 {
				return long
			}
		case x.Type == "text" && x.Text != nil && x.Text.Content != "":
			if len(x.Text.Content) > 256 {
				return long
			}
		default:
			return empty
		}
	}
	if len(m.List) > 50 || taps > 10 {
		return refuse(95008, "menu is too long")
	}
	return nil
}

var kfMsgID = regexp.MustCompile(`^[0-9a-zA-Z_-]{0,32}$`)

// kfChosen checks the id the caller chose for a message, or makes one.
func (c *call) kfChosen(kf, id string) (string, error) {
	switch {
	case !kfMsgID.MatchString(id):
		return "", refuse(40058, "invalid msgid")
	case id == "":
		return mint(c.st.World.Seed, "", c.st.next(), 32), nil
	case c.st.Talk.Kf.MsgIDs[kf+"|"+id] != 0:
		return "", refuse(95033, "duplicate msgid")
	}
	return id, nil
}

// kfPut notes a message of the API's, and that it fails if the customer takes none.
func (c *call) kfPut(x kfSession, id string, kind string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err //nolint:wrapcheck // answered as a system error
	}
	c.t.do(op{K: opKfMsgID, ID: x.Kf + "|" + id})
	c.t.change(op{K: opKfEntry}, kfEntry{ID: id, Kf: x.Kf, Ext: x.Ext, Origin: kfFromAPI, Type: kind, Body: b})
	if x.Refuses {
		c.t.change(op{K: opKfCount}, kfTally{Kf: x.Kf, Refused: 1})
		c.t.later(c.t.At+second, act{Kind: actKfFail, Person: x.Ext, Chat: x.Kf, Msg: id})
	}
	return nil
}

const (
	actKfFail   = "kf.fail"   // Person, Chat, Msg: the message was not taken
	actKfAccept = "kf.accept" // Person, Chat, Msg what was offered: the customer takes it up
)

func (c *call) kfSend() (fields, error) {
	var in struct {
		To    string `json:"touser"`
		Kf    string `json:"open_kfid"`
		MsgID string `json:"msgid"`
		kfContent
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if _, err := c.kfPair(&kfIn{Kf: in.Kf, External: in.To}); err != nil {
		return nil, err
	}
	body, err := in.check(c)
	if err != nil {
		return nil, err
	}
	x := c.st.kfSession(in.Kf, in.To)
	switch {
	case x.LastMsg == 0 || c.t.At-x.LastMsg > kfReplyLife:
		return nil, refuse(95002, "send msg after 48 hours")
	case x.State == kfClosed:
		return nil, refuse(95013, "session is over")
	case x.State != kfNew && x.State != kfBot:
		return nil, refuse(95018, "service state forbids sending")
	case x.Sent >= kfReplyMost:
		return nil, refuse(95001, "send msg count limit")
	}
	id, err := c.kfChosen(in.Kf, in.MsgID)
	if err != nil {
		return nil, err
	}
	x.Sent++
	if x.State == kfNew { // an answer through the API makes it the bot's
		x.State = kfBot
		c.t.change(op{K: opKfCount}, kfTally{Kf: x.Kf, Ext: x.Ext, Sessions: 1, Bots: 1})
	}
	c.t.change(op{K: opKfSession}, x)
	if err := c.kfPut(x, id, in.Type, body); err != nil {
		return nil, err
	}
	return fields{"msgid": id}, nil
}

// kfCodes says for each code's kind in which state it may be used and what may be sent by it.
var kfCodes = map[string]struct {
	state int // -1 = any
	menu  bool
	life  time.Duration // wall; 0 = 48 hours of the simulator's clock
}{
	"welcome": {-1, true, kfCodeWall},
	"pool":    {kfPool, false, 0},
	"joined":  {kfHuman, false, 0},
	"end":     {kfClosed, true, kfCodeWall},
}

func (c *call) kfSendOnEvent() (fields, error) {
	var in struct {
		Code  string `json:"code"`
		MsgID string `json:"msgid"`
		kfContent
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	code := c.st.Talk.Kf.Codes[in.Code]
	if code == nil || code.Used {
		return nil, refuse(95007, "invalid code")
	}
	rule := kfCodes[code.Kind]
	if rule.life > 0 && c.s.talk.age(in.Code) > rule.life || rule.life == 0 && c.t.At-code.Issued > kfReplyLife {
		return nil, refuse(95007, "code expired")
	}
	x := c.st.kfSession(code.Kf, code.Ext)
	switch {
	case in.Type != "text" && (in.Type != "msgmenu" || !rule.menu):
		return nil, refuse(40008, "invalid message type")
	case rule.state >= 0 && x.State != rule.state:
		return nil, refuse(95018, "service state forbids sending")
	}
	if _, err := c.kf(code.Kf); err != nil {
		return nil, err
	}
	body, err := in.check(c)
	if err != nil {
		return nil, err
	}
	id, err := c.kfChosen(code.Kf, in.MsgID)
	if err != nil {
		return nil, err
	}
	c.t.do(op{K: opKfUsed, ID: in.Code})
	if err := c.kfPut(x, id, in.Type, body); err != nil {
		return nil, err
	}
	return fields{"msgid": id}, nil
}

func (c *call) kfCustomers() (fields, error) {
	var in struct {
		IDs     []string `json:"external_userid_list"`
		Context int      `json:"need_enter_session_context"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.IDs) == 0 {
		return nil, refuse(40063, "some parameters are empty")
	}
	if len(in.IDs) > 100 {
		return nil, refuse(40058, "external_userid_list has more than 100 entries")
	}
	rows, invalid := []fields{}, []string{}
	for _, id := range in.IDs {
		var last *kfSession
		for _, a := range sortedKeys(c.st.Talk.Kf.Accounts) {
			if x := c.st.Talk.Kf.Sessions[kfKey{a, id}]; x != nil && (last == nil || x.LastMsg > last.LastMsg) {
				last = x
			}
		}
		p := c.st.people[id]
		if p == nil || last == nil {
			invalid = append(invalid, id)
			continue
		}
		row := fields{"external_userid": id, "nickname": p.Name, "avatar": "", "gender": p.Gender}
		if p.UnionID != "" {
			row["unionid"] = p.UnionID
		}
		if in.Context == 1 {
			row["enter_session_context"] = fields{"scene": last.Scene, "scene_param": last.SceneParam}
		}
		rows = append(rows, row)
	}
	return fields{"customer_list": rows, "invalid_external_userid": invalid}, nil
}

func (c *call) kfUpgradeConfig() (fields, error) {
	u := &c.st.World.Upgrade
	return fields{"member_range": fields{"userid_list": list(u.Members), "department_id_list": list(u.Departments)},
		"groupchat_range": fields{"chat_id_list": list(u.Groups)}}, nil
}

func (c *call) kfUpgrade() (fields, error) {
	var in struct {
		kfIn
		Type   int `json:"type"`
		Member *struct {
			UserID  string `json:"userid"`
			Wording string `json:"wording"`
		} `json:"member"`
		Group *struct {
			ChatID  string `json:"chat_id"`
			Wording string `json:"wording"`
		} `json:"groupchat"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	a, err := c.kfPair(&in.kfIn)
	if err != nil {
		return nil, err
	}
	u := &c.st.World.Upgrade
	x := c.st.kfSession(in.Kf, in.External)
	if x.LastMsg == 0 || c.t.At-x.LastMsg > kfReplyLife {
		return nil, refuse(95002, "customer did not write within 48 hours")
	}
	count := kfTally{Kf: a.ID}
	switch {
	case in.Type == 1 && in.Member != nil && in.Member.UserID != "":
		m, err := c.visible(in.Member.UserID)
		if err != nil {
			return nil, err
		}
		allowed := false
		for _, id := range u.Members {
			allowed = allowed || lower(id) == lower(m.UserID)
		}
		for _, d := range u.Departments {
			for _, who := range first(c.st.under(d)) {
				allowed = allowed || who.UserID == m.UserID
			}
		}
		if !allowed {
			return nil, refuse(60030, "user is not in the upgrade range")
		}
		x.Offered, count.Invites = "member|"+m.UserID, 1
	case in.Type == 2 && in.Group != nil && in.Group.ChatID != "":
		g, err := c.group(in.Group.ChatID)
		if err != nil {
			return nil, err
		}
		allowed := false
		for _, id := range u.Groups {
			allowed = allowed || id == g.ID
		}
		if !allowed {
			return nil, refuse(60030, "group is not in the upgrade range")
		}
		x.Offered, count.GroupInvites = "group|"+g.ID, 1
	case in.Type == 1 || in.Type == 2:
		return nil, refuse(40063, "some parameters are empty")
	default:
		return nil, refuse(40058, "invalid type")
	}
	c.t.change(op{K: opKfSession}, x)
	c.t.change(op{K: opKfCount}, count)
	r := dice(c.st.World.Seed, "kf.upgrade", a.ID, in.External, x.Offered)
	if b := c.st.behaviour(c.st.people[in.External]); r.Float64() < b.Add && in.Type == 1 || r.Float64() < b.Join && in.Type == 2 {
		c.t.later(c.t.At+10*second+r.Int64N(5*minuteMS), act{Kind: actKfAccept, Person: in.External, Chat: a.ID, Msg: x.Offered})
	}
	return nil, nil
}

func first[T, U any](v T, _ U) T { return v }

func (c *call) kfUpgradeCancel() (fields, error) {
	var in kfIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if _, err := c.kfPair(&in); err != nil {
		return nil, err
	}
	x := c.st.kfSession(in.Kf, in.External)
	x.Offered = ""
	c.t.change(op{K: opKfSession}, x)
	return nil, nil
}
