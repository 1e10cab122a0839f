package archive

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/gram"
	"qunce/internal/pg"
)

// state is where reading stands.
type state struct {
	seq        int64
	wantedAt   *time.Time
	pulledAt   *time.Time
	caughtUpAt *time.Time
	lastAt     *time.Time
	failures   int
}

func readState(ctx context.Context, q pg.Querier) (state, error) {
	var st state
	err := q.QueryRow(ctx, `SELECT seq, wanted_at, pulled_at, caught_up_at, last_at, failures FROM archive_state WHERE id = 1`).
		Scan(&st.seq, &st.wantedAt, &st.pulledAt, &st.caughtUpAt, &st.lastAt, &st.failures)
	if err != nil {
		return st, fmt.Errorf("read archive state: %w", err)
	}
	return st, nil
}

// saveState moves the position from before to next, unless somebody else has moved it. A wish to read that came after
// before was read stays.
func saveState(ctx context.Context, tx pg.Tx, before, next state, d did) error {
	tag, err := tx.Exec(ctx, `UPDATE archive_state SET seq = $2, pulled_at = $3, caught_up_at = $4, last_at = $5, failures = 0, error_code = '', error = '',
		wanted_at = CASE WHEN wanted_at IS NOT DISTINCT FROM $6 THEN $7 ELSE wanted_at END,
		messages = messages + $8, duplicates = duplicates + $9, switches = switches + $10, strange = strange + $11
		WHERE id = 1 AND seq = $1`, before.seq, next.seq, next.pulledAt, next.caughtUpAt, next.lastAt, before.wantedAt, next.wantedAt,
		d.fresh, d.doubled, d.switched, d.strange)
	if err != nil {
		return fmt.Errorf("move the position: %w", err)
	}
	if tag.RowsAffected() != 1 {
		return errMoved
	}
	return nil
}

// want notes that there is something new to read.
func want(ctx context.Context, q pg.Querier, at time.Time) error {
	if _, err := q.Exec(ctx, `UPDATE archive_state SET wanted_at = greatest(wanted_at, $1) WHERE id = 1`, at); err != nil {
		return fmt.Errorf("want messages: %w", err)
	}
	return nil
}

