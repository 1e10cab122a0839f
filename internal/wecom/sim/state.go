package sim

import (
	"container/heap"
	"strings"
	"time"

	"qunce/internal/clock"
	"qunce/internal/wecom"
)

// Everything below is the truth of the simulated WeCom. Fields are exported because snapshots are written with gob;
// only transaction.do and replay change them, through apply.

// Relation states of an edge.
const (
	edgeHalf   = 1 // the customer added; the member's side is not complete
	edgeFull   = 2
	edgeOneWay = 3 // the customer deleted the member; the member still has the customer
	edgeGone   = 4 // the member deleted the customer
)

type edgeKey struct{ User, Ext string }

type edge struct {
	User, Ext   string
	Status      int
	Created     int64 // Unix ms
	State       string
	AddWay      int
	Remark      string
	Description string
	Company     string
	Mobiles     []string
	Tags        []string
	LastTalk    int64
	Welcomes    int
	Codes       int
	LatencyMS   int64
	LastEvent   int64    // Unix s
	LastKinds   []string // of the events of that second
	Oper        string   // who began it; empty = the customer
	Link        string   // the acquisition link it came by
	Heard       int      // messages from the customer since it came by the link
	Blocked     bool     // the customer blocks the member, which WeCom tells nobody
	TempTo      int64    // Unix ms at which a temporary chat ends; 0 = a friend for good
	TempWay     string   // the way of the temporary chat

	TalkDay  int32 // the day that the rest is about
	Said     bool  // the member wrote
	Answered bool  // the member wrote after the customer had begun
	Asked    int64 // Unix ms at which the customer began the day's talk; 0 = did not
}

// alive says whether the member's side has the customer, which is what the API goes by.
func (e *edge) alive() bool { return e != nil && (e.Status == edgeFull || e.Status == edgeOneWay) }

type groupMember struct {
	ID      string
	Type    int // 1 staff, 2 external
	Join    int64
	Scene   int // 1 invited, 2 by an invitation's link, 3 by QR
	State   string
	Invitor string // a member; empty unless Scene is 1 or 2
}

type group struct {
	ID, Name, Owner string
	Created         int64
	Members         map[string]*groupMember
	Version         int64
	Dismissed       bool
	Notice          string
	Admins          []string
	Status          int     // 0, groupInheriting or groupInherited; that an owner has left follows from the owner
	Heir            string  // while inheriting
	Moves           []int64 // Unix ms of handovers by an owner still there
	Template        string  // the welcome the owner picked
	Waiting         []string
	Greeted         int64 // Unix ms of the last welcome
}

type contactWay struct {
	wecom.ContactWay
	Created     int64
	UnionID     string `json:"unionid,omitempty"`
	ChatExpires int64  `json:"chat_expires_in,omitempty"`
	Exclusive   bool   `json:"is_exclusive,omitempty"`
	Used        bool   `json:"used,omitempty"` // of a temporary way: somebody came by it
	Ending      ending `json:"conclusions,omitzero"`
}

type tagGroup struct {
	ID, Name string
	Created  int64
	Order    int64
	Tags     []tag
	Own      bool // made by the app
	Deleted  bool
}

type tag struct {
	ID, Name string
	Created  int64
	Order    int64
	Own      bool
	Deleted  bool
}

type massTask struct {
	User       string
	Recipients []string
	Status     int // 0 pending, 2 sent
	SentAt     int64
	Results    []int8 // parallel to Recipients once sent
}

type mass struct {
	ID        string
	ChatType  string
	Created   int64
	Text      string
	Parts     []wecom.Attachment
	Tasks     []*massTask
	Cancelled bool
	Reminders []int64
	Creator   string // a member who made it by hand; empty = through the API
	Select    bool   // members may leave recipients out
}

// subject names the mass send for the dice. Ids would not do: they depend on what else was made at the same instant.
func (m *mass) subject() string { return m.ChatType + "|" + itoa(int(m.Created)) + "|" + m.Text }

func (m *mass) task(user string) *massTask {
	for _, t := range m.Tasks {
		if t.User == user {
			return t
		}
	}
	return nil
}

