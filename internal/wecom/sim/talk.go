package sim

import (
	"math/rand/v2"
	"slices"
)

// People talk: customers ask, members answer when they are at work and diligent, members write first now and then. WeCom
// tells nobody about it except in its statistics, and of customers who came by a link.

// Kinds of acts of talking.
const (
	actAsk    = "ask"    // Person writes to User
	actChat   = "chat"   // Person writes into Chat
	actAnswer = "answer" // User answers Person, or into Chat
	actWrite  = "write"  // User writes to Person first
	actApply  = "apply"  // User asks Person to be friends
)

// quiet says whether nobody outside hears of the act.
func (a *act) quiet() bool {
	switch a.Kind {
	case actReply, actAsk, actChat, actAnswer, actWrite, actClose, actGreet, actPick, actTempEnd:
		return true
	}
	return false
}

var (
	replies = []string{"好的，谢谢", "收到～", "今天几点关门？", "有新品吗", "这个怎么领", "周末有活动吗", "已领，谢谢", "在哪家店可以用？", "👍"}
	answers = []string{"您好，在的", "今天营业到晚上九点哦", "可以的，到店出示就能用", "我帮您查一下", "新品已经到店啦，欢迎来尝", "好的，给您留一份", "不客气，有事随时找我", "周末有活动，我提前告诉您"}
	greets  = []string{"最近店里上了新品，给您留了一份", "好久没见您来店里啦", "今天天气不错，路过可以来坐坐", "您上次问的那款到货了"}
)

// phrase draws one of a list.
func phrase(list []string, seed uint64, parts ...string) string {
	return list[dice(seed, parts...).IntN(len(list))]
}

// reply lets a person write to a member or into a group.
func (s *Server) reply(t *transaction, a *act) bool {
	text := a.Text
	if text == "" {
		text = phrase(replies, s.st.World.Seed, "reply", a.Person, itoa(int(a.ID)))
	}
	if a.Chat != "" {
		g := s.st.Groups[a.Chat]
		if g == nil || g.Dismissed || g.Members[a.Person] == nil {
			return false
		}
		t.do(op{K: opSay, Chat: a.Chat, ID: a.Person, Name: "reply", Text: text})
		s.attend(t, g.Owner, a.Person, a.Chat, 0.5, a.Try)
		return true
	}
	e := s.st.edge(a.User, a.Person)
	if e == nil || e.Status != edgeFull || s.st.member(a.User) == nil {
		return false
	}
	t.do(op{K: opTalk, User: a.User, Ext: a.Person, ID: a.Person, Name: "reply", Text: text})
	s.heard(t, e)
	s.attend(t, a.User, a.Person, "", 1, a.Try)
	return true
}

// longTalk is after how many turns nobody has anything left to say.
const longTalk = 4

// attend lets a member see that somebody wrote. Diligent ones answer, and soon; only at work. share scales the chance. Where
// people never ask, nobody answers by themselves either: such a world says only what it is told to say.
//
// The dice of talking know the day and no more of the time: when a platform's answer lets people talk, its second depends
// on how fast the platform is, and a world must come out the same.
func (s *Server) attend(t *transaction, user, person, chat string, share float64, turn int) {
	m, p := s.st.member(user), s.st.people[person]
	if m == nil || p == nil || turn >= longTalk || s.st.behaviour(p).Ask <= 0 {
		return
	}
	idle := 1 - m.Diligence
	r := dice(s.st.World.Seed, "attend", user, person, chat, dayName(t.At), itoa(turn))
	if r.Float64() >= (1-idle*idle)*share {
		return
	}
	wait := int64(longTail(r, 1+45*idle) * float64(minuteMS))
	t.later(m.working(m.working(t.At)+wait), act{Kind: actAnswer, User: user, Person: person, Chat: chat, Try: turn + 1})
}

// answer lets a member answer, unless somebody did it for them by hand; the customer may go on.
func (s *Server) answer(t *transaction, a *act) {
	key := a.Chat
	if key == "" {
		key = chatOf(a.User, a.Person)
	}
	if said := s.st.Chats[key]; len(said) > 0 && said[len(said)-1].From == a.User && said[len(said)-1].Kind == "sidebar" {
		return
	}
	r := dice(s.st.World.Seed, "answer", a.User, a.Person, a.Chat, dayName(a.At), itoa(a.Try))
	text := answers[r.IntN(len(answers))]
	if a.Chat != "" {
		if g := s.st.Groups[a.Chat]; g == nil || g.Dismissed || g.Members[a.User] == nil {
			return
		}
		t.do(op{K: opSay, Chat: a.Chat, ID: a.User, Name: "chat", Text: text})
		return
	}
	if !s.write(t, a.User, a.Person, "chat", text) {
		return
	}
	if r.Float64() < 0.4 {
		t.later(t.At+int64(longTail(r, 3)*float64(minuteMS)), act{Kind: actAsk, User: a.User, Person: a.Person, Try: a.Try})
	}
}

// write lets a member write to a customer; false if the customer would not get it.
func (s *Server) write(t *transaction, user, person, kind, text string) bool {
	if e := s.st.edge(user, person); e == nil || e.Status != edgeFull || e.Blocked || s.st.member(user) == nil {
		return false
	}
	t.do(op{K: opTalk, User: user, Ext: person, ID: user, Name: kind, Text: text})
	return true
}

// writeFirst lets a member write to a customer who has not asked.
func (s *Server) writeFirst(t *transaction, a *act) {
	if s.write(t, a.User, a.Person, "chat", phrase(greets, s.st.World.Seed, "write", a.User, a.Person, dayName(a.At))) {
		s.react(t, a.Person, a.User, "", "write|"+dayName(a.At), 4)
	}
}

