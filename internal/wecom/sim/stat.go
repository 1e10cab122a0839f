package sim

import "slices"

// WeCom's statistics, counted from what is really said and done: what members do in single chats, and how the groups of an
// owner fare. A day can be asked for from the next day on, and is forgotten after 180.
//
// Mass sends and welcomes are no talk: they count for groups, but neither as a member's messages nor as chats.

const statDays = 180

// stats is the part of the state with the counts. Days are numbered by dayNo.
type stats struct {
	Users  map[string]map[int32]*userDay
	Owners map[string]map[int32]*ownerDay // finished days
	Rooms  map[string]*roomCount          // by chat
}

// userDay is what a member did in single chats on one day.
type userDay struct {
	Chats, Messages     int   // chats in which the member wrote, and how often
	Begun, Answered     int   // talks that customers began, and those of them that were answered the same day
	Waited              int64 // ms from the beginning of those to the first answer, together
	Negative            int   // customers who deleted or blocked the member
	Applied, Befriended int
}

// ownerDay is how the groups of an owner stood at the end of a day.
type ownerDay struct {
	NewChats, Chats, ChatsWithMsg    int
	NewMembers, Members, MembersSaid int
	Messages                         int64
}

// roomCount counts one group: messages since its beginning, who ever wrote, and who joined on the Day.
type roomCount struct {
	Messages int64
	Spoke    map[string]bool
	Day      int32
	Joined   int
}

func (x *stats) index() {
	orMake(&x.Users)
	orMake(&x.Owners)
	orMake(&x.Rooms)
	for _, r := range x.Rooms {
		orMake(&r.Spoke)
	}
}

// user is the member's count of the instant's day.
func (x *stats) user(id string, at int64) *userDay {
	if x.Users[id] == nil {
		x.Users[id] = map[int32]*userDay{}
	}
	d := x.Users[id][dayNo(at)]
	if d == nil {
		d = &userDay{}
		x.Users[id][dayNo(at)] = d
	}
	return d
}

func (x *stats) room(chat string) *roomCount {
	r := x.Rooms[chat]
	if r == nil {
		r = &roomCount{Spoke: map[string]bool{}}
		x.Rooms[chat] = r
	}
	return r
}

// joined notes one more in a group.
func (x *stats) joined(g *group, at int64) {
	r := x.room(g.ID)
	if day := dayNo(at); r.Day != day {
		r.Day, r.Joined = day, 0
	}
	r.Joined++
}

// talked counts a message of a single chat.
func (s *state) talked(e *edge, fromMember bool, at int64) {
	if day := dayNo(at); e.TalkDay != day {
		e.TalkDay, e.Said, e.Answered, e.Asked = day, false, false, 0
	}
	u := s.Stats.user(e.User, at)
	if !fromMember {
		if e.Asked == 0 && !e.Said {
			e.Asked = at
			u.Begun++
		}
		return
	}
	u.Messages++
	if !e.Said {
		e.Said = true
		u.Chats++
	}
	if e.Asked != 0 && !e.Answered {
		e.Answered = true
		u.Answered++
		u.Waited += at - e.Asked
	}
}

// actClose ends a day: its groups are counted, and the day before the last 180 is forgotten.
const (
	actClose = "close"
	opClose  = "close"
)

type closing struct{ Day int32 }

func closeDay(_ *Server, t *transaction, a *act) {
	t.change(op{K: opClose}, closing{dayNo(a.At) - 1})
	t.later(midnight(a.At), act{Kind: actClose})
}

func applyClose(s *state, _ int64, _ *op, v closing) {
	begin, end := dayStart(v.Day), dayStart(v.Day+1)
	for id, g := range s.Groups {
		if g.Dismissed {
			continue
		}
		x := &s.Stats
		if x.Owners[g.Owner] == nil {
			x.Owners[g.Owner] = map[int32]*ownerDay{}
		}
		d := x.Owners[g.Owner][v.Day]
		if d == nil {
			d = &ownerDay{}
			x.Owners[g.Owner][v.Day] = d
		}
		r := x.room(id)
		d.Chats++
		d.Members += len(g.Members)
		d.Messages += r.Messages
		if g.Created >= begin && g.Created < end {
			d.NewChats++
		}
		if r.Messages > 0 {
			d.ChatsWithMsg++
		}
		if r.Day == v.Day {
			d.NewMembers += r.Joined
		}
		for who := range r.Spoke {
			if g.Members[who] != nil {
				d.MembersSaid++
			}
		}
	}
	forget(s.Stats.Users, v.Day-statDays)
	forget(s.Stats.Owners, v.Day-statDays)
}

