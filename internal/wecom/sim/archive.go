package sim

import (
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"

	"qunce/internal/wecom"
)

// The chat archive (会话内容存档) keeps for five days what is said in the chats of members with an archive seat: what
// members say always, what customers say once they have agreed in that chat. It is made from what the chats hold; with
// no archive in the world nothing of it costs anything.

const (
	archiveKeep   = 5 * dayMS
	archiveNotice = 15 * second
	archiveAgent  = 2000004 // the archive's own agent, as its callbacks name it
)

// shown is something said other than text and attachments: a voice message, a place, a card… Obj is the archive's object
// of that type, without what comes from the medium.
type shown struct {
	Type  string
	Obj   []byte
	Media string // id of the medium, if there is one
}

// archived is one message of the archive. Group messages share the list of who was there.
type archived struct {
	Seq    int64
	At     int64 // Unix ms
	ID     string
	Chat   string // user|ext, or a group's id
	From   string
	Type   string // of the archive's messages
	Text   string // of text; of revoke the message taken back
	Ref    string // the mass send the content stands in
	Part   int    // of Parts, from 1; 0 = the text
	Att    *wecom.Attachment
	Show   *shown
	Roster string // of groups
}

// consent is what a customer thinks of the archive in one chat.
type consent struct {
	Asked  int64 // Unix ms
	Since  int64 // of the present answer; 0 = none yet
	Agrees bool
}

type consentKey struct{ Chat, Ext string } // Chat is a userid, or a group's id

type archiveState struct {
	Seq      int64
	Messages []archived
	Rosters  map[string][]string // chat/version → who was in the group
	Consents map[consentKey]*consent
	Noticed  int64 // when the last notice went out, Unix ms
	Due      bool  // one is on its way
}

func (s *state) archiveIndex() {
	k := &s.Talk.Archive
	orMake(&k.Rosters)
	orMake(&k.Consents)
	s.archived = nil
	if s.World.Archive == nil {
		return
	}
	s.archived = map[string]bool{}
	for _, id := range s.World.Archive.Members {
		if id == "@all" {
			for i := range s.World.Members {
				s.archived[lower(s.World.Members[i].UserID)] = true
			}
		}
		s.archived[lower(id)] = true
	}
}

const (
	opArcAsk    = "arc.ask"    // Chat, Ext
	opArcAnswer = "arc.answer" // Chat, Ext, N 1 agrees
	opArcNotice = "arc.notice" // N 1 on its way, 0 sent
	opArcRevoke = "arc.revoke" // ID message
	opArcVoid   = "arc.void"   // User, Ext: codes given before the answer
	opShow      = "show"       // Chat, User, Ext, ID from, Name kind, Text; body shown
)

func archiveArea() area {
	return area{
		endpoints: msgAuditEndpoints(),
		changes: map[string]change{
			opArcAsk: func(s *state, at int64, o *op) error {
				s.Talk.Archive.Consents[consentKey{o.Chat, o.Ext}] = &consent{Asked: at}
				return nil
			},
			opArcAnswer: func(s *state, at int64, o *op) error { s.applyConsent(at, o); return nil },
			opArcNotice: func(s *state, at int64, o *op) error {
				if s.Talk.Archive.Due = o.N == 1; o.N == 0 {
					s.Talk.Archive.Noticed = at
				}
				return nil
			},
			opArcRevoke: func(s *state, at int64, o *op) error { s.applyRevoke(at, o.ID); return nil },
			opArcVoid: func(s *state, _ int64, o *op) error {
				for id, c := range s.Codes {
					if c.User == o.User && c.Ext == o.Ext && !c.Used {
						delete(s.Codes, id)
						s.edge(o.User, o.Ext).Codes--
					}
				}
				return nil
			},
			opShow: changing(func(s *state, at int64, o *op, v shown) {
				chat := o.Chat
				if chat == "" {
					chat = chatOf(o.User, o.Ext)
					if e := s.edge(o.User, o.Ext); e != nil {
						e.LastTalk = at
						s.talked(e, o.ID == o.User, at)
					}
				}
				s.say(chat, message{At: at, From: o.ID, Kind: o.Name, Text: o.Text, Show: &v})
			}),
		},
		deeds:  archiveDeeds(),
		hands:  archiveHands(),
		routes: archiveRoutes,
		day:    archiveDay,
	}
}

// archives says whether a member has an archive seat.
func (s *state) archives(user string) bool { return s.archived[lower(user)] }

// agreed says whether a customer agreed in a chat, which is a member's or a group's.
func (s *state) agreed(chat, ext string) bool {
	c := s.Talk.Archive.Consents[consentKey{chat, ext}]
	return c != nil && c.Since > 0 && c.Agrees
}

// archive takes down what was said, if the chat is archived. say calls it, so every word passes here.
func (s *state) archive(chat string, m message) {
	switch m.Kind {
	case "join", "leave", "added", "app":
		return // notes, and what the app says, are no messages of people
	}
	user, ext, single := strings.Cut(chat, "|")
	roster := ""
	external := s.people[m.From] != nil
	switch {
	case single:
		if !s.archives(user) || s.people[ext] == nil || external && !s.agreed(user, ext) {
			return
		}
	default:
		var in bool
		if roster, in = s.roster(chat); !in || external && !s.agreed(chat, m.From) {
			return
		}
	}
	base := archived{At: m.At, Chat: chat, From: m.From, Roster: roster}
	text, parts := m.Text, m.Parts
	if m.Ref != "" {
		base.Ref, text, parts = m.Ref, s.Mass[m.Ref].Text, s.Mass[m.Ref].Parts
	}
	if m.Show != nil {
		base.Type, base.Show = m.Show.Type, m.Show
		s.take(base)
		return
	}
	if text != "" {
		one := base
		if one.Type = "text"; m.Ref == "" {
			one.Text = text
		}
		s.take(one)
	}
	for i := range parts {
		one := base
		one.Type = map[string]string{"image": "image", "link": "link", "miniprogram": "weapp", "video": "video", "file": "file"}[parts[i].MsgType]
		if one.Part = i + 1; m.Ref == "" {
			one.Att = &parts[i]
		}
		s.take(one)
	}
}

// roster names the list of who is in a group now; in is whether an archived member is among them.
func (s *state) roster(chat string) (key string, in bool) {
	var members []string
	version := int64(0)
	if g := s.Groups[chat]; g != nil {
		for id, m := range g.Members {
			in = in || m.Type == 1 && s.archives(id)
		}
		if !in {
			return "", false
		}
		version = g.Version
		if key = chat + "/" + strconv.FormatInt(version, 10); s.Talk.Archive.Rosters[key] != nil {
			return key, true
		}
		members = sortedKeys(g.Members)
	} else if r := s.Talk.Rooms[chat]; r != nil {
		in = slices.ContainsFunc(r.Members, s.archives)
		version, members = r.Version, slices.Clone(r.Members)
		slices.Sort(members)
	}
	if !in {
		return "", false
	}
	key = chat + "/" + strconv.FormatInt(version, 10)
	if s.Talk.Archive.Rosters[key] == nil {
		s.Talk.Archive.Rosters[key] = members
	}
	return key, true
}

// take appends a message and gives it its number and id.
func (s *state) take(m archived) {
	k := &s.Talk.Archive
	k.Seq++
	m.Seq = k.Seq
	m.ID = mint(s.World.Seed, "", 1<<52+m.Seq, 20) + "_" + strconv.FormatInt(m.At, 10)
	if s.Talk.Rooms[m.Chat] == nil {
		m.ID += "_external"
	}
	k.Messages = append(k.Messages, m)
}

func (s *state) applyConsent(at int64, o *op) {
	c := s.Talk.Archive.Consents[consentKey{o.Chat, o.Ext}]
	if c == nil {
		c = &consent{Asked: at}
		s.Talk.Archive.Consents[consentKey{o.Chat, o.Ext}] = c
	}
	c.Since, c.Agrees = at, o.N == 1
	m := archived{At: at, Chat: o.Chat, From: o.Ext, Type: "disagree"}
	if c.Agrees {
		m.Type = "agree"
	}
	if s.Groups[o.Chat] != nil {
		m.Roster, _ = s.roster(o.Chat)
	} else {
		m.Chat = chatOf(o.Chat, o.Ext)
	}
	s.take(m)
}

