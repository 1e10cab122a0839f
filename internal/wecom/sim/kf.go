package sim

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"qunce/internal/clock"
)

// eventKf is the callback of customer service; it carries no sender.
const eventKf = "kf_msg_or_event"

// States of a kf session.
const (
	kfNew    = 0 // the customer wrote, nobody took it
	kfBot    = 1 // answered through the API
	kfPool   = 2 // waits for a servicer
	kfHuman  = 3
	kfClosed = 4 // ended, or not begun
)

// Origins of kf messages. Those the API sent are kept too, so that positions count them, and never handed out.
const (
	kfFromCustomer = 3
	kfFromSystem   = 4
	kfFromServicer = 5
	kfFromAPI      = 0
)

const (
	kfTokenLife  = 10 * minuteMS
	kfReplyLife  = 48 * 60 * minuteMS
	kfKeep       = 3 * dayMS
	kfReplyMost  = 5
	kfCodeWall   = 20 * time.Second // of welcome and end codes
	kfServicers  = 2000
	kfDeptsMost  = 20
	kfStatistics = 180 // days
)

type kfKey struct{ Kf, Ext string }

// kfServicer serves an account: a member, or a department.
type kfServicer struct {
	User   string
	Dept   int64
	Status int // 0 serves, 1 stopped
	Stop   int // of stopped ones: 0 stopped, 1 paused
}

type kfAccount struct {
	ID, Name  string
	Avatar    string // sum of the picture's bytes
	Picture   string // its file's name
	Servicers []kfServicer
	Order     int // of making
	Created   int64
	Deleted   bool
	Unmanaged bool // the app may not manage it any more
	PerDay    int
	Refuse    float64
}

// kfLink is a link to an account with a scene of its own.
type kfLink struct{ Kf, Scene string }

// kfToken lets sync_msg be called freely for ten minutes.
type kfToken struct {
	Kf string
	At int64 // Unix ms
}

// kfSession is what stands between an account and a customer.
type kfSession struct {
	Kf, Ext    string
	State      int
	Servicer   string // who serves, or served last
	LastMsg    int64  // of the customer, Unix ms; 0 = never wrote
	Sent       int    // by the API since then
	Welcomed   int64  // when a welcome code was last given
	Scene      string
	SceneParam string
	Refuses    bool   // the customer takes no messages
	Rejects    bool   // the servicer takes none of the customer's
	Offered    string // the upgrade offered, "member|userid" or "group|chat_id"
	Asked      int64  // first message to the servicer that is not answered yet
}

// kfEntry is a message or an event, as sync_msg hands it out.
type kfEntry struct {
	Seq      int64
	ID       string
	Kf, Ext  string
	At       int64 // Unix ms
	Origin   int
	Servicer string
	Type     string
	Body     []byte // JSON of the object named by Type
}

// kfCode allows one message in answer to an event.
type kfCode struct {
	Kf, Ext string
	Kind    string // welcome, pool, joined, end
	Issued  int64
	Used    bool
}

// kfDay is a day of an account, of all its servicers together, or of one of them.
type kfDay struct {
	Day                                    int64 // yyyymmdd
	Sessions, Msgs, Bots, Handed           int64
	Replied, Asked, Seconds                int64 // sessions answered and asked, seconds until the first answers
	Invites, GroupInvites, Refused         int64
	Upgraded, UpgradedMember, UpgradedRoom int64
	Customers                              int64
	People                                 map[string]bool // customers of a day that is not over
}

type kfState struct {
	Accounts map[string]*kfAccount
	Links    map[string]*kfLink
	Sessions map[kfKey]*kfSession
	Log      []kfEntry
	Seq      int64
	Tokens   map[string]kfToken // of callbacks
	Codes    map[string]*kfCode
	MsgIDs   map[string]int64 // account|msgid of those the caller chose → when
	Days     map[string]*kfDay
	Set      bool // the world's accounts are there

	Knowledge kfKnowledge
}

func (s *state) kfIndex() {
	k := &s.Talk.Kf
	orMake(&k.Accounts)
	orMake(&k.Links)
	orMake(&k.Sessions)
	orMake(&k.Tokens)
	orMake(&k.Codes)
	orMake(&k.MsgIDs)
	orMake(&k.Days)
	k.Knowledge.index()
	if !k.Set {
		k.Set = true
		for _, a := range s.World.Kf {
			one := &kfAccount{ID: a.OpenKfID, Name: a.Name, Order: len(k.Accounts), Created: s.Now, PerDay: a.PerDay, Refuse: a.Refuse}
			for _, id := range a.Servicers {
				if m := s.members[strings.ToLower(id)]; m != nil {
					one.Servicers = append(one.Servicers, kfServicer{User: m.UserID})
				}
			}
			k.Accounts[a.OpenKfID] = one
		}
	}
}

