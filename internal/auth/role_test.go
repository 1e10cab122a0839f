package auth

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/actor"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Every operation's permission must stand in the table.
func TestKnown(t *testing.T) {
	w := newWorld(t)
	for _, op := range w.api.Ops {
		if !Known(op.Permission) {
			t.Errorf("%s %s asks for the unknown permission %s", op.Method, op.Path, op.Permission)
		}
	}
	if _, err := w.api.Spec(); err != nil {
		t.Errorf("the OpenAPI document: %v", err)
	}
	if Known("customer.delete") || Known("") {
		t.Error("anything is known")
	}
}

// The table is a decision; a change of it must be seen in a review.
func TestRoleTable(t *testing.T) {
	var out strings.Builder
	for _, p := range AllPermissions() {
		line := fmt.Sprintf("%-16s", p)
		for _, r := range Roles() {
			mark := "-"
			if Can(actor.Actor{Role: r}, p) {
				mark = string(r)
			}
			line += fmt.Sprintf(" %-13s", mark)
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	golden := filepath.Join("testdata", "roles.golden")
	got := out.String()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Error(d)
	}
	for _, r := range []actor.Role{"", pending, actor.System, "root"} {
		if len(Permissions(r)) != 0 {
			t.Errorf("%q may do something", r)
		}
	}
	for _, r := range Roles() {
		for _, p := range Permissions(r) {
			if !slices.Contains(AllPermissions(), p) {
				t.Errorf("%s has %s, which is not in the list", r, p)
			}
		}
	}
}

// The roles the database accepts are the roles of the code.
func TestRolesInDatabase(t *testing.T) {
	w := newWorld(t)
	var check string
	err := w.DB.QueryRow(t.Context(), `SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'auth_user_role_check'`).Scan(&check)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Roles() {
		if !strings.Contains(check, "'"+string(r)+"'") {
			t.Errorf("%s is missing in %s", r, check)
		}
	}
	if n := strings.Count(check, "::text"); strings.Count(check, "'")/2 != len(Roles()) {
		t.Errorf("%d roles in the database: %s (%d)", strings.Count(check, "'")/2, check, n)
	}
}

// What carries a password or a token stays out of the store of idempotency keys.
func TestSecretBodies(t *testing.T) {
	for path, want := range map[string]bool{
		"/api/auth/login": true, "/api/auth/password": true, "/api/auth/link": true, "/api/users": true, "/api/users/12/link": true,
		"/api/users/12": false, "/api/codes": false, "/api/usersx": false, "/api/me": false,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if got := SecretBodies(r); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
