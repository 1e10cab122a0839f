package sync

import (
	"context"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"qunce/internal/customer"
	"qunce/internal/group"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// directory reads departments and members. What differs in seats is noted before the directory applies it in a transaction
// of its own: a process that dies in between notes it once.
func (r *run) directory(ctx context.Context) error {
	users, err := r.users(ctx)
	if err != nil {
		return err
	}
	if r.at.After == "" {
		if err := r.noteSeats(ctx, users); err != nil {
			return err
		}
	}
	diff, err := r.s.Directory.SyncDirectory(ctx)
	r.calls.Add(int64(diff.Calls))
	if err != nil {
		return err
	}
	if len(r.result.HeldBefore) > 0 && r.result.HeldBefore[Relations] == 0 {
		r.weigh("relations", 3*float64(len(users))) // the first run: nothing was held to judge by
	}
	return r.page(ctx, func(_ pg.Tx, at *progress, result *Result) error {
		result.Amended.bump(Staff, diff.Staff.Updated)
		at.Over = true
		return nil
	})
}

func (r *run) weigh(name string, weight float64) {
	for i := range r.at.Steps {
		if r.at.Steps[i].Name == name {
			r.at.Steps[i].Weight = weight
		}
	}
}

// noteSeats compares who has a seat with whom we take for having one.
func (r *run) noteSeats(ctx context.Context, users []string) error {
	return r.page(ctx, func(tx pg.Tx, at *progress, result *Result) error {
		held, err := heldStaff(ctx, tx)
		if err != nil {
			return err
		}
		first, err := saveSeats(ctx, tx, r.id, users, r.s.Clock.Now())
		if err != nil {
			return err
		}
		missing, extra := apart(users, held)
		result.Remote.set(Staff, len(users))
		result.Missing.bump(Staff, len(missing))
		result.Extra.bump(Staff, len(extra))
		at.After = "noted"
		r.fresh = nil
		var list []repair
		for _, u := range missing {
			list = append(list, seatRepair(Added, u, first))
		}
		for _, u := range extra {
			list = append(list, seatRepair(Ended, u, first))
		}
		return r.note(ctx, tx, result, list)
	})
}

// readTags reads the corp's tags; made is when each of those that live was made.
func (r *run) readTags(ctx context.Context) (list []wecom.CorpTagGroup, made map[string]time.Time, err error) {
	r.calls.Add(1)
	list, err = r.s.WeCom.CorpTags(ctx, nil, nil)
	made = map[string]time.Time{}
	for _, g := range list {
		for _, t := range g.Tags {
			if !g.Deleted && !t.Deleted {
				made[t.ID] = time.Unix(t.CreateTime, 0)
			}
		}
	}
	return list, made, err
}

func (r *run) tags(ctx context.Context) error {
	list, made, err := r.readTags(ctx)
	if err != nil {
		return err
	}
	remote := slices.Collect(maps.Keys(made))
	return r.page(ctx, func(tx pg.Tx, at *progress, result *Result) error {
		held, err := heldTags(ctx, tx)
		if err != nil {
			return err
		}
		missing, extra := apart(remote, held)
		result.Remote.set(Tags, len(remote))
		result.Missing.bump(Tags, len(missing))
		result.Extra.bump(Tags, len(extra))
		at.Over = true
		var repairs []repair
		for _, id := range missing {
			repairs = append(repairs, tagRepair(Added, id, made[id]))
		}
		for _, id := range extra {
			repairs = append(repairs, tagRepair(Ended, id, time.Time{}))
		}
		if err := r.note(ctx, tx, result, repairs); err != nil {
			return err
		}
		return r.s.Customers.ApplyTags(ctx, tx, list, true)
	})
}

// relations reads the customers of all staff, a hundred staff at a time, a page at a time.
func (r *run) relations(ctx context.Context) error {
	users, err := r.users(ctx)
	if err != nil {
		return err
	}
	if r.at.After == "" && r.at.Users == nil {
		if err := clearSeen(ctx, r.s.DB, r.id); err != nil {
			return err
		}
	}
	for _, u := range r.at.Users { // somebody has gone since the run stopped: WeCom would refuse the rest of the pages
		if _, there := slices.BinarySearch(users, u); !there {
			r.at.Users, r.at.Cursor = nil, ""
			break
		}
	}
	r.at.Of = len(users)
	for {
		if len(r.at.Users) == 0 {
			rest := users[after(users, r.at.After):]
			if len(rest) == 0 {
				return nil
			}
			r.at.Users, r.at.Cursor = rest[:min(staffPerChunk, len(rest))], ""
		}
		if err := r.relationPage(ctx); err != nil {
			return err
		}
	}
}

func (r *run) relationPage(ctx context.Context) error {
	readAt := r.s.Wall.Now()
	r.calls.Add(1)
	rows, next, err := r.s.WeCom.BatchGetByUser(ctx, r.at.Users, r.at.Cursor, 100)
	switch {
	case wecom.IsCode(err, 50100) && r.at.Cursor != "": // the cursor is too old: from this chunk's first page again
		r.at.Cursor = ""
		return r.save(ctx)
	case wecom.IsCode(err, 84061): // none of them has a customer
		rows, next = nil, ""
	case hidden(err) && len(r.at.Users) > 1: // one of them has gone: find out who, one by one
		r.at.Users, r.at.Cursor = r.at.Users[:1], ""
		return r.save(ctx)
	case hidden(err):
		r.result.Unread++
		rows, next = nil, ""
	case err != nil:
		return err
	}
	seen := make([]customer.Seen, 0, len(rows))
	for _, x := range rows {
		tags := x.Follow.TagIDs
		if tags == nil {
			tags = []string{}
		}
		seen = append(seen, customer.Seen{ReadAt: readAt, Contact: x.Contact, Follow: x.Follow, Tags: tags})
	}
	return r.page(ctx, func(tx pg.Tx, at *progress, result *Result) error {
		if err := r.applyRelations(ctx, tx, result, seen, nil); err != nil {
			return err
		}
		if err := keepSeen(ctx, tx, r.id, rows); err != nil {
			return err
		}
		at.Cursor = next
		if next == "" {
			at.Done += len(at.Users)
			at.After, at.Users = at.Users[len(at.Users)-1], nil
		}
		return nil
	})
}

// settling is how long WeCom's readings may lag behind its own callbacks.
const settling = 10 * time.Minute

// applyRelations applies what WeCom showed and notes what that repaired. still are the staff of whom WeCom shows what it
// showed when we last agreed.
func (r *run) applyRelations(ctx context.Context, tx pg.Tx, result *Result, seen []customer.Seen, still map[string]bool) error {
	did, err := r.s.Customers.Apply(ctx, tx, seen, "sync", r.id)
	if err != nil {
		return err
	}
	back, err := r.s.Customers.Restore(ctx, tx, seen, r.at.Began.Add(-settling))
	if err != nil {
		return err
	}
	result.Missing.bump(Relations, did.Added-did.Again+len(back))
	result.Amended.bump(Tags, did.Tags)
	var list []repair
	for _, x := range slices.Concat(did.Items, back) {
		if x.What == customer.Again || x.What == customer.Amended {
			result.Amended.bump(Relations, 1)
		}
		if x.What != customer.Linked {
			list = append(list, relationRepair(x).oursIf(still))
		}
	}
	return r.note(ctx, tx, result, list)
}

// ends asks again about relations that no page showed, and ends those WeCom does not know.
func (r *run) ends(ctx context.Context) error {
	for {
		now := r.s.Clock.Now() // before asking: what begins later is not ended
		suspects, err := unseen(ctx, r.s.DB, r.id, r.at.After, r.at.And, suspectsPerAsk, now)
		if err != nil {
			return err
		}
		gone, there, err := r.gone(ctx, suspects)
		if err != nil {
			return err
		}
		err = r.page(ctx, func(tx pg.Tx, at *progress, result *Result) error {
			if err := keepPairs(ctx, tx, r.id, usersOf(there), externalsOf(there)); err != nil {
				return err
			}
			n, err := countSeen(ctx, tx, r.id)
			if err != nil {
				return err
			}
			result.Remote.set(Relations, n)
			at.Done += len(suspects)
			if len(suspects) > 0 {
				last := suspects[len(suspects)-1]
				at.After, at.And = last.UserID, last.ExternalUserID
			}
			return r.endRelations(ctx, tx, result, gone, nil)
		})
		if err != nil || len(suspects) < suspectsPerAsk {
			return err
		}
	}
}

func (r *run) endRelations(ctx context.Context, tx pg.Tx, result *Result, gone []suspect, still map[string]bool) error {
	ends, list := make([]customer.End, len(gone)), make([]repair, len(gone))
	for i, x := range gone {
		ends[i], list[i] = x.End, endRepair(x).oursIf(still)
	}
	result.Extra.bump(Relations, len(gone))
	if err := r.note(ctx, tx, result, list); err != nil {
		return err
	}
	return r.s.Customers.End(ctx, tx, ends, r.id)
}

func usersOf(list []suspect) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = x.UserID
	}
	return out
}

