package wecom

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/clock"
	"qunce/internal/errs"
)

// script answers each path with its lines in turn, the last one for ever, and notes the requests.
type script struct {
	mu    sync.Mutex
	lines map[string][]string
	seen  []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, strings.TrimPrefix(r.URL.Path, "/cgi-bin/")+" "+r.URL.Query().Get("access_token"))
	name := strings.TrimPrefix(r.URL.Path, "/cgi-bin/")
	lines := s.lines[name]
	if len(lines) == 0 {
		_, _ = fmt.Fprint(w, `{"errcode":40066,"errmsg":"invalid url"}`)
		return
	}
	if len(lines) > 1 {
		s.lines[name] = lines[1:]
	}
	switch {
	case lines[0] == "drop":
		panic(http.ErrAbortHandler)
	case lines[0] == "502":
		w.WriteHeader(http.StatusBadGateway)
	case lines[0] == "302":
		http.Redirect(w, r, "/cgi-bin/elsewhere", http.StatusFound)
	default:
		_, _ = fmt.Fprint(w, lines[0])
	}
}

func client(t *testing.T, lines map[string][]string) (*Client, *script) {
	t.Helper()
	if lines["gettoken"] == nil {
		lines["gettoken"] = []string{`{"errcode":0,"access_token":"T1","expires_in":7200}`, `{"errcode":0,"access_token":"T2","expires_in":7200}`}
	}
	s := &script{lines: lines}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	c := New(Config{BaseURL: srv.URL, CorpID: "ww1", Secret: "s", AgentID: 7})
	c.quota.Sleep = func(ctx context.Context, _ time.Duration, _ <-chan struct{}) error { return ctx.Err() }
	return c, s
}

func TestStaleTokenIsRefreshedOnce(t *testing.T) {
	for _, code := range []int{40014, 42001} {
		c, s := client(t, map[string][]string{"externalcontact/get_follow_user_list": {
			fmt.Sprintf(`{"errcode":%d,"errmsg":"stale"}`, code), `{"errcode":0,"follow_user":["lina"]}`,
		}})
		got, err := c.FollowUsers(context.Background())
		if err != nil || len(got) != 1 {
			t.Fatalf("%d: %v, %v", code, got, err)
		}
		want := []string{"gettoken ", "externalcontact/get_follow_user_list T1", "gettoken ", "externalcontact/get_follow_user_list T2"}
		if d := cmp.Diff(want, s.seen); d != "" {
			t.Errorf("%d: %s", code, d)
		}
	}
	c, s := client(t, map[string][]string{"externalcontact/get_follow_user_list": {`{"errcode":40014,"errmsg":"stale"}`}})
	if _, err := c.FollowUsers(context.Background()); !IsCode(err, 40014) || len(s.seen) != 4 {
		t.Errorf("a token that stays stale: %v after %v", err, s.seen)
	}
}

func TestMemoryTokensKeepWhatAnotherFetched(t *testing.T) {
	clk := clock.NewManual(time.Unix(0, 0))
	m := NewMemoryTokens(clk)
	n := 0
	fetch := func(context.Context) (string, time.Duration, error) { n++; return fmt.Sprint("T", n), time.Hour, nil }
	for _, step := range []struct{ old, want string }{{"", "T1"}, {"", "T1"}, {"T1", "T2"}, {"T1", "T2"}} {
		if got, err := m.Refresh(context.Background(), step.old, fetch); err != nil || got != step.want {
			t.Errorf("refresh %q: %q, %v; want %q", step.old, got, err, step.want)
		}
	}
	clk.Set(time.Unix(3601, 0))
	if got, _ := m.Refresh(context.Background(), "T1", fetch); got != "T3" {
		t.Errorf("an expired token was kept: %q", got)
	}
}

func TestBusyIsRepeatedThreeTimes(t *testing.T) {
	for _, code := range []int{-1, 6000, 45035} {
		busy := fmt.Sprintf(`{"errcode":%d,"errmsg":"system busy"}`, code)
		c, s := client(t, map[string][]string{"externalcontact/mark_tag": {busy, busy, `{"errcode":0}`}})
		if err := c.MarkTag(context.Background(), "u", "wm1", []string{"t"}, nil); err != nil || len(s.seen) != 4 {
			t.Errorf("%d: %v after %v", code, err, s.seen)
		}
		c, s = client(t, map[string][]string{"externalcontact/mark_tag": {busy}})
		if err := c.MarkTag(context.Background(), "u", "wm1", []string{"t"}, nil); !IsCode(err, code) || len(s.seen) != 5 {
			t.Errorf("%d: %v after %v", code, err, s.seen)
		}
	}
}

func TestUnknown(t *testing.T) {
	for _, tt := range []struct {
		line    string
		unknown bool
		code    string
	}{
		{"drop", true, "wecom.unreachable"},
		{"502", true, "wecom.unreachable"},
		{"<html>", true, "wecom.unreachable"},
		{`{"errcode":41048,"errmsg":"nobody"}`, false, "wecom.41048"},
		{`{"errcode":99999,"errmsg":"new"}`, false, "wecom.other"},
	} {
		c, _ := client(t, map[string][]string{"externalcontact/add_msg_template": {tt.line}})
		_, _, err := c.AddMsgTemplate(context.Background(), MsgTemplate{Sender: "u"})
		if Unknown(err) != tt.unknown || errs.CodeOf(err) != tt.code {
			t.Errorf("%s: unknown %v, code %s: %v", tt.line, Unknown(err), errs.CodeOf(err), err)
		}
	}
	nobody := New(Config{BaseURL: "http://127.0.0.1:1", CorpID: "c", Secret: "hush"})
	_, err := nobody.FollowUsers(context.Background())
	if err == nil || Unknown(err) || errs.KindOf(err) != errs.Unavailable {
		t.Errorf("nobody there: %v, unknown %v", err, Unknown(err))
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("the error tells the secret: %v", err)
	}
}

func TestMemberWithoutCustomersIsAnEmptyList(t *testing.T) {
	c, _ := client(t, map[string][]string{"externalcontact/list": {`{"errcode":84061,"errmsg":"not external contact"}`}})
	if got, err := c.ExternalList(context.Background(), "lina"); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestExternalGetFollowsTheCursor(t *testing.T) {
	c, _ := client(t, map[string][]string{"externalcontact/get": {
		`{"errcode":0,"external_contact":{"external_userid":"wm1","name":"小白","type":1},"follow_user":[{"userid":"a"}],"next_cursor":"x"}`,
		`{"errcode":0,"external_contact":{"external_userid":"wm1","name":"小白","type":1},"follow_user":[{"userid":"b"}]}`,
	}})
	got, err := c.ExternalGet(context.Background(), "wm1")
	if err != nil || len(got.Follows) != 2 || got.Contact.Name != "小白" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSignJS(t *testing.T) {
	const ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
	if got := SignJS(ticket, "Wm3WZYTPz0wzccnW", 1414587457, "http://mp.weixin.qq.com?params=value#top"); got != "0f9de62fce790f9a083d5c99e95740ceb90c27ed" {
		t.Error(got)
	}
}

func TestAuthorizeURL(t *testing.T) {
	c := New(Config{CorpID: "ww1", AgentID: 7})
	want := "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww1&redirect_uri=https%3A%2F%2Fx.cn%2Fcb%3Fa%3D1&response_type=code&scope=snsapi_base&state=abc&agentid=7#wechat_redirect"
	if got := c.AuthorizeURL("", "https://x.cn/cb?a=1", "abc"); got != want {
		t.Error(got)
	}
}
