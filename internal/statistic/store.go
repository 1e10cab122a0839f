package statistic

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// settled reads which days of staff need not be asked for again.
func settled(ctx context.Context, q pg.Querier, table string, staff []int64, first, now time.Time) (held, error) {
	rows, err := q.Query(ctx, `SELECT staff_id, day, final FROM `+table+` WHERE staff_id = ANY($1) AND day >= $2::date`, staff, first.Format(time.DateOnly))
	if err != nil {
		return nil, fmt.Errorf("read days held: %w", err)
	}
	out := held{}
	var id int64
	var day time.Time
	var isFinal bool
	_, err = pgx.ForEachRow(rows, []any{&id, &day, &isFinal}, func() error {
		if isFinal || !final(atMidnight(day), now) {
			if out[id] == nil {
				out[id] = map[string]bool{}
			}
			out[id][day.Format(time.DateOnly)] = true
		}
		return nil
	})
	return out, err
}

// atMidnight turns a date column into the corp's midnight.
func atMidnight(d time.Time) time.Time { return midnight(d.Year(), d.Month(), d.Day()) }

func saveStaffDays(ctx context.Context, tx pg.Tx, list []StaffDay) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	ids, days, given, finals, read := make([]int64, n), make([]string, n), make([]bool, n), make([]bool, n), make([]time.Time, n)
	chats, messages, percent, minutes := make([]*int32, n), make([]*int32, n), make([]*float64, n), make([]*int32, n)
	negative, applies, contacts := make([]*int32, n), make([]*int32, n), make([]*int32, n)
	for i, x := range list {
		ids[i], days[i], given[i], finals[i], read[i] = x.StaffID, x.Day.Format(time.DateOnly), x.Given, x.Final, x.ReadAt
		chats[i], messages[i], percent[i], minutes[i] = small(x.Chats), small(x.Messages), x.ReplyPercent, small(x.ReplyMinutes)
		negative[i], applies[i], contacts[i] = small(x.Negative), small(x.Applies), small(x.Contacts)
	}
	_, err := tx.Exec(ctx, `INSERT INTO statistic_staff_day AS d (staff_id, day, given, chats, messages, reply_percent, reply_minutes, negative, applies, contacts, final, read_at)
		SELECT DISTINCT ON (i, da) i, da::date, g, c, m, p, r, ne, ap, co, f, at FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::int[], $5::int[], $6::float8[], $7::int[], $8::int[],
			$9::int[], $10::int[], $11::boolean[], $12::timestamptz[]) AS u(i, da, g, c, m, p, r, ne, ap, co, f, at) ORDER BY i, da
		ON CONFLICT (staff_id, day) DO UPDATE SET given = EXCLUDED.given, chats = EXCLUDED.chats, messages = EXCLUDED.messages, reply_percent = EXCLUDED.reply_percent,
			reply_minutes = EXCLUDED.reply_minutes, negative = EXCLUDED.negative, applies = EXCLUDED.applies, contacts = EXCLUDED.contacts, final = EXCLUDED.final, read_at = EXCLUDED.read_at
		WHERE NOT d.final`, ids, days, given, chats, messages, percent, minutes, negative, applies, contacts, finals, read)
	if err != nil {
		return fmt.Errorf("keep days of staff: %w", err)
	}
	return nil
}

