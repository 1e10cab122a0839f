package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"qunce/internal/livecode"
	"qunce/internal/pg"
)

// verify counts again what we hold and looks for what still differs from what WeCom showed. Short lists are read once more;
// of the long ones, what was written here since is told apart by when we wrote it. Everything else that differs stands in
// the statement: no figure is what is left over.
func (r *run) verify(ctx context.Context) error {
	small, err := r.verifySmall(ctx)
	if err != nil {
		return err
	}
	if err := r.lookAgain(ctx); err != nil {
		return err
	}
	listed := map[string]int{}
	if r.kind == Check {
		if err := r.relist(ctx); err != nil {
			return err
		}
		if listed, err = r.regroup(ctx); err != nil {
			return err
		}
	}
	open, err := r.openWays(ctx)
	if err != nil {
		return err
	}
	return r.page(ctx, func(tx pg.Tx, at *progress, result *Result) error {
		held, err := counts(ctx, tx)
		if err != nil {
			return err
		}
		result.HeldAfter = Counts{}
		for t := range result.Remote {
			result.HeldAfter.set(t, held[t])
		}
		result.Differs, result.During, result.Unlisted = small.differs, nil, nil
		for t, n := range small.remote {
			result.Remote.set(t, n)
		}
		at.Over = true
		if r.kind == Check {
			result.HeldAfter.set(Members, held[Members]) // held, though not compared as a whole
			if err := r.verifyLists(ctx, tx, result, held); err != nil {
				return err
			}
			if err := r.verifyRooms(ctx, tx, result, listed); err != nil {
				return err
			}
			return r.verifyWays(ctx, tx, result, open)
		}
		if err := r.verifyRelations(ctx, tx, result); err != nil {
			return err
		}
		if err := r.verifyGroups(ctx, tx, result, held); err != nil {
			return err
		}
		return r.verifyWays(ctx, tx, result, open)
	})
}

// reread is what a second reading of the small lists showed.
type reread struct {
	remote  Counts
	differs []Difference
}

// verifySmall reads seats and tags again: one call each, and what changed meanwhile is seen.
func (r *run) verifySmall(ctx context.Context) (out reread, err error) {
	users, err := r.users(ctx)
	if err != nil {
		return out, err
	}
	held, err := heldStaff(ctx, r.s.DB)
	if err != nil {
		return out, err
	}
	out.compare(Staff, users, held)
	_, made, err := r.readTags(ctx)
	if err != nil {
		return out, err
	}
	if held, err = heldTags(ctx, r.s.DB); err != nil {
		return out, err
	}
	out.compare(Tags, slices.Collect(maps.Keys(made)), held)
	return out, nil
}

func (x *reread) compare(t Thing, remote, held []string) {
	missing, extra := apart(remote, held)
	x.remote.set(t, len(remote))
	x.differs = differs(x.differs, Difference{Thing: t, Missing: len(missing), Extra: len(extra)})
}

func differs(list []Difference, d Difference) []Difference {
	if d.Missing == 0 && d.Extra == 0 && d.Open == 0 {
		return list
	}
	return append(list, d)
}

// explained splits what we hold beyond an expected number: what was really written meanwhile, and what is left and differs.
func explained(more, begun, ended int) (during int, missing, extra int) {
	during = max(-ended, min(more, begun))
	return during, max(0, during-more), max(0, more-during)
}

// relist compares the lists that did not agree with ours once more: a callback was worked at the same moment.
func (r *run) relist(ctx context.Context) error {
	known, err := digests(ctx, r.s.DB, nil)
	if err != nil {
		return err
	}
	var open []string
	for u, d := range known {
		if d.open() {
			open = append(open, u)
		}
	}
	slices.Sort(open)
	for page := range slices.Chunk(open, staffPerList) {
		if err := r.listPage(ctx, page, func(*progress) {}); err != nil {
			return err
		}
	}
	return nil
}

