package blob

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/pg"
)

// chunk is how many bytes stand in one row.
const chunk = 512 << 10

const columns = `id, sha256, name, kind, mime, size, width, height, created_at, created_by`

func insert(ctx context.Context, tx pg.Tx, f File, body []byte) (File, error) {
	tag, err := tx.Exec(ctx, `INSERT INTO blob_file (`+columns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10) ON CONFLICT (sha256) DO NOTHING`,
		f.ID, f.SHA256, f.Name, f.Kind, f.MIME, f.Size, f.Width, f.Height, f.CreatedAt, f.CreatedBy)
	if err != nil {
		return File{}, fmt.Errorf("keep file: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return one(ctx, tx, `sha256 = $1`, f.SHA256)
	}
	for seq := 0; seq*chunk < len(body); seq++ {
		part := body[seq*chunk : min((seq+1)*chunk, len(body))]
		if _, err := tx.Exec(ctx, `INSERT INTO blob_chunk (file_id, seq, body) VALUES ($1, $2, $3)`, f.ID, seq, part); err != nil {
			return File{}, fmt.Errorf("keep file: %w", err)
		}
	}
	return f, nil
}

func one(ctx context.Context, q pg.Querier, where string, arg any) (File, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM blob_file WHERE `+where, arg)
	if err != nil {
		return File{}, fmt.Errorf("find file: %w", err)
	}
	f, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[File])
	if errors.Is(err, pgx.ErrNoRows) {
		return File{}, errs.E(errs.NotFound, "blob.not_found", "file %v", arg)
	}
	return f, err
}

// Get returns what is known of a file; NotFound "blob.not_found".
func Get(ctx context.Context, q pg.Querier, fileID int64) (File, error) {
	return one(ctx, q, `id = $1`, fileID)
}

// ByIDs returns the files that exist of those asked for.
func ByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]File, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM blob_file WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("find files: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[File])
	out := make(map[int64]File, len(list))
	for _, f := range list {
		out[f.ID] = f
	}
	return out, err
}

// List returns files, newest first, from before the place (at, id) on; an empty kind is every kind.
func List(ctx context.Context, q pg.Querier, kind Kind, at time.Time, beforeID int64, limit int) ([]File, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM blob_file WHERE ($1 = '' OR kind = $1) AND (created_at, id) < ($2, $3)
		ORDER BY created_at DESC, id DESC LIMIT $4`, kind, at, beforeID, limit)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[File])
}

// Body returns a file's bytes, MaxSize at most.
func Body(ctx context.Context, q pg.Querier, f File) ([]byte, error) {
	rows, err := q.Query(ctx, `SELECT body FROM blob_chunk WHERE file_id = $1 ORDER BY seq`, f.ID)
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	out := make([]byte, 0, f.Size)
	var part []byte
	if _, err := pgx.ForEachRow(rows, []any{&part}, func() error { out = append(out, part...); return nil }); err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	if int64(len(out)) != f.Size {
		return nil, fmt.Errorf("file %d has %d bytes instead of %d", f.ID, len(out), f.Size)
	}
	return out, nil
}

// Delete forgets files; whoever calls it knows that nothing uses them.
func Delete(ctx context.Context, tx pg.Tx, ids []int64) error {
	for _, table := range []string{"blob_chunk WHERE file_id", "blob_file WHERE id"} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+` = ANY($1)`, ids); err != nil {
			return fmt.Errorf("delete files: %w", err)
		}
	}
	return nil
}
