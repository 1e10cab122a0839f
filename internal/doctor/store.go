package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// Everything here reads; the tables belong to other packages. The doctor's own are in service.go's statements below.

func serverVersion(ctx context.Context, q pg.Querier) (number int, text string, err error) {
	err = q.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version')`).Scan(&number, &text)
	return number, text, err
}

func settings(ctx context.Context, q pg.Querier, names ...string) (map[string]string, error) {
	rows, err := q.Query(ctx, `SELECT n, coalesce(current_setting(n, true), '') FROM unnest($1::text[]) AS n`, names)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	out := map[string]string{}
	var name, value string
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error { out[name] = value; return nil })
	return out, err
}

func installedExtensions(ctx context.Context, q pg.Querier) (there bool, names string, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1),
		coalesce((SELECT string_agg(e.extname || ' ' || e.extversion, ', ' ORDER BY e.extname) FROM pg_extension e
			JOIN pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname = $1), '')`, pg.ExtensionSchema).Scan(&there, &names)
	return there, names, err
}

// connectionCounts returns how many connections ordinary roles may have and how many clients there are.
func connectionCounts(ctx context.Context, q pg.Querier) (most, used int, err error) {
	err = q.QueryRow(ctx, `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
		(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int`).Scan(&most, &used)
	return most, used, err
}

func databaseSize(ctx context.Context, q pg.Querier) (bytes int64, err error) {
	err = q.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&bytes)
	return bytes, err
}

// serverClock is when the server began to run this very statement.
func serverClock(ctx context.Context, q pg.Querier) (at time.Time, err error) {
	err = q.QueryRow(ctx, `SELECT query_start FROM pg_stat_activity WHERE pid = pg_backend_pid()`).Scan(&at)
	return at, err
}

func lease(ctx context.Context, q pg.Querier) (owner string, until time.Time, found bool, err error) {
	err = q.QueryRow(ctx, `SELECT owner, until_at FROM job_lease WHERE name = 'worker'`).Scan(&owner, &until)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", time.Time{}, false, nil
	}
	return owner, until, err == nil, err
}

type depths struct {
	callbacks, calls             int64
	oldest                       time.Duration
	failedCallbacks, failedCalls int64 // of a day
	unknownCalls                 int64
}

func queueDepths(ctx context.Context, q pg.Querier, now time.Time) (d depths, err error) {
	var callback, call *time.Time
	err = q.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'new'), min(received_at) FILTER (WHERE state = 'new'),
		count(*) FILTER (WHERE state = 'failed' AND received_at > $1) FROM inbox_event WHERE state = 'new' OR state = 'failed' AND received_at > $1`,
		now.Add(-24*time.Hour)).Scan(&d.callbacks, &callback, &d.failedCallbacks)
	if err != nil {
		return d, fmt.Errorf("count callbacks: %w", err)
	}
	err = q.QueryRow(ctx, `SELECT count(*) FILTER (WHERE next_at <= $1), min(next_at) FILTER (WHERE next_at <= $1),
		count(*) FILTER (WHERE state = 'unknown') FROM outbox_call WHERE state IN ('planned','calling','unknown')`, now).Scan(&d.calls, &call, &d.unknownCalls)
	if err != nil {
		return d, fmt.Errorf("count calls: %w", err)
	}
	err = q.QueryRow(ctx, `SELECT count(*) FROM outbox_call WHERE state = 'failed' AND created_at > $1`, now.Add(-24*time.Hour)).Scan(&d.failedCalls)
	if err != nil {
		return d, fmt.Errorf("count failed calls: %w", err)
	}
	for _, at := range []*time.Time{callback, call} {
		if at != nil {
			d.oldest = max(d.oldest, now.Sub(*at))
		}
	}
	return d, nil
}

type river struct {
	made               bool // its tables are there
	leader             string
	until              time.Time
	waiting, discarded int64
	oldest             time.Time
}

