package embedded

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// serversIn lists the PostgreSQL processes whose working folder is the cluster: every one of them moves there at start.
func serversIn(cluster string) []int {
	if real, err := filepath.EvalSymlinks(cluster); err == nil {
		cluster = real
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var out []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if cwd, err := os.Readlink(filepath.Join("/proc", entry.Name(), "cwd")); err != nil || cwd != cluster {
			continue
		}
		// A shell that stands in the folder is not ours to signal.
		exe, err := os.Readlink(filepath.Join("/proc", entry.Name(), "exe"))
		if err == nil && strings.HasPrefix(filepath.Base(exe), "postgres") {
			out = append(out, pid)
		}
	}
	return out
}
