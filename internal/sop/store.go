package sop

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

// States of a due row; the CHECKs list these and the ends of tasks.
const (
	stateWaiting   = "waiting"
	stateTasked    = "tasked"
	stateSkipped   = "skipped"
	stateRefused   = "refused"
	stateCancelled = "cancelled"
)

const planColumns = `p.id, p.code, p.name, p.subject, p.state, p.version, v.definition`

const fromPlans = ` FROM sop_plan p JOIN sop_version v ON v.plan_id = p.id AND v.version = p.version `

func scanPlan(row pgx.CollectableRow) (Plan, error) {
	var p Plan
	var raw []byte
	err := row.Scan(&p.ID, &p.Code, &p.Name, &p.Subject, &p.State, &p.Version, &raw)
	if err == nil {
		err = json.Unmarshal(raw, &p.Definition)
	}
	return p, err
}

func plansWhere(ctx context.Context, q pg.Querier, where string, args ...any) ([]Plan, error) {
	rows, err := q.Query(ctx, `SELECT `+planColumns+fromPlans+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read plans: %w", err)
	}
	return pgx.CollectRows(rows, scanPlan)
}

func onePlan(ctx context.Context, q pg.Querier, where string, arg any) (Plan, error) {
	list, err := plansWhere(ctx, q, where, arg)
	if err != nil {
		return Plan{}, err
	}
	if len(list) == 0 {
		return Plan{}, errs.E(errs.NotFound, "sop.not_found", "no plan %v", arg)
	}
	return list[0], nil
}

func planByID(ctx context.Context, q pg.Querier, id int64) (Plan, error) {
	return onePlan(ctx, q, `WHERE p.id = $1`, id)
}

func planByCode(ctx context.Context, q pg.Querier, code string) (Plan, error) {
	return onePlan(ctx, q, `WHERE p.code = $1`, code)
}

func activePlans(ctx context.Context, q pg.Querier, subject Subject) ([]Plan, error) {
	return plansWhere(ctx, q, `WHERE p.state = 'active' AND p.subject = $1 ORDER BY p.id`, string(subject))
}

func planNames(ctx context.Context, q pg.Querier) (map[int64]Plan, error) {
	list, err := plansWhere(ctx, q, ``)
	out := map[int64]Plan{}
	for _, p := range list {
		out[p.ID] = p
	}
	return out, err
}

func insertPlan(ctx context.Context, tx pg.Tx, id int64, t Template, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `INSERT INTO sop_plan (id, code, name, subject, state, version, created_at) VALUES ($1, $2, $3, $4, 'draft', 1, $5)
		ON CONFLICT (code) DO NOTHING`, id, t.Code, t.Name, string(t.Subject), now)
	if err != nil {
		return false, fmt.Errorf("insert plan %s: %w", t.Code, err)
	}
	return tag.RowsAffected() == 1, nil
}

func insertVersion(ctx context.Context, tx pg.Tx, planID int64, version int, d Definition, note, by string, now time.Time) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("definition of plan %d: %w", planID, err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO sop_version (plan_id, version, definition, note, by_name, published_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		planID, version, raw, note, by, now)
	if err != nil {
		return fmt.Errorf("insert version %d of plan %d: %w", version, planID, err)
	}
	return nil
}

// definitions keeps the versions a batch has read.
type definitions map[[2]int64]Definition

func (known definitions) get(ctx context.Context, q pg.Querier, plan int64, version int) (Definition, error) {
	k := [2]int64{plan, int64(version)}
	if d, ok := known[k]; ok {
		return d, nil
	}
	var raw []byte
	var d Definition
	err := q.QueryRow(ctx, `SELECT definition FROM sop_version WHERE plan_id = $1 AND version = $2`, plan, version).Scan(&raw)
	if err == nil {
		err = json.Unmarshal(raw, &d)
	}
	if err != nil {
		return d, fmt.Errorf("read version %d of plan %d: %w", version, plan, err)
	}
	known[k] = d
	return d, nil
}

