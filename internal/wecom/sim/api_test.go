package sim

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

func TestRefusals(t *testing.T) {
	r := newRig(t, smallWorld(2))
	id, qr := r.way("s", "lina")
	join := r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}, State: "g"})
	_, joinID, _ := parseQR(join)
	r.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0000", URL: qr}}})
	r.advance(at(9, 0))
	long := strings.Repeat("长", 31)
	users := strings.TrimSuffix(strings.Repeat(`"lina",`, 3), ",")
	mark := `{"userid":"lina","external_userid":"wm0000","add_tag":["etA"]}`
	tests := []struct {
		api, body string
		want      int
	}{
		{"externalcontact/mark_tag", mark, 0},
		{"externalcontact/mark_tag", `{"userid":"lina","external_userid":"wm0000","add_tag":["etX"]}`, 40068},
		{"externalcontact/mark_tag", `{"userid":"lina","external_userid":"wm0001","add_tag":["etA"]}`, 84061},
		{"externalcontact/mark_tag", `{"userid":"lina","external_userid":"wmNOBODY","add_tag":["etA"]}`, 40096},
		{"externalcontact/mark_tag", `{"userid":"nobody","external_userid":"wm0000","add_tag":["etA"]}`, 60111},
		{"externalcontact/mark_tag", `{"userid":"ghost","external_userid":"wm0000","add_tag":["etA"]}`, 60011},
		{"externalcontact/mark_tag", `{"userid":"lina","external_userid":"wm0000"}`, 40063},
		{"externalcontact/mark_tag", `{"userid":7,"external_userid":"wm0000","add_tag":["etA"]}`, 40035},
		{"externalcontact/mark_tag", `{"userid":"lina"`, 40035},
		{"externalcontact/remark", `{"userid":"lina","external_userid":"wm0000","remark":"` + long[:60] + `"}`, 0},
		{"externalcontact/remark", `{"userid":"lina","external_userid":"wm0000","remark":"` + long + `"}`, 40058},
		{"externalcontact/remark", `{"userid":"lina","external_userid":"wm0000"}`, 40063},
		{"externalcontact/add_contact_way", `{"scene":2,"user":["lina"]}`, 41037},
		{"externalcontact/add_contact_way", `{"type":1,"user":["lina"]}`, 41038},
		{"externalcontact/add_contact_way", `{"type":3,"scene":2,"user":["lina"]}`, 41039},
		{"externalcontact/add_contact_way", `{"type":1,"scene":3,"user":["lina"]}`, 41040},
		{"externalcontact/add_contact_way", `{"type":1,"scene":2,"user":["lina","wang"]}`, 41041},
		{"externalcontact/add_contact_way", `{"type":2,"scene":2,"user":[]}`, 41041},
		{"externalcontact/add_contact_way", `{"type":2,"scene":2,"user":[` + users + `]}`, 0},
		{"externalcontact/add_contact_way", `{"type":2,"scene":2,"party":[1]}`, 0},
		{"externalcontact/add_contact_way", `{"type":1,"scene":2,"user":["noseat"]}`, 84074},
		{"externalcontact/add_contact_way", `{"type":1,"scene":2,"user":["lina"],"state":"` + long + `"}`, 40058},
		{"externalcontact/add_contact_way", `{"type":1,"scene":"2","user":["lina"]}`, 40035},
		{"externalcontact/get_contact_way", `{}`, 41043},
		{"externalcontact/get_contact_way", `{"config_id":"x"}`, 41044},
		{"externalcontact/update_contact_way", `{"config_id":"` + id + `","user":["lina","wang"]}`, 41041},
		{"externalcontact/list_contact_way", `{"cursor":"made up"}`, 50100},
		{"externalcontact/groupchat/add_join_way", `{"scene":2,"chat_id_list":["1","2","3","4","5","6"]}`, 41091},
		{"externalcontact/groupchat/add_join_way", `{"scene":2,"chat_id_list":["wrNONE"]}`, 90501},
		{"externalcontact/groupchat/add_join_way", `{"scene":2,"chat_id_list":[]}`, 40063},
		{"externalcontact/groupchat/add_join_way", `{"scene":2,"chat_id_list":["wrONE"],"state":"` + long + `"}`, 40058},
		{"externalcontact/groupchat/add_join_way", `{"scene":2,"chat_id_list":["wrONE"],"remark":"` + long + `"}`, 0},
		{"externalcontact/groupchat/update_join_way", `{"config_id":"` + joinID + `","scene":2,"chat_id_list":["wrONE"]}`, 0},
		{"externalcontact/groupchat/get", `{"chat_id":"wrNONE"}`, 90501},
		{"externalcontact/groupchat/get", `{"chat_id":""}`, 86003},
		{"externalcontact/groupchat/list", `{}`, 40058},
		{"externalcontact/groupchat/list", `{"limit":1001}`, 40058},
		{"externalcontact/groupchat/list", `{"limit":10,"cursor":"x"}`, 50100},
		{"externalcontact/send_welcome_msg", `{"text":{"content":"x"}}`, 41049},
		{"externalcontact/send_welcome_msg", `{"welcome_code":"nope","text":{"content":"x"}}`, 41050},
		{"externalcontact/send_welcome_msg", `{"welcome_code":"nope"}`, 44004},
		{"externalcontact/send_welcome_msg", `{"welcome_code":"nope","text":{"content":"` + strings.Repeat("x", 4001) + `"}}`, 45002},
		{"externalcontact/send_welcome_msg", `{"welcome_code":"nope","attachments":[` + strings.TrimSuffix(strings.Repeat(`{"msgtype":"image","image":{"media_id":"m"}},`, 10), ",") + `]}`, 41064},
		{"externalcontact/send_welcome_msg", `{"welcome_code":"nope","attachments":[{"msgtype":"poem"}]}`, 41065},
		{"externalcontact/send_welcome_msg", `{"welcome_code":"nope","attachments":[{"msgtype":"link","link":{"title":"t"}}]}`, 40063},
		{"externalcontact/add_msg_template", `{"text":{"content":"x"}}`, 40063},
		{"externalcontact/add_msg_template", `{"chat_type":"group","text":{"content":"x"}}`, 40063},
		{"externalcontact/add_msg_template", `{"sender":"wang","text":{"content":"x"}}`, 41048},
		{"externalcontact/add_msg_template", `{"sender":"lina"}`, 44004},
		{"externalcontact/add_msg_template", `{"external_userid":["wm0001"],"text":{"content":"x"}}`, 41048},
		{"externalcontact/get_groupmsg_task", `{"msgid":"msgNONE"}`, 41047},
		{"externalcontact/get_groupmsg_task", `{}`, 41046},
		{"externalcontact/get_groupmsg_list_v2", `{"chat_type":"single","start_time":1,"end_time":3000000}`, 40058},
		{"externalcontact/batch/get_by_user", `{"userid_list":["wang"]}`, 84061},
		{"externalcontact/batch/get_by_user", `{"userid_list":[]}`, 40031},
		{"externalcontact/batch/get_by_user", `{"userid_list":["lina"],"cursor":"bad"}`, 50100},
		{"externalcontact/add_corp_tag", `{"group_name":"来源","tag":[{"name":"扫码"}]}`, 40071},
		{"externalcontact/add_corp_tag", `{"group_name":"来源","tag":[]}`, 40063},
		{"message/send", `{"touser":"lina","msgtype":"text","agentid":1,"text":{"content":"x"}}`, 301002},
		{"message/send", `{"msgtype":"text","agentid":1000002,"text":{"content":"x"}}`, 82001},
		{"message/send", `{"touser":"nobody|ghost","msgtype":"text","agentid":1000002,"text":{"content":"x"}}`, 81013},
		{"externalcontact/mark_tag", "", 40058},
		{"no/such/api", `{}`, 40066},
	}
	shape := regexp.MustCompile(`^.+, hint: \[\d{24}\], from ip: 127\.0\.0\.1, more info at https://open\.work\.weixin\.qq\.com/devtool/query\?e=-?\d+$`)
	for _, tt := range tests {
		got, msg := r.call(tt.api, tt.body)
		if got != tt.want {
			t.Errorf("%s %.80s: %d %s, want %d", tt.api, tt.body, got, msg, tt.want)
		}
		if got != 0 && !shape.MatchString(msg) {
			t.Errorf("%s: errmsg %q has another shape", tt.api, msg)
		}
	}
	if _, msg := r.call("externalcontact/mark_tag", "{"); !strings.Contains(msg, "Warning: wrong json format.") {
		t.Errorf("malformed JSON: %s", msg)
	}
	if len(r.p.heard()) != 1 {
		t.Errorf("changes through the API made callbacks: %v", r.p.heard())
	}
}

