package customer

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
	"qunce/internal/wecom"
)

type pair struct{ customer, staff int64 }

func split(pairs []pair) (customers, staff []int64) {
	for _, p := range pairs {
		customers, staff = append(customers, p.customer), append(staff, p.staff)
	}
	return customers, staff
}

// lockMembers lets imports of members and of their orders go one after another: both make customers of member numbers.
func lockMembers(ctx context.Context, tx pg.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/customer/members', 0))`); err != nil {
		return fmt.Errorf("lock members: %w", err)
	}
	return nil
}

// Identity is one value that points to a customer.
type Identity struct {
	Kind, Value string
	CustomerID  int64
	Source      string
}

func identities(ctx context.Context, q pg.Querier, kind string, values []string) (map[string]int64, error) {
	out := map[string]int64{}
	if len(values) == 0 {
		return out, nil
	}
	rows, err := q.Query(ctx, `SELECT value, customer_id FROM customer_identity WHERE value = ANY($1) AND kind = $2`, values, kind)
	if err != nil {
		return nil, fmt.Errorf("find identities: %w", err)
	}
	var v string
	var c int64
	_, err = pgx.ForEachRow(rows, []any{&v, &c}, func() error { out[v] = c; return nil })
	return out, err
}

// claimIdentities adds identities and returns, by value, the customer each now points to: ours, or the one that was first.
func claimIdentities(ctx context.Context, tx pg.Tx, ids []Identity, now time.Time) (map[string]int64, error) {
	out := map[string]int64{}
	if len(ids) == 0 {
		return out, nil
	}
	n := len(ids)
	kinds, values, customers, sources := make([]string, n), make([]string, n), make([]int64, n), make([]string, n)
	for i, x := range ids {
		kinds[i], values[i], customers[i], sources[i] = x.Kind, x.Value, x.CustomerID, x.Source
	}
	if _, err := tx.Exec(ctx, `INSERT INTO customer_identity (kind, value, customer_id, source, created_at)
		SELECT DISTINCT ON (v, k) k, v, c, s, $5 FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS u(k, v, c, s) ORDER BY v, k
		ON CONFLICT (value, kind) DO NOTHING`, kinds, values, customers, sources, now); err != nil {
		return nil, fmt.Errorf("claim identities: %w", err)
	}
	return identities(ctx, tx, ids[0].Kind, values)
}

type newCustomer struct {
	id     int64
	name   string
	gender int
}

func columns(list []newCustomer) (ids []int64, names, keys []string, genders []int16) {
	for _, c := range list {
		ids, names, keys, genders = append(ids, c.id), append(names, c.name), append(keys, nameKey(c.name)), append(genders, int16(c.gender))
	}
	return ids, names, keys, genders
}

func insertCustomers(ctx context.Context, tx pg.Tx, list []newCustomer, now time.Time) error {
	if len(list) == 0 {
		return nil
	}
	ids, names, keys, genders := columns(list)
	if _, err := tx.Exec(ctx, `INSERT INTO customer_customer (id, name, name_key, gender, created_at, updated_at)
		SELECT i, n, k, g, $5, $5 FROM unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[]) AS u(i, n, k, g)`,
		ids, names, keys, genders, now); err != nil {
		return fmt.Errorf("insert customers: %w", err)
	}
	return nil
}

// renameCustomers writes only rows whose name or gender differs; an empty name does not overwrite a known one.
func renameCustomers(ctx context.Context, tx pg.Tx, list []newCustomer, now time.Time) error {
	ids, names, keys, genders := columns(list)
	_, err := tx.Exec(ctx, `UPDATE customer_customer c SET name = u.n, name_key = u.k, gender = u.g, updated_at = $5
		FROM unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[]) AS u(i, n, k, g)
		WHERE c.id = u.i AND u.n <> '' AND (c.name, c.gender) IS DISTINCT FROM (u.n, u.g)`, ids, names, keys, genders, now)
	if err != nil {
		return fmt.Errorf("rename customers: %w", err)
	}
	return nil
}

