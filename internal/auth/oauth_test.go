package auth

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/actor"
)

// begin opens /staff/login and returns the state WeCom is given.
func (b *browser) begin(path string) string {
	b.w.t.Helper()
	a := b.do("GET", path, nil).want(b.w.t, 302)
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		b.w.t.Fatal(err)
	}
	q := to.Query()
	if to.Host != "open.weixin.qq.com" || q.Get("appid") != "wwtest" || q.Get("agentid") != "7" ||
		q.Get("redirect_uri") != "https://q.example.cn/staff/callback" || len(q.Get("state")) < 20 {
		b.w.t.Fatalf("redirect to %s", to)
	}
	return q.Get("state")
}

func TestStaffSignIn(t *testing.T) {
	w := newWorld(t)
	w.codes["c1"] = `"userid":"zhangsan"`
	b := w.browser()
	state := b.begin("/staff/login?next=/staff/customers?q=1")
	a := b.do("GET", "/staff/callback?code=c1&state="+state, nil).want(t, 302)
	if got := a.header.Get("Location"); got != "/staff/customers?q=1" {
		t.Errorf("back to %s", got)
	}
	c := b.cookies["qunce_staff"]
	if c == nil || c.Path != "/staff" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode {
		t.Fatalf("cookie = %+v", c)
	}
	if b.cookies[stateCookie] != nil {
		t.Error("the state's cookie stays")
	}
	var who actor.Actor
	b.do("GET", "/staff/api/x", nil).into(t, &who)
	want := actor.Actor{UserID: who.UserID, StaffID: 501, Name: "张三", Role: actor.Staff, Scope: actor.Scope{Staff: 501}}
	if d := cmp.Diff(want, who); d != "" || who.UserID == 0 {
		t.Error(d)
	}
	if n := w.count(`SELECT count(*) FROM auth_user WHERE email = '' AND password_hash = '' AND role = 'staff' AND staff_id = 501`); n != 1 {
		t.Errorf("%d users", n)
	}
	// The same person again is the same user.
	w.codes["c2"] = `"userid":"zhangsan"`
	state = b.begin("/staff/login")
	b.do("GET", "/staff/callback?code=c2&state="+state, nil).want(t, 302)
	if n := w.count(`SELECT count(*) FROM auth_user`); n != 1 {
		t.Errorf("%d users", n)
	}
	if w.recorded("auth.sign_in") != 2 || w.recorded("user.create") != 1 {
		t.Errorf("audits = %q", w.audits)
	}
	if err := w.SignOutStaff(t.Context(), []int64{501}); err != nil {
		t.Fatal(err)
	}
	b.do("GET", "/staff/api/x", nil).into(t, &who)
	if who.Role != "" {
		t.Errorf("who left is still in: %+v", who)
	}
}

// Whatever a person is in the console, on the staff pages they are staff.
func TestStaffPagesNarrowTheRole(t *testing.T) {
	w := newWorld(t)
	u := w.user(actor.Owner, "owner@example.cn")
	w.exec(`UPDATE auth_user SET staff_id = 501 WHERE id = $1`, u.ID)
	w.codes["c1"] = `"userid":"zhangsan"`
	b := w.browser()
	state := b.begin("/staff/login")
	b.do("GET", "/staff/callback?code=c1&state="+state, nil).want(t, 302)
	var who actor.Actor
	b.do("GET", "/staff/api/x", nil).into(t, &who)
	if who.UserID != u.ID || who.Role != actor.Staff || who.Scope.All || who.Scope.Staff != 501 {
		t.Errorf("who = %+v", who)
	}
	if n := w.count(`SELECT count(*) FROM auth_user`); n != 1 {
		t.Error("a second user was made")
	}
}