// mayTalk draws whether one of the two begins a talk today.
func (s *Server) mayTalk(t *transaction, user, ext string, b Behaviour, r *rand.Rand) {
	m := s.st.member(user)
	if m == nil {
		return
	}
	if b.Ask > 0 && r.Float64() < b.Ask {
		t.later(t.At+r.Int64N(12*60*minuteMS), act{Kind: actAsk, Person: ext, User: user})
	}
	if b.Contacted > 0 && r.Float64() < b.Contacted*m.Diligence {
		t.later(m.working(t.At+r.Int64N(11*60*minuteMS)), act{Kind: actWrite, Person: ext, User: user})
	}
}

// applyToday lets members ask people of their groups to be friends, as many a day as the world says.
func (s *Server) applyToday(t *transaction) {
	for i := range s.st.World.Members {
		m := &s.st.World.Members[i]
		if m.Applies <= 0 || m.NoSeat || m.Inactive {
			continue
		}
		var strangers []string
		for _, chat := range s.st.owned(m.UserID) {
			for _, id := range sortedKeys(s.st.Groups[chat].Members) {
				if s.st.people[id] != nil && !s.st.friends(m.UserID, id) && !slices.Contains(strangers, id) {
					strangers = append(strangers, id)
				}
			}
		}
		r := dice(s.st.World.Seed, "applies", m.UserID, dayName(t.At))
		r.Shuffle(len(strangers), func(i, j int) { strangers[i], strangers[j] = strangers[j], strangers[i] })
		n := int(m.Applies)
		if r.Float64() < m.Applies-float64(n) {
			n++
		}
		for _, id := range strangers[:min(n, len(strangers))] {
			t.later(m.working(t.At+r.Int64N(10*60*minuteMS)), act{Kind: actApply, User: m.UserID, Person: id})
		}
	}
}

func (s *state) friends(user, ext string) bool {
	e := s.edge(user, ext)
	return e != nil && e.Status == edgeFull
}

const opApplied = "applied" // User

func talkChanges() map[string]change {
	return map[string]change{
		opApplied: func(s *state, at int64, o *op) error {
			s.Stats.user(o.User, at).Applied++
			return nil
		},
		opBlock: func(s *state, at int64, o *op) error {
			s.edge(o.User, o.Ext).Blocked = true
			s.Stats.user(o.User, at).Negative++
			return nil
		},
	}
}

const opBlock = "block" // User, Ext

// apply lets a member ask a person to be friends; the person may accept within the hour. It reports whether it could be
// asked at all.
func (s *Server) apply(t *transaction, user, person string) bool {
	m := s.st.member(user)
	if m == nil || m.NoSeat || m.Inactive || s.st.people[person] == nil || s.st.friends(user, person) {
		return false
	}
	t.do(op{K: opApplied, User: user})
	r := dice(s.st.World.Seed, "apply", user, person, dayName(t.At))
	if r.Float64() < s.st.behaviour(s.st.people[person]).Accept {
		t.later(t.At+minuteMS+r.Int64N(59*minuteMS), act{Kind: actAccepted, User: user, Person: person})
	}
	return true
}

// actAccepted is a person accepting a member's request.
const actAccepted = "accepted"

func (s *Server) accepted(t *transaction, a *act) {
	if s.st.member(a.User) == nil {
		return
	}
	way := addCard
	for chat := range s.st.inGroups[a.Person] {
		if s.st.Groups[chat].Members[a.User] != nil {
			way = addGroup
		}
	}
	s.befriendBy(t, a.User, a.Person, "", way, "")
}

// talkHands:
//
//	ask    person, userid, text   a customer writes to a member, or into chat_id
//	write  userid, external_userid, text   a member writes to a customer
//	apply  userid, external_userid   a member asks to be friends
//	block  person, userid   a customer blocks a member, which nobody is told
func talkHands() map[string]hand {
	type in struct {
		Person   string `json:"person"`
		UserID   string `json:"userid"`
		External string `json:"external_userid"`
		ChatID   string `json:"chat_id"`
		Text     string `json:"text"`
	}
	return map[string]hand{
		"ask": handed(func(s *Server, t *transaction, x in) (fields, error) {
			if !s.reply(t, &act{ID: t.st.next(), Person: x.Person, User: s.canonical(x.UserID), Chat: x.ChatID, Text: x.Text}) {
				return nil, dead("对方已不是好友，或已不在群里，消息发不出去")
			}
			return nil, nil
		}),
		"write": handed(func(s *Server, t *transaction, x in) (fields, error) {
			if x.Text == "" || !s.write(t, s.canonical(x.UserID), x.External, "sidebar", x.Text) {
				return nil, dead("没有内容，或对方收不到")
			}
			return nil, nil
		}),
		"apply": handed(func(s *Server, t *transaction, x in) (fields, error) {
			if !s.apply(t, s.canonical(x.UserID), x.External) {
				return nil, dead("已经是好友，或这位员工不能添加客户")
			}
			return nil, nil
		}),
		"block": handed(func(s *Server, t *transaction, x in) (fields, error) {
			user := s.canonical(x.UserID)
			if e := s.st.edge(user, x.Person); e == nil || e.Status != edgeFull || e.Blocked {
				return nil, dead("不是好友，或已经拉黑")
			}
			t.do(op{K: opBlock, User: user, Ext: x.Person})
			return nil, nil
		}),
	}
}
