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

// ending is what a temporary chat says at its end: text, and the first of the others that is there.
type ending struct {
	Text  *wecom.Text        `json:"text,omitempty"`
	Image *wecom.Image       `json:"image,omitempty"`
	Link  *wecom.Link        `json:"link,omitempty"`
	Mini  *wecom.MiniProgram `json:"miniprogram,omitempty"`
}

func (x *ending) check() error {
	switch {
	case x.Text != nil && len(x.Text.Content) > 4000:
		return refuse(45002, "content size out of limit")
	case x.Image != nil && x.Image.MediaID == "":
		return refuse(40063, "some parameters are empty")
	case x.Image != nil:
		return nil
	case x.Link != nil:
		return checkPart(wecom.Attachment{MsgType: "link", Link: x.Link})
	case x.Mini != nil:
		return checkPart(wecom.Attachment{MsgType: "miniprogram", MiniProgram: x.Mini})
	}
	return nil
}

// parts is what stands in the chat.
func (x *ending) parts() (text string, parts []wecom.Attachment) {
	if x.Text != nil {
		text = x.Text.Content
	}
	switch {
	case x.Image != nil:
		parts = []wecom.Attachment{{MsgType: "image", Image: x.Image}}
	case x.Link != nil:
		parts = []wecom.Attachment{{MsgType: "link", Link: x.Link}}
	case x.Mini != nil:
		parts = []wecom.Attachment{{MsgType: "miniprogram", MiniProgram: x.Mini}}
	}
	return text, parts
}

// show is the ending as it is read back: pictures by their address.
func (x *ending) show(picture func(mediaID string) string) fields {
	out := fields{}
	if x.Text != nil {
		out["text"] = x.Text
	}
	if x.Image != nil {
		out["image"] = fields{"pic_url": picture(x.Image.MediaID)}
	}
	if x.Link != nil {
		out["link"] = x.Link
	}
	if x.Mini != nil {
		out["miniprogram"] = x.Mini
	}
	return out
}

const (
	tempWayDays  = 7  // a temporary way lives so long if nothing else is said
	tempWayMost  = 14 // and never longer
	tempChatDays = 1  // the same for the chat
	daySeconds   = 86400
)

// checkTemp fills in and checks what only temporary ways have.
func (w *contactWay) checkTemp() error {
	if !w.IsTemp {
		return nil
	}
	if w.Type != 1 {
		return refuse(41041, "contact way user count is invalid")
	}
	if w.ExpiresIn == 0 {
		w.ExpiresIn = tempWayDays * daySeconds
	}
	if w.ChatExpires == 0 {
		w.ChatExpires = tempChatDays * daySeconds
	}
	if w.ExpiresIn < 0 || w.ExpiresIn > tempWayMost*daySeconds || w.ChatExpires < 0 || w.ChatExpires > tempWayMost*daySeconds {
		return refuse(40058, "expires_in or chat_expires_in is invalid")
	}
	return w.Ending.check()
}

// endingMedia refuses an ending whose media nobody can show.
func (c *call) endingMedia(x *ending) error {
	_, parts := x.parts()
	return c.parts(parts)
}

func checkStyle(scene, style int) error {
	if scene == 1 && style != 0 && (style < 1 || style > 3) {
		return refuse(41042, "invalid contact way style")
	}
	return nil
}

// quota counts ways that last and join ways together; temporary ones count by themselves, and by the day.
func (c *call) wayQuota(temp bool) error {
	if temp {
		n, today := 0, dayNo(c.t.At)
		for _, w := range c.st.Ways {
			n += int(b2f(w.IsTemp && dayNo(w.Created) == today))
		}
		if n >= c.st.World.Limits.tempWays() {
			return refuse(41045, "contact way count exceeds limit")
		}
		return nil
	}
	n := len(c.st.Ways) + len(c.st.Joins)
	if n < c.st.World.Limits.ways() {
		return nil
	}
	for _, w := range c.st.Ways {
		n -= int(b2f(w.IsTemp))
	}
	if n >= c.st.World.Limits.ways() {
		return refuse(41045, "contact way count exceeds limit")
	}
	return nil
}

