package setup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/pg"
)

// place is where the sealed draft lies.
const place = "setup_state/1"

// state is the one row.
type state struct {
	linkHash     []byte
	linkUntil    *time.Time
	sessionHash  []byte
	sessionUntil *time.Time
	draft        draft
	knockedAt    *time.Time // when WeCom, or somebody, last tested the callback address
	knock        string     // ok, or the code of the error
}

// verified reports whether WeCom has tested the callback address with the present keys.
func (t state) verified() bool { return t.knock == "ok" }

// forgetKnock is called when what was tested is no longer what is set.
func (t *state) forgetKnock() { t.knockedAt, t.knock = nil, "" }

const columns = `link_hash, link_until, session_hash, session_until, draft, knocked_at, knock`

func (s *Service) scan(row pgx.Row) (state, error) {
	var t state
	var sealed []byte
	err := row.Scan(&t.linkHash, &t.linkUntil, &t.sessionHash, &t.sessionUntil, &sealed, &t.knockedAt, &t.knock)
	if errors.Is(err, pgx.ErrNoRows) {
		return state{}, nil
	}
	if err != nil {
		return state{}, fmt.Errorf("read setup: %w", err)
	}
	if len(sealed) == 0 {
		return t, nil
	}
	plain, err := s.Sealer.Open(sealed, place)
	if errs.Is(err, "tenant.key_unknown") || errs.Is(err, "tenant.sealed_broken") {
		s.Log.Warn("what was entered in the setup cannot be opened; it begins anew", "error", err)
		t.forgetKnock()
		return t, nil
	}
	if err != nil {
		return state{}, err
	}
	if err := json.Unmarshal(plain, &t.draft); err != nil {
		return state{}, fmt.Errorf("read setup: %w", err)
	}
	return t, nil
}

func (s *Service) load(ctx context.Context, q pg.Querier) (state, error) {
	return s.scan(q.QueryRow(ctx, `SELECT `+columns+` FROM setup_state WHERE id = 1`))
}

// change lets fn change the state. It refuses once a corp is registered; two changes, and Finish, come one after the
// other. fn may run more than once.
func (s *Service) change(ctx context.Context, fn func(tx pg.Tx, t *state) error) (state, error) {
	var t state
	err := s.Pool.Shared().Tx(ctx, func(tx pg.Tx) error {
		now := s.Wall.Now()
		if _, err := tx.Exec(ctx, `INSERT INTO setup_state (id, updated_at) VALUES (1, $1) ON CONFLICT (id) DO NOTHING`, now); err != nil {
			return fmt.Errorf("change setup: %w", err)
		}
		var err error
		if t, err = s.scan(tx.QueryRow(ctx, `SELECT `+columns+` FROM setup_state WHERE id = 1 FOR UPDATE`)); err != nil {
			return err
		}
		if there, err := s.Tenant.Any(ctx, tx); err != nil || there {
			if err == nil {
				err = closed()
			}
			return err
		}
		if err := fn(tx, &t); err != nil {
			return err
		}
		return s.save(ctx, tx, t, now)
	})
	return t, err
}

func (s *Service) save(ctx context.Context, tx pg.Tx, t state, now time.Time) error {
	plain, err := json.Marshal(t.draft)
	if err != nil {
		return fmt.Errorf("save setup: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE setup_state SET link_hash = $1, link_until = $2, session_hash = $3, session_until = $4, draft = $5,
		knocked_at = $6, knock = $7, updated_at = $8 WHERE id = 1`,
		t.linkHash, t.linkUntil, t.sessionHash, t.sessionUntil, s.Sealer.Seal(plain, place), t.knockedAt, t.knock, now)
	if err != nil {
		return fmt.Errorf("save setup: %w", err)
	}
	return nil
}

// noteKnock keeps how a test of the callback address ended, if nothing newer has been kept.
func (s *Service) noteKnock(ctx context.Context, at time.Time, how string) error {
	_, err := s.Pool.Shared().Exec(ctx, `UPDATE setup_state SET knocked_at = $1, knock = $2 WHERE id = 1 AND (knocked_at IS NULL OR knocked_at <= $1)`, at, how)
	if err != nil {
		return fmt.Errorf("note the test of the callback address: %w", err)
	}
	return nil
}

// forget clears the state in the transaction that finishes the setup: it holds the password's hash and WeCom's secret.
func forget(ctx context.Context, tx pg.Tx) error {
	if _, err := tx.Exec(ctx, `DELETE FROM setup_state`); err != nil {
		return fmt.Errorf("forget setup: %w", err)
	}
	return nil
}
