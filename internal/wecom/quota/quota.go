// Package quota keeps the calls of one WeCom app within WeCom's limits: it slows down before a limit, stops at it, and
// backs off when WeCom refuses all the same.
//
// Invariants: an API that WeCom blocked is not called before the block is over; what somebody waits for by the second is
// never slowed for what can wait; a call that may not go soon fails and says when it may, unless its caller is patient.
//
// The package knows WeCom's numbers and nothing of its calls, makes none, and reads no clock but the one it is given.
package quota

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"qunce/internal/clock"
)

// patience is how long an ordinary call waits for a limit before it fails.
const patience = 10 * time.Second

// turnover is how long a call waits at most for another to end before it looks again: longer than any call takes.
const turnover = 5 * time.Minute

// manyParts is how many parts of an API are remembered before idle ones are dropped.
const manyParts = 10_000

// Keeper holds the calls of one app back before WeCom refuses them, and after it did:
//   - minute and hour windows in memory, day and month windows in the Meter; see window and rulesOf;
//   - after 45009 the API is blocked for a minute, and if WeCom refuses the first call after that too, for an hour, then
//     for the day;
//   - after 45033 it pauses, longer each time, and fewer calls of the API run at once, until calls go well again.
//
// Minutes, hours and pauses a process counts alone: bulk work is done by the one process that holds the corp's lease, and
// where several call, each takes its share of the windows. Blocks are shared by the Meter: what WeCom told one process,
// all know within learnEvery.
type Keeper struct {
	clock clock.Clock
	meter Meter
	limit int // calls per minute and API; negative = no windows
	share int // of how many processes this is one
	// Sleep waits; tests put another in its place.
	Sleep func(ctx context.Context, d time.Duration, wake <-chan struct{}) error

	mu      sync.Mutex
	apis    map[string]*account
	learned time.Time // when the other processes' blocks were read
}

// account is what the Keeper knows of an API.
type account struct {
	rules   []rule
	windows []*window            // of the rules that count in memory and not by part
	parts   map[string][]*window // of the others in memory
	meters  []reading            // of the lasting ones

	blocked  time.Time // no call before, after 45009
	refusals int       // blocks without a good call in between
	paused   time.Time // no call before, after 45033
	pause    time.Duration
	held     time.Time // when the last block or pause began: a call admitted before it says nothing new

	flying int
	most   int // calls at once; 0 = any number
	good   int // good calls since most last grew
	freed  chan struct{}
	denied int // refusals by WeCom since the process started
}

// reading is the last known state of a lasting window.
type reading struct {
	rule
	from time.Time
	used int // -1 = not known
}

// New makes a keeper for calls per minute and API (0 = WeCom's limit; negative = no limits, for a corp whose clock is
// driven), of which this process takes its share. A nil meter counts in memory.
func New(c clock.Clock, m Meter, limit, share int) *Keeper {
	if limit == 0 {
		limit = perMinute
	}
	if m == nil {
		m = newMemoryMeter()
	}
	return &Keeper{clock: c, meter: m, limit: limit, share: max(share, 1), Sleep: sleepOrWake, apis: map[string]*account{}}
}

func (k *Keeper) account(api string) *account {
	a := k.apis[api]
	if a != nil {
		return a
	}
	a = &account{parts: map[string][]*window{}, freed: make(chan struct{})}
	if k.limit > 0 {
		a.rules = rulesOf(api, k.limit)
	}
	for i, r := range a.rules {
		if r.lasting() {
			a.meters = append(a.meters, reading{rule: r, used: -1})
			continue
		}
		a.rules[i].most = max(r.most/k.share, 1)
		if !r.each {
			a.windows = append(a.windows, &window{rule: a.rules[i]})
		}
	}
	k.apis[api] = a
	return a
}

// Ticket is a call that was let go.
type Ticket struct {
	account *account
	api     string
	at      time.Time
}

