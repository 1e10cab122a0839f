package quota

import "time"

// slots is into how many parts a window is cut: calls leave it a part at a time.
const slots = 12

// window counts the calls of the last span, on the safe side by up to one part of it, so that it holds wherever WeCom's
// own windows begin. Nine tenths are given out as they come; then what is left up to the reserve is spread until the
// oldest calls leave; the reserve of a twentieth is for urgent calls.
type window struct {
	rule
	n    [slots + 1]int
	at   int64 // number of the current part
	next time.Time
}

func (w *window) part() time.Duration { return w.span / slots }

// move drops the parts that have left the window.
func (w *window) move(now time.Time) {
	at := now.UnixNano() / int64(w.part())
	if at-w.at > slots {
		w.n = [slots + 1]int{}
	} else {
		for i := w.at + 1; i <= at; i++ {
			w.n[i%(slots+1)] = 0
		}
	}
	w.at = max(w.at, at)
}

func (w *window) used() int {
	sum := 0
	for _, n := range w.n {
		sum += n
	}
	return sum
}

// frees is how long until the oldest calls leave.
func (w *window) frees(now time.Time) time.Duration {
	for i := w.at - slots; i <= w.at; i++ {
		if w.n[(i+slots+1)%(slots+1)] > 0 {
			return time.Unix(0, (i+slots+1)*int64(w.part())).Sub(now)
		}
	}
	return 0
}

// wait says how long before a call may go; it does not count one.
func (w *window) wait(now time.Time, p Pace) time.Duration {
	w.move(now)
	used := w.used()
	if p == Urgent {
		if used < w.most {
			return 0
		}
		return w.frees(now)
	}
	room := w.most - w.most/20 - used
	switch {
	case room <= 0:
		return w.frees(now)
	case used < w.most*9/10:
		return 0
	}
	return max(0, w.next.Sub(now))
}

// take counts a call that wait let go.
func (w *window) take(now time.Time) {
	w.n[w.at%(slots+1)]++
	used := w.used()
	if used < w.most*9/10 {
		return
	}
	room := max(w.most-w.most/20-used, 0)
	w.next = now.Add(w.frees(now) / time.Duration(room+1))
}

// slowed reports whether calls are being spread.
func (w *window) slowed(now time.Time) bool { return w.used() >= w.most*9/10 && now.Before(w.next) }
