package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/pg"
	"qunce/internal/sheet"
)

func insertImport(ctx context.Context, q pg.Querier, imp claimed, state State, who actor.Actor, at, lease time.Time) error {
	options, err := json.Marshal(imp.options)
	if err != nil {
		return fmt.Errorf("options of an import: %w", err)
	}
	_, err = q.Exec(ctx, `INSERT INTO intake_import (id, kind, file_name, state, options, size_bytes, attempts, lease_until, by_user, by_name, created_at, cause_id)
		VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $4 = 'running' THEN 1 ELSE 0 END, CASE WHEN $4 = 'running' THEN $7::timestamptz END, $8, $9, $10, $11)`,
		imp.ID, string(imp.kind), imp.name, string(state), options, imp.size, lease, who.UserID, who.Name, at, imp.cause)
	if err != nil {
		return fmt.Errorf("store import: %w", err)
	}
	return nil
}

func insertPart(ctx context.Context, q pg.Querier, importID int64, part int, data []byte) error {
	if _, err := q.Exec(ctx, `INSERT INTO intake_file (import_id, part, data) VALUES ($1, $2, $3)`, importID, part, data); err != nil {
		return fmt.Errorf("store a part of the file: %w", err)
	}
	return nil
}

func readPart(ctx context.Context, q pg.Querier, importID int64, part int) (data []byte, there bool, err error) {
	err = q.QueryRow(ctx, `SELECT data FROM intake_file WHERE import_id = $1 AND part = $2`, importID, part).Scan(&data)
	if pg.IsNoRows(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read a part of the file: %w", err)
	}
	return data, true, nil
}

func deleteFile(ctx context.Context, q pg.Querier, importID int64) error {
	if _, err := q.Exec(ctx, `DELETE FROM intake_file WHERE import_id = $1`, importID); err != nil {
		return fmt.Errorf("delete the file: %w", err)
	}
	return nil
}

// claim takes the oldest import that waits or whose lease has lapsed. Two runners that see the same one are told apart by
// the second condition, which the later one finds no longer true.
func claim(ctx context.Context, q pg.Querier, wall time.Time, lease time.Duration) (imp claimed, found bool, err error) {
	var kind string
	var options []byte
	err = q.QueryRow(ctx, `UPDATE intake_import SET state = 'running', attempts = attempts + 1, lease_until = $2
		WHERE id = (SELECT id FROM intake_import WHERE state = 'queued' OR (state = 'running' AND lease_until <= $1) ORDER BY id LIMIT 1)
		AND (state = 'queued' OR (state = 'running' AND lease_until <= $1))
		RETURNING id, kind, file_name, options, size_bytes, attempts, cause_id`, wall, wall.Add(lease)).
		Scan(&imp.ID, &kind, &imp.name, &options, &imp.size, &imp.attempt, &imp.cause)
	if pg.IsNoRows(err) {
		return imp, false, nil
	}
	if err != nil {
		return imp, false, fmt.Errorf("claim import: %w", err)
	}
	imp.kind = Kind(kind)
	if err := json.Unmarshal(options, &imp.options); err != nil {
		return imp, false, fmt.Errorf("options of import %d: %w", imp.ID, err)
	}
	return imp, true, nil
}

// own runs an update of an import that must still be ours; errLost when it is not.
func own(ctx context.Context, q pg.Querier, imp claimed, set string, args ...any) error {
	tag, err := q.Exec(ctx, `UPDATE intake_import SET `+set+` WHERE id = $1 AND attempts = $2 AND state = 'running'`,
		append([]any{imp.ID, imp.attempt}, args...)...)
	if err != nil {
		return fmt.Errorf("note import %d: %w", imp.ID, err)
	}
	if tag.RowsAffected() == 0 {
		return errLost
	}
	return nil
}

func extend(ctx context.Context, q pg.Querier, imp claimed, progress float64, lease time.Time) error {
	return own(ctx, q, imp, `progress = $3, lease_until = $4`, progress, lease)
}

