package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/event"
	"qunce/internal/group"
	"qunce/internal/pg"
)

// consent is what somebody outside said about the archive in one chat.
type consent struct {
	chat     chat
	chatID   int64
	staffID  int64
	external string
	state    State
	since    *time.Time // nil: not known
	origin   Origin
	checked  *time.Time // when WeCom was last asked
}

// verdict is what a piece of news does to what we hold.
type verdict int

const (
	ignore verdict = iota
	note           // only that WeCom was asked
	change
)

// judge decides it. Older news never undoes newer; that WeCom does not say anything never undoes what somebody said.
func judge(held *consent, news consent) verdict {
	same := ignore
	if news.checked != nil {
		same = note
	}
	switch {
	case held == nil:
		return change
	case news.state == held.state && (news.since == nil || held.since != nil && !news.since.After(*held.since)):
		return same
	case news.state == Unknown:
		return same
	case news.since != nil && held.since != nil && news.since.Before(*held.since):
		return same
	}
	return change
}

// heard keeps the consents that messages of a page tell of.
func (s *Service) heard(ctx context.Context, tx pg.Tx, list []stored, cause int64) error {
	var news []consent
	for _, m := range list {
		if m.consent == nil {
			continue
		}
		at := m.consent.at
		if at.IsZero() || at.After(m.at.Add(maxAhead)) {
			at = m.at
		}
		news = append(news, consent{chat: m.chat, external: m.consent.external, state: m.consent.state, since: &at, origin: ByMessage})
	}
	return s.saveConsents(ctx, tx, news, func(consent) int64 { return cause })
}

// saveConsents keeps news of consents, in the order they came, and publishes what changed.
func (s *Service) saveConsents(ctx context.Context, tx pg.Tx, news []consent, causeOf func(consent) int64) error {
	if len(news) == 0 {
		return nil
	}
	if err := s.place(ctx, tx, news); err != nil {
		return err
	}
	held, err := findConsents(ctx, tx, news)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	type id struct {
		chat     int64
		external string
	}
	last := map[id]consent{} // what is written: the latest of each
	var order []id
	var changed []consent
	var asked []consent
	for _, c := range news {
		k := id{c.chatID, c.external}
		before, known := held[k.chat][k.external], false
		if x, ok := last[k]; ok {
			before, known = &x, true
		}
		switch judge(before, c) {
		case ignore:
		case note:
			asked = append(asked, c)
		case change:
			if !known {
				order = append(order, k)
			}
			last[k] = c
			changed = append(changed, c)
		}
	}
	write := make([]consent, len(order))
	for i, k := range order {
		write[i] = last[k]
	}
	if err := upsertConsents(ctx, tx, write, now); err != nil {
		return err
	}
	if err := noteAsked(ctx, tx, asked, now); err != nil {
		return err
	}
	return s.tell(ctx, tx, changed, causeOf, now)
}

// place gives consents their chats and the members of those.
func (s *Service) place(ctx context.Context, tx pg.Tx, news []consent) error {
	chats, members := map[string]chat{}, map[string]bool{}
	for _, c := range news {
		chats[c.chat.key] = c.chat
		if c.chat.member != "" {
			members[c.chat.member] = true
		}
	}
	staff, err := s.Staff.EnsureStaff(ctx, tx, sortedKeys(members))
	if err != nil {
		return err
	}
	ids, err := s.ensureChats(ctx, tx, chats, func(u string) int64 { return staff[u].ID })
	if err != nil {
		return err
	}
	for i := range news {
		news[i].chatID, news[i].staffID = ids[news[i].chat.key], staff[news[i].chat.member].ID
	}
	return nil
}

