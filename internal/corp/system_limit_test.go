package corp

import (
	"testing"
	"time"

	"qunce/internal/wecom"
)

// What is not known is null, and the worst of the states is told.
func TestCallLimit(t *testing.T) {
	until := time.Unix(1e9, 0)
	for _, tt := range []struct {
		in            wecom.QuotaState
		window, state string
		used, limit   int64 // -1 = null
	}{
		{wecom.QuotaState{Window: time.Minute, Used: 10, Limit: 10_000}, "minute", "ok", 10, 10_000},
		{wecom.QuotaState{Window: time.Hour, Used: 140_000, Limit: 150_000}, "hour", "near", 140_000, 150_000},
		{wecom.QuotaState{Window: 24 * time.Hour, Used: -1, Limit: 1000}, "day", "ok", -1, 1000},
		{wecom.QuotaState{Window: 30 * 24 * time.Hour, Used: 0, Limit: 3000}, "month", "ok", 0, 3000},
		{wecom.QuotaState{Window: time.Minute, Used: 9500, Limit: 10_000, Slowed: true}, "minute", "slowed", 9500, 10_000},
		{wecom.QuotaState{Window: time.Minute, Used: 9500, Limit: 10_000, Slowed: true, BlockedUntil: until}, "minute", "blocked", 9500, 10_000},
		{wecom.QuotaState{BlockedUntil: until}, "none", "blocked", -1, -1},
		{wecom.QuotaState{}, "none", "ok", -1, -1},
	} {
		got := callLimitOf(tt.in)
		value := func(p *int64) int64 {
			if p == nil {
				return -1
			}
			return *p
		}
		if got.Window != tt.window || got.State != tt.state || value(got.Used) != tt.used || value(got.Limit) != tt.limit || (got.Until != nil) != (tt.state == "blocked") {
			t.Errorf("%+v: %s %s %d of %d until %v", tt.in, got.Window, got.State, value(got.Used), value(got.Limit), got.Until)
		}
	}
}
