package sim

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/wecom"
)

func friendly(n int) *World {
	w := smallWorld(n)
	w.Behaviour = Behaviour{Scan: 1, Add: 1}
	for i := range w.People {
		w.Friends = append(w.Friends, Friend{UserID: "lina", ExternalUserID: w.People[i].ExternalUserID})
	}
	return w
}

// settle lets WeCom finish dispatching the mass send, which takes half a second of wall time otherwise.
func (r *rig) settle(msgID string) {
	r.t.Helper()
	r.s.mu.Lock()
	delete(r.s.made, msgID)
	r.s.mu.Unlock()
}

func (r *rig) results(msgID, user string) map[string]int {
	r.t.Helper()
	out := map[string]int{}
	for cur := ""; ; {
		rows, next, err := r.c.GroupMsgSendResult(context.Background(), msgID, user, cur)
		r.must(err)
		for _, row := range rows {
			out[row.ExternalUserID+row.ChatID] = row.Status
		}
		if cur = next; cur == "" {
			return out
		}
	}
}

func TestMassSendToCustomers(t *testing.T) {
	r := newRig(t, friendly(3))
	ctx := context.Background()
	r.plan(Plan{Acts: []Act{{At: at(8, 30), Kind: "delete", Person: "wm0002", UserID: "lina"}}})
	r.advance(at(8, 40))
	msg, failed, err := r.c.AddMsgTemplate(ctx, wecom.MsgTemplate{Sender: "lina", ExternalIDs: []string{"wm0000", "wm0002", "wmNOBODY"}, Text: &wecom.Text{Content: "会员日"}})
	r.must(err)
	if strings.Join(failed, ",") != "wmNOBODY" {
		t.Errorf("fail list %v", failed)
	}
	if _, _, err := r.c.GroupMsgTask(ctx, msg, ""); !wecom.IsCode(err, 41063) {
		t.Errorf("right after making: %v", err)
	}
	r.settle(msg)
	if got := fmt.Sprint(r.results(msg, "lina")); got != "map[wm0000:0 wm0002:0]" {
		t.Errorf("before confirmation: %s", got)
	}
	r.advance(at(23, 0))
	tasks, _, err := r.c.GroupMsgTask(ctx, msg, "")
	r.must(err)
	if len(tasks) != 1 || tasks[0].Status != 2 || tasks[0].SendTime < at(8, 40).Unix() {
		t.Errorf("tasks %+v", tasks)
	}
	if got := fmt.Sprint(r.results(msg, "lina")); got != "map[wm0000:1 wm0002:2]" {
		t.Errorf("results: %s", got)
	}
	list, _, err := r.c.GroupMsgList(ctx, wecom.GroupMsgFilter{ChatType: wecom.ChatSingle, Start: at(0, 0).Unix(), End: at(23, 0).Unix(), Type: 2}, "")
	r.must(err)
	if len(list) != 1 || list[0].MsgID != msg || list[0].Text.Content != "会员日" {
		t.Errorf("list %+v", list)
	}
	for _, h := range r.p.heard() {
		if !strings.HasPrefix(h, "del_follow_user") {
			t.Errorf("a mass send called back: %s", h)
		}
	}
}

func TestMassSendToGroups(t *testing.T) {
	w := friendly(1)
	w.Groups = append(w.Groups, Group{ChatID: "wrTWO", Name: "二店群", Owner: "wang"})
	r := newRig(t, w)
	msg, failed, err := r.c.AddMsgTemplate(context.Background(), wecom.MsgTemplate{ChatType: wecom.ChatGroup, Sender: "lina", ChatIDs: []string{"wrONE", "wrTWO"}, Text: &wecom.Text{Content: "上新"}})
	r.must(err)
	r.settle(msg)
	if strings.Join(failed, ",") != "wrTWO" {
		t.Errorf("fail list %v", failed)
	}
	if got := r.results(msg, "lina"); len(got) != 0 {
		t.Errorf("groups are listed before they are sent to: %v", got)
	}
	r.advance(at(23, 0))
	if got := fmt.Sprint(r.results(msg, "lina")); got != "map[wrONE:1]" {
		t.Errorf("results: %s", got)
	}
}