const (
	opKfAccount = "kf.account" // body kfAccount
	opKfLink    = "kf.link"    // ID; body kfLink
	opKfEnter   = "kf.enter"   // Name account, Ext; body kfEntered
	opKfEntry   = "kf.entry"   // body kfEntry; ID its token
	opKfSession = "kf.session" // body kfSession
	opKfCode    = "kf.code"    // ID; body kfCode
	opKfUsed    = "kf.used"    // ID
	opKfMsgID   = "kf.msgid"   // ID account|msgid
	opKfCount   = "kf.count"   // body kfTally
)

// kfTally adds to the account's day, and what a servicer did to the days of all servicers and of that one.
type kfTally struct {
	Kf, Servicer, Ext            string
	Sessions                     int64 // begun, with the bot or a servicer
	Taken                        int64 // by the servicer
	Msgs, Bots, Handed           int64
	Replied, Asked, Seconds      int64
	Invites, GroupInvites        int64
	Refused                      int64
	UpgradedMember, UpgradedRoom int64
}

// kfAll stands for all servicers of an account.
const kfAll = "*"

func kfArea() area {
	return area{
		endpoints: kfEndpoints(),
		changes: map[string]change{
			opKfAccount: changing(func(s *state, _ int64, _ *op, v kfAccount) { s.Talk.Kf.Accounts[v.ID] = &v }),
			opKfLink:    changing(func(s *state, _ int64, o *op, v kfLink) { s.Talk.Kf.Links[o.ID] = &v }),
			opKfEntry:   changing((*state).applyKfEntry),
			opKfSession: changing(func(s *state, _ int64, _ *op, v kfSession) { s.Talk.Kf.Sessions[kfKey{v.Kf, v.Ext}] = &v }),
			opKfCode: changing(func(s *state, at int64, o *op, v kfCode) {
				v.Issued = at
				s.Talk.Kf.Codes[o.ID] = &v
			}),
			opKfUsed:  func(s *state, _ int64, o *op) error { s.Talk.Kf.Codes[o.ID].Used = true; return nil },
			opKfMsgID: func(s *state, at int64, o *op) error { s.Talk.Kf.MsgIDs[o.ID] = at; return nil },
			opKfCount: changing((*state).applyKfCount),
		},
		deeds:  kfDeeds(),
		hands:  kfHands(),
		routes: kfRoutes,
		day:    kfDayBegins,
	}
}

func (s *state) applyKfEntry(at int64, o *op, v kfEntry) {
	k := &s.Talk.Kf
	k.Seq++
	v.Seq, v.At = k.Seq, at
	k.Log = append(k.Log, v)
	if o.ID != "" {
		k.Tokens[o.ID] = kfToken{v.Kf, at}
	}
}

func (s *state) applyKfCount(at int64, _ *op, v kfTally) {
	day := periods(at)[2]
	add := func(servicer string, sessions int64) {
		key := strconv.FormatInt(day, 10) + "|" + v.Kf + "|" + servicer
		d := s.Talk.Kf.Days[key]
		if d == nil {
			d = &kfDay{Day: day}
			s.Talk.Kf.Days[key] = d
		}
		d.Sessions += sessions
		d.Msgs += v.Msgs
		d.Bots += v.Bots
		d.Handed += v.Handed
		d.Replied += v.Replied
		d.Asked += v.Asked
		d.Seconds += v.Seconds
		d.Invites += v.Invites
		d.GroupInvites += v.GroupInvites
		d.Refused += v.Refused
		d.Upgraded += v.UpgradedMember + v.UpgradedRoom
		d.UpgradedMember += v.UpgradedMember
		d.UpgradedRoom += v.UpgradedRoom
		if v.Ext != "" && v.Msgs > 0 {
			orMake(&d.People)
			if !d.People[v.Ext] {
				d.People[v.Ext] = true
				d.Customers++
			}
		}
	}
	add("", v.Sessions)
	if v.Servicer != "" || v.Invites+v.GroupInvites+v.UpgradedMember+v.UpgradedRoom > 0 {
		add(kfAll, v.Taken)
	}
	if v.Servicer != "" {
		add(v.Servicer, v.Taken)
	}
}

