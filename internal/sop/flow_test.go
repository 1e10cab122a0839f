package sop_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/audit"
	"qunce/internal/event"
	"qunce/internal/i18n"
	"qunce/internal/livecode"
	"qunce/internal/livecode/codetest"
	"qunce/internal/order"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/send"
	"qunce/internal/sop"
	"qunce/internal/task"
	"qunce/internal/wecom"
	"qunce/internal/wecom/sim"
)

// rig is a brand with plans on top.
type rig struct {
	*codetest.Brand
	t     *testing.T
	tasks *task.Service
	sends *send.Service
	sop   *sop.Service
}

func newRig(t *testing.T, people int, plans ...string) *rig {
	return newRigWith(t, codetest.Options{People: people}, plans...)
}

func newRigWith(t *testing.T, o codetest.Options, plans ...string) *rig {
	b := codetest.New(t, o)
	log, audits := slog.New(slog.DiscardHandler), audit.New(b.IDs)
	r := &rig{Brand: b, t: t}
	r.tasks = task.New(task.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Events: b.Events, Outbox: b.Outbox, WeCom: b.WeCom, Audit: audits, Directory: b.Directory, Log: log, PublicURL: b.Web.URL})
	r.sends = send.New(send.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Events: b.Events, Outbox: b.Outbox, WeCom: b.WeCom, Tasks: r.tasks, Touch: b.Touch, Media: b.Media, Log: log})
	r.sop = sop.New(sop.Deps{DB: b.DB, IDs: b.IDs, Media: b.Media, Clock: b.Clock, Events: b.Events, Audit: audits, Customers: b.Customers, Groups: b.Groups, Directory: b.Directory,
		Touch: b.Touch, Tasks: r.tasks, Sends: r.sends})
	r.must(r.sop.EnsureTemplates(t.Context()))
	r.must(r.sop.EnsureTemplates(t.Context()))
	for _, code := range plans {
		r.must(r.sop.Activate(codetest.As(t.Context()), code))
	}
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// to lets time pass to a moment, with all due work on the way, in the order of its time.
func (r *rig) to(day int, clock string) {
	r.t.Helper()
	at, err := time.ParseInLocation("15:04", clock, codetest.Start.Location())
	r.must(err)
	end := time.Date(2026, 3, 2+day, at.Hour(), at.Minute(), 0, 0, codetest.Start.Location())
	for range 1000 {
		r.work()
		next := end
		for _, f := range []func(context.Context) (time.Time, bool, error){r.tasks.NextDue, r.sends.NextDue, r.sop.NextDue} {
			t, ok, err := f(r.t.Context())
			r.must(err)
			if ok && t.Before(next) {
				next = t
			}
		}
		if !next.After(r.Clock.Now()) {
			if next.Equal(end) {
				return
			}
			r.t.Fatalf("work of %s is due at %s and is not done", next, r.Clock.Now())
		}
		r.Advance(next)
		if next.Equal(end) {
			r.work()
			return
		}
	}
	r.t.Fatal("there is always more to do")
}

// work does all that is due now.
func (r *rig) work() {
	r.t.Helper()
	for range 50 {
		r.Settle()
		moved := 0
		for _, f := range []func(context.Context) (int, error){r.tasks.RunDue, r.sends.RunDue, r.sop.RunDue} {
			n, err := f(r.t.Context())
			r.must(err)
			moved += n
		}
		if moved == 0 {
			return
		}
	}
	r.t.Fatal("due work never ends")
}

func (r *rig) count(sql string, args ...any) int {
	r.t.Helper()
	return codetest.One[int](r.Brand, sql, args...)
}

func (r *rig) id(sql string, args ...any) int64 {
	r.t.Helper()
	return codetest.One[int64](r.Brand, sql, args...)
}

func (r *rig) customer(n int) int64 {
	return r.id(`SELECT customer_id FROM customer_identity WHERE kind = 'external_userid' AND value = $1`, codetest.Person(n))
}