// markAdded keeps when customers were first added and returns which had been before. Customers who had not are locked, so
// that of two writers who add a person to two members of staff at once only one calls the person new.
func markAdded(ctx context.Context, tx pg.Tx, began map[int64]time.Time) (map[int64]bool, error) {
	ids, at := make([]int64, 0, len(began)), make([]time.Time, 0, len(began))
	before := make(map[int64]bool, len(began))
	for c, t := range began {
		ids, at = append(ids, c), append(at, t)
		before[c] = true
	}
	rows, err := tx.Query(ctx, `SELECT id FROM customer_customer WHERE id = ANY($1) AND first_added_at IS NULL ORDER BY id FOR UPDATE`, ids)
	if err != nil {
		return nil, fmt.Errorf("read first adds: %w", err)
	}
	var c int64
	if _, err := pgx.ForEachRow(rows, []any{&c}, func() error { delete(before, c); return nil }); err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `UPDATE customer_customer c SET first_added_at = u.a FROM unnest($1::bigint[], $2::timestamptz[]) AS u(i, a)
		WHERE c.id = u.i AND (c.first_added_at IS NULL OR c.first_added_at > u.a)`, ids, at)
	if err != nil {
		return nil, fmt.Errorf("keep first adds: %w", err)
	}
	return before, nil
}

const relationColumns = `r.customer_id, r.staff_id, r.store_id, r.userid, r.external_userid, r.state, r.added_at, r.ended_at, r.adds, r.add_way, r.way_state, r.code_id, r.remark`

func collectRelations(rows pgx.Rows) ([]Relation, error) {
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Relation])
}

func relations(ctx context.Context, q pg.Querier, pairs []pair) (map[pair]*Relation, error) {
	customers, staff := split(pairs)
	rows, err := q.Query(ctx, `SELECT `+relationColumns+` FROM customer_relation r
		JOIN (SELECT DISTINCT c, s FROM unnest($1::bigint[], $2::bigint[]) AS u(c, s)) u ON r.customer_id = u.c AND r.staff_id = u.s`, customers, staff)
	if err != nil {
		return nil, fmt.Errorf("read relations: %w", err)
	}
	list, err := collectRelations(rows)
	if err != nil {
		return nil, err
	}
	out := make(map[pair]*Relation, len(list))
	for i := range list {
		out[pair{list[i].CustomerID, list[i].StaffID}] = &list[i]
	}
	return out, nil
}

func relationTags(ctx context.Context, q pg.Querier, pairs []pair) (map[pair][]heldTag, error) {
	customers, staff := split(pairs)
	rows, err := q.Query(ctx, `SELECT t.customer_id, t.staff_id, t.tag_id, t.written_at FROM customer_relation_tag t
		JOIN (SELECT DISTINCT c, s FROM unnest($1::bigint[], $2::bigint[]) AS u(c, s)) u ON t.customer_id = u.c AND t.staff_id = u.s`, customers, staff)
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	out := map[pair][]heldTag{}
	var p pair
	var tag heldTag
	_, err = pgx.ForEachRow(rows, []any{&p.customer, &p.staff, &tag.id, &tag.writtenAt}, func() error { out[p] = append(out[p], tag); return nil })
	return out, err
}

