package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"qunce/internal/errs"
	"qunce/internal/failpoint"
	"qunce/internal/pg"
)

// How often the source is asked without being told, and how long after a failure.
const (
	pollEvery  = 30 * time.Second
	firstPause = 5 * time.Second
	lastPause  = 5 * time.Minute
)

var (
	fpPageBefore = failpoint.New("archive.page.before")
	fpPageInside = failpoint.New("archive.page.inside")
	fpPageAfter  = failpoint.New("archive.page.after")
)

// Work does the archive's work until ctx ends: it reads on, fetches the files that are wanted, and asks WeCom who agreed.
// None waits for another.
func (s *Service) Work(ctx context.Context) error {
	var all sync.WaitGroup
	for _, loop := range []func(context.Context){s.pulling, s.fetching, s.asking} {
		all.Go(func() { loop(ctx) })
	}
	all.Wait()
	<-ctx.Done() // without a source there is nothing to do, and that must not end the corp's other work
	return ctx.Err()
}

// pulling reads on when a callback says that there is something new, and every half minute, since callbacks get lost.
func (s *Service) pulling(ctx context.Context) {
	for s.Source != nil && ctx.Err() == nil {
		pause := pollEvery
		n, err := s.Pull(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("archive", "error", err)
			pause = s.pause(ctx)
		}
		if n > 0 {
			signal(s.wakeMedia)
		}
		select {
		case <-ctx.Done():
		case <-s.wakePull:
		case <-time.After(pause):
		}
	}
}

// pause grows with the failures in a row.
func (s *Service) pause(ctx context.Context) time.Duration {
	st, err := readState(ctx, s.DB)
	if err != nil {
		return lastPause
	}
	return min(firstPause<<min(max(st.failures-1, 0), 10), lastPause)
}

// Pull reads everything that the source has beyond our position, a page at a time, and returns how many messages were
// new. Errors are the source's, or the database's; they are kept for the page of the archive's state.
func (s *Service) Pull(ctx context.Context) (int, error) {
	s.active.Add(1)
	defer s.active.Add(-1)
	total := 0
	for {
		n, more, err := s.page(ctx)
		total += n
		if errors.Is(err, errMoved) {
			return total, nil // it will go on from there
		}
		if err != nil {
			if ctx.Err() == nil && !pg.IsUnavailable(err) {
				err = errors.Join(err, s.noteFailure(ctx, err))
			}
			return total, err
		}
		if !more {
			return total, nil
		}
	}
}

// Open reports whether messages are known to wait that could be read now: a source that fails holds nobody up.
func (s *Service) Open(ctx context.Context) (bool, error) {
	if s.Source == nil {
		return false, nil
	}
	if s.active.Load() > 0 {
		return true, nil
	}
	st, err := readState(ctx, s.DB)
	return st.wantedAt != nil && st.failures == 0, err
}

// page reads one page and keeps it; more is false when the source had nothing more.
func (s *Service) page(ctx context.Context) (fresh int, more bool, err error) {
	st, err := readState(ctx, s.DB)
	if err != nil {
		return 0, false, err
	}
	list, err := s.Source.Messages(ctx, uint64(st.seq), PageSize)
	if errs.Is(err, "archive.media_gone") { // the place is older than what is held: from the first that is
		list, err = s.Source.Messages(ctx, 0, PageSize)
		list = slices.DeleteFunc(list, func(r Raw) bool { return int64(r.Seq) <= st.seq })
	}
	if err != nil {
		return 0, false, err
	}
	now := s.Clock.Now()
	set := make([]message, 0, len(list))
	for _, r := range list {
		m := decode(r)
		m.at = within(m.at, now)
		set = append(set, m)
	}
	for _, m := range months1(set) {
		if err := EnsurePartitions(ctx, s.DB, m, m); err != nil {
			return 0, false, err
		}
	}
	fpPageBefore.Hit()
	fresh, err = s.keep(ctx, st, set, now)
	if err != nil {
		return 0, false, err
	}
	fpPageAfter.Hit()
	return fresh, len(list) > 0, nil
}

// months1 are the months of a set of messages, each once.
func months1(set []message) []time.Time {
	seen := map[int64]time.Time{}
	for _, m := range set {
		first := monthOf(m.at)
		seen[first.Unix()] = first
	}
	out := make([]time.Time, 0, len(seen))
	for _, m := range seen {
		out = append(out, m)
	}
	return out
}

// Times of messages that can be true; another one counts as just now.
const (
	maxAgeMonths = 13
	maxAhead     = 24 * time.Hour
)

func within(at, now time.Time) time.Time {
	if at.Before(now.AddDate(0, -maxAgeMonths, 0)) || at.After(now.Add(maxAhead)) {
		return now
	}
	return at
}

// errMoved says that another process has read on from the same position.
var errMoved = errors.New("the archive's position has moved")

// keep writes one page and the position behind it in one transaction.
func (s *Service) keep(ctx context.Context, st state, set []message, now time.Time) (fresh int, err error) {
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		next := st
		next.pulledAt, next.failures = &now, 0
		if len(set) == 0 {
			next.caughtUpAt, next.wantedAt = &now, nil
		} else {
			next.seq, next.lastAt = set[len(set)-1].seq, &set[len(set)-1].at
		}
		if g, ok := gapBetween(st, set, now); ok {
			if g.id, err = s.IDs.Next(ctx); err != nil {
				return err
			}
			if err := insertGap(ctx, tx, g); err != nil {
				return err
			}
		}
		did, err := s.store(ctx, tx, set, now)
		if err != nil {
			return err
		}
		fresh = did.fresh
		if err := saveState(ctx, tx, st, next, did); err != nil {
			return err
		}
		fpPageInside.Hit()
		return nil
	})
	return fresh, err
}

