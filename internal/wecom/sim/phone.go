package sim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"qunce/internal/wecom"
)

// The phone API lets a page live one person's or one member's side. All acts happen at the simulator's present instant
// and are followed by callbacks like any other. Errors: 400, 404 or 409 with {code, message}, the message in Chinese.

func (s *Server) phoneRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /sim/api/people", s.phonePeople)
	mux.HandleFunc("GET /sim/api/person/{id}", s.phonePerson)
	mux.HandleFunc("GET /sim/api/chat", s.phoneChat)
	mux.HandleFunc("POST /sim/api/scan", s.phoneScan)
	mux.HandleFunc("POST /sim/api/add", s.phoneAct(func(p *phoneCall) error {
		user := s.addBy(p.t, p.Person, p.QR)
		if user == "" {
			return dead("这个码已经失效，没有人可加")
		}
		p.out = fields{"userid": user, "name": s.st.name(user)}
		if e := s.st.edge(user, p.Person); e == nil || e.Status < edgeFull {
			p.out["pending"] = true
		}
		return nil
	}))
	mux.HandleFunc("POST /sim/api/join", s.phoneAct(func(p *phoneCall) error {
		chat := s.joinBy(p.t, p.Person, p.QR)
		if chat == "" {
			return dead("群已满或群码已经失效，无法加入")
		}
		p.out = fields{"chat_id": chat, "name": s.st.Groups[chat].Name}
		return nil
	}))
	mux.HandleFunc("POST /sim/api/reply", s.phoneAct(func(p *phoneCall) error {
		if strings.TrimSpace(p.Text) == "" {
			return dead("请输入要发送的内容")
		}
		if !s.reply(p.t, &act{Person: p.Person, User: p.Peer, Chat: p.ChatID, Text: p.Text}) {
			return dead("对方已不是好友，或已不在群里，消息发不出去")
		}
		return nil
	}))
	mux.HandleFunc("POST /sim/api/leave", s.phoneAct(func(p *phoneCall) error {
		if !s.leave(p.t, p.Person, p.ChatID) {
			return dead("已经不在这个群里")
		}
		return nil
	}))
	mux.HandleFunc("POST /sim/api/refuse", s.phoneAct(func(p *phoneCall) error {
		if !s.refuseTransfer(p.t, s.canonical(p.UserID), p.Person) {
			return dead("没有正在进行的接替，或已经过了 24 小时")
		}
		return nil
	}))
	mux.HandleFunc("POST /sim/api/delete", s.phoneAct(func(p *phoneCall) error {
		if !s.unfriend(p.t, p.Person, p.UserID) {
			return dead("已经不是好友")
		}
		return nil
	}))
	mux.HandleFunc("GET /sim/api/staff/{userid}/tasks", s.phoneTasks)
	mux.HandleFunc("GET /sim/api/staff/{userid}/inbox", s.phoneInbox)
	mux.HandleFunc("POST /sim/api/staff/{userid}/confirm", s.phoneStaff(func(p *phoneCall) error {
		user := s.st.member(p.UserID).UserID
		if m := s.st.Mass[p.MsgID]; len(p.Remove) > 0 && m != nil && !m.Select {
			return dead("这条群发不能调整发送对象")
		}
		if !s.confirm(p.t, user, p.MsgID, p.Remove...) {
			return dead("这条群发已经发送、已被取消，或不是给这位员工的")
		}
		p.out = sendFigures(s.st.Mass[p.MsgID].task(user).Results)
		return nil
	}))
	mux.HandleFunc("POST /sim/api/staff/{userid}/sidebar", s.phoneStaff(func(p *phoneCall) error {
		if !s.sidebar(p.t, p.UserID, sentHere{External: p.External, Chat: p.ChatID, Text: p.Text}) {
			return dead("没有这个聊天，或客户已删除该员工")
		}
		return nil
	}))
	mux.HandleFunc("POST /sim/api/staff/{userid}/act", s.phoneStaff(s.staffAct))
}

// phoneCall is the body of an act by hand; which fields count depends on the act.
type phoneCall struct {
	Person   string `json:"person"`
	QR       string `json:"qr"`
	URL      string `json:"url"`
	Peer     string `json:"peer"`
	ChatID   string `json:"chat_id"`
	UserID   string `json:"userid"`
	External string `json:"external_userid"`
	MsgID    string `json:"msgid"`
	Text     string `json:"text"`

	Kind   string   `json:"kind"` // of a member's act
	Add    []string `json:"add"`
	Remove []string `json:"remove"`

	t   *transaction
	out fields
}

type dead string

func (d dead) Error() string { return string(d) }