// befriend adds people 0…n−1 to one member of staff.
func (r *rig) befriend(user string, n int) {
	r.t.Helper()
	staff := r.id(`SELECT id FROM directory_staff WHERE userid = $1`, user)
	code := r.Create(livecode.NewCode{Kind: livecode.StaffCode, Name: "门店海报", Channel: livecode.StorePoster, StoreID: r.West, StaffIDs: []int64{staff}})
	for i := range n {
		r.Do("add", map[string]any{"person": codetest.Person(i), "qr": code.QR})
	}
}

// dispatched waits until WeCom has dispatched what was just made: for half a second it answers 41063 to every question.
func (r *rig) dispatched(ids []string) {
	r.t.Helper()
	for _, id := range ids {
		for {
			_, _, err := r.WeCom.GroupMsgTask(r.t.Context(), id, "")
			if !wecom.IsCode(err, 41063) {
				r.must(err)
				break
			}
			runtime.Gosched()
		}
	}
}

// confirm has a member of staff confirm every mass send they have.
func (r *rig) confirm(user string) {
	r.t.Helper()
	ids := r.toConfirm(user)
	if len(ids) == 0 {
		r.t.Fatal("nothing to confirm")
	}
	r.dispatched(ids)
	for _, id := range ids {
		r.Do("staff/"+user+"/confirm", map[string]any{"msgid": id})
	}
}

func (r *rig) toConfirm(user string) []string {
	r.t.Helper()
	rows, err := r.DB.Query(r.t.Context(), `SELECT msgid FROM send_send WHERE state = 'created' AND userid = $1`, user)
	r.must(err)
	var ids []string
	for rows.Next() {
		var id string
		r.must(rows.Scan(&id))
		ids = append(ids, id)
	}
	return ids
}

func (r *rig) delivered(text string) []string {
	r.t.Helper()
	truth, err := r.Sim.Truth(r.t.Context())
	r.must(err)
	var out []string
	for _, d := range truth.Delivered {
		msg := codetest.One[int](r.Brand, `SELECT count(*) FROM send_send WHERE msgid = $1 AND content->>'text' LIKE '%' || $2 || '%'`, d[0], text)
		if msg == 1 {
			out = append(out, d[2])
		}
	}
	slices.Sort(out)
	return out
}