func riverState(ctx context.Context, q pg.Querier) (j river, err error) {
	err = q.QueryRow(ctx, `SELECT to_regclass('qunce.river_leader') IS NOT NULL AND to_regclass('qunce.river_job') IS NOT NULL`).Scan(&j.made)
	if err != nil || !j.made {
		return j, err
	}
	err = q.QueryRow(ctx, `SELECT leader_id, expires_at FROM river_leader ORDER BY expires_at DESC LIMIT 1`).Scan(&j.leader, &j.until)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return j, fmt.Errorf("read leader: %w", err)
	}
	var oldest *time.Time
	err = q.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'available'), min(scheduled_at) FILTER (WHERE state = 'available'),
		count(*) FILTER (WHERE state = 'discarded') FROM river_job WHERE state IN ('available','discarded')`).Scan(&j.waiting, &oldest, &j.discarded)
	if oldest != nil {
		j.oldest = *oldest
	}
	return j, err
}

// corpNow is the present of an accelerated corp; ok is false on a real clock.
func corpNow(ctx context.Context, q pg.Querier) (now, started time.Time, accelerated bool, err error) {
	err = q.QueryRow(ctx, `SELECT now, started_at, accelerated FROM corp_clock WHERE id = 1`).Scan(&now, &started, &accelerated)
	return now, started, accelerated, err
}

// lastCallback is the newest stored callback; nil when there is none.
func lastCallback(ctx context.Context, q pg.Querier) (at *time.Time, err error) {
	var t time.Time
	err = q.QueryRow(ctx, `SELECT received_at FROM inbox_event ORDER BY id DESC LIMIT 1`).Scan(&t)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &t, err
}

// adds counts, since then, the relations that began and the callbacks that told of one.
func adds(ctx context.Context, q pg.Querier, since time.Time) (relations, told int64, err error) {
	if err = q.QueryRow(ctx, `SELECT count(*) FROM customer_relation WHERE added_at >= $1`, since).Scan(&relations); err != nil {
		return 0, 0, fmt.Errorf("count relations: %w", err)
	}
	err = q.QueryRow(ctx, `SELECT count(*) FROM inbox_event WHERE event = 'change_external_contact' AND corp_at >= $1`, since).Scan(&told)
	return relations, told, err
}

type welcomes struct{ sent, already, expired, failed int64 }

// welcomesSince sums welcomes. One that came too late is none when the customer had another: the code that comes with the
// consent to the archive ends the one before it.
func welcomesSince(ctx context.Context, q pg.Querier, since time.Time) (w welcomes, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'sent' AND reason <> 'already'), count(*) FILTER (WHERE reason = 'already'),
		count(*) FILTER (WHERE reason = 'expired' AND NOT EXISTS (SELECT FROM livecode_welcome n
			WHERE n.customer_id = w.customer_id AND n.staff_id = w.staff_id AND n.state = 'sent' AND n.at >= w.at)),
		count(*) FILTER (WHERE state = 'failed') FROM livecode_welcome w WHERE at >= $1`, since).
		Scan(&w.sent, &w.already, &w.expired, &w.failed)
	return w, err
}

type lastSync struct {
	state      string
	startedAt  time.Time
	finishedAt *time.Time
	complete   bool
	staff      int64
	relations  int64
	groups     int64
}

// syncs returns the newest run and the newest one that ended well; either may be nil.
func syncs(ctx context.Context, q pg.Querier) (newest, good *lastSync, err error) {
	for _, c := range []struct {
		into  **lastSync
		where string
	}{{&newest, `true`}, {&good, `state = 'done'`}} {
		var s lastSync
		var result []byte
		err := q.QueryRow(ctx, `SELECT state, started_at, finished_at, result FROM sync_run WHERE kind = 'full' AND `+c.where+` ORDER BY id DESC LIMIT 1`).
			Scan(&s.state, &s.startedAt, &s.finishedAt, &result)
		if errors.Is(err, pgx.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read syncs: %w", err)
		}
		var r struct {
			Complete bool `json:"complete"`
			Remote   struct {
				Staff     int64 `json:"staff"`
				Relations int64 `json:"relations"`
				Groups    int64 `json:"groups"`
			} `json:"remote"`
		}
		if err := json.Unmarshal(result, &r); err != nil {
			return nil, nil, fmt.Errorf("statement of the sync: %w", err)
		}
		s.complete, s.staff, s.relations, s.groups = r.Complete, r.Remote.Staff, r.Remote.Relations, r.Remote.Groups
		*c.into = &s
	}
	return newest, good, nil
}

type archiveState struct {
	caughtUp *time.Time
	failures int64 // in a row
	code     string
	params   Facts
	gaps     int64
}

