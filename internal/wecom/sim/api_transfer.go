package sim

import (
	"fmt"
	"slices"
	"strings"
)

// taker checks who is to take over.
func (c *call) taker(userID string) (*Member, error) {
	m, err := c.visible(userID)
	switch {
	case err != nil:
		return nil, err
	case m.NoSeat:
		return nil, refuse(84074, "no external contact right")
	case m.Inactive:
		return nil, refuse(41054, "user not activated")
	}
	return m, nil
}

type transferRequest struct {
	From   string   `json:"handover_userid"`
	To     string   `json:"takeover_userid"`
	Ext    []string `json:"external_userid"`
	Words  string   `json:"transfer_success_msg"`
	Cursor string   `json:"cursor"`
}

// giver finds who hands over: a member, or one who resigned. The member is nil for the latter.
func (c *call) giver(userID string) (id string, m *Member, err error) {
	if l := c.st.left(userID); l != nil && !l.Member.Hidden {
		return l.Member.UserID, nil, nil
	}
	if m, err = c.visible(userID); err != nil {
		return "", nil, err
	}
	return m.UserID, m, nil
}

func (c *call) transferCustomer() (fields, error) { return c.transfer(false) }
func (c *call) transferResigned() (fields, error) { return c.transfer(true) }

func (c *call) transfer(resigned bool) (fields, error) {
	var in transferRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	switch {
	case in.From == "" || in.To == "" || len(in.Ext) == 0:
		return nil, refuse(40063, "some parameters are empty")
	case len(in.Ext) > 100:
		return nil, refuse(40058, "external_userid has more than 100 entries")
	case chars(in.Words) > 200:
		return nil, refuse(40058, "transfer_success_msg is longer than 200 characters")
	}
	from, giver, err := c.giver(in.From)
	if err != nil {
		return nil, err
	}
	if giver == nil && !resigned {
		return nil, refuse(40003, "invalid userid: has resigned")
	}
	to, err := c.taker(in.To)
	if err != nil {
		return nil, err
	}
	record := "resigned|" + from
	if resigned && c.s.writes.under(c.s, record) {
		return nil, refuse(45035, "concurrent write to the same record")
	}
	if in.Words == "" || resigned {
		in.Words = "您好，您的服务已升级，后续将由我接替同事继续为您服务。"
	}
	rows := []fields{}
	for _, ext := range in.Ext {
		code := c.mayTransfer(from, giver, to, ext, resigned)
		if code == 0 {
			c.s.writes.begin(c.s, record)
			c.s.startTransfer(c.t, transfer{From: from, To: to.UserID, Ext: ext, Resigned: resigned, Words: in.Words})
		}
		rows = append(rows, fields{"external_userid": ext, "errcode": code})
	}
	return fields{"customer": rows}, nil
}

// mayTransfer is the errcode of one customer.
func (c *call) mayTransfer(from string, giver, to *Member, ext string, resigned bool) int {
	e := c.st.edge(from, ext)
	switch {
	case c.st.people[ext] == nil:
		return 40096
	case from == to.UserID:
		return 40130
	case resigned && giver != nil:
		return 40097
	case giver != nil && giver.Stale || to.Stale:
		return 40205
	case giver != nil && giver.Banned || to.Banned:
		return 40143
	case giver != nil && giver.Unverified || to.Unverified:
		return 40098
	case resigned && dayNo(c.st.Now)-dayNo(c.st.left(from).At) > 365:
		return 40131
	case !e.alive() || e.TempTo != 0:
		return 40131
	case c.st.waiting(from, "", ext) != nil && resigned:
		return 40100
	case c.st.waiting(from, "", ext) != nil:
		return 40129
	case !resigned && c.st.moved(ext) >= 2:
		return 40128
	case len(c.st.byUser[to.UserID]) >= c.st.World.Limits.customers() && len(c.st.customers(to.UserID)) >= c.st.World.Limits.customers():
		return 40099
	}
	return 0
}

func (c *call) transferResult() (fields, error)         { return c.transferred(false) }
func (c *call) transferResignedResult() (fields, error) { return c.transferred(true) }

func (c *call) transferred(resigned bool) (fields, error) {
	var in transferRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.From == "" || in.To == "" {
		return nil, refuse(40063, "some parameters are empty")
	}
	from, _, err := c.giver(in.From)
	if err != nil {
		return nil, err
	}
	to, _, err := c.giver(in.To)
	if err != nil {
		return nil, err
	}
	pair := c.st.Staffing.pairs[chatOf(from, to)]
	var keys []string
	for _, ext := range sortedKeys(pair) {
		if pair[ext].Resigned == resigned {
			keys = append(keys, ext)
		}
	}
	some, next, err := page("transfer", in.Cursor, 1000, keys)
	if err != nil {
		return nil, err
	}
	rows := []fields{}
	for _, ext := range some {
		x := pair[ext]
		at := int64(0)
		switch x.Status {
		case transferDone:
			at = x.Ended / 1000
		case transferWaiting:
			at = x.Due / 1000
		}
		rows = append(rows, fields{"external_userid": ext, "status": x.Status, "takeover_time": at})
	}
	return fields{"customer": rows, "next_cursor": next}, nil
}

