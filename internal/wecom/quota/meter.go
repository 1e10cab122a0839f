package quota

import (
	"context"
	"sync"
	"time"

	"qunce/internal/clock"
)

// Meter counts calls in windows that outlive a process: the days and months in which WeCom takes only so many. All
// processes of a corp share it. Few APIs have such windows, and few calls are made to them.
type Meter interface {
	// Take counts one call in the window from..to of the API unless it holds most calls already, and returns how many it
	// holds then.
	Take(ctx context.Context, api string, from, to time.Time, most int) (used int, ok bool, err error)
	// Block notes that WeCom holds the API back until then; a later end stands.
	Block(ctx context.Context, api string, until time.Time) error
	// Blocks returns the ends of the blocks that are not over.
	Blocks(ctx context.Context, now time.Time) (map[string]time.Time, error)
}

// memoryMeter is the Meter of one process that need not remember.
type memoryMeter struct {
	mu   sync.Mutex
	used map[meterKey]int
}

type meterKey struct {
	api      string
	from, to int64
}

func newMemoryMeter() *memoryMeter { return &memoryMeter{used: map[meterKey]int{}} }

func (m *memoryMeter) Take(_ context.Context, api string, from, to time.Time, most int) (int, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := meterKey{api, from.Unix(), to.Unix()}
	if m.used[k] >= most {
		return m.used[k], false, nil
	}
	m.used[k]++
	return m.used[k], true, nil
}

// Block has nobody to tell: the keeper knows its own blocks.
func (m *memoryMeter) Block(context.Context, string, time.Time) error { return nil }

// Blocks knows of no other process.
func (m *memoryMeter) Blocks(context.Context, time.Time) (map[string]time.Time, error) {
	return nil, nil
}

// calendar is the window of a lasting rule that now lies in.
func calendar(r rule, now time.Time) (from, to time.Time) {
	from = clock.Day(now)
	if r.span == day {
		return from, from.AddDate(0, 0, 1)
	}
	from = from.AddDate(0, 0, 1-from.Day())
	return from, from.AddDate(0, 1, 0)
}