func TestTokens(t *testing.T) {
	r := newRig(t, smallWorld(1))
	for query, want := range map[string]int{
		"gettoken?corpid=x&corpsecret=shh":              40013,
		"gettoken?corpid=" + testCorp:                   41004,
		"gettoken?corpsecret=shh":                       41002,
		"gettoken?corpid=" + testCorp + "&corpsecret=":  41004,
		"gettoken?corpid=" + testCorp + "&corpsecret=x": 40001,
		"user/get?userid=lina":                          41001,
		"user/get?userid=lina&access_token=made-up":     40014,
	} {
		if got, msg := r.raw(query, ""); got != want {
			t.Errorf("%s: %d %s, want %d", query, got, msg, want)
		}
	}
	ctx := context.Background()
	first, err := r.c.Token(ctx)
	r.must(err)
	other := wecom.New(wecom.Config{BaseURL: r.web.URL, CorpID: testCorp, Secret: "shh"})
	if again, err := other.Token(ctx); err != nil || again != first {
		t.Errorf("another caller got another token (%v)", err)
	}
	r.stop()
	r.start()
	if got, _ := r.raw("user/get?userid=lina&access_token="+first, ""); got != 0 {
		t.Errorf("the token does not survive a restart: %d", got)
	}
	if _, err := r.c.Token(ctx); err != nil {
		t.Fatal(err)
	}
	r.must(r.post("/sim/faults", Faults{TokenInvalid: true}, nil))
	if got, _ := r.raw("user/get?userid=lina&access_token="+first, ""); got != 40014 {
		t.Errorf("an invalidated token answers %d", got)
	}
	if _, err := r.c.UserGet(ctx, "lina"); err != nil {
		t.Errorf("the client does not recover: %v", err)
	}
}

