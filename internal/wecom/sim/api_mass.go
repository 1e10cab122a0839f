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
		if err != nil {
			return nil, err
		}
		in.Sender = m.UserID
	}
	m := &mass{ID: "", ChatType: in.ChatType, Created: c.t.At, Parts: in.Attachments}
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
	if len(in.ExternalIDs) > 10_000 {
		return nil, nil, refuse(40058, "external_userid has more than 10000 entries")
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
			if !e.alive() || c.st.member(user).Hidden || in.Sender != "" && user != in.Sender || !tagged(e, filter) {
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
	if len(in.ChatIDs) > 2000 {
		return nil, nil, refuse(40058, "chat_id_list has more than 2000 entries")
	}
	ids := in.ChatIDs
	if len(ids) == 0 {
		ids = sortedKeys(c.st.Groups)
	}
	var mine []string
	for _, id := range ids {
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
		if i < from || m.ChatType != in.ChatType || in.Creator != "" || in.Type != nil && *in.Type == 1 {
			continue
		}
		if len(rows) == in.Limit {
			next = cursor("mass", strconv.Itoa(i))
			break
		}
		row := fields{"msgid": m.ID, "create_time": m.Created / 1000, "create_type": 0, "attachments": append([]wecom.Attachment{}, m.Parts...)}
		if m.Text != "" {
			row["text"] = wecom.Text{Content: m.Text}
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
	rows := make([]wecom.GroupMsgMember, 0, len(some))
	for _, u := range some {
		t := m.task(u)
		rows = append(rows, wecom.GroupMsgMember{UserID: u, Status: t.Status, SendTime: t.SentAt / 1000})
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
	who := c.st.member(in.UserID)
	if who == nil || m.task(who.UserID) == nil {
		return nil, refuse(40003, "invalid userid")
	}
	t := m.task(who.UserID)
	if in.Limit < 1 || in.Limit > 1000 {
		in.Limit = 500
	}
	rows := make([]wecom.GroupMsgSend, 0, len(t.Recipients))
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
		row := wecom.GroupMsgSend{UserID: t.User}
		if t.Status == 2 {
			row.Status, row.SendTime = int(t.Results[i]), t.SentAt/1000
		}
		if m.ChatType == wecom.ChatSingle {
			row.ExternalUserID = t.Recipients[i]
		} else if row.ChatID = t.Recipients[i]; t.Status != 2 {
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
	if !m.Cancelled {
		c.t.do(op{K: opCancel, ID: m.ID})
	}
	return nil, nil
}
