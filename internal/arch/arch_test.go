// Package arch holds the tests of the code base's shape, and nothing else: who may import whom, where the time is read,
// how large files and packages grow, that every table, enum, permission and error code is declared where it must be.
//
// The list below is the architecture. A package imports only names before it; what it needs from a later one it asks
// through a small interface that corp wires, or hears as an event. Adding a package means adding its name here, at the
// earliest place it fits.
package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// packages is the total order of what stands under internal/: each after all that it imports.
var packages = strings.Fields(`
	errs clock failpoint actor id i18n pinyin gram config message sheet qr geo calendar metric chain
	pg pg/embedded pg/pgtest pg/pgtest/run blob rule wecom/quota wecom wecom/callback wecom/sim
	job event audit api outbox inbox media
	tenant directory auth
	lint content notify customer experiment task group group/grouptest
	consent order points benefit segment
	touch moderation
	livecode livecode/codetest send broadcast moment sop journey membership
	statistic analytics archive
	sync rehearsal intake webhook staffapp customerapp openapi
	doctor setup
	corp app demo bench
	arch
`)

const (
	maxFileLines    = 600
	maxPackageLines = 5_000
)

// roomier are packages that may exceed maxPackageLines, with the reason.
var roomier = map[string]string{
	// The simulator is a product of its own with its own process and log (docs/adr): it grows with WeCom's API, and
	// splitting it would spread one state machine over packages that all need its insides.
	"wecom/sim": "a whole WeCom behind one lock",
}

// file is one parsed Go file of the module.
type file struct {
	path  string // from the module's root, with slashes
	pkg   string // its folder below internal/; "cmd/qunce" and "web" for the others
	test  bool
	lines int
	tree  *ast.File
}

// source is the whole module, parsed once a test.
type source struct {
	set   *token.FileSet
	files []file
}

const root = "../.."

func load(t *testing.T) source {
	t.Helper()
	s := source{set: token.NewFileSet()}
	for _, top := range []string{"internal", "cmd", "web"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata"):
				return filepath.SkipDir
			case d.IsDir() || !strings.HasSuffix(name, ".go"):
				return nil
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			tree, err := parser.ParseFile(s.set, name, text, parser.ParseComments)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, name)
			if err != nil {
				return err
			}
			rel = filepath.ToSlash(rel)
			s.files = append(s.files, file{path: rel, pkg: strings.TrimPrefix(path.Dir(rel), "internal/"), test: strings.HasSuffix(rel, "_test.go"),
				lines: strings.Count(string(text), "\n"), tree: tree})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(s.files) < 100 {
		t.Fatalf("only %d files found: the test looks in the wrong folder", len(s.files))
	}
	return s
}

// production leaves the tests out.
func (s source) production() []file {
	return slices.DeleteFunc(slices.Clone(s.files), func(f file) bool { return f.test || f.pkg == "arch" })
}

func (s source) at(n ast.Node) string {
	p := s.set.Position(n.Pos())
	return strings.TrimPrefix(filepath.ToSlash(p.Filename), root+"/") + ":" + strconv.Itoa(p.Line)
}

// imports are the module's own packages that a file imports, named as in the list.
func imports(f file) []string {
	var out []string
	for _, spec := range f.tree.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		if rest, own := strings.CutPrefix(name, "qunce/"); own {
			out = append(out, strings.TrimPrefix(rest, "internal/"))
		}
	}
	return out
}

// breach says what is wrong with an import, or "". Packages whose names end in test are there for tests.
func breach(from, to string, test bool) string {
	if to == "web" {
		if from == "app" {
			return ""
		}
		return "only app serves the built pages"
	}
	if strings.HasPrefix(from, "cmd/") || from == "arch" {
		return ""
	}
	if from == "web" {
		return "the built pages know no package"
	}
	if strings.HasSuffix(from, "test") {
		test = true
	}
	if !test && strings.HasSuffix(to, "test") && from != "pg/pgtest/run" {
		return "production code never imports what is there for tests"
	}
	i, j := slices.Index(packages, from), slices.Index(packages, to)
	switch {
	case i < 0:
		return "internal/" + from + " is not in the list of internal/arch"
	case j < 0:
		return "internal/" + to + " is not in the list of internal/arch"
	case i == j && test: // an external test package
		return ""
	case test && strings.HasPrefix(to, from+"/"): // an external test uses the package's own helpers
		return ""
	case j >= i:
		return "internal/" + to + " comes later in the list of internal/arch"
	}
	return ""
}

