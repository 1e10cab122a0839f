package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/customer"
	"qunce/internal/errs"
	"qunce/internal/group"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Who has a seat and who agreed is asked once a day; a consent that is known is asked about again after a week, so that a
// day's questions are a seventh of the relations and what is new.
const (
	askEvery   = 24 * time.Hour
	askAgain   = 7 * 24 * time.Hour
	askRetry   = time.Hour
	askLook    = 5 * time.Second // how often it is looked whether it is time
	pairsAtOne = 100             // WeCom's limit
	friendPage = 1000
)

func (s *Service) asking(ctx context.Context) {
	for s.People != nil && ctx.Err() == nil {
		if err := s.AskIfDue(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("archive: seats and consents", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(askRetry):
			}
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(askLook):
		}
	}
}

// AskIfDue asks WeCom who has a seat and who agreed, when the last time was a day ago.
func (s *Service) AskIfDue(ctx context.Context) error {
	var last *time.Time
	if err := s.DB.QueryRow(ctx, `SELECT checked_at FROM archive_state WHERE id = 1`).Scan(&last); err != nil {
		return fmt.Errorf("read archive state: %w", err)
	}
	if last != nil && s.Clock.Now().Before(last.Add(askEvery)) {
		return nil
	}
	return s.Ask(ctx)
}

