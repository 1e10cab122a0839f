package group

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/customer"
	"qunce/internal/pg"
	"qunce/internal/pinyin"
)

// known is a group's row as a reading needs it.
type known struct {
	id          int64
	chatID      string
	owner       customer.StaffRef
	ownerUserID string
	name        string
	notice      string
	version     string
	status      Status
	readAt      time.Time
	isNew       bool
}

type memberRow struct {
	group known
	stay  stay
	cause int64
}

// ensure finds or makes the row of every group, locked in one order.
func (s *Service) ensure(ctx context.Context, tx pg.Tx, seen []Seen) (map[string]known, error) {
	var chats, owners []string
	for _, x := range seen {
		chats, owners = append(chats, x.Group.ChatID), append(owners, x.Group.Owner)
	}
	staff, err := s.Staff.EnsureStaff(ctx, tx, owners)
	if err != nil {
		return nil, err
	}
	ids, err := s.IDs.Take(ctx, len(seen))
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO group_chat (chat_id, group_id) SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT (chat_id) DO NOTHING`, chats, ids); err != nil {
		return nil, fmt.Errorf("claim chats: %w", err)
	}
	now := s.Wall.Now()
	n := len(seen)
	names, keys, ownerIDs, stores, created := make([]string, n), make([]string, n), make([]int64, n), make([]int64, n), make([]time.Time, n)
	for i, x := range seen {
		names[i], keys[i] = x.Group.Name, pinyin.Key(x.Group.Name)
		ownerIDs[i], stores[i] = staff[x.Group.Owner].ID, staff[x.Group.Owner].StoreID
		created[i] = time.Unix(x.Group.CreateTime, 0)
	}
	rows, err := tx.Query(ctx, `INSERT INTO group_group (id, chat_id, name, name_key, owner_userid, owner_staff_id, store_id, status, capacity, created_at, read_at)
		SELECT c.group_id, u.ch, u.n, u.k, u.o, u.os, u.st, 'normal', $8, u.cr, $9
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::timestamptz[]) AS u(ch, n, k, o, os, st, cr)
		JOIN group_chat c ON c.chat_id = u.ch ON CONFLICT (id) DO NOTHING RETURNING chat_id`, chats, names, keys, owners, ownerIDs, stores, created, Capacity, now)
	if err != nil {
		return nil, fmt.Errorf("insert groups: %w", err)
	}
	fresh := map[string]bool{}
	var chat string
	if _, err := pgx.ForEachRow(rows, []any{&chat}, func() error { fresh[chat] = true; return nil }); err != nil {
		return nil, err
	}
	rows, err = tx.Query(ctx, `SELECT g.id, g.chat_id, g.name, g.owner_userid, g.notice, g.member_version, g.status, g.read_at FROM group_group g
		WHERE g.id IN (SELECT group_id FROM group_chat WHERE chat_id = ANY($1)) ORDER BY g.id FOR UPDATE`, chats)
	if err != nil {
		return nil, fmt.Errorf("lock groups: %w", err)
	}
	out := map[string]known{}
	var k known
	_, err = pgx.ForEachRow(rows, []any{&k.id, &chat, &k.name, &k.ownerUserID, &k.notice, &k.version, &k.status, &k.readAt}, func() error {
		k.chatID, k.isNew = chat, fresh[chat]
		out[chat] = k
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, x := range seen {
		k := out[x.Group.ChatID]
		k.owner = staff[x.Group.Owner]
		out[x.Group.ChatID] = k
	}
	return out, nil
}

// saveGroups writes the header and the counts of groups that differ.
func saveGroups(ctx context.Context, tx pg.Tx, seen []Seen, groups map[string]known) error {
	n := len(seen)
	ids, names, keys, owners := make([]int64, n), make([]string, n), make([]string, n), make([]string, n)
	ownerIDs, stores, notices, versions, statuses := make([]int64, n), make([]int64, n), make([]string, n), make([]string, n), make([]string, n)
	read := make([]time.Time, n)
	for i, x := range seen {
		g := groups[x.Group.ChatID]
		ids[i], names[i], keys[i], owners[i] = g.id, x.Group.Name, pinyin.Key(x.Group.Name), x.Group.Owner
		ownerIDs[i], stores[i], notices[i], versions[i] = g.owner.ID, g.owner.StoreID, x.Group.Notice, x.Group.Version
		statuses[i], read[i] = string(x.Status), x.ReadAt
	}
	if _, err := tx.Exec(ctx, `UPDATE group_group g SET name = u.n, name_key = u.k, owner_userid = u.o, owner_staff_id = u.os, store_id = u.st, notice = u.no,
			member_version = u.v, read_at = u.r, dissolved_at = NULL,
			status = CASE WHEN u.s <> '' THEN u.s WHEN g.status = 'dissolved' OR g.owner_userid <> u.o THEN 'normal' ELSE g.status END
		FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::timestamptz[]) AS u(i, n, k, o, os, st, no, v, s, r)
		WHERE g.id = u.i`, ids, names, keys, owners, ownerIDs, stores, notices, versions, statuses, read); err != nil {
		return fmt.Errorf("save groups: %w", err)
	}
	return recount(ctx, tx, ids)
}

func recount(ctx context.Context, tx pg.Tx, groupIDs []int64) error {
	_, err := tx.Exec(ctx, `UPDATE group_group g SET members = c.members, customers = c.customers
		FROM (SELECT i AS id, count(m.member_id) AS members, count(m.member_id) FILTER (WHERE m.type = 2) AS customers
			FROM unnest($1::bigint[]) AS i LEFT JOIN group_member m ON m.group_id = i AND m.left_at IS NULL GROUP BY i) c
		WHERE g.id = c.id AND (g.members, g.customers) IS DISTINCT FROM (c.members, c.customers)`, groupIDs)
	if err != nil {
		return fmt.Errorf("count members: %w", err)
	}
	return nil
}

// stays returns, by group and member, who is present, and what we know of the stays each member had.
func stays(ctx context.Context, q pg.Querier, groupIDs []int64) (map[int64]map[string]stay, map[int64]map[string]past, error) {
	rows, err := q.Query(ctx, `SELECT group_id, member_id, stay, type, name, joined_at, join_scene, way_state, is_admin, left_at, customer_id <> 0
		FROM group_member WHERE group_id = ANY($1)`, groupIDs)
	if err != nil {
		return nil, nil, fmt.Errorf("read members: %w", err)
	}
	present, before := map[int64]map[string]stay{}, map[int64]map[string]past{}
	for _, g := range groupIDs {
		present[g], before[g] = map[string]stay{}, map[string]past{}
	}
	var g int64
	var m stay
	var left *time.Time
	_, err = pgx.ForEachRow(rows, []any{&g, &m.memberID, &m.n, &m.typ, &m.name, &m.joinedAt, &m.scene, &m.wayState, &m.admin, &left, &m.linked}, func() error {
		p := before[g][m.memberID]
		p.n = max(p.n, m.n)
		if left == nil {
			present[g][m.memberID] = m
		} else if left.After(p.left) {
			p.left = *left
		}
		before[g][m.memberID] = p
		return nil
	})
	return present, before, err
}

func beginStays(ctx context.Context, tx pg.Tx, list []memberRow, customers map[string]int64) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	groups, members, stays, types, custs := make([]int64, n), make([]string, n), make([]int32, n), make([]int16, n), make([]int64, n)
	names, unions, joined, scenes := make([]string, n), make([]string, n), make([]time.Time, n), make([]int16, n)
	invitors, states, admins := make([]string, n), make([]string, n), make([]bool, n)
	for i, m := range list {
		groups[i], members[i], stays[i], types[i] = m.group.id, m.stay.memberID, int32(m.stay.n), int16(m.stay.typ)
		names[i], unions[i], joined[i], scenes[i] = m.stay.name, m.stay.unionID, m.stay.joinedAt, int16(m.stay.scene)
		invitors[i], states[i], admins[i] = m.stay.invitor, m.stay.wayState, m.stay.admin
		if m.stay.typ == typeExternal {
			custs[i] = customers[m.stay.memberID]
		}
	}
	if _, err := tx.Exec(ctx, `INSERT INTO group_member (group_id, member_id, stay, type, customer_id, name, unionid, joined_at, join_scene, invitor, way_state, is_admin)
		SELECT * FROM unnest($1::bigint[], $2::text[], $3::int[], $4::smallint[], $5::bigint[], $6::text[], $7::text[], $8::timestamptz[], $9::smallint[], $10::text[], $11::text[], $12::boolean[])`,
		groups, members, stays, types, custs, names, unions, joined, scenes, invitors, states, admins); err != nil {
		return fmt.Errorf("begin stays: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO group_membership (customer_id, group_id, stay, joined_at, join_scene)
		SELECT c, g, s, j, sc FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::timestamptz[], $5::smallint[]) AS u(c, g, s, j, sc) WHERE c <> 0
		ON CONFLICT DO NOTHING`, custs, groups, stays, joined, scenes); err != nil {
		return fmt.Errorf("begin memberships: %w", err)
	}
	return nil
}

