package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"time"

	"qunce/internal/wecom"
)

// transaction is what happens at one instant: all of it is in the log, or none.
type transaction struct {
	At  int64 `json:"at"`  // the simulator's clock, Unix ms
	Seq int64 `json:"seq"` // the last id handed out
	Ops []op  `json:"ops"`

	st  *state
	was *before // what it changed, if details lag behind events
}

// Kinds of op; the fields each uses stand in apply.
const (
	opNow     = "now"
	opToken   = "token"
	opEdge    = "edge"
	opRemark  = "remark"
	opTalk    = "talk"
	opMark    = "mark"
	opTags    = "tags"
	opWay     = "way"
	opWayDel  = "way-"
	opJoin    = "joinway"
	opJoinDel = "joinway-"
	opGroup   = "group"
	opEnter   = "enter"
	opLeave   = "leave"
	opMass    = "mass"
	opConfirm = "confirm"
	opRemind  = "remind"
	opCancel  = "cancel"
	opCode    = "code"
	opWelcome = "welcome"
	opSay     = "say"
	opAct     = "act"
	opDone    = "done"
	opEvent   = "event"
	opAnswer  = "answered"
	opCount   = "count"
	opPlan    = "plan"
	opRename  = "rename"
	opDismiss = "dismiss"
	opOwner   = "owner"
	opNotice  = "notice"
	opAdmins  = "admins"
)

// op is one change of the state, as the log keeps it.
type op struct {
	K     string             `json:"k"`
	User  string             `json:"u,omitempty"`
	Ext   string             `json:"e,omitempty"`
	Chat  string             `json:"c,omitempty"`
	ID    string             `json:"i,omitempty"`
	Name  string             `json:"n,omitempty"`
	State string             `json:"s,omitempty"`
	Text  string             `json:"x,omitempty"`
	N     int64              `json:"a,omitempty"`
	M     int64              `json:"b,omitempty"`
	List  []string           `json:"l,omitempty"`
	Del   []string           `json:"d,omitempty"`
	Parts []wecom.Attachment `json:"p,omitempty"`
	Way   *contactWay        `json:"way,omitempty"`
	Join  *wecom.JoinWay     `json:"join,omitempty"`
	Tags  *tagGroup          `json:"tags,omitempty"`
	Mass  *mass              `json:"mass,omitempty"`
	Act   *act               `json:"act,omitempty"`
	Event *event             `json:"ev,omitempty"`
	Plan  *Plan              `json:"plan,omitempty"`
	Note  *remark            `json:"note,omitempty"`
	Body  json.RawMessage    `json:"y,omitempty"` // of the ops of areas
}

// remark is what the remark API changes; nil stays.
type remark struct {
	Remark, Description, Company *string
	Mobiles                      []string
}

// Names of counters in opCount.
const (
	countScan = "scan"
	countDead = "dead"
	countLost = "lost"

	countUnsent = "unsent" // there was nobody to send it to
	countUse    = "use"    // Name: the way somebody came by
)

// do applies an op and notes it for the log.
func (t *transaction) do(o op) {
	if t.was != nil {
		t.was.note(t.st, &o)
	}
	if err := t.st.apply(t.At, &o); err != nil {
		panic(err) // our own ops always apply
	}
	t.Ops = append(t.Ops, o)
}

// later schedules an act, never before the present instant.
func (t *transaction) later(at int64, a act) {
	a.At, a.ID = max(at, t.At), t.st.next()
	t.do(op{K: opAct, Act: &a})
}

// callback queues an event for the platform. Events of one pair may carry the same second, as WeCom's do, but not two of one
// kind: while the clock stands they would be the same to the last byte, and the platform would rightly take the second for a
// double. The later one carries the next second.
func (t *transaction) callback(e event) {
	e.ID, e.CreateTime = t.st.next(), t.At/1000
	if pair := t.st.edge(e.UserID, e.External); pair != nil && pair.LastEvent >= e.CreateTime {
		if e.CreateTime = pair.LastEvent; slices.Contains(pair.LastKinds, e.name()) {
			e.CreateTime++
		}
	}
	t.do(op{K: opEvent, Event: &e})
}

func (t *transaction) encode() ([]byte, error) {
	t.Seq = t.st.Seq
	b, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("sim: encode transaction: %w", err)
	}
	return b, nil
}

// replay applies a transaction from the log.
func (s *state) replay(line []byte) error {
	var t transaction
	if err := json.Unmarshal(line, &t); err != nil {
		return fmt.Errorf("sim: decode transaction: %w", err)
	}
	s.Now = max(s.Now, t.At)
	for i := range t.Ops {
		if err := s.apply(t.At, &t.Ops[i]); err != nil {
			return err
		}
	}
	s.Seq = max(s.Seq, t.Seq)
	return nil
}

