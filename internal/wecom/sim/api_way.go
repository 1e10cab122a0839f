package sim

import (
	"slices"

	"qunce/internal/wecom"
)

// checkSeats refuses ways with members who cannot receive customers, or with more than 100 of them.
func (c *call) checkSeats(kind int, users []string, parties []int64) error {
	if kind == 1 && (len(users) != 1 || len(parties) > 0) {
		return refuse(41041, "contact way user count is invalid")
	}
	if len(users)+len(parties) == 0 {
		return refuse(41041, "contact way user count is invalid")
	}
	for _, u := range users {
		m, err := c.visible(u)
		switch {
		case err != nil:
			return err
		case m.NoSeat:
			return refuse(84074, "no external contact right")
		case m.Inactive:
			return refuse(41054, "user not activated")
		}
	}
	for _, p := range parties {
		if !c.st.subtree(p)[p] {
			return refuse(60003, "department not found")
		}
	}
	if n := len(c.s.seats(users, parties)); n > 100 {
		return refuse(41041, "contact way user count is invalid")
	}
	return nil
}

func checkWords(remark, state string) error {
	if chars(remark) > 30 {
		return refuse(40058, "remark is longer than 30 characters")
	}
	if chars(state) > 30 {
		return refuse(40058, "state is longer than 30 characters")
	}
	return nil
}

func (c *call) addWay() (fields, error) {
	in := struct {
		wecom.ContactWay
		SkipVerify *bool `json:"skip_verify"`
	}{}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	w := in.ContactWay
	w.SkipVerify = in.SkipVerify == nil || *in.SkipVerify
	switch {
	case w.Type == 0:
		return nil, refuse(41037, "missing contact way type")
	case w.Scene == 0:
		return nil, refuse(41038, "missing contact way scene")
	case w.Type != 1 && w.Type != 2:
		return nil, refuse(41039, "invalid contact way type")
	case w.Scene != 1 && w.Scene != 2:
		return nil, refuse(41040, "invalid contact way scene")
	case len(c.st.Ways)+len(c.st.Joins) >= 500_000:
		return nil, refuse(41045, "contact way count exceeds limit")
	}
	if err := checkWords(w.Remark, w.State); err != nil {
		return nil, err
	}
	if err := c.checkSeats(w.Type, w.Users, w.Parties); err != nil {
		return nil, err
	}
	w.ConfigID = mint(c.st.World.Seed, "", c.st.next(), 32)
	out := fields{"config_id": w.ConfigID}
	if w.QRCode = ""; w.Scene == 2 {
		w.QRCode = c.s.qrURL(qrWay, w.ConfigID)
		out["qr_code"] = w.QRCode
	}
	c.t.do(op{K: opWay, Way: &contactWay{ContactWay: w, Created: c.t.At}})
	return out, nil
}

type configID struct {
	ConfigID string `json:"config_id"`
}

func (c *call) way() (*contactWay, error) {
	var in configID
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.ConfigID == "" {
		return nil, refuse(41043, "missing config id")
	}
	w := c.st.Ways[in.ConfigID]
	if w == nil {
		return nil, refuse(41044, "invalid config id")
	}
	return w, nil
}

func (c *call) getWay() (fields, error) {
	w, err := c.way()
	if err != nil {
		return nil, err
	}
	out := w.ContactWay
	out.Users = append([]string{}, out.Users...)
	return fields{"contact_way": out}, nil
}

