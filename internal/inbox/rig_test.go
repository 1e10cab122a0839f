package inbox

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/clock"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/wecom/callback"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)

type rig struct {
	t    *testing.T
	pool *pg.Pool
	db   *pg.DB
	wall *clock.Manual
	in   *Inbox

	mu      sync.Mutex
	applied []string          // "external n" in the order they were applied
	sick    map[string]error  // external → why reading fails
	refuse  map[string]string // external → SQL that breaks applying
	sets    []int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	pool := pgtest.New(t)
	r := &rig{t: t, pool: pool, db: pool.Corp(pgtest.CorpSchema), wall: clock.NewManual(start), sick: map[string]error{}, refuse: map[string]string{}}
	r.in = New(r.db, id.New(pool.IDBlock), r.wall, slog.New(slog.DiscardHandler))
	h := Handler{Read: r.read, Apply: r.apply}
	r.in.Register("change_external_contact/add_external_contact", h)
	r.in.Register("change_external_chat", h)
	return r
}

func (r *rig) read(_ context.Context, evs []Event) (any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range evs {
		if err := r.sick[e.ExternalUserID]; err != nil {
			return nil, err
		}
	}
	return len(evs), nil
}

func (r *rig) apply(ctx context.Context, tx pg.Tx, evs []Event, read any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if read.(int) != len(evs) {
		return fmt.Errorf("read %v of %d", read, len(evs))
	}
	var names []string
	for _, e := range evs {
		if sql := r.refuse[e.ExternalUserID]; sql != "" {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		names = append(names, e.ExternalUserID+e.ChatID+" "+e.State+e.CurMemVer)
	}
	tx.AfterCommit(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.applied = append(r.applied, names...)
		r.sets = append(r.sets, len(names))
	})
	return nil
}

// ingest commits what is put until the test ends.
func (r *rig) ingest() {
	ctx, stop := context.WithCancel(r.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.in.Ingest(ctx) }()
	r.t.Cleanup(func() { stop(); <-done })
}

func (r *rig) put(bodies ...string) {
	r.t.Helper()
	for _, b := range bodies {
		if err := r.store(b); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) store(body string) error { return r.in.Put(r.t.Context(), event(r.t, body)) }

func event(t testing.TB, body string) callback.Event {
	t.Helper()
	e, err := callback.Parse([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// added is an add of a customer; n tells events of one second apart.
func added(external string, n int) string {
	return fmt.Sprintf(`<xml><ToUserName>ww</ToUserName><FromUserName>sys</FromUserName><CreateTime>1772413200</CreateTime><MsgType>event</MsgType><Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType><UserID>lina</UserID><ExternalUserID>%s</ExternalUserID><State>%d</State></xml>`, external, n)
}

func chat(id string, n int) string {
	return fmt.Sprintf(`<xml><CreateTime>1772413200</CreateTime><MsgType>event</MsgType><Event>change_external_chat</Event><ChangeType>update</ChangeType><ChatId>%s</ChatId><CurMemVer>%d</CurMemVer></xml>`, id, n)
}

func welcome(external, code string) string {
	return fmt.Sprintf(`<xml><CreateTime>1772413200</CreateTime><MsgType>event</MsgType><Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType><UserID>lina</UserID><ExternalUserID>%s</ExternalUserID><WelcomeCode>%s</WelcomeCode></xml>`, external, code)
}

// round works every lane once.
func (r *rig) round() int {
	r.t.Helper()
	total := 0
	for lane := range Lanes + 1 {
		n, err := r.in.RunOnce(r.t.Context(), lane)
		if err != nil {
			r.t.Fatal(err)
		}
		total += n
	}
	return total
}

func (r *rig) took() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.applied
	r.applied = nil
	return out
}

func (r *rig) count(sql string, args ...any) (n int) {
	r.t.Helper()
	if err := r.db.QueryRow(r.t.Context(), sql, args...).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *rig) is(name string, want, got any) {
	r.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
