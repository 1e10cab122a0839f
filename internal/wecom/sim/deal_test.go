package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/wecom"
)

var markup = regexp.MustCompile(`<!\[CDATA\[(.*?)\]\]>`)

// told lists the events of a kind, as their elements after Event: "Name=value Name=value".
func (p *platform) told(kind string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, e := range p.events {
		if e.Event != kind {
			continue
		}
		_, rest, _ := strings.Cut(string(e.Raw), "</Event>")
		rest = strings.TrimSuffix(markup.ReplaceAllString(rest, "$1"), "</xml>")
		var parts []string
		for rest != "" {
			name, after, ok := strings.Cut(strings.TrimPrefix(rest, "<"), ">")
			value, tail, closed := strings.Cut(after, "</"+name+">")
			if !ok || !closed {
				p.t.Fatalf("event %s", e.Raw)
			}
			parts, rest = append(parts, name+"="+value), tail
		}
		out = append(out, strings.Join(parts, " "))
	}
	return out
}

func (p *platform) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = nil
}

func (r *rig) hand(kind string, body m) map[string]any {
	r.t.Helper()
	return (&stage{rig: r}).hand(kind, body)
}

// do calls an API and expects it to be taken.
func (r *rig) do(api string, body any) {
	r.t.Helper()
	if code, msg := r.call(api, mustJSON(body)); code != 0 {
		r.t.Fatalf("%s: %d %s", api, code, msg)
	}
}

