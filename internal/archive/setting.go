package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/pg"
)

// Settings are the corp's, with defaults where it has none.
func (s *Service) Settings(ctx context.Context, q pg.Querier) (Settings, error) {
	out := Defaults()
	var raw []byte
	err := q.QueryRow(ctx, `SELECT data FROM archive_setting WHERE id = 1`).Scan(&raw)
	if errors.Is(err, pgx.ErrNoRows) {
		return out, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		return out, fmt.Errorf("read archive settings: %w", err)
	}
	return out, nil
}

// Bounds of the settings.
const (
	maxMonths  = 60
	maxMediaMB = 100
)

// SaveSettings replaces the settings. A shorter retention takes effect with the next sweep; files that are fetched from
// now on include those of the last five days. Errors: Invalid "archive.bad_setting".
func (s *Service) SaveSettings(ctx context.Context, next Settings) error {
	if next.RetentionMonths < 1 || next.RetentionMonths > maxMonths {
		return errs.E(errs.Invalid, "archive.bad_setting", "retention of %d months", next.RetentionMonths).On("retention_months")
	}
	if next.MediaMaxMB < 1 || next.MediaMaxMB > maxMediaMB {
		return errs.E(errs.Invalid, "archive.bad_setting", "files of %d MB", next.MediaMaxMB).On("media_max_mb")
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("write archive settings: %w", err)
	}
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		before, err := s.Settings(ctx, tx)
		if err != nil || before == next {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO archive_setting (id, data) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET data = EXCLUDED.data`, raw); err != nil {
			return fmt.Errorf("write archive settings: %w", err)
		}
		now := s.Clock.Now()
		if next.FetchMedia && !before.FetchMedia {
			if err := wantListed(ctx, tx, now.Add(-KeptAtWeCom), int64(next.MediaMaxMB)<<20, s.Wall.Now()); err != nil {
				return err
			}
			tx.AfterCommit(func() { signal(s.wakeMedia) })
		}
		return s.Audit.Record(ctx, tx, now, "archive.settings", "archive", map[string]Settings{"before": before, "after": next})
	})
}
