package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"qunce/internal/actor"
	"qunce/internal/corp"
	"qunce/internal/i18n"
	"qunce/internal/livecode"
	"qunce/internal/tenant"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

// WeCom's limits, in milliseconds, and our own goals.
const (
	welcomeLimitMS = 20_000
	answerLimitMS  = 5_000
	welcomeGoalMS  = 2_000
	answerGoalMS   = 50
)

// burstFigures lets a simulated WeCom send a burst of callbacks, welcomes among them, to the whole platform, while its
// workers have more ordinary events to do than they can: what is measured is what the customer and WeCom see.
func (r *run) burstFigures(ctx context.Context) error {
	m := r.burst
	r.say("burst: %d callbacks in %s, %d of them with a welcome; preparing", m.total(), m.over, m.adds)
	b, err := r.openBurst(ctx, m)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.furnish(ctx); err != nil {
		return fmt.Errorf("prepare the burst: %w", err)
	}
	r.say("burst: %s", m.over)
	if err := b.play(ctx); err != nil {
		return err
	}
	if b.idle > 0 {
		return fmt.Errorf("the workers had nothing to do %d times during the burst: its figures say nothing", b.idle)
	}
	return b.tell(ctx)
}

// burst is a whole platform before a simulated WeCom.
type burst struct {
	*run
	mix
	world *burstWorld
	corp  *corp.Corp
	sim   sim.Control
	close func()

	staffWays, groupWays []string

	mu      sync.Mutex
	answers []time.Duration

	fed     atomic.Int64 // ordinary events put beside the burst
	handled int64        // ordinary events closed during it
	canary  *canary
	idle    int // how often the workers were found without work
}

const burstCorp = "wwburst000000000000"

func (r *run) openBurst(ctx context.Context, m mix) (_ *burst, err error) {
	b := &burst{run: r, mix: m}
	var ends []func()
	b.close = func() {
		for i := len(ends) - 1; i >= 0; i-- {
			ends[i]()
		}
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	dir, err := os.MkdirTemp(r.Dir, "qunce-burst-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	ends = append(ends, func() { _ = os.RemoveAll(dir) })
	r.drop(ctx) // the burst wants a corp of its own
	start := r.wall.Now().Truncate(time.Second)
	b.world = makeBurst(m, start)

	mux := http.NewServeMux()
	door, err := r.serve(ctx, mux)
	if err != nil {
		return nil, err
	}
	ends = append(ends, door.close)
	town, err := sim.New(sim.Options{Dir: filepath.Join(dir, "sim"), World: &b.world.World, CallbackURL: "http://" + door.address + "/callback",
		Token: token, EncodingAESKey: aesKey, CorpID: burstCorp, Secret: "bench", AgentID: 2, Durable: true})
	if err != nil {
		return nil, err
	}
	ends = append(ends, func() { _ = town.Close() })
	wecom, err := r.serve(ctx, town.Handler())
	if err != nil {
		return nil, err
	}
	ends = append(ends, wecom.close)
	b.sim = sim.Control{URL: "http://" + wecom.address}

	catalog, err := i18n.Load()
	if err != nil {
		return nil, err
	}
	sealer, err := tenant.OpenSealer(dir, "")
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	b.corp, err = corp.Open(ctx, tenant.Corp{ID: 1, Schema: Schema, Name: "测速", Timezone: "Asia/Shanghai", CorpID: burstCorp, AgentID: 2,
		Settings: tenant.Settings{WeComBaseURL: b.sim.URL, Accelerated: true}, Secrets: tenant.Secrets{Secret: "bench", CallbackToken: token, EncodingAESKey: aesKey}},
		corp.Deps{Pool: r.pool, IDs: r.ids, Wall: r.wall, Sealer: sealer, HTTP: &http.Client{Timeout: 15 * time.Second, Transport: transport},
			PublicURL: "http://" + door.address, Start: &start, Catalog: catalog, Log: r.log})
	if err != nil {
		return nil, err
	}
	mux.Handle("/callback", b.timed(b.corp.Ingress))
	working, stop := context.WithCancel(actor.With(ctx, actor.SystemActor()))
	done := make(chan struct{}, 2)
	go func() { _ = b.corp.Receive(working); done <- struct{}{} }()
	go func() { _ = b.corp.Work(working, "bench"); done <- struct{}{} }()
	ends = append(ends, func() { stop(); <-done; <-done })
	return b, nil
}

// timed measures how long WeCom waits for the answer, from the request's head to its end.
func (b *burst) timed(door http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		took, _ := b.time(func() error { door.ServeHTTP(w, req); return nil })
		b.mu.Lock()
		defer b.mu.Unlock()
		b.answers = append(b.answers, took)
	})
}

