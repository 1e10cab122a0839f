package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"qunce/internal/errs"
)

// Control drives a simulator of another process: its clock, its plan, its faults, and its truth. It is for whoever
// plays the world (demo, tests, rehearsal); the platform itself never needs it.
type Control struct {
	URL  string       // e.g. http://127.0.0.1:9090
	HTTP *http.Client // nil = http.DefaultClient; an advance may take as long as its acts and the platform's answers
}

// Advance moves the clock; see Server.Advance.
func (c Control) Advance(ctx context.Context, to time.Time) (Status, error) {
	var st Status
	err := c.call(ctx, http.MethodPost, "/sim/advance", map[string]time.Time{"to": to}, &st)
	return st, err
}

// Now reads where the simulator stands.
func (c Control) Now(ctx context.Context) (Status, error) {
	var st Status
	err := c.call(ctx, http.MethodGet, "/sim/now", nil, &st)
	return st, err
}

// Plan adds to what people will do.
func (c Control) Plan(ctx context.Context, p Plan) error {
	return c.call(ctx, http.MethodPost, "/sim/plan", p, nil)
}

// Faults sets all faults at once; the zero value ends them.
func (c Control) Faults(ctx context.Context, f Faults) error {
	return c.call(ctx, http.MethodPost, "/sim/faults", f, nil)
}

// Truth reads what really happened.
func (c Control) Truth(ctx context.Context) (Truth, error) {
	var t Truth
	err := c.call(ctx, http.MethodGet, "/sim/truth", nil, &t)
	return t, err
}

func (c Control) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("sim: encode: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, body)
	if err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return errs.E(errs.Unavailable, "sim.unreachable", "%s", path).Wrap(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		var p problem
		_ = json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&p) // the status says enough
		if p.Code == "" {
			p.Code = "sim.failed"
		}
		kind := errs.Invalid
		if res.StatusCode >= 500 {
			kind = errs.Unavailable
		}
		return errs.E(kind, p.Code, "%s answered %d: %s", path, res.StatusCode, p.Message)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return errs.E(errs.Unavailable, "sim.unreachable", "%s broke off", path).Wrap(err)
	}
	return nil
}
