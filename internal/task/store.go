package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/pg"
)

const columns = `staff_id, id, key, kind, title, why, body, store_id, plan_id, plan_version, step_key, customer_id, group_id,
	created_at, due_at, window_end, close_at, state, proof, recipients, delivered, skip_reason, done_at, cause_id`

func scan(row pgx.CollectableRow) (Task, error) {
	var t Task
	var body []byte
	err := row.Scan(&t.StaffID, &t.ID, &t.Key, &t.Kind, &t.Title, &t.Why, &body, &t.StoreID, &t.PlanID, &t.PlanVersion, &t.StepKey, &t.CustomerID, &t.GroupID,
		&t.CreatedAt, &t.DueAt, &t.WindowEnd, &t.CloseAt, &t.State, &t.Proof, &t.Recipients, &t.Delivered, &t.SkipReason, &t.DoneAt, &t.CauseID)
	if err == nil {
		err = json.Unmarshal(body, &t.Body)
	}
	return t, err
}

func find(ctx context.Context, q pg.Querier, where string, args ...any) ([]Task, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM task_task`+where, args...)
	if err != nil {
		return nil, fmt.Errorf("find tasks: %w", err)
	}
	return pgx.CollectRows(rows, scan)
}

func one(ctx context.Context, q pg.Querier, staffID, taskID int64) (Task, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM task_task WHERE staff_id = $1 AND id = $2`, staffID, taskID)
	if err != nil {
		return Task{}, fmt.Errorf("find task: %w", err)
	}
	t, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, errs.E(errs.NotFound, "task.not_found", "task %d of staff %d", taskID, staffID)
	}
	return t, err
}

