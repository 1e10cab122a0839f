package demo

import (
	"context"
	"fmt"
	"time"

	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/pg"
	"qunce/internal/wecom"
	"qunce/internal/wecom/sim"
)

// How far the clock moves at most in one step. Played, a step is short so that the console sees things happen; run to
// the end, it is longer, and the barrier is met less often.
const (
	playStep = time.Minute
	rushStep = 5 * time.Minute
)

var (
	fpStepBefore = failpoint.New("demo.step.before")
	fpStepAfter  = failpoint.New("demo.step.after")
)

// drive sets the chain up and then moves the clock, until ctx ends or the days of the command line are over.
func (d *Demo) drive(ctx context.Context) (*Report, error) {
	if err := d.patiently(ctx, d.catchUp); err != nil {
		return nil, err
	}
	if err := d.misbehave(ctx, d.o.Faults); err != nil {
		return nil, err
	}
	if err := d.patiently(ctx, d.setup); err != nil {
		return nil, err
	}
	if d.o.Speed > 0 {
		p := d.corp.Time.Pace()
		p.Speed = d.o.Speed
		if err := d.corp.Time.SetPace(ctx, p); err != nil {
			return nil, err
		}
	}
	if d.o.Exit {
		end := d.state.Start.AddDate(0, 0, d.o.Days)
		for d.corp.Time.Now().Before(end) {
			if err := d.step(ctx, rushStep, end); err != nil {
				return nil, err
			}
		}
		var r *Report
		err := d.patiently(ctx, func(ctx context.Context) (err error) { r, err = d.close(ctx); return err })
		return r, err
	}
	if err := d.greet(ctx); err != nil {
		return nil, err
	}
	return nil, d.play(ctx)
}

// world drives the simulator; it is asked anew each time, and only within patiently, since the process may be starting.
func (d *Demo) world() sim.Control { return sim.Control{URL: d.sim.url()} }

// misbehave sets the faults of the simulated WeCom.
func (d *Demo) misbehave(ctx context.Context, f sim.Faults) error {
	return d.patiently(ctx, func(ctx context.Context) error { return d.world().Faults(ctx, f) })
}

// patience is how long the demo waits for its database or simulator to come back before it gives up.
const patience = 2 * time.Minute

// patiently repeats work that may be repeated while one of the other two processes is down or being started again.
func (d *Demo) patiently(ctx context.Context, work func(ctx context.Context) error) error {
	began := d.app.Wall.Now()
	for {
		err := work(ctx)
		if err == nil || ctx.Err() != nil || !passing(err) || d.app.Wall.Now().Sub(began) > patience {
			return err
		}
		d.o.Log.Warn("waiting for the database or the simulator", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// passing reports an error that goes away by itself.
func passing(err error) bool {
	return errs.KindOf(err) == errs.Unavailable || pg.IsUnavailable(err) || wecom.Unknown(err)
}

// catchUp finishes the step that a dead process left half done.
func (d *Demo) catchUp(ctx context.Context) error {
	if !d.state.Ready {
		return nil // nobody acts before the chain is set up
	}
	return d.reach(ctx, d.corp.Time.Now())
}

// reach brings everybody to the corp's time to: the world acts, orders come in, and all that follows is done.
func (d *Demo) reach(ctx context.Context, to time.Time) error {
	if err := d.corp.Time.Set(ctx, to); err != nil {
		return err
	}
	fpStepBefore.Hit()
	for {
		st, err := d.world().Advance(ctx, to)
		if err != nil {
			return err
		}
		if st.Undelivered == 0 && !st.Now.Before(to) {
			break
		}
	}
	if d.state.Ready {
		// What an earlier process placed is placed again without effect, so nothing has to be remembered.
		cause, err := d.corp.IDs.Next(ctx)
		if err != nil {
			return err
		}
		if fresh := d.feed.between(d.fed(to), to); len(fresh) > 0 {
			if _, err := d.corp.Orders.Place(ctx, fresh, cause); err != nil {
				return fmt.Errorf("feed orders: %w", err)
			}
		}
	}
	if err := d.corp.Settle(ctx); err != nil {
		return err
	}
	fpStepAfter.Hit()
	d.placed = to
	return nil
}

// fed is up to when orders have surely been placed: the last step of this process, or the corp's start.
func (d *Demo) fed(to time.Time) time.Time {
	if d.placed.IsZero() || d.placed.After(to) {
		return d.state.Start
	}
	return d.placed
}

// step moves the clock by at most max, and further when nothing happens sooner, but never past end.
func (d *Demo) step(ctx context.Context, max time.Duration, end time.Time) error {
	now := d.corp.Time.Now()
	to := now.Add(max)
	var soonest time.Time
	err := d.patiently(ctx, func(ctx context.Context) (err error) { soonest, err = d.soonest(ctx, now); return err })
	if err != nil {
		return err
	}
	if soonest.After(to) {
		to = soonest
	}
	if to.After(end) {
		to = end
	}
	return d.reachNext(ctx, to)
}

// soonest is when the next thing happens anywhere: a person acts, an order is placed, work falls due.
func (d *Demo) soonest(ctx context.Context, now time.Time) (time.Time, error) {
	soonest := now.AddDate(0, 0, 1)
	earlier := func(t time.Time) {
		if t.Before(soonest) {
			soonest = t
		}
	}
	st, err := d.world().Advance(ctx, now)
	if err != nil {
		return soonest, err
	}
	if st.Next != nil {
		earlier(*st.Next)
	}
	if at, ok := d.feed.next(now); ok {
		earlier(at)
	}
	at, ok, err := d.corp.NextDue(ctx)
	if ok {
		earlier(at)
	}
	return soonest, err
}

// play moves the clock no faster than its pace.
func (d *Demo) play(ctx context.Context) error {
	for {
		began := d.app.Wall.Now()
		pace := d.corp.Time.Pace()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case done := <-d.next:
			done <- d.toMorning(ctx)
			continue
		default:
		}
		if !pace.Playing {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case done := <-d.next:
				done <- d.toMorning(ctx)
			case <-time.After(100 * time.Millisecond):
				// Somebody may act by hand on the phone while the clock stands.
				if err := d.patiently(ctx, d.corp.Settle); err != nil {
					return err
				}
			}
			continue
		}
		from := d.corp.Time.Now()
		step := playStep
		if fast := time.Duration(pace.Speed * float64(50*time.Millisecond)); fast > step {
			step = min(fast, rushStep)
		}
		if err := d.reachNext(ctx, from.Add(step)); err != nil {
			return err
		}
		moved := d.corp.Time.Now().Sub(from)
		rest := time.Duration(float64(moved)/pace.Speed) - d.app.Wall.Now().Sub(began)
		if rest > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(rest):
			}
		}
	}
}