// Admit waits until the API may be called for the parts. A call that would wait too long fails with *Held; otherwise
// an error is the context's or the meter's. Every ticket is given back by Done.
func (k *Keeper) Admit(ctx context.Context, api string, parts []string) (Ticket, error) {
	p, start := PaceOf(ctx, api), k.clock.Now()
	for {
		k.learn(ctx)
		k.mu.Lock()
		a, now := k.account(api), k.clock.Now()
		wait, wake := a.wait(now, p, parts)
		if wait <= 0 {
			a.take(now, parts)
			k.mu.Unlock()
			t := Ticket{a, api, now}
			if err := k.metered(ctx, api, t); err != nil {
				k.Done(ctx, t, NoAnswer)
				return Ticket{}, err
			}
			return t, nil
		}
		k.mu.Unlock()
		until := now.Add(wait)
		end, bounded := ctx.Deadline()
		if wake == nil && (bounded && until.After(end) || p != Patient && until.After(start.Add(patience))) {
			return Ticket{}, &Held{wait}
		}
		if err := k.Sleep(ctx, wait, wake); err != nil {
			return Ticket{}, err
		}
	}
}

// learnEvery is how old the knowledge of the other processes' blocks may be.
const learnEvery = time.Second

// learn takes over the blocks that other processes met. A driven clock's blocks are too short for that.
func (k *Keeper) learn(ctx context.Context) {
	k.mu.Lock()
	now := k.clock.Now()
	if k.limit < 0 || now.Sub(k.learned) < learnEvery && !now.Before(k.learned) {
		k.mu.Unlock()
		return
	}
	k.learned = now
	k.mu.Unlock()
	blocks, err := k.meter.Blocks(ctx, now)
	if err != nil {
		return // a call without this knowledge is at worst refused, and whoever needs the database hears of it there
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for api, until := range blocks {
		if a := k.account(api); until.After(a.blocked) {
			a.blocked = until
		}
	}
}

// Held is the error of a call that may not go before After is over.
type Held struct{ After time.Duration }

func (h *Held) Error() string {
	return fmt.Sprintf("held back for %s by our own quota", h.After.Round(time.Millisecond))
}

// metered counts the call in the API's days and months.
func (k *Keeper) metered(ctx context.Context, api string, t Ticket) error {
	for i := range t.account.meters {
		r := &t.account.meters[i]
		from, to := calendar(r.rule, t.at)
		used, ok, err := k.meter.Take(ctx, api, from, to, r.most)
		if err != nil {
			return err
		}
		k.mu.Lock()
		r.from, r.used = from, used
		k.mu.Unlock()
		if !ok {
			return &Held{to.Sub(t.at)}
		}
	}
	return nil
}

// wait says how long before a call may go, and what may end the waiting early.
func (a *account) wait(now time.Time, p Pace, parts []string) (time.Duration, <-chan struct{}) {
	d := a.blocked.Sub(now)
	if pause := a.paused.Sub(now); p != Urgent {
		d = max(d, pause)
	} else {
		d = max(d, min(pause, a.pause/4))
	}
	if d > 0 {
		return d, nil
	}
	if a.most > 0 && a.flying >= a.most && p != Urgent {
		return turnover, a.freed
	}
	for _, w := range a.windows {
		d = max(d, w.wait(now, p))
	}
	for _, part := range parts {
		for _, w := range a.part(part, now) {
			d = max(d, w.wait(now, p))
		}
	}
	return d, nil
}

func (a *account) take(now time.Time, parts []string) {
	a.flying++
	for _, w := range a.windows {
		w.take(now)
	}
	for _, part := range parts {
		for _, w := range a.parts[part] {
			w.take(now)
		}
	}
}

func (a *account) part(name string, now time.Time) []*window {
	ws := a.parts[name]
	if ws != nil {
		return ws
	}
	if len(a.parts) >= manyParts {
		for other, ws := range a.parts {
			if !slices.ContainsFunc(ws, func(w *window) bool { w.move(now); return w.used() > 0 }) {
				delete(a.parts, other)
			}
		}
	}
	for _, r := range a.rules {
		if r.each {
			w := &window{rule: r}
			w.move(now)
			ws = append(ws, w)
		}
	}
	if len(ws) > 0 {
		a.parts[name] = ws
	}
	return ws
}

// NoAnswer is the code of a call that WeCom did not answer.
const NoAnswer = -1001

// Done gives a ticket back with the errcode of WeCom's answer. It returns how long the API is held back.
func (k *Keeper) Done(ctx context.Context, t Ticket, code int) time.Duration {
	wait, block := k.done(t, code)
	if !block.IsZero() && k.limit > 0 {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellWithin)
		defer cancel()
		_ = k.meter.Block(ctx, t.api, block) // another process that does not hear of it is refused itself
	}
	return wait
}

