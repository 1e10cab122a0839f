package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/pg"
)

const userColumns = `u.id, u.name, u.email, u.role, u.password_hash, u.staff_id, u.store_ids, u.department_ids, u.disabled, u.created_at, u.last_seen_at`

func (u *User) targets() []any {
	return []any{
		&u.ID, &u.Name, &u.Email, &u.Role, &u.passwordHash, &u.StaffID, &u.StoreIDs, &u.DepartmentIDs, &u.Disabled, &u.CreatedAt, &u.LastSeenAt,
	}
}

func noUser() error { return errs.E(errs.NotFound, "auth.no_user", "no such user") }

func scanUser(row pgx.CollectableRow) (User, error) {
	var u User
	err := row.Scan(u.targets()...)
	return u, err
}

func oneUser(ctx context.Context, q pg.Querier, where string, args ...any) (User, error) {
	var u User
	err := q.QueryRow(ctx, `SELECT `+userColumns+` FROM auth_user u WHERE `+where, args...).Scan(u.targets()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, noUser()
	}
	if err != nil {
		return User{}, fmt.Errorf("read user: %w", err)
	}
	return u, nil
}

func userByID(ctx context.Context, q pg.Querier, schema string, id int64) (User, error) {
	return oneUser(ctx, q, `u.corp = $1 AND u.id = $2`, schema, id)
}

func userByEmail(ctx context.Context, q pg.Querier, schema, email string) (User, error) {
	return oneUser(ctx, q, `u.corp = $1 AND lower(u.email) = $2 AND u.email <> ''`, schema, email)
}

func userByStaff(ctx context.Context, q pg.Querier, schema string, staffID int64) (User, error) {
	return oneUser(ctx, q, `u.corp = $1 AND u.staff_id = $2 AND u.staff_id <> 0`, schema, staffID)
}

func lockUser(ctx context.Context, tx pg.Tx, schema string, id int64) (User, error) {
	return oneUser(ctx, tx, `u.corp = $1 AND u.id = $2 FOR UPDATE`, schema, id)
}

func lockUserAndOwners(ctx context.Context, tx pg.Tx, schema string, id int64) ([]User, error) {
	rows, err := tx.Query(ctx, `SELECT `+userColumns+` FROM auth_user u
		WHERE u.corp = $1 AND (u.id = $2 OR u.role = 'owner') ORDER BY u.id FOR UPDATE`, schema, id)
	if err != nil {
		return nil, fmt.Errorf("lock user: %w", err)
	}
	return pgx.CollectRows(rows, scanUser)
}

// listUsers returns up to limit users after (created, id), oldest first; text is part of a name or address, "" = all.
func listUsers(ctx context.Context, q pg.Querier, schema, text string, role actor.Role, after time.Time, afterID int64, limit int) ([]User, error) {
	rows, err := q.Query(ctx, `SELECT `+userColumns+` FROM auth_user u
		WHERE u.corp = $1 AND (u.created_at, u.id) > ($2, $3)
		  AND ($4 = '' OR position(lower($4) IN lower(u.name)) > 0 OR position(lower($4) IN u.email) > 0)
		  AND ($5 = '' OR u.role = $5)
		ORDER BY u.created_at, u.id LIMIT $6`, schema, after, afterID, text, string(role), limit)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return pgx.CollectRows(rows, scanUser)
}

func hasOwner(ctx context.Context, q pg.Querier, schema string) (there bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM auth_user WHERE corp = $1 AND role = 'owner' AND NOT disabled)`, schema).Scan(&there)
	return there, err
}

func insertUser(ctx context.Context, q pg.Querier, schema string, u User) error {
	_, err := q.Exec(ctx, `INSERT INTO auth_user (id, corp, name, email, role, store_ids, department_ids, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, u.ID, schema, u.Name, u.Email, u.Role, u.StoreIDs, u.DepartmentIDs, u.CreatedAt)
	if pg.IsUnique(err, "auth_user_email_key") {
		return emailTaken()
	}
	if err != nil {
		return fmt.Errorf("insert user: %w", err)
	}
	return nil
}

