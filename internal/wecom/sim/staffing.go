package sim

import (
	"fmt"
	"slices"
	"strings"

	"qunce/internal/wecom/callback"
)

// staffing is the part of the state about members coming and going, and about whose customers go to whom.
type staffing struct {
	Left      map[string]*leaver     // by lower-case userid
	Transfers map[string][]*transfer // of customers, by customer, oldest first
	Handed    map[string]*handedOver // groups, by their former owner

	pairs map[string]map[string]*transfer // handover|takeover → customer → the last
}

// leaver is a member who resigned; customers and groups stay theirs until somebody takes them over.
type leaver struct {
	Member Member
	At     int64 // Unix ms
}

// handedOver counts the groups of an owner given away on one day.
type handedOver struct {
	Day int32
	N   int
}

func (x *staffing) hands(owner string, at int64) {
	h := x.Handed[owner]
	if h == nil || h.Day != dayNo(at) {
		h = &handedOver{Day: dayNo(at)}
		x.Handed[owner] = h
	}
	h.N++
}

func (x *staffing) handed(owner string, day int32) int {
	if h := x.Handed[owner]; h != nil && h.Day == day {
		return h.N
	}
	return 0
}

func (x *staffing) index() {
	orMake(&x.Handed)
	orMake(&x.Left)
	orMake(&x.Transfers)
	x.pairs = map[string]map[string]*transfer{}
	for _, list := range x.Transfers {
		for _, t := range list {
			x.note(t)
		}
	}
}

func (x *staffing) note(t *transfer) {
	k := chatOf(t.From, t.To)
	if x.pairs[k] == nil {
		x.pairs[k] = map[string]*transfer{}
	}
	x.pairs[k][t.Ext] = t
}

// left finds a member who resigned.
func (s *state) left(userID string) *leaver { return s.Staffing.Left[strings.ToLower(userID)] }

// Ops of staffing.
const (
	opResign     = "resign" // User
	opHire       = "hire"   // body Member
	opMove       = "move"   // User, body departments
	opDepartment = "dept"   // body Department
	opNoDept     = "dept-"  // N
)

func staffingChanges() map[string]change {
	return map[string]change{
		opResign: func(s *state, at int64, o *op) error { s.resign(o.User, at); return nil },
		opHire:   changing(func(s *state, _ int64, _ *op, m Member) { s.hire(m) }),
		opMove: changing(func(s *state, _ int64, o *op, d []int64) {
			s.member(o.User).Departments = d
			s.rerange(false)
		}),
		opDepartment: changing(func(s *state, _ int64, _ *op, d Department) { s.setDepartment(d) }),
		opNoDept: func(s *state, _ int64, o *op) error {
			s.World.Departments = slices.DeleteFunc(slices.Clone(s.World.Departments), func(d Department) bool { return d.ID == o.N })
			return nil
		},
	}
}

func (s *state) resign(user string, at int64) {
	s.Staffing.Left[strings.ToLower(user)] = &leaver{Member: *s.member(user), At: at}
	s.World.Members = slices.DeleteFunc(slices.Clone(s.World.Members), func(m Member) bool { return m.UserID == user })
	s.indexMembers()
	for _, e := range s.byUser[user] {
		if e.Status == edgeHalf || e.TempTo != 0 {
			e.Status = edgeGone
		}
	}
}

func (s *state) hire(m Member) {
	s.World.Members = append(slices.Clip(s.World.Members), m)
	s.indexMembers()
	s.rerange(false) // who is outside the app's range is hidden
}

func (s *state) setDepartment(d Department) {
	all := slices.Clone(s.World.Departments)
	if i := slices.IndexFunc(all, func(x Department) bool { return x.ID == d.ID }); i >= 0 {
		all[i] = d
	} else {
		all = append(all, d)
	}
	s.World.Departments = all
	s.rerange(false)
}

// What the administrator does to members and departments.

type staffHand struct {
	UserID      string   `json:"userid"`
	Name        string   `json:"name"`
	Departments *[]int64 `json:"departments"`
	Position    string   `json:"position"`
	IsLeader    bool     `json:"is_leader"`
	Diligence   *float64 `json:"diligence"`
	WorkFrom    string   `json:"work_from"`
	WorkTo      string   `json:"work_to"`
	StaffURL    string   `json:"staff_url"`
}

