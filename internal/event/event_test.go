package event

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/clock"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)

type ping struct {
	N int `json:"n"`
}

type rig struct {
	t   *testing.T
	db  *pg.DB
	bus *Bus
}

func newRig(t *testing.T) *rig {
	t.Helper()
	pool := pgtest.New(t)
	r := &rig{t: t, db: pool.Corp(pgtest.CorpSchema), bus: New(id.New(pool.IDBlock), clock.NewManual(start))}
	if err := Found(t.Context(), r.db, start); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) publish(evs ...Event) error {
	return r.db.Tx(r.t.Context(), func(tx pg.Tx) error { return r.bus.Publish(r.t.Context(), tx, evs...) })
}

func (r *rig) must(evs ...Event) {
	r.t.Helper()
	if err := r.publish(evs...); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) count(sql string, args ...any) (n int) {
	r.t.Helper()
	if err := r.db.QueryRow(r.t.Context(), sql, args...).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestAKeyCountsOnce(t *testing.T) {
	r := newRig(t)
	var seen []int
	r.bus.Subscribe("test", func(_ context.Context, _ pg.Tx, evs []Event) error {
		for _, e := range evs {
			seen = append(seen, e.Data.(ping).N)
		}
		return nil
	}, "a")
	r.must(Event{Kind: "a", At: start, Key: "k", Data: ping{1}, CauseID: 1}, Event{Kind: "a", At: start, Key: "k", Data: ping{2}, CauseID: 1},
		Event{Kind: "a", At: start, Data: ping{3}, CauseID: 1}, Event{Kind: "a", At: start, Data: ping{3}, CauseID: 1})
	r.must(Event{Kind: "a", At: start.Add(time.Hour), Key: "k", Data: ping{4}, CauseID: 2})
	if diff := cmp.Diff([]int{1, 3, 3}, seen); diff != "" {
		t.Errorf("seen (-want +got):\n%s", diff)
	}
	if n := r.count(`SELECT count(*) FROM event_event`); n != 3 {
		t.Errorf("%d events are kept, want 3", n)
	}
}

func TestAKeyCountsOnceAcrossTransactions(t *testing.T) {
	r := newRig(t)
	var mu sync.Mutex
	got := map[string]int{}
	r.bus.Subscribe("test", func(_ context.Context, tx pg.Tx, evs []Event) error {
		keys := make([]string, len(evs))
		for i, e := range evs {
			keys[i] = e.Key
		}
		tx.AfterCommit(func() {
			mu.Lock()
			defer mu.Unlock()
			for _, k := range keys {
				got[k]++
			}
		})
		return nil
	}, "a")
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			var evs []Event
			for i := range 30 { // each writer has another order: nobody may wait for each other in a ring
				evs = append(evs, Event{Kind: "a", At: start, Key: fmt.Sprintf("k%02d", (i*(2*w+1)+w)%30), CauseID: 1})
			}
			if err := r.publish(evs...); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 30 {
		if k := fmt.Sprintf("k%02d", i); got[k] != 1 {
			t.Errorf("%s counted %d times", k, got[k])
		}
	}
}

// A key whose transaction rolled back is free again.
func TestARolledBackKeyIsFree(t *testing.T) {
	r := newRig(t)
	oops := errors.New("oops")
	err := r.db.Tx(t.Context(), func(tx pg.Tx) error {
		if err := r.bus.Publish(t.Context(), tx, Event{Kind: "a", At: start, Key: "k", CauseID: 1}); err != nil {
			t.Fatal(err)
		}
		return oops
	})
	if !errors.Is(err, oops) {
		t.Fatal(err)
	}
	r.must(Event{Kind: "a", At: start, Key: "k", CauseID: 1})
	if n := r.count(`SELECT count(*) FROM event_event`); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestSubscribersSeeSetsInOrderInTheSameTransaction(t *testing.T) {
	r := newRig(t)
	type call struct {
		Who string
		N   []int
		Own int // rows of this transaction that it sees
	}
	var calls []call
	listen := func(who string, kinds ...Kind) {
		r.bus.Subscribe(who, func(ctx context.Context, tx pg.Tx, evs []Event) error {
			c := call{Who: who}
			for _, e := range evs {
				if e.ID == 0 {
					t.Error("an event without an id")
				}
				c.N = append(c.N, e.Data.(ping).N)
			}
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM event_event`).Scan(&c.Own); err != nil {
				return err
			}
			calls = append(calls, c)
			return nil
		}, kinds...)
	}
	listen("first", "a", "b")
	listen("second", "b")
	listen("deaf", "c")
	ev := func(k Kind, n int) Event { return Event{Kind: k, At: start, Data: ping{n}, CauseID: 1} }
	r.must(ev("a", 1), ev("b", 2), ev("a", 3), ev("b", 4))
	if diff := cmp.Diff([]call{{"first", []int{1, 2, 3, 4}, 4}, {"second", []int{2, 4}, 4}}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestAFailingSubscriberTakesTheEventWithIt(t *testing.T) {
	r := newRig(t)
	oops := errors.New("oops")
	r.bus.Subscribe("good", func(ctx context.Context, tx pg.Tx, _ []Event) error {
		_, err := tx.Exec(ctx, `INSERT INTO event_key (key, at) VALUES ('written by good', $1)`, start)
		return err
	}, "a")
	r.bus.Subscribe("bad", func(context.Context, pg.Tx, []Event) error { return oops }, "a")
	if err := r.publish(Event{Kind: "a", At: start, Key: "k", CauseID: 1}); !errors.Is(err, oops) {
		t.Fatalf("got %v", err)
	}
	if n := r.count(`SELECT (SELECT count(*) FROM event_event) + (SELECT count(*) FROM event_key)`); n != 0 {
		t.Errorf("%d rows survived", n)
	}
}

func TestAnEventNeedsACause(t *testing.T) {
	r := newRig(t)
	if err := r.publish(Event{Kind: "a", At: start}); err == nil {
		t.Error("an event without a cause was published")
	}
	r.must() // nothing is nothing
}

func TestTimelinePages(t *testing.T) {
	r := newRig(t)
	for i := range 25 { // several events share a second; some are of somebody else
		r.must(Event{Kind: "a", At: start.Add(time.Duration(i/4) * time.Second), CustomerID: 5, Data: ping{i}, CauseID: 1},
			Event{Kind: "a", At: start.Add(time.Duration(i) * time.Second), CustomerID: 6, CauseID: 1})
	}
	var all []Recorded
	before := Before{}
	for {
		page, err := Timeline(t.Context(), r.db, 5, before, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
		before = Before{At: page[len(page)-1].At, ID: page[len(page)-1].ID}
	}
	if len(all) != 25 {
		t.Fatalf("%d events, want 25", len(all))
	}
	for i, e := range all {
		if want := fmt.Sprintf(`{"n": %d}`, 24-i); string(e.Data) != want || e.CustomerID != 5 {
			t.Fatalf("event %d is %s, want %s", i, e.Data, want)
		}
	}
}

func TestByGroupAndByCause(t *testing.T) {
	r := newRig(t)
	for i := range 5 {
		r.must(Event{Kind: Kind([]string{"a", "b"}[i%2]), At: start.Add(time.Duration(i) * time.Second), GroupID: 9, Data: ping{i}, CauseID: int64(100 + i%2)})
	}
	evs, err := ByGroup(t.Context(), r.db, 9, []string{"a"}, Before{}, 2)
	if err != nil || len(evs) != 2 || string(evs[0].Data) != `{"n": 4}` || string(evs[1].Data) != `{"n": 2}` {
		t.Fatalf("%v, %v", evs, err)
	}
	evs, err = ByGroup(t.Context(), r.db, 9, []string{"a"}, Before{At: evs[1].At, ID: evs[1].ID}, 2)
	if err != nil || len(evs) != 1 || string(evs[0].Data) != `{"n": 0}` {
		t.Fatalf("second page: %v, %v", evs, err)
	}
	evs, err = ByCause(t.Context(), r.db, 101)
	if err != nil || len(evs) != 2 || string(evs[0].Data) != `{"n": 1}` {
		t.Fatalf("by cause: %v, %v", evs, err)
	}
	if evs, err := ByGroup(t.Context(), r.db, 0, []string{"a"}, Before{}, 2); err != nil || len(evs) != 0 {
		t.Errorf("group 0 is no group: %v, %v", evs, err)
	}
}

// A month begins at midnight in Shanghai, and the distant past has its place.
func TestPartitions(t *testing.T) {
	r := newRig(t)
	if err := Found(t.Context(), r.db, start); err != nil { // again at every start
		t.Fatal(err)
	}
	if err := Found(t.Context(), r.db, start.AddDate(0, 5, 0)); err != nil { // and by a clock that moved
		t.Fatal(err)
	}
	for at, table := range map[time.Time]string{
		time.Date(2026, 3, 31, 23, 59, 59, 0, clock.Shanghai): "event_event_y2026m03",
		time.Date(2026, 4, 1, 0, 0, 0, 0, clock.Shanghai):     "event_event_y2026m04",
		time.Date(2026, 3, 31, 16, 0, 0, 0, time.UTC):         "event_event_y2026m04",
		time.Date(2017, 1, 1, 0, 0, 0, 0, clock.Shanghai):     "event_event_before",
		time.Date(2024, 3, 1, 0, 0, 0, 0, clock.Shanghai):     "event_event_y2024m03",
	} {
		r.must(Event{Kind: "a", At: at, CustomerID: 1, CauseID: 1})
		if n := r.count(`SELECT count(*) FROM `+table+` WHERE at = $1`, at); n == 0 {
			t.Errorf("%v is not in %s", at, table)
		}
	}
	far := start.AddDate(1, 0, 0)
	if err := r.publish(Event{Kind: "a", At: far, CustomerID: 1, CauseID: 1}); err == nil {
		t.Error("a month without a partition took an event")
	}
	if err := EnsurePartitions(t.Context(), r.db, far, far); err != nil {
		t.Fatal(err)
	}
	r.must(Event{Kind: "a", At: far, CustomerID: 1, CauseID: 1})
}