func TestBreach(t *testing.T) {
	for _, c := range []struct {
		from, to string
		test     bool
		bad      bool
	}{
		{"customer", "pg", false, false},
		{"pg", "customer", false, true},
		{"customer", "customer", true, false},
		{"customer", "order", true, true},
		{"wecom", "wecom/sim", false, true},
		{"wecom/sim", "wecom/callback", false, false},
		{"customer", "pg/pgtest", false, true},
		{"customer", "pg/pgtest", true, false},
		{"pg", "pg/pgtest", true, false},
		{"pg", "pg/pgtest", false, true},
		{"stranger", "pg", false, true},
		{"corp", "web", false, true},
		{"app", "web", false, false},
		{"cmd/qunce", "app", false, false},
	} {
		if got := breach(c.from, c.to, c.test) != ""; got != c.bad {
			t.Errorf("breach(%s → %s, test %v) = %v, want %v", c.from, c.to, c.test, got, c.bad)
		}
	}
}

func TestImportOrder(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range packages {
		if seen[name] {
			t.Errorf("%s stands twice in the list", name)
		}
		seen[name] = true
	}
	for _, f := range load(t).files {
		if !seen[f.pkg] && f.pkg != "web" && !strings.HasPrefix(f.pkg, "cmd/") {
			t.Errorf("%s: internal/%s is not in the list of internal/arch", f.path, f.pkg)
			continue
		}
		for _, to := range imports(f) {
			if why := breach(f.pkg, to, f.test); why != "" {
				t.Errorf("%s imports %s: %s", f.path, to, why)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for _, f := range load(t).files {
		name := f.tree.Name.Name
		if f.test && (strings.HasSuffix(name, "_test") || f.pkg != "arch") {
			continue
		}
		said[f.pkg] = said[f.pkg] || f.tree.Doc != nil && len(strings.Fields(f.tree.Doc.Text())) >= 5
	}
	for _, name := range sorted(said) {
		if !said[name] {
			t.Errorf("package %s has no comment that says what it is", name)
		}
	}
}

func TestTimeIsReadInClockAlone(t *testing.T) {
	s := load(t)
	for _, f := range s.files {
		if f.pkg == "clock" {
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			if x, ok := n.(*ast.SelectorExpr); ok && is(x, "time", "Now", "Since", "Until") {
				t.Errorf("%s: time.%s outside internal/clock; take a clock.Clock, or clock.Wall()", s.at(x), x.Sel.Name)
			}
			return true
		})
	}
}

// is reports whether x is one of a package's names.
func is(x *ast.SelectorExpr, pkg string, names ...string) bool {
	id, ok := x.X.(*ast.Ident)
	return ok && id.Name == pkg && slices.Contains(names, x.Sel.Name)
}

func TestFilesAndPackagesStaySmall(t *testing.T) {
	total := map[string]int{}
	for _, f := range load(t).production() {
		total[f.pkg] += f.lines
		if f.lines > maxFileLines {
			t.Errorf("%s has %d lines; a file has at most %d and one subject", f.path, f.lines, maxFileLines)
		}
	}
	for _, name := range sorted(total) {
		if roomier[name] == "" && total[name] > maxPackageLines {
			t.Errorf("package %s has %d lines, at most %d: two packages want to come out of it", name, total[name], maxPackageLines)
		}
	}
	for name, why := range roomier {
		if total[name] <= maxPackageLines {
			t.Logf("package %s has %d lines and needs no room of its own yet (%s)", name, total[name], why)
		}
	}
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}