func (c *call) addWay() (fields, error) {
	in := struct {
		contactWay
		SkipVerify *bool `json:"skip_verify"`
		Used       any   `json:"used"` // ours
	}{}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	w := in.contactWay
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
	}
	for _, check := range []func() error{
		func() error { return checkStyle(w.Scene, w.Style) },
		func() error { return checkWords(w.Remark, w.State) },
		func() error { return c.checkSeats(w.Type, w.Users, w.Parties) },
		w.checkTemp,
		func() error { return c.endingMedia(&w.Ending) },
		func() error { return c.wayQuota(w.IsTemp) },
	} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	w.ConfigID, w.Created, w.Used = mint(c.st.World.Seed, "", c.st.next(), 32), c.t.At, false
	out := fields{"config_id": w.ConfigID}
	if w.QRCode = ""; w.Scene == 2 {
		w.QRCode = c.s.qrURL(qrWay, w.ConfigID)
		out["qr_code"] = w.QRCode
	}
	c.t.do(op{K: opWay, Way: &w})
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
	out := fields{"config_id": w.ConfigID, "type": w.Type, "scene": w.Scene, "remark": w.Remark, "skip_verify": w.SkipVerify, "state": w.State,
		"user": append([]string{}, w.Users...), "party": append([]int64{}, w.Parties...), "is_temp": w.IsTemp, "mark_source": w.MarkSource}
	if w.Scene == 1 {
		out["style"] = w.Style
	} else {
		out["qr_code"] = w.QRCode
	}
	if w.IsTemp {
		out["expires_in"], out["chat_expires_in"], out["unionid"] = w.ExpiresIn, w.ChatExpires, w.UnionID
		out["conclusions"] = w.Ending.show(c.s.mediaURL)
	}
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
		Expires    int      `json:"expires_in"`
		Chat       int64    `json:"chat_expires_in"`
		UnionID    *string  `json:"unionid"`
		Ending     *ending  `json:"conclusions"`
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
	if w.IsTemp {
		if in.Expires != 0 {
			w.ExpiresIn = in.Expires
		}
		if in.Chat != 0 {
			w.ChatExpires = in.Chat
		}
		set(&w.UnionID, in.UnionID)
		if in.Ending != nil {
			w.Ending = *in.Ending
			if err := w.Ending.check(); err != nil {
				return nil, err
			}
			if err := c.endingMedia(&w.Ending); err != nil {
				return nil, err
			}
		}
	}
	if err := w.checkTemp(); err != nil {
		return nil, err
	}
	if err := checkStyle(w.Scene, w.Style); err != nil {
		return nil, err
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

// mediaURL is the address under which a picture given by its media id is shown afterwards.
func (s *Server) mediaURL(mediaID string) string {
	if mediaID == "" {
		return ""
	}
	return s.base + "/sim/pic/" + mediaID
}

// dead says whether a temporary way lets nobody in any more.
func (w *contactWay) dead(now int64) bool {
	return w.IsTemp && (w.Used || now > w.Created+int64(w.ExpiresIn)*second)
}

// closeTempChat ends a temporary chat before its time.
func (c *call) closeTempChat() (fields, error) {
	var in struct {
		UserID   string `json:"userid"`
		External string `json:"external_userid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	e, err := c.relation(in.UserID, in.External)
	if err != nil {
		return nil, err
	}
	if e.TempTo == 0 {
		return nil, refuse(84061, "not external contact")
	}
	c.s.endTemp(c.t, e)
	return nil, nil
}

const (
	actTempEnd = "temp end" // Person, User
	opTemp     = "temp"     // User, Ext, ID way, N Unix ms of the end; 0 ends it
)

func wayChanges() map[string]change {
	return map[string]change{opTemp: func(s *state, _ int64, o *op) error {
		e := s.edge(o.User, o.Ext)
		if e.TempTo, e.TempWay = o.N, o.ID; o.N == 0 {
			e.Status = edgeGone
		} else if w := s.Ways[o.ID]; w != nil {
			w.Used = true
		}
		return nil
	}}
}

// endTemp says the ending and lets the two be strangers again.
func (s *Server) endTemp(t *transaction, e *edge) {
	if w := s.st.Ways[e.TempWay]; w != nil {
		if text, parts := w.Ending.parts(); text != "" || len(parts) > 0 {
			t.do(op{K: opSay, Chat: chatOf(e.User, e.Ext), ID: e.User, Name: "ending", Text: text, Parts: parts})
		}
	}
	t.do(op{K: opTemp, User: e.User, Ext: e.Ext})
}

func (s *Server) tempEnds(t *transaction, a *act) {
	if e := s.st.edge(a.User, a.Person); e != nil && e.TempTo != 0 && e.TempTo <= t.At {
		s.endTemp(t, e)
	}
}
