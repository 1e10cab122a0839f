package sync

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/customer"
	"qunce/internal/group/grouptest"
	"qunce/internal/i18n"
	"qunce/internal/inbox"
	"qunce/internal/livecode"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

func (r *rig) exec(sql string, args ...any) {
	r.t.Helper()
	_, err := r.DB.Exec(r.t.Context(), sql, args...)
	r.Check(err)
}

// repairs lists a run's repairs: thing, what, whom it is about, reason.
func (r *rig) repairs() []string {
	r.t.Helper()
	runs, err := List(r.t.Context(), r.DB, "", 1)
	r.Check(err)
	list, err := Repairs(r.t.Context(), r.DB, RepairFilter{RunID: runs[0].ID, Limit: 1000})
	r.Check(err)
	out := make([]string, len(list))
	for i, x := range list {
		words := []string{string(x.Thing), string(x.What), x.ChatID, x.UserID, x.External, x.Object, string(x.Reason)}
		if x.CallbackID != 0 {
			words = append(words, "callback")
		}
		out[i] = strings.Join(strings.Fields(strings.Join(words, " ")), " ")
	}
	return out
}

// Everything that a callback would have told, and none came.
func TestWhatWasLostIsSaidToBeLost(t *testing.T) {
	r := newRig(t, 14)
	r.settle()
	r.run()
	r.Lose(true)
	r.Pass(time.Hour)
	r.Add("wm08", "wang")
	r.Staff("lina", "delete", map[string]any{"external_userid": "wm00"})
	r.Staff("lina", "tag", map[string]any{"external_userid": "wm03", "add": []string{"etB"}})
	r.Staff("lina", "remark", map[string]any{"external_userid": "wm04", "text": "常客"})
	r.Join("wm09", "wrWEST")
	r.Leave("wm03", "wrWEST")
	r.Staff("zhou", "dismiss", map[string]any{"chat_id": "wrRIVER"})
	r.Pass(time.Hour)
	res := r.run()
	r.truth(res)
	r.Is("repairs", []string{
		"tags amended lina wm03 unheard", "relations amended lina wm04 unheard", "relations added wang wm08 lost", "relations ended lina wm00 lost",
		"members added wrWEST wm09 lost", "members ended wrWEST wm03 lost", "groups ended wrRIVER lost", "members ended wrRIVER zhou lost",
	}, r.repairs())
	r.Is("counted", map[string]int{"tags unheard": 1, "relations unheard": 1, "relations lost": 2, "members lost": 3, "groups lost": 1}, why(res))
	r.Is("listed", 8, res.Listed)
}

// A callback came: it waits, or failed, or was handled when WeCom did not show the change yet, or nobody handles it.
func TestWhatACallbackTold(t *testing.T) {
	for state, want := range map[string]Reason{"new": Waiting, "failed": Failed, "done": Handled, "ignored": Unhandled} {
		t.Run(state, func(t *testing.T) {
			r := newRig(t, 14)
			r.settle()
			r.run()
			r.Pass(time.Hour)
			r.Add("wm08", "wang")
			r.Join("wm09", "wrWEST")
			r.Staff("lina", "delete", map[string]any{"external_userid": "wm00"})
			r.Pass(time.Hour)
			r.exec(`UPDATE inbox_event SET state = $1 WHERE state = 'new'`, state)
			r.truth(r.run())
			r.Is("repairs", []string{"relations added wang wm08 " + string(want) + " callback", "relations ended lina wm00 " + string(want) + " callback",
				"members added wrWEST wm09 " + string(want) + " callback"}, r.repairs())
		})
	}
}

func TestWhatLiesBeforeTheConnection(t *testing.T) {
	r := newRig(t, 12)
	r.Lose(true)
	r.settle()
	r.since = r.Clock.Now().Add(time.Hour)
	res := r.run()
	r.truth(res)
	r.Is("why", map[string]int{"relations before": 12, "groups before": 2, "members before": 11}, why(res))
}

