package sim

import (
	"bytes"
	"cmp"
	"crypto/md5" //nolint:gosec // the fingerprint that the archive shows
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"qunce/internal/clock"
	"qunce/internal/wecom/callback"
)

const (
	actArcNotice = "arc.notice"
	actArcAnswer = "arc.answer" // Chat, Person, Try 1 agrees
	actShow      = "show"       // Person, User, Chat, State who shows it ("" the person), Msg the type
	actRecall    = "arc.recall" // User: takes back what was said last

	msgAuditApproved = "msg_audit_approved"
)

func archiveDeeds() map[string]deed {
	return map[string]deed{
		actArcNotice: func(s *Server, t *transaction, _ *act) {
			t.do(op{K: opArcNotice})
			t.callback(event{Event: "msgaudit_notify", Inner: new(inner).number("AgentID", archiveAgent).String(), About: "msgaudit"})
		},
		actArcAnswer: func(s *Server, t *transaction, a *act) { s.consents(t, a.Chat, a.Person, a.Try == 1) },
		actShow:      (*Server).showLater,
		actRecall:    func(s *Server, t *transaction, a *act) { s.takesBack(t, a.User) },
	}
}

// consents lets a customer answer. Who agrees in a member's chat may be welcomed from then on: the callback brings a code
// of its own, and what the add event brought is void.
func (s *Server) consents(t *transaction, chat, ext string, agrees bool) {
	n := int64(b2f(agrees))
	t.do(op{K: opArcAnswer, Chat: chat, Ext: ext, N: n})
	if !agrees || s.st.Groups[chat] != nil {
		return
	}
	e := event{Event: callback.ExternalContact, ChangeType: msgAuditApproved, UserID: chat, External: ext}
	if pair := s.st.edge(chat, ext); pair != nil && pair.alive() && pair.Welcomes == 0 && t.At-pair.Created < 2*dayMS {
		t.do(op{K: opArcVoid, User: chat, Ext: ext})
		e.Code = s.issue(t, chat, ext)
	}
	t.callback(e)
}

// archiveDay draws which pairs exchange more than words today, and who takes something back.
func archiveDay(s *Server, t *transaction, _ *act) {
	w := s.st.World.Archive
	if w == nil {
		return
	}
	day := msTime(t.At).In(clock.Shanghai).Format(time.DateOnly)
	lively := chanceOf(w.Lively, 0.05)
	for _, user := range sortedKeys(s.st.byUser) {
		if !s.st.archives(user) {
			continue
		}
		for _, ext := range sortedKeys(s.st.byUser[user]) {
			r := dice(s.st.World.Seed, "lively", day, user, ext)
			if e := s.st.edge(user, ext); e.Status != edgeFull || r.Float64() >= lively {
				continue
			}
			a := act{Kind: actShow, Person: ext, User: user, Msg: showTypes[r.IntN(len(showTypes))]}
			if r.Float64() < 0.4 {
				a.State = user
			}
			t.later(t.At+r.Int64N(11*60*minuteMS), a)
		}
	}
}

// showTypes are what people exchange besides text and the attachments of sends.
var showTypes = []string{"image", "image", "image", "voice", "voice", "location", "link", "weapp", "file", "emotion", "card", "mixed"}

// shows lets a person or a member show something in a chat.
func (s *Server) shows(t *transaction, a *act) (fields, error) {
	from := cmp.Or(a.State, a.Person)
	chat := a.Chat
	if chat != "" {
		if g := s.st.Groups[chat]; g == nil || g.Dismissed || g.Members[from] == nil {
			return nil, dead("不在这个群里")
		}
	} else if e := s.st.edge(a.User, a.Person); e == nil || e.Status != edgeFull {
		return nil, dead("不是好友")
	}
	r := dice(s.st.World.Seed, "show", from, chat, a.User, itoa(int(t.At)))
	what, words, err := s.showing(t, a.Msg, from, r)
	if err != nil {
		return nil, err
	}
	kind := "reply"
	if s.st.member(from) != nil {
		kind = "sidebar"
	}
	o := op{K: opShow, Chat: chat, ID: from, Name: kind, Text: words}
	if chat == "" {
		o.User, o.Ext = a.User, a.Person
	}
	t.change(o, what)
	return fields{"text": words}, nil
}

