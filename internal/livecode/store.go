package livecode

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/group"
	"qunce/internal/media"
	"qunce/internal/pg"
)

// Rows carry arrays, which unnest would flatten: sets of codes travel as one JSON document.
type row struct {
	ID           int64        `json:"id"`
	Kind         Kind         `json:"kind"`
	Name         string       `json:"name"`
	Channel      Channel      `json:"channel"`
	StoreID      int64        `json:"store_id"`
	Token        string       `json:"token"`
	WayState     string       `json:"way_state"`
	ConfigID     string       `json:"config_id"`
	QR           string       `json:"qr"`
	Status       Status       `json:"status"`
	StatusReason string       `json:"status_reason"`
	StaffIDs     []int64      `json:"staff_ids"`
	GroupIDs     []int64      `json:"group_ids"`
	TagIDs       []string     `json:"tag_ids"`
	WelcomeText  string       `json:"welcome_text"`
	Parts        []media.Part `json:"welcome_parts"`
	OfferGroup   bool         `json:"offer_group"`
	Version      int          `json:"welcome_version"`
	AutoKey      *string      `json:"auto_key"`
	FollowStore  bool         `json:"follow_store"`
	RoomBaseName string       `json:"room_base_name"`
	CheckAt      *time.Time   `json:"check_at"`
	CheckCause   int64        `json:"check_cause"`
	CreatedAt    time.Time    `json:"created_at"`
	UpdatedAt    time.Time    `json:"updated_at"`
}

const rowTypes = `id bigint, kind text, name text, channel text, store_id bigint, token text, way_state text, config_id text, qr text,
	status text, status_reason text, staff_ids bigint[], group_ids bigint[], tag_ids text[], welcome_text text, welcome_parts jsonb, offer_group boolean,
	welcome_version integer, auto_key text, follow_store boolean, room_base_name text, check_at timestamptz, check_cause bigint, created_at timestamptz, updated_at timestamptz`

const columns = `id, kind, name, channel, store_id, token, way_state, config_id, qr, status, status_reason, staff_ids, group_ids, tag_ids,
	welcome_text, welcome_parts, offer_group, welcome_version, auto_key, follow_store, room_base_name, check_at, check_cause, created_at, updated_at`