// forgetKf drops what sync_msg no longer hands out, and days too old for statistics.
func (s *state) forgetKf(at int64) {
	k := &s.Talk.Kf
	n := 0
	for n < len(k.Log) && at-k.Log[n].At > kfKeep {
		n++
	}
	k.Log = append([]kfEntry(nil), k.Log[n:]...)
	for id, t := range k.Tokens {
		if at-t.At > kfTokenLife {
			delete(k.Tokens, id)
		}
	}
	for id, c := range k.Codes {
		if at-c.Issued > kfKeep {
			delete(k.Codes, id)
		}
	}
	for id, when := range k.MsgIDs {
		if at-when > kfKeep {
			delete(k.MsgIDs, id)
		}
	}
	oldest := periods(at - (kfStatistics+1)*dayMS)[2]
	today := periods(at)[2]
	for key, d := range k.Days {
		if d.Day < oldest {
			delete(k.Days, key)
		} else if d.Day < today {
			d.People = nil // the day is over, and counted
		}
	}
	for key, x := range k.Sessions {
		if x.State != kfClosed && x.LastMsg > 0 && at-x.LastMsg > kfReplyLife {
			old := *x
			old.State, old.Asked = kfClosed, 0
			k.Sessions[key] = &old
		}
	}
}

// session is a copy of what stands between an account and a customer, to be changed and handed back.
func (s *state) kfSession(kf, ext string) kfSession {
	if x := s.Talk.Kf.Sessions[kfKey{kf, ext}]; x != nil {
		return *x
	}
	return kfSession{Kf: kf, Ext: ext, State: kfClosed}
}

// kfTell puts a message or an event into the account's log and calls back.
func (s *Server) kfTell(t *transaction, e kfEntry, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // our own types always encode
	}
	e.Body = b
	if e.ID == "" {
		e.ID = mint(s.st.World.Seed, "", s.st.next(), 32)
	}
	token := "ENC" + mint(s.st.World.Seed, "", s.st.next(), 60)
	t.change(op{K: opKfEntry, ID: token}, e)
	t.callback(event{Event: eventKf, Inner: new(inner).text("Token", token).text("OpenKfId", e.Kf).String(), About: "kf|" + e.Kf + "|" + e.Ext})
}

// kfEvent tells of an event; the account and the customer stand inside it.
func (s *Server) kfEvent(t *transaction, kf, ext, kind string, more fields) {
	body := fields{"event_type": kind, "open_kfid": kf}
	if ext != "" {
		body["external_userid"] = ext
	}
	for k, v := range more {
		body[k] = v
	}
	s.kfTell(t, kfEntry{Kf: kf, Ext: ext, Origin: kfFromSystem, Type: "event"}, body)
}

// kfCode makes a code for one message in answer to something.
func (s *Server) kfIssue(t *transaction, kf, ext, kind string) string {
	code := "KC" + mint(s.st.World.Seed, "", s.st.next(), 40)
	t.change(op{K: opKfCode, ID: code}, kfCode{Kf: kf, Ext: ext, Kind: kind})
	s.talk.made[code] = s.wall.Now()
	return code
}

// kfServes lists the members who serve an account, departments resolved, in the world's order.
func (s *state) kfServes(a *kfAccount) map[string]*kfServicer {
	out := map[string]*kfServicer{}
	for i := range a.Servicers {
		v := &a.Servicers[i]
		if v.User != "" {
			out[v.User] = v
			continue
		}
		members, _ := s.under(v.Dept)
		for _, m := range members {
			if out[m.UserID] == nil {
				out[m.UserID] = v
			}
		}
	}
	return out
}

// kfEnter lets a person open an account's chat. A welcome code comes with it if the person was not welcomed and did not
// write within the last 48 hours.
func (s *Server) kfEnter(t *transaction, a *kfAccount, person, scene, param string) {
	x := s.st.kfSession(a.ID, person)
	if x.LastMsg == 0 && x.Welcomed == 0 && a.Refuse > 0 {
		x.Refuses = dice(s.st.World.Seed, "kf.refuse", a.ID, person).Float64() < a.Refuse
	}
	x.Scene, x.SceneParam = scene, param
	body := fields{"scene": scene}
	if param != "" {
		body["scene_param"] = param
	}
	recent := func(ms int64) bool { return ms > 0 && t.At-ms < kfReplyLife }
	if !recent(x.Welcomed) && !recent(x.LastMsg) {
		x.Welcomed = t.At
		body["welcome_code"] = s.kfIssue(t, a.ID, person, "welcome")
	}
	t.change(op{K: opKfSession}, x)
	s.kfEvent(t, a.ID, person, "enter_session", body)
}

