package doctor

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"qunce/internal/job"
	"qunce/internal/pg"
	"qunce/internal/pg/embedded"
	"qunce/internal/tenant"
)

// oldestServer is the oldest major version of PostgreSQL that the product's SQL runs on.
const oldestServer = 15

// reached is the shared schema, or why the database cannot be asked.
func (x *exam) reached() (*pg.DB, Finding, bool) {
	if x.Pool == nil {
		return nil, skipped("no_database"), false
	}
	return x.Pool.Shared(), Finding{}, true
}

func (x *exam) database(ctx context.Context) Finding {
	if x.Pool == nil {
		if x.Machine.Down != nil {
			return fail("unreachable", Facts{"reason": clip(x.Machine.Down.Error())})
		}
		return warn("stopped", nil)
	}
	began := x.d.Wall.Now()
	number, version, err := serverVersion(ctx, x.Pool.Shared())
	took := x.d.Wall.Now().Sub(began)
	if err != nil {
		return fail("unreachable", Facts{"reason": clip(err.Error())})
	}
	f := Facts{"version": version, "ms": took.Milliseconds(), "oldest": oldestServer}
	switch {
	case number/10_000 < oldestServer:
		return fail("old", f)
	case took > time.Second:
		return warn("slow", f)
	}
	return fine("ok", f)
}

func (x *exam) schema(ctx context.Context) Finding {
	_, f, ok := x.reached()
	if !ok {
		return f
	}
	shared, err := pg.SchemaVersion(ctx, x.Pool, pg.SharedSchema)
	if err != nil {
		return unread(err)
	}
	facts := Facts{"shared": shared, "shared_want": pg.SharedVersion()}
	behind, ahead := shared < pg.SharedVersion(), shared > pg.SharedVersion()
	says := "ok_shared"
	if x.Corp != nil && !x.Draft {
		own, err := pg.SchemaVersion(ctx, x.Pool, x.Corp.Schema)
		if err != nil {
			return unread(err)
		}
		says = "ok"
		facts["corp"], facts["corp_want"] = own, pg.CorpVersion()
		behind, ahead = behind || own < pg.CorpVersion(), ahead || own > pg.CorpVersion()
	}
	switch {
	case ahead:
		return fail("ahead", facts)
	case behind:
		return fail("behind", facts)
	}
	return fine(says, facts)
}

// extensions reports on what stands in the schema for extensions; the product needs none today, and says so.
func (x *exam) extensions(ctx context.Context) Finding {
	db, f, ok := x.reached()
	if !ok {
		return f
	}
	there, names, err := installedExtensions(ctx, db)
	switch {
	case err != nil:
		return unread(err)
	case !there:
		return warn("no_schema", nil)
	case len(names) == 0:
		return fine("none", nil)
	}
	return fine("ok", Facts{"names": names})
}

func (x *exam) fsync(ctx context.Context) Finding {
	db, f, ok := x.reached()
	if !ok {
		return f
	}
	set, err := settings(ctx, db, "fsync", "full_page_writes", "synchronous_commit")
	if err != nil {
		return unread(err)
	}
	facts := Facts{"fsync": set["fsync"], "full_page_writes": set["full_page_writes"], "synchronous_commit": set["synchronous_commit"]}
	switch {
	case set["fsync"] != "on":
		return fail("off", facts)
	case set["full_page_writes"] != "on" || set["synchronous_commit"] == "off":
		return warn("weak", facts)
	}
	return fine("ok", facts)
}

// spare are the connections of a process beside its pool: ids, the lease's session, a migration.
const spare = 3

func (x *exam) connections(ctx context.Context) Finding {
	db, f, ok := x.reached()
	if !ok {
		return f
	}
	most, used, err := connectionCounts(ctx, db)
	if err != nil {
		return unread(err)
	}
	need := x.Machine.MaxConns + job.MaxConns + spare
	facts := Facts{"max": most, "used": used, "free": most - used, "need": need}
	switch {
	case most-used < 3:
		return fail("full", facts)
	case most < need:
		return warn("few", facts)
	case used*10 > most*9:
		return warn("busy", facts)
	}
	return fine("ok", facts)
}

