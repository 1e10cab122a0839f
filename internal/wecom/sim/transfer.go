package sim

import (
	"slices"

	"qunce/internal/wecom/callback"
)

// Customers and groups go from one member to another: those of a member still there, and those of one who resigned. A
// customer has 24 hours to refuse; then the taker has them. A group of somebody who resigned is inherited within the hour.

// States of a transfer, as WeCom numbers them.
const (
	transferDone    = 1
	transferWaiting = 2
	transferRefused = 3
	transferFull    = 4 // the taker's customers are at the limit
)

// States of a group, as WeCom numbers them; that an owner has left is 1.
const (
	groupOrphan     = 1
	groupInheriting = 2
	groupInherited  = 3
)

// transfer is one customer on the way from one member to another. Times are Unix ms.
type transfer struct {
	From, To, Ext string
	Resigned      bool // From had resigned
	Asked, Due    int64
	Ended         int64
	Status        int
	Words         string // what the taker says first
}

const (
	opTransfer    = "transfer"  // body
	opTransferred = "transfer." // User from, Name to, Ext, N status
	opInherit     = "inherit"   // Chat, User heir
	opInherited   = "inherit."  // Chat, User heir, N status
	opMoved       = "moved"     // Chat, User heir

	actTakeover = "takeover" // Person from User to State
	actRefuse   = "refuse"   // the same, by the customer
	actInherit  = "inherit"  // Chat
)

const (
	transferWait = 24 * 60 * minuteMS
	quarter      = 90 // natural days
)

func transferChanges() map[string]change {
	return map[string]change{
		opTransfer: changing(func(s *state, _ int64, _ *op, v transfer) {
			s.Staffing.Transfers[v.Ext] = append(s.Staffing.Transfers[v.Ext], &v)
			s.Staffing.note(&v)
		}),
		opTransferred: func(s *state, at int64, o *op) error {
			x := s.waiting(o.User, o.Name, o.Ext)
			x.Status, x.Ended = int(o.N), at
			return nil
		},
		opInherit: func(s *state, at int64, o *op) error {
			g := s.Groups[o.Chat]
			s.Staffing.hands(g.Owner, at)
			g.Status, g.Heir = groupInheriting, o.User
			return nil
		},
		opInherited: func(s *state, _ int64, o *op) error {
			g := s.Groups[o.Chat]
			g.Owner, g.Heir, g.Status = o.User, "", int(o.N)
			return nil
		},
		opMoved: func(s *state, at int64, o *op) error {
			g := s.Groups[o.Chat]
			s.Staffing.hands(g.Owner, at)
			g.Moves = append(g.Moves, at)
			g.Owner = o.User
			return nil
		},
	}
}

// waiting finds the transfer of a customer between two members that is under way; nil if there is none.
func (s *state) waiting(from, to, ext string) *transfer {
	for _, x := range s.Staffing.Transfers[ext] {
		if x.Status == transferWaiting && x.From == from && (to == "" || x.To == to) {
			return x
		}
	}
	return nil
}

// moved counts the transfers of a customer between members still there within the last 90 days.
func (s *state) moved(ext string) int {
	n := 0
	for _, x := range s.Staffing.Transfers[ext] {
		if !x.Resigned && (x.Status == transferDone || x.Status == transferWaiting) && dayNo(x.Asked) > dayNo(s.Now)-quarter {
			n++
		}
	}
	return n
}

// unassigned lists the customers of a member who resigned whom nobody has taken over.
func (s *state) unassigned(user string) []string {
	l := s.left(user)
	if l == nil || dayNo(s.Now)-dayNo(l.At) > 365 {
		return nil
	}
	return s.customers(l.Member.UserID)
}

// startTransfer gives the customer the 24 hours in which to refuse.
func (s *Server) startTransfer(t *transaction, x transfer) {
	x.Status, x.Asked, x.Due = transferWaiting, t.At, t.At+transferWait
	t.change(op{K: opTransfer}, x)
	t.later(x.Due, act{Kind: actTakeover, Person: x.Ext, User: x.From, State: x.To})
	p := s.st.people[x.Ext]
	r := dice(s.st.World.Seed, "refuse", x.Ext, x.From, x.To)
	if e := s.st.edge(x.From, x.Ext); r.Float64() < s.st.behaviour(p).Refuse && e.Status == edgeFull {
		t.later(t.At+minuteMS+r.Int64N(transferWait-2*minuteMS), act{Kind: actRefuse, Person: x.Ext, User: x.From, State: x.To})
	}
}

func (s *Server) transferFailed(t *transaction, x *transfer, status int, reason string) {
	t.do(op{K: opTransferred, User: x.From, Name: x.To, Ext: x.Ext, N: int64(status)})
	if reason == "" || s.st.member(x.To) == nil {
		return
	}
	t.callback(event{Event: callback.ExternalContact, Inner: (&inner{}).text("ChangeType", callback.TransferFail).text("FailReason", reason).
		text("UserID", x.To).text("ExternalUserID", x.Ext).String(), About: x.Ext})
}

