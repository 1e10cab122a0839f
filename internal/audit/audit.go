// Package audit is the append-only log of who did or read what that matters. Entries are chained by hash, so a changed
// or removed entry is found by Verify. Nothing is ever updated or deleted here.
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/id"
	"qunce/internal/pg"
)

// Entry is one line of the log. Object is "customer/123"; At is the corp's time.
type Entry struct {
	ID     int64           `json:"id"`
	At     time.Time       `json:"at"`
	UserID int64           `json:"user_id"`
	Actor  string          `json:"actor"`
	Action string          `json:"action"`
	Object string          `json:"object"`
	Detail json.RawMessage `json:"detail"`
}

// Log appends entries.
type Log struct{ ids *id.Source }

// New returns a log.
func New(ids *id.Source) *Log { return &Log{ids: ids} }

// Record appends one entry in tx by the actor of the context. Detail must not hold secrets or erased content.
func (l *Log) Record(ctx context.Context, tx pg.Tx, at time.Time, action, object string, detail any) error {
	raw, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("audit detail: %w", err)
	}
	n, err := l.ids.Next(ctx)
	if err != nil {
		return err
	}
	// One writer at a time: the chain has one end.
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/audit', 0))`); err != nil {
		return fmt.Errorf("lock audit chain: %w", err)
	}
	var last int64
	previous := []byte{}
	err = tx.QueryRow(ctx, `SELECT id, hash FROM audit_entry ORDER BY id DESC LIMIT 1`).Scan(&last, &previous)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("read audit chain: %w", err)
	}
	if n <= last { // blocks of several processes overlap in time; the chain needs rising ids
		n = last + 1
	}
	who := actor.From(ctx)
	e := Entry{ID: n, At: at.UTC().Truncate(time.Microsecond), UserID: who.UserID, Actor: who.Name, Action: action, Object: object, Detail: raw}
	_, err = tx.Exec(ctx, `INSERT INTO audit_entry (id, at, user_id, actor, action, object, detail, previous, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, e.ID, e.At, e.UserID, e.Actor, e.Action, e.Object, e.Detail, previous, e.hash(previous))
	if err != nil {
		return fmt.Errorf("append audit entry: %w", err)
	}
	return nil
}

// hash chains the entry to the one before. Detail is left to its canonical form, since jsonb rewrites blanks and order.
func (e Entry) hash(previous []byte) []byte {
	var canonical any
	_ = json.Unmarshal(e.Detail, &canonical)
	detail, _ := json.Marshal(canonical)
	h := sha256.New()
	h.Write(previous)
	fmt.Fprintf(h, "%d|%s|%d|%q|%q|%q|%s", e.ID, e.At.UTC().Format(time.RFC3339Nano), e.UserID, e.Actor, e.Action, e.Object, detail)
	return h.Sum(nil)
}

// List returns up to limit entries older than before (0 = newest), newest first.
func List(ctx context.Context, q pg.Querier, before int64, limit int) ([]Entry, error) {
	if before == 0 {
		before = id.Max
	}
	rows, err := q.Query(ctx, `SELECT id, at, user_id, actor, action, object, detail FROM audit_entry WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list audit: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Entry])
}

// Verify walks the chain and returns the id of the first entry that does not fit, 0 when all do.
func Verify(ctx context.Context, q pg.Querier) (int64, error) {
	rows, err := q.Query(ctx, `SELECT id, at, user_id, actor, action, object, detail, previous, hash FROM audit_entry ORDER BY id`)
	if err != nil {
		return 0, fmt.Errorf("verify audit: %w", err)
	}
	defer rows.Close()
	last := []byte{}
	for rows.Next() {
		var e Entry
		var previous, hash []byte
		if err := rows.Scan(&e.ID, &e.At, &e.UserID, &e.Actor, &e.Action, &e.Object, &e.Detail, &previous, &hash); err != nil {
			return 0, err
		}
		if string(previous) != string(last) || string(e.hash(previous)) != string(hash) {
			return e.ID, rows.Err()
		}
		last = hash
	}
	return 0, rows.Err()
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{{Name: "audit_entry", Owner: "audit", Family: pg.Local, Personal: []string{"actor", "detail"}, Merge: "keep", Erase: "keep without content", Retention: "36 months", Sampling: "none"}}
}