func sameLines(t *testing.T, want, got []string) {
	t.Helper()
	want, got = slices.Clone(want), slices.Clone(got)
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTransfersCallBack(t *testing.T) {
	w := transfersWorld()
	w.Friends = append(w.Friends, Friend{UserID: "young", ExternalUserID: "wm0002"})
	r := newRig(t, w)
	move := func(from, to, ext string) {
		r.do("externalcontact/transfer_customer", m{"handover_userid": from, "takeover_userid": to, "external_userid": []string{ext}, "transfer_success_msg": "以后找我"})
	}
	later := func() { r.advance(msTime(r.s.st.Now).Add(24 * time.Hour)) }
	move("zhao", "young", "wm0000")
	move("zhao", "young", "wm0002") // friends already
	move("zhao", "lina", "wm0004")
	r.advance(testStart.Add(23 * time.Hour))
	if got := r.p.told("change_external_contact"); len(got) != 0 {
		t.Errorf("before the 24 hours are over: %v", got)
	}
	r.must(r.post("/sim/api/refuse", m{"person": "wm0004", "userid": "zhao"}, nil))
	later()
	sameLines(t, []string{
		"ChangeType=transfer_fail FailReason=customer_refused UserID=lina ExternalUserID=wm0004",
		"ChangeType=del_external_contact UserID=zhao ExternalUserID=wm0000 Source=DELETE_BY_TRANSFER",
		"ChangeType=add_external_contact UserID=young ExternalUserID=wm0000",
		"ChangeType=del_external_contact UserID=zhao ExternalUserID=wm0002 Source=DELETE_BY_TRANSFER",
	}, r.p.told("change_external_contact"))
	if c := r.s.st.Chats[chatOf("young", "wm0000")]; len(c) != 2 || c[1].Text != "以后找我" {
		t.Errorf("the taker says %+v", c)
	}
	r.p.forget()
	move("young", "zhao", "wm0000") // back to the giver, who is told nothing
	later()
	sameLines(t, []string{"ChangeType=del_external_contact UserID=young ExternalUserID=wm0000 Source=DELETE_BY_TRANSFER"}, r.p.told("change_external_contact"))
	if !r.s.st.friends("zhao", "wm0000") {
		t.Error("the customer did not come back")
	}
	r.p.forget()
	move("old", "lina", "wm0001")
	r.s.mu.Lock()
	r.s.st.World.Limits.Customers = 1
	r.s.st.setEdge(&edge{User: "lina", Ext: "wm0006", Status: edgeFull})
	r.s.mu.Unlock()
	later()
	sameLines(t, []string{"ChangeType=transfer_fail FailReason=customer_limit_exceed UserID=lina ExternalUserID=wm0001"}, r.p.told("change_external_contact"))
}

func TestSomeCustomersRefuse(t *testing.T) {
	w := smallWorld(100)
	w.Behaviour.Refuse = 0.3
	for i := range w.People {
		w.Friends = append(w.Friends, Friend{UserID: "lina", ExternalUserID: w.People[i].ExternalUserID})
	}
	r := newRig(t, w)
	var ids []string
	for i := range w.People {
		ids = append(ids, w.People[i].ExternalUserID)
	}
	r.do("externalcontact/transfer_customer", m{"handover_userid": "lina", "takeover_userid": "wang", "external_userid": ids})
	r.advance(testStart.Add(25 * time.Hour))
	refused := 0
	for _, e := range r.p.told("change_external_contact") {
		refused += strings.Count(e, "customer_refused")
	}
	if refused < 18 || refused > 42 || len(r.s.st.customers("wang")) != 100-refused || len(r.s.st.customers("lina")) != refused {
		t.Errorf("%d of 100 refused; wang has %d, lina %d", refused, len(r.s.st.customers("wang")), len(r.s.st.customers("lina")))
	}
}

func TestMembersComeAndGo(t *testing.T) {
	w := transfersWorld()
	w.Members[len(w.Members)-1].StaffURL = "" // nobody looks at staff pages here
	r := newRig(t, w)
	r.do("externalcontact/customer_acquisition/create_link", m{"link_name": "x", "range": m{"user_list": []string{"old"}}})
	msg, _, err := r.c.AddMsgTemplate(t.Context(), wecom.MsgTemplate{Sender: "old", Text: &wecom.Text{Content: "x"}})
	r.must(err)
	out := r.hand("resign", m{"userid": "OLD"})
	if out["groups"] != 2.0 || r.s.st.Groups["wrOLD"].Members["old"] == nil {
		t.Errorf("resigned: %v", out)
	}
	if r.post("/sim/api/staff/old/confirm", m{"msgid": msg}, nil) == nil {
		t.Error("who resigned confirmed a mass send")
	}
	if r.post("/sim/api/reply", m{"person": "wm0001", "peer": "old", "text": "在吗"}, nil) == nil {
		t.Error("who resigned was written to")
	}
	r.must(r.post("/sim/api/delete", m{"person": "wm0005", "userid": "old"}, nil))
	r.hand("hire", m{"userid": "fresh", "name": "新人", "departments": []int{2}})
	r.hand("move", m{"userid": "fresh", "departments": []int{1, 2}})
	r.hand("department_create", m{"name": "三店", "parent_id": 1})
	r.hand("department_update", m{"id": 3, "name": "四店", "parent_id": 2})
	r.hand("department_delete", m{"id": 3})
	r.hand("resign", m{"userid": "lina"}) // in wrOLD as a guest, in wrONE as the owner
	for kind, body := range map[string]m{
		"resign": {"userid": "old"}, "hire": {"userid": "old"}, "move": {"userid": "fresh", "departments": []int{9}}, "department_create": {"name": " "},
		"department_update": {"id": 2, "parent_id": 2}, "department_delete": {"id": 2}, "link_delete": {"link_id": "x"}, "fly": {},
	} {
		body["kind"] = kind
		if r.post("/sim/act", body, nil) == nil {
			t.Errorf("%s %v was taken", kind, body)
		}
	}
	r.advance(testStart)
	sameLines(t, []string{
		"ChangeType=delete_user UserID=old", "ChangeType=create_user UserID=fresh Department=2", "ChangeType=update_user UserID=fresh Department=1,2",
		"ChangeType=create_party Id=3 ParentId=1", "ChangeType=update_party Id=3 ParentId=2", "ChangeType=delete_party Id=3", "ChangeType=delete_user UserID=lina",
	}, r.p.told("change_contact"))
	if got := r.p.told("change_external_contact"); len(got) != 0 {
		t.Errorf("customers: %v", got)
	}
	if got := r.p.told("customer_acquisition"); len(got) != 1 || !strings.HasPrefix(got[0], "ChangeType=link_unavailable LinkId=ca") {
		t.Errorf("links: %v", got)
	}
	if got := r.p.told("change_external_chat"); len(got) != 1 || !strings.Contains(got[0], "<Item>lina</Item>") && !strings.Contains(got[0], "lina") {
		t.Errorf("groups: %v", got)
	}
	if tr := r.s.Truth(); len(tr.Orphans) != 3 || len(tr.Friends) != 3 {
		t.Errorf("truth %+v", tr)
	}
	users, err := r.c.UserList(t.Context(), 2)
	r.must(err)
	for _, u := range users {
		if u.UserID == "old" || u.UserID == "lina" {
			t.Errorf("%s is still listed", u.UserID)
		}
	}
	r.advance(testStart.AddDate(0, 0, 3)) // whatever they had planned is no more
}

func TestPlannedResignation(t *testing.T) {
	r := newRig(t, transfersWorld())
	r.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "resign", UserID: "old"}, {At: at(10, 0), Kind: "hire", Body: json.RawMessage(`{"userid":"fresh","departments":[2]}`)}, {At: at(10, 0), Kind: "resign", UserID: "nobody"}}})
	r.advance(at(8, 59))
	if r.s.st.left("old") != nil {
		t.Error("left too early")
	}
	r.advance(at(11, 0))
	if r.s.st.left("old") == nil || r.s.st.member("fresh") == nil {
		t.Error("the plan was not followed")
	}
	if err := r.post("/sim/plan", Plan{Acts: []Act{{At: at(12, 0), Kind: "fly", Person: "wm0000"}}}, nil); err == nil {
		t.Error("an unknown kind was planned")
	}
}

