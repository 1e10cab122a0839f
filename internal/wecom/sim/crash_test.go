package sim

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"qunce/internal/failpoint"
	"qunce/internal/wecom"
)

// The crash tests run the simulator as a process of its own, kill it at a failpoint, start it again on its folder, and
// compare what it says with what it had answered and called back before.

const childEnv = "QUNCE_SIM_CHILD"

func TestMain(m *testing.M) {
	if raw := os.Getenv(childEnv); raw != "" {
		child(raw)
		return
	}
	os.Exit(m.Run())
}

type childConfig struct {
	Dir, CallbackURL string
	World            *World
}

func child(raw string) {
	var c childConfig
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { // the parent's end of the pipe closes with the parent
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	err := Run(ctx, Options{
		Listen: "127.0.0.1:0", Dir: c.Dir, World: c.World, CallbackURL: c.CallbackURL, Token: testToken, EncodingAESKey: testKey,
		CorpID: testCorp, Secret: "shh", AgentID: 1000002, BrowserBase: "http://phone.test", Durable: true,
		Ready: func(addr string) { fmt.Println("ready", addr) },
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	url   string
}

func spawn(t *testing.T, c childConfig, arm string) *process {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$") //nolint:gosec // ourselves
	cmd.Env = append(os.Environ(), childEnv+"="+string(raw), failpoint.Env+"="+arm)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the simulator does not start: %v", err)
	}
	return &process{cmd: cmd, stdin: in, url: "http://" + strings.TrimSpace(strings.TrimPrefix(line, "ready "))}
}

// end stops the process if it still runs and reports whether it had been killed.
func (p *process) end() (killed bool) {
	_ = p.stdin.Close()
	_ = p.cmd.Wait() // a kill is an error, and wanted
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

func (p *process) truth(t *testing.T) Truth {
	t.Helper()
	res, err := http.Get(p.url + "/sim/truth") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out Truth
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (p *process) post(path, body string) error {
	res, err := http.Post(p.url+path, "application/json", strings.NewReader(body)) //nolint:noctx // a test
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != 200 {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	return nil
}

// live plays a day against the process. It stops at the first failure and says how far it came; what was answered is
// noted in done.
func (p *process) live(ctx context.Context, done map[string]bool) error {
	c := wecom.New(wecom.Config{BaseURL: p.url, CorpID: testCorp, Secret: "shh", AgentID: 1000002, PerMinute: -1})
	if !done["way"] {
		_, qr, err := c.AddContactWay(ctx, wecom.ContactWay{Type: 1, Scene: 2, SkipVerify: true, State: "s", Users: []string{"lina"}})
		if err != nil {
			return err
		}
		done["way"] = true
		plan, err := json.Marshal(Plan{Arrivals: []Arrivals{{From: testStart, Days: 1, PerDay: 12, Entries: []Entry{{URL: qr}}}}})
		if err != nil {
			return err
		}
		if err := p.post("/sim/plan", string(plan)); err != nil {
			return err
		}
	}
	for h := 1; h <= 16; h++ {
		if err := p.post("/sim/advance", `{"to":"`+testStart.Add(time.Duration(h)*time.Hour).Format(time.RFC3339)+`"}`); err != nil {
			return err
		}
		if h == 6 && !done["mark"] {
			ids, err := c.ExternalList(ctx, "lina")
			if err != nil {
				return err
			}
			if len(ids) > 0 {
				if err := c.MarkTag(ctx, "lina", ids[0], []string{"etA"}, nil); err != nil {
					return err
				}
				done["mark"] = true
			}
		}
	}
	return nil
}

func TestCrashAtEveryFailpoint(t *testing.T) {
	world := smallWorld(15)
	world.Behaviour = Behaviour{Scan: 1, Add: 1, Join: 1, Delete: 0.1}
	for _, point := range []string{"sim.log.before", "sim.log.after", "sim.answer.before", "sim.callback.before", "sim.callback.after"} {
		for _, hit := range []int{1, 5, 9} {
			t.Run(fmt.Sprint(point, hit), func(t *testing.T) {
				t.Parallel()
				p := newPlatform(t)
				c := childConfig{Dir: filepath.Join(t.TempDir(), "sim"), CallbackURL: p.srv.URL + "/callback", World: world}
				proc := spawn(t, c, fmt.Sprintf("%s=%d", point, hit))
				done := map[string]bool{}
				err := proc.live(context.Background(), done)
				killed := proc.end()
				if !killed || err == nil {
					t.Fatalf("%s was not hit %d times (%v)", point, hit, err)
				}
				before := p.heard()
				proc = spawn(t, c, "")
				after := proc.truth(t)
				// What was called back or answered before the crash is in the truth after it.
				friends := map[string]bool{}
				for _, f := range after.Friends {
					friends[fmt.Sprint(f[0], " ", f[1])] = true
				}
				for _, h := range before {
					if f := strings.Fields(h); f[0] == "add_external_contact" && !friends[f[1]+" "+f[2]] {
						t.Errorf("%s was called back, but is not true after the crash", h)
					}
				}
				if done["mark"] && len(after.Tags) != 1 {
					t.Errorf("the tag that was answered is gone: %v", after.Tags)
				}
				if err := proc.live(context.Background(), done); err != nil {
					t.Fatalf("second life: %v", err)
				}
				last := proc.truth(t)
				if proc.end() {
					t.Error("the simulator did not stop cleanly")
				}
				// And everything that is true was called back, at least once.
				heard := p.heard()
				for _, f := range last.Friends {
					if want := fmt.Sprintf("add_external_contact %s %s s", f[0], f[1]); !slices.Contains(heard, want) {
						t.Errorf("%s was never called back", want)
					}
					if want := fmt.Sprintf("del_follow_user %s %s", f[0], f[1]); f[2] == true && !slices.ContainsFunc(heard, func(h string) bool { return strings.HasPrefix(h, want) }) {
						t.Errorf("%s was never called back", want)
					}
				}
				if len(last.Friends) < 10 || last.Counts.CallbacksFailed != 0 {
					t.Errorf("too little happened: %+v", last.Counts)
				}
			})
		}
	}
}
