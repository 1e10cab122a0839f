package tenant

import (
	"context"
	"errors"
	"fmt"
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
