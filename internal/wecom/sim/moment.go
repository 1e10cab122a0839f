package sim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// momentTask is one member's part of a moment: whom it is meant for, and who has seen it once it is published.
type momentTask struct {
	User      string
	Customers []string // the selected range
	Published int64    // Unix ms; 0 = not yet
	Seen      []string // who can see it
	Likes     []momentMark
	Comments  []momentMark
	Deleted   bool
}

// momentMark is a like or a comment; those of later instants have not happened yet.
type momentMark struct {
	Ext string
	At  int64 // Unix ms
}

// moment is a post to customers' moments: of the corp (Creator empty, tasks to be confirmed), or of one member.
type moment struct {
	ID        string
	Creator   string
	Created   int64 // Unix ms
	Text      string
	Parts     []momentPart
	Partial   bool // visible to some customers only
	Cancelled bool
	Tasks     []*momentTask
}

// momentPart is a picture, a film or a link of a moment.
type momentPart struct {
	Type    string // image, video, link
	MediaID string
	Title   string
	URL     string
}

// momentJob is a moment being made.
type momentJob struct {
	ID          string
	Created     int64 // Unix ms
	Text        string
	Parts       []momentPart
	Users       []string // senders; with Departments empty = all
	Departments []int64
	Tags        []string
	BadUsers    []string
	BadDepts    []int64
	BadTags     []string
	Moment      string // once it is made
	Code        int    // why it was not
}

type momentState struct {
	Jobs  map[string]*momentJob
	All   map[string]*moment
	Order []string            // ids by creation
	Shown map[string]dayCount // customer → moments shown today
}

type dayCount struct{ Day, N int64 }

func (m *momentState) index() {
	orMake(&m.Jobs)
	orMake(&m.All)
	orMake(&m.Shown)
}

const (
	opMomentJob     = "moment.job"     // body momentJob
	opMomentMake    = "moment.make"    // ID job, Chat moment
	opMomentOwn     = "moment.own"     // body moment, of one member
	opMomentPublish = "moment.publish" // ID moment, User; body momentMarks
	opMomentCancel  = "moment.cancel"  // ID
	opMomentDelete  = "moment.delete"  // ID, User
	opMomentMark    = "moment.mark"    // ID, User, Ext, N 1 like 2 comment

	actMomentMake    = "moment.make"    // Msg the job
	actMomentPublish = "moment.publish" // Msg the moment, User

	momentQueued  = second     // a job is begun this long after its call
	momentMade    = 3 * second // and done by then
	momentJobLife = dayMS
)

// momentMarks are the likes and comments a moment will get.
type momentMarks struct{ Likes, Comments []momentMark }

func momentArea() area {
	return area{
		endpoints: map[string]endpoint{
			"externalcontact/add_moment_task":          post((*call).momentAdd),
			"externalcontact/get_moment_task_result":   get((*call).momentResult),
			"externalcontact/cancel_moment_task":       post((*call).momentCancel),
			"externalcontact/get_moment_list":          post((*call).momentList),
			"externalcontact/get_moment_task":          post((*call).momentTasks),
			"externalcontact/get_moment_customer_list": post((*call).momentCustomers),
			"externalcontact/get_moment_send_result":   post((*call).momentSeen),
			"externalcontact/get_moment_comments":      post((*call).momentComments),
		},
		changes: map[string]change{
			opMomentJob: changing(func(s *state, at int64, _ *op, v momentJob) {
				s.Talk.Moments.Jobs[v.ID] = &v
				s.metered(at, "moment", 1)
			}),
			opMomentMake: func(s *state, at int64, o *op) error { s.applyMomentMake(at, o); return nil },
			opMomentOwn: changing(func(s *state, _ int64, _ *op, v moment) {
				s.addMoment(&v)
			}),
			opMomentPublish: changing((*state).applyMomentPublish),
			opMomentCancel: func(s *state, _ int64, o *op) error {
				s.Talk.Moments.All[o.ID].Cancelled = true
				return nil
			},
			opMomentMark: func(s *state, at int64, o *op) error {
				t := s.Talk.Moments.All[o.ID].task(o.User)
				if o.N == 1 {
					t.Likes = append(t.Likes, momentMark{o.Ext, at})
				} else {
					t.Comments = append(t.Comments, momentMark{o.Ext, at})
				}
				return nil
			},
			opMomentDelete: func(s *state, _ int64, o *op) error {
				m := s.Talk.Moments.All[o.ID]
				if t := m.task(o.User); t != nil {
					t.Deleted = true
				}
				return nil
			},
		},
		deeds: map[string]deed{
			actMomentMake: (*Server).momentMake,
			actMomentPublish: func(s *Server, t *transaction, a *act) {
				s.momentPublish(t, a.User, a.Msg)
			},
		},
		hands:  momentHands(),
		routes: momentRoutes,
	}
}