func TestStaffSignInRefused(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		answer, code string
		change       func(b *browser, state *string)
		want         string
	}{
		"no state":          {answer: `"userid":"zhangsan"`, change: func(_ *browser, s *string) { *s = "" }, want: "auth.oauth_state"},
		"another's state":   {answer: `"userid":"zhangsan"`, change: func(_ *browser, s *string) { *s = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" }, want: "auth.oauth_state"},
		"another's browser": {answer: `"userid":"zhangsan"`, change: func(b *browser, _ *string) { delete(b.cookies, stateCookie) }, want: "auth.oauth_state"},
		"forged cookie": {answer: `"userid":"zhangsan"`, change: func(b *browser, s *string) {
			evil := New(Deps{CookieKey: []byte("another key")})
			b.cookies[stateCookie].Value = evil.sealState(signInState{State: *s, Next: "/staff/", Expires: start.Add(time.Hour)})
		}, want: "auth.oauth_state"},
		"changed cookie": {answer: `"userid":"zhangsan"`, change: func(b *browser, _ *string) {
			b.cookies[stateCookie].Value = "A" + b.cookies[stateCookie].Value
		}, want: "auth.oauth_state"},
		"bad code":   {code: "unknown", want: "auth.oauth_code"},
		"no code":    {code: "-", want: "auth.oauth_code"},
		"not member": {answer: `"openid":"o1","external_userid":"wm1"`, want: "auth.not_member"},
		"left":       {answer: `"userid":"gone"`, want: "auth.unknown_staff"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.answer != "" {
				w.mu.Lock()
				w.codes["c"] = c.answer
				w.mu.Unlock()
			}
			b := w.browser()
			state := b.begin("/staff/login")
			if c.change != nil {
				c.change(b, &state)
			}
			code := "c"
			if c.code != "" {
				code = strings.Trim(c.code, "-")
			}
			a := b.do("GET", "/staff/callback?code="+code+"&state="+state, nil).want(t, 403)
			if !strings.Contains(a.body, c.want) || !strings.Contains(a.body, "重新登录") || b.cookies["qunce_staff"] != nil {
				t.Errorf("page = %s", a.body)
			}
		})
	}
	if n := w.count(`SELECT count(*) FROM auth_session`); n != 0 {
		t.Errorf("%d sessions", n)
	}

	b := w.browser()
	state := b.begin("/staff/login")
	w.wall.Set(start.Add(stateLife))
	w.codes["late"] = `"userid":"zhangsan"`
	b.do("GET", "/staff/callback?code=late&state="+state, nil).want(t, 403)

	w.exec(`INSERT INTO auth_user (id, corp, name, email, role, staff_id, disabled, created_at) VALUES (1, $1, '张三', '', 'staff', 501, true, $2)`, w.Schema, start)
	state = b.begin("/staff/login")
	if a := b.do("GET", "/staff/callback?code=late&state="+state, nil).want(t, 403); !strings.Contains(a.body, "auth.disabled") {
		t.Errorf("page = %s", a.body)
	}
}

// Five first visits at once make one user.
func TestStaffUserRaced(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	ids := make([]int64, 5)
	for i := range ids {
		wg.Go(func() {
			u, err := w.staffUser(t.Context(), 501, "张三")
			if err != nil {
				t.Error(err)
			}
			ids[i] = u.ID
		})
	}
	wg.Wait()
	for _, got := range ids {
		if got != ids[0] || got == 0 {
			t.Fatalf("ids = %v", ids)
		}
	}
	if n := w.recorded("user.create"); n != 1 {
		t.Errorf("recorded %d times", n)
	}
}

func TestStaffPath(t *testing.T) {
	for next, want := range map[string]string{
		"": "/staff/", "/staff/": "/staff/", "/staff/tasks/12?a=/b": "/staff/tasks/12?a=/b",
		"https://evil.cn/staff/": "/staff/", "//evil.cn/staff/": "/staff/", "/staff": "/staff/", "/api/x": "/staff/",
		"/staff/../api/auth/logout": "/staff/", "/staff/\\evil.cn": "/staff/", "/staff/\r\nSet-Cookie: a=b": "/staff/",
	} {
		if got := staffPath(next); got != want {
			t.Errorf("staffPath(%q) = %q, want %q", next, got, want)
		}
	}
}
