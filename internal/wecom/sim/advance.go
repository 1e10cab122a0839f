package sim

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Status says where the simulator stands. Next is the time of the next scheduled act that the platform may hear of; nil if
// there is none. People talk at other times, too.
type Status struct {
	Now         time.Time  `json:"now"`
	Next        *time.Time `json:"next"`
	Undelivered int        `json:"undelivered"`
}

const (
	patience = 10 * time.Second // how long an advance waits for a platform that does not answer
	batch    = 8                // landing pages opened at once
	span     = 60_000           // sim ms within which scans may be opened at once
)

// problem is how the simulator's own addresses (not WeCom's) say what is wrong.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the reader may be gone
}

// settled waits for transaction n; if the log is broken it answers 500 and returns false.
func (s *Server) settled(w http.ResponseWriter, n int64) bool {
	if err := s.journal.wait(n); err != nil {
		answer(w, http.StatusInternalServerError, problem{"sim.log", err.Error()})
		return false
	}
	answerBefore.Hit()
	return true
}

func (s *Server) serveAdvance(w http.ResponseWriter, r *http.Request) {
	var in struct {
		To time.Time `json:"to"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.To.IsZero() {
		answer(w, http.StatusBadRequest, problem{"sim.bad_time", `body must be {"to": "RFC3339 time"}`})
		return
	}
	st, err := s.Advance(r.Context(), in.To)
	if err != nil {
		answer(w, http.StatusInternalServerError, problem{"sim.advance", err.Error()})
		return
	}
	answerBefore.Hit()
	answer(w, http.StatusOK, st)
}

func (s *Server) serveNow(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, s.status())
}

func (s *Server) status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Status{Now: msTime(s.st.Now), Undelivered: s.post.undelivered()}
	if a := s.st.nextHeard(); a != nil {
		at := msTime(max(a.At, s.st.Now))
		out.Next = &at
	}
	return out
}

// Advance does everything that is due up to the time, each deed at its own instant, sets the clock to it, and waits
// until the callbacks are answered, or until the platform has not answered any for ten seconds. A time that is not
// later than the clock does only the waiting, and acts due at the present instant.
func (s *Server) Advance(ctx context.Context, to time.Time) (Status, error) {
	s.advancing.Lock()
	defer s.advancing.Unlock()
	ms := to.UnixMilli()
	for {
		if err := s.actUntil(ctx, ms); err != nil {
			return Status{}, err
		}
		n := s.transact(func(t *transaction) {
			if ms > t.At {
				t.At = ms
				t.do(op{K: opNow, N: ms})
			}
		})
		if err := s.journal.wait(n); err != nil {
			return Status{}, err
		}
		left := s.post.drain(ctx, patience)
		s.mu.Lock()
		a := s.st.nextAct()
		again := left == 0 && a != nil && a.At <= ms
		s.mu.Unlock()
		if !again || ctx.Err() != nil {
			break
		}
	}
	if err := s.compact(); err != nil {
		return Status{}, err
	}
	// The notes that callbacks were answered are part of what this answer promises.
	if err := s.journal.wait(s.journal.last()); err != nil {
		return Status{}, err
	}
	return s.status(), ctx.Err()
}

// compact writes a snapshot when the log has grown long.
func (s *Server) compact() error {
	if s.journal.bytes() < snapshotAt {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.journal.snapshot(s.st)
}

// actUntil does the acts that are due at or before ms, in order. Acts that have to ask the platform first are looked
// up some at a time; their effects still come in order.
func (s *Server) actUntil(ctx context.Context, ms int64) error {
	for ctx.Err() == nil {
		due, done := s.nextDue(ms)
		if done {
			continue
		}
		if len(due) == 0 {
			return nil
		}
		seen := make([]visit, len(due))
		var wg sync.WaitGroup
		for i, a := range due {
			wg.Go(func() { seen[i] = s.ask(ctx, a) })
		}
		wg.Wait()
		if ctx.Err() != nil {
			break
		}
		s.performAll(due, seen)
	}
	return ctx.Err()
}

// nextDue returns what has to ask the platform next; an act that has not is done at once.
func (s *Server) nextDue(ms int64) (due []*act, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	due = s.due(ms)
	if len(due) > 0 && !due[0].outside() {
		s.perform(due[0], visit{})
		return nil, true
	}
	return due, false
}

// performAll does the acts that are still to be done, with what the platform answered to each.
func (s *Server) performAll(due []*act, seen []visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, a := range due {
		if s.st.Acts[a.ID] == a {
			s.perform(a, seen[i])
		}
	}
}

// due returns the next act, or the next few if they all ask the platform and lie close together; nil if none is due.
func (s *Server) due(ms int64) []*act {
	first := s.st.nextAct()
	if first == nil || first.At > ms {
		return nil
	}
	out := []*act{first}
	if !first.outside() {
		return out
	}
	// The acts after the head of the heap are not in order, so the few are taken off and put back.
	people := map[string]bool{first.Person + "|" + first.User: true}
	var off []*act
	for len(out) < batch {
		a := s.st.nextAct()
		if a == nil || a.At > ms || a.At > first.At+span || !a.outside() {
			break
		}
		s.st.agenda.take()
		off = append(off, a)
		if a != first {
			if who := a.Person + "|" + a.User; !people[who] {
				people[who] = true
				out = append(out, a)
			} else {
				break
			}
		}
	}
	for _, a := range off {
		s.st.agenda.put(a)
	}
	return out
}

// servePlan adds to the plan; the answer is the Status.
func (s *Server) servePlan(w http.ResponseWriter, r *http.Request) {
	var p Plan
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_json", err.Error()})
		return
	}
	var bad error
	n := s.transact(func(t *transaction) {
		people := make(map[string]bool, len(s.st.people))
		for id := range s.st.people {
			people[id] = true
		}
		if bad = p.check(people); bad == nil && (p.Key == "" || !s.st.Plans[p.Key]) {
			t.do(op{K: opPlan, Plan: &p, N: s.st.Seq})
		}
	})
	if bad != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_plan", bad.Error()})
		return
	}
	if s.settled(w, n) {
		answer(w, http.StatusOK, s.status())
	}
}
