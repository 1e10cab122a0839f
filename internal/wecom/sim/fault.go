package sim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"qunce/internal/errs"
)

// Faults make the simulated WeCom misbehave as the real one does now and then. Chances run from 0 to 1.
type Faults struct {
	Lose            float64 `json:"lose"`              // a callback is never delivered
	Double          float64 `json:"double"`            // a callback is delivered twice
	DelayMS         int     `json:"delay_ms"`          // wall time before a callback, drawn up to this
	Reorder         float64 `json:"reorder"`           // a callback overtakes others of its entity
	Replay          float64 `json:"replay"`            // a callback comes once more, signed with a timestamp an hour old
	Garbage         float64 `json:"garbage"`           // before a callback comes a request that is none
	APIError        float64 `json:"api_error"`         // an API call is refused with -1, without effect
	Throttle        float64 `json:"throttle"`          // an API call is refused with 45009, without effect
	Crowd           float64 `json:"crowd"`             // an API call is refused with 45033, without effect
	SlowMS          int     `json:"slow_ms"`           // wall time that every API call takes longer
	DropBefore      float64 `json:"drop_before"`       // the connection breaks before an API call has any effect
	DropAfterEffect float64 `json:"drop_after_effect"` // the connection breaks after an API call had its effect
	TokenInvalid    bool    `json:"token_invalid"`     // the present access tokens stop working, once

	Refuse map[string]int `json:"refuse,omitempty"` // API ("externalcontact/send_welcome_msg") → errcode of every answer
	Rules  []FaultRule    `json:"rules,omitempty"`  // of single APIs; the first that fits and comes up counts
}

// FaultRule is a fault of the APIs whose path fits a pattern.
type FaultRule struct {
	API        string  `json:"api"`              // a path below /cgi-bin/, * stands for anything
	Chance     float64 `json:"chance,omitempty"` // 0 = always
	Times      int     `json:"times,omitempty"`  // how often at most; 0 = without end
	Code       int     `json:"code,omitempty"`   // errcode to answer, without effect
	SlowMS     int     `json:"slow_ms,omitempty"`
	DropBefore bool    `json:"drop_before,omitempty"`
	DropAfter  bool    `json:"drop_after,omitempty"` // the call works, its answer never comes
}

func (f *Faults) check() error {
	bad := func(format string, args ...any) error {
		return errs.E(errs.Invalid, "sim.bad_faults", "%s", fmt.Sprintf(format, args...))
	}
	for name, c := range map[string]float64{"lose": f.Lose, "double": f.Double, "reorder": f.Reorder, "replay": f.Replay, "garbage": f.Garbage, "api_error": f.APIError,
		"throttle": f.Throttle, "crowd": f.Crowd, "drop_before": f.DropBefore, "drop_after_effect": f.DropAfterEffect} {
		if c < 0 || c > 1 {
			return bad("%s must be between 0 and 1", name)
		}
	}
	for i, r := range f.Rules {
		switch {
		case r.API == "":
			return bad("rules[%d]: api is missing", i)
		case r.Chance < 0 || r.Chance > 1 || r.Times < 0 || r.SlowMS < 0 || r.SlowMS > maxSlowMS:
			return bad("rules[%d]: chance must be between 0 and 1, times and slow_ms not negative", i)
		case r.Code == 0 && r.SlowMS == 0 && !r.DropBefore && !r.DropAfter:
			return bad("rules[%d]: says nothing that goes wrong", i)
		}
	}
	if f.SlowMS < 0 || f.SlowMS > maxSlowMS || f.DelayMS < 0 || f.DelayMS > maxSlowMS {
		return bad("slow_ms and delay_ms must be between 0 and %d", maxSlowMS)
	}
	return nil
}

// maxSlowMS is as long as anything may be held up.
const maxSlowMS = 600_000

type faultKind int

const (
	faultLose faultKind = iota
	faultDouble
	faultReorder
	faultAPI
	faultDrop
	faultReplay
	faultGarbage
	faultThrottle
	faultCrowd
	faultDropBefore
)

type faults struct {
	mu   sync.Mutex
	f    Faults
	n    uint64
	on   bool
	used []int // of the rules
}

