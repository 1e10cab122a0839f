package sim

import (
	"maps"
	"strings"
	"testing"
	"time"

	"qunce/internal/wecom/callback"
)

// Each comes as WeCom's samples have it, and is a kind that its documents know.
func TestEmit(t *testing.T) {
	r := newRig(t, smallWorld(1))
	week := "EffectTime=" + itoa(int(testStart.Unix())+7*24*3600)
	want := map[string]string{
		"inactive_alert":   "AgentID=1000002 " + week,
		"low_active_alert": "AgentID=1000002 " + week,
		"low_active":       "AgentID=1000002",
		"active_restored":  "AgentID=1000002",
		"batch_job_result": "BatchJob=<JobId>jobid_sim</JobId><JobType>sync_user</JobType><ErrCode>0</ErrCode><ErrMsg>ok</ErrMsg>",

		callback.Contact + "/update_tag":    "ChangeType=update_tag TagId=1",
		"customer_acquisition/open_profile": "ChangeType=open_profile",
	}
	for name := range emissions() {
		r.hand("emit", m{"event": name})
	}
	r.advance(testStart)
	for name, inner := range want {
		event, change, _ := strings.Cut(name, "/")
		if !callback.Documented(event, change) {
			t.Errorf("%s is not documented", name)
		}
		sameLines(t, []string{inner}, r.p.told(event))
	}
	if len(want) != len(emissions()) {
		t.Errorf("%d kinds can be emitted, %d are tested", len(emissions()), len(want))
	}
	r.p.forget()
	r.hand("emit", m{"event": callback.Contact, "change_type": "update_tag", "fields": m{"TagId": 7, "AddUserItems": "lina,wang", "DelPartyItems": "3"}})
	r.hand("emit", m{"event": "customer_acquisition/open_profile", "fields": m{"LinkId": "ca1", "State": "x"}})
	r.hand("emit", m{"event": "low_active_alert", "fields": m{"EffectTime": 1773000000}})
	r.advance(testStart)
	sameLines(t, []string{"ChangeType=update_tag TagId=7 AddUserItems=lina,wang DelPartyItems=3"}, r.p.told(callback.Contact))
	sameLines(t, []string{"ChangeType=open_profile LinkId=ca1 State=x"}, r.p.told("customer_acquisition"))
	sameLines(t, []string{"AgentID=1000002 EffectTime=1773000000"}, r.p.told("low_active_alert"))
	for _, bad := range []m{{"event": "made_up"}, {"event": callback.ExternalContact}, {"event": "low_active", "fields": m{"EffectTime": 1}},
		{"event": "inactive_alert", "fields": m{"EffectTime": "soon"}}, {"event": "low_active", "fields": []int{1}}} {
		body := maps.Clone(bad)
		body["kind"] = "emit"
		if err := r.post("/sim/act", body, nil); err == nil || !strings.Contains(err.Error(), "sim.cannot") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// What WeCom does to an app that nobody uses has its effect.
func TestAnUnusedAppIsClosed(t *testing.T) {
	k := newStage(t, smallWorld(1), nil)
	list := contract{Name: "open", API: "externalcontact/get_corp_tag_list", Body: m{}}
	k.play(list)
	k.hand("app_unsubscribe", m{"userid": "lina"})
	k.hand("app_close", nil)
	list.Name, list.Want = "closed", 50003
	k.play(list)
	k.hand("app_reopen", nil)
	list.Name, list.Want = "open again", 0
	k.play(list)
	k.advance(testStart)
	for _, name := range []string{"unsubscribe", "close_inactive_agent", "reopen_inactive_agent"} {
		sameLines(t, []string{"AgentID=1000002"}, k.p.told(name))
	}
	if err := k.post("/sim/act", m{"kind": "app_reopen"}, nil); err == nil {
		t.Error("an open app was opened")
	}
}

func TestServicersTakeBackAndReject(t *testing.T) {
	k := newStage(t, kfWorld(), nil)
	pair := m{"person": "wm0000", "open_kfid": "wkONE"}
	with := func(more m) m {
		out := maps.Clone(pair)
		maps.Copy(out, more)
		return out
	}
	k.hand("kf_enter", pair)
	k.hand("kf_say", with(m{"text": "在吗"}))
	k.do("kf/service_state/trans", m{"open_kfid": "wkONE", "external_userid": "wm0000", "service_state": 3, "servicer_userid": "lina"})
	k.hand("kf_answer", with(m{"userid": "lina", "text": "在的"}))
	last := k.s.st.Talk.Kf.Log[len(k.s.st.Talk.Kf.Log)-1]
	k.hand("kf_servicer_recall", with(m{"userid": "lina", "msgid": last.ID}))
	k.hand("kf_reject", with(m{"userid": "lina", "refuse": true}))
	if err := k.post("/sim/act", with(m{"kind": "kf_say", "text": "还在吗"}), nil); err == nil || !strings.Contains(err.Error(), "拒收") {
		t.Errorf("a rejected customer writes: %v", err)
	}
	k.hand("kf_reject", with(m{"userid": "lina", "refuse": false}))
	k.hand("kf_say", with(m{"text": "还在吗"}))
	k.advance(testStart.Add(time.Second))
	k.play(contract{Name: "what happened", API: "kf/sync_msg", Body: m{"open_kfid": "wkONE"}, Check: func(t *testing.T, a map[string]any) {
		l, _ := a["msg_list"].([]any)
		var got []string
		for _, x := range l {
			if kind, _ := dig(x, "event", "event_type").(string); strings.HasPrefix(kind, "servicer_recall") || strings.HasPrefix(kind, "reject") {
				got = append(got, mustJSON(dig(x, "event")))
			}
		}
		sameLines(t, []string{
			`{"event_type":"servicer_recall_msg","external_userid":"wm0000","open_kfid":"wkONE","recall_msgid":"` + last.ID + `","servicer_userid":"lina"}`,
			`{"event_type":"reject_customer_msg_switch_change","external_userid":"wm0000","open_kfid":"wkONE","reject_switch":1,"servicer_userid":"lina"}`,
			`{"event_type":"reject_customer_msg_switch_change","external_userid":"wm0000","open_kfid":"wkONE","reject_switch":0,"servicer_userid":"lina"}`,
		}, got)
	}})
	k.hand("kf_authorize", m{"open_kfid": "wkONE", "agree": false})
	k.play(contract{Name: "not ours any more", API: "kf/account/list", Body: m{}, Check: func(t *testing.T, a map[string]any) {
		wants(t, a, false, "account_list", 0, "manage_privilege")
	}})
	k.hand("kf_authorize", m{"open_kfid": "wkONE", "agree": true})
	k.advance(testStart.Add(time.Second))
	sameLines(t, []string{"AuthDelOpenKfId=wkONE", "AuthAddOpenKfId=wkONE"}, k.p.told("kf_account_auth_change"))
}