func noteMapping(ctx context.Context, q pg.Querier, imp claimed, mapping map[string]string, unmapped []string) error {
	raw, err := json.Marshal(mapping)
	if err != nil {
		return fmt.Errorf("mapping of import %d: %w", imp.ID, err)
	}
	if unmapped == nil {
		unmapped = []string{}
	}
	return own(ctx, q, imp, `mapping = $3, unmapped = $4`, raw, unmapped)
}

func closeImport(ctx context.Context, q pg.Querier, imp claimed, state State, r Result, failure string, at time.Time) error {
	return own(ctx, q, imp, `state = $3, rows = $4, created = $5, updated = $6, unchanged = $7, skipped = $8, warnings = $9, errors = $10,
		error = $11, finished_at = $12, lease_until = NULL, progress = CASE WHEN $3 = 'done' THEN 1 ELSE progress END`,
		string(state), r.Rows, r.Created, r.Updated, r.Unchanged, r.Skipped, r.Warnings, r.Errors, failure, at)
}

const importColumns = `id, kind, file_name, state, options, mapping, unmapped, rows, created, updated, unchanged, skipped, warnings, errors,
	progress, error, by_name, created_at, finished_at`

func findImports(ctx context.Context, q pg.Querier, tail string, args ...any) ([]Import, error) {
	rows, err := q.Query(ctx, `SELECT `+importColumns+` FROM intake_import `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("find imports: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (x Import, err error) {
		var options, mapping []byte
		var failure string
		err = row.Scan(&x.ID, &x.Kind, &x.FileName, &x.State, &options, &mapping, &x.Unmapped, &x.Counts.Rows, &x.Counts.Created, &x.Counts.Updated,
			&x.Counts.Unchanged, &x.Counts.Skipped, &x.Warnings, &x.Errors, &x.Progress, &failure, &x.By, &x.CreatedAt, &x.FinishedAt)
		if err != nil {
			return x, err
		}
		if err := json.Unmarshal(options, &x.Options); err != nil {
			return x, fmt.Errorf("options of import %d: %w", x.ID, err)
		}
		if err := json.Unmarshal(mapping, &x.Mapping); err != nil {
			return x, fmt.Errorf("mapping of import %d: %w", x.ID, err)
		}
		if failure != "" {
			if err := json.Unmarshal([]byte(failure), &x.Failure); err != nil {
				return x, fmt.Errorf("failure of import %d: %w", x.ID, err)
			}
		}
		return x, nil
	})
}

func clearErrors(ctx context.Context, q pg.Querier, importID int64) error {
	if _, err := q.Exec(ctx, `DELETE FROM intake_error WHERE import_id = $1`, importID); err != nil {
		return fmt.Errorf("clear row errors: %w", err)
	}
	return nil
}

func copyErrors(ctx context.Context, q pg.Querier, importID int64, list []StoredError) error {
	_, err := q.CopyFrom(ctx, pgx.Identifier{"intake_error"}, []string{"import_id", "seq", "row", "col", "code", "value", "params", "warning"},
		pgx.CopyFromSlice(len(list), func(i int) ([]any, error) {
			e := list[i]
			params, err := json.Marshal(e.Params)
			if err != nil || e.Params == nil {
				params = []byte("{}")
			}
			return []any{importID, int32(e.Seq), int64(e.Row), e.Column, e.Code, e.Value, params, e.Warning}, nil
		}))
	return err
}

func findErrors(ctx context.Context, q pg.Querier, importID, after int64, limit int) ([]StoredError, error) {
	rows, err := q.Query(ctx, `SELECT seq, row, col, code, value, params, warning FROM intake_error
		WHERE import_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, importID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("find row errors: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (e StoredError, err error) {
		var params []byte
		err = row.Scan(&e.Seq, &e.Row, &e.Column, &e.Code, &e.Value, &params, &e.Warning)
		if err != nil {
			return e, err
		}
		e.RowError = sheet.RowError{Row: e.Row, Column: e.Column, Code: e.Code, Value: e.Value, Warning: e.Warning}
		return e, json.Unmarshal(params, &e.Params)
	})
}
