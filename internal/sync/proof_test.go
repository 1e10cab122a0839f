package sync

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/livecode"
	"qunce/internal/wecom/sim"
)

// act lets the administrator of the simulated corp do something.
func (r *rig) act(in map[string]any) {
	r.t.Helper()
	raw, err := json.Marshal(in)
	r.Check(err)
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.Sim.URL+"/sim/act", bytes.NewReader(raw))
	r.Check(err)
	res, err := http.DefaultClient.Do(req)
	r.Check(err)
	_ = res.Body.Close()
	r.Is("act", http.StatusOK, res.StatusCode)
}

func (r *rig) balanced(res Result) {
	r.t.Helper()
	for t, n := range res.Remote {
		if res.HeldAfter[t] != n+res.During[t] {
			r.t.Errorf("%s: %d there, %d here, %d meanwhile", t, n, res.HeldAfter[t], res.During[t])
		}
	}
}

// What we hold goes wrong while WeCom's lists stay as they are: a check sees it by their length, mends it, and says so.
func TestACheckFindsOurOwnFault(t *testing.T) {
	for name, c := range map[string]struct {
		sql    string
		repair string
	}{
		"an end that was none": {`UPDATE customer_relation SET state = 'deleted_by_staff', ended_at = added_at WHERE userid = 'lina' AND external_userid = 'wm01'`, "relations added lina wm01 ours"},
		"a row lost":           {`DELETE FROM customer_relation WHERE userid = 'lina' AND external_userid = 'wm01'`, "relations added lina wm01 ours"},
		"a row too much": {`INSERT INTO customer_relation (customer_id, staff_id, store_id, userid, external_userid, state, added_at, updated_at)
			SELECT r.customer_id, s.id, s.store_id, 'wang', r.external_userid, 'active', r.added_at, r.updated_at FROM customer_relation r, directory_staff s
			WHERE r.userid = 'lina' AND r.external_userid = 'wm01' AND s.userid = 'wang'`, "relations ended wang wm01 ours"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 12)
			r.settle()
			r.run()
			r.Pass(time.Hour)
			r.truth(r.check())
			r.Pass(time.Hour)
			r.exec(`DELETE FROM customer_relation_tag`)
			r.exec(c.sql)
			res := r.check()
			r.truth(res)
			r.balanced(res)
			r.Is("repairs", []string{c.repair}, r.repairs())
			r.Is("during", Counts{}, some(res.During))
			r.Is("relations", [2]int{12, 12}, [2]int{res.Remote[Relations], res.HeldAfter[Relations]})
			r.Pass(time.Hour)
			r.Is("nothing left", 0, len(why(r.check())))
		})
	}
}

// It goes wrong after the lists were compared, and nothing was written that would explain it: no figure hides it.
func TestAnUnexplainedNumberDiffers(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.run()
	r.Pass(time.Hour)
	r.OnCall(func(api string, n int) {
		if api == "externalcontact/groupchat/list" && n == 1 {
			r.exec(`UPDATE customer_relation SET state = 'deleted_by_staff', ended_at = added_at WHERE userid = 'zhou' AND external_userid = 'wm02'`)
			r.exec(`UPDATE directory_staff SET userid = 'ghost' WHERE userid = 'wang'`) // as many as before
			r.exec(`UPDATE customer_tag SET id = 'etGhost' WHERE id = 'etB'`)
		}
	})
	res := r.check()
	r.OnCall(nil)
	r.Is("complete", false, res.Complete)
	r.Is("during", Counts{}, some(res.During))
	r.Is("differs", []Difference{{Thing: Staff, Missing: 1, Extra: 1}, {Thing: Tags, Missing: 1, Extra: 1}, {Thing: Relations, Missing: 1}}, res.Differs)
	r.exec(`UPDATE directory_staff SET userid = 'wang' WHERE userid = 'ghost'`)
	r.Pass(time.Hour)
	r.truth(r.check())
}

