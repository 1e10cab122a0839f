// Package analytics computes the numbers of pages that stand across features: the brand's day, and what orders brought.
// It is the one package that may read everybody's tables; it owns none and writes nothing.
//
//	analytics.go  who asks about which days, and the metrics as series of days
//	store.go      all SQL: one set query a source, by business day of the corp
//	today.go      the page of the day, with what needs somebody
//	official.go   the metrics over WeCom's archived statistics
//	api.go        HTTP
//
// Invariants: a number leaves only as a metric.Value, so that it has a definition; a tile is the last point of its series,
// so that the two cannot disagree; unknown is not zero: a day before the start, after the corp's now, or outside the
// imported orders has no number. Everybody sees the numbers of their own scope.
package analytics

import (
	"context"
	"time"

	"qunce/internal/actor"
	"qunce/internal/clock"
	"qunce/internal/metric"
	"qunce/internal/pg"
)

// Deps are what the service works with.
type Deps struct {
	DB    *pg.DB
	Clock clock.Clock // the corp's
}

// Service answers questions about days.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// span is a run of business days, seen by somebody. stores nil means all; staff 0 means anybody.
type span struct {
	from   time.Time // midnight of the first day
	days   int
	now    time.Time
	start  time.Time // midnight of the first day the corp has events of; zero = not known
	stores []int64
	staff  int64
}

// spanOf is n days up to and including the day of last, in the scope of the caller.
func (s *Service) spanOf(ctx context.Context, last time.Time, n int) (span, error) {
	start, err := startedAt(ctx, s.DB)
	if err != nil {
		return span{}, err
	}
	x := span{from: clock.Day(last).AddDate(0, 0, 1-n), days: n, now: s.Clock.Now()}
	if !start.IsZero() {
		x.start = clock.Day(start)
	}
	switch scope := actor.From(ctx).Scope; {
	case scope.All:
	case len(scope.Stores) > 0 || scope.Staff == 0:
		x.stores = append([]int64{}, scope.Stores...)
	default:
		x.staff = scope.Staff
	}
	return x, nil
}

func (x span) to() time.Time       { return x.from.AddDate(0, 0, x.days) }
func (x span) day(i int) time.Time { return x.from.AddDate(0, 0, i) }
func (x span) running(i int) bool  { return x.day(i).Equal(clock.Day(x.now)) }
func (x span) outside(i int) bool  { return x.day(i).After(x.now) || x.day(i).Before(x.start) }
func (x span) args(more ...any) []any {
	return append([]any{x.from, x.to(), x.stores, x.staff}, more...)
}
func (x span) date(i int) string { return x.day(i).Format(time.DateOnly) }
func (x span) wholeCorp() bool   { return x.stores == nil && x.staff == 0 }
func (x span) each(f func(i int) metric.Value) []metric.Value {
	out := make([]metric.Value, x.days)
	for i := range out {
		out[i] = f(i)
	}
	return out
}

// settled marks what a day before its end can still change, and leaves out days that have no numbers.
func (x span) settled(id metric.ID, i int, v func() metric.Value) metric.Value {
	switch {
	case x.outside(i):
		return metric.Unknown(id, metric.NotStarted)
	case x.running(i):
		return v().AsPartial(metric.DayRunning)
	}
	return v()
}

// counts turns a number per day into a series.
func (x span) counts(id metric.ID, n []int64) []metric.Value {
	return x.each(func(i int) metric.Value {
		return x.settled(id, i, func() metric.Value { return metric.Of(id, n[i]) })
	})
}

// rates turns a pair per day into a series.
func (x span) rates(id metric.ID, hits, of []int64) []metric.Value {
	return x.each(func(i int) metric.Value {
		return x.settled(id, i, func() metric.Value { return metric.Rate(id, hits[i], of[i]) })
	})
}

// Series is one metric over the days of a span.
type Series struct {
	ID     metric.ID
	Values []metric.Value
}

// Day computes the metrics of the page of the day for n days up to the day of last.
func (s *Service) Day(ctx context.Context, last time.Time, n int) (span, []Series, error) {
	x, err := s.spanOf(ctx, last, n)
	if err != nil {
		return x, nil, err
	}
	var out []Series
	for _, compute := range []func(context.Context, span) ([]Series, error){s.scans, s.people, s.welcomes, s.confirms, s.execution, s.revenue} {
		part, err := compute(ctx, x)
		if err != nil {
			return x, nil, err
		}
		out = append(out, part...)
	}
	return x, out, nil
}

