package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"qunce/internal/clock"
	"qunce/internal/errs"
)

// World is the corp and its population at the beginning, and what they are going to do. The same World and Seed act
// alike every time, as long as the platform answers alike.
type World struct {
	Seed        uint64       `json:"seed"`
	Start       time.Time    `json:"start"`
	Departments []Department `json:"departments"` // the root has id 1
	Members     []Member     `json:"members"`
	People      []Person     `json:"people"`
	Groups      []Group      `json:"groups,omitempty"`
	Friends     []Friend     `json:"friends,omitempty"`
	TagGroups   []TagGroup   `json:"tag_groups,omitempty"`
	Behaviour   Behaviour    `json:"behaviour"` // of people without their own; the zero value means DefaultBehaviour
	Plan        Plan         `json:"plan"`
	Limits      Limits       `json:"limits"`
	Follow      bool         `json:"follow,omitempty"` // standing alone at speed 1, a restart takes the clock to the real time
	Stores      []Store      `json:"stores,omitempty"`
	Holidays    []Holiday    `json:"holidays,omitempty"`
	Segments    []Segment    `json:"segments,omitempty"`
	Population  *Population  `json:"population,omitempty"`
	Permissions Permissions  `json:"permissions,omitzero"`
	OtherApp    *OtherApp    `json:"other_app,omitempty"`
	Acquisition Acquisition  `json:"acquisition,omitzero"`
	Talk
}

// Acquisition is the corp's quota of customers by acquisition links (获客助手). Without lots there is one of 1,000 for a year.
type Acquisition struct {
	Closed bool       `json:"closed,omitempty"` // the corp's industry may not use links
	Quota  []QuotaLot `json:"quota,omitempty"`
}

// QuotaLot is so much quota bought together.
type QuotaLot struct {
	Balance int       `json:"balance"`
	Expires time.Time `json:"expires"`
}

// Department is a node of the corp's tree; a larger Order sorts first.
type Department struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	ParentID int64  `json:"parent_id"`
	Order    int64  `json:"order"`
}

// Member is a person on the corp's staff. Diligence (0..1) is the chance that a task gets confirmed, and makes it
// faster. Nobody confirms outside WorkFrom..WorkTo ("08:30", the corp's zone; empty = 09:00..21:00).
type Member struct {
	UserID      string   `json:"userid"`
	Name        string   `json:"name"`
	Departments []int64  `json:"departments"`
	IsLeader    bool     `json:"is_leader,omitempty"`
	Position    string   `json:"position,omitempty"`
	Diligence   float64  `json:"diligence"`
	WorkFrom    string   `json:"work_from,omitempty"`
	WorkTo      string   `json:"work_to,omitempty"`
	Days        []int    `json:"days,omitempty"`      // of work, 1 = Monday … 7 = Sunday; empty = every day
	Off         []string `json:"off,omitempty"`       // dates without work
	StaffURL    string   `json:"staff_url,omitempty"` // the platform's staff pages, e.g. http://127.0.0.1:8080/staff; empty = not used
	Hidden      bool     `json:"hidden,omitempty"`    // outside the app's visible range
	NoSeat      bool     `json:"no_seat,omitempty"`   // without a customer-contact seat
	Inactive    bool     `json:"inactive,omitempty"`  // has never logged in
	Mobile      string   `json:"mobile,omitempty"`    // found by user/getuserid, shown after consent
	Email       string   `json:"email,omitempty"`     // private; likewise by user/get_userid_by_email
	BizMail     string   `json:"biz_mail,omitempty"`  // the corp's; likewise
	Gender      int      `json:"gender,omitempty"`    // 1 man, 2 woman
	Alias       string   `json:"alias,omitempty"`
	Unverified  bool     `json:"unverified,omitempty"` // without a verified real name: takes over no customers
	Stale       bool     `json:"stale,omitempty"`      // has not logged in for a year
	Banned      bool     `json:"banned,omitempty"`     // by the platform, for spam
	Applies     float64  `json:"applies,omitempty"`    // people of their groups a day whom the member asks to be friends
}