type departmentHand struct {
	ID       int64   `json:"id"`
	Name     *string `json:"name"`
	ParentID *int64  `json:"parent_id"`
	Order    *int64  `json:"order"`
}

// staffingHands:
//
//	resign             userid
//	hire               userid, name, departments, position, is_leader, diligence (0.8), work_from, work_to, staff_url
//	move               userid, departments
//	department_create  id (free), name, parent_id, order
//	department_update  id, name, parent_id, order
//	department_delete  id   an empty one
func staffingHands() map[string]hand {
	return map[string]hand{
		"resign":            handed(resignByHand),
		"hire":              handed(hireByHand),
		"move":              handed(moveByHand),
		"department_create": handed(createDepartment),
		"department_update": handed(updateDepartment),
		"department_delete": handed(deleteDepartment),
	}
}

// contactEvent is an event of the contacts. As for callback addresses set after August 2022, it carries ids and departments
// and nothing else.
func contactEvent(about string, x *inner) event {
	return event{Event: callback.Contact, Inner: x.String(), About: about}
}

func resignByHand(s *Server, t *transaction, in staffHand) (fields, error) {
	m := s.st.member(in.UserID)
	if m == nil {
		return nil, dead("没有这位员工，或已经离职")
	}
	user := m.UserID
	t.do(op{K: opResign, User: user})
	t.callback(contactEvent(user, (&inner{}).bare("ChangeType", "delete_user").text("UserID", user)))
	for _, chat := range sortedKeys(s.st.inGroups[user]) {
		if g := s.st.Groups[chat]; g.Owner != user { // groups of their own wait for an heir
			s.quit(t, g, user, 0)
		}
	}
	s.checkLinks(t)
	return fields{"unassigned": len(s.st.unassigned(user)), "groups": len(s.st.owned(user))}, nil
}

// owned lists the groups of an owner.
func (s *state) owned(user string) []string {
	var out []string
	for _, chat := range sortedKeys(s.inGroups[user]) {
		if g := s.Groups[chat]; g.Owner == user {
			out = append(out, chat)
		}
	}
	return out
}

func (s *state) checkDepartments(list []int64) error {
	if len(list) == 0 {
		return dead("至少要有一个部门")
	}
	for _, d := range list {
		if !slices.ContainsFunc(s.World.Departments, func(x Department) bool { return x.ID == d }) {
			return dead(fmt.Sprintf("没有编号为 %d 的部门", d))
		}
	}
	return nil
}

func commas(list []int64) string {
	var b strings.Builder
	for i, d := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, d)
	}
	return b.String()
}

func hireByHand(s *Server, t *transaction, in staffHand) (fields, error) {
	m := Member{UserID: in.UserID, Name: in.Name, Position: in.Position, IsLeader: in.IsLeader, Diligence: 0.8, WorkFrom: in.WorkFrom, WorkTo: in.WorkTo, StaffURL: in.StaffURL}
	if m.Name == "" {
		m.Name = m.UserID
	}
	if in.Diligence != nil {
		m.Diligence = min(max(*in.Diligence, 0), 1)
	}
	if m.Departments = []int64{1}; in.Departments != nil {
		m.Departments = *in.Departments
	}
	switch {
	case !userIDLike(m.UserID):
		return nil, dead("账号要 1 到 64 个字节，以字母或数字开头，只用字母、数字和 _-@.")
	case s.st.member(m.UserID) != nil || s.st.left(m.UserID) != nil:
		return nil, dead("这个账号已经用过")
	}
	for _, at := range []string{m.WorkFrom, m.WorkTo} {
		if _, err := minutes(at, 0); err != nil {
			return nil, dead("上班时间要写成 08:30 这样")
		}
	}
	if err := s.st.checkDepartments(m.Departments); err != nil {
		return nil, err
	}
	t.change(op{K: opHire}, m)
	if m.StaffURL != "" {
		t.later(nextLook(s.st.World.Seed, &m, t.At), act{Kind: actStaff, User: m.UserID})
	}
	t.callback(contactEvent(m.UserID, (&inner{}).bare("ChangeType", "create_user").text("UserID", m.UserID).text("Department", commas(m.Departments))))
	return fields{"userid": m.UserID}, nil
}