func insertGap(ctx context.Context, q pg.Querier, g gap) error {
	var next *int64
	if g.nextSeq > 0 {
		next = &g.nextSeq
	}
	// A gap that was seen before anything came is told again, and better, when something does.
	if _, err := q.Exec(ctx, `DELETE FROM archive_gap WHERE after_seq = $1 AND before_seq IS NULL`, g.afterSeq); err != nil {
		return fmt.Errorf("keep gap: %w", err)
	}
	_, err := q.Exec(ctx, `INSERT INTO archive_gap (id, from_at, to_at, after_seq, before_seq, found_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		g.id, g.from, g.to, g.afterSeq, next, g.found)
	if err != nil {
		return fmt.Errorf("keep gap: %w", err)
	}
	return nil
}

// claim takes the ids of messages that nobody has taken, and returns those messages.
func claim(ctx context.Context, tx pg.Tx, list []stored) ([]stored, error) {
	n := len(list)
	keys, chats, at, ids := make([]string, n), make([]int64, n), make([]time.Time, n), make([]int64, n)
	for i, m := range list {
		keys[i], chats[i], at[i], ids[i] = m.msgID, m.chatID, m.at, m.id
	}
	rows, err := tx.Query(ctx, `INSERT INTO archive_key (msg_id, chat_id, at, id)
		SELECT k, c, a, i FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::bigint[]) AS u(k, c, a, i)
		ON CONFLICT (msg_id) DO NOTHING RETURNING id`, keys, chats, at, ids)
	if err != nil {
		return nil, fmt.Errorf("claim messages: %w", err)
	}
	won, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("claim messages: %w", err)
	}
	slices.Sort(won)
	return slices.DeleteFunc(slices.Clone(list), func(m stored) bool {
		_, mine := slices.BinarySearch(won, m.id)
		return !mine
	}), nil
}

func insertMessages(ctx context.Context, tx pg.Tx, list []stored) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"archive_message"},
		[]string{"chat_id", "at", "id", "staff_id", "recipients", "place", "kind", "sender", "msg_id", "body", "norm", "payload", "grams"},
		pgx.CopyFromSlice(len(list), func(i int) ([]any, error) {
			m := list[i]
			folded := gram.Fold(m.body)
			var norm *string
			if folded != m.body {
				norm = &folded
			}
			return []any{m.chatID, m.at, m.id, m.staffID, int32(len(m.to)), string(m.chat.place), m.kind, m.from, m.msgID, m.body, norm, m.payload, gram.Pairs(folded)}, nil
		}))
	if err != nil {
		return fmt.Errorf("write messages: %w", err)
	}
	return nil
}

// insertMedia lists the files of messages, and wants those that are to be fetched by themselves.
func insertMedia(ctx context.Context, tx pg.Tx, list []stored, settings Settings, now, wall time.Time) error {
	var rows [][]any
	for _, m := range list {
		for n, f := range m.media {
			state, next := Listed, (*time.Time)(nil)
			switch {
			case f.size > int64(settings.MediaMaxMB)<<20:
				state = TooLarge
			case settings.FetchMedia && m.at.After(now.Add(-KeptAtWeCom)):
				state, next = Wanted, &wall
			}
			rows = append(rows, []any{m.chatID, m.at, m.id, int16(n), f.fileID, f.md5, f.name, f.size, string(state), next})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"archive_media"},
		[]string{"chat_id", "at", "message_id", "n", "file_id", "md5", "name", "size", "state", "next_at"}, pgx.CopyFromRows(rows))
	if err != nil {
		return fmt.Errorf("list files: %w", err)
	}
	return nil
}

// recall marks the messages that others took back; those we never had are not missed.
func recall(ctx context.Context, tx pg.Tx, list []stored) error {
	var ids []string
	var at []time.Time
	for _, m := range list {
		if m.revokes != "" {
			ids, at = append(ids, m.revokes), append(at, m.at)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT k.chat_id, k.at, k.id, u.a FROM unnest($1::text[], $2::timestamptz[]) AS u(m, a) JOIN archive_key k ON k.msg_id = u.m`, ids, at)
	if err != nil {
		return fmt.Errorf("find recalled messages: %w", err)
	}
	var chats, messages []int64
	var said, taken []time.Time
	var c, id int64
	var s, t time.Time
	if _, err = pgx.ForEachRow(rows, []any{&c, &s, &id, &t}, func() error {
		chats, said, messages, taken = append(chats, c), append(said, s), append(messages, id), append(taken, t)
		return nil
	}); err != nil {
		return fmt.Errorf("find recalled messages: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE archive_message m SET recalled_at = u.t FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::timestamptz[]) AS u(c, s, i, t)
		WHERE m.chat_id = u.c AND m.at = u.s AND m.id = u.i`, chats, said, messages, taken)
	if err != nil {
		return fmt.Errorf("mark recalled messages: %w", err)
	}
	return nil
}

// findChats returns the ids of chats by key.
func findChats(ctx context.Context, q pg.Querier, keys []string) (map[string]int64, error) {
	rows, err := q.Query(ctx, `SELECT key, id FROM archive_chat WHERE key = ANY($1)`, keys)
	if err != nil {
		return nil, fmt.Errorf("find chats: %w", err)
	}
	out := make(map[string]int64, len(keys))
	var k string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&k, &n}, func() error { out[k] = n; return nil })
	if err != nil {
		return nil, fmt.Errorf("find chats: %w", err)
	}
	return out, nil
}

func insertChats(ctx context.Context, tx pg.Tx, list []chat, ids, staff []int64) error {
	n := len(list)
	keys, places, peers, rooms := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, c := range list {
		keys[i], places[i], peers[i], rooms[i] = c.key, string(c.place), c.peer, c.room
	}
	_, err := tx.Exec(ctx, `INSERT INTO archive_chat (key, id, place, staff_id, peer, room_id)
		SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[]) AS u(k, i, p, s, e, r)
		ON CONFLICT (key) DO NOTHING`, keys, ids, places, staff, peers, rooms)
	if err != nil {
		return fmt.Errorf("make chats: %w", err)
	}
	return nil
}

// countChats adds new messages to their chats.
func countChats(ctx context.Context, tx pg.Tx, list []stored) error {
	type sum struct {
		n           int64
		first, last time.Time
	}
	sums := map[string]sum{}
	for _, m := range list {
		x, there := sums[m.chat.key]
		x.n++
		if !there || m.at.Before(x.first) {
			x.first = m.at
		}
		if !there || m.at.After(x.last) {
			x.last = m.at
		}
		sums[m.chat.key] = x
	}
	keys := sortedKeys(sums)
	counts, first, last := make([]int64, len(keys)), make([]time.Time, len(keys)), make([]time.Time, len(keys))
	for i, k := range keys {
		counts[i], first[i], last[i] = sums[k].n, sums[k].first, sums[k].last
	}
	_, err := tx.Exec(ctx, `UPDATE archive_chat c SET messages = c.messages + u.n, first_at = least(c.first_at, u.f), last_at = greatest(c.last_at, u.l)
		FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::timestamptz[]) AS u(k, n, f, l) WHERE c.key = u.k`, keys, counts, first, last)
	if err != nil {
		return fmt.Errorf("count chats: %w", err)
	}
	return nil
}