func archiveRead(ctx context.Context, q pg.Querier) (a archiveState, err error) {
	err = q.QueryRow(ctx, `SELECT caught_up_at, failures, error_code, error_params FROM archive_state WHERE id = 1`).Scan(&a.caughtUp, &a.failures, &a.code, &a.params)
	if err != nil {
		return a, fmt.Errorf("read the archive's state: %w", err)
	}
	return a, nil
}

func archiveGaps(ctx context.Context, q pg.Querier, since time.Time) (n int64, err error) {
	if err = q.QueryRow(ctx, `SELECT count(*) FROM archive_gap WHERE found_at >= $1`, since).Scan(&n); err != nil {
		return 0, fmt.Errorf("count gaps: %w", err)
	}
	return n, nil
}

type statistics struct {
	lastDay string     // the newest archived one; empty = none
	refused *time.Time // since when WeCom refuses, if it does
	code    string
}

// statisticsRead finds whether the newest full sync was refused the statistics, and how long every one has been.
func statisticsRead(ctx context.Context, q pg.Querier) (st statistics, err error) {
	var last *time.Time
	err = q.QueryRow(ctx, `SELECT greatest((SELECT max(day) FROM statistic_staff_day WHERE given), (SELECT max(day) FROM statistic_owner_day WHERE given))`).Scan(&last)
	if err != nil {
		return st, fmt.Errorf("read archived days: %w", err)
	}
	if last != nil {
		st.lastDay = last.Format(time.DateOnly)
	}
	const asked = `FROM sync_run WHERE kind = 'full' AND state = 'done' AND jsonb_typeof(result->'archive') = 'object'`
	err = q.QueryRow(ctx, `SELECT coalesce(result->'archive'->>'error', '') `+asked+` ORDER BY id DESC LIMIT 1`).Scan(&st.code)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && st.code == "" {
		return st, nil
	}
	if err != nil {
		return st, fmt.Errorf("read the refusal: %w", err)
	}
	err = q.QueryRow(ctx, `SELECT min(started_at) `+asked+` AND id > coalesce((SELECT max(id) `+asked+` AND coalesce(result->'archive'->>'error', '') = ''), 0)`).Scan(&st.refused)
	if err != nil {
		return st, fmt.Errorf("read when the refusals began: %w", err)
	}
	return st, nil
}

// needed is a member of staff whom the platform works with: they own a group or stand behind a code.
type needed struct {
	userID, name string
	active       bool
}

func staffNeeded(ctx context.Context, q pg.Querier) ([]needed, error) {
	rows, err := q.Query(ctx, `SELECT DISTINCT owner_staff_id FROM group_group WHERE status <> 'dissolved' AND owner_staff_id <> 0`)
	if err != nil {
		return nil, fmt.Errorf("owners of groups: %w", err)
	}
	owners, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("owners of groups: %w", err)
	}
	rows, err = q.Query(ctx, `SELECT DISTINCT unnest(staff_ids) FROM livecode_code WHERE status IN ('creating','active')`)
	if err != nil {
		return nil, fmt.Errorf("staff of codes: %w", err)
	}
	behind, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("staff of codes: %w", err)
	}
	rows, err = q.Query(ctx, `SELECT userid, name, active FROM directory_staff WHERE id = ANY($1) ORDER BY name_key, id`, append(owners, behind...))
	if err != nil {
		return nil, fmt.Errorf("staff: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (n needed, err error) {
		err = row.Scan(&n.userID, &n.name, &n.active)
		return n, err
	})
}

type refusal struct {
	reason string
	count  int64
	lastAt time.Time
}

// refusals sums the refused callbacks by reason since a day, most first.
func refusals(ctx context.Context, q pg.Querier, since time.Time) ([]refusal, error) {
	rows, err := q.Query(ctx, `SELECT reason, sum(n)::bigint, max(last_at) FROM inbox_door WHERE outcome = 'refused' AND day >= $1::date
		GROUP BY reason ORDER BY sum(n) DESC, reason`, since.Format(time.DateOnly))
	if err != nil {
		return nil, fmt.Errorf("read refusals: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r refusal, err error) {
		err = row.Scan(&r.reason, &r.count, &r.lastAt)
		return r, err
	})
}