// book is the runs and due rows of one kind of subject: the two have the same columns under another key.
type book struct{ runs, due, key string }

var (
	persons = book{"sop_customer_run", "sop_customer_due", "customer_id"}
	rooms   = book{"sop_group_run", "sop_group_due", "group_id"}
)

func bookOf(s Subject) book {
	if s == OfGroup {
		return rooms
	}
	return persons
}

// insertRuns adds runs for subjects that do not go through the plan, nor did a short while ago, and reports the ids used.
func (b book) insertRuns(ctx context.Context, tx pg.Tx, p Plan, list []beginning, ids []int64, through time.Time) (map[int64]bool, error) {
	n := len(list)
	subjects, staff, stores, causes, anchors := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]time.Time, n)
	for i, x := range list {
		subjects[i], staff[i], stores[i], causes[i], anchors[i] = x.subject, x.staff, x.store, x.cause, x.anchor
	}
	extra, value := "", ""
	args := []any{subjects, ids, staff, stores, anchors, causes, p.ID, p.Version}
	again := ` AND r.state = 'running'`
	if b == rooms {
		extra, value = ", planned_through", ", $9::date"
		args = append(args, through)
	} else {
		again = ` AND (r.state = 'running' OR r.anchor_at > u.a - $9::interval)`
		args = append(args, pauseBetween)
	}
	rows, err := tx.Query(ctx, `INSERT INTO `+b.runs+` (`+b.key+`, id, plan_id, version, staff_id, store_id, anchor_at, state, cause_id`+extra+`)
		SELECT u.s, u.i, $7, $8, u.st, u.so, u.a, 'running', u.c`+value+` FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::bigint[]) AS u(s, i, st, so, a, c)
		WHERE NOT EXISTS (SELECT 1 FROM `+b.runs+` r WHERE r.`+b.key+` = u.s AND r.plan_id = $7`+again+`)
		ON CONFLICT (`+b.key+`, plan_id) WHERE state = 'running' DO NOTHING RETURNING id`, args...)
	if err != nil {
		return nil, fmt.Errorf("start runs of plan %s: %w", p.Code, err)
	}
	made := map[int64]bool{}
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { made[id] = true; return nil })
	return made, err
}

// dueRow is one step that falls due.
type dueRow struct {
	subject, run int64
	key          string
	plan         int64
	version      int
	staff, store int64
	due, end     time.Time
	day          time.Time
	cause        int64
}

func (b book) insertDue(ctx context.Context, tx pg.Tx, list []dueRow) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	subjects, runs, keys, plans, versions := make([]int64, n), make([]int64, n), make([]string, n), make([]int64, n), make([]int32, n)
	staff, stores, causes := make([]int64, n), make([]int64, n), make([]int64, n)
	due, ends, days := make([]time.Time, n), make([]time.Time, n), make([]time.Time, n)
	for i, r := range list {
		subjects[i], runs[i], keys[i], plans[i], versions[i] = r.subject, r.run, r.key, r.plan, int32(r.version)
		staff[i], stores[i], causes[i], due[i], ends[i], days[i] = r.staff, r.store, r.cause, r.due, r.end, r.day
	}
	_, err := tx.Exec(ctx, `INSERT INTO `+b.due+` (`+b.key+`, run_id, step_key, plan_id, version, staff_id, store_id, due_at, window_end, day, state, cause_id)
		SELECT s, r, k, p, v, st, so, du, en, da, 'waiting', ca FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::int[], $6::bigint[], $7::bigint[],
			$8::timestamptz[], $9::timestamptz[], $10::date[], $11::bigint[]) AS u(s, r, k, p, v, st, so, du, en, da, ca)
		ON CONFLICT (`+b.key+`, run_id, step_key) DO NOTHING`, subjects, runs, keys, plans, versions, staff, stores, due, ends, days, causes)
	if err != nil {
		return fmt.Errorf("lay out steps: %w", err)
	}
	return nil
}

