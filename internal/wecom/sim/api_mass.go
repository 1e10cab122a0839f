package sim

import (
	"slices"
	"sort"
	"strconv"
	"time"

	"qunce/internal/wecom"
)

const dispatching = 500 * time.Millisecond // wall; while 41063 is answered about a new mass send

func (c *call) addMass() (fields, error) {
	var in wecom.MsgTemplate
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := checkContent(in.Text, in.Attachments); err != nil {
		return nil, err
	}
	if err := c.parts(in.Attachments); err != nil {
		return nil, err
	}
	if in.Sender != "" {
		m, err := c.visible(in.Sender)
		switch {
		case err != nil:
			return nil, err
		case m.NoSeat:
			return nil, refuse(84074, "no external contact right")
		}
		in.Sender = m.UserID
	}
	m := &mass{ID: "", ChatType: in.ChatType, Created: c.t.At, Parts: in.Attachments, Select: in.AllowSelect}
	if in.Text != nil {
		m.Text = in.Text.Content
	}
	var failed []string
	var to map[string][]string
	var err error
	switch in.ChatType {
	case "", wecom.ChatSingle:
		m.ChatType = wecom.ChatSingle
		to, failed, err = c.singleTargets(in)
	case wecom.ChatGroup:
		to, failed, err = c.groupTargets(in)
	default:
		err = refuse(40058, "invalid chat_type")
	}
	if err != nil {
		return nil, err
	}
	if len(to) == 0 {
		return nil, refuse(41048, "no external user to send")
	}
	m.ID = mint(c.st.World.Seed, "msg", c.st.next(), 28)
	for _, user := range sortedKeys(to) {
		m.Tasks = append(m.Tasks, &massTask{User: user, Recipients: to[user]})
	}
	c.t.do(op{K: opMass, Mass: m})
	c.s.assign(c.t, m, 1, "new")
	c.s.made[m.ID] = c.s.wall.Now()
	if failed == nil {
		failed = []string{}
	}
	return fields{"msgid": m.ID, "fail_list": failed}, nil
}

// singleTargets spreads customers over senders: the one given, or who talked with the customer last.
func (c *call) singleTargets(in wecom.MsgTemplate) (to map[string][]string, failed []string, err error) {
	if len(in.ExternalIDs) > c.st.World.Limits.massSingle() {
		return nil, nil, refuse(40058, "external_userid has too many entries")
	}
	if in.TagFilter != nil && len(in.ExternalIDs) == 0 {
		for _, g := range in.TagFilter.Groups {
			if len(g.Tags) == 0 || len(g.Tags) > 100 {
				return nil, nil, refuse(40058, "tag_list must have 1 to 100 tags")
			}
			for _, id := range g.Tags {
				if _, t := c.st.tag(id); t == nil {
					return nil, nil, refuse(40068, "invalid tagid")
				}
			}
		}
	}
	if in.Sender == "" && len(in.ExternalIDs) == 0 && (in.TagFilter == nil || len(in.TagFilter.Groups) == 0) {
		return nil, nil, refuse(40063, "some parameters are empty")
	}
	to = map[string][]string{}
	ids := in.ExternalIDs
	filter := in.TagFilter
	if len(ids) > 0 {
		filter = nil
	} else if in.Sender != "" {
		ids = c.st.customers(in.Sender)
	} else {
		ids = sortedKeys(c.st.byExt)
	}
	seen := map[string]bool{}
	for _, ext := range ids {
		if seen[ext] {
			continue
		}
		seen[ext] = true
		var best *edge
		for _, user := range sortedKeys(c.st.byExt[ext]) {
			e := c.st.edge(user, ext)
			if !e.alive() || !c.sees(user) || in.Sender != "" && user != in.Sender || !tagged(e, filter) {
				continue
			}
			if best == nil || e.LastTalk > best.LastTalk {
				best = e
			}
		}
		if best == nil {
			if len(in.ExternalIDs) > 0 {
				failed = append(failed, ext)
			}
			continue
		}
		to[best.User] = append(to[best.User], ext)
	}
	return to, failed, nil
}

func tagged(e *edge, f *wecom.TagFilter) bool {
	if f == nil {
		return true
	}
	for _, g := range f.Groups {
		if !slices.ContainsFunc(g.Tags, func(id string) bool { return slices.Contains(e.Tags, id) }) {
			return false
		}
	}
	return true
}

