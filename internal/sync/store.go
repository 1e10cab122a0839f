package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/customer"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{
		{Name: "sync_run", Owner: "sync", Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "24 months", Sampling: "none"},
		{Name: "sync_seen", Owner: "sync", Family: pg.Local, Personal: []string{"external_userid"}, Merge: "keep", Erase: "delete", Retention: "until the run ends", Sampling: "none"},
	}
}

func start(ctx context.Context, tx pg.Tx, next int64, now, corpNow time.Time) (int64, error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/sync', 0))`); err != nil {
		return 0, fmt.Errorf("lock sync: %w", err)
	}
	var open int64
	err := tx.QueryRow(ctx, `UPDATE sync_run SET corp_at = $1 WHERE id = (SELECT id FROM sync_run WHERE state = 'running' ORDER BY id LIMIT 1) RETURNING id`, corpNow).Scan(&open)
	if err == nil {
		return open, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("find open sync: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO sync_run (id, kind, state, started_at, corp_at, cause_id) VALUES ($1, 'full', 'running', $2, $3, $1)`, next, now, corpNow)
	return next, err
}

// lastBegan is when the newest run was asked for, on the corp's clock.
func lastBegan(ctx context.Context, q pg.Querier) (at time.Time, ok bool, err error) {
	err = q.QueryRow(ctx, `SELECT corp_at FROM sync_run ORDER BY id DESC LIMIT 1`).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return at, false, nil
	}
	return at, err == nil, err
}

func pending(ctx context.Context, q pg.Querier) (runID int64, at, result json.RawMessage, err error) {
	err = q.QueryRow(ctx, `SELECT id, progress, result FROM sync_run WHERE state = 'running' ORDER BY id LIMIT 1`).Scan(&runID, &at, &result)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil, nil, nil
	}
	return runID, at, result, err
}

func saveProgress(ctx context.Context, q pg.Querier, runID int64, at progress, result Result) error {
	a, _ := json.Marshal(at)
	r, _ := json.Marshal(result)
	if _, err := q.Exec(ctx, `UPDATE sync_run SET progress = $2, result = $3 WHERE id = $1`, runID, a, r); err != nil {
		return fmt.Errorf("save progress: %w", err)
	}
	return nil
}

func finish(ctx context.Context, q pg.Querier, runID int64, state, text string, at progress, result Result, now time.Time) error {
	if err := saveProgress(ctx, q, runID, at, result); err != nil {
		return err
	}
	if err := clearSeen(ctx, q, runID); err != nil {
		return err
	}
	_, err := q.Exec(ctx, `UPDATE sync_run SET state = $2, error = $3, finished_at = $4 WHERE id = $1`, runID, state, text, now)
	return err
}

// List returns the newest runs.
func List(ctx context.Context, q pg.Querier, limit int) ([]Run, error) {
	rows, err := q.Query(ctx, `SELECT id, kind, state, started_at, finished_at, progress, result, error FROM sync_run ORDER BY id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list syncs: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Run])
}

// counts is what we hold: a relation that the customer ended still shows at WeCom, so it counts.
func counts(ctx context.Context, q pg.Querier) (Counts, error) {
	var c Counts
	err := q.QueryRow(ctx, `SELECT (SELECT count(*) FROM directory_staff WHERE active AND can_contact), (SELECT count(*) FROM customer_relation WHERE state <> 'deleted_by_staff'),
		(SELECT count(*) FROM customer_tag), (SELECT count(*) FROM group_group WHERE status <> 'dissolved'), (SELECT count(*) FROM group_member WHERE left_at IS NULL)`).
		Scan(&c.Staff, &c.Relations, &c.Tags, &c.Groups, &c.Members)
	if err != nil {
		return c, fmt.Errorf("count what we hold: %w", err)
	}
	return c, nil
}

func clearSeen(ctx context.Context, q pg.Querier, runID int64) error {
	_, err := q.Exec(ctx, `DELETE FROM sync_seen WHERE run_id = $1`, runID)
	return err
}

func keepSeen(ctx context.Context, tx pg.Tx, runID int64, rows []wecom.ExternalFollow) error {
	users, externals := make([]string, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		users[i], externals[i] = r.Follow.UserID, r.Contact.ExternalUserID
	}
	_, err := tx.Exec(ctx, `INSERT INTO sync_seen (run_id, userid, external_userid) SELECT $1, u, e FROM unnest($2::text[], $3::text[]) AS x(u, e) ON CONFLICT DO NOTHING`, runID, users, externals)
	if err != nil {
		return fmt.Errorf("keep seen relations: %w", err)
	}
	return nil
}

func countSeen(ctx context.Context, q pg.Querier, runID int64) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM sync_seen WHERE run_id = $1`, runID).Scan(&n)
	return n, err
}

// unseen returns relations that WeCom should show and the run did not see, in order, after the one given.
func unseen(ctx context.Context, q pg.Querier, runID int64, user, external string, limit int, now time.Time) ([]customer.End, error) {
	rows, err := q.Query(ctx, `SELECT r.userid, r.external_userid FROM customer_relation r
		LEFT JOIN sync_seen s ON s.run_id = $1 AND s.userid = r.userid AND s.external_userid = r.external_userid
		WHERE r.state <> 'deleted_by_staff' AND s.run_id IS NULL AND (r.userid, r.external_userid) > ($2, $3) ORDER BY 1, 2 LIMIT $4`, runID, user, external, limit)
	if err != nil {
		return nil, fmt.Errorf("find unseen relations: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (customer.End, error) {
		e := customer.End{By: customer.DeletedByStaff, At: now}
		err := row.Scan(&e.UserID, &e.ExternalUserID)
		return e, err
	})
}

// heldStaff are the staff we take for able to have customers.
func heldStaff(ctx context.Context, q pg.Querier) ([]string, error) {
	return texts(ctx, q, `SELECT userid FROM directory_staff WHERE active AND can_contact`)
}

func heldTags(ctx context.Context, q pg.Querier) ([]string, error) {
	return texts(ctx, q, `SELECT id FROM customer_tag`)
}

func texts(ctx context.Context, q pg.Querier, sql string) ([]string, error) {
	rows, err := q.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("read what we hold: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func noteError(ctx context.Context, q pg.Querier, runID int64, text string) error {
	_, err := q.Exec(ctx, `UPDATE sync_run SET error = $2 WHERE id = $1`, runID, text)
	return err
}

func livingChats(ctx context.Context, q pg.Querier) ([]string, error) {
	rows, err := q.Query(ctx, `SELECT chat_id FROM group_group WHERE status <> 'dissolved'`)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