// lockWork lets one transaction at a time work due rows.
func lockWork(ctx context.Context, tx pg.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/sop', 0))`); err != nil {
		return fmt.Errorf("lock due steps: %w", err)
	}
	return nil
}

// dueRows returns what is due, the rows of one mass send together.
func (b book) dueRows(ctx context.Context, tx pg.Tx, now time.Time, limit int) ([]dueRow, error) {
	rows, err := tx.Query(ctx, `SELECT d.`+b.key+`, d.run_id, d.step_key, d.plan_id, d.version, d.staff_id, d.store_id, d.due_at, d.window_end, d.day, d.cause_id
		FROM `+b.due+` d JOIN sop_plan p ON p.id = d.plan_id AND p.state = 'active' WHERE d.state = 'waiting' AND d.due_at <= $1
		ORDER BY d.plan_id, d.version, d.step_key, d.staff_id, d.day, d.`+b.key+` LIMIT $2`, now, limit)
	if err != nil {
		return nil, fmt.Errorf("find due steps: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (dueRow, error) {
		var r dueRow
		err := row.Scan(&r.subject, &r.run, &r.key, &r.plan, &r.version, &r.staff, &r.store, &r.due, &r.end, &r.day, &r.cause)
		return r, err
	})
}

// saveWork writes what became of a batch: a deferred row waits for its new time.
func (b book) saveWork(ctx context.Context, tx pg.Tx, items []*item, now time.Time) error {
	n := len(items)
	subjects, runs, keys, states, reasons := make([]int64, n), make([]int64, n), make([]string, n), make([]string, n), make([]string, n)
	tasks, touches, staff, stores := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	due, finished := make([]*time.Time, n), make([]*time.Time, n)
	for i, x := range items {
		subjects[i], runs[i], keys[i], states[i], reasons[i] = x.subject, x.run, x.key, x.state, x.reason
		tasks[i], touches[i], staff[i], stores[i] = x.task, x.decision.TouchID, x.staff, x.store
		switch x.state {
		case stateWaiting:
			due[i] = &x.decision.Until
		case stateRefused, stateSkipped:
			finished[i] = &now
		}
	}
	_, err := tx.Exec(ctx, `UPDATE `+b.due+` d SET state = u.st, reason = u.re, task_id = u.ta, touch_id = u.tu, staff_id = u.sf, store_id = u.so,
			due_at = coalesce(u.du, d.due_at), finished_at = u.fi
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::timestamptz[], $11::timestamptz[])
			AS u(s, r, k, st, re, ta, tu, sf, so, du, fi)
		WHERE d.`+b.key+` = u.s AND d.run_id = u.r AND d.step_key = u.k AND d.state = 'waiting'`,
		subjects, runs, keys, states, reasons, tasks, touches, staff, stores, due, finished)
	if err != nil {
		return fmt.Errorf("save due steps: %w", err)
	}
	return nil
}

// runKey names a run.
type runKey struct{ subject, run int64 }

func splitRuns(list []runKey) (subjects, runs []int64) {
	seen := map[runKey]bool{}
	for _, k := range list {
		if !seen[k] {
			seen[k] = true
			subjects, runs = append(subjects, k.subject), append(runs, k.run)
		}
	}
	return subjects, runs
}

// endedRun is a run that just ended.
type endedRun struct {
	subject, run, plan  int64
	version             int
	staff, store, cause int64
	reason              string
}

func collectEnded(rows pgx.Rows) ([]endedRun, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (endedRun, error) {
		var r endedRun
		err := row.Scan(&r.subject, &r.run, &r.plan, &r.version, &r.staff, &r.store, &r.cause, &r.reason)
		return r, err
	})
}

