package analytics

import (
	"context"
	"time"

	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/metric"
)

const report api.Permission = "report.read"

// seriesDays is how far the lines of the day's page reach back.
const seriesDays = 14

type dateIn struct {
	Date string `query:"date" pattern:"^\\d{4}-\\d{2}-\\d{2}$" doc:"business day; empty = the corp's today"`
}

func (in dateIn) day(now time.Time) (time.Time, error) {
	if in.Date == "" {
		return clock.Day(now), nil
	}
	d, err := time.ParseInLocation(time.DateOnly, in.Date, clock.Shanghai)
	if err != nil {
		return time.Time{}, errs.E(errs.Invalid, "report.date", "%q is no date", in.Date).On("date")
	}
	return d, nil
}

type point struct {
	Date  string   `json:"date"`
	Value *float64 `json:"value"`
}

type seriesOut struct {
	Metric metric.ID `json:"metric"`
	Points []point   `json:"points"`
}

type todayOut struct {
	Date   string         `json:"date"`
	Tiles  []metric.Value `json:"tiles"`
	Alerts []Alert        `json:"alerts"`
	Series []seriesOut    `json:"series"`
}

type ordersSummary struct {
	Date  string         `json:"date"`
	Tiles []metric.Value `json:"tiles"`
}

type officialIn struct {
	Date string `query:"date" pattern:"^\\d{4}-\\d{2}-\\d{2}$" doc:"business day; empty = the newest that is archived"`
	Days int    `query:"days" minimum:"1" maximum:"180" default:"30"`
}

type officialOut struct {
	Date   string         `json:"date"`
	Tiles  []metric.Value `json:"tiles"`
	Series []seriesOut    `json:"series"`
}

type dictionaryOut struct {
	Items []metric.Definition `json:"items"`
}

// API registers the operations.
func (s *Service) API(a *api.API) {
	const tag = "report"
	api.Register(a, api.Op{ID: "getToday", Method: "GET", Path: "/api/today", Summary: "The brand's day: numbers, lines of 14 days, and what needs somebody", Tag: tag, Permission: report}, s.apiToday)
	api.Register(a, api.Op{ID: "getOrdersSummary", Method: "GET", Path: "/api/orders/summary", Summary: "What a day's orders brought", Tag: tag, Permission: "order.read"}, s.apiOrders)
	api.Register(a, api.Op{ID: "getOfficialFigures", Method: "GET", Path: "/api/statistics/summary", Summary: "The metrics over WeCom's archived statistics: a day's numbers and the days before", Tag: "statistic", Permission: report}, s.apiOfficial)
	api.Register(a, api.Op{ID: "getMetrics", Method: "GET", Path: "/api/metrics", Summary: "What every number means", Tag: tag, Permission: api.SignedIn},
		func(context.Context, *struct{}) (dictionaryOut, error) { return dictionaryOut{metric.All()}, nil })
}

// tiles are the metrics of the day's page, in its order.
func tiles() []metric.ID {
	return []metric.ID{metric.Scan, metric.Add, metric.Welcome, metric.Join, metric.GroupExit, metric.LostC, metric.Confirm, metric.Exec, metric.Attributed, metric.GMV}
}

func (s *Service) apiToday(ctx context.Context, in *dateIn) (todayOut, error) {
	d, err := in.day(s.Clock.Now())
	if err != nil {
		return todayOut{}, err
	}
	x, all, err := s.Day(ctx, d, seriesDays)
	if err != nil {
		return todayOut{}, err
	}
	byID := map[metric.ID][]metric.Value{}
	for _, line := range all {
		byID[line.ID] = line.Values
	}
	out := todayOut{Date: x.date(x.days - 1)}
	for _, id := range tiles() {
		values := byID[id]
		out.Tiles = append(out.Tiles, values[x.days-1].In(api.Lang(ctx)))
		line := seriesOut{Metric: id}
		for i, v := range values {
			line.Points = append(line.Points, point{Date: x.date(i), Value: v.Value})
		}
		out.Series = append(out.Series, line)
	}
	out.Alerts, err = s.alerts(ctx, x, api.Lang(ctx))
	return out, err
}

func (s *Service) apiOrders(ctx context.Context, in *dateIn) (ordersSummary, error) {
	d, err := in.day(s.Clock.Now())
	if err != nil {
		return ordersSummary{}, err
	}
	x, err := s.spanOf(ctx, d, 1)
	if err != nil {
		return ordersSummary{}, err
	}
	lines, err := s.revenue(ctx, x)
	if err != nil {
		return ordersSummary{}, err
	}
	out := ordersSummary{Date: x.date(0)}
	for _, line := range lines {
		out.Tiles = append(out.Tiles, line.Values[0].In(api.Lang(ctx)))
	}
	return out, nil
}

// apiOfficial shows the newest archived day by default: WeCom has no figures of today, and in the small hours none of
// yesterday.
func (s *Service) apiOfficial(ctx context.Context, in *officialIn) (officialOut, error) {
	newest, err := newestArchived(ctx, s.DB, s.Clock.Now().AddDate(0, 0, -1))
	if err != nil {
		return officialOut{}, err
	}
	d, err := dateIn{in.Date}.day(newest)
	if err != nil {
		return officialOut{}, err
	}
	x, err := s.spanOf(ctx, d, in.Days)
	if err != nil {
		return officialOut{}, err
	}
	lines, err := s.official(ctx, x)
	if err != nil {
		return officialOut{}, err
	}
	out := officialOut{Date: x.date(x.days - 1)}
	for _, line := range lines {
		out.Tiles = append(out.Tiles, line.Values[x.days-1].In(api.Lang(ctx)))
		series := seriesOut{Metric: line.ID}
		for i, v := range line.Values {
			series.Points = append(series.Points, point{Date: x.date(i), Value: v.Value})
		}
		out.Series = append(out.Series, series)
	}
	return out, nil
}
