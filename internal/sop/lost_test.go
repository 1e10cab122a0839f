package sop_test

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"qunce/internal/livecode/codetest"
	"qunce/internal/outbox"
	"qunce/internal/wecom/sim"
)

// tasksOf is what WeCom shows a member of staff to confirm.
func (r *rig) tasksOf(user string) string {
	r.t.Helper()
	res, err := http.Get(r.SimURL + "/sim/api/staff/" + user + "/tasks") //nolint:noctx // a test's read
	r.must(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	r.must(err)
	return string(body)
}

// A reminder of a mass send reaches the member each time it is called: one whose answer is lost is not called again.
func TestAReminderIsNotRepeated(t *testing.T) {
	r := newRig(t, 2, "T3")
	r.befriend("lina", 2)
	r.to(3, "19:05")
	id := r.id(`SELECT id FROM task_task WHERE kind = 'mass_single'`)
	r.must(r.tasks.Remind(codetest.As(t.Context()), id))
	r.must(r.Sim.Faults(t.Context(), sim.Faults{DropAfterEffect: 1}))
	_, err := r.Outbox.RunOnce(t.Context(), outbox.Write, 1)
	r.must(err)
	r.must(r.Sim.Faults(t.Context(), sim.Faults{}))
	r.Settle()
	if got := codetest.One[string](r.Brand, `SELECT state || ' ' || attempts || ' ' || error_code FROM outbox_call WHERE kind = 'send.remind'`); got != "done 1 outbox.unsure" {
		t.Errorf("the call stands at %s", got)
	}
	if body := r.tasksOf("lina"); !strings.Contains(body, `"reminded":1`) {
		t.Errorf("lina was not reminded once: %s", body)
	}
}

// For a while WeCom does not list a new mass send, or lists it without its task: the one that was made may be ours, and
// must not be made again.
func TestAMassSendThatDoesNotShowYetIsNotMadeAgain(t *testing.T) {
	for path, answer := range map[string]string{
		"/get_groupmsg_task":    `{"errcode":0,"errmsg":"ok","task_list":[],"next_cursor":""}`,
		"/get_groupmsg_list_v2": `{"errcode":0,"errmsg":"ok","group_msg_list":[],"next_cursor":""}`,
	} {
		t.Run(path[1:], func(t *testing.T) { massSendHidden(t, path, answer) })
	}
}

func massSendHidden(t *testing.T, path, answer string) {
	var hidden atomic.Bool
	hidden.Store(true)
	r := newRigWith(t, codetest.Options{People: 2, Instead: func(w http.ResponseWriter, req *http.Request) bool {
		if !hidden.Load() || !strings.HasSuffix(req.URL.Path, path) {
			return false
		}
		_, _ = io.WriteString(w, answer)
		return true
	}}, "T3")
	r.befriend("lina", 2)
	r.to(3, "18:00")
	r.Advance(time.Date(2026, 3, 5, 19, 0, 0, 0, codetest.Start.Location()))
	_, err := r.sop.RunDue(t.Context())
	r.must(err)
	r.must(r.Sim.Faults(t.Context(), sim.Faults{DropAfterEffect: 1}))
	_, err = r.Outbox.RunOnce(t.Context(), outbox.Write, 1)
	r.must(err)
	r.must(r.Sim.Faults(t.Context(), sim.Faults{}))
	asked := func() string {
		return codetest.One[string](r.Brand, `SELECT error_code FROM outbox_call WHERE kind = 'send.create'`)
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for asked() != "send.dispatching" && ctx.Err() == nil {
		_, err = r.Outbox.RunOnce(t.Context(), outbox.Write, 1)
		r.must(err)
		runtime.Gosched()
	}
	if got := codetest.One[string](r.Brand, `SELECT state || ' ' || attempts FROM outbox_call WHERE kind = 'send.create'`); got != "unknown 1" {
		t.Fatalf("while WeCom hides it, the call stands at %s", got)
	}
	hidden.Store(false)
	r.Settle()
	if body := r.tasksOf("lina"); strings.Count(body, `"msgid"`) != 1 {
		t.Errorf("the member of staff has two tasks: %s", body)
	}
}

// One that WeCom never got is made once it would surely be listed.
func TestAMassSendThatNeverArrivedIsMade(t *testing.T) {
	r := newRig(t, 2, "T3")
	r.befriend("lina", 2)
	r.to(3, "18:00")
	at := time.Date(2026, 3, 5, 19, 0, 0, 0, codetest.Start.Location())
	r.Advance(at)
	_, err := r.sop.RunDue(t.Context())
	r.must(err)
	r.must(r.Sim.Faults(t.Context(), sim.Faults{DropBefore: 1}))
	_, err = r.Outbox.RunOnce(t.Context(), outbox.Write, 1)
	r.must(err)
	r.must(r.Sim.Faults(t.Context(), sim.Faults{}))
	r.Advance(at.Add(4 * time.Minute))
	if got := codetest.One[string](r.Brand, `SELECT state || ' ' || attempts FROM outbox_call WHERE kind = 'send.create'`); got != "done 2" {
		t.Errorf("the call stands at %s", got)
	}
	if body := r.tasksOf("lina"); strings.Count(body, `"msgid"`) != 1 {
		t.Errorf("the tasks of the member of staff: %s", body)
	}
}
