package sim

import (
	"slices"
	"time"

	"qunce/internal/clock"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

// Kinds of acts. The first six may stand in a Plan.
const (
	actScan     = "scan"
	actAdd      = "add"
	actJoin     = "join"
	actReply    = "reply"
	actLeave    = "leave"
	actDelete   = "delete"
	actComplete = "complete" // a half add becomes a whole one
	actAccept   = "accept"   // a member accepts a request
	actConfirm  = "confirm"  // a member confirms a mass send
	actDay      = "day"      // the little changes of mind of one day
	actStaff    = "staff"    // a member looks at the platform's staff pages
)

const second, minuteMS, dayMS = int64(1000), int64(60_000), int64(86_400_000)

// outside says whether the act has to ask the platform before it can happen.
func (a *act) outside() bool {
	if a.Kind == actScan {
		_, _, code := parseQR(a.URL)
		_, _, link := parseLink(a.URL)
		return !code && !link
	}
	return a.Kind == actStaff
}

// plan schedules what is planned. It draws from the seed only.
func (s *state) plan(p Plan) {
	hands := byHands()
	for _, a := range p.Acts {
		if hands[a.Kind] != nil {
			s.schedule(plannedHand(a))
			continue
		}
		s.schedule(&act{At: a.At.UnixMilli(), Kind: a.Kind, Person: a.Person, URL: a.URL, User: a.UserID, Chat: a.ChatID, Text: a.Text})
	}
	order := dice(s.World.Seed, "arrivals").Perm(len(s.World.People))
	for _, a := range p.Arrivals {
		s.arrivals(a, order)
	}
}

func (s *state) arrivals(a Arrivals, order []int) {
	if len(order) == 0 {
		return
	}
	hours := a.Hours
	if hours == [24]float64{} {
		hours = shopHours
	}
	stores := map[string][]Entry{}
	for _, e := range a.Entries {
		stores[e.Store] = append(stores[e.Store], e)
	}
	for day := range a.Days {
		begin := clock.Day(a.From).AddDate(0, 0, day)
		for range s.arriving(a, begin) {
			var p *Person
			var entries []Entry
			for range len(order) {
				p = &s.World.People[order[s.Arrived%len(order)]]
				s.Arrived++
				if entries = stores[p.HomeStore]; len(entries) == 0 {
					entries = stores[""]
				}
				if len(entries) > 0 {
					break
				}
			}
			if len(entries) == 0 {
				return
			}
			id := s.next()
			r := dice(s.World.Seed, "arrive", p.ExternalUserID, begin.Format(time.DateOnly))
			hours, open := s.openHours(p.HomeStore, hours, begin)
			hour := pick(len(hours), func(i int) float64 { return hours[i] }, r.Float64())
			at := begin.Add(time.Duration(hour)*time.Hour + time.Duration(r.IntN(3_600_000))*time.Millisecond)
			e := entries[pick(len(entries), func(i int) float64 { return max(entries[i].Weight, 0) + b2f(entries[i].Weight == 0) }, r.Float64())]
			if r.Float64() < s.behaviour(p).Scan && open && !at.Before(a.From) {
				s.schedule(&act{ID: id, At: at.UnixMilli(), Kind: actScan, Person: p.ExternalUserID, URL: e.URL})
			}
		}
	}
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// pick draws an index by weight; x is in [0,1).
func pick(n int, weight func(int) float64, x float64) int {
	var sum float64
	for i := range n {
		sum += weight(i)
	}
	x *= sum
	for i := range n {
		if x -= weight(i); x < 0 {
			return i
		}
	}
	return n - 1
}

// dayAct is the next half past nine after ms.
func dayAct(ms int64) int64 {
	t := clock.Day(msTime(ms)).Add(9*time.Hour + 30*time.Minute)
	if t.UnixMilli() <= ms {
		t = t.AddDate(0, 0, 1)
	}
	return t.UnixMilli()
}

// perform does one act; v is what the platform answered, if it was asked. The caller holds mu.
func (s *Server) perform(a *act, v visit) {
	t := s.beginAt(a.At)
	defer s.commit(t)
	t.do(op{K: opDone, N: a.ID})
	switch a.Kind {
	case actScan:
		s.scan(t, a, v)
	case actAdd:
		s.addBy(t, a.Person, a.URL)
	case actJoin:
		s.joinBy(t, a.Person, a.URL)
	case actComplete, actAccept:
		if e := s.st.edge(a.User, a.Person); s.st.member(a.User) != nil && (a.Kind == actAccept || e != nil && e.Status == edgeHalf) {
			way := addCode
			if a.Msg != "" {
				way = addLink
			}
			s.befriendBy(t, a.User, a.Person, a.State, way, a.Msg)
		}
	case actReply, actAsk, actChat:
		s.reply(t, a)
	case actLeave:
		s.leave(t, a.Person, a.Chat)
	case actDelete:
		s.unfriend(t, a.Person, a.User)
	case actConfirm:
		s.confirm(t, a.User, a.Msg)
	case actDay:
		s.day(t)
		s.everyDay(t, a)
	case actStaff:
		s.afterStaff(t, a, v)
	case actHand:
		s.doByHand(t, a)
	default:
		s.deeds[a.Kind](s, t, a)
	}
}

// scan is what follows a look at an entry.
func (s *Server) scan(t *transaction, a *act, v visit) {
	if _, _, link := parseLink(a.URL); link {
		if s.openLink(t, a.Person, a.URL) {
			v.StaffQR = a.URL
		}
	} else if kind, _, ours := parseQR(a.URL); ours {
		v = visit{}
		if kind == qrWay {
			v.StaffQR = a.URL
		} else {
			v.GroupQR = a.URL
		}
	}
	if v.err != nil {
		if a.Try < 2 { // the page did not open: once more, a little later
			again := *a
			again.Try++
			t.later(t.At+2*minuteMS, again)
			return
		}
		t.do(op{K: opCount, ID: countDead})
		return
	}
	t.do(op{K: opCount, ID: countScan})
	s.tempt(t, a.Person, v, a.State == keen)
}

// keen marks the scan of an invitation that the person has decided to take up already.
const keen = "keen"

// tempt decides what a person does with the codes a page shows.
func (s *Server) tempt(t *transaction, person string, v visit, eager bool) {
	p := s.st.people[person]
	b := s.st.behaviour(p)
	r := dice(s.st.World.Seed, "tempt", person, msTime(t.At).In(clock.Shanghai).Format(time.DateOnly))
	add, join := r.Float64() < b.Add, r.Float64() < b.Join || eager
	soon, late := t.At+3*second+r.Int64N(17*second), t.At+40*second+r.Int64N(200*second)
	if v.StaffQR == "" && v.GroupQR == "" {
		t.do(op{K: opCount, ID: countDead})
		return
	}
	if v.StaffQR != "" && add {
		t.later(soon, act{Kind: actAdd, Person: person, URL: v.StaffQR})
	}
	if v.GroupQR != "" && join {
		if v.StaffQR == "" {
			late = soon
		}
		t.later(late, act{Kind: actJoin, Person: person, URL: v.GroupQR})
	}
}

// addBy adds a member through a contact way or an acquisition link; it returns the member, or "" at a dead end.
func (s *Server) addBy(t *transaction, person, qr string) string {
	if _, _, link := parseLink(qr); link {
		return s.request(t, person, qr)
	}
	kind, id, _ := parseQR(qr)
	way := s.st.Ways[id]
	var seats []string
	if kind == qrWay && way != nil && !way.dead(t.At) && (way.UnionID == "" || way.UnionID == s.st.people[person].UnionID) {
		seats = s.seats(way.Users, way.Parties)
	}
	if len(seats) == 0 {
		t.do(op{K: opCount, ID: countDead})
		return ""
	}
	for _, u := range seats {
		if e := s.st.edge(u, person); e != nil && (e.Status == edgeFull || e.Status == edgeHalf) {
			return u // friends already: the code opens the chat
		}
	}
	t.do(op{K: opCount, ID: countUse, Name: id})
	r := dice(s.st.World.Seed, "add", person, way.State)
	user := seats[r.IntN(len(seats))]
	if first := s.follower(person, seats); way.Exclusive && first != "" {
		user = first
	}
	switch {
	case way.IsTemp:
		s.befriend(t, user, person, way.State)
		end := t.At + way.ChatExpires*second
		t.do(op{K: opTemp, User: user, Ext: person, ID: way.ConfigID, N: end})
		t.later(end, act{Kind: actTempEnd, Person: person, User: user})
	case !way.SkipVerify:
		m := s.st.member(user)
		if r.Float64() < 0.5+m.Diligence/2 {
			wait := int64(longTail(r, 2+30*(1-m.Diligence)) * float64(minuteMS))
			t.later(m.working(m.working(t.At)+wait), act{Kind: actAccept, Person: person, User: user, State: way.State})
		}
	case r.Float64() < s.st.World.Limits.HalfAdd:
		t.do(op{K: opEdge, User: user, Ext: person, N: edgeHalf, M: addCode, State: way.State})
		t.callback(event{Event: callback.ExternalContact, ChangeType: callback.AddHalfExternal, UserID: user, External: person, State: way.State, Code: s.issue(t, user, person)})
		t.later(t.At+10*second+r.Int64N(80*second), act{Kind: actComplete, Person: person, User: user, State: way.State})
	default:
		s.befriend(t, user, person, way.State)
	}
	return user
}

// follower is who of the members has a customer of the person's corp already.
func (s *Server) follower(person string, seats []string) string {
	corp := s.st.people[person].Corp
	if corp == "" {
		return ""
	}
	for _, u := range seats {
		for ext, e := range s.st.byUser[u] {
			if p := s.st.people[ext]; e.Status == edgeFull && p != nil && p.Corp == corp {
				return u
			}
		}
	}
	return ""
}

// befriend completes a relation by a contact way.
func (s *Server) befriend(t *transaction, user, person, state string) {
	s.befriendBy(t, user, person, state, addCode, "")
}

// befriendBy completes a relation, which began in a way that WeCom numbers, or by a link. If the half add was welcomed
// already, there is no second code; nor is there one for WeCom users of other corps.
func (s *Server) befriendBy(t *transaction, user, person, state string, way int, link string) {
	e := s.st.edge(user, person)
	if e != nil && e.Status == edgeFull {
		return
	}
	welcomed := e != nil && e.Status == edgeHalf && s.usedCode(user, person)
	oper := ""
	if way == addGroup || way == addCard {
		oper = user // the member asked
	}
	t.do(op{K: opEdge, User: user, Ext: person, ID: oper, N: edgeFull, M: int64(way), State: state})
	ev := event{Event: callback.ExternalContact, ChangeType: callback.AddExternal, UserID: user, External: person, State: state}
	if !welcomed && s.st.people[person].Corp == "" {
		ev.Code = s.issue(t, user, person)
	}
	t.callback(ev)
	if link != "" {
		s.came(t, user, person, state, link)
	}
}

func (s *Server) usedCode(user, person string) bool {
	e := s.st.edge(user, person)
	return e.Welcomes > 0 && e.Welcomes >= e.Codes
}

// issue makes a welcome code for the pair.
func (s *Server) issue(t *transaction, user, person string) string {
	code := mint(s.st.World.Seed, "WC", s.st.next(), 40)
	t.do(op{K: opCode, ID: code, User: user, Ext: person})
	return code
}

// seats are the members behind a way who can receive a customer, in the way's order.
func (s *Server) seats(users []string, parties []int64) []string {
	var out []string
	take := func(m *Member) {
		if m != nil && !m.NoSeat && !m.Inactive && !m.Hidden && !slices.Contains(out, m.UserID) {
			out = append(out, m.UserID)
		}
	}
	for _, u := range users {
		take(s.st.member(u))
	}
	for _, p := range parties {
		under := s.st.subtree(p)
		for i := range s.st.World.Members {
			m := &s.st.World.Members[i]
			if slices.ContainsFunc(m.Departments, func(d int64) bool { return under[d] }) {
				take(m)
			}
		}
	}
	return out
}

// subtree is the department and all below it.
func (s *state) subtree(root int64) map[int64]bool {
	out := map[int64]bool{}
	for _, d := range s.World.Departments {
		if d.ID == root {
			out[root] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for _, d := range s.World.Departments {
			if out[d.ParentID] && !out[d.ID] {
				out[d.ID], grown = true, true
			}
		}
	}
	return out
}

// joinBy joins the first group of a join way that has room; it returns the group, or "" at a dead end.
func (s *Server) joinBy(t *transaction, person, qr string) string {
	kind, id, _ := parseQR(qr)
	way := s.st.Joins[id]
	if kind != qrJoin || way == nil {
		t.do(op{K: opCount, ID: countDead})
		return ""
	}
	var last *group
	for _, chat := range way.ChatIDs {
		if g := s.st.Groups[chat]; g != nil && !g.Dismissed && g.Members[person] != nil {
			return chat
		}
	}
	for _, chat := range way.ChatIDs {
		g := s.st.Groups[chat]
		if g == nil || g.Dismissed {
			continue
		}
		if last = g; len(g.Members) < s.st.World.Limits.JoinByQR {
			s.enter(t, g, person, way)
			return chat
		}
	}
	if way.AutoCreateRoom != 1 || last == nil {
		t.do(op{K: opCount, ID: countDead})
		return ""
	}
	name := way.RoomBaseName
	if name == "" {
		name = last.Name
	}
	chat, next := mint(s.st.World.Seed, "wr", s.st.next(), 30), *way
	t.do(op{K: opGroup, Chat: chat, Name: name + itoa(max(way.RoomBaseID, 1)), User: last.Owner})
	if next.ChatIDs = append(slices.Clone(way.ChatIDs), chat); len(next.ChatIDs) > 5 {
		next.ChatIDs = next.ChatIDs[1:] // a way names five groups; the first of the full ones goes
	}
	next.RoomBaseID = max(way.RoomBaseID, 1) + 1
	t.do(op{K: opJoin, Join: &next})
	t.callback(event{Event: callback.ExternalChat, ChangeType: callback.ChatCreate, ChatID: chat})
	s.enter(t, s.st.Groups[chat], person, way)
	return chat
}

func (s *Server) enter(t *transaction, g *group, person string, way *wecom.JoinWay) {
	before := memberVersion(g)
	t.do(op{K: opEnter, Chat: g.ID, Ext: person, N: 3, State: way.State, ID: way.ConfigID})
	t.callback(event{Event: callback.ExternalChat, ChangeType: callback.ChatUpdate, Detail: "add_member", ChatID: g.ID, JoinScene: 3,
		People: []string{person}, LastVer: before, CurVer: memberVersion(g)})
	s.greetLater(t, g, person)
}

func (s *Server) leave(t *transaction, person, chat string) bool {
	g := s.st.Groups[chat]
	if g == nil || g.Dismissed || g.Members[person] == nil {
		return false
	}
	s.quit(t, g, person, 0)
	return true
}

// unfriend lets the customer delete the member; the member's side keeps the customer.
func (s *Server) unfriend(t *transaction, person, user string) bool {
	e := s.st.edge(user, person)
	if e == nil || e.Status != edgeFull {
		return false
	}
	t.do(op{K: opEdge, User: user, Ext: person, N: edgeOneWay})
	if s.st.left(user) != nil {
		return true // there is nobody to tell about
	}
	t.callback(event{Event: callback.ExternalContact, ChangeType: callback.DelFollow, UserID: user, External: person})
	return true
}

// confirm sends a member's part of a mass send, except to those left out, and lets the recipients take it well or badly.
func (s *Server) confirm(t *transaction, user, msgID string, without ...string) bool {
	m := s.st.Mass[msgID]
	if m == nil || m.Cancelled || s.st.member(user) == nil {
		return false
	}
	task := m.task(user)
	if task == nil || task.Status == 2 {
		return false
	}
	t.do(op{K: opConfirm, ID: msgID, User: user, Del: without})
	for i, id := range task.Recipients {
		if task.Results[i] != wecom.SendDone {
			continue
		}
		if m.ChatType == wecom.ChatSingle {
			s.react(t, id, user, "", m.subject(), 1)
			continue
		}
		for _, who := range sortedKeys(s.st.Groups[id].Members) {
			s.react(t, who, "", id, m.subject(), 0.1)
		}
	}
	return true
}

// react draws what one person makes of a message: a reply (talk scales its chance), or a farewell.
func (s *Server) react(t *transaction, person, user, chat, cause string, talk float64) {
	p := s.st.people[person]
	if p == nil {
		return
	}
	b := s.st.behaviour(p)
	r := dice(s.st.World.Seed, "react", person, chat, cause)
	if r.Float64() < b.Reply*talk {
		t.later(t.At+minuteMS+int64(longTail(r, 10)*float64(minuteMS)), act{Kind: actReply, Person: person, User: user, Chat: chat})
	}
	x, wait := r.Float64(), minuteMS+r.Int64N(180*minuteMS)
	switch {
	case chat == "" && x < b.Delete:
		t.later(t.At+wait, act{Kind: actDelete, Person: person, User: user})
	case chat != "" && x < b.Leave:
		t.later(t.At+wait, act{Kind: actLeave, Person: person, Chat: chat})
	}
}

// day draws who leaves or deletes today without a reason.
func (s *Server) day(t *transaction) {
	day := msTime(t.At).In(clock.Shanghai).Format(time.DateOnly)
	span := 12 * 60 * minuteMS
	for _, user := range sortedKeys(s.st.byUser) {
		for _, ext := range sortedKeys(s.st.byUser[user]) {
			p := s.st.people[ext]
			if p == nil || s.st.edge(user, ext).Status != edgeFull {
				continue
			}
			b := s.st.behaviour(p)
			r := dice(s.st.World.Seed, "day", day, user, ext)
			if r.Float64() < b.Delete {
				t.later(t.At+r.Int64N(span), act{Kind: actDelete, Person: ext, User: user})
			}
			s.mayTalk(t, user, ext, b, r)
		}
	}
	for _, chat := range sortedKeys(s.st.Groups) {
		for _, id := range sortedKeys(s.st.Groups[chat].Members) {
			p := s.st.people[id]
			if p == nil {
				continue
			}
			b := s.st.behaviour(p)
			r := dice(s.st.World.Seed, "day", day, chat, id)
			if r.Float64() < b.Leave {
				t.later(t.At+r.Int64N(span), act{Kind: actLeave, Person: id, Chat: chat})
			}
			if b.Chat > 0 && r.Float64() < b.Chat {
				t.later(t.At+r.Int64N(span), act{Kind: actChat, Person: id, Chat: chat})
			}
		}
	}
	t.later(dayAct(t.At), act{Kind: actDay})
}

// assign lets the members think about a new mass send, or about a reminder of one.
func (s *Server) assign(t *transaction, m *mass, zeal float64, why string) {
	for _, task := range m.Tasks {
		who := s.st.member(task.User)
		r := dice(s.st.World.Seed, "confirm", m.subject(), task.User, why)
		if task.Status != 0 || who == nil || r.Float64() >= who.Diligence*zeal {
			continue
		}
		wait := int64(longTail(r, 3+90*(1-who.Diligence)) * float64(minuteMS))
		t.later(who.working(who.working(t.At)+wait), act{Kind: actConfirm, User: task.User, Msg: m.ID})
	}
}
