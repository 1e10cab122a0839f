package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/wecom"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)

// far is the other side: it remembers what was done to it.
type far struct {
	mu     sync.Mutex
	did    map[string]int // key → times
	answer func(key string) error
	missed map[string]bool // keys Find does not see
}

func (f *far) do(_ context.Context, c Call) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did[c.Key]++
	if f.answer != nil {
		if err := f.answer(c.Key); err != nil {
			return nil, err
		}
	}
	return map[string]string{"id": "far/" + c.Key}, nil
}

func (f *far) find(_ context.Context, c Call) (any, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.did[c.Key] == 0 || f.missed[c.Key] {
		return nil, false, nil
	}
	return map[string]string{"id": "far/" + c.Key}, true, nil
}

func (f *far) times(key string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.did[key]
}

var (
	errRefused = errs.E(errs.Invalid, "test.refused", "no").With("n", 7)
	errBusy    = errs.E(errs.TooMany, "test.busy", "later")
	errLost    = errors.New("no answer")
)

func verdict(err error, attempts int) (Verdict, time.Duration) {
	switch {
	case errors.Is(err, errLost):
		return Unknown, 0
	case errs.Is(err, "test.busy") && attempts < 3:
		return Retry, 30 * time.Second
	}
	return Fail, 0
}

// rig is an outbox with one kind of each class. Its features write what they hear into the table heard, so that a
// rolled-back transaction takes it along.
type rig struct {
	t    *testing.T
	pool *pg.Pool
	db   *pg.DB
	wall *clock.Manual
	far  *far
	o    *Outbox
	hear func(tx pg.Tx, what string, keys []string) error // before it is written; may fail
}

func newRig(t *testing.T) *rig {
	t.Helper()
	pool := pgtest.New(t)
	r := &rig{t: t, pool: pool, db: pool.Corp(pgtest.CorpSchema), wall: clock.NewManual(start), far: &far{did: map[string]int{}, missed: map[string]bool{}}}
	if _, err := r.db.Exec(t.Context(), `CREATE TABLE heard (what text, key text)`); err != nil {
		t.Fatal(err)
	}
	r.o = r.process()
	return r
}

// process is one more process on the same database.
func (r *rig) process() *Outbox {
	o := New(r.db, id.New(r.pool.IDBlock), r.wall, slog.New(slog.DiscardHandler))
	base := Handler{Lane: Write, Do: r.far.do, Verdict: verdict,
		Done:   func(ctx context.Context, tx pg.Tx, l []Finished) error { return r.note(ctx, tx, "done", l) },
		Failed: func(ctx context.Context, tx pg.Tx, l []Finished) error { return r.note(ctx, tx, "failed", l) }}
	rep, find, unf, once, wel := base, base, base, base, base
	rep.Class, find.Class, unf.Class, once.Class, wel.Class, wel.Lane = Repeatable, Findable, Unfindable, Once, Repeatable, Welcome
	find.Find = r.far.find
	unf.Orphan = func(ctx context.Context, tx pg.Tx, l []Call) error {
		var f []Finished
		for _, c := range l {
			f = append(f, Finished{Call: c})
		}
		return r.note(ctx, tx, "orphan", f)
	}
	o.Register("repeatable", rep)
	o.Register("findable", find)
	o.Register("unfindable", unf)
	o.Register("once", once)
	o.Register("welcome", wel)
	return o
}

