package sim

import (
	"net/http"
	"regexp"
	"slices"
	"time"
)

// room is an internal group made by the app (群聊会话).
type room struct {
	ID, Name, Owner string
	Members         []string
	Created         int64 // Unix ms
	Joined          map[string]int64
	Version         int64
}

const (
	opRoom   = "room"     // body room
	opRobot  = "robot"    // ID key, Chat, Name, Text
	robotMin = 20         // messages of one robot a minute
	roomSays = "room.say" // Chat, Text
)

func roomArea() area {
	return area{
		endpoints: map[string]endpoint{
			"appchat/create":       post((*call).roomCreate),
			"appchat/update":       post((*call).roomUpdate),
			"appchat/get":          get((*call).roomGet),
			"appchat/send":         post((*call).roomSend),
			"webhook/send":         post((*call).robotSend).keyed(),
			"webhook/upload_media": post((*call).robotUpload).keyed().upTo(21 << 20),
		},
		changes: map[string]change{
			opRoom: changing(func(s *state, _ int64, _ *op, v room) { s.Talk.Rooms[v.ID] = &v }),
			roomSays: func(s *state, at int64, o *op) error {
				s.metered(at, "room", int64(len(s.Talk.Rooms[o.Chat].Members)))
				s.say(o.Chat, message{At: at, From: "app", Kind: "app", Text: o.Text})
				return nil
			},
			opRobot: func(s *state, at int64, o *op) error {
				s.metered(at, "robot|"+o.ID, 1)
				s.say(o.Chat, message{At: at, From: o.Name, Kind: "robot", Text: o.Text})
				return nil
			},
		},
		routes: func(s *Server, mux *http.ServeMux) { mux.HandleFunc("GET /sim/rooms", s.serveRooms) },
	}
}

var roomIDShape = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)

// wide refuses an app that does not see the whole corp, which groups of the app need.
func (c *call) wide() error {
	for i := range c.st.World.Members {
		if c.st.World.Members[i].Hidden {
			return refuse(60011, "no privilege to access/modify contact/party/agent")
		}
	}
	return nil
}

// visibles resolves userids, each once.
func (c *call) visibles(ids []string) ([]string, error) {
	var out []string
	for _, id := range ids {
		m, err := c.visible(id)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, m.UserID) {
			out = append(out, m.UserID)
		}
	}
	return out, nil
}

