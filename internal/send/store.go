package send

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// key names a row of a staff member: a send or a task.
type key struct{ staff, id int64 }

// row is a send to be inserted.
type row struct {
	NewSend
	id          int64
	fingerprint string
}

// flight is a send whose call is to be made.
type flight struct{ StaffID, ID, CauseID int64 }

func split(list []flight) (staff, ids []int64) {
	for _, f := range list {
		staff, ids = append(staff, f.StaffID), append(ids, f.ID)
	}
	return staff, ids
}

const columns = `staff_id, id, key, chat_type, userid, content, task_id, state, msgid, window_end, close_at, created_at, issued_at, confirmed_at, polls, closing, reissue, cause_id`

func scan(r pgx.CollectableRow) (send, error) {
	var x send
	var content []byte
	err := r.Scan(&x.StaffID, &x.ID, &x.Key, &x.ChatType, &x.UserID, &content, &x.TaskID, &x.State, &x.MsgID, &x.WindowEnd, &x.CloseAt, &x.CreatedAt,
		&x.IssuedAt, &x.ConfirmedAt, &x.Polls, &x.Closing, &x.Reissue, &x.CauseID)
	if err == nil {
		err = json.Unmarshal(content, &x.Content)
	}
	return x, err
}

func oneSend(ctx context.Context, q pg.Querier, staffID, id int64) (send, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM send_send WHERE staff_id = $1 AND id = $2`, staffID, id)
	if err != nil {
		return send{}, fmt.Errorf("find send %d: %w", id, err)
	}
	return pgx.CollectExactlyOneRow(rows, scan)
}

func sendsOfTask(ctx context.Context, q pg.Querier, staffID, taskID int64, state State) ([]send, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM send_send WHERE staff_id = $1 AND task_id = $2 AND state = $3`, staffID, taskID, string(state))
	if err != nil {
		return nil, fmt.Errorf("find sends of task %d: %w", taskID, err)
	}
	return pgx.CollectRows(rows, scan)
}

