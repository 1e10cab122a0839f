// Package failpoint names the places around every effect where a process may die, so that crash tests can walk all of
// them. In production a failpoint is one atomic load. A crash is a real SIGKILL to the own process: no deferred call,
// no flush, nothing that a power cut would not allow.
package failpoint

import (
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// Point is one named place. Make points as package variables with New, so that Names is complete at start.
type Point struct {
	name   string
	victim string       // file that begins with the pid to kill; "" = this process
	left   atomic.Int64 // hits until the kill; 0 = disarmed
}

var registry struct {
	sync.Mutex
	points map[string]*Point
}

// Env is the variable that arms points: "inbox.commit.after=3,outbox.call.before=1" kills at the third and first hit.
// "inbox.commit.after=3!FILE" kills the process whose pid stands first in FILE instead, such as a postmaster.pid.
const Env = "QUNCE_FAILPOINT"

// New registers a point; the name is "package.effect.before" or ".after" and must be unique.
func New(name string) *Point {
	registry.Lock()
	defer registry.Unlock()
	if registry.points == nil {
		registry.points = map[string]*Point{}
	}
	if registry.points[name] != nil {
		panic("failpoint: " + name + " is registered twice")
	}
	p := &Point{name: name}
	for _, part := range strings.Split(os.Getenv(Env), ",") {
		if k, v, ok := strings.Cut(part, "="); ok && k == name {
			count, victim, _ := strings.Cut(v, "!")
			if n, err := strconv.ParseInt(count, 10, 64); err == nil && n > 0 {
				p.victim = victim
				p.left.Store(n)
			}
		}
	}
	registry.points[name] = p
	return p
}

// Hit passes the point; if it is armed and this is the hit it was armed for, the process dies here.
func (p *Point) Hit() {
	if p.left.Load() == 0 {
		return
	}
	if p.victim != "" && !exists(p.victim) {
		return // the other process is not there yet: the hits begin to count when it is
	}
	if p.left.Add(-1) != 0 {
		return
	}
	if p.victim != "" {
		killOther(p.victim)
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the kill is on its way
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// killOther kills the process named in a pid file and leaves the file's new name behind, so that a test sees that it did.
func killOther(file string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	if pid, err := strconv.Atoi(strings.TrimSpace(first)); err == nil && pid > 1 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		_ = os.WriteFile(file+".killed", []byte(first), 0o600)
	}
}

// Names lists all registered points in order.
func Names() []string {
	registry.Lock()
	defer registry.Unlock()
	out := make([]string, 0, len(registry.points))
	for name := range registry.points {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}
