package auth

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/pg"
)

func TestLogin(t *testing.T) {
	w := newWorld(t)
	u := w.user(actor.Owner, "owner@example.cn")
	b := w.browser()
	if got := b.do("GET", "/api/me", nil).want(t, 401).code(); got != "auth.sign_in" {
		t.Errorf("before: %s", got)
	}
	a := b.login(" Owner@Example.cn ", goodPassword).want(t, 200)
	if len(a.cookies) != 1 {
		t.Fatalf("cookies = %v", a.cookies)
	}
	c := a.cookies[0]
	if c.Name != "qunce" || c.Path != "/" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 7*24*3600 {
		t.Errorf("cookie = %+v", c)
	}
	if strings.Contains(a.body, c.Value) {
		t.Error("the token stands in the body, where scripts can read it")
	}
	var me struct {
		User struct {
			ID          int64
			Role        string
			Permissions []string
		}
		Corp struct {
			Name        string
			Accelerated bool
			Now         time.Time
		}
		MustSetPassword bool `json:"must_set_password"`
	}
	b.do("GET", "/api/me", nil).want(t, 200).into(t, &me)
	if me.User.ID != u.ID || me.User.Role != "owner" || len(me.User.Permissions) != len(AllPermissions()) || me.MustSetPassword ||
		me.Corp.Name != "一间茶铺" || !me.Corp.Accelerated || !me.Corp.Now.Equal(start.AddDate(0, 0, 3)) {
		t.Errorf("me = %+v", me)
	}
	var stored []byte
	if err := w.DB.QueryRow(t.Context(), `SELECT token_hash FROM auth_session`).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if hash, _ := hashToken(c.Value); string(hash) != string(stored) {
		t.Error("not the token's hash is stored")
	}
	if w.recorded("auth.sign_in "+object(u.ID)+" by "+u.Name) != 1 {
		t.Errorf("audits = %q", w.audits)
	}
	b.do("POST", "/api/auth/logout", fields{}).want(t, 200)
	if len(b.cookies) != 0 {
		t.Error("the cookie stays")
	}
	b.cookies["qunce"] = c
	b.do("GET", "/api/me", nil).want(t, 401)
	if w.recorded("auth.sign_out") != 1 {
		t.Errorf("audits = %q", w.audits)
	}
}

// All refusals look alike, so that nobody learns which addresses have accounts.
func TestLoginRefusals(t *testing.T) {
	w := newWorld(t)
	w.user(actor.Owner, "owner@example.cn")
	off := w.user(actor.Operator, "off@example.cn")
	w.exec(`UPDATE auth_user SET disabled = true WHERE id = $1`, off.ID)
	fresh, err := w.CreateUser(t.Context(), NewUser{Name: "新人", Email: "fresh@example.cn", Role: actor.Analyst})
	if err != nil {
		t.Fatal(err)
	}
	other := w.user(actor.Owner, "other@example.cn")
	w.exec(`UPDATE auth_user SET corp = 'corp_other' WHERE id = $1`, other.ID)
	b := w.browser()
	bodies := map[string]bool{}
	for _, c := range []struct{ email, password string }{
		{"owner@example.cn", "wrong password"}, {"owner@example.cn", ""}, {"nobody@example.cn", goodPassword}, {"not an address", goodPassword},
		{"off@example.cn", goodPassword}, {fresh.Email, ""}, {fresh.Email, "anything at all"}, {"other@example.cn", goodPassword},
	} {
		a := b.login(c.email, c.password).want(t, 401)
		bodies[a.body] = true
		if a.code() != "auth.bad_login" || len(a.cookies) != 0 {
			t.Errorf("%s: %s, cookies %v", c.email, a.body, a.cookies)
		}
	}
	if len(bodies) != 1 {
		t.Errorf("the answers differ: %v", bodies)
	}
}

// Many people click one link at once: one gets in, once.
func TestLinkRaced(t *testing.T) {
	w := newWorld(t)
	u := w.user(actor.Operator, "op@example.cn")
	for round := range 3 {
		token, err := w.NewLink(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		before := w.count(`SELECT count(*) FROM auth_session`)
		var in atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				got, err := w.UseLink(t.Context(), token, From{Address: netip.AddrFrom4([4]byte{10, 0, byte(round), byte(i)})})
				switch {
				case err == nil && got.MustSetPassword && got.User.ID == u.ID:
					in.Add(1)
				case !errs.Is(err, "auth.bad_link"):
					t.Error(got, err)
				}
			})
		}
		wg.Wait()
		if n := in.Load(); n != 1 {
			t.Fatalf("the link let %d in", n)
		}
		if n := w.count(`SELECT count(*) FROM auth_session`) - before; n != 1 {
			t.Fatalf("%d sessions were made", n)
		}
	}
	if w.recorded("auth.sign_in") != 3 {
		t.Errorf("audits = %q", w.audits)
	}
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.DB.QueryRow(w.t.Context(), sql, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestLink(t *testing.T) {
	w := newWorld(t)
	u, err := w.CreateUser(t.Context(), NewUser{Name: "新店长", Email: "new@example.cn", Role: actor.Operator})
	if err != nil {
		t.Fatal(err)
	}
	first, err := w.NewLink(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.NewLink(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if n := w.count(`SELECT count(*) FROM auth_link WHERE position($1 IN encode(token_hash, 'escape')) > 0`, second); n != 0 {
		t.Error("the token itself is stored")
	}
	b := w.browser()
	for name, token := range map[string]string{"replaced": first, "no token": "", "another's": strings.Repeat("A", 43), "long": strings.Repeat("A", 90)} {
		if got := b.do("POST", "/api/auth/link", fields{"token": token}).want(t, 401).code(); got != "auth.bad_link" {
			t.Errorf("%s: %s", name, got)
		}
	}
	w.wall.Set(start.Add(linkLife))
	b.do("POST", "/api/auth/link", fields{"token": second}).want(t, 401)

	third, err := w.NewLink(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	a := b.do("POST", "/api/auth/link", fields{"token": third}).want(t, 200)
	if !strings.Contains(a.body, `"must_set_password":true`) {
		t.Error(a.body)
	}
	// Nothing but setting the password is allowed.
	if got := b.do("GET", "/api/customers", nil).want(t, 403).code(); got != "auth.forbidden" {
		t.Errorf("without a password: %s", got)
	}
	b.do("GET", "/api/me", nil).want(t, 200)
	for password, code := range map[string]string{
		"7 signs": "auth.password_short", "qwertyuiop": "auth.password_common", "1111111111111": "auth.password_common",
		"new@example.cn": "auth.password_common", strings.Repeat("长", 201): "auth.password_long",
	} {
		a := b.do("POST", "/api/auth/password", fields{"new_password": password}).want(t, 422)
		if a.code() != code || !strings.Contains(a.body, `"field":"new_password"`) || strings.Contains(a.body, password) {
			t.Errorf("%q: %s", password, a.body)
		}
	}
	b.do("POST", "/api/auth/password", fields{"new_password": goodPassword}).want(t, 200)
	b.do("GET", "/api/customers", nil).want(t, 200)
	w.browser().login("new@example.cn", goodPassword).want(t, 200)
	w.wall.Set(start.Add(linkLife + pendingLife + time.Minute))
	b.do("GET", "/api/me", nil).want(t, 200) // the session now lives as long as any
}

func TestPendingSessionIsShort(t *testing.T) {
	w := newWorld(t)
	u := w.user(actor.Operator, "op@example.cn")
	token, err := w.NewLink(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	b.do("POST", "/api/auth/link", fields{"token": token}).want(t, 200)
	w.wall.Set(start.Add(pendingLife))
	b.do("GET", "/api/me", nil).want(t, 401)
}

func TestLinkIsRefused(t *testing.T) {
	w := newWorld(t)
	u := w.user(actor.Operator, "op@example.cn")
	token, err := w.NewLink(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.exec(`UPDATE auth_user SET disabled = true WHERE id = $1`, u.ID)
	if _, err := w.UseLink(t.Context(), token, From{}); !errs.Is(err, "auth.bad_link") {
		t.Errorf("a disabled user's link: %v", err)
	}
	if _, err := w.NewLink(t.Context(), u.ID); !errs.Is(err, "auth.disabled") {
		t.Errorf("for a disabled user: %v", err)
	}
	w.exec(`UPDATE auth_user SET disabled = false, email = '' WHERE id = $1`, u.ID)
	if _, err := w.NewLink(t.Context(), u.ID); !errs.Is(err, "auth.no_email") {
		t.Errorf("without an address: %v", err)
	}
	w.exec(`UPDATE auth_user SET corp = 'corp_other' WHERE id = $1`, u.ID)
	if _, err := w.UseLink(t.Context(), token, From{}); !errs.Is(err, "auth.bad_link") {
		t.Errorf("another corp's link: %v", err)
	}
	if _, err := w.NewLink(t.Context(), u.ID); !errs.Is(err, "auth.no_user") {
		t.Errorf("another corp's user: %v", err)
	}
}

// Nobody enters unrecorded.
func TestNoEntryWithoutRecord(t *testing.T) {
	w := newWorld(t)
	u := w.user(actor.Owner, "owner@example.cn")
	token, err := w.NewLink(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.noAudit = errors.New("the log is full")
	w.codes["c1"] = `"userid":"zhangsan"`
	b := w.browser()
	b.login("owner@example.cn", goodPassword).want(t, 500)
	b.do("POST", "/api/auth/link", fields{"token": token}).want(t, 500)
	if _, err := w.staffSignIn(t.Context(), "c1", From{}); err == nil {
		t.Error("a member of staff got in")
	}
	if n := w.count(`SELECT count(*) FROM auth_session`); n != 0 || len(b.cookies) != 0 {
		t.Errorf("%d sessions, cookies %v", n, b.cookies)
	}
	if _, err := w.NewLink(t.Context(), u.ID); err == nil {
		t.Error("an unrecorded link")
	}
	if n := w.count(`SELECT count(*) FROM auth_link WHERE used_at IS NULL`); n != 0 {
		t.Error("an unrecorded link stays")
	}
}

func TestSessionExpiry(t *testing.T) {
	w := newWorld(t)
	u := w.user(actor.Owner, "owner@example.cn")
	b := w.browser()
	b.login("owner@example.cn", goodPassword).want(t, 200)
	w.wall.Set(start.Add(idleLife - time.Second))
	b.do("GET", "/api/me", nil).want(t, 200) // which counts as activity
	var seen time.Time
	if err := w.DB.QueryRow(t.Context(), `SELECT last_seen_at FROM auth_user WHERE id = $1`, u.ID).Scan(&seen); err != nil || !seen.Equal(w.wall.Now()) {
		t.Errorf("last seen %v, %v", seen, err)
	}
	w.wall.Set(start.Add(2*idleLife - 2*time.Second))
	b.do("GET", "/api/me", nil).want(t, 200)
	w.wall.Set(start.Add(3 * idleLife))
	b.do("GET", "/api/me", nil).want(t, 401) // idle

	begun := w.wall.Now()
	b.login("owner@example.cn", goodPassword).want(t, 200)
	for at := time.Duration(0); at < sessionLife; at += idleLife / 2 {
		w.wall.Set(begun.Add(at))
		b.do("GET", "/api/me", nil).want(t, 200)
	}
	w.wall.Set(begun.Add(sessionLife))
	b.do("GET", "/api/me", nil).want(t, 401) // too old, however busy
	n, err := w.Sweep(t.Context())
	if err != nil || n < 2 {
		t.Errorf("Sweep = %d, %v", n, err)
	}
	if left := w.count(`SELECT count(*) FROM auth_session`); left != 0 {
		t.Errorf("%d sessions left", left)
	}
}

func TestForgedCookies(t *testing.T) {
	w := newWorld(t)
	w.user(actor.Owner, "owner@example.cn")
	b := w.browser()
	b.login("owner@example.cn", goodPassword).want(t, 200)
	token := b.cookies["qunce"].Value
	var stored []byte
	if err := w.DB.QueryRow(t.Context(), `SELECT token_hash FROM auth_session`).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	flipped := "A" + token[1:]
	if token[0] == 'A' {
		flipped = "B" + token[1:]
	}
	for name, value := range map[string]string{
		"flipped": flipped, "cut": token[:42], "longer": token + "A", "padded": token + "=", "empty": "", "the hash": fmt.Sprintf("%x", stored),
		"zeroes": strings.Repeat("A", 43), "sql": "' OR 1=1 --", "the id": "1",
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/me", nil)
		r.Header.Set("Cookie", "qunce="+value)
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if rec.Code != 401 {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
	// A cookie of the console is nothing on the staff pages, and the other way round.
	b.cookies = map[string]*http.Cookie{"qunce_staff": {Name: "qunce_staff", Value: token, Path: "/staff"}}
	var who actor.Actor
	b.do("GET", "/staff/api/x", nil).into(t, &who)
	if who.Role != "" {
		t.Errorf("the console's session on the staff pages: %+v", who)
	}
	w.exec(`UPDATE auth_session SET kind = 'staff'`)
	b.cookies = map[string]*http.Cookie{"qunce": {Name: "qunce", Value: token, Path: "/"}}
	b.do("GET", "/api/me", nil).want(t, 401)
	// Another corp's session is none here.
	w.exec(`UPDATE auth_session SET kind = 'console'`)
	b.do("GET", "/api/me", nil).want(t, 200)
	w.exec(`UPDATE auth_user SET corp = 'corp_other'`)
	b.do("GET", "/api/me", nil).want(t, 401)
}

func TestIdentityIsNeverTakenFromTheRequest(t *testing.T) {
	w := newWorld(t)
	u := w.user(actor.Owner, "owner@example.cn")
	r := httptest.NewRequestWithContext(t.Context(), "GET", fmt.Sprintf("/api/customers?user_id=%d&role=owner", u.ID), nil)
	r.Header.Set("X-User-Id", fmt.Sprint(u.ID))
	r.Header.Set("Authorization", "Bearer owner")
	r = r.WithContext(actor.With(r.Context(), actor.SystemActor())) // even what an earlier handler left is replaced
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if rec.Code != 401 {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
}

// A database that is away must not look like "not signed in".
func TestUnreadableSession(t *testing.T) {
	w := newWorld(t)
	w.user(actor.Owner, "owner@example.cn")
	b := w.browser()
	b.login("owner@example.cn", goodPassword).want(t, 200)
	w.exec(`ALTER TABLE auth_session RENAME TO gone`)
	if got := b.do("GET", "/api/me", nil).want(t, 503).code(); got != "auth.unavailable" {
		t.Errorf("code = %s", got)
	}
}

func TestScopes(t *testing.T) {
	w := newWorld(t)
	boss := w.user(actor.StoreManager, "manager@example.cn")
	for _, role := range []actor.Role{actor.Owner, actor.Operator, actor.Analyst} {
		w.user(role, string(role)+"@example.cn")
	}
	none := w.user(actor.StoreManager, "none@example.cn")
	w.exec(`UPDATE auth_user SET store_ids = '{}', department_ids = '{71}' WHERE id = $1`, none.ID)
	seller := w.user(actor.Operator, "seller@example.cn")
	w.exec(`UPDATE auth_user SET role = 'staff', staff_id = 501 WHERE id = $1`, seller.ID)
	for email, want := range map[string]actor.Actor{
		"manager@example.cn":  {Role: actor.StoreManager, Scope: actor.Scope{Stores: []int64{1, 2, 3}}},
		"none@example.cn":     {Role: actor.StoreManager, Scope: actor.Scope{}},
		"owner@example.cn":    {Role: actor.Owner, Scope: actor.Scope{All: true}},
		"operator@example.cn": {Role: actor.Operator, Scope: actor.Scope{All: true}},
		"analyst@example.cn":  {Role: actor.Analyst, Scope: actor.Scope{All: true}, Masked: true},
		"seller@example.cn":   {Role: actor.Staff, StaffID: 501, Scope: actor.Scope{Staff: 501}},
	} {
		b := w.browser()
		b.login(email, goodPassword).want(t, 200)
		var got actor.Actor
		b.do("GET", "/api/customers", nil).want(t, 200).into(t, &got)
		want.Name = "用户 " + email
		want.UserID = got.UserID
		if d := cmp.Diff(want, got); d != "" || got.UserID == 0 {
			t.Errorf("%s: %s", email, d)
		}
	}
	// A change of the person applies to the session they have.
	b := w.browser()
	b.login(boss.Email, goodPassword).want(t, 200)
	stores := []int64{2}
	departments := []int64{}
	if _, err := w.UpdateUser(t.Context(), boss.ID, Change{StoreIDs: &stores, DepartmentIDs: &departments}); err != nil {
		t.Fatal(err)
	}
	var got actor.Actor
	b.do("GET", "/api/customers", nil).into(t, &got)
	if !slices.Equal(got.Scope.Stores, stores) {
		t.Errorf("scope = %+v", got.Scope)
	}
}

func TestChangePassword(t *testing.T) {
	w := newWorld(t)
	u := w.user(actor.Owner, "owner@example.cn")
	here, there := w.browser(), w.browser()
	here.login("owner@example.cn", goodPassword).want(t, 200)
	there.login("owner@example.cn", goodPassword).want(t, 200)
	token, err := w.NewLink(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	const next = "another good sentence"
	if got := here.do("POST", "/api/auth/password", fields{"new_password": next, "current": "wrong"}).want(t, 422).code(); got != "auth.bad_password" {
		t.Errorf("code = %s", got)
	}
	here.do("POST", "/api/auth/password", fields{"new_password": next}).want(t, 422)
	here.do("POST", "/api/auth/password", fields{"new_password": next, "current": goodPassword}).want(t, 200)
	here.do("GET", "/api/me", nil).want(t, 200)
	there.do("GET", "/api/me", nil).want(t, 401) // whoever else was in is out
	there.do("POST", "/api/auth/link", fields{"token": token}).want(t, 401)
	there.login("owner@example.cn", goodPassword).want(t, 401)
	there.login("owner@example.cn", next).want(t, 200)
	if w.recorded("auth.password "+object(u.ID)) != 1 {
		t.Errorf("audits = %q", w.audits)
	}
	for range emailLimit.free + 1 { // somebody at an open desk cannot guess for ever
		here.do("POST", "/api/auth/password", fields{"new_password": goodPassword, "current": "wrong"}).want(t, 422)
	}
	here.do("POST", "/api/auth/password", fields{"new_password": goodPassword, "current": next}).want(t, 429)
}

func TestWeakHashIsRenewed(t *testing.T) {
	w := newWorld(t)
	u := w.user(actor.Owner, "owner@example.cn")
	weak := params{memory: 64, passes: 1, lanes: 1}
	salt := []byte("sixteen bytes ok")
	key, err := w.hasher.key(t.Context(), goodPassword, salt, weak, hashSize)
	if err != nil {
		t.Fatal(err)
	}
	w.exec(`UPDATE auth_user SET password_hash = $2 WHERE id = $1`, u.ID, encode(weak, salt, key))
	w.browser().login("owner@example.cn", goodPassword).want(t, 200)
	got, err := userByID(t.Context(), w.DB, w.Schema, u.ID)
	if err != nil || !strings.HasPrefix(got.passwordHash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash = %s, %v", got.passwordHash, err)
	}
	w.browser().login("owner@example.cn", goodPassword).want(t, 200)
}

func TestDecodeHash(t *testing.T) {
	good := encode(cost(), make([]byte, saltSize), make([]byte, hashSize))
	if _, _, _, err := decode(good); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", "plain", good[1:], strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=19456", "m=99999999", 1), strings.Replace(good, "t=2", "t=0", 1), good[:len(good)-30], good + "$x",
	} {
		if _, _, _, err := decode(bad); !errs.Is(err, "auth.bad_hash") {
			t.Errorf("decode(%q): %v", bad, err)
		}
	}
}

func TestSecureCookie(t *testing.T) {
	for _, c := range []struct {
		public string
		tls    bool
		want   bool
	}{{"http://127.0.0.1:8080", false, false}, {"http://127.0.0.1:8080", true, true}, {"https://q.cn", false, true}} {
		s := New(Deps{PublicURL: c.public})
		r := &http.Request{}
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		if got := s.cookie(r, "qunce", "/", "x").Secure; got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestTables(t *testing.T) {
	w := newWorld(t)
	for _, s := range pg.CheckTables(t.Context(), w.DB, Tables()) {
		if strings.Contains(s, "auth_") {
			t.Error(s)
		}
	}
}