// apply changes the state. It draws nothing and reads no clock, so that a replay comes out the same.
func (s *state) apply(at int64, o *op) error {
	switch o.K {
	case opNow:
		s.Now = max(s.Now, o.N)
	case opToken:
		s.Token, s.TokenTo = o.N, o.M
	case opEdge: // User, Ext, N status, M add way, State, ID who began it (empty = the customer)
		s.applyEdge(at, o)
	case opRemark:
		e := s.edge(o.User, o.Ext)
		set(&e.Remark, o.Note.Remark)
		set(&e.Description, o.Note.Description)
		set(&e.Company, o.Note.Company)
		if o.Note.Mobiles != nil {
			e.Mobiles = slices.DeleteFunc(slices.Clone(o.Note.Mobiles), func(m string) bool { return m == "" })
		}
	case opTalk:
		if e := s.edge(o.User, o.Ext); e != nil {
			e.LastTalk = at
			s.talked(e, o.ID == o.User, at)
			if e.Link != "" && o.ID == o.Ext {
				e.Heard++
			}
		}
		s.say(chatOf(o.User, o.Ext), message{At: at, From: o.ID, Kind: o.Name, Text: o.Text, Parts: o.Parts})
		if o.Name == "reply" {
			s.Counts.Replies++
		}
	case opMark: // User, Ext, List added, Del removed
		e := s.edge(o.User, o.Ext)
		for _, id := range o.List {
			if !slices.Contains(e.Tags, id) {
				e.Tags = append(e.Tags, id)
			}
		}
		e.Tags = slices.DeleteFunc(e.Tags, func(id string) bool { return slices.Contains(o.Del, id) })
	case opTags:
		s.applyTags(o.Tags)
	case opWay:
		s.Ways[o.Way.ConfigID] = o.Way
	case opWayDel:
		delete(s.Ways, o.ID)
	case opJoin:
		s.Joins[o.Join.ConfigID] = o.Join
	case opJoinDel:
		delete(s.Joins, o.ID)
	case opGroup: // Chat, Name, User owner
		s.addGroup(o.Chat, o.Name, o.User, at)
	case opEnter: // Chat, Ext, N scene, State, User invitor, ID of the join way
		if o.ID != "" {
			s.Uses[o.ID]++
		}
		s.joinGroup(o.Chat, o.Ext, int(o.N), o.State, o.User, at)
		s.say(o.Chat, message{At: at, From: o.Ext, Kind: "join"})
		s.Counts.Joins++
	case opLeave: // Chat, Ext
		if g := s.Groups[o.Chat]; g != nil && g.Members[o.Ext] != nil {
			delete(g.Members, o.Ext)
			delete(s.inGroups[o.Ext], o.Chat)
			g.Version++
			s.say(o.Chat, message{At: at, From: o.Ext, Kind: "leave"})
			s.Counts.Exits++
		}
	case opMass:
		s.Mass[o.Mass.ID] = o.Mass
		s.massIDs = append(s.massIDs, o.Mass.ID)
		s.Counts.MassTasks += int64(len(o.Mass.Tasks))
	case opConfirm: // ID, User, Del recipients left out
		s.applyConfirm(at, o)
	case opRemind:
		m := s.Mass[o.ID]
		m.Reminders = append(m.Reminders, at)
	case opCancel:
		s.Mass[o.ID].Cancelled = true
	case opCode: // ID, User, Ext
		s.Codes[o.ID] = &welcomeCode{User: o.User, Ext: o.Ext, Issued: at}
		if e := s.edge(o.User, o.Ext); e != nil {
			e.Codes++
		}
	case opWelcome: // ID, N latency in wall ms, Text, Parts
		s.applyWelcome(at, o)
	case opSay: // Chat, ID from, Name kind, Text, Parts
		s.say(o.Chat, message{At: at, From: o.ID, Kind: o.Name, Text: o.Text, Parts: o.Parts})
		if o.Name == "reply" {
			s.Counts.Replies++
		}
	case opAct:
		s.schedule(o.Act)
	case opDone:
		delete(s.Acts, o.N)
	case opEvent:
		s.Events[o.Event.ID] = o.Event
		if e := s.edge(o.Event.UserID, o.Event.External); e != nil {
			if o.Event.CreateTime != e.LastEvent {
				e.LastEvent, e.LastKinds = o.Event.CreateTime, nil
			}
			e.LastKinds = append(slices.Clip(e.LastKinds), o.Event.name())
		}
	case opAnswer:
		delete(s.Events, o.N)
		s.Counts.CallbacksSent++
	case opCount:
		switch o.ID {
		case countScan:
			s.Counts.Scans++
		case countDead:
			s.Counts.DeadEnds++
		case countLost:
			delete(s.Events, o.N)
			s.Counts.CallbacksFailed++
		case countUnsent:
			delete(s.Events, o.N)
		case countUse:
			s.Uses[o.Name]++
		}
	case opRename: // Chat, Name
		s.Groups[o.Chat].Name = o.Name
	case opDismiss: // Chat
		g := s.Groups[o.Chat]
		g.Dismissed = true
		for id := range g.Members {
			delete(s.inGroups[id], o.Chat)
		}
	case opOwner: // Chat, User
		s.Groups[o.Chat].Owner = o.User
	case opNotice: // Chat, Text
		s.Groups[o.Chat].Notice = o.Text
	case opAdmins: // Chat, List
		s.Groups[o.Chat].Admins = o.List
	case opPlan: // N: the last id before, since planning hands out ids and refused calls leave gaps in the log
		s.Seq = max(s.Seq, o.N)
		if o.Plan.Key != "" {
			if s.Plans == nil {
				s.Plans = map[string]bool{}
			}
			s.Plans[o.Plan.Key] = true
		}
		s.plan(*o.Plan)
	default:
		fn, known := s.changes[o.K]
		if !known {
			return fmt.Errorf("sim: op %q is unknown", o.K)
		}
		return fn(s, at, o)
	}
	return nil
}

