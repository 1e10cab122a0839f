package sim

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An endpoint that breaks down answers -1, what it did before is in the log, and everybody else goes on.
func TestABrokenEndpointHoldsNobodyUp(t *testing.T) {
	r := newRig(t, smallWorld(2))
	var said strings.Builder
	r.s.opt.Log = &said
	r.s.table["broken"] = post(func(c *call) (fields, error) {
		c.t.do(op{K: opNow, N: c.t.At + 60_000})
		var nobody *Member
		return fields{"name": nobody.Name}, nil
	})
	if code, _ := r.call("broken", "{}"); code != -1 {
		t.Errorf("answered %d", code)
	}
	if !strings.Contains(said.String(), "panic_test.go") {
		t.Errorf("said no stack: %s", said.String())
	}
	if code, msg := r.call("externalcontact/get_corp_tag_list", "{}"); code != 0 {
		t.Errorf("the next call: %d %s", code, msg)
	}
	want := r.s.status().Now
	if !want.Equal(testStart.Add(time.Minute)) {
		t.Errorf("what it did is lost: %s", want)
	}
	r.must(r.s.journal.wait(r.s.journal.last()))
	killed := t.TempDir() // as the folder is now, without the snapshot of an orderly end
	r.must(os.CopyFS(killed, os.DirFS(r.opt.Dir)))
	j, st, err := openJournal(killed, false)
	r.must(err)
	defer func() { _ = j.lock.Close() }()
	if got := msTime(st.Now); !got.Equal(want) {
		t.Errorf("the log is at %s, memory was at %s", got, want)
	}
}

// The same of the simulator's own addresses, where net/http swallows the panic.
func TestABrokenDeedHoldsNobodyUp(t *testing.T) {
	r := newRig(t, smallWorld(2))
	r.s.deeds["broken"] = func(*Server, *transaction, *act) { panic("on purpose") }
	r.s.transact(func(tx *transaction) { tx.later(tx.At+1000, act{Kind: "broken"}) })
	if err := r.post("/sim/advance", map[string]time.Time{"to": testStart.Add(time.Minute)}, nil); err == nil {
		t.Error("the advance was answered")
	}
	r.must(r.post("/sim/advance", map[string]time.Time{"to": testStart.Add(time.Minute)}, nil))
}

// Nothing that can be done by hand breaks down for want of a field, or over somebody who does not exist.
func TestBareHands(t *testing.T) {
	r := newRig(t, smallWorld(2))
	bodies := []m{{}, {"userid": "nobody", "person": "nobody", "external_userid": "nobody", "chat_id": "nobody", "url": "nobody", "id": 99, "open_kfid": "nobody", "msgid": "nobody", "moment_id": "nobody", "text": "x"},
		{"userid": "lina", "person": "wm0000", "external_userid": "wm0000", "chat_id": "wrONE", "text": "x"}, {"userid": "lina", "person": "nobody"}, {"person": "wm0000", "userid": "nobody"}}
	for kind := range byHands() {
		for _, body := range bodies {
			if kind == "resign" && body["userid"] == "lina" {
				continue // the others need her
			}
			body["kind"] = kind
			if err := r.post("/sim/act", body, nil); err != nil && !strings.Contains(err.Error(), " 409 ") {
				t.Errorf("%s %v: %v", kind, body, err)
			}
		}
	}
	for _, kind := range []string{"add", "join", "reply", "leave", "refuse", "delete"} {
		err := r.post("/sim/api/"+kind, m{"userid": "lina", "qr": r.s.qrURL(qrWay, "x"), "chat_id": "wrONE", "text": "x"}, nil)
		if err == nil || !strings.Contains(err.Error(), "sim.no_person") {
			t.Errorf("%s without a person: %v", kind, err)
		}
	}
}

// Every endpoint refuses or answers a bare body, and none breaks down.
func TestBareBodies(t *testing.T) {
	k := newStage(t, smallWorld(2), nil)
	for api, e := range k.s.table {
		if e.open {
			continue
		}
		for _, body := range []any{m{}, m{"userid": "nobody", "external_userid": "nobody", "chat_id": "nobody", "msgid": "nobody", "open_kfid": "nobody"}} {
			a, err := k.ask(contract{API: api, Token: string(e.secret), Body: body})
			if err != nil || a["errcode"] == -1.0 {
				t.Errorf("%s: %v %v", api, a, err)
			}
		}
	}
}

// What names a member who has resigned since is refused or left out.
func TestWhoResignedBetweenTwoSteps(t *testing.T) {
	w := smallWorld(3)
	w.Members = append(w.Members, Member{UserID: "gone", Name: "将离职", Departments: []int64{1}}, Member{UserID: "later", Name: "后离职", Departments: []int64{1}})
	w.Friends = append(w.Friends, Friend{UserID: "gone", ExternalUserID: "wm0000"})
	w.Permissions.Members = []string{"lina", "gone", "later"}
	k := newStage(t, w, nil)
	code := func(who string) string {
		to, err := k.s.authorize(url.Values{"appid": {testCorp}, "redirect_uri": {"http://app.test/"}, "scope": {"snsapi_privateinfo"}, "agentid": {"1000002"}}, who)
		k.must(err)
		u, err := url.Parse(to)
		k.must(err)
		return u.Query().Get("code")
	}
	staff, person, other := code("staff:later"), code("person:wm0000"), code("staff:gone")
	var ticket string
	k.play(contract{Name: "a ticket", API: "auth/getuserinfo", Query: map[string]string{"code": other}, Check: func(_ *testing.T, a map[string]any) { ticket, _ = a["user_ticket"].(string) }})
	k.hand("resign", m{"userid": "gone"})
	k.hand("resign", m{"userid": "later"})
	k.play(contract{Name: "code of who resigned", API: "auth/getuserinfo", Query: map[string]string{"code": staff}, Want: 60111})
	k.play(contract{Name: "ticket of who resigned", API: "auth/getuserdetail", Body: m{"user_ticket": ticket}, Want: 84015})
	k.play(contract{Name: "a customer of who resigned", API: "auth/getuserinfo", Query: map[string]string{"code": person}, Check: func(t *testing.T, a map[string]any) {
		wants(t, a, nil, "external_userid")
	}})
	k.play(contract{Name: "agent", API: "agent/get", Query: "agentid=1000002", Check: func(t *testing.T, a map[string]any) {
		b, _ := json.Marshal(dig(a, "allow_userinfos", "user"))
		if diff := cmp.Diff(`[{"userid":"lina"}]`, string(b)); diff != "" {
			t.Error(diff)
		}
	}})
}
