package sync

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"qunce/internal/customer"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

const (
	staffPerList  = 32  // lists in one page of a check
	roomsPerCheck = 12. // a check looks at every twelfth group, so that hourly checks see each one twice a day
)

// seats compares who has a seat. Only when that differs, departments and members are read.
func (r *run) seats(ctx context.Context) error {
	users, err := r.users(ctx)
	if err != nil {
		return err
	}
	if r.at.After == "" {
		if err := r.noteSeats(ctx, users); err != nil {
			return err
		}
	}
	held, err := heldStaff(ctx, r.s.DB)
	if err != nil {
		return err
	}
	if missing, extra := apart(users, held); len(missing)+len(extra) > 0 {
		diff, err := r.s.Directory.SyncDirectory(ctx)
		r.calls.Add(int64(diff.Calls))
		if err != nil {
			return err
		}
	}
	return r.page(ctx, func(_ pg.Tx, at *progress, _ *Result) error { at.Over = true; return nil })
}

// list is the customers of a member of staff as WeCom lists them.
type list struct {
	user      string
	externals []string
	unread    bool
}

func (l list) digest() digest {
	h := sha256.New()
	for _, x := range l.externals {
		h.Write([]byte(x))
		h.Write([]byte{0})
	}
	return digest{UserID: l.user, N: len(l.externals), Sum: h.Sum(nil)}
}

// lists compares each member's list of customers with what it was when it last agreed with ours, and its length with the
// number that we hold. Only where either moved, ours is read, and of the relations that differ the customer.
func (r *run) lists(ctx context.Context) error {
	users, err := r.users(ctx)
	if err != nil {
		return err
	}
	r.at.Of = len(users)
	if r.at.After == "" {
		if err := r.beginLists(ctx, users); err != nil {
			return err
		}
	}
	for {
		rest := users[after(users, r.at.After):]
		if len(rest) == 0 {
			return r.page(ctx, func(_ pg.Tx, at *progress, _ *Result) error { at.Over = true; return nil })
		}
		page := rest[:min(staffPerList, len(rest))]
		if err := r.listPage(ctx, page, func(at *progress) { at.Done, at.After = at.Done+len(page), page[len(page)-1] }); err != nil {
			return err
		}
	}
}

// beginLists forgets the lists of staff without a seat. Of their relations no list speaks: they do not count as held.
func (r *run) beginLists(ctx context.Context, users []string) error {
	if err := forgetDigests(ctx, r.s.DB, append([]string{}, users...)); err != nil {
		return err
	}
	n, err := heldPerUser(ctx, r.s.DB, users)
	if err != nil {
		return err
	}
	listed := 0
	for _, x := range n {
		listed += x
	}
	r.result.HeldBefore.set(Relations, listed)
	return nil
}

func (r *run) readLists(ctx context.Context, users []string) ([]list, error) {
	out := make([]list, len(users))
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(askers)
	for i, u := range users {
		g.Go(func() error {
			r.calls.Add(1)
			externals, err := r.s.WeCom.ExternalList(asking, u)
			out[i] = list{user: u}
			switch {
			case wecom.IsCode(err, 84061): // no customers
			case hidden(err):
				out[i].unread = true
			case err != nil:
				return err
			}
			slices.Sort(externals)
			out[i].externals = slices.Compact(externals)
			return nil
		})
	}
	return out, g.Wait()
}