// Behaviour holds chances (0..1): Scan that an arrival really opens the entry, Add that the code shown is used to add
// the member, Join that a group offered is joined, Reply to a message received, Leave a group and Delete a member on
// any one day, and once more after each mass send received. On any one day Ask is the chance to begin a talk with a
// member, Chat to say something in a group, and Contacted to be written to by a diligent member. Refuse is the chance to
// refuse a transfer to another member, Accept to accept a member's request.
type Behaviour struct {
	Scan   float64 `json:"scan"`
	Add    float64 `json:"add"`
	Join   float64 `json:"join"`
	Reply  float64 `json:"reply"`
	Leave  float64 `json:"leave"`
	Delete float64 `json:"delete"`

	Ask       float64 `json:"ask,omitempty"`
	Chat      float64 `json:"chat,omitempty"`
	Contacted float64 `json:"contacted,omitempty"`
	Refuse    float64 `json:"refuse_transfer,omitempty"`
	Accept    float64 `json:"accept,omitempty"`
	Like      float64 `json:"like,omitempty"`    // of a moment seen
	Comment   float64 `json:"comment,omitempty"` // on a moment seen
}

// DefaultBehaviour is a friendly town.
func DefaultBehaviour() Behaviour {
	return Behaviour{Scan: 0.95, Add: 0.85, Join: 0.6, Reply: 0.08, Leave: 0.006, Delete: 0.004,
		Ask: 0.015, Chat: 0.01, Contacted: 0.01, Refuse: 0.05, Accept: 0.6, Like: 0.06, Comment: 0.01}
}

// Person is a WeChat user, or with a Corp a WeCom user of another corp. Lat and Lng are GCJ-02. HomeStore ties arrivals' entries to people; it means nothing else.
type Person struct {
	ExternalUserID string     `json:"external_userid"`
	UnionID        string     `json:"unionid,omitempty"`
	Name           string     `json:"name"`
	Gender         int        `json:"gender,omitempty"`
	HomeStore      string     `json:"home_store,omitempty"`
	Lat            float64    `json:"lat,omitempty"`
	Lng            float64    `json:"lng,omitempty"`
	Behaviour      *Behaviour `json:"behaviour,omitempty"`
	Segment        string     `json:"segment,omitempty"` // whose behaviour it has without its own
	Corp           string     `json:"corp,omitempty"`
	Position       string     `json:"position,omitempty"` // in that corp
}

// Group is a customer group that exists at the start. Members are people's and members' ids; the owner is one anyway.
type Group struct {
	ChatID  string   `json:"chat_id"`
	Name    string   `json:"name"`
	Owner   string   `json:"owner"`
	Members []string `json:"members,omitempty"`
}

// Friend is a relation that exists at the start.
type Friend struct {
	UserID         string `json:"userid"`
	ExternalUserID string `json:"external_userid"`
	State          string `json:"state,omitempty"`
}

// TagGroup is a group of corp tags that exists at the start, with tags by id and name. The administrator made it, unless
// it is the App's; an app may change only its own.
type TagGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Tags []Tag  `json:"tags"`
	App  bool   `json:"app,omitempty"`
}

// Tag is one corp tag.
type Tag struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Plan is what people will do: single acts, and arrivals drawn from the seed. More can be planned while the simulator
// runs (POST /sim/plan), since the entries' addresses are often known only then.
//
// A plan with a Key is taken once, so that a caller who got no answer may send it again.
type Plan struct {
	Key      string     `json:"key,omitempty"`
	Acts     []Act      `json:"acts,omitempty"`
	Arrivals []Arrivals `json:"arrivals,omitempty"`
}

// Act is one deed at one time. Kind: scan (URL: a landing page or a code's picture), add or join (URL: the picture),
// reply and leave (Chat, or UserID for a reply), delete (UserID); or anything POST /sim/act knows, with what it takes in Body
// (or in the act's own fields).
type Act struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Person string    `json:"person"`
	URL    string    `json:"url,omitempty"`
	UserID string    `json:"userid,omitempty"`
	ChatID string    `json:"chat_id,omitempty"`
	Text   string    `json:"text,omitempty"`

	Body json.RawMessage `json:"body,omitempty"`
}

