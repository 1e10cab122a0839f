package sync

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"qunce/internal/customer"
	"qunce/internal/failpoint"
	"qunce/internal/group"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// run is one run under way. What a page changed and where the run stands are saved in one transaction.
type run struct {
	s      *Service
	id     int64
	at     progress
	result Result
}

var (
	fpPageBefore = failpoint.New("sync.page.before")
	fpPageAfter  = failpoint.New("sync.page.after")
)

const (
	staffPerChunk  = 100 // the most an API takes
	suspectsPerAsk = 500
	groupsPerPage  = 32
	askers         = 8 // readings at once
)

func (r *run) save(ctx context.Context) error {
	return saveProgress(ctx, r.s.DB, r.id, r.at, r.result)
}

// page runs one transaction that ends in saving the run's place and figures. do gets copies, since it may run twice.
func (r *run) page(ctx context.Context, do func(tx pg.Tx, at *progress, result *Result) error) error {
	fpPageBefore.Hit()
	var nextAt progress
	var nextResult Result
	err := r.s.DB.Tx(ctx, func(tx pg.Tx) error {
		at, result := r.at, r.result
		if err := do(tx, &at, &result); err != nil {
			return err
		}
		nextAt, nextResult = at, result
		return saveProgress(ctx, tx, r.id, at, result)
	})
	if err != nil {
		return err
	}
	fpPageAfter.Hit()
	r.at, r.result = nextAt, nextResult
	return nil
}

