package sync

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
	"qunce/internal/statistic"
)

func insertRepairs(ctx context.Context, tx pg.Tx, runID int64, ids []int64, list []repair) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	things, whats, reasons, users, externals := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	chats, objects, at, callbacks := make([]string, n), make([]string, n), make([]*time.Time, n), make([]int64, n)
	for i, x := range list {
		things[i], whats[i], reasons[i] = string(x.Thing), string(x.What), string(x.Reason)
		users[i], externals[i], chats[i], objects[i], callbacks[i] = x.UserID, x.External, x.Chat, x.Object, x.CallbackID
		if !x.At.IsZero() {
			at[i] = &x.At
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO sync_repair (run_id, id, thing, what, reason, userid, external_userid, chat_id, object, happened_at, callback_id)
		SELECT $1, i, t, w, r, u, e, c, o, a, k FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::bigint[])
			AS x(i, t, w, r, u, e, c, o, a, k)`, runID, ids, things, whats, reasons, users, externals, chats, objects, at, callbacks)
	if err != nil {
		return fmt.Errorf("keep repairs: %w", err)
	}
	return nil
}

// Repair is one repair as kept. HappenedAt is by WeCom, nil where it does not tell; CallbackID is 0 when no callback came.
type Repair struct {
	ID         int64
	Thing      Thing
	What       What
	Reason     Reason
	UserID     string
	External   string
	ChatID     string
	Object     string
	HappenedAt *time.Time
	CallbackID int64
}

// RepairFilter picks repairs of a run; empty fields do not filter. After is the id of the last row of the page before.
type RepairFilter struct {
	RunID  int64
	Thing  string
	What   string
	Reason string
	After  int64
	Limit  int
}

// Repairs returns repairs of a run in the order they were made.
func Repairs(ctx context.Context, q pg.Querier, f RepairFilter) ([]Repair, error) {
	rows, err := q.Query(ctx, `SELECT id, thing, what, reason, userid, external_userid, chat_id, object, happened_at, callback_id FROM sync_repair
		WHERE run_id = $1 AND ($2 = '' OR thing = $2) AND ($3 = '' OR what = $3) AND ($4 = '' OR reason = $4) AND id > $5 ORDER BY id LIMIT $6`,
		f.RunID, f.Thing, f.What, f.Reason, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list repairs: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Repair])
}

// saveSeats keeps who has a seat; those who are new are new with this run, but for those of the first run. first says that
// this is it.
func saveSeats(ctx context.Context, tx pg.Tx, runID int64, users []string, now time.Time) (first bool, err error) {
	if err := tx.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM sync_seat)`).Scan(&first); err != nil {
		return false, fmt.Errorf("look at seats: %w", err)
	}
	since := runID
	if first {
		since = 0
	}
	if _, err := tx.Exec(ctx, `DELETE FROM sync_seat WHERE lost_at < $1`, now.AddDate(0, 0, -statistic.All)); err != nil {
		return false, fmt.Errorf("forget seats: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE sync_seat SET lost_at = $2 WHERE userid <> ALL($1) AND lost_at IS NULL`, users, now); err != nil {
		return false, fmt.Errorf("end seats: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO sync_seat AS s (userid, run_id, since) SELECT u, $2, $3 FROM unnest($1::text[]) AS u
		ON CONFLICT (userid) DO UPDATE SET run_id = EXCLUDED.run_id, since = EXCLUDED.since, lost_at = NULL WHERE s.lost_at IS NOT NULL`, users, since, now); err != nil {
		return false, fmt.Errorf("keep seats: %w", err)
	}
	return first, nil
}

// lostSeats are the staff without a seat who had one, by the time at which that was found.
func lostSeats(ctx context.Context, q pg.Querier) (map[string]time.Time, error) {
	rows, err := q.Query(ctx, `SELECT userid, lost_at FROM sync_seat WHERE lost_at IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("read lost seats: %w", err)
	}
	out := map[string]time.Time{}
	var u string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&u, &at}, func() error { out[u] = at; return nil })
	return out, err
}

// digest is what the list of a member's customers looked like when it was last compared with ours: N friendships, of which
// Missing were not held after the repairs, and Extra were held besides.
type digest struct {
	UserID         string
	N              int
	Sum            []byte
	Missing, Extra int
}

// open reports that the list did not agree with ours.
func (d digest) open() bool { return d.Missing+d.Extra > 0 }