// Ask asks WeCom who has a seat and who agreed, and keeps what differs. Errors are WeCom's; what was learnt before one
// stays, and the error is shown with the state.
func (s *Service) Ask(ctx context.Context) error {
	if s.People == nil {
		return errs.E(errs.Conflict, "archive.no_secret", "the archive's secret is not set")
	}
	err := s.ask(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	_, noted := s.DB.Exec(ctx, `UPDATE archive_state SET people_error = $1, checked_at = CASE WHEN $1 = '' THEN $2 ELSE checked_at END WHERE id = 1`,
		errs.CodeOf(err), s.Clock.Now())
	return errors.Join(err, noted)
}

func (s *Service) ask(ctx context.Context) error {
	seated, err := s.askSeats(ctx)
	if err != nil || len(seated) == 0 {
		return err
	}
	cause, err := s.IDs.Next(ctx)
	if err != nil {
		return err
	}
	if err := s.askPairs(ctx, seated, cause); err != nil {
		return err
	}
	return s.askRooms(ctx, seated, cause)
}

// askSeats keeps who has a seat, and returns their rows.
func (s *Service) askSeats(ctx context.Context) ([]int64, error) {
	users, err := s.People.PermitUsers(ctx, 0)
	if err != nil {
		return nil, err
	}
	var ids []int64
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		staff, err := s.Staff.EnsureStaff(ctx, tx, users)
		if err != nil {
			return err
		}
		now := s.Clock.Now()
		ids = make([]int64, 0, len(users))
		names := make([]string, 0, len(users))
		for _, u := range users {
			ids, names = append(ids, staff[u].ID), append(names, u)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO archive_seat AS h (staff_id, userid, since) SELECT i, u, $3 FROM unnest($1::bigint[], $2::text[]) AS x(i, u)
			ON CONFLICT (staff_id) DO UPDATE SET ended_at = NULL, since = EXCLUDED.since, userid = EXCLUDED.userid WHERE h.ended_at IS NOT NULL`, ids, names, now); err != nil {
			return fmt.Errorf("keep seats: %w", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE archive_seat SET ended_at = $2 WHERE ended_at IS NULL AND staff_id <> ALL($1)`, ids, now); err != nil {
			return fmt.Errorf("end seats: %w", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE archive_state SET seats_at = $1 WHERE id = 1`, now); err != nil {
			return fmt.Errorf("note seats: %w", err)
		}
		return nil
	})
	return ids, err
}

// askPairs asks about the single chats of seated members with their friends.
func (s *Service) askPairs(ctx context.Context, seated []int64, cause int64) error {
	var due []customer.Friend
	for i, staffID := range seated {
		for after, last := int64(0), false; !last; {
			page, err := s.Customers.FriendsOf(ctx, s.DB, staffID, after, friendPage)
			if err != nil {
				return err
			}
			fresh, err := s.notAsked(ctx, page)
			if err != nil {
				return err
			}
			due = append(due, fresh...)
			if last = len(page) < friendPage; !last {
				after = page[len(page)-1].CustomerID
			}
			for len(due) >= pairsAtOne || last && i == len(seated)-1 && len(due) > 0 {
				n := min(len(due), pairsAtOne)
				if err := s.askSome(ctx, due[:n], cause); err != nil {
					return err
				}
				due = due[n:]
			}
		}
	}
	return nil
}

// notAsked leaves out the pairs that were asked about within the week.
func (s *Service) notAsked(ctx context.Context, page []customer.Friend) ([]customer.Friend, error) {
	keys := map[string]customer.Friend{}
	for _, f := range page {
		keys[chatOf(f.UserID, []string{f.ExternalUserID}, "").key] = f
	}
	chats, err := findChats(ctx, s.DB, sortedKeys(keys))
	if err != nil {
		return nil, err
	}
	ids := make([]int64, 0, len(chats))
	for _, n := range chats {
		ids = append(ids, n)
	}
	rows, err := s.DB.Query(ctx, `SELECT chat_id FROM archive_consent WHERE chat_id = ANY($1) AND checked_at > $2`, ids, s.Clock.Now().Add(-askAgain))
	if err != nil {
		return nil, fmt.Errorf("find checked consents: %w", err)
	}
	checked, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("find checked consents: %w", err)
	}
	done := make(map[int64]bool, len(checked))
	for _, n := range checked {
		done[n] = true
	}
	var out []customer.Friend
	for _, key := range sortedKeys(keys) {
		if !done[chats[key]] {
			out = append(out, keys[key])
		}
	}
	return out, nil
}

// askSome asks about up to a hundred pairs. A pair that the answer leaves out is known to be asked about, and no more.
func (s *Service) askSome(ctx context.Context, list []customer.Friend, cause int64) error {
	pairs := make([]wecom.ChatPair, len(list))
	for i, f := range list {
		pairs[i] = wecom.ChatPair{UserID: f.UserID, OpenID: f.ExternalUserID}
	}
	said, err := s.People.CheckSingleAgree(ctx, pairs)
	switch {
	case nobody(err) && len(list) > 1: // one of them is the reason: each half alone
		half := len(list) / 2
		if err := s.askSome(ctx, list[:half], cause); err != nil {
			return err
		}
		return s.askSome(ctx, list[half:], cause)
	case err != nil && !nobody(err):
		return err
	}
	answers := make(map[wecom.ChatPair]wecom.Agreement, len(said))
	for _, a := range said {
		answers[a.ChatPair] = a
	}
	now := s.Clock.Now()
	news := make([]consent, len(list))
	for i, p := range pairs {
		news[i] = checked(answers[p], chatOf(p.UserID, []string{p.OpenID}, ""), p.OpenID, now)
	}
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		return s.saveConsents(ctx, tx, news, func(consent) int64 { return cause })
	})
}

// nobody reports that WeCom does not know somebody or some group that we asked about.
func nobody(err error) bool {
	return wecom.IsCode(err, 40050, 40096, 49008, 60111, 84061, 90500, 90501, 301059, 301061)
}

// checked is what an answer of WeCom's says; no answer says nothing.
func checked(a wecom.Agreement, c chat, external string, now time.Time) consent {
	out := consent{chat: c, external: external, state: Unknown, origin: ByCheck, checked: &now}
	switch a.Status {
	case wecom.AgreeYes, wecom.AgreeDefault:
		out.state = Agree
	case wecom.AgreeNo:
		out.state = Disagree
	default:
		return out
	}
	if at := a.ChangedAt.Time(); !at.IsZero() && at.Before(now.Add(maxAhead)) {
		out.since = &at
	}
	return out
}

// askRooms asks about the groups of seated members, one call each.
func (s *Service) askRooms(ctx context.Context, seated []int64, cause int64) error {
	groups, err := s.Groups.OfOwners(ctx, s.DB, seated)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	for _, g := range groups {
		if g.Status == group.Gone || g.ChatID == "" {
			continue
		}
		var last *time.Time
		err := s.DB.QueryRow(ctx, `SELECT asked_at FROM archive_chat WHERE key = $1`, "r/"+g.ChatID).Scan(&last)
		if err != nil && !pg.IsNoRows(err) {
			return fmt.Errorf("read chat: %w", err)
		}
		if last != nil && last.After(now.Add(-askAgain)) {
			continue
		}
		said, err := s.People.CheckRoomAgree(ctx, g.ChatID)
		if err != nil && !nobody(err) {
			return err
		}
		c := chatOf("", nil, g.ChatID)
		var news []consent
		for _, a := range said {
			if isOutside(a.OpenID) {
				news = append(news, checked(a, c, a.OpenID, now))
			}
		}
		err = s.DB.Tx(ctx, func(tx pg.Tx) error {
			if _, err := s.ensureChats(ctx, tx, map[string]chat{c.key: c}, func(string) int64 { return 0 }); err != nil {
				return err
			}
			if err := s.saveConsents(ctx, tx, news, func(consent) int64 { return cause }); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `UPDATE archive_chat SET asked_at = $2 WHERE key = $1`, c.key, now)
			return err
		})
		if err != nil {
			return fmt.Errorf("keep consents of a group: %w", err)
		}
	}
	return nil
}
