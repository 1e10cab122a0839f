package pg_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
)

// declared makes a complete declaration.
func declared(name string, family pg.Family, key string, personal ...string) pg.Table {
	return pg.Table{
		Name: name, Owner: "test", Family: family, Key: key, Personal: personal,
		Merge: "move", Erase: "delete", Retention: "24 months", Sampling: "follow customer",
	}
}

func TestCheckTables(t *testing.T) {
	good := []pg.Table{
		declared("shop", pg.Reference, ""),
		declared("buyer", pg.ByCustomer, "id", "name"),
		declared("buy", pg.ByCustomer, "buyer_id"),
		declared("crowd", pg.ByGroup, "id"),
		declared("shift", pg.Local, ""),
	}
	const schema = `
		CREATE TABLE shop (id bigint PRIMARY KEY, number text UNIQUE);
		CREATE TABLE buyer (id bigint PRIMARY KEY, name text, shop_id bigint REFERENCES shop);
		CREATE TABLE buy (buyer_id bigint REFERENCES buyer, id bigint, bought_at timestamptz, number text,
			PRIMARY KEY (buyer_id, id, bought_at)) PARTITION BY RANGE (bought_at);
		CREATE TABLE buy_2026 PARTITION OF buy FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
		CREATE TABLE crowd (id bigint PRIMARY KEY);
		CREATE TABLE shift (id bigint PRIMARY KEY);
		CREATE TABLE goose_db_version (id bigint PRIMARY KEY);`
	with := func(change func(t *pg.Table), names ...string) []pg.Table {
		var out []pg.Table
		for _, table := range good {
			for _, name := range names {
				if table.Name == name {
					change(&table)
				}
			}
			out = append(out, table)
		}
		return out
	}

	for _, c := range []struct {
		name     string
		sql      string
		declared []pg.Table
		want     []string
	}{
		{"all well", ``, good, nil},
		{"undeclared", `CREATE TABLE stray (n int)`, good,
			[]string{"table stray is not declared: its owner must list it among its pg.Table values"}},
		{"absent", ``, append(good[:5:5], declared("ghost", pg.Local, "")),
			[]string{"table ghost is declared by test but does not exist in schema corp_check"}},
		{"declared twice", ``, append(good[:5:5], good[0]),
			[]string{"table shop is declared twice, by test and by test"}},
		{"unique index without the key", `CREATE UNIQUE INDEX buyer_name ON buyer (lower(name))`, good,
			[]string{"table buyer: the distribution key id is missing from the unique index buyer_name"}},
		{"key only included", `CREATE UNIQUE INDEX buyer_name ON buyer (name) INCLUDE (id)`, good,
			[]string{"table buyer: the distribution key id is missing from the unique index buyer_name"}},
		{"primary key without the key", `ALTER TABLE crowd ADD city text`, with(func(t *pg.Table) { t.Key = "city" }, "crowd"),
			[]string{"table crowd: the distribution key city is missing from the primary key crowd_pkey"}},
		{"no primary key", `ALTER TABLE crowd DROP CONSTRAINT crowd_pkey`, good,
			[]string{"table crowd is distributed but has no primary key"}},
		{"no such key", ``, with(func(t *pg.Table) { t.Key = "nope" }, "crowd"),
			[]string{"table crowd has no column nope, its declared distribution key"}},
		{"foreign key to another family", `ALTER TABLE buyer ADD crowd_id bigint CONSTRAINT buyer_crowd REFERENCES crowd`, good,
			[]string{"table buyer: the foreign key buyer_crowd leaves the family customer for crowd of family group"}},
		{"foreign key without the key", `ALTER TABLE buyer ADD friend bigint CONSTRAINT buyer_friend REFERENCES buyer`, good,
			[]string{"table buyer: the foreign key buyer_friend does not carry the distribution key id to buyer.id"}},
		{"foreign key out of the schema", `CREATE TABLE qunce.far (id bigint PRIMARY KEY); ALTER TABLE shift ADD far bigint CONSTRAINT shift_far REFERENCES qunce.far`, good,
			[]string{"table shift: the foreign key shift_far leaves the schema, for qunce.far"}},
		{"trigger", `CREATE TRIGGER bell BEFORE INSERT ON crowd FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`, good,
			[]string{"table crowd has the trigger bell: triggers do not run on a distributed table"}},
		{"personal column", ``, with(func(t *pg.Table) { t.Personal = []string{"name", "phone"} }, "buyer"),
			[]string{"table buyer declares the personal column phone, which does not exist"}},
		{"empty rules", ``, with(func(t *pg.Table) { t.Merge, t.Sampling, t.Family = "", " ", "city" }, "shift"),
			[]string{`table shift declares the unknown family "city"`, "table shift declares no merge rule", "table shift declares no sampling rule"}},
		{"no key named", ``, with(func(t *pg.Table) { t.Key = "" }, "crowd"),
			[]string{"table crowd is distributed by group but names no distribution column"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pool := pgtest.New(t)
			db := pool.Corp("corp_check")
			mustExec(t, db, `CREATE SCHEMA corp_check`)
			mustExec(t, db, schema)
			if c.sql != "" {
				mustExec(t, db, c.sql)
			}
			if diff := cmp.Diff(c.want, pg.CheckTables(t.Context(), db, c.declared)); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}
