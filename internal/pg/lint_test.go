package pg

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	serverTime = regexp.MustCompile(`(?i)\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)|\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b|'now'`)
	looksSQL   = regexp.MustCompile(`(?i)\b(select|insert\s+into|update|delete\s+from|values|where|default|interval)\b`)
	sqlComment = regexp.MustCompile(`--[^\n]*`)
)

// asksServerTime returns the first place where a statement asks the server for the time, or "".
func asksServerTime(sql string) string {
	return serverTime.FindString(sqlComment.ReplaceAllString(sql, ""))
}

func TestAsksServerTime(t *testing.T) {
	for sql, bad := range map[string]bool{
		"UPDATE task SET due_at = now() + interval '1 day'": true,
		"SELECT NOW ( )": true,
		"created_at timestamptz DEFAULT current_timestamp": true,
		"WHERE day = CURRENT_DATE":                         true,
		"SELECT clock_timestamp()":                         true,
		"SELECT 'now'::timestamptz":                        true,
		"UPDATE task SET due_at = $1 -- not now()":         false,
		"SELECT knows_it(), nowhere FROM current_dates":    false,
	} {
		if got := asksServerTime(sql) != ""; got != bad {
			t.Errorf("asksServerTime(%q) = %v, want %v", sql, got, bad)
		}
	}
}

// The corp's clock may run ahead of the wall clock, so a statement that asks the server for the time is wrong in every
// corp schema; where wall time is meant, it comes in as a parameter as well.
func TestNoServerTimeInSQL(t *testing.T) {
	for _, name := range migrationFiles(corpDir) {
		text, err := migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if found := asksServerTime(line); found != "" {
				t.Errorf("%s:%d: %s: a corp's tables take the time as a parameter", name, i+1, found)
			}
		}
	}

	root := filepath.Join("..") // internal/
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
		if err != nil {
			t.Logf("%s does not parse, skipped: %v", path, err)
			return nil
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil || !looksSQL.MatchString(text) {
				return true
			}
			if found := asksServerTime(text); found != "" {
				t.Errorf("%s: SQL asks the server for the time with %s; pass the time as a parameter", set.Position(literal.Pos()), found)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 5 {
		t.Fatalf("only %d files scanned: the test looks in the wrong folder", files)
	}
}
