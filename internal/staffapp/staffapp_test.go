package staffapp_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/audit"
	"qunce/internal/i18n"
	"qunce/internal/livecode/codetest"
	"qunce/internal/pg"
	"qunce/internal/send"
	"qunce/internal/sop"
	"qunce/internal/staffapp"
	"qunce/internal/task"
)

// One member of staff's pages: what they see and may do is theirs, whatever the request says.
func TestPages(t *testing.T) {
	b := codetest.New(t, codetest.Options{People: 2})
	ctx := t.Context()
	log, audits := slog.New(slog.DiscardHandler), audit.New(b.IDs)
	tasks := task.New(task.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Events: b.Events, Outbox: b.Outbox, WeCom: b.WeCom, Audit: audits, Directory: b.Directory, Log: log})
	sends := send.New(send.Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Events: b.Events, Outbox: b.Outbox, WeCom: b.WeCom, Tasks: tasks, Touch: b.Touch, Media: b.Media, Log: log})
	plans := sop.New(sop.Deps{DB: b.DB, IDs: b.IDs, Media: b.Media, Clock: b.Clock, Events: b.Events, Audit: audits, Customers: b.Customers, Groups: b.Groups, Directory: b.Directory,
		Touch: b.Touch, Tasks: tasks, Sends: sends})
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	a := api.New(api.Config{Title: "staff", Log: log, Catalog: catalog, Can: func(actor.Actor, api.Permission) bool { return true }})
	staffapp.New(staffapp.Deps{DB: b.DB, Clock: b.Clock, Directory: b.Directory, Tasks: tasks, SOP: plans, Codes: b.Codes, CorpName: "禾光茶饮",
		WeCom: b.WeCom, Wall: b.Clock, PublicURL: "https://qunce.example"}).API(a)
	for _, op := range a.Ops {
		if op.Permission != staffapp.Self || !strings.HasPrefix(op.Path, "/staff/api/") {
			t.Errorf("%s %s asks for %s", op.Method, op.Path, op.Permission)
		}
	}

	staffID := func(user string) int64 {
		return codetest.One[int64](b, `SELECT id FROM directory_staff WHERE userid = $1`, user)
	}
	lina, zhou := staffID("lina"), staffID("zhou")
	now := b.Clock.Now()
	newTask := func(staff int64, key string, kind task.Kind, n int) task.NewTask {
		x := task.NewTask{StaffID: staff, Key: key, Kind: kind, Title: "任务 " + key, Why: "昨天刚加", DueAt: now, WindowEnd: now.Add(2 * time.Hour), Recipients: n, CauseID: 1,
			Body: task.Body{Text: "您好", Minutes: 1}}
		for i := range n {
			x.Body.People = append(x.Body.People, task.Person{CustomerID: int64(i + 1), Name: fmt.Sprintf("客户%d", i), ExternalUserID: fmt.Sprintf("wm%d", i)})
		}
		return x
	}
	var ids []int64
	if err := b.DB.Tx(ctx, func(tx pg.Tx) (err error) {
		ids, err = tasks.Create(ctx, tx, []task.NewTask{newTask(lina, "one", task.SidebarSingle, 1), newTask(lina, "mass", task.MassSingle, 7),
			newTask(lina, "list", task.Todo, 6), newTask(zhou, "other", task.SidebarSingle, 1)})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Codes.EnsureStoreCodes(ctx, []int64{b.West}, b.ID()); err != nil {
		t.Fatal(err)
	}
	b.Settle()

	me := actor.Actor{UserID: 9, Role: actor.Staff, StaffID: lina, Name: "李娜", Scope: actor.Scope{Staff: lina}}
	other := actor.Actor{UserID: 10, Role: actor.Staff, StaffID: zhou, Scope: actor.Scope{Staff: zhou}}
	office := actor.Actor{UserID: 1, Role: actor.Owner, Scope: actor.Scope{All: true}}
	for _, c := range []struct {
		name, method, path, body string
		who                      actor.Actor
		status                   int
		has, hasNot              []string
	}{
		{"me", "GET", "/me", "", me, 200, []string{`"userid":"lina"`, `"store_name":"禾光·西湖店"`, `"corp_name":"禾光茶饮"`}, []string{"zhou"}},
		{"no member of staff", "GET", "/me", "", office, 403, []string{"staff.not_linked"}, nil},
		{"today", "GET", "/today", "", me, 200, []string{"任务 one", "任务 mass", `"how":"confirm_in_wecom"`, `"kind":"confirm"`, `"target":{"external_userid":"wm0"}`,
			`"due":3`, `"done":0`, `"recipient_names":["客户0","客户1","客户2","客户3","客户4"]`}, []string{"任务 other"}},
		{"another's task", "POST", fmt.Sprintf("/tasks/%d/sent", ids[3]), "", me, 404, []string{"task.not_found"}, nil},
		{"a mass send by word", "POST", fmt.Sprintf("/tasks/%d/sent", ids[1]), "", me, 409, []string{"task.confirm_in_wecom"}, nil},
		{"sent", "POST", fmt.Sprintf("/tasks/%d/sent", ids[0]), "", me, 200, nil, []string{"code"}},
		{"sent twice", "POST", fmt.Sprintf("/tasks/%d/sent", ids[0]), "", me, 200, nil, []string{"code"}},
		{"made-up reason", "POST", fmt.Sprintf("/tasks/%d/skip", ids[2]), `{"reason":"tired"}`, me, 422, []string{"reason"}, nil},
		{"skip", "POST", fmt.Sprintf("/tasks/%d/skip", ids[2]), `{"reason":"off_duty","note":" 休息 "}`, me, 200, nil, []string{"code"}},
		{"skip a mass send", "POST", fmt.Sprintf("/tasks/%d/skip", ids[1]), `{"reason":"not_suitable"}`, me, 200, nil, []string{"code"}},
		{"today afterwards", "GET", "/today", "", me, 200, []string{`"tasks":[]`, `"due":3`, `"done":1`}, nil},
		{"untouched", "GET", "/today", "", other, 200, []string{"任务 other"}, []string{"任务 one"}},
		{"code", "GET", "/code", "", me, 200, []string{"/c/", `"qr_svg_url":"/staff/api/code/qr.svg"`, `"adds_today":null`}, nil},
		{"picture", "GET", "/code/qr.svg", "", me, 200, []string{"<svg"}, nil},
		{"no code yet", "GET", "/code", "", other, 404, []string{"staff.no_code"}, nil},
		{"signing a page", "GET", "/jssdk?url=" + url.QueryEscape("https://qunce.example/staff/?a=1#/today"), "", me, 200, []string{`"corp_id":"`, `"agent_id":`, `"nonce":"`, `"config_signature":"`, `"agent_signature":"`}, nil},
		{"signing somebody else's page", "GET", "/jssdk?url=" + url.QueryEscape("https://qunce.example.evil.test/staff/"), "", me, 422, []string{"staff.jssdk_url", "https://qunce.example 下"}, []string{"signature"}},
		{"signing for no member of staff", "GET", "/jssdk?url=" + url.QueryEscape("https://qunce.example/staff/"), "", office, 403, []string{"staff.not_linked"}, nil},
		{"score", "GET", "/score", "", me, 200, []string{`"id":"sop.exec"`, `"value":null`}, []string{`"value":0`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := httptest.NewRequest(c.method, "/staff/api"+c.path, strings.NewReader(c.body)).WithContext(actor.With(ctx, c.who))
			if c.body != "" {
				req.Header.Set("Content-Type", "application/json")
			}
			res := httptest.NewRecorder()
			a.Handler().ServeHTTP(res, req)
			body := res.Body.String()
			if res.Code != c.status {
				t.Fatalf("%d %s", res.Code, body)
			}
			for _, x := range c.has {
				if !strings.Contains(body, x) {
					t.Errorf("no %s in %s", x, body)
				}
			}
			for _, x := range c.hasNot {
				if strings.Contains(body, x) {
					t.Errorf("%s in %s", x, body)
				}
			}
		})
	}
	if note := codetest.One[string](b, `SELECT detail->>'note' FROM audit_entry WHERE action = 'task.skip' AND object = $1`, fmt.Sprintf("task/%d", ids[2])); note != "休息" {
		t.Errorf("note %q", note)
	}
}
