package touch

import "time"

// Settings are the numbers of the rules. They are kept as JSON; what is missing there has the default.
type Settings struct {
	Quiet         Hours                `json:"quiet"`
	Quota         string               `json:"quota"` // how the corp limits receiving at WeCom: month, week or day
	Promo         Promo                `json:"promo"`
	TrustHours    int                  `json:"trust_hours"`    // after the first add: no promotion
	ComplaintDays int                  `json:"complaint_days"` // after a complaint: no promotion
	Group         GroupCaps            `json:"group"`          // for types that say nothing
	GroupTypes    map[string]GroupCaps `json:"group_types,omitempty"`
}

// Hours is a span of the day in minutes from midnight, the end not included; From > To passes midnight.
type Hours struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Promo caps promotion to one person over all channels and senders; week and month are the last 7 and 30 days.
type Promo struct {
	Day   int `json:"day"`
	Week  int `json:"week"`
	Month int `json:"month"`
}

// GroupCaps are the caps of one type of group. PromoShare binds the last 7 days; one promotional post is always possible.
type GroupCaps struct {
	Posts      int     `json:"posts"`       // a day
	PromoPosts int     `json:"promo_posts"` // a day
	PromoShare float64 `json:"promo_share"`
	Quiet      Hours   `json:"quiet"`
}

// How a corp limits what a customer or group may receive at WeCom.
const (
	QuotaMonth = "month" // days in the month, per calendar month
	QuotaWeek  = "week"  // besides: 7 in 7 days
	QuotaDay   = "day"   // besides: 1 a day
)

// Defaults are the trustworthy ones the product ships with.
func Defaults() Settings {
	quiet := Hours{From: 21*60 + 30, To: 8*60 + 30}
	return Settings{
		Quiet: quiet, Quota: QuotaMonth, Promo: Promo{Day: 1, Week: 2, Month: 6}, TrustHours: 72, ComplaintDays: 30,
		Group: GroupCaps{Posts: 3, PromoPosts: 1, PromoShare: 0.3, Quiet: quiet},
	}
}

// ForGroup returns the caps of a type of group.
func (s Settings) ForGroup(kind string) GroupCaps {
	if c, ok := s.GroupTypes[kind]; ok {
		return c
	}
	return s.Group
}

// MonthCap is what a customer or group may receive in the calendar month of t: the days of the month.
func MonthCap(t time.Time) int {
	return time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, t.Location()).Day()
}

// Covers reports whether the time of day of t lies in the span.
func (h Hours) Covers(t time.Time) bool {
	m := t.Hour()*60 + t.Minute()
	if h.From <= h.To {
		return m >= h.From && m < h.To
	}
	return m >= h.From || m < h.To
}

// EndAfter is the first end of the span after t.
func (h Hours) EndAfter(t time.Time) time.Time {
	end := time.Date(t.Year(), t.Month(), t.Day(), 0, h.To, 0, 0, t.Location())
	if !end.After(t) {
		end = end.AddDate(0, 0, 1)
	}
	return end
}