func (s *state) applyEdge(at int64, o *op) {
	e := s.edge(o.User, o.Ext)
	if e == nil {
		e = &edge{User: o.User, Ext: o.Ext}
		s.setEdge(e)
	}
	was := e.Status
	e.Status = int(o.N)
	switch e.Status {
	case edgeHalf, edgeFull:
		if was != edgeHalf {
			if was == edgeGone {
				e.Tags, e.Remark, e.Description, e.Company, e.Mobiles = nil, "", "", "", nil
			}
			e.Created, e.AddWay, e.State, e.Oper, e.Blocked = at, int(o.M), o.State, o.ID, false
		}
		if e.Status == edgeFull {
			e.LastTalk = at
			s.Counts.Adds++
			s.Stats.user(o.User, at).Befriended++
			s.say(chatOf(o.User, o.Ext), message{At: at, From: o.User, Kind: "added"})
		}
	case edgeOneWay:
		s.Counts.Deletes++
		s.Stats.user(o.User, at).Negative++
	}
}

func (s *state) applyWelcome(at int64, o *op) {
	c := s.Codes[o.ID]
	c.Used = true
	if e := s.edge(c.User, c.Ext); e != nil {
		e.Welcomes++
		e.LatencyMS = o.N
	}
	s.say(chatOf(c.User, c.Ext), message{At: at, From: c.User, Kind: "welcome", Text: o.Text, Parts: o.Parts})
}

func (s *state) applyConfirm(at int64, o *op) {
	m := s.Mass[o.ID]
	t := m.task(o.User)
	t.Status, t.SentAt, t.Results = 2, at, make([]int8, len(t.Recipients))
	s.Counts.MassConfirmed++
	for i, id := range t.Recipients {
		if len(o.Del) == 0 || !slices.Contains(o.Del, id) {
			t.Results[i] = s.deliver(m, t, id, at)
		}
	}
}

func (s *state) deliver(m *mass, t *massTask, id string, at int64) int8 {
	chat := id
	if m.ChatType == wecom.ChatSingle {
		if e := s.edge(t.User, id); e == nil || e.Status != edgeFull {
			return wecom.SendNotFriend
		}
		chat = chatOf(t.User, id)
	} else if g := s.Groups[id]; g == nil || g.Dismissed || g.Owner != t.User {
		return wecom.SendNotFriend
	}
	if !s.mayReceive(id, at) {
		return wecom.SendOverCap
	}
	if e := s.edge(t.User, id); e != nil && e.Blocked {
		return wecom.SendDone // the sender is not told
	}
	s.say(chat, message{At: at, From: t.User, Kind: "mass", Ref: m.ID})
	return wecom.SendDone
}

func set(to, from *string) {
	if from != nil {
		*to = *from
	}
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func sortedBy[V any](m map[string]V, less func(a, b V) bool) []string {
	out := sortedKeys(m)
	sort.SliceStable(out, func(i, j int) bool { return less(m[out[i]], m[out[j]]) })
	return out
}

func msTime(ms int64) time.Time { return time.UnixMilli(ms) }