// furnish opens the stores, reads WeCom, and makes the codes through which the burst comes in.
func (b *burst) furnish(ctx context.Context) error {
	ctx = actor.With(ctx, actor.SystemActor())
	c := b.corp
	if err := b.importStores(ctx, c.Directory, b.world.stores); err != nil {
		return err
	}
	if _, err := c.Directory.SyncDirectory(ctx); err != nil {
		return err
	}
	if _, err := c.Sync.Start(ctx); err != nil {
		return err
	}
	if err := c.Settle(ctx); err != nil {
		return err
	}
	stores, err := c.Directory.Stores(ctx, c.DB)
	if err != nil {
		return err
	}
	ids := make([]int64, len(stores))
	for i, s := range stores {
		ids[i] = s.ID
	}
	cause, err := b.ids.Next(ctx)
	if err != nil {
		return err
	}
	if _, err := c.Codes.EnsureStoreCodes(ctx, ids, cause); err != nil {
		return err
	}
	if err := c.Settle(ctx); err != nil {
		return err
	}
	doors, err := c.Codes.OfStores(ctx, c.DB, ids)
	if err != nil {
		return err
	}
	tags := []string{"etBENCHcode"}
	for _, id := range ids {
		d := doors[id]
		if d.Staff == nil || d.Group == nil {
			return fmt.Errorf("store %d has no codes", id)
		}
		if err := c.Codes.Update(ctx, d.Staff.ID, livecode.Change{TagIDs: &tags}); err != nil {
			return err
		}
		b.staffWays, b.groupWays = append(b.staffWays, d.Staff.QR), append(b.groupWays, d.Group.QR)
	}
	return c.Settle(ctx)
}

const (
	burstTick = 50 * time.Millisecond // how often the simulated world moves on
	plenty    = 1_500                 // ordinary events that are to wait at any time
	feeding   = 500
)