// tell publishes consents that were given or taken back.
func (s *Service) tell(ctx context.Context, tx pg.Tx, changed []consent, causeOf func(consent) int64, now time.Time) error {
	var externals, rooms []string
	for _, c := range changed {
		externals = append(externals, c.external)
		if c.chat.room != "" {
			rooms = append(rooms, c.chat.room)
		}
	}
	customers, err := s.Customers.ByExternal(ctx, tx, externals)
	if err != nil {
		return err
	}
	groups := map[string]group.Ref{}
	if len(rooms) > 0 {
		if groups, err = s.Groups.ByChats(ctx, tx, rooms); err != nil {
			return err
		}
	}
	var evs []event.Event
	for _, c := range changed {
		kind := Agreed
		switch c.state {
		case Agree:
		case Disagree:
			kind = Disagreed
		case Unknown:
			continue
		}
		at := now
		if c.since != nil {
			at = *c.since
		}
		evs = append(evs, event.Event{Kind: kind, At: at, CustomerID: customers[c.external], StaffID: c.staffID, GroupID: groups[c.chat.room].ID, CauseID: causeOf(c),
			Key:  fmt.Sprintf("%s/%d/%s/%d", kind, c.chatID, c.external, at.Unix()),
			Data: ConsentData{ExternalUserID: c.external, RoomID: c.chat.room, Source: c.origin}})
	}
	return s.Events.Publish(ctx, tx, evs...)
}

// findConsents reads what is held of the same people in the same chats.
func findConsents(ctx context.Context, q pg.Querier, news []consent) (map[int64]map[string]*consent, error) {
	chats, externals := make([]int64, len(news)), make([]string, len(news))
	for i, c := range news {
		chats[i], externals[i] = c.chatID, c.external
	}
	rows, err := q.Query(ctx, `SELECT DISTINCT c.chat_id, c.external_userid, c.state, c.since FROM archive_consent c
		JOIN unnest($1::bigint[], $2::text[]) AS u(c, e) ON c.chat_id = u.c AND c.external_userid = u.e`, chats, externals)
	if err != nil {
		return nil, fmt.Errorf("find consents: %w", err)
	}
	out := map[int64]map[string]*consent{}
	var x consent
	_, err = pgx.ForEachRow(rows, []any{&x.chatID, &x.external, &x.state, &x.since}, func() error {
		found := x
		if out[x.chatID] == nil {
			out[x.chatID] = map[string]*consent{}
		}
		out[x.chatID][x.external] = &found
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find consents: %w", err)
	}
	return out, nil
}

func upsertConsents(ctx context.Context, tx pg.Tx, list []consent, now time.Time) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	chats, externals, places, staff := make([]int64, n), make([]string, n), make([]string, n), make([]int64, n)
	rooms, states, since, origins, checked := make([]string, n), make([]string, n), make([]*time.Time, n), make([]string, n), make([]*time.Time, n)
	for i, c := range list {
		chats[i], externals[i], places[i], staff[i] = c.chatID, c.external, string(c.chat.place), c.staffID
		rooms[i], states[i], since[i], origins[i], checked[i] = c.chat.room, string(c.state), c.since, string(c.origin), c.checked
	}
	_, err := tx.Exec(ctx, `INSERT INTO archive_consent AS h (chat_id, external_userid, place, staff_id, room_id, state, since, source, changed_at, checked_at)
		SELECT c, e, p, s, r, st, si, o, coalesce(si, $10), ch FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[],
			$7::timestamptz[], $8::text[], $9::timestamptz[]) AS u(c, e, p, s, r, st, si, o, ch)
		ON CONFLICT (chat_id, external_userid) DO UPDATE SET state = EXCLUDED.state, since = EXCLUDED.since, source = EXCLUDED.source,
			changed_at = EXCLUDED.changed_at, checked_at = coalesce(EXCLUDED.checked_at, h.checked_at)`,
		chats, externals, places, staff, rooms, states, since, origins, checked, now)
	if err != nil {
		return fmt.Errorf("keep consents: %w", err)
	}
	return nil
}

// noteAsked keeps when WeCom was asked about people of whom it said nothing new.
func noteAsked(ctx context.Context, tx pg.Tx, list []consent, now time.Time) error {
	if len(list) == 0 {
		return nil
	}
	chats, externals := make([]int64, len(list)), make([]string, len(list))
	for i, c := range list {
		chats[i], externals[i] = c.chatID, c.external
	}
	_, err := tx.Exec(ctx, `UPDATE archive_consent h SET checked_at = $3 FROM unnest($1::bigint[], $2::text[]) AS u(c, e)
		WHERE h.chat_id = u.c AND h.external_userid = u.e`, chats, externals, now)
	if err != nil {
		return fmt.Errorf("note checks: %w", err)
	}
	return nil
}
