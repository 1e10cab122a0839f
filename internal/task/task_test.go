package task_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/directory"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/task"
	"qunce/internal/wecom"
)

var start = time.Date(2026, 11, 18, 10, 0, 0, 0, clock.Shanghai)

type world struct {
	t      *testing.T
	db     *pg.DB
	clock  *clock.Manual
	outbox *outbox.Outbox
	tasks  *task.Service
	ends   map[event.Kind]int
	sent   []map[string]any // app messages WeCom got
}

// newWorld has staff 7 in store 1 and staff 8 in store 2.
func newWorld(t *testing.T) *world {
	pool := pgtest.New(t)
	w := &world{t: t, db: pool.Corp(pgtest.CorpSchema), clock: clock.NewManual(start), ends: map[event.Kind]int{}}
	ids := id.New(pool.IDBlock)
	w.must(event.EnsurePartitions(t.Context(), w.db, start, start.AddDate(0, 1, 0)))
	for _, sql := range []string{
		`INSERT INTO directory_store (id, number, name, name_key, lat, lng, open_minute, close_minute, status, updated_at)
			SELECT i, 'S' || i, '门店' || i, 'mendian' || i, 30, 120, 0, 1440, 'open', $1 FROM generate_series(1, 2) i`,
		`INSERT INTO directory_staff (id, userid, name, name_key, store_id, updated_at) VALUES (7, 'wang', '王敏', 'wangmin', 1, $1), (8, 'li', '李强', 'liqiang', 2, $1)`,
	} {
		_, err := w.db.Exec(t.Context(), sql, start)
		w.must(err)
	}
	fake := httptest.NewServer(http.HandlerFunc(func(res http.ResponseWriter, req *http.Request) {
		if strings.HasSuffix(req.URL.Path, "/message/send") {
			var m map[string]any
			_ = json.NewDecoder(req.Body).Decode(&m)
			w.sent = append(w.sent, m)
		}
		_, _ = res.Write([]byte(`{"errcode":0,"errmsg":"ok","access_token":"t","expires_in":7200}`))
	}))
	t.Cleanup(fake.Close)
	log, bus, audits := slog.New(slog.DiscardHandler), event.New(ids, clock.Wall()), audit.New(ids)
	w.outbox = outbox.New(w.db, ids, clock.Wall(), log)
	w.tasks = task.New(task.Deps{DB: w.db, IDs: ids, Clock: w.clock, Events: bus, Outbox: w.outbox, Audit: audits, Log: log, PublicURL: "https://q.example",
		WeCom: wecom.New(wecom.Config{BaseURL: fake.URL, CorpID: "ww", Secret: "s"}), Directory: directory.New(directory.Deps{DB: w.db, Log: log})})
	bus.Subscribe("test", func(_ context.Context, _ pg.Tx, evs []event.Event) error {
		for _, e := range evs {
			w.ends[e.Kind]++
		}
		return nil
	}, append(task.Ends(), task.Created)...)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func plain(staff int64, key string) task.NewTask {
	return task.NewTask{StaffID: staff, Key: key, Kind: task.SidebarSingle, Title: "问候", Why: "昨天刚加", StoreID: staff - 6, CustomerID: 100,
		Body:  task.Body{Text: "您好", People: []task.Person{{CustomerID: 100, Name: "赵一", ExternalUserID: "wm100"}}},
		DueAt: start, WindowEnd: start.Add(2 * time.Hour), Recipients: 1, CauseID: 1}
}

func (w *world) create(list ...task.NewTask) []int64 {
	w.t.Helper()
	var ids []int64
	w.must(w.db.Tx(w.t.Context(), func(tx pg.Tx) (err error) {
		ids, err = w.tasks.Create(w.t.Context(), tx, list)
		return err
	}))
	return ids
}

func (w *world) complete(list ...task.Completion) {
	w.t.Helper()
	w.must(w.db.Tx(w.t.Context(), func(tx pg.Tx) error { return w.tasks.Complete(w.t.Context(), tx, list) }))
}

func (w *world) state(staff, id int64) task.Task {
	w.t.Helper()
	t, err := w.tasks.Get(w.t.Context(), w.db, staff, id)
	w.must(err)
	return t
}

func TestCreatedOncePerKey(t *testing.T) {
	w := newWorld(t)
	a := w.create(plain(7, "a"), plain(7, "b"), plain(8, "a"))
	b := w.create(plain(7, "b"), plain(7, "c"))
	if b[0] != a[1] || a[0] == a[2] || b[1] == a[0] {
		t.Fatalf("ids %v, then %v", a, b)
	}
	if w.ends[task.Created] != 4 {
		t.Errorf("%d tasks were announced, want 4", w.ends[task.Created])
	}
}

func TestEnds(t *testing.T) {
	w := newWorld(t)
	ids := w.create(plain(7, "in time"), plain(7, "late"), plain(7, "never"), plain(7, "skip"), plain(7, "missed, then reported"), plain(7, "off"))
	end := start.Add(2 * time.Hour)
	w.complete(task.Completion{StaffID: 7, TaskID: ids[0], At: end, Proof: task.ByClient, Delivered: 1})
	w.complete(task.Completion{StaffID: 7, TaskID: ids[1], At: end.Add(time.Second), Proof: task.ByClient, Delivered: 1})
	w.must(w.tasks.Skip(t.Context(), 7, ids[3], "not_suitable", ""))
	w.must(w.db.Tx(t.Context(), func(tx pg.Tx) error {
		return w.tasks.Cancel(t.Context(), tx, []task.Withdrawal{{StaffID: 7, TaskID: ids[5], Reason: "opted_out"}})
	}))
	next, ok, err := w.tasks.NextDue(t.Context())
	if err != nil || !ok || !next.Equal(end.Add(task.Grace)) {
		t.Fatalf("closes at %s, %v, %v", next, ok, err)
	}
	w.clock.Set(next.Add(-time.Second))
	if n, err := w.tasks.RunDue(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d closed too early, %v", n, err)
	}
	w.clock.Set(next)
	if n, err := w.tasks.RunDue(t.Context()); n != 2 || err != nil {
		t.Fatalf("%d closed, %v", n, err)
	}
	if n, _ := w.tasks.RunDue(t.Context()); n != 0 {
		t.Fatal("work without end")
	}
	// WeCom's report comes after the task was closed, about a deed inside the window; a second one corrects the count.
	w.complete(task.Completion{StaffID: 7, TaskID: ids[4], At: end.Add(-time.Minute), Proof: task.ByWeCom, Delivered: 1})
	w.complete(task.Completion{StaffID: 7, TaskID: ids[4], At: end.Add(-time.Minute), Proof: task.ByWeCom, Delivered: 3})
	// What ended otherwise stays so.
	w.complete(task.Completion{StaffID: 7, TaskID: ids[3], At: end, Proof: task.ByWeCom}, task.Completion{StaffID: 7, TaskID: ids[5], At: end, Proof: task.ByWeCom})
	for i, want := range []task.State{task.Done, task.Late, task.Missed, task.Skipped, task.Done, task.Cancelled} {
		if got := w.state(7, ids[i]); got.State != want {
			t.Errorf("task %d is %s, want %s", i, got.State, want)
		}
	}
	if got := w.state(7, ids[4]); got.Delivered != 3 || got.Proof != task.ByWeCom {
		t.Errorf("the reported task: %d delivered by %s", got.Delivered, got.Proof)
	}
	want := map[event.Kind]int{task.Created: 6, task.WasDone: 2, task.WasLate: 1, task.WasSkipped: 1, task.WasMissed: 2, task.WasCancelled: 1}
	for k, n := range want {
		if w.ends[k] != n {
			t.Errorf("%s was told %d times, want %d", k, w.ends[k], n)
		}
	}
}

func TestWhatPagesMayDo(t *testing.T) {
	w := newWorld(t)
	mass := plain(7, "mass")
	mass.Kind = task.MassSingle
	ids := w.create(plain(7, "mine"), mass)
	for name, c := range map[string]struct {
		do   func() error
		code string
	}{
		"somebody else's":      {func() error { return w.tasks.Sent(t.Context(), 8, ids[0]) }, "task.not_found"},
		"skip somebody else's": {func() error { return w.tasks.Skip(t.Context(), 8, ids[0], "other", "") }, "task.not_found"},
		"mass by word":         {func() error { return w.tasks.Sent(t.Context(), 7, ids[1]) }, "task.confirm_in_wecom"},
		"made-up reason":       {func() error { return w.tasks.Skip(t.Context(), 7, ids[0], "tired", "") }, "task.bad_reason"},
	} {
		if err := c.do(); errs.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	w.must(w.tasks.Sent(t.Context(), 7, ids[0]))
	if err := w.tasks.Skip(t.Context(), 7, ids[0], "other", ""); errs.CodeOf(err) != "task.ended" {
		t.Errorf("skip after done: %v", err)
	}
}

func TestDropPeople(t *testing.T) {
	w := newWorld(t)
	list := plain(7, "list")
	list.Kind, list.CustomerID, list.Recipients = task.Todo, 0, 2
	list.Body.People = []task.Person{{CustomerID: 1, Name: "甲"}, {CustomerID: 2, Name: "乙"}}
	other := list
	other.Key = "other"
	ids := w.create(list, other)
	drop := func(c int64) {
		w.must(w.db.Tx(t.Context(), func(tx pg.Tx) error { return w.tasks.DropPeople(t.Context(), tx, []int64{c}) }))
	}
	drop(1)
	if x := w.state(7, ids[0]); x.State != task.Open || x.Recipients != 1 || len(x.Body.People) != 1 || x.Body.People[0].Name != "乙" {
		t.Errorf("after one: %+v", x)
	}
	drop(2)
	if x := w.state(7, ids[1]); x.State != task.Cancelled || len(x.Body.People) != 0 {
		t.Errorf("after all: %+v", x)
	}
}

func TestAPI(t *testing.T) {
	w := newWorld(t)
	ids := w.create(plain(7, "a"), plain(8, "b"))
	catalog, err := i18n.Load()
	w.must(err)
	a := api.New(api.Config{Title: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog, Can: func(actor.Actor, api.Permission) bool { return true }})
	w.tasks.API(a)
	all := actor.Actor{UserID: 1, Role: actor.Owner, Scope: actor.Scope{All: true}}
	manager := actor.Actor{UserID: 2, Role: actor.StoreManager, Scope: actor.Scope{Stores: []int64{1}}}
	self := actor.Actor{UserID: 3, Role: actor.Staff, StaffID: 8, Scope: actor.Scope{Staff: 8}}
	nobody := actor.Actor{UserID: 4, Role: actor.Operator}
	for _, c := range []struct {
		name, method, path string
		who                actor.Actor
		status             int
		has, hasNot        string
	}{
		{"all", "GET", "/api/tasks", all, 200, "李强", "nothing"},
		{"a store's", "GET", "/api/tasks", manager, 200, "王敏", "李强"},
		{"one's own", "GET", "/api/tasks", self, 200, "李强", "王敏"},
		{"without a scope", "GET", "/api/tasks", nobody, 200, `"items":[]`, "王敏"},
		{"by state", "GET", "/api/tasks?state=late", all, 200, `"items":[]`, "王敏"},
		{"by store", "GET", "/api/tasks?store_id=2", all, 200, "门店2", "门店1"},
		{"by day", "GET", "/api/tasks?date=2026-11-19", all, 200, `"items":[]`, "王敏"},
		{"bad day", "GET", "/api/tasks?date=yesterday", all, 422, "query.bad_date", "王敏"},
		{"first page", "GET", "/api/tasks?limit=1", all, 200, `"next":"ey`, "nothing"},
		{"remind another store's", "POST", fmt.Sprintf("/api/tasks/%d/remind", ids[1]), manager, 404, "task.not_found", "nothing"},
		{"remind", "POST", fmt.Sprintf("/api/tasks/%d/remind", ids[0]), manager, 200, "", "error"},
		{"remind again", "POST", fmt.Sprintf("/api/tasks/%d/remind", ids[0]), manager, 200, "", "error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := httptest.NewRecorder()
			a.Handler().ServeHTTP(res, httptest.NewRequest(c.method, c.path, nil).WithContext(actor.With(t.Context(), c.who)))
			body := res.Body.String()
			if res.Code != c.status || !strings.Contains(body, c.has) || strings.Contains(body, c.hasNot) {
				t.Errorf("%d %s", res.Code, body)
			}
		})
	}
	for {
		n, err := w.outbox.RunOnce(t.Context(), outbox.Write, 1)
		w.must(err)
		if n == 0 {
			break
		}
	}
	if len(w.sent) != 1 || w.sent[0]["touser"] != "wang" || w.sent[0]["msgtype"] != "textcard" {
		t.Errorf("reminders at WeCom: %v, want one to wang", w.sent)
	}
}

// WeCom forgets a message after half an hour: a reminder that could not be sent by then is not sent at all.
func TestAReminderIsDroppedWhenItIsLate(t *testing.T) {
	for name, late := range map[string]time.Duration{"in time": 20 * time.Minute, "WeCom forgot": 30 * time.Minute, "the window is over": 10 * time.Minute} {
		w := newWorld(t)
		x := plain(7, "a")
		if name == "the window is over" {
			x.WindowEnd = start.Add(late)
		}
		ids := w.create(x)
		w.must(w.tasks.Remind(actor.With(t.Context(), actor.Actor{Scope: actor.Scope{All: true}}), ids[0]))
		w.clock.Set(start.Add(late))
		_, err := w.outbox.RunOnce(t.Context(), outbox.Write, 1)
		w.must(err)
		want := 0
		if name == "in time" {
			want = 1
		}
		if len(w.sent) != want {
			t.Errorf("%s: %d reminders at WeCom, want %d", name, len(w.sent), want)
		}
		var code string
		w.must(w.db.QueryRow(t.Context(), `SELECT error_code FROM outbox_call`).Scan(&code))
		if (code == "task.reminder_late") != (want == 0) {
			t.Errorf("%s: the call says %q", name, code)
		}
	}
}
