package sim

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// appMessage is a message the app sent to members.
type appMessage struct {
	ID       string
	Agent    int   // the app
	At       int64 // Unix ms
	To       []string
	Type     string
	Text     string // as a phone shows it
	Card     []byte // JSON of a template card
	CardKind string
	TaskID   string
	Recalled bool
	Changed  map[string]string // member → what the card's button says now, or the new card's words
}

// cardCode lets a card be changed, once within 72 hours.
type cardCode struct {
	Msg    string
	Issued int64
	Used   bool
}

type appState struct {
	Messages map[string]*appMessage
	Codes    map[string]*cardCode
	Tasks    map[string]string // task_id → message
	Doubles  map[string]int64  // fingerprint of a message that was to be sent once → when
}

func (a *appState) index() {
	orMake(&a.Messages)
	orMake(&a.Codes)
	orMake(&a.Tasks)
	orMake(&a.Doubles)
}

const (
	opAppSend   = "app.send"   // body appSend
	opAppCode   = "app.code"   // ID, Text message
	opAppChange = "app.change" // ID code, List members, Text
	opAppRecall = "app.recall" // ID
)

// appSend is a message and the traces it leaves.
type appSend struct {
	Message appMessage
	Code    string // of an interactive card
	Double  string // its fingerprint, if doubles are to be dropped
}

func appArea() area {
	return area{
		endpoints: map[string]endpoint{
			"message/send":                 post((*call).appSend),
			"message/recall":               post((*call).appRecall),
			"message/update_template_card": post((*call).cardUpdate),
		},
		changes: map[string]change{
			opAppSend: changing((*state).applyAppSend),
			opAppCode: func(s *state, at int64, o *op) error {
				s.Talk.App.Codes[o.ID] = &cardCode{Msg: o.Text, Issued: at}
				return nil
			},
			opAppChange: func(s *state, _ int64, o *op) error {
				code := s.Talk.App.Codes[o.ID]
				code.Used = true
				m := s.Talk.App.Messages[code.Msg]
				orMake(&m.Changed)
				for _, user := range o.List {
					m.Changed[user] = o.Text
				}
				return nil
			},
			opAppRecall: func(s *state, _ int64, o *op) error { s.applyAppRecall(o.ID); return nil },
		},
		hands:  appHands(),
		routes: func(s *Server, mux *http.ServeMux) { mux.HandleFunc("GET /sim/api/staff/{userid}/cards", s.phoneCards) },
	}
}

const (
	perMinuteEach = 30   // messages of the app to one member; those above are dropped
	perHourEach   = 1000 //
	cardLife      = 72 * 60 * minuteMS
	recallLife    = 24 * 60 * minuteMS
)

func (s *state) forgetApp(at int64) {
	a := &s.Talk.App
	for id, m := range a.Messages {
		if at-m.At > 4*dayMS {
			delete(a.Messages, id)
			delete(a.Tasks, m.TaskID)
		}
	}
	for id, c := range a.Codes {
		if at-c.Issued > 4*dayMS {
			delete(a.Codes, id)
		}
	}
	for id, when := range a.Doubles {
		if at-when > dayMS {
			delete(a.Doubles, id)
		}
	}
}

// applyAppSend delivers a message; what is too much for a member is dropped without a word, as WeCom does.
func (s *state) applyAppSend(at int64, _ *op, v appSend) {
	a := &s.Talk.App
	m := &v.Message
	var got []string
	for _, user := range m.To {
		if s.Talk.Meters["to|"+user].room(at, 1, [4]int64{perMinuteEach, perHourEach}) {
			s.metered(at, "to|"+user, 1)
			s.say("app|"+user, message{At: at, From: "app", Kind: "app", Text: m.Text, ID: m.ID})
			got = append(got, user)
		}
	}
	s.metered(at, "app", int64(len(got)))
	m.To = got
	a.Messages[m.ID] = m
	if m.TaskID != "" {
		a.Tasks[m.TaskID] = m.ID
	}
	if v.Code != "" {
		a.Codes[v.Code] = &cardCode{Msg: m.ID, Issued: at}
	}
	if v.Double != "" {
		a.Doubles[v.Double] = at
	}
}

func (s *state) applyAppRecall(id string) {
	m := s.Talk.App.Messages[id]
	m.Recalled = true
	for _, user := range m.To {
		key := "app|" + user
		s.Chats[key] = slices.DeleteFunc(slices.Clone(s.Chats[key]), func(b message) bool { return b.ID == id })
	}
}

