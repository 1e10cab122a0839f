package sim

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// acquired makes a link of the members and returns its id and address.
func (r *rig) acquired(more m, users ...string) (id, address string) {
	r.t.Helper()
	body := m{"link_name": "广告", "range": m{"user_list": users}}
	for n, v := range more {
		body[n] = v
	}
	before := map[string]bool{}
	for k := range r.s.st.Acquire.Links {
		before[k] = true
	}
	r.do("externalcontact/customer_acquisition/create_link", body)
	for k := range r.s.st.Acquire.Links {
		if !before[k] {
			return k, r.s.linkURL(k)
		}
	}
	r.t.Fatal("no link")
	return "", ""
}

func TestAcquisition(t *testing.T) {
	w := smallWorld(6)
	w.Acquisition.Quota = []QuotaLot{{Balance: 18, Expires: testStart.AddDate(0, 0, 8)}, {Balance: 2, Expires: testStart.AddDate(0, 0, 40)}}
	r := newRig(t, w)
	id, address := r.acquired(nil, "lina")
	r.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "scan", Person: "wm0000", URL: address + "?customer_channel=" + strings.Repeat("x", 70)}}})
	r.advance(at(9, 5))
	state := strings.Repeat("x", 64)
	if got := r.p.heard(); !slices.Contains(got, "add_external_contact lina wm0000 "+state) {
		t.Errorf("heard %v", got)
	}
	if e := r.s.st.edge("lina", "wm0000"); e == nil || e.AddWay != 16 || e.State != state {
		t.Errorf("edge %+v", e)
	}
	for range 12 {
		r.hand("ask", m{"person": "wm0000", "userid": "lina"})
	}
	r.advance(at(9, 6))
	got := r.p.told("customer_acquisition")
	keys := 0
	for i, e := range got {
		if before, _, ok := strings.Cut(e, " ChatKey="); ok {
			got[i] = before
			keys++
		}
	}
	sameLines(t, []string{
		"ChangeType=friend_request LinkId=" + id + " State=" + state, "ChangeType=balance_low",
		"ChangeType=customer_start_chat UserID=lina ExternalUserID=wm0000 LinkId=" + id,
		"ChangeType=message_from_customer LinkId=" + id, "ChangeType=message_from_customer LinkId=" + id, "ChangeType=message_from_customer LinkId=" + id,
	}, got)
	if keys != 3 || len(r.s.st.Acquire.Keys) != 3 {
		t.Errorf("%d chat keys", keys)
	}
	r.p.forget()
	r.advance(testStart.AddDate(0, 0, 9)) // the first lot expires on the way: warned 7, 3, 2 and 1 days before
	warned := 0
	for _, e := range r.p.told("customer_acquisition") {
		warned += strings.Count(e, "ChangeType=quota_expire_soon") * strings.Count(e, " ExpireQuotaNum=17")
	}
	if warned != 4 || r.s.st.Acquire.balance(r.s.st.Now) != 2 {
		t.Errorf("warned %d times, %d left: %v", warned, r.s.st.Acquire.balance(r.s.st.Now), r.p.told("customer_acquisition"))
	}
	r.p.forget()
	for _, person := range []string{"wm0001", "wm0002", "wm0003"} {
		_ = r.post("/sim/api/add", m{"person": person, "qr": address}, nil)
	}
	r.advance(testStart.AddDate(0, 0, 9))
	if got := strings.Join(r.p.told("customer_acquisition"), "\n"); strings.Count(got, "friend_request") != 2 || strings.Count(got, "ChangeType=balance_exhausted") != 1 || r.s.st.edge("lina", "wm0003") != nil {
		t.Errorf("with a quota of two: %s", got)
	}
	r.hand("quota_add", m{"amount": 10})
	r.must(r.post("/sim/api/add", m{"person": "wm0003", "qr": address}, nil))
	r.hand("link_delete", m{"link_id": id})
	if r.post("/sim/api/add", m{"person": "wm0004", "qr": address}, nil) == nil {
		t.Error("a deleted link still works")
	}
	r.advance(testStart.AddDate(0, 0, 9))
	if got := strings.Join(r.p.told("customer_acquisition"), "\n"); !strings.Contains(got, "ChangeType=balance_increased") || !strings.HasSuffix(got, "ChangeType=delete_link LinkId="+id) && !strings.Contains(got, "ChangeType=delete_link LinkId="+id) {
		t.Errorf("after more quota: %s", got)
	}
}

func TestLinkGoesToWhomTheCustomerKnows(t *testing.T) {
	w := smallWorld(3)
	w.Friends = []Friend{{UserID: "wang", ExternalUserID: "wm0000"}}
	r := newRig(t, w)
	_, plain := r.acquired(nil, "lina")
	_, whole := r.acquired(m{"priority_option": m{"priority_type": 1}}, "lina")
	add := func(person, address string) (user string) {
		var out struct{ UserID string }
		r.must(r.post("/sim/api/add", m{"person": person, "qr": address}, &out))
		return out.UserID
	}
	if got := add("wm0000", whole); got != "wang" {
		t.Errorf("with priority for the whole corp: %s", got)
	}
	if got := add("wm0000", plain); got != "lina" {
		t.Errorf("without: %s", got)
	}
	if got := add("wm0001", "weixin://biz/ww/profile/http%3A%2F%2Fphone.test%2Fphone%2Fsim%2Fca%2F"+plain[strings.LastIndex(plain, "/")+1:]+"%3Fcustomer_channel%3Dad"); got != "lina" || r.s.st.edge("lina", "wm0001").State != "ad" {
		t.Errorf("by the scheme inside WeChat: %s", got)
	}
	_, asked := r.acquired(m{"skip_verify": false}, "lina")
	var out struct{ Pending bool }
	r.must(r.post("/sim/api/add", m{"person": "wm0002", "qr": asked}, &out))
	if !out.Pending {
		t.Error("a link that wants verification added at once")
	}
	r.advance(testStart.Add(time.Hour))
	if e := r.s.st.edge("lina", "wm0002"); e == nil || e.AddWay != addLink || e.Link == "" {
		t.Errorf("accepted: %+v", e)
	}
}