func (c *call) roomCreate() (fields, error) {
	var in struct {
		Name   string   `json:"name"`
		Owner  string   `json:"owner"`
		Users  []string `json:"userlist"`
		ChatID string   `json:"chatid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.wide(); err != nil {
		return nil, err
	}
	users, err := c.visibles(in.Users)
	if err != nil {
		return nil, err
	}
	owner := in.Owner
	if len(users) > 0 && owner == "" {
		owner = users[dice(c.st.World.Seed, "room", itoa(int(c.st.Seq))).IntN(len(users))]
	}
	if m := c.st.member(owner); m != nil {
		owner = m.UserID
	}
	switch {
	case len(users) < 2:
		return nil, refuse(40031, "invalid userid list")
	case len(users) > 2000:
		return nil, refuse(40032, "userid list too long")
	case !slices.Contains(users, owner):
		return nil, refuse(40003, "invalid owner userid")
	case chars(in.Name) > 50:
		return nil, refuse(40058, "name is longer than 50 characters")
	case in.ChatID != "" && (!roomIDShape.MatchString(in.ChatID) || c.st.Talk.Rooms[in.ChatID] != nil):
		return nil, refuse(86001, "invalid chatid")
	}
	if in.ChatID == "" {
		in.ChatID = mint(c.st.World.Seed, "", c.st.next(), 32)
	}
	r := room{ID: in.ChatID, Name: in.Name, Owner: owner, Members: users, Created: c.t.At, Joined: map[string]int64{}}
	for _, u := range users {
		r.Joined[u] = c.t.At
	}
	c.t.change(op{K: opRoom}, r)
	return fields{"chatid": r.ID}, nil
}

// room finds a group of the app's.
func (c *call) room(id string) (*room, error) {
	if id == "" {
		return nil, refuse(86003, "chatid missing")
	}
	r := c.st.Talk.Rooms[id]
	if r == nil {
		return nil, refuse(86001, "invalid chatid")
	}
	return r, nil
}

func (c *call) roomUpdate() (fields, error) {
	var in struct {
		ChatID string   `json:"chatid"`
		Name   *string  `json:"name"`
		Owner  string   `json:"owner"`
		Add    []string `json:"add_user_list"`
		Del    []string `json:"del_user_list"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	old, err := c.room(in.ChatID)
	if err != nil {
		return nil, err
	}
	add, err := c.visibles(in.Add)
	if err != nil {
		return nil, err
	}
	r := *old
	r.Version++
	set(&r.Name, in.Name)
	r.Joined = map[string]int64{}
	r.Members = nil
	for _, u := range slices.Concat(old.Members, add) {
		gone := slices.ContainsFunc(in.Del, func(id string) bool { return lower(id) == lower(u) })
		if gone || slices.Contains(r.Members, u) {
			continue
		}
		r.Members = append(r.Members, u)
		if r.Joined[u] = old.Joined[u]; r.Joined[u] == 0 {
			r.Joined[u] = c.t.At
		}
	}
	if m := c.st.member(in.Owner); m != nil {
		r.Owner = m.UserID
	} else if in.Owner != "" {
		r.Owner = in.Owner // is in no group
	}
	switch {
	case chars(r.Name) > 50:
		return nil, refuse(40058, "name is longer than 50 characters")
	case len(r.Members) < 2:
		return nil, refuse(40031, "invalid userid list")
	case len(r.Members) > 2000:
		return nil, refuse(40032, "userid list too long")
	case in.Owner != "" && !slices.Contains(r.Members, r.Owner):
		return nil, refuse(40003, "invalid owner userid")
	case !slices.Contains(r.Members, r.Owner):
		r.Owner = r.Members[0] // the owner was taken out
	}
	c.t.change(op{K: opRoom}, r)
	return nil, nil
}

func (c *call) roomGet() (fields, error) {
	r, err := c.room(c.q.Get("chatid"))
	if err != nil {
		return nil, err
	}
	return fields{"chat_info": fields{"chatid": r.ID, "name": r.Name, "owner": r.Owner, "userlist": r.Members, "chat_type": 0}}, nil
}

func (c *call) roomSend() (fields, error) {
	var in struct {
		ChatID string `json:"chatid"`
		Safe   int    `json:"safe"`
		appContent
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	r, err := c.room(in.ChatID)
	if err != nil {
		return nil, err
	}
	if in.MsgType == "miniprogram_notice" {
		return nil, refuse(40008, "invalid message type")
	}
	words, err := in.words(c)
	if err != nil {
		return nil, err
	}
	if !c.st.Talk.Meters["room"].room(c.t.At, int64(len(r.Members)), [4]int64{20_000, 300_000}) {
		return nil, refuse(45009, "api freq out of limit")
	}
	c.t.do(op{K: roomSays, Chat: r.ID, Text: words})
	return nil, nil
}

// serveRooms: the app's own groups and the last things said there, and what robots said.
func (s *Server) serveRooms(w http.ResponseWriter, _ *http.Request) {
	type row struct {
		ChatID  string    `json:"chatid"`
		Name    string    `json:"name"`
		Owner   string    `json:"owner,omitempty"`
		Members []string  `json:"members,omitempty"`
		At      time.Time `json:"created_at,omitzero"`
		Said    []bubble  `json:"messages"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	items, shown := []row{}, map[string]bool{}
	for _, id := range sortedKeys(s.st.Talk.Rooms) {
		r := s.st.Talk.Rooms[id]
		items, shown[id] = append(items, row{id, r.Name, r.Owner, r.Members, msTime(r.Created), s.st.bubbles(id)}), true
	}
	for i := range s.st.World.Robots {
		r := &s.st.World.Robots[i]
		if chat := r.chat(); !shown[chat] {
			items, shown[chat] = append(items, row{ChatID: chat, Name: r.Name, Said: s.st.bubbles(chat)}), true
		}
	}
	answer(w, http.StatusOK, fields{"items": items})
}