// unassignedList lists whom nobody has taken over yet, the last resignation first.
func (c *call) unassignedList() (fields, error) {
	var in struct {
		Cursor string `json:"cursor"`
		Page   int    `json:"page_id"`
		Size   int    `json:"page_size"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Size < 0 || in.Size > 1000 {
		return nil, refuse(40058, "invalid page_size")
	}
	if in.Size == 0 {
		in.Size = 1000
	}
	var keys []string
	for _, l := range c.st.Staffing.Left {
		if l.Member.Hidden {
			continue
		}
		for _, ext := range c.st.unassigned(l.Member.UserID) {
			if c.st.waiting(l.Member.UserID, "", ext) == nil {
				keys = append(keys, fmt.Sprintf("%012d|%s|%s", latest-l.At/1000, l.Member.UserID, ext))
			}
		}
	}
	slices.Sort(keys)
	if in.Cursor == "" { // the old paging by number
		keys = keys[min(max(in.Page, 0)*in.Size, len(keys)):]
	}
	some, next, err := page("unassigned", in.Cursor, in.Size, keys)
	if err != nil {
		return nil, err
	}
	info := []fields{}
	for _, k := range some {
		part := strings.SplitN(k, "|", 3)
		info = append(info, fields{"handover_userid": part[1], "external_userid": part[2], "dimission_time": c.st.left(part[1]).At / 1000})
	}
	return fields{"info": info, "is_last": next == "", "next_cursor": next}, nil
}

// latest is a time that nobody resigns after; later resignations sort first by what is left to it.
const latest = 99_999_999_999

func (c *call) groupTransfer() (fields, error)      { return c.transferGroups(true) }
func (c *call) groupOnjobTransfer() (fields, error) { return c.transferGroups(false) }

func (c *call) transferGroups(resigned bool) (fields, error) {
	var in struct {
		Chats []string `json:"chat_id_list"`
		Owner string   `json:"new_owner"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	switch {
	case len(in.Chats) == 0 || in.Owner == "":
		return nil, refuse(40063, "some parameters are empty")
	case len(in.Chats) > 100:
		return nil, refuse(40058, "chat_id_list has more than 100 entries")
	}
	to, err := c.taker(in.Owner)
	if err != nil {
		return nil, err
	}
	if to.Unverified {
		return nil, refuse(40098, "user is not real-name verified")
	}
	failed := []fields{}
	for _, chat := range in.Chats {
		code, text := c.mayMove(chat, to, resigned)
		if code != 0 {
			failed = append(failed, fields{"chat_id": chat, "errcode": code, "errmsg": text})
			continue
		}
		g := c.st.Groups[chat]
		if resigned {
			c.t.do(op{K: opInherit, Chat: chat, User: to.UserID})
			wait := minuteMS + dice(c.st.World.Seed, "inherit", chat, to.UserID).Int64N(50*minuteMS)
			c.t.later(c.t.At+wait, act{Kind: actInherit, Chat: chat})
			continue
		}
		if g.Members[to.UserID] == nil {
			c.t.do(op{K: opEnter, Chat: chat, Ext: to.UserID, N: 1, User: g.Owner})
		}
		c.t.do(op{K: opMoved, Chat: chat, User: to.UserID})
	}
	return fields{"failed_chat_list": failed}, nil
}

func (c *call) mayMove(chat string, to *Member, resigned bool) (code int, text string) {
	g := c.st.Groups[chat]
	if g == nil || g.Dismissed {
		return 90501, "chat is not external group chat"
	}
	gone := c.st.left(g.Owner) != nil
	switch {
	case g.Status == groupInheriting:
		return 90507, "the chat is being inherited"
	case resigned && g.Status == groupInherited && !gone:
		return 90508, "the chat has been inherited"
	case resigned && !gone:
		return 90500, "the owner of this chat is not resigned"
	case !resigned && gone:
		return 90502, "the owner of this chat has resigned"
	case g.Owner == to.UserID:
		return 90504, "the owner of this chat is not changed"
	case g.Members[to.UserID] == nil && len(g.Members) >= c.st.World.Limits.groupSize():
		return 90503, "the chat is full"
	}
	if !resigned {
		n := 0
		for _, at := range g.Moves {
			n += int(b2f(dayNo(at) > dayNo(c.st.Now)-quarter))
		}
		if n >= 2 {
			return 40128, "transferred too often"
		}
	}
	if c.st.Staffing.handed(g.Owner, dayNo(c.st.Now)) >= c.st.World.Limits.groupsPerDay() {
		return 45009, "api freq out of limit"
	}
	return 0, ""
}
