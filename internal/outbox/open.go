package outbox

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// Open returns which of the entities have a call of one of the kinds, or of any without kinds, that is not closed: what WeCom
// shows of them may be ahead of what we hold, or behind it.
func Open(ctx context.Context, q pg.Querier, entities []string, kinds ...string) (map[string]bool, error) {
	if len(entities) == 0 {
		return nil, nil
	}
	rows, err := q.Query(ctx, `SELECT DISTINCT entity FROM outbox_call WHERE state IN ('planned','calling','unknown') AND entity = ANY($1)
		AND ($2::text[] IS NULL OR kind = ANY($2))`, entities, kinds)
	if err != nil {
		return nil, fmt.Errorf("find open calls: %w", err)
	}
	out := map[string]bool{}
	var e string
	_, err = pgx.ForEachRow(rows, []any{&e}, func() error { out[e] = true; return nil })
	return out, err
}
