package arch

import (
	"context"
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"qunce/internal/api"
	"qunce/internal/archive"
	"qunce/internal/auth"
	"qunce/internal/corp"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/doctor"
	"qunce/internal/group"
	"qunce/internal/inbox"
	"qunce/internal/intake"
	"qunce/internal/job"
	"qunce/internal/livecode"
	"qunce/internal/order"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/send"
	"qunce/internal/setup"
	"qunce/internal/sync"
	"qunce/internal/task"
	"qunce/internal/tenant"
)

func TestEveryTableIsDeclared(t *testing.T) {
	pool := pgtest.New(t)
	for _, breach := range pg.CheckTables(t.Context(), pool.Corp(pgtest.CorpSchema), corp.Tables()) {
		t.Error(breach)
	}
}

func TestEverySharedTableIsDeclared(t *testing.T) {
	pool := pgtest.New(t)
	queue, err := job.Open(t.Context(), pool.URL(), job.NewWorkers(), quiet())
	if err != nil {
		t.Fatal(err)
	}
	queue.Stop(t.Context())
	river, err := queueTables(t.Context(), pool.Shared())
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(auth.Tables(), tenant.SharedTables(), api.Tables(), setup.Tables(), river)
	for _, breach := range pg.CheckTables(t.Context(), pool.Shared(), all) {
		t.Error(breach)
	}
}

// queueTables declares River's tables, which only River reads and writes: job opens them, and they stay local. Their names
// change with River's versions, so they are taken from the database.
func queueTables(ctx context.Context, db *pg.DB) ([]pg.Table, error) {
	rows, err := db.Query(ctx, `SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename LIKE 'river\_%'`, db.Schema())
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	var out []pg.Table
	for _, name := range names {
		out = append(out, pg.Table{Name: name, Owner: "job", Family: pg.Local,
			Merge: "keep", Erase: "keep", Retention: "as long as River keeps it", Sampling: "none"})
	}
	return out, err
}

// A table belongs to the package whose name it bears, and is read and written there alone; analytics may read all.
func TestTablesBearTheirOwner(t *testing.T) {
	for _, table := range slices.Concat(corp.Tables(), auth.Tables(), tenant.SharedTables(), api.Tables(), setup.Tables()) {
		if !slices.Contains(packages, table.Owner) {
			t.Errorf("table %s is owned by %q, which is no package", table.Name, table.Owner)
		}
		if !strings.HasPrefix(table.Name, table.Owner+"_") && lent[table.Name] != table.Owner {
			t.Errorf("table %s does not begin with the name of its owner, %s", table.Name, table.Owner)
		}
	}
}

func TestPackagesKeepToTheirTables(t *testing.T) {
	owner := map[string]string{}
	for _, table := range slices.Concat(corp.Tables(), auth.Tables(), tenant.SharedTables(), api.Tables(), setup.Tables()) {
		owner[table.Name] = table.Owner
	}
	s := load(t)
	for _, f := range s.production() {
		if strings.HasSuffix(f.pkg, "test") {
			continue
		}
		may := readsTable
		if readers[f.pkg] != "" {
			may = writesTable
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok {
				return true
			}
			text, _ := constant(lit, nil)
			for _, m := range may.FindAllStringSubmatch(text, -1) {
				if who := owner[m[1]]; who != "" && who != f.pkg {
					t.Errorf("%s: %s belongs to %s; ask its service, hear its events, or let corp wire an interface", s.at(lit), m[1], who)
				}
			}
			return true
		})
	}
}

var (
	readsTable  = regexp.MustCompile(`(?i)\b(?:from|join|into|update|using)\s+([a-z]+_[a-z_]+)\b`)
	writesTable = regexp.MustCompile(`(?i)\b(?:delete\s+from|into|update)\s+([a-z]+_[a-z_]+)\b`)
)

// readers may look at tables of others, and write to none.
var readers = map[string]string{
	"analytics": "reports read everything",
	"sync":      "its statement of what stands here is one snapshot over several features",
	"corp":      "the page of the system's state",
	"doctor":    "an examination looks at every feature's state and changes none",
	"demo":      "checks the books",
	"bench":     "measures beside them",
}

// lent are tables whose name says what they hold, not who holds them.
var lent = map[string]string{
	"wecom_token": "tenant",
}