func (b book) ended() string {
	return `r.` + b.key + `, r.id, r.plan_id, r.version, r.staff_id, r.store_id, r.cause_id, r.exit_reason`
}

func (b book) endRuns(ctx context.Context, tx pg.Tx, list []exit, now time.Time) ([]endedRun, error) {
	n := len(list)
	subjects, staff, at, reasons := make([]int64, n), make([]int64, n), make([]time.Time, n), make([]string, n)
	for i, x := range list {
		subjects[i], staff[i], at[i], reasons[i] = x.subject, x.staff, x.at, x.reason
	}
	rows, err := tx.Query(ctx, `UPDATE `+b.runs+` r SET state = 'exited', ended_at = $5, exit_reason = u.re
		FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::text[]) AS u(s, st, a, re)
		WHERE r.`+b.key+` = u.s AND r.state = 'running' AND (u.st = 0 OR r.staff_id = u.st) AND r.anchor_at <= u.a RETURNING `+b.ended(),
		subjects, staff, at, reasons, now)
	if err != nil {
		return nil, fmt.Errorf("end runs: %w", err)
	}
	return collectEnded(rows)
}

// finishRuns ends those of the runs that have no step left.
func (b book) finishRuns(ctx context.Context, tx pg.Tx, list []runKey, now time.Time) ([]endedRun, error) {
	subjects, runs := splitRuns(list)
	rows, err := tx.Query(ctx, `UPDATE `+b.runs+` r SET state = 'finished', ended_at = $3 FROM unnest($1::bigint[], $2::bigint[]) AS u(s, i)
		WHERE r.`+b.key+` = u.s AND r.id = u.i AND r.state = 'running'
			AND NOT EXISTS (SELECT 1 FROM `+b.due+` d WHERE d.`+b.key+` = u.s AND d.run_id = u.i AND d.state IN ('waiting','tasked')) RETURNING `+b.ended(),
		subjects, runs, now)
	if err != nil {
		return nil, fmt.Errorf("finish runs: %w", err)
	}
	return collectEnded(rows)
}

func (b book) cancelWaiting(ctx context.Context, tx pg.Tx, ended []endedRun, now time.Time) error {
	n := len(ended)
	subjects, runs, reasons := make([]int64, n), make([]int64, n), make([]string, n)
	for i, r := range ended {
		subjects[i], runs[i], reasons[i] = r.subject, r.run, r.reason
	}
	_, err := tx.Exec(ctx, `UPDATE `+b.due+` d SET state = 'cancelled', reason = u.re, finished_at = $4
		FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS u(s, r, re) WHERE d.`+b.key+` = u.s AND d.run_id = u.r AND d.state = 'waiting'`, subjects, runs, reasons, now)
	if err != nil {
		return fmt.Errorf("cancel steps: %w", err)
	}
	return nil
}

// taskEnd is how a task ended.
type taskEnd struct {
	task          int64
	state, reason string
	at            time.Time
	byClient      bool // nobody but the client vouches for it
}

// closedRow is a due row that ended with its task.
type closedRow struct {
	runKey
	touch    int64
	state    string
	at       time.Time
	byClient bool
}

func runsOf(rows []closedRow) []runKey {
	out := make([]runKey, len(rows))
	for i, r := range rows {
		out[i] = r.runKey
	}
	return out
}