func (m *moment) task(user string) *momentTask {
	for _, t := range m.Tasks {
		if t.User == user {
			return t
		}
	}
	return nil
}

// subject names the moment for the dice; ids depend on what else was made.
func (m *moment) subject() string { return strconv.FormatInt(m.Created, 10) + "|" + m.Text }

// deleted says whether nobody's post of the moment stands any more, though somebody had published it.
func (m *moment) deleted() bool {
	published := 0
	for _, t := range m.Tasks {
		if t.Published > 0 {
			if published++; !t.Deleted {
				return false
			}
		}
	}
	return published > 0
}

func (s *state) addMoment(m *moment) {
	s.Talk.Moments.All[m.ID] = m
	s.Talk.Moments.Order = append(s.Talk.Moments.Order, m.ID)
}

// applyMomentMake turns a job into a moment with a task for each member who has somebody to show it to.
func (s *state) applyMomentMake(at int64, o *op) {
	j := s.Talk.Moments.Jobs[o.ID]
	senders := s.momentSenders(j)
	m := &moment{ID: o.Chat, Created: at, Text: j.Text, Parts: j.Parts, Partial: len(j.Tags) > 0}
	for _, user := range senders {
		t := &momentTask{User: user}
		for _, ext := range s.customers(user) {
			if len(j.Tags) == 0 || slices.ContainsFunc(j.Tags, func(id string) bool { return slices.Contains(s.edge(user, ext).Tags, id) }) {
				t.Customers = append(t.Customers, ext)
			}
		}
		if len(t.Customers) > 0 {
			m.Tasks = append(m.Tasks, t)
		}
	}
	if len(m.Tasks) == 0 {
		j.Code = 41048
		return
	}
	j.Moment = m.ID
	s.addMoment(m)
}

// momentSenders are the members a job goes to.
func (s *state) momentSenders(j *momentJob) []string {
	var out []string
	all := len(j.Users)+len(j.Departments) == 0 && len(j.BadUsers)+len(j.BadDepts) == 0
	trees := make([]map[int64]bool, 0, len(j.Departments))
	for _, d := range j.Departments {
		trees = append(trees, s.subtree(d))
	}
	for i := range s.World.Members {
		m := &s.World.Members[i]
		if m.Hidden || m.NoSeat || m.Inactive {
			continue
		}
		in := all || slices.Contains(j.Users, m.UserID)
		for _, tree := range trees {
			in = in || slices.ContainsFunc(m.Departments, func(d int64) bool { return tree[d] })
		}
		if in {
			out = append(out, m.UserID)
		}
	}
	return out
}

// applyMomentPublish shows a member's part to the customers who have room for one more today.
func (s *state) applyMomentPublish(at int64, o *op, v momentMarks) {
	k := &s.Talk.Moments
	t := k.All[o.ID].task(o.User)
	t.Published = at
	today, most := periods(at)[2], int64(s.World.Limits.MomentsSeen)
	seen := map[string]bool{}
	for _, ext := range t.Customers {
		if e := s.edge(o.User, ext); e == nil || e.Status != edgeFull {
			continue
		}
		n := k.Shown[ext]
		if n.Day != today {
			n = dayCount{Day: today}
		}
		if most >= 0 && n.N >= most {
			continue
		}
		n.N++
		k.Shown[ext] = n
		t.Seen = append(t.Seen, ext)
		seen[ext] = true
	}
	unseen := func(m momentMark) bool { return !seen[m.Ext] }
	t.Likes = slices.DeleteFunc(v.Likes, unseen)
	t.Comments = slices.DeleteFunc(v.Comments, unseen)
}

