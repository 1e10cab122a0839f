package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"qunce/internal/clock"
	"qunce/internal/pg"
)

// parted are the tables that have a part a month. The messages come last: a month counts by theirs, so one that was only
// half made or half dropped is made or dropped to its end the next time.
func parted() []string { return []string{"archive_chunk", "archive_media", "archive_message"} }

const partName = "%s_y%04dm%02d"

// monthOf is the first instant of t's month in the corp's zone.
func monthOf(t time.Time) time.Time {
	t = t.In(clock.Shanghai)
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, clock.Shanghai)
}

// EnsurePartitions makes the parts for the months from from to to, both inclusive. It locks the tables for a moment, so
// it stands outside the transactions that write.
func EnsurePartitions(ctx context.Context, db *pg.DB, from, to time.Time) error {
	have, err := months(ctx, db)
	if err != nil {
		return err
	}
	there := map[time.Time]bool{}
	for _, m := range have {
		there[m.UTC()] = true
	}
	for m := monthOf(from); !m.After(to); m = m.AddDate(0, 1, 0) {
		if there[m.UTC()] {
			continue
		}
		for _, table := range parted() {
			name := fmt.Sprintf(partName, table, m.Year(), int(m.Month()))
			_, err := db.Exec(ctx, fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s PARTITION OF %s FOR VALUES FROM ('%s') TO ('%s')`,
				name, table, m.Format(time.RFC3339), m.AddDate(0, 1, 0).Format(time.RFC3339)))
			if err != nil && !overlaps(err) {
				return fmt.Errorf("make partition %s: %w", name, err)
			}
		}
	}
	return nil
}

// overlaps reports that another process made the part in the same moment.
func overlaps(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "42P17" || e.Code == "42P07" || e.Code == "23505")
}

// months lists the months that have a part, newest first.
func months(ctx context.Context, q pg.Querier) ([]time.Time, error) {
	rows, err := q.Query(ctx, `SELECT substr(c.relname, length('archive_message_y') + 1, 7) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = to_regclass('archive_message') ORDER BY 1 DESC`)
	if err != nil {
		return nil, fmt.Errorf("list months: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (time.Time, error) {
		var text string
		if err := r.Scan(&text); err != nil {
			return time.Time{}, err
		}
		return time.ParseInLocation("2006m01", text, clock.Shanghai)
	})
}

// Retention rules. A month goes when all of it is older than the setting allows. Ids of messages are kept much longer than
// WeCom would give the messages again.
const (
	sweepHour = 4
	keysKept  = 40 * 24 * time.Hour
)

// NextDue is when the daily sweep is due.
func (s *Service) NextDue(ctx context.Context) (time.Time, bool, error) {
	var last *time.Time
	if err := s.DB.QueryRow(ctx, `SELECT swept_at FROM archive_state WHERE id = 1`).Scan(&last); err != nil {
		return time.Time{}, false, fmt.Errorf("read sweep: %w", err)
	}
	if last == nil {
		return s.Clock.Now(), true, nil
	}
	at := clock.Day(*last).Add(sweepHour * time.Hour)
	if !at.After(*last) {
		at = at.AddDate(0, 0, 1)
	}
	return at, true, nil
}

// RunDue does the daily sweep if it is due, and returns 1 when it did: it makes the parts of this month and the next,
// drops those whose time is over, recounts what they were in, and forgets old ids and chats with nothing in them.
func (s *Service) RunDue(ctx context.Context) (int, error) {
	at, ok, err := s.NextDue(ctx)
	now := s.Clock.Now()
	if err != nil || !ok || at.After(now) {
		return 0, err
	}
	if err := EnsurePartitions(ctx, s.DB, now, now.AddDate(0, 1, 0)); err != nil {
		return 0, err
	}
	if err := s.dropOld(ctx, now); err != nil {
		return 0, err
	}
	if _, err := s.DB.Exec(ctx, `UPDATE archive_state SET swept_at = $1 WHERE id = 1`, now); err != nil {
		return 0, fmt.Errorf("note sweep: %w", err)
	}
	return 1, nil
}

// oldest is the first instant that is kept.
func oldest(now time.Time, keepMonths int) time.Time { return now.AddDate(0, -keepMonths, 0) }

func (s *Service) dropOld(ctx context.Context, now time.Time) error {
	settings, err := s.Settings(ctx, s.DB)
	if err != nil {
		return err
	}
	cut := oldest(now, settings.RetentionMonths)
	have, err := months(ctx, s.DB)
	if err != nil {
		return err
	}
	for _, m := range have {
		if m.AddDate(0, 1, 0).After(cut) {
			continue
		}
		for _, table := range parted() {
			name := fmt.Sprintf(partName, table, m.Year(), int(m.Month()))
			if _, err := s.DB.Exec(ctx, `DROP TABLE IF EXISTS `+pgx.Identifier{name}.Sanitize()); err != nil {
				return fmt.Errorf("drop partition %s: %w", name, err)
			}
		}
		s.Log.Info("archive: a month is over", "month", m.Format("2006-01"))
	}
	if _, err := s.DB.Exec(ctx, `DELETE FROM archive_key WHERE at < $1`, now.Add(-keysKept)); err != nil {
		return fmt.Errorf("forget old ids: %w", err)
	}
	for _, settle := range []func(context.Context, time.Time) (int, error){s.emptyChats, s.recountChats} {
		for n := chatsAtOne; n == chatsAtOne; {
			if n, err = settle(ctx, monthOf(cut)); err != nil {
				return fmt.Errorf("settle chats: %w", err)
			}
		}
	}
	return nil
}

// chatsAtOne is how many chats are settled in one transaction.
const chatsAtOne = 1000

// emptyChats settles chats whose last message is gone: one in which somebody consented stays, with nothing in it, since the
// consent is known by the chat's id; the others are forgotten. It returns how many there were.
func (s *Service) emptyChats(ctx context.Context, kept time.Time) (n int, err error) {
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		chats, err := lockChats(ctx, tx, `last_at < $1`, kept)
		if n = len(chats); err != nil || n == 0 {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT DISTINCT chat_id FROM archive_consent WHERE chat_id = ANY($1)`, chats)
		if err != nil {
			return err
		}
		consented, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM archive_chat WHERE id = ANY($1) AND id <> ALL($2)`, chats, consented); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE archive_chat SET messages = 0, first_at = NULL, last_at = NULL WHERE id = ANY($1)`, consented)
		return err
	})
	return n, err
}