// play runs the burst in real time, while another source keeps the ordinary lanes full.
func (b *burst) play(ctx context.Context) error {
	start := b.corp.Time.Now()
	if err := b.sim.Plan(ctx, sim.Plan{Key: "burst", Acts: b.world.acts(start, b.over, b.staffWays, b.groupWays)}); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	feeder := make(chan error, 1)
	ready := make(chan struct{})
	go func() { feeder <- b.feed(ctx, ready) }()
	select {
	case err := <-feeder:
		return err
	case <-ready:
	}
	before, err := b.closed(ctx)
	if err != nil {
		return err
	}
	if b.canary, err = b.sing(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	b.answers = nil
	b.mu.Unlock()
	began := b.wall.Now()
	tick := time.NewTicker(burstTick)
	defer tick.Stop()
	for {
		now := min(b.wall.Now().Sub(began), b.over)
		at := start.Add(now)
		if err := b.corp.Time.Set(ctx, at); err != nil {
			return err
		}
		if _, err := b.sim.Advance(ctx, at); err != nil {
			return err
		}
		if now == b.over {
			break
		}
		select {
		case err := <-feeder:
			return fmt.Errorf("the other work: %w", err)
		case <-tick.C:
		}
	}
	if err := b.canary.stop(); err != nil {
		return fmt.Errorf("the comparison: %w", err)
	}
	after, err := b.closed(ctx)
	if err != nil {
		return err
	}
	b.handled = after - before
	stop()
	if err := <-feeder; err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// feed keeps plenty of ordinary events waiting: edits of friends who stay. They do not come through the door that is
// measured. ready is closed when the lanes are full for the first time.
func (b *burst) feed(ctx context.Context, ready chan<- struct{}) error {
	for {
		waiting, err := b.corp.Inbox.Waiting(ctx)
		if err != nil {
			return err
		}
		full := waiting >= plenty
		if full && ready != nil {
			close(ready)
			ready = nil
		}
		if waiting < 50 && ready == nil {
			b.idle++
		}
		if full {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(20 * time.Millisecond):
				continue
			}
		}
		var wg sync.WaitGroup
		failed := make(chan error, feeding)
		for range feeding {
			n := b.fed.Add(1)
			wg.Go(func() {
				if err := b.corp.Inbox.Put(ctx, b.edit(n)); err != nil {
					failed <- err
				}
			})
		}
		wg.Wait()
		select {
		case err := <-failed:
			return err
		default:
		}
	}
}

func (b *burst) edit(n int64) callback.Event {
	x := b.world.keepers[int(n)%len(b.world.keepers)]
	e := callback.Event{MsgType: "event", Event: callback.ExternalContact, ChangeType: callback.EditExternal, ExternalUserID: x[0], UserID: x[1], CreateTime: b.wall.Now().Unix()}
	e.Raw = []byte("<xml><FromUserName>sys</FromUserName><CreateTime>" + strconv.FormatInt(e.CreateTime, 10) + "</CreateTime><MsgType>event</MsgType><Event>" + e.Event +
		"</Event><ChangeType>" + e.ChangeType + "</ChangeType><UserID>" + e.UserID + "</UserID><ExternalUserID>" + e.ExternalUserID + "</ExternalUserID><N>" + strconv.FormatInt(n, 10) + "</N></xml>")
	return e
}

// closed counts ordinary events that are done.
func (b *burst) closed(ctx context.Context) (n int64, err error) {
	err = b.db.QueryRow(ctx, `SELECT count(*) FROM inbox_event WHERE state = 'done' AND NOT urgent`).Scan(&n)
	return n, err
}

// tell checks the books on both sides and adds the figures.
func (b *burst) tell(ctx context.Context) error {
	if err := b.corp.Settle(ctx); err != nil {
		return err
	}
	truth, err := b.sim.Truth(ctx)
	if err != nil {
		return err
	}
	var welcomes []time.Duration
	for _, w := range truth.Welcomes {
		if n, ok := w[2].(float64); !ok || n != 1 {
			return fmt.Errorf("%v was welcomed %v times by %v", w[1], w[2], w[0])
		}
		ms, _ := w[3].(float64)
		welcomes = append(welcomes, time.Duration(ms*float64(time.Millisecond)))
	}
	if len(welcomes) != b.adds {
		return fmt.Errorf("WeCom took %d welcomes, must have taken %d", len(welcomes), b.adds)
	}
	if truth.Counts.CallbacksFailed > 0 {
		return fmt.Errorf("%d callbacks were not answered with 200", truth.Counts.CallbacksFailed)
	}
	b.mu.Lock()
	answers := b.answers
	b.mu.Unlock()
	if len(answers) != b.total() {
		return fmt.Errorf("%d callbacks came through the door, must have been %d", len(answers), b.total())
	}
	var failed int
	if err := b.db.QueryRow(ctx, `SELECT count(*) FROM inbox_event WHERE state = 'failed'`).Scan(&failed); err != nil || failed > 0 {
		return fmt.Errorf("%d events failed: %w", failed, errors.Join(err))
	}
	what := fmt.Sprintf("（%s 内 %d 条回调，欢迎语 %d 条，另有 %d 条普通事件处理完 %d callbacks in %s, %d welcomes, %d other events handled meanwhile）",
		b.over, b.total(), b.adds, b.handled, b.total(), b.over, b.adds, b.handled)
	first := func(p50, _ float64) float64 { return p50 }
	last := func(_, p99 float64) float64 { return p99 }
	w50, w99 := quantiles(welcomes)
	a50, a99 := quantiles(answers)
	b.report.add("burst.welcome.p50", "突发中的欢迎语，从推送到被接受，中位数 a welcome within the burst, from callback to acceptance, median"+what, "ms", w50, b.canary.limits(welcomeGoalMS, welcomeLimitMS, first)...)
	b.report.add("burst.welcome.p99", "突发中的欢迎语，p99 a welcome within the burst, p99", "ms", w99, b.canary.limits(welcomeGoalMS, welcomeLimitMS, last)...)
	b.report.add("burst.answer.p50", "突发中的应答，中位数 answer within the burst, median", "ms", a50, b.canary.limits(answerGoalMS, answerLimitMS, first)...)
	b.report.add("burst.answer.p99", "突发中的应答，p99 answer within the burst, p99", "ms", a99, b.canary.limits(answerGoalMS, answerLimitMS, last)...)
	return nil
}
