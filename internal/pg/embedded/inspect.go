package embedded

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Inspection is what can be seen of a private server without starting, stopping or changing anything.
type Inspection struct {
	Dir     string // the folder of the database cluster
	Made    bool   // there is a cluster
	Want    int    // the major version that made it; 0 = none yet
	Found   []int  // the major versions whose programs are installed, each once
	Usable  bool   // a server that fits is among them
	Running bool   // a process holds the folder
}

// Inspect looks at a data folder, which need not exist.
func Inspect(ctx context.Context, dir string) (Inspection, error) {
	in := Inspection{Dir: filepath.Join(dir, "cluster")}
	if moved, err := os.ReadFile(filepath.Join(dir, locationFile)); err == nil { //nolint:gosec // in the data folder
		in.Dir = strings.TrimSpace(string(moved))
	}
	var err error
	if in.Want, err = clusterVersion(in.Dir); err != nil {
		return in, err
	}
	in.Made = in.Want != 0
	for _, folder := range programFolders() {
		if p, ok := probe(ctx, folder); ok {
			in.Found = append(in.Found, p.major)
			in.Usable = in.Usable || p.major == in.Want || in.Want == 0 && p.major >= oldest
		}
	}
	slices.Sort(in.Found)
	in.Found = slices.Compact(in.Found)
	free, err := folderIsFree(dir)
	in.Running = err == nil && !free
	return in, err
}
