package sim

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Faults make the simulated WeCom misbehave as the real one does now and then. Chances run from 0 to 1.
type Faults struct {
	Lose            float64 `json:"lose"`              // a callback is never delivered
	Double          float64 `json:"double"`            // a callback is delivered twice
	DelayMS         int     `json:"delay_ms"`          // wall time before a callback, drawn up to this
	Reorder         float64 `json:"reorder"`           // a callback overtakes others of its entity
	APIError        float64 `json:"api_error"`         // an API call is refused with -1, without effect
	DropAfterEffect float64 `json:"drop_after_effect"` // the connection breaks after an API call had its effect
	TokenInvalid    bool    `json:"token_invalid"`     // the present access token stops working, once

	Refuse map[string]int `json:"refuse,omitempty"` // API ("externalcontact/send_welcome_msg") → errcode of every answer
}

type faultKind int

const (
	faultLose faultKind = iota
	faultDouble
	faultReorder
	faultAPI
	faultDrop
)

type faults struct {
	mu sync.Mutex
	f  Faults
	n  uint64
	on bool
}

func (f *faults) draw(kind faultKind) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.on {
		return false
	}
	chance := [...]float64{f.f.Lose, f.f.Double, f.f.Reorder, f.f.APIError, f.f.DropAfterEffect}[kind]
	f.n++
	return chance > 0 && rand.New(rand.NewPCG(uint64(kind), f.n)).Float64() < chance //nolint:gosec // a simulation
}

func (f *faults) delay() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.on || f.f.DelayMS <= 0 {
		return 0
	}
	f.n++
	return time.Duration(rand.New(rand.NewPCG(99, f.n)).IntN(f.f.DelayMS+1)) * time.Millisecond //nolint:gosec // a simulation
}

func (f *faults) set(v Faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.f, f.on = v, true
}

// refused is the errcode an API is set to answer with; 0 = none.
func (f *faults) refused(api string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.f.Refuse[api]
}

// serveFaults sets all faults at once: what is left out is off.
func (s *Server) serveFaults(w http.ResponseWriter, r *http.Request) {
	var f Faults
	if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_json", err.Error()})
		return
	}
	if f.TokenInvalid {
		s.mu.Lock()
		t := s.begin()
		t.do(op{K: opToken, N: s.st.Token})
		n := s.commit(t)
		s.mu.Unlock()
		if !s.settled(w, n) {
			return
		}
		f.TokenInvalid = false
	}
	s.faults.set(f)
	answer(w, http.StatusOK, f)
}