// beginRelations writes relations that began, or began again. A row that another writer ended meanwhile, after this
// beginning, stays ended.
func beginRelations(ctx context.Context, tx pg.Tx, list []Relation, now time.Time) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	customers, staff, stores, ways := make([]int64, n), make([]int64, n), make([]int64, n), make([]int32, n)
	users, externals, states, remarks := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	at, adds := make([]time.Time, n), make([]int32, n)
	for i, r := range list {
		customers[i], staff[i], stores[i], ways[i] = r.CustomerID, r.StaffID, r.StoreID, int32(r.AddWay)
		users[i], externals[i], states[i], remarks[i], at[i], adds[i] = r.UserID, r.ExternalUserID, r.WayState, r.Remark, r.AddedAt, int32(r.Adds)
	}
	_, err := tx.Exec(ctx, `INSERT INTO customer_relation AS r (customer_id, staff_id, store_id, userid, external_userid, state, added_at, adds, add_way, way_state, remark, updated_at)
		SELECT c, s, st, us, ex, 'active', a, ad, w, ws, re, $11 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[],
			$7::int[], $8::int[], $9::text[], $10::text[]) AS u(c, s, st, us, ex, a, ad, w, ws, re) ORDER BY c, s
		ON CONFLICT (customer_id, staff_id) DO UPDATE SET store_id = EXCLUDED.store_id, state = 'active', ended_at = NULL, added_at = EXCLUDED.added_at,
			adds = EXCLUDED.adds, add_way = EXCLUDED.add_way, way_state = EXCLUDED.way_state, code_id = 0, remark = EXCLUDED.remark,
			external_userid = EXCLUDED.external_userid, updated_at = EXCLUDED.updated_at
		WHERE EXCLUDED.added_at > r.added_at AND (r.state = 'active' OR EXCLUDED.added_at > r.ended_at
			OR r.state = 'deleted_by_staff' AND EXCLUDED.added_at >= date_trunc('second', r.ended_at))`,
		customers, staff, stores, users, externals, at, adds, ways, states, remarks, now)
	if err != nil {
		return fmt.Errorf("begin relations: %w", err)
	}
	return nil
}

// amendRelations writes what may change while a friendship lasts; it never touches whether it does.
func amendRelations(ctx context.Context, tx pg.Tx, list []Relation, now time.Time) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	customers, staff, stores, states, remarks := make([]int64, n), make([]int64, n), make([]int64, n), make([]string, n), make([]string, n)
	for i, r := range list {
		customers[i], staff[i], stores[i], states[i], remarks[i] = r.CustomerID, r.StaffID, r.StoreID, r.WayState, r.Remark
	}
	_, err := tx.Exec(ctx, `UPDATE customer_relation r SET store_id = u.st, way_state = CASE WHEN u.ws = '' THEN r.way_state ELSE u.ws END, remark = u.re, updated_at = $6
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[]) AS u(c, s, st, ws, re) WHERE r.customer_id = u.c AND r.staff_id = u.s`,
		customers, staff, stores, states, remarks, now)
	if err != nil {
		return fmt.Errorf("amend relations: %w", err)
	}
	return nil
}

type tagRow struct {
	pair
	tag string
}

func saveTags(ctx context.Context, tx pg.Tx, add, remove []tagRow, now, wall time.Time) error {
	cols := func(list []tagRow) (c, s []int64, t []string) {
		for _, x := range list {
			c, s, t = append(c, x.customer), append(s, x.staff), append(t, x.tag)
		}
		return c, s, t
	}
	if len(add) > 0 {
		c, s, t := cols(add)
		if _, err := tx.Exec(ctx, `INSERT INTO customer_relation_tag (customer_id, staff_id, tag_id, added_at, written_at)
			SELECT c, s, t, $4, $5 FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS u(c, s, t) ON CONFLICT DO NOTHING`, c, s, t, now, wall); err != nil {
			return fmt.Errorf("add tags: %w", err)
		}
	}
	if len(remove) > 0 {
		c, s, t := cols(remove)
		if _, err := tx.Exec(ctx, `DELETE FROM customer_relation_tag t USING unnest($1::bigint[], $2::bigint[], $3::text[]) AS u(c, s, t)
			WHERE t.customer_id = u.c AND t.staff_id = u.s AND t.tag_id = u.t`, c, s, t); err != nil {
			return fmt.Errorf("remove tags: %w", err)
		}
	}
	return nil
}

