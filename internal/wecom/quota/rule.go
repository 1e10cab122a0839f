package quota

import (
	"context"
	"time"
)

// WeCom's limits for one corp and API, over a minute and over an hour.
const (
	perMinute = 10_000
	perHour   = 150_000
)

// Spans of the windows. Days and months are those of the calendar in Shanghai and are counted by the Meter.
const (
	day   = 24 * time.Hour
	month = 30 * day
)

// rule is one limit of an API: at most so many calls in a span; of each part, where a call names parts: the members an
// app message goes to, a robot's key.
type rule struct {
	span time.Duration
	most int
	each bool
}

// lasting says that the window outlives a process.
func (r rule) lasting() bool { return r.span >= day }

// rulesOf lists the limits of an API as WeCom's page on frequencies and the pages of the APIs give them. What WeCom
// counts in people and not in calls (app messages a day, readers of appchats) is left to its refusals.
func rulesOf(api string, perMinute int) []rule {
	base := func(more ...rule) []rule {
		return append([]rule{{span: time.Minute, most: perMinute}, {span: time.Hour, most: perHour}}, more...)
	}
	minute := func(most int) []rule {
		return []rule{{span: time.Minute, most: min(most, perMinute)}, {span: time.Hour, most: perHour}}
	}
	switch api {
	case "/cgi-bin/auth/getuserinfo": // exempt while the codes are good
		return nil
	case "/cgi-bin/message/send": // not in the base limit; more to one member is dropped without a word
		return []rule{{span: time.Minute, most: 30, each: true}, {span: time.Hour, most: 1000, each: true}}
	case "/cgi-bin/webhook/send":
		return []rule{{span: time.Minute, most: 20, each: true}}
	case "/cgi-bin/get_jsapi_ticket":
		return []rule{{span: time.Hour, most: 400}}
	case "/cgi-bin/ticket/get":
		return []rule{{span: time.Hour, most: 100}}
	case "/cgi-bin/media/uploadimg":
		return base(rule{span: day, most: 1000}, rule{span: month, most: 3000})
	case "/cgi-bin/externalcontact/add_moment_task":
		return append(minute(10), rule{span: month, most: 100_000})
	case "/cgi-bin/appchat/create":
		return base(rule{span: day, most: 1000})
	case "/cgi-bin/appchat/update":
		return []rule{{span: time.Minute, most: perMinute}, {span: time.Hour, most: 1000}}
	case "/cgi-bin/msgaudit/get_permit_user_list":
		return minute(1000)
	case "/cgi-bin/msgaudit/check_single_agree":
		return minute(2500)
	case "/cgi-bin/msgaudit/check_room_agree":
		return minute(1500)
	case "/cgi-bin/msgaudit/groupchat/get":
		return minute(2000)
	case "/cgi-bin/msgaudit/get_robot_info":
		return minute(600)
	}
	return base()
}

// blocks is how long WeCom holds an API back after 45009, first to last: as long as the window that is full, and the
// client cannot see which one that is. A month's block is looked at again every day.
func blocks(rules []rule) []time.Duration {
	out := []time.Duration{time.Minute, time.Hour}
	for _, r := range rules {
		if r.lasting() {
			return append(out, day)
		}
	}
	return out
}

// Pace is how a caller meets a limit.
type Pace int

// The paces.
const (
	Ordinary Pace = iota // waits a little, then fails with an error that says how long
	Urgent               // never slowed, and admitted from a reserve; a refusal of WeCom's holds it back like all
	Patient              // waits as long as it takes
)

type paceKey struct{}

// With gives the calls of a context a pace.
func With(ctx context.Context, p Pace) context.Context { return context.WithValue(ctx, paceKey{}, p) }

// PaceOf is the pace of a call; welcomes and tokens are urgent by themselves.
func PaceOf(ctx context.Context, api string) Pace {
	switch api {
	case "/cgi-bin/gettoken", "/cgi-bin/externalcontact/send_welcome_msg":
		return Urgent
	}
	p, _ := ctx.Value(paceKey{}).(Pace)
	return p
}
