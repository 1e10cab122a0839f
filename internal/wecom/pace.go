package wecom

import (
	"context"
	"errors"
	"time"

	"qunce/internal/wecom/quota"
)

// Urgently marks the calls of a context as ones that somebody waits for by the second: they are not slowed before a
// limit and may use the reserve of a window. Welcomes and tokens are urgent by themselves; what a welcome needs besides
// wants the mark.
func Urgently(ctx context.Context) context.Context { return quota.With(ctx, quota.Urgent) }

// Patiently marks the calls of a context as work in bulk: they wait out any limit until the context ends, and a call that
// WeCom refused for frequency is made again, since nothing had happened.
func Patiently(ctx context.Context) context.Context { return quota.With(ctx, quota.Patient) }

// QuotaState is one limit of an API, for the system page.
type QuotaState = quota.State

// Quotas lists the limits of the APIs that were called since the process started, fullest first.
func (c *Client) Quotas() []QuotaState { return c.quota.States() }

// Blocked lists the APIs held back at present and until when.
func (c *Client) Blocked() map[string]time.Time {
	out := map[string]time.Time{}
	for _, s := range c.Quotas() {
		if !s.BlockedUntil.IsZero() {
			out[s.API] = s.BlockedUntil
		}
	}
	return out
}

// admit asks the keeper for a call; what it refuses is refused as WeCom would.
func (c *Client) admit(ctx context.Context, r request) (quota.Ticket, error) {
	t, err := c.quota.Admit(ctx, r.api, r.parts)
	var held *quota.Held
	switch {
	case errors.As(err, &held):
		return t, &Error{API: r.api, Code: codeBlocked, Msg: err.Error(), after: held.After, ours: true}
	case err != nil:
		return t, &Error{API: r.api, Code: codeTransport, Msg: "gave up waiting for the quota", Cause: err}
	}
	return t, nil
}