func TestConsoleTagsCallBack(t *testing.T) {
	r := newRig(t, friendsWorld())
	made := r.hand("tag_create", m{"group": "生命周期", "names": []string{"新客", "沉睡"}})
	ids, _ := made["tag_ids"].([]any)
	group, fresh, asleep := made["group_id"].(string), ids[0].(string), ids[1].(string)
	r.do("externalcontact/mark_tag", m{"userid": "lina", "external_userid": "wm0000", "add_tag": []string{fresh, "etA"}})
	r.hand("tag_create", m{"group": "etG", "names": []string{"朋友介绍"}})
	r.hand("tag_update", m{"id": fresh, "name": "新顾客"})
	r.hand("tag_update", m{"id": "etG", "order": 7})
	r.hand("tag_shuffle", m{"id": "etG"})
	r.hand("tag_shuffle", m{})
	r.hand("tag_delete", m{"id": fresh})
	r.hand("tag_delete", m{"id": asleep}) // the last one takes the group along
	r.hand("tag_delete", m{"id": "etG"})
	for _, body := range []m{{"kind": "tag_update", "id": fresh, "name": "x"}, {"kind": "tag_delete", "id": "etG"}, {"kind": "tag_create", "group": "x"}, {"kind": "tag_shuffle", "id": "x"}} {
		if r.post("/sim/act", body, nil) == nil {
			t.Errorf("%v was taken", body)
		}
	}
	r.advance(testStart)
	got := r.p.told("change_external_tag")
	for i, e := range got {
		if strings.Contains(e, "TagType=tag ChangeType=create") && !strings.Contains(e, fresh) && !strings.Contains(e, asleep) {
			got[i] = "added to etG"
		}
	}
	sameLines(t, []string{
		"Id=" + group + " TagType=tag_group ChangeType=create", "Id=" + fresh + " TagType=tag ChangeType=create", "Id=" + asleep + " TagType=tag ChangeType=create", "added to etG",
		"Id=" + fresh + " TagType=tag ChangeType=update", "Id=etG TagType=tag_group ChangeType=update", "Id=etG ChangeType=shuffle", "Id= ChangeType=shuffle",
		"Id=" + fresh + " TagType=tag ChangeType=delete", "Id=" + asleep + " TagType=tag ChangeType=delete", "Id=" + group + " TagType=tag_group ChangeType=delete", "Id=etG TagType=tag_group ChangeType=delete",
	}, got)
	if n := len(r.s.Truth().Tags); n != 0 {
		t.Errorf("%d deleted tags are on customers", n)
	}
}

func TestTwoWritesOfOnePairAtOnce(t *testing.T) {
	r := newRig(t, friendsWorld())
	mark := mustJSON(m{"userid": "lina", "external_userid": "wm0000", "add_tag": []string{"etA"}})
	_, err := r.c.Token(t.Context()) // the call itself writes nothing more
	r.must(err)
	r.s.mu.Lock()
	r.s.writes.begin(r.s, chatOf("lina", "wm0000")) // a call whose transaction is still to be written
	r.s.mu.Unlock()
	if code, _ := r.call("externalcontact/mark_tag", mark); code != 45035 {
		t.Errorf("the same pair at once: %d", code)
	}
	if code, _ := r.call("externalcontact/mark_tag", strings.ReplaceAll(mark, "wm0000", "wm0001")); code != 0 {
		t.Errorf("another pair: %d", code)
	}
	if code, _ := r.call("externalcontact/mark_tag", mark); code != 0 {
		t.Errorf("once the first is written: %d", code)
	}
}

