package tenant

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qunce/internal/pg/pgtest"
)

// Three processes take from one day: together they get what the day has, also after a restart, and the next day is new.
func TestMeterIsShared(t *testing.T) {
	db := pgtest.New(t).Corp(pgtest.CorpSchema)
	day := start
	take := func(api string, from time.Time) bool {
		_, ok, err := Meter(db).Take(t.Context(), api, from, from.AddDate(0, 0, 1), 50)
		if err != nil {
			t.Error(err)
		}
		return ok
	}
	var wg sync.WaitGroup
	var got atomic.Int64
	for range 3 {
		wg.Go(func() {
			for range 30 {
				if take("/a", day) {
					got.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := got.Load(); n != 50 {
		t.Errorf("%d calls of 50 were let go", n)
	}
	if take("/a", day) || !take("/b", day) || !take("/a", day.AddDate(0, 0, 1)) {
		t.Error("a full day gives, or another API's or the next day does not")
	}
	if used, ok, err := Meter(db).Take(t.Context(), "/b", day, day.AddDate(0, 0, 1), 50); err != nil || !ok || used != 2 {
		t.Errorf("%d, %v, %v", used, ok, err)
	}
}

// A block stands for all, the longest one; what is over is not told.
func TestBlocks(t *testing.T) {
	m := Meter(pgtest.New(t).Corp(pgtest.CorpSchema))
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		api string
		in  time.Duration
	}{{"/a", time.Hour}, {"/a", time.Minute}, {"/b", time.Second}} {
		if err := m.Block(t.Context(), x.api, now.Add(x.in)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := m.Blocks(t.Context(), now.Add(time.Second))
	if err != nil || len(got) != 1 || !got["/a"].Equal(now.Add(time.Hour)) {
		t.Errorf("%v, %v", got, err)
	}
}
