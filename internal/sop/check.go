package sop

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"qunce/internal/errs"
	"qunce/internal/media"
	"qunce/internal/touch"
)

// Limits of a definition.
const (
	maxSteps = 60
	maxText  = 4000 // bytes, WeCom's limit
	maxDays  = 365
)

var (
	stepKey  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)
	variable = regexp.MustCompile(`\{([^{}]*)\}`)
)

// absolute are words that the advertising law forbids whatever they are about.
var absolute = []string{"国家级", "最高级", "最佳", "最好", "第一", "顶级", "唯一", "极致", "独家", "首选", "全网最低", "史上最", "100%", "永久", "万能"}

// Check reports the first rule a definition breaks for its subject: the same rules bind the templates and what an
// operator publishes. It is the ledger's caps applied to the plan itself, so that nothing is planned that would always be
// refused. Errors: Invalid "sop.…" with the field of the step.
func Check(subject Subject, d Definition, s touch.Settings) error {
	if len(d.Steps) == 0 || len(d.Steps) > maxSteps || !slices.ContainsFunc(d.Steps, Step.Worked) {
		return errs.E(errs.Invalid, "sop.no_steps", "%d steps", len(d.Steps)).On("steps").With("max", maxSteps)
	}
	seen := map[string]bool{}
	for i, step := range d.Steps {
		if seen[step.Key] {
			return errs.E(errs.Invalid, "sop.duplicate_key", "step %q stands twice", step.Key).On(field(i, "key")).With("key", step.Key)
		}
		seen[step.Key] = true
		if err := checkStep(subject, i, step, s); err != nil {
			return err
		}
	}
	if subject == OfGroup {
		return checkWeek(d, s)
	}
	return checkPerson(d, s)
}

func field(i int, name string) string { return fmt.Sprintf("steps[%d].%s", i, name) }

func checkStep(subject Subject, i int, x Step, s touch.Settings) error {
	bad := func(code, name, format string, args ...any) *errs.Error {
		return errs.E(errs.Invalid, code, format, args...).On(field(i, name)).With("step", x.Title)
	}
	single := []string{touch.Welcome, touch.MassSingle, touch.SidebarSingle, touch.Moments, NoChannel}
	group := []string{touch.MassGroup, touch.SidebarGroup, NoChannel}
	if subject == OfGroup {
		single = group
	}
	quiet := s.Quiet
	if subject == OfGroup {
		quiet = s.Group.Quiet
	}
	from, errFrom := minutes(x.Window.From)
	to, errTo := minutes(x.Window.To)
	wantCost := 0
	if x.Mass() {
		wantCost = 1
	}
	switch {
	case !stepKey.MatchString(x.Key):
		return bad("sop.bad_key", "key", "key %q", x.Key)
	case !slices.Contains(single, x.Channel):
		return bad("sop.bad_channel", "channel", "channel %q does not fit a plan of a %s", x.Channel, subject)
	case x.Day < 0 || x.Day > maxDays || subject == OfGroup && x.Day != 0:
		return bad("sop.bad_day", "day", "day %d", x.Day)
	case slices.ContainsFunc(x.Weekdays, func(w int) bool { return w < 1 || w > 7 }):
		return bad("sop.bad_day", "weekdays", "weekdays %v", x.Weekdays)
	case !x.Worked():
		return nil
	case errFrom != nil || errTo != nil || from >= to:
		return bad("sop.bad_window", "window", "window %s–%s", x.Window.From, x.Window.To)
	case quietAt(quiet, from) || quietAt(quiet, to-1):
		return bad("sop.quiet_window", "window", "window %s–%s reaches into the quiet hours", x.Window.From, x.Window.To)
	case x.QuotaCost != wantCost:
		return bad("sop.bad_quota", "quota_cost", "a %s costs %d", x.Channel, wantCost)
	case strings.TrimSpace(x.Text) == "" || strings.TrimSpace(x.Title) == "":
		return bad("sop.text_missing", "text", "no text or title")
	case len(x.Text) > maxText:
		return bad("sop.text_long", "text", "%d bytes", len(x.Text)).With("max", maxText)
	case len(x.Parts) > 0 && !x.Mass():
		return bad("sop.parts_channel", "parts", "a %s carries no files", x.Channel)
	case len(x.Parts)+len(x.Links) > media.MaxParts:
		return bad("media.too_many", "parts", "%d parts", len(x.Parts)+len(x.Links)).With("max", media.MaxParts)
	case x.Late != LateSkip && x.Late != LateSendUntil || x.LateHours < 0 || x.LateHours > 72:
		return bad("sop.bad_late", "late", "late rule %q of %d hours", x.Late, x.LateHours)
	}
	for _, m := range variable.FindAllStringSubmatch(x.Text, -1) {
		if !slices.Contains(variables(x.Channel), m[1]) {
			return errs.E(errs.Invalid, "sop.bad_variable", "{%s} in a %s", m[1], x.Channel).On(field(i, "text")).With("step", x.Title).With("variable", m[0])
		}
	}
	for _, word := range absolute {
		if strings.Contains(x.Text, word) || strings.Contains(x.Title, word) {
			return errs.E(errs.Invalid, "sop.forbidden_word", "%q", word).On(field(i, "text")).With("step", x.Title).With("word", word)
		}
	}
	if x.Promo && !strings.Contains(x.Text, "广告") {
		return bad("sop.ad_mark", "text", "a promotion that is not marked as one")
	}
	return nil
}