// A week with 25 new friends of one member of staff: sidebar tasks up to a day's load and a list, one mass send for all,
// people who leave, opt out or buy on the way, an offer that reaches only those who should get it.
func TestSevenDays(t *testing.T) {
	r := newRig(t, 30, "T3")
	ctx := codetest.As(t.Context())
	r.befriend("lina", 25)
	if n := r.count(`SELECT count(*) FROM sop_customer_run WHERE state = 'running'`); n != 25 {
		t.Fatalf("%d runs began, want 25", n)
	}
	if n := r.count(`SELECT count(*) FROM sop_customer_due WHERE state = 'waiting'`); n != 75 {
		t.Fatalf("%d steps laid out, want 3 each", n)
	}

	r.to(1, "10:00")
	if single, list := r.count(`SELECT count(*) FROM task_task WHERE kind = 'sidebar_single'`), r.count(`SELECT recipients FROM task_task WHERE kind = 'todo'`); single != 20 || list != 5 {
		t.Fatalf("%d single tasks and a list of %d, want 20 and 5", single, list)
	}
	lina := r.id(`SELECT id FROM directory_staff WHERE userid = 'lina'`)
	mine, err := r.tasks.OfStaff(ctx, r.DB, lina, r.Clock.Now())
	r.must(err)
	var done, skipped task.Task
	for _, x := range mine {
		if x.Kind != task.SidebarSingle {
			continue
		}
		if done.ID == 0 {
			done = x
		} else if skipped.ID == 0 {
			skipped = x
		}
	}
	if !strings.HasPrefix(done.Body.Text, done.Body.People[0].Name+"您好，我是禾光·西湖店的李娜") {
		t.Errorf("text %q", done.Body.Text)
	}
	r.must(r.tasks.Sent(ctx, lina, done.ID))
	r.must(r.tasks.Sent(ctx, lina, done.ID)) // tapped twice
	r.must(r.tasks.Skip(ctx, lina, skipped.ID, "already_talked", ""))
	if state := codetest.One[string](r.Brand, `SELECT d.state || '/' || t.outcome FROM sop_customer_due d JOIN touch_customer t ON t.customer_id = d.customer_id AND t.id = d.touch_id WHERE d.task_id = $1`, done.ID); state != "done/delivered" {
		t.Errorf("the sent step stands at %s", state)
	}
	if state := codetest.One[string](r.Brand, `SELECT d.state || '/' || t.outcome FROM sop_customer_due d JOIN touch_customer t ON t.customer_id = d.customer_id AND t.id = d.touch_id WHERE d.task_id = $1`, skipped.ID); state != "skipped/released" {
		t.Errorf("the skipped step stands at %s", state)
	}

	// Day 2: one opts out, one deletes the member of staff, one buys.
	r.to(2, "15:00")
	out, lost, bought := 3, 4, 5
	r.must(r.Customers.OptOut(ctx, r.customer(out), "不想收到"))
	r.Do("delete", map[string]any{"person": codetest.Person(lost), "userid": "lina"})
	r.must(r.DB.Tx(ctx, func(tx pg.Tx) error {
		return r.Events.Publish(ctx, tx, event.Event{Kind: order.Placed, At: r.Clock.Now(), CustomerID: r.customer(bought), CauseID: r.ID(), Data: order.PlacedData{OrderNo: "A1", NetFen: 1800, First: true}})
	}))
	if n := r.count(`SELECT count(*) FROM sop_customer_run WHERE state = 'exited' AND exit_reason IN ('opted_out','lost','bought')`); n != 3 {
		t.Fatalf("%d runs ended, want 3", n)
	}

	r.to(3, "19:00")
	if sends, to := r.count(`SELECT count(*) FROM send_send`), r.count(`SELECT count(*) FROM send_recipient`); sends != 1 || to != 22 {
		t.Fatalf("%d mass sends to %d, want 1 to 22", sends, to)
	}
	r.to(3, "19:05")
	r.confirm("lina")
	r.to(3, "19:30")
	if got := r.delivered("三个大家常问"); len(got) != 22 {
		t.Fatalf("%d reached at WeCom, want 22", len(got))
	}
	x, err := r.tasks.Get(ctx, r.DB, lina, r.id(`SELECT id FROM task_task WHERE kind = 'mass_single'`))
	r.must(err)
	if x.State != task.Done || x.Proof != task.ByWeCom || x.Delivered != 22 || x.DoneAt.After(r.Clock.Now().Add(-20*time.Minute)) {
		t.Errorf("the mass task: %s by %s, %d of %d at %s", x.State, x.Proof, x.Delivered, x.Recipients, x.DoneAt)
	}
	if n := r.count(`SELECT count(*) FROM sop_customer_due WHERE step_key = 'd3_value' AND state = 'done' AND delivered_at IS NOT NULL`); n != 22 {
		t.Errorf("%d steps done and delivered", n)
	}

	// Day 7: between the offer and its confirmation somebody opts out.
	r.to(7, "10:00")
	if n := r.count(`SELECT count(*) FROM send_recipient r JOIN send_send s ON s.id = r.send_id AND s.staff_id = r.staff_id WHERE s.content->>'text' LIKE '【广告】%'`); n != 22 {
		t.Fatalf("the offer is for %d", n)
	}
	r.dispatched(r.toConfirm("lina"))
	r.must(r.Customers.OptOut(ctx, r.customer(6), "太多了"))
	r.work()
	r.confirm("lina")
	r.to(7, "11:00")
	reached := r.delivered("【广告】")
	if len(reached) != 21 || slices.Contains(reached, codetest.Person(6)) || slices.Contains(reached, codetest.Person(bought)) {
		t.Errorf("the offer reached %d: %v", len(reached), reached)
	}
	if n := r.count(`SELECT count(*) FROM sop_customer_run WHERE state = 'finished'`); n != 21 {
		t.Errorf("%d runs finished, want 21", n)
	}
	if n := r.count(`SELECT count(*) FROM touch_customer WHERE decision = 'allow' AND outcome = 'pending' AND source = 'sop'`); n != 0 {
		t.Errorf("%d touches hang", n)
	}

	board, err := r.sop.Board(ctx, 0, r.Clock.Now(), sop.LevelStaff, 0)
	r.must(err)
	if len(board.Items) != 1 || board.Items[0].Name != "李娜" || board.Items[0].DoneOntime != 22 || *board.Totals.Exec.Value != 1 {
		t.Errorf("board %+v", board)
	}
	stores, err := r.sop.Board(ctx, 0, r.Clock.Now(), sop.LevelStore, 0)
	r.must(err)
	if len(stores.Items) != 1 || stores.Items[0].Name != "禾光·西湖店" || *stores.Items[0].NextLevel != sop.LevelStaff {
		t.Errorf("stores %+v", stores)
	}
	report, err := r.sop.StepsReport(ctx, r.id(`SELECT id FROM sop_plan WHERE code = 'T3'`), time.Time{})
	r.must(err)
	last := report[len(report)-1]
	if last.Key != "d7_offer" || last.Due != 22 || last.Done != 22 || *last.Delivered != 21 {
		t.Errorf("report of the offer %+v", last)
	}
}

