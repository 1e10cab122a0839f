// Package event is how features hear of each other: a feature publishes what happened in the transaction that made it
// happen, and later features that subscribed see it in the same transaction, always in sets.
//
// Invariants: an event with a Key happens once, however often it is published; events are appended, never changed;
// subscribers run inside the publisher's transaction, so what they write stands or falls with the cause. A subscriber
// never calls the network. Every event carries the cause_id of what started the chain: a callback, a file, a tick.
package event

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"qunce/internal/clock"
	"qunce/internal/failpoint"
	"qunce/internal/id"
	"qunce/internal/pg"
)

// Kind names what happened: "customer.added". The publishing package declares its kinds in its events.go.
type Kind string

// Event is one fact. At is the corp's time. The ids are 0 where they do not apply. Data is the kind's own struct, kept
// as JSON; subscribers get the struct itself.
type Event struct {
	ID         int64
	Kind       Kind
	At         time.Time
	CustomerID int64
	GroupID    int64
	StaffID    int64
	StoreID    int64
	CodeID     int64
	Key        string
	Data       any
	CauseID    int64
}

// Handler reacts to a set of events of the kinds it subscribed to, in the order they were published.
type Handler func(ctx context.Context, tx pg.Tx, evs []Event) error

type subscription struct {
	name   string
	kinds  map[Kind]bool
	handle Handler
}

// Bus knows the subscribers and appends the events. It is wired once at start and then only read.
type Bus struct {
	ids  *id.Source
	wall clock.Clock
	subs []subscription
}

// New returns a bus without subscribers.
func New(ids *id.Source, wall clock.Clock) *Bus { return &Bus{ids: ids, wall: wall} }

// Subscribe adds a handler; name is for error messages. Subscribers run in the order they were added. What a subscriber
// publishes reaches its own subscribers before the next subscriber sees the cause.
func (b *Bus) Subscribe(name string, h Handler, kinds ...Kind) {
	set := make(map[Kind]bool, len(kinds))
	for _, k := range kinds {
		set[k] = true
	}
	b.subs = append(b.subs, subscription{name: name, kinds: set, handle: h})
}

var (
	fpBefore = failpoint.New("event.publish.before")
	fpAfter  = failpoint.New("event.publish.after")
)

// Publish appends the events and runs their subscribers, all in tx. Events whose Key was published before are dropped.
func (b *Bus) Publish(ctx context.Context, tx pg.Tx, evs ...Event) error {
	if len(evs) == 0 {
		return nil
	}
	fpBefore.Hit()
	fresh, err := b.dropKnown(ctx, tx, evs)
	if err != nil {
		return err
	}
	if len(fresh) == 0 {
		return nil
	}
	ids, err := b.ids.Take(ctx, len(fresh))
	if err != nil {
		return err
	}
	for i := range fresh {
		fresh[i].ID = ids[i]
		if fresh[i].CauseID == 0 {
			return fmt.Errorf("event %s without a cause", fresh[i].Kind)
		}
	}
	if err := b.append(ctx, tx, fresh); err != nil {
		return fmt.Errorf("append events: %w", err)
	}
	for _, sub := range b.subs {
		var mine []Event
		for _, e := range fresh {
			if sub.kinds[e.Kind] {
				mine = append(mine, e)
			}
		}
		if len(mine) == 0 {
			continue
		}
		if err := sub.handle(ctx, tx, mine); err != nil {
			return fmt.Errorf("%s on %s: %w", sub.name, mine[0].Kind, err)
		}
	}
	fpAfter.Hit()
	return nil
}

func (b *Bus) dropKnown(ctx context.Context, tx pg.Tx, evs []Event) ([]Event, error) {
	var keys []string
	var at []time.Time
	seen := map[string]bool{}
	for _, e := range evs {
		if e.Key != "" && !seen[e.Key] {
			seen[e.Key] = true
			keys, at = append(keys, e.Key), append(at, e.At)
		}
	}
	if len(keys) == 0 {
		return append([]Event(nil), evs...), nil
	}
	rows, err := tx.Query(ctx, `INSERT INTO event_key (key, at) SELECT * FROM unnest($1::text[], $2::timestamptz[]) AS u(k, a) ORDER BY k
		ON CONFLICT (key) DO NOTHING RETURNING key`, keys, at)
	if err != nil {
		return nil, fmt.Errorf("claim event keys: %w", err)
	}
	defer rows.Close()
	won := map[string]bool{}
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			return nil, err
		}
		won[k] = true
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	var fresh []Event
	for _, e := range evs {
		if e.Key == "" {
			fresh = append(fresh, e)
		} else if won[e.Key] {
			delete(won, e.Key) // a key twice in one call counts once
			fresh = append(fresh, e)
		}
	}
	return fresh, nil
}

func (b *Bus) append(ctx context.Context, tx pg.Tx, evs []Event) error {
	n := len(evs)
	customers, at, ids, kinds := make([]int64, n), make([]time.Time, n), make([]int64, n), make([]string, n)
	groups, staff, stores, codes := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	data, causes := make([]string, n), make([]int64, n)
	for i, e := range evs {
		raw := []byte("{}")
		if e.Data != nil {
			var err error
			if raw, err = json.Marshal(e.Data); err != nil {
				return fmt.Errorf("data of %s: %w", e.Kind, err)
			}
		}
		customers[i], at[i], ids[i], kinds[i], groups[i] = e.CustomerID, e.At, e.ID, string(e.Kind), e.GroupID
		staff[i], stores[i], codes[i], data[i], causes[i] = e.StaffID, e.StoreID, e.CodeID, string(raw), e.CauseID
	}
	_, err := tx.Exec(ctx, `INSERT INTO event_event
		(customer_id, at, id, kind, group_id, staff_id, store_id, code_id, data, wall_at, cause_id)
		SELECT c, a, i, k, g, s, st, co, d::jsonb, $10, ca FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::text[],
		$5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $11::bigint[]) AS u(c, a, i, k, g, s, st, co, d, ca)`,
		customers, at, ids, kinds, groups, staff, stores, codes, data, b.wall.Now(), causes)
	return err
}