func endStays(ctx context.Context, tx pg.Tx, list []memberRow) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	groups, members, stays, left, quits := make([]int64, n), make([]string, n), make([]int32, n), make([]time.Time, n), make([]int16, n)
	for i, m := range list {
		groups[i], members[i], stays[i], left[i], quits[i] = m.group.id, m.stay.memberID, int32(m.stay.n), *m.stay.left, int16(m.stay.quit)
	}
	if _, err := tx.Exec(ctx, `UPDATE group_member m SET left_at = u.l, quit_scene = u.q
		FROM unnest($1::bigint[], $2::text[], $3::int[], $4::timestamptz[], $5::smallint[]) AS u(g, me, s, l, q)
		WHERE m.group_id = u.g AND m.member_id = u.me AND m.stay = u.s AND m.left_at IS NULL`, groups, members, stays, left, quits); err != nil {
		return fmt.Errorf("end stays: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE group_membership p SET left_at = m.left_at FROM group_member m
		JOIN unnest($1::bigint[], $2::text[], $3::int[]) AS u(g, me, s) ON m.group_id = u.g AND m.member_id = u.me AND m.stay = u.s
		WHERE p.customer_id = m.customer_id AND p.group_id = m.group_id AND p.stay = m.stay`, groups, members, stays); err != nil {
		return fmt.Errorf("end memberships: %w", err)
	}
	return nil
}

func amendStays(ctx context.Context, tx pg.Tx, list []memberRow) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	groups, members, stays, names, states, admins := make([]int64, n), make([]string, n), make([]int32, n), make([]string, n), make([]string, n), make([]bool, n)
	for i, m := range list {
		groups[i], members[i], stays[i], names[i], states[i], admins[i] = m.group.id, m.stay.memberID, int32(m.stay.n), m.stay.name, m.stay.wayState, m.stay.admin
	}
	_, err := tx.Exec(ctx, `UPDATE group_member m SET name = CASE WHEN u.n = '' THEN m.name ELSE u.n END, way_state = CASE WHEN u.w = '' THEN m.way_state ELSE u.w END, is_admin = u.a
		FROM unnest($1::bigint[], $2::text[], $3::int[], $4::text[], $5::text[], $6::boolean[]) AS u(g, me, s, n, w, a)
		WHERE m.group_id = u.g AND m.member_id = u.me AND m.stay = u.s`, groups, members, stays, names, states, admins)
	if err != nil {
		return fmt.Errorf("amend stays: %w", err)
	}
	return nil
}

func dissolve(ctx context.Context, tx pg.Tx, chatIDs []string, at time.Time) ([]known, error) {
	rows, err := tx.Query(ctx, `UPDATE group_group g SET status = 'dissolved', dissolved_at = $2, members = 0, customers = 0
		FROM group_chat c WHERE c.chat_id = ANY($1) AND g.id = c.group_id AND g.status <> 'dissolved'
		RETURNING g.id, g.chat_id, g.owner_staff_id, g.store_id`, chatIDs, at)
	if err != nil {
		return nil, fmt.Errorf("dissolve groups: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (known, error) {
		var k known
		err := row.Scan(&k.id, &k.chatID, &k.owner.ID, &k.owner.StoreID)
		return k, err
	})
}

// linkMembers gives stays of people who just became customers their customer, and mirrors the stays.
func linkMembers(ctx context.Context, tx pg.Tx, externals []string, customers []int64) error {
	_, err := tx.Exec(ctx, `WITH linked AS (
		UPDATE group_member m SET customer_id = u.c FROM (SELECT DISTINCT e, c FROM unnest($1::text[], $2::bigint[]) AS x(e, c)) u
		WHERE m.member_id = u.e AND m.type = 2 AND m.customer_id = 0
		RETURNING m.customer_id, m.group_id, m.stay, m.joined_at, m.left_at, m.join_scene, m.code_id)
		INSERT INTO group_membership (customer_id, group_id, stay, joined_at, left_at, join_scene, code_id) SELECT * FROM linked ON CONFLICT DO NOTHING`, externals, customers)
	if err != nil {
		return fmt.Errorf("link members: %w", err)
	}
	return nil
}

func setCodes(ctx context.Context, tx pg.Tx, list []CodeOf) error {
	if len(list) == 0 {
		return nil
	}
	var groups, codes []int64
	var members []string
	var ns []int32
	for _, c := range list {
		groups, members, ns, codes = append(groups, c.GroupID), append(members, c.MemberID), append(ns, int32(c.Stay)), append(codes, c.CodeID)
	}
	if _, err := tx.Exec(ctx, `UPDATE group_member m SET code_id = u.c FROM unnest($1::bigint[], $2::text[], $3::int[], $4::bigint[]) AS u(g, me, s, c)
		WHERE m.group_id = u.g AND m.member_id = u.me AND m.stay = u.s AND m.code_id <> u.c`, groups, members, ns, codes); err != nil {
		return fmt.Errorf("set codes: %w", err)
	}
	_, err := tx.Exec(ctx, `UPDATE group_membership p SET code_id = m.code_id FROM group_member m
		JOIN unnest($1::bigint[], $2::text[], $3::int[]) AS u(g, me, s) ON m.group_id = u.g AND m.member_id = u.me AND m.stay = u.s
		WHERE p.customer_id = m.customer_id AND p.group_id = m.group_id AND p.stay = m.stay`, groups, members, ns)
	if err != nil {
		return fmt.Errorf("set codes: %w", err)
	}
	return nil
}

// versions returns the member version we hold of each chat; absent for chats we do not know.
func versions(ctx context.Context, q pg.Querier, chatIDs []string) (map[string]string, error) {
	rows, err := q.Query(ctx, `SELECT g.chat_id, g.member_version FROM group_group g JOIN group_chat c ON c.group_id = g.id WHERE c.chat_id = ANY($1)`, chatIDs)
	if err != nil {
		return nil, fmt.Errorf("read versions: %w", err)
	}
	out := map[string]string{}
	var c, v string
	_, err = pgx.ForEachRow(rows, []any{&c, &v}, func() error { out[c] = v; return nil })
	return out, err
}

// lockVersions locks groups in one order and returns them with the versions they have.
func lockVersions(ctx context.Context, tx pg.Tx, chatIDs []string) (map[string]known, error) {
	rows, err := tx.Query(ctx, `SELECT g.chat_id, g.id, g.owner_staff_id, g.store_id, g.member_version FROM group_group g
		WHERE g.id IN (SELECT group_id FROM group_chat WHERE chat_id = ANY($1)) ORDER BY g.id FOR UPDATE`, chatIDs)
	if err != nil {
		return nil, fmt.Errorf("lock groups: %w", err)
	}
	out := map[string]known{}
	var chat string
	var k known
	_, err = pgx.ForEachRow(rows, []any{&chat, &k.id, &k.owner.ID, &k.owner.StoreID, &k.version}, func() error { out[chat] = k; return nil })
	return out, err
}

// moveVersions moves locked groups on to their next versions.
func moveVersions(ctx context.Context, tx pg.Tx, groupIDs []int64, next []string, readAt time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE group_group g SET member_version = u.v, read_at = $3 FROM unnest($1::bigint[], $2::text[]) AS u(i, v) WHERE g.id = u.i`, groupIDs, next, readAt); err != nil {
		return fmt.Errorf("move versions on: %w", err)
	}
	return nil
}