// variables lists what a channel's text may know.
func variables(channel string) []string {
	switch channel {
	case touch.SidebarSingle:
		return []string{"name", "store", "staff"}
	case touch.SidebarGroup:
		return []string{"group", "store", "staff"}
	}
	return []string{"store", "staff"}
}

func quietAt(h touch.Hours, minute int) bool {
	if h.From <= h.To {
		return minute >= h.From && minute < h.To
	}
	return minute >= h.From || minute < h.To
}

// checkPerson applies the caps on promotion to a person's run: a day's, seven days', the first hours'.
func checkPerson(d Definition, s touch.Settings) error {
	for i, x := range d.Steps {
		if !x.Promo {
			continue
		}
		if x.Day*24 < s.TrustHours {
			return errs.E(errs.Invalid, "sop.promo_too_early", "promotion on day %d", x.Day).On(field(i, "day")).With("step", x.Title).With("hours", s.TrustHours)
		}
		day, week := 0, 0
		for _, y := range d.Steps {
			if y.Promo && y.Day == x.Day {
				day++
			}
			if y.Promo && y.Day <= x.Day && y.Day > x.Day-7 {
				week++
			}
		}
		if day > s.Promo.Day || week > s.Promo.Week {
			return errs.E(errs.Invalid, "sop.promo_caps", "%d promotions a day, %d in seven days", day, week).On(field(i, "promo")).With("step", x.Title)
		}
	}
	return nil
}

// checkWeek applies the caps of groups to a week of a group's plan.
func checkWeek(d Definition, s touch.Settings) error {
	posts, promos := 0, 0
	mass := 0
	for w := 1; w <= 7; w++ {
		day, dayPromo := 0, 0
		for _, x := range d.Steps {
			if !x.Worked() || len(x.Weekdays) > 0 && !slices.Contains(x.Weekdays, w) {
				continue
			}
			day++
			if x.Promo {
				dayPromo++
			}
			if x.Mass() {
				mass++
			}
		}
		if day > s.Group.Posts || dayPromo > s.Group.PromoPosts {
			return errs.E(errs.Invalid, "sop.group_caps", "%d posts and %d promotions on weekday %d", day, dayPromo, w).On("steps").
				With("weekday", w).With("posts", s.Group.Posts).With("promo_posts", s.Group.PromoPosts)
		}
		posts, promos = posts+day, promos+dayPromo
	}
	if promos > 1 && float64(promos) > s.Group.PromoShare*float64(posts) {
		return errs.E(errs.Invalid, "sop.group_share", "%d of %d posts a week are promotion", promos, posts).On("steps").With("share", s.Group.PromoShare)
	}
	if mass*4 > 28 { // the platform lets a group receive as many as the month has days, all senders together
		return errs.E(errs.Invalid, "sop.group_quota", "%d mass sends a week", mass).On("steps")
	}
	return nil
}
