package tenant

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/pg/pgtest"
	"qunce/internal/wecom"
)

// Eight callers in each of four processes need a token at once: WeCom is asked once.
func TestTokenIsFetchedOnce(t *testing.T) {
	ctx := t.Context()
	db := pgtest.New(t).Corp(pgtest.CorpSchema)
	wall := clock.NewManual(start)
	sealer := open(t, t.TempDir(), key(1))
	var fetched atomic.Int64
	fetch := func(context.Context) (string, time.Duration, error) {
		return fmt.Sprintf("token-%d", fetched.Add(1)), 2 * time.Hour, nil
	}
	stores := make([]wecom.TokenStore, 4)
	for i := range stores {
		stores[i] = TokenStore(db, sealer, wall, "1000002")
	}
	all := func(old, want string) {
		t.Helper()
		var wg sync.WaitGroup
		for _, s := range stores {
			for range 8 {
				wg.Go(func() {
					if got, err := s.Refresh(ctx, old, fetch); err != nil || got != want {
						t.Errorf("Refresh(%q) = %q, %v; want %q", old, got, err, want)
					}
				})
			}
		}
		wg.Wait()
	}
	all("", "token-1")
	all("token-1", "token-2") // WeCom refused it
	if n := fetched.Load(); n != 2 {
		t.Errorf("fetched %d times", n)
	}

	fresh := TokenStore(db, sealer, wall, "1000002")
	got, expires, err := fresh.Get(ctx)
	if err != nil || got != "token-2" || !expires.Equal(start.Add(2*time.Hour)) {
		t.Errorf("Get = %q, %v, %v", got, expires, err)
	}
	if other, _, err := TokenStore(db, sealer, wall, "1000003").Get(ctx); err != nil || other != "" {
		t.Errorf("another app's token: %q, %v", other, err)
	}
	wall.Set(start.Add(2 * time.Hour))
	if got, err := fresh.Refresh(ctx, "token-2", fetch); err != nil || got != "token-3" {
		t.Errorf("after expiry: %q, %v", got, err)
	}
}

func TestTokenIsSealed(t *testing.T) {
	ctx := t.Context()
	db := pgtest.New(t).Corp(pgtest.CorpSchema)
	wall := clock.NewManual(start)
	fetch := func(context.Context) (string, time.Duration, error) { return "readable-token", time.Hour, nil }
	if _, err := TokenStore(db, open(t, t.TempDir(), key(1)), wall, "a").Refresh(ctx, "", fetch); err != nil {
		t.Fatal(err)
	}
	var row string
	if err := db.QueryRow(ctx, `SELECT encode(token, 'escape') FROM wecom_token`).Scan(&row); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(row, "readable") {
		t.Error("the token is readable in the database")
	}
	// With another key it counts as none and is fetched again.
	other := TokenStore(db, open(t, t.TempDir(), key(2)), wall, "a")
	if got, _, err := other.Get(ctx); err != nil || got != "" {
		t.Errorf("Get = %q, %v", got, err)
	}
	if got, err := other.Refresh(ctx, "", fetch); err != nil || got != "readable-token" {
		t.Errorf("Refresh = %q, %v", got, err)
	}
}

// A failed fetch gives the lease back at once; one of a dead process runs out.
func TestTokenLease(t *testing.T) {
	ctx := t.Context()
	db := pgtest.New(t).Corp(pgtest.CorpSchema)
	wall := clock.NewManual(start)
	sealer := open(t, t.TempDir(), key(1))
	failed := errors.New("WeCom is away")
	_, err := TokenStore(db, sealer, wall, "a").Refresh(ctx, "", func(context.Context) (string, time.Duration, error) { return "", 0, failed })
	if !errors.Is(err, failed) {
		t.Fatalf("err = %v", err)
	}
	good := func(context.Context) (string, time.Duration, error) { return "token", time.Hour, nil }
	if got, err := TokenStore(db, sealer, wall, "a").Refresh(ctx, "", good); err != nil || got != "token" {
		t.Fatalf("after a failure: %q, %v", got, err)
	}

	if _, err := db.Exec(ctx, `UPDATE wecom_token SET lease_owner = 'dead', lease_until = $1`, start.Add(tokenLease)); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if got, err := TokenStore(db, sealer, wall, "a").Refresh(short, "token", good); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another process holds the lease: %q, %v", got, err)
	}
	wall.Set(start.Add(tokenLease))
	if got, err := TokenStore(db, sealer, wall, "a").Refresh(ctx, "token", good); err != nil || got != "token" {
		t.Errorf("after the lease ran out: %q, %v", got, err)
	}
}