// A benefit group's week: the owner posts from the sidebar, promotions go out as mass sends, within the caps.
func TestBenefitGroup(t *testing.T) {
	r := newRig(t, 5, "T11")
	ctx := codetest.As(t.Context())
	if n := r.count(`SELECT count(*) FROM sop_group_run WHERE state = 'running'`); n != 2 {
		t.Fatalf("%d runs, want one for each group", n)
	}
	r.must(r.sop.Activate(ctx, "T11"))
	for day := range 7 {
		for _, at := range []string{"09:05", "12:05", "19:05"} {
			r.to(day, at)
			if at == "12:05" && len(r.toConfirm("lina")) > 0 {
				r.confirm("lina")
				r.dispatched(r.toConfirm("zhou"))
			}
			for _, user := range []string{"lina", "zhou"} {
				staff := r.id(`SELECT id FROM directory_staff WHERE userid = $1`, user)
				list, err := r.tasks.OfStaff(ctx, r.DB, staff, r.Clock.Now())
				r.must(err)
				for _, x := range list {
					if x.State == task.Open && x.Kind == task.SidebarGroup {
						r.must(r.tasks.Sent(ctx, staff, x.ID))
					}
				}
			}
		}
	}
	r.to(7, "08:00")
	for _, c := range []struct {
		what, sql string
		want      int
	}{
		{"sidebar posts", `SELECT count(*) FROM task_task WHERE kind = 'sidebar_group' AND state = 'done' AND proof = 'client'`, 2 * 14},
		{"mass sends", `SELECT count(*) FROM task_task WHERE kind = 'mass_group'`, 2 * 3},
		{"confirmed ones", `SELECT count(*) FROM task_task WHERE kind = 'mass_group' AND state = 'done' AND proof = 'wecom'`, 3},
		{"never confirmed ones", `SELECT count(*) FROM task_task WHERE kind = 'mass_group' AND state = 'missed'`, 3},
		{"sends taken back", `SELECT count(*) FROM send_send WHERE state = 'cancelled'`, 3},
		{"touches given back", `SELECT count(*) FROM touch_group WHERE outcome = 'released'`, 3},
		{"posts on the fullest day", `SELECT max(n) FROM (SELECT count(*) n FROM touch_group WHERE decision = 'allow' GROUP BY group_id, day) x`, 3},
		{"refusals", `SELECT count(*) FROM touch_group WHERE decision = 'refuse'`, 0},
	} {
		if n := r.count(c.sql); n != c.want {
			t.Errorf("%d %s, want %d", n, c.what, c.want)
		}
	}
	r.pages(ctx)
	// A new version takes over where the planned days end.
	plan := r.id(`SELECT id FROM sop_plan WHERE code = 'T11'`)
	d, err := r.sop.Get(ctx, plan)
	r.must(err)
	version, err := r.sop.Publish(ctx, plan, d.Steps[:3], "只留早安")
	r.must(err)
	if version != 2 {
		t.Fatalf("version %d", version)
	}
	r.to(9, "20:00")
	if n := r.count(`SELECT count(*) FROM sop_group_due WHERE version = 2 AND day = $1`, codetest.Start.AddDate(0, 0, 9)); n != 2 {
		t.Errorf("%d steps of version 2 on day 9, want one for each group", n)
	}
	if n := r.count(`SELECT count(*) FROM (SELECT 1 FROM sop_group_due GROUP BY group_id, split_part(step_key, '@', 1), day HAVING count(*) > 1) x`); n != 0 {
		t.Errorf("%d steps are laid out twice", n)
	}
}