// flag reads 0 or 1.
type flag int

// appContent is what messages of the app, of its groups and of robots carry.
type appContent struct {
	MsgType string `json:"msgtype"`
	Text    *struct {
		Content string `json:"content"`
	} `json:"text"`
	Image *struct {
		MediaID string `json:"media_id"`
		Base64  string `json:"base64"` // robots only
		MD5     string `json:"md5"`
	} `json:"image"`
	Voice *struct {
		MediaID string `json:"media_id"`
	} `json:"voice"`
	File *struct {
		MediaID string `json:"media_id"`
	} `json:"file"`
	Video *struct {
		MediaID     string `json:"media_id"`
		Title       string `json:"title"`
		Description string `json:"description"`
	} `json:"video"`
	TextCard *struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		URL         string `json:"url"`
		Button      string `json:"btntxt"`
	} `json:"textcard"`
	News *struct {
		Articles []struct {
			Title       string `json:"title"`
			Description string `json:"description"`
			URL         string `json:"url"`
			PicURL      string `json:"picurl"`
			AppID       string `json:"appid"`
			PagePath    string `json:"pagepath"`
		} `json:"articles"`
	} `json:"news"`
	MPNews *struct {
		Articles []struct {
			Title   string `json:"title"`
			Thumb   string `json:"thumb_media_id"`
			Author  string `json:"author"`
			Source  string `json:"content_source_url"`
			Content string `json:"content"`
			Digest  string `json:"digest"`
		} `json:"articles"`
	} `json:"mpnews"`
	Markdown *struct {
		Content string `json:"content"`
	} `json:"markdown"`
	Markdown2 *struct {
		Content string `json:"content"`
	} `json:"markdown_v2"`
	Notice *struct {
		AppID       string `json:"appid"`
		Page        string `json:"page"`
		Title       string `json:"title"`
		Description string `json:"description"`
		Emphasis    bool   `json:"emphasis_first_item"`
		Items       []struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"content_item"`
	} `json:"miniprogram_notice"`
	Card json.RawMessage `json:"template_card"`
}

// words checks the content and says how a phone shows it; template cards are not its matter.
func (in *appContent) words(c *call) (string, error) {
	empty, long := refuse(40063, "some parameters are empty"), refuse(40058, "a field is too long")
	media := func(kind, id, shown string) (string, error) {
		m, err := c.appMedia(id, kind)
		if err != nil {
			return "", err
		}
		return shown + " " + m.Name, nil
	}
	switch in.MsgType {
	case "text":
		switch {
		case in.Text == nil || in.Text.Content == "":
			return "", refuse(44004, "empty content")
		case len(in.Text.Content) > 2048:
			return "", refuse(45002, "content size out of limit")
		}
		return in.Text.Content, nil
	case "image":
		if in.Image == nil {
			return "", empty
		}
		return media(mediaImage, in.Image.MediaID, "[图片]")
	case "voice":
		if in.Voice == nil {
			return "", empty
		}
		return media(mediaVoice, in.Voice.MediaID, "[语音]")
	case "file":
		if in.File == nil {
			return "", empty
		}
		return media("", in.File.MediaID, "[文件]")
	case "video":
		switch {
		case in.Video == nil:
			return "", empty
		case len(in.Video.Title) > 128 || len(in.Video.Description) > 512:
			return "", long
		}
		return media(mediaVideo, in.Video.MediaID, "[视频] "+in.Video.Title)
	case "textcard":
		k := in.TextCard
		switch {
		case k == nil || k.Title == "" || k.Description == "" || k.URL == "":
			return "", empty
		case chars(k.Title) > 128 || chars(k.Description) > 512 || len(k.URL) > 2048 || chars(k.Button) > 4:
			return "", long
		}
		return k.Title + "\n" + k.Description + "\n" + k.URL, nil
	case "news":
		if in.News == nil || len(in.News.Articles) == 0 {
			return "", empty
		}
		return in.news()
	case "mpnews":
		return in.mpnews(c)
	case "markdown":
		switch {
		case in.Markdown == nil || in.Markdown.Content == "":
			return "", refuse(44004, "empty content")
		case len(in.Markdown.Content) > 2048:
			return "", refuse(45002, "content size out of limit")
		}
		return in.Markdown.Content, nil
	case "miniprogram_notice":
		return in.notice()
	}
	return "", refuse(40008, "invalid message type")
}

func (in *appContent) news() (string, error) {
	if len(in.News.Articles) > 8 {
		return "", refuse(45008, "article count out of limit")
	}
	var lines []string
	for _, a := range in.News.Articles {
		switch {
		case a.Title == "" || a.URL == "" && (a.AppID == "" || a.PagePath == ""):
			return "", refuse(40063, "some parameters are empty")
		case len(a.Title) > 128 || len(a.Description) > 512 || len(a.URL) > 2048:
			return "", refuse(40058, "a field is too long")
		}
		lines = append(lines, strings.TrimSpace(a.Title+"\n"+cmp.Or(a.URL, a.PagePath)))
	}
	return strings.Join(lines, "\n"), nil
}

func (in *appContent) mpnews(c *call) (string, error) {
	if in.MPNews == nil || len(in.MPNews.Articles) == 0 {
		return "", refuse(40063, "some parameters are empty")
	}
	if len(in.MPNews.Articles) > 8 {
		return "", refuse(45008, "article count out of limit")
	}
	var lines []string
	for _, a := range in.MPNews.Articles {
		switch {
		case a.Title == "" || a.Content == "":
			return "", refuse(40063, "some parameters are empty")
		case len(a.Title) > 128 || len(a.Author) > 64 || len(a.Digest) > 512:
			return "", refuse(40058, "a field is too long")
		case len(a.Content) > 666*1024:
			return "", refuse(45002, "content size out of limit")
		}
		if _, err := c.appMedia(a.Thumb, mediaImage); err != nil {
			return "", err
		}
		lines = append(lines, a.Title)
	}
	return strings.Join(lines, "\n"), nil
}

func (in *appContent) notice() (string, error) {
	n := in.Notice
	switch {
	case n == nil || n.AppID == "" || n.Title == "":
		return "", refuse(40063, "some parameters are empty")
	case chars(n.Title) < 4 || chars(n.Title) > 12 || n.Description != "" && (chars(n.Description) < 4 || chars(n.Description) > 12) || len(n.Items) > 10:
		return "", refuse(40058, "title, description or content_item is out of limits")
	}
	lines := []string{n.Title}
	for _, i := range n.Items {
		switch {
		case i.Key == "" || i.Value == "":
			return "", refuse(40063, "some parameters are empty")
		case chars(i.Key) > 10 || chars(i.Value) > 30:
			return "", refuse(40058, "content_item is too long")
		}
		lines = append(lines, i.Key+"："+i.Value)
	}
	return strings.Join(lines, "\n"), nil
}

type appSendIn struct {
	ToUser    string  `json:"touser"`
	ToParty   string  `json:"toparty"`
	ToTag     string  `json:"totag"`
	AgentID   *number `json:"agentid"` // some clients write it as a string, and WeCom takes it
	Safe      int     `json:"safe"`
	IDTrans   flag    `json:"enable_id_trans"`
	Dedupe    flag    `json:"enable_duplicate_check"`
	DedupeFor int64   `json:"duplicate_check_interval"` // s
	appContent
}

// agent refuses calls for another app than the token's.
func (c *call) agent(id *number) error {
	switch {
	case id == nil || *id == 0:
		return refuse(41011, "missing agentid")
	case *id < 0:
		return refuse(40056, "invalid agentid")
	case int(*id) != c.agentID():
		return refuse(301002, "not allow operate another agent with this accesstoken")
	}
	return nil
}

func (c *call) appSend() (fields, error) {
	var in appSendIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.agent(in.AgentID); err != nil {
		return nil, err
	}
	switch {
	case in.ToUser == "" && in.ToParty == "" && in.ToTag == "":
		return nil, refuse(82001, "missing recipients")
	case in.Safe < 0 || in.Safe > 2 || in.Safe == 2 && in.MsgType != "mpnews" || in.DedupeFor < 0 || in.DedupeFor > 14_400:
		return nil, refuse(40058, "safe or duplicate_check_interval is out of limits")
	}
	send := appSend{Message: appMessage{Agent: c.agentID(), At: c.t.At, Type: in.MsgType}}
	m := &send.Message
	var err error
	if in.MsgType == "template_card" {
		var card *templateCard
		if card, err = c.card(in.Card); err == nil {
			m.Card, m.CardKind, m.TaskID, m.Text = in.Card, card.Kind, card.TaskID, card.words()
			if card.interactive() {
				send.Code = "RC" + mint(c.st.World.Seed, "", c.st.next(), 40)
			}
		}
	} else {
		m.Text, err = in.words(c)
	}
	if err != nil {
		return nil, err
	}
	if in.IDTrans == 1 {
		m.Text = c.st.translated(m.Text, true)
	}
	to, answer, err := c.recipients(&in)
	if err != nil {
		return nil, err
	}
	m.To, m.ID = to, mint(c.st.World.Seed, "app", c.st.next(), 30)
	answer["msgid"] = m.ID
	if in.Dedupe == 1 {
		send.Double = fingerprint(c.body)
		if at, ok := c.st.Talk.App.Doubles[send.Double]; ok && c.t.At-at < cmp.Or(in.DedupeFor, 1800)*second {
			return answer, nil // the same once more: taken, and not delivered
		}
	}
	if most := int64(c.st.World.Limits.AppSendsEach * len(c.st.World.Members)); !c.st.Talk.Meters["app"].room(c.t.At, int64(len(to)), [4]int64{0, 0, most}) {
		return nil, refuse(45009, "api freq out of limit")
	}
	if send.Code != "" {
		answer["response_code"] = send.Code
	}
	c.t.change(op{K: opAppSend}, send)
	return answer, nil
}

func fingerprint(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// recipients resolves who is meant; the answer names those who are not, in lower case.
func (c *call) recipients(in *appSendIn) (to []string, answer fields, err error) {
	users, parties, tags := split(in.ToUser), split(in.ToParty), split(in.ToTag)
	if in.ToUser == "@all" {
		users, parties, tags = nil, nil, nil
		for i := range c.st.World.Members {
			users = append(users, c.st.World.Members[i].UserID)
		}
	} else if len(users) > 1000 || len(parties) > 100 || len(tags) > 100 {
		return nil, nil, refuse(40032, "userid list too long")
	}
	seen := map[string]bool{}
	take := func(m *Member) {
		if !seen[m.UserID] {
			seen[m.UserID] = true
			to = append(to, m.UserID)
		}
	}
	var badUsers, badParties []string
	for _, id := range users {
		if m, err := c.visible(id); err == nil {
			take(m)
		} else {
			badUsers = append(badUsers, strings.ToLower(id))
		}
	}
	for _, id := range parties {
		n, err := strconv.ParseInt(id, 10, 64)
		members, known := c.st.under(n)
		if err != nil || !known || len(members) == 0 {
			badParties = append(badParties, id)
		}
		for _, m := range members {
			take(m)
		}
	}
	if len(to) == 0 {
		return nil, nil, refuse(81013, "user, party, tag all invalid")
	}
	if in.ToUser == "@all" {
		badUsers = nil
	}
	return to, fields{"invaliduser": strings.Join(badUsers, "|"), "invalidparty": strings.Join(badParties, "|"), "invalidtag": strings.Join(tags, "|")}, nil
}

func split(list string) []string {
	return slices.DeleteFunc(strings.Split(list, "|"), func(s string) bool { return s == "" })
}

var idMarks = regexp.MustCompile(`\$(userName|userAlias|userAliasOrName|departmentName)=([^$]{1,64})\$`)

// translated shows names for the ids marked in a text, if that was asked for.
func (s *state) translated(text string, wanted bool) string {
	if !wanted || !strings.Contains(text, "$") {
		return text
	}
	return idMarks.ReplaceAllStringFunc(text, func(mark string) string {
		part := idMarks.FindStringSubmatch(mark)
		if part[1] == "departmentName" {
			for _, d := range s.World.Departments {
				if strconv.FormatInt(d.ID, 10) == part[2] {
					return d.Name
				}
			}
			return part[2]
		}
		if m := s.member(part[2]); m != nil {
			return m.Name
		}
		return part[2]
	})
}

func (c *call) appRecall() (fields, error) {
	var in struct {
		MsgID string `json:"msgid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	m := c.st.Talk.App.Messages[in.MsgID]
	switch {
	case in.MsgID == "":
		return nil, refuse(40063, "some parameters are empty")
	case m == nil || m.Agent != c.agentID():
		return nil, refuse(40058, "invalid msgid")
	case c.t.At-m.At > recallLife:
		return nil, refuse(42052, "message can not be recalled after 24 hours")
	}
	if !m.Recalled {
		c.t.do(op{K: opAppRecall, ID: m.ID})
	}
	return nil, nil
}
