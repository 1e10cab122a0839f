package touch

import (
	"context"
	"fmt"
	"time"

	"qunce/internal/clock"
	"qunce/internal/pg"
)

// Quota is how far WeCom's receive quota of this month is used by our ledger: what staff send by themselves and other apps
// send counts at WeCom and not here. Highest is the most that anybody has; At have all, Near at least nine tenths.
type Quota struct {
	Cap     int
	Highest int64
	At      int64
	Near    int64
}

// MonthQuota sums the ledger of this month for customers and for groups.
func (s *Service) MonthQuota(ctx context.Context) (customers, groups Quota, err error) {
	now := s.Clock.Now()
	if customers, err = monthQuota(ctx, s.DB, "touch_customer", "customer_id", now); err != nil {
		return customers, groups, err
	}
	groups, err = monthQuota(ctx, s.DB, "touch_group", "group_id", now)
	return customers, groups, err
}

func monthQuota(ctx context.Context, q pg.Querier, table, key string, now time.Time) (Quota, error) {
	today := clock.Day(now)
	x := Quota{Cap: MonthCap(now)}
	err := q.QueryRow(ctx, `SELECT coalesce(max(n), 0), count(*) FILTER (WHERE n >= $2), count(*) FILTER (WHERE n >= ceil($2::int * 0.9) AND n < $2)
		FROM (SELECT count(*) AS n FROM `+table+` WHERE day >= $1::date AND decision = 'allow' AND quota AND outcome IN ('pending','delivered') GROUP BY `+key+`) used`,
		time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, today.Location()).Format(time.DateOnly), x.Cap).Scan(&x.Highest, &x.At, &x.Near)
	if err != nil {
		return x, fmt.Errorf("sum the receive quota: %w", err)
	}
	return x, nil
}