var errInjected = errors.New("the lights go out")

// A transaction that dies in the middle of working due rows leaves nothing behind, four workers at once make nothing
// twice, and a call whose answer is lost is found again.
func TestWorkedOnce(t *testing.T) {
	r := newRig(t, 12, "T3")
	r.befriend("lina", 12)
	r.to(3, "18:00")
	die := true
	r.Events.Subscribe("test.die", func(context.Context, pg.Tx, []event.Event) error {
		if die {
			return errInjected
		}
		return nil
	}, task.Created)
	r.Advance(time.Date(2026, 3, 5, 19, 0, 0, 0, codetest.Start.Location()))
	if _, err := r.sop.RunDue(t.Context()); !errors.Is(err, errInjected) {
		t.Fatalf("got %v", err)
	}
	if n := r.count(`SELECT count(*) FROM sop_customer_due WHERE step_key = 'd3_value' AND state <> 'waiting'`) + r.count(`SELECT count(*) FROM send_send`) +
		r.count(`SELECT count(*) FROM touch_customer WHERE source_key LIKE '%d3_value'`); n != 0 {
		t.Fatalf("%d rows outlived the dead transaction", n)
	}
	die = false
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, err := r.sop.RunDue(t.Context()); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	if tasks, to := r.count(`SELECT count(*) FROM task_task WHERE step_key = 'd3_value'`), r.count(`SELECT count(*) FROM send_recipient`); tasks != 1 || to != 12 {
		t.Fatalf("%d tasks, %d recipients", tasks, to)
	}
	// WeCom makes the mass send, but the answer gets lost.
	r.must(r.Sim.Faults(t.Context(), sim.Faults{DropAfterEffect: 1}))
	_, err := r.Outbox.RunOnce(t.Context(), outbox.Write, 1)
	r.must(err)
	r.must(r.Sim.Faults(t.Context(), sim.Faults{}))
	r.Settle()
	if state := codetest.One[string](r.Brand, `SELECT state || (msgid <> '') FROM send_send`); state != "createdtrue" {
		t.Fatalf("the send stands at %s", state)
	}
	body := r.tasksOf("lina")
	if n := strings.Count(body, `"msgid"`); n != 1 {
		t.Errorf("the member of staff has %d tasks: %s", n, body)
	}
}