func rowsOf(codes []Code) (string, error) {
	rows := make([]row, len(codes))
	for i, c := range codes {
		rows[i] = row{ID: c.ID, Kind: c.Kind, Name: c.Name, Channel: c.Channel, StoreID: c.StoreID, Token: c.Token, WayState: c.WayState,
			ConfigID: c.ConfigID, QR: c.QR, Status: c.Status, StatusReason: c.StatusReason, StaffIDs: list(c.StaffIDs), GroupIDs: list(c.GroupIDs),
			TagIDs: list(c.TagIDs), WelcomeText: c.WelcomeText, Parts: list(c.WelcomeParts), OfferGroup: c.OfferGroup, Version: c.WelcomeVersion, FollowStore: c.FollowStore,
			RoomBaseName: c.RoomBaseName, CheckAt: c.checkAt, CheckCause: c.checkCause, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
		if c.autoKey != "" {
			rows[i].AutoKey = &c.autoKey
		}
	}
	raw, err := json.Marshal(rows)
	return string(raw), err
}

func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func scanCode(r pgx.CollectableRow) (Code, error) {
	var c Code
	var auto *string
	err := r.Scan(&c.ID, &c.Kind, &c.Name, &c.Channel, &c.StoreID, &c.Token, &c.WayState, &c.ConfigID, &c.QR, &c.Status, &c.StatusReason,
		&c.StaffIDs, &c.GroupIDs, &c.TagIDs, &c.WelcomeText, &c.WelcomeParts, &c.OfferGroup, &c.WelcomeVersion, &auto, &c.FollowStore, &c.RoomBaseName,
		&c.checkAt, &c.checkCause, &c.CreatedAt, &c.UpdatedAt)
	if auto != nil {
		c.autoKey = *auto
	}
	return c, err
}

func findCodes(ctx context.Context, q pg.Querier, where string, args ...any) ([]Code, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM livecode_code `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("find codes: %w", err)
	}
	codes, err := pgx.CollectRows(rows, scanCode)
	if err != nil {
		return nil, fmt.Errorf("find codes: %w", err)
	}
	return codes, nil
}

func oneCode(ctx context.Context, q pg.Querier, where string, arg any) (Code, error) {
	codes, err := findCodes(ctx, q, where, arg)
	if err != nil {
		return Code{}, err
	}
	if len(codes) == 0 {
		return Code{}, errs.E(errs.NotFound, "code.not_found", "no code %v", arg)
	}
	return codes[0], nil
}

func getCode(ctx context.Context, q pg.Querier, id int64) (Code, error) {
	return oneCode(ctx, q, `WHERE id = $1`, id)
}

func lockCode(ctx context.Context, tx pg.Tx, id int64) (Code, error) {
	return oneCode(ctx, tx, `WHERE id = $1 FOR UPDATE`, id)
}

func codeByToken(ctx context.Context, q pg.Querier, token string) (Code, error) {
	return oneCode(ctx, q, `WHERE token = $1`, token)
}

// lockCodes locks in id order, so that two sets cannot wait for each other.
func lockCodes(ctx context.Context, tx pg.Tx, ids []int64) ([]Code, error) {
	return findCodes(ctx, tx, `WHERE id = ANY($1) ORDER BY id FOR UPDATE`, ids)
}

// codesByState finds codes by what WeCom carried through; states that are not ours are left out.
func codesByState(ctx context.Context, q pg.Querier, states []string) (map[string]Code, error) {
	out := map[string]Code{}
	if len(states) == 0 {
		return out, nil
	}
	codes, err := findCodes(ctx, q, `WHERE way_state = ANY($1)`, states)
	for _, c := range codes {
		out[c.WayState] = c
	}
	return out, err
}

func codeNames(ctx context.Context, q pg.Querier, ids []int64) (map[int64]string, error) {
	rows, err := q.Query(ctx, `SELECT id, name FROM livecode_code WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("names of codes: %w", err)
	}
	out := map[int64]string{}
	var id int64
	var name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error { out[id] = name; return nil })
	return out, err
}

const usable = `status = 'active' AND (kind = 'locator' OR qr <> '')`

func usableOfStores(ctx context.Context, q pg.Querier, storeIDs []int64) ([]Code, error) {
	return findCodes(ctx, q, `WHERE store_id = ANY($1) AND store_id <> 0 AND `+usable+` ORDER BY created_at, id`, storeIDs)
}

func newestLocator(ctx context.Context, q pg.Querier) (c Code, ok bool, err error) {
	codes, err := findCodes(ctx, q, `WHERE kind = 'locator' AND `+usable+` ORDER BY created_at DESC, id DESC LIMIT 1`)
	if err != nil || len(codes) == 0 {
		return Code{}, false, err
	}
	return codes[0], true, nil
}

func codesOfGroups(ctx context.Context, q pg.Querier, groupIDs []int64) (map[int64]Code, error) {
	codes, err := findCodes(ctx, q, `WHERE kind = 'group' AND group_ids && $1 AND `+usable+` ORDER BY created_at, id`, groupIDs)
	if err != nil {
		return nil, err
	}
	wanted := map[int64]bool{}
	for _, id := range groupIDs {
		wanted[id] = true
	}
	out := map[int64]Code{}
	for _, c := range codes {
		for _, g := range c.GroupIDs {
			if wanted[g] {
				out[g] = c
			}
		}
	}
	return out, nil
}

func codeOfStaff(ctx context.Context, q pg.Querier, staffID int64) (c Code, ok bool, err error) {
	codes, err := findCodes(ctx, q, `WHERE kind = 'staff' AND staff_ids @> ARRAY[$1::bigint] AND `+usable+`
		ORDER BY cardinality(staff_ids), created_at DESC, id DESC LIMIT 1`, staffID)
	if err != nil || len(codes) == 0 {
		return Code{}, false, err
	}
	return codes[0], true, nil
}