func externalsOf(list []suspect) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = x.ExternalUserID
	}
	return out
}

// gone sorts relations by whether WeCom shows them when it is asked for the customer.
func (r *run) gone(ctx context.Context, suspects []suspect) (gone, there []suspect, err error) {
	shown := make([]bool, len(suspects))
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(askers)
	for i, x := range suspects {
		g.Go(func() error {
			r.calls.Add(1)
			e, err := r.s.WeCom.ExternalGet(asking, x.ExternalUserID)
			if wecom.IsCode(err, 84061, 40096) {
				return nil
			}
			shown[i] = slices.ContainsFunc(e.Follows, func(f wecom.Follow) bool { return f.UserID == x.UserID })
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	for i, x := range suspects {
		if shown[i] {
			there = append(there, x)
		} else {
			gone = append(gone, x)
		}
	}
	return gone, there, nil
}

// groups reads every group that WeCom lists, and those we hold that it does not list: their owner may have left, or they
// are no more.
func (r *run) groups(ctx context.Context) error {
	users, err := r.users(ctx)
	if err != nil {
		return err
	}
	listed, err := r.listGroups(ctx, users)
	if err != nil {
		return err
	}
	chats, err := livingChats(ctx, r.s.DB)
	if err != nil {
		return err
	}
	for c := range listed {
		chats = append(chats, c)
	}
	slices.Sort(chats)
	chats = slices.Compact(chats)
	r.at.Of = len(chats)
	for {
		rest := chats[after(chats, r.at.After):]
		if len(rest) == 0 {
			return r.page(ctx, func(_ pg.Tx, at *progress, _ *Result) error { at.Over = true; return nil })
		}
		if err := r.groupPage(ctx, rest[:min(groupsPerPage, len(rest))], listed, users, nil); err != nil {
			return err
		}
	}
}

// listGroups returns the statuses of the groups of staff, by chat.
func (r *run) listGroups(ctx context.Context, users []string) (map[string]int, error) {
	listed := map[string]int{}
	for owners := range slices.Chunk(users, staffPerChunk) {
		err := r.listOwned(ctx, owners, listed)
		if hidden(err) { // one of them has gone meanwhile
			for _, u := range owners {
				if err = r.listOwned(ctx, []string{u}, listed); err != nil && !hidden(err) {
					return nil, err
				}
			}
			err = nil
		}
		if err != nil {
			return nil, err
		}
	}
	return listed, nil
}

func (r *run) listOwned(ctx context.Context, owners []string, listed map[string]int) error {
	cursor := ""
	for again := 0; ; {
		r.calls.Add(1)
		items, next, err := r.s.WeCom.GroupList(ctx, wecom.GroupFilter{Owners: owners}, cursor)
		if wecom.IsCode(err, 50100) && cursor != "" && again < 3 { // the cursor is too old
			cursor = ""
			again++
			continue
		}
		if err != nil {
			return err
		}
		for _, x := range items {
			listed[x.ChatID] = x.Status
		}
		if next == "" {
			return nil
		}
		cursor = next
	}
}

// statusOf is what the list says of a group. One that is not listed though it exists belongs to somebody who is no longer
// among the staff who may own groups, unless it has only just begun.
func statusOf(g wecom.Group, listed map[string]int, users []string) group.Status {
	status, there := listed[g.ChatID]
	_, owned := slices.BinarySearch(users, g.Owner)
	switch {
	case there && status == 1, !there && !owned:
		return group.OwnerLeft
	case there:
		return group.Normal
	}
	return ""
}

// notShown stands for the members of a group that WeCom would not show.
const notShown = -1

// groupPage reads some groups and applies what differs. held, unless it is nil, holds groups whose reading is left alone
// when it shows nothing new.
func (r *run) groupPage(ctx context.Context, page []string, listed map[string]int, users []string, held map[string]heldGroup) error {
	readAt := r.s.Wall.Now()
	found, unread := make([]*wecom.Group, len(page)), make([]bool, len(page))
	g, reading := errgroup.WithContext(ctx)
	g.SetLimit(askers)
	for i, c := range page {
		g.Go(func() error {
			r.calls.Add(1)
			x, err := r.s.WeCom.GroupGet(reading, c, true)
			switch {
			case group.Vanished(err):
				return nil
			case hidden(err):
				unread[i] = true
				return nil
			}
			found[i] = &x
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return r.page(ctx, func(tx pg.Tx, at *progress, result *Result) error {
		var seen []group.Seen
		var gone, chats []string
		var members []int32
		for i, c := range page {
			switch {
			case unread[i]:
				result.Unread++
				chats, members = append(chats, c), append(members, notShown)
				continue
			case found[i] == nil:
				gone = append(gone, c)
				continue
			}
			x := *found[i]
			chats, members = append(chats, c), append(members, int32(len(x.Members)))
			status := statusOf(x, listed, users)
			if h, ok := held[c]; ok && h.version == x.Version && h.name == x.Name && h.owner == x.Owner && h.notice == x.Notice && (status == "" || string(status) == h.status) {
				continue
			}
			seen = append(seen, group.Seen{ReadAt: readAt, Group: x, Status: status, Cause: r.id})
		}
		if err := keepSeenGroups(ctx, tx, r.id, chats, members, readAt); err != nil {
			return err
		}
		did, err := r.s.Groups.Apply(ctx, tx, seen)
		if err != nil {
			return err
		}
		over, err := r.s.Groups.Dissolve(ctx, tx, gone, r.s.Clock.Now(), r.id)
		if err != nil {
			return err
		}
		result.Missing.bump(Groups, did.Groups)
		result.Missing.bump(Members, did.Joined)
		result.Extra.bump(Members, did.Left+over.Left)
		result.Extra.bump(Groups, over.Groups)
		result.Amended.bump(Groups, did.Changed)
		result.Amended.bump(Members, did.Amended)
		at.Done += len(page)
		at.After = page[len(page)-1]
		return r.note(ctx, tx, result, groupRepairs(slices.Concat(did.Items, over.Items)))
	})
}