func TestGroupWelcomes(t *testing.T) {
	w := smallWorld(6)
	w.Members[1].Diligence = 1
	w.Groups = append(w.Groups, Group{ChatID: "wrWANG", Name: "王群", Owner: "wang"})
	r := newRig(t, w)
	r.do("externalcontact/group_welcome_template/add", m{"text": m{"content": "欢迎 %NICKNAME% 入群"}, "link": m{"title": "福利", "url": "https://example.com/"}})
	r.advance(at(20, 0)) // both owners were told, and both are diligent
	id := sortedKeys(r.s.st.Greets)[0]
	if r.s.st.Groups["wrONE"].Template != id || r.s.st.Groups["wrWANG"].Template != id {
		t.Fatal("the owners did not pick the welcome")
	}
	r.hand("pick_template", m{"userid": "wang"}) // wang thinks better of it
	one := r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}})
	other := r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrWANG"}})
	minute := func(n int) time.Time { return at(20, n) }
	r.plan(Plan{Acts: []Act{
		{At: minute(1), Kind: "join", Person: "wm0000", URL: one}, {At: minute(1).Add(3 * time.Second), Kind: "join", Person: "wm0001", URL: one},
		{At: minute(1).Add(9 * time.Second), Kind: "join", Person: "wm0002", URL: one}, {At: minute(5), Kind: "join", Person: "wm0003", URL: one},
		{At: minute(5).Add(2 * time.Second), Kind: "leave", Person: "wm0003", ChatID: "wrONE"}, {At: minute(6), Kind: "join", Person: "wm0004", URL: other},
	}})
	r.advance(minute(10))
	greetings := func(chat string) (out []string) {
		for _, x := range r.s.st.Chats[chat] {
			if x.Kind == "greet" {
				out = append(out, x.Text+msTime(x.At).Format(" 05"))
			}
		}
		return out
	}
	sameLines(t, []string{"欢迎 @顾客0 @顾客1 入群 08", "欢迎 @顾客2 入群 08"}, greetings("wrONE"))
	if got := greetings("wrWANG"); len(got) != 0 {
		t.Errorf("without a template: %v", got)
	}
}

func TestOverflowKeepsFiveGroups(t *testing.T) {
	w := smallWorld(20)
	w.Limits.JoinByQR = 2
	r := newRig(t, w)
	qr := r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}, AutoCreateRoom: 1, RoomBaseName: "福利群", RoomBaseID: 7})
	for i := range 9 {
		r.must(r.post("/sim/api/join", m{"person": fmt.Sprintf("wm%04d", i), "qr": qr}, nil))
	}
	_, id, _ := parseQR(qr)
	way, err := r.c.GetJoinWay(t.Context(), id)
	r.must(err)
	var names []string
	for _, chat := range way.ChatIDs {
		names = append(names, r.s.st.Groups[chat].Name)
	}
	if got := strings.Join(names, " "); got != "福利群10 福利群11 福利群12 福利群13 福利群14" || way.RoomBaseID != 15 {
		t.Errorf("groups %s, next %d", got, way.RoomBaseID)
	}
}

func TestTemporaryChat(t *testing.T) {
	r := newRig(t, friendsWorld())
	make := func(more m) (config, qr string) {
		body := m{"type": 1, "scene": 2, "user": []string{"lina"}, "is_temp": true, "state": "t", "chat_expires_in": 3600, "conclusions": m{"text": m{"content": "再见"}}}
		for n, v := range more {
			body[n] = v
		}
		r.do("externalcontact/add_contact_way", body)
		for id, w := range r.s.st.Ways {
			if w.Created == r.s.st.Now && !w.Used && w.IsTemp {
				return id, w.QRCode
			}
		}
		t.Fatal("no way")
		return "", ""
	}
	_, qr := make(nil)
	r.must(r.post("/sim/api/add", m{"person": "wm0002", "qr": qr}, nil))
	if r.post("/sim/api/add", m{"person": "wm0001", "qr": qr}, nil) == nil {
		t.Error("a temporary way worked twice")
	}
	r.advance(at(8, 59))
	if got := r.p.heard(); len(got) != 1 || got[0] != "add_external_contact lina wm0002 t" || !r.s.st.friends("lina", "wm0002") {
		t.Errorf("heard %v", got)
	}
	r.advance(at(9, 1))
	said := r.s.st.Chats[chatOf("lina", "wm0002")]
	if r.s.st.friends("lina", "wm0002") || said[len(said)-1].Text != "再见" {
		t.Errorf("after an hour: %+v", said)
	}
	r.advance(at(10, 0))
	_, qr = make(m{"expires_in": 60})
	r.advance(at(10, 2))
	if r.post("/sim/api/add", m{"person": "wm0002", "qr": qr}, nil) == nil {
		t.Error("an expired way still works")
	}
}