func (r *rig) note(ctx context.Context, tx pg.Tx, what string, l []Finished) error {
	var keys []string
	for _, f := range l {
		keys = append(keys, f.Key)
	}
	if r.hear != nil {
		if err := r.hear(tx, what, keys); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO heard SELECT $1, unnest($2::text[])`, what, keys)
	return err
}

func (r *rig) plan(kind string, keys ...string) {
	r.t.Helper()
	err := r.db.Tx(r.t.Context(), func(tx pg.Tx) error {
		for _, k := range keys {
			if err := r.o.Plan(r.t.Context(), tx, Plan{Key: k, Kind: kind, Entity: "e", Payload: map[string]string{"k": k}, CauseID: 7}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// run works a lane until nothing moves.
func (r *rig) run(o *Outbox, lane Lane, epoch int64) {
	r.t.Helper()
	for range 20 {
		n, err := o.RunOnce(r.t.Context(), lane, epoch)
		if err != nil {
			r.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	r.t.Fatal("the lane does not come to rest")
}

// states is key → state of all calls.
func (r *rig) states() map[string]string {
	r.t.Helper()
	return pairs(r, `SELECT key, state FROM outbox_call`)
}

// heard is "what key" → how often.
func (r *rig) heard() map[string]string {
	r.t.Helper()
	return pairs(r, `SELECT what || ' ' || key, count(*)::text FROM heard GROUP BY 1`)
}

func pairs(r *rig, sql string) map[string]string {
	r.t.Helper()
	rows, err := r.db.Query(r.t.Context(), sql)
	if err != nil {
		r.t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var k, v string
		if err := rows.Scan(&k, &v); err != nil {
			r.t.Fatal(err)
		}
		out[k] = v
	}
	return out
}

func (r *rig) is(name string, want, got map[string]string) {
	r.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestAKeyIsPlannedAndCalledOnce(t *testing.T) {
	r := newRig(t)
	r.plan("repeatable", "a", "a", "b")
	r.plan("repeatable", "a")
	r.run(r.o, Write, 1)
	r.plan("repeatable", "a") // also after it was done
	r.run(r.o, Write, 1)
	r.is("states", map[string]string{"a": "done", "b": "done"}, r.states())
	r.is("heard", map[string]string{"done a": "1", "done b": "1"}, r.heard())
	if r.far.times("a") != 1 {
		t.Errorf("a was called %d times", r.far.times("a"))
	}
	var result []byte
	if err := r.db.QueryRow(t.Context(), `SELECT result FROM outbox_call WHERE key = 'a'`).Scan(&result); err != nil {
		t.Fatal(err)
	}
	var back map[string]string
	if err := json.Unmarshal(result, &back); err != nil || back["id"] != "far/a" {
		t.Errorf("the result is %s", result)
	}
}

func TestAPlanNeedsAHandlerAndACause(t *testing.T) {
	r := newRig(t)
	for _, p := range []Plan{{Key: "x", Kind: "unheard", CauseID: 1}, {Key: "x", Kind: "repeatable"}} {
		if err := r.db.Tx(t.Context(), func(tx pg.Tx) error { return r.o.Plan(t.Context(), tx, p) }); err == nil {
			t.Errorf("%+v was planned", p)
		}
	}
	for name, h := range map[string]Handler{
		"no lane":    {Class: Repeatable, Do: r.far.do, Verdict: verdict},
		"no class":   {Lane: Write, Do: r.far.do, Verdict: verdict},
		"no do":      {Class: Repeatable, Lane: Write, Verdict: verdict},
		"no verdict": {Class: Repeatable, Lane: Write, Do: r.far.do},
		"no find":    {Class: Findable, Lane: Write, Do: r.far.do, Verdict: verdict},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a handler with %s was registered", name)
				}
			}()
			r.o.Register("bad", h)
		}()
	}
}

func TestARolledBackPlanIsNotCalled(t *testing.T) {
	r := newRig(t)
	_ = r.db.Tx(t.Context(), func(tx pg.Tx) error {
		if err := r.o.Plan(t.Context(), tx, Plan{Key: "a", Kind: "repeatable", CauseID: 1}); err != nil {
			t.Fatal(err)
		}
		return errRefused
	})
	r.run(r.o, Write, 1)
	if r.far.times("a") != 0 || len(r.states()) != 0 {
		t.Error("a call of a transaction that did not stand was made")
	}
}

// A worker dies after the call had its effect, or before: the next holder of the lease resolves it by its class.
func TestDeathBetweenCallAndFinish(t *testing.T) {
	r := newRig(t)
	for _, kind := range []string{"repeatable", "findable", "unfindable", "once"} {
		r.plan(kind, kind+"/had", kind+"/not")
	}
	calls, err := r.o.claim(t.Context(), Write, 1)
	if err != nil || len(calls) != 8 {
		t.Fatalf("claimed %d, %v", len(calls), err)
	}
	for _, k := range []string{"repeatable/had", "findable/had", "unfindable/had", "once/had"} {
		r.far.did[k] = 1
	}
	second := r.process()
	r.run(second, Write, 2)
	want := map[string]string{}
	for _, c := range calls {
		want[c.Key] = "done"
	}
	r.is("states", want, r.states())
	for key, times := range map[string]int{"repeatable/had": 2, "repeatable/not": 1, "findable/had": 1, "findable/not": 1, "unfindable/had": 2, "unfindable/not": 1,
		"once/had": 1, "once/not": 0} {
		if got := r.far.times(key); got != times {
			t.Errorf("%s was done %d times, want %d", key, got, times)
		}
	}
	r.is("heard", map[string]string{"done repeatable/had": "1", "done repeatable/not": "1", "done findable/had": "1", "done findable/not": "1",
		"done unfindable/had": "1", "done unfindable/not": "1", "orphan unfindable/had": "1", "orphan unfindable/not": "1", "done once/had": "1", "done once/not": "1"}, r.heard())
	r.is("what is not known", map[string]string{"once/had": "outbox.unsure", "once/not": "outbox.unsure"},
		pairs(r, `SELECT key, error_code FROM outbox_call WHERE class = 'once' AND result IS NULL`))
}

// The first worker was not dead, only slow: its late answer must not be counted beside the second worker's.
func TestALateAnswerCountsForNothing(t *testing.T) {
	r := newRig(t)
	r.plan("repeatable", "a")
	calls, err := r.o.claim(t.Context(), Write, 1)
	if err != nil || len(calls) != 1 {
		t.Fatal(calls, err)
	}
	late := r.o.call(t.Context(), calls[0], 1)
	second := r.process()
	if _, err := second.RunOnce(t.Context(), Write, 2); err != nil { // resolved and claimed again, and done
		t.Fatal(err)
	}
	if err := r.o.close(t.Context(), []outcome{late}); err != nil {
		t.Fatal(err)
	}
	r.run(second, Write, 2)
	r.is("heard", map[string]string{"done a": "1"}, r.heard())
	r.is("states", map[string]string{"a": "done"}, r.states())
}

func TestVerdicts(t *testing.T) {
	r := newRig(t)
	r.plan("repeatable", "refused", "busy")
	r.plan("findable", "lost")
	r.far.answer = func(key string) error {
		return map[string]error{"refused": errRefused, "busy": errBusy, "lost": errLost}[key]
	}
	r.far.missed["lost"] = true
	if _, err := r.o.RunOnce(t.Context(), Write, 1); err != nil {
		t.Fatal(err)
	}
	r.is("after the first try", map[string]string{"refused": "failed", "busy": "planned", "lost": "unknown"}, r.states())
	r.is("heard", map[string]string{"failed refused": "1"}, r.heard())
	var code, n string
	if err := r.db.QueryRow(t.Context(), `SELECT error_code, error_params->>'n' FROM outbox_call WHERE key = 'refused'`).Scan(&code, &n); err != nil || code != "test.refused" || n != "7" {
		t.Errorf("the row says %q with %q, %v", code, n, err)
	}

	r.far.missed["lost"] = false // it turns out to be there
	r.run(r.o, Write, 1)
	if r.far.times("lost") != 1 {
		t.Error("a call that had its effect was made again")
	}
	r.is("after finding", map[string]string{"refused": "failed", "busy": "planned", "lost": "done"}, r.states())
	if r.far.times("busy") != 1 {
		t.Error("busy was called again before its time")
	}
	for range 3 {
		r.wall.Set(r.wall.Now().Add(31 * time.Second))
		r.run(r.o, Write, 1)
	}
	r.is("in the end", map[string]string{"refused": "failed", "busy": "failed", "lost": "done"}, r.states())
	if r.far.times("busy") != 3 {
		t.Errorf("busy was tried %d times, want 3", r.far.times("busy"))
	}
}

// A call whose answer never comes is made again, but ever more slowly.
func TestAnUnansweredCallIsNotMadeWithoutPause(t *testing.T) {
	r := newRig(t)
	r.plan("repeatable", "a")
	r.far.answer = func(string) error { return errLost }
	r.run(r.o, Write, 1)
	if got := r.far.times("a"); got > 2 {
		t.Errorf("called %d times within one instant", got)
	}
	for range 60 {
		r.wall.Set(r.wall.Now().Add(time.Second))
		r.run(r.o, Write, 1)
	}
	if got := r.far.times("a"); got < 5 || got > 8 {
		t.Errorf("called %d times within a minute", got)
	}
}

func TestAPanickingHandlerIsOneFailedCall(t *testing.T) {
	r := newRig(t)
	r.plan("findable", "a", "b")
	r.far.answer = func(key string) error {
		if key == "a" && r.far.did["a"] == 1 {
			panic("nil map")
		}
		return nil
	}
	r.run(r.o, Write, 1)
	r.is("states", map[string]string{"a": "done", "b": "done"}, r.states()) // it had its effect, and is found
}

func TestLanesAreIndependent(t *testing.T) {
	r := newRig(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	slow := Handler{Class: Repeatable, Lane: Write, Verdict: verdict, Do: func(context.Context, Call) (any, error) {
		close(entered)
		<-leave
		return nil, nil
	}}
	r.o.Register("slow", slow)
	r.plan("slow", "s")
	r.plan("welcome", "w")
	done := make(chan error, 1)
	go func() {
		_, err := r.o.RunOnce(t.Context(), Write, 1)
		done <- err
	}()
	<-entered
	r.run(r.o, Welcome, 1)
	r.is("while the slow one runs", map[string]string{"s": "calling", "w": "done"}, r.states())
	if n, err := r.o.Waiting(t.Context()); err != nil || n == 0 {
		t.Errorf("nothing waits, it says (%d, %v)", n, err)
	}
	close(leave)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n, err := r.o.Waiting(t.Context()); err != nil || n != 0 {
		t.Errorf("%d wait, %v", n, err)
	}
}

// The transaction that closes a batch fails once: no answer is lost, no call is made again, no feature hears twice.
func TestFinishFailsOnce(t *testing.T) {
	for name, broken := range map[string]func(tx pg.Tx) error{
		"a feature fails": func(pg.Tx) error { return errBusy },
		"the database restarts": func(tx pg.Tx) error {
			_, err := tx.Exec(context.Background(), `SELECT pg_terminate_backend(pg_backend_pid())`)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.plan("unfindable", "a", "b")
			failures := 0
			r.hear = func(tx pg.Tx, _ string, _ []string) error {
				if failures++; failures <= 2 {
					return broken(tx)
				}
				return nil
			}
			_, _ = r.o.RunOnce(t.Context(), Write, 1)
			r.wall.Set(r.wall.Now().Add(2 * time.Minute))
			for range 4 {
				_, _ = r.o.RunOnce(t.Context(), Write, 1)
			}
			r.is("states", map[string]string{"a": "done", "b": "done"}, r.states())
			r.is("heard", map[string]string{"done a": "1", "done b": "1"}, r.heard())
			if r.far.times("a") != 1 || r.far.times("b") != 1 {
				t.Errorf("called %d and %d times", r.far.times("a"), r.far.times("b"))
			}
		})
	}
}

// A feature that cannot take one answer must not keep the others waiting.
func TestAnAnswerNobodyCanTakeWaitsAlone(t *testing.T) {
	r := newRig(t)
	r.plan("repeatable", "good1", "poison", "good2")
	sick := true
	r.hear = func(_ pg.Tx, _ string, keys []string) error {
		for _, k := range keys {
			if k == "poison" && sick {
				return errRefused
			}
		}
		return nil
	}
	_, _ = r.o.RunOnce(t.Context(), Write, 1)
	r.plan("repeatable", "good3")
	_, _ = r.o.RunOnce(t.Context(), Write, 1)
	r.is("states", map[string]string{"good1": "done", "good2": "done", "good3": "done", "poison": "calling"}, r.states())
	sick = false
	r.wall.Set(r.wall.Now().Add(2 * time.Minute))
	r.run(r.o, Write, 1)
	if r.states()["poison"] != "done" || r.far.times("poison") != 1 {
		t.Errorf("poison is %s after %d calls", r.states()["poison"], r.far.times("poison"))
	}
}

// The connection broke under the claim: the rows are claimed by this very epoch, and nobody knows of them.
func TestAClaimNobodyHeardOf(t *testing.T) {
	r := newRig(t)
	r.plan("findable", "a")
	if _, err := r.o.claim(t.Context(), Write, 5); err != nil {
		t.Fatal(err)
	}
	r.run(r.o, Write, 5)
	r.is("states", map[string]string{"a": "done"}, r.states())
	if r.far.times("a") != 1 {
		t.Errorf("called %d times", r.far.times("a"))
	}
}

func TestAnUnknownKindWaitsForAProcessThatKnowsIt(t *testing.T) {
	r := newRig(t)
	r.plan("repeatable", "a")
	older := New(r.db, id.New(r.pool.IDBlock), r.wall, slog.New(slog.DiscardHandler))
	r.run(older, Write, 1)
	r.is("states", map[string]string{"a": "planned"}, r.states())
	r.wall.Set(r.wall.Now().Add(2 * time.Minute))
	r.run(r.o, Write, 2)
	r.is("states", map[string]string{"a": "done"}, r.states())
}

func TestManyCallsInBatches(t *testing.T) {
	r := newRig(t)
	var keys []string
	for i := range 200 {
		keys = append(keys, fmt.Sprintf("k%03d", i))
	}
	r.plan("repeatable", keys...)
	r.run(r.o, Write, 1)
	for _, k := range keys {
		if r.far.times(k) != 1 {
			t.Fatalf("%s was called %d times", k, r.far.times(k))
		}
	}
	q, err := r.o.Queues(t.Context())
	if err != nil || len(q) != 3 || q[1].Lane != "write" || q[1].Done1h != 200 || q[1].Waiting != 0 {
		t.Errorf("queues: %+v, %v", q, err)
	}
	rows, err := List(t.Context(), r.db, "done", 0, 10)
	if err != nil || len(rows) != 10 || rows[0].ID < rows[9].ID {
		t.Errorf("list: %d rows, %v", len(rows), err)
	}
	if rows, err := ByCause(t.Context(), r.db, 7); err != nil || len(rows) != 200 {
		t.Errorf("by cause: %d rows, %v", len(rows), err)
	}
}

// A call that WeCom's limit met is not tried again before the limit lets it go.
func TestLimitedCallWaitsForItsLimit(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/gettoken") {
			_, _ = fmt.Fprint(w, `{"errcode":0,"access_token":"T","expires_in":7200}`)
			return
		}
		_, _ = fmt.Fprint(w, `{"errcode":45009,"errmsg":"api freq out of limit"}`)
	}))
	t.Cleanup(web.Close)
	we := wecom.New(wecom.Config{BaseURL: web.URL, CorpID: "ww", Secret: "s"})
	o := &Outbox{wall: clock.NewManual(start), handlers: map[string]Handler{"busy": {
		Do:      func(ctx context.Context, _ Call) (any, error) { return nil, we.Remark(ctx, wecom.RemarkRequest{}) },
		Verdict: func(error, int) (Verdict, time.Duration) { return Retry, time.Second },
	}}}
	if got := o.call(t.Context(), Call{Kind: "busy"}, 1); got.state != "planned" || got.delay < 50*time.Second {
		t.Errorf("%s in %s", got.state, got.delay)
	}
}

// A call that gets no answer keeps its own batch waiting, and no other: a second worker of the lane takes what comes, and
// does not take the slow one for abandoned.
func TestASlowCallHoldsUpNobodyElse(t *testing.T) {
	r := newRig(t)
	under, answer := make(chan struct{}), make(chan struct{})
	h := r.o.handlers["welcome"]
	inner := h.Do
	h.Do = func(ctx context.Context, c Call) (any, error) {
		if c.Key == "slow" {
			close(under)
			<-answer
		}
		return inner(ctx, c)
	}
	r.o.handlers["welcome"] = h
	r.plan("welcome", "slow")
	done := make(chan error, 1)
	go func() { _, err := r.o.RunOnce(t.Context(), Welcome, 1); done <- err }()
	<-under
	r.plan("welcome", "quick")
	for range 3 {
		if _, err := r.o.RunOnce(t.Context(), Welcome, 1); err != nil {
			t.Fatal(err)
		}
	}
	r.is("while the slow one waits", map[string]string{"slow": "calling", "quick": "done"}, r.states())
	close(answer)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	r.is("in the end", map[string]string{"slow": "done", "quick": "done"}, r.states())
	r.is("heard", map[string]string{"done slow": "1", "done quick": "1"}, r.heard())
	if n := len(r.o.line[Welcome].flying); n != 0 {
		t.Errorf("%d calls are said to be under way", n)
	}
}