// momentMake finishes a job and lets the members think about their part.
func (s *Server) momentMake(t *transaction, a *act) {
	id := mint(s.st.World.Seed, "mom", s.st.next(), 40)
	t.do(op{K: opMomentMake, ID: a.Msg, Chat: id})
	s.talk.made[id] = s.wall.Now()
	m := s.st.Talk.Moments.All[id]
	if m == nil {
		return
	}
	for _, task := range m.Tasks {
		who := s.st.member(task.User)
		r := dice(s.st.World.Seed, "moment", m.subject(), task.User)
		if who == nil || r.Float64() >= who.Diligence {
			continue
		}
		wait := int64(longTail(r, 5+120*(1-who.Diligence)) * float64(minuteMS))
		t.later(who.working(who.working(t.At)+wait), act{Kind: actMomentPublish, User: task.User, Msg: id})
	}
}

// momentPublish publishes a member's part and draws what the customers make of it; false if there is nothing to publish.
func (s *Server) momentPublish(t *transaction, user, id string) bool {
	m := s.st.Talk.Moments.All[id]
	if m == nil || m.Cancelled {
		return false
	}
	task := m.task(user)
	if task == nil || task.Published > 0 {
		return false
	}
	var marks momentMarks
	for _, ext := range task.Customers {
		p := s.st.people[ext]
		if p == nil {
			continue
		}
		b := s.st.behaviour(p)
		r := dice(s.st.World.Seed, "like", m.subject(), user, ext)
		if r.Float64() < b.Like {
			marks.Likes = append(marks.Likes, momentMark{ext, t.At + int64(longTail(r, 90)*float64(minuteMS))})
		}
		if r.Float64() < b.Comment {
			marks.Comments = append(marks.Comments, momentMark{ext, t.At + int64(longTail(r, 120)*float64(minuteMS))})
		}
	}
	t.change(op{K: opMomentPublish, ID: id, User: user}, marks)
	return true
}

// forgetMoments drops jobs nobody can ask for, and what customers were shown on earlier days.
func (s *state) forgetMoments(at int64) {
	k := &s.Talk.Moments
	for id, j := range k.Jobs {
		if at-j.Created > 2*momentJobLife {
			delete(k.Jobs, id)
		}
	}
	for ext, n := range k.Shown {
		if n.Day != periods(at)[2] {
			delete(k.Shown, ext)
		}
	}
}

type momentByHand struct {
	UserID   string `json:"userid"`
	Person   string `json:"person"`
	MomentID string `json:"moment_id"`
	Text     string `json:"text"`
}