func (s *Server) phoneAct(fn func(*phoneCall) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var p phoneCall
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
			answer(w, http.StatusBadRequest, problem{"sim.bad_json", "请求不是合法的 JSON"})
			return
		}
		if p.Person == "" {
			answer(w, http.StatusBadRequest, problem{"sim.no_person", "请求里缺 person：要写明是哪一位顾客在动手"})
			return
		}
		s.byHand(w, &p, fn)
	}
}

func (s *Server) phoneStaff(fn func(*phoneCall) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var p phoneCall
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
			answer(w, http.StatusBadRequest, problem{"sim.bad_json", "请求不是合法的 JSON"})
			return
		}
		p.UserID, p.Person = r.PathValue("userid"), ""
		s.byHand(w, &p, fn)
	}
}

func (s *Server) byHand(w http.ResponseWriter, p *phoneCall, fn func(*phoneCall) error) {
	nobody, err := false, error(nil)
	n := s.transact(func(t *transaction) {
		here := s.st.member(p.UserID) != nil || p.Person != "" && s.st.left(p.UserID) != nil // to a customer, who resigned is still somebody
		if nobody = p.Person != "" && s.st.people[p.Person] == nil || p.UserID != "" && !here; !nobody {
			p.t = t
			err = fn(p)
		}
	})
	if nobody {
		answer(w, http.StatusNotFound, problem{"sim.nobody", "没有这个人"})
		return
	}
	if !s.settled(w, n) {
		return
	}
	if err != nil {
		answer(w, http.StatusConflict, problem{"sim.cannot", err.Error()})
		return
	}
	if p.out == nil {
		p.out = fields{}
	}
	p.out["ok"] = true
	answer(w, http.StatusOK, p.out)
}

// phonePeople: ?q= part of a name or id, ?kind=person (default) or staff; at most 50. Of people, ?known=yes are those who
// ever were a friend or are in a group, ?known=no the others; without it those who are known come first.
func (s *Server) phonePeople(w http.ResponseWriter, r *http.Request) {
	q, kind := strings.ToLower(strings.TrimSpace(r.URL.Query().Get("q"))), r.URL.Query().Get("kind")
	type row struct {
		ID      string `json:"id"`
		Kind    string `json:"kind"`
		Name    string `json:"name"`
		Detail  string `json:"detail,omitempty"` // position or home store
		Friends int    `json:"friends"`          // members of a person, customers of a member
		Groups  int    `json:"groups"`
		Tasks   int    `json:"tasks,omitempty"` // mass sends to confirm
	}
	items := []row{}
	s.mu.Lock()
	defer s.mu.Unlock()
	fits := func(parts ...string) bool {
		return q == "" || slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(strings.ToLower(p), q) })
	}
	if kind == "staff" {
		for i := range s.st.World.Members {
			if m := &s.st.World.Members[i]; fits(m.Name, m.UserID) {
				items = append(items, row{m.UserID, "staff", m.Name, m.Position, len(s.st.customers(m.UserID)), len(s.st.inGroups[m.UserID]), len(s.st.pending(m.UserID))})
			}
			if len(items) == 50 {
				break
			}
		}
		answer(w, http.StatusOK, fields{"items": items})
		return
	}
	wanted := map[string][]bool{"yes": {true}, "no": {false}, "": {true, false}}[r.URL.Query().Get("known")]
	for _, known := range wanted {
		for i := range s.st.World.People {
			p := &s.st.World.People[i]
			friends, groups := len(s.st.byExt[p.ExternalUserID]), len(s.st.inGroups[p.ExternalUserID])
			if known != (friends+groups > 0) || !fits(p.Name, p.ExternalUserID) {
				continue
			}
			if items = append(items, row{p.ExternalUserID, "person", p.Name, p.HomeStore, friends, groups, 0}); len(items) == 50 {
				answer(w, http.StatusOK, fields{"items": items})
				return
			}
		}
	}
	answer(w, http.StatusOK, fields{"items": items})
}

// pending lists the mass sends a member may still confirm.
func (s *state) pending(user string) []*mass {
	var out []*mass
	for i := len(s.massIDs) - 1; i >= 0 && len(out) < 100; i-- {
		m := s.Mass[s.massIDs[i]]
		if s.Now-m.Created > 14*24*60*minuteMS {
			break
		}
		if t := m.task(user); t != nil && t.Status == 0 && !m.Cancelled {
			out = append(out, m)
		}
	}
	return out
}

// chatRow is one line of a phone's chat list.
type chatRow struct {
	Peer   string    `json:"peer,omitempty"` // the other side of a single chat
	ChatID string    `json:"chat_id,omitempty"`
	Name   string    `json:"name"`
	Last   string    `json:"last,omitempty"`
	At     time.Time `json:"at"`
	Status string    `json:"status"` // friend, pending, transfer (to another member, may be refused), deleted, gone; member
	People int       `json:"people,omitempty"`
}