// verifyLists compares, member by member, the length of the list that was read with the number that we hold now.
func (r *run) verifyLists(ctx context.Context, tx pg.Tx, result *Result, all Counts) error {
	known, err := digests(ctx, tx, nil)
	if err != nil {
		return err
	}
	held, err := heldPerUser(ctx, tx, slices.Collect(maps.Keys(known)))
	if err != nil {
		return err
	}
	var changed []string
	var remote, now, missing, extra int
	for u, d := range known {
		remote, now, missing, extra = remote+d.N, now+held[u], missing+d.Missing, extra+d.Extra
		if held[u] != d.held() {
			changed = append(changed, u)
		}
	}
	begun, ended, err := writtenSince(ctx, tx, changed, r.at.Began)
	if err != nil {
		return err
	}
	for _, u := range changed {
		during, less, more := explained(held[u]-known[u].held(), begun[u], ended[u])
		result.During.bump(Relations, during)
		missing, extra = missing+less, extra+more
	}
	result.Remote.set(Relations, remote)
	result.HeldAfter.set(Relations, now)
	result.Unlisted.bump(Relations, all[Relations]-now)
	result.Differs = differs(result.Differs, Difference{Thing: Relations, Missing: missing, Extra: extra})
	return nil
}

// verifyRelations compares pair by pair.
func (r *run) verifyRelations(ctx context.Context, tx pg.Tx, result *Result) error {
	var begun, ended, extra, missing int
	err := tx.QueryRow(ctx, `SELECT count(*) FILTER (WHERE updated_at >= $2), count(*) FILTER (WHERE updated_at < $2) FROM customer_relation r
		LEFT JOIN sync_seen s ON s.run_id = $1 AND s.userid = r.userid AND s.external_userid = r.external_userid
		WHERE r.state <> 'deleted_by_staff' AND s.run_id IS NULL`, r.id, r.at.Began.Add(-settling)).Scan(&begun, &extra)
	if err != nil {
		return fmt.Errorf("look for relations too much: %w", err)
	}
	// Two ids of one person are one relation here, so a pair is looked for by the person.
	err = tx.QueryRow(ctx, `SELECT count(*) FILTER (WHERE r.updated_at >= $2), count(*) FILTER (WHERE r.customer_id IS NULL OR r.updated_at < $2) FROM sync_seen s
		LEFT JOIN customer_identity i ON i.value = s.external_userid AND i.kind = 'external_userid'
		LEFT JOIN customer_relation r ON r.customer_id = i.customer_id AND r.userid = s.userid
		WHERE s.run_id = $1 AND (r.customer_id IS NULL OR r.state = 'deleted_by_staff')`, r.id, r.at.Began.Add(-settling)).Scan(&ended, &missing)
	if err != nil {
		return fmt.Errorf("look for missing relations: %w", err)
	}
	result.During.bump(Relations, begun-ended)
	result.Differs = differs(result.Differs, Difference{Thing: Relations, Missing: missing, Extra: extra})
	return nil
}

// lookAgain reads groups whose members differ from what was just read once more: a callback was worked at the same moment.
func (r *run) lookAgain(ctx context.Context) error {
	chats, err := texts(ctx, r.s.DB, `SELECT s.chat_id FROM sync_seen_group s JOIN group_group g ON g.chat_id = s.chat_id AND g.status <> 'dissolved'
		WHERE s.run_id = $1 AND s.members >= 0 AND g.members <> s.members AND g.read_at <= s.read_at ORDER BY 1 LIMIT $2`, r.id, groupsPerPage)
	if err != nil || len(chats) == 0 {
		return err
	}
	users, err := r.users(ctx)
	if err != nil {
		return err
	}
	listed, err := r.listGroups(ctx, users)
	if err != nil {
		return err
	}
	return r.groupPage(ctx, chats, listed, users, nil)
}

