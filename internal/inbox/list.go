package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/pg"
)

// Stored is a callback as administrators see it.
type Stored struct {
	ID         int64      `json:"id"`
	ReceivedAt time.Time  `json:"received_at"`
	CorpAt     time.Time  `json:"corp_at"`
	Kind       string     `json:"kind"`
	Entity     string     `json:"entity"`
	State      string     `json:"state"`
	Attempts   int        `json:"attempts"`
	Error      *string    `json:"error"`
	TookMS     *float64   `json:"took_ms"`
	CauseID    int64      `json:"cause_id"`
	FinishedAt *time.Time `json:"-"`
}

// Filter picks callbacks; zero fields do not filter. Text is a customer's, group's or member's id at WeCom.
type Filter struct {
	Text   string
	Event  string
	State  string
	Before int64
	Limit  int
}

const storedColumns = `id, received_at, corp_at, event || CASE WHEN change_type = '' THEN '' ELSE '/' || change_type END, entity, state, attempts,
	nullif(error, ''), extract(epoch FROM finished_at - received_at) * 1000, cause_id, finished_at`

// List returns callbacks, newest first.
func List(ctx context.Context, q pg.Querier, f Filter) ([]Stored, error) {
	rows, err := q.Query(ctx, `SELECT `+storedColumns+` FROM inbox_event
		WHERE ($1 = '' OR entity = $1 OR userid = $1 OR external_userid = $1 OR chat_id = $1) AND ($2 = '' OR event = $2 OR event || '/' || change_type = $2)
		AND ($3 = '' OR state = $3) AND ($4 = 0 OR id < $4) ORDER BY id DESC LIMIT $5`, f.Text, f.Event, f.State, f.Before, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list callbacks: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Stored])
}

// Get returns one callback with its decrypted body.
func Get(ctx context.Context, q pg.Querier, eventID int64) (Stored, string, error) {
	var body []byte
	if err := q.QueryRow(ctx, `SELECT body FROM inbox_event WHERE id = $1`, eventID).Scan(&body); err != nil {
		if pg.IsNoRows(err) {
			return Stored{}, "", errs.E(errs.NotFound, "callback.not_found", "callback %d", eventID)
		}
		return Stored{}, "", fmt.Errorf("get callback: %w", err)
	}
	rows, err := q.Query(ctx, `SELECT `+storedColumns+` FROM inbox_event WHERE id = $1`, eventID)
	if err != nil {
		return Stored{}, "", fmt.Errorf("get callback: %w", err)
	}
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Stored])
	return s, string(body), err
}

// Replay lets an event be handled again. That is safe: handlers read the truth and apply differences.
func (in *Inbox) Replay(ctx context.Context, tx pg.Tx, eventID int64) error {
	var lane int
	err := tx.QueryRow(ctx, `UPDATE inbox_event SET state = 'new', attempts = 0, error = '', next_at = $2, finished_at = NULL WHERE id = $1 RETURNING lane`,
		eventID, in.wall.Now()).Scan(&lane)
	if pg.IsNoRows(err) {
		return errs.E(errs.NotFound, "callback.not_found", "callback %d", eventID)
	}
	if err != nil {
		return fmt.Errorf("replay callback: %w", err)
	}
	tx.AfterCommit(func() { in.wakeLane(lane) })
	return nil
}

// Queue is the state of one lane for the system page.
type Queue struct {
	Lane     string   `json:"lane"`
	Waiting  int64    `json:"waiting"`
	OldestMS *float64 `json:"oldest_ms"`
	Done1h   int64    `json:"done_1h"`
}

// Queues sums the lanes: urgent and ordinary.
func (in *Inbox) Queues(ctx context.Context) ([]Queue, error) {
	now := in.wall.Now()
	rows, err := in.db.Query(ctx, `SELECT CASE WHEN u THEN 'callback_welcome' ELSE 'callback' END, coalesce(w.n, 0), w.oldest, coalesce(d.n, 0)
		FROM unnest(ARRAY[true, false]) AS u
		LEFT JOIN (SELECT urgent, count(*) AS n, extract(epoch FROM $1 - min(received_at)) * 1000 AS oldest FROM inbox_event WHERE state = 'new' GROUP BY urgent) w ON w.urgent = u
		LEFT JOIN (SELECT urgent, count(*) AS n FROM inbox_event WHERE state <> 'new' AND finished_at > $1 - interval '1 hour' GROUP BY urgent) d ON d.urgent = u ORDER BY u DESC`, now)
	if err != nil {
		return nil, fmt.Errorf("sum inbox: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Queue])
}
