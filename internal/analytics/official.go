package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/clock"
	"qunce/internal/metric"
	"qunce/internal/pg"
)

// idleDays and passDays are how far back two of the metrics look.
const (
	idleDays = 14
	passDays = 7
)

// official computes the metrics over WeCom's archived statistics. A day that WeCom did not give is unknown; one that some of
// the staff lack, or that was read early, is partial.
func (s *Service) official(ctx context.Context, x span) ([]Series, error) {
	staff, err := staffFigures(ctx, s.DB, x)
	if err != nil {
		return nil, err
	}
	owners, err := ownerFigures(ctx, s.DB, x)
	if err != nil {
		return nil, err
	}
	seats, err := seatsNow(ctx, s.DB, x)
	if err != nil {
		return nil, err
	}
	idle, err := idleStaff(ctx, s.DB, x)
	if err != nil {
		return nil, err
	}
	of := func(id metric.ID, days []archived, seats int64, f func(d archived) metric.Value) Series {
		return Series{id, x.each(func(i int) metric.Value { return x.given(id, i, days[i], seats, f) })}
	}
	sum := func(id metric.ID, days []archived, seats int64, k int) Series {
		return of(id, days, seats, func(d archived) metric.Value { return metric.Of(id, d.n[k]) })
	}
	rate := func(id metric.ID, days []archived, seats int64, hits, all int) Series {
		return of(id, days, seats, func(d archived) metric.Value { return metric.Rate(id, d.n[hits], d.n[all]) })
	}
	return []Series{
		sum(metric.StaffChats, staff, seats, chats), sum(metric.StaffMessages, staff, seats, messages),
		rate(metric.ReplyShare, staff, seats, answered, answerable),
		of(metric.ReplyTime, staff, seats, func(d archived) metric.Value {
			if d.n[waitedOf] == 0 {
				return metric.Unknown(metric.ReplyTime, metric.NoCases)
			}
			return metric.Of(metric.ReplyTime, d.n[waited]*60/d.n[waitedOf])
		}),
		sum(metric.Negative, staff, seats, negative),
		of(metric.Pass, staff, seats, func(d archived) metric.Value {
			v := metric.Rate(metric.Pass, d.n[contacts7], d.n[applies7])
			if d.n[days7] < passDays {
				return v.AsPartial(metric.SomeMissing)
			}
			return v
		}),
		of(metric.IdleStaff, staff, seats, func(d archived) metric.Value {
			switch x := idle[d.day]; {
			case x.judged == 0:
				return metric.Unknown(metric.IdleStaff, metric.NotArchived)
			case x.judged < seats:
				return metric.Of(metric.IdleStaff, x.idle).AsPartial(metric.SomeMissing)
			default:
				return metric.Of(metric.IdleStaff, x.idle)
			}
		}),
		sum(metric.GroupTotal, owners, 0, groups), sum(metric.GroupNew, owners, 0, newGroups),
		rate(metric.GroupActive, owners, 0, activeGroups, groups), rate(metric.GroupSpoke, owners, 0, spoke, members),
	}, nil
}

// newestArchived is the newest day with figures; otherwise when there is none.
func newestArchived(ctx context.Context, q pg.Querier, otherwise time.Time) (time.Time, error) {
	var day *time.Time
	err := q.QueryRow(ctx, `SELECT greatest((SELECT max(day) FROM statistic_staff_day WHERE given), (SELECT max(day) FROM statistic_owner_day WHERE given))`).Scan(&day)
	if err != nil {
		return otherwise, fmt.Errorf("newest archived day: %w", err)
	}
	if day == nil {
		return otherwise, nil
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, clock.Shanghai), nil
}

// archived is one day of figures; missing are rows that WeCom did not give, early those that are not final.
type archived struct {
	day                   int
	given, missing, early int64
	n                     [10]int64
}

// The places of the figures of staff and of owners.
const (
	chats = iota
	messages
	answered
	answerable
	waited
	waitedOf
	negative
	contacts7
	applies7
	days7
)

const (
	groups = iota
	newGroups
	activeGroups
	members
	spoke
)

// given turns a day's figures into a value, or says why there is none. seats is how many staff should have figures; 0 = not
// known.
func (x span) given(id metric.ID, i int, d archived, seats int64, f func(d archived) metric.Value) metric.Value {
	switch {
	case x.day(i).After(clock.Day(x.now).AddDate(0, 0, -1)):
		return metric.Unknown(id, metric.NotStarted)
	case d.given == 0:
		return metric.Unknown(id, metric.NotArchived)
	case d.early > 0:
		return f(d).AsPartial(metric.ReadEarly)
	case d.missing > 0 || d.given < seats:
		return f(d).AsPartial(metric.SomeMissing)
	}
	return f(d)
}

// staffScope is the filter by the staff's store; $3 stores or NULL, $4 staff or 0.
const staffScope = `($3::bigint[] IS NULL OR st.store_id = ANY($3)) AND ($4::bigint = 0 OR d.staff_id = $4)`

