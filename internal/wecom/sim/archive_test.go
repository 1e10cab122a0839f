package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

func (r *rig) textsOf(rows []map[string]any) []string {
	var out []string
	for _, row := range rows {
		m := row["message"].(map[string]any) //nolint:forcetypeassert // a test
		what := fmt.Sprint(dig(m, "text", "content"))
		if m["msgtype"] != "text" {
			what = fmt.Sprint(m["msgtype"])
		}
		out = append(out, fmt.Sprintf("%v>%v %v %s", m["from"], m["tolist"], m["roomid"], what))
	}
	return out
}

// TestArchiveStream: what is said in archived chats stands in the archive, in order: members' words always, customers'
// from their consent on, nothing of other members' chats.
func TestArchiveStream(t *testing.T) {
	w := archiveWorld()
	w.Archive.Consent = 1
	w.Members[0].Diligence = 0 // she says what the test lets her say
	r := newRigWith(t, w, func(o *Options) { o.ArchiveSecret = "archive-shh" })
	ctx := context.Background()
	say := func(person, peer, chat, text string) {
		t.Helper()
		r.must(r.post("/sim/api/reply", map[string]string{"person": person, "peer": peer, "chat_id": chat, "text": text}, nil))
	}
	say("wm0000", "lina", "", "没有同意以前")
	say("wm0001", "wang", "", "不在存档里")
	r.advance(at(8, 10))
	say("wm0000", "lina", "", "同意以后")
	r.must(r.post("/sim/api/staff/lina/sidebar", map[string]string{"external_userid": "wm0000", "text": "欢迎光临"}, nil))
	say("wm0001", "", "wrONE", "群里第一句")
	r.advance(at(8, 20))
	say("wm0001", "", "wrONE", "群里第二句")
	r.must(r.post("/sim/api/staff/wang/sidebar", map[string]string{"chat_id": "wrONE", "text": "王强在群里"}, nil))
	token, err := r.c.Token(ctx)
	r.must(err)
	var up struct {
		ID string `json:"media_id"`
	}
	body := formOf("media", "a.png", pngOf(6, 6))
	res, err := http.Post(r.web.URL+"/cgi-bin/media/upload?type=image&access_token="+token, body.Type, bytes.NewReader(body.Body)) //nolint:noctx // a test
	r.must(err)
	r.must(json.NewDecoder(res.Body).Decode(&up))
	_ = res.Body.Close()
	msg, _, err := r.c.AddMsgTemplate(ctx, wecom.MsgTemplate{Sender: "lina", ExternalIDs: []string{"wm0000"}, Text: &wecom.Text{Content: "群发"}, Attachments: []wecom.Attachment{
		{MsgType: "image", Image: &wecom.Image{MediaID: up.ID}}, {MsgType: "link", Link: &wecom.Link{Title: "t", URL: "http://x"}}}})
	r.must(err)
	r.must(r.post("/sim/api/staff/lina/confirm", map[string]string{"msgid": msg}, nil))
	rows := r.archive(0, 2)
	want := []string{
		"wm0000>[lina]  agree", "wm0000>[lina]  同意以后", "lina>[wm0000]  欢迎光临",
		"wm0001>[lina wang] wrONE agree", "wm0001>[lina wang] wrONE 群里第二句", "wang>[lina wm0001] wrONE 王强在群里",
		"lina>[wm0000]  群发", "lina>[wm0000]  image", "lina>[wm0000]  link",
	}
	if d := cmp.Diff(want, r.textsOf(rows)); d != "" {
		t.Error(d)
	}
	for _, row := range rows {
		if id := row["msgid"].(string); !strings.HasSuffix(id, "_external") || dig(row, "message", "msgid") != id || row["publickey_ver"] != 1.0 || dig(row, "message", "action") != "send" { //nolint:forcetypeassert // a test
			t.Errorf("row %v", row)
		}
	}
	image, _ := dig(rows[7], "message", "image").(map[string]any)
	id, _ := image["sdkfileid"].(string)
	raw, status := r.archiveGet("media?sdkfileid="+id, "archive-shh")
	if !bytes.Equal(raw, pngOf(6, 6)) || status != 200 || image["filesize"] != float64(len(raw)) || len(image["md5sum"].(string)) != 32 { //nolint:forcetypeassert // a test
		t.Errorf("image %v: %d bytes, status %d", image, len(raw), status)
	}
	if raw, status := r.archiveGet("messages?after=0", "wrong"); status != http.StatusUnauthorized {
		t.Errorf("a wrong key: %d %s", status, raw)
	}
	if raw, _ := r.archiveGet("media?sdkfileid=made-up", "archive-shh"); !strings.Contains(string(raw), "301048") {
		t.Errorf("an unknown file: %s", raw)
	}

	r.must(r.post("/sim/act", map[string]string{"kind": "recall", "userid": "lina", "msgid": rows[2]["msgid"].(string)}, nil)) //nolint:forcetypeassert // a test
	last := r.archive(len(rows), 1000)
	if len(last) != 1 || dig(last[0], "message", "action") != "recall" || dig(last[0], "message", "revoke", "pre_msgid") != rows[2]["msgid"] {
		t.Errorf("recall %v", last)
	}

	before := r.archive(0, 1000)
	crashed := copyDir(t, r.opt.Dir)
	r.stop()
	r.opt.Dir = crashed
	r.start()
	if d := cmp.Diff(before, r.archive(0, 1000)); d != "" {
		t.Errorf("after a crash: %s", d)
	}

	r.advance(at(8, 18).AddDate(0, 0, 5))
	if rows := r.archive(0, 1000); len(rows) < 4 || dig(rows[0], "seq") == 1.0 {
		t.Errorf("five days later: %v", r.textsOf(rows))
	}
	r.advance(at(10, 0).AddDate(0, 0, 6))
	if rows := r.archive(0, 1000); len(rows) != 0 || len(r.s.st.Talk.Archive.Messages) != 0 || len(r.s.st.Talk.Archive.Rosters) != 0 {
		t.Errorf("six days later: %v", r.textsOf(rows))
	}
	if raw, _ := r.archiveGet("media?sdkfileid="+id, "archive-shh"); !strings.Contains(string(raw), "301052") {
		t.Errorf("an expired file: %s", raw)
	}
}