// binaries asks whether the programs for the private server are there and fit its data, which the next start needs.
func (x *exam) binaries(ctx context.Context) Finding {
	if !x.Machine.Private {
		return skipped("own_server")
	}
	in, err := embedded.Inspect(ctx, filepath.Join(x.Machine.DataDir, "pg"))
	if err != nil {
		return unread(err)
	}
	facts := Facts{"want": in.Want, "found": joinInts(in.Found), "oldest": oldestServer}
	switch {
	case len(in.Found) == 0:
		return fail("none", facts)
	case !in.Usable && in.Made:
		return fail("other", facts)
	case !in.Usable:
		return fail("old", facts)
	case !in.Made:
		return fine("fresh", facts)
	}
	return fine("ok", facts)
}

func joinInts(list []int) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = strconv.Itoa(n)
	}
	return strings.Join(out, ", ")
}

// The space below which the disk is a finding: what a busy day of callbacks, a sync and PostgreSQL's own log may need.
const (
	diskFail = 1 << 30
	diskWarn = 5 << 30
)

func (x *exam) disk(ctx context.Context) Finding {
	facts := Facts{"folder": x.Machine.DataDir}
	free, total, err := space(x.Machine.DataDir)
	if errors.Is(err, fs.ErrNotExist) {
		return skipped("no_folder")
	}
	if err != nil {
		return unread(err)
	}
	if x.Machine.Private { // the cluster may stand on another disk
		if in, err := embedded.Inspect(ctx, filepath.Join(x.Machine.DataDir, "pg")); err == nil && in.Made {
			if f, t, err := space(in.Dir); err == nil && f < free {
				free, total = f, t
				facts["folder"] = in.Dir
			}
		}
	}
	facts["free"], facts["total"], facts["percent"] = size(free), size(total), int(math.Round(100*float64(free)/float64(max(total, 1))))
	says := "ok"
	if x.Pool != nil {
		bytes, err := databaseSize(ctx, x.Pool.Shared())
		if err != nil {
			return unread(err)
		}
		facts["database"] = size(uint64(max(bytes, 0)))
		if says = "ok_private"; !x.Machine.Private {
			says = "ok_own"
		}
	}
	switch {
	case free < diskFail:
		return fail("full", facts)
	case free < diskWarn || free*20 < total:
		return warn("low", facts)
	}
	return fine(says, facts)
}

func space(dir string) (free, total uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return uint64(s.Bavail) * uint64(s.Bsize), uint64(s.Blocks) * uint64(s.Bsize), nil //nolint:gosec,unconvert // sizes; their types differ between systems
}

// size is a number of bytes for people.
func size(n uint64) string {
	for _, u := range []struct {
		of   uint64
		name string
	}{{1 << 40, "TB"}, {1 << 30, "GB"}, {1 << 20, "MB"}, {1 << 10, "KB"}} {
		if n >= u.of {
			v := float64(n) / float64(u.of)
			return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) + " " + u.name
		}
	}
	return strconv.FormatUint(n, 10) + " B"
}

// secretKey asks whether the key that opens the secrets is there and nobody else's to read.
func (x *exam) secretKey(context.Context) Finding {
	path := filepath.Join(x.Machine.DataDir, tenant.KeyFile)
	facts := Facts{"file": path}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && x.Machine.OwnKey && x.Locked != nil:
		return fail("other", facts)
	case errors.Is(err, fs.ErrNotExist) && x.Machine.OwnKey:
		return fine("configured", nil)
	case errors.Is(err, fs.ErrNotExist) && (x.Corp != nil && !x.Draft || x.Locked != nil):
		return fail("lost", facts)
	case errors.Is(err, fs.ErrNotExist):
		return skipped("no_key_yet")
	case err != nil:
		return unread(err)
	}
	facts["mode"] = strconv.FormatUint(uint64(info.Mode().Perm()), 8)
	if info.Mode().Perm()&0o077 != 0 {
		return fail("exposed", facts)
	}
	if dir, err := os.Stat(x.Machine.DataDir); err == nil && dir.Mode().Perm()&0o022 != 0 {
		facts["mode"] = strconv.FormatUint(uint64(dir.Mode().Perm()), 8)
		facts["folder"] = x.Machine.DataDir
		return warn("folder", facts)
	}
	if x.Locked != nil {
		return fail("other", facts)
	}
	return fine("ok", facts)
}

