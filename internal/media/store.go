package media

import (
	"context"
	"fmt"
	"time"

	"qunce/internal/pg"
)

// uploadOf returns the media id of an upload that lives beyond the time; "" if there is none.
func uploadOf(ctx context.Context, q pg.Querier, fileID int64, use Use, beyond time.Time) (mediaID string, err error) {
	err = q.QueryRow(ctx, `SELECT media_id FROM media_upload WHERE file_id = $1 AND use = $2 AND expires_at > $3`, fileID, use, beyond).Scan(&mediaID)
	if pg.IsNoRows(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find upload: %w", err)
	}
	return mediaID, nil
}

func saveUpload(ctx context.Context, q pg.Querier, fileID int64, use Use, mediaID string, at, expires time.Time) error {
	_, err := q.Exec(ctx, `INSERT INTO media_upload (file_id, use, media_id, uploaded_at, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (file_id, use) DO UPDATE SET media_id = excluded.media_id, uploaded_at = excluded.uploaded_at, expires_at = excluded.expires_at`,
		fileID, use, mediaID, at, expires)
	if err != nil {
		return fmt.Errorf("keep upload: %w", err)
	}
	return nil
}

func forgetUploads(ctx context.Context, q pg.Querier, fileIDs []int64) error {
	if _, err := q.Exec(ctx, `DELETE FROM media_upload WHERE file_id = ANY($1)`, fileIDs); err != nil {
		return fmt.Errorf("forget uploads: %w", err)
	}
	return nil
}
