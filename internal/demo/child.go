package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"qunce/internal/errs"
	"qunce/internal/failpoint"
	"qunce/internal/wecom/sim"
)

// simConfig is what the simulator's process is told on its standard input: secrets do not belong on a command line.
type simConfig struct {
	Listen         string `json:"listen"`
	Dir            string `json:"dir"`
	CallbackURL    string `json:"callback_url"`
	Token          string `json:"token"`
	EncodingAESKey string `json:"encoding_aes_key"`
	CorpID         string `json:"corp_id"`
	Secret         string `json:"secret"`
	ArchiveSecret  string `json:"archive_secret"`
	AgentID        int    `json:"agent_id"`
	BrowserBase    string `json:"browser_base"`
	WorldFile      string `json:"world_file"`
	Durable        bool   `json:"durable"`
}

// RunSim is the simulator's process: it reads its configuration from in and serves until ctx ends.
func RunSim(ctx context.Context, in io.Reader, log io.Writer) error {
	var c simConfig
	if err := json.NewDecoder(in).Decode(&c); err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	var world *sim.World
	if raw, err := os.ReadFile(c.WorldFile); err == nil {
		world = &sim.World{}
		if err := json.Unmarshal(raw, world); err != nil {
			return fmt.Errorf("read world: %w", err)
		}
	}
	return sim.Run(ctx, sim.Options{Listen: c.Listen, Dir: c.Dir, World: world, CallbackURL: c.CallbackURL, Token: c.Token, EncodingAESKey: c.EncodingAESKey,
		CorpID: c.CorpID, Secret: c.Secret, ArchiveSecret: c.ArchiveSecret, AgentID: c.AgentID, Log: log, BrowserBase: c.BrowserBase, Durable: c.Durable})
}

// child keeps the simulator's process alive: it is started again whenever it dies, and dies with us.
type child struct {
	self    string
	config  simConfig
	pidFile string
	starts  int
	log     io.Writer

	mu      sync.Mutex
	cmd     *exec.Cmd
	stopped bool
	done    chan struct{}
}

func startChild(ctx context.Context, self string, c simConfig, pidFile string, log io.Writer) (*child, error) {
	ch := &child{self: self, config: c, pidFile: pidFile, log: log, done: make(chan struct{})}
	started := make(chan error, 1)
	go ch.keep(ctx, started)
	if err := <-started; err != nil {
		return nil, err
	}
	return ch, ch.await(ctx)
}

// keep runs on one locked thread: the kernel kills the child when the thread that started it ends.
func (c *child) keep(ctx context.Context, started chan<- error) {
	runtime.LockOSThread()
	defer close(c.done)
	first := true
	for ctx.Err() == nil {
		cmd, err := c.spawn()
		if first {
			started <- err
			first = false
		}
		if err == nil {
			c.mourn(cmd.Wait())
		}
		c.mu.Lock()
		stopped := c.stopped
		c.mu.Unlock()
		if stopped {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
	c.stop()
}

// mourn notes beside the pid file that the process was killed, for whoever asks why it was started again.
func (c *child) mourn(err error) {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		_ = writeFile(c.pidFile+".killed", []byte(strconv.Itoa(exit.Pid())+"\n"))
	}
}

func (c *child) spawn() (*exec.Cmd, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil, context.Canceled
	}
	raw, err := json.Marshal(c.config)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(c.self, "sim", "--stdin") //nolint:gosec,noctx // our own program; its end is ours to decide
	cmd.Stdin = bytes.NewReader(raw)
	cmd.Stdout, cmd.Stderr = c.log, c.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if c.starts++; c.starts > 1 { // a failpoint that killed it is not meant to kill it for ever
		cmd.Env = append(os.Environ(), failpoint.Env+"=")
	}
	if err := cmd.Start(); err != nil {
		return nil, errs.E(errs.Unavailable, "demo.sim", "the simulator did not start").Wrap(err)
	}
	c.cmd = cmd
	return cmd, writeFile(c.pidFile, []byte(strconv.Itoa(cmd.Process.Pid)+"\n"))
}

// await returns when the simulator answers.
func (c *child) await(ctx context.Context) error {
	deadline := time.After(60 * time.Second)
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url()+"/sim/now", nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return errs.E(errs.Unavailable, "demo.sim", "the simulator does not answer on %s", c.config.Listen)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (c *child) url() string { return "http://" + c.config.Listen }

func (c *child) stop() {
	c.mu.Lock()
	c.stopped = true
	cmd := c.cmd
	c.mu.Unlock()
	if cmd != nil && cmd.Process != nil {
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
}
