// Package clock holds the two clocks of the product. The wall clock rules what machines do: leases, retries, sessions,
// tokens. A corp's clock rules what people see: due times, quiet hours, quotas, business days. A corp's clock may be
// accelerated; then it only moves when somebody sets it, and never backwards. No other package calls time.Now.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time.
type Clock interface {
	Now() time.Time
}

type wall struct{}

func (wall) Now() time.Time { return time.Now() }

// Wall is the machine's clock.
func Wall() Clock { return wall{} }

// Manual is a clock that moves only forward and only when it is set: an accelerated corp's clock and the tests' clock.
type Manual struct {
	mu  sync.RWMutex
	now time.Time
}

// NewManual returns a clock that stands at t.
func NewManual(t time.Time) *Manual { return &Manual{now: t} }

// Now returns the time the clock stands at.
func (m *Manual) Now() time.Time {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.now
}

// Set moves the clock forward to t; an earlier t is ignored. It returns the time the clock stands at.
func (m *Manual) Set(t time.Time) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t.After(m.now) {
		m.now = t
	}
	return m.now
}

// Shanghai is the zone of WeCom's days and the default zone of a corp. China keeps no daylight saving time.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// Day returns midnight of t's business day in the corp's zone.
func Day(t time.Time) time.Time {
	t = t.In(Shanghai)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, Shanghai)
}
