package livecode

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/group"
	"qunce/internal/outbox"
	"qunce/internal/pg"
)

// checkBatch bounds how many group codes one transaction looks at.
const checkBatch = 500

var fpCheckBefore = failpoint.New("livecode.check.before")

// onGroupChanged marks the codes that a new, changed or dissolved group concerns. A group that WeCom opened for a code by
// itself is told by its name when its owner's store does not tell.
func (s *Service) onGroupChanged(ctx context.Context, tx pg.Tx, evs []event.Event) error {
	marks, homeless := make([]mark, len(evs)), map[int64]int64{}
	for i, e := range evs {
		marks[i] = mark{e.GroupID, e.StoreID, e.CauseID}
		if e.StoreID == 0 && e.Kind == group.Created {
			homeless[e.GroupID] = e.CauseID
		}
	}
	if len(homeless) > 0 {
		if err := s.adopt(ctx, tx, homeless); err != nil {
			return err
		}
	}
	return markChecks(ctx, tx, marks, s.Clock.Now())
}

// adopt puts groups without a store behind the code whose base name theirs begins with; causeOf has them by their ids.
func (s *Service) adopt(ctx context.Context, tx pg.Tx, causeOf map[int64]int64) error {
	rooms, err := s.Groups.ByIDs(ctx, tx, slices.Collect(maps.Keys(causeOf)))
	if err != nil {
		return err
	}
	codeOf, codes, err := codesByBaseName(ctx, tx, rooms)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	for i := range codes {
		c := &codes[i]
		for roomID, codeID := range codeOf {
			if codeID == c.ID && !slices.Contains(c.GroupIDs, roomID) {
				c.GroupIDs = append(c.GroupIDs, roomID) // the check trims the list to five open ones
				c.checkCause = causeOf[roomID]
			}
		}
		c.checkAt = &now
	}
	return saveCodes(ctx, tx, codes)
}

// NextDue is when group codes are to be looked at: as soon as something happened in their groups.
func (s *Service) NextDue(ctx context.Context) (time.Time, bool, error) { return nextCheck(ctx, s.DB) }

// RunDue looks at the group codes that something happened to, and plans a rewrite for those whose groups are no longer the
// right ones. It returns how many codes it looked at.
func (s *Service) RunDue(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := s.checkRooms(ctx)
		total += n
		if err != nil || n < checkBatch {
			return total, err
		}
	}
}

func (s *Service) checkRooms(ctx context.Context) (n int, err error) {
	fpCheckBefore.Hit()
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		n = 0
		codes, err := dueChecks(ctx, tx, s.Clock.Now(), checkBatch)
		if err != nil || len(codes) == 0 {
			return err
		}
		plans, err := s.review(ctx, tx, codes)
		if err != nil {
			return err
		}
		for i := range codes {
			codes[i].checkAt, codes[i].checkCause = nil, 0
		}
		if err := saveCodes(ctx, tx, codes); err != nil {
			return err
		}
		n = len(codes)
		return s.Outbox.Plan(ctx, tx, plans...)
	})
	return n, err
}

// review chooses the groups behind each code anew and returns the rewrites that needs.
func (s *Service) review(ctx context.Context, tx pg.Tx, codes []Code) ([]outbox.Plan, error) {
	var own, stores []int64
	for _, c := range codes {
		own = append(own, c.GroupIDs...)
		if c.StoreID != 0 {
			stores = append(stores, c.StoreID)
		}
	}
	byID, err := s.Groups.ByIDs(ctx, tx, own)
	if err != nil {
		return nil, err
	}
	byStore, err := s.Groups.OpenByStores(ctx, tx, stores)
	if err != nil {
		return nil, err
	}
	ids, err := s.IDs.Take(ctx, len(codes))
	if err != nil {
		return nil, err
	}
	var plans []outbox.Plan
	for i := range codes {
		c := &codes[i]
		next := chooseRooms(c.GroupIDs, candidates(*c, byID, byStore))
		if sameSet(next, c.GroupIDs) {
			continue
		}
		c.GroupIDs, c.UpdatedAt = next, s.Clock.Now()
		if c.ConfigID != "" {
			plans = append(plans, updatePlan(*c, ids[i], cmp.Or(c.checkCause, ids[i])))
		}
	}
	return plans, nil
}

// candidates are the groups a code may lead to: its own list, and those of its store when it follows the store or when
// nothing in its list is open any more.
func candidates(c Code, byID map[int64]group.Ref, byStore map[int64][]group.Ref) []group.Ref {
	var rooms []group.Ref
	anyOpen := false
	for _, id := range c.GroupIDs {
		if r, ok := byID[id]; ok {
			rooms = append(rooms, r)
			anyOpen = anyOpen || open(r)
		}
	}
	if c.StoreID == 0 || anyOpen && !c.FollowStore {
		return rooms
	}
	for _, r := range byStore[c.StoreID] {
		if !slices.ContainsFunc(rooms, func(have group.Ref) bool { return have.ID == r.ID }) {
			rooms = append(rooms, r)
		}
	}
	return rooms
}
