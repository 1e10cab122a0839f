package sim

import "qunce/internal/clock"

// most is a limit of the world, or WeCom's own where the world does not change it.
func most(v, wecoms int) int {
	if v > 0 {
		return v
	}
	return wecoms
}

func (l Limits) groupSize() int    { return most(l.GroupSize, 500) }
func (l Limits) ways() int         { return most(l.Ways, 500_000) }
func (l Limits) tempWays() int     { return most(l.TempWays, 100_000) }
func (l Limits) tags() int         { return most(l.Tags, 10_000) }
func (l Limits) edgeTags() int     { return most(l.EdgeTags, 3_000) }
func (l Limits) templates() int    { return most(l.Templates, 100) }
func (l Limits) customers() int    { return most(l.Customers, 5_000) }
func (l Limits) links() int        { return most(l.Links, 2_000) }
func (l Limits) groupsPerDay() int { return most(l.GroupsPerDay, 300) }
func (l Limits) massSingle() int   { return most(l.MassSingle, 10_000) }
func (l Limits) massGroup() int    { return most(l.MassGroup, 2_000) }

// dayNo numbers the days of the corp's zone, which has no summer time.
func dayNo(ms int64) int32 { return int32((ms + 8*60*minuteMS) / dayMS) } //nolint:gosec // a day fits

// dayName names the day of an instant for the dice.
func dayName(ms int64) string { return itoa(int(dayNo(ms))) }

// dayStart is the first instant of a day, in Unix milliseconds.
func dayStart(day int32) int64 { return int64(day)*dayMS - 8*60*minuteMS }

// midnight is the end of the day of ms, in Unix milliseconds.
func midnight(ms int64) int64 { return clock.Day(msTime(ms)).AddDate(0, 0, 1).UnixMilli() }