// listPage compares the lists of some staff; onward moves the run's place.
func (r *run) listPage(ctx context.Context, users []string, onward func(at *progress)) error {
	now := r.s.Clock.Now() // before asking: what begins later is not ended
	lists, err := r.readLists(ctx, users)
	if err != nil {
		return err
	}
	before, err := digests(ctx, r.s.DB, users)
	if err != nil {
		return err
	}
	ours, err := heldPerUser(ctx, r.s.DB, users)
	if err != nil {
		return err
	}
	var moved []list
	var names, unread []string
	still := map[string]bool{} // lists that did not move: what differs is our own fault
	for _, l := range lists {
		was, known := before[l.user]
		same := known && string(was.Sum) == string(l.digest().Sum)
		switch {
		case l.unread:
			unread = append(unread, l.user)
		case !same || was.open() || was.N != ours[l.user]:
			moved, names = append(moved, l), append(names, l.user)
			still[l.user] = same && !was.open()
		}
	}
	held, err := heldOf(ctx, r.s.DB, names, now)
	if err != nil {
		return err
	}
	missing, suspects := differing(moved, held)
	if missing, err = notHeld(ctx, r.s.DB, missing); err != nil {
		return err
	}
	seen, err := r.readMissing(ctx, missing)
	if err != nil {
		return err
	}
	gone, there, err := r.gone(ctx, suspects)
	if err != nil {
		return err
	}
	moved = asAsked(moved, missing, seen, there)
	return r.page(ctx, func(tx pg.Tx, at *progress, result *Result) error {
		if err := r.applyRelations(ctx, tx, result, seen, still); err != nil {
			return err
		}
		if err := r.endRelations(ctx, tx, result, gone, still); err != nil {
			return err
		}
		compared, err := r.compared(ctx, tx, moved, names, now)
		if err != nil {
			return err
		}
		result.Unread += len(unread)
		onward(at)
		return saveDigests(ctx, tx, compared, unread, now)
	})
}

// compared is how lists stand to ours after the repairs. Two ids of one person are one friendship.
func (r *run) compared(ctx context.Context, tx pg.Tx, moved []list, names []string, now time.Time) ([]digest, error) {
	held, err := heldOf(ctx, tx, names, now)
	if err != nil {
		return nil, err
	}
	apart, extra := differing(moved, held)
	missing, err := notHeld(ctx, tx, apart)
	if err != nil {
		return nil, err
	}
	lacks, twins, over := map[string]int{}, map[string]int{}, map[string]int{}
	for _, p := range apart {
		twins[p.user]++
	}
	for _, p := range missing {
		lacks[p.user]++
		twins[p.user]--
	}
	for _, x := range extra {
		over[x.UserID]++
	}
	out := make([]digest, len(moved))
	for i, l := range moved {
		d := l.digest()
		d.N, d.Missing, d.Extra = d.N-twins[l.user], lacks[l.user], over[l.user]
		out[i] = d
	}
	return out, nil
}

// asAsked are the lists as they are by what WeCom said when it was asked about single customers: without relations that ended
// since the list was read, and with those that began.
func asAsked(lists []list, missing []pair, seen []customer.Seen, there []suspect) []list {
	found := map[pair]bool{}
	for _, s := range seen {
		found[pair{s.Follow.UserID, s.Contact.ExternalUserID}] = true
	}
	ended := map[pair]bool{}
	for _, p := range missing {
		ended[p] = !found[p]
	}
	out := make([]list, len(lists))
	for i, l := range lists {
		out[i] = list{user: l.user}
		for _, e := range l.externals {
			if !ended[pair{l.user, e}] {
				out[i].externals = append(out[i].externals, e)
			}
		}
		for _, x := range there {
			if x.UserID == l.user {
				out[i].externals = append(out[i].externals, x.ExternalUserID)
			}
		}
		slices.Sort(out[i].externals)
	}
	return out
}

// pair is a relation by WeCom's ids.
type pair struct{ user, external string }

// differing lists the relations that stand in lists alone, and those that stand in what we hold alone.
func differing(lists []list, held []suspect) (missing []pair, extra []suspect) {
	ours := map[pair]bool{}
	for _, x := range held {
		ours[pair{x.UserID, x.ExternalUserID}] = true
	}
	theirs := map[pair]bool{}
	for _, l := range lists {
		for _, e := range l.externals {
			p := pair{l.user, e}
			theirs[p] = true
			if !ours[p] {
				missing = append(missing, p)
			}
		}
	}
	for _, x := range held {
		if !theirs[pair{x.UserID, x.ExternalUserID}] {
			extra = append(extra, x)
		}
	}
	return missing, extra
}