// snapshotOf is the whole state as a snapshot keeps it, in a form that can be compared.
func snapshotOf(t *testing.T, s *Server) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	type pair struct{ K, V any }
	edges := []pair{}
	for k, v := range s.st.Edges {
		edges = append(edges, pair{k, v})
	}
	slices.SortFunc(edges, func(a, b pair) int { return strings.Compare(fmt.Sprint(a.K), fmt.Sprint(b.K)) })
	copied := *s.st
	copied.Edges, copied.Token, copied.TokenTo = nil, 0, 0
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, v := range []any{edges, map[string]any{"World": copied.World, "Now": copied.Now, "Seq": copied.Seq, "Groups": copied.Groups, "Ways": copied.Ways, "Joins": copied.Joins, "Tags": copied.Tags,
		"Mass": copied.Mass, "Codes": copied.Codes, "Chats": copied.Chats, "Received": copied.Received, "Acts": copied.Acts, "Counts": copied.Counts, "Staffing": copied.Staffing, "Greets": copied.Greets,
		"Acquire": copied.Acquire, "Stats": copied.Stats}} {
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// TestEverythingSurvives lives through all of it, and compares a snapshot with what the log alone gives.
func TestEverythingSurvives(t *testing.T) {
	w := transfersWorld()
	w.Behaviour = DefaultBehaviour()
	w.Behaviour.Ask, w.Behaviour.Chat, w.Behaviour.Contacted, w.Behaviour.Refuse = 0.7, 0.5, 0.5, 0.5
	w.Members[0].Applies = 2
	r := newRig(t, w)
	r.do("externalcontact/customer_acquisition/create_link", m{"link_name": "x", "range": m{"user_list": []string{"lina"}}})
	link := r.s.linkURL(sortedKeys(r.s.st.Acquire.Links)[0]) + "?customer_channel=ad"
	r.do("externalcontact/group_welcome_template/add", m{"text": m{"content": "欢迎 %NICKNAME%"}})
	r.do("externalcontact/add_contact_way", m{"type": 1, "scene": 2, "user": []string{"lina"}, "is_temp": true, "conclusions": m{"text": m{"content": "再见"}}})
	r.do("externalcontact/add_corp_tag", m{"group_name": "新", "tag": []m{{"name": "一"}, {"name": "二"}}})
	r.do("externalcontact/transfer_customer", m{"handover_userid": "zhao", "takeover_userid": "young", "external_userid": []string{"wm0000", "wm0002", "wm0004"}})
	join := r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}, AutoCreateRoom: 1})
	var acts []Act
	for i := range w.People {
		acts = append(acts, Act{At: at(9, i), Kind: "scan", Person: w.People[i].ExternalUserID, URL: link}, Act{At: at(10, i), Kind: "join", Person: w.People[i].ExternalUserID, URL: join})
	}
	acts = append(acts, Act{At: at(11, 0), Kind: "resign", UserID: "old"})
	r.plan(Plan{Acts: acts})
	r.advance(at(13, 0))
	r.do("externalcontact/resigned/transfer_customer", m{"handover_userid": "old", "takeover_userid": "young", "external_userid": []string{"wm0001", "wm0003"}})
	r.do("externalcontact/groupchat/transfer", m{"chat_id_list": []string{"wrOLD"}, "new_owner": "lina"})
	r.do("externalcontact/groupchat/onjob_transfer", m{"chat_id_list": []string{"wrZHAO"}, "new_owner": "lina"})
	r.do("externalcontact/del_corp_tag", m{"group_id": []string{r.s.st.groupNamed("新").ID}})
	r.hand("hire", m{"userid": "fresh"})
	r.hand("tag_update", m{"id": "etA", "name": "改"})
	r.hand("quota_add", m{"amount": 5})
	r.must(r.post("/sim/api/staff/lina/act", m{"kind": "notice", "chat_id": "wrONE", "text": "公告"}, nil))
	r.advance(testStart.AddDate(0, 0, 4))
	if c := r.s.Truth().Counts; c.Replies < 10 || c.Adds < 5 {
		t.Errorf("too quiet a world: %+v", c)
	}
	want := snapshotOf(t, r.s)
	crashed := copyDir(t, r.opt.Dir)
	r.stop()
	r.start()
	if d := cmp.Diff(want, snapshotOf(t, r.s)); d != "" {
		t.Errorf("from the snapshot: %s", d)
	}
	opt := r.opt
	opt.Dir = crashed
	s, err := New(opt)
	r.must(err)
	if d := cmp.Diff(want, snapshotOf(t, s)); d != "" {
		t.Errorf("from the log: %s", d)
	}
	r.must(s.Close())
}

