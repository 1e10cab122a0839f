package tenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
	"qunce/internal/wecom/quota"
)

// Meter counts the calls of WeCom's APIs that have a limit for a day or a month, and keeps the blocks after a refusal, for
// all processes of the corp and across restarts.
func Meter(db *pg.DB) quota.Meter { return meter{db} }

type meter struct{ db *pg.DB }

// Take implements quota.Meter. The window is part of the key, so a new day begins with a new row.
func (m meter) Take(ctx context.Context, api string, from, to time.Time, most int) (int, bool, error) {
	if most <= 0 {
		return 0, false, nil
	}
	var used int
	err := m.db.QueryRow(ctx, `INSERT INTO tenant_meter (api, since, until, used) VALUES ($1, $2, $3, 1)
		ON CONFLICT (api, since, until) DO UPDATE SET used = tenant_meter.used + 1 WHERE tenant_meter.used < $4 RETURNING used`,
		api, from, to, most).Scan(&used)
	if errors.Is(err, pgx.ErrNoRows) {
		return most, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("count a call of %s: %w", api, err)
	}
	return used, true, nil
}

// Block implements quota.Meter.
func (m meter) Block(ctx context.Context, api string, until time.Time) error {
	_, err := m.db.Exec(ctx, `INSERT INTO tenant_block (api, until) VALUES ($1, $2)
		ON CONFLICT (api) DO UPDATE SET until = greatest(tenant_block.until, excluded.until)`, api, until)
	if err != nil {
		return fmt.Errorf("note the block of %s: %w", api, err)
	}
	return nil
}

// Blocks implements quota.Meter.
func (m meter) Blocks(ctx context.Context, now time.Time) (map[string]time.Time, error) {
	rows, err := m.db.Query(ctx, `SELECT api, until FROM tenant_block WHERE until > $1`, now)
	if err != nil {
		return nil, fmt.Errorf("read blocks: %w", err)
	}
	out := map[string]time.Time{}
	var api string
	var until time.Time
	if _, err := pgx.ForEachRow(rows, []any{&api, &until}, func() error { out[api] = until; return nil }); err != nil {
		return nil, fmt.Errorf("read blocks: %w", err)
	}
	return out, nil
}