// readMissing reads the customers of relations that we do not hold; of what WeCom shows, only these relations are taken.
func (r *run) readMissing(ctx context.Context, missing []pair) ([]customer.Seen, error) {
	readAt := r.s.Wall.Now()
	wanted := map[string]map[string]bool{}
	for _, p := range missing {
		if wanted[p.external] == nil {
			wanted[p.external] = map[string]bool{}
		}
		wanted[p.external][p.user] = true
	}
	externals := make([]string, 0, len(wanted))
	for e := range wanted {
		externals = append(externals, e)
	}
	slices.Sort(externals)
	found := make([]wecom.External, len(externals))
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(askers)
	for i, e := range externals {
		g.Go(func() error {
			r.calls.Add(1)
			x, err := r.s.WeCom.ExternalGet(asking, e)
			if wecom.IsCode(err, 84061, 40096) { // ended since the list was read
				return nil
			}
			found[i] = x
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []customer.Seen
	for i, e := range externals {
		for _, s := range customer.SeenIn(found[i], readAt) {
			if wanted[e][s.Follow.UserID] {
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// rooms compares the groups that WeCom lists with those we hold, and looks at the next part of all groups in turn: the list
// says nothing about members.
func (r *run) rooms(ctx context.Context) error {
	users, err := r.users(ctx)
	if err != nil {
		return err
	}
	listed, err := r.listGroups(ctx, users)
	if err != nil {
		return err
	}
	living, err := livingGroups(ctx, r.s.DB)
	if err != nil {
		return err
	}
	held := make(map[string]heldGroup, len(living))
	for _, g := range living {
		held[g.chatID] = g
	}
	if r.at.Cursor == "" { // decided once, so that an interrupted run looks at the same groups
		from, err := r.turnAt(ctx)
		if err != nil {
			return err
		}
		r.at.Users = turn12(living, from)
		r.at.Cursor = "turn"
		if n := len(r.at.Users); n > 0 {
			r.result.Rooms = r.at.Users[n-1]
		}
	}
	look := slices.Clone(r.at.Users)
	for c, status := range listed {
		if h, known := held[c]; !known || (status == 1) != (h.status == "owner_left") {
			look = append(look, c)
		}
	}
	for _, g := range living {
		if _, there := listed[g.chatID]; !there && g.status != "owner_left" { // of those, the turn finds the end
			look = append(look, g.chatID)
		}
	}
	slices.Sort(look)
	look = slices.Compact(look)
	r.at.Of = len(look)
	for {
		rest := look[after(look, r.at.After):]
		if len(rest) == 0 {
			return r.page(ctx, func(_ pg.Tx, at *progress, _ *Result) error { at.Over = true; return nil })
		}
		if err := r.groupPage(ctx, rest[:min(groupsPerPage, len(rest))], listed, users, held); err != nil {
			return err
		}
	}
}

// turnAt is the group after which this check goes on looking: where the last one stopped.
func (r *run) turnAt(ctx context.Context) (string, error) {
	last, _, _, err := LastDone(ctx, r.s.DB, Check)
	return last.Rooms, err
}

// turn12 is the next part of the groups, in order of their ids, after the one given; after the last comes the first.
func turn12(living []heldGroup, from string) []string {
	if len(living) == 0 {
		return nil
	}
	n := (len(living) + int(roomsPerCheck) - 1) / int(roomsPerCheck)
	i, there := slices.BinarySearchFunc(living, from, func(g heldGroup, id string) int {
		switch {
		case g.chatID < id:
			return -1
		case g.chatID > id:
			return 1
		}
		return 0
	})
	if there {
		i++
	}
	out := make([]string, 0, n)
	for k := range n {
		out = append(out, living[(i+k)%len(living)].chatID)
	}
	return out
}