func forget[V any](byID map[string]map[int32]V, upTo int32) {
	for id, days := range byID {
		for day := range days {
			if day <= upTo {
				delete(days, day)
			}
		}
		if len(days) == 0 {
			delete(byID, id)
		}
	}
}

// spanDays reads a closed interval of days as WeCom takes it: floored to midnight, at most 30 days, not more than 180 back.
func (c *call) spanDays(start, end int64) (from, to int32, err error) {
	if start <= 0 {
		return 0, 0, refuse(40063, "some parameters are empty")
	}
	if end <= 0 {
		end = start
	}
	from, to = dayNo(start*1000), dayNo(end*1000)
	today := dayNo(c.st.Now)
	switch {
	case to < from:
		return 0, 0, refuse(40058, "end_time is before start_time")
	case to-from >= 30:
		return 0, 0, refuse(40058, "time range is longer than 30 days")
	case from < today-statDays:
		return 0, 0, refuse(40058, "start_time is more than 180 days ago")
	}
	return from, min(to, today-1), nil // today arrives tomorrow
}

func (c *call) userBehaviour() (fields, error) {
	var in struct {
		Users   []string `json:"userid"`
		Parties []int64  `json:"partyid"`
		Start   int64    `json:"start_time"`
		End     int64    `json:"end_time"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Users)+len(in.Parties) == 0 || in.End == 0 {
		return nil, refuse(40063, "some parameters are empty")
	}
	if len(in.Users) > 100 || len(in.Parties) > 100 {
		return nil, refuse(40032, "userid list too long")
	}
	from, to, err := c.spanDays(in.Start, in.End)
	if err != nil {
		return nil, err
	}
	users := map[string]bool{}
	for _, u := range in.Users {
		m, err := c.visible(u)
		if err != nil {
			return nil, err
		}
		users[m.UserID] = true
	}
	for _, p := range in.Parties {
		under := c.st.subtree(p)
		if !under[p] {
			return nil, refuse(60003, "department not found")
		}
		for i := range c.st.World.Members {
			if m := &c.st.World.Members[i]; c.sees(m.UserID) && slices.ContainsFunc(m.Departments, func(d int64) bool { return under[d] }) {
				users[m.UserID] = true
			}
		}
	}
	rows := []fields{}
	for day := max(from, dayNo(c.st.World.Start.UnixMilli())); day <= to; day++ {
		var sum userDay
		for u := range users {
			if d := c.st.Stats.Users[u][day]; d != nil {
				sum.add(d)
			}
		}
		rows = append(rows, sum.row(day))
	}
	return fields{"behavior_data": rows}, nil
}

func (d *userDay) add(o *userDay) {
	d.Chats += o.Chats
	d.Messages += o.Messages
	d.Begun += o.Begun
	d.Answered += o.Answered
	d.Waited += o.Waited
	d.Negative += o.Negative
	d.Applied += o.Applied
	d.Befriended += o.Befriended
}

func (d *userDay) row(day int32) fields {
	out := fields{"stat_time": dayStart(day) / 1000, "chat_cnt": d.Chats, "message_cnt": d.Messages, "negative_feedback_cnt": d.Negative,
		"new_apply_cnt": d.Applied, "new_contact_cnt": d.Befriended}
	if d.Begun > 0 {
		out["reply_percentage"] = float64(d.Answered*10_000/d.Begun) / 100
		out["avg_reply_time"] = 0
		if d.Answered > 0 {
			out["avg_reply_time"] = (d.Waited/int64(d.Answered) + minuteMS/2) / minuteMS
		}
	}
	return out
}

type groupStat struct {
	Begin  int64 `json:"day_begin_time"`
	End    int64 `json:"day_end_time"`
	Owners struct {
		Users []string `json:"userid_list"`
	} `json:"owner_filter"`
	By     *int `json:"order_by"`
	Asc    int  `json:"order_asc"`
	Offset int  `json:"offset"`
	Limit  int  `json:"limit"`
}

// ownerDays reads the request that both statistics of groups share.
func (c *call) ownerDays() (in groupStat, owners []string, from, to int32, err error) {
	if err = c.decode(&in); err != nil {
		return in, nil, 0, 0, err
	}
	switch {
	case len(in.Owners.Users) == 0:
		return in, nil, 0, 0, refuse(40063, "some parameters are empty")
	case len(in.Owners.Users) > 100:
		return in, nil, 0, 0, refuse(40032, "userid list too long")
	}
	if from, to, err = c.spanDays(in.Begin, in.End); err != nil {
		return in, nil, 0, 0, err
	}
	for _, u := range in.Owners.Users {
		id, err := c.owner(u)
		if err != nil {
			return in, nil, 0, 0, err
		}
		if !slices.Contains(owners, id) {
			owners = append(owners, id)
		}
	}
	return in, owners, from, to, nil
}

// groupStatistic gives a row for each owner: what was new in the days, and how things stood on the last of them.
func (c *call) groupStatistic() (fields, error) {
	in, owners, from, to, err := c.ownerDays()
	if err != nil {
		return nil, err
	}
	type row struct {
		owner string
		data  ownerDay
	}
	rows := []row{}
	for _, owner := range owners {
		var sum ownerDay
		seen := false
		for day := from; day <= to; day++ {
			if d := c.st.Stats.Owners[owner][day]; d != nil {
				seen = true
				sum.later(d)
			}
		}
		if seen {
			rows = append(rows, row{owner, sum})
		}
	}
	by := 1
	if in.By != nil {
		by = *in.By
	}
	key := func(d *ownerDay) int { return d.NewChats }
	switch by {
	case 0, 1: // clients that always write the field write 0 for the default
	case 2:
		key = func(d *ownerDay) int { return d.Chats }
	case 3:
		key = func(d *ownerDay) int { return d.NewMembers }
	case 4:
		key = func(d *ownerDay) int { return d.Members }
	default:
		return nil, refuse(40058, "invalid order_by")
	}
	if in.Offset < 0 || in.Offset > len(rows) {
		return nil, refuse(40058, "invalid offset")
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		if in.Asc == 1 {
			return key(&a.data) - key(&b.data)
		}
		return key(&b.data) - key(&a.data)
	})
	end := min(in.Offset+within(in.Limit, 500, 1000), len(rows))
	items := []fields{}
	for _, r := range rows[in.Offset:end] {
		items = append(items, fields{"owner": r.owner, "data": r.data.row()})
	}
	return fields{"total": len(rows), "next_offset": end, "items": items}, nil
}

// groupStatisticByDay gives a row for each day, the owners together.
func (c *call) groupStatisticByDay() (fields, error) {
	_, owners, from, to, err := c.ownerDays()
	if err != nil {
		return nil, err
	}
	items := []fields{}
	for day := from; day <= to; day++ {
		var sum ownerDay
		seen := false
		for _, owner := range owners {
			if d := c.st.Stats.Owners[owner][day]; d != nil {
				seen = true
				sum.beside(d)
			}
		}
		if seen {
			items = append(items, fields{"stat_time": dayStart(day) / 1000, "data": sum.row()})
		}
	}
	return fields{"items": items}, nil
}

// later goes on with the next day: what is new adds up, what stands is what stands then.
func (d *ownerDay) later(o *ownerDay) {
	chats, members := d.NewChats+o.NewChats, d.NewMembers+o.NewMembers
	*d = *o
	d.NewChats, d.NewMembers = chats, members
}

// beside adds another owner's day.
func (d *ownerDay) beside(o *ownerDay) {
	d.NewChats += o.NewChats
	d.Chats += o.Chats
	d.ChatsWithMsg += o.ChatsWithMsg
	d.NewMembers += o.NewMembers
	d.Members += o.Members
	d.MembersSaid += o.MembersSaid
	d.Messages += o.Messages
}

func (d *ownerDay) row() fields {
	return fields{"new_chat_cnt": d.NewChats, "chat_total": d.Chats, "chat_has_msg": d.ChatsWithMsg, "new_member_cnt": d.NewMembers,
		"member_total": d.Members, "member_has_msg": d.MembersSaid, "msg_total": d.Messages}
}