func dueSends(ctx context.Context, q pg.Querier, now time.Time, limit int) ([]send, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM send_send WHERE state IN ('created','confirmed') AND next_poll_at <= $1 ORDER BY next_poll_at, id LIMIT $2`, now, limit)
	if err != nil {
		return nil, fmt.Errorf("find due sends: %w", err)
	}
	return pgx.CollectRows(rows, scan)
}

// insert adds sends with their recipients; those whose key exists are left out.
func insert(ctx context.Context, tx pg.Tx, list []row, now time.Time) error {
	n := len(list)
	staff, ids, keys, types, users, prints, contents := make([]int64, n), make([]int64, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	tasks, causes, windows, closes := make([]int64, n), make([]int64, n), make([]time.Time, n), make([]time.Time, n)
	for i, r := range list {
		content, err := json.Marshal(r.Content)
		if err != nil {
			return fmt.Errorf("content of send %s: %w", r.Key, err)
		}
		staff[i], ids[i], keys[i], types[i], users[i], prints[i], contents[i] = r.StaffID, r.id, r.Key, r.ChatType, r.UserID, r.fingerprint, string(content)
		tasks[i], causes[i], windows[i], closes[i] = r.TaskID, r.CauseID, r.WindowEnd, r.CloseAt
	}
	rows, err := tx.Query(ctx, `INSERT INTO send_send (staff_id, id, key, chat_type, userid, fingerprint, content, task_id, state, window_end, close_at, created_at, cause_id)
		SELECT s, i, k, ty, us, fp, co::jsonb, ta, 'planned', wi, cl, $11, ca FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
			$8::bigint[], $9::timestamptz[], $10::timestamptz[], $12::bigint[]) AS u(s, i, k, ty, us, fp, co, ta, wi, cl, ca)
		ON CONFLICT (staff_id, key) DO NOTHING RETURNING id`, staff, ids, keys, types, users, prints, contents, tasks, windows, closes, now, causes)
	if err != nil {
		return fmt.Errorf("insert sends: %w", err)
	}
	fresh := map[int64]bool{}
	var id int64
	if _, err := pgx.ForEachRow(rows, []any{&id}, func() error { fresh[id] = true; return nil }); err != nil {
		return err
	}
	var rs, ri, rc, rg, rt []int64
	var to []string
	for _, r := range list {
		if !fresh[r.id] {
			continue
		}
		for _, x := range r.Recipients {
			rs, ri, to = append(rs, r.StaffID), append(ri, r.id), append(to, x.to())
			rc, rg, rt = append(rc, x.CustomerID), append(rg, x.GroupID), append(rt, x.TouchID)
		}
	}
	if _, err := tx.Exec(ctx, `INSERT INTO send_recipient (staff_id, send_id, recipient, customer_id, group_id, touch_id, status)
		SELECT s, i, r, c, g, t, 'pending' FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) AS u(s, i, r, c, g, t)
		ON CONFLICT DO NOTHING`, rs, ri, to, rc, rg, rt); err != nil {
		return fmt.Errorf("insert recipients: %w", err)
	}
	return nil
}

// claimFlights puts the first planned send of every free fingerprint in flight. The lock keeps two transactions from
// choosing at the same time; it is taken last and held for a moment.
func claimFlights(ctx context.Context, tx pg.Tx) ([]flight, error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/send', 0))`); err != nil {
		return nil, fmt.Errorf("lock sends: %w", err)
	}
	rows, err := tx.Query(ctx, `UPDATE send_send s SET in_flight = true FROM (
			SELECT DISTINCT ON (p.staff_id, p.fingerprint) p.staff_id, p.id FROM send_send p
			WHERE p.state = 'planned' AND NOT p.in_flight
				AND NOT EXISTS (SELECT 1 FROM send_send f WHERE f.staff_id = p.staff_id AND f.fingerprint = p.fingerprint AND f.in_flight)
			ORDER BY p.staff_id, p.fingerprint, p.id) u
		WHERE s.staff_id = u.staff_id AND s.id = u.id RETURNING s.staff_id, s.id, s.cause_id`)
	if err != nil {
		return nil, fmt.Errorf("put sends in flight: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[flight])
}

func pendingOf(ctx context.Context, q pg.Querier, staffID, sendID int64) ([]string, error) {
	rows, err := q.Query(ctx, `SELECT recipient FROM send_recipient WHERE staff_id = $1 AND send_id = $2 AND status = 'pending' ORDER BY recipient`, staffID, sendID)
	if err != nil {
		return nil, fmt.Errorf("read recipients: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func recipientsOf(ctx context.Context, q pg.Querier, staffID, sendID int64) (map[string]bool, error) {
	rows, err := q.Query(ctx, `SELECT recipient FROM send_recipient WHERE staff_id = $1 AND send_id = $2`, staffID, sendID)
	if err != nil {
		return nil, fmt.Errorf("read recipients: %w", err)
	}
	out := map[string]bool{}
	var to string
	_, err = pgx.ForEachRow(rows, []any{&to}, func() error { out[to] = true; return nil })
	return out, err
}

func knownMsgIDs(ctx context.Context, q pg.Querier, ids []string) (map[string]bool, error) {
	rows, err := q.Query(ctx, `SELECT msgid FROM send_send WHERE msgid = ANY($1) AND msgid <> ''`, ids)
	if err != nil {
		return nil, fmt.Errorf("find message ids: %w", err)
	}
	out := map[string]bool{}
	var id string
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { out[id] = true; return nil })
	return out, err
}

type createdRow struct {
	staffID, id int64
	msgID       string
	to          int
}

// markCreated keeps the message ids and returns the sends from which somebody was withdrawn after WeCom got the list.
func markCreated(ctx context.Context, tx pg.Tx, list []createdRow, now, next time.Time) ([]flight, error) {
	n := len(list)
	staff, ids, msgs, to := make([]int64, n), make([]int64, n), make([]string, n), make([]int32, n)
	for i, r := range list {
		staff[i], ids[i], msgs[i], to[i] = r.staffID, r.id, r.msgID, int32(r.to)
	}
	rows, err := tx.Query(ctx, `UPDATE send_send s SET state = 'created', msgid = u.m, issued_at = $5, in_flight = false,
			reissue = s.reissue AND u.pending < u.t, next_poll_at = CASE WHEN s.reissue AND u.pending < u.t THEN NULL ELSE $6::timestamptz END
		FROM (SELECT g.*, (SELECT count(*) FROM send_recipient r WHERE r.staff_id = g.s AND r.send_id = g.i AND r.status = 'pending') AS pending
			FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::int[]) AS g(s, i, m, t)) u
		WHERE s.staff_id = u.s AND s.id = u.i AND s.state = 'planned' RETURNING s.staff_id, s.id, s.cause_id, s.reissue`, staff, ids, msgs, to, now, next)
	if err != nil {
		return nil, fmt.Errorf("keep created sends: %w", err)
	}
	var recall []flight
	var f flight
	var again bool
	_, err = pgx.ForEachRow(rows, []any{&f.StaffID, &f.ID, &f.CauseID, &again}, func() error {
		if again {
			recall = append(recall, f)
		}
		return nil
	})
	return recall, err
}

type brokenRow struct {
	staffID, id int64
	code        string
}

type endedSend struct {
	StaffID, ID, TaskID int64
	code                string
}

func markBroken(ctx context.Context, tx pg.Tx, list []brokenRow) ([]endedSend, error) {
	n := len(list)
	staff, ids, codes := make([]int64, n), make([]int64, n), make([]string, n)
	for i, r := range list {
		staff[i], ids[i], codes[i] = r.staffID, r.id, r.code
	}
	rows, err := tx.Query(ctx, `UPDATE send_send s SET state = 'failed', in_flight = false, error = u.c, next_poll_at = NULL
		FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS u(s, i, c) WHERE s.staff_id = u.s AND s.id = u.i AND s.state = 'planned'
		RETURNING s.staff_id, s.id, s.task_id, s.error`, staff, ids, codes)
	if err != nil {
		return nil, fmt.Errorf("keep failed sends: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (endedSend, error) {
		var e endedSend
		err := r.Scan(&e.StaffID, &e.ID, &e.TaskID, &e.code)
		return e, err
	})
}

func markClosing(ctx context.Context, tx pg.Tx, list []flight, now time.Time) error {
	staff, ids := split(list)
	_, err := tx.Exec(ctx, `UPDATE send_send s SET closing = true, next_poll_at = $3 FROM unnest($1::bigint[], $2::bigint[]) AS u(s, i)
		WHERE s.staff_id = u.s AND s.id = u.i AND s.state IN ('created','confirmed')`, staff, ids, now)
	if err != nil {
		return fmt.Errorf("close sends: %w", err)
	}
	return nil
}

type withdrawn struct {
	staffID, sendID, causeID, customerID, touchID int64
}

// withdraw marks customers as unsent in sends that are not confirmed, and returns where it did.
func withdraw(ctx context.Context, tx pg.Tx, customerIDs []int64) ([]withdrawn, error) {
	rows, err := tx.Query(ctx, `UPDATE send_recipient r SET status = 'unsent' FROM send_send s
		WHERE r.customer_id = ANY($1) AND r.customer_id <> 0 AND r.status = 'pending' AND s.staff_id = r.staff_id AND s.id = r.send_id AND s.state IN ('planned','created')
		RETURNING r.staff_id, r.send_id, s.cause_id, r.customer_id, r.touch_id`, customerIDs)
	if err != nil {
		return nil, fmt.Errorf("withdraw recipients: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (withdrawn, error) {
		var w withdrawn
		err := r.Scan(&w.staffID, &w.sendID, &w.causeID, &w.customerID, &w.touchID)
		return w, err
	})
}

// markReissue has sends made anew and returns those that WeCom already has.
func markReissue(ctx context.Context, tx pg.Tx, list []flight) ([]flight, error) {
	staff, ids := split(list)
	rows, err := tx.Query(ctx, `UPDATE send_send s SET reissue = true, next_poll_at = NULL FROM unnest($1::bigint[], $2::bigint[]) AS u(s, i)
		WHERE s.staff_id = u.s AND s.id = u.i AND s.state IN ('planned','created') RETURNING s.staff_id, s.id, s.cause_id, s.state`, staff, ids)
	if err != nil {
		return nil, fmt.Errorf("mark sends for reissue: %w", err)
	}
	var out []flight
	var f flight
	var state State
	_, err = pgx.ForEachRow(rows, []any{&f.StaffID, &f.ID, &f.CauseID, &state}, func() error {
		if state == Created {
			out = append(out, f)
		}
		return nil
	})
	return out, err
}

// change is a recipient's result to be kept.
type change struct {
	staffID, sendID int64
	result
}

// changed is a recipient whose status really changed, with what the event needs.
type changed struct {
	staffID, sendID, taskID, customerID, groupID, touchID, causeID int64
	chatType, userID, to, status, text                             string
	sentAt                                                         *time.Time
}

// saveResults writes only statuses that differ. A delivery beats everything; other results are final.
func saveResults(ctx context.Context, tx pg.Tx, list []change) ([]changed, error) {
	if len(list) == 0 {
		return nil, nil
	}
	n := len(list)
	staff, sends, to, statuses, sent := make([]int64, n), make([]int64, n), make([]string, n), make([]string, n), make([]*time.Time, n)
	for i, c := range list {
		staff[i], sends[i], to[i], statuses[i] = c.staffID, c.sendID, c.to, c.status
		if c.status == Reached && !c.at.IsZero() {
			sent[i] = &list[i].at
		}
	}
	rows, err := tx.Query(ctx, `UPDATE send_recipient r SET status = u.st, sent_at = u.a
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[]) AS u(s, i, t, st, a)
			JOIN send_send x ON x.staff_id = u.s AND x.id = u.i
		WHERE r.staff_id = u.s AND r.send_id = u.i AND r.recipient = u.t AND r.status <> u.st AND (r.status = 'pending' OR u.st = 'delivered')
		RETURNING r.staff_id, r.send_id, x.task_id, r.customer_id, r.group_id, r.touch_id, x.cause_id, x.chat_type, x.userid, r.recipient, r.status,
			coalesce(x.content->>'text', ''), r.sent_at`, staff, sends, to, statuses, sent)
	if err != nil {
		return nil, fmt.Errorf("keep results: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (changed, error) {
		var c changed
		err := r.Scan(&c.staffID, &c.sendID, &c.taskID, &c.customerID, &c.groupID, &c.touchID, &c.causeID, &c.chatType, &c.userID, &c.to, &c.status, &c.text, &c.sentAt)
		return c, err
	})
}

type tally struct{ pending, delivered int }

func keysOf(list []send) (staff, ids []int64) {
	for _, x := range list {
		staff, ids = append(staff, x.StaffID), append(ids, x.ID)
	}
	return staff, ids
}

func counts(ctx context.Context, q pg.Querier, list []send) (map[key]tally, error) {
	staff, ids := keysOf(list)
	rows, err := q.Query(ctx, `SELECT r.staff_id, r.send_id, count(*) FILTER (WHERE r.status = 'pending'), count(*) FILTER (WHERE r.status = 'delivered')
		FROM send_recipient r JOIN unnest($1::bigint[], $2::bigint[]) AS u(s, i) ON r.staff_id = u.s AND r.send_id = u.i GROUP BY 1, 2`, staff, ids)
	if err != nil {
		return nil, fmt.Errorf("count recipients: %w", err)
	}
	out := map[key]tally{}
	var k key
	var t tally
	_, err = pgx.ForEachRow(rows, []any{&k.staff, &k.id, &t.pending, &t.delivered}, func() error { out[k] = t; return nil })
	return out, err
}

func saveProgress(ctx context.Context, tx pg.Tx, list []send, steps []progress) error {
	staff, ids := keysOf(list)
	n := len(list)
	states, confirmed, next := make([]string, n), make([]*time.Time, n), make([]*time.Time, n)
	for i, p := range steps {
		states[i], confirmed[i], next[i] = string(p.state), p.confirmedAt, p.next
	}
	_, err := tx.Exec(ctx, `UPDATE send_send s SET state = u.st, confirmed_at = u.c, next_poll_at = u.n, polls = s.polls + 1
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[]) AS u(s, i, st, c, n)
		WHERE s.staff_id = u.s AND s.id = u.i AND s.state IN ('created','confirmed')`, staff, ids, states, confirmed, next)
	if err != nil {
		return fmt.Errorf("move sends on: %w", err)
	}
	return nil
}

// unsend marks those without a result as never sent, and returns them.
func unsend(ctx context.Context, tx pg.Tx, list []endedSend) ([]changed, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var staff, ids []int64
	for _, e := range list {
		staff, ids = append(staff, e.StaffID), append(ids, e.ID)
	}
	rows, err := tx.Query(ctx, `UPDATE send_recipient r SET status = 'unsent' FROM unnest($1::bigint[], $2::bigint[]) AS u(s, i)
		WHERE r.staff_id = u.s AND r.send_id = u.i AND r.status = 'pending' RETURNING r.customer_id, r.group_id, r.touch_id`, staff, ids)
	if err != nil {
		return nil, fmt.Errorf("release recipients: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (changed, error) {
		var c changed
		err := r.Scan(&c.customerID, &c.groupID, &c.touchID)
		return c, err
	})
}

// reissue copies sends under new ids and moves their pending recipients over.
func reissue(ctx context.Context, tx pg.Tx, list []send, fresh []int64, now time.Time) error {
	staff, ids := keysOf(list)
	if _, err := tx.Exec(ctx, `INSERT INTO send_send (staff_id, id, key, chat_type, userid, fingerprint, content, task_id, state, window_end, close_at, created_at, cause_id)
		SELECT s.staff_id, u.n, s.key || '+', s.chat_type, s.userid, s.fingerprint, s.content, s.task_id, 'planned', s.window_end, s.close_at, $4, s.cause_id
		FROM send_send s JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u(s, i, n) ON s.staff_id = u.s AND s.id = u.i`, staff, ids, fresh, now); err != nil {
		return fmt.Errorf("make sends anew: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE send_recipient r SET send_id = u.n FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u(s, i, n)
		WHERE r.staff_id = u.s AND r.send_id = u.i AND r.status = 'pending'`, staff, ids, fresh); err != nil {
		return fmt.Errorf("move recipients: %w", err)
	}
	return nil
}

// taskStanding is how the sends of a task stand together.
type taskStanding struct {
	open, confirmed, delivered int
	withdrawn                  bool // everything was taken back because nobody was left
	confirmedAt                *time.Time
}

func taskStandings(ctx context.Context, q pg.Querier, list []send) (map[key]taskStanding, error) {
	var staff, tasks []int64
	for _, x := range list {
		if x.TaskID != 0 {
			staff, tasks = append(staff, x.StaffID), append(tasks, x.TaskID)
		}
	}
	rows, err := q.Query(ctx, `SELECT s.staff_id, s.task_id, count(*) FILTER (WHERE s.state IN ('planned','created')), count(*) FILTER (WHERE s.confirmed_at IS NOT NULL),
			coalesce(sum((SELECT count(*) FROM send_recipient r WHERE r.staff_id = s.staff_id AND r.send_id = s.id AND r.status = 'delivered')), 0)::bigint,
			bool_and(s.state = 'cancelled' AND s.reissue), max(s.confirmed_at)
		FROM send_send s JOIN (SELECT DISTINCT a, b FROM unnest($1::bigint[], $2::bigint[]) AS g(a, b)) u ON s.staff_id = u.a AND s.task_id = u.b GROUP BY 1, 2`, staff, tasks)
	if err != nil {
		return nil, fmt.Errorf("stand of tasks: %w", err)
	}
	out := map[key]taskStanding{}
	var k key
	var t taskStanding
	_, err = pgx.ForEachRow(rows, []any{&k.staff, &k.id, &t.open, &t.confirmed, &t.delivered, &t.withdrawn, &t.confirmedAt}, func() error { out[k] = t; return nil })
	return out, err
}

// openSendsOf returns the sends of tasks that WeCom does not know yet, and those it has; the latter are not polled any
// more until their cancellation was answered. A call that is under way for one of the former is recalled when it answers.
func openSendsOf(ctx context.Context, tx pg.Tx, tasks []key) (planned []endedSend, created []flight, err error) {
	if len(tasks) == 0 {
		return nil, nil, nil
	}
	staff, ids := make([]int64, len(tasks)), make([]int64, len(tasks))
	for i, k := range tasks {
		staff[i], ids[i] = k.staff, k.id
	}
	rows, err := tx.Query(ctx, `UPDATE send_send s SET next_poll_at = NULL, reissue = s.reissue OR s.state = 'planned' FROM unnest($1::bigint[], $2::bigint[]) AS u(s, t)
		WHERE s.staff_id = u.s AND s.task_id = u.t AND s.state IN ('planned','created') RETURNING s.staff_id, s.id, s.task_id, s.cause_id, s.state`, staff, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("find open sends: %w", err)
	}
	var e endedSend
	var cause int64
	var state State
	_, err = pgx.ForEachRow(rows, []any{&e.StaffID, &e.ID, &e.TaskID, &cause, &state}, func() error {
		if state == Created {
			created = append(created, flight{e.StaffID, e.ID, cause})
		} else {
			planned = append(planned, e)
		}
		return nil
	})
	return planned, created, err
}
