package auth

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/errs"
)

func TestLoginLimitPerEmail(t *testing.T) {
	w := newWorld(t)
	w.user(actor.Owner, "owner@example.cn")
	b := w.browser()
	for i := range emailLimit.free {
		b.login("owner@example.cn", "wrong").want(t, 401)
		b.address = fmt.Sprintf("203.0.113.%d:1", i) // the address does not matter
	}
	b.login("owner@example.cn", "wrong").want(t, 401) // the first that costs a wait
	if w.recorded("auth.locked") != 1 {
		t.Errorf("audits = %q", w.audits)
	}
	a := b.login("OWNER@example.cn", goodPassword).want(t, 429)
	if a.code() != "auth.too_many" || !strings.Contains(a.body, `"seconds":2`) {
		t.Errorf("answer = %s", a.body)
	}
	w.user(actor.Operator, "second@example.cn")
	b.login("second@example.cn", goodPassword).want(t, 200) // others are not held up
	w.wall.Set(start.Add(firstWait))
	b.login("owner@example.cn", "wrong").want(t, 401)
	b.login("owner@example.cn", goodPassword).want(t, 429)
	w.wall.Set(start.Add(3 * firstWait))
	b.login("owner@example.cn", goodPassword).want(t, 200)
	for range emailLimit.free { // success starts the count over
		b.login("owner@example.cn", "wrong").want(t, 401)
	}
	b.login("owner@example.cn", goodPassword).want(t, 200)
}

func TestLoginLimitPerAddress(t *testing.T) {
	w := newWorld(t)
	w.user(actor.Owner, "owner@example.cn")
	b := w.browser()
	for i := range addressLimit.free + 1 {
		b.login(fmt.Sprintf("guess%d@example.cn", i), "wrong").want(t, 401)
	}
	b.login("owner@example.cn", goodPassword).want(t, 429)
	b.address = "198.51.100.1:1"
	b.login("owner@example.cn", goodPassword).want(t, 200)
}

// Tries made at once are all counted: no more get through than one after the other.
func TestLoginLimitRaced(t *testing.T) {
	w := newWorld(t)
	w.user(actor.Owner, "owner@example.cn")
	var tried atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := w.Login(t.Context(), "owner@example.cn", "wrong", From{Address: netip.MustParseAddr("203.0.113.1")})
			switch {
			case errs.Is(err, "auth.bad_login"):
				tried.Add(1)
			case !errs.Is(err, "auth.too_many"):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := tried.Load(); n != int64(emailLimit.free)+1 {
		t.Errorf("%d tries got through, want %d", n, emailLimit.free+1)
	}
}

func TestWait(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		0: 0, 5: 0, 6: 2 * time.Second, 7: 4 * time.Second, 8: 8 * time.Second, 14: 512 * time.Second, 15: 15 * time.Minute, 1000: 15 * time.Minute,
	} {
		if got := emailLimit.wait(failures); got != want {
			t.Errorf("wait(%d) = %s, want %s", failures, got, want)
		}
	}
}

func TestLimitSubjects(t *testing.T) {
	key := func(s string) string { return byAddress(netip.MustParseAddr(s)).key }
	if key("2001:db8:1:2::1") != key("2001:db8:1:2:ffff::9") || key("2001:db8:1:2::1") == key("2001:db8:1:3::1") {
		t.Error("an IPv6 subscriber is 64 bits")
	}
	if key("203.0.113.1") == key("203.0.113.2") {
		t.Error("IPv4 addresses are told apart")
	}
	if s := byEmail("my secret password"); strings.Contains(s.key, "secret") {
		t.Error("what was typed is kept")
	}
}

func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.1:5", "", "203.0.113.1"},
		{"203.0.113.1:5", "1.2.3.4", "203.0.113.1"}, // not a proxy of ours: its word is nothing
		{"127.0.0.1:5", "1.2.3.4", "1.2.3.4"},
		{"127.0.0.1:5", "6.6.6.6, 1.2.3.4, 10.1.1.1", "1.2.3.4"}, // what the client wrote itself stands further left
		{"127.0.0.1:5", "rubbish", "127.0.0.1"},
		{"127.0.0.1:5", "", "127.0.0.1"},
		{"[::ffff:203.0.113.1]:5", "", "203.0.113.1"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := ClientAddress(r, proxies).String(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
