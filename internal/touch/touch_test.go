package touch_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/event"
	"qunce/internal/group"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/touch"
)

type world struct {
	t      *testing.T
	db     *pg.DB
	clock  *clock.Manual
	ledger *touch.Service
}

// newWorld has customers 1…3 (1 and 2 old friends of staff 7, 3 opted out) and group 11 of staff 7.
func newWorld(t *testing.T) *world {
	pool := pgtest.New(t)
	db := pool.Corp(pgtest.CorpSchema)
	ids := id.New(pool.IDBlock)
	now := time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Shanghai)
	c := clock.NewManual(now)
	if _, err := ids.Next(t.Context()); err != nil { // a block at hand: no test waits for one inside its transaction
		t.Fatal(err)
	}
	if err := event.EnsurePartitions(t.Context(), db, now.AddDate(0, -1, 0), now.AddDate(0, 2, 0)); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`INSERT INTO directory_staff (id, userid, name, name_key, can_contact, updated_at) VALUES (7, 'wang', '王敏', 'wangmin', true, $1)`,
		`INSERT INTO customer_customer (id, name, name_key, first_added_at, created_at, updated_at)
			SELECT i, '客户' || i, 'kehu' || i, $1::timestamptz - interval '30 days', $1, $1 FROM generate_series(1, 3) i`,
		`INSERT INTO customer_relation (customer_id, staff_id, store_id, userid, external_userid, state, added_at, updated_at)
			SELECT i, 7, 0, 'wang', 'wm' || i, 'active', $1::timestamptz - interval '30 days', $1 FROM generate_series(1, 3) i`,
		`UPDATE customer_customer SET opted_out_at = $1 WHERE id = 3`,
		`INSERT INTO group_group (id, chat_id, name, name_key, owner_userid, owner_staff_id, store_id, status, created_at, read_at)
			VALUES (11, 'wr11', '福利群', 'fuliqun', 'wang', 7, 0, 'normal', $1, $1)`,
	} {
		if _, err := db.Exec(t.Context(), sql, now); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	w := &world{t: t, db: db, clock: c}
	w.ledger = touch.New(touch.Deps{DB: db, IDs: ids, Clock: c, Events: event.New(ids, clock.Wall()), Audit: audit.New(ids),
		Customers: customer.New(customer.Deps{DB: db}), Groups: group.New(group.Deps{DB: db}), Directory: directory.New(directory.Deps{DB: db})})
	return w
}

func (w *world) customers(list ...touch.Candidate) []touch.Decision {
	w.t.Helper()
	var out []touch.Decision
	err := w.db.Tx(w.t.Context(), func(tx pg.Tx) (err error) {
		out, err = w.ledger.DecideCustomers(w.t.Context(), tx, list)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) settle(list ...touch.Outcome) {
	w.t.Helper()
	if err := w.db.Tx(w.t.Context(), func(tx pg.Tx) error { return w.ledger.Settle(w.t.Context(), tx, list) }); err != nil {
		w.t.Fatal(err)
	}
}

func promo(customerID int64, key string) touch.Candidate {
	return touch.Candidate{CustomerID: customerID, StaffID: 7, Channel: touch.MassSingle, Purpose: "offer", Promo: true, Quota: true, Source: "test", SourceKey: key, CauseID: 1}
}

// Twenty campaigns decide about the same people at the same time, in every order; the caps hold all the same.
func TestConcurrentCampaignsNeverOverbook(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	var wg sync.WaitGroup
	allowed := map[int64]int{}
	for i := range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			list := []touch.Candidate{promo(1, fmt.Sprintf("a%d", i)), promo(2, fmt.Sprintf("a%d", i)), promo(3, fmt.Sprintf("a%d", i))}
			if i%2 == 0 {
				slices.Reverse(list)
			}
			var got []touch.Decision
			err := w.db.Tx(t.Context(), func(tx pg.Tx) (err error) {
				got, err = w.ledger.DecideCustomers(t.Context(), tx, list)
				return err
			})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, d := range got {
				if d.Verdict == touch.Allow {
					allowed[d.CustomerID]++
				} else if d.CustomerID != 3 && d.Reason != touch.PromoDay {
					t.Errorf("refused for %s", d.Reason)
				}
			}
		}()
	}
	wg.Wait()
	if allowed[1] != 1 || allowed[2] != 1 || allowed[3] != 0 {
		t.Fatalf("allowed %v, want one each for 1 and 2 and none for 3", allowed)
	}
}

