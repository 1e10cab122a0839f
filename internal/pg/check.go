package pg

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/jackc/pgx/v5"
)

// catalogTable is a table as the server knows it. Partitions are not listed: they count with their parent.
type catalogTable struct {
	columns  map[string]bool
	uniques  []catalogIndex
	foreign  []catalogForeignKey
	triggers []string
}

type catalogIndex struct {
	name    string
	primary bool
	columns []string // an expression is ""
}

type catalogForeignKey struct {
	name            string
	schema, target  string
	columns, remote []string // pairwise
}

// CheckTables compares the catalogue of the view's schema with the declarations and returns one sentence for every
// breach, in the order of the tables: undeclared or missing tables, empty rules, a distribution key that does not stand
// in the primary key or in a unique index, foreign keys that leave the family, triggers, unknown personal columns.
// An empty result means that the schema can be distributed as declared. A catalogue that cannot be read is a sentence too.
func CheckTables(ctx context.Context, db *DB, declared []Table) []string {
	catalog, err := readCatalog(ctx, db)
	if err != nil {
		return []string{fmt.Sprintf("the catalogue of schema %s cannot be read: %v", db.Schema(), err)}
	}
	return compareTables(db.Schema(), catalog, declared)
}

func compareTables(schema string, catalog map[string]*catalogTable, declared []Table) []string {
	byName := map[string]Table{}
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }

	for _, t := range declared {
		if first, twice := byName[t.Name]; twice {
			say("table %s is declared twice, by %s and by %s", t.Name, first.Owner, t.Owner)
			continue
		}
		byName[t.Name] = t
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	for name := range catalog {
		if _, ok := byName[name]; !ok {
			names = append(names, name)
		}
	}
	sort.Strings(names)

	for _, name := range names {
		t, isDeclared := byName[name]
		c := catalog[name]
		if !isDeclared {
			say("table %s is not declared: its owner must list it among its pg.Table values", name)
			continue
		}
		out = append(out, checkDeclaration(t)...)
		if c == nil {
			say("table %s is declared by %s but does not exist in schema %s", name, t.Owner, schema)
			continue
		}
		out = append(out, checkKeys(t, c)...)
		out = append(out, checkForeignKeys(schema, t, c, byName)...)
		for _, column := range t.Personal {
			if !c.columns[column] {
				say("table %s declares the personal column %s, which does not exist", name, column)
			}
		}
		for _, trigger := range c.triggers {
			say("table %s has the trigger %s: triggers do not run on a distributed table", name, trigger)
		}
	}
	return out
}

// checkDeclaration looks at the declaration alone.
func checkDeclaration(t Table) []string {
	var out []string
	if !slices.Contains(Families(), t.Family) {
		out = append(out, fmt.Sprintf("table %s declares the unknown family %q", t.Name, t.Family))
	}
	if t.Family.Distributed() && t.Key == "" {
		out = append(out, fmt.Sprintf("table %s is distributed by %s but names no distribution column", t.Name, t.Family))
	}
	for _, rule := range [][2]string{
		{"owner", t.Owner}, {"merge", t.Merge}, {"erase", t.Erase}, {"retention", t.Retention}, {"sampling", t.Sampling},
	} {
		if strings.TrimSpace(rule[1]) == "" {
			out = append(out, fmt.Sprintf("table %s declares no %s rule", t.Name, rule[0]))
		}
	}
	return out
}

func checkKeys(t Table, c *catalogTable) []string {
	if !t.Family.Distributed() || t.Key == "" {
		return nil
	}
	if !c.columns[t.Key] {
		return []string{fmt.Sprintf("table %s has no column %s, its declared distribution key", t.Name, t.Key)}
	}
	var out []string
	primary := false
	for _, index := range c.uniques {
		primary = primary || index.primary
		if slices.Contains(index.columns, t.Key) {
			continue
		}
		kind := "unique index"
		if index.primary {
			kind = "primary key"
		}
		out = append(out, fmt.Sprintf("table %s: the distribution key %s is missing from the %s %s", t.Name, t.Key, kind, index.name))
	}
	if !primary {
		out = append(out, fmt.Sprintf("table %s is distributed but has no primary key", t.Name))
	}
	return out
}