// enums are the CHECK lists of the schema that a package exports: both must hold the same values in the same order.
func enums() map[string][]string {
	return map[string][]string{
		"archive_chat.place":        texts(archive.Places()),
		"archive_consent.place":     texts(archive.Places()),
		"archive_consent.source":    texts(archive.Origins()),
		"archive_consent.state":     texts(archive.States()),
		"archive_media.state":       texts(archive.MediaStates()),
		"archive_message.place":     texts(archive.Places()),
		"auth_user.role":            texts(auth.Roles()),
		"customer_relation.state":   texts(customer.States()),
		"doctor_change.state":       texts(doctor.States()),
		"doctor_finding.area":       texts(doctor.Areas()),
		"doctor_finding.state":      texts(doctor.States()),
		"directory_store.status":    texts(directory.Statuses()),
		"group_group.status":        texts(group.Statuses()),
		"inbox_door.outcome":        texts(inbox.Outcomes()),
		"inbox_event.state":         texts(inbox.States()),
		"intake_import.kind":        texts(intake.Kinds()),
		"intake_import.state":       texts(intake.States()),
		"livecode_attribution.step": livecode.Steps(),
		"livecode_code.kind":        texts(livecode.Kinds()),
		"livecode_code.status":      texts(livecode.Statuses()),
		"livecode_welcome.state":    livecode.WelcomeStates(),
		"order_order.kind":          texts(order.Kinds()),
		"order_order.state":         texts(order.States()),
		"send_recipient.status":     send.Statuses(),
		"send_send.state":           texts(send.States()),
		"sync_repair.reason":        texts(sync.Reasons()),
		"sync_repair.thing":         texts(sync.Things()),
		"sync_repair.what":          texts(sync.Whats()),
		"sync_run.kind":             texts(sync.Kinds()),
		"sync_run.state":            sync.States(),
		"task_task.kind":            texts(task.Kinds()),
		"task_task.proof":           texts(task.Proofs()),
		"task_task.state":           texts(task.States()),
	}
}

// elsewhere are values that a table allows without its owner writing them out.
var elsewhere = map[string]string{
	"customer_identity.kind=openid": "kept free for customers of the brand's own pages",
	"send_send.chat_type=single":    "WeCom's word, a constant of package wecom",
	"send_send.chat_type=group":     "as above",
}

func texts[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return out
}

var (
	checkList = regexp.MustCompile(`\(?\(?"?(\w+)"?\)?(?:::text)? = ANY \(ARRAY\[(.*)\]`)
	quoted    = regexp.MustCompile(`'([^']*)'`)
)

// checkLists reads the CHECK lists of text columns of a schema: "table.column" to its values as written.
func checkLists(ctx context.Context, db *pg.DB) (map[string][]string, error) {
	rows, err := db.Query(ctx, `SELECT t.relname, pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
		JOIN pg_namespace n ON n.oid = t.relnamespace WHERE c.contype = 'c' AND n.nspname = $1 AND NOT t.relispartition`, db.Schema())
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	var table, definition string
	_, err = pgx.ForEachRow(rows, []any{&table, &definition}, func() error {
		m := checkList.FindStringSubmatch(definition)
		if m == nil {
			return nil
		}
		var values []string
		for _, q := range quoted.FindAllStringSubmatch(m[2], -1) {
			values = append(values, q[1])
		}
		if len(values) > 0 {
			out[table+"."+m[1]] = values
		}
		return nil
	})
	return out, err
}

// A value that the database allows and no Go code knows, or the other way round, is found by a customer otherwise.
func TestEnumsAgreeWithTheSchema(t *testing.T) {
	pool := pgtest.New(t)
	lists := map[string][]string{}
	for _, db := range []*pg.DB{pool.Shared(), pool.Corp(pgtest.CorpSchema)} {
		found, err := checkLists(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		for column, values := range found {
			if !strings.HasPrefix(column, "river_") {
				lists[column] = values
			}
		}
	}
	if len(lists) < 20 {
		t.Fatalf("only %d lists found: the test is blind", len(lists))
	}
	known := enums()
	for column, want := range known {
		if got := lists[column]; !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
			t.Errorf("%s allows %q, the package says %q", column, got, want)
		}
	}

	// Of the lists that no package exports, every value must at least stand in its owner's source.
	s := load(t)
	words := map[string]map[string]bool{}
	for _, f := range s.production() {
		if words[f.pkg] == nil {
			words[f.pkg] = map[string]bool{}
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				if text, ok := constant(lit, nil); ok {
					words[f.pkg][text] = true
					for _, q := range quoted.FindAllStringSubmatch(text, -1) { // inside SQL
						words[f.pkg][q[1]] = true
					}
				}
			}
			return true
		})
	}
	for _, column := range sorted(lists) {
		if known[column] != nil {
			continue
		}
		owner, _, _ := strings.Cut(column, "_")
		for _, value := range lists[column] {
			if !words[owner][value] && elsewhere[column+"="+value] == "" {
				t.Errorf("%s allows %q, which package %s never writes", column, value, owner)
			}
		}
	}
}