// kfSays lets a person write to an account; a session that had ended begins anew. It returns the message's id, or "" if the
// servicer takes none of this customer's.
func (s *Server) kfSays(t *transaction, a *kfAccount, person, kind string, body any) string {
	x := s.st.kfSession(a.ID, person)
	if x.Rejects {
		return ""
	}
	count := kfTally{Kf: a.ID, Ext: person, Msgs: 1}
	if x.State == kfClosed {
		x.State = kfNew
	}
	if x.State == kfHuman {
		count.Servicer = x.Servicer
		if x.Asked == 0 {
			x.Asked, count.Asked = t.At, 1
		}
	}
	x.LastMsg, x.Sent = t.At, 0
	t.change(op{K: opKfSession}, x)
	t.change(op{K: opKfCount}, count)
	id := mint(s.st.World.Seed, "", s.st.next(), 32)
	s.kfTell(t, kfEntry{ID: id, Kf: a.ID, Ext: person, Origin: kfFromCustomer, Type: kind}, body)
	if x.State == kfHuman {
		s.kfExpect(t, a, person, x.Servicer)
	}
	return id
}

// kfExpect lets the servicer answer, sooner or later or not at all.
func (s *Server) kfExpect(t *transaction, a *kfAccount, person, servicer string) {
	who := s.st.member(servicer)
	if who == nil {
		return
	}
	r := dice(s.st.World.Seed, "kf.answer", a.ID, person, strconv.FormatInt(t.At, 10))
	if r.Float64() < 0.2+0.8*who.Diligence {
		wait := int64(longTail(r, 1+10*(1-who.Diligence)) * float64(minuteMS))
		t.later(who.working(who.working(t.At)+wait), act{Kind: actKfAnswer, Person: person, User: servicer, Chat: a.ID})
	}
}

// kfAnswers lets the servicer write to the customer.
func (s *Server) kfAnswers(t *transaction, a *kfAccount, person, servicer, text string) bool {
	x := s.st.kfSession(a.ID, person)
	if a.Deleted || x.State != kfHuman || x.Servicer != servicer {
		return false
	}
	if x.Asked > 0 {
		t.change(op{K: opKfCount}, kfTally{Kf: a.ID, Servicer: servicer, Replied: 1, Seconds: (t.At - x.Asked) / second})
		x.Asked = 0
		t.change(op{K: opKfSession}, x)
	}
	s.kfTell(t, kfEntry{Kf: a.ID, Ext: person, Origin: kfFromServicer, Servicer: servicer, Type: "text"}, fields{"content": text})
	return true
}

// kfEnds lets the servicer end the session in the client.
func (s *Server) kfEnds(t *transaction, a *kfAccount, person string) bool {
	x := s.st.kfSession(a.ID, person)
	if x.State != kfHuman {
		return false
	}
	x.State, x.Asked = kfClosed, 0
	t.change(op{K: opKfSession}, x)
	s.kfEvent(t, a.ID, person, "session_status_change", fields{"change_type": 3, "old_servicer_userid": x.Servicer, "msg_code": s.kfIssue(t, a.ID, person, "end")})
	return true
}

// kfTakes lets a servicer take a session out of the pool, or take up one that has ended.
func (s *Server) kfTakes(t *transaction, a *kfAccount, person, servicer string) bool {
	x := s.st.kfSession(a.ID, person)
	if x.State != kfPool && (x.State != kfClosed || x.LastMsg == 0) {
		return false
	}
	more := fields{"change_type": 1, "new_servicer_userid": servicer}
	if x.State == kfClosed {
		more["change_type"], more["old_servicer_userid"] = 4, x.Servicer
	} else {
		more["msg_code"] = s.kfIssue(t, a.ID, person, "joined")
	}
	x.State, x.Servicer, x.Asked = kfHuman, servicer, t.At
	t.change(op{K: opKfSession}, x)
	t.change(op{K: opKfCount}, kfTally{Kf: a.ID, Servicer: servicer, Ext: person, Sessions: 1, Taken: 1, Asked: 1})
	s.kfEvent(t, a.ID, person, "session_status_change", more)
	s.kfExpect(t, a, person, servicer)
	return true
}

// kfDayBegins draws who turns to customer service today.
func kfDayBegins(s *Server, t *transaction, _ *act) {
	people := s.st.World.People
	for _, id := range sortedKeys(s.st.Talk.Kf.Accounts) {
		a := s.st.Talk.Kf.Accounts[id]
		if a.Deleted || len(people) == 0 {
			continue
		}
		begin := clock.Day(msTime(t.At))
		for i := range a.PerDay {
			r := dice(s.st.World.Seed, "kf.day", id, begin.Format(time.DateOnly), itoa(i))
			p := &people[r.IntN(len(people))]
			at := t.At + r.Int64N(11*60*minuteMS)
			t.later(at, act{Kind: actKfVisit, Person: p.ExternalUserID, Chat: id})
		}
	}
}