// refuseTransfer lets the customer refuse; false if there is nothing to refuse.
func (s *Server) refuseTransfer(t *transaction, from, ext string) bool {
	x := s.st.waiting(from, "", ext)
	if x == nil {
		return false
	}
	s.transferFailed(t, x, transferRefused, "customer_refused")
	return true
}

// takeover ends the 24 hours of a transfer that nobody refused.
func (s *Server) takeover(t *transaction, a *act) {
	x := s.st.waiting(a.User, a.State, a.Person)
	if x == nil {
		return
	}
	from, to := s.st.edge(x.From, x.Ext), s.st.edge(x.To, x.Ext)
	friends := to != nil && to.Status == edgeFull
	switch {
	case !from.alive() || s.st.member(x.To) == nil: // deleted meanwhile, or the taker has left
		s.transferFailed(t, x, transferRefused, "")
		return
	case !friends && len(s.st.byUser[x.To]) >= s.st.World.Limits.customers() && len(s.st.customers(x.To)) >= s.st.World.Limits.customers():
		s.transferFailed(t, x, transferFull, "customer_limit_exceed")
		return
	}
	gave := slices.ContainsFunc(s.st.Staffing.Transfers[x.Ext], func(o *transfer) bool { return o.Status == transferDone && o.From == x.To })
	t.do(op{K: opTransferred, User: x.From, Name: x.To, Ext: x.Ext, N: transferDone})
	t.do(op{K: opEdge, User: x.From, Ext: x.Ext, N: edgeGone})
	if s.st.left(x.From) == nil {
		t.callback(event{Event: callback.ExternalContact, Inner: (&inner{}).text("ChangeType", callback.DelExternal).text("UserID", x.From).
			text("ExternalUserID", x.Ext).text("Source", "DELETE_BY_TRANSFER").String(), About: x.Ext})
	}
	if friends {
		return
	}
	t.do(op{K: opEdge, User: x.To, Ext: x.Ext, ID: x.From, N: edgeFull, M: addAssigned})
	t.do(op{K: opSay, Chat: chatOf(x.To, x.Ext), ID: x.To, Name: "takeover", Text: x.Words})
	if !gave {
		t.callback(event{Event: callback.ExternalContact, ChangeType: callback.AddExternal, UserID: x.To, External: x.Ext})
	}
}

// inherit gives a group of somebody who resigned to its heir.
func (s *Server) inherit(t *transaction, a *act) {
	g := s.st.Groups[a.Chat]
	if g == nil || g.Dismissed || g.Status != groupInheriting {
		return
	}
	heir, old := g.Heir, g.Owner
	if s.st.member(heir) == nil { // the heir has left as well
		t.do(op{K: opInherited, Chat: g.ID, User: old})
		return
	}
	if g.Members[heir] == nil {
		s.bring(t, g, heir, "", 1)
	}
	t.do(op{K: opInherited, Chat: g.ID, User: heir, N: groupInherited})
	t.callback(event{Event: callback.ExternalChat, ChangeType: callback.ChatUpdate, ChatID: g.ID, Detail: "change_owner"})
	if g.Members[old] != nil {
		s.quit(t, g, old, 0)
	}
}

// bring lets somebody into a group by a member's invitation: 1 directly, 2 by its link. The invitor may be empty.
func (s *Server) bring(t *transaction, g *group, id, invitor string, scene int) {
	before := memberVersion(g)
	t.do(op{K: opEnter, Chat: g.ID, Ext: id, N: int64(scene), User: invitor})
	t.callback(event{Event: callback.ExternalChat, ChangeType: callback.ChatUpdate, Detail: "add_member", ChatID: g.ID,
		People: []string{id}, LastVer: before, CurVer: memberVersion(g)})
	s.greetLater(t, g, id)
}

// quit lets somebody out of a group; scene 1 = removed.
func (s *Server) quit(t *transaction, g *group, id string, scene int) {
	before := memberVersion(g)
	t.do(op{K: opLeave, Chat: g.ID, Ext: id})
	t.callback(event{Event: callback.ExternalChat, ChangeType: callback.ChatUpdate, Detail: "del_member", ChatID: g.ID, QuitScene: scene,
		People: []string{id}, LastVer: before, CurVer: memberVersion(g)})
}

func transferHands() map[string]hand {
	return map[string]hand{
		// refuse_transfer: person, userid (the giver)
		"refuse_transfer": handed(func(s *Server, t *transaction, in struct {
			Person string `json:"person"`
			UserID string `json:"userid"`
		},
		) (fields, error) {
			if !s.refuseTransfer(t, s.canonical(in.UserID), in.Person) {
				return nil, dead("没有正在进行的接替")
			}
			return nil, nil
		}),
	}
}

// canonical is a userid as it is written, of a member or of one who resigned.
func (s *Server) canonical(userID string) string {
	if m := s.st.member(userID); m != nil {
		return m.UserID
	}
	if l := s.st.left(userID); l != nil {
		return l.Member.UserID
	}
	return userID
}