// tellWithin bounds how long a refused call waits for its block to be noted.
const tellWithin = 2 * time.Second

// done returns how long the API is held back, and until when by a block that began with this answer.
func (k *Keeper) done(t Ticket, code int) (wait time.Duration, block time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	a, now := t.account, k.clock.Now()
	flying := a.flying
	a.flying--
	close(a.freed)
	a.freed = make(chan struct{})
	stale := t.at.Before(a.held)
	switch code {
	case 45009:
		a.denied++
		if !stale {
			a.blocked = now.Add(k.block(a))
			a.refusals++
			a.held = now.Add(1)
			block = a.blocked
		}
		return a.blocked.Sub(now), block
	case 45033:
		a.denied++
		if !stale {
			a.pause = min(max(a.pause*2, 250*time.Millisecond), 8*time.Second)
			a.paused, a.held = now.Add(a.pause), now.Add(1)
			a.most, a.good = max(flying/2, 1), 0
		}
		return a.paused.Sub(now), block
	case NoAnswer:
		return 0, block
	}
	if stale {
		return 0, block
	}
	a.refusals, a.pause = 0, 0
	if a.good++; a.most > 0 && a.good >= a.most {
		a.most, a.good = a.most+1, 0
		if a.most > 64 {
			a.most = 0
		}
	}
	return 0, block
}

// block is how long the API is held back after 45009. An accelerated corp's minutes are not the wall's, so there the
// block begins short and grows.
func (k *Keeper) block(a *account) time.Duration {
	if k.limit < 0 {
		return min(time.Second<<min(a.refusals, 6), time.Minute)
	}
	steps := blocks(a.rules)
	d := steps[min(a.refusals, len(steps)-1)]
	if d == day {
		now := k.clock.Now()
		_, end := calendar(rule{span: day}, now)
		d = end.Sub(now)
	}
	return d
}

// Jittered is d with up to a half more, so that those who were refused together do not come again together.
func Jittered(d time.Duration) time.Duration { return d + rand.N(d/2) }

func sleepOrWake(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wake:
	case <-t.C:
	}
	return nil
}

// State is one limit of an API, for the system page.
type State struct {
	API          string
	Window       time.Duration // a day and a month are those of the calendar
	Used         int           // in the window that ends now; -1 = not known yet in this process
	Limit        int           // this process's share; 0 = none is known, and only WeCom's refusals count
	Slowed       bool          // calls are being spread over the rest of the window
	BlockedUntil time.Time     // after a refusal; zero = not blocked
	AtOnce       int           // at most so many calls run at the same time, after 45033; 0 = any number
	Refused      int           // by WeCom, since the process started
}

// States lists the limits of the APIs that were called since the process started, fullest first.
func (k *Keeper) States() []State {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.clock.Now()
	var out []State
	for api, a := range k.apis {
		state := State{API: api, AtOnce: a.most, Refused: a.denied}
		if until := later(a.blocked, a.paused); until.After(now) {
			state.BlockedUntil = until
		}
		before := len(out)
		for _, w := range a.windows {
			w.move(now)
			s := state
			s.Window, s.Used, s.Limit, s.Slowed = w.span, w.used(), w.most, w.slowed(now)
			out = append(out, s)
		}
		for _, r := range a.meters {
			s := state
			s.Window, s.Used, s.Limit = r.span, r.used, r.most
			if from, _ := calendar(r.rule, now); r.used > 0 && !from.Equal(r.from) {
				s.Used = -1
			}
			out = append(out, s)
		}
		if len(out) == before {
			out = append(out, state)
		}
	}
	slices.SortFunc(out, func(a, b State) int {
		return cmp.Or(cmp.Compare(b.fullness(), a.fullness()), cmp.Compare(a.API, b.API), cmp.Compare(a.Window, b.Window))
	})
	return out
}

func (s State) fullness() float64 {
	if s.Limit <= 0 {
		return 0
	}
	return float64(s.Used) / float64(s.Limit)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