func userIDLike(id string) bool {
	if len(id) == 0 || len(id) > 64 || strings.ContainsRune("_-@.", rune(id[0])) {
		return false
	}
	return strings.IndexFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-@.", r)
	}) < 0
}

func moveByHand(s *Server, t *transaction, in staffHand) (fields, error) {
	m := s.st.member(in.UserID)
	if m == nil {
		return nil, dead("没有这位员工，或已经离职")
	}
	if in.Departments == nil {
		return nil, dead("请给出 departments")
	}
	if err := s.st.checkDepartments(*in.Departments); err != nil {
		return nil, err
	}
	t.change(op{K: opMove, User: m.UserID}, *in.Departments)
	t.callback(contactEvent(m.UserID, (&inner{}).bare("ChangeType", "update_user").text("UserID", m.UserID).text("Department", commas(*in.Departments))))
	return nil, nil
}

func (s *state) department(id int64) *Department {
	for i := range s.World.Departments {
		if s.World.Departments[i].ID == id {
			return &s.World.Departments[i]
		}
	}
	return nil
}

func createDepartment(s *Server, t *transaction, in departmentHand) (fields, error) {
	d := Department{ID: in.ID, ParentID: 1}
	if in.ParentID != nil {
		d.ParentID = *in.ParentID
	}
	if in.Order != nil {
		d.Order = *in.Order
	}
	if in.Name != nil {
		d.Name = strings.TrimSpace(*in.Name)
	}
	if d.ID == 0 {
		for _, x := range s.st.World.Departments {
			d.ID = max(d.ID, x.ID+1)
		}
	}
	switch {
	case d.Name == "":
		return nil, dead("请填写部门名称")
	case d.ID < 1 || s.st.department(d.ID) != nil:
		return nil, dead("部门编号要大于 0，且没有用过")
	case s.st.department(d.ParentID) == nil:
		return nil, dead("没有这个上级部门")
	}
	t.change(op{K: opDepartment}, d)
	t.callback(contactEvent("dept|"+itoa(int(d.ID)), (&inner{}).bare("ChangeType", "create_party").number("Id", d.ID).text("ParentId", itoa(int(d.ParentID)))))
	return fields{"id": d.ID}, nil
}

func updateDepartment(s *Server, t *transaction, in departmentHand) (fields, error) {
	old := s.st.department(in.ID)
	if old == nil {
		return nil, dead("没有这个部门")
	}
	d := *old
	x := (&inner{}).bare("ChangeType", "update_party").number("Id", d.ID)
	if in.Name != nil {
		if d.Name = strings.TrimSpace(*in.Name); d.Name == "" {
			return nil, dead("请填写部门名称")
		}
	}
	if in.ParentID != nil {
		if d.ParentID = *in.ParentID; s.st.department(d.ParentID) == nil || s.st.subtree(d.ID)[d.ParentID] {
			return nil, dead("上级部门不存在，或在这个部门之下")
		}
		x.text("ParentId", itoa(int(d.ParentID)))
	}
	if in.Order != nil {
		d.Order = *in.Order
	}
	t.change(op{K: opDepartment}, d)
	t.callback(contactEvent("dept|"+itoa(int(d.ID)), x))
	return nil, nil
}

func deleteDepartment(s *Server, t *transaction, in departmentHand) (fields, error) {
	switch d := s.st.department(in.ID); {
	case d == nil || d.ParentID == 0:
		return nil, dead("没有这个部门，或它是根部门")
	case len(s.st.subtree(in.ID)) > 1:
		return nil, dead("先删除下级部门")
	case slices.ContainsFunc(s.st.World.Members, func(m Member) bool { return slices.Contains(m.Departments, in.ID) }):
		return nil, dead("部门里还有员工")
	}
	t.do(op{K: opNoDept, N: in.ID})
	t.callback(contactEvent("dept|"+itoa(int(in.ID)), (&inner{}).bare("ChangeType", "delete_party").number("Id", in.ID)))
	return nil, nil
}