// phonePerson: a person's or a member's chat list; {id} is an external_userid or a userid.
func (s *Server) phonePerson(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	s.mu.Lock()
	defer s.mu.Unlock()
	p, m := s.st.people[id], s.st.member(id)
	if p == nil && m == nil {
		answer(w, http.StatusNotFound, problem{"sim.nobody", "没有这个人"})
		return
	}
	rows := []chatRow{}
	row := func(c chatRow, key string, since int64) {
		c.At = msTime(since)
		if msgs := s.st.Chats[key]; len(msgs) > 0 {
			last := msgs[len(msgs)-1]
			c.At, c.Last = msTime(last.At), s.st.preview(last)
		}
		rows = append(rows, c)
	}
	status := map[int]string{edgeHalf: "pending", edgeFull: "friend", edgeOneWay: "deleted", edgeGone: "gone"}
	if p != nil {
		for _, e := range s.st.byExt[id] {
			if s.st.waiting(e.User, "", id) != nil {
				row(chatRow{Peer: e.User, Name: s.st.name(e.User), Status: "transfer"}, chatOf(e.User, id), e.Created)
				continue
			}
			row(chatRow{Peer: e.User, Name: s.st.name(e.User), Status: status[e.Status]}, chatOf(e.User, id), e.Created)
		}
	} else {
		id = m.UserID
		for _, e := range s.st.byUser[id] {
			row(chatRow{Peer: e.Ext, Name: s.st.name(e.Ext), Status: status[e.Status]}, chatOf(id, e.Ext), e.Created)
		}
	}
	for chat := range s.st.inGroups[id] {
		g := s.st.Groups[chat]
		row(chatRow{ChatID: chat, Name: g.Name, Status: "member", People: len(g.Members)}, chat, g.Created)
	}
	slices.SortFunc(rows, func(a, b chatRow) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return strings.Compare(a.Peer+a.ChatID, b.Peer+b.ChatID)
	})
	out := fields{"id": id, "kind": "person", "name": s.st.name(id), "now": msTime(s.st.Now), "chats": rows}
	if p != nil {
		out["openid"], out["home_store"], out["lat"], out["lng"] = openID(id), p.HomeStore, p.Lat, p.Lng
	} else {
		out["kind"], out["position"], out["staff_url"], out["tasks"] = "staff", m.Position, m.StaffURL, len(s.st.pending(id))
	}
	answer(w, http.StatusOK, out)
}

func (s *state) preview(m message) string {
	words := m.Text
	if m.Ref != "" {
		words = s.Mass[m.Ref].Text
	}
	switch m.Kind {
	case "join":
		words = s.name(m.From) + " 加入了群聊"
	case "leave":
		words = s.name(m.From) + " 退出了群聊"
	case "added":
		words = "你们已成为好友，现在可以开始聊天了"
	}
	if words == "" {
		words = "[附件]"
	}
	if r := []rune(words); len(r) > 40 {
		words = string(r[:40]) + "…"
	}
	return words
}

// bubble is one message as a phone shows it. Kind: welcome, mass, reply, sidebar, chat, greet, ending, takeover, app; join,
// leave, added are notes.
type bubble struct {
	At       time.Time          `json:"at"`
	From     string             `json:"from"`
	FromName string             `json:"from_name"`
	Kind     string             `json:"kind"`
	Text     string             `json:"text"`
	Parts    []wecom.Attachment `json:"attachments,omitempty"`
	MsgID    string             `json:"msgid,omitempty"`
}

func (s *state) bubbles(key string) []bubble {
	out := []bubble{}
	for _, m := range s.Chats[key] {
		b := bubble{At: msTime(m.At), From: m.From, FromName: s.name(m.From), Kind: m.Kind, Text: m.Text, Parts: m.Parts, MsgID: cmp.Or(m.Ref, m.ID)}
		if m.Ref != "" {
			b.Text, b.Parts = s.Mass[m.Ref].Text, s.Mass[m.Ref].Parts
		}
		if m.Kind == "join" || m.Kind == "leave" || m.Kind == "added" {
			b.Text = s.preview(m)
		}
		out = append(out, b)
	}
	return out
}