func TestTokenExpires(t *testing.T) {
	wall := clock.NewManual(time.Unix(1_800_000_000, 0))
	p := newPlatform(t)
	r := &rig{t: t, p: p, opt: Options{Dir: t.TempDir(), World: smallWorld(1), Token: testToken, EncodingAESKey: testKey, CorpID: testCorp, Secret: "shh", AgentID: 1, wall: wall}}
	r.start()
	t.Cleanup(r.stop)
	token, err := r.c.Token(context.Background())
	r.must(err)
	wall.Set(wall.Now().Add(tokenLife))
	if got, _ := r.raw("user/get?userid=lina&access_token="+token, ""); got != 42001 {
		t.Errorf("an expired token answers %d", got)
	}
	if _, err := r.c.UserGet(context.Background(), "lina"); err != nil {
		t.Errorf("the client does not recover: %v", err)
	}
}

func TestDirectoryReads(t *testing.T) {
	r := newRig(t, smallWorld(1))
	ctx := context.Background()
	deps, err := r.c.DepartmentList(ctx)
	r.must(err)
	if len(deps) != 2 || deps[1].Name != "一店" || len(deps[1].Leaders) != 1 || deps[1].Leaders[0] != "wang" {
		t.Errorf("departments %+v", deps)
	}
	users, err := r.c.UserList(ctx, 2)
	r.must(err)
	if len(users) != 2 || users[0].Status != 1 || users[1].IsLeader[0] != 1 {
		t.Errorf("users %+v", users)
	}
	if one, err := r.c.UserList(ctx, 1); err != nil || len(one) != 1 {
		t.Errorf("department 1 shows %+v, %v; the hidden member must not be there", one, err)
	}
	follow, err := r.c.FollowUsers(ctx)
	r.must(err)
	if strings.Join(follow, ",") != "lina,wang" {
		t.Errorf("follow users %v", follow)
	}
	if none, err := r.c.ExternalList(ctx, "lina"); err != nil || none != nil {
		t.Errorf("no customers: %v, %v", none, err)
	}
	if a, err := r.c.AgentGet(ctx); err != nil || len(a.AllowUsers.User) != 3 {
		t.Errorf("agent %+v, %v", a, err)
	}
	if _, ttl, err := r.c.AgentTicket(ctx); err != nil || ttl != 2*time.Hour {
		t.Errorf("ticket %s, %v", ttl, err)
	}
	if sent, err := r.c.SendAppMessage(ctx, wecom.AppMessage{ToUser: "lina|Nobody", AppBody: wecom.AppBody{MsgType: "text", Text: &wecom.Text{Content: "早上好"}}}); err != nil || strings.Join(sent.InvalidUsers, "|") != "nobody" {
		t.Errorf("app message: %+v, %v", sent, err)
	}
}