func (f *faults) draw(kind faultKind) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.drawn(kind)
}

func (f *faults) drawn(kind faultKind) bool {
	if !f.on {
		return false
	}
	return f.chance(kind, [...]float64{f.f.Lose, f.f.Double, f.f.Reorder, f.f.APIError, f.f.DropAfterEffect, f.f.Replay, f.f.Garbage, f.f.Throttle, f.f.Crowd,
		f.f.DropBefore}[kind])
}

func (f *faults) chance(kind faultKind, chance float64) bool {
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
	f.f, f.on, f.used = v, true, make([]int, len(v.Rules))
}

// get reads the faults as they were set.
func (f *faults) get() Faults {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.f
}

// trouble is what the faults have in store for one API call.
type trouble struct {
	fault      string // its name, for the recording
	refusal    error
	slow       time.Duration
	dropBefore bool
	dropAfter  bool // whatever the effect
}

// call draws what goes wrong with a call of an API. Tokens are spared by the faults of all APIs.
func (f *faults) call(api string) trouble {
	f.mu.Lock()
	defer f.mu.Unlock()
	var t trouble
	if !f.on {
		return t
	}
	for i, r := range f.f.Rules {
		if !matches(r.API, api) || r.Times > 0 && f.used[i] >= r.Times || r.Chance > 0 && !f.chance(faultKind(100+i), r.Chance) {
			continue
		}
		f.used[i]++
		t = trouble{fault: fmt.Sprintf("rules[%d]", i), slow: time.Duration(r.SlowMS) * time.Millisecond, dropBefore: r.DropBefore, dropAfter: r.DropAfter}
		if r.Code != 0 {
			t.refusal = refuse(r.Code, faultText(r.Code))
		}
		return t
	}
	t.slow = time.Duration(f.f.SlowMS) * time.Millisecond
	if t.slow > 0 {
		t.fault = "slow_ms"
	}
	if code := f.f.Refuse[api]; code != 0 {
		t.fault, t.refusal = "refuse", refuse(code, faultText(code))
		return t
	}
	if api == "gettoken" {
		return t
	}
	switch {
	case f.drawn(faultAPI):
		t.fault, t.refusal = "api_error", refuse(-1, "system error")
	case f.drawn(faultThrottle):
		t.fault, t.refusal = "throttle", refuse(45009, faultText(45009))
	case f.drawn(faultCrowd):
		t.fault, t.refusal = "crowd", refuse(45033, faultText(45033))
	case f.drawn(faultDropBefore):
		t.fault, t.dropBefore = "drop_before", true
	}
	return t
}

// faultText is what WeCom says with the codes that faults are made of most.
func faultText(code int) string {
	texts := map[int]string{
		-1: "system error", 40014: "invalid access_token", 41050: "invalid welcome code", 41051: "externaluser has started chatting",
		41096: "welcome msg is being distributed", 42001: "access_token expired", 45009: "api freq out of limit",
		45033: "api concurrent out of limit", 45035: "concurrent write to the same record", 48002: "api forbidden for no permission to access",
		60011: "no privilege to access/modify contact/party/agent", 60020: "not allow to access from your ip", 84061: "not external contact",
	}
	if t := texts[code]; t != "" {
		return t
	}
	return "refused by a fault that was set"
}

// serveFaults sets all faults at once: what is left out is off.
func (s *Server) serveFaults(w http.ResponseWriter, r *http.Request) {
	var f Faults
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&f); err != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_json", err.Error()})
		return
	}
	for i := range f.Rules {
		f.Rules[i].API = strings.TrimPrefix(strings.TrimSpace(f.Rules[i].API), "/cgi-bin/")
	}
	if err := f.check(); err != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_faults", err.Error()})
		return
	}
	if f.TokenInvalid {
		if !s.settled(w, s.transact(s.invalidateTokens)) {
			return
		}
		f.TokenInvalid = false
	}
	s.faults.set(f)
	answer(w, http.StatusOK, f)
}

// serveFaultsNow reads the faults that are set.
func (s *Server) serveFaultsNow(w http.ResponseWriter, _ *http.Request) {
	f := s.faults.get()
	f.Rules = slices.Clone(f.Rules)
	answer(w, http.StatusOK, f)
}
