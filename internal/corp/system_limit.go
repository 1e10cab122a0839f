package corp

import (
	"context"
	"time"

	"qunce/internal/api"
	"qunce/internal/wecom"
)

// CallLimit is how far one of WeCom's APIs is from one of its limits, as the process that answers counts: others count
// their own calls, but for days and months, which all count together. Null is what is not known or does not exist.
type CallLimit struct {
	API     string     `json:"api"`
	Window  string     `json:"window" enum:"minute,hour,day,month,none" doc:"day and month are those of the calendar; none where only WeCom's refusals count"`
	Used    *int64     `json:"used"`
	Limit   *int64     `json:"limit" doc:"this process's share"`
	State   string     `json:"state" enum:"ok,near,slowed,blocked"`
	Until   *time.Time `json:"until" doc:"until when the API is not called after WeCom refused it"`
	AtOnce  *int64     `json:"at_once" doc:"so many calls run at the same time at most, after WeCom refused for that"`
	Refused int64      `json:"refused" doc:"calls that WeCom refused for frequency since the process started"`
}

type callLimitsOut struct {
	Items []CallLimit `json:"items"`
}

func (s System) limitAPI(a *api.API) {
	api.Register(a, api.Op{ID: "listCallLimits", Method: "GET", Path: "/api/system/call-limits", Summary: "WeCom's limits of calls, fullest first", Tag: "system", Permission: "system.read"}, s.callLimits)
}

func (s System) callLimits(context.Context, *struct{}) (callLimitsOut, error) {
	out := callLimitsOut{Items: []CallLimit{}}
	for _, q := range s.WeCom.Quotas() {
		out.Items = append(out.Items, callLimitOf(q))
	}
	return out, nil
}

func callLimitOf(q wecom.QuotaState) CallLimit {
	c := CallLimit{API: q.API, Window: "none", State: "ok", Refused: int64(q.Refused)}
	switch {
	case q.Limit <= 0:
	case q.Window <= time.Minute:
		c.Window = "minute"
	case q.Window <= time.Hour:
		c.Window = "hour"
	case q.Window <= 24*time.Hour:
		c.Window = "day"
	default:
		c.Window = "month"
	}
	if q.Limit > 0 {
		limit := int64(q.Limit)
		c.Limit = &limit
		if used := int64(q.Used); used >= 0 {
			c.Used = &used
			if used*10 >= limit*9 {
				c.State = "near"
			}
		}
	}
	if q.AtOnce > 0 {
		n := int64(q.AtOnce)
		c.AtOnce = &n
	}
	if q.Slowed {
		c.State = "slowed"
	}
	if !q.BlockedUntil.IsZero() {
		c.State, c.Until = "blocked", &q.BlockedUntil
	}
	return c
}