// Friendships and groups of somebody who has left stand on no list that a check reads: they are told apart.
func TestWhatNoListShows(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.run()
	r.Pass(time.Hour)
	r.act(map[string]any{"kind": "resign", "userid": "zhou"})
	r.Pass(time.Hour)
	r.Work()
	for range 2 {
		res := r.check()
		r.Is("complete", true, res.Complete)
		r.balanced(res)
		r.Is("during", Counts{}, some(res.During))
		r.Is("unlisted", Counts{Relations: 4, Groups: 1}, res.Unlisted)
		r.Is("groups", [3]int{1, 1, 1}, [3]int{res.Remote[Groups], res.HeldBefore[Groups], res.HeldAfter[Groups]})
		r.Is("relations", [3]int{8, 8, 8}, [3]int{res.Remote[Relations], res.HeldBefore[Relations], res.HeldAfter[Relations]})
		r.Pass(time.Hour)
	}
}

// A group begins and another ends while a check is under way, and no callback came.
func TestGroupsThatMoveDuringACheck(t *testing.T) {
	r := newRig(t, 12)
	r.settle()
	r.run()
	r.Pass(time.Hour)
	done := false
	r.OnCall(func(api string, _ int) {
		if api == "externalcontact/list_contact_way" && !done {
			done = true
			r.Lose(true)
			r.Staff("zhou", "dismiss", map[string]any{"chat_id": "wrRIVER"})
			r.Staff("wang", "create_group", map[string]any{"text": "西湖新群"})
			r.Pass(time.Minute)
		}
	})
	res := r.check()
	r.OnCall(nil)
	r.Is("complete", true, res.Complete)
	r.balanced(res)
	r.truth(res)
	r.Is("groups", [2]int{2, 0}, [2]int{res.Remote[Groups], res.Unlisted[Groups]})
}

// A way that has to be mended is open until it is: while the call waits, and when WeCom refuses it.
func TestWaysAreOpenUntilTheyAreMended(t *testing.T) {
	r := newRig(t, 3)
	r.run()
	ctx := actor.With(t.Context(), actor.Actor{UserID: 1, Role: actor.Owner, Scope: actor.Scope{All: true}})
	id, err := r.codes.Create(ctx, livecode.NewCode{Kind: livecode.StaffCode, Name: "收银台", Channel: livecode.StorePoster, StoreID: r.Stores["西湖"]})
	r.Check(err)
	r.call()
	c, err := r.codes.Get(ctx, id)
	r.Check(err)
	way, err := r.WeCom.GetContactWay(ctx, c.ConfigID)
	r.Check(err)
	way.Remark = "别人改的"
	r.Check(r.WeCom.UpdateContactWay(ctx, way))
	r.Pass(time.Hour)
	open := []Difference{{Thing: Ways, Open: 1}}

	res := r.run()
	r.Is("planned", open, res.Differs)
	r.Is("during", Counts{}, some(res.During))
	r.Check(r.Sim.Faults(ctx, sim.Faults{Refuse: map[string]int{"externalcontact/update_contact_way": 40098}}))
	r.call()
	r.Check(r.Sim.Faults(ctx, sim.Faults{}))
	r.Pass(time.Hour)
	res = r.check()
	r.Is("refused", open, res.Differs)
	r.Is("complete", false, res.Complete)

	way.Remark = "收银台" // somebody puts it right at WeCom
	r.Check(r.WeCom.UpdateContactWay(ctx, way))
	r.Pass(time.Hour)
	r.Is("right again", true, r.check().Complete)

	r.Check(r.WeCom.DelContactWay(ctx, c.ConfigID))
	r.Pass(time.Hour)
	r.Is("lost", open, r.check().Differs)
	r.call()
	r.Pass(time.Hour)
	res = r.check()
	r.Is("made again", true, res.Complete)
	r.Is("ways", [2]int{1, 1}, [2]int{res.Remote[Ways], res.HeldAfter[Ways]})
}

func TestExplained(t *testing.T) {
	for name, c := range map[string]struct{ more, begun, ended, during, missing, extra int }{
		"as it was":                 {},
		"written, and as many":      {0, 2, 2, 0, 0, 0},
		"begun":                     {2, 3, 0, 2, 0, 0},
		"ended":                     {-1, 0, 1, -1, 0, 0},
		"more than was written":     {3, 1, 0, 1, 0, 2},
		"fewer than ended":          {-3, 0, 1, -1, 2, 0},
		"fewer, and none was ended": {-1, 5, 0, 0, 1, 0},
	} {
		during, missing, extra := explained(c.more, c.begun, c.ended)
		if [3]int{during, missing, extra} != [3]int{c.during, c.missing, c.extra} {
			t.Errorf("%s: during %d, missing %d, extra %d", name, during, missing, extra)
		}
	}
}
