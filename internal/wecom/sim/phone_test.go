package sim

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"qunce/internal/wecom"
)

func (r *rig) get(path string, out any) error {
	res, err := http.Get(r.web.URL + path) //nolint:noctx // a test
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	return json.NewDecoder(res.Body).Decode(out)
}

func TestPhone(t *testing.T) {
	r := newRig(t, smallWorld(3))
	_, qr := r.way("s", "lina")
	join := r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}, State: "g"})
	r.p.pages["/h5/api/code/TOK"] = `{"kind":"staff","name":"一店","qr":"` + qr + `"}`
	var seen visit
	r.must(r.post("/sim/api/scan", map[string]string{"person": "wm0001", "url": r.p.srv.URL + "/c/TOK"}, &seen))
	if seen.Kind != "staff" || seen.StaffQR != qr || !strings.Contains(string(seen.Page), "一店") {
		t.Errorf("scan shows %+v", seen)
	}
	var added struct{ UserID, Name string }
	r.must(r.post("/sim/api/add", map[string]string{"person": "wm0001", "qr": seen.StaffQR}, &added))
	r.must(r.post("/sim/api/join", map[string]string{"person": "wm0001", "qr": join}, nil))
	r.must(r.post("/sim/api/reply", map[string]string{"person": "wm0001", "peer": "lina", "text": "你好"}, nil))
	r.must(r.post("/sim/api/reply", map[string]string{"person": "wm0001", "chat_id": "wrONE", "text": "大家好"}, nil))
	r.must(r.post("/sim/api/staff/lina/sidebar", map[string]string{"external_userid": "wm0001", "text": "在的"}, nil))
	msg, _, err := r.c.AddMsgTemplate(context.Background(), wecom.MsgTemplate{Sender: "lina", Text: &wecom.Text{Content: "会员日"}})
	r.must(err)
	var tasks struct {
		Items []struct {
			MsgID string   `json:"msgid"`
			Names []string `json:"recipient_names"`
		} `json:"items"`
	}
	r.must(r.get("/sim/api/staff/lina/tasks", &tasks))
	if len(tasks.Items) != 1 || tasks.Items[0].MsgID != msg || tasks.Items[0].Names[0] != "顾客1" {
		t.Errorf("tasks %+v", tasks)
	}
	var sent struct{ Sent int }
	r.must(r.post("/sim/api/staff/lina/confirm", map[string]string{"msgid": msg}, &sent))
	if sent.Sent != 1 {
		t.Errorf("confirm %+v", sent)
	}
	var chat struct{ Messages []bubble }
	r.must(r.get("/sim/api/chat?person=wm0001&peer=lina", &chat))
	var kinds []string
	for _, b := range chat.Messages {
		kinds = append(kinds, b.Kind)
	}
	if got := strings.Join(kinds, " "); got != "added reply sidebar mass" || chat.Messages[3].Text != "会员日" {
		t.Errorf("chat: %s %+v", got, chat.Messages)
	}
	r.must(r.post("/sim/api/leave", map[string]string{"person": "wm0001", "chat_id": "wrONE"}, nil))
	r.must(r.post("/sim/api/delete", map[string]string{"person": "wm0001", "userid": "lina"}, nil))
	for path, body := range map[string]map[string]string{
		"/sim/api/leave":  {"person": "wm0001", "chat_id": "wrONE"},
		"/sim/api/delete": {"person": "wm0001", "userid": "lina"},
		"/sim/api/reply":  {"person": "wm0001", "peer": "lina", "text": "?"},
		"/sim/api/add":    {"person": "wm0001", "qr": "http://phone.test/sim/qr/w/none.png"},
		"/sim/api/join":   {"person": "nobody", "qr": join},
	} {
		if err := r.post(path, body, nil); err == nil {
			t.Errorf("%s %v was taken", path, body)
		}
	}
	var people struct{ Items []struct{ ID, Kind string } }
	r.must(r.get("/sim/api/people?q="+url.QueryEscape("顾客1"), &people))
	if len(people.Items) != 1 || people.Items[0].ID != "wm0001" {
		t.Errorf("people %+v", people)
	}
	for known, want := range map[string]string{"yes": "wm0001", "no": "wm0000 wm0002", "": "wm0001 wm0000 wm0002"} {
		r.must(r.get("/sim/api/people?known="+known, &people))
		var ids []string
		for _, p := range people.Items {
			ids = append(ids, p.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("known=%s: %s, want %s", known, got, want)
		}
	}
	r.must(r.get("/sim/api/people?kind=staff", &people))
	if len(people.Items) != 4 {
		t.Errorf("staff %+v", people)
	}
	var person struct{ Chats []chatRow }
	r.must(r.get("/sim/api/person/wm0001", &person))
	if len(person.Chats) != 1 || person.Chats[0].Status != "deleted" || person.Chats[0].Last != "会员日" {
		t.Errorf("person %+v", person)
	}
	r.advance(testStart)
	want := "add_external_contact lina wm0001 s|del_follow_user lina wm0001|update add_member wm0001|update del_member wm0001"
	got := r.p.heard()
	for _, w := range strings.Split(want, "|") {
		if !strings.Contains(strings.Join(got, "|")+" |", w) {
			t.Errorf("%q was not called back: %v", w, got)
		}
	}
}