// message is one bubble of a chat. Kind: welcome, mass, reply (of a customer), sidebar and chat (of a member), greet (a
// group's welcome), ending (of a temporary chat), takeover, app; join, leave and added are notes.
type message struct {
	At    int64
	From  string
	Kind  string
	Text  string
	Parts []wecom.Attachment
	Ref   string // a mass send, whose content stands there
	ID    string // of an app's message
	Show  *shown // something other than text and parts; Text is what a phone shows of it
}

type welcomeCode struct {
	User, Ext string
	Issued    int64
	Used      bool
}

// act is something somebody will do.
type act struct {
	ID     int64  `json:"i"`
	At     int64  `json:"t"` // Unix ms
	Kind   string `json:"k"`
	Person string `json:"p,omitempty"`
	User   string `json:"u,omitempty"`
	Chat   string `json:"c,omitempty"`
	URL    string `json:"l,omitempty"`
	State  string `json:"s,omitempty"`
	Msg    string `json:"m,omitempty"`
	Text   string `json:"x,omitempty"`
	Try    int    `json:"n,omitempty"`
}

// Counts are totals since the start of the world.
type Counts struct {
	Scans           int64 `json:"scans"`
	Adds            int64 `json:"adds"`
	Joins           int64 `json:"joins"`
	Exits           int64 `json:"exits"`
	Replies         int64 `json:"replies"`
	Deletes         int64 `json:"deletes"`
	DeadEnds        int64 `json:"dead_ends"`
	CallbacksSent   int64 `json:"callbacks_sent"`
	CallbacksFailed int64 `json:"callbacks_failed"`
	MassTasks       int64 `json:"mass_tasks"`
	MassConfirmed   int64 `json:"mass_confirmed"`
}

type state struct {
	World   World
	Now     int64 // Unix ms
	Seq     int64
	Token   int64           // generation
	TokenTo int64           // wall, Unix s
	Arrived int             // people drawn by arrivals so far
	Plans   map[string]bool // keys of plans taken

	Edges    map[edgeKey]*edge
	Groups   map[string]*group
	Ways     map[string]*contactWay
	Joins    map[string]*wecom.JoinWay
	Tags     map[string]*tagGroup
	Mass     map[string]*mass
	Codes    map[string]*welcomeCode
	Chats    map[string][]message
	Received map[string][]int64 // recipient → times of mass sends received, of the last 31 days
	Acts     map[int64]*act
	Events   map[int64]*event
	Counts   Counts
	Talk     talkState
	Corp     corpState
	Uses     map[string]int64 // config id → people who came by the way
	Staffing staffing
	Greets   map[string]*greet // group welcome templates
	Acquire  acquire
	Stats    stats

	// Indexes, rebuilt on load.
	people   map[string]*Person
	members  map[string]*Member // by lower-case userid
	byUser   map[string]map[string]*edge
	byExt    map[string]map[string]*edge
	inGroups map[string]map[string]bool // person → chats
	agenda   agenda
	hush     agenda               // acts that nobody outside hears of
	tagOf    map[string]*tagGroup // tag → its group
	massIDs  []string             // in order of creation
	changes  map[string]change
	archived map[string]bool // userids whose chats are archived; nil if nobody's are
}

func newState(w World) *state {
	w = w.populated()
	s := &state{World: w, Now: w.Start.UnixMilli()}
	s.index()
	for _, g := range w.Groups {
		owner := s.addGroup(g.ChatID, g.Name, g.Owner, s.Now).Owner
		for _, id := range g.Members {
			s.joinGroup(g.ChatID, id, 1, "", owner, s.Now)
		}
	}
	for _, f := range w.Friends {
		user := s.members[strings.ToLower(f.UserID)].UserID
		s.setEdge(&edge{User: user, Ext: f.ExternalUserID, Status: edgeFull, Created: s.Now, State: f.State, AddWay: 1, LastTalk: s.Now})
	}
	for _, g := range w.TagGroups {
		tg := &tagGroup{ID: g.ID, Name: g.Name, Created: s.Now, Own: g.App}
		for _, t := range g.Tags {
			tg.Tags = append(tg.Tags, tag{ID: t.ID, Name: t.Name, Created: s.Now, Own: g.App})
		}
		s.setTags(tg)
	}
	s.rerange(false)
	s.plan(w.Plan)
	s.schedule(&act{At: dayAct(s.Now), Kind: actDay})
	s.schedule(&act{At: midnight(s.Now), Kind: actClose})
	for i := range w.Members {
		if m := &w.Members[i]; m.StaffURL != "" {
			s.schedule(&act{At: nextLook(w.Seed, m, s.Now), Kind: actStaff, User: m.UserID})
		}
	}
	return s
}