func (r *run) all(ctx context.Context) error {
	if r.at.Step == "" {
		held, err := counts(ctx, r.s.DB)
		if err != nil {
			return err
		}
		r.result.HeldBefore, r.at.Step = held, "directory"
	}
	steps := []struct {
		name string
		do   func(ctx context.Context) error
	}{{"directory", r.directory}, {"tags", r.tags}, {"relations", r.relations}, {"ends", r.ends}, {"groups", r.groups}}
	reached := false
	for _, step := range steps {
		if !reached && step.name != r.at.Step {
			continue
		}
		if reached {
			r.at = progress{Step: step.name}
		}
		reached = true
		if err := r.save(ctx); err != nil {
			return err
		}
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// apart counts what stands in one list alone.
func apart(remote, held []string) (missing, extra int) {
	there := make(map[string]bool, len(remote))
	for _, x := range remote {
		there[x] = true
	}
	missing = len(there)
	for _, x := range held {
		if there[x] {
			missing--
		} else {
			extra++
		}
	}
	return missing, extra
}

func (r *run) directory(ctx context.Context) error {
	held, err := heldStaff(ctx, r.s.DB)
	if err != nil {
		return err
	}
	users, err := r.users(ctx)
	if err != nil {
		return err
	}
	diff, err := r.s.Directory.SyncDirectory(ctx)
	if err != nil {
		return err
	}
	r.result.Remote.Staff, r.result.Amended.Staff = len(users), diff.Staff.Updated
	r.result.Missing.Staff, r.result.Extra.Staff = apart(users, held)
	return nil
}

// users are the staff who may have customers and groups, in order.
func (r *run) users(ctx context.Context) ([]string, error) {
	users, err := r.s.WeCom.FollowUsers(ctx)
	slices.Sort(users)
	return slices.Compact(users), err
}

func (r *run) tags(ctx context.Context) error {
	list, err := r.s.WeCom.CorpTags(ctx, nil, nil)
	if err != nil {
		return err
	}
	var remote []string
	for _, g := range list {
		for _, t := range g.Tags {
			remote = append(remote, t.ID)
		}
	}
	return r.page(ctx, func(tx pg.Tx, _ *progress, result *Result) error {
		held, err := heldTags(ctx, tx)
		if err != nil {
			return err
		}
		result.Remote.Tags = len(remote)
		result.Missing.Tags, result.Extra.Tags = apart(remote, held)
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

// after is the index of the first of a sorted list that is greater than x.
func after(list []string, x string) int {
	i, there := slices.BinarySearch(list, x)
	if there {
		i++
	}
	return i
}

func (r *run) relationPage(ctx context.Context) error {
	readAt := r.s.Wall.Now()
	rows, next, err := r.s.WeCom.BatchGetByUser(ctx, r.at.Users, r.at.Cursor, 100)
	if wecom.IsCode(err, 50100) && r.at.Cursor != "" { // the cursor is too old: from this chunk's first page again
		r.at.Cursor = ""
		return r.save(ctx)
	}
	if err != nil {
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
		did, err := r.s.Customers.Apply(ctx, tx, seen, "sync", r.id)
		if err != nil {
			return err
		}
		if err := keepSeen(ctx, tx, r.id, rows); err != nil {
			return err
		}
		result.Missing.Relations += did.Added - did.Again
		result.Amended.Relations += did.Amended + did.Again
		result.Amended.Tags += did.Tags
		at.Cursor = next
		if next == "" {
			at.Done += len(at.Users)
			at.After, at.Users = at.Users[len(at.Users)-1], nil
		}
		return nil
	})
}

// ends asks again about relations that no page showed, and ends those WeCom does not know.
func (r *run) ends(ctx context.Context) error {
	for {
		now := r.s.Clock.Now() // before asking: what begins later is not ended
		suspects, err := unseen(ctx, r.s.DB, r.id, r.at.After, r.at.And, suspectsPerAsk, now)
		if err != nil {
			return err
		}
		ends, err := r.gone(ctx, suspects)
		if err != nil {
			return err
		}
		err = r.page(ctx, func(tx pg.Tx, at *progress, result *Result) error {
			n, err := countSeen(ctx, tx, r.id)
			if err != nil {
				return err
			}
			result.Remote.Relations = n
			result.Extra.Relations += len(ends)
			at.Done += len(suspects)
			if len(suspects) > 0 {
				last := suspects[len(suspects)-1]
				at.After, at.And = last.UserID, last.ExternalUserID
			}
			return r.s.Customers.End(ctx, tx, ends, r.id)
		})
		if err != nil || len(suspects) < suspectsPerAsk {
			return err
		}
	}
}

// gone returns the relations that WeCom does not show when it is asked for the customer.
func (r *run) gone(ctx context.Context, suspects []customer.End) ([]customer.End, error) {
	shown := make([]bool, len(suspects))
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(askers)
	for i, x := range suspects {
		g.Go(func() error {
			e, err := r.s.WeCom.ExternalGet(asking, x.ExternalUserID)
			if wecom.IsCode(err, 84061, 40096) {
				return nil
			}
			shown[i] = slices.ContainsFunc(e.Follows, func(f wecom.Follow) bool { return f.UserID == x.UserID })
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []customer.End
	for i, x := range suspects {
		if !shown[i] {
			out = append(out, x)
		}
	}
	return out, nil
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
	held, err := livingChats(ctx, r.s.DB)
	if err != nil {
		return err
	}
	chats := held
	for c := range listed {
		chats = append(chats, c)
	}
	slices.Sort(chats)
	chats = slices.Compact(chats)
	r.at.Of = len(chats)
	for {
		rest := chats[after(chats, r.at.After):]
		if len(rest) == 0 {
			return r.save(ctx)
		}
		if err := r.groupPage(ctx, rest[:min(groupsPerPage, len(rest))], listed, users); err != nil {
			return err
		}
	}
}

// listGroups returns the statuses of the groups of staff, by chat.
func (r *run) listGroups(ctx context.Context, users []string) (map[string]int, error) {
	listed := map[string]int{}
	for owners := range slices.Chunk(users, staffPerChunk) {
		cursor := ""
		for {
			items, next, err := r.s.WeCom.GroupList(ctx, wecom.GroupFilter{Owners: owners}, cursor)
			if err != nil {
				return nil, err
			}
			for _, x := range items {
				listed[x.ChatID] = x.Status
			}
			if next == "" {
				break
			}
			cursor = next
		}
	}
	return listed, nil
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

func (r *run) groupPage(ctx context.Context, page []string, listed map[string]int, users []string) error {
	readAt := r.s.Wall.Now()
	found := make([]*wecom.Group, len(page))
	g, reading := errgroup.WithContext(ctx)
	g.SetLimit(askers)
	for i, c := range page {
		g.Go(func() error {
			x, err := r.s.WeCom.GroupGet(reading, c, true)
			if group.Vanished(err) {
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
		var gone []string
		for i, c := range page {
			if found[i] == nil {
				gone = append(gone, c)
				continue
			}
			result.Remote.Groups++
			result.Remote.Members += len(found[i].Members)
			seen = append(seen, group.Seen{ReadAt: readAt, Group: *found[i], Status: statusOf(*found[i], listed, users), Cause: r.id})
		}
		did, err := r.s.Groups.Apply(ctx, tx, seen)
		if err != nil {
			return err
		}
		over, err := r.s.Groups.Dissolve(ctx, tx, gone, r.s.Clock.Now(), r.id)
		if err != nil {
			return err
		}
		result.Missing.Groups += did.Groups
		result.Missing.Members += did.Joined
		result.Extra.Members += did.Left + over.Left
		result.Extra.Groups += over.Groups
		result.Amended.Members += did.Amended
		at.Done += len(page)
		at.After = page[len(page)-1]
		return nil
	})
}