// oauthStaff is a platform whose staff pages sign in through OAuth.
func TestStaffPagesThroughOAuth(t *testing.T) {
	w := smallWorld(1)
	w.Friends = []Friend{{UserID: "lina", ExternalUserID: "wm0000"}}
	var r *rig
	done := ""
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	signedIn := func(req *http.Request) bool { c, err := req.Cookie("session"); return err == nil && c.Value == "lina" }
	mux.HandleFunc("GET /staff/login", func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, r.c.AuthorizeURL("http://phone.test/phone", srv.URL+"/staff/back", "st8"), http.StatusFound)
	})
	mux.HandleFunc("GET /staff/back", func(w http.ResponseWriter, req *http.Request) {
		who, err := r.c.AuthUserInfo(req.Context(), req.URL.Query().Get("code"))
		if err != nil || req.URL.Query().Get("state") != "st8" {
			t.Errorf("sign-in: %v", err)
		}
		if _, err := r.c.AuthUserInfo(req.Context(), req.URL.Query().Get("code")); !wecom.IsCode(err, 42022) {
			t.Errorf("the code works twice: %v", err)
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: who.UserID, Path: "/"}) //nolint:gosec // a test
	})
	mux.HandleFunc("GET /staff/api/today", func(w http.ResponseWriter, req *http.Request) {
		if !signedIn(req) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(`{"tasks":[{"id":41,"how":"send_here","state":"open","text":"亲，新品到店","target":{"external_userid":"wm0000"}},{"id":42,"how":"confirm_in_wecom","state":"open","target":null}]}`))
	})
	mux.HandleFunc("POST /staff/api/tasks/{id}/sent", func(w http.ResponseWriter, req *http.Request) {
		if !signedIn(req) || req.Header.Get("X-Qunce") != "1" || req.Header.Get("Idempotency-Key") == "" {
			t.Errorf("sent without session or headers")
		}
		done += req.PathValue("id") + " "
	})
	w.Members[0].StaffURL = srv.URL + "/staff"
	r = newRig(t, w)
	r.advance(testStart.Add(minutesOf(24 * 60))) // a whole working day
	if !strings.HasPrefix(done, "41 ") || strings.Contains(done, "42") {
		t.Errorf("done %q", done)
	}
	var chat struct{ Messages []bubble }
	r.must(r.get("/sim/api/chat?person=wm0000&peer=lina", &chat))
	if len(chat.Messages) == 0 || chat.Messages[0].Kind != "sidebar" || chat.Messages[0].Text != "亲，新品到店" {
		t.Errorf("chat %+v", chat)
	}
}

func TestBrowserSignIn(t *testing.T) {
	w := smallWorld(2)
	w.Friends = []Friend{{UserID: "lina", ExternalUserID: "wm0000"}}
	r := newRig(t, w)
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	visit := func(cookie, redirect string) *http.Response {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, r.web.URL+"/connect/oauth2/authorize?appid="+testCorp+"&redirect_uri="+url.QueryEscape(redirect)+"&state=x&agentid=1000002", nil)
		r.must(err)
		if cookie != "" {
			req.AddCookie(&http.Cookie{Name: "sim_actor", Value: cookie}) //nolint:gosec // a test
		}
		res, err := stay.Do(req)
		r.must(err)
		_ = res.Body.Close()
		return res
	}
	for cookie, want := range map[string]wecom.Identity{
		"staff:lina":    {UserID: "lina"},
		"person:wm0000": {OpenID: "o0000", ExternalUserID: "wm0000"},
		"person:wm0001": {OpenID: "o0001"},
	} {
		to, err := visit(cookie, "http://q.test/back?a=1").Location()
		r.must(err)
		got, err := r.c.AuthUserInfo(context.Background(), to.Query().Get("code"))
		if err != nil || got != want || to.Query().Get("state") != "x" || to.Query().Get("a") != "1" {
			t.Errorf("%s: %+v, %v (%s)", cookie, got, err, to)
		}
	}
	for cookie, status := range map[string]int{"": 401, "staff:nobody": 401} {
		if got := visit(cookie, "http://q.test/back").StatusCode; got != status {
			t.Errorf("cookie %q: %d", cookie, got)
		}
	}
	if _, err := r.c.AuthUserInfo(context.Background(), "made-up"); !wecom.IsCode(err, 40029) {
		t.Errorf("a made-up code: %v", err)
	}
}

func TestQRPicture(t *testing.T) {
	r := newRig(t, smallWorld(1))
	id, qr := r.way("s", "lina")
	if qr != "http://phone.test/phone/sim/qr/w/"+id+".png" {
		t.Errorf("address %s", qr)
	}
	res, err := http.Get(r.web.URL + "/sim/qr/w/" + id + ".png") //nolint:noctx // a test
	r.must(err)
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "image/png" {
		t.Errorf("%d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
}
