package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
)

// Erase removes somebody outside from the archive: the single chats with all members, what the person wrote in groups,
// the files of both, and the consents. What others forwarded of it stays theirs. It looks through all messages, since
// nothing else is complete: a job does it, not a request.
func (s *Service) Erase(ctx context.Context, tx pg.Tx, externals []string) error {
	if len(externals) == 0 {
		return nil
	}
	singles, err := findChatRows(ctx, tx, `WHERE peer = ANY($1) AND peer <> ''`, externals)
	if err != nil {
		return err
	}
	whole := ids(singles)
	rows, err := tx.Query(ctx, `DELETE FROM archive_message WHERE sender = ANY($1) AND chat_id <> ALL($2) RETURNING chat_id, at, id`, externals, whole)
	if err != nil {
		return fmt.Errorf("erase messages: %w", err)
	}
	var chats, messages []int64
	var at []time.Time
	var c, id int64
	var t time.Time
	if _, err := pgx.ForEachRow(rows, []any{&c, &t, &id}, func() error {
		chats, at, messages = append(chats, c), append(at, t), append(messages, id)
		return nil
	}); err != nil {
		return fmt.Errorf("erase messages: %w", err)
	}
	for _, sql := range []string{
		`DELETE FROM archive_chunk f USING unnest($1::bigint[], $2::timestamptz[], $3::bigint[]) AS u(c, t, i) WHERE f.chat_id = u.c AND f.at = u.t AND f.message_id = u.i`,
		`DELETE FROM archive_media f USING unnest($1::bigint[], $2::timestamptz[], $3::bigint[]) AS u(c, t, i) WHERE f.chat_id = u.c AND f.at = u.t AND f.message_id = u.i`,
		`UPDATE archive_chat c SET messages = greatest(c.messages - u.n, 0) FROM (SELECT x.c, count(*) AS n FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[]) AS x(c, t, i) GROUP BY x.c) u WHERE c.id = u.c`,
	} {
		if _, err := tx.Exec(ctx, sql, chats, at, messages); err != nil {
			return fmt.Errorf("erase files: %w", err)
		}
	}
	for _, table := range []string{"archive_chunk", "archive_media", "archive_message", "archive_consent"} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE chat_id = ANY($1)`, whole); err != nil {
			return fmt.Errorf("erase chats: %w", err)
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM archive_consent WHERE external_userid = ANY($1)`, externals); err != nil {
		return fmt.Errorf("erase consents: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM archive_chat WHERE peer = ANY($1) AND peer <> ''`, externals); err != nil {
		return fmt.Errorf("erase chats: %w", err)
	}
	return nil
}
