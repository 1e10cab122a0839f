package directory

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/pg"
)

// listDepartments reads the tree for the console; stores and staff are counted in a department and below it.
func listDepartments(ctx context.Context, q pg.Querier) ([]departmentItem, error) {
	rows, err := q.Query(ctx, `WITH s AS (SELECT d.path FROM directory_store x JOIN directory_department d ON d.id = x.department_id WHERE x.status = 'open'),
		f AS (SELECT d.path FROM directory_staff x JOIN directory_department d ON d.id = x.department_id WHERE x.active),
		sc AS (SELECT p AS id, count(*)::int AS n FROM s, unnest(s.path) p GROUP BY p),
		fc AS (SELECT p AS id, count(*)::int AS n FROM f, unnest(f.path) p GROUP BY p)
		SELECT d.id, d.name, d.parent_id, coalesce(sc.n, 0), coalesce(fc.n, 0)
		FROM directory_department d LEFT JOIN sc ON sc.id = d.id LEFT JOIN fc ON fc.id = d.id
		ORDER BY cardinality(d.path), d.ord DESC, d.id`)
	if err != nil {
		return nil, fmt.Errorf("list departments: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[departmentItem])
}

const storeFilter = ` FROM directory_store s LEFT JOIN directory_department d ON d.id = s.department_id
	WHERE ($1 = '' OR s.number ILIKE $1 || '%' OR s.name ILIKE '%' || $1 || '%' OR s.name_key LIKE lower($1) || '%')
	AND ($2 = '' OR s.city = $2) AND ($3 = 0 OR $3 = ANY(d.path))
	AND ($4 OR s.id = ANY($5::bigint[]) OR s.id = (SELECT store_id FROM directory_staff WHERE id = $6))`

// listStores reads a page of stores by name, one more than asked for, and how many fit the filters in all.
func listStores(ctx context.Context, q pg.Querier, in *storeQuery, scope actor.Scope, mark api.Mark) (items []storeItem, total int, err error) {
	args := []any{likeText(in.Q), in.City, in.DepartmentID, scope.All, nonNil(scope.Stores), scope.Staff}
	if err := q.QueryRow(ctx, `SELECT count(*)`+storeFilter, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count stores: %w", err)
	}
	rows, err := q.Query(ctx, `SELECT s.id, s.number, s.name, s.province, s.city, s.district, s.address, s.lat, s.lng, s.open_minute, s.close_minute,
		(SELECT count(*) FROM directory_staff f WHERE f.store_id = s.id AND f.active), s.department_id, coalesce(d.name, ''), s.status, s.name_key`+
		storeFilter+` AND (s.name_key, s.id) > ($7, $8) ORDER BY s.name_key, s.id LIMIT $9`, append(args, mark.Text, mark.ID, in.Limit+1)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list stores: %w", err)
	}
	items, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (x storeItem, err error) {
		var open, closing int
		err = row.Scan(&x.ID, &x.Number, &x.Name, &x.Province, &x.City, &x.District, &x.Address, &x.Lat, &x.Lng, &open, &closing,
			&x.StaffCount, &x.DepartmentID, &x.DepartmentName, &x.Status, &x.nameKey)
		x.OpenTime, x.CloseTime = clockTime(open), clockTime(closing)
		return x, err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list stores: %w", err)
	}
	return items, total, nil
}

// listStaff reads a page of staff by name, one more than asked for.
func listStaff(ctx context.Context, q pg.Querier, in *staffQuery, scope actor.Scope, mark api.Mark) ([]staffItem, error) {
	rows, err := q.Query(ctx, `SELECT f.id, f.userid, f.name, f.store_id, coalesce(s.name, ''), f.is_leader, f.can_contact, f.active, f.name_key
		FROM directory_staff f LEFT JOIN directory_store s ON s.id = f.store_id
		WHERE ($1 = '' OR f.name ILIKE '%' || $1 || '%' OR f.userid ILIKE $1 || '%' OR f.name_key LIKE lower($1) || '%')
		AND ($2 = 0 OR f.store_id = $2) AND ($3 OR f.store_id = ANY($4::bigint[]) OR f.id = $5) AND (f.name_key, f.id) > ($6, $7)
		ORDER BY f.name_key, f.id LIMIT $8`,
		likeText(in.Q), in.StoreID, scope.All, nonNil(scope.Stores), scope.Staff, mark.Text, mark.ID, in.Limit+1)
	if err != nil {
		return nil, fmt.Errorf("list staff: %w", err)
	}
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (x staffItem, err error) {
		err = row.Scan(&x.ID, &x.UserID, &x.Name, &x.StoreID, &x.StoreName, &x.IsLeader, &x.Contact, &x.Active, &x.nameKey)
		return x, err
	})
	if err != nil {
		return nil, fmt.Errorf("list staff: %w", err)
	}
	return items, nil
}

// likeText takes the pattern characters out of what somebody typed.
func likeText(q string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.TrimSpace(q))
}
