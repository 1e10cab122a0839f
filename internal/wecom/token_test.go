package wecom

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qunce/internal/clock"
)

// storm is a WeCom that lets so many calls come, refuses them all with 40014, and then works; it counts tokens asked for.
type storm struct {
	calls  int
	signed atomic.Int64
	came   atomic.Int64
	all    chan struct{}
	same   bool // gettoken keeps answering the old token, as WeCom does while it thinks it valid
}

func (s *storm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/gettoken") {
		n := s.signed.Add(1)
		if s.same {
			n = 1
		}
		_, _ = fmt.Fprintf(w, `{"errcode":0,"access_token":"T%d","expires_in":7200}`, n)
		return
	}
	if n := s.came.Add(1); n <= int64(s.calls) {
		if n == int64(s.calls) {
			close(s.all)
		}
		<-s.all
		_, _ = fmt.Fprint(w, `{"errcode":40014,"errmsg":"invalid access_token"}`)
		return
	}
	_, _ = fmt.Fprint(w, `{"errcode":0,"follow_user":["lina"]}`)
}

// However many calls meet a stale token at once, one token is fetched, also when WeCom answers the old one again.
func TestStormOfStaleTokens(t *testing.T) {
	for _, same := range []bool{false, true} {
		s := &storm{calls: 40, all: make(chan struct{}), same: same}
		srv := httptest.NewServer(s)
		t.Cleanup(srv.Close)
		c := New(Config{BaseURL: srv.URL, CorpID: "ww", Secret: "s"})
		if _, err := c.Token(context.Background()); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range s.calls {
			wg.Go(func() {
				if _, err := c.FollowUsers(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := s.signed.Load(); n != 2 {
			t.Errorf("%d tokens were fetched (WeCom answers the same: %v)", n, same)
		}
	}
}

// A secret that WeCom refuses is shown to it rarely; a new secret at once.
func TestRefusedSecretIsNotHammered(t *testing.T) {
	clk := clock.NewManual(time.Unix(1e9, 0))
	s := &script{lines: map[string][]string{"gettoken": {`{"errcode":40001,"errmsg":"invalid credential"}`}}}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	store := NewMemoryTokens(clk)
	c := New(Config{BaseURL: srv.URL, CorpID: "ww", Secret: "wrong", Clock: clk, Tokens: store})
	asked := func(c *Client) int {
		before := len(s.seen)
		for range 20 {
			if _, err := c.Token(context.Background()); !IsCode(err, 40001) {
				t.Fatal(err)
			}
		}
		return len(s.seen) - before
	}
	if n := asked(c); n != 1 {
		t.Errorf("asked %d times at once", n)
	}
	if _, err := c.Token(context.Background()); RetryAfter(err) != firstPause {
		t.Errorf("to be tried again after %s", RetryAfter(err))
	}
	total := 0
	for range 3600 {
		clk.Set(clk.Now().Add(time.Second))
		total += asked(c)
	}
	if total < 6 || total > 20 {
		t.Errorf("asked %d times in an hour", total)
	}
	if n := asked(New(Config{BaseURL: srv.URL, CorpID: "ww", Secret: "another", Clock: clk, Tokens: store})); n != 1 {
		t.Errorf("a new secret is tried %d times", n)
	}
	s.lines["gettoken"] = []string{`{"errcode":0,"access_token":"T","expires_in":7200}`}
	right := New(Config{BaseURL: srv.URL, CorpID: "ww", Secret: "right", Clock: clk, Tokens: store})
	if _, err := right.Token(context.Background()); err != nil {
		t.Error(err)
	}
}

// An address that is not trusted yet is tried every minute at least: that is how long WeCom needs to take it over.
func TestUntrustedAddressIsTriedEveryMinute(t *testing.T) {
	clk := clock.NewManual(time.Unix(1e9, 0))
	r := Refusal{}
	for range 20 {
		r = r.next(60020, "", clk.Now())
	}
	if r.Pause != time.Minute {
		t.Errorf("the pause is %s", r.Pause)
	}
}

// A busy WeCom or a limit is no refusal of the secret.
func TestOnlyRefusalsAreRemembered(t *testing.T) {
	for _, line := range []string{`{"errcode":-1,"errmsg":"busy"}`, `{"errcode":45009,"errmsg":"limit"}`, "502", "drop"} {
		c, _ := client(t, map[string][]string{"gettoken": {line}})
		if _, err := c.Token(context.Background()); err == nil {
			t.Fatal("no error")
		}
		if r, _ := c.tokens.Refusal(context.Background()); r != (Refusal{}) {
			t.Errorf("%s: %+v", line, r)
		}
	}
}

func TestTicketsAreKept(t *testing.T) {
	clk := clock.NewManual(time.Unix(1e9, 0))
	s := &script{lines: map[string][]string{
		"gettoken":         {`{"errcode":0,"access_token":"T","expires_in":86400}`},
		"get_jsapi_ticket": {`{"errcode":0,"ticket":"J1","expires_in":7200}`, `{"errcode":0,"ticket":"J2","expires_in":7200}`},
		"ticket/get":       {`{"errcode":0,"ticket":"A1","expires_in":7200}`},
	}}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	c := New(Config{BaseURL: srv.URL, CorpID: "ww", Secret: "s", Clock: clk})
	ctx := context.Background()
	for _, want := range []struct {
		move time.Duration
		text string
		left time.Duration
	}{{0, "J1", 2 * time.Hour}, {time.Hour, "J1", time.Hour}, {56 * time.Minute, "J2", 2 * time.Hour}} {
		clk.Set(clk.Now().Add(want.move))
		if got, left, err := c.JSAPITicket(ctx); err != nil || got != want.text || left != want.left {
			t.Errorf("%s, %s, %v; want %s, %s", got, left, err, want.text, want.left)
		}
	}
	if got, _, err := c.AgentTicket(ctx); err != nil || got != "A1" {
		t.Errorf("%s, %v", got, err)
	}
	if len(s.seen) != 4 {
		t.Errorf("called %v", s.seen)
	}
}