func TestSameKeyIsDecidedOnce(t *testing.T) {
	w := newWorld(t)
	first := w.customers(promo(1, "x"), promo(1, "x"))
	again := w.customers(promo(1, "x"))
	if first[0].Verdict != touch.Allow || first[1].TouchID != first[0].TouchID || again[0].TouchID != first[0].TouchID || again[0].Verdict != touch.Allow {
		t.Fatalf("first %+v\nagain %+v", first, again)
	}
	if other := w.customers(promo(1, "y")); other[0].Reason != touch.PromoDay {
		t.Fatalf("the day's promotion is used, got %+v", other[0])
	}
}

func TestFailedAndReleasedGiveBack(t *testing.T) {
	w := newWorld(t)
	for i, outcome := range []string{touch.Failed, touch.Released} {
		d := w.customers(promo(1, fmt.Sprint("k", i)))[0]
		if d.Verdict != touch.Allow {
			t.Fatalf("round %d: %+v", i, d)
		}
		w.settle(touch.Outcome{CustomerID: 1, TouchID: d.TouchID, Outcome: outcome})
	}
	d := w.customers(promo(1, "last"))[0]
	w.settle(touch.Outcome{CustomerID: 1, TouchID: d.TouchID, Outcome: touch.Delivered, At: w.clock.Now()})
	w.settle(touch.Outcome{CustomerID: 1, TouchID: d.TouchID, Outcome: touch.Released}) // too late: it was delivered
	if got := w.customers(promo(1, "more"))[0]; got.Reason != touch.PromoDay {
		t.Fatalf("a delivered promotion counts, got %+v", got)
	}
	part, err := w.ledger.Part(t.Context(), 1)
	if err != nil || part.MonthUsed != 1 || part.WeekPromo != 1 || part.MonthCap != 30 {
		t.Fatalf("part %+v, %v", part, err)
	}
}

func TestDeferredIsAskedAgain(t *testing.T) {
	w := newWorld(t)
	w.clock.Set(time.Date(2026, 11, 18, 22, 0, 0, 0, clock.Shanghai))
	d := w.customers(promo(1, "night"))[0]
	morning := time.Date(2026, 11, 19, 8, 30, 0, 0, clock.Shanghai)
	if d.Verdict != touch.Defer || !d.Until.Equal(morning) {
		t.Fatalf("at night: %+v", d)
	}
	w.clock.Set(morning)
	if again := w.customers(promo(1, "night"))[0]; again.Verdict != touch.Allow || again.TouchID != d.TouchID {
		t.Fatalf("in the morning: %+v", again)
	}
	if other := w.customers(promo(1, "other"))[0]; other.Reason != touch.PromoDay {
		t.Fatalf("it counts for the morning's day: %+v", other)
	}
}

func TestGroupsHaveTheirOwnCaps(t *testing.T) {
	w := newWorld(t)
	var got []touch.Decision
	err := w.db.Tx(t.Context(), func(tx pg.Tx) (err error) {
		var list []touch.Candidate
		for i := range 4 {
			list = append(list, touch.Candidate{GroupID: 11, StaffID: 7, Channel: touch.SidebarGroup, Source: "test", SourceKey: fmt.Sprint(i), CauseID: 1})
		}
		list = append(list, touch.Candidate{GroupID: 99, StaffID: 7, Channel: touch.SidebarGroup, Source: "test", SourceKey: "gone", CauseID: 1})
		got, err = w.ledger.DecideGroups(t.Context(), tx, list)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "", "", touch.GroupPosts, touch.GroupGone} {
		if got[i].Reason != want {
			t.Errorf("post %d: %s, want %q", i, got[i].Reason, want)
		}
	}
}