// regroup lists the groups once more and reads those that stand on one side alone: they began, or were dissolved, meanwhile.
func (r *run) regroup(ctx context.Context) (listed map[string]int, err error) {
	users, err := r.users(ctx)
	if err != nil {
		return nil, err
	}
	if listed, err = r.listGroups(ctx, users); err != nil {
		return nil, err
	}
	living, err := livingGroups(ctx, r.s.DB)
	if err != nil {
		return nil, err
	}
	look := maps.Clone(listed)
	for _, g := range living {
		if _, there := listed[g.chatID]; there || g.status == "owner_left" {
			delete(look, g.chatID)
		} else {
			look[g.chatID] = 0
		}
	}
	for page := range slices.Chunk(slices.Sorted(maps.Keys(look)), groupsPerPage) {
		if err := forgetSeenGroups(ctx, r.s.DB, r.id, page); err != nil { // what the reading before showed of them is over
			return nil, err
		}
		if err := r.groupPage(ctx, page, listed, users, nil); err != nil {
			return nil, err
		}
	}
	return listed, nil
}

// verifyRooms compares what the list of groups shows with what we hold now, and the groups that were read with ours. One
// that is listed and does not exist any more when it is read has been dissolved meanwhile.
func (r *run) verifyRooms(ctx context.Context, tx pg.Tx, result *Result, listed map[string]int) error {
	living, err := livingChats(ctx, tx)
	if err != nil {
		return err
	}
	missing, beside := apart(slices.Collect(maps.Keys(listed)), living)
	lacking, err := texts(ctx, tx, `SELECT chat_id FROM sync_seen_group WHERE run_id = $1 AND chat_id = ANY($2)`, r.id, missing)
	if err != nil {
		return err
	}
	shown := len(living) - len(beside)
	result.HeldAfter.set(Groups, shown)
	result.Remote.set(Groups, shown+len(lacking))
	result.Unlisted.bump(Groups, len(beside))
	result.HeldBefore.bump(Groups, -len(beside))
	var less, more int
	err = tx.QueryRow(ctx, `SELECT coalesce(sum(greatest(s.members - g.members, 0)), 0), coalesce(sum(greatest(g.members - s.members, 0)), 0)
		FROM sync_seen_group s JOIN group_group g ON g.chat_id = s.chat_id AND g.status <> 'dissolved'
		WHERE s.run_id = $1 AND s.members >= 0 AND g.read_at <= s.read_at`, r.id).Scan(&less, &more)
	if err != nil {
		return fmt.Errorf("compare the members of groups: %w", err)
	}
	result.Differs = differs(result.Differs, Difference{Thing: Groups, Missing: len(lacking)})
	result.Differs = differs(result.Differs, Difference{Thing: Members, Missing: less, Extra: more})
	return nil
}