// insert adds the tasks and reports which of the ids were used.
func insert(ctx context.Context, tx pg.Tx, list []NewTask, ids []int64, now time.Time) (map[int64]bool, error) {
	n := len(list)
	staff, keys, kinds, titles, whys, bodies := make([]int64, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	stores, plans, versions, steps := make([]int64, n), make([]int64, n), make([]int32, n), make([]string, n)
	customers, groups, causes, recipients := make([]int64, n), make([]int64, n), make([]int64, n), make([]int32, n)
	due, windows, closes, days := make([]time.Time, n), make([]time.Time, n), make([]time.Time, n), make([]time.Time, n)
	for i, t := range list {
		body, err := json.Marshal(t.Body)
		if err != nil {
			return nil, fmt.Errorf("body of task %s: %w", t.Key, err)
		}
		staff[i], keys[i], kinds[i], titles[i], whys[i], bodies[i] = t.StaffID, t.Key, string(t.Kind), t.Title, t.Why, string(body)
		stores[i], plans[i], versions[i], steps[i] = t.StoreID, t.PlanID, int32(t.PlanVersion), t.StepKey
		customers[i], groups[i], causes[i], recipients[i] = t.CustomerID, t.GroupID, t.CauseID, int32(t.Recipients)
		due[i], windows[i], closes[i], days[i] = t.DueAt, t.WindowEnd, t.CloseAt, clock.Day(t.DueAt)
	}
	rows, err := tx.Query(ctx, `INSERT INTO task_task (staff_id, id, key, kind, title, why, body, store_id, plan_id, plan_version, step_key, customer_id, group_id,
			created_at, due_at, window_end, close_at, day, state, proof, recipients, cause_id)
		SELECT s, i, k, ki, ti, wh, bo::jsonb, st, pl, ve, sk, cu, gr, $19, du, wi, cl, da, 'open', 'none', re, ca
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::int[], $11::text[],
			$12::bigint[], $13::bigint[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::date[], $18::int[], $20::bigint[])
			AS u(s, i, k, ki, ti, wh, bo, st, pl, ve, sk, cu, gr, du, wi, cl, da, re, ca)
		ON CONFLICT (staff_id, key) DO NOTHING RETURNING id`,
		staff, ids, keys, kinds, titles, whys, bodies, stores, plans, versions, steps, customers, groups, due, windows, closes, days, recipients, now, causes)
	if err != nil {
		return nil, fmt.Errorf("insert tasks: %w", err)
	}
	made := make(map[int64]bool, n)
	var taskID int64
	_, err = pgx.ForEachRow(rows, []any{&taskID}, func() error { made[taskID] = true; return nil })
	return made, err
}

type staffKey struct {
	staff int64
	key   string
}

func idsByKey(ctx context.Context, q pg.Querier, list []NewTask, which []int) (map[staffKey]int64, error) {
	staff, keys := make([]int64, len(which)), make([]string, len(which))
	for j, i := range which {
		staff[j], keys[j] = list[i].StaffID, list[i].Key
	}
	rows, err := q.Query(ctx, `SELECT t.staff_id, t.key, t.id FROM task_task t
		JOIN unnest($1::bigint[], $2::text[]) AS u(s, k) ON t.staff_id = u.s AND t.key = u.k`, staff, keys)
	if err != nil {
		return nil, fmt.Errorf("find tasks by key: %w", err)
	}
	out := map[staffKey]int64{}
	var k staffKey
	var taskID int64
	_, err = pgx.ForEachRow(rows, []any{&k.staff, &k.key, &taskID}, func() error { out[k] = taskID; return nil })
	return out, err
}

// complete ends the tasks that are open or missed and returns those; of tasks already done it only corrects the count.
func complete(ctx context.Context, tx pg.Tx, list []Completion) ([]Task, error) {
	n := len(list)
	staff, ids, at, proofs, delivered := make([]int64, n), make([]int64, n), make([]time.Time, n), make([]string, n), make([]int32, n)
	for i, c := range list {
		staff[i], ids[i], at[i], proofs[i], delivered[i] = c.StaffID, c.TaskID, c.At, string(c.Proof), int32(c.Delivered)
	}
	const given = ` FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::text[], $5::int[]) AS u(s, i, a, p, d) WHERE t.staff_id = u.s AND t.id = u.i`
	if _, err := tx.Exec(ctx, `UPDATE task_task t SET delivered = u.d`+given+` AND u.a IS NOT NULL AND t.state IN ('done','late') AND t.proof = u.p AND t.delivered <> u.d`,
		staff, ids, at, proofs, delivered); err != nil {
		return nil, fmt.Errorf("correct tasks: %w", err)
	}
	rows, err := tx.Query(ctx, `UPDATE task_task t SET state = CASE WHEN u.a > t.window_end THEN 'late' ELSE 'done' END, proof = u.p, delivered = u.d, done_at = u.a`+
		given+` AND t.state IN ('open','missed') RETURNING `+qualified, staff, ids, at, proofs, delivered)
	if err != nil {
		return nil, fmt.Errorf("complete tasks: %w", err)
	}
	return pgx.CollectRows(rows, scan)
}

// qualified is columns with the alias of the UPDATEs, where u may have columns of the same names.
const qualified = `t.staff_id, t.id, t.key, t.kind, t.title, t.why, t.body, t.store_id, t.plan_id, t.plan_version, t.step_key, t.customer_id, t.group_id,
	t.created_at, t.due_at, t.window_end, t.close_at, t.state, t.proof, t.recipients, t.delivered, t.skip_reason, t.done_at, t.cause_id`

// end moves open tasks to skipped or cancelled and returns those it moved.
func end(ctx context.Context, tx pg.Tx, to State, list []Withdrawal, now time.Time) ([]Task, error) {
	n := len(list)
	staff, ids, reasons := make([]int64, n), make([]int64, n), make([]string, n)
	for i, w := range list {
		staff[i], ids[i], reasons[i] = w.StaffID, w.TaskID, w.Reason
	}
	rows, err := tx.Query(ctx, `UPDATE task_task t SET state = $4, skip_reason = u.r, done_at = $5
		FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS u(s, i, r) WHERE t.staff_id = u.s AND t.id = u.i AND t.state = 'open' RETURNING `+qualified,
		staff, ids, reasons, string(to), now)
	if err != nil {
		return nil, fmt.Errorf("end tasks: %w", err)
	}
	return pgx.CollectRows(rows, scan)
}

func miss(ctx context.Context, tx pg.Tx, now time.Time, limit int) ([]Task, error) {
	rows, err := tx.Query(ctx, `UPDATE task_task t SET state = 'missed'
		FROM (SELECT staff_id, id FROM task_task WHERE state = 'open' AND close_at <= $1 ORDER BY close_at LIMIT $2) u
		WHERE t.staff_id = u.staff_id AND t.id = u.id AND t.state = 'open' RETURNING `+qualified, now, limit)
	if err != nil {
		return nil, fmt.Errorf("close tasks: %w", err)
	}
	return pgx.CollectRows(rows, scan)
}

func peopleActions(ctx context.Context, q pg.Querier, staffIDs []int64, day time.Time) (map[int64]int, error) {
	rows, err := q.Query(ctx, `SELECT staff_id, count(*) FROM task_task
		WHERE staff_id = ANY($1) AND day = $2::date AND kind = 'sidebar_single' AND state <> 'cancelled' GROUP BY staff_id`, staffIDs, day)
	if err != nil {
		return nil, fmt.Errorf("count people-actions: %w", err)
	}
	out := map[int64]int{}
	var staff int64
	var n int
	_, err = pgx.ForEachRow(rows, []any{&staff, &n}, func() error { out[staff] = n; return nil })
	return out, err
}

// dropPeople removes customers from open lists and returns the lists that are empty now.
func dropPeople(ctx context.Context, tx pg.Tx, customerIDs []int64) ([]Withdrawal, error) {
	rows, err := tx.Query(ctx, `UPDATE task_task t SET recipients = jsonb_array_length(u.people), body = jsonb_set(t.body, '{people}', u.people)
		FROM (SELECT o.staff_id, o.id, coalesce(jsonb_agg(p.one ORDER BY p.n) FILTER (WHERE (p.one->>'customer_id')::bigint <> ALL($1)), '[]') AS people
			FROM task_task o CROSS JOIN LATERAL jsonb_array_elements(o.body->'people') WITH ORDINALITY AS p(one, n)
			WHERE o.state = 'open' AND o.kind = 'todo' GROUP BY o.staff_id, o.id
			HAVING bool_or((p.one->>'customer_id')::bigint = ANY($1))) u
		WHERE t.staff_id = u.staff_id AND t.id = u.id RETURNING t.staff_id, t.id, t.recipients`, customerIDs)
	if err != nil {
		return nil, fmt.Errorf("take people off lists: %w", err)
	}
	var empty []Withdrawal
	w, left := Withdrawal{Reason: "nobody_reachable"}, 0
	_, err = pgx.ForEachRow(rows, []any{&w.StaffID, &w.TaskID, &left}, func() error {
		if left == 0 {
			empty = append(empty, w)
		}
		return nil
	})
	return empty, err
}
