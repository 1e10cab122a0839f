package wecom

import (
	"context"
	"sync"
	"time"
)

// Trace collects the calls that were made within a context, so that somebody can be told what was asked of WeCom and what
// it said. Safe for concurrent use.
type Trace struct {
	mu   sync.Mutex
	list []Traced
}

// Traced is one call: Code is WeCom's errcode, 0 = ok, or one of the client's own below -1000 when there was no answer.
type Traced struct {
	API  string // "/cgi-bin/…"
	Code int
	Took time.Duration // wall time, without the wait for the quota
}

// Calls returns what was collected so far, in the order of the answers.
func (t *Trace) Calls() []Traced {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Traced(nil), t.list...)
}

type traceKey struct{}

// WithTrace lets the calls of a context be collected.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

func traced(ctx context.Context, x Traced) {
	if t, ok := ctx.Value(traceKey{}).(*Trace); ok {
		t.mu.Lock()
		t.list = append(t.list, x)
		t.mu.Unlock()
	}
}
