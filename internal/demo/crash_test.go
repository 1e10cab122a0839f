package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"qunce/internal/demo"
	"qunce/internal/failpoint"
)

// The crash tests run the real program on a small town, kill one of its three processes at every named failpoint, start
// it again, and look whether the books still balance. QUNCE_TEST_CRASH chooses how much: "server" (default) kills the
// server at every point; "all" also the simulator and PostgreSQL; "off" nothing.
const crashEnv = "QUNCE_TEST_CRASH"

// town is small enough to pass in seconds and holds everything the line has.
var town = []string{"--chain-stores", "3", "--people", "150", "--days", "3"}

// notOnTheLine are points that a run of the demo does not pass, each with the reason.
var notOnTheLine = map[string]string{
	"archive.media.before": "files are fetched when somebody looks at one",
	"archive.media.after":  "files are fetched when somebody looks at one",
	"media.upload.before":  "no message of the demo carries a file",
	"media.upload.after":   "no message of the demo carries a file",
	"intake.upload.before": "the demo hands files in directly; only an upload stores one first",
	"intake.upload.after":  "the demo hands files in directly; only an upload stores one first",
}

// folder is a data folder that stays when the test fails, to be looked into.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "qunce-crash-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("data kept in %s", dir)
			return
		}
		_ = os.RemoveAll(dir)
	})
	return dir
}

func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "qunce")
	out, err := exec.Command("go", "build", "-o", bin, "qunce/cmd/qunce").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

type ending struct {
	killed bool
	gaveUp string // what the program said when it ended with an error
	report demo.Report
}

// run runs the program once on dir; kill may name a failpoint. A program that gives up is for the caller to judge: one whose
// database or simulator was just killed may, and is started again.
func run(t *testing.T, bin, dir, kill string) ending {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	args := append([]string{"demo", "--data", dir, "--listen", "127.0.0.1:0", "--exit", "--json", "--no-fsync", "--log", "error"}, town...)
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Env = append(os.Environ(), failpoint.Env+"="+kill)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL && ctx.Err() == nil {
		return ending{killed: true}
	}
	var e ending
	if jerr := json.Unmarshal(out.Bytes(), &e.report); jerr != nil || err != nil {
		e.gaveUp = fmt.Sprintf("with %q: %v (%v)\n%s\n%s", kill, err, jerr, tail(out.String()), tail(errOut.String()))
	}
	return e
}

func tail(s string) string { return s[max(0, len(s)-4000):] }

// check fails the test unless the run ended with balanced books and nothing went out twice.
func check(t *testing.T, what string, e ending) {
	t.Helper()
	if e.gaveUp != "" {
		t.Fatalf("after %s: %s", what, e.gaveUp)
	}
	r := e.report
	if !r.Balanced || r.Books.Welcomes.Doubled > 0 || r.Books.Messages.Doubled > 0 {
		raw, _ := json.MarshalIndent(r.Books, "", " ")
		t.Fatalf("after %s the books do not balance:\n%s", what, raw)
	}
	if r.Adds == 0 || r.MassSends.Delivered == 0 || r.Welcomes.Sent == 0 {
		t.Fatalf("after %s nothing happened: %d adds, %d delivered, %d welcomes", what, r.Adds, r.MassSends.Delivered, r.Welcomes.Sent)
	}
}

// walk kills at one point after the other, going on with the same data until a run ends by itself. It kills at the first,
// second or third passing; a point that is passed less often is tried again at the first.
func walk(t *testing.T, bin string, points []string, spec func(dir, point string, passing int) (kill string, died func() bool)) {
	dir := folder(t)
	var done []string
	fresh, passing := true, 1+rand.IntN(3)
	for i := 0; i < len(points); {
		kill, died := spec(dir, points[i], passing)
		e := run(t, bin, dir, kill)
		if e.killed || died() {
			done = append(done, points[i])
			i++
			fresh, passing = false, 1+rand.IntN(3)
			if e.killed || e.gaveUp != "" {
				continue
			}
		}
		if !e.killed { // the run came to its end
			check(t, strings.Join(done, ", "), e)
			if fresh && !died() {
				if passing == 1 {
					t.Errorf("a whole run never passed %s", points[i])
					i++
				}
				passing = 1
			}
			dir, done, fresh = folder(t), nil, true
		}
	}
	if !fresh {
		check(t, strings.Join(done, ", "), run(t, bin, dir, ""))
	}
}

