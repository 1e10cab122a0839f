package archive

import (
	"context"
	"crypto/md5" //nolint:gosec // WeCom's own check sum of a file
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/failpoint"
	"qunce/internal/pg"
)

// Files are fetched into a temporary file, checked, and then written in pieces with their description in one transaction.
const (
	chunkBytes    = 512 << 10
	mediaBatch    = 20
	mediaAttempts = 8
	mediaPause    = 30 * time.Second // doubles with every failure
	mediaLook     = time.Minute
)

var (
	fpMediaBefore = failpoint.New("archive.media.before")
	fpMediaAfter  = failpoint.New("archive.media.after")
)

// File is one file of a message.
type File struct {
	N     int        `json:"n"`
	Name  string     `json:"name"`
	Size  int64      `json:"size" doc:"bytes; 0 = not known"`
	State MediaState `json:"state" enum:"listed,wanted,stored,expired,too_large,failed"`
}

// fileKey is where a file stands.
type fileKey struct {
	ChatID    int64
	At        time.Time
	MessageID int64
	N         int16
}

type fileRow struct {
	fileKey
	fileID   string
	md5      string
	name     string
	size     int64
	state    MediaState
	attempts int
}

// fetching gets the files that are wanted, until ctx ends.
func (s *Service) fetching(ctx context.Context) {
	for s.Source != nil && ctx.Err() == nil {
		more, err := s.FetchMedia(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("archive: files", "error", err)
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.wakeMedia:
		case <-time.After(mediaLook):
		}
	}
}

// FetchMedia fetches some of the files that are wanted and due; more is true when others may be left.
func (s *Service) FetchMedia(ctx context.Context) (more bool, err error) {
	if s.Source == nil {
		return false, nil
	}
	list, err := wantedFiles(ctx, s.DB, s.Wall.Now(), mediaBatch)
	if err != nil {
		return false, err
	}
	settings, err := s.Settings(ctx, s.DB)
	if err != nil {
		return false, err
	}
	for _, f := range list {
		err := s.fetch(ctx, f, int64(settings.MediaMaxMB)<<20)
		if ctx.Err() != nil || pg.IsUnavailable(err) {
			return false, err
		}
		if errs.KindOf(err) == errs.Forbidden { // the next one would be refused as well
			return false, err
		}
	}
	return len(list) == mediaBatch, nil
}

// fetch gets one file and keeps it, or keeps why it is not here. The error is the reason.
func (s *Service) fetch(ctx context.Context, f fileRow, limit int64) error {
	temp, err := os.CreateTemp("", "qunce-archive-*")
	if err != nil {
		return fmt.Errorf("fetch a file: %w", err)
	}
	defer func() { _ = temp.Close(); _ = os.Remove(temp.Name()) }()
	sum := md5.New() //nolint:gosec // as above
	bounded := &bounded{w: io.MultiWriter(temp, sum), left: limit}
	err = s.Source.Media(ctx, f.fileID, bounded)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case bounded.over:
		err = errs.E(errs.Invalid, "archive.media_large", "more than %d bytes", limit).With("max_mb", limit>>20)
	case err == nil && len(f.md5) == 2*md5.Size && !strings.EqualFold(hex.EncodeToString(sum.Sum(nil)), f.md5):
		err = errs.E(errs.Unavailable, "archive.media_damaged", "another check sum")
	}
	if err != nil {
		return errors.Join(err, s.noteMedia(ctx, f, err))
	}
	if _, err := temp.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("fetch a file: %w", err)
	}
	return s.keepFile(ctx, f, temp)
}

var errOver = errors.New("the file is too large")

// bounded fails when more is written than it may hold.
type bounded struct {
	w    io.Writer
	left int64
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		b.over = true
		return 0, errOver
	}
	b.left -= int64(len(p))
	return b.w.Write(p)
}

// noteMedia keeps why a file could not be fetched, and when it is tried again.
func (s *Service) noteMedia(ctx context.Context, f fileRow, why error) error {
	state, next := f.state, (*time.Time)(nil)
	code, kind := errs.CodeOf(why), errs.KindOf(why)
	// An adapter that is away or refuses us says nothing about the file: it is tried until its five days are over.
	tried := 1
	if kind == errs.Forbidden || kind == errs.Unavailable && code != "archive.media_damaged" {
		tried = 0
	}
	switch {
	case code == "archive.media_gone":
		state = Expired
	case code == "archive.media_large":
		state = TooLarge
	case f.At.Before(s.Clock.Now().Add(-KeptAtWeCom)):
		state = Expired
	case code == "archive.media_unknown" || f.attempts+tried >= mediaAttempts:
		state = Failed
	case f.state == Wanted:
		at := s.Wall.Now().Add(mediaPause << min(f.attempts, 10))
		next = &at
	}
	_, err := s.DB.Exec(ctx, `UPDATE archive_media SET state = $5, attempts = attempts + $8, next_at = $6, error_code = $7
		WHERE chat_id = $1 AND at = $2 AND message_id = $3 AND n = $4 AND state <> 'stored'`, f.ChatID, f.At, f.MessageID, f.N, string(state), next, code, tried)
	if err != nil {
		return fmt.Errorf("note a file: %w", err)
	}
	return nil
}

