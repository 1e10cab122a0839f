package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

const storeColumns = `id, number, name, name_key, province, city, district, address, lat, lng, open_minute, close_minute,
	department_id, department_by_hand, status`

// findStores reads stores; tail is what follows FROM.
func findStores(ctx context.Context, q pg.Querier, tail string, args ...any) ([]Store, error) {
	rows, err := q.Query(ctx, `SELECT `+storeColumns+` FROM directory_store `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("find stores: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Store, err error) {
		err = row.Scan(&s.ID, &s.Number, &s.Name, &s.NameKey, &s.Province, &s.City, &s.District, &s.Address, &s.At.Lat, &s.At.Lng,
			&s.OpenMinute, &s.CloseMinute, &s.DepartmentID, &s.DepartmentByHand, &s.Status)
		return s, err
	})
}

// storeColumnArrays are the columns of stores side by side, for unnest.
func storeColumnArrays(list []Store) []any {
	n := len(list)
	ids, departments := make([]int64, n), make([]int64, n)
	numbers, names, keys, provinces := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	cities, districts, addresses, statuses := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	lats, lngs := make([]float64, n), make([]float64, n)
	opens, closes := make([]int16, n), make([]int16, n)
	for i, s := range list {
		ids[i], departments[i] = s.ID, s.DepartmentID
		numbers[i], names[i], keys[i], provinces[i] = s.Number, s.Name, s.NameKey, s.Province
		cities[i], districts[i], addresses[i], statuses[i] = s.City, s.District, s.Address, string(s.Status)
		lats[i], lngs[i] = s.At.Lat, s.At.Lng
		opens[i], closes[i] = int16(s.OpenMinute), int16(s.CloseMinute)
	}
	return []any{ids, numbers, names, keys, provinces, cities, districts, addresses, lats, lngs, opens, closes, statuses}
}

const unnestStores = `unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
	$9::double precision[], $10::double precision[], $11::smallint[], $12::smallint[], $13::text[])
	AS u(id, number, name, name_key, province, city, district, address, lat, lng, open_minute, close_minute, status)`

func insertStores(ctx context.Context, q pg.Querier, list []Store, at time.Time) error {
	if len(list) == 0 {
		return nil
	}
	_, err := q.Exec(ctx, `INSERT INTO directory_store (id, number, name, name_key, province, city, district, address, lat, lng,
		open_minute, close_minute, status, updated_at)
		SELECT u.*, $14::timestamptz FROM `+unnestStores, append(storeColumnArrays(list), at)...)
	if err != nil {
		return fmt.Errorf("insert stores: %w", err)
	}
	return nil
}

func updateStores(ctx context.Context, q pg.Querier, list []Store, at time.Time) error {
	if len(list) == 0 {
		return nil
	}
	_, err := q.Exec(ctx, `UPDATE directory_store s SET number = u.number, name = u.name, name_key = u.name_key, province = u.province,
		city = u.city, district = u.district, address = u.address, lat = u.lat, lng = u.lng, open_minute = u.open_minute,
		close_minute = u.close_minute, status = u.status, updated_at = $14 FROM `+unnestStores+` WHERE s.id = u.id`,
		append(storeColumnArrays(list), at)...)
	if err != nil {
		return fmt.Errorf("update stores: %w", err)
	}
	return nil
}

func storeIDsByNumber(ctx context.Context, q pg.Querier, numbers []string) (map[string]int64, error) {
	rows, err := q.Query(ctx, `SELECT number, id FROM directory_store WHERE number = ANY($1)`, numbers)
	if err != nil {
		return nil, fmt.Errorf("find store numbers: %w", err)
	}
	out := make(map[string]int64, len(numbers))
	var number string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&number, &id}, func() error { out[number] = id; return nil })
	return out, err
}