// followingCodes are the codes that follow one of the stores, locked.
func followingCodes(ctx context.Context, tx pg.Tx, storeIDs []int64) ([]Code, error) {
	return findCodes(ctx, tx, `WHERE store_id = ANY($1) AND follow_store ORDER BY id FOR UPDATE`, storeIDs)
}

func insertCodes(ctx context.Context, tx pg.Tx, codes []Code) error {
	doc, err := rowsOf(codes)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO livecode_code (`+columns+`) SELECT `+columns+` FROM jsonb_to_recordset($1::jsonb) AS r(`+rowTypes+`)`, doc)
	if err != nil {
		return fmt.Errorf("insert codes: %w", err)
	}
	return nil
}

// insertMissing inserts codes whose store has none of the kind yet and returns the ids of those that went in.
func insertMissing(ctx context.Context, tx pg.Tx, codes []Code) (map[int64]bool, error) {
	made := map[int64]bool{}
	if len(codes) == 0 {
		return made, nil
	}
	doc, err := rowsOf(codes)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `INSERT INTO livecode_code (`+columns+`) SELECT `+columns+` FROM jsonb_to_recordset($1::jsonb) AS r(`+rowTypes+`)
		ORDER BY auto_key ON CONFLICT (auto_key) DO NOTHING RETURNING id`, doc)
	if err != nil {
		return nil, fmt.Errorf("insert codes of stores: %w", err)
	}
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { made[id] = true; return nil })
	if err != nil {
		return nil, fmt.Errorf("insert codes of stores: %w", err)
	}
	return made, nil
}

// saveCodes writes what can change of codes that were read under a lock.
func saveCodes(ctx context.Context, tx pg.Tx, codes []Code) error {
	if len(codes) == 0 {
		return nil
	}
	doc, err := rowsOf(codes)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE livecode_code c SET name = r.name, channel = r.channel, config_id = r.config_id, qr = r.qr, status = r.status,
			status_reason = r.status_reason, staff_ids = r.staff_ids, group_ids = r.group_ids, tag_ids = r.tag_ids, welcome_text = r.welcome_text,
			offer_group = r.offer_group, welcome_version = r.welcome_version, follow_store = r.follow_store, room_base_name = r.room_base_name,
			check_at = r.check_at, check_cause = r.check_cause, updated_at = r.updated_at
		FROM jsonb_to_recordset($1::jsonb) AS r(`+rowTypes+`) WHERE c.id = r.id`, doc)
	if err != nil {
		return fmt.Errorf("save codes: %w", err)
	}
	return nil
}

func ownedConfigs(ctx context.Context, q pg.Querier, configs []string) (map[string]bool, error) {
	rows, err := q.Query(ctx, `SELECT config_id FROM livecode_code WHERE config_id = ANY($1) AND config_id <> ''`, configs)
	if err != nil {
		return nil, fmt.Errorf("owned ways: %w", err)
	}
	out := map[string]bool{}
	var config string
	_, err = pgx.ForEachRow(rows, []any{&config}, func() error { out[config] = true; return nil })
	return out, err
}

func insertOrphans(ctx context.Context, tx pg.Tx, ids, codes, calls []int64, attempts []int32, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO livecode_orphan (id, code_id, call_id, attempt, found_at)
		SELECT i, c, k, a, $5 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[]) AS u(i, c, k, a) ON CONFLICT (call_id, attempt) DO NOTHING`,
		ids, codes, calls, attempts, now)
	if err != nil {
		return fmt.Errorf("count orphans: %w", err)
	}
	return nil
}

func countOrphans(ctx context.Context, q pg.Querier) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM livecode_orphan`).Scan(&n)
	return n, err
}

// mark asks for a look at the group codes that lead into a group, or that follow a store (0 = none), because of cause.
type mark struct{ groupID, storeID, cause int64 }

