package sim

import (
	"context"
	"fmt"
	"testing"
	"time"

	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

// bigWorld is a chain of 300 stores with a member and a group each, and 30,000 people.
func bigWorld() *World {
	w := &World{Seed: 3, Start: testStart, Departments: []Department{{ID: 1, Name: "总部"}}}
	for i := range 300 {
		u := fmt.Sprintf("staff%03d", i)
		w.Members = append(w.Members, Member{UserID: u, Name: u, Departments: []int64{1}, Diligence: 0.8})
		w.Groups = append(w.Groups, Group{ChatID: fmt.Sprintf("wr%03d", i), Name: u + "群", Owner: u})
	}
	for i := range 30_000 {
		w.People = append(w.People, Person{ExternalUserID: fmt.Sprintf("wm%05d", i), UnionID: fmt.Sprintf("un%05d", i), Name: fmt.Sprintf("顾客%d", i), HomeStore: fmt.Sprintf("S%03d", i%300)})
	}
	return w
}

// BenchmarkWeek lives a week of the big world with a welcome for everyone and two mass sends a day, then restarts.
func BenchmarkWeek(b *testing.B) {
	for b.Loop() {
		week(b)
	}
}

func week(b *testing.B) {
	w := bigWorld()
	r := newRig(b, w)
	ctx := context.Background()
	var entries []Entry
	joins := map[string]string{}
	for i := range 300 {
		u := w.Members[i].UserID
		_, qr := r.way(fmt.Sprintf("s%03d", i), u)
		entries = append(entries, Entry{URL: qr, Store: fmt.Sprintf("S%03d", i)})
		joins[u] = r.joinWay(wecom.JoinWay{ChatIDs: []string{w.Groups[i].ChatID}, AutoCreateRoom: 1, State: "g"})
	}
	r.p.onAdd = func(e callback.Event) {
		err := r.c.SendWelcome(ctx, wecom.Welcome{Code: e.WelcomeCode, Text: &wecom.Text{Content: "欢迎"}, Attachments: []wecom.Attachment{{MsgType: "image", Image: &wecom.Image{PicURL: joins[e.UserID]}}}})
		if err != nil {
			b.Error(err)
		}
	}
	r.plan(Plan{Arrivals: []Arrivals{{From: testStart, Days: 7, PerDay: 4300, Entries: entries}}})
	for h := 1; h <= 7*24; h++ {
		if r.advance(testStart.Add(time.Duration(h)*time.Hour)).Undelivered != 0 {
			b.Fatal("undelivered")
		}
		if h%12 == 2 {
			for i := range 300 {
				_, _, err := r.c.AddMsgTemplate(ctx, wecom.MsgTemplate{ChatType: wecom.ChatGroup, Sender: w.Members[i].UserID, Text: &wecom.Text{Content: "今日活动"}})
				r.must(err)
			}
		}
		if h%48 == 5 {
			for i := range 300 {
				_, _, err := r.c.AddMsgTemplate(ctx, wecom.MsgTemplate{Sender: w.Members[i].UserID, Text: &wecom.Text{Content: "专属券"}})
				if err != nil && !wecom.IsCode(err, 41048) {
					b.Fatal(err)
				}
			}
		}
	}
	t := r.s.Truth()
	b.Logf("%+v", t.Counts)
	begin := r.s.wall.Now()
	crashed := copyDir(b, r.opt.Dir)
	r.stop()
	b.ReportMetric(r.s.wall.Now().Sub(begin).Seconds(), "stop-s")
	begin = r.s.wall.Now()
	r.opt.Dir = crashed
	r.start()
	b.ReportMetric(r.s.wall.Now().Sub(begin).Seconds(), "restart-s")
}
