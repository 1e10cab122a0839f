package sop

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"qunce/internal/clock"
)

// minutes reads "HH:MM".
func minutes(text string) (int, error) {
	h, m, ok := strings.Cut(text, ":")
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	if !ok || len(m) != 2 || err1 != nil || err2 != nil || hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, fmt.Errorf("%q is no time of day", text)
	}
	return hour*60 + minute, nil
}

// on returns when a window opens and closes on a business day. The definition was checked when it was published.
func (w Window) on(day time.Time) (from, to time.Time) {
	f, _ := minutes(w.From)
	t, _ := minutes(w.To)
	day = clock.Day(day)
	return day.Add(time.Duration(f) * time.Minute), day.Add(time.Duration(t) * time.Minute)
}

// slot is one step on one day.
type slot struct {
	key      string // of the due row
	day      time.Time
	due, end time.Time
}

// personSlots are the slots of a customer's run that is anchored at anchor; windows that were over by then are left out.
func (d Definition) personSlots(anchor time.Time) []slot {
	var out []slot
	for _, s := range d.Steps {
		if !s.Worked() {
			continue
		}
		day := clock.Day(anchor).AddDate(0, 0, s.Day)
		from, to := s.Window.on(day)
		if !to.After(anchor) {
			continue
		}
		if from.Before(anchor) {
			from = anchor
		}
		out = append(out, slot{key: s.Key, day: day, due: from, end: to})
	}
	return out
}

// groupSlots are the slots of a group's run on one business day; windows that were over at after are left out. The key
// names the day, since steps recur.
func (d Definition) groupSlots(day, after time.Time) []slot {
	day = clock.Day(day)
	var out []slot
	for _, s := range d.Steps {
		if !s.Worked() || len(s.Weekdays) > 0 && !slices.Contains(s.Weekdays, weekday(day)) {
			continue
		}
		from, to := s.Window.on(day)
		if !to.After(after) {
			continue
		}
		if from.Before(after) {
			from = after
		}
		out = append(out, slot{key: s.Key + "@" + day.Format(time.DateOnly), day: day, due: from, end: to})
	}
	return out
}

// stepOf is the step's key in a due row's key.
func stepOf(dueKey string) string {
	key, _, _ := strings.Cut(dueKey, "@")
	return key
}

// weekday is 1 for Monday … 7 for Sunday.
func weekday(t time.Time) int {
	if t.Weekday() == time.Sunday {
		return 7
	}
	return int(t.Weekday())
}

// lastMoment is when a step is too late for good.
func (s Step) lastMoment(windowEnd time.Time) time.Time {
	if s.Late != LateSendUntil {
		return windowEnd
	}
	hours := s.LateHours
	if hours == 0 {
		hours = 24
	}
	return windowEnd.Add(time.Duration(hours) * time.Hour)
}

// dayOf is which day of a run now is, 1 on the anchor's day.
func dayOf(anchor, now time.Time) int {
	return int(clock.Day(now).Sub(clock.Day(anchor))/(24*time.Hour)) + 1
}

// render fills the variables of a text.
func render(text string, vars map[string]string) string {
	for k, v := range vars {
		text = strings.ReplaceAll(text, "{"+k+"}", v)
	}
	return text
}