// applyRevoke notes that a message was taken back; what the archive has of it stays.
func (s *state) applyRevoke(at int64, id string) {
	for _, m := range s.Talk.Archive.Messages {
		if m.ID == id {
			s.take(archived{At: at, Chat: m.Chat, From: m.From, Type: "revoke", Text: id, Roster: m.Roster})
			return
		}
	}
}

// from is the position of the first message that is still kept.
func (k *archiveState) from(now int64) int {
	return sort.Search(len(k.Messages), func(i int) bool { return now-k.Messages[i].At <= archiveKeep })
}

// forgetArchive drops what is older than five days.
func (s *state) forgetArchive(at int64) {
	k := &s.Talk.Archive
	n := k.from(at)
	if n == 0 {
		return
	}
	k.Messages = append([]archived(nil), k.Messages[n:]...)
	used := map[string]bool{}
	for i := range k.Messages {
		used[k.Messages[i].Roster] = true
	}
	for key := range k.Rosters {
		if !used[key] {
			delete(k.Rosters, key)
		}
	}
}

// overhear asks for consent where somebody with an archive speaks with somebody who was not asked yet, and sees to the
// notice that there is something to fetch. commit calls it, so that nobody who lets people talk has to think of it.
func (s *Server) overhear(t *transaction) {
	for i, n := 0, len(t.Ops); i < n; i++ { // ops added here are nobody's words
		switch o := &t.Ops[i]; o.K {
		case opTalk:
			s.askConsent(t, o.User, o.Ext)
		case opEdge:
			if o.N == edgeFull || o.N == edgeHalf {
				s.askConsent(t, o.User, o.Ext)
			}
		case opShow:
			if o.Chat == "" {
				s.askConsent(t, o.User, o.Ext)
			} else {
				s.askConsent(t, o.Chat, o.ID)
			}
		case opSay:
			s.askConsent(t, o.Chat, o.ID)
		case opEnter:
			s.askConsent(t, o.Chat, o.Ext)
		case opConfirm:
			m := s.st.Mass[o.ID]
			if m.ChatType != wecom.ChatSingle {
				continue
			}
			task := m.task(o.User)
			for j, ext := range task.Recipients {
				if task.Results[j] == wecom.SendDone {
					s.askConsent(t, o.User, ext)
				}
			}
		}
	}
	k := &s.st.Talk.Archive
	if last := len(k.Messages); last > 0 && k.Messages[last-1].Seq > s.talk.marked {
		s.talk.marked = k.Messages[last-1].Seq
		if !k.Due {
			t.do(op{K: opArcNotice, N: 1})
			t.later(k.Noticed+archiveNotice, act{Kind: actArcNotice})
		}
	}
}

// askConsent asks a customer for consent in a chat, which is a member's or a group's; the answer comes later, or never.
func (s *Server) askConsent(t *transaction, chat, ext string) {
	if s.st.people[ext] == nil || s.st.Talk.Archive.Consents[consentKey{chat, ext}] != nil {
		return
	}
	if g := s.st.Groups[chat]; g != nil {
		if _, in := s.st.roster(chat); !in {
			return
		}
	} else if !s.st.archives(chat) {
		return
	}
	t.do(op{K: opArcAsk, Chat: chat, Ext: ext})
	r := dice(s.st.World.Seed, "consent", chat, ext)
	agrees := r.Float64() < chanceOf(s.st.World.Archive.Consent, 0.9)
	if !agrees && r.Float64() < 0.5 {
		return // never answers
	}
	t.later(t.At+3*second+int64(longTail(r, 15)*float64(second)), act{Kind: actArcAnswer, Chat: chat, Person: ext, Try: int(b2f(agrees))})
}

