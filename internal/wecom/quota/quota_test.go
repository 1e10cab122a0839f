package quota

import (
	"context"
	"errors"
	"testing"
	"time"

	"qunce/internal/clock"
)

const api = "/cgi-bin/externalcontact/get"

// rig is a keeper on a clock that sleeping moves.
type rig struct {
	*Keeper
	t     *testing.T
	clk   *clock.Manual
	slept time.Duration
}

func newRig(t *testing.T, limit int) *rig {
	r := &rig{t: t, clk: clock.NewManual(time.Date(2026, 3, 31, 9, 0, 0, 0, clock.Shanghai))}
	r.Keeper = New(r.clk, nil, limit, 1)
	r.Sleep = func(ctx context.Context, d time.Duration, _ <-chan struct{}) error {
		r.slept += d
		r.clk.Set(r.clk.Now().Add(d))
		return ctx.Err()
	}
	return r
}

// call makes a call that WeCom answers with the code, and returns how long it waited before it.
func (r *rig) call(p Pace, name string, code int, parts ...string) (time.Duration, error) {
	before := r.slept
	ticket, err := r.Admit(With(context.Background(), p), name, parts)
	if err == nil {
		r.Done(context.Background(), ticket, code)
	}
	return r.slept - before, err
}

func (r *rig) must(p Pace, name string, code int, parts ...string) time.Duration {
	r.t.Helper()
	d, err := r.call(p, name, code, parts...)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

func (r *rig) held(p Pace, name string) time.Duration {
	r.t.Helper()
	_, err := r.call(p, name, 0)
	var held *Held
	if !errors.As(err, &held) {
		r.t.Fatalf("want it held back, got %v", err)
	}
	return held.After
}

// Whatever minute WeCom looks at, no more calls than its limit begin in it; and nearly the whole limit is used.
func TestNoMinuteIsOverdrawn(t *testing.T) {
	r := newRig(t, 600)
	var at []time.Time
	for range 3000 {
		r.must(Patient, api, 0)
		at = append(at, r.clk.Now())
	}
	for i := range at {
		n := 0
		for j := i; j < len(at) && at[j].Sub(at[i]) < time.Minute; j++ {
			n++
		}
		if n > 600 {
			t.Fatalf("%d calls in the minute from %s", n, at[i].Format(time.TimeOnly))
		}
	}
	if took := at[len(at)-1].Sub(at[0]); took > 7*time.Minute {
		t.Errorf("3000 calls at 600 a minute took %s", took)
	}
}

// The last twentieth of a window is for urgent calls, and nine tenths go out as they come.
func TestReserve(t *testing.T) {
	r := newRig(t, 100)
	free := 0
	for r.slept == 0 {
		r.must(Patient, api, 0)
		free++
	}
	if free != 91 {
		t.Errorf("the first call to wait is number %d", free)
	}
	r = newRig(t, 100)
	for range 95 {
		r.must(Urgent, api, 0)
	}
	if after := r.held(Ordinary, api); after <= 50*time.Second || after > 66*time.Second {
		t.Errorf("an ordinary call in a full window is held back for %s", after)
	}
	for range 5 {
		if d := r.must(Urgent, api, 0); d != 0 {
			t.Errorf("an urgent call within the limit waits %s", d)
		}
	}
	if after := r.held(Urgent, api); after <= 0 {
		t.Error("an urgent call beyond the limit goes through")
	}
	if d := r.must(Patient, api, 0); d < 50*time.Second {
		t.Errorf("a patient call waited %s", d)
	}
	if other := r.must(Ordinary, api+"x", 0); other != 0 {
		t.Errorf("another API waits %s", other)
	}
}

func TestHourWindow(t *testing.T) {
	r := newRig(t, 0)
	start := r.clk.Now()
	for range 150_000 {
		r.must(Patient, api, 0)
	}
	if d := r.clk.Now().Sub(start); d < 55*time.Minute || d > 70*time.Minute {
		t.Errorf("150,000 calls took %s", d)
	}
}

func TestSharedLimit(t *testing.T) {
	k := New(clock.NewManual(time.Unix(1e9, 0)), nil, 0, 4)
	ticket, err := k.Admit(context.Background(), api, nil)
	if err != nil {
		t.Fatal(err)
	}
	k.Done(context.Background(), ticket, 0)
	for _, s := range k.States() {
		if want := map[time.Duration]int{time.Minute: 2500, time.Hour: 37_500}[s.Window]; s.Limit != want || s.Used != 1 {
			t.Errorf("%s: %d of %d, want of %d", s.Window, s.Used, s.Limit, want)
		}
	}
}

// A block lasts a minute, after another refusal an hour, then, where the API has a limit for the day, until midnight; a
// good call ends the row. Calls that were on the way when the block began say nothing new.
func TestBlocksGrow(t *testing.T) {
	r := newRig(t, 0)
	var flying []Ticket
	for range 3 {
		ticket, err := r.Admit(context.Background(), api, nil)
		if err != nil {
			t.Fatal(err)
		}
		flying = append(flying, ticket)
	}
	for _, ticket := range flying {
		if d := r.Done(context.Background(), ticket, 45009); d != time.Minute {
			t.Errorf("refused together, blocked for %s", d)
		}
	}
	if d := r.held(Ordinary, api); d != time.Minute {
		t.Errorf("held back for %s", d)
	}
	if d := r.held(Urgent, api); d != time.Minute {
		t.Errorf("an urgent call is held back for %s", d)
	}
	if d := r.must(Patient, api, 45009); d != time.Minute {
		t.Errorf("a patient call waited %s", d)
	}
	if d := r.must(Patient, api, 45009); d != time.Hour {
		t.Errorf("the second block lasted %s", d)
	}
	if d := r.must(Patient, api, 0); d != time.Hour {
		t.Errorf("the third block lasted %s", d)
	}
	if r.must(Patient, api, 45009); r.held(Ordinary, api) != time.Minute {
		t.Error("a good call does not end the row")
	}
	r.must(Patient, api, NoAnswer) // says nothing about the limit
	if r.must(Patient, api, 45009); r.held(Ordinary, api) != time.Hour {
		t.Error("a call without an answer ends the row")
	}

	r = newRig(t, 0)
	const pictures = "/cgi-bin/media/uploadimg"
	for range 3 {
		r.must(Patient, pictures, 45009)
	}
	if d := r.held(Ordinary, pictures); d != clock.Day(r.clk.Now()).AddDate(0, 0, 1).Sub(r.clk.Now()) {
		t.Errorf("the block of the day lasts %s", d)
	}
	if s := r.States(); len(s) != 4 || s[0].BlockedUntil.IsZero() || s[0].Refused != 3 {
		t.Errorf("states %+v", s)
	}
}

// An accelerated corp has no windows, and its blocks begin short: its minutes pass in seconds.
func TestWithoutLimits(t *testing.T) {
	r := newRig(t, -1)
	for range 20_000 {
		r.must(Ordinary, api, 0)
	}
	if r.slept != 0 {
		t.Errorf("no limits, yet %s of waiting", r.slept)
	}
	r.must(Ordinary, api, 45009)
	if first, second := r.must(Ordinary, api, 45009), r.must(Ordinary, api, 0); first != time.Second || second != 2*time.Second {
		t.Errorf("blocked for %s, %s", first, second)
	}
	if got := r.States(); len(got) != 1 || got[0].Limit != 0 || got[0].Refused != 2 {
		t.Errorf("states %+v", got)
	}
}

// 45033 halves how many calls run at once; good calls bring them back.
func TestConcurrency(t *testing.T) {
	r := newRig(t, 0)
	var flying []Ticket
	admit := func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		r.Sleep = func(_ context.Context, d time.Duration, wake <-chan struct{}) error {
			if wake != nil {
				return errors.New("waits for another call to end")
			}
			r.clk.Set(r.clk.Now().Add(d))
			return nil
		}
		ticket, err := r.Admit(ctx, api, nil)
		if err == nil {
			flying = append(flying, ticket)
		}
		return err
	}
	for range 8 {
		if err := admit(); err != nil {
			t.Fatal(err)
		}
	}
	first := r.Done(context.Background(), flying[0], 45033)
	for _, ticket := range flying[1:] {
		if d := r.Done(context.Background(), ticket, 45033); d > first {
			t.Errorf("refused together, paused for %s", d)
		}
	}
	flying = nil
	for i := range 4 {
		if err := admit(); err != nil {
			t.Fatalf("call %d of 4: %v", i, err)
		}
	}
	if admit() == nil {
		t.Error("a fifth call runs")
	}
	ticket, err := r.Admit(With(context.Background(), Urgent), api, nil)
	if err != nil {
		t.Errorf("an urgent call waits for a place: %v", err)
	}
	if second := r.Done(context.Background(), flying[3], 45033); second <= first {
		t.Errorf("pauses %s, %s do not grow", first, second)
	}
	r.Done(context.Background(), ticket, 0)
	for _, ticket := range flying[:3] {
		r.Done(context.Background(), ticket, 0)
	}
	for flying = nil; r.States()[0].AtOnce > 0; {
		if err := admit(); err != nil {
			t.Fatal(err)
		}
		r.Done(context.Background(), flying[len(flying)-1], 0)
		if len(flying) > 10_000 {
			t.Fatal("the bound never goes")
		}
	}
}