func saveOwnerDays(ctx context.Context, tx pg.Tx, list []OwnerDay) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	ids, days, given, finals, read := make([]int64, n), make([]string, n), make([]bool, n), make([]bool, n), make([]time.Time, n)
	var figures [7][]*int32
	for k := range figures {
		figures[k] = make([]*int32, n)
	}
	for i, x := range list {
		ids[i], days[i], given[i], finals[i], read[i] = x.StaffID, x.Day.Format(time.DateOnly), x.Given, x.Final, x.ReadAt
		for k, f := range []*int{x.Groups, x.NewGroups, x.ActiveGroups, x.Members, x.NewMembers, x.ActiveMembers, x.Messages} {
			figures[k][i] = small(f)
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO statistic_owner_day AS d (staff_id, day, given, groups, new_groups, active_groups, members, new_members, active_members, messages, final, read_at)
		SELECT DISTINCT ON (i, da) i, da::date, g, gr, ng, ag, me, nm, am, ms, f, at FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[],
			$9::int[], $10::int[], $11::boolean[], $12::timestamptz[]) AS u(i, da, g, gr, ng, ag, me, nm, am, ms, f, at) ORDER BY i, da
		ON CONFLICT (staff_id, day) DO UPDATE SET given = EXCLUDED.given, groups = EXCLUDED.groups, new_groups = EXCLUDED.new_groups, active_groups = EXCLUDED.active_groups,
			members = EXCLUDED.members, new_members = EXCLUDED.new_members, active_members = EXCLUDED.active_members, messages = EXCLUDED.messages, final = EXCLUDED.final, read_at = EXCLUDED.read_at
		WHERE NOT d.final`, ids, days, given, figures[0], figures[1], figures[2], figures[3], figures[4], figures[5], figures[6], finals, read)
	if err != nil {
		return fmt.Errorf("keep days of owners: %w", err)
	}
	return nil
}

func small(n *int) *int32 {
	if n == nil {
		return nil
	}
	x := int32(*n)
	return &x
}

// filter picks archived days. staff nil is everybody; before is the last row of the page before, zero = from the newest day.
type filter struct {
	from, to time.Time
	staff    []int64
	before   time.Time
	beforeID int64
	limit    int
}

const picked = ` WHERE day >= $1::date AND day <= $2::date AND ($3::bigint[] IS NULL OR staff_id = ANY($3))
	AND ($4::date IS NULL OR day < $4::date OR day = $4::date AND staff_id > $5) ORDER BY day DESC, staff_id LIMIT $6`

func (f filter) args() []any {
	var before *string
	if !f.before.IsZero() {
		b := f.before.Format(time.DateOnly)
		before = &b
	}
	return []any{f.from.Format(time.DateOnly), f.to.Format(time.DateOnly), f.staff, before, f.beforeID, f.limit}
}

func findStaffDays(ctx context.Context, q pg.Querier, f filter) ([]StaffDay, error) {
	rows, err := q.Query(ctx, `SELECT staff_id, day, given, chats, messages, reply_percent, reply_minutes, negative, applies, contacts, final, read_at FROM statistic_staff_day`+picked, f.args()...)
	if err != nil {
		return nil, fmt.Errorf("list days of staff: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (x StaffDay, err error) {
		err = row.Scan(&x.StaffID, &x.Day, &x.Given, &x.Chats, &x.Messages, &x.ReplyPercent, &x.ReplyMinutes, &x.Negative, &x.Applies, &x.Contacts, &x.Final, &x.ReadAt)
		x.Day = atMidnight(x.Day)
		return x, err
	})
}

func findOwnerDays(ctx context.Context, q pg.Querier, f filter) ([]OwnerDay, error) {
	rows, err := q.Query(ctx, `SELECT staff_id, day, given, groups, new_groups, active_groups, members, new_members, active_members, messages, final, read_at FROM statistic_owner_day`+picked, f.args()...)
	if err != nil {
		return nil, fmt.Errorf("list days of owners: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (x OwnerDay, err error) {
		err = row.Scan(&x.StaffID, &x.Day, &x.Given, &x.Groups, &x.NewGroups, &x.ActiveGroups, &x.Members, &x.NewMembers, &x.ActiveMembers, &x.Messages, &x.Final, &x.ReadAt)
		x.Day = atMidnight(x.Day)
		return x, err
	})
}

// Cover is how much of one day is archived. Missing days have no row: nobody was asked about them.
type Cover struct {
	Day         string `json:"day"`
	Staff       int    `json:"staff"`        // days of staff with figures
	StaffAbsent int    `json:"staff_absent"` // asked for, and WeCom gave none
	StaffOpen   int    `json:"staff_open"`   // of staff, read too early to be final
	Owners      int    `json:"owners"`
	OwnerAbsent int    `json:"owner_absent"`
	OwnerOpen   int    `json:"owner_open"`
}

func cover(ctx context.Context, q pg.Querier, f filter) (map[string]Cover, error) {
	rows, err := q.Query(ctx, `SELECT day::text, sum(s)::int, sum(sa)::int, sum(so)::int, sum(o)::int, sum(oa)::int, sum(oo)::int FROM (
			SELECT day, count(*) FILTER (WHERE given) AS s, count(*) FILTER (WHERE NOT given) AS sa, count(*) FILTER (WHERE NOT final) AS so, 0 AS o, 0 AS oa, 0 AS oo
			FROM statistic_staff_day WHERE day >= $1::date AND day <= $2::date AND ($3::bigint[] IS NULL OR staff_id = ANY($3)) GROUP BY day
			UNION ALL
			SELECT day, 0, 0, 0, count(*) FILTER (WHERE given), count(*) FILTER (WHERE NOT given), count(*) FILTER (WHERE NOT final)
			FROM statistic_owner_day WHERE day >= $1::date AND day <= $2::date AND ($3::bigint[] IS NULL OR staff_id = ANY($3)) GROUP BY day) both_kinds
		GROUP BY day`, f.args()[:3]...)
	if err != nil {
		return nil, fmt.Errorf("sum archived days: %w", err)
	}
	out := map[string]Cover{}
	var c Cover
	_, err = pgx.ForEachRow(rows, []any{&c.Day, &c.Staff, &c.StaffAbsent, &c.StaffOpen, &c.Owners, &c.OwnerAbsent, &c.OwnerOpen}, func() error { out[c.Day] = c; return nil })
	return out, err
}

// reachOf is the first and the last day that is archived; ok is false when none is.
func reachOf(ctx context.Context, q pg.Querier) (first, last *time.Time, err error) {
	err = q.QueryRow(ctx, `SELECT least((SELECT min(day) FROM statistic_staff_day WHERE given), (SELECT min(day) FROM statistic_owner_day WHERE given)),
		greatest((SELECT max(day) FROM statistic_staff_day WHERE given), (SELECT max(day) FROM statistic_owner_day WHERE given))`).Scan(&first, &last)
	if err != nil {
		return nil, nil, fmt.Errorf("reach of the archive: %w", err)
	}
	return first, last, nil
}