// Only some of very many repairs are kept one by one; all are counted.
func TestManyRepairsAreCountedAndSomeListed(t *testing.T) {
	r := newRig(t, 3)
	var list []repair
	for range maxListed + 5 {
		list = append(list, repair{Thing: Ways, What: Amended, Object: "x", fallback: Silent})
	}
	id, err := r.s.Start(t.Context())
	r.Check(err)
	x := run{s: r.s, id: id, kind: Full}
	var res Result
	r.Check(r.Tx(func(tx pg.Tx) error { return x.note(t.Context(), tx, &res, list) }))
	r.Is("listed", maxListed, res.Listed)
	r.Is("kept", maxListed, r.Count(`SELECT count(*) FROM sync_repair`))
	r.Is("counted", map[string]int{"ways silent": maxListed + 5}, why(res))
}

// A relation that was ended because its member of staff was out of sight comes back with them.
func TestWhatComesBackIntoSight(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.run()
	r.Check(r.Tx(func(tx pg.Tx) error {
		return r.Customers.End(t.Context(), tx, []customer.End{{UserID: "lina", ExternalUserID: "wm01", By: customer.DeletedByStaff, At: r.Clock.Now()}}, 1)
	}))
	r.Heard()
	soon := r.run() // a reading may lag behind the callback that told of the end
	r.Is("not yet", 0, len(why(soon)))
	r.Pass(time.Hour)
	res := r.run()
	r.truth(res)
	r.balance(res)
	r.Is("repairs", []string{"relations added lina wm01 range"}, r.repairs())
	r.Is("nothing began", 0, len(r.Heard()))
}

// What still differs after the repairs is said, and such a run is not complete.
func TestAStatementThatDoesNotAddUp(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.run()
	r.Pass(time.Hour)
	r.OnCall(func(api string, n int) {
		if api == "externalcontact/groupchat/list" && n == 1 { // after the relations, before the proof
			r.exec(`UPDATE customer_relation SET state = 'deleted_by_staff', ended_at = added_at WHERE userid = 'zhou' AND external_userid = 'wm02'`)
		}
	})
	res := r.run()
	r.OnCall(nil)
	r.Is("complete", false, res.Complete)
	r.Is("differs", []Difference{{Thing: Relations, Missing: 1}}, res.Differs)
	mended := r.run()
	r.truth(mended)
	r.balance(mended)
}

