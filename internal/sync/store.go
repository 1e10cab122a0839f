package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/customer"
	"qunce/internal/errs"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Tables declares what this package owns.
func Tables() []pg.Table {
	const owner = "sync"
	return []pg.Table{
		{Name: "sync_run", Owner: owner, Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "24 months", Sampling: "none"},
		{Name: "sync_seen", Owner: owner, Family: pg.Local, Personal: []string{"external_userid"}, Merge: "keep", Erase: "delete", Retention: "until the run ends", Sampling: "none"},
		{Name: "sync_seen_group", Owner: owner, Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "until the run ends", Sampling: "none"},
		{Name: "sync_repair", Owner: owner, Family: pg.Local, Personal: []string{"external_userid"}, Merge: "keep", Erase: "delete", Retention: "24 months", Sampling: "none"},
		{Name: "sync_list", Owner: owner, Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "while the member has a seat", Sampling: "none"},
		{Name: "sync_seat", Owner: owner, Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "while the member has a seat, and 179 days", Sampling: "none"},
		{Name: "sync_stray", Owner: owner, Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "while WeCom shows the way", Sampling: "none"},
		{Name: "sync_setting", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "none"},
	}
}

// start opens a run unless one is open that will do: a full one for whoever wants a full one, any for whoever wants a check.
func start(ctx context.Context, tx pg.Tx, kind Kind, next int64, resume bool, now, corpNow time.Time) (int64, error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/sync', 0))`); err != nil {
		return 0, fmt.Errorf("lock sync: %w", err)
	}
	var open int64
	err := tx.QueryRow(ctx, `UPDATE sync_run SET corp_at = $1, state = CASE WHEN $3 THEN 'running' ELSE state END
		WHERE id = (SELECT id FROM sync_run WHERE state IN ('running','paused') AND (kind = 'full' OR $2 = 'check') ORDER BY id LIMIT 1) RETURNING id`,
		corpNow, kind, resume).Scan(&open)
	if err == nil {
		return open, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("find open sync: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO sync_run (id, kind, state, started_at, corp_at, cause_id) VALUES ($1, $4, 'running', $2, $3, $1)`, next, now, corpNow, kind)
	return next, err
}

// turn changes a run's state if it is the one expected; was is the state it had, "" when there is no such run.
func turn(ctx context.Context, tx pg.Tx, runID int64, from, to string) (was string, ok bool, err error) {
	err = tx.QueryRow(ctx, `SELECT state FROM sync_run WHERE id = $1 FOR UPDATE`, runID).Scan(&was)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil || was != from {
		return was, false, err
	}
	_, err = tx.Exec(ctx, `UPDATE sync_run SET state = $2 WHERE id = $1`, runID, to)
	return was, true, err
}

// lastBegan is when the newest full run and the newest run of any kind were asked for, on the corp's clock; ok is false
// before the first full one.
func lastBegan(ctx context.Context, q pg.Querier) (full, latest time.Time, ok bool, err error) {
	var f, l *time.Time
	if err := q.QueryRow(ctx, `SELECT (SELECT max(corp_at) FROM sync_run WHERE kind = 'full'), (SELECT max(corp_at) FROM sync_run)`).Scan(&f, &l); err != nil || f == nil {
		return full, latest, false, err
	}
	return *f, *l, true, nil
}

type pendingRow struct {
	id               int64
	kind             Kind
	progress, result json.RawMessage
}

func pending(ctx context.Context, q pg.Querier) (row pendingRow, err error) {
	err = q.QueryRow(ctx, `SELECT id, kind, progress, result FROM sync_run WHERE state = 'running' ORDER BY id LIMIT 1`).
		Scan(&row.id, &row.kind, &row.progress, &row.result)
	if errors.Is(err, pgx.ErrNoRows) {
		return pendingRow{}, nil
	}
	return row, err
}

// saveProgress fails with errPaused when somebody paused the run.
func saveProgress(ctx context.Context, q pg.Querier, runID int64, at progress, result Result) error {
	a, _ := json.Marshal(at)
	r, _ := json.Marshal(result)
	tag, err := q.Exec(ctx, `UPDATE sync_run SET progress = $2, result = $3, error_code = '', error_params = '{}' WHERE id = $1 AND state = 'running'`, runID, a, r)
	if err != nil {
		return fmt.Errorf("save progress: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errPaused
	}
	return nil
}

// finish ends a run; why is what stopped it, or nil.
func finish(ctx context.Context, db *pg.DB, runID int64, state string, why error, at progress, result Result, now time.Time) error {
	err := db.Tx(ctx, func(tx pg.Tx) error {
		if err := saveProgress(ctx, tx, runID, at, result); err != nil {
			return err
		}
		if err := clearSeen(ctx, tx, runID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE sync_run SET state = $2, finished_at = $3 WHERE id = $1`, runID, state, now); err != nil {
			return fmt.Errorf("finish sync: %w", err)
		}
		if err := noteError(ctx, tx, runID, why); err != nil {
			return err
		}
		return forgetRuns(ctx, tx, now.AddDate(-2, 0, 0))
	})
	if errors.Is(err, errPaused) { // at the last moment: the last step is gone through again when it is resumed
		return nil
	}
	return err
}

// forgetRuns drops what ended so long ago that nobody asks any more.
func forgetRuns(ctx context.Context, tx pg.Tx, before time.Time) error {
	if _, err := tx.Exec(ctx, `DELETE FROM sync_repair WHERE run_id IN (SELECT id FROM sync_run WHERE finished_at < $1)`, before); err != nil {
		return fmt.Errorf("forget repairs: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM sync_run WHERE finished_at < $1`, before); err != nil {
		return fmt.Errorf("forget syncs: %w", err)
	}
	return nil
}

const runColumns = `id, kind, state, started_at, finished_at, progress, result, error_code, error_params`

// List returns the newest runs; those of kind, unless it is empty.
func List(ctx context.Context, q pg.Querier, kind Kind, limit int) ([]Run, error) {
	rows, err := q.Query(ctx, `SELECT `+runColumns+` FROM sync_run WHERE $1 = '' OR kind = $1 ORDER BY id DESC LIMIT $2`, kind, limit)
	if err != nil {
		return nil, fmt.Errorf("list syncs: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Run])
}

// Get returns one run; NotFound "sync.not_found".
func Get(ctx context.Context, q pg.Querier, runID int64) (Run, error) {
	rows, err := q.Query(ctx, `SELECT `+runColumns+` FROM sync_run WHERE id = $1`, runID)
	if err != nil {
		return Run{}, fmt.Errorf("get sync: %w", err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Run])
	if errors.Is(err, pgx.ErrNoRows) {
		return Run{}, errs.E(errs.NotFound, "sync.not_found", "no run %d", runID).With("id", runID)
	}
	return r, err
}

// LastDone returns the newest finished run of a kind; ok is false when there is none.
func LastDone(ctx context.Context, q pg.Querier, kind Kind) (res Result, at time.Time, ok bool, err error) {
	var raw json.RawMessage
	err = q.QueryRow(ctx, `SELECT result, finished_at FROM sync_run WHERE state = 'done' AND kind = $1 ORDER BY id DESC LIMIT 1`, kind).Scan(&raw, &at)
	if errors.Is(err, pgx.ErrNoRows) {
		return res, at, false, nil
	}
	if err != nil {
		return res, at, false, fmt.Errorf("last sync: %w", err)
	}
	return res, at, true, json.Unmarshal(raw, &res)
}

// counts is what we hold: a relation that the customer ended still shows at WeCom, so it counts.
func counts(ctx context.Context, q pg.Querier) (Counts, error) {
	var staff, relations, tags, groups, members, ways, joins int
	err := q.QueryRow(ctx, `SELECT (SELECT count(*) FROM directory_staff WHERE active AND can_contact), (SELECT count(*) FROM customer_relation WHERE state <> 'deleted_by_staff'),
		(SELECT count(*) FROM customer_tag), (SELECT count(*) FROM group_group WHERE status <> 'dissolved'), (SELECT count(*) FROM group_member WHERE left_at IS NULL),
		(SELECT count(*) FROM livecode_code WHERE kind = 'staff' AND config_id <> ''), (SELECT count(*) FROM livecode_code WHERE kind = 'group' AND config_id <> '')`).
		Scan(&staff, &relations, &tags, &groups, &members, &ways, &joins)
	if err != nil {
		return nil, fmt.Errorf("count what we hold: %w", err)
	}
	return Counts{Staff: staff, Relations: relations, Tags: tags, Groups: groups, Members: members, Ways: ways, JoinWays: joins}, nil
}

func clearSeen(ctx context.Context, q pg.Querier, runID int64) error {
	if _, err := q.Exec(ctx, `DELETE FROM sync_seen WHERE run_id = $1`, runID); err != nil {
		return fmt.Errorf("forget what was seen: %w", err)
	}
	if _, err := q.Exec(ctx, `DELETE FROM sync_seen_group WHERE run_id = $1`, runID); err != nil {
		return fmt.Errorf("forget what was seen: %w", err)
	}
	return nil
}

func keepSeen(ctx context.Context, tx pg.Tx, runID int64, rows []wecom.ExternalFollow) error {
	users, externals := make([]string, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		users[i], externals[i] = r.Follow.UserID, r.Contact.ExternalUserID
	}
	return keepPairs(ctx, tx, runID, users, externals)
}

func keepPairs(ctx context.Context, tx pg.Tx, runID int64, users, externals []string) error {
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

// suspect is a relation that WeCom should show and did not; began is when it began by what we hold.
type suspect struct {
	customer.End
	customerID int64
	began      time.Time
}

// unseen returns relations that WeCom should show and the run did not see, in order, after the one given.
func unseen(ctx context.Context, q pg.Querier, runID int64, user, external string, limit int, now time.Time) ([]suspect, error) {
	rows, err := q.Query(ctx, `SELECT r.userid, r.external_userid, r.customer_id, r.added_at FROM customer_relation r
		LEFT JOIN sync_seen s ON s.run_id = $1 AND s.userid = r.userid AND s.external_userid = r.external_userid
		WHERE r.state <> 'deleted_by_staff' AND s.run_id IS NULL AND (r.userid, r.external_userid) > ($2, $3) ORDER BY 1, 2 LIMIT $4`, runID, user, external, limit)
	if err != nil {
		return nil, fmt.Errorf("find unseen relations: %w", err)
	}
	return collectSuspects(rows, now)
}

func collectSuspects(rows pgx.Rows, now time.Time) ([]suspect, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (suspect, error) {
		x := suspect{End: customer.End{By: customer.DeletedByStaff, At: now}}
		err := row.Scan(&x.UserID, &x.ExternalUserID, &x.customerID, &x.began)
		return x, err
	})
}

// heldPerUser counts the relations that WeCom should show of members of staff; who has none is absent.
func heldPerUser(ctx context.Context, q pg.Querier, users []string) (map[string]int, error) {
	rows, err := q.Query(ctx, `SELECT s.userid, count(*)::int FROM customer_relation r JOIN directory_staff s ON s.id = r.staff_id
		WHERE s.userid = ANY($1) AND r.state <> 'deleted_by_staff' GROUP BY 1`, users)
	if err != nil {
		return nil, fmt.Errorf("count relations of staff: %w", err)
	}
	out := map[string]int{}
	var u string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&u, &n}, func() error { out[u] = n; return nil })
	return out, err
}

// writtenSince counts, for members of staff, the relations that were written since a time: those that live, and those that
// ended.
func writtenSince(ctx context.Context, q pg.Querier, users []string, since time.Time) (begun, ended map[string]int, err error) {
	rows, err := q.Query(ctx, `SELECT s.userid, count(*) FILTER (WHERE r.state <> 'deleted_by_staff')::int, count(*) FILTER (WHERE r.state = 'deleted_by_staff')::int
		FROM customer_relation r JOIN directory_staff s ON s.id = r.staff_id WHERE s.userid = ANY($1) AND r.updated_at >= $2 GROUP BY 1`, users, since)
	if err != nil {
		return nil, nil, fmt.Errorf("count what was written: %w", err)
	}
	begun, ended = map[string]int{}, map[string]int{}
	var u string
	var b, e int
	_, err = pgx.ForEachRow(rows, []any{&u, &b, &e}, func() error { begun[u], ended[u] = b, e; return nil })
	return begun, ended, err
}

// waysWritten counts codes that were written since a time: those that have a way, and those that have none.
func waysWritten(ctx context.Context, q pg.Querier, kind string, since time.Time) (with, without int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FILTER (WHERE config_id <> ''), count(*) FILTER (WHERE config_id = '') FROM livecode_code
		WHERE kind = $1 AND updated_at >= $2`, kind, since).Scan(&with, &without)
	if err != nil {
		return 0, 0, fmt.Errorf("count ways: %w", err)
	}
	return with, without, nil
}

// heldOf returns the relations of members of staff that WeCom should show.
func heldOf(ctx context.Context, q pg.Querier, users []string, now time.Time) ([]suspect, error) {
	rows, err := q.Query(ctx, `SELECT s.userid, r.external_userid, r.customer_id, r.added_at FROM customer_relation r JOIN directory_staff s ON s.id = r.staff_id
		WHERE s.userid = ANY($1) AND r.state <> 'deleted_by_staff' ORDER BY 1, 2`, users)
	if err != nil {
		return nil, fmt.Errorf("read relations of staff: %w", err)
	}
	return collectSuspects(rows, now)
}

// notHeld returns those of the relations that we do not hold. A person with two ids at WeCom is one here.
func notHeld(ctx context.Context, q pg.Querier, list []pair) ([]pair, error) {
	if len(list) == 0 {
		return nil, nil
	}
	users, externals := make([]string, len(list)), make([]string, len(list))
	for i, p := range list {
		users[i], externals[i] = p.user, p.external
	}
	rows, err := q.Query(ctx, `SELECT u, e FROM unnest($1::text[], $2::text[]) AS x(u, e) WHERE NOT EXISTS (SELECT FROM customer_identity i
		JOIN customer_relation r ON r.customer_id = i.customer_id JOIN directory_staff s ON s.id = r.staff_id
		WHERE i.value = x.e AND i.kind = 'external_userid' AND s.userid = x.u AND r.state <> 'deleted_by_staff')`, users, externals)
	if err != nil {
		return nil, fmt.Errorf("find relations: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p pair, err error) {
		err = row.Scan(&p.user, &p.external)
		return p, err
	})
}

// heldStaff are the staff we take for able to have customers.
func heldStaff(ctx context.Context, q pg.Querier) ([]string, error) {
	return texts(ctx, q, `SELECT userid FROM directory_staff WHERE active AND can_contact`)
}

func heldTags(ctx context.Context, q pg.Querier) ([]string, error) {
	return texts(ctx, q, `SELECT id FROM customer_tag`)
}

func texts(ctx context.Context, q pg.Querier, sql string, args ...any) ([]string, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read what we hold: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// stopped is the code of whatever has none of its own; the log has its text.
const stopped = "sync.stopped"

// noteError keeps what stopped a run, or what it waits for, as a code with its figures.
func noteError(ctx context.Context, q pg.Querier, runID int64, why error) error {
	code := errs.CodeOf(why)
	if code == "internal" {
		code = stopped
	}
	if _, err := q.Exec(ctx, `UPDATE sync_run SET error_code = $2, error_params = $3 WHERE id = $1`, runID, code, errs.ParamsOf(why)); err != nil {
		return fmt.Errorf("note what stopped sync: %w", err)
	}
	return nil
}

// heldGroup is a living group as we hold it.
type heldGroup struct {
	chatID, status, version, name, owner, notice string
}

func livingGroups(ctx context.Context, q pg.Querier) ([]heldGroup, error) {
	rows, err := q.Query(ctx, `SELECT chat_id, status, member_version, name, owner_userid, notice FROM group_group WHERE status <> 'dissolved' ORDER BY chat_id`)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (g heldGroup, err error) {
		err = row.Scan(&g.chatID, &g.status, &g.version, &g.name, &g.owner, &g.notice)
		return g, err
	})
}

func livingChats(ctx context.Context, q pg.Querier) ([]string, error) {
	return texts(ctx, q, `SELECT chat_id FROM group_group WHERE status <> 'dissolved'`)
}

func keepSeenGroups(ctx context.Context, tx pg.Tx, runID int64, chats []string, members []int32, readAt time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO sync_seen_group (run_id, chat_id, members, read_at) SELECT $1, c, m, $4 FROM unnest($2::text[], $3::int[]) AS x(c, m)
		ON CONFLICT (run_id, chat_id) DO UPDATE SET members = EXCLUDED.members, read_at = EXCLUDED.read_at`, runID, chats, members, readAt)
	if err != nil {
		return fmt.Errorf("keep seen groups: %w", err)
	}
	return nil
}

func forgetSeenGroups(ctx context.Context, q pg.Querier, runID int64, chats []string) error {
	if _, err := q.Exec(ctx, `DELETE FROM sync_seen_group WHERE run_id = $1 AND chat_id = ANY($2)`, runID, chats); err != nil {
		return fmt.Errorf("forget what was seen: %w", err)
	}
	return nil
}