// index makes the maps that a snapshot lacks.
func (s *state) index() {
	s.changes = joined(func(a area) map[string]change { return a.changes })
	orMake(&s.Edges)
	orMake(&s.Groups)
	orMake(&s.Ways)
	orMake(&s.Joins)
	orMake(&s.Tags)
	orMake(&s.Mass)
	orMake(&s.Codes)
	orMake(&s.Chats)
	orMake(&s.Received)
	orMake(&s.Acts)
	orMake(&s.Events)
	orMake(&s.Uses)
	orMake(&s.Greets)
	s.Acquire.index(s.World)
	s.Stats.index()
	s.Staffing.index()
	if (s.World.Behaviour == Behaviour{}) {
		s.World.Behaviour = DefaultBehaviour()
	}
	s.fillLimits()
	s.people = map[string]*Person{}
	for i := range s.World.People {
		s.people[s.World.People[i].ExternalUserID] = &s.World.People[i]
	}
	s.indexMembers()
	s.tagOf = map[string]*tagGroup{}
	for _, g := range s.Tags {
		s.setTags(g)
	}
	s.talkIndex()
	s.byUser, s.byExt, s.inGroups = map[string]map[string]*edge{}, map[string]map[string]*edge{}, map[string]map[string]bool{}
	for _, e := range s.Edges {
		s.setEdge(e)
	}
	for _, g := range s.Groups {
		if g.Members == nil {
			g.Members = map[string]*groupMember{}
		}
		for id := range g.Members {
			if !g.Dismissed {
				s.noteGroup(id, g.ID)
			}
		}
	}
	s.agenda, s.hush = s.agenda[:0], s.hush[:0]
	for _, a := range s.Acts {
		q := s.queue(a)
		*q = append(*q, a)
	}
	heap.Init(&s.agenda)
	heap.Init(&s.hush)
	s.massIDs = sortedBy(s.Mass, func(a, b *mass) bool { return a.Created < b.Created || a.Created == b.Created && a.ID < b.ID })
}

// indexMembers finds the members anew after the list of them changed.
func (s *state) indexMembers() {
	s.members = make(map[string]*Member, len(s.World.Members))
	for i := range s.World.Members {
		s.members[strings.ToLower(s.World.Members[i].UserID)] = &s.World.Members[i]
	}
}

func orMake[K comparable, V any](m *map[K]V) {
	if *m == nil {
		*m = map[K]V{}
	}
}

func (s *state) next() int64 { s.Seq++; return s.Seq }

func (s *state) member(userID string) *Member { return s.members[strings.ToLower(userID)] }

func (s *state) behaviour(p *Person) Behaviour {
	if p.Behaviour != nil {
		return *p.Behaviour
	}
	for i := range s.World.Segments {
		if x := &s.World.Segments[i]; x.Name == p.Segment {
			return x.Behaviour
		}
	}
	return s.World.Behaviour
}

func (s *state) edge(user, ext string) *edge { return s.Edges[edgeKey{user, ext}] }

func (s *state) setEdge(e *edge) {
	s.Edges[edgeKey{e.User, e.Ext}] = e
	if s.byUser[e.User] == nil {
		s.byUser[e.User] = map[string]*edge{}
	}
	s.byUser[e.User][e.Ext] = e
	if s.byExt[e.Ext] == nil {
		s.byExt[e.Ext] = map[string]*edge{}
	}
	s.byExt[e.Ext][e.User] = e
}