// TestArchiveNotices: a notice whenever there is something new, never two within fifteen seconds.
func TestArchiveNotices(t *testing.T) {
	w := archiveWorld()
	r := newRigWith(t, w, func(o *Options) { o.ArchiveSecret = "archive-shh" })
	for i := range 40 {
		r.must(r.post("/sim/api/staff/lina/sidebar", map[string]string{"external_userid": "wm0000", "text": fmt.Sprint(i)}, nil))
		r.advance(testStart.Add(time.Duration(i) * time.Second))
	}
	r.advance(testStart.Add(time.Minute))
	var times []int64
	r.p.mu.Lock()
	for _, e := range r.p.events {
		if e.Event == "msgaudit_notify" {
			times = append(times, e.CreateTime)
			if e.FromUser != "sys" || !strings.Contains(string(e.Raw), "<AgentID>2000004</AgentID>") {
				t.Errorf("notice %s", e.Raw)
			}
		}
	}
	r.p.mu.Unlock()
	if len(times) != 4 { // at 0, 15, 30 and 45 seconds
		t.Errorf("notices at %v", times)
	}
	for i := 1; i < len(times); i++ {
		if times[i]-times[i-1] < 15 {
			t.Errorf("notices at %v", times)
		}
	}
}

// TestWelcomeWaitsForConsent: who adds an archived member is welcomed after consenting, with the code that comes then.
func TestWelcomeWaitsForConsent(t *testing.T) {
	w := archiveWorld()
	r := newRigWith(t, w, func(o *Options) { o.ArchiveSecret = "archive-shh" })
	ctx := context.Background()
	_, qr := r.way("s1", "lina")
	var answers []string
	r.p.onAdd = func(e callback.Event) {
		err := r.c.SendWelcome(ctx, wecom.Welcome{Code: e.WelcomeCode, Text: &wecom.Text{Content: "欢迎"}})
		r.p.mu.Lock()
		defer r.p.mu.Unlock()
		answers = append(answers, fmt.Sprint(e.ChangeType, " ", wecom.IsCode(err, 41053), " ", err == nil))
	}
	r.plan(Plan{Acts: []Act{{At: at(9, 0), Kind: "add", Person: "wm0002", URL: qr}}})
	r.advance(at(9, 0))
	r.advance(at(9, 30))
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	if d := cmp.Diff([]string{"add_external_contact true false", "msg_audit_approved false true"}, answers); d != "" {
		t.Error(d)
	}
	if e := r.s.st.edge("lina", "wm0002"); e.Welcomes != 1 || e.Codes != 1 {
		t.Errorf("edge %+v", e)
	}
}