// Pausing keeps due rows; what passed its window meanwhile follows the step's late rule.
func TestPauseAndLateRules(t *testing.T) {
	r := newRig(t, 3, "T3")
	ctx := codetest.As(t.Context())
	r.befriend("lina", 2)
	plan := r.id(`SELECT id FROM sop_plan WHERE code = 'T3'`)
	r.must(r.sop.Pause(ctx, plan))
	r.to(1, "13:00") // the window 10:00–12:00 is over, but it may be done until 18:00
	if n := r.count(`SELECT count(*) FROM task_task`); n != 0 {
		t.Fatalf("%d tasks while paused", n)
	}
	r.must(r.sop.Resume(ctx, plan))
	r.to(1, "13:01")
	if n := r.count(`SELECT count(*) FROM task_task WHERE kind = 'sidebar_single' AND state = 'open' AND window_end > $1`, r.Clock.Now()); n != 2 {
		t.Fatalf("%d tasks after the pause, want 2 with time left", n)
	}
	r.must(r.sop.Pause(ctx, plan))
	r.to(7, "12:00") // the offer's window is over, and it is not sent late
	r.must(r.sop.Resume(ctx, plan))
	r.to(7, "12:01")
	if n := r.count(`SELECT count(*) FROM sop_customer_due WHERE step_key = 'd7_offer' AND state = 'skipped' AND reason = 'window_passed'`); n != 2 {
		t.Errorf("%d offers skipped, want 2", n)
	}
	if n := r.count(`SELECT count(*) FROM send_send`); n != 0 {
		t.Errorf("%d mass sends after their window", n)
	}
	if got := fmt.Sprint(r.count(`SELECT count(*) FROM task_task WHERE state = 'missed'`), r.count(`SELECT count(*) FROM sop_customer_run WHERE state = 'finished'`)); got != "2 2" {
		t.Errorf("missed tasks and finished runs: %s", got)
	}
}

// pages asks the console's operations and looks for what they must show.
func (r *rig) pages(ctx context.Context) {
	r.t.Helper()
	catalog, err := i18n.Load()
	r.must(err)
	a := api.New(api.Config{Title: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog, Can: func(actor.Actor, api.Permission) bool { return true }})
	r.sop.API(a)
	plan := r.id(`SELECT id FROM sop_plan WHERE code = 'T11'`)
	river := actor.With(ctx, actor.Actor{UserID: 2, Role: actor.StoreManager, Scope: actor.Scope{Stores: []int64{r.River}}})
	for _, c := range []struct {
		ctx                context.Context
		method, path, body string
		status             int
		has, hasNot        string
	}{
		{ctx, "GET", "/api/sop/plans", "", 200, `"code":"T11"`, "nothing"},
		{ctx, "GET", fmt.Sprintf("/api/sop/plans/%d", plan), "", 200, `"weekdays":[1,3,5]`, "nothing"},
		{ctx, "GET", "/api/sop/plans/1", "", 404, "sop.not_found", "nothing"},
		{ctx, "GET", "/api/sop/board?date=2026-03-02", "", 200, `"next_level":"region"`, "nothing"},
		{ctx, "GET", "/api/sop/board?date=2026-03-02&level=region", "", 200, `"next_level":"store"`, "nothing"},
		{ctx, "GET", "/api/sop/board?date=2026-03-02&level=store", "", 200, "禾光·滨江店", "nothing"},
		{river, "GET", "/api/sop/board?date=2026-03-02&level=store", "", 200, "禾光·滨江店", "禾光·西湖店"},
		{ctx, "GET", fmt.Sprintf("/api/sop/board?date=2026-03-02&level=staff&parent_id=%d", r.West), "", 200, "李娜", "周舟"},
		{ctx, "GET", "/api/sop/board?date=2026-03-09&level=planet", "", 422, "level", "nothing"},
		{ctx, "GET", fmt.Sprintf("/api/sop/plans/%d/steps-report?date=2026-03-02", plan), "", 200, `"key":"noon_mon"`, "nothing"},
		{ctx, "POST", fmt.Sprintf("/api/sop/plans/%d/publish", plan), `{"note":"","steps":[]}`, 422, "sop.no_steps", "nothing"},
	} {
		req := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)).WithContext(c.ctx)
		req.Header.Set("Content-Type", "application/json")
		res := httptest.NewRecorder()
		a.Handler().ServeHTTP(res, req)
		if body := res.Body.String(); res.Code != c.status || !strings.Contains(body, c.has) || strings.Contains(body, c.hasNot) {
			r.t.Errorf("%s %s: %d %s", c.method, c.path, res.Code, body)
		}
	}
}
