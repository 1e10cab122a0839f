package audit

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/actor"
	"qunce/internal/clock"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 123456789, clock.Shanghai)

type rig struct {
	t   *testing.T
	db  *pg.DB
	log *Log
}

func newRig(t *testing.T) *rig {
	t.Helper()
	pool := pgtest.New(t)
	return &rig{t: t, db: pool.Corp(pgtest.CorpSchema), log: New(id.New(pool.IDBlock))}
}

func (r *rig) record(ctx context.Context, log *Log, object string, detail any) {
	r.t.Helper()
	err := r.db.Tx(ctx, func(tx pg.Tx) error { return log.Record(ctx, tx, start, "test.done", object, detail) })
	if err != nil {
		r.t.Error(err)
	}
}

func (r *rig) verify(want int64, why string) {
	r.t.Helper()
	got, err := Verify(r.t.Context(), r.db)
	if err != nil || got != want {
		r.t.Errorf("%s: Verify found %d, want %d, %v", why, got, want, err)
	}
}

func (r *rig) fill(n int) []Entry {
	r.t.Helper()
	ctx := actor.With(r.t.Context(), actor.Actor{UserID: 3, Name: "李娜|\"店长\"", Role: actor.Operator})
	r.verify(0, "an empty log")
	for i := range n {
		// Blanks, key order, large and odd numbers, and Chinese all change their bytes on the way through jsonb.
		r.record(ctx, r.log, fmt.Sprintf("customer/%d", i), map[string]any{"z": 1.50, "a": "<b> 退订", "n": int64(9007199254740991), "e": 1e21, "null": nil, "list": []int{3, 1}})
	}
	list, err := List(r.t.Context(), r.db, 0, 100)
	if err != nil || len(list) != n {
		r.t.Fatalf("%d entries, %v", len(list), err)
	}
	r.verify(0, "an untouched log")
	return list
}

func TestRecordAndList(t *testing.T) {
	r := newRig(t)
	list := r.fill(5)
	if e := list[0]; e.Object != "customer/4" || e.UserID != 3 || e.Action != "test.done" || !e.At.Equal(start.Truncate(time.Microsecond)) {
		t.Errorf("newest: %+v", e)
	}
	rest, err := List(t.Context(), r.db, list[2].ID, 1)
	if err != nil || cmp.Diff(list[3:4], rest) != "" {
		t.Errorf("the page after the third: %+v, %v", rest, err)
	}
}

func TestTamperingIsFound(t *testing.T) {
	for name, sql := range map[string]string{
		"detail":   `UPDATE audit_entry SET detail = jsonb_set(detail, '{a}', '"x"') WHERE id = $1`,
		"actor":    `UPDATE audit_entry SET actor = 'x' WHERE id = $1`,
		"user":     `UPDATE audit_entry SET user_id = 4 WHERE id = $1`,
		"action":   `UPDATE audit_entry SET action = 'x' WHERE id = $1`,
		"object":   `UPDATE audit_entry SET object = 'x' WHERE id = $1`,
		"at":       `UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE id = $1`,
		"hash":     `UPDATE audit_entry SET hash = 'x' WHERE id = $1`,
		"previous": `UPDATE audit_entry SET previous = 'x' WHERE id = $1`,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			list := r.fill(4)
			if _, err := r.db.Exec(t.Context(), sql, list[2].ID); err != nil {
				t.Fatal(err)
			}
			r.verify(list[2].ID, "changed")
		})
	}
	t.Run("removed", func(t *testing.T) {
		r := newRig(t)
		list := r.fill(4)
		for _, i := range []int{2, 3} { // one from the middle, then the first
			if _, err := r.db.Exec(t.Context(), `DELETE FROM audit_entry WHERE id = $1`, list[i].ID); err != nil {
				t.Fatal(err)
			}
			r.verify(list[1].ID, "removed")
		}
	})
	t.Run("rewritten with a hash of its own", func(t *testing.T) {
		r := newRig(t)
		list := r.fill(4)
		e := list[2]
		e.Object = "customer/999"
		var previous []byte
		if err := r.db.QueryRow(t.Context(), `SELECT previous FROM audit_entry WHERE id = $1`, e.ID).Scan(&previous); err != nil {
			t.Fatal(err)
		}
		if _, err := r.db.Exec(t.Context(), `UPDATE audit_entry SET object = $2, hash = $3 WHERE id = $1`, e.ID, e.Object, e.hash(previous)); err != nil {
			t.Fatal(err)
		}
		r.verify(list[1].ID, "the next one does not fit")
	})
}

// Several processes write at once, each with blocks of ids of its own: the chain stays one chain.
func TestConcurrentWriters(t *testing.T) {
	r := newRig(t)
	pool := pgtest.New(t)
	high, low := New(id.New(pool.IDBlock)), r.log
	for range 3 { // this process's ids run ahead
		if _, err := pool.IDBlock(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			log := low
			if w%2 == 0 {
				log = high
			}
			for i := range 10 {
				r.record(t.Context(), log, fmt.Sprintf("w/%d/%d", w, i), nil)
			}
		})
	}
	wg.Wait()
	r.verify(0, "after 60 entries by 6 writers")
	if list, err := List(t.Context(), r.db, 0, 100); err != nil || len(list) != 60 {
		t.Errorf("%d entries, %v", len(list), err)
	}
}

func TestARolledBackEntryLeavesNoGap(t *testing.T) {
	r := newRig(t)
	r.fill(2)
	_ = r.db.Tx(t.Context(), func(tx pg.Tx) error {
		if err := r.log.Record(t.Context(), tx, start, "test.undone", "x", nil); err != nil {
			t.Fatal(err)
		}
		return fmt.Errorf("undo")
	})
	r.record(t.Context(), r.log, "after", nil)
	r.verify(0, "after a rollback")
}