// Arrivals lets PerDay people a day come in by an entry, on Days days from the day of From on, never before From. People who have not
// arrived yet come first, in an order drawn from the seed. Hours weighs the hours of the day; zero means shop hours.
type Arrivals struct {
	From     time.Time   `json:"from"`
	Days     int         `json:"days"`
	PerDay   int         `json:"per_day"`
	Hours    [24]float64 `json:"hours,omitzero"`
	Weekdays [7]float64  `json:"weekdays,omitzero"` // times per_day, Monday first; zero means alike
	Entries  []Entry     `json:"entries"`
}

// Entry is an address that people open: a landing page or the picture of a contact way or join way. With a Store only
// people of that HomeStore use it, and they prefer it to entries without one.
type Entry struct {
	URL    string  `json:"url"`
	Store  string  `json:"store,omitempty"`
	Weight float64 `json:"weight,omitempty"` // 0 = 1
}

// Limits are WeCom's, changeable for tests. Zero means WeCom's own value, but the rates of API calls are without limit
// unless RealRates asks for WeCom's: a simulated week passes in minutes.
type Limits struct {
	JoinByQR   int    `json:"join_by_qr,omitempty"`  // 200 people in a group end joining by QR
	ReceiveCap string `json:"receive_cap,omitempty"` // "month" (days in the month, default), "week" (7), "day" (1)
	TalkLimits
	RealRates     bool    `json:"real_rates,omitempty"`     // WeCom's own rates for whatever is not given below
	APIPerMinute  int     `json:"api_per_minute,omitempty"` // calls per API and wall minute before 45009
	APIPerHour    int     `json:"api_per_hour,omitempty"`   // and per wall hour
	IPPerMinute   int     `json:"ip_per_minute,omitempty"`  // calls per API, address and wall minute
	IPPerHour     int     `json:"ip_per_hour,omitempty"`    // and per wall hour
	APIConcurrent int     `json:"api_concurrent,omitempty"` // calls of one API at once before 45033
	WrongSecrets  int     `json:"wrong_secrets,omitempty"`  // wrong secrets of one address before gettoken is closed to it for a wall hour
	DetailLagMS   int     `json:"detail_lag_ms,omitempty"`  // wall time after an event for which reading a customer or group shows what was before
	HalfAdd       float64 `json:"half_add,omitempty"`       // chance that a no-verify add comes as a half add first; 0 = 0.1, negative = never

	GroupSize    int `json:"group_size,omitempty"`     // 500 people in a group are all it holds
	Ways         int `json:"ways,omitempty"`           // 500,000 contact ways and join ways together
	TempWays     int `json:"temp_ways,omitempty"`      // 100,000 temporary contact ways a day
	Tags         int `json:"tags,omitempty"`           // 10,000 corp tags
	EdgeTags     int `json:"edge_tags,omitempty"`      // 3,000 tags of one member on one customer
	Templates    int `json:"templates,omitempty"`      // 100 group welcome templates
	Customers    int `json:"customers,omitempty"`      // 5,000 customers of one member, for those who take over
	Links        int `json:"links,omitempty"`          // 2,000 acquisition links
	GroupsPerDay int `json:"groups_per_day,omitempty"` // 300 groups of one owner handed over in a day
	MassSingle   int `json:"mass_single,omitempty"`    // 10,000 customers in one mass send
	MassGroup    int `json:"mass_group,omitempty"`     // 2,000 groups in one mass send
}

// shopHours is when people come to shops.
var shopHours = [24]float64{8: 1, 9: 2, 10: 3, 11: 5, 12: 6, 13: 4, 14: 4, 15: 4, 16: 4, 17: 5, 18: 6, 19: 6, 20: 5, 21: 2}

