package sim

import (
	"cmp"
	"regexp"
	"slices"
)

func kfEndpoints() map[string]endpoint {
	return map[string]endpoint{
		"kf/account/add":                         post((*call).kfAdd),
		"kf/account/del":                         post((*call).kfDelete),
		"kf/account/update":                      post((*call).kfUpdate),
		"kf/account/list":                        post((*call).kfList).either(),
		"kf/add_contact_way":                     post((*call).kfWay),
		"kf/servicer/add":                        post((*call).kfServicerAdd),
		"kf/servicer/del":                        post((*call).kfServicerDelete),
		"kf/servicer/list":                       get((*call).kfServicerList),
		"kf/service_state/get":                   post((*call).kfStateGet),
		"kf/service_state/trans":                 post((*call).kfStateTrans),
		"kf/sync_msg":                            post((*call).kfSync),
		"kf/send_msg":                            post((*call).kfSend),
		"kf/send_msg_on_event":                   post((*call).kfSendOnEvent),
		"kf/customer/batchget":                   post((*call).kfCustomers),
		"kf/customer/get_upgrade_service_config": get((*call).kfUpgradeConfig),
		"kf/customer/upgrade_service":            post((*call).kfUpgrade),
		"kf/customer/cancel_upgrade_service":     post((*call).kfUpgradeCancel),
		"kf/get_corp_statistic":                  post((*call).kfCorpStatistic),
		"kf/get_servicer_statistic":              post((*call).kfServicerStatistic),
	}
}

type kfIn struct {
	Kf       string `json:"open_kfid"`
	External string `json:"external_userid"`
	Name     string `json:"name"`
	MediaID  string `json:"media_id"`
}

// kf finds a living account.
func (c *call) kf(id string) (*kfAccount, error) {
	a := c.st.Talk.Kf.Accounts[id]
	switch {
	case a == nil:
		return nil, refuse(95000, "invalid open_kfid")
	case a.Deleted:
		return nil, refuse(95004, "open_kfid does not exist any more")
	}
	return a, nil
}

// kfPair finds an account and a person.
func (c *call) kfPair(in *kfIn) (*kfAccount, error) {
	a, err := c.kf(in.Kf)
	if err != nil {
		return nil, err
	}
	if in.External == "" {
		return nil, refuse(41035, "missing external userid")
	}
	if c.st.people[in.External] == nil {
		return nil, refuse(40096, "invalid external userid")
	}
	return a, nil
}

// kfNamed checks an account's name and picture.
func (c *call) kfNamed(a *kfAccount, in *kfIn) error {
	if n := chars(in.Name); n > 16 {
		return refuse(95006, "invalid kf account name")
	}
	a.Name = cmp.Or(in.Name, a.Name)
	if in.MediaID != "" {
		m, err := c.appMedia(in.MediaID, mediaImage)
		if err != nil {
			return err
		}
		a.Avatar, a.Picture = m.Sum, a.ID+"."+m.Format
		pic := *m // stays when the medium expires
		pic.ID, pic.Origin = a.Picture, fromPic
		c.t.change(op{K: opMedia}, pic)
	}
	return nil
}

func (c *call) kfAdd() (fields, error) {
	var in kfIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	living := 0
	for _, a := range c.st.Talk.Kf.Accounts {
		living += int(b2f(!a.Deleted))
	}
	switch {
	case in.Name == "":
		return nil, refuse(95006, "invalid kf account name")
	case in.MediaID == "":
		return nil, refuse(40063, "some parameters are empty")
	case living >= c.st.World.Limits.KfAccounts:
		return nil, refuse(95005, "kf account count exceeds limit")
	}
	a := kfAccount{ID: mint(c.st.World.Seed, "wk", c.st.next(), 30), Order: len(c.st.Talk.Kf.Accounts), Created: c.t.At}
	if err := c.kfNamed(&a, &in); err != nil {
		return nil, err
	}
	c.t.change(op{K: opKfAccount}, a)
	return fields{"open_kfid": a.ID}, nil
}

func (c *call) kfDelete() (fields, error) {
	var in kfIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	a, err := c.kf(in.Kf)
	if err != nil {
		return nil, err
	}
	next := *a
	next.Deleted = true
	c.t.change(op{K: opKfAccount}, next)
	return nil, nil
}

func (c *call) kfUpdate() (fields, error) {
	var in kfIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	a, err := c.kf(in.Kf)
	if err != nil {
		return nil, err
	}
	if in.Name == "" && in.MediaID == "" {
		return nil, refuse(40063, "some parameters are empty")
	}
	next := *a
	if err := c.kfNamed(&next, &in); err != nil {
		return nil, err
	}
	c.t.change(op{K: opKfAccount}, next)
	return nil, nil
}

