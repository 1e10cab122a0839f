package sim

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"sync"
	"time"

	"qunce/internal/failpoint"
	"qunce/internal/wecom/callback"
)

var (
	callbackBefore = failpoint.New("sim.callback.before")
	callbackAfter  = failpoint.New("sim.callback.after")
)

const (
	postmen    = 8                      // callbacks under way at once
	retryAfter = 200 * time.Millisecond // wall
)

// postman delivers callbacks: up to eight at once, those of one entity one after another, each until it is answered or
// as long as WeCom's pages say.
type postman struct {
	s      *Server
	ctx    context.Context //nolint:containedctx // ends the deliveries with the server
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	cond   *sync.Cond
	queues map[string][]*letter // by entity; the head of a busy one is under way
	ready  []string             // entities with a letter and nobody at it
	parked []string             // those that wait for an address
	open   int                  // letters not answered
	ok     time.Time            // when the last letter was answered, or the queue was last empty
	closed bool
	first  map[string]time.Time // welcome code → wall time at which its event was to be delivered first
	to     aimed
	trash  int                      // garbage sent
	pause  func(time.Duration) bool // waits, wall; false if the server ends meanwhile
}

// aimed is a receiver ready for use.
type aimed struct {
	Receiver
	crypto *callback.Crypto
}

type letter struct {
	event *event
	log   int64 // its transaction
	tries int
}

func newPostman(s *Server) *postman {
	ctx, cancel := context.WithCancel(context.Background())
	p := &postman{s: s, ctx: ctx, cancel: cancel, queues: map[string][]*letter{}, first: map[string]time.Time{}, ok: s.wall.Now()}
	p.cond = sync.NewCond(&p.mu)
	p.pause = func(d time.Duration) bool {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(d):
			return true
		}
	}
	return p
}

// aim sets where letters go. Those that piled up without an address set out now.
func (p *postman) aim(r Receiver) error {
	crypto, err := callback.NewCrypto(r.Token, r.AESKey, p.s.opt.CorpID)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = aimed{r, crypto}
	p.ok = p.s.wall.Now()
	p.ready = append(p.ready, p.parked...)
	p.parked = nil
	p.cond.Broadcast()
	return nil
}

func (p *postman) target() *aimed {
	p.mu.Lock()
	defer p.mu.Unlock()
	to := p.to
	return &to
}

// idle says whether letters wait for an address.
func (p *postman) idle() bool { return p.to.URL == "" && !p.to.Documented }

func (p *postman) start() {
	for range postmen {
		p.wg.Add(1)
		go p.run()
	}
}

func (p *postman) stop() {
	p.cancel()
	p.mu.Lock()
	p.closed = true
	p.cond.Broadcast()
	p.mu.Unlock()
	p.wg.Wait()
}

// add queues an event; log is its transaction's number.
func (p *postman) add(e *event, log int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == 0 {
		p.ok = p.s.wall.Now()
	}
	p.open++
	key := e.entity()
	if p.s.faults.draw(faultReorder) {
		key += "|" + strconv.FormatInt(e.ID, 10) // its own queue: nothing keeps it behind the others
	}
	p.queues[key] = append(p.queues[key], &letter{event: e, log: log})
	if len(p.queues[key]) == 1 {
		p.offer(key)
	}
}

// offer puts an entity where its next letter is taken up; the caller holds mu.
func (p *postman) offer(key string) {
	if p.idle() {
		p.parked = append(p.parked, key)
		return
	}
	p.ready = append(p.ready, key)
	p.cond.Signal()
}

func (p *postman) run() {
	defer p.wg.Done()
	for {
		p.mu.Lock()
		for len(p.ready) == 0 && !p.closed {
			p.cond.Wait()
		}
		if p.closed {
			p.mu.Unlock()
			return
		}
		key := p.ready[0]
		p.ready = p.ready[1:]
		l := p.queues[key][0]
		p.mu.Unlock()

		if p.s.journal.wait(l.log) != nil {
			return // nothing unlogged leaves the house
		}
		wait := p.handle(l)
		if wait == 0 {
			p.finish(key)
			continue
		}
		l.tries++
		time.AfterFunc(wait, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.offer(key)
		})
	}
}

func (p *postman) finish(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	p.ok = p.s.wall.Now()
	if rest := p.queues[key][1:]; len(rest) > 0 {
		p.queues[key] = rest
		p.offer(key)
	} else {
		delete(p.queues, key)
	}
	p.cond.Broadcast()
}