// scans are unknown, not zero, as long as no landing page was ever opened: WeCom's own codes show no scans.
func (s *Service) scans(ctx context.Context, x span) ([]Series, error) {
	seen, err := anyScan(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	if !seen {
		return []Series{{metric.Scan, x.each(func(int) metric.Value { return metric.Unknown(metric.Scan, metric.NoPages) })}}, nil
	}
	n, err := scansByDay(ctx, s.DB, x)
	return []Series{{metric.Scan, x.counts(metric.Scan, n)}}, err
}

// people are adds, joins, exits and losses, all from the record of events.
func (s *Service) people(ctx context.Context, x span) ([]Series, error) {
	e, err := eventsByDay(ctx, s.DB, x)
	if err != nil {
		return nil, err
	}
	now, err := membersNow(ctx, s.DB, x)
	if err != nil {
		return nil, err
	}
	since, err := eventsSince(ctx, s.DB, x)
	if err != nil {
		return nil, err
	}
	// The stock at the end of the span is today's without what came and went since; each opening follows from the next.
	stock := now - since.joined + since.left
	base := make([]int64, x.days)
	for i := x.days - 1; i >= 0; i-- {
		opening := max(0, stock-e.joined[i]+e.left[i])
		base[i] = opening + e.joined[i]
		stock = opening
	}
	return []Series{
		{metric.Add, x.counts(metric.Add, e.added)},
		{metric.Join, x.counts(metric.Join, e.joined)},
		{metric.GroupExit, x.rates(metric.GroupExit, e.left, base)},
		{metric.LostC, x.counts(metric.LostC, e.lost)},
	}, nil
}

func (s *Service) welcomes(ctx context.Context, x span) ([]Series, error) {
	w, err := welcomesByDay(ctx, s.DB, x)
	if err != nil {
		return nil, err
	}
	values := x.rates(metric.Welcome, w.inTime, w.eligible)
	for i := range values {
		if w.p50[i] != nil {
			values[i] = values[i].With("p50_ms", *w.p50[i]).With("p99_ms", *w.p99[i])
		}
	}
	return []Series{{metric.Welcome, values}}, nil
}

func (s *Service) confirms(ctx context.Context, x span) ([]Series, error) {
	issued, confirmed, err := sendsByDay(ctx, s.DB, x)
	return []Series{{metric.Confirm, x.rates(metric.Confirm, confirmed, issued)}}, err
}

func (s *Service) execution(ctx context.Context, x span) ([]Series, error) {
	due, done, err := stepsByDay(ctx, s.DB, x)
	return []Series{{metric.Exec, x.rates(metric.Exec, done, due)}}, err
}

// revenue is unknown before any import and on days the imported orders do not reach; the last day they reach is partial,
// since its file may have been cut in the middle of it.
func (s *Service) revenue(ctx context.Context, x span) ([]Series, error) {
	ids := []metric.ID{metric.GMV, metric.Attributed, metric.LinkedShare, metric.FirstOrder}
	first, last, err := ordersReach(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	series := make([]Series, len(ids))
	for k, id := range ids {
		series[k] = Series{id, make([]metric.Value, x.days)}
	}
	if first.IsZero() {
		for k, id := range ids {
			series[k].Values = x.each(func(int) metric.Value { return metric.Unknown(id, metric.NoImport) })
		}
		return series, nil
	}
	o, err := ordersByDay(ctx, s.DB, x)
	if err != nil {
		return nil, err
	}
	for i := range x.days {
		values := []metric.Value{metric.Of(metric.GMV, o.gmv[i]), metric.Of(metric.Attributed, o.attributed[i]),
			metric.Rate(metric.LinkedShare, o.linked[i], o.gmv[i]), metric.Of(metric.FirstOrder, o.first[i])}
		for k, v := range values {
			switch d := x.day(i); {
			case d.After(x.now):
				v = metric.Unknown(ids[k], metric.NotStarted)
			case d.Before(clock.Day(first)) || d.After(last):
				v = metric.Unknown(ids[k], metric.NotCovered)
			case d.Equal(clock.Day(last)) || x.running(i):
				v = v.AsPartial(metric.DayRunning)
			}
			series[k].Values[i] = v
		}
	}
	return series, nil
}
