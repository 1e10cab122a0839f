package clock_test

import (
	"testing"
	"time"

	"qunce/internal/clock"
)

func TestManualNeverGoesBack(t *testing.T) {
	start := time.Date(2011, 4, 4, 8, 0, 0, 0, clock.Shanghai)
	c := clock.NewManual(start)
	if got := c.Set(start.Add(-time.Hour)); !got.Equal(start) {
		t.Fatalf("went back to %v", got)
	}
	if got := c.Set(start.Add(time.Hour)); !got.Equal(start.Add(time.Hour)) {
		t.Fatalf("did not go forward: %v", got)
	}
}

func TestDayIsTheCorpsMidnight(t *testing.T) {
	utc := time.Date(2011, 4, 3, 17, 30, 0, 0, time.UTC) // 01:30 of the 4th in Shanghai
	if got := clock.Day(utc).Format("2006-01-02 15:04"); got != "2011-04-04 00:00" {
		t.Fatalf("got %s", got)
	}
}