func endRelations(ctx context.Context, tx pg.Tx, ends []End, now time.Time) ([]Relation, error) {
	if len(ends) == 0 {
		return nil, nil
	}
	n := len(ends)
	users, externals, states, at := make([]string, n), make([]string, n), make([]string, n), make([]time.Time, n)
	for i, e := range ends {
		users[i], externals[i], states[i], at[i] = e.UserID, e.ExternalUserID, string(e.By), e.At
	}
	const told = ` FROM (SELECT DISTINCT ON (us, ex) us, ex, s, a, i.customer_id FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS g(us, ex, s, a)
			JOIN customer_identity i ON i.value = g.ex AND i.kind = 'external_userid' ORDER BY us, ex, a DESC) u
		WHERE r.customer_id = u.customer_id AND r.userid = u.us AND r.added_at <= u.a`
	if _, err := tx.Exec(ctx, `UPDATE customer_relation r SET state = u.s, updated_at = $5`+told+` AND r.state = 'deleted_by_customer' AND u.s = 'deleted_by_staff'`,
		users, externals, states, at, now); err != nil {
		return nil, fmt.Errorf("end one-way relations: %w", err)
	}
	rows, err := tx.Query(ctx, `UPDATE customer_relation r SET state = u.s, ended_at = u.a, updated_at = $5`+told+` AND r.state = 'active' RETURNING `+relationColumns,
		users, externals, states, at, now)
	if err != nil {
		return nil, fmt.Errorf("end relations: %w", err)
	}
	return collectRelations(rows)
}

// restoreRelations takes back ends by the staff that were written before a time, of relations that are shown with the
// beginning we know.
func restoreRelations(ctx context.Context, tx pg.Tx, seen []Seen, before, now time.Time) ([]Relation, error) {
	users, externals, began := make([]string, len(seen)), make([]string, len(seen)), make([]time.Time, len(seen))
	for i, x := range seen {
		users[i], externals[i], began[i] = x.Follow.UserID, x.Contact.ExternalUserID, time.Unix(x.Follow.CreateTime, 0)
	}
	rows, err := tx.Query(ctx, `UPDATE customer_relation r SET state = 'active', ended_at = NULL, updated_at = $5
		FROM (SELECT DISTINCT ON (us, ex) us, ex, a, i.customer_id FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS g(us, ex, a)
			JOIN customer_identity i ON i.value = g.ex AND i.kind = 'external_userid' ORDER BY us, ex, a DESC) u
		WHERE r.customer_id = u.customer_id AND r.userid = u.us AND r.state = 'deleted_by_staff' AND r.updated_at < $4 AND r.added_at = u.a
		RETURNING `+relationColumns, users, externals, began, before, now)
	if err != nil {
		return nil, fmt.Errorf("restore relations: %w", err)
	}
	return collectRelations(rows)
}

// unknownPairs returns which of the given (userid, external_userid) we hold no relation of.
func unknownPairs(ctx context.Context, q pg.Querier, ends []End) ([]End, error) {
	users, externals := make([]string, len(ends)), make([]string, len(ends))
	for i, e := range ends {
		users[i], externals[i] = e.UserID, e.ExternalUserID
	}
	rows, err := q.Query(ctx, `SELECT r.userid, r.external_userid FROM customer_relation r
		JOIN customer_identity i ON i.customer_id = r.customer_id AND i.kind = 'external_userid'
		JOIN unnest($1::text[], $2::text[]) AS u(us, ex) ON i.value = u.ex AND r.userid = u.us`, users, externals)
	if err != nil {
		return nil, fmt.Errorf("find relations: %w", err)
	}
	have := map[[2]string]bool{}
	var us, ex string
	if _, err := pgx.ForEachRow(rows, []any{&us, &ex}, func() error { have[[2]string{us, ex}] = true; return nil }); err != nil {
		return nil, err
	}
	var out []End
	for _, e := range ends {
		if !have[[2]string{e.UserID, e.ExternalUserID}] {
			out = append(out, e)
		}
	}
	return out, nil
}

func setCodes(ctx context.Context, tx pg.Tx, list []CodeOf) error {
	if len(list) == 0 {
		return nil
	}
	var c, s, co []int64
	for _, x := range list {
		c, s, co = append(c, x.CustomerID), append(s, x.StaffID), append(co, x.CodeID)
	}
	_, err := tx.Exec(ctx, `UPDATE customer_relation r SET code_id = u.co FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u(c, s, co)
		WHERE r.customer_id = u.c AND r.staff_id = u.s AND r.code_id <> u.co`, c, s, co)
	if err != nil {
		return fmt.Errorf("set codes: %w", err)
	}
	return nil
}