// closeDue carries the ends of tasks over. A missed row may still become done, since WeCom's report comes late.
func (b book) closeDue(ctx context.Context, tx pg.Tx, ends []taskEnd) ([]closedRow, error) {
	n := len(ends)
	tasks, states, reasons, at, byClient := make([]int64, n), make([]string, n), make([]string, n), make([]time.Time, n), make([]bool, n)
	for i, e := range ends {
		tasks[i], states[i], reasons[i], at[i], byClient[i] = e.task, e.state, e.reason, e.at, e.byClient
	}
	rows, err := tx.Query(ctx, `UPDATE `+b.due+` d SET state = u.st, reason = u.re, finished_at = u.a,
			delivered_at = CASE WHEN u.c AND u.st IN ('done','late') THEN u.a ELSE d.delivered_at END
		FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::bool[]) AS u(t, st, re, a, c)
		WHERE d.task_id = u.t AND d.task_id <> 0 AND (d.state = 'tasked' OR d.state = 'missed' AND u.st IN ('done','late'))
		RETURNING d.`+b.key+`, d.run_id, d.touch_id, d.state, u.a, u.c`, tasks, states, reasons, at, byClient)
	if err != nil {
		return nil, fmt.Errorf("close steps: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (closedRow, error) {
		var r closedRow
		err := row.Scan(&r.subject, &r.run, &r.touch, &r.state, &r.at, &r.byClient)
		return r, err
	})
}

// delivery is a message that reached a subject.
type delivery struct {
	subject, task int64
	at            time.Time
}

func (b book) delivered(ctx context.Context, tx pg.Tx, list []delivery) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	subjects, tasks, at := make([]int64, n), make([]int64, n), make([]time.Time, n)
	for i, d := range list {
		subjects[i], tasks[i], at[i] = d.subject, d.task, d.at
	}
	_, err := tx.Exec(ctx, `UPDATE `+b.due+` d SET delivered_at = u.a FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) AS u(s, t, a)
		WHERE d.`+b.key+` = u.s AND d.task_id = u.t AND d.task_id <> 0 AND d.delivered_at IS NULL`, subjects, tasks, at)
	if err != nil {
		return fmt.Errorf("note deliveries: %w", err)
	}
	return nil
}

// groupRun is a group's run as planning ahead needs it.
type groupRun struct {
	subject, id, plan   int64
	version             int
	staff, store, cause int64
	anchor, through     time.Time
}

func collectGroupRuns(rows pgx.Rows) ([]groupRun, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (groupRun, error) {
		var r groupRun
		err := row.Scan(&r.subject, &r.id, &r.plan, &r.version, &r.staff, &r.store, &r.cause, &r.anchor, &r.through)
		r.through = dateOf(r.through)
		return r, err
	})
}

// dateOf is the business day of a date column, which arrives as midnight UTC.
func dateOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, clock.Shanghai)
}

const groupRunColumns = `r.group_id, r.id, r.plan_id, r.version, r.staff_id, r.store_id, r.cause_id, r.anchor_at, r.planned_through`

// shortRuns returns runs of active plans that are laid out up to today at most.
func shortRuns(ctx context.Context, q pg.Querier, today time.Time, limit int) ([]groupRun, error) {
	rows, err := q.Query(ctx, `SELECT `+groupRunColumns+` FROM sop_group_run r JOIN sop_plan p ON p.id = r.plan_id AND p.state = 'active'
		WHERE r.state = 'running' AND r.planned_through <= $1::date ORDER BY r.group_id, r.id LIMIT $2`, today, limit)
	if err != nil {
		return nil, fmt.Errorf("find runs to lay out: %w", err)
	}
	return collectGroupRuns(rows)
}

func savePlanned(ctx context.Context, tx pg.Tx, runs []groupRun, through time.Time) error {
	var groups, ids []int64
	for _, r := range runs {
		groups, ids = append(groups, r.subject), append(ids, r.id)
	}
	_, err := tx.Exec(ctx, `UPDATE sop_group_run r SET planned_through = $3::date FROM unnest($1::bigint[], $2::bigint[]) AS u(g, i)
		WHERE r.group_id = u.g AND r.id = u.i`, groups, ids, through)
	if err != nil {
		return fmt.Errorf("save laid-out days: %w", err)
	}
	return nil
}