// insertStaffUser adds the user of a member of staff unless there is one.
func insertStaffUser(ctx context.Context, q pg.Querier, schema string, u User) (added bool, err error) {
	tag, err := q.Exec(ctx, `INSERT INTO auth_user (id, corp, name, email, role, staff_id, created_at)
		VALUES ($1, $2, $3, '', 'staff', $4, $5) ON CONFLICT (corp, staff_id) WHERE staff_id <> 0 DO NOTHING`,
		u.ID, schema, u.Name, u.StaffID, u.CreatedAt)
	if err != nil {
		return false, fmt.Errorf("insert staff user: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func renameUser(ctx context.Context, q pg.Querier, id int64, name string) error {
	if _, err := q.Exec(ctx, `UPDATE auth_user SET name = $2 WHERE id = $1`, id, name); err != nil {
		return fmt.Errorf("rename user: %w", err)
	}
	return nil
}

func updateUser(ctx context.Context, tx pg.Tx, u User) error {
	_, err := tx.Exec(ctx, `UPDATE auth_user SET name = $2, email = $3, role = $4, store_ids = $5, department_ids = $6, disabled = $7 WHERE id = $1`,
		u.ID, u.Name, u.Email, u.Role, u.StoreIDs, u.DepartmentIDs, u.Disabled)
	if pg.IsUnique(err, "auth_user_email_key") {
		return emailTaken()
	}
	if err != nil {
		return fmt.Errorf("update user: %w", err)
	}
	return nil
}

func savePassword(ctx context.Context, tx pg.Tx, id int64, hash string) error {
	if _, err := tx.Exec(ctx, `UPDATE auth_user SET password_hash = $2 WHERE id = $1`, id, hash); err != nil {
		return fmt.Errorf("save password: %w", err)
	}
	return nil
}

// renewHash replaces a hash by a costlier one of the same password, unless the password was changed meanwhile.
func renewHash(ctx context.Context, q pg.Querier, id int64, old, hash string) error {
	if _, err := q.Exec(ctx, `UPDATE auth_user SET password_hash = $3 WHERE id = $1 AND password_hash = $2`, id, old, hash); err != nil {
		return fmt.Errorf("renew password hash: %w", err)
	}
	return nil
}

func insertSession(ctx context.Context, q pg.Querier, hash []byte, userID int64, k kind, mustSet bool, now, expires time.Time, agent string) error {
	_, err := q.Exec(ctx, `INSERT INTO auth_session (token_hash, user_id, kind, must_set_password, created_at, seen_at, expires_at, agent)
		VALUES ($1, $2, $3, $4, $5, $5, $6, $7)`, hash, userID, string(k), mustSet, now, expires, agent)
	if err != nil {
		return fmt.Errorf("insert session: %w", err)
	}
	return nil
}

// findSession returns the valid session with the hash, or nil.
func findSession(ctx context.Context, q pg.Querier, schema string, hash []byte, k kind, now time.Time) (*session, error) {
	f := session{hash: hash}
	err := q.QueryRow(ctx, `SELECT s.must_set_password, s.created_at, s.seen_at, `+userColumns+`
		FROM auth_session s JOIN auth_user u ON u.id = s.user_id
		WHERE s.token_hash = $1 AND s.kind = $2 AND s.expires_at > $3 AND s.seen_at > $4 AND u.corp = $5 AND NOT u.disabled`,
		hash, string(k), now, now.Add(-idleLife), schema).Scan(append([]any{&f.pending, &f.created, &f.seen}, f.user.targets()...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	return &f, nil
}

func touchSession(ctx context.Context, q pg.Querier, hash []byte, userID int64, now time.Time) error {
	_, err := q.Exec(ctx, `WITH touched AS (UPDATE auth_session SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2)
		UPDATE auth_user SET last_seen_at = $2 WHERE id = $3 AND (last_seen_at IS NULL OR last_seen_at < $2)`, hash, now, userID)
	if err != nil {
		return fmt.Errorf("touch session: %w", err)
	}
	return nil
}

// keepSession turns a session into a full one; kept is false when it has ended.
func keepSession(ctx context.Context, tx pg.Tx, hash []byte, expires time.Time) (kept bool, err error) {
	tag, err := tx.Exec(ctx, `UPDATE auth_session SET must_set_password = false, expires_at = $2 WHERE token_hash = $1`, hash, expires)
	if err != nil {
		return false, fmt.Errorf("keep session: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func deleteSession(ctx context.Context, q pg.Querier, hash []byte) error {
	if _, err := q.Exec(ctx, `DELETE FROM auth_session WHERE token_hash = $1`, hash); err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// deleteOtherSessions ends all sessions of the user but one; nil ends all.
func deleteOtherSessions(ctx context.Context, q pg.Querier, userID int64, keep []byte) error {
	if _, err := q.Exec(ctx, `DELETE FROM auth_session WHERE user_id = $1 AND token_hash IS DISTINCT FROM $2`, userID, keep); err != nil {
		return fmt.Errorf("delete sessions: %w", err)
	}
	return nil
}

func deleteStaffSessions(ctx context.Context, q pg.Querier, schema string, staffIDs []int64) error {
	_, err := q.Exec(ctx, `DELETE FROM auth_session s USING auth_user u
		WHERE u.id = s.user_id AND u.corp = $1 AND u.staff_id = ANY($2::bigint[]) AND u.staff_id <> 0`, schema, staffIDs)
	if err != nil {
		return fmt.Errorf("delete staff sessions: %w", err)
	}
	return nil
}

func insertLink(ctx context.Context, tx pg.Tx, hash []byte, userID int64, now, expires time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO auth_link (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`, hash, userID, now, expires)
	if err != nil {
		return fmt.Errorf("insert link: %w", err)
	}
	return nil
}

// useLink marks the link as used. Of two that try at once the second waits for the first and then finds it used.
func useLink(ctx context.Context, tx pg.Tx, schema string, hash []byte, now time.Time) (userID int64, used bool, err error) {
	err = tx.QueryRow(ctx, `UPDATE auth_link l SET used_at = $2 FROM auth_user u
		WHERE l.token_hash = $1 AND l.used_at IS NULL AND l.expires_at > $2 AND u.id = l.user_id AND u.corp = $3 AND NOT u.disabled
		RETURNING u.id`, hash, now, schema).Scan(&userID)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("use link: %w", err)
	}
	return userID, true, nil
}

func deleteLinks(ctx context.Context, q pg.Querier, userID int64) error {
	if _, err := q.Exec(ctx, `DELETE FROM auth_link WHERE user_id = $1`, userID); err != nil {
		return fmt.Errorf("delete links: %w", err)
	}
	return nil
}

// failure is how often in a row a subject failed, and until when it has to wait.
type failure struct {
	failures int
	until    time.Time
}

// lockFailures returns the counts of the subjects, in their order, locked. They must be sorted, so that two tries at once
// do not wait for each other.
func lockFailures(ctx context.Context, tx pg.Tx, subjects []subject, now time.Time) ([]failure, error) {
	keys := make([]string, len(subjects))
	for i, s := range subjects {
		keys[i] = s.key
	}
	// The update that changes nothing locks the row and returns it, new or old.
	rows, err := tx.Query(ctx, `INSERT INTO auth_failure AS f (subject, failures, until_at)
		SELECT k, 0, $2 FROM unnest($1::text[]) WITH ORDINALITY AS t(k, n) ORDER BY n
		ON CONFLICT (subject) DO UPDATE SET failures = f.failures RETURNING f.subject, f.failures, f.until_at`, keys, now)
	if err != nil {
		return nil, fmt.Errorf("count failures: %w", err)
	}
	found := map[string]failure{}
	var key string
	var f failure
	if _, err := pgx.ForEachRow(rows, []any{&key, &f.failures, &f.until}, func() error { found[key] = f; return nil }); err != nil {
		return nil, fmt.Errorf("count failures: %w", err)
	}
	out := make([]failure, len(keys))
	for i, k := range keys {
		out[i] = found[k]
	}
	return out, nil
}

func saveFailures(ctx context.Context, tx pg.Tx, subjects []subject, counts []failure) error {
	keys, failures, until := make([]string, len(counts)), make([]int, len(counts)), make([]time.Time, len(counts))
	for i, f := range counts {
		keys[i], failures[i], until[i] = subjects[i].key, f.failures, f.until
	}
	_, err := tx.Exec(ctx, `UPDATE auth_failure f SET failures = t.failures, until_at = t.until_at
		FROM unnest($1::text[], $2::integer[], $3::timestamptz[]) AS t(subject, failures, until_at) WHERE f.subject = t.subject`, keys, failures, until)
	if err != nil {
		return fmt.Errorf("save failures: %w", err)
	}
	return nil
}

func deleteExpired(ctx context.Context, q pg.Querier, now, idle, forgotten time.Time) (int, error) {
	total := 0
	for _, d := range []struct {
		sql  string
		args []any
	}{
		{`DELETE FROM auth_session WHERE expires_at <= $1 OR seen_at <= $2`, []any{now, idle}},
		{`DELETE FROM auth_link WHERE expires_at <= $1`, []any{now}},
		{`DELETE FROM auth_failure WHERE until_at <= $1`, []any{forgotten}},
	} {
		tag, err := q.Exec(ctx, d.sql, d.args...)
		if err != nil {
			return total, fmt.Errorf("sweep: %w", err)
		}
		total += int(tag.RowsAffected())
	}
	return total, nil
}