// recountChats counts what is left in chats that lost their first messages. It returns how many there were.
func (s *Service) recountChats(ctx context.Context, kept time.Time) (n int, err error) {
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		chats, err := lockChats(ctx, tx, `first_at < $1`, kept)
		if n = len(chats); err != nil || n == 0 {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT chat_id, count(*), min(at) FROM archive_message WHERE chat_id = ANY($1) AND at >= $2 GROUP BY chat_id`, chats, kept)
		if err != nil {
			return err
		}
		found := map[int64]bool{}
		var ids, counts []int64
		var first []*time.Time
		var id, count int64
		var at time.Time
		if _, err := pgx.ForEachRow(rows, []any{&id, &count, &at}, func() error {
			began := at
			found[id] = true
			ids, counts, first = append(ids, id), append(counts, count), append(first, &began)
			return nil
		}); err != nil {
			return err
		}
		for _, id := range chats { // its last messages were erased
			if !found[id] {
				ids, counts, first = append(ids, id), append(counts, 0), append(first, nil)
			}
		}
		_, err = tx.Exec(ctx, `UPDATE archive_chat c SET messages = u.n, first_at = u.f FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) AS u(i, n, f)
			WHERE c.id = u.i`, ids, counts, first)
		return err
	})
	return n, err
}

// lockChats keeps messages from being counted into some chats until the transaction ends.
func lockChats(ctx context.Context, tx pg.Tx, where string, kept time.Time) ([]int64, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM archive_chat WHERE `+where+` ORDER BY key LIMIT $2 FOR UPDATE`, kept, chatsAtOne)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}
