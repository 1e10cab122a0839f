package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// Row is a call as administrators see it; the payload stays inside.
type Row struct {
	ID        int64     `json:"id"`
	Kind      string    `json:"kind"`
	Class     string    `json:"class"`
	Lane      string    `json:"lane"`
	Entity    string    `json:"entity"`
	State     string    `json:"state"`
	Attempts  int       `json:"attempts"`
	CreatedAt time.Time `json:"created_at"`
	DueAt     time.Time `json:"due_at"`
	ErrorCode *string   `json:"error_code"`
	CauseID   int64     `json:"cause_id"`

	Params map[string]any `json:"-"` // of the error's sentence
}

const rowColumns = `id, kind, class, lane, entity, state, attempts, created_at, next_at, nullif(error_code, ''), cause_id, error_params`

// List returns calls, newest first; an empty state does not filter.
func List(ctx context.Context, q pg.Querier, state string, before int64, limit int) ([]Row, error) {
	rows, err := q.Query(ctx, `SELECT `+rowColumns+` FROM outbox_call WHERE ($1 = '' OR state = $1) AND ($2 = 0 OR id < $2) ORDER BY id DESC LIMIT $3`, state, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list calls: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Row])
}

// ByCause returns the calls that one cause led to.
func ByCause(ctx context.Context, q pg.Querier, causeID int64) ([]Row, error) {
	rows, err := q.Query(ctx, `SELECT `+rowColumns+` FROM outbox_call WHERE cause_id = $1 ORDER BY id LIMIT 200`, causeID)
	if err != nil {
		return nil, fmt.Errorf("list calls: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Row])
}

// Made is a call with when it was made and what came back: the story of a cause tells it.
type Made struct {
	Row
	CalledAt   *time.Time `json:"called_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Result     *string    `json:"result" doc:"what WeCom's answer was taken as, JSON, cut after 2,000 characters"`
}

// StoryOf returns the calls that one cause led to, with their answers.
func StoryOf(ctx context.Context, q pg.Querier, causeID int64) ([]Made, error) {
	rows, err := q.Query(ctx, `SELECT `+rowColumns+`, called_at, finished_at, left(result::text, 2000) FROM outbox_call WHERE cause_id = $1 ORDER BY id LIMIT 200`, causeID)
	if err != nil {
		return nil, fmt.Errorf("list calls: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Made])
}

// Queue is the state of one lane for the system page.
type Queue struct {
	Lane     string   `json:"lane"`
	Waiting  int64    `json:"waiting"`
	OldestMS *float64 `json:"oldest_ms"`
	Done1h   int64    `json:"done_1h"`
}

// Queues sums the lanes: welcome, write, bulk.
func (o *Outbox) Queues(ctx context.Context) ([]Queue, error) {
	rows, err := o.db.Query(ctx, `SELECT l, coalesce(w.n, 0), w.oldest, coalesce(d.n, 0) FROM unnest(ARRAY['welcome','write','bulk']) WITH ORDINALITY AS x(l, ord)
		LEFT JOIN (SELECT lane, count(*) AS n, extract(epoch FROM $1 - min(created_at)) * 1000 AS oldest FROM outbox_call
			WHERE state IN ('planned','unknown') OR state = 'calling' GROUP BY lane) w ON w.lane = l
		LEFT JOIN (SELECT lane, count(*) AS n FROM outbox_call WHERE created_at > $1 - interval '1 hour' AND state IN ('done','failed') GROUP BY lane) d ON d.lane = l ORDER BY ord`, o.wall.Now())
	if err != nil {
		return nil, fmt.Errorf("sum outbox: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Queue])
}