// gap is a stretch of which messages may be missing.
type gap struct {
	id                int64
	from, to          time.Time
	afterSeq, nextSeq int64 // nextSeq 0: none had come yet
	found             time.Time
}

// gapBetween decides whether a page shows that messages were lost: when we had not read for longer than WeCom keeps them,
// and the first one that came is not the next.
func gapBetween(st state, set []message, now time.Time) (gap, bool) {
	if st.pulledAt == nil || now.Sub(*st.pulledAt) <= KeptAtWeCom {
		return gap{}, false
	}
	g := gap{from: *st.pulledAt, to: now.Add(-KeptAtWeCom), afterSeq: st.seq, found: now}
	if st.lastAt != nil && (st.caughtUpAt == nil || st.caughtUpAt.Before(*st.pulledAt)) {
		g.from = *st.lastAt // we had been in the middle of reading
	}
	if len(set) > 0 {
		if set[0].seq == st.seq+1 {
			return gap{}, false
		}
		g.nextSeq = set[0].seq
		if set[0].at.After(g.from) && set[0].at.Before(g.to) {
			g.to = set[0].at
		}
	}
	return g, true
}

// did counts what a page brought.
type did struct{ fresh, doubled, switched, strange int }

// store writes messages that are not here yet, with their chats, files, consents and recalls.
func (s *Service) store(ctx context.Context, tx pg.Tx, set []message, now time.Time) (did, error) {
	var d did
	var list []stored
	for _, m := range set {
		if m.switched {
			d.switched++
			continue
		}
		list = append(list, stored{message: m, chat: chatOf(m.from, m.to, m.room)})
	}
	if len(list) == 0 {
		return d, nil
	}
	ids, err := s.IDs.Take(ctx, len(list)+1)
	if err != nil {
		return d, err
	}
	cause := ids[len(list)]
	for i := range list {
		list[i].id = ids[i]
	}
	if err := s.resolve(ctx, tx, list); err != nil {
		return d, err
	}
	all := len(list)
	if list, err = claim(ctx, tx, list); err != nil {
		return d, err
	}
	d.doubled, d.fresh = all-len(list), len(list)
	for _, m := range list {
		if m.strange {
			d.strange++
		}
	}
	settings, err := s.Settings(ctx, tx)
	if err != nil {
		return d, err
	}
	if err := insertMessages(ctx, tx, list); err != nil {
		return d, err
	}
	if err := insertMedia(ctx, tx, list, settings, now, s.Wall.Now()); err != nil {
		return d, err
	}
	if err := countChats(ctx, tx, list); err != nil {
		return d, err
	}
	if err := recall(ctx, tx, list); err != nil {
		return d, err
	}
	return d, s.heard(ctx, tx, list, cause)
}

// stored is a message on its way into the database.
type stored struct {
	message
	id      int64
	chat    chat
	chatID  int64
	staffID int64
}

// resolve finds or makes the chats of messages and finds their members.
func (s *Service) resolve(ctx context.Context, tx pg.Tx, list []stored) error {
	chats, members := map[string]chat{}, map[string]bool{}
	for _, m := range list {
		chats[m.chat.key] = m.chat
		if m.chat.member != "" {
			members[m.chat.member] = true
		}
		if isMember(m.from) {
			members[m.from] = true
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
	for i := range list {
		m := &list[i]
		m.chatID = ids[m.chat.key]
		if m.staffID = staff[m.from].ID; m.chat.place == Single {
			m.staffID = staff[m.chat.member].ID
		}
	}
	return nil
}

// ensureChats returns the ids of chats, making those that are new.
func (s *Service) ensureChats(ctx context.Context, tx pg.Tx, chats map[string]chat, staffID func(userID string) int64) (map[string]int64, error) {
	keys := sortedKeys(chats)
	have, err := findChats(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	missing := slices.DeleteFunc(keys, func(k string) bool { return have[k] != 0 })
	if len(missing) == 0 {
		return have, nil
	}
	ids, err := s.IDs.Take(ctx, len(missing))
	if err != nil {
		return nil, err
	}
	fresh := make([]chat, len(missing))
	staff := make([]int64, len(missing))
	for i, k := range missing {
		fresh[i] = chats[k]
		if fresh[i].member != "" {
			staff[i] = staffID(fresh[i].member)
		}
	}
	if err := insertChats(ctx, tx, fresh, ids, staff); err != nil {
		return nil, err
	}
	return findChats(ctx, tx, sortedKeys(chats))
}

// noteFailure keeps why the source could not be read.
func (s *Service) noteFailure(ctx context.Context, why error) error {
	var e *errs.Error
	params := map[string]any{}
	if errors.As(why, &e) && e.Params != nil {
		params = e.Params
	}
	_, err := s.DB.Exec(ctx, `UPDATE archive_state SET failures = failures + 1, failed_at = $1, error_code = $2, error = $3, error_params = $4 WHERE id = 1`,
		s.Clock.Now(), errs.CodeOf(why), clip(clean(why.Error()), 500), params)
	if err != nil {
		return fmt.Errorf("note failure: %w", err)
	}
	return nil
}