func saveOptOut(ctx context.Context, tx pg.Tx, customerID int64, at *time.Time, reason string) (changed, exists bool, err error) {
	tag, err := tx.Exec(ctx, `UPDATE customer_customer SET opted_out_at = $2, opt_out_reason = $3
		WHERE id = $1 AND (opted_out_at IS NULL) <> ($2::timestamptz IS NULL)`, customerID, at, reason)
	if err != nil {
		return false, false, fmt.Errorf("save opt-out: %w", err)
	}
	if tag.RowsAffected() == 1 {
		return true, true, nil
	}
	err = tx.QueryRow(ctx, `SELECT count(*) = 1 FROM customer_customer WHERE id = $1`, customerID).Scan(&exists)
	return false, exists, err
}

func tagNames(ctx context.Context, q pg.Querier) (map[string]string, error) {
	rows, err := q.Query(ctx, `SELECT id, name FROM customer_tag`)
	if err != nil {
		return nil, fmt.Errorf("read tag names: %w", err)
	}
	out := map[string]string{}
	var i, n string
	_, err = pgx.ForEachRow(rows, []any{&i, &n}, func() error { out[i] = n; return nil })
	return out, err
}

// claimTagReading takes the list of tags for a reading that began at readAt; it reports false if a later one was applied.
func claimTagReading(ctx context.Context, tx pg.Tx, readAt time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `INSERT INTO customer_tag_reading AS r (id, read_at) VALUES (1, $1)
		ON CONFLICT (id) DO UPDATE SET read_at = EXCLUDED.read_at WHERE r.read_at <= EXCLUDED.read_at`, readAt)
	if err != nil {
		return false, fmt.Errorf("claim tag reading: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func saveTagList(ctx context.Context, tx pg.Tx, list []wecom.CorpTagGroup, complete bool) error {
	gids, gnames, tids, tgroups, tnames, gone := []string{}, []string{}, []string{}, []string{}, []string{}, []string{} // an empty list, not NULL
	var gords, tords []int64
	for _, g := range list {
		if g.Deleted {
			gone = append(gone, g.GroupID)
			continue
		}
		gids, gnames, gords = append(gids, g.GroupID), append(gnames, g.GroupName), append(gords, g.Order)
		for _, t := range g.Tags {
			if t.Deleted {
				gone = append(gone, t.ID)
				continue
			}
			tids, tgroups, tnames, tords = append(tids, t.ID), append(tgroups, g.GroupID), append(tnames, t.Name), append(tords, t.Order)
		}
	}
	if _, err := tx.Exec(ctx, `INSERT INTO customer_tag_group AS g (id, name, ord) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
		ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, ord = EXCLUDED.ord WHERE (g.name, g.ord) IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.ord)`, gids, gnames, gords); err != nil {
		return fmt.Errorf("save tag groups: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO customer_tag AS t (id, group_id, name, ord) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
		ON CONFLICT (id) DO UPDATE SET group_id = EXCLUDED.group_id, name = EXCLUDED.name, ord = EXCLUDED.ord
		WHERE (t.group_id, t.name, t.ord) IS DISTINCT FROM (EXCLUDED.group_id, EXCLUDED.name, EXCLUDED.ord)`, tids, tgroups, tnames, tords); err != nil {
		return fmt.Errorf("save tags: %w", err)
	}
	where, args := `id = ANY($1) OR group_id = ANY($1)`, []any{gone}
	if complete {
		where, args = `id <> ALL($1)`, []any{tids}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM customer_relation_tag WHERE tag_id IN (SELECT id FROM customer_tag WHERE `+where+`)`, args...); err != nil {
		return fmt.Errorf("drop deleted tags: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM customer_tag WHERE `+where, args...); err != nil {
		return fmt.Errorf("drop deleted tags: %w", err)
	}
	_, err := tx.Exec(ctx, `DELETE FROM customer_tag_group g WHERE g.id NOT IN (SELECT group_id FROM customer_tag)`)
	return err
}
