package inbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
	"qunce/internal/wecom/callback"
)

// Retained is how long callbacks are kept: of what happened before, nobody can say whether a callback came.
const Retained = 180 * 24 * time.Hour

// perGroup bounds how many callbacks of one group are looked through for a member.
const perGroup = 500

// Hint describes the callback that should have told of a change. Entity is the customer, else the group, else the member,
// else the tag, as callback.Event.Entity has it; empty UserID and Changes match all.
type Hint struct {
	Event   string
	Changes []string
	Entity  string
	UserID  string
	Member  string    // somebody a group's callback names among those who came or went
	From    time.Time // an earlier callback told of something else
}

// Told is the newest callback that a hint describes; ID is 0 when none came. State is its state: new, done, failed, ignored.
type Told struct {
	ID    int64
	State string
	At    time.Time
}

// Find looks for the callbacks that should have told of changes, one answer a hint.
func Find(ctx context.Context, q pg.Querier, hints []Hint) ([]Told, error) {
	out := make([]Told, len(hints))
	if err := findPlain(ctx, q, hints, out); err != nil {
		return nil, err
	}
	return out, findMembers(ctx, q, hints, out)
}

func findPlain(ctx context.Context, q pg.Querier, hints []Hint, out []Told) error {
	var at []int32
	var events, entities, users, changes []string
	var from []time.Time
	for i, h := range hints {
		if h.Member != "" {
			continue
		}
		list := h.Changes
		if len(list) == 0 {
			list = []string{""}
		}
		for _, c := range list {
			at, events, changes = append(at, int32(i)), append(events, h.Event), append(changes, c)
			entities, users, from = append(entities, h.Entity), append(users, h.UserID), append(from, h.From)
		}
	}
	if len(at) == 0 {
		return nil
	}
	rows, err := q.Query(ctx, `SELECT h.at, e.id, e.state, e.corp_at
		FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[]) AS h(at, event, change, entity, userid, since)
		CROSS JOIN LATERAL (SELECT id, state, corp_at FROM inbox_event WHERE entity = h.entity AND event = h.event AND (h.change = '' OR change_type = h.change)
			AND (h.userid = '' OR userid = h.userid) AND corp_at >= h.since ORDER BY id DESC LIMIT 1) e`, at, events, changes, entities, users, from)
	if err != nil {
		return fmt.Errorf("find callbacks: %w", err)
	}
	var i int32
	var t Told
	if _, err := pgx.ForEachRow(rows, []any{&i, &t.ID, &t.State, &t.At}, func() error {
		if t.ID > out[i].ID {
			out[i] = t
		}
		return nil
	}); err != nil {
		return fmt.Errorf("find callbacks: %w", err)
	}
	return nil
}

// findMembers reads each group's callbacks once, however many of its members are asked for: who came and went stands in
// their bodies alone.
func findMembers(ctx context.Context, q pg.Querier, hints []Hint, out []Told) error {
	byGroup := map[string][]int{}
	var from time.Time
	for i, h := range hints {
		if h.Member == "" {
			continue
		}
		byGroup[h.Entity] = append(byGroup[h.Entity], i)
		if from.IsZero() || h.From.Before(from) {
			from = h.From
		}
	}
	if len(byGroup) == 0 {
		return nil
	}
	groups := make([]string, 0, len(byGroup))
	for g := range byGroup {
		groups = append(groups, g)
	}
	rows, err := q.Query(ctx, `SELECT g, e.id, e.state, e.corp_at, e.body FROM unnest($1::text[]) AS g
		CROSS JOIN LATERAL (SELECT id, state, corp_at, body FROM inbox_event WHERE entity = g AND event = $2 AND change_type = $3 AND corp_at >= $4
			ORDER BY id DESC LIMIT $5) e ORDER BY e.id`, groups, callback.ExternalChat, callback.ChatUpdate, from, perGroup)
	if err != nil {
		return fmt.Errorf("find callbacks of groups: %w", err)
	}
	var g string
	var t Told
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&g, &t.ID, &t.State, &t.At, &body}, func() error {
		parsed, err := callback.Parse(body)
		if err != nil {
			return nil // it names nobody
		}
		for _, i := range byGroup[g] {
			h := hints[i]
			if !t.At.Before(h.From) && slices.Contains(parsed.MemChange, h.Member) && (len(h.Changes) == 0 || slices.Contains(h.Changes, parsed.UpdateDetail)) {
				out[i] = t
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("find callbacks of groups: %w", err)
	}
	return nil
}