func TestPagesComeWhole(t *testing.T) {
	w := smallWorld(230)
	for i := range w.People {
		w.Friends = append(w.Friends, Friend{UserID: "lina", ExternalUserID: w.People[i].ExternalUserID})
	}
	for i := range 25 {
		w.Groups = append(w.Groups, Group{ChatID: fmt.Sprintf("wrG%02d", i), Name: "群", Owner: "lina"})
	}
	r := newRig(t, w)
	ctx, seen, cur, pages := context.Background(), map[string]bool{}, "", 0
	for {
		rows, next, err := r.c.BatchGetByUser(ctx, []string{"lina", "wang"}, cur, 100)
		r.must(err)
		for _, row := range rows {
			seen[row.Contact.ExternalUserID] = true
		}
		pages++
		if cur = next; cur == "" {
			break
		}
	}
	if len(seen) != 230 || pages != 3 {
		t.Errorf("%d customers on %d pages", len(seen), pages)
	}
	n := 0
	for cur = ""; ; {
		rows, next, err := r.c.GroupList(ctx, wecom.GroupFilter{Limit: 10}, cur)
		r.must(err)
		n += len(rows)
		if cur = next; cur == "" {
			break
		}
	}
	if n != 26 {
		t.Errorf("%d groups", n)
	}
	var ids []string
	for i := range 7 {
		id, _ := r.way(fmt.Sprint("s", i), "lina")
		ids = append(ids, id)
	}
	got := map[string]bool{}
	for cur = ""; ; {
		rows, next, err := r.c.ListContactWay(ctx, 0, 0, cur, 3)
		r.must(err)
		for _, id := range rows {
			got[id] = true
		}
		if cur = next; cur == "" {
			break
		}
	}
	for _, id := range ids {
		if !got[id] {
			t.Errorf("way %s is not listed", id)
		}
	}
}

func TestTagsBelongToTheEdge(t *testing.T) {
	w := smallWorld(1)
	w.Friends = []Friend{{UserID: "lina", ExternalUserID: "wm0000"}, {UserID: "wang", ExternalUserID: "wm0000"}}
	r := newRig(t, w)
	ctx := context.Background()
	made, err := r.c.AddCorpTag(ctx, wecom.AddCorpTagRequest{GroupName: "生命周期", Tags: []wecom.NewTag{{Name: "新客"}, {Name: "新客"}, {Name: "沉睡"}}})
	r.must(err)
	if len(made.Tags) != 2 {
		t.Fatalf("made %+v", made)
	}
	for range 2 { // repeatable
		r.must(r.c.MarkTag(ctx, "lina", "wm0000", []string{made.Tags[0].ID}, nil))
	}
	r.must(r.c.MarkTag(ctx, "wang", "wm0000", []string{"etA", "etB"}, nil))
	r.must(r.c.MarkTag(ctx, "wang", "wm0000", nil, []string{"etA"}))
	ext, err := r.c.ExternalGet(ctx, "wm0000")
	r.must(err)
	if len(ext.Follows) != 2 || len(ext.Follows[0].Tags) != 1 || ext.Follows[0].Tags[0].GroupName != "生命周期" || ext.Follows[1].Tags[0].TagID != "etB" {
		t.Errorf("follows %+v", ext.Follows)
	}
	all, err := r.c.CorpTags(ctx, nil, nil)
	r.must(err)
	one, err := r.c.CorpTags(ctx, []string{made.Tags[1].ID}, nil)
	r.must(err)
	if len(all) != 2 || len(one) != 1 || len(one[0].Tags) != 1 || one[0].Tags[0].Name != "沉睡" {
		t.Errorf("tags %+v, %+v", all, one)
	}
	if n := len(r.s.Truth().Tags); n != 2 {
		t.Errorf("%d tags in truth", n)
	}
}