// showing makes up what is shown: the archive's object, and how a phone tells of it.
func (s *Server) showing(t *transaction, kind, from string, r *rand.Rand) (what shown, words string, err error) {
	what.Type = kind
	var obj any = fields{}
	medium := func(media, text string) error {
		m, err := s.invent(t, media, from)
		if err != nil {
			return err
		}
		what.Media, words = m.ID, text
		if media == mediaVoice {
			words = fmt.Sprintf("[语音 %d″]", (m.MS+999)/1000)
		}
		return nil
	}
	switch kind {
	case "image":
		err = medium(mediaImage, "[图片]")
	case "voice":
		err = medium(mediaVoice, "")
	case "file":
		err = medium(mediaFile, "[文件] 到店清单.txt")
	case "emotion":
		obj = fields{"type": 2, "width": 64, "height": 64}
		err = medium(mediaImage, "[表情]")
	case "location":
		lng, lat := 120.0+r.Float64()/2, 30.1+r.Float64()/3
		obj, words = fields{"longitude": lng, "latitude": lat, "address": "浙江省杭州市", "title": "我在这里", "zoom": 15}, "[位置] 我在这里"
	case "link":
		obj, words = fields{"title": "周末市集清单", "description": "一篇文章", "link_url": "https://mp.weixin.qq.com/s/" + mint(s.st.World.Seed, "", s.st.next(), 22), "image_url": ""}, "[链接] 周末市集清单"
	case "weapp":
		obj, words = fields{"title": "会员商城", "description": "会员商城", "username": "gh_" + mint(s.st.World.Seed, "", 7, 12) + "@app", "displayname": "会员商城"}, "[小程序] 会员商城"
	case "card":
		obj, words = fields{"corpname": "微信联系人", "userid": from}, "[名片] "+s.st.name(from)
	case "mixed":
		text, _ := json.Marshal(fields{"content": "看看这两样"})
		link, _ := json.Marshal(fields{"title": "周末市集清单", "description": "", "link_url": "https://mp.weixin.qq.com/", "image_url": ""})
		obj, words = fields{"item": []fields{{"type": "text", "content": string(text)}, {"type": "link", "content": string(link)}}}, "看看这两样"
	default:
		return what, "", dead("不认识的消息类型：" + kind + "；可用：" + strings.Join(slices.Compact(slices.Sorted(slices.Values(showTypes))), "、"))
	}
	if err != nil {
		return what, "", err
	}
	what.Obj, err = json.Marshal(obj)
	return what, words, err
}

// invent makes a medium as people send them: a picture, a sound, a note. Its bytes depend on who and when only.
func (s *Server) invent(t *transaction, kind, from string) (*mediaItem, error) {
	r := dice(s.st.World.Seed, "medium", kind, from, itoa(int(t.At)))
	var b []byte
	name := ""
	switch kind {
	case mediaImage:
		b = photo(r)
	case mediaVoice:
		b = voice(r)
	default:
		name = "到店清单.txt"
		b = fmt.Appendf(nil, "到店清单\n%s\n序号 %08x\n", s.st.name(from), r.Uint32())
	}
	sum, err := s.talk.shelf.put(b)
	if err != nil {
		return nil, err
	}
	f, h := look(b), md5.Sum(b) //nolint:gosec // as above
	m := &mediaItem{ID: mint(s.st.World.Seed, "3", s.st.next(), 84), Kind: kind, Name: name, Origin: fromChat, Sum: sum, MD5: hex.EncodeToString(h[:]),
		Size: int64(len(b)), Created: t.At, Format: f.Format, MS: f.MS}
	t.change(op{K: opMedia}, m)
	return m, nil
}

// photo paints a few patches of colour.
func photo(r *rand.Rand) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 96, 96))
	var shades [9]color.RGBA
	for i := range shades {
		shades[i] = color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255} //nolint:gosec // below 256
	}
	for y := range 96 {
		for x := range 96 {
			img.SetRGBA(x, y, shades[y/32*3+x/32])
		}
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, nil) // a buffer does not fail
	return b.Bytes()
}

