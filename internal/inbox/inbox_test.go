package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"qunce/internal/errs"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

func TestPutIsDurableAndOnce(t *testing.T) {
	r := newRig(t)
	r.ingest()
	r.put(added("wmA", 1), added("wmA", 2)) // the same second, the same sender: two events
	if n := r.count(`SELECT count(*) FROM inbox_event WHERE state = 'new'`); n != 2 {
		t.Fatalf("%d stored when Put returned, want 2", n)
	}
	r.put(added("wmA", 1))
	var wg sync.WaitGroup
	for i := range 40 { // doubles at once, from many callers
		wg.Go(func() {
			if err := r.in.Put(t.Context(), event(t, added("wmB", i%4))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r.is("stored", 6, r.count(`SELECT count(*) FROM inbox_event`))
	r.round()
	r.put(added("wmA", 1)) // and after it was handled
	r.is("stored in the end", 6, r.count(`SELECT count(*) FROM inbox_event`))
}

func TestManyCallersShareACommit(t *testing.T) {
	r := newRig(t)
	before := r.count(`SELECT pg_current_xact_id()::text::bigint::int`)
	done := make(chan error, 200)
	for i := range cap(done) {
		go func() { done <- r.store(added(fmt.Sprintf("wm%d", i), 1)) }()
	}
	for len(r.in.queue) < cap(done) { // all are waiting before the first commit
		select {
		case err := <-done:
			t.Fatalf("Put returned without a commit: %v", err)
		default:
		}
	}
	r.ingest()
	for range cap(done) {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if used := r.count(`SELECT pg_current_xact_id()::text::bigint::int`) - before; used > 20 {
		t.Errorf("200 callbacks took %d transactions", used)
	}
}

func TestOneUnstorableCallbackTurnsNobodyAway(t *testing.T) {
	r := newRig(t)
	bad := event(t, added("wmBAD", 1))
	bad.UserID = "\x00" // PostgreSQL has no such text
	errsOf := make(chan error, 2)
	go func() { errsOf <- r.in.Put(t.Context(), bad) }()
	good := make(chan error, 1)
	go func() { good <- r.store(added("wmGOOD", 1)) }()
	for len(r.in.queue) < 2 {
		continue
	}
	r.ingest()
	if err := <-good; err != nil {
		t.Errorf("the good one was turned away: %v", err)
	}
	if err := <-errsOf; err == nil {
		t.Error("the bad one is said to be stored")
	}
}

func TestACallbackWithoutAUsableTimeHappenedWhenItCame(t *testing.T) {
	for seconds, want := range map[int64]time.Time{1772413200: time.Unix(1772413200, 0), 0: start, -5: start, 1 << 60: start} {
		if got := happened(seconds, start); !got.Equal(want) {
			t.Errorf("%d: %v, want %v", seconds, got, want)
		}
	}
}

func TestPutGivesUpWithItsContext(t *testing.T) {
	r := newRig(t) // nobody commits
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := r.in.Put(ctx, event(t, added("wmA", 1))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestEventsComeInSetsAndInOrder(t *testing.T) {
	r := newRig(t)
	r.ingest()
	for n := range 5 {
		r.put(chat("wrONE", n))
	}
	r.round()
	r.is("order", []string{"wrONE 0", "wrONE 1", "wrONE 2", "wrONE 3", "wrONE 4"}, r.took())
	r.is("sets", []int{5}, r.sets)
	if n, err := r.in.Waiting(t.Context()); err != nil || n != 0 {
		t.Errorf("%d wait, %v", n, err)
	}
}

func TestUrgentEventsHaveALineOfTheirOwn(t *testing.T) {
	r := newRig(t)
	r.ingest()
	for i := range 50 {
		r.put(added(fmt.Sprintf("wm%d", i), 1))
	}
	r.put(welcome("wm1", "CODE"))
	if n, err := r.in.RunOnce(t.Context(), urgentLane); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	r.is("first of all", []string{"wm1 "}, r.took())
	q, err := r.in.Queues(t.Context())
	if err != nil || len(q) != 2 || q[0].Lane != "callback_welcome" || q[0].Waiting != 0 || q[0].Done1h != 1 || q[1].Waiting != 50 || q[1].OldestMS == nil {
		t.Errorf("queues: %+v, %v", q, err)
	}
}

func TestUnknownEventsAreKeptAndShown(t *testing.T) {
	r := newRig(t)
	r.ingest()
	r.put(`<xml><CreateTime>1772413200</CreateTime><MsgType>event</MsgType><Event>something_new</Event><UserID>lina</UserID></xml>`)
	r.is("closed", 1, r.round())
	list, err := List(t.Context(), r.db, Filter{State: "ignored", Limit: 10})
	if err != nil || len(list) != 1 || list[0].Kind() != "something_new" || list[0].Took() == nil {
		t.Fatalf("%+v, %v", list, err)
	}
	_, body, err := Get(t.Context(), r.db, list[0].ID)
	if err != nil || len(body) == 0 {
		t.Errorf("body %q, %v", body, err)
	}
	if _, _, err := Get(t.Context(), r.db, 1); errs.KindOf(err) != errs.NotFound {
		t.Errorf("an unknown id: %v", err)
	}
}

// sameLane finds externals that share a lane, so that one of them could be in the other's way.
func sameLane(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	for i := 0; len(out) < n; i++ {
		name := fmt.Sprintf("wmL%d", i)
		if laneOf(event(t, added(name, 1))) == 0 {
			out = append(out, name)
		}
	}
	return out
}

// A poison event fails for ever: others pass it at once, its own entity's later events wait for a while and then pass it,
// and it ends as failed, to be replayed by hand.
func TestPoison(t *testing.T) {
	for name, poison := range map[string]func(r *rig, who string){
		"its reading fails":              func(r *rig, who string) { r.sick[who] = errors.New("no such thing") },
		"its applying fails in SQL":      func(r *rig, who string) { r.refuse[who] = `SELECT 1/0` },
		"its handler panics":             func(r *rig, who string) { r.sick[who] = nil; r.refuse[who] = "panic" },
		"WeCom breaks off on this alone": nil,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.ingest()
			who := sameLane(t, 3)
			switch {
			case poison == nil:
				r.sick[who[1]] = &wecom.Error{API: "/x", Code: -1001, Cause: io.ErrUnexpectedEOF}
			case name == "its handler panics":
				in := r.in
				h := in.handlers["change_external_contact/add_external_contact"][0]
				inner := h.Apply
				h.Apply = func(ctx context.Context, tx pg.Tx, evs []Event, read any) error {
					for _, e := range evs {
						if r.refuse[e.ExternalUserID] == "panic" {
							panic("nil map")
						}
					}
					return inner(ctx, tx, evs, read)
				}
				in.handlers["change_external_contact/add_external_contact"] = []Handler{h}
				poison(r, who[1])
			default:
				poison(r, who[1])
			}
			r.put(added(who[0], 1), added(who[1], 1), added(who[1], 2), added(who[2], 1))
			r.round()
			r.is("passed at once", []string{who[0] + " 1", who[2] + " 1"}, r.took())
			if n := r.count(`SELECT attempts FROM inbox_event WHERE external_userid = $1 ORDER BY id DESC LIMIT 1`, who[1]); n != 0 {
				t.Errorf("the later event of the entity was tried %d times", n)
			}
			r.wall.Set(r.wall.Now().Add(500 * time.Millisecond))
			r.is("closed before its time", 0, r.round())

			// It recovers within its first tries: the order is kept.
			sick, refuse := r.sick[who[1]], r.refuse[who[1]]
			delete(r.sick, who[1])
			delete(r.refuse, who[1])
			r.wall.Set(r.wall.Now().Add(time.Second))
			r.round()
			r.round()
			r.is("after a hiccup", []string{who[1] + " 1", who[1] + " 2"}, r.took())

			// It does not: in the end it is given up.
			r.sick[who[1]], r.refuse[who[1]] = sick, refuse
			r.put(added(who[1], 3))
			for range 400 {
				r.round()
				r.wall.Set(r.wall.Now().Add(5 * time.Minute))
				if r.count(`SELECT count(*) FROM inbox_event WHERE state = 'new'`) == 0 {
					break
				}
			}
			list, err := List(t.Context(), r.db, Filter{About: &About{Externals: []string{who[1]}}, State: Failed, Limit: 10})
			if err != nil || len(list) != 1 || list[0].Attempts < maxAttempts || list[0].Error == "" {
				t.Fatalf("failed: %+v, %v", list, err)
			}
			delete(r.sick, who[1])
			delete(r.refuse, who[1])
			if err := r.db.Tx(t.Context(), func(tx pg.Tx) error { return r.in.Replay(t.Context(), tx, list[0].ID) }); err != nil {
				t.Fatal(err)
			}
			r.took()
			r.round()
			r.is("replayed", []string{who[1] + " 3"}, r.took())
		})
	}
}

// After its first tries, an event that keeps failing no longer holds back its entity.
func TestALastingFailureIsOvertaken(t *testing.T) {
	r := newRig(t)
	r.ingest()
	r.sick["wmA"] = errors.New("no")
	r.put(added("wmA", 1), chat("wrX", 1))
	r.db.Exec(t.Context(), `UPDATE inbox_event SET entity = 'wmA', lane = $1`, laneOf(event(t, added("wmA", 1)))) //nolint:errcheck // checked below
	r.round()
	r.is("held", []string(nil), r.took())
	for range holdAttempts + 1 {
		r.wall.Set(r.wall.Now().Add(40 * time.Second))
		r.round()
	}
	r.is("overtaken", []string{"wrX 1"}, r.took())
	r.is("still waiting", 1, r.count(`SELECT count(*) FROM inbox_event WHERE state = 'new'`))
}

// While WeCom is away, events wait without being given up, however long it takes, and not every one of a batch is tried.
func TestWeComAway(t *testing.T) {
	r := newRig(t)
	r.ingest()
	who := sameLane(t, 20)
	tries := 0
	away := &wecom.Error{API: "/x", Code: -1001, Cause: io.EOF}
	h := r.in.handlers["change_external_contact/add_external_contact"][0]
	up := false
	h.Read = func(_ context.Context, evs []Event) (any, error) {
		if up {
			return len(evs), nil
		}
		tries++
		return nil, away
	}
	r.in.handlers["change_external_contact/add_external_contact"] = []Handler{h}
	for _, w := range who {
		r.put(added(w, 1))
	}
	r.round()
	if tries > 1+giveUp {
		t.Errorf("%d tries in one round", tries)
	}
	for range 12 * 6 { // six hours
		r.wall.Set(r.wall.Now().Add(5 * time.Minute))
		r.round()
	}
	r.is("waiting", 20, r.count(`SELECT count(*) FROM inbox_event WHERE state = 'new'`))
	up = true
	r.wall.Set(r.wall.Now().Add(5 * time.Minute))
	for range 10 {
		r.round()
	}
	r.is("done", 20, r.count(`SELECT count(*) FROM inbox_event WHERE state = 'done'`))
}

func TestAStoredEventThatCannotBeReadFailsAlone(t *testing.T) {
	r := newRig(t)
	r.ingest()
	r.put(chat("wrA", 1), chat("wrA", 2))
	if _, err := r.db.Exec(t.Context(), `UPDATE inbox_event SET body = 'garbage' WHERE id = (SELECT min(id) FROM inbox_event)`); err != nil {
		t.Fatal(err)
	}
	r.round()
	r.is("applied", []string{"wrA 2"}, r.took())
	r.is("failed", 1, r.count(`SELECT count(*) FROM inbox_event WHERE state = 'failed' AND error <> ''`))
}

// The database goes away in the middle of a batch: nothing is counted against the events.
func TestDatabaseAwayIsNobodysFault(t *testing.T) {
	r := newRig(t)
	r.ingest()
	r.put(added("wmA", 1), added("wmB", 1))
	r.refuse["wmA"] = `SELECT pg_terminate_backend(pg_backend_pid())`
	_, err := r.in.RunOnce(t.Context(), laneOf(event(t, added("wmA", 1))))
	if !pg.IsUnavailable(err) {
		t.Fatalf("got %v", err)
	}
	delete(r.refuse, "wmA")
	r.round()
	r.is("done at the first counted try", 2, r.count(`SELECT count(*) FROM inbox_event WHERE state = 'done' AND attempts = 0`))
}

func TestRunWakesUp(t *testing.T) {
	r := newRig(t)
	r.ingest()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.in.Run(ctx, nil) }()
	r.put(added("wmA", 1))
	for len(r.took()) == 0 {
		select {
		case err := <-done:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
}
