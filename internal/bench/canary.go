package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// canary measures what the smallest possible answer costs while something else runs: an empty HTTP handler, and one bare
// INSERT with its commit. A machine that has other work, or a slow disk, shows there first.
type canary struct {
	*run
	mu      sync.Mutex
	empty   []time.Duration
	inserts []time.Duration
	stop    func() error
}

const chirp = 100 * time.Millisecond

// sing measures every tenth of a second until stop is called.
func (r *run) sing(ctx context.Context) (*canary, error) {
	c := &canary{run: r}
	table, err := r.emptyTable(ctx, "inbox_event")
	if err != nil {
		return nil, err
	}
	made, err := makeCallbacks(0, 1, r.wall.Now())
	if err != nil {
		return nil, err
	}
	row := rowsOf(made.events)[0]
	empty, err := r.serve(ctx, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { _, _ = io.Copy(io.Discard, req.Body) }))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	c.stop = func() error {
		cancel()
		err := <-done
		empty.close()
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	}
	go func() { done <- c.loop(ctx, table, row, "http://"+empty.address) }()
	return c, nil
}

func (c *canary) loop(ctx context.Context, table string, row inboxRow, address string) error {
	tick := time.NewTicker(chirp)
	defer tick.Stop()
	for i := int64(1); ; i++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		row.id = i
		insert, err := c.time(func() error { return c.insertOne(ctx, table, row) })
		if err != nil {
			return fmt.Errorf("insert: %w", err)
		}
		answer, err := c.time(func() error { return ask(ctx, address) })
		if err != nil {
			return fmt.Errorf("ask: %w", err)
		}
		c.mu.Lock()
		c.inserts, c.empty = append(c.inserts, insert), append(c.empty, answer)
		c.mu.Unlock()
	}
}

func ask(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// limits are a quantile's goal and WeCom's own limit, with what the canary needed.
func (c *canary) limits(goal, wecom float64, pick func(p50, p99 float64) float64) []Limit {
	c.mu.Lock()
	defer c.mu.Unlock()
	return []Limit{
		{Key: "goal", Title: "目标 goal", Figure: goal},
		{Key: "wecom", Title: "企业微信的时限 WeCom's limit", Figure: wecom},
		{Key: "insert.meanwhile", Title: "同一时间的一条裸 INSERT one bare INSERT meanwhile", Figure: pick(quantiles(c.inserts))},
		{Key: "http.meanwhile", Title: "同一时间的空处理器 an empty handler meanwhile", Figure: pick(quantiles(c.empty))},
	}
}
