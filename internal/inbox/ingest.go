package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
	"qunce/internal/wecom/callback"
)

type put struct {
	ev   callback.Event
	done chan kept
}

// kept is what became of a put event.
type kept struct {
	fresh bool // it was not here before
	err   error
}

// Put stores an event and returns when it is durable, or was stored before. An error means it is not stored: the ingress
// then answers something else than 200 and WeCom sends it again.
func (in *Inbox) Put(ctx context.Context, ev callback.Event) error {
	_, err := in.keep(ctx, ev)
	return err
}

// keep is Put, and tells whether the event is here for the first time.
func (in *Inbox) keep(ctx context.Context, ev callback.Event) (fresh bool, err error) {
	p := put{ev: ev, done: make(chan kept, 1)}
	select {
	case in.queue <- p:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	select {
	case k := <-p.done:
		return k.fresh, k.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

const (
	// commitBatch bounds one group commit.
	commitBatch = 512
	// committers is how many groups are under way at once.
	committers = 2
)

// Ingest commits what Put queued until ctx ends, and keeps the door's books. Each of a few committers takes whatever waits
// and writes it in one statement, so the group grows with the load.
func (in *Inbox) Ingest(ctx context.Context) error {
	done := make(chan struct{}, committers+1)
	for range committers {
		go func() {
			defer func() { done <- struct{}{} }()
			in.commitUntil(ctx)
		}()
	}
	go func() {
		defer func() { done <- struct{}{} }()
		in.keepBooks(ctx)
	}()
	for range committers + 1 {
		<-done
	}
	return ctx.Err()
}

func (in *Inbox) commitUntil(ctx context.Context) {
	for {
		var batch []put
		select {
		case <-ctx.Done():
			return
		case p := <-in.queue:
			batch = append(batch, p)
		}
	more:
		for len(batch) < commitBatch {
			select {
			case p := <-in.queue:
				batch = append(batch, p)
			default:
				break more
			}
		}
		in.commitAll(ctx, batch)
	}
}

// commitAll commits a group and answers its callers. If the database refuses the group, each is committed alone: one
// event that cannot be stored must not turn away the others.
func (in *Inbox) commitAll(ctx context.Context, batch []put) {
	fresh, err := in.commit(ctx, batch)
	alone := err != nil && len(batch) > 1 && ctx.Err() == nil && !pg.IsUnavailable(err)
	for i, p := range batch {
		if alone {
			one, err := in.commit(ctx, []put{p})
			p.done <- kept{len(one) == 1 && one[0], err}
			continue
		}
		p.done <- kept{err == nil && fresh[i], err}
	}
}

// commit writes a group and tells which of its events were not here before.
func (in *Inbox) commit(ctx context.Context, batch []put) (fresh []bool, err error) {
	ids, err := in.ids.Take(ctx, len(batch))
	if err != nil {
		return nil, err
	}
	n := len(batch)
	hashes, laneNos, urgent := make([][]byte, n), make([]int16, n), make([]bool, n)
	at, events, changes, entities := make([]time.Time, n), make([]string, n), make([]string, n), make([]string, n)
	users, externals, chats, members, bodies := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([][]byte, n)
	lanesHit, place := map[int]bool{}, make(map[int64]int, n)
	now := in.wall.Now()
	for i, p := range batch {
		e := p.ev
		hash := e.Hash()
		hashes[i] = hash[:]
		urgent[i] = e.WelcomeCode != ""
		lane := laneOf(e)
		lanesHit[lane] = true
		laneNos[i], place[ids[i]] = int16(lane), i
		at[i] = happened(e.CreateTime, now)
		kind, change := e.Kind()
		events[i], changes[i], entities[i] = column(kind), column(change), entityOf(e)
		users[i], externals[i], chats[i], bodies[i] = column(e.Member()), column(e.ExternalUserID), column(e.ChatID), e.Raw
		members[i] = membersOf(e)
	}
	fpCommitBefore.Hit()
	// One statement: keys that are new let their event in.
	rows, err := in.db.Query(ctx, `WITH given AS (
			SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::smallint[], $4::boolean[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
				$9::text[], $10::text[], $11::text[], $12::bytea[], $14::text[]) AS u(id, hash, lane, urgent, corp_at, event, change_type, entity, userid, external_userid, chat_id, body, members)),
		one AS (SELECT DISTINCT ON (hash) * FROM given ORDER BY hash, id),
		fresh AS (INSERT INTO inbox_key (hash, at) SELECT hash, $13 FROM one ON CONFLICT (hash) DO NOTHING RETURNING hash)
		INSERT INTO inbox_event (id, lane, urgent, received_at, corp_at, event, change_type, entity, userid, external_userid, chat_id, body, members, state, next_at, cause_id)
		SELECT id, lane, urgent, $13, corp_at, event, change_type, entity, userid, external_userid, chat_id, body, string_to_array(members, chr(10)), 'new', $13, id
		FROM one JOIN fresh USING (hash) RETURNING id`,
		ids, hashes, laneNos, urgent, at, events, changes, entities, users, externals, chats, bodies, now, members)
	if err != nil {
		return nil, fmt.Errorf("store callbacks: %w", err)
	}
	fresh = make([]bool, n)
	var eventID int64
	if _, err := pgx.ForEachRow(rows, []any{&eventID}, func() error { fresh[place[eventID]] = true; return nil }); err != nil {
		return nil, fmt.Errorf("store callbacks: %w", err)
	}
	fpCommitAfter.Hit()
	for lane := range lanesHit {
		in.wakeLane(lane)
	}
	return fresh, nil
}

// widest is how many bytes of a name are kept in a column; WeCom's ids have 64 at most. The body keeps all of it.
const widest = 128

// column makes a searchable column of a callback's text.
func column(s string) string { return cut(s, widest) }

// entityOf is what the event is about; two long names that begin alike are still two.
func entityOf(e callback.Event) string {
	s := e.Entity()
	if len(s) <= widest {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return cut(s, widest/2) + "#" + hex.EncodeToString(sum[:16])
}

// mostMembers is how many of those who came or went at once can be searched for; WeCom names far fewer.
const mostMembers = 500

// membersOf is who came or went, a line each: PostgreSQL has no arrays of arrays of different lengths.
func membersOf(e callback.Event) string {
	var out []string
	for _, id := range e.MemChange[:min(len(e.MemChange), mostMembers)] {
		if id = column(id); id != "" && !strings.Contains(id, "\n") {
			out = append(out, id)
		}
	}
	return strings.Join(out, "\n")
}

// cut shortens text to at most n bytes without breaking a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// happened reads a callback's time. One without a usable time happened when it came.
func happened(seconds int64, received time.Time) time.Time {
	const year3000 = 32_503_680_000
	if seconds <= 0 || seconds > year3000 {
		return received
	}
	return time.Unix(seconds, 0)
}

func laneOf(e callback.Event) int {
	if e.WelcomeCode != "" {
		return urgentLane
	}
	h := fnv.New32a()
	h.Write([]byte(e.Entity()))
	return int(h.Sum32() % Lanes)
}