// staffFigures sums the days of staff. Percentages and minutes are weighted with the chats behind them; what was asked and
// accepted is summed over the week up to each day.
func staffFigures(ctx context.Context, q pg.Querier, x span) ([]archived, error) {
	rows, err := q.Query(ctx, `WITH byday AS (
			SELECT d.day, count(*) FILTER (WHERE d.given) AS given, count(*) FILTER (WHERE NOT d.given) AS missing, count(*) FILTER (WHERE NOT d.final) AS early,
				coalesce(sum(d.chats), 0) AS chats, coalesce(sum(d.messages), 0) AS messages, coalesce(sum(round(d.reply_percent * d.chats / 100)), 0) AS answered,
				coalesce(sum(d.chats) FILTER (WHERE d.reply_percent IS NOT NULL), 0) AS answerable, coalesce(sum(d.reply_minutes * d.chats), 0) AS waited,
				coalesce(sum(d.chats) FILTER (WHERE d.reply_minutes IS NOT NULL), 0) AS waited_of, coalesce(sum(d.negative), 0) AS negative,
				coalesce(sum(d.contacts), 0) AS contacts, coalesce(sum(d.applies), 0) AS applies
			FROM statistic_staff_day d JOIN directory_staff st ON st.id = d.staff_id
			WHERE d.day > $1::date - $5::int AND d.day < $2::date AND `+staffScope+` GROUP BY d.day)
		SELECT (b.day - $1::date)::int, b.given, b.missing, b.early, b.chats::bigint, b.messages::bigint, b.answered::bigint, b.answerable::bigint, b.waited::bigint, b.waited_of::bigint,
			b.negative::bigint, w.contacts::bigint, w.applies::bigint, w.days
		FROM byday b CROSS JOIN LATERAL (SELECT sum(contacts) AS contacts, sum(applies) AS applies, count(*) FILTER (WHERE given > 0) AS days FROM byday p WHERE p.day > b.day - $5::int AND p.day <= b.day) w
		WHERE b.day >= $1::date`, x.date(0), x.date(x.days), x.stores, x.staff, passDays)
	return collectDays(rows, err, "figures of staff", x.days, 10)
}

func ownerFigures(ctx context.Context, q pg.Querier, x span) ([]archived, error) {
	rows, err := q.Query(ctx, `SELECT (d.day - $1::date)::int, count(*) FILTER (WHERE d.given), count(*) FILTER (WHERE NOT d.given), count(*) FILTER (WHERE NOT d.final),
			coalesce(sum(d.groups), 0)::bigint, coalesce(sum(d.new_groups), 0)::bigint, coalesce(sum(d.active_groups), 0)::bigint, coalesce(sum(d.members), 0)::bigint,
			coalesce(sum(d.active_members), 0)::bigint
		FROM statistic_owner_day d JOIN directory_staff st ON st.id = d.staff_id
		WHERE d.day >= $1::date AND d.day < $2::date AND `+staffScope+` GROUP BY d.day`, x.date(0), x.date(x.days), x.stores, x.staff)
	return collectDays(rows, err, "figures of groups", x.days, 5)
}

func collectDays(rows pgx.Rows, err error, what string, days, figures int) ([]archived, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	out := make([]archived, days)
	for i := range out {
		out[i].day = i
	}
	var d archived
	into := []any{&d.day, &d.given, &d.missing, &d.early}
	for k := range figures {
		into = append(into, &d.n[k])
	}
	if _, err := pgx.ForEachRow(rows, into, func() error { out[d.day] = d; return nil }); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return out, nil
}

// seatsNow counts the staff of a scope who should have figures.
func seatsNow(ctx context.Context, q pg.Querier, x span) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM directory_staff st WHERE active AND can_contact AND ($1::bigint[] IS NULL OR store_id = ANY($1)) AND ($2::bigint = 0 OR id = $2)`,
		x.stores, x.staff).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count seats: %w", err)
	}
	return n, nil
}

// fortnight is how many staff could be judged on a day, and how many of them were idle.
type fortnight struct{ judged, idle int64 }

// idleStaff counts, by day, the staff with a seat who neither chatted nor won a customer in the fortnight up to it. Whoever
// lacks a day of it is not judged.
func idleStaff(ctx context.Context, q pg.Querier, x span) ([]fortnight, error) {
	out := make([]fortnight, x.days)
	judged, idle := make([]int64, x.days), make([]int64, x.days)
	rows, err := q.Query(ctx, `SELECT (day - $1::date)::int, count(*), count(*) FILTER (WHERE did = 0) FROM (
			SELECT d.staff_id, d.day, count(*) FILTER (WHERE d.given) OVER w AS given, sum(coalesce(d.chats, 0) + coalesce(d.contacts, 0)) OVER w AS did
			FROM statistic_staff_day d JOIN directory_staff st ON st.id = d.staff_id
			WHERE d.day > $1::date - $5::int AND d.day < $2::date AND st.active AND st.can_contact AND `+staffScope+`
			WINDOW w AS (PARTITION BY d.staff_id ORDER BY d.day RANGE BETWEEN ($5::int - 1) * interval '1 day' PRECEDING AND CURRENT ROW)) f
		WHERE day >= $1::date AND given = $5 GROUP BY day`, x.date(0), x.date(x.days), x.stores, x.staff, idleDays)
	err = pair(rows, err, "idle staff", judged, idle)
	for i := range out {
		out[i] = fortnight{judged[i], idle[i]}
	}
	return out, err
}
