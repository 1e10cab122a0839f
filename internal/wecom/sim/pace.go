package sim

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// A simulator that stands alone has a clock that runs by itself. Every quarter of a second of wall time it does what has
// become due; it waits for nobody, and where it cannot keep up it is late.

const (
	tickEvery = 250 * time.Millisecond // wall
	noteEvery = 2 * time.Second        // wall; how often the log learns of time alone
	tickMost  = time.Hour              // simulated; so that a pause is heard
	maxSpeed  = 100_000
)

// pace is how fast the clock runs.
type pace struct {
	s      *Server
	ctx    context.Context //nolint:containedctx // ends the clock with the server
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	speed  float64 // simulated seconds a second
	paused bool
	last   time.Time     // wall, of the last tick
	noted  time.Time     // wall, of the last note of time in the log
	owed   time.Duration // simulated time still to be walked through
}

// newPace makes the clock of a server that stands alone. A world that follows real time is owed what it missed.
func newPace(s *Server, speed float64) *pace {
	ctx, cancel := context.WithCancel(context.Background())
	p := &pace{s: s, ctx: ctx, cancel: cancel, done: make(chan struct{}), speed: speed, last: s.wall.Now()}
	if behind := p.last.Sub(msTime(s.st.Now)); s.st.World.Follow && speed == 1 && behind > 0 {
		p.owed = behind
	}
	return p
}

func (p *pace) start() { go p.run() }

func (p *pace) stop() {
	p.cancel()
	<-p.done
}

func (p *pace) run() {
	defer close(p.done)
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-t.C:
		}
		for more := true; more && p.ctx.Err() == nil; {
			var err error
			if more, err = p.tick(p.s.wall.Now()); err != nil && p.ctx.Err() == nil {
				p.s.say("the clock stands: %v", err)
			}
		}
	}
}

// tick moves the simulator's clock by what has passed since the last one; more says that this was not all of it.
func (p *pace) tick(now time.Time) (more bool, err error) {
	p.mu.Lock()
	passed := now.Sub(p.last)
	p.last = now
	if p.paused {
		p.mu.Unlock()
		return false, nil
	}
	p.owed += time.Duration(float64(passed) * p.speed)
	step := min(p.owed, tickMost)
	note := now.Sub(p.noted) >= noteEvery
	p.mu.Unlock()
	if !p.s.advancing.TryLock() { // somebody moves the clock by hand
		p.mu.Lock()
		p.owed = 0
		p.mu.Unlock()
		return false, nil
	}
	defer p.s.advancing.Unlock()
	if err := p.s.walk(p.ctx, step, note); err != nil {
		return false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owed = max(p.owed-step, 0)
	if most := time.Duration(10 * p.speed * float64(time.Second)); p.owed > most && p.speed != 1 {
		p.owed = most // it cannot keep up: a speed is an upper bound
	}
	if note {
		p.noted = now
	}
	return p.owed >= tickMost, nil
}

// walk does what becomes due within a step and moves the clock by it; note says to keep the time in the log.
func (s *Server) walk(ctx context.Context, step time.Duration, note bool) error {
	s.mu.Lock()
	to := s.st.Now + step.Milliseconds()
	s.mu.Unlock()
	if err := s.actUntil(ctx, to); err != nil {
		return err
	}
	n := s.transactAt(to, func(t *transaction) {
		if note {
			t.do(op{K: opNow, N: to})
		}
	})
	if err := s.journal.wait(n); err != nil {
		return err
	}
	return s.compact()
}

// Clock says how the simulator's time runs.
type Clock struct {
	Now    time.Time `json:"now"`
	Wall   time.Time `json:"wall"`
	Own    bool      `json:"own"`    // it runs by itself; otherwise whoever drives the simulator moves it
	Speed  float64   `json:"speed"`  // simulated seconds a second; 0 unless it runs by itself
	Paused bool      `json:"paused"` // likewise
	Follow bool      `json:"follow"` // a restart takes it to the real time
}

func (s *Server) clock() Clock {
	s.mu.Lock()
	out := Clock{Now: msTime(s.st.Now), Follow: s.st.World.Follow}
	s.mu.Unlock()
	out.Wall = s.wall.Now()
	if p := s.pace; p != nil {
		p.mu.Lock()
		out.Own, out.Speed, out.Paused = true, p.speed, p.paused
		p.mu.Unlock()
	}
	return out
}

func (s *Server) serveClock(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, s.clock())
}

// serveSetClock: {"speed": 60} or {"paused": true}; what is left out stays.
func (s *Server) serveSetClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Speed  *float64 `json:"speed"`
		Paused *bool    `json:"paused"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<12)).Decode(&in); err != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_json", err.Error()})
		return
	}
	p := s.pace
	if p == nil {
		answer(w, http.StatusConflict, problem{"sim.cannot", "这个模拟器的时钟由启动它的程序推进，不能在这里调"})
		return
	}
	if in.Speed != nil && (*in.Speed <= 0 || *in.Speed > maxSpeed) {
		answer(w, http.StatusBadRequest, problem{"sim.bad_time", "速度要大于 0，不超过 100000"})
		return
	}
	p.mu.Lock()
	if in.Speed != nil {
		p.speed = *in.Speed
	}
	if in.Paused != nil {
		p.paused, p.owed = *in.Paused, 0
	}
	p.mu.Unlock()
	answer(w, http.StatusOK, s.clock())
}