func TestReceiveCap(t *testing.T) {
	for mode, want := range map[string]int{"month": 31, "week": 7, "day": 1} {
		w := friendly(1)
		w.Limits.ReceiveCap = mode
		r := newRig(t, w)
		var last string
		for range 33 {
			msg, _, err := r.c.AddMsgTemplate(context.Background(), wecom.MsgTemplate{Sender: "lina", Text: &wecom.Text{Content: "x"}})
			r.must(err)
			r.s.mu.Lock()
			tx := r.s.begin()
			r.s.confirm(tx, "lina", msg)
			r.s.commit(tx)
			r.s.mu.Unlock()
			last = msg
		}
		if got := len(r.s.Truth().Delivered); got != want {
			t.Errorf("%s: %d delivered, want %d", mode, got, want)
		}
		r.settle(last)
		if got := r.results(last, "lina")["wm0000"]; got != wecom.SendOverCap {
			t.Errorf("%s: the last has status %d", mode, got)
		}
		if mode == "month" {
			r.advance(time.Date(2026, 4, 1, 0, 0, 0, 0, clock.Shanghai))
			r.s.mu.Lock()
			if !r.s.st.mayReceive("wm0000", r.s.st.Now) {
				t.Error("the new month does not begin afresh")
			}
			r.s.mu.Unlock()
		}
	}
}

func TestRemindAndCancel(t *testing.T) {
	w := friendly(2)
	w.Friends = append(w.Friends, Friend{UserID: "wang", ExternalUserID: "wm0000"})
	r := newRig(t, w)
	ctx := context.Background()
	msg, _, err := r.c.AddMsgTemplate(ctx, wecom.MsgTemplate{Sender: "wang", Text: &wecom.Text{Content: "x"}})
	r.must(err)
	for i := range 4 {
		err := r.c.RemindGroupMsg(ctx, msg)
		if want := i == 3; wecom.IsCode(err, 41094) != want {
			t.Errorf("reminder %d: %v", i+1, err)
		}
	}
	r.advance(at(8, 1).AddDate(0, 0, 1))
	if err := r.c.RemindGroupMsg(ctx, msg); err != nil {
		t.Errorf("a day later: %v", err)
	}
	r.must(r.c.CancelGroupMsg(ctx, msg))
	if err := r.c.RemindGroupMsg(ctx, msg); !wecom.IsCode(err, 41093) {
		t.Errorf("after cancelling: %v", err)
	}
	if err := r.post("/sim/api/staff/wang/confirm", map[string]string{"msgid": msg}, nil); err == nil {
		t.Error("a cancelled task was confirmed")
	}
	if c := r.s.Truth().Counts; c.MassTasks != 1 || c.MassConfirmed != 0 {
		t.Errorf("wang never works, yet %+v", c)
	}
}

func TestSenderIsWhoTalkedLast(t *testing.T) {
	w := friendly(1)
	w.Friends = append(w.Friends, Friend{UserID: "wang", ExternalUserID: "wm0000"})
	r := newRig(t, w)
	r.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "reply", Person: "wm0000", UserID: "wang", Text: "在吗"}}})
	r.advance(at(9, 0))
	msg, _, err := r.c.AddMsgTemplate(context.Background(), wecom.MsgTemplate{ExternalIDs: []string{"wm0000"}, Text: &wecom.Text{Content: "x"}})
	r.must(err)
	r.settle(msg)
	tasks, _, err := r.c.GroupMsgTask(context.Background(), msg, "")
	r.must(err)
	if len(tasks) != 1 || tasks[0].UserID != "wang" {
		t.Errorf("tasks %+v", tasks)
	}
}

func TestMembersConfirmOnlyInWorkingHours(t *testing.T) {
	w := friendly(1)
	w.Members[0].WorkFrom, w.Members[0].WorkTo = "10:00", "18:00"
	r := newRig(t, w)
	r.advance(at(19, 0))
	msg, _, err := r.c.AddMsgTemplate(context.Background(), wecom.MsgTemplate{Sender: "lina", Text: &wecom.Text{Content: "x"}})
	r.must(err)
	r.settle(msg)
	for _, a := range r.s.st.Acts {
		if a.Kind == actConfirm {
			if h := msTime(a.At).In(clock.Shanghai).Hour(); h < 10 || h >= 18 {
				t.Errorf("confirms at %s", msTime(a.At).In(clock.Shanghai))
			}
		}
	}
	r.advance(at(9, 59).AddDate(0, 0, 1))
	if n := r.s.Truth().Counts.MassConfirmed; n != 0 {
		t.Errorf("%d confirmed before work", n)
	}
	r.advance(at(18, 0).AddDate(0, 0, 1))
	if n := r.s.Truth().Counts.MassConfirmed; n != 1 {
		t.Errorf("%d confirmed after a day", n)
	}
}