// Two processes and forty calls meet a stale token at once: WeCom is asked for one new token.
func TestStormOfStaleTokensAcrossProcesses(t *testing.T) {
	db := pgtest.New(t).Corp(pgtest.CorpSchema)
	sealer := open(t, t.TempDir(), key(1))
	const calls = 40
	var signed, came atomic.Int64
	all := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/gettoken"):
			_, _ = fmt.Fprintf(w, `{"errcode":0,"access_token":"T%d","expires_in":7200}`, signed.Add(1))
		case r.URL.Query().Get("access_token") == "T1":
			if came.Add(1) == calls {
				close(all)
			}
			<-all
			_, _ = fmt.Fprint(w, `{"errcode":42001,"errmsg":"access_token expired"}`)
		default:
			_, _ = fmt.Fprint(w, `{"errcode":0,"follow_user":["lina"]}`)
		}
	}))
	t.Cleanup(web.Close)
	clients := make([]*wecom.Client, 2)
	for i := range clients {
		clients[i] = wecom.New(wecom.Config{BaseURL: web.URL, CorpID: "ww", Secret: "s", Tokens: TokenStore(db, sealer, clock.Wall(), "agent/2")})
		if _, err := clients[i].Token(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			if got, err := clients[i%2].FollowUsers(t.Context()); err != nil || len(got) != 1 {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := signed.Load(); n != 2 {
		t.Errorf("%d tokens were fetched, want the first and one new", n)
	}
}

// What one process was told about a secret holds for all, and for the next start; a good secret clears it.
func TestRefusalIsShared(t *testing.T) {
	db := pgtest.New(t).Corp(pgtest.CorpSchema)
	sealer := open(t, t.TempDir(), key(1))
	wall := clock.NewManual(start)
	var signed atomic.Int64
	good := atomic.Bool{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		signed.Add(1)
		if good.Load() {
			_, _ = fmt.Fprint(w, `{"errcode":0,"access_token":"T","expires_in":7200}`)
			return
		}
		_, _ = fmt.Fprint(w, `{"errcode":40001,"errmsg":"invalid credential, hint: [1588], from ip: 203.0.113.7"}`)
	}))
	t.Cleanup(web.Close)
	process := func(secret string) *wecom.Client {
		return wecom.New(wecom.Config{BaseURL: web.URL, CorpID: "ww", Secret: secret, Clock: wall, Tokens: TokenStore(db, sealer, wall, "agent/2")})
	}
	var wg sync.WaitGroup
	for range 3 {
		c := process("wrong")
		for range 10 {
			wg.Go(func() {
				if _, err := c.Token(t.Context()); !wecom.IsCode(err, 40001) || !strings.Contains(err.Error(), "203.0.113.7") {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if n := signed.Load(); n != 1 {
		t.Errorf("the wrong secret was shown %d times", n)
	}
	wall.Set(wall.Now().Add(6 * time.Second))
	if _, err := process("wrong").Token(t.Context()); wecom.RetryAfter(err) != 10*time.Second || signed.Load() != 2 {
		t.Errorf("after the pause: %v, %d times", err, signed.Load())
	}
	var text string
	if err := db.QueryRow(t.Context(), `SELECT refusal::text FROM wecom_token`).Scan(&text); err != nil || strings.Contains(text, "wrong") {
		t.Errorf("refusal %s, %v", text, err)
	}
	good.Store(true)
	if _, err := process("right").Token(t.Context()); err != nil {
		t.Errorf("another secret waits: %v", err)
	}
	if err := db.QueryRow(t.Context(), `SELECT coalesce(refusal::text, '') FROM wecom_token`).Scan(&text); err != nil || text != "" {
		t.Errorf("the refusal stays: %s, %v", text, err)
	}
}