func TestManyFollowersComeByPages(t *testing.T) {
	w := smallWorld(1)
	for i := range 620 {
		id := fmt.Sprintf("clerk%04d", i)
		w.Members = append(w.Members, Member{UserID: id, Name: id, Departments: []int64{2}})
		w.Friends = append(w.Friends, Friend{UserID: id, ExternalUserID: "wm0000"})
	}
	r := newRig(t, w)
	ext, err := r.c.ExternalGet(t.Context(), "wm0000")
	r.must(err)
	seen := map[string]bool{}
	for _, f := range ext.Follows {
		seen[f.UserID] = true
	}
	if len(ext.Follows) != 620 || len(seen) != 620 {
		t.Errorf("%d followers, %d different", len(ext.Follows), len(seen))
	}
	for _, users := range []int{100, 101} {
		r.s.mu.Lock()
		for i := range r.s.st.World.Members {
			r.s.st.World.Members[i].NoSeat = i >= users
		}
		r.s.mu.Unlock()
		code, _ := r.call("externalcontact/add_contact_way", `{"type":2,"scene":2,"party":[2]}`)
		if want := map[int]int{100: 0, 101: 41041}[len(r.s.seats(nil, []int64{2}))]; code != want {
			t.Errorf("%d seats: %d, want %d", len(r.s.seats(nil, []int64{2})), code, want)
		}
	}
}

func TestOneCorpKeepsOneMember(t *testing.T) {
	w := smallWorld(12)
	for i := range w.People {
		w.People[i].Corp = "隔壁公司"
	}
	r := newRig(t, w)
	var out struct {
		QR string `json:"qr_code"`
	}
	k := &stage{rig: r, Tokens: map[string]func() string{"": func() string { token, _ := r.c.Token(t.Context()); return token }}, Keep: map[string]string{}}
	a, err := k.ask(contract{API: "externalcontact/add_contact_way", Body: m{"type": 2, "scene": 2, "user": []string{"lina", "wang"}, "is_exclusive": true}})
	r.must(err)
	out.QR, _ = a["qr_code"].(string)
	got := map[string]int{}
	for i := range w.People {
		var to struct{ UserID string }
		r.must(r.post("/sim/api/add", m{"person": w.People[i].ExternalUserID, "qr": out.QR}, &to))
		got[to.UserID]++
	}
	if len(got) != 1 {
		t.Errorf("customers of one corp went to %v", got)
	}
}

func TestFullGroupsTakeNobody(t *testing.T) {
	w := friendsWorld()
	w.Limits.GroupSize = 3
	r := newRig(t, w)
	invite := func(id string) error {
		return r.post("/sim/api/staff/lina/act", m{"kind": "invite", "chat_id": "wrONE", "external_userid": id}, nil)
	}
	r.must(invite("wm0000"))
	if invite("wm0001") == nil {
		t.Error("a full group took one more")
	}
	r.must(r.post("/sim/api/staff/lina/act", m{"kind": "remove", "chat_id": "wrONE", "external_userid": "wm0000"}, nil))
	r.must(invite("wm0001"))
	r.advance(testStart)
	if got := r.p.told("change_external_chat"); len(got) != 3 || !strings.Contains(got[0], "JoinScene=0") || !strings.Contains(got[1], "UpdateDetail=del_member JoinScene=0 QuitScene=1") {
		t.Errorf("told %v", got)
	}
}

// A burst of one pair shares its second, as WeCom's do, and yet no two events are the same.
func TestBurstsShareTheirSecond(t *testing.T) {
	r := newRig(t, smallWorld(1))
	_, qr := r.way("s", "lina")
	for range 2 {
		r.must(r.post("/sim/api/add", m{"person": "wm0000", "qr": qr}, nil))
		r.must(r.post("/sim/api/delete", m{"person": "wm0000", "userid": "lina"}, nil))
	}
	r.advance(testStart)
	var got []string
	for _, e := range r.p.events {
		got = append(got, fmt.Sprint(e.ChangeType, " +", e.CreateTime-testStart.Unix()))
	}
	sameLines(t, []string{"add_external_contact +0", "del_follow_user +0", "add_external_contact +1", "del_follow_user +1"}, got)
}