func pointsOf(t *testing.T, bin string) []string {
	t.Helper()
	out, err := exec.Command(bin, "failpoints").Output()
	if err != nil {
		t.Fatalf("list failpoints: %v", err)
	}
	var points []string
	for _, p := range strings.Fields(string(out)) {
		if notOnTheLine[p] == "" {
			points = append(points, p)
		}
	}
	if len(points) < 20 {
		t.Fatalf("only %d failpoints", len(points))
	}
	return points
}

func mode(t *testing.T, wanted ...string) {
	t.Helper()
	m := os.Getenv(crashEnv)
	if m == "" {
		m = "server"
	}
	if testing.Short() || !slices.Contains(wanted, m) {
		t.Skipf("%s=%s: not asked for", crashEnv, m)
	}
}

func TestServerDiesAtEveryFailpoint(t *testing.T) {
	mode(t, "server", "all")
	bin := build(t)
	walk(t, bin, ours(pointsOf(t, bin)), func(_, point string, passing int) (string, func() bool) {
		return fmt.Sprintf("%s=%d", point, passing), func() bool { return false }
	})
}

func TestSimulatorDiesAtItsOwnFailpoints(t *testing.T) {
	mode(t, "server", "all")
	bin := build(t)
	points := slices.DeleteFunc(pointsOf(t, bin), func(p string) bool { return !strings.HasPrefix(p, "sim.") })
	walk(t, bin, points, func(dir, point string, passing int) (string, func() bool) {
		_, died := other("demo/sim.pid")(dir, point, passing)
		return fmt.Sprintf("%s=%d", point, passing), died
	})
}

func TestSimulatorDiesAtEveryFailpoint(t *testing.T) {
	mode(t, "all")
	bin := build(t)
	walk(t, bin, ours(pointsOf(t, bin)), other("demo/sim.pid"))
}

func TestPostgresDiesAtEveryFailpoint(t *testing.T) {
	mode(t, "all")
	bin := build(t)
	walk(t, bin, ours(pointsOf(t, bin)), other("pg/cluster/postmaster.pid"))
}

// ours leaves out the points inside the simulator's process.
func ours(points []string) []string {
	return slices.DeleteFunc(points, func(p string) bool { return strings.HasPrefix(p, "sim.") })
}

// other kills another process of the demo at a point; the server lives on, so several points are walked in one run.
func other(pidFile string) func(dir, point string, passing int) (string, func() bool) {
	return func(dir, point string, passing int) (string, func() bool) {
		path := filepath.Join(dir, pidFile)
		_ = os.Remove(path + ".killed")
		return fmt.Sprintf("%s=%d!%s", point, passing, path), func() bool { _, err := os.Stat(path + ".killed"); return err == nil }
	}
}

func TestAnythingDiesAtRandomMoments(t *testing.T) {
	mode(t, "server", "all")
	bin := build(t)
	dir := folder(t)
	victims := []string{"server", "demo/sim.pid", "pg/cluster/postmaster.pid"}
	for i := range 10 {
		victim := victims[i%len(victims)]
		if killAtRandom(t, bin, dir, victim) {
			break // the run was over before the moment came
		}
	}
	check(t, "ten random kills", run(t, bin, dir, ""))
}

// killAtRandom starts the program and kills one of its processes at a random moment of its first seconds. A server that
// outlives the death of another is then killed as well. It reports whether the run ended before.
func killAtRandom(t *testing.T, bin, dir, victim string) bool {
	t.Helper()
	args := append([]string{"demo", "--data", dir, "--listen", "127.0.0.1:0", "--exit", "--no-fsync", "--log", "error"}, town...)
	cmd := exec.Command(bin, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	moment := func() bool { // false when the run ended first
		select {
		case <-ended:
			return false
		case <-time.After(time.Duration(300+rand.IntN(2500)) * time.Millisecond):
			return true
		}
	}
	if !moment() {
		return true
	}
	if victim != "server" {
		if raw, err := os.ReadFile(filepath.Join(dir, victim)); err == nil {
			first, _, _ := strings.Cut(string(raw), "\n")
			if pid, err := strconv.Atoi(strings.TrimSpace(first)); err == nil {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		if !moment() {
			return true
		}
	}
	_ = cmd.Process.Kill()
	<-ended
	return false
}