// endForVersion ends the runs of older versions; their rows that are laid out stay.
func endForVersion(ctx context.Context, tx pg.Tx, planID int64, version int, now time.Time) ([]groupRun, error) {
	rows, err := tx.Query(ctx, `UPDATE sop_group_run r SET state = 'exited', ended_at = $3, exit_reason = 'new_version'
		WHERE r.plan_id = $1 AND r.state = 'running' AND r.version < $2 RETURNING `+groupRunColumns, planID, version, now)
	if err != nil {
		return nil, fmt.Errorf("end runs of older versions: %w", err)
	}
	return collectGroupRuns(rows)
}

func insertMoved(ctx context.Context, tx pg.Tx, old []groupRun, ids []int64, version int) error {
	n := len(old)
	groups, plans, staff, stores, causes := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	anchors, through := make([]time.Time, n), make([]time.Time, n)
	for i, r := range old {
		groups[i], plans[i], staff[i], stores[i], causes[i], anchors[i], through[i] = r.subject, r.plan, r.staff, r.store, r.cause, r.anchor, r.through
	}
	_, err := tx.Exec(ctx, `INSERT INTO sop_group_run (group_id, id, plan_id, version, staff_id, store_id, anchor_at, planned_through, state, cause_id)
		SELECT g, i, p, $9, st, so, a, th, 'running', c FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::date[], $8::bigint[])
			AS u(g, i, p, st, so, a, th, c)`, groups, ids, plans, staff, stores, anchors, through, causes, version)
	if err != nil {
		return fmt.Errorf("begin runs of version %d: %w", version, err)
	}
	return nil
}

// nextDue is the earliest waiting row of an active plan, or the midnight on which a group's next day is laid out.
func nextDue(ctx context.Context, q pg.Querier) (*time.Time, error) {
	var steps *time.Time
	var through *time.Time
	err := q.QueryRow(ctx, `SELECT least(
			(SELECT min(d.due_at) FROM sop_customer_due d JOIN sop_plan p ON p.id = d.plan_id AND p.state = 'active' WHERE d.state = 'waiting'),
			(SELECT min(d.due_at) FROM sop_group_due d JOIN sop_plan p ON p.id = d.plan_id AND p.state = 'active' WHERE d.state = 'waiting')),
		(SELECT min(r.planned_through) FROM sop_group_run r JOIN sop_plan p ON p.id = r.plan_id AND p.state = 'active' WHERE r.state = 'running')`).Scan(&steps, &through)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("next due step: %w", err)
	}
	if through != nil {
		if midnight := dateOf(*through); steps == nil || midnight.Before(*steps) {
			return &midnight, nil
		}
	}
	return steps, nil
}

// runRow is a run as its subject's page shows it.
type runRow struct {
	id         int64
	planName   string
	version    int
	anchor     time.Time
	state      string
	endedAt    *time.Time
	definition Definition
	nextKey    *string
	nextAt     *time.Time
}

func (b book) runsOf(ctx context.Context, q pg.Querier, subject int64) ([]runRow, error) {
	rows, err := q.Query(ctx, `SELECT r.id, p.name, r.version, r.anchor_at, r.state, r.ended_at, v.definition, n.step_key, n.due_at
		FROM `+b.runs+` r JOIN sop_plan p ON p.id = r.plan_id JOIN sop_version v ON v.plan_id = r.plan_id AND v.version = r.version
		LEFT JOIN LATERAL (SELECT d.step_key, d.due_at FROM `+b.due+` d WHERE d.`+b.key+` = r.`+b.key+` AND d.run_id = r.id AND d.state = 'waiting' ORDER BY d.due_at LIMIT 1) n ON true
		WHERE r.`+b.key+` = $1 ORDER BY r.anchor_at DESC, r.id DESC LIMIT 20`, subject)
	if err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (runRow, error) {
		var r runRow
		var raw []byte
		err := row.Scan(&r.id, &r.planName, &r.version, &r.anchor, &r.state, &r.endedAt, &raw, &r.nextKey, &r.nextAt)
		if err == nil {
			err = json.Unmarshal(raw, &r.definition)
		}
		return r, err
	})
}