// Check reports what is wrong with the world, as one sentence with the place.
func (w *World) Check() error {
	bad := func(format string, args ...any) error {
		return errs.E(errs.Invalid, "sim.bad_world", "%s", fmt.Sprintf(format, args...))
	}
	if w.Start.IsZero() {
		return bad("start is missing")
	}
	members, people := map[string]bool{}, map[string]bool{}
	for i, m := range w.Members {
		if m.UserID == "" || members[strings.ToLower(m.UserID)] {
			return bad("members[%d]: userid %q is empty or doubled", i, m.UserID)
		}
		members[strings.ToLower(m.UserID)] = true
		for _, at := range []string{m.WorkFrom, m.WorkTo} {
			if _, err := minutes(at, 0); err != nil {
				return bad("members[%d]: working time %q is not like 08:30", i, at)
			}
		}
	}
	for i, p := range w.People {
		if p.ExternalUserID == "" || people[p.ExternalUserID] {
			return bad("people[%d]: external_userid %q is empty or doubled", i, p.ExternalUserID)
		}
		people[p.ExternalUserID] = true
	}
	chats := map[string]bool{}
	for i, g := range w.Groups {
		if g.ChatID == "" || chats[g.ChatID] {
			return bad("groups[%d]: chat_id %q is empty or doubled", i, g.ChatID)
		}
		chats[g.ChatID] = true
		if !members[strings.ToLower(g.Owner)] {
			return bad("groups[%d]: owner %q is no member", i, g.Owner)
		}
		for _, id := range g.Members {
			if !people[id] && !members[strings.ToLower(id)] {
				return bad("groups[%d]: %q is nobody", i, id)
			}
		}
	}
	for i, f := range w.Friends {
		if !members[strings.ToLower(f.UserID)] || !people[f.ExternalUserID] {
			return bad("friends[%d]: %q or %q is nobody", i, f.UserID, f.ExternalUserID)
		}
	}
	if err := w.checkTown(); err != nil {
		return err
	}
	if err := w.Talk.check(w, members, people); err != nil {
		return err
	}
	if err := w.Limits.check(); err != nil {
		return err
	}
	if err := w.Permissions.check(w); err != nil {
		return err
	}
	return w.Plan.check(people)
}

func (p *Plan) check(people map[string]bool) error {
	hands := byHands()
	for i, a := range p.Acts {
		if hands[a.Kind] != nil {
			continue
		}
		if !people[a.Person] {
			return errs.E(errs.Invalid, "sim.bad_plan", "acts[%d]: person %q is nobody", i, a.Person)
		}
		switch a.Kind {
		case actScan, actAdd, actJoin, actReply, actLeave, actDelete:
		default:
			return errs.E(errs.Invalid, "sim.bad_plan", "acts[%d]: kind %q is unknown", i, a.Kind)
		}
	}
	for i, a := range p.Arrivals {
		if a.Days < 1 || a.PerDay < 0 || len(a.Entries) == 0 || a.From.IsZero() {
			return errs.E(errs.Invalid, "sim.bad_plan", "arrivals[%d]: from, days ≥ 1 and entries must be given", i)
		}
	}
	return nil
}

// minutes reads "08:30" as minutes of the day.
func minutes(s string, otherwise int) (int, error) {
	if s == "" {
		return otherwise, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("time of day %q: %w", s, err)
	}
	return t.Hour()*60 + t.Minute(), nil
}

func (m *Member) hours() (from, to int) {
	from, _ = minutes(m.WorkFrom, 9*60)
	to, _ = minutes(m.WorkTo, 21*60)
	if to <= from {
		to = 24 * 60
	}
	return from, to
}

// working returns the first instant at or after t at which the member works, in Unix milliseconds.
func (m *Member) working(ms int64) int64 {
	from, to := m.hours()
	t := time.UnixMilli(ms).In(clock.Shanghai)
	day := clock.Day(t)
	at := int(t.Sub(day) / time.Minute)
	first := m.workday(day)
	if at >= to && first.Equal(day) {
		first = m.workday(clock.Day(day.AddDate(0, 0, 1)))
	}
	if at < from || !first.Equal(day) {
		return first.Add(time.Duration(from) * time.Minute).UnixMilli()
	}
	return ms
}
