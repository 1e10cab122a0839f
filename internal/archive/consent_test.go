package archive

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/group/grouptest"
	"qunce/internal/inbox"
	"qunce/internal/pg"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

func TestJudge(t *testing.T) {
	at := func(hour int) *time.Time { x := grouptest.Start.Add(time.Duration(hour) * time.Hour); return &x }
	held := func(s State, since *time.Time) *consent { return &consent{state: s, since: since} }
	news := func(s State, since *time.Time) consent { return consent{state: s, since: since} }
	asked := func(s State, since *time.Time) consent { return consent{state: s, since: since, checked: at(9)} }
	for name, c := range map[string]struct {
		held *consent
		news consent
		want verdict
	}{
		"never heard of":              {nil, news(Agree, at(1)), change},
		"asked, and nothing said":     {nil, asked(Unknown, nil), change},
		"agreed after silence":        {held(Unknown, nil), news(Agree, at(1)), change},
		"took it back":                {held(Agree, at(1)), news(Disagree, at(2)), change},
		"agreed again":                {held(Disagree, at(1)), news(Agree, at(2)), change},
		"old news":                    {held(Disagree, at(2)), news(Agree, at(1)), ignore},
		"the same twice":              {held(Agree, at(1)), news(Agree, at(1)), ignore},
		"the same, later":             {held(Agree, at(1)), news(Agree, at(2)), change},
		"the same, now with its time": {held(Agree, nil), news(Agree, at(2)), change},
		"silence undoes nothing":      {held(Agree, at(1)), asked(Unknown, nil), note},
		"WeCom confirms":              {held(Agree, at(1)), asked(Agree, at(1)), note},
		"WeCom knows better":          {held(Agree, at(1)), asked(Disagree, at(2)), change},
		"WeCom lags":                  {held(Agree, at(2)), asked(Disagree, at(1)), note},
		"no time at all":              {held(Agree, at(2)), asked(Disagree, nil), change},
	} {
		if got := judge(c.held, c.news); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// states are all consents as "member or room, person: state source".
func (r *rig) states() map[string]string {
	r.t.Helper()
	return r.Pairs(`SELECT coalesce(nullif(c.room_id, ''), s.userid, '?') || ' ' || c.external_userid, c.state || ' ' || c.source
		FROM archive_consent c LEFT JOIN directory_staff s ON s.id = c.staff_id`)
}

func (r *rig) published() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, e := range r.heard {
		d := e.Data.(ConsentData)
		out = append(out, fmt.Sprintf("%s %s%s by %s, customer %v", e.Kind, d.ExternalUserID, d.RoomID, d.Source, e.CustomerID != 0))
	}
	slices.Sort(out)
	r.heard = nil
	return out
}

func TestConsentsFromMessagesAndCallbacks(t *testing.T) {
	r := newRig(t, 3)
	r.Add("wm00", "lina")
	r.Pass(time.Minute)
	r.Work()
	at := r.Clock.Now()
	agree := func(who, user, room string, at time.Time) {
		r.p.put(at, who, user, room, map[string]any{"msgtype": "agree", "agree": map[string]any{"userid": who, "agree_time": at.UnixMilli()}})
	}
	agree("wm00", "lina", "", at)
	agree("wm01", "lina", "wrWEST", at)
	r.pull(2)
	r.Is("agreed", map[string]string{"lina wm00": "agree message", "wrWEST wm01": "agree message"}, r.states())
	r.Is("published", []string{"archive.agreed wm00 by message, customer true", "archive.agreed wm01wrWEST by message, customer false"}, r.published())

	later := at.Add(time.Hour)
	r.Clock.Set(later)
	r.p.put(later, "wm00", "lina", "", map[string]any{"msgtype": "disagree", "disagree": map[string]any{"userid": "wm00", "disagree_time": later.UnixMilli()}})
	agree("wm00", "lina", "", at) // late
	r.pull(2)
	r.Is("took it back", map[string]string{"lina wm00": "disagree message", "wrWEST wm01": "agree message"}, r.states())
	r.Is("published", []string{"archive.disagreed wm00 by message, customer true"}, r.published())

	// The callback of a consent, which also is what a welcome had waited for.
	said := inbox.Event{At: later.Add(time.Minute), CauseID: 77, Event: callback.Event{Event: callback.ExternalContact, ChangeType: callback.MsgAuditApproved, UserID: "lina", ExternalUserID: "wm00"}}
	r.Check(r.Tx(func(tx pg.Tx) error { return r.s.onApproved(t.Context(), tx, []inbox.Event{said, said}, nil) }))
	r.Is("again", map[string]string{"lina wm00": "agree callback", "wrWEST wm01": "agree message"}, r.states())
	r.Is("published", []string{"archive.agreed wm00 by callback, customer true"}, r.published())
	r.Check(r.Tx(func(tx pg.Tx) error { return r.s.onApproved(t.Context(), tx, []inbox.Event{said}, nil) }))
	r.Is("the same callback", 0, len(r.published()))

	r.Calls("externalcontact/get")
	told, err := callback.Parse([]byte(`<xml><ToUserName>ww</ToUserName><FromUserName>sys</FromUserName><CreateTime>` + strconv.FormatInt(later.Unix()+120, 10) + `</CreateTime><MsgType>event</MsgType>` +
		`<Event>change_external_contact</Event><ChangeType>msg_audit_approved</ChangeType><UserID>lina</UserID><ExternalUserID>wm00</ExternalUserID></xml>`))
	r.Check(err)
	r.Check(r.Inbox.Put(t.Context(), told))
	r.Work()
	r.Is("the customer is read once", 1, r.Calls("externalcontact/get"))
}

// office is what WeCom says about seats and consents.
type office struct {
	seats   []string
	agreed  map[wecom.ChatPair]wecom.Agreement
	rooms   map[string][]wecom.Agreement
	unknown map[string]bool // whom WeCom does not know
	asked   []string
	err     error
}

func (o *office) PermitUsers(context.Context, int) ([]string, error) { return o.seats, o.err }

func (o *office) CheckSingleAgree(_ context.Context, pairs []wecom.ChatPair) ([]wecom.Agreement, error) {
	if len(pairs) > pairsAtOne {
		return nil, &wecom.Error{Code: 301060}
	}
	var out []wecom.Agreement
	for _, p := range pairs {
		if o.unknown[p.OpenID] {
			return nil, &wecom.Error{Code: 301061}
		}
		if a, ok := o.agreed[p]; ok {
			a.ChatPair = p
			out = append(out, a)
		}
	}
	for _, p := range pairs {
		o.asked = append(o.asked, p.UserID+" "+p.OpenID)
	}
	return out, o.err
}

func (o *office) CheckRoomAgree(_ context.Context, room string) ([]wecom.Agreement, error) {
	o.asked = append(o.asked, room)
	return o.rooms[room], o.err
}

func (o *office) questions() []string {
	out := o.asked
	slices.Sort(out)
	o.asked = nil
	return out
}

func TestWeComIsAskedAboutSeatsAndConsents(t *testing.T) {
	r := newRig(t, 5)
	for i := range 4 {
		r.Add(grouptest.Person(i), "lina")
	}
	r.Add("wm04", "zhou")
	r.Join("wm00", "wrWEST")
	r.Join("wm00", "wrRIVER")
	r.Pass(time.Minute)
	r.Work()
	if err := r.s.Ask(t.Context()); !errs.Is(err, "archive.no_secret") {
		t.Error(err)
	}
	now := r.Clock.Now()
	yes := wecom.Agreement{ChangedAt: wecom.Seconds(now.Unix()), Status: wecom.AgreeYes}
	no := wecom.Agreement{ChangedAt: wecom.Seconds(now.Unix()), Status: wecom.AgreeNo}
	o := &office{seats: []string{"lina"}, agreed: map[wecom.ChatPair]wecom.Agreement{{UserID: "lina", OpenID: "wm00"}: yes, {UserID: "lina", OpenID: "wm01"}: no},
		rooms: map[string][]wecom.Agreement{"wrWEST": {{ChatPair: wecom.ChatPair{OpenID: "wm00"}, Status: wecom.AgreeYes}}}, unknown: map[string]bool{"wm03": true}}
	r.s.People = o
	_, state := r.call(owner(), "GET", "/api/archive/coverage")
	r.Is("seats before anybody asked", nil, state["asked_at"])
	r.Is("unknown is not none", 0, len(state["unseated"].([]any)))
	r.Check(r.s.AskIfDue(t.Context()))
	r.Is("consents", map[string]string{"lina wm00": "agree check", "lina wm01": "disagree check", "lina wm02": "unknown check", "lina wm03": "unknown check", "wrWEST wm00": "agree check"}, r.states())
	r.Is("asked", []string{"lina wm00", "lina wm01", "lina wm02", "wrWEST"}, o.questions())
	r.Is("published", 3, len(r.published()))
	_, state = r.call(owner(), "GET", "/api/archive/coverage")
	r.Is("seated", "李娜", state["seated"].([]any)[0].(map[string]any)["name"])
	r.Is("unseated", 2, len(state["unseated"].([]any)))

	r.Check(r.s.AskIfDue(t.Context()))
	r.Is("not before a day is over", 0, len(o.questions()))
	r.Pass(25 * time.Hour)
	r.Add("wm03", "lina")
	o.seats = []string{"zhou"}
	r.Check(r.s.AskIfDue(t.Context()))
	r.Is("what is new alone", []string{"wrRIVER", "zhou wm04"}, o.questions())
	r.Is("the seat went over", map[string]string{"lina": "ended", "zhou": "held"}, r.Pairs(`SELECT userid, CASE WHEN ended_at IS NULL THEN 'held' ELSE 'ended' END FROM archive_seat`))
	o.seats = []string{"lina", "zhou"}
	o.agreed[wecom.ChatPair{UserID: "lina", OpenID: "wm00"}] = wecom.Agreement{ChangedAt: wecom.Seconds(r.Clock.Now().Unix()), Status: wecom.AgreeNo}
	r.Pass(8 * 24 * time.Hour)
	r.Check(r.s.AskIfDue(t.Context()))
	r.Is("all of them after a week", []string{"lina wm00", "lina wm01", "lina wm02", "wrRIVER", "wrWEST", "zhou wm04"}, o.questions())
	r.Is("took it back", "disagree check", r.states()["lina wm00"])

	o.err = &wecom.Error{API: "x", Code: 48002, Msg: "no permission"}
	r.Pass(25 * time.Hour)
	if err := r.s.AskIfDue(t.Context()); !wecom.IsCode(err, 48002) {
		t.Error(err)
	}
	_, state = r.call(owner(), "GET", "/api/archive/state")
	if p, _ := state["ask_problem"].(map[string]any); p == nil || p["code"] != "wecom.48002" {
		t.Errorf("the page says %v", state["ask_problem"])
	}
}

func TestConsentList(t *testing.T) {
	r := newRig(t, 4)
	for i := range 4 {
		r.Add(grouptest.Person(i), "lina")
		r.Join(grouptest.Person(i), "wrWEST")
	}
	r.Pass(time.Minute)
	r.Work()
	for i := range 4 {
		kind, field := "agree", "agree_time"
		if i == 3 {
			kind, field = "disagree", "disagree_time"
		}
		for _, room := range []string{"", "wrWEST"} {
			at := r.Clock.Now().Add(time.Duration(i) * time.Second)
			r.p.put(at, grouptest.Person(i), "lina", room, map[string]any{"msgtype": kind, kind: map[string]any{"userid": grouptest.Person(i), field: at.UnixMilli()}})
		}
	}
	r.Pass(time.Minute)
	r.pull(8)
	list := func(who actor.Actor, query string) (names []string, totals map[string]any) {
		t.Helper()
		cursor := ""
		for {
			code, page := r.call(who, "GET", "/api/archive/consents?limit=3&cursor="+cursor+"&"+query)
			if code != 200 {
				t.Fatalf("%s: %d %v", query, code, page)
			}
			for _, it := range page["items"].([]any) {
				x := it.(map[string]any)
				with := x["group"]
				if s, ok := x["staff"].(map[string]any); ok {
					with = s["name"]
				}
				names = append(names, fmt.Sprint(x["customer"].(map[string]any)["name"], " ", with, " ", x["state"]))
			}
			totals = page["totals"].(map[string]any)
			if cursor = page["next"].(string); cursor == "" {
				slices.Sort(names)
				return names, totals
			}
		}
	}
	names, totals := list(owner(), "")
	r.Is("all", 8, len(names))
	r.Is("totals", map[string]any{"agree": 6.0, "disagree": 2.0, "unknown": 0.0}, totals)
	names, totals = list(owner(), "state=disagree")
	r.Is("disagree", []string{"顾客03 李娜 disagree", "顾客03 西湖店福利群 disagree"}, names)
	r.Is("totals stay", 6.0, totals["agree"])
	names, _ = list(owner(), fmt.Sprint("staff_id=", r.staffID("lina")))
	r.Is("of a member", 4, len(names))
	names, _ = list(owner(), fmt.Sprint("group_id=", r.Count(`SELECT id::int FROM group_group WHERE chat_id = 'wrWEST'`)))
	r.Is("of a group", 4, len(names))
	customers, err := r.Customers.ByExternal(t.Context(), r.DB, []string{"wm02"})
	r.Check(err)
	names, _ = list(owner(), fmt.Sprint("customer_id=", customers["wm02"]))
	r.Is("of a customer", []string{"顾客02 李娜 agree", "顾客02 西湖店福利群 agree"}, names)
	zhou := owner()
	zhou.Scope = actor.Scope{Staff: r.staffID("zhou")}
	names, _ = list(zhou, "")
	r.Is("somebody else's", 0, len(names))
	found, err := r.s.ConsentsOf(t.Context(), customers["wm02"])
	r.Check(err)
	r.Is("on the customer's page", 2, len(found))
}
