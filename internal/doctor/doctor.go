// Package doctor examines an installation: the machine, its database, the app at WeCom, and the way callbacks take, seen
// from outside in. Every finding says what was found, with figures, and what to do next, in operators' words.
//
// Invariants: no check changes anything, here or at WeCom; every check has an end (Patience), and all run at once; what
// cannot be examined is skipped or unknown with its reason, never "ok"; no finding holds a secret.
//
// The examination works on whatever there is: without a database, without a registered corp, with a corp that is only
// being set up. It is a reader of the other features' tables and writes to its own alone (service.go), which keep the last
// finding of every check and each change of a state.
package doctor

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"qunce/internal/clock"
	"qunce/internal/pg"
	"qunce/internal/tenant"
)

// State is how a check ended.
type State string

// The states. Unknown: it could not be found out. Skipped: there is nothing to examine, or something else comes first.
const (
	OK      State = "ok"
	Warn    State = "warn"
	Fail    State = "fail"
	Unknown State = "unknown"
	Skipped State = "skipped"
)

// States lists them.
func States() []State { return []State{OK, Warn, Fail, Unknown, Skipped} }

// Area groups the checks for people.
type Area string

// The areas, in the order in which they are shown.
const (
	WeCom    Area = "wecom"
	Callback Area = "callback"
	Server   Area = "server"
)

// Areas lists them.
func Areas() []Area { return []Area{WeCom, Callback, Server} }

// Patience bounds an examination, and so each check.
const Patience = 10 * time.Second

// Facts are the figures of a finding; they fill its sentences and are never secret.
type Facts map[string]any

// Finding is what one check found. Says picks the check's sentence, such as "refused"; View puts it into words.
type Finding struct {
	Check string
	Area  Area
	State State
	Says  string
	Facts Facts
	Took  time.Duration
}

// Machine is what the process knows of itself.
type Machine struct {
	DataDir   string
	PublicURL string // of the process; a corp's own wins
	MaxConns  int    // of the pool
	Private   bool   // PostgreSQL of our own in DataDir, not one that was given
	OwnKey    bool   // the secret key is in the configuration, not in DataDir
	Down      error  // why there is no Pool; nil = nothing runs
}

// Subject is what is examined; what is nil or empty is not there.
type Subject struct {
	Machine  Machine
	Pool     *pg.Pool
	Corp     *tenant.Corp // registered, or as far as it was entered
	Draft    bool         // Corp is being set up: it has no schema and no records
	Locked   error        // why the registered corp's secrets cannot be opened; then there is no Corp
	Verified bool         // WeCom itself has tested the callback address with success
}

// check is one examination; it returns a finding whose Check, Area and Took are filled in by run.
type check struct {
	id   string
	area Area
	run  func(x *exam, ctx context.Context) Finding
	rare bool // not part of the hourly examination
}

// checks lists all, in the order in which they are shown: what others depend on comes first.
func checks() []check {
	return []check{
		{id: "secret", area: WeCom, run: (*exam).secret},
		{id: "trusted_ip", area: WeCom, run: (*exam).trustedIP},
		{id: "agent", area: WeCom, run: (*exam).agentCheck},
		{id: "range", area: WeCom, run: (*exam).visibleRange},
		{id: "whitelist", area: WeCom, run: (*exam).whitelist},
		{id: "seats", area: WeCom, run: (*exam).seatsCheck},
		{id: "domain", area: WeCom, run: (*exam).domain},
		{id: "contacts_secret", area: WeCom, run: (*exam).contactsSecret},
		{id: "archive_secret", area: WeCom, run: (*exam).archiveSecret},
		{id: "archive", area: WeCom, run: (*exam).archiveCheck},
		{id: "sync", area: WeCom, run: (*exam).syncCheck},
		{id: "statistics", area: WeCom, run: (*exam).statisticCheck},
		{id: "welcome", area: WeCom, run: (*exam).welcome},
		{id: "public_url", area: Callback, run: (*exam).publicURL},
		{id: "callback_url", area: Callback, run: (*exam).callbackURL},
		{id: "callback_guard", area: Callback, run: (*exam).callbackGuard, rare: true},
		{id: "callback_ips", area: Callback, run: (*exam).callbackIPs},
		{id: "callback_seen", area: Callback, run: (*exam).callbackSeen},
		{id: "callback_events", area: Callback, run: (*exam).callbackEvents},
		{id: "database", area: Server, run: (*exam).database},
		{id: "schema", area: Server, run: (*exam).schema},
		{id: "extensions", area: Server, run: (*exam).extensions},
		{id: "fsync", area: Server, run: (*exam).fsync},
		{id: "connections", area: Server, run: (*exam).connections},
		{id: "binaries", area: Server, run: (*exam).binaries},
		{id: "disk", area: Server, run: (*exam).disk},
		{id: "secret_key", area: Server, run: (*exam).secretKey},
		{id: "clock", area: Server, run: (*exam).clockCheck},
		{id: "worker", area: Server, run: (*exam).worker},
		{id: "queues", area: Server, run: (*exam).queues},
		{id: "jobs", area: Server, run: (*exam).jobs},
	}
}