// verifyGroups compares the groups that were read with ours as they are now. One that was read again meanwhile has moved on;
// one that is gone has been dissolved since it was read.
func (r *run) verifyGroups(ctx context.Context, tx pg.Tx, result *Result, held Counts) error {
	var gone, lacking, less, more, moved, unread int
	err := tx.QueryRow(ctx, `SELECT count(*) FILTER (WHERE g.chat_id IS NULL AND s.members >= 0 AND d.dissolved_at >= $2),
			count(*) FILTER (WHERE g.chat_id IS NULL AND s.members >= 0 AND (d.dissolved_at IS NULL OR d.dissolved_at < $2)),
			count(*) FILTER (WHERE s.members < 0 AND g.chat_id IS NOT NULL),
			coalesce(sum(greatest(s.members - g.members, 0)) FILTER (WHERE g.read_at <= s.read_at AND s.members >= 0), 0),
			coalesce(sum(greatest(g.members - s.members, 0)) FILTER (WHERE g.read_at <= s.read_at AND s.members >= 0), 0),
			coalesce(sum(coalesce(g.members, 0) - s.members) FILTER (WHERE s.members >= 0 AND (g.read_at > s.read_at OR g.chat_id IS NULL)), 0)
		FROM sync_seen_group s LEFT JOIN group_group g ON g.chat_id = s.chat_id AND g.status <> 'dissolved'
			LEFT JOIN group_group d ON d.chat_id = s.chat_id AND d.status = 'dissolved' WHERE s.run_id = $1`, r.id, r.at.Began.Add(-settling)).
		Scan(&gone, &lacking, &unread, &less, &more, &moved)
	if err != nil {
		return fmt.Errorf("look for missing groups: %w", err)
	}
	result.Differs = differs(result.Differs, Difference{Thing: Members, Missing: less, Extra: more})
	var seen, members int
	if err := tx.QueryRow(ctx, `SELECT count(*), coalesce(sum(members), 0) FROM sync_seen_group WHERE run_id = $1 AND members >= 0`, r.id).Scan(&seen, &members); err != nil {
		return fmt.Errorf("count seen groups: %w", err)
	}
	result.Remote.set(Groups, seen)
	result.Remote.set(Members, members)
	result.HeldAfter.set(Groups, held[Groups])
	result.HeldAfter.set(Members, held[Members])
	var begun, extra, newcomers int
	err = tx.QueryRow(ctx, `SELECT count(*) FILTER (WHERE g.read_at >= x.started_at), count(*) FILTER (WHERE g.read_at < x.started_at),
			coalesce(sum(g.members) FILTER (WHERE g.read_at >= x.started_at), 0)
		FROM group_group g, sync_run x WHERE x.id = $1 AND g.status <> 'dissolved' AND NOT EXISTS (SELECT FROM sync_seen_group s WHERE s.run_id = $1 AND s.chat_id = g.chat_id)`, r.id).
		Scan(&begun, &extra, &newcomers)
	if err != nil {
		return fmt.Errorf("look for groups too much: %w", err)
	}
	result.During.bump(Groups, begun-gone)
	result.During.bump(Members, moved+newcomers)
	result.Differs = differs(result.Differs, Difference{Thing: Groups, Missing: lacking, Extra: extra + unread})
	return nil
}

// openWays counts codes whose way is not as it should be: a call about it is under way, or WeCom refused it. One that was
// refused is read again, since it may have become right in another way.
func (r *run) openWays(ctx context.Context) (map[Thing]int, error) {
	list, err := r.s.Codes.Unsettled(ctx, r.s.DB)
	if err != nil {
		return nil, err
	}
	open := map[Thing]int{}
	var ask []livecode.Code
	for _, c := range list {
		if c.Calling || c.ConfigID == "" {
			open[wayThing(c.Code)]++
		} else {
			ask = append(ask, c.Code)
		}
	}
	for page := range slices.Chunk(ask, waysPerPage) {
		readings, err := r.readWays(ctx, page)
		if err != nil {
			return nil, err
		}
		for i, c := range page {
			right, err := r.s.Codes.AsWanted(ctx, r.s.DB, c, readings[i])
			if err != nil {
				return nil, err
			}
			if !right {
				open[wayThing(c)]++
			}
		}
	}
	return open, nil
}

// verifyWays tells what was made or lost since codes were compared from what differs.
func (r *run) verifyWays(ctx context.Context, tx pg.Tx, result *Result, open map[Thing]int) error {
	for _, x := range []struct {
		thing Thing
		kind  livecode.Kind
	}{{Ways, livecode.StaffCode}, {JoinWays, livecode.GroupCode}} {
		d := Difference{Thing: x.thing, Open: open[x.thing]}
		if remote, counted := result.Remote[x.thing]; counted {
			with, without, err := waysWritten(ctx, tx, string(x.kind), r.at.Began)
			if err != nil {
				return err
			}
			var during int
			during, d.Missing, d.Extra = explained(result.HeldAfter[x.thing]-remote, with, without)
			result.During.bump(x.thing, during)
		}
		result.Differs = differs(result.Differs, d)
	}
	return nil
}
