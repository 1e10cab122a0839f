package sim

import (
	"slices"
	"strings"

	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

// setTags puts a tag group in its place and finds its tags.
func (s *state) setTags(g *tagGroup) {
	s.Tags[g.ID] = g
	for _, t := range g.Tags {
		s.tagOf[t.ID] = g
	}
}

// applyTags also takes the tags that are gone off the customers.
func (s *state) applyTags(g *tagGroup) {
	gone := map[string]bool{}
	for _, t := range g.Tags {
		if _, before := s.tag(t.ID); t.Deleted && before != nil {
			gone[t.ID] = true
		}
	}
	s.setTags(g)
	if len(gone) == 0 {
		return
	}
	for _, e := range s.Edges {
		if slices.ContainsFunc(e.Tags, func(id string) bool { return gone[id] }) {
			e.Tags = slices.DeleteFunc(slices.Clone(e.Tags), func(id string) bool { return gone[id] })
		}
	}
}

// tag finds a tag that is not deleted.
func (s *state) tag(id string) (*tagGroup, *tag) {
	g := s.tagOf[id]
	if g == nil || g.Deleted {
		return nil, nil
	}
	for i := range g.Tags {
		if g.Tags[i].ID == id && !g.Tags[i].Deleted {
			return g, &g.Tags[i]
		}
	}
	return nil, nil
}

// tagGroup finds a tag group that is not deleted.
func (s *state) tagGroup(id string) *tagGroup {
	if g := s.Tags[id]; g != nil && !g.Deleted {
		return g
	}
	return nil
}

func (s *state) groupNamed(name string) *tagGroup {
	for _, g := range s.Tags {
		if g.Name == name && !g.Deleted {
			return g
		}
	}
	return nil
}

func (g *tagGroup) copy() *tagGroup {
	next := *g
	next.Tags = slices.Clone(g.Tags)
	return &next
}

// live counts the tags that are not deleted.
func (g *tagGroup) live() int {
	n := 0
	for _, t := range g.Tags {
		n += int(b2f(!t.Deleted))
	}
	return n
}

func (g *tagGroup) has(name string) bool {
	return slices.ContainsFunc(g.Tags, func(t tag) bool { return t.Name == name && !t.Deleted })
}

// apiGroup is a tag group as WeCom shows it, larger orders first; deleted says whether deleted ones are shown and marked,
// which WeCom does for those who ask by id.
func apiGroup(g *tagGroup, deleted bool, keep func(tag) bool) fields {
	tags := []fields{}
	sorted := slices.Clone(g.Tags)
	slices.SortStableFunc(sorted, func(a, b tag) int {
		switch {
		case a.Order > b.Order:
			return -1
		case a.Order < b.Order:
			return 1
		}
		return 0
	})
	for _, t := range sorted {
		if !keep(t) || t.Deleted && !deleted {
			continue
		}
		row := fields{"id": t.ID, "name": t.Name, "create_time": t.Created / 1000, "order": t.Order}
		if deleted {
			row["deleted"] = t.Deleted
		}
		tags = append(tags, row)
	}
	out := fields{"group_id": g.ID, "group_name": g.Name, "create_time": g.Created / 1000, "order": g.Order, "tag": tags}
	if deleted {
		out["deleted"] = g.Deleted
	}
	return out
}

func (c *call) tagList() (fields, error) {
	var in struct {
		Tags   []string `json:"tag_id"`
		Groups []string `json:"group_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	out := []fields{}
	for _, id := range sortedBy(c.st.Tags, func(a, b *tagGroup) bool { return a.Order > b.Order }) {
		g := c.st.Tags[id]
		switch {
		case len(in.Groups) > 0:
			if slices.Contains(in.Groups, id) {
				out = append(out, apiGroup(g, true, func(tag) bool { return true }))
			}
		case len(in.Tags) > 0:
			wanted := func(t tag) bool { return slices.Contains(in.Tags, t.ID) }
			if slices.ContainsFunc(g.Tags, wanted) {
				out = append(out, apiGroup(g, true, wanted))
			}
		case !g.Deleted:
			out = append(out, apiGroup(g, false, func(tag) bool { return true }))
		}
	}
	return fields{"tag_group": out}, nil
}

func checkOrder(order int64) error {
	if order < 0 || order >= 1<<32 {
		return refuse(40058, "invalid order")
	}
	return nil
}

func (c *call) addTag() (fields, error) {
	var in wecom.AddCorpTagRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	next, made, err := c.st.plusTags(in, c.t.At, true)
	if err != nil {
		return nil, err
	}
	c.t.do(op{K: opTags, Tags: next})
	return fields{"tag_group": apiGroup(next, false, func(t tag) bool { return slices.Contains(made, t.ID) })}, nil
}

// plusTags is a group with new tags, and their ids.
func (s *state) plusTags(in wecom.AddCorpTagRequest, at int64, own bool) (next *tagGroup, made []string, err error) {
	if len(in.Tags) == 0 {
		return nil, nil, refuse(40063, "some parameters are empty")
	}
	var g *tagGroup
	if in.GroupID != "" {
		if g = s.tagGroup(in.GroupID); g == nil {
			return nil, nil, refuse(40068, "invalid tagid")
		}
	} else {
		if n := chars(in.GroupName); n < 1 || n > 30 {
			return nil, nil, refuse(40072, "invalid tag name size")
		}
		if err := checkOrder(in.Order); err != nil {
			return nil, nil, err
		}
		g = s.groupNamed(in.GroupName)
	}
	names := map[string]bool{}
	for _, n := range in.Tags {
		if k := chars(n.Name); k < 1 || k > 30 {
			return nil, nil, refuse(40072, "invalid tag name size")
		}
		if err := checkOrder(n.Order); err != nil {
			return nil, nil, err
		}
		if g != nil && g.has(n.Name) {
			return nil, nil, refuse(40071, "invalid tag name: exists")
		}
		names[n.Name] = true
	}
	total := len(names)
	for _, other := range s.Tags {
		total += other.live()
	}
	if total > s.World.Limits.tags() {
		return nil, nil, refuse(40126, "corp tag count at limit")
	}
	next = &tagGroup{ID: mint(s.World.Seed, "et", s.next(), 30), Name: in.GroupName, Created: at, Order: in.Order, Own: own}
	if g != nil {
		next = g.copy()
	}
	for _, n := range in.Tags {
		if !names[n.Name] {
			continue // doubled names in one call make one tag
		}
		names[n.Name] = false
		id := mint(s.World.Seed, "et", s.next(), 30)
		made = append(made, id)
		next.Tags = append(next.Tags, tag{ID: id, Name: n.Name, Created: at, Order: n.Order, Own: own})
	}
	return next, made, nil
}

type tagEdit struct {
	ID    string  `json:"id"`
	Name  *string `json:"name"`
	Order *int64  `json:"order"`
}

// edited is a group after a change of its own, or of one of its tags. app says that an app does it, which may change only
// what apps made.
func (s *state) edited(in tagEdit, app bool) (next *tagGroup, isGroup bool, err error) {
	if in.ID == "" || in.Name == nil && in.Order == nil {
		return nil, false, refuse(40063, "some parameters are empty")
	}
	if in.Name != nil {
		if n := chars(*in.Name); n < 1 || n > 30 {
			return nil, false, refuse(40072, "invalid tag name size")
		}
	}
	if in.Order != nil {
		if err := checkOrder(*in.Order); err != nil {
			return nil, false, err
		}
	}
	if g := s.tagGroup(in.ID); g != nil {
		if app && !g.Own {
			return nil, false, notOwn()
		}
		next = g.copy()
		if in.Name != nil {
			if other := s.groupNamed(*in.Name); other != nil && other.ID != g.ID {
				return nil, false, refuse(40071, "invalid tag name: exists")
			}
			next.Name = *in.Name
		}
		if in.Order != nil {
			next.Order = *in.Order
		}
		return next, true, nil
	}
	g, t := s.tag(in.ID)
	switch {
	case t == nil:
		return nil, false, refuse(40068, "invalid tagid")
	case app && !t.Own:
		return nil, false, notOwn()
	case in.Name != nil && *in.Name != t.Name && g.has(*in.Name):
		return nil, false, refuse(40071, "invalid tag name: exists")
	}
	next = g.copy()
	for i := range next.Tags {
		if next.Tags[i].ID == in.ID {
			set(&next.Tags[i].Name, in.Name)
			if in.Order != nil {
				next.Tags[i].Order = *in.Order
			}
		}
	}
	return next, false, nil
}

// notOwn refuses to change what another app or the administrator made.
func notOwn() error { return refuse(60011, "no privilege to access/modify contact/party/agent") }

func (c *call) editTag() (fields, error) {
	var in tagEdit
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	next, _, err := c.st.edited(in, true)
	if err != nil {
		return nil, err
	}
	c.t.do(op{K: opTags, Tags: next})
	return nil, nil
}

// without are the groups after tags and whole groups are deleted. A group vanishes with its last tag.
func (s *state) without(tags, groups []string, app bool) (changed []*tagGroup, err error) {
	if len(tags)+len(groups) == 0 {
		return nil, refuse(40063, "some parameters are empty")
	}
	next := map[string]*tagGroup{}
	get := func(g *tagGroup) *tagGroup {
		if next[g.ID] == nil {
			next[g.ID] = g.copy()
		}
		return next[g.ID]
	}
	for _, id := range groups {
		g := s.tagGroup(id)
		if g == nil {
			return nil, refuse(40068, "invalid tagid")
		}
		if app && (!g.Own || slices.ContainsFunc(g.Tags, func(t tag) bool { return !t.Own && !t.Deleted })) {
			return nil, notOwn()
		}
		n := get(g)
		for i := range n.Tags {
			n.Tags[i].Deleted = true
		}
	}
	for _, id := range tags {
		g, t := s.tag(id)
		switch {
		case t == nil:
			return nil, refuse(40068, "invalid tagid")
		case app && !t.Own:
			return nil, notOwn()
		}
		n := get(g)
		for i := range n.Tags {
			if n.Tags[i].ID == id {
				n.Tags[i].Deleted = true
			}
		}
	}
	for _, id := range sortedKeys(next) {
		g := next[id]
		g.Deleted = g.live() == 0
		changed = append(changed, g)
	}
	return changed, nil
}

func (c *call) delTag() (fields, error) {
	var in struct {
		Tags   []string `json:"tag_id"`
		Groups []string `json:"group_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	changed, err := c.st.without(in.Tags, in.Groups, true)
	if err != nil {
		return nil, err
	}
	for _, g := range changed {
		c.t.do(op{K: opTags, Tags: g})
	}
	return nil, nil
}

func (c *call) markTag() (fields, error) {
	var in struct {
		UserID   string   `json:"userid"`
		External string   `json:"external_userid"`
		Add      []string `json:"add_tag"`
		Remove   []string `json:"remove_tag"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	e, err := c.relation(in.UserID, in.External)
	if err != nil {
		return nil, err
	}
	if len(in.Add)+len(in.Remove) == 0 {
		return nil, refuse(40063, "some parameters are empty")
	}
	for _, id := range slices.Concat(in.Add, in.Remove) {
		if _, t := c.st.tag(id); t == nil {
			return nil, refuse(40068, "invalid tagid")
		}
	}
	fresh := map[string]bool{}
	for _, id := range in.Add {
		if !slices.Contains(e.Tags, id) {
			fresh[id] = true
		}
	}
	if len(e.Tags)+len(fresh) > c.st.World.Limits.edgeTags() {
		return nil, refuse(40144, "customer's tags at limit")
	}
	if c.s.writes.under(c.s, chatOf(e.User, e.Ext)) {
		return nil, refuse(45035, "concurrent write to the same record")
	}
	c.s.writes.begin(c.s, chatOf(e.User, e.Ext))
	c.t.do(op{K: opMark, User: e.User, Ext: e.Ext, List: in.Add, Del: in.Remove})
	return nil, nil
}

// What the administrator does to tags in the console, which calls back.

func tagEvent(id, kind, change string) event {
	x := (&inner{}).text("Id", id)
	if kind != "" {
		x.text("TagType", kind)
	}
	return event{Event: callback.ExternalTag, Inner: x.text("ChangeType", change).String(), About: id}
}

// tagHands:
//
//	tag_create   group (its name or id), names
//	tag_update   id of a tag or a group, name, order
//	tag_delete   id of a tag or a group
//	tag_shuffle  id of a group, or empty for the order of the groups
func tagHands() map[string]hand {
	return map[string]hand{
		"tag_create": handed(func(s *Server, t *transaction, in struct {
			Group string   `json:"group"`
			Names []string `json:"names"`
		},
		) (fields, error) {
			req := wecom.AddCorpTagRequest{GroupName: strings.TrimSpace(in.Group)}
			if s.st.tagGroup(in.Group) != nil {
				req = wecom.AddCorpTagRequest{GroupID: in.Group}
			}
			fresh := req.GroupID == "" && s.st.groupNamed(req.GroupName) == nil
			for _, n := range in.Names {
				req.Tags = append(req.Tags, wecom.NewTag{Name: strings.TrimSpace(n)})
			}
			next, made, err := s.st.plusTags(req, t.At, false)
			if err != nil {
				return nil, dead("标签没有建成：" + reason(err))
			}
			t.do(op{K: opTags, Tags: next})
			if fresh {
				t.callback(tagEvent(next.ID, "tag_group", "create"))
			}
			for _, id := range made {
				t.callback(tagEvent(id, "tag", "create"))
			}
			return fields{"group_id": next.ID, "tag_ids": made}, nil
		}),
		"tag_update": handed(func(s *Server, t *transaction, in tagEdit) (fields, error) {
			next, isGroup, err := s.st.edited(in, false)
			if err != nil {
				return nil, dead("标签没有改成：" + reason(err))
			}
			t.do(op{K: opTags, Tags: next})
			t.callback(tagEvent(in.ID, kindOf(isGroup), "update"))
			return nil, nil
		}),
		"tag_delete": handed(func(s *Server, t *transaction, in tagEdit) (fields, error) {
			isGroup := s.st.tagGroup(in.ID) != nil
			tags, groups := []string{in.ID}, []string(nil)
			if isGroup {
				tags, groups = nil, tags
			}
			changed, err := s.st.without(tags, groups, false)
			if err != nil {
				return nil, dead("标签没有删成：" + reason(err))
			}
			t.do(op{K: opTags, Tags: changed[0]})
			t.callback(tagEvent(in.ID, kindOf(isGroup), "delete"))
			if !isGroup && changed[0].Deleted {
				t.callback(tagEvent(changed[0].ID, "tag_group", "delete"))
			}
			return nil, nil
		}),
		"tag_shuffle": handed(shuffleTags),
	}
}

func kindOf(isGroup bool) string {
	if isGroup {
		return "tag_group"
	}
	return "tag"
}

// reason is a refusal's text without its number.
func reason(err error) string {
	if r, ok := err.(*refusal); ok { //nolint:errorlint // refusals are never wrapped
		return r.text
	}
	return err.Error()
}

// shuffleTags turns an order around.
func shuffleTags(s *Server, t *transaction, in tagEdit) (fields, error) {
	if in.ID == "" {
		for i, id := range sortedBy(s.st.Tags, func(a, b *tagGroup) bool { return a.Order > b.Order }) {
			if g := s.st.tagGroup(id); g != nil {
				next := g.copy()
				next.Order = int64(i + 1)
				t.do(op{K: opTags, Tags: next})
			}
		}
	} else {
		g := s.st.tagGroup(in.ID)
		if g == nil {
			return nil, dead("没有这个标签组")
		}
		next := g.copy()
		slices.SortStableFunc(next.Tags, func(a, b tag) int { return int(b.Order - a.Order) })
		for i := range next.Tags {
			next.Tags[i].Order = int64(i + 1)
		}
		t.do(op{K: opTags, Tags: next})
	}
	t.callback(tagEvent(in.ID, "", "shuffle"))
	return nil, nil
}
