package sync

import (
	"context"
	"fmt"

	"qunce/internal/pg"
)

// verify counts again what we hold and looks for what still differs from what WeCom showed. What callbacks brought or took
// while the run went on is told apart by when we wrote it; everything else that differs stands in the statement.
func (r *run) verify(ctx context.Context) error {
	small, err := r.verifySmall(ctx)
	if err != nil {
		return err
	}
	if err := r.lookAgain(ctx); err != nil {
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
		if r.kind == Check {
			result.HeldAfter.set(Members, held[Members]) // held, though not compared as a whole
		}
		result.Differs, result.During = small.differs, nil
		for t, n := range small.remote {
			result.Remote.set(t, n)
		}
		if err := r.verifyRelations(ctx, tx, result); err != nil {
			return err
		}
		if err := r.verifyGroups(ctx, tx, result, held); err != nil {
			return err
		}
		verifyWays(result)
		at.Over = true
		return nil
	})
}

// reread is what a second reading of the small lists showed.
type reread struct {
	remote  Counts
	differs []Difference
}

// verifySmall reads seats and tags again where they differ from ours: one call each, and what changed meanwhile is seen.
func (r *run) verifySmall(ctx context.Context) (out reread, err error) {
	held, err := heldStaff(ctx, r.s.DB)
	if err != nil {
		return out, err
	}
	if len(held) != r.result.Remote[Staff] {
		users, err := r.users(ctx)
		if err != nil {
			return out, err
		}
		if held, err = heldStaff(ctx, r.s.DB); err != nil {
			return out, err
		}
		out.compare(Staff, users, held)
	}
	tags, err := heldTags(ctx, r.s.DB)
	if err != nil || len(tags) == r.result.Remote[Tags] {
		return out, err
	}
	r.calls.Add(1)
	list, err := r.s.WeCom.CorpTags(ctx, nil, nil)
	if err != nil {
		return out, err
	}
	var remote []string
	for _, g := range list {
		for _, t := range g.Tags {
			remote = append(remote, t.ID)
		}
	}
	if tags, err = heldTags(ctx, r.s.DB); err != nil {
		return out, err
	}
	out.compare(Tags, remote, tags)
	return out, nil
}

func (x *reread) compare(t Thing, remote, held []string) {
	missing, extra := apart(remote, held)
	x.remote.set(t, len(remote))
	x.differs = differs(x.differs, t, len(missing), len(extra))
}

func differs(list []Difference, t Thing, missing, extra int) []Difference {
	if missing == 0 && extra == 0 {
		return list
	}
	return append(list, Difference{Thing: t, Missing: missing, Extra: extra})
}

// verifyRelations compares pair by pair. A check saw no pairs: its lists that still differ stay unsettled and are compared
// again by the next one, so here only their number counts.
func (r *run) verifyRelations(ctx context.Context, tx pg.Tx, result *Result) error {
	if r.kind == Check {
		n, err := unsettled(ctx, tx)
		if err != nil {
			return err
		}
		result.Differs = differs(result.Differs, Relations, n, 0)
		result.During.bump(Relations, result.HeldAfter[Relations]-result.Remote[Relations])
		return nil
	}
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
	result.Differs = differs(result.Differs, Relations, missing, extra)
	return nil
}

// unsettled counts staff with a seat whose list did not agree with ours.
func unsettled(ctx context.Context, q pg.Querier) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM sync_seat s WHERE NOT EXISTS (SELECT FROM sync_list l WHERE l.userid = s.userid)`).Scan(&n)
	return n, err
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

// verifyGroups compares the groups that were read with ours as they are now. One that was read again meanwhile has moved on;
// one that is gone has been dissolved since it was read.
func (r *run) verifyGroups(ctx context.Context, tx pg.Tx, result *Result, held Counts) error {
	var gone, less, more, moved, unread int
	err := tx.QueryRow(ctx, `SELECT count(*) FILTER (WHERE g.chat_id IS NULL AND s.members >= 0), count(*) FILTER (WHERE s.members < 0 AND g.chat_id IS NOT NULL),
			coalesce(sum(greatest(s.members - g.members, 0)) FILTER (WHERE g.read_at <= s.read_at AND s.members >= 0), 0),
			coalesce(sum(greatest(g.members - s.members, 0)) FILTER (WHERE g.read_at <= s.read_at AND s.members >= 0), 0),
			coalesce(sum(coalesce(g.members, 0) - s.members) FILTER (WHERE s.members >= 0 AND (g.read_at > s.read_at OR g.chat_id IS NULL)), 0)
		FROM sync_seen_group s LEFT JOIN group_group g ON g.chat_id = s.chat_id AND g.status <> 'dissolved' WHERE s.run_id = $1`, r.id).
		Scan(&gone, &unread, &less, &more, &moved)
	if err != nil {
		return fmt.Errorf("look for missing groups: %w", err)
	}
	result.Differs = differs(result.Differs, Members, less, more)
	if r.kind == Check { // it read some of them only; what the list shows and we hold was compared group by group
		result.During.bump(Groups, result.HeldAfter[Groups]-result.Remote[Groups])
		return nil
	}
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
	result.Differs = differs(result.Differs, Groups, 0, extra+unread)
	return nil
}

// verifyWays counts what was made or lost since codes were compared: a way that WeCom had lost may be made again by now.
func verifyWays(result *Result) {
	for _, t := range []Thing{Ways, JoinWays} {
		if _, counted := result.Remote[t]; counted {
			result.During.bump(t, result.HeldAfter[t]-result.Remote[t])
		}
	}
}