// keepFile writes a fetched file. Whoever fetched the same one at the same time writes the same bytes.
func (s *Service) keepFile(ctx context.Context, f fileRow, r io.ReadSeeker) error {
	fpMediaBefore.Hit()
	err := s.DB.Tx(ctx, func(tx pg.Tx) error {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return err
		}
		key := []any{f.ChatID, f.At, f.MessageID, f.N}
		tag, err := tx.Exec(ctx, `UPDATE archive_media SET state = 'stored', next_at = NULL, error_code = '', stored_at = $5, attempts = attempts + 1
			WHERE chat_id = $1 AND at = $2 AND message_id = $3 AND n = $4`, append(key, s.Clock.Now())...)
		if err != nil || tag.RowsAffected() == 0 { // erased meanwhile
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM archive_chunk WHERE chat_id = $1 AND at = $2 AND message_id = $3 AND n = $4`, key...); err != nil {
			return err
		}
		piece, size := make([]byte, chunkBytes), int64(0)
		for part := 0; ; part++ {
			n, err := io.ReadFull(r, piece)
			if n > 0 {
				size += int64(n)
				if _, err := tx.Exec(ctx, `INSERT INTO archive_chunk (chat_id, at, message_id, n, part, data) VALUES ($1, $2, $3, $4, $5, $6)`, append(key, part, piece[:n])...); err != nil {
					return err
				}
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				break
			}
			if err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `UPDATE archive_media SET size = $5 WHERE chat_id = $1 AND at = $2 AND message_id = $3 AND n = $4`, append(key, size)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a file: %w", err)
	}
	fpMediaAfter.Hit()
	return nil
}

const fileColumns = `chat_id, at, message_id, n, file_id, md5, name, size, state, attempts`

func scanFile(r pgx.CollectableRow) (fileRow, error) {
	var f fileRow
	err := r.Scan(&f.ChatID, &f.At, &f.MessageID, &f.N, &f.fileID, &f.md5, &f.name, &f.size, &f.state, &f.attempts)
	return f, err
}

func wantedFiles(ctx context.Context, q pg.Querier, now time.Time, limit int) ([]fileRow, error) {
	rows, err := q.Query(ctx, `SELECT `+fileColumns+` FROM archive_media WHERE state = 'wanted' AND next_at <= $1 ORDER BY next_at LIMIT $2`, now, limit)
	if err != nil {
		return nil, fmt.Errorf("find wanted files: %w", err)
	}
	return pgx.CollectRows(rows, scanFile)
}

// wantListed wants the files since a time that are only listed and not too large.
func wantListed(ctx context.Context, q pg.Querier, since time.Time, limit int64, now time.Time) error {
	_, err := q.Exec(ctx, `UPDATE archive_media SET state = 'wanted', next_at = $3 WHERE at > $1 AND size <= $2 AND state IN ('listed', 'too_large')`, since, limit, now)
	if err != nil {
		return fmt.Errorf("want files: %w", err)
	}
	return nil
}

// oneFile finds a file of a message; NotFound "archive.media_unknown".
func oneFile(ctx context.Context, q pg.Querier, k fileKey) (fileRow, error) {
	rows, err := q.Query(ctx, `SELECT `+fileColumns+` FROM archive_media WHERE chat_id = $1 AND at = $2 AND message_id = $3 AND n = $4`, k.ChatID, k.At, k.MessageID, k.N)
	if err != nil {
		return fileRow{}, fmt.Errorf("find a file: %w", err)
	}
	f, err := pgx.CollectExactlyOneRow(rows, scanFile)
	if pg.IsNoRows(err) {
		return f, errs.E(errs.NotFound, "archive.media_unknown", "no such file")
	}
	return f, err
}

// ensureFile returns a file that is here, fetching it first if WeCom still has it. Errors: NotFound "archive.media_unknown",
// "archive.media_gone"; Invalid "archive.media_large"; Conflict "archive.not_set_up"; the source's.
func (s *Service) ensureFile(ctx context.Context, k fileKey) (fileRow, error) {
	f, err := oneFile(ctx, s.DB, k)
	if err != nil || f.state == Stored {
		return f, err
	}
	settings, err := s.Settings(ctx, s.DB)
	if err != nil {
		return f, err
	}
	limit := int64(settings.MediaMaxMB) << 20
	switch {
	case f.state == Expired || f.At.Before(s.Clock.Now().Add(-KeptAtWeCom)):
		return f, errs.E(errs.NotFound, "archive.media_gone", "older than WeCom keeps")
	case f.size > limit:
		return f, errs.E(errs.Invalid, "archive.media_large", "%d bytes", f.size).With("max_mb", settings.MediaMaxMB)
	case s.Source == nil:
		return f, errs.E(errs.Conflict, "archive.not_set_up", "no source")
	}
	if err := s.fetch(ctx, f, limit); err != nil {
		return f, err
	}
	return oneFile(ctx, s.DB, k)
}

// writeFile writes a stored file's bytes, piece by piece.
func (s *Service) writeFile(ctx context.Context, k fileKey, w io.Writer) error {
	for part := 0; ; part++ {
		var piece []byte
		err := s.DB.QueryRow(ctx, `SELECT data FROM archive_chunk WHERE chat_id = $1 AND at = $2 AND message_id = $3 AND n = $4 AND part = $5`,
			k.ChatID, k.At, k.MessageID, k.N, part).Scan(&piece)
		if pg.IsNoRows(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a file: %w", err)
		}
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
}

// filesOf lists the files of messages.
func filesOf(ctx context.Context, q pg.Querier, chatID int64, from, to time.Time) (map[int64][]File, error) {
	rows, err := q.Query(ctx, `SELECT message_id, n, name, size, state FROM archive_media WHERE chat_id = $1 AND at BETWEEN $2 AND $3 ORDER BY message_id, n`, chatID, from, to)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	out := map[int64][]File{}
	var id int64
	var f File
	_, err = pgx.ForEachRow(rows, []any{&id, &f.N, &f.Name, &f.Size, &f.State}, func() error { out[id] = append(out[id], f); return nil })
	return out, err
}