// scopeStores widens departments down the tree; a store of its own may be named twice.
func scopeStores(ctx context.Context, q pg.Querier, storeIDs, departmentIDs []int64) ([]int64, error) {
	rows, err := q.Query(ctx, `SELECT s.id FROM directory_store s LEFT JOIN directory_department d ON d.id = s.department_id
		WHERE s.id = ANY($1::bigint[]) OR d.path && $2::bigint[] ORDER BY s.id`, nonNil(storeIDs), nonNil(departmentIDs))
	if err != nil {
		return nil, fmt.Errorf("widen scope: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// nonNil keeps a missing list from becoming NULL, which equals nothing and makes a condition unknown.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// departments -----------------------------------------------------------------------------------------------------

func findDepartments(ctx context.Context, q pg.Querier) ([]Department, error) {
	rows, err := q.Query(ctx, `SELECT id, name, parent_id, ord, path FROM directory_department ORDER BY cardinality(path), ord DESC, id`)
	if err != nil {
		return nil, fmt.Errorf("find departments: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Department])
}

func departmentExists(ctx context.Context, q pg.Querier, id int64) (there bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM directory_department WHERE id = $1)`, id).Scan(&there)
	return there, err
}

func writeDepartments(ctx context.Context, q pg.Querier, list []Department) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	ids, parents, orders, names, path := make([]int64, n), make([]int64, n), make([]int64, n), make([]string, n), make([]string, n)
	for i, d := range list {
		ids[i], parents[i], orders[i], names[i], path[i] = d.ID, d.ParentID, d.Order, d.Name, arrayText(d.Path)
	}
	_, err := q.Exec(ctx, `INSERT INTO directory_department (id, name, parent_id, ord, path)
		SELECT id, name, parent_id, ord, path::bigint[] FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
		AS u(id, name, parent_id, ord, path)
		ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, parent_id = EXCLUDED.parent_id, ord = EXCLUDED.ord, path = EXCLUDED.path`,
		ids, names, parents, orders, path)
	if err != nil {
		return fmt.Errorf("write departments: %w", err)
	}
	return nil
}

func deleteDepartments(ctx context.Context, q pg.Querier, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if _, err := q.Exec(ctx, `DELETE FROM directory_department WHERE id = ANY($1)`, ids); err != nil {
		return fmt.Errorf("delete departments: %w", err)
	}
	return nil
}

// chooseDepartment notes a choice made by hand; 0 takes the choice back.
func chooseDepartment(ctx context.Context, q pg.Querier, storeID, departmentID int64, at time.Time) error {
	_, err := q.Exec(ctx, `UPDATE directory_store SET department_id = $2::bigint, department_by_hand = ($2::bigint <> 0), updated_at = $3 WHERE id = $1`,
		storeID, departmentID, at)
	if err != nil {
		return fmt.Errorf("choose department: %w", err)
	}
	return nil
}

func linkStores(ctx context.Context, q pg.Querier, storeIDs, departmentIDs []int64, at time.Time) error {
	if len(storeIDs) == 0 {
		return nil
	}
	_, err := q.Exec(ctx, `UPDATE directory_store s SET department_id = u.department_id, updated_at = $3
		FROM unnest($1::bigint[], $2::bigint[]) AS u(id, department_id) WHERE s.id = u.id`, storeIDs, departmentIDs, at)
	if err != nil {
		return fmt.Errorf("link stores: %w", err)
	}
	return nil
}

// staff -----------------------------------------------------------------------------------------------------------

const staffColumns = `id, userid, name, name_key, department_id, department_ids, store_id, is_leader, can_contact, active`

func findStaff(ctx context.Context, q pg.Querier, tail string, args ...any) ([]Staff, error) {
	rows, err := q.Query(ctx, `SELECT `+staffColumns+` FROM directory_staff `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("find staff: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Staff])
}

func staffArrays(list []Staff) []any {
	n := len(list)
	ids, departments, stores := make([]int64, n), make([]int64, n), make([]int64, n)
	users, names, keys, all := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	leaders, contacts, actives := make([]bool, n), make([]bool, n), make([]bool, n)
	for i, x := range list {
		ids[i], departments[i], stores[i] = x.ID, x.DepartmentID, x.StoreID
		users[i], names[i], keys[i], all[i] = x.UserID, x.Name, x.NameKey, arrayText(x.DepartmentIDs)
		leaders[i], contacts[i], actives[i] = x.IsLeader, x.CanContact, x.Active
	}
	return []any{ids, users, names, keys, departments, all, stores, leaders, contacts, actives}
}

const unnestStaff = `unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::boolean[], $9::boolean[], $10::boolean[])
	AS u(id, userid, name, name_key, department_id, department_ids, store_id, is_leader, can_contact, active)`

func insertStaff(ctx context.Context, q pg.Querier, list []Staff, at time.Time) error {
	if len(list) == 0 {
		return nil
	}
	_, err := q.Exec(ctx, `INSERT INTO directory_staff (id, userid, name, name_key, department_id, department_ids, store_id, is_leader, can_contact, active, updated_at)
		SELECT id, userid, name, name_key, department_id, department_ids::bigint[], store_id, is_leader, can_contact, active, $11::timestamptz
		FROM `+unnestStaff+` ON CONFLICT (userid) DO NOTHING`, append(staffArrays(list), at)...)
	if err != nil {
		return fmt.Errorf("insert staff: %w", err)
	}
	return nil
}

func updateStaff(ctx context.Context, q pg.Querier, list []Staff, at time.Time) error {
	if len(list) == 0 {
		return nil
	}
	_, err := q.Exec(ctx, `UPDATE directory_staff s SET userid = u.userid, name = u.name, name_key = u.name_key, department_id = u.department_id,
		department_ids = u.department_ids::bigint[], store_id = u.store_id, is_leader = u.is_leader, can_contact = u.can_contact,
		active = u.active, updated_at = $11 FROM `+unnestStaff+` WHERE s.id = u.id`, append(staffArrays(list), at)...)
	if err != nil {
		return fmt.Errorf("update staff: %w", err)
	}
	return nil
}

// renameStaff follows a userid that WeCom's administrator changed; a row that already has the new one is left alone.
func renameStaff(ctx context.Context, q pg.Querier, from, to []string, at time.Time) error {
	if len(from) == 0 {
		return nil
	}
	_, err := q.Exec(ctx, `UPDATE directory_staff s SET userid = u.new, updated_at = $3 FROM unnest($1::text[], $2::text[]) AS u(old, new)
		WHERE s.userid = u.old AND NOT EXISTS (SELECT FROM directory_staff t WHERE t.userid = u.new)`, from, to, at)
	if err != nil {
		return fmt.Errorf("rename staff: %w", err)
	}
	return nil
}

func storeOfStaff(ctx context.Context, q pg.Querier, ids []int64) (map[int64]int64, error) {
	rows, err := q.Query(ctx, `SELECT id, store_id FROM directory_staff WHERE id = ANY($1) AND store_id <> 0`, ids)
	if err != nil {
		return nil, fmt.Errorf("find stores of staff: %w", err)
	}
	out := make(map[int64]int64, len(ids))
	var staff, store int64
	_, err = pgx.ForEachRow(rows, []any{&staff, &store}, func() error { out[staff] = store; return nil })
	return out, err
}

func staffedStores(ctx context.Context, q pg.Querier) (map[int64]bool, error) {
	rows, err := q.Query(ctx, `SELECT DISTINCT store_id FROM directory_staff WHERE store_id <> 0 AND active AND can_contact`)
	if err != nil {
		return nil, fmt.Errorf("find staffed stores: %w", err)
	}
	out := map[int64]bool{}
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { out[id] = true; return nil })
	return out, err
}

// version ---------------------------------------------------------------------------------------------------------

func readVersion(ctx context.Context, q pg.Querier) (version int64, err error) {
	err = q.QueryRow(ctx, `SELECT version FROM directory_version WHERE id = 1`).Scan(&version)
	if pg.IsNoRows(err) {
		return 0, nil
	}
	return version, err
}

// bumpVersion tells every process that stores or staff changed.
func bumpVersion(ctx context.Context, q pg.Querier) error {
	_, err := q.Exec(ctx, `INSERT INTO directory_version (id, version) VALUES (1, 1)
		ON CONFLICT (id) DO UPDATE SET version = directory_version.version + 1`)
	if err != nil {
		return fmt.Errorf("bump directory version: %w", err)
	}
	return nil
}

// lockDirectory lets one writer at a time compare the whole directory with what is stored.
func lockDirectory(ctx context.Context, q pg.Querier) error {
	if _, err := q.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/directory', 0))`); err != nil {
		return fmt.Errorf("lock directory: %w", err)
	}
	return nil
}

// arrayText writes an array as PostgreSQL reads one, since unnest flattens arrays of arrays.
func arrayText(ids []int64) string {
	b := []byte{'{'}
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%d", id)
	}
	return string(append(b, '}'))
}