func TestBecause(t *testing.T) {
	now := grouptest.Start
	old := repair{fallback: Lost, At: now.Add(-inbox.Retained - time.Hour)}
	for name, c := range map[string]struct {
		x        repair
		told     inbox.Told
		underWay bool
		newcomer bool
		want     Reason
	}{
		"no callback":                  {x: repair{fallback: Lost}, want: Lost},
		"waiting":                      {x: repair{fallback: Lost}, told: inbox.Told{ID: 1, State: "new"}, want: Waiting},
		"an edit heard of before":      {x: repair{fallback: Unheard, pending: true}, told: inbox.Told{ID: 1, State: "done"}, want: Unheard},
		"an edit that failed":          {x: repair{fallback: Unheard, pending: true}, told: inbox.Told{ID: 1, State: "failed"}, want: Failed},
		"a call of ours":               {x: repair{fallback: Unheard}, underWay: true, want: API},
		"somebody who is new in sight": {x: repair{fallback: Lost}, newcomer: true, want: Range},
		"long ago":                     {x: old, want: Unknown},
		"long ago and kept":            {x: old, told: inbox.Told{ID: 1, State: "failed"}, want: Failed},
	} {
		if got, _ := because(c.x, c.told, c.underWay, c.newcomer, now); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// writes are the APIs that change something at WeCom.
func writes(api string) bool {
	for _, w := range []string{"add_", "update_", "del_", "edit_", "mark_", "send", "remark", "transfer"} {
		if strings.Contains(api, w) {
			return true
		}
	}
	return false
}

// Codes: what WeCom lost is made again, what differs is rewritten, what is as it should be is left alone.
func TestCodesAreComparedAndMended(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.run()
	ctx := actor.With(t.Context(), actor.Actor{UserID: 1, Role: actor.Owner, Scope: actor.Scope{All: true}})
	made := map[string]livecode.Code{}
	for _, n := range []livecode.NewCode{
		{Kind: livecode.StaffCode, Name: "收银台", Channel: livecode.StorePoster, StoreID: r.Stores["西湖"]},
		{Kind: livecode.StaffCode, Name: "外卖卡", Channel: livecode.Package, StoreID: r.Stores["滨江"]},
		{Kind: livecode.GroupCode, Name: "福利群", Channel: livecode.StorePoster, StoreID: r.Stores["西湖"]},
	} {
		id, err := r.codes.Create(ctx, n)
		r.Check(err)
		r.call()
		made[n.Name], err = r.codes.Get(ctx, id)
		r.Check(err)
	}
	r.Pass(time.Hour)

	written := 0
	r.OnCall(func(api string, _ int) {
		if writes(api) {
			written++
		}
	})
	res := r.run()
	r.call()
	r.balance(res)
	r.Is("written when equal", 0, written)
	r.Is("ways", Counts{Ways: 2, JoinWays: 1}, Counts{Ways: res.Remote[Ways], JoinWays: res.Remote[JoinWays]})
	r.Is("nothing to mend", 0, len(why(res)))
	r.OnCall(nil)

	// Somebody deletes one way, and changes two.
	r.Check(r.WeCom.DelContactWay(ctx, made["收银台"].ConfigID))
	way, err := r.WeCom.GetContactWay(ctx, made["外卖卡"].ConfigID)
	r.Check(err)
	way.Users, way.Remark = []string{"wang"}, "别人改的"
	r.Check(r.WeCom.UpdateContactWay(ctx, way))
	join, err := r.WeCom.GetJoinWay(ctx, made["福利群"].ConfigID)
	r.Check(err)
	join.State = "else"
	r.Check(r.WeCom.UpdateJoinWay(ctx, join))
	r.Pass(time.Hour)
	res = r.run()
	r.Is("repairs", []string{"ways ended " + made["收银台"].ConfigID + " silent", "ways amended " + made["外卖卡"].ConfigID + " silent",
		"join_ways amended " + made["福利群"].ConfigID + " silent"}, r.repairs())
	r.Is("not yet", []Difference{{Thing: Ways, Open: 2}, {Thing: JoinWays, Open: 1}}, res.Differs)
	r.call()
	again, err := r.codes.Get(ctx, made["收银台"].ID)
	r.Check(err)
	if again.Status != livecode.Active || again.ConfigID == "" || again.ConfigID == made["收银台"].ConfigID || again.Token != made["收银台"].Token {
		t.Errorf("made again: %+v", again)
	}
	way, err = r.WeCom.GetContactWay(ctx, made["外卖卡"].ConfigID)
	r.Check(err)
	r.Is("rewritten", wecom.ContactWay{Users: []string{"zhou"}, Remark: "外卖卡"}, wecom.ContactWay{Users: way.Users, Remark: way.Remark})
	join, err = r.WeCom.GetJoinWay(ctx, made["福利群"].ConfigID)
	r.Check(err)
	r.Is("state", made["福利群"].WayState, join.State)
	r.Pass(time.Hour)
	res = r.run()
	r.Is("nothing left to mend", 0, len(why(res)))
	r.Is("complete", true, res.Complete)

	// A check finds it by the list, and pays for no way that is there.
	r.Check(r.WeCom.DelContactWay(ctx, made["外卖卡"].ConfigID))
	r.Pass(time.Hour)
	r.check()
	r.Calls("externalcontact/get_contact_way")
	r.Pass(time.Hour)
	r.call()
	res = r.check()
	r.Is("asked", 0, r.Calls("externalcontact/get_contact_way"))
	r.Is("nothing left to mend", 0, len(why(res)))
	r.Is("ways", 2, res.Remote[Ways])
}

// A paused code that WeCom lost is shown as failed: making it again would open a door that somebody closed.
func TestAPausedCodeIsNotMadeAgain(t *testing.T) {
	r := newRig(t, 3)
	r.run()
	ctx := actor.With(t.Context(), actor.Actor{UserID: 1, Role: actor.Owner, Scope: actor.Scope{All: true}})
	id, err := r.codes.Create(ctx, livecode.NewCode{Kind: livecode.StaffCode, Name: "收银台", Channel: livecode.StorePoster, StoreID: r.Stores["西湖"]})
	r.Check(err)
	r.call()
	yes := true
	r.Check(r.codes.Update(ctx, id, livecode.Change{Paused: &yes}))
	c, err := r.codes.Get(ctx, id)
	r.Check(err)
	r.Check(r.WeCom.DelContactWay(ctx, c.ConfigID))
	r.Pass(time.Hour)
	r.Is("broken", []Difference{{Thing: Ways, Open: 1}}, r.run().Differs)
	r.call()
	c, err = r.codes.Get(ctx, id)
	r.Check(err)
	if c.Status != livecode.Failed || c.StatusReason != "wecom.41044" || c.ConfigID != "" {
		t.Errorf("%+v", c)
	}
}

// Ways that no code uses are kept to be shown, and forgotten when they are gone or used.
func TestStrayWays(t *testing.T) {
	r := newRig(t, 3)
	r.Is("strays", 3, r.run().Strays) // the brand's own ways were made without codes
	list, err := Strays(t.Context(), r.DB, "", 10)
	r.Check(err)
	users := map[string]string{}
	for _, x := range list {
		users[x.State] = strings.Join(x.Users, " ")
	}
	r.Is("whose", map[string]string{"way-lina": "lina", "way-wang": "wang", "way-zhou": "zhou"}, users)
	r.Check(r.WeCom.DelContactWay(t.Context(), list[0].ConfigID))
	r.Calls("externalcontact/get_contact_way")
	r.Is("strays", 2, r.check().Strays)
	r.Is("read again", 0, r.Calls("externalcontact/get_contact_way"))
	r.Is("kept", 2, r.Count(`SELECT count(*) FROM sync_stray`))
}

func TestRepairsAsATable(t *testing.T) {
	r := newRig(t, 12)
	r.Lose(true)
	r.settle()
	r.Staff("lina", "remark", map[string]any{"external_userid": "wm04", "text": "常客"})
	r.run()
	runs, err := List(t.Context(), r.DB, Full, 1)
	r.Check(err)
	item, err := r.s.item(t.Context(), runs[0])
	r.Check(err)
	r.Is("progress", ProgressItem{Step: "done", Steps: item.Progress.Steps, Share: 1, Calls: item.Progress.Calls}, item.Progress)
	if item.Progress.Calls < 10 || len(item.Progress.Steps) != 8 {
		t.Errorf("%+v", item.Progress)
	}
	catalog, err := i18n.Load()
	r.Check(err)
	a := api.New(api.Config{Title: "t", Log: r.s.Log, Catalog: catalog, Can: func(_ actor.Actor, p api.Permission) bool { return p == read }})
	r.s.API(a)
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		req := httptest.NewRequestWithContext(actor.With(t.Context(), actor.Actor{UserID: 1, Name: "管理员", Role: actor.Owner, Scope: actor.Scope{All: true}}), http.MethodGet, path, nil)
		a.Handler().ServeHTTP(w, req)
		return w
	}
	base := "/api/system/sync/" + itoa(runs[0].ID)
	table := get(base + "/repairs.csv?thing=relations").Body.String()
	if !strings.Contains(table, "好友关系,补上,回调没有到,李娜,lina,顾客00,wm00,") || strings.Count(table, "\r\n") != 13 {
		t.Errorf("table:\n%s", table)
	}
	r.Is("kept", 1, r.Count(`SELECT count(*) FROM audit_entry WHERE action = 'sync.export'`))
	page := get(base + "/repairs?thing=members&limit=2").Body.String()
	if !strings.Contains(page, `"group_name":"西湖店福利群"`) || !strings.Contains(page, `"next":"`) {
		t.Errorf("page: %s", page)
	}
	for path, want := range map[string]int{"/api/system/sync/1/repairs": 404, "/api/system/sync/x/repairs.csv": 404, base: 200, "/api/system/sync": 200, "/api/system/stray-ways": 200} {
		if w := get(path); w.Code != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
