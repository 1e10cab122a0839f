package sim

import "qunce/internal/wecom"

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
	case w.RoomBaseID < 0:
		return w, refuse(40058, "invalid room_base_id")
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
	if err := c.wayQuota(false); err != nil {
		return nil, err
	}
	w.ConfigID = mint(c.st.World.Seed, "", c.st.next(), 32)
	if w.QRCode = ""; w.Scene == 2 {
		w.QRCode = c.s.qrURL(qrJoin, w.ConfigID)
	}
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
	out := fields{"config_id": w.ConfigID, "scene": w.Scene, "remark": w.Remark, "auto_create_room": w.AutoCreateRoom, "room_base_name": w.RoomBaseName,
		"room_base_id": w.RoomBaseID, "chat_id_list": append([]string{}, w.ChatIDs...), "state": w.State, "mark_source": w.MarkSource}
	if w.Scene == 2 {
		out["qr_code"] = w.QRCode
	}
	return fields{"join_way": out}, nil
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
	if w.ConfigID, w.QRCode = old.ConfigID, ""; w.Scene == 2 {
		w.QRCode = c.s.qrURL(qrJoin, w.ConfigID)
	}
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
