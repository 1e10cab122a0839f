package touch

import (
	"slices"
	"time"
)

// use is what the ledger already allowed to one subject and did not get back, seen from the day of the decision.
type use struct {
	QuotaMonth, QuotaWeek, QuotaDay int // messages that spend WeCom's quota: calendar month, last 7 days, today
	PromoMonth, PromoWeek, PromoDay int // last 30 days, last 7 days, today
	PostsDay, PostsWeek             int // all messages; the rule for groups counts them
}

// add counts a message that was just allowed.
func (u *use) add(c Candidate) {
	u.PostsDay++
	u.PostsWeek++
	if c.Quota {
		u.QuotaMonth++
		u.QuotaWeek++
		u.QuotaDay++
	}
	if c.Promo {
		u.PromoMonth++
		u.PromoWeek++
		u.PromoDay++
	}
}

// ruling is the outcome of a rule; the zero ruling has no objection.
type ruling struct {
	verdict, reason string
	until           time.Time
}

func refuse(reason string) ruling { return ruling{verdict: Refuse, reason: reason} }

// decidePerson is the rule for a customer. now is in the corp's zone. What stands first wins: consent, the relation, the
// hour (a later hour may find other counts), what protects the person, then the scarce quota.
func decidePerson(s Settings, now time.Time, c Candidate, who standing, known bool, u use) ruling {
	switch {
	case who.OptedOut:
		return refuse(OptedOut)
	case c.Channel == Welcome:
		// WeCom's code proves that somebody is being added, even before the relation shows.
	case !known || c.StaffID == 0 && len(who.Active) == 0 || c.StaffID != 0 && !slices.Contains(who.Active, c.StaffID):
		return refuse(NoRelation)
	}
	if c.Channel != Welcome {
		if r := quiet(s.Quiet, now, c.WindowEnd); r.verdict != "" {
			return r
		}
	}
	if c.Promo {
		if r := promotion(s, now, who, u); r.verdict != "" {
			return r
		}
	}
	if c.Quota {
		if r := quota(s, now, u); r.verdict != "" {
			return r
		}
	}
	return ruling{verdict: Allow}
}

// decideRoom is the rule for a group; its caps belong to its type.
func decideRoom(s Settings, now time.Time, c Candidate, r room, known bool, u use) ruling {
	switch {
	case !known || !r.Alive:
		return refuse(GroupGone)
	case !r.HasOwner:
		return refuse(GroupNoOwner)
	}
	caps := s.ForGroup(r.Type)
	if q := quiet(caps.Quiet, now, c.WindowEnd); q.verdict != "" {
		return q
	}
	if u.PostsDay >= caps.Posts {
		return refuse(GroupPosts)
	}
	if c.Promo {
		if u.PromoDay >= caps.PromoPosts {
			return refuse(GroupPromoDay)
		}
		if u.PromoWeek > 0 && float64(u.PromoWeek+1) > caps.PromoShare*float64(u.PostsWeek+1) {
			return refuse(GroupPromoShare)
		}
	}
	if c.Quota {
		if q := quota(s, now, u); q.verdict != "" {
			return q
		}
	}
	return ruling{verdict: Allow}
}

// quiet defers to the end of the quiet hours if the window is still open then.
func quiet(h Hours, now, windowEnd time.Time) ruling {
	if !h.Covers(now) {
		return ruling{}
	}
	end := h.EndAfter(now)
	if !windowEnd.IsZero() && !end.Before(windowEnd) {
		return refuse(QuietHours)
	}
	return ruling{verdict: Defer, reason: QuietHours, until: end}
}

func promotion(s Settings, now time.Time, who standing, u use) ruling {
	switch {
	case !who.Complained.IsZero() && now.Before(who.Complained.AddDate(0, 0, s.ComplaintDays)):
		return refuse(AfterComplaint)
	case now.Before(who.FirstAdded.Add(time.Duration(s.TrustHours) * time.Hour)):
		return refuse(Trust)
	case u.PromoDay >= s.Promo.Day:
		return refuse(PromoDay)
	case u.PromoWeek >= s.Promo.Week:
		return refuse(PromoWeek)
	case u.PromoMonth >= s.Promo.Month:
		return refuse(PromoMonth)
	}
	return ruling{}
}

func quota(s Settings, now time.Time, u use) ruling {
	switch {
	case u.QuotaMonth >= MonthCap(now):
		return refuse(QuotaUsedMonth)
	case s.Quota == QuotaWeek && u.QuotaWeek >= 7:
		return refuse(QuotaUsedWeek)
	case s.Quota == QuotaDay && u.QuotaDay >= 1:
		return refuse(QuotaUsedDay)
	}
	return ruling{}
}

// quietUntil is when promotion to a person becomes possible again after the first hours or a complaint; zero = now.
func quietUntil(s Settings, now time.Time, who standing) time.Time {
	until := who.FirstAdded.Add(time.Duration(s.TrustHours) * time.Hour)
	if !who.Complained.IsZero() {
		if t := who.Complained.AddDate(0, 0, s.ComplaintDays); t.After(until) {
			until = t
		}
	}
	if !until.After(now) {
		return time.Time{}
	}
	return until
}