// held is how many we held when it was compared.
func (d digest) held() int { return d.N - d.Missing + d.Extra }

// digests returns those of some staff; of all without users.
func digests(ctx context.Context, q pg.Querier, users []string) (map[string]digest, error) {
	rows, err := q.Query(ctx, `SELECT userid, n, digest, missing, extra FROM sync_list WHERE $1::text[] IS NULL OR userid = ANY($1)`, users)
	if err != nil {
		return nil, fmt.Errorf("read digests: %w", err)
	}
	out := map[string]digest{}
	var d digest
	_, err = pgx.ForEachRow(rows, []any{&d.UserID, &d.N, &d.Sum, &d.Missing, &d.Extra}, func() error { out[d.UserID] = d; return nil })
	return out, err
}

// saveDigests keeps how lists compared, and drops those of staff whose list WeCom would not show.
func saveDigests(ctx context.Context, tx pg.Tx, list []digest, unread []string, now time.Time) error {
	if len(unread) > 0 {
		if _, err := tx.Exec(ctx, `DELETE FROM sync_list WHERE userid = ANY($1)`, unread); err != nil {
			return fmt.Errorf("drop digests: %w", err)
		}
	}
	if len(list) == 0 {
		return nil
	}
	users, sums := make([]string, len(list)), make([][]byte, len(list))
	n, missing, extra := make([]int32, len(list)), make([]int32, len(list)), make([]int32, len(list))
	for i, d := range list {
		users[i], sums[i], n[i], missing[i], extra[i] = d.UserID, d.Sum, int32(d.N), int32(d.Missing), int32(d.Extra)
	}
	_, err := tx.Exec(ctx, `INSERT INTO sync_list (userid, n, digest, missing, extra, checked_at)
		SELECT u, n, d, m, x, $6 FROM unnest($1::text[], $2::int[], $3::bytea[], $4::int[], $5::int[]) AS l(u, n, d, m, x)
		ON CONFLICT (userid) DO UPDATE SET n = EXCLUDED.n, digest = EXCLUDED.digest, missing = EXCLUDED.missing, extra = EXCLUDED.extra, checked_at = EXCLUDED.checked_at`,
		users, n, sums, missing, extra, now)
	if err != nil {
		return fmt.Errorf("keep digests: %w", err)
	}
	return nil
}

// forgetDigests drops those of staff without a seat.
func forgetDigests(ctx context.Context, q pg.Querier, users []string) error {
	if _, err := q.Exec(ctx, `DELETE FROM sync_list WHERE userid <> ALL($1)`, users); err != nil {
		return fmt.Errorf("forget digests: %w", err)
	}
	return nil
}

// Stray is a way at WeCom that no code of ours uses.
type Stray struct {
	ConfigID string    `json:"config_id"`
	State    string    `json:"state"`
	Remark   string    `json:"remark"`
	Users    []string  `json:"users"`
	FoundAt  time.Time `json:"found_at"`
}

// Strays returns ways that no code of ours uses, by config id, after the one given.
func Strays(ctx context.Context, q pg.Querier, after string, limit int) ([]Stray, error) {
	rows, err := q.Query(ctx, `SELECT config_id, state, remark, users, found_at FROM sync_stray WHERE config_id > $1 ORDER BY config_id LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list strays: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Stray])
}

// knownStrays keeps those of the given ways that we know already, forgets the rest, and returns the known ones.
func knownStrays(ctx context.Context, tx pg.Tx, configs []string) (map[string]bool, error) {
	if _, err := tx.Exec(ctx, `DELETE FROM sync_stray WHERE config_id <> ALL($1)`, configs); err != nil {
		return nil, fmt.Errorf("forget strays: %w", err)
	}
	list, err := texts(ctx, tx, `SELECT config_id FROM sync_stray`)
	out := make(map[string]bool, len(list))
	for _, c := range list {
		out[c] = true
	}
	return out, err
}

func saveStrays(ctx context.Context, tx pg.Tx, runID int64, list []Stray) error {
	for _, x := range list { // few, and users is an array a row, which unnest would flatten
		if _, err := tx.Exec(ctx, `INSERT INTO sync_stray (config_id, state, remark, users, found_at, run_id) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			x.ConfigID, x.State, x.Remark, x.Users, x.FoundAt, runID); err != nil {
			return fmt.Errorf("keep strays: %w", err)
		}
	}
	return nil
}