// message is the archive's message as §11.3 has it.
func (s *Server) archiveMessage(m *archived) fields {
	out := fields{"msgid": m.ID, "action": "send", "from": m.From, "roomid": "", "msgtime": m.At, "msgtype": m.Type}
	if m.Roster != "" {
		to := slices.Clone(s.st.Talk.Archive.Rosters[m.Roster])
		out["roomid"], out["tolist"] = m.Chat, list(slices.DeleteFunc(to, func(id string) bool { return id == m.From }))
	} else {
		user, ext, _ := strings.Cut(m.Chat, "|")
		if m.From == ext {
			out["tolist"] = []string{user}
		} else {
			out["tolist"] = []string{ext}
		}
	}
	switch m.Type {
	case "text":
		text := m.Text
		if m.Ref != "" {
			text = s.st.Mass[m.Ref].Text
		}
		out["text"] = fields{"content": text}
	case "agree", "disagree":
		out[m.Type] = fields{"userid": m.From, m.Type + "_time": m.At}
	case "revoke":
		out["action"], out["revoke"] = "recall", fields{"pre_msgid": m.Text}
	default:
		out[objectOf(m.Type)] = s.archiveObject(m)
	}
	return out
}

// objectOf is the key the object of a type stands under.
func objectOf(kind string) string {
	switch kind {
	case "markdown", "news", "meeting_notification", "qydiskfile", "voiptext":
		return "info"
	case "docmsg":
		return "doc"
	case "external_redpacket":
		return "redpacket"
	}
	return kind
}

// archiveObject is what a message carries besides the text.
func (s *Server) archiveObject(m *archived) any {
	if m.Show != nil {
		out := map[string]any{}
		_ = json.Unmarshal(m.Show.Obj, &out) // our own
		if item := s.st.Talk.Media.Items[m.Show.Media]; item != nil {
			for k, v := range mediaObject(m, item) {
				out[k] = v
			}
		}
		return out
	}
	att := m.Att
	if m.Ref != "" {
		att = &s.st.Mass[m.Ref].Parts[m.Part-1]
	}
	switch att.MsgType {
	case "image":
		if item := s.st.Talk.Media.Items[att.Image.MediaID]; item != nil {
			return mediaObject(m, item)
		}
		if item := s.picture(att.Image.PicURL); item != nil {
			return mediaObject(m, item)
		}
		return mediaObject(m, s.drawn(att.Image.PicURL))
	case "video":
		return mediaObject(m, s.st.Talk.Media.Items[att.Video.MediaID])
	case "file":
		return mediaObject(m, s.st.Talk.Media.Items[att.File.MediaID])
	case "link":
		return fields{"title": att.Link.Title, "description": att.Link.Desc, "link_url": att.Link.URL, "image_url": att.Link.PicURL}
	case "miniprogram":
		return fields{"title": att.MiniProgram.Title, "description": att.MiniProgram.Title, "username": att.MiniProgram.AppID + "@app", "displayname": att.MiniProgram.Title}
	}
	return fields{}
}

// mediaObject is what the archive tells of a medium. nil is one whose bytes nobody has any more.
func mediaObject(m *archived, item *mediaItem) fields {
	id := sdkFileID(m.Seq)
	if item == nil {
		item = &mediaItem{}
	}
	switch m.Type {
	case "voice":
		return fields{"md5sum": item.MD5, "voice_size": item.Size, "play_length": (item.MS + 999) / 1000, "sdkfileid": id}
	case "video":
		return fields{"md5sum": item.MD5, "filesize": item.Size, "play_length": (item.MS + 999) / 1000, "sdkfileid": id}
	case "file":
		_, ending := mediaType(item.Format, item.Name)
		return fields{"md5sum": item.MD5, "filename": item.Name, "fileext": strings.TrimPrefix(ending, "."), "filesize": item.Size, "sdkfileid": id}
	case "emotion":
		return fields{"md5sum": item.MD5, "imagesize": item.Size, "sdkfileid": id}
	}
	return fields{"md5sum": item.MD5, "filesize": item.Size, "sdkfileid": id}
}
