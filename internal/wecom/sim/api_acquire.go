package sim

import (
	"slices"
	"strings"
)

type linkRequest struct {
	ID    string  `json:"link_id"`
	Name  *string `json:"link_name"`
	Range *struct {
		Users   []string `json:"user_list"`
		Parties []int64  `json:"department_list"`
	} `json:"range"`
	SkipVerify *bool `json:"skip_verify"`
	MarkSource *bool `json:"mark_source"`
	Priority   *struct {
		Type  int      `json:"priority_type"`
		Users []string `json:"priority_userid_list"`
	} `json:"priority_option"`
	Start  int64  `json:"start_time"`
	End    int64  `json:"end_time"`
	Cursor string `json:"cursor"`
	Limit  int    `json:"limit"`
}

func (c *call) linkRequest() (in linkRequest, err error) {
	if err = c.decode(&in); err == nil && c.st.World.Acquisition.Closed {
		err = refuse(41200, "customer acquisition is not open to this industry")
	}
	return in, err
}

// link finds a link of the app that is still valid.
func (c *call) link() (in linkRequest, l *link, err error) {
	if in, err = c.linkRequest(); err != nil {
		return in, nil, err
	}
	if in.ID == "" {
		return in, nil, refuse(40063, "some parameters are empty")
	}
	if l = c.st.Acquire.Links[in.ID]; l == nil || l.Gone {
		return in, nil, refuse(40058, "invalid link_id")
	}
	return in, l, nil
}

// shape writes a request into a link.
func (c *call) shape(l *link, in linkRequest) error {
	if in.Name != nil {
		if n := chars(*in.Name); n < 1 || n > 30 {
			return refuse(40058, "link_name must have 1 to 30 characters")
		}
		l.Name = *in.Name
	}
	if in.SkipVerify != nil {
		l.SkipVerify = *in.SkipVerify
	}
	if in.MarkSource != nil {
		l.MarkSource = *in.MarkSource
	}
	if in.Range != nil {
		for _, u := range in.Range.Users {
			m, err := c.visible(u)
			switch {
			case err != nil:
				return err
			case m.NoSeat:
				return refuse(84074, "no external contact right")
			}
		}
		for _, p := range in.Range.Parties {
			if !c.st.subtree(p)[p] {
				return refuse(60003, "department not found")
			}
		}
		switch n := len(c.s.seats(in.Range.Users, in.Range.Parties)); {
		case len(in.Range.Users)+len(in.Range.Parties) == 0:
			return refuse(40063, "some parameters are empty")
		case n > 500:
			return refuse(40058, "range has more than 500 users")
		case n == 0:
			return refuse(84074, "no external contact right")
		}
		l.Users, l.Parties, l.Unavailable = in.Range.Users, in.Range.Parties, false
	}
	if p := in.Priority; p != nil {
		switch {
		case p.Type != 1 && p.Type != 2:
			return refuse(40058, "invalid priority_type")
		case p.Type == 2 && len(p.Users) == 0:
			return refuse(40063, "some parameters are empty")
		case len(p.Users) > 1000:
			return refuse(40032, "userid list too long")
		}
		l.Priority, l.First = p.Type, nil
		if p.Type == 2 {
			for _, u := range p.Users {
				m, err := c.visible(u)
				if err != nil {
					return err
				}
				l.First = append(l.First, m.UserID)
			}
		}
	}
	return nil
}

func (c *call) createLink() (fields, error) {
	in, err := c.linkRequest()
	if err != nil {
		return nil, err
	}
	if in.Name == nil || in.Range == nil {
		return nil, refuse(40063, "some parameters are empty")
	}
	n := 0
	for _, l := range c.st.Acquire.Links {
		n += int(b2f(!l.Gone))
	}
	if n >= c.st.World.Limits.links() {
		return nil, refuse(41095, "link count exceeds limit")
	}
	l := link{Created: c.t.At, SkipVerify: true, Days: map[int32]*linkDay{}}
	if err := c.shape(&l, in); err != nil {
		return nil, err
	}
	l.ID = mint(c.st.World.Seed, "ca", c.st.next(), 16)
	c.t.change(op{K: opLink}, l)
	return fields{"link": fields{"link_id": l.ID, "link_name": l.Name, "url": c.s.linkURL(l.ID), "create_time": l.Created / 1000}}, nil
}

func (c *call) updateLink() (fields, error) {
	in, old, err := c.link()
	if err != nil {
		return nil, err
	}
	next := *old
	if err := c.shape(&next, in); err != nil {
		return nil, err
	}
	c.t.change(op{K: opLink}, next)
	return nil, nil
}

