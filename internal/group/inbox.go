package group

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"qunce/internal/errs"
	"qunce/internal/inbox"
	"qunce/internal/pg"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

// readers is how many groups are read from WeCom at once.
const readers = 8

// Listen registers what callbacks about groups make us do.
func (s *Service) Listen(in *inbox.Inbox) {
	in.Register(callback.ExternalChat, inbox.Handler{Read: s.read, Apply: s.apply})
}

// reading is what a set of callbacks made us learn: groups read in full, and groups whose exits can be applied from the
// callbacks alone because their versions connect.
type reading struct {
	at        time.Time // wall time at which we began to ask
	full      map[string]wecom.Group
	gone      map[string]bool
	connected map[string]string // chat → the version it must still have
	left      map[string]leaves // chats that were read in full → who left, by callbacks that may have overtaken these
	dismissed map[string]bool   // of the chats that are gone: those whose end was told
}

// leaves is when members last left a group, as callbacks tell it.
type leaves map[string]time.Time

// read decides for every group of the set whether the callbacks alone tell the change: only exits do, and only while
// every LastMemVer is the version we hold. Entries need the detail, since callbacks do not say by which code.
func (s *Service) read(ctx context.Context, evs []inbox.Event) (any, error) {
	r := reading{at: s.Wall.Now(), full: map[string]wecom.Group{}, gone: map[string]bool{}, connected: map[string]string{},
		left: map[string]leaves{}, dismissed: map[string]bool{}}
	var chats []string
	byChat := map[string][]inbox.Event{}
	for _, e := range evs {
		if byChat[e.ChatID] == nil {
			chats = append(chats, e.ChatID)
		}
		byChat[e.ChatID] = append(byChat[e.ChatID], e)
	}
	held, err := versions(ctx, s.DB, chats)
	if err != nil {
		return nil, err
	}
	var toRead []string
	for _, c := range chats {
		if v, ok := held[c]; ok && connects(v, byChat[c]) {
			r.connected[c] = v
			continue
		}
		toRead = append(toRead, c)
	}
	found := make([]*wecom.Group, len(toRead))
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for i, c := range toRead {
		g.Go(func() error {
			x, err := s.WeCom.GroupGet(asking, c, true)
			if Vanished(err) {
				return nil
			}
			found[i] = &x
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, c := range toRead {
		if found[i] == nil {
			r.gone[c] = true
		} else {
			r.full[c] = *found[i]
		}
		if err := s.neighbours(ctx, &r, c, byChat[c]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// neighbours learns from the other callbacks of a group, which may have overtaken these, what WeCom's detail leaves open:
// whether somebody who came is missing in it because it lags or because they left, and whether a group that is not there
// is not there yet or not any more.
func (s *Service) neighbours(ctx context.Context, r *reading, chat string, evs []inbox.Event) error {
	g, shown := r.full[chat]
	last := evs[len(evs)-1]
	if shown && !lags(g, last) || !shown && last.ChangeType != callback.ChatCreate {
		return nil
	}
	since := evs[0].At
	for _, e := range evs {
		if e.At.Before(since) {
			since = e.At
		}
	}
	others, err := inbox.Recent(ctx, s.DB, chat, since)
	if err != nil {
		return err
	}
	r.left[chat] = leaves{}
	for _, x := range others {
		r.dismissed[chat] = r.dismissed[chat] || x.ChangeType == callback.ChatDismiss
		if x.UpdateDetail != "del_member" {
			continue
		}
		for _, m := range x.MemChange {
			if x.At.After(r.left[chat][m]) {
				r.left[chat][m] = x.At
			}
		}
	}
	return nil
}

// Vanished reports that WeCom knows no such customer group any more.
func Vanished(err error) bool { return wecom.IsCode(err, 49008, 90501, 86001, 86003) }

func connects(version string, evs []inbox.Event) bool {
	for _, e := range evs {
		if e.UpdateDetail != "del_member" || e.LastMemVer == "" || e.LastMemVer != version {
			return false
		}
		version = e.CurMemVer
	}
	return true
}

func (s *Service) apply(ctx context.Context, tx pg.Tx, evs []inbox.Event, read any) error {
	r := read.(reading)
	told, latest, causes := map[string]hints{}, map[string]inbox.Event{}, map[string]int64{}
	for _, e := range evs {
		if told[e.ChatID] == nil {
			told[e.ChatID], causes[e.ChatID] = hints{}, e.CauseID
		}
		latest[e.ChatID] = e
		for _, m := range e.MemChange {
			switch e.UpdateDetail {
			case "add_member":
				told[e.ChatID][m] = append(told[e.ChatID][m], hint{at: e.At, joined: true, scene: joinScene(e.JoinScene)})
			case "del_member":
				told[e.ChatID][m] = append(told[e.ChatID][m], hint{at: e.At, scene: e.QuitScene})
			}
		}
	}
	var seen []Seen
	for _, chat := range sortedKeys(latest) {
		last := latest[chat]
		if last.ChangeType == callback.ChatDismiss || r.gone[chat] {
			if _, err := s.Dissolve(ctx, tx, []string{chat}, last.At, last.CauseID); err != nil {
				return err
			}
			if last.ChangeType == callback.ChatCreate && !r.dismissed[chat] && last.Attempts < inbox.Looks {
				inbox.LookAgain(ctx, last, inbox.Pause(last.Attempts)) // its detail may not be there yet
			}
		} else if g, ok := r.full[chat]; ok {
			seen = append(seen, Seen{ReadAt: r.at, Group: withLagging(g, told[chat], last, r.left[chat]), Hints: told[chat], Cause: causes[chat]})
		}
	}
	if _, err := s.Apply(ctx, tx, seen); err != nil {
		return err
	}
	return s.applyConnected(ctx, tx, r, told, latest, causes)
}

// joinScene turns the callback's scene (0 invited, 3 QR) into the detail's (1, 2 invited, 3 QR).
func joinScene(s int) int {
	if s == 0 {
		return 1
	}
	return s
}

// lags reports whether a detail may be older than the callback about it that came last: it lacks somebody who has joined,
// and has not the callback's version.
func lags(g wecom.Group, last inbox.Event) bool {
	if last.CurMemVer == "" || last.CurMemVer == g.Version || len(g.Members) == 0 || last.UpdateDetail != "add_member" {
		return false
	}
	return slices.ContainsFunc(last.MemChange, func(id string) bool { return !shows(g, id) })
}

func shows(g wecom.Group, id string) bool {
	return slices.ContainsFunc(g.Members, func(m wecom.GroupMember) bool { return m.UserID == id })
}

// withLagging adds members that a callback says have joined but the detail, which may lag behind, does not show yet; not
// those of whom another callback says that they left since.
func withLagging(g wecom.Group, told hints, last inbox.Event, left leaves) wecom.Group {
	if !lags(g, last) {
		return g
	}
	for _, id := range last.MemChange {
		if shows(g, id) {
			continue
		}
		h := told[id][len(told[id])-1]
		if at, ok := left[id]; ok && !at.Before(h.at) {
			continue
		}
		g.Members = append(g.Members, wecom.GroupMember{UserID: id, Type: typeOf(id), JoinTime: h.at.Unix(), JoinScene: h.scene})
		g.Version = "" // not a version WeCom gave us: the next callback reads again
	}
	return g
}

// applyConnected ends stays from the callbacks alone.
func (s *Service) applyConnected(ctx context.Context, tx pg.Tx, r reading, told map[string]hints, latest map[string]inbox.Event, causes map[string]int64) error {
	if len(r.connected) == 0 {
		return nil
	}
	chats := sortedKeys(r.connected)
	next := make([]string, len(chats))
	for i, c := range chats {
		next[i] = latest[c].CurMemVer
	}
	groups, err := lockVersions(ctx, tx, chats)
	if err != nil {
		return err
	}
	ids := make([]int64, len(chats))
	for i, c := range chats {
		if g, ok := groups[c]; !ok || g.version != r.connected[c] {
			return errs.E(errs.Conflict, "group.moved_on", "group %s was read meanwhile", c)
		}
		ids[i] = groups[c].id
	}
	if err := moveVersions(ctx, tx, ids, next, r.at); err != nil {
		return err
	}
	present, _, err := stays(ctx, tx, ids)
	if err != nil {
		return err
	}
	var left []memberRow
	for _, c := range chats {
		for _, id := range sortedKeys(told[c]) {
			if m, ok := present[groups[c].id][id]; ok {
				h := told[c][id][len(told[c][id])-1]
				at := h.at
				if at.Before(m.joinedAt) {
					at = m.joinedAt
				}
				m.left, m.quit = &at, h.scene
				left = append(left, memberRow{group: groups[c], stay: m, cause: causes[c]})
			}
		}
	}
	evs, err := s.move(ctx, tx, moves{left: left})
	if err != nil {
		return err
	}
	if err := recount(ctx, tx, ids); err != nil {
		return err
	}
	return s.Events.Publish(ctx, tx, evs...)
}