func (c *call) listWay() (fields, error) {
	var in struct {
		Start  int64  `json:"start_time"`
		End    int64  `json:"end_time"`
		Cursor string `json:"cursor"`
		Limit  int    `json:"limit"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	now := c.st.Now / 1000
	if in.End == 0 {
		in.End = now
	}
	if in.Start == 0 {
		in.Start = now - 90*86400
	}
	var ids []string
	for id, w := range c.st.Ways {
		if at := w.Created / 1000; at >= in.Start && at <= in.End && !w.IsTemp {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	some, next, err := page("way", in.Cursor, within(in.Limit, 100, 1000), ids)
	if err != nil {
		return nil, err
	}
	rows := make([]configID, 0, len(some))
	for _, id := range some {
		rows = append(rows, configID{id})
	}
	out := fields{"contact_way": rows}
	if next != "" {
		out["next_cursor"] = next
	}
	return out, nil
}

func (c *call) updateWay() (fields, error) {
	old, err := c.way()
	if err != nil {
		return nil, err
	}
	var in struct {
		Remark     *string  `json:"remark"`
		SkipVerify *bool    `json:"skip_verify"`
		Style      *int     `json:"style"`
		State      *string  `json:"state"`
		Users      []string `json:"user"`
		Parties    []int64  `json:"party"`
		MarkSource *bool    `json:"mark_source"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	w := *old
	set(&w.Remark, in.Remark)
	set(&w.State, in.State)
	if in.SkipVerify != nil {
		w.SkipVerify = *in.SkipVerify
	}
	if in.Style != nil {
		w.Style = *in.Style
	}
	if in.MarkSource != nil {
		w.MarkSource = *in.MarkSource
	}
	if in.Users != nil || in.Parties != nil {
		w.Users, w.Parties = in.Users, in.Parties
	}
	if err := checkWords(w.Remark, w.State); err != nil {
		return nil, err
	}
	if err := c.checkSeats(w.Type, w.Users, w.Parties); err != nil {
		return nil, err
	}
	c.t.do(op{K: opWay, Way: &w})
	return nil, nil
}

func (c *call) delWay() (fields, error) {
	w, err := c.way()
	if err != nil {
		return nil, err
	}
	c.t.do(op{K: opWayDel, ID: w.ConfigID})
	return nil, nil
}

func (c *call) readJoin() (wecom.JoinWay, error) {
	in := struct {
		wecom.JoinWay
		Auto *int `json:"auto_create_room"`
	}{}
	if err := c.decode(&in); err != nil {
		return wecom.JoinWay{}, err
	}
	w := in.JoinWay
	if w.AutoCreateRoom = 1; in.Auto != nil {
		w.AutoCreateRoom = *in.Auto
	}
	switch {
	case w.Scene != 1 && w.Scene != 2:
		return w, refuse(40058, "invalid scene")
	case w.AutoCreateRoom != 0 && w.AutoCreateRoom != 1:
		return w, refuse(40058, "invalid auto_create_room")
	case chars(w.RoomBaseName) > 40:
		return w, refuse(40058, "room_base_name is longer than 40 characters")
	case len(w.ChatIDs) == 0:
		return w, refuse(40063, "some parameters are empty")
	case len(w.ChatIDs) > 5:
		return w, refuse(41091, "join way chat count exceeds limit")
	}
	if r := []rune(w.Remark); len(r) > 30 {
		w.Remark = string(r[:30])
	}
	if err := checkWords("", w.State); err != nil {
		return w, err
	}
	for _, id := range w.ChatIDs {
		if _, err := c.group(id); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (c *call) addJoin() (fields, error) {
	w, err := c.readJoin()
	if err != nil {
		return nil, err
	}
	if len(c.st.Ways)+len(c.st.Joins) >= 500_000 {
		return nil, refuse(41045, "contact way count exceeds limit")
	}
	w.ConfigID = mint(c.st.World.Seed, "", c.st.next(), 32)
	w.QRCode = c.s.qrURL(qrJoin, w.ConfigID)
	c.t.do(op{K: opJoin, Join: &w})
	return fields{"config_id": w.ConfigID}, nil
}

func (c *call) join() (*wecom.JoinWay, error) {
	var in configID
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.ConfigID == "" {
		return nil, refuse(41043, "missing config id")
	}
	w := c.st.Joins[in.ConfigID]
	if w == nil {
		return nil, refuse(41044, "invalid config id")
	}
	return w, nil
}

func (c *call) getJoin() (fields, error) {
	w, err := c.join()
	if err != nil {
		return nil, err
	}
	return fields{"join_way": *w}, nil
}

func (c *call) updateJoin() (fields, error) {
	old, err := c.join()
	if err != nil {
		return nil, err
	}
	w, err := c.readJoin()
	if err != nil {
		return nil, err
	}
	w.ConfigID, w.QRCode = old.ConfigID, old.QRCode
	c.t.do(op{K: opJoin, Join: &w})
	return nil, nil
}

func (c *call) delJoin() (fields, error) {
	w, err := c.join()
	if err != nil {
		return nil, err
	}
	c.t.do(op{K: opJoinDel, ID: w.ConfigID})
	return nil, nil
}