// TestArchiveLivens: customers of archived members show more than words, of every type, and bytes can be had.
func TestArchiveLivens(t *testing.T) {
	w := archiveWorld()
	w.Archive.Lively, w.Archive.Recall = 1, 1
	for i := range 30 {
		id := fmt.Sprintf("wmX%03d", i)
		w.People = append(w.People, Person{ExternalUserID: id, Name: id})
		w.Friends = append(w.Friends, Friend{UserID: "lina", ExternalUserID: id})
	}
	r := newRigWith(t, w, func(o *Options) { o.ArchiveSecret = "archive-shh" })
	r.advance(at(23, 0).AddDate(0, 0, 2))
	seen := map[string]bool{}
	for _, row := range r.archive(0, 1000) {
		m, _ := row["message"].(map[string]any)
		kind := fmt.Sprint(m["msgtype"])
		seen[kind] = true
		if id, ok := dig(m, kind, "sdkfileid").(string); ok {
			if raw, status := r.archiveGet("media?sdkfileid="+id, "archive-shh"); status != 200 || len(raw) < 10 {
				t.Errorf("%s: status %d, %d bytes", kind, status, len(raw))
			}
		}
	}
	for _, kind := range slices.Concat(showTypes, []string{"agree", "revoke"}) {
		if !seen[kind] {
			t.Errorf("no %s among %v", kind, seen)
		}
	}
}

// TestTalkSurvives: what these areas keep is the same after a crash, from the log alone and from a snapshot.
func TestTalkSurvives(t *testing.T) {
	k := newStage(t, talkedWorld(), nil)
	for _, c := range slices.Concat(kfContracts(t, k)[:6], wordsContracts(t, k)[:2], albumContracts(t, k)[:3]) {
		if !k.play(c) {
			t.Fatal(c.Name)
		}
	}
	if code, msg := k.call("message/send", `{"touser":"lina","agentid":1000002,`+cardOf(cardButton, `"task_id":"t","main_title":{"title":"t"},"button_list":[{"text":"完成","key":"k"}]`)+`}`); code != 0 {
		t.Fatal(msg)
	}
	if code, msg := k.call("externalcontact/add_moment_task", `{"text":{"content":"x"}}`); code != 0 {
		t.Fatal(msg)
	}
	k.byHand(`{"kind":"kf_enter","person":"wm0000","open_kfid":"wkONE"}`)
	k.byHand(`{"kind":"kf_say","person":"wm0000","open_kfid":"wkONE","msgtype":"image"}`)
	k.byHand(`{"kind":"show","person":"wm0000","userid":"lina","msgtype":"voice"}`)
	k.advance(at(20, 0).AddDate(0, 0, 1))
	before := k.s.st.Talk
	crashed := copyDir(t, k.opt.Dir)
	k.stop()
	same := func(when string) {
		t.Helper()
		if d := cmp.Diff(before, k.s.st.Talk, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s: %s", when, d)
		}
	}
	k.opt.Dir = crashed
	k.start()
	same("from the log")
	k.stop()
	k.start()
	same("from a snapshot")
}

func talkedWorld() *World {
	w := archiveWorld()
	w.Kf = kfWorld().Kf
	w.Kf[0].Servicers, w.Kf[0].PerDay = []string{"lina"}, 3
	w.Limits.KfAccounts = 3
	w.Archive.Lively = 1
	return w
}

func newRigWith(t testing.TB, w *World, set func(*Options)) *rig {
	t.Helper()
	p := newPlatform(t)
	r := &rig{t: t, p: p, opt: Options{
		Dir: t.TempDir(), World: w, CallbackURL: p.srv.URL + "/callback", Token: testToken, EncodingAESKey: testKey,
		CorpID: testCorp, Secret: "shh", AgentID: 1000002, BrowserBase: "http://phone.test/phone",
	}}
	set(&r.opt)
	r.start()
	t.Cleanup(r.stop)
	return r
}
