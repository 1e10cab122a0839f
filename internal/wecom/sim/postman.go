package sim

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"qunce/internal/failpoint"
)

var (
	callbackBefore = failpoint.New("sim.callback.before")
	callbackAfter  = failpoint.New("sim.callback.after")
)

const (
	postmen    = 8                      // callbacks under way at once
	retryAfter = 200 * time.Millisecond // wall
)

// postman delivers callbacks: up to eight at once, those of one entity one after another, each until it is answered.
type postman struct {
	s      *Server
	ctx    context.Context //nolint:containedctx // ends the deliveries with the server
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	cond   *sync.Cond
	queues map[string][]*letter // by entity; the head of a busy one is under way
	ready  []string             // entities with a letter and nobody at it
	open   int                  // letters not answered
	ok     time.Time            // when the last letter was answered, or the queue was last empty
	closed bool
	first  map[string]time.Time // welcome code → wall time of the first delivery
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
	return p
}

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
	if len(p.queues[key]) == 1 && p.s.opt.CallbackURL != "" {
		p.ready = append(p.ready, key)
		p.cond.Signal()
	}
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
		if p.handle(l) {
			p.finish(key)
			continue
		}
		l.tries++
		time.AfterFunc(retryAfter, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.ready = append(p.ready, key)
			p.cond.Signal()
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
		p.ready = append(p.ready, key)
	} else {
		delete(p.queues, key)
	}
	p.cond.Broadcast()
}

// handle delivers one letter and reports whether it is off the table.
func (p *postman) handle(l *letter) bool {
	f := &p.s.faults
	if l.tries == 0 && f.draw(faultLose) {
		p.note(op{K: opCount, ID: countLost, N: l.event.ID})
		return true
	}
	if d := f.delay(); d > 0 {
		select {
		case <-p.ctx.Done():
			return false
		case <-time.After(d):
		}
	}
	if c := l.event.Code; c != "" {
		p.mu.Lock()
		if _, seen := p.first[c]; !seen {
			p.first[c] = p.s.wall.Now()
		}
		p.mu.Unlock()
	}
	callbackBefore.Hit()
	plain := l.event.xml(p.s.opt.CorpID)
	err := p.send(plain)
	if err == nil && f.draw(faultDouble) {
		_ = p.send(plain) // a double may get lost like any other
	}
	if err != nil {
		if l.tries%25 == 0 && p.ctx.Err() == nil {
			p.s.say("callback %d (%s) is not accepted: %v", l.event.ID, l.event.ChangeType, err)
		}
		return false
	}
	callbackAfter.Hit()
	p.note(op{K: opAnswer, N: l.event.ID})
	return true
}

func (p *postman) note(o op) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	t := p.s.begin()
	t.do(o)
	p.s.commit(t)
}

func (p *postman) send(plain []byte) error {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	var nonce [8]byte
	_, _ = rand.Read(nonce[:])
	ts, n := strconv.FormatInt(p.s.wall.Now().Unix(), 10), hex.EncodeToString(nonce[:])
	body, sig := p.s.crypto.Encrypt(plain, ts, n, random)
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	sep := "?"
	if strings.Contains(p.s.opt.CallbackURL, "?") {
		sep = "&"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.s.opt.CallbackURL+sep+"msg_signature="+sig+"&timestamp="+ts+"&nonce="+n, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "text/xml")
	res, err := p.s.http.Do(req)
	if err != nil {
		return fmt.Errorf("post: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP status %d", res.StatusCode)
	}
	return nil
}

// drain waits until every callback is answered, or until none was for patience; it returns how many are left.
func (p *postman) drain(ctx context.Context, patience time.Duration) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == 0 || p.s.opt.CallbackURL == "" {
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

// age says how long ago, in wall time, a welcome code was first posted. A code posted before a restart counts from the
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
