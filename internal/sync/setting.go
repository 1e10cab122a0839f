package sync

import (
	"context"
	"encoding/json"
	"fmt"

	"qunce/internal/errs"
	"qunce/internal/pg"
)

// Settings are what the corp says about itself that WeCom does not tell.
type Settings struct {
	// FriendsPerStaff is how many customers a member of staff may have at WeCom: 5,000 unless the corp has bought more.
	FriendsPerStaff int `json:"friends_per_staff"`
}

// The bounds of FriendsPerStaff: an unverified corp has as few as 200 in all, and WeCom sells up to 20,000.
const (
	defaultFriends = 5_000
	minFriends     = 100
	maxFriends     = 50_000
)

// Settings reads them; what was never said has its default.
func (s *Service) Settings(ctx context.Context, q pg.Querier) (Settings, error) {
	out := Settings{FriendsPerStaff: defaultFriends}
	var raw []byte
	err := q.QueryRow(ctx, `SELECT settings FROM sync_setting WHERE id = 1`).Scan(&raw)
	if pg.IsNoRows(err) {
		return out, nil
	}
	if err != nil {
		return out, fmt.Errorf("read sync settings: %w", err)
	}
	return out, json.Unmarshal(raw, &out)
}

// SaveSettings keeps them; Invalid "meter.friends" for a number that cannot be.
func (s *Service) SaveSettings(ctx context.Context, to Settings) error {
	if to.FriendsPerStaff < minFriends || to.FriendsPerStaff > maxFriends {
		return errs.E(errs.Invalid, "meter.friends", "%d friends", to.FriendsPerStaff).On("friends_per_staff").With("min", minFriends).With("max", maxFriends)
	}
	raw, err := json.Marshal(to)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO sync_setting (id, settings) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET settings = EXCLUDED.settings`, raw); err != nil {
			return fmt.Errorf("save sync settings: %w", err)
		}
		return s.Audit.Record(ctx, tx, s.Clock.Now(), "meter.limit", "corp", to)
	})
}

// WaysAtWeCom is how many contact ways WeCom listed when a run last counted them, ours and strays; ok is false before that.
func (s *Service) WaysAtWeCom(ctx context.Context) (res Result, run Run, ok bool, err error) {
	list, err := List(ctx, s.DB, "", 20)
	if err != nil {
		return res, run, false, err
	}
	for _, r := range list {
		if r.State != "done" {
			continue
		}
		var got Result
		if err := json.Unmarshal(r.Result, &got); err != nil {
			return res, run, false, fmt.Errorf("result of sync %d: %w", r.ID, err)
		}
		if _, counted := got.Remote[Ways]; counted {
			return got, r, true, nil
		}
	}
	return res, run, false, nil
}
