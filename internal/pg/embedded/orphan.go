package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"qunce/internal/errs"
)

const (
	orphanPatience = 90 * time.Second // a fast shutdown writes a checkpoint
	orphanPause    = 20 * time.Millisecond
)

// clearOrphans makes sure that no server process of an earlier parent works on the cluster any more, and removes what
// would keep the next from starting. The caller holds the folder's lock, so whatever still runs there is an orphan:
// a postmaster that is shutting down, or backends that have not yet noticed that their postmaster is gone.
func clearOrphans(ctx context.Context, cluster string) error {
	pidFile := filepath.Join(cluster, "postmaster.pid")
	if _, err := os.Stat(pidFile); errors.Is(err, os.ErrNotExist) && len(serversIn(cluster)) == 0 {
		return nil
	}
	patience, cancel := context.WithTimeout(ctx, orphanPatience)
	defer cancel()
	signalAll(serversIn(cluster), readPid(pidFile), syscall.SIGINT)
	harder := time.NewTimer(orphanPatience / 2)
	defer harder.Stop()
	for len(serversIn(cluster)) > 0 {
		select {
		case <-patience.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return errs.E(errs.Conflict, "pg.orphan",
				"the processes %v still work on %s and do not end: end them, then start again", serversIn(cluster), cluster)
		case <-harder.C:
			// Durable either way: the next start recovers from the log.
			for _, pid := range serversIn(cluster) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		case <-time.After(orphanPause):
		}
	}
	// Its process is gone; PostgreSQL would still refuse if another program has got the same process id meanwhile.
	if err := os.Remove(pidFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove a stale postmaster.pid: %w", err)
	}
	return nil
}

// signalAll tells the postmaster, if it lives, else the backends it left.
func signalAll(pids []int, postmaster int, signal syscall.Signal) {
	for _, pid := range pids {
		if pid == postmaster {
			_ = syscall.Kill(pid, signal)
			return
		}
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGTERM)
	}
}

// readPid is the process id on the first line of postmaster.pid, or 0.
func readPid(name string) int {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0
	}
	return pid
}