func TestThrottle(t *testing.T) {
	w := smallWorld(1)
	w.Limits.APIPerMinute = 3
	r := newRig(t, w)
	var last error
	for range 4 {
		_, last = r.c.FollowUsers(context.Background())
	}
	if !wecom.Limited(last) || len(r.c.Blocked()) != 1 {
		t.Errorf("fourth call: %v, blocked %v", last, r.c.Blocked())
	}
	if _, err := r.c.DepartmentList(context.Background()); err != nil {
		t.Errorf("another API: %v", err)
	}
}

// A callback that comes late brings a code that is over.
func TestADelayAgesTheWelcomeCode(t *testing.T) {
	for _, c := range []struct {
		late time.Duration
		want int
	}{{19 * time.Second, 0}, {21 * time.Second, 41050}} {
		wall := manualWall()
		k := newStage(t, smallWorld(1), func(o *Options) { o.wall = wall })
		k.s.post.pause = func(time.Duration) bool {
			wall.Set(wall.Now().Add(c.late))
			return true
		}
		came := make(chan string, 1)
		k.p.onAdd = func(e callback.Event) { came <- e.WelcomeCode }
		k.must(k.post("/sim/faults", Faults{DelayMS: 600_000}, nil))
		_, qr := k.way("s", "lina")
		k.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0000", URL: qr}}})
		k.advance(at(9, 0))
		if got := k.code("externalcontact/send_welcome_msg", "", m{"welcome_code": <-came, "text": m{"content": "hi"}}); got != c.want {
			t.Errorf("%s late: %d, want %d", c.late, got, c.want)
		}
	}
}

func TestFaults(t *testing.T) {
	w := smallWorld(40)
	r := newRig(t, w)
	_, qr := r.way("s", "lina")
	r.must(r.post("/sim/faults", Faults{DropAfterEffect: 1}, nil))
	err := r.c.MarkTag(context.Background(), "lina", "wm0000", []string{"etA"}, nil)
	if wecom.Unknown(err) {
		t.Errorf("a refusal without effect must be answered: %v", err)
	}
	if _, _, err := r.c.AddContactWay(context.Background(), wecom.ContactWay{Type: 1, Scene: 2, State: "lost", Users: []string{"lina"}}); !wecom.Unknown(err) {
		t.Errorf("dropped after the effect: %v", err)
	}
	if len(r.s.st.Ways) != 2 {
		t.Errorf("%d ways; the effect must stand", len(r.s.st.Ways))
	}
	r.must(r.post("/sim/faults", Faults{APIError: 1}, nil))
	if _, err := r.c.FollowUsers(context.Background()); !wecom.IsCode(err, -1) {
		t.Errorf("api_error: %v", err)
	}
	r.must(r.post("/sim/faults", Faults{Lose: 0.3, Double: 0.3, Reorder: 0.3, DelayMS: 3}, nil))
	var acts []Act
	for i := range w.People {
		acts = append(acts, Act{At: at(9, i), Kind: "add", Person: w.People[i].ExternalUserID, URL: qr})
	}
	r.plan(Plan{Acts: acts})
	if st := r.advance(at(11, 0)); st.Undelivered != 0 {
		t.Errorf("status %+v", st)
	}
	c := r.s.Truth().Counts
	if c.Adds != 40 || c.CallbacksFailed == 0 || c.CallbacksFailed+c.CallbacksSent != 40 || int64(len(r.p.heard())) != c.CallbacksSent || int64(len(r.p.events)) <= c.CallbacksSent {
		t.Errorf("counts %+v, heard %d of %d", c, len(r.p.heard()), len(r.p.events))
	}
}