// phoneChat: ?chat_id= a group, or ?person=&peer= the two sides of a single chat, in either order.
func (s *Server) phoneChat(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	if chat := q.Get("chat_id"); chat != "" {
		g := s.st.Groups[chat]
		if g == nil {
			answer(w, http.StatusNotFound, problem{"sim.no_chat", "没有这个群"})
			return
		}
		answer(w, http.StatusOK, fields{"chat_id": chat, "name": g.Name, "owner": g.Owner, "people": len(g.Members), "notice": g.Notice, "opengid": openGID(chat), "messages": s.st.bubbles(chat)})
		return
	}
	user, ext := s.canonical(q.Get("peer")), q.Get("person")
	if s.st.people[ext] == nil {
		user, ext = s.canonical(ext), q.Get("peer")
	}
	if s.st.people[ext] == nil || s.st.member(user) == nil && s.st.left(user) == nil {
		answer(w, http.StatusNotFound, problem{"sim.no_chat", "没有这个聊天"})
		return
	}
	out := fields{"person": ext, "person_name": s.st.name(ext), "peer": user, "peer_name": s.st.name(user), "friend": false, "messages": s.st.bubbles(chatOf(user, ext))}
	if e := s.st.edge(user, ext); e != nil {
		out["friend"], out["state"] = e.Status == edgeFull && s.st.member(user) != nil, e.State
	}
	if x := s.st.waiting(user, "", ext); x != nil {
		out["transfer"] = fields{"to": x.To, "to_name": s.st.name(x.To), "due": msTime(x.Due)}
	}
	answer(w, http.StatusOK, out)
}

// phoneScan opens an address as the person does and answers what the phone shows: kind, the page's own data, and the
// codes to add or join with. It decides nothing for the person, except that a locator takes the nearest open store.
func (s *Server) phoneScan(w http.ResponseWriter, r *http.Request) {
	var in phoneCall
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_json", "请求不是合法的 JSON"})
		return
	}
	s.mu.Lock()
	p := s.st.people[in.Person]
	s.mu.Unlock()
	if p == nil {
		answer(w, http.StatusNotFound, problem{"sim.nobody", "没有这个人"})
		return
	}
	var v visit
	kind, _, _ := parseQR(in.URL)
	if _, _, link := parseLink(in.URL); link {
		kind = "link"
	}
	switch kind {
	case "link":
		s.transact(func(t *transaction) {
			if v = (visit{Kind: "link"}); s.openLink(t, in.Person, in.URL) {
				v.StaffQR = in.URL
			}
		})
	case qrWay:
		v = visit{Kind: "way", StaffQR: in.URL}
	case qrJoin:
		v = visit{Kind: "join", GroupQR: in.URL}
	default:
		v = s.land(r.Context(), p, in.URL)
	}
	if v.err != nil {
		s.say("phone: scan %s: %v", in.URL, v.err)
		answer(w, http.StatusConflict, problem{"sim.page", "页面打不开：" + v.err.Error()})
		return
	}
	n := s.transact(func(t *transaction) { t.do(op{K: opCount, ID: countScan}) })
	if s.settled(w, n) {
		answer(w, http.StatusOK, v)
	}
}

// phoneTasks: the mass sends a member has to confirm, newest first, with content and the first recipients.
func (s *Server) phoneTasks(w http.ResponseWriter, r *http.Request) {
	type row struct {
		MsgID    string             `json:"msgid"`
		ChatType string             `json:"chat_type"`
		At       time.Time          `json:"created_at"`
		Text     string             `json:"text"`
		Parts    []wecom.Attachment `json:"attachments,omitempty"`
		Count    int                `json:"recipients"`
		Names    []string           `json:"recipient_names"` // at most 20
		Reminded int                `json:"reminded"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.st.member(r.PathValue("userid"))
	if m == nil {
		answer(w, http.StatusNotFound, problem{"sim.nobody", "没有这位员工"})
		return
	}
	items := []row{}
	for _, send := range s.st.pending(m.UserID) {
		to := send.task(m.UserID).Recipients
		one := row{MsgID: send.ID, ChatType: send.ChatType, At: msTime(send.Created), Text: send.Text, Parts: send.Parts, Count: len(to), Names: []string{}, Reminded: len(send.Reminders)}
		for _, id := range to[:min(len(to), 20)] {
			if g := s.st.Groups[id]; g != nil {
				one.Names = append(one.Names, g.Name)
			} else {
				one.Names = append(one.Names, s.st.name(id))
			}
		}
		items = append(items, one)
	}
	answer(w, http.StatusOK, fields{"items": items})
}

// phoneInbox: what the app wrote to a member.
func (s *Server) phoneInbox(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.st.member(r.PathValue("userid"))
	if m == nil {
		answer(w, http.StatusNotFound, problem{"sim.nobody", "没有这位员工"})
		return
	}
	answer(w, http.StatusOK, fields{"messages": s.st.bubbles("app|" + m.UserID)})
}
