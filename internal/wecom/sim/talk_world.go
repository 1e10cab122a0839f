package sim

import (
	"fmt"
	"regexp"
	"strings"

	"qunce/internal/errs"
)

// Talk is the part of a World about what is said: whose chats are archived, who serves WeChat customers, which robots
// stand in groups.
type Talk struct {
	Archive *Archive  `json:"archive,omitempty"` // nil = the corp has no chat archive
	Kf      []Service `json:"kf,omitempty"`      // WeChat customer service accounts that exist at the start
	Upgrade Upgrade   `json:"kf_upgrade,omitzero"`
	Robots  []Robot   `json:"robots,omitempty"`
}

// Archive says whose chats are archived (会话内容存档) and what customers think of it.
type Archive struct {
	Members []string `json:"members"`           // userids with a seat; "@all" = everyone
	Edition int      `json:"edition,omitempty"` // of their seats: 1 office, 2 service, 3 enterprise; 0 = 3
	Consent float64  `json:"consent,omitempty"` // chance that a customer who is asked agrees; 0 = 0.9, negative = nobody does
	Lively  float64  `json:"lively,omitempty"`  // chance a day that a pair in an archived chat exchanges a picture, a voice message, a file…; 0 = 0.05, negative = never
	Recall  float64  `json:"recall,omitempty"`  // chance that a member takes back what was sent there; 0 = 0.05, negative = never
}

// Service is an account of WeChat customer service (微信客服) with the members who serve.
type Service struct {
	OpenKfID  string   `json:"open_kfid"`
	Name      string   `json:"name"`
	Servicers []string `json:"servicers,omitempty"` // userids
	PerDay    int      `json:"per_day,omitempty"`   // people who turn to it a day, drawn from the world's
	Refuse    float64  `json:"refuse,omitempty"`    // chance that a person takes no messages from it
}

// Upgrade is what kf customers may be offered: members and customer groups.
type Upgrade struct {
	Members     []string `json:"userids,omitempty"`
	Departments []int64  `json:"departments,omitempty"`
	Groups      []string `json:"chat_ids,omitempty"`
}

// Robot is a message pusher that was put into a group by hand; whoever has the key may speak through it.
type Robot struct {
	Key      string `json:"key"`
	ID       string `json:"robot_id,omitempty"` // wb…, how the archive names it; empty = made up
	Name     string `json:"name,omitempty"`
	Creator  string `json:"creator,omitempty"` // a userid
	ChatID   string `json:"chat_id,omitempty"` // of a group of the app's; empty = a group nobody else sees; a customer group refuses
	Disabled bool   `json:"disabled,omitempty"`
	Removed  bool   `json:"removed,omitempty"` // from the group
}

// TalkLimits are WeCom's on what is said, changeable for tests. Zero means the value given.
type TalkLimits struct {
	MediaWhole   int64 `json:"media_whole,omitempty"`    // bytes from which media/get wants a Range; 20 MB
	MomentsOff   bool  `json:"moments_off,omitempty"`    // customer moments are not enabled for the corp
	MomentJobs   int   `json:"moment_jobs,omitempty"`    // moments being made at once; 10
	MomentsMonth int   `json:"moments_month,omitempty"`  // moments a month; 100,000
	MomentsSeen  int   `json:"moments_seen,omitempty"`   // moments of the corp's members a customer is shown a day; 3, negative = any number
	Products     int   `json:"products,omitempty"`       // in the product album; 10,000
	KfAccounts   int   `json:"kf_accounts,omitempty"`    // 5,000
	AppSendsEach int   `json:"app_sends_each,omitempty"` // app messages a day for each member of the corp; 200
}

func (l *TalkLimits) fill() {
	atLeast := func(v *int, otherwise int) {
		if *v == 0 {
			*v = otherwise
		}
	}
	if l.MediaWhole == 0 {
		l.MediaWhole = 20 << 20
	}
	atLeast(&l.MomentJobs, 10)
	atLeast(&l.MomentsMonth, 100_000)
	atLeast(&l.MomentsSeen, 3)
	atLeast(&l.Products, 10_000)
	atLeast(&l.KfAccounts, 5000)
	atLeast(&l.AppSendsEach, 200)
}

// chanceOf reads a chance whose zero value means otherwise and whose negative ones mean never.
func chanceOf(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return max(v, 0)
}

var kfIDShape = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

func (k *Talk) check(w *World, members, people map[string]bool) error {
	bad := func(format string, args ...any) error {
		return errs.E(errs.Invalid, "sim.bad_world", "%s", fmt.Sprintf(format, args...))
	}
	known := func(id string) bool { return members[strings.ToLower(id)] }
	if a := k.Archive; a != nil {
		for i, id := range a.Members {
			if id != "@all" && !known(id) {
				return bad("archive.members[%d]: %q is no member", i, id)
			}
		}
		if a.Edition < 0 || a.Edition > 3 {
			return bad("archive.edition %d is not 1, 2 or 3", a.Edition)
		}
	}
	seen := map[string]bool{}
	for i, a := range k.Kf {
		if !kfIDShape.MatchString(a.OpenKfID) || seen[a.OpenKfID] {
			return bad("kf[%d]: open_kfid %q is empty, doubled or of another shape", i, a.OpenKfID)
		}
		seen[a.OpenKfID] = true
		for _, id := range a.Servicers {
			if !known(id) {
				return bad("kf[%d]: servicer %q is no member", i, id)
			}
		}
		if a.PerDay < 0 || a.PerDay > 0 && len(people) == 0 {
			return bad("kf[%d]: per_day needs people", i)
		}
	}
	for i, id := range k.Upgrade.Members {
		if !known(id) {
			return bad("kf_upgrade.userids[%d]: %q is no member", i, id)
		}
	}
	chats := map[string]bool{}
	for i := range w.Groups {
		chats[w.Groups[i].ChatID] = true
	}
	for i, id := range k.Upgrade.Groups {
		if !chats[id] {
			return bad("kf_upgrade.chat_ids[%d]: %q is no group", i, id)
		}
	}
	keys := map[string]bool{}
	for i, r := range k.Robots {
		if r.Key == "" || keys[r.Key] {
			return bad("robots[%d]: key %q is empty or doubled", i, r.Key)
		}
		keys[r.Key] = true
		if r.Creator != "" && !known(r.Creator) {
			return bad("robots[%d]: creator %q is no member", i, r.Creator)
		}
	}
	return nil
}
