package sim

import (
	"slices"
	"strconv"
)

type momentPage struct {
	ID     string `json:"moment_id"`
	UserID string `json:"userid"`
	Cursor string `json:"cursor"`
	Limit  int    `json:"limit"`
}

// moment finds a moment of the request; corp = one of the corp's is wanted.
func (c *call) moment(id string, corp bool) (*moment, error) {
	m := c.st.Talk.Moments.All[id]
	switch {
	case id == "":
		return nil, refuse(41059, "missing moment id")
	case m == nil || m.deleted():
		return nil, refuse(41060, "invalid moment id")
	case corp && m.Creator != "":
		return nil, refuse(41067, "moment is not created by the corp")
	}
	if at, ok := c.s.talk.made[id]; ok {
		if c.s.wall.Now().Sub(at) < dispatching {
			return nil, refuse(41079, "moment is being dispatched")
		}
		delete(c.s.talk.made, id)
	}
	return m, nil
}

// published finds a member's part that the member has published.
func (c *call) published(in *momentPage) (*momentTask, error) {
	m, err := c.moment(in.ID, false)
	if err != nil {
		return nil, err
	}
	who, err := c.visible(in.UserID)
	if err != nil {
		return nil, err
	}
	t := m.task(who.UserID)
	switch {
	case t == nil:
		return nil, refuse(41061, "moment does not belong to the user")
	case t.Published == 0 || t.Deleted:
		return nil, refuse(41062, "moment is not published by the user")
	}
	return t, nil
}

// over falls back to the default, as these APIs do with a limit that is too large.
func over(limit, otherwise, most int) int {
	if limit < 1 || limit > most {
		return otherwise
	}
	return limit
}

func (c *call) momentCancel() (fields, error) {
	var in momentPage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	m, err := c.moment(in.ID, true)
	if err != nil {
		return nil, err
	}
	if !m.Cancelled {
		c.t.do(op{K: opMomentCancel, ID: m.ID})
	}
	return nil, nil
}

func (c *call) momentList() (fields, error) {
	var in struct {
		Start   int64  `json:"start_time"`
		End     int64  `json:"end_time"`
		Creator string `json:"creator"`
		Type    *int   `json:"filter_type"`
		Cursor  string `json:"cursor"`
		Limit   int    `json:"limit"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Start <= 0 || in.End < in.Start || in.End-in.Start > 30*86_400 {
		return nil, refuse(40058, "invalid time range")
	}
	kind := 2
	if in.Type != nil {
		kind = *in.Type
	}
	if kind < 0 || kind > 2 {
		return nil, refuse(40058, "invalid filter_type")
	}
	after, err := position("moment", in.Cursor)
	if err != nil {
		return nil, err
	}
	from := 0
	if after != "" {
		if from, err = strconv.Atoi(after); err != nil || from < 0 {
			return nil, refuse(50100, "invalid cursor")
		}
	}
	limit, rows, next := over(in.Limit, 20, 20), []fields{}, ""
	order := c.st.Talk.Moments.Order
	for i := from; i < len(order); i++ {
		m := c.st.Talk.Moments.All[order[i]]
		if at := m.Created / 1000; at < in.Start || at > in.End || m.deleted() || kind == 0 && m.Creator != "" || kind == 1 && m.Creator == "" || in.Creator != "" && lower(m.Creator) != lower(in.Creator) {
			continue
		}
		if len(rows) == limit {
			next = cursor("moment", strconv.Itoa(i))
			break
		}
		rows = append(rows, m.row())
	}
	return fields{"moment_list": rows, "next_cursor": next}, nil
}

func (m *moment) row() fields {
	row := fields{"moment_id": m.ID, "create_time": m.Created / 1000, "create_type": 0, "visible_type": 1}
	if m.Creator != "" {
		row["creator"], row["create_type"] = m.Creator, 1
	}
	if m.Partial {
		row["visible_type"] = 0
	}
	if m.Text != "" {
		row["text"] = fields{"content": m.Text}
	}
	var pictures []fields
	for _, p := range m.Parts {
		switch p.Type {
		case "image":
			pictures = append(pictures, fields{"media_id": p.MediaID})
		case "video":
			row["video"] = fields{"media_id": p.MediaID, "thumb_media_id": p.MediaID}
		case "link":
			row["link"] = fields{"title": p.Title, "url": p.URL}
		}
	}
	if pictures != nil {
		row["image"] = pictures
	}
	return row
}

func (c *call) momentTasks() (fields, error) {
	var in momentPage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	m, err := c.moment(in.ID, true)
	if err != nil {
		return nil, err
	}
	users := make([]string, 0, len(m.Tasks))
	for _, t := range m.Tasks {
		users = append(users, t.User)
	}
	slices.Sort(users)
	some, next, err := page("momenttask", in.Cursor, over(in.Limit, 500, 1000), users)
	if err != nil {
		return nil, err
	}
	rows := make([]fields, 0, len(some))
	for _, u := range some {
		rows = append(rows, fields{"userid": u, "publish_status": int(b2f(m.task(u).Published > 0))})
	}
	return fields{"task_list": rows, "next_cursor": next}, nil
}

func (c *call) momentCustomers() (fields, error) {
	var in momentPage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	t, err := c.published(&in)
	if err != nil {
		return nil, err
	}
	some, next, err := page("momentcustomer", in.Cursor, over(in.Limit, 500, 1000), t.Customers)
	if err != nil {
		return nil, err
	}
	rows := make([]fields, 0, len(some))
	for _, ext := range some {
		rows = append(rows, fields{"userid": t.User, "external_userid": ext})
	}
	return fields{"customer_list": rows, "next_cursor": next}, nil
}

func (c *call) momentSeen() (fields, error) {
	var in momentPage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	t, err := c.published(&in)
	if err != nil {
		return nil, err
	}
	some, next, err := page("momentseen", in.Cursor, over(in.Limit, 3000, 5000), t.Seen)
	if err != nil {
		return nil, err
	}
	rows := make([]fields, 0, len(some))
	for _, ext := range some {
		rows = append(rows, fields{"external_userid": ext})
	}
	return fields{"customer_list": rows, "next_cursor": next}, nil
}

func (c *call) momentComments() (fields, error) {
	var in momentPage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	t, err := c.published(&in)
	if err != nil {
		return nil, err
	}
	so := func(marks []momentMark) []fields {
		rows := []fields{}
		for _, m := range marks {
			if m.At <= c.t.At {
				rows = append(rows, fields{"external_userid": m.Ext, "create_time": m.At / 1000})
			}
		}
		return rows
	}
	return fields{"comment_list": so(t.Comments), "like_list": so(t.Likes)}, nil
}