func TestWaitingForAPlaceEndsWithTheOtherCall(t *testing.T) {
	k := New(clock.NewManual(time.Unix(1e9, 0)), nil, 0, 1)
	first, _ := k.Admit(context.Background(), api, nil)
	k.account(api).most = 1
	asked := make(chan struct{})
	k.Sleep = func(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
		close(asked)
		return sleepOrWake(ctx, d, wake)
	}
	done := make(chan error)
	go func() {
		_, err := k.Admit(context.Background(), api, nil)
		done <- err
	}()
	<-asked
	k.Done(context.Background(), first, NoAnswer)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A member gets at most 30 app messages a minute, however many others get some.
func TestPartsCountApart(t *testing.T) {
	r := newRig(t, 0)
	const message = "/cgi-bin/message/send"
	for range 28 {
		r.must(Urgent, message, 0, "lina")
	}
	if _, err := r.call(Urgent, message, 0, "lina", "wang"); err != nil || r.slept != 0 {
		t.Errorf("the 29th: %v after %s", err, r.slept)
	}
	r.must(Urgent, message, 0, "lina")
	if _, err := r.call(Urgent, message, 0, "lina"); err == nil {
		t.Error("the 31st message in a minute goes out")
	}
	if _, err := r.call(Ordinary, message, 0, "wang"); err != nil {
		t.Errorf("another member: %v", err)
	}
	if n := len(r.States()); n != 1 {
		t.Errorf("%d states for an API without a limit of its own", n)
	}
}

func TestIdlePartsAreForgotten(t *testing.T) {
	r := newRig(t, 0)
	for i := range manyParts {
		r.must(Ordinary, "/cgi-bin/message/send", 0, time.Duration(i).String())
	}
	r.clk.Set(r.clk.Now().Add(2 * time.Hour))
	r.must(Ordinary, "/cgi-bin/message/send", 0, "lina")
	if n := len(r.account("/cgi-bin/message/send").parts); n != 1 {
		t.Errorf("%d parts are remembered", n)
	}
}

// Days and months are those of the calendar in Shanghai: the last day of March ends both.
func TestDaysAndMonths(t *testing.T) {
	r := newRig(t, 0)
	if from, to := calendar(rule{span: month}, r.clk.Now()); from.Format(time.DateOnly) != "2026-03-01" || to.Format(time.DateOnly) != "2026-04-01" {
		t.Errorf("the month is %s to %s", from, to)
	}
	const pictures = "/cgi-bin/media/uploadimg"
	for i := range 1000 {
		if _, err := r.call(Ordinary, pictures, 0); err != nil {
			t.Fatalf("picture %d: %v", i, err)
		}
	}
	if d := r.held(Patient, pictures); d != 15*time.Hour {
		t.Errorf("until midnight it is %s", d)
	}
	for _, s := range r.States() {
		if want := map[time.Duration]int{day: 1000, month: 1000}[s.Window]; want != 0 && s.Used != want {
			t.Errorf("%s: %d used", s.Window, s.Used)
		}
	}
	r.clk.Set(r.clk.Now().Add(15 * time.Hour))
	for _, s := range r.States() {
		if s.Window >= day && s.Used != -1 {
			t.Errorf("%s: %d used of a window nobody looked at", s.Window, s.Used)
		}
	}
	r.must(Ordinary, pictures, 0)
	for _, s := range r.States() {
		if s.Window >= day && s.Used != 1 {
			t.Errorf("%s: %d used on the first of April", s.Window, s.Used)
		}
	}
}

func TestDeadlineIsKept(t *testing.T) {
	r := newRig(t, 0)
	r.must(Ordinary, api, 45009)
	ctx, cancel := context.WithDeadline(With(context.Background(), Patient), clock.Wall().Now().Add(time.Hour))
	defer cancel()
	end, _ := ctx.Deadline()
	r.clk.Set(end.Add(-time.Second))
	r.account(api).blocked = end.Add(time.Second)
	if _, err := r.Admit(ctx, api, nil); err == nil || r.slept != 0 {
		t.Errorf("waited %s towards a deadline it cannot keep: %v", r.slept, err)
	}
}

func TestEveryRuleCanBeKept(t *testing.T) {
	for _, name := range []string{"/cgi-bin/get_jsapi_ticket", "/cgi-bin/ticket/get", "/cgi-bin/externalcontact/add_moment_task",
		"/cgi-bin/appchat/create", "/cgi-bin/appchat/update", "/cgi-bin/webhook/send", "/cgi-bin/msgaudit/check_single_agree"} {
		r := newRig(t, 0)
		for range 25 {
			r.must(Patient, name, 0, "key")
		}
	}
}

// A welcome and a token are urgent whoever asks for them, the same call otherwise only when it is marked.
func TestPaces(t *testing.T) {
	ctx := context.Background()
	for name, want := range map[string]Pace{"/cgi-bin/gettoken": Urgent, "/cgi-bin/externalcontact/send_welcome_msg": Urgent, api: Patient} {
		if got := PaceOf(With(ctx, Patient), name); got != want {
			t.Errorf("%s: pace %d", name, got)
		}
	}
	if PaceOf(ctx, api) != Ordinary || PaceOf(With(ctx, Urgent), api) != Urgent {
		t.Error("the pace of a context is not kept")
	}
}

// shared is what two processes have in common.
type shared struct {
	*memoryMeter
	blocks map[string]time.Time
	asked  int
}

func (s *shared) Block(_ context.Context, api string, until time.Time) error {
	s.blocks[api] = until
	return nil
}

func (s *shared) Blocks(_ context.Context, _ time.Time) (map[string]time.Time, error) {
	s.asked++
	return s.blocks, nil
}

// What WeCom told one process holds all back, a second later at most; and nobody asks more often than that.
func TestABlockIsKnownToAll(t *testing.T) {
	r := newRig(t, 0)
	both := &shared{newMemoryMeter(), map[string]time.Time{}, 0}
	r.meter = both
	other := New(r.clk, both, 0, 2)
	if _, err := other.Admit(context.Background(), api, nil); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		r.must(Ordinary, "/cgi-bin/user/get", 0)
	}
	if both.asked != 2 {
		t.Errorf("asked %d times", both.asked)
	}
	r.must(Ordinary, api, 45009)
	r.clk.Set(r.clk.Now().Add(learnEvery))
	var held *Held
	if _, err := other.Admit(context.Background(), api, nil); !errors.As(err, &held) || held.After != time.Minute-learnEvery {
		t.Errorf("the other process: %v", err)
	}
}

// Each of two processes takes half of what a member may be sent.
func TestASharePerPart(t *testing.T) {
	r := newRig(t, 0)
	r.share = 2
	for range 15 {
		r.must(Urgent, "/cgi-bin/message/send", 0, "lina")
	}
	if _, err := r.call(Urgent, "/cgi-bin/message/send", 0, "lina"); err == nil {
		t.Error("the sixteenth of a minute was let go")
	}
}
