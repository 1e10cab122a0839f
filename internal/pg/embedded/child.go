package embedded

import (
	"io"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"qunce/internal/errs"
)

// child is a process that dies with us.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once the process has ended
	err  error         // how it ended; read after done
}

// spawn starts a program. The parent-death signal is bound to the thread that forks, so a thread of its own forks and
// then waits for the process's end.
func spawn(program string, args []string, attr *syscall.SysProcAttr, output io.Writer) (*child, error) {
	cmd := exec.Command(program, args...) //nolint:noctx // it ends by signal, so that it can shut down
	cmd.SysProcAttr = attr
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Env = environment()
	cmd.Dir = "/"
	cmd.WaitDelay = 5 * time.Second // backends of a killed postmaster may hold the pipe a little longer

	c := &child{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		c.err = cmd.Wait()
		close(c.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stop asks for a fast shutdown, then an immediate one, then kills. It reports whether the fast one sufficed.
func (c *child) stop() bool {
	for i, step := range []struct {
		signal   syscall.Signal
		patience time.Duration
	}{{syscall.SIGINT, stopPatience}, {syscall.SIGQUIT, quitPatience}} {
		_ = c.cmd.Process.Signal(step.signal) // it may have ended already
		select {
		case <-c.done:
			return i == 0
		case <-time.After(step.patience):
		}
	}
	c.kill()
	return false
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.done
}

// environment is ours without what would change the server's behaviour.
func environment() []string {
	out := []string{"LC_ALL=C", "TZ=UTC"}
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "PG") || strings.HasPrefix(name, "LC_") || name == "LANG" || name == "LANGUAGE" || name == "TZ" {
			continue
		}
		out = append(out, entry)
	}
	return out
}

// identity is as whom the server runs; the zero identity is ourselves.
type identity struct {
	kind     identityKind
	uid, gid int
}

type identityKind int

const (
	asOurselves identityKind = iota
	byNamespace              // root outside, uid inside a user namespace
	bySwitch                 // setuid to uid
)

// servant is the account whose id the server bears when we are root. It has to be in the user database: initdb looks
// its name up.
func servant() (uid, gid int, err error) {
	for _, name := range []string{"postgres", "daemon", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.Atoi(account.Uid)
		gid, errGID := strconv.Atoi(account.Gid)
		if errUID == nil && errGID == nil && uid > 0 {
			return uid, gid, nil
		}
	}
	return 0, 0, errs.E(errs.Unavailable, "pg.no_account",
		"PostgreSQL cannot run as root, and this machine has none of the users postgres, daemon and nobody: add one, or start qunce as another user")
}

// switched is the identity of the servant by setuid.
func switched() (identity, error) {
	uid, gid, err := servant()
	return identity{kind: bySwitch, uid: uid, gid: gid}, err
}