func (c *call) deleteLink() (fields, error) {
	_, l, err := c.link()
	if err != nil {
		return nil, err
	}
	next := *l
	next.Gone = true
	c.t.change(op{K: opLink}, next)
	return nil, nil
}

func (c *call) getLink() (fields, error) {
	_, l, err := c.link()
	if err != nil {
		return nil, err
	}
	out := fields{
		"link": fields{"link_id": l.ID, "link_name": l.Name, "url": c.s.linkURL(l.ID), "create_time": l.Created / 1000,
			"skip_verify": l.SkipVerify, "mark_source": l.MarkSource},
		"range": fields{"user_list": append([]string{}, l.Users...), "department_list": append([]int64{}, l.Parties...)},
	}
	if l.Priority != 0 {
		out["priority_option"] = fields{"priority_type": l.Priority, "priority_userid_list": append([]string{}, l.First...)}
	}
	return out, nil
}

func (c *call) listLinks() (fields, error) {
	in, err := c.linkRequest()
	if err != nil {
		return nil, err
	}
	if in.Limit < 0 || in.Limit > 100 {
		return nil, refuse(40058, "invalid limit")
	}
	ids := slices.DeleteFunc(sortedKeys(c.st.Acquire.Links), func(id string) bool { return c.st.Acquire.Links[id].Gone })
	some, next, err := page("links", in.Cursor, within(in.Limit, 100, 100), ids)
	if err != nil {
		return nil, err
	}
	return fields{"link_id_list": append([]string{}, some...), "next_cursor": next}, nil
}

func (c *call) linkCustomers() (fields, error) {
	in, l, err := c.link()
	if err != nil {
		return nil, err
	}
	if in.Limit < 0 || in.Limit > 1000 {
		return nil, refuse(40058, "invalid limit")
	}
	states := map[string]string{}
	var keys []string
	for _, cust := range l.Customers {
		if c.sees(cust.User) {
			k := cust.Ext + "|" + cust.User
			keys = append(keys, k)
			states[k] = cust.State
		}
	}
	slices.Sort(keys)
	some, next, err := page("linkcustomer", in.Cursor, within(in.Limit, 1000, 1000), slices.Compact(keys))
	if err != nil {
		return nil, err
	}
	rows := []fields{}
	for _, k := range some {
		ext, user, _ := strings.Cut(k, "|")
		status := 0
		if e := c.st.edge(user, ext); e != nil && e.Heard > 0 {
			status = 1
		}
		rows = append(rows, fields{"external_userid": ext, "userid": user, "chat_status": status, "state": states[k]})
	}
	return fields{"customer_list": rows, "next_cursor": next}, nil
}

func (c *call) linkStatistic() (fields, error) {
	in, l, err := c.link()
	if err != nil {
		return nil, err
	}
	if in.End == 0 {
		return nil, refuse(40063, "some parameters are empty")
	}
	from, to, err := c.spanDays(in.Start, in.End)
	if err != nil {
		return nil, err
	}
	clicked, fresh := map[string]bool{}, 0
	for day := from; day <= to; day++ {
		if d := l.Days[day]; d != nil {
			fresh += d.New
			for _, who := range d.Clicked {
				clicked[who] = true
			}
		}
	}
	return fields{"click_link_customer_cnt": len(clicked), "new_customer_cnt": fresh}, nil
}

func (c *call) linkChat() (fields, error) {
	var in struct {
		Key string `json:"chat_key"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Key == "" {
		return nil, refuse(40063, "some parameters are empty")
	}
	k := c.st.Acquire.Keys[in.Key]
	if k == nil || c.t.At-k.At > chatKeyLife {
		return nil, refuse(41201, "invalid chat_key")
	}
	return fields{"userid": k.User, "external_userid": k.Ext, "chat_info": fields{"recv_msg_cnt": k.Heard, "link_id": k.Link, "state": k.State}}, nil
}

func (c *call) linkQuota() (fields, error) {
	if c.st.World.Acquisition.Closed {
		return nil, refuse(41200, "customer acquisition is not open to this industry")
	}
	lots := []fields{}
	for _, l := range c.st.Acquire.Quota {
		if l.Expires > c.t.At {
			lots = append(lots, fields{"expire_date": expiry(l.Expires), "balance": l.Balance})
		}
	}
	return fields{"total": c.st.Acquire.Bought, "balance": c.st.Acquire.balance(c.t.At), "quota_list": lots}, nil
}