// handle delivers one letter. It returns 0 if that is off the table, answered or lost, else how long to wait before the
// next try.
func (p *postman) handle(l *letter) time.Duration {
	f, to := &p.s.faults, p.target()
	if to.URL == "" {
		if to.Documented { // nobody is told
			p.note(op{K: opCount, ID: countUnsent, N: l.event.ID})
			return 0
		}
		return retryAfter
	}
	if l.tries == 0 && f.draw(faultLose) {
		p.lost(l, "lose", "")
		return 0
	}
	if c := l.event.Code; c != "" { // its time runs from when the event should have come: a late one may bring a code that is over
		p.mu.Lock()
		if _, seen := p.first[c]; !seen {
			p.first[c] = p.s.wall.Now()
		}
		p.mu.Unlock()
	}
	if d := f.delay(); d > 0 && !p.pause(d) {
		return retryAfter
	}
	callbackBefore.Hit()
	if f.draw(faultGarbage) {
		p.mu.Lock()
		n := p.trash
		p.trash++
		p.mu.Unlock()
		p.garbage(to, n)
	}
	err := p.send(to, l, 0, "")
	if err == nil && f.draw(faultDouble) {
		_ = p.send(to, l, 0, "double") // a double may get lost like any other
	}
	if err == nil && f.draw(faultReplay) {
		_ = p.send(to, l, time.Hour, "replay") // whatever the answer
	}
	if err == nil {
		callbackAfter.Hit()
		p.note(op{K: opAnswer, N: l.event.ID})
		return 0
	}
	if p.ctx.Err() != nil {
		return retryAfter
	}
	if !to.Documented {
		if l.tries%25 == 0 {
			p.s.say("callback %d (%s) is not accepted: %v", l.event.ID, l.event.ChangeType, err)
		}
		return retryAfter
	}
	var refused refusedError
	if l.tries >= moreTries || errors.As(err, &refused) && !to.RetryRefused {
		p.lost(l, "", err.Error())
		return 0
	}
	return p.s.opt.nextTry << l.tries
}

// lost takes a letter off the table that nobody received.
func (p *postman) lost(l *letter, fault, why string) {
	if fault != "" {
		now := p.s.wall.Now()
		p.s.tape.add(&Record{Kind: "callback", Wall: now, Sim: time.Unix(l.event.CreateTime, 0), Event: l.event.name(), About: l.event.entity(), Fault: fault,
			Body: string(l.event.xml(p.s.opt.CorpID))})
	} else {
		p.s.say("callback %d (%s) is lost: %s", l.event.ID, l.event.ChangeType, why)
	}
	p.note(op{K: opCount, ID: countLost, N: l.event.ID})
}

func (p *postman) note(o op) {
	p.s.transact(func(t *transaction) { t.do(o) })
}

// send makes one try; old is how long ago its timestamp says it is.
func (p *postman) send(to *aimed, l *letter, old time.Duration, fault string) error {
	plain := l.event.xml(p.s.opt.CorpID)
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	ts, nonce := strconv.FormatInt(p.s.wall.Now().Add(-old).Unix(), 10), freshNonce()
	body, sig := to.crypto.Encrypt(plain, ts, nonce, random)
	if bytes.Contains(plain, []byte("<AgentID>")) { // of the app itself: the envelope names it, too
		body = bytes.Replace(body, []byte("<Encrypt>"), []byte("<AgentID><![CDATA["+strconv.Itoa(p.s.opt.AgentID)+"]]></AgentID><Encrypt>"), 1)
	}
	rec := &Record{Kind: "callback", Event: l.event.name(), About: l.event.entity(), Try: l.tries + 1, Fault: fault, Body: string(plain)}
	return p.put(to, rec, body, sig, ts, nonce)
}

// drain waits until every callback is answered, or until none was for patience; it returns how many are left.
func (p *postman) drain(ctx context.Context, patience time.Duration) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == 0 || p.to.URL == "" {
		return p.open
	}
	tick := time.NewTicker(retryAfter)
	defer tick.Stop()
	over := make(chan struct{})
	defer close(over)
	go func() {
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				p.cond.Broadcast()
			}
		}
	}()
	for p.open > 0 && !p.closed && ctx.Err() == nil && p.s.wall.Now().Sub(p.ok) < patience {
		p.cond.Wait()
	}
	return p.open
}

func (p *postman) undelivered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}

// age says how long ago, in wall time, a welcome code was first to be posted. A code posted before a restart counts from the
// restart; one not posted yet is new.
func (p *postman) age(code string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, ok := p.first[code]; ok {
		return p.s.wall.Now().Sub(at)
	}
	for _, q := range p.queues {
		for _, l := range q {
			if l.event.Code == code {
				return 0
			}
		}
	}
	return p.s.wall.Now().Sub(p.s.started)
}