// momentHands: moment_publish and moment_delete (userid, moment_id) for a member's part of the corp's moments,
// moment_post (userid, text) for a moment of the member's own; of a customer who sees it moment_like and moment_comment
// (person, userid, moment_id).
func momentHands() map[string]hand {
	by := func(fn func(s *Server, t *transaction, user string, v momentByHand) (fields, error)) hand {
		return handed(func(s *Server, t *transaction, v momentByHand) (fields, error) {
			m := s.st.member(v.UserID)
			if m == nil {
				return nil, dead("没有这位员工")
			}
			return fn(s, t, m.UserID, v)
		})
	}
	mark := func(kind int64) hand {
		return by(func(s *Server, t *transaction, user string, v momentByHand) (fields, error) {
			m := s.st.Talk.Moments.All[v.MomentID]
			if m == nil || m.task(user) == nil || m.task(user).Deleted || !slices.Contains(m.task(user).Seen, v.Person) {
				return nil, dead("这位顾客看不到这条朋友圈")
			}
			if kind == 1 && slices.ContainsFunc(m.task(user).Likes, func(x momentMark) bool { return x.Ext == v.Person && x.At <= t.At }) {
				return nil, dead("已经点过赞")
			}
			t.do(op{K: opMomentMark, ID: m.ID, User: user, Ext: v.Person, N: kind})
			return nil, nil
		})
	}
	return map[string]hand{
		"moment_like":    mark(1),
		"moment_comment": mark(2),
		"moment_publish": by(func(s *Server, t *transaction, user string, v momentByHand) (fields, error) {
			if !s.momentPublish(t, user, v.MomentID) {
				return nil, dead("这条朋友圈已经发表、已被停止，或不是给这位员工的")
			}
			task := s.st.Talk.Moments.All[v.MomentID].task(user)
			return fields{"seen": len(task.Seen), "selected": len(task.Customers)}, nil
		}),
		"moment_delete": by(func(s *Server, t *transaction, user string, v momentByHand) (fields, error) {
			m := s.st.Talk.Moments.All[v.MomentID]
			if m == nil || m.task(user) == nil || m.task(user).Published == 0 || m.task(user).Deleted {
				return nil, dead("这位员工没有发表过这条朋友圈，或已经删除")
			}
			t.do(op{K: opMomentDelete, ID: m.ID, User: user})
			return nil, nil
		}),
		"moment_post": by(func(s *Server, t *transaction, user string, v momentByHand) (fields, error) {
			if strings.TrimSpace(v.Text) == "" {
				return nil, dead("请填写朋友圈的文字")
			}
			own := moment{ID: mint(s.st.World.Seed, "mom", s.st.next(), 40), Creator: user, Created: t.At, Text: v.Text, Tasks: []*momentTask{{User: user, Customers: s.st.customers(user)}}}
			t.change(op{K: opMomentOwn}, own)
			s.momentPublish(t, user, own.ID)
			return fields{"moment_id": own.ID}, nil
		}),
	}
}

type momentAddIn struct {
	Range struct {
		Senders struct {
			Users       []string `json:"user_list"`
			Departments []int64  `json:"department_list"`
		} `json:"sender_list"`
		Customers struct {
			Tags []string `json:"tag_list"`
		} `json:"external_contact_list"`
	} `json:"visible_range"`
	Text struct {
		Content string `json:"content"`
	} `json:"text"`
	Attachments []struct {
		Type  string `json:"msgtype"`
		Image *struct {
			MediaID string `json:"media_id"`
		} `json:"image"`
		Video *struct {
			MediaID string `json:"media_id"`
		} `json:"video"`
		Link *struct {
			Title   string `json:"title"`
			URL     string `json:"url"`
			MediaID string `json:"media_id"`
		} `json:"link"`
	} `json:"attachments"`
}

// momentParts checks what a moment carries: up to nine pictures, or one film, or one link.
func (c *call) momentParts(in *momentAddIn) ([]momentPart, error) {
	empty := refuse(40063, "some parameters are empty")
	var out []momentPart
	for _, a := range in.Attachments {
		p := momentPart{Type: a.Type}
		kind := a.Type
		switch {
		case a.Type == "image" && a.Image != nil:
			p.MediaID = a.Image.MediaID
		case a.Type == "video" && a.Video != nil:
			p.MediaID = a.Video.MediaID
		case a.Type == "link" && a.Link != nil:
			p.MediaID, p.Title, p.URL = a.Link.MediaID, a.Link.Title, a.Link.URL
			kind = mediaImage
			if p.URL == "" {
				return nil, empty
			}
			if chars(p.Title) > 64 {
				return nil, refuse(40058, "link title is longer than 64 characters")
			}
		case a.Type == "image" || a.Type == "video" || a.Type == "link":
			return nil, empty
		default:
			return nil, refuse(41065, "invalid attachments msgtype")
		}
		if p.MediaID == "" {
			return nil, empty
		}
		if _, err := c.media(p.MediaID, kind, fromMoment); err != nil {
			return nil, err
		}
		if len(out) > 0 && p.Type != out[0].Type {
			return nil, refuse(41065, "invalid attachments msgtype")
		}
		out = append(out, p)
	}
	if len(out) > 9 || len(out) > 1 && out[0].Type != "image" {
		return nil, refuse(41064, "invalid attachments size")
	}
	return out, nil
}