func (c *call) groupTargets(in wecom.MsgTemplate) (to map[string][]string, failed []string, err error) {
	if in.Sender == "" {
		return nil, nil, refuse(40063, "sender is required")
	}
	if len(in.ChatIDs) > c.st.World.Limits.massGroup() {
		return nil, nil, refuse(40058, "chat_id_list has too many entries")
	}
	ids := in.ChatIDs
	if len(ids) == 0 {
		ids = c.st.owned(in.Sender)
	}
	var mine []string
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		if g := c.st.Groups[id]; g != nil && !g.Dismissed && g.Owner == in.Sender {
			mine = append(mine, id)
		} else if len(in.ChatIDs) > 0 {
			failed = append(failed, id)
		}
	}
	if len(mine) == 0 {
		return nil, failed, nil
	}
	return map[string][]string{in.Sender: mine}, failed, nil
}

func (c *call) massList() (fields, error) {
	var in struct {
		ChatType string `json:"chat_type"`
		Start    int64  `json:"start_time"`
		End      int64  `json:"end_time"`
		Creator  string `json:"creator"`
		Type     *int   `json:"filter_type"`
		Limit    int    `json:"limit"`
		Cursor   string `json:"cursor"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	switch {
	case in.ChatType != wecom.ChatSingle && in.ChatType != wecom.ChatGroup:
		return nil, refuse(40058, "invalid chat_type")
	case in.Start == 0 || in.End == 0 || in.End < in.Start || in.End-in.Start > 31*86400:
		return nil, refuse(40058, "invalid time range")
	case in.Type != nil && (*in.Type < 0 || *in.Type > 2):
		return nil, refuse(40058, "invalid filter_type")
	}
	kind := 2
	if in.Type != nil {
		kind = *in.Type
	}
	if in.Creator != "" {
		in.Creator = c.s.canonical(in.Creator)
	}
	if in.Limit < 1 || in.Limit > 100 {
		in.Limit = 50 // over the limit falls back to the default
	}
	after, err := position("mass", in.Cursor)
	if err != nil {
		return nil, err
	}
	from, rows, next := 0, []fields{}, ""
	if after != "" {
		if from, err = strconv.Atoi(after); err != nil || from < 0 {
			return nil, refuse(50100, "invalid cursor")
		}
	}
	for i := sort.Search(len(c.st.massIDs), func(i int) bool { return c.st.Mass[c.st.massIDs[i]].Created/1000 >= in.Start }); i < len(c.st.massIDs); i++ {
		m := c.st.Mass[c.st.massIDs[i]]
		if m.Created/1000 > in.End {
			break
		}
		personal := int(b2f(m.Creator != ""))
		if i < from || m.ChatType != in.ChatType || in.Creator != "" && in.Creator != m.Creator || kind != 2 && kind != personal || personal == 1 && !c.seesOwner(m.Creator) {
			continue
		}
		if len(rows) == in.Limit {
			next = cursor("mass", strconv.Itoa(i))
			break
		}
		row := fields{"msgid": m.ID, "create_time": m.Created / 1000, "create_type": personal, "attachments": shownParts(m.Parts)}
		if m.Text != "" {
			row["text"] = wecom.Text{Content: m.Text}
		}
		if m.Creator != "" {
			row["creator"] = m.Creator
		}
		rows = append(rows, row)
	}
	return fields{"group_msg_list": rows, "next_cursor": next}, nil
}

// findMass finds a mass send that WeCom has finished dispatching.
func (c *call) findMass(id string, fresh bool) (*mass, error) {
	if id == "" {
		return nil, refuse(41046, "missing msgid")
	}
	m := c.st.Mass[id]
	if m == nil {
		return nil, refuse(41047, "invalid msgid")
	}
	if at, ok := c.s.made[id]; ok && !fresh {
		if c.s.wall.Now().Sub(at) < dispatching {
			return nil, refuse(41063, "msg is being dispatched")
		}
		delete(c.s.made, id)
	}
	return m, nil
}

type massPage struct {
	MsgID  string `json:"msgid"`
	UserID string `json:"userid"`
	Limit  int    `json:"limit"`
	Cursor string `json:"cursor"`
}

func (c *call) massTasks() (fields, error) {
	var in massPage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	m, err := c.findMass(in.MsgID, false)
	if err != nil {
		return nil, err
	}
	if in.Limit < 1 || in.Limit > 1000 {
		in.Limit = 500
	}
	users := make([]string, 0, len(m.Tasks))
	for _, t := range m.Tasks {
		users = append(users, t.User)
	}
	some, next, err := page("task", in.Cursor, in.Limit, users)
	if err != nil {
		return nil, err
	}
	tasks := make(map[string]*massTask, len(m.Tasks))
	for _, t := range m.Tasks {
		tasks[t.User] = t
	}
	rows := make([]fields, 0, len(some))
	for _, u := range some {
		row := fields{"userid": u, "status": tasks[u].Status}
		if tasks[u].Status == massSent {
			row["send_time"] = tasks[u].SentAt / 1000
		}
		rows = append(rows, row)
	}
	return fields{"task_list": rows, "next_cursor": next}, nil
}

func (c *call) massResults() (fields, error) {
	var in massPage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	m, err := c.findMass(in.MsgID, false)
	if err != nil {
		return nil, err
	}
	if in.UserID == "" {
		return nil, refuse(41009, "missing userid")
	}
	t := m.task(c.s.canonical(in.UserID))
	if t == nil {
		return nil, refuse(40003, "invalid userid")
	}
	if in.Limit < 1 || in.Limit > 1000 {
		in.Limit = 500
	}
	rows := make([]fields, 0, min(len(t.Recipients), in.Limit))
	after, err := position("result", in.Cursor)
	if err != nil {
		return nil, err
	}
	from := 0
	if after != "" {
		if from, err = strconv.Atoi(after); err != nil || from < 0 || from > len(t.Recipients) {
			return nil, refuse(50100, "invalid cursor")
		}
	}
	next := ""
	for i := from; i < len(t.Recipients); i++ {
		row := fields{"userid": t.User, "status": wecom.SendPending}
		if t.Status == massSent && t.Results[i] != wecom.SendPending {
			row["status"], row["send_time"] = t.Results[i], t.SentAt/1000
		}
		if m.ChatType == wecom.ChatSingle {
			row["external_userid"] = t.Recipients[i]
		} else if row["chat_id"] = t.Recipients[i]; row["status"] == wecom.SendPending {
			continue // group sends are listed once they are sent
		}
		if len(rows) == in.Limit {
			next = cursor("result", strconv.Itoa(i))
			break
		}
		rows = append(rows, row)
	}
	return fields{"send_list": rows, "next_cursor": next}, nil
}

func (c *call) massRemind() (fields, error) {
	var in massPage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	m, err := c.findMass(in.MsgID, true)
	if err != nil {
		return nil, err
	}
	if m.Cancelled {
		return nil, refuse(41093, "msg has been cancelled")
	}
	n := 0
	for _, at := range m.Reminders {
		if at > c.t.At-24*60*minuteMS {
			n++
		}
	}
	if n >= 3 {
		return nil, refuse(41094, "remind too frequently")
	}
	c.t.do(op{K: opRemind, ID: m.ID})
	c.s.assign(c.t, m, 0.7, "reminder "+itoa(len(m.Reminders)))
	return nil, nil
}

func (c *call) massCancel() (fields, error) {
	var in massPage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	m, err := c.findMass(in.MsgID, true)
	if err != nil {
		return nil, err
	}
	if m.Cancelled {
		return nil, refuse(41093, "msg has been cancelled")
	}
	c.t.do(op{K: opCancel, ID: m.ID})
	return nil, nil
}

// massSent is the status of a task that was confirmed.
const massSent = 2

// shownParts are attachments as they are read back: of pictures the media id rather than the address.
func shownParts(parts []wecom.Attachment) []wecom.Attachment {
	out := append([]wecom.Attachment{}, parts...)
	for i := range out {
		if p := out[i].Image; p != nil && p.MediaID != "" && p.PicURL != "" {
			out[i].Image = &wecom.Image{MediaID: p.MediaID}
		}
	}
	return out
}

// ownMass lets a member send to customers or groups of their own by hand; it counts for what they may receive like any
// other. It returns the results, or nil if there is nobody to send to.
func (s *Server) ownMass(t *transaction, user, chatType, text string, to []string) []int8 {
	if len(to) == 0 {
		return nil
	}
	m := &mass{ID: mint(s.st.World.Seed, "msg", s.st.next(), 28), ChatType: chatType, Created: t.At, Text: text, Creator: user,
		Tasks: []*massTask{{User: user, Recipients: to}}}
	t.do(op{K: opMass, Mass: m})
	s.confirm(t, user, m.ID)
	return s.st.Mass[m.ID].task(user).Results
}
