//go:build !linux

package embedded

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// serversIn lists the postmaster that postmaster.pid names, if that process is a PostgreSQL.
func serversIn(cluster string) []int {
	pid := readPid(filepath.Join(cluster, "postmaster.pid"))
	if pid == 0 {
		return nil
	}
	out, err := exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output() //nolint:noctx // it ends at once
	if err != nil || !strings.Contains(string(out), "postgres") {
		return nil
	}
	return []int{pid}
}