func (c *call) kfList() (fields, error) {
	var in struct {
		Offset int `json:"offset"`
		Limit  int `json:"limit"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Offset < 0 || in.Limit < 0 || in.Limit > 100 {
		return nil, refuse(40058, "offset or limit is out of limits")
	}
	rows := []fields{}
	seen := 0
	for _, id := range sortedBy(c.st.Talk.Kf.Accounts, func(a, b *kfAccount) bool { return a.Order < b.Order }) {
		a := c.st.Talk.Kf.Accounts[id]
		if a.Deleted {
			continue
		}
		if seen++; seen > in.Offset && len(rows) < cmp.Or(in.Limit, 100) {
			avatar := ""
			if a.Picture != "" {
				avatar = c.s.base + "/sim/pic/" + a.Picture
			}
			rows = append(rows, fields{"open_kfid": a.ID, "name": a.Name, "avatar": avatar, "manage_privilege": !a.Unmanaged})
		}
	}
	return fields{"account_list": rows}, nil
}

var kfScene = regexp.MustCompile(`^[0-9a-zA-Z_-]{0,32}$`)

func (c *call) kfWay() (fields, error) {
	var in struct {
		Kf    string `json:"open_kfid"`
		Scene string `json:"scene"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	a, err := c.kf(in.Kf)
	if err != nil {
		return nil, err
	}
	if !kfScene.MatchString(in.Scene) {
		return nil, refuse(40058, "invalid scene")
	}
	id := "ENC" + mint(c.st.World.Seed, "", c.st.next(), 24)
	c.t.change(op{K: opKfLink, ID: id}, kfLink{Kf: a.ID, Scene: in.Scene})
	return fields{"url": c.s.base + "/sim/kf/" + a.ID + "?enc_scene=" + id}, nil
}

type kfServicerIn struct {
	Kf          string   `json:"open_kfid"`
	Users       []string `json:"userid_list"`
	Departments []int64  `json:"department_id_list"`
}

func (c *call) kfServicersIn(in *kfServicerIn) (*kfAccount, error) {
	if err := c.decode(in); err != nil {
		return nil, err
	}
	a, err := c.kf(in.Kf)
	switch {
	case err != nil:
		return nil, err
	case len(in.Users)+len(in.Departments) == 0:
		return nil, refuse(40063, "some parameters are empty")
	case len(in.Users) > 100 || len(in.Departments) > kfDeptsMost:
		return nil, refuse(40058, "too many servicers in one call")
	}
	return a, nil
}

// kfEach does something with every servicer of a call and lists how it came out.
func kfEach(in *kfServicerIn, one func(user string, dept int64) (bool, error)) []fields {
	rows := []fields{}
	add := func(row fields, user string, dept int64) {
		did, err := one(user, dept)
		row["errcode"], row["errmsg"] = 0, "success"
		if !did {
			row["errmsg"] = "ignored"
		}
		if r, ok := err.(*refusal); ok { //nolint:errorlint // refusals are never wrapped
			row["errcode"], row["errmsg"] = r.code, r.text
		}
		rows = append(rows, row)
	}
	for _, u := range in.Users {
		add(fields{"userid": u}, u, 0)
	}
	for _, d := range in.Departments {
		add(fields{"department_id": d}, "", d)
	}
	return rows
}

func (c *call) kfServicerAdd() (fields, error) {
	var in kfServicerIn
	a, err := c.kfServicersIn(&in)
	if err != nil {
		return nil, err
	}
	next := *a
	next.Servicers = slices.Clone(a.Servicers)
	count := func(depts bool) (n int) {
		for _, v := range next.Servicers {
			n += int(b2f((v.User == "") == depts))
		}
		return n
	}
	rows := kfEach(&in, func(user string, dept int64) (bool, error) {
		if user != "" {
			m, err := c.visible(user)
			if err != nil {
				return false, err
			}
			user = m.UserID
		} else if !c.st.subtree(dept)[dept] {
			return false, refuse(60003, "department not found")
		}
		if slices.ContainsFunc(next.Servicers, func(v kfServicer) bool { return v.User == user && v.Dept == dept }) {
			return false, nil
		}
		if user != "" && count(false) >= kfServicers || user == "" && count(true) >= kfDeptsMost {
			return false, refuse(40058, "too many servicers of the account")
		}
		next.Servicers = append(next.Servicers, kfServicer{User: user, Dept: dept})
		return true, nil
	})
	c.t.change(op{K: opKfAccount}, next)
	return fields{"result_list": rows}, nil
}

func (c *call) kfServicerDelete() (fields, error) {
	var in kfServicerIn
	a, err := c.kfServicersIn(&in)
	if err != nil {
		return nil, err
	}
	next := *a
	next.Servicers = slices.Clone(a.Servicers)
	rows := kfEach(&in, func(user string, dept int64) (bool, error) {
		i := slices.IndexFunc(next.Servicers, func(v kfServicer) bool { return lower(v.User) == lower(user) && v.Dept == dept })
		if i < 0 {
			return false, nil
		}
		next.Servicers = slices.Delete(next.Servicers, i, i+1)
		return true, nil
	})
	c.t.change(op{K: opKfAccount}, next)
	return fields{"result_list": rows}, nil
}

func (c *call) kfServicerList() (fields, error) {
	a, err := c.kf(c.q.Get("open_kfid"))
	if err != nil {
		return nil, err
	}
	rows := []fields{}
	for _, v := range a.Servicers {
		if v.User == "" {
			rows = append(rows, fields{"department_id": v.Dept})
			continue
		}
		row := fields{"userid": v.User, "status": v.Status}
		if v.Status == 1 {
			row["stop_type"] = v.Stop
		}
		rows = append(rows, row)
	}
	return fields{"servicer_list": rows}, nil
}

func (c *call) kfStateGet() (fields, error) {
	var in kfIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if _, err := c.kfPair(&in); err != nil {
		return nil, err
	}
	x := c.st.kfSession(in.Kf, in.External)
	out := fields{"service_state": x.State}
	if x.State == kfHuman {
		out["servicer_userid"] = x.Servicer
	}
	return out, nil
}

// kfMayTurn says which states a session may be turned into through the API.
func kfMayTurn(from, to int) bool {
	switch from {
	case kfNew:
		return to == kfBot || to == kfPool || to == kfHuman || to == kfClosed
	case kfBot:
		return to == kfPool || to == kfHuman || to == kfClosed
	case kfPool:
		return to == kfHuman || to == kfClosed
	case kfHuman:
		return to == kfHuman || to == kfClosed
	}
	return false
}

func (c *call) kfStateTrans() (fields, error) {
	var in struct {
		kfIn
		State    *int   `json:"service_state"`
		Servicer string `json:"servicer_userid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	a, err := c.kfPair(&in.kfIn)
	if err != nil {
		return nil, err
	}
	x := c.st.kfSession(in.Kf, in.External)
	switch {
	case in.State == nil:
		return nil, refuse(40063, "some parameters are empty")
	case *in.State < kfNew || *in.State > kfClosed:
		return nil, refuse(40058, "invalid service_state")
	case !kfMayTurn(x.State, *in.State):
		return nil, refuse(95016, "service state can not be changed so")
	}
	count := kfTally{Kf: a.ID, Ext: in.External}
	if *in.State == kfHuman {
		m := c.st.member(in.Servicer)
		if m == nil || m.Inactive || c.st.kfServes(a)[m.UserID] == nil {
			return nil, refuse(95014, "user is not a servicer of the account, or not activated")
		}
		if c.st.kfServes(a)[m.UserID].Status != 0 {
			return nil, refuse(95019, "servicer is not serving")
		}
		count.Servicer, count.Taken, count.Asked = m.UserID, 1, 1
		if x.State == kfNew || x.State == kfPool { // handing over begins no session
			count.Sessions = 1
		}
		if x.State == kfBot {
			count.Handed = 1
		}
		x.Servicer, x.Asked = m.UserID, c.t.At
	} else {
		x.Asked = 0
	}
	if *in.State == kfBot {
		count.Bots, count.Sessions = 1, 1
	}
	was := x.State
	x.State = *in.State
	c.t.change(op{K: opKfSession}, x)
	if count.Sessions+count.Taken+count.Bots > 0 {
		c.t.change(op{K: opKfCount}, count)
	}
	out := fields{}
	switch kind := map[int]string{kfPool: "pool", kfClosed: "end"}[x.State]; {
	case kind != "":
		out["msg_code"] = c.s.kfIssue(c.t, a.ID, in.External, kind)
	case x.State == kfHuman && was == kfPool:
		out["msg_code"] = c.s.kfIssue(c.t, a.ID, in.External, "joined")
	}
	switch x.State {
	case kfHuman:
		c.s.kfExpect(c.t, a, in.External, x.Servicer)
	case kfPool:
		r := dice(c.st.World.Seed, "kf.pool", a.ID, in.External, itoa(int(c.t.At)))
		c.t.later(c.t.At+minuteMS+int64(longTail(r, 3)*float64(minuteMS)), act{Kind: actKfTake, Person: in.External, Chat: a.ID})
	}
	return out, nil
}
