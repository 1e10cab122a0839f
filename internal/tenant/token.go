package tenant

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/clock"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// How one caller fetches for all. The lease outlives the fetch, so two fetches overlap only when a process was frozen
// for seconds, and then nothing is lost: WeCom answers the same token while it is valid.
const (
	tokenLease = 30 * time.Second
	fetchTime  = 20 * time.Second
	tokenPause = 50 * time.Millisecond // between looks at the row while another process fetches
)

// TokenStore keeps the access token of one secret, or a ticket, in a corp's schema, sealed, for all processes of the corp.
//
// A refresh is done once: whoever sets the lease of the row fetches, outside any transaction and without holding a
// connection, while the others look at the row again until the token has changed or the lease is over. A process that
// dies while fetching holds the others up for the rest of its lease. (A lock of a database session would be free at
// once, but would occupy a connection of the pool for as long as WeCom takes to answer.) A refusal is kept beside the
// token, so that no process asks again with a secret that another was refused a moment ago.
//
// The process remembers the token, so a call of WeCom's API costs no statement; it looks at the row again when WeCom
// refuses the token or it has expired. wall is the wall clock.
func TokenStore(db *pg.DB, sealer *Sealer, wall clock.Clock, app string) wecom.TokenStore {
	return &tokenStore{db: db, sealer: sealer, wall: wall, app: app, turn: make(chan struct{}, 1)}
}

type tokenStore struct {
	db     *pg.DB
	sealer *Sealer
	wall   clock.Clock
	app    string
	turn   chan struct{} // one caller of this process deals with the row; the others then find its result

	mu      sync.Mutex
	token   string
	expires time.Time
}

func (t *tokenStore) remembered() (string, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.token, t.expires
}

func (t *tokenStore) remember(token string, expires time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token, t.expires = token, expires
}

// Get implements wecom.TokenStore.
func (t *tokenStore) Get(ctx context.Context) (string, time.Time, error) {
	if token, expires := t.remembered(); token != "" && t.wall.Now().Before(expires) {
		return token, expires, nil
	}
	row, err := t.read(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	t.remember(row.token, row.expires)
	return row.token, row.expires, nil
}

// Refresh implements wecom.TokenStore.
func (t *tokenStore) Refresh(ctx context.Context, old string, fetch func(context.Context) (string, time.Duration, error)) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	me := rand.Text()
	for {
		row, err := t.read(ctx)
		if err != nil {
			return "", err
		}
		now := t.wall.Now()
		if row.token != "" && row.token != old && now.Before(row.expires) {
			t.remember(row.token, row.expires)
			return row.token, nil
		}
		mine, err := t.claim(ctx, me, row.sealed, now)
		if err != nil {
			return "", err
		}
		if mine {
			return t.fetch(ctx, me, fetch)
		}
		if err := wait(ctx, tokenPause); err != nil {
			return "", err
		}
	}
}

// fetch runs with the lease held and gives it back in every case.
func (t *tokenStore) fetch(ctx context.Context, me string, fetch func(context.Context) (string, time.Duration, error)) (string, error) {
	asking, cancel := context.WithTimeout(ctx, fetchTime)
	token, ttl, err := fetch(asking)
	cancel()
	settling := context.WithoutCancel(ctx)
	if err != nil {
		_, releaseErr := t.db.Exec(settling, `UPDATE wecom_token SET lease_owner = '', lease_until = NULL WHERE app = $1 AND lease_owner = $2`, t.app, me)
		return "", errors.Join(err, releaseErr)
	}
	expires := t.wall.Now().Add(ttl)
	_, err = t.db.Exec(settling, `UPDATE wecom_token SET token = $3, expires_at = $4, lease_owner = '', lease_until = NULL
		WHERE app = $1 AND lease_owner = $2`, t.app, me, t.sealer.Seal([]byte(token), t.place()), expires)
	if err != nil {
		return "", fmt.Errorf("save token: %w", err)
	}
	t.remember(token, expires)
	return token, nil
}

// Refusal implements wecom.TokenStore.
func (t *tokenStore) Refusal(ctx context.Context) (wecom.Refusal, error) {
	var r *wecom.Refusal
	err := t.db.QueryRow(ctx, `SELECT refusal FROM wecom_token WHERE app = $1`, t.app).Scan(&r)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && r == nil {
		return wecom.Refusal{}, nil
	}
	if err != nil {
		return wecom.Refusal{}, fmt.Errorf("read refusal: %w", err)
	}
	return *r, nil
}

// KeepRefusal implements wecom.TokenStore. Whoever fetches holds the lease, so the row is there.
func (t *tokenStore) KeepRefusal(ctx context.Context, r wecom.Refusal) error {
	keep := &r
	if r == (wecom.Refusal{}) {
		keep = nil
	}
	if _, err := t.db.Exec(ctx, `UPDATE wecom_token SET refusal = $2 WHERE app = $1`, t.app, keep); err != nil {
		return fmt.Errorf("keep refusal: %w", err)
	}
	return nil
}

type tokenRow struct {
	sealed  []byte // as it lies in the row; empty = none
	token   string
	expires time.Time
}

func (t *tokenStore) place() string { return t.db.Schema() + "/wecom_token/" + t.app }

// read returns the row. A token sealed with a lost key counts as none: it can be fetched again.
func (t *tokenStore) read(ctx context.Context) (tokenRow, error) {
	var row tokenRow
	err := t.db.QueryRow(ctx, `SELECT token, expires_at FROM wecom_token WHERE app = $1`, t.app).Scan(&row.sealed, &row.expires)
	if errors.Is(err, pgx.ErrNoRows) {
		return tokenRow{}, nil
	}
	if err != nil {
		return tokenRow{}, fmt.Errorf("read token: %w", err)
	}
	if plain, err := t.sealer.Open(row.sealed, t.place()); err == nil {
		row.token = string(plain)
	}
	return row, nil
}

// claim takes the lease if nobody holds it and the token is still the one that was seen.
func (t *tokenStore) claim(ctx context.Context, me string, seen []byte, now time.Time) (bool, error) {
	if seen == nil {
		seen = []byte{}
	}
	tag, err := t.db.Exec(ctx, `INSERT INTO wecom_token (app, token, expires_at, lease_owner, lease_until) VALUES ($1, ''::bytea, $4, $2, $5)
		ON CONFLICT (app) DO UPDATE SET lease_owner = EXCLUDED.lease_owner, lease_until = EXCLUDED.lease_until
		WHERE wecom_token.token = $3 AND (wecom_token.lease_until IS NULL OR wecom_token.lease_until <= $4)`,
		t.app, me, seen, now, now.Add(tokenLease))
	if err != nil {
		return false, fmt.Errorf("claim token: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
