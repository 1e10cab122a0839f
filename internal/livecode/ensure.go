package livecode

import (
	"context"
	"fmt"
	"slices"

	"qunce/internal/directory"
	"qunce/internal/group"
	"qunce/internal/outbox"
	"qunce/internal/pg"
)

// ensureBatch bounds how many stores one transaction handles.
const ensureBatch = 500

// Ensured counts what EnsureStoreCodes did, in codes; NoStaff and NoGroup count stores.
type Ensured struct {
	Created   int `json:"created"`
	Rewritten int `json:"rewritten"`
	Unchanged int `json:"unchanged"`
	NoStaff   int `json:"no_staff"`
	NoGroup   int `json:"no_group"`
}

// EnsureStoreCodes gives every store its one staff code and its one group code, and brings those that follow a store up to
// its present staff and groups. A store without staff who can be contacted, or without a group, gets no such code now.
// It is idempotent and safe to run at the same time; cause is what it is done for.
func (s *Service) EnsureStoreCodes(ctx context.Context, storeIDs []int64, cause int64) (Ensured, error) {
	var total Ensured
	for batch := range slices.Chunk(storeIDs, ensureBatch) {
		did, err := s.ensure(ctx, batch, cause)
		if err != nil {
			return total, fmt.Errorf("codes of %d stores: %w", len(batch), err)
		}
		total.Created += did.Created
		total.Rewritten += did.Rewritten
		total.Unchanged += did.Unchanged
		total.NoStaff += did.NoStaff
		total.NoGroup += did.NoGroup
	}
	return total, nil
}

func (s *Service) ensure(ctx context.Context, storeIDs []int64, cause int64) (did Ensured, err error) {
	ids, err := s.IDs.Take(ctx, 2*len(storeIDs))
	if err != nil {
		return did, err
	}
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		did = Ensured{}
		spare := slices.Clone(ids)
		take := func() int64 { n := spare[0]; spare = spare[1:]; return n }

		stores, err := s.Directory.StoresByIDs(ctx, tx, storeIDs)
		if err != nil {
			return err
		}
		staffOf, err := s.Directory.StaffOfStores(ctx, tx, storeIDs)
		if err != nil {
			return err
		}
		roomsOf, err := s.Groups.OpenByStores(ctx, tx, storeIDs)
		if err != nil {
			return err
		}
		held, err := followingCodes(ctx, tx, storeIDs)
		if err != nil {
			return err
		}
		plans, err := s.refresh(ctx, held, staffOf, roomsOf, cause, &did)
		if err != nil {
			return err
		}
		have := map[string]bool{}
		for _, c := range held {
			have[c.autoKey] = true
		}
		fresh := s.missing(storeIDs, stores, staffOf, roomsOf, have, take, &did)
		fpSaveBefore.Hit()
		if err := saveCodes(ctx, tx, held); err != nil {
			return err
		}
		made, err := insertMissing(ctx, tx, fresh)
		if err != nil {
			return err
		}
		did.Created = len(made)
		for _, c := range fresh {
			if made[c.ID] { // not when somebody else was faster
				plans = append(plans, createPlan(c, c.ID, cause))
			}
		}
		return s.Outbox.Plan(ctx, tx, plans...)
	})
	if err == nil {
		fpSaveAfter.Hit()
	}
	return did, err
}

// refresh compares the codes that follow their store with who and what is there now.
func (s *Service) refresh(ctx context.Context, held []Code, staffOf map[int64][]directory.Staff, roomsOf map[int64][]group.Ref, cause int64, did *Ensured) ([]outbox.Plan, error) {
	calls, err := s.IDs.Take(ctx, len(held))
	if err != nil {
		return nil, err
	}
	var plans []outbox.Plan
	for i := range held {
		c := &held[i]
		old := *c
		switch c.Kind {
		case StaffCode:
			if now := contactable(staffOf[c.StoreID]); len(now) > 0 {
				c.StaffIDs = now
			}
		case GroupCode:
			c.GroupIDs = chooseRooms(c.GroupIDs, roomsOf[c.StoreID])
		case Locator:
		}
		if sameSet(old.StaffIDs, c.StaffIDs) && sameSet(old.GroupIDs, c.GroupIDs) {
			did.Unchanged++
			continue
		}
		did.Rewritten++
		c.UpdatedAt = s.Clock.Now()
		if plan, ok := replan(old, c, calls[i]); ok {
			plan.CauseID = cause
			plans = append(plans, plan)
		}
	}
	return plans, nil
}

// missing makes the rows of the codes that stores should have and do not.
func (s *Service) missing(storeIDs []int64, stores map[int64]directory.Store, staffOf map[int64][]directory.Staff, roomsOf map[int64][]group.Ref,
	have map[string]bool, take func() int64, did *Ensured) []Code {
	var fresh []Code
	add := func(store directory.Store, kind Kind, name string, fill func(c *Code)) {
		id := take()
		c := Code{ID: id, Kind: kind, Name: firstRunes(store.Name, MaxName-len([]rune(name))) + name, Channel: StorePoster, StoreID: store.ID,
			Token: newToken(), WayState: stateOf(id), Status: Creating, FollowStore: true, WelcomeVersion: 1,
			CreatedAt: s.Clock.Now(), UpdatedAt: s.Clock.Now(), autoKey: autoKey(kind, store.ID)}
		fill(&c)
		fresh = append(fresh, c)
	}
	for _, id := range storeIDs {
		store, ok := stores[id]
		if !ok || store.Status == directory.Closed {
			continue
		}
		if !have[autoKey(StaffCode, id)] {
			if people := contactable(staffOf[id]); len(people) > 0 {
				add(store, StaffCode, "·加好友", func(c *Code) { c.StaffIDs, c.OfferGroup = people, true })
			} else {
				did.NoStaff++
			}
		}
		if !have[autoKey(GroupCode, id)] {
			if rooms := chooseRooms(nil, roomsOf[id]); len(rooms) > 0 {
				add(store, GroupCode, "·进群", func(c *Code) { c.GroupIDs, c.RoomBaseName = rooms, baseName(store.Name) })
			} else {
				did.NoGroup++
			}
		}
	}
	return fresh
}

func autoKey(kind Kind, storeID int64) string { return fmt.Sprintf("%s/%d", kind, storeID) }
