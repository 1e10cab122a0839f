package staffapp

import (
	"context"
	"errors"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/errs"
)

// A corp may fetch few tickets in an hour, so that one is kept until shortly before it ends; a failure is not kept.
func TestTicketIsKeptUntilItEnds(t *testing.T) {
	now := clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	fetched, down := 0, true
	fetch := func(context.Context) (string, time.Duration, error) {
		if down {
			return "", 0, errors.New("45009")
		}
		fetched++
		return []string{"", "first", "second"}[fetched], 2 * time.Hour, nil
	}
	var kept ticket
	if _, err := kept.get(t.Context(), now, fetch); !errs.Is(err, "staff.jssdk_ticket") {
		t.Errorf("without WeCom: %v", err)
	}
	down = false
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, "first"}, {114 * time.Minute, "first"}, {time.Minute, "second"}} {
		now.Set(now.Now().Add(c.after))
		if got, err := kept.get(t.Context(), now, fetch); err != nil || got != c.want {
			t.Errorf("%s later: %q, %v; want %s", c.after, got, err, c.want)
		}
	}
}