// checkForeignKeys allows references to reference tables, and within a family those that carry the key along.
func checkForeignKeys(schema string, t Table, c *catalogTable, declared map[string]Table) []string {
	var out []string
	for _, fk := range c.foreign {
		target, known := declared[fk.target]
		switch {
		case fk.schema != schema:
			out = append(out, fmt.Sprintf("table %s: the foreign key %s leaves the schema, for %s.%s", t.Name, fk.name, fk.schema, fk.target))
		case !known || target.Family == Reference:
			// An undeclared target has a sentence of its own.
		case target.Family != t.Family:
			out = append(out, fmt.Sprintf("table %s: the foreign key %s leaves the family %s for %s of family %s",
				t.Name, fk.name, t.Family, fk.target, target.Family))
		case t.Family.Distributed() && !pairs(fk, t.Key, target.Key):
			out = append(out, fmt.Sprintf("table %s: the foreign key %s does not carry the distribution key %s to %s.%s",
				t.Name, fk.name, t.Key, fk.target, target.Key))
		}
	}
	return out
}

func pairs(fk catalogForeignKey, column, remote string) bool {
	for i := range fk.columns {
		if fk.columns[i] == column && fk.remote[i] == remote {
			return true
		}
	}
	return false
}

const (
	catalogTables = `
SELECT c.relname, coalesce(array_agg(a.attname::text) FILTER (WHERE a.attname IS NOT NULL), '{}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> $2
GROUP BY c.relname`

	catalogUniques = `
SELECT t.relname, i.relname, x.indisprimary,
       (SELECT array_agg(coalesce(a.attname::text, '') ORDER BY k.n)
        FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(num, n)
        LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.num
        WHERE k.n <= x.indnkeyatts)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = $1 AND x.indisunique AND NOT t.relispartition AND t.relname <> $2
ORDER BY t.relname, i.relname`

	catalogForeignKeys = `
SELECT t.relname, f.conname, rn.nspname, r.relname,
       (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(f.conkey) WITH ORDINALITY k(num, n)
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.num),
       (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(f.confkey) WITH ORDINALITY k(num, n)
        JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.num)
FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_class r ON r.oid = f.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE f.contype = 'f' AND n.nspname = $1 AND f.conparentid = 0 AND NOT t.relispartition
ORDER BY t.relname, f.conname`

	catalogTriggers = `
SELECT t.relname, g.tgname FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = $1 AND NOT g.tgisinternal AND NOT t.relispartition
ORDER BY t.relname, g.tgname`
)

func readCatalog(ctx context.Context, db *DB) (map[string]*catalogTable, error) {
	catalog := map[string]*catalogTable{}
	var table string

	var columns []string
	err := each(ctx, db, catalogTables, []any{db.Schema(), versionTable}, []any{&table, &columns}, func() {
		c := &catalogTable{columns: map[string]bool{}}
		for _, column := range columns {
			c.columns[column] = true
		}
		catalog[table] = c
	})
	if err != nil {
		return nil, err
	}

	var index catalogIndex
	err = each(ctx, db, catalogUniques, []any{db.Schema(), versionTable}, []any{&table, &index.name, &index.primary, &index.columns}, func() {
		if c := catalog[table]; c != nil {
			found := index
			found.columns = slices.Clone(index.columns)
			c.uniques = append(c.uniques, found)
		}
	})
	if err != nil {
		return nil, err
	}

	var fk catalogForeignKey
	err = each(ctx, db, catalogForeignKeys, []any{db.Schema()}, []any{&table, &fk.name, &fk.schema, &fk.target, &fk.columns, &fk.remote}, func() {
		if c := catalog[table]; c != nil {
			found := fk
			found.columns, found.remote = slices.Clone(fk.columns), slices.Clone(fk.remote)
			c.foreign = append(c.foreign, found)
		}
	})
	if err != nil {
		return nil, err
	}

	var trigger string
	err = each(ctx, db, catalogTriggers, []any{db.Schema()}, []any{&table, &trigger}, func() {
		if c := catalog[table]; c != nil {
			c.triggers = append(c.triggers, trigger)
		}
	})
	return catalog, err
}

// each runs a query and calls f after every row was scanned into targets.
func each(ctx context.Context, db *DB, sql string, args, targets []any, f func()) error {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, targets, func() error { f(); return nil })
	return err
}
