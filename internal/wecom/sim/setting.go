package sim

import (
	"encoding/json"
	"net/http"
	"time"
)

// serveLimits reads the limits in force, and which callers and APIs are kept out at present, till when (wall).
func (s *Server) serveLimits(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	l := s.st.World.Limits
	s.mu.Unlock()
	answer(w, http.StatusOK, struct {
		Limits Limits               `json:"limits"`
		Blocks map[string]time.Time `json:"blocks"`
	}{l, s.gate.blocks()})
}

// serveSetLimits changes the limits that are named, and opens what was kept out.
func (s *Server) serveSetLimits(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	l := s.st.World.Limits
	s.mu.Unlock()
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&l); err != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_json", err.Error()})
		return
	}
	if err := l.check(); err != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_world", err.Error()})
		return
	}
	n := s.transact(func(t *transaction) {
		t.change(op{K: opLimits}, l)
		l = s.st.World.Limits
	})
	s.gate.set(l)
	if s.settled(w, n) {
		answer(w, http.StatusOK, l)
	}
}

// servePermissions reads what the console grants.
func (s *Server) servePermissions(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	p := s.st.World.Permissions
	s.mu.Unlock()
	answer(w, http.StatusOK, p)
}

// serveSetPermissions sets all permissions at once, as the console does; what is left out is granted.
func (s *Server) serveSetPermissions(w http.ResponseWriter, r *http.Request) {
	var p Permissions
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&p); err != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_json", err.Error()})
		return
	}
	var bad error
	n := s.transact(func(t *transaction) {
		if bad = p.check(&s.st.World); bad == nil {
			t.change(op{K: opPermissions}, p)
		}
	})
	if bad != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_world", bad.Error()})
		return
	}
	if s.settled(w, n) {
		answer(w, http.StatusOK, p)
	}
}