// markChecks marks codes to be looked at; those already marked stay as they are.
func markChecks(ctx context.Context, tx pg.Tx, marks []mark, now time.Time) error {
	groups, stores, causes := make([]int64, len(marks)), make([]int64, len(marks)), make([]int64, len(marks))
	for i, m := range marks {
		groups[i], stores[i], causes[i] = m.groupID, m.storeID, m.cause
	}
	_, err := tx.Exec(ctx, `UPDATE livecode_code c SET check_at = $4, check_cause = coalesce((SELECT max(u.ca)
				FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u(g, s, ca) WHERE u.g = ANY(c.group_ids) OR u.s <> 0 AND u.s = c.store_id), 0)
		WHERE c.id IN (SELECT id FROM livecode_code
			WHERE kind = 'group' AND check_at IS NULL AND config_id <> '' AND (group_ids && $1::bigint[] OR store_id <> 0 AND store_id = ANY($2::bigint[]))
			ORDER BY id FOR UPDATE)`, groups, stores, causes, now)
	if err != nil {
		return fmt.Errorf("mark group codes: %w", err)
	}
	return nil
}

func nextCheck(ctx context.Context, q pg.Querier) (at time.Time, ok bool, err error) {
	var next *time.Time
	if err := q.QueryRow(ctx, `SELECT min(check_at) FROM livecode_code WHERE check_at IS NOT NULL`).Scan(&next); err != nil || next == nil {
		return time.Time{}, false, err
	}
	return *next, true, nil
}

func dueChecks(ctx context.Context, tx pg.Tx, now time.Time, limit int) ([]Code, error) {
	return findCodes(ctx, tx, `WHERE id IN (SELECT id FROM livecode_code WHERE check_at <= $1 ORDER BY check_at, id LIMIT $2)
		ORDER BY id FOR UPDATE`, now, limit)
}

// codesByBaseName maps groups to the group code whose base name theirs begins with, the longest such name winning, and
// returns those codes locked.
func codesByBaseName(ctx context.Context, tx pg.Tx, rooms map[int64]group.Ref) (codeOf map[int64]int64, codes []Code, err error) {
	ids, names := make([]int64, 0, len(rooms)), make([]string, 0, len(rooms))
	for _, r := range rooms {
		ids, names = append(ids, r.ID), append(names, r.Name)
	}
	rows, err := tx.Query(ctx, `SELECT DISTINCT ON (g.id) g.id, c.id FROM unnest($1::bigint[], $2::text[]) AS g(id, name)
		JOIN livecode_code c ON c.kind = 'group' AND c.room_base_name <> '' AND starts_with(g.name, c.room_base_name)
		ORDER BY g.id, length(c.room_base_name) DESC, c.id`, ids, names)
	if err != nil {
		return nil, nil, fmt.Errorf("codes by group name: %w", err)
	}
	codeOf = map[int64]int64{}
	var codeIDs []int64
	var roomID, codeID int64
	if _, err := pgx.ForEachRow(rows, []any{&roomID, &codeID}, func() error {
		codeOf[roomID] = codeID
		codeIDs = append(codeIDs, codeID)
		return nil
	}); err != nil {
		return nil, nil, fmt.Errorf("codes by group name: %w", err)
	}
	codes, err = lockCodes(ctx, tx, codeIDs)
	return codeOf, codes, err
}

func storesWithDoors(ctx context.Context, q pg.Querier) (map[int64]bool, error) {
	rows, err := q.Query(ctx, `SELECT DISTINCT store_id FROM livecode_code WHERE store_id <> 0 AND kind <> 'locator' AND `+usable)
	if err != nil {
		return nil, fmt.Errorf("stores with codes: %w", err)
	}
	out := map[int64]bool{}
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { out[id] = true; return nil })
	return out, err
}

func addsBetween(ctx context.Context, q pg.Querier, codeID int64, from, to time.Time) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT count(DISTINCT customer_id) FROM livecode_attribution WHERE code_id = $1 AND step = 'add' AND at >= $2 AND at < $3`,
		codeID, from, to).Scan(&n)
	return n, err
}