// How far clocks may be apart. Callbacks are refused beyond ten minutes; a lease changes hands within three seconds, which
// machines that share a database must agree about.
const (
	skewWarn   = 5 * time.Second
	skewFail   = 2 * time.Minute
	dbSkewWarn = time.Second
)

func (x *exam) clockCheck(ctx context.Context) Finding {
	facts, says := Facts{}, ""
	var weCom, server time.Duration
	if x.Corp != nil && x.Corp.Secrets.Secret != "" {
		_ = x.token() // any answer tells the time, a refusal too
		if d, ok := x.heard.skew(); ok {
			weCom, says = d, "wecom"
			facts["wecom"] = seconds(d)
		}
	}
	if x.Pool != nil {
		began := x.d.Wall.Now()
		at, err := serverClock(ctx, x.Pool.Shared())
		if err == nil {
			half := x.d.Wall.Now().Sub(began) / 2
			server = began.Add(half).Sub(at)
			facts["database"] = seconds(server)
			if says == "" {
				says = "database"
			} else {
				says = "both"
			}
		}
	}
	switch {
	case says == "":
		return skipped("nothing_to_compare")
	case weCom.Abs() > skewFail:
		return fail("wrong", facts)
	case weCom.Abs() > skewWarn:
		return warn("off", facts)
	case server.Abs() > dbSkewWarn:
		return warn("server_off", facts)
	}
	return fine("ok_"+says, facts)
}

func seconds(d time.Duration) string {
	return strconv.FormatFloat(math.Round(d.Seconds()*10)/10+0, 'f', -1, 64) // + 0: no "-0"
}

func (x *exam) worker(ctx context.Context) Finding {
	db, f, ok := x.records()
	if !ok {
		return f
	}
	owner, until, found, err := lease(ctx, db)
	now := x.d.Wall.Now()
	switch {
	case err != nil:
		return unread(err)
	case !found:
		return fail("never", nil)
	case until.Before(now):
		return fail("free", Facts{"owner": owner, "at": x.moment(until)})
	}
	return fine("ok", Facts{"owner": owner})
}

// When a queue is a finding: its oldest entry has waited too long to be just busy.
const (
	waitWarn = time.Minute
	waitFail = 15 * time.Minute
)

func (x *exam) queues(ctx context.Context) Finding {
	db, f, ok := x.records()
	if !ok {
		return f
	}
	q, err := queueDepths(ctx, db, x.d.Wall.Now())
	if err != nil {
		return unread(err)
	}
	facts := Facts{"callbacks": q.callbacks, "calls": q.calls, "oldest": span(q.oldest), "failed_callbacks": q.failedCallbacks, "failed_calls": q.failedCalls, "unknown_calls": q.unknownCalls}
	switch {
	case q.oldest > waitFail:
		return fail("stuck", facts)
	case q.oldest > waitWarn:
		return warn("slow", facts)
	case q.failedCallbacks+q.failedCalls > 0:
		return warn("failed", facts)
	}
	return fine("ok", facts)
}

// span is a duration for people: 12s, 3m, 2h.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "m"
	}
	return strconv.Itoa(int(d.Hours())) + "h"
}

// jobs asks whether River's queue is served: somebody leads, and nothing that could run has waited long.
func (x *exam) jobs(ctx context.Context) Finding {
	db, f, ok := x.reached()
	if !ok {
		return f
	}
	j, err := riverState(ctx, db)
	now := x.d.Wall.Now()
	switch {
	case err != nil:
		return unread(err)
	case !j.made && x.Draft || !j.made && x.Corp == nil:
		return skipped("no_corp")
	case !j.made:
		return fail("never", nil)
	}
	facts := Facts{"waiting": j.waiting, "discarded": j.discarded}
	switch {
	case j.leader == "" || j.until.Before(now):
		return fail("dead", facts)
	case j.waiting > 0 && now.Sub(j.oldest) > waitFail:
		facts["oldest"] = span(now.Sub(j.oldest))
		return warn("stuck", facts)
	case j.discarded > 0:
		return warn("discarded", facts)
	}
	return fine("ok", facts)
}
