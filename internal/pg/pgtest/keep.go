package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg/embedded"
)

const (
	gateFile  = "gate"  // held while somebody joins, or while the keeper leaves
	usersFile = "users" // held shared by every user of the server
	readyFile = "ready" // holds the URL once the keeper has swept and lets users in

	keeperGrace = 30 * time.Second // how long an unused server waits for the next test run
	keeperPoll  = time.Second
	joinPause   = 50 * time.Millisecond
	joinLimit   = 60 * time.Second
)

const (
	memory     = "/dev/shm"
	memoryFree = 2 << 30 // bytes that must be free there
)

// Folder is where servers for tests keep their data: in memory where there is room, as a clone is some ten times
// faster there than on a disk, else in the temporary folder.
func Folder() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(memory, &fs); err == nil && uint64(fs.Bavail)*uint64(fs.Bsize) >= memoryFree {
		return memory
	}
	return os.TempDir()
}

// sharedDir is where this user's shared server lives.
func sharedDir() string {
	return filepath.Join(Folder(), "qunce-test-pg-"+strconv.Itoa(os.Getuid()))
}

// join returns the URL of the shared server, starting its keeper if there is none. The server stays up at least until
// leave is called, or this process ends.
func join(ctx context.Context, dir string) (url string, leave func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, err
	}
	gate, err := flock(filepath.Join(dir, gateFile), syscall.LOCK_EX)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = gate.Close() }()
	users, err := flock(filepath.Join(dir, usersFile), syscall.LOCK_SH)
	if err != nil {
		return "", nil, err
	}
	leave = func() { _ = users.Close() }
	if url, err = attach(dir); err == nil {
		return url, leave, nil
	}
	if url, err = startKeeper(ctx, dir); err != nil {
		leave()
		return "", nil, err
	}
	return url, leave, nil
}

// startKeeper builds and starts the keeper, which outlives this process, and waits for its server.
func startKeeper(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "keeper")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "qunce/internal/pg/pgtest/run").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the keeper: %w: %s", err, out)
	}
	log, err := os.OpenFile(filepath.Join(dir, "keeper.log"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(program, "-keep", dir) //nolint:noctx // it outlives the test
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log // never ours: go test waits for whoever holds its output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	ctx, cancel := context.WithTimeout(ctx, joinLimit)
	defer cancel()
	for {
		if url, err := attach(dir); err == nil {
			return url, nil
		}
		select {
		case err := <-ended:
			said, _ := os.ReadFile(log.Name())
			return "", fmt.Errorf("the keeper ended: %w: %s", errors.Join(err), strings.TrimSpace(string(said)))
		case <-ctx.Done():
			return "", fmt.Errorf("wait for the keeper: %w", ctx.Err())
		case <-time.After(joinPause):
		}
	}
}

// attach returns the URL of the running and swept server.
func attach(dir string) (string, error) {
	url, err := embedded.Attach(dir)
	if err != nil {
		return "", err
	}
	ready, err := os.ReadFile(filepath.Join(dir, readyFile))
	if err != nil {
		return "", err
	}
	if string(ready) != url {
		return "", errors.New("the server is not ready")
	}
	return url, nil
}

// Keep runs the shared server in dir until nobody has used it for a while, or ctx ends. It is the keeper's main.
func Keep(ctx context.Context, dir string) error {
	ready := filepath.Join(dir, readyFile)
	if err := os.Remove(ready); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	s, err := embedded.Start(ctx, embedded.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { _ = s.Stop() }()
	go s.Watch(ctx)
	if err := sweep(ctx, s.URL()); err != nil {
		return err
	}
	if err := os.WriteFile(ready, []byte(s.URL()), 0o600); err != nil {
		return err
	}
	for {
		if err := awaitIdle(ctx, dir); err != nil {
			return s.Stop()
		}
		// Whoever joins from here on waits at the gate and then finds no server; who came before holds the users' lock.
		gate, err := flock(filepath.Join(dir, gateFile), syscall.LOCK_EX)
		if err != nil {
			return err
		}
		if inUse(dir) {
			_ = gate.Close()
			continue
		}
		err = s.Stop()
		_ = gate.Close()
		return err
	}
}

// awaitIdle returns when nobody has used the server for the grace period, or with the error of ctx.
func awaitIdle(ctx context.Context, dir string) error {
	tick := time.NewTicker(keeperPoll)
	defer tick.Stop()
	for idle := time.Duration(0); idle < keeperGrace; idle += keeperPoll {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if inUse(dir) {
			idle = 0
		}
	}
	return nil
}

// inUse reports whether any process holds the users' lock.
func inUse(dir string) bool {
	f, err := flock(filepath.Join(dir, usersFile), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return true
	}
	_ = f.Close()
	return false
}

// sweep removes clones that killed tests left and templates of other migrations.
func sweep(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `SELECT datname FROM pg_database WHERE starts_with(datname, $1) OR starts_with(datname, $2)`, clonePrefix, templatePrefix)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := conn.Exec(ctx, `DROP DATABASE IF EXISTS `+pgx.Identifier{name}.Sanitize()+` WITH (FORCE)`); err != nil {
			return err
		}
	}
	return nil
}

// flock opens a file and takes its lock in the given way; closing it gives the lock up.
func flock(name string, how int) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return f, nil
}