// IDs lists the checks.
func IDs() []string {
	var out []string
	for _, c := range checks() {
		out = append(out, c.id)
	}
	return out
}

// Doctor examines.
type Doctor struct {
	Wall clock.Clock
	HTTP *http.Client // for WeCom and for our own public address; its own timeouts do not matter
}

// Examine runs the checks with the given ids, all of them without any, and returns their findings in the checks' order
// within Patience.
func (d Doctor) Examine(ctx context.Context, s Subject, ids ...string) []Finding {
	return d.examine(ctx, s, func(c check) bool { return len(ids) == 0 || slices.Contains(ids, c.id) })
}

func (d Doctor) examine(ctx context.Context, s Subject, wanted func(check) bool) []Finding {
	list := slices.DeleteFunc(checks(), func(c check) bool { return !wanted(c) })
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	x := newExam(ctx, d, s)
	out := make([]Finding, len(list))
	type ended struct {
		at int
		f  Finding
	}
	done := make(chan ended, len(list))
	for i, c := range list {
		out[i] = Finding{Check: c.id, Area: c.area, State: Unknown, Says: "timeout", Facts: Facts{"seconds": int(Patience.Seconds())}, Took: Patience}
		go func() { done <- ended{i, d.one(ctx, c, x)} }()
	}
	for range list {
		select {
		case e := <-done:
			out[e.at] = e.f
		case <-ctx.Done():
			return out // a check that does not heed its context is left behind
		}
	}
	return out
}

// one runs a check. A panic is a finding, too: the others are worth having.
func (d Doctor) one(ctx context.Context, c check, x *exam) (f Finding) {
	began := d.Wall.Now()
	defer func() {
		if p := recover(); p != nil {
			f = unknown("failed", Facts{"reason": fmt.Sprint(p)})
		}
		if ctx.Err() != nil && f.State != OK {
			f = unknown("timeout", Facts{"seconds": int(Patience.Seconds())})
		}
		f.Check, f.Area, f.Took = c.id, c.area, d.Wall.Now().Sub(began)
	}()
	return c.run(x, x.ctx)
}

func fine(says string, f Facts) Finding    { return Finding{State: OK, Says: says, Facts: f} }
func warn(says string, f Facts) Finding    { return Finding{State: Warn, Says: says, Facts: f} }
func fail(says string, f Facts) Finding    { return Finding{State: Fail, Says: says, Facts: f} }
func unknown(says string, f Facts) Finding { return Finding{State: Unknown, Says: says, Facts: f} }
func skipped(says string) Finding          { return Finding{State: Skipped, Says: says} }

// Worst is the worst state among findings: fail, warn, unknown, then ok. Skipped ones do not count.
func Worst(list []Finding) State {
	for _, s := range []State{Fail, Warn, Unknown} {
		if slices.ContainsFunc(list, func(f Finding) bool { return f.State == s }) {
			return s
		}
	}
	return OK
}