func (d *Demo) reachNext(ctx context.Context, to time.Time) error {
	return d.patiently(ctx, func(ctx context.Context) error {
		if err := event.EnsurePartitions(ctx, d.corp.DB, to, to.AddDate(0, 2, 0)); err != nil {
			return err
		}
		return d.reach(ctx, to)
	})
}

// toMorning runs to 08:00 of the next day.
func (d *Demo) toMorning(ctx context.Context) error {
	now := d.corp.Time.Now()
	morning := startOfDay(clock.Day(now))
	if !morning.After(now) {
		morning = startOfDay(clock.Day(now).AddDate(0, 0, 1))
	}
	for d.corp.Time.Now().Before(morning) {
		if err := d.step(ctx, rushStep, morning); err != nil {
			return err
		}
	}
	return nil
}

// greet prints where to go.
func (d *Demo) greet(ctx context.Context) error {
	users := d.app.Users(d.corp)
	u, _, err := users.EnsureOwner(ctx, "演示管理员", "owner@qunce.example")
	if err != nil {
		return err
	}
	link, err := users.NewLink(ctx, u.ID)
	if err != nil {
		return err
	}
	d.say("\n群策 Qunce 演示已就绪\n  控制台（一次性登录链接，24 小时内有效）：%s\n  手机页（扮演顾客或店员）：              %s/phone/\n  数据在 %s，按 Ctrl+C 停止，再次启动会从停下的地方继续。\n",
		users.LinkURL(link), d.o.Config.PublicURL, d.o.Config.DataDir)
	return nil
}

// close balances the books: as callbacks and results left them, and again after a reconciling sync.
func (d *Demo) close(ctx context.Context) (*Report, error) {
	if err := d.corp.Sends.Refresh(ctx); err != nil {
		return nil, err
	}
	if err := d.corp.Settle(ctx); err != nil {
		return nil, err
	}
	truth, err := d.world().Truth(ctx)
	if err != nil {
		return nil, err
	}
	before, err := audit(ctx, d.corp.DB, truth)
	if err != nil {
		return nil, err
	}
	if err := d.misbehave(ctx, sim.Faults{}); err != nil {
		return nil, err
	}
	if err := d.fullSync(ctx); err != nil {
		return nil, err
	}
	if err := d.corp.Settle(ctx); err != nil {
		return nil, err
	}
	if truth, err = d.world().Truth(ctx); err != nil {
		return nil, err
	}
	after, err := audit(ctx, d.corp.DB, truth)
	if err != nil {
		return nil, err
	}
	r, err := figures(ctx, d.corp.DB, truth, d.state.Start, d.corp.Time.Now())
	if err != nil {
		return nil, err
	}
	r.BeforeSync, r.Books, r.Balanced = before, after, after.Even()
	r.WallS = d.app.Wall.Now().Sub(d.began).Seconds()
	stores, err := d.corp.Directory.Stores(ctx, d.corp.DB)
	r.Stores, r.People = len(stores), d.people()
	return &r, err
}
