package directory

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/width"
)

// hours reads two times of day as minutes. The closing time is on the next day when it is at or before the opening time,
// as in 10:00 to 02:00, when it is written past 24:00, or when it says 次日. The same time twice is round the clock.
// bad names the time that cannot be read: "open" or "close".
func hours(open, closing string) (o, c int, bad string) {
	o, next, ok := minutes(open)
	if !ok || next || o > day {
		return 0, 0, "open"
	}
	c, next, ok = minutes(closing)
	switch {
	case !ok || c > 2*day:
		return 0, 0, "close"
	case next && c < day:
		c += day
	case c <= o:
		c += day
	}
	if c-o >= day { // nobody is open longer than round the clock
		return 0, day, ""
	}
	return o, c, ""
}

// minutes reads "7:30", "07:30:00", "21：30", "次日02:00", "24:00" or a spreadsheet's fraction of a day (0.3125).
func minutes(s string) (m int, nextDay, ok bool) {
	s = strings.TrimSpace(width.Fold.String(s))
	for _, mark := range []string{"次日", "翌日", "第二天"} {
		if rest, found := strings.CutPrefix(s, mark); found {
			s, nextDay = strings.TrimSpace(rest), true
		}
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && strings.Contains(s, ".") && f >= 0 && f < 2 {
		return int(f*day + 0.5), nextDay, true
	}
	parts := strings.Split(strings.NewReplacer("点", ":", "时", ":", "分", "").Replace(s), ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false, false
	}
	if parts[1] == "" && len(parts) == 2 { // 8点
		parts[1] = "0"
	}
	h, err1 := strconv.Atoi(parts[0])
	mm, err2 := strconv.Atoi(parts[1])
	if err1 != nil || err2 != nil || h < 0 || h > 48 || mm < 0 || mm > 59 {
		return 0, false, false
	}
	return h*60 + mm, nextDay, true
}

// clockTime writes minutes as "07:30"; past midnight it counts on: "26:00" is two o'clock of the next day.
func clockTime(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }
