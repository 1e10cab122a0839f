package doctor

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"qunce/internal/pg"
	"qunce/internal/wecom/sim"
)

// A healthy installation is green wherever something can be examined.
func TestHealthy(t *testing.T) {
	r := newRig(t, world())
	r.exec(`INSERT INTO job_lease (name, owner, epoch, until_at) VALUES ('worker', 'host/1', 1, $1)`, r.wall.Now().Add(time.Minute))
	r.exec(`INSERT INTO corp_clock (id, now, accelerated, playing, speed, started_at) VALUES (1, $1, false, false, 1, $1) ON CONFLICT DO NOTHING`, r.wall.Now())
	found := r.examine(r.subject())
	for _, id := range IDs() {
		r.readable(found[id])
	}
	for _, id := range []string{"secret", "trusted_ip", "agent", "range", "whitelist", "seats", "public_url", "callback_url", "callback_guard", "callback_ips",
		"database", "schema", "extensions", "connections", "disk", "clock", "worker", "queues"} {
		if found[id].State != OK {
			t.Errorf("%s: %+v", id, found[id])
		}
	}
	for id, want := range map[string]string{"domain": "sandbox", "contacts_secret": "unset", "archive_secret": "unset", "archive": "unset", "statistics": "none", "binaries": "own_server", "secret_key": "lost",
		"callback_seen": "never", "callback_events": "quiet", "welcome": "none", "sync": "never"} {
		if found[id].Says != want {
			t.Errorf("%s: %+v, want %s", id, found[id], want)
		}
	}
	if len(found) != len(IDs()) {
		t.Errorf("%d findings of %d checks", len(found), len(IDs()))
	}
	// The token that the platform shares is not touched, and nothing else is either.
	for _, table := range []string{"wecom_token", "inbox_event", "audit_entry", "doctor_finding"} {
		var n int
		r.check(r.db.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n))
		if n != 0 {
			t.Errorf("the examination wrote to %s", table)
		}
	}
}

func TestCredentials(t *testing.T) {
	r := newRig(t, world())
	for _, c := range []struct {
		name   string
		change func()
		id     string
		state  State
		says   string
		then   string // what the check of the customer-contact API says
	}{
		{"secret", func() { r.corp.Secrets.Secret = "wrong" }, "secret", Fail, "wrong", "needs_secret"},
		{"corp id", func() { r.corp.CorpID = "wwother" }, "secret", Fail, "corp", "needs_secret"},
		{"no answer", func() { r.corp.Settings.WeComBaseURL = "http://127.0.0.1:1" }, "secret", Fail, "unreachable", "needs_wecom"},
		{"agent", func() { r.corp.AgentID = 1000009 }, "agent", Fail, "other", "ok"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := r.corp
			defer func() { r.corp = before }()
			c.change()
			r.finds(c.id, c.state, c.says)
			if got := r.examine(r.subject(), "whitelist")["whitelist"].Says; got != c.then {
				t.Errorf("the customer-contact API: %s, want %s", got, c.then)
			}
		})
	}
	f := r.finds("agent", OK, "ok")
	if f.Facts["name"] == "" {
		t.Errorf("the app has no name: %+v", f)
	}
}

// What WeCom refuses shows at the check that it is about, and the others point there.
func TestRefusals(t *testing.T) {
	r := newRig(t, world())
	refuse := func(m map[string]int) { r.check(r.sim.Faults(t.Context(), sim.Faults{Refuse: m})) }

	refuse(map[string]int{"agent/get": 60020, "department/list": 60020, "externalcontact/get_follow_user_list": 60020, "getcallbackip": 60020})
	f := r.finds("trusted_ip", Fail, "untrusted")
	if f.Facts["ip"] != "127.0.0.1" {
		t.Errorf("the address to add is %v", f.Facts["ip"])
	}
	for _, id := range []string{"agent", "range", "whitelist", "seats", "domain", "callback_ips"} {
		r.finds(id, Skipped, "needs_ip")
	}

	refuse(map[string]int{"externalcontact/get_follow_user_list": 48002})
	r.finds("whitelist", Fail, "missing")
	r.finds("seats", Skipped, "needs_whitelist")
	r.finds("trusted_ip", OK, "ok")

	refuse(map[string]int{"externalcontact/get_follow_user_list": 84074})
	r.finds("seats", Fail, "none")

	refuse(map[string]int{"agent/get": 50003})
	r.finds("agent", Fail, "closed")

	refuse(map[string]int{"agent/get": 301007})
	f = r.finds("agent", Fail, "refused")
	if f.Facts["errcode"] != 301007 || !strings.Contains(words(t).View("zh-CN", f).Found, "企业不可用") {
		t.Errorf("%+v: %s", f, words(t).View("zh-CN", f).Found)
	}

	refuse(nil)
	r.finds("agent", OK, "ok")
}

// What the administrator of the simulated corp set up at its console, and forgot to.
func TestPermissions(t *testing.T) {
	with := func(change func(*sim.World)) *rig {
		w := world()
		change(&w)
		return newRig(t, w)
	}
	r := with(func(w *sim.World) { w.Permissions.TrustedIPs = []string{"192.0.2.7"} })
	if f := r.finds("trusted_ip", Fail, "untrusted"); f.Facts["ip"] != "127.0.0.1" {
		t.Errorf("the address to add is %v", f.Facts["ip"])
	}
	r = with(func(w *sim.World) { w.Permissions.TrustedIPs = []string{"127.0.0.0/8"} })
	r.finds("trusted_ip", OK, "ok")
	r = with(func(w *sim.World) { w.Permissions.Revoked = []string{"customer_contact"} })
	r.finds("whitelist", Fail, "missing")
	r.finds("trusted_ip", OK, "ok")
	r = with(func(w *sim.World) { w.Permissions.Members = []string{"lina"} })
	if f := r.finds("range", OK, "part"); f.Facts["members"] != 1 {
		t.Errorf("members: %+v", f.Facts)
	}
	r.corp.Secrets.ContactsSecret = contactsSecret
	if f := r.finds("range", Warn, "partly"); f.Facts["total"] != 2 || f.Facts["hidden"] != 1 {
		t.Errorf("hidden: %+v", f.Facts)
	}
	if f := r.finds("contacts_secret", OK, "ok"); f.Facts["members"] != 2 {
		t.Errorf("everybody: %+v", f.Facts)
	}
	r.corp.Secrets.ContactsSecret = "wrong"
	r.finds("contacts_secret", Fail, "wrong")
	r.finds("range", OK, "part") // what cannot be known is not said
	r.corp.Secrets.ContactsSecret = secret
	r.finds("contacts_secret", Fail, "wrong") // the app's own

	r.corp.Secrets.ArchiveSecret = secret
	r.finds("archive_secret", Fail, "wrong")
	for says, archive := range map[string]*sim.Archive{"refused": nil, "no_seats": {}, "ok": {Members: []string{"lina"}}} {
		r = with(func(w *sim.World) { w.Archive = archive })
		r.corp.Secrets.ArchiveSecret = archiveSecret
		f := r.examine(r.subject(), "archive_secret")["archive_secret"]
		r.readable(f)
		if f.Says != says || says == "ok" && f.Facts["seats"] != 1 {
			t.Errorf("archive %s: %+v", says, f)
		}
	}

	r = with(func(w *sim.World) { w.Permissions.Disabled = true })
	if f := r.examine(r.subject(), "agent")["agent"]; f.State == OK {
		t.Errorf("a disabled app: %+v", f)
	}
	r = with(func(w *sim.World) { w.Permissions.Domains = []string{"qunce.example.cn"} })
	r.finds("domain", Fail, "other")
	host := strings.TrimPrefix(r.corp.Settings.PublicURL, "http://")
	r = with(func(w *sim.World) { w.Permissions.Domains = []string{host} })
	r.corp.Settings.PublicURL = "http://" + host
	r.finds("domain", Warn, "no_home")
}

func TestRangeAndSeats(t *testing.T) {
	w := world()
	w.Members[1].Hidden = true
	r := newRig(t, w)
	if f := r.finds("range", OK, "part"); f.Facts["members"] != 1 {
		t.Errorf("members: %+v", f.Facts)
	}
	// A member whom we work with and no longer see.
	r.exec(`INSERT INTO directory_staff (id, userid, name, name_key, active, updated_at) VALUES (1, 'wang', '王强', 'w', false, $1), (2, 'lina', '李娜', 'l', true, $1)`, r.wall.Now())
	r.exec(`INSERT INTO group_group (id, chat_id, name, name_key, owner_userid, owner_staff_id, store_id, status, created_at, read_at)
		VALUES (7, 'wrWEST', '群', 'q', 'wang', 1, 0, 'normal', $1, $1)`, r.wall.Now())
	if f := r.finds("range", Warn, "gone"); f.Facts["names"] != "王强" {
		t.Errorf("who is gone: %+v", f.Facts)
	}

	none := world()
	for i := range none.Members {
		none.Members[i].NoSeat = true
	}
	newRig(t, none).finds("seats", Fail, "none")

	w = world()
	w.Members[1].NoSeat = true
	r = newRig(t, w)
	r.finds("range", OK, "whole")
	if f := r.finds("seats", OK, "ok"); f.Facts["seats"] != 1 {
		t.Errorf("seats: %+v", f.Facts)
	}
	r.exec(`INSERT INTO directory_staff (id, userid, name, name_key, updated_at) VALUES (1, 'wang', '王强', 'w', $1), (2, 'lina', '李娜', 'l', $1)`, r.wall.Now())
	r.exec(`INSERT INTO livecode_code (id, kind, name, channel, token, way_state, status, staff_ids, created_at, updated_at)
		VALUES (5, 'staff', '码', 'poster', 't', 's', 'active', '{1,2}', $1, $1)`, r.wall.Now())
	if f := r.finds("seats", Warn, "without"); f.Facts["names"] != "王强" {
		t.Errorf("who has no seat: %+v", f.Facts)
	}
}

// The way of callbacks from outside in, with everything that proxies do to it.
func TestCallbackAddress(t *testing.T) {
	r := newRig(t, world())
	real := r.door
	around := func(before, after string, wait time.Duration) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			rec := httptest.NewRecorder()
			real.ServeHTTP(rec, q)
			select {
			case <-q.Context().Done():
			case <-time.After(wait):
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write([]byte(before + rec.Body.String() + after))
		})
	}
	fixed := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
	}
	for _, c := range []struct {
		name   string
		door   http.Handler
		public State
		url    State
		says   string
		guard  string
	}{
		{"as it should be", real, OK, OK, "ok", "ok"},
		{"another token", r.ourDoor("anotherTOKEN"), OK, Fail, "key", "ok"},
		{"a line behind it", around("", "\n", 0), OK, Fail, "changed", "ok"},
		{"a byte order mark", around("\xef\xbb\xbf", "", 0), Fail, Fail, "changed", "ok"},
		{"quotes", around(`"`, `"`, 0), Fail, Fail, "changed", "ok"},
		{"slow", around("", "", answerWithin+200*time.Millisecond), OK, Fail, "slow", "ok"},
		{"a redirect", fixed(301, ""), Fail, Fail, "redirect", "needs_callback"},
		{"a proxy without us", fixed(502, "Bad Gateway"), Fail, Fail, "status", "needs_callback"},
		{"somebody else", fixed(200, "<html>hello"), Fail, Fail, "other", "open"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.door = c.door
			found := r.examine(r.subject(), "public_url", "callback_url", "callback_guard")
			for _, f := range found {
				r.readable(f)
			}
			if found["public_url"].State != c.public || found["callback_url"].State != c.url || found["callback_url"].Says != c.says || found["callback_guard"].Says != c.guard {
				t.Errorf("%+v", found)
			}
		})
	}
	r.door = real

	r.corp.Settings.PublicURL = "http://127.0.0.1:1"
	r.finds("callback_url", Fail, "unreachable")
	s := r.subject()
	s.Verified = true
	if f := r.examine(s, "callback_url")["callback_url"]; f.State != Warn || f.Says != "only_outside" {
		t.Errorf("WeCom reached it: %+v", f)
	}
	r.exec(`INSERT INTO inbox_event (id, lane, urgent, received_at, corp_at, event, change_type, entity, userid, external_userid, chat_id, body, state, next_at, cause_id)
		VALUES (1, 0, false, $1, $1, 'x', '', '', '', '', '', '', 'done', $1, 1)`, r.wall.Now())
	r.finds("callback_url", Warn, "only_outside")
	r.corp.Secrets.EncodingAESKey = "short"
	r.finds("callback_url", Fail, "bad_key")
	r.corp.Secrets.CallbackToken = ""
	r.finds("callback_url", Skipped, "unset")
}

// Without a sandbox the address must be a public one. The network is bent so that example.com is this machine.
func TestPublicAddress(t *testing.T) {
	r := newRig(t, world())
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.door.ServeHTTP(w, q) }))
	t.Cleanup(secure.Close)
	bent := secure.Client().Transport.(*http.Transport).Clone()
	bent.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, secure.Listener.Addr().String())
	}
	examine := func(base, public string) Finding {
		t.Helper()
		c := r.corp
		c.Settings.WeComBaseURL, c.Settings.PublicURL = base, public
		d := Doctor{Wall: r.wall, HTTP: &http.Client{Transport: bent}}
		f := d.Examine(t.Context(), Subject{Corp: &c}, "public_url")[0]
		r.readable(f)
		return f
	}
	const real = "https://qyapi.weixin.qq.com"
	for _, local := range []string{r.corp.Settings.PublicURL, "https://192.168.1.5", "https://localhost:8443", "http://qunce", "https://[::1]", "https://shop.internal"} {
		if f := examine(real, local); f.State != Fail || f.Says != "local" {
			t.Errorf("%s: %+v", local, f)
		}
	}
	if f := examine(real, "https://other.example.net"); f.Says != "bad_certificate" {
		t.Errorf("a certificate for another name: %+v", f)
	}
	if f := examine(real, "https://example.com"); f.Says != "ok" && f.Says != "inside" || f.Facts["days"].(int) < certificateSoon {
		t.Errorf("good: %+v", f)
	}
	bent.TLSClientConfig.RootCAs = nil
	if f := examine(real, "https://example.com"); f.State != Fail || f.Says != "bad_certificate" {
		t.Errorf("a certificate nobody knows: %+v", f)
	}
}

func TestIsLocal(t *testing.T) {
	for host, want := range map[string]bool{"qunce.example.cn": false, "8.8.8.8": false, "2001:db8::1": false, "localhost": true, "qunce": true, "10.0.0.3": true,
		"172.16.1.1": true, "127.0.0.1": true, "::1": true, "100.64.0.1": true, "169.254.1.1": true, "fd00::1": true, "a.local": true, "x.example.com.": false} {
		if got := isLocal(host); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}

// Without a database or a corp, what can be examined is, and the rest says why not.
func TestWithLittle(t *testing.T) {
	r := newRig(t, world())
	bare := Subject{Machine: Machine{DataDir: r.dir + "/none", PublicURL: "http://127.0.0.1:1", Private: true}}
	found := r.examine(bare)
	for _, f := range found {
		r.readable(f)
	}
	want := []string{"database warn", "disk skipped", "public_url skipped", "schema skipped", "secret skipped", "secret_key skipped", "worker skipped"}
	if got := states(found, "database", "secret", "worker", "schema", "disk", "secret_key", "public_url"); !slices.Equal(got, want) {
		t.Errorf("nothing runs: %v", got)
	}
	if found["secret"].Says != "no_settings" {
		t.Errorf("%+v", found["secret"])
	}
	down := bare
	down.Machine.Down = context.DeadlineExceeded
	if f := r.examine(down, "database")["database"]; f.State != Fail || f.Says != "unreachable" {
		t.Errorf("a database that does not answer: %+v", f)
	}
	if f := r.examine(Subject{Pool: r.pool}, "secret")["secret"]; f.Says != "no_corp" {
		t.Errorf("no corp: %+v", f)
	}
	draft := r.subject()
	draft.Draft = true
	found = r.examine(draft)
	for _, f := range found {
		r.readable(f)
	}
	if found["sync"].Says != "draft" || found["agent"].State != OK || found["seats"].State != OK || found["callback_url"].State != OK {
		t.Errorf("while it is set up: %+v", found)
	}
	closed, err := pg.Open(t.Context(), pg.Options{URL: r.pool.URL()})
	r.check(err)
	closed.Close()
	if f := r.examine(Subject{Pool: closed}, "database")["database"]; f.State != Fail {
		t.Errorf("a closed pool: %+v", f)
	}
}

// A check that hangs or panics spoils no other.
func TestOneCheckSpoilsNoOther(t *testing.T) {
	r := newRig(t, world())
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	r.door = http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		select {
		case <-hang:
		case <-q.Context().Done():
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	found := byCheck(r.doctor().Examine(ctx, r.subject(), "callback_url", "agent"))
	if found["callback_url"].Says != "timeout" || found["agent"].State != OK {
		t.Errorf("%+v", found)
	}
	d := Doctor{Wall: r.wall}
	f := d.one(t.Context(), check{id: "x", run: func(*exam, context.Context) Finding { panic("boom") }}, &exam{})
	if f.State != Unknown || f.Says != "failed" || f.Facts["reason"] != "boom" {
		t.Errorf("%+v", f)
	}
}