func (s *state) addGroup(id, name, owner string, at int64) *group {
	if m := s.member(owner); m != nil {
		owner = m.UserID
	}
	g := &group{ID: id, Name: name, Owner: owner, Created: at, Members: map[string]*groupMember{}}
	s.Groups[id] = g
	s.joinGroup(id, owner, 1, "", "", at)
	return g
}

func (s *state) joinGroup(chat, id string, scene int, st, invitor string, at int64) {
	g := s.Groups[chat]
	kind := 2
	if m := s.member(id); m != nil {
		kind, id = 1, m.UserID
	}
	if g == nil || g.Members[id] != nil {
		return
	}
	g.Members[id] = &groupMember{ID: id, Type: kind, Join: at, Scene: scene, State: st, Invitor: invitor}
	g.Version++
	s.Stats.joined(g, at)
	s.noteGroup(id, chat)
}

func (s *state) noteGroup(id, chat string) {
	if s.inGroups[id] == nil {
		s.inGroups[id] = map[string]bool{}
	}
	s.inGroups[id][chat] = true
}

// say puts a bubble into a chat; only the last ones are kept, as on a phone that is full.
func (s *state) say(chat string, m message) {
	if s.archived != nil {
		s.archive(chat, m)
	}
	if g := s.Groups[chat]; g != nil && m.Kind != "join" && m.Kind != "leave" {
		r := s.Stats.room(chat)
		r.Messages++
		if m.Kind != "greet" {
			r.Spoke[m.From] = true
		}
	}
	const keep = 60
	list := append(s.Chats[chat], m)
	if len(list) > 2*keep {
		list = append([]message(nil), list[len(list)-keep:]...)
	}
	s.Chats[chat] = list
}

func chatOf(user, ext string) string { return user + "|" + ext }

// mayReceive counts a mass send for the recipient if the cap allows one more at the instant.
func (s *state) mayReceive(recipient string, at int64) bool {
	t := time.UnixMilli(at).In(clock.Shanghai)
	from, limit := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, clock.Shanghai), 0
	switch s.World.Limits.ReceiveCap {
	case "day":
		from, limit = clock.Day(t), 1
	case "week":
		from, limit = clock.Day(t).AddDate(0, 0, -(int(t.Weekday())+6)%7), 7
	default:
		limit = from.AddDate(0, 1, -1).Day()
	}
	times, n := s.Received[recipient], 0
	for _, ms := range times {
		if ms >= from.UnixMilli() {
			n++
		}
	}
	if n >= limit {
		return false
	}
	if len(times) > 62 {
		times = append([]int64(nil), times[len(times)-31:]...)
	}
	s.Received[recipient] = append(times, at)
	return true
}

// agenda is the acts by time, then by id.
type agenda []*act

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].At < a[j].At || a[i].At == a[j].At && a[i].ID < a[j].ID
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(*act)) }
func (a *agenda) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}

func (s *state) schedule(a *act) {
	if a.ID == 0 {
		a.ID = s.next()
	}
	s.Acts[a.ID] = a
	heap.Push(s.queue(a), a)
}

// queue is where the act waits. Acts that nobody outside hears of wait apart: a driver that skips quiet hours need not
// stop for them.
func (s *state) queue(a *act) *agenda {
	if a.quiet() {
		return &s.hush
	}
	return &s.agenda
}

// nextAct returns the earliest act that is still to be done.
func (s *state) nextAct() *act {
	loud, quiet := s.nextHeard(), s.head(&s.hush)
	if loud == nil || quiet != nil && (quiet.At < loud.At || quiet.At == loud.At && quiet.ID < loud.ID) {
		return quiet
	}
	return loud
}

// nextHeard returns the earliest act of which the platform may hear.
func (s *state) nextHeard() *act { return s.head(&s.agenda) }

func (s *state) head(q *agenda) *act {
	for len(*q) > 0 {
		if a := (*q)[0]; s.Acts[a.ID] == a {
			return a
		}
		heap.Pop(q)
	}
	return nil
}

func (a *agenda) take()      { heap.Pop(a) }
func (a *agenda) put(x *act) { heap.Push(a, x) }