// voice is an AMR file of a few seconds that says nothing.
func voice(r *rand.Rand) []byte {
	b := []byte("#!AMR\n")
	for range 50 * (2 + r.IntN(8)) {
		b = append(b, 0x04) // a frame of 4.75 kbit/s
		for range 12 {
			b = append(b, byte(r.IntN(4))) //nolint:gosec // below 4
		}
	}
	return b
}

// showLater is the deed of a day's plan; a member may take it back within the two minutes that WeCom gives for it.
func (s *Server) showLater(t *transaction, a *act) {
	if _, err := s.shows(t, a); err != nil || a.State == "" {
		return // no longer friends, or nobody's to take back
	}
	r := dice(s.st.World.Seed, "recall", a.User, a.Person, itoa(int(t.At)))
	if r.Float64() < chanceOf(s.st.World.Archive.Recall, 0.05) {
		t.later(t.At+5*second+r.Int64N(100*second), act{Kind: actRecall, User: a.User})
	}
}

// takesBack lets a member take back what they said last, while that can be done.
func (s *Server) takesBack(t *transaction, user string) {
	k := &s.st.Talk.Archive
	for i := len(k.Messages) - 1; i >= 0 && t.At-k.Messages[i].At < 2*minuteMS; i-- {
		if m := &k.Messages[i]; m.From == user && m.Type != "revoke" && !s.st.revoked(m.ID) {
			t.do(op{K: opArcRevoke, ID: m.ID})
			return
		}
	}
}

func (s *state) revoked(id string) bool {
	return slices.ContainsFunc(s.Talk.Archive.Messages, func(m archived) bool { return m.Type == "revoke" && m.Text == id })
}

// archiveByHand is what is done about the archive by hand.
type archiveByHand struct {
	Person string `json:"person"`
	UserID string `json:"userid"`
	ChatID string `json:"chat_id"`
	Agree  *bool  `json:"agree"`
	Type   string `json:"msgtype"`
	By     string `json:"by"` // of show: person (default) or staff
	MsgID  string `json:"msgid"`
}

// archiveHands: consent (person, userid or chat_id, agree), show (person and userid, or chat_id and one of them; msgtype,
// by), recall (userid, msgid of the archive).
func archiveHands() map[string]hand {
	return map[string]hand{
		"consent": handed(func(s *Server, t *transaction, v archiveByHand) (fields, error) {
			chat := v.ChatID
			if m := s.st.member(v.UserID); chat == "" && m != nil {
				chat = m.UserID
			}
			switch {
			case s.st.people[v.Person] == nil || chat == "" || v.Agree == nil:
				return nil, dead("请给出 person、userid 或 chat_id，以及 agree")
			case s.st.archived == nil:
				return nil, dead("这个世界没有开通会话存档")
			}
			if _, in := s.st.roster(chat); !in && !s.st.archives(chat) {
				return nil, dead("这个聊天不在存档范围里")
			}
			s.consents(t, chat, v.Person, *v.Agree)
			return nil, nil
		}),
		"show": handed(func(s *Server, t *transaction, v archiveByHand) (fields, error) {
			a := &act{Person: v.Person, Chat: v.ChatID, Msg: v.Type}
			if m := s.st.member(v.UserID); m != nil {
				a.User = m.UserID
			}
			if v.By == "staff" || v.Person == "" {
				a.State = a.User
			}
			return s.shows(t, a)
		}),
		"recall": handed(func(s *Server, t *transaction, v archiveByHand) (fields, error) {
			for _, m := range s.st.Talk.Archive.Messages {
				if m.ID == v.MsgID && lower(m.From) == lower(v.UserID) && m.Type != "revoke" && !s.st.revoked(m.ID) {
					t.do(op{K: opArcRevoke, ID: m.ID})
					return nil, nil
				}
			}
			return nil, dead("存档里没有这位员工的这条消息，或已经撤回")
		}),
	}
}

// welcomable refuses a welcome that the archive's consent has to come before.
func (c *call) welcomable(code *welcomeCode) error {
	if c.st.archives(code.User) && !c.st.agreed(code.User, code.Ext) {
		return refuse(41053, "customer has not agreed to chat archive")
	}
	return nil
}

// hasMedia says whether a message carries something with bytes.
func hasMedia(kind string) bool {
	return slices.Contains([]string{"image", "voice", "video", "file", "emotion"}, kind)
}