func (c *call) momentAdd() (fields, error) {
	var in momentAddIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	l := &c.st.World.Limits
	switch {
	case l.MomentsOff:
		return nil, refuse(41211, "customer moments are not enabled")
	case in.Text.Content == "" && len(in.Attachments) == 0:
		return nil, refuse(41089, "moment has neither text nor attachments")
	case chars(in.Text.Content) > 2000 || len(in.Text.Content) > 4000:
		return nil, refuse(45002, "invalid text size")
	case len(in.Range.Senders.Users) > 100_000:
		return nil, refuse(40032, "userid list too long")
	}
	parts, err := c.momentParts(&in)
	if err != nil {
		return nil, err
	}
	j := momentJob{ID: mint(c.st.World.Seed, "", c.st.next(), 44), Created: c.t.At, Text: in.Text.Content, Parts: parts}
	for _, id := range in.Range.Senders.Users {
		if m, err := c.visible(id); err == nil && !m.NoSeat && !m.Inactive {
			j.Users = append(j.Users, m.UserID)
		} else {
			j.BadUsers = append(j.BadUsers, id)
		}
	}
	for _, id := range in.Range.Senders.Departments {
		if members, _ := c.st.under(id); len(members) > 0 {
			j.Departments = append(j.Departments, id)
		} else {
			j.BadDepts = append(j.BadDepts, id)
		}
	}
	for _, id := range in.Range.Customers.Tags {
		if _, t := c.st.tag(id); t != nil {
			j.Tags = append(j.Tags, id)
		} else {
			j.BadTags = append(j.BadTags, id)
		}
	}
	running := 0
	for _, other := range c.st.Talk.Moments.Jobs {
		running += int(b2f(other.Moment == "" && other.Code == 0))
	}
	switch made := c.st.Talk.Meters["moment"]; {
	case running >= l.MomentJobs:
		return nil, refuse(41078, "too many running moment jobs")
	case !made.room(c.t.At, 1, [4]int64{10}):
		return nil, refuse(45009, "api freq out of limit")
	case !made.room(c.t.At, 1, [4]int64{0, 0, 0, int64(l.MomentsMonth)}):
		return nil, refuse(41210, "too many moments this month")
	}
	if len(j.BadTags) > 0 && len(j.Tags) == 0 {
		j.Code = 40068 // tags were asked for and none exists: the job fails
	} else if len(j.BadUsers)+len(j.BadDepts) > 0 && len(j.Users)+len(j.Departments) == 0 {
		j.Code = 40031
	}
	c.t.change(op{K: opMomentJob}, j)
	if j.Code == 0 {
		c.t.later(c.t.At+momentMade, act{Kind: actMomentMake, Msg: j.ID})
	}
	return fields{"jobid": j.ID}, nil
}

func (c *call) momentResult() (fields, error) {
	id := c.q.Get("jobid")
	j := c.st.Talk.Moments.Jobs[id]
	switch {
	case id == "":
		return nil, refuse(40063, "some parameters are empty")
	case j == nil || c.t.At-j.Created >= momentJobLife:
		return nil, refuse(40058, "invalid jobid")
	}
	out := fields{"status": 1, "type": "add_moment_task"}
	switch {
	case c.t.At-j.Created < momentQueued:
		return out, nil
	case j.Moment == "" && j.Code == 0 || c.t.At-j.Created < momentMade:
		out["status"] = 2
		return out, nil
	}
	text := "ok"
	if j.Code != 0 {
		text = map[int]string{40068: "invalid tagid", 40031: "invalid userid list"}[j.Code]
		text = cmp.Or(text, "no external user to send")
	}
	out["status"] = 3
	result := fields{"errcode": j.Code, "errmsg": text,
		"invalid_sender_list":           fields{"user_list": list(j.BadUsers), "department_list": list(j.BadDepts)},
		"invalid_external_contact_list": fields{"tag_list": list(j.BadTags)}}
	if j.Moment != "" {
		result["moment_id"] = j.Moment
	}
	out["result"] = result
	return out, nil
}

// list is never null in JSON.
func list[T any](v []T) []T {
	if v == nil {
		return []T{}
	}
	return v
}
