package wecom

import (
	"context"
	"fmt"
	"sync"
	"time"

	"qunce/internal/clock"
)

// perMinute is WeCom's limit for one corp and API.
const perMinute = 10_000

// keeper counts the calls of each API in minute windows, slows them down when a window is nine tenths full, and holds
// an API back after WeCom refused it: to the end of a minute after 45009, for a growing pause after 45033.
type keeper struct {
	clock clock.Clock
	limit int
	mu    sync.Mutex
	apis  map[string]*window
}

type window struct {
	start   time.Time
	n       int
	blocked time.Time     // no call before
	pause   time.Duration // the last pause after 45033
}

func newKeeper(c clock.Clock, limit int) *keeper {
	if limit == 0 {
		limit = perMinute
	}
	return &keeper{clock: c, limit: limit, apis: map[string]*window{}}
}

// admit waits until the API may be called. If the context ends before that, it fails at once as WeCom would.
func (k *keeper) admit(ctx context.Context, api string) error {
	for {
		wait, retry := k.take(api)
		if wait > 0 {
			if end, ok := ctx.Deadline(); ok && k.clock.Now().Add(wait).After(end) {
				return &Error{API: api, Code: codeBlocked, Msg: fmt.Sprintf("held back for %s by our own quota", wait.Round(time.Millisecond))}
			}
			if err := sleep(ctx, wait); err != nil {
				return &Error{API: api, Code: codeTransport, Msg: "gave up waiting for the quota", Cause: err}
			}
		}
		if !retry {
			return nil
		}
	}
}

// take counts a call and says how long to wait before it; retry means the call was not counted and must ask again.
func (k *keeper) take(api string) (wait time.Duration, retry bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.clock.Now()
	w := k.apis[api]
	if w == nil {
		w = &window{start: now}
		k.apis[api] = w
	}
	if now.Before(w.blocked) {
		return w.blocked.Sub(now), true
	}
	if now.Sub(w.start) >= time.Minute {
		w.start, w.n = now, 0
	}
	if k.limit < 0 {
		return 0, false
	}
	left := w.start.Add(time.Minute).Sub(now)
	if w.n >= k.limit {
		return left, true
	}
	w.n++
	if slow := k.limit * 9 / 10; w.n > slow {
		return left / time.Duration(k.limit-slow+1), false
	}
	return 0, false
}

// refused notes a limit answer.
func (k *keeper) refused(api string, code int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	w := k.apis[api]
	if w == nil {
		return
	}
	now := k.clock.Now()
	switch code {
	case 45009:
		w.blocked = now.Add(time.Minute)
	case 45033:
		w.pause = min(max(w.pause*2, 250*time.Millisecond), 8*time.Second)
		w.blocked = now.Add(w.pause)
	}
}

// Blocked lists the APIs held back at present and until when, for the system page.
func (c *Client) Blocked() map[string]time.Time {
	c.quota.mu.Lock()
	defer c.quota.mu.Unlock()
	out := map[string]time.Time{}
	now := c.clock.Now()
	for api, w := range c.quota.apis {
		if now.Before(w.blocked) {
			out[api] = w.blocked
		}
	}
	return out
}
