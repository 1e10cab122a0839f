package directory

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"qunce/internal/failpoint"
	"qunce/internal/pg"
	"qunce/internal/pinyin"
	"qunce/internal/wecom"
)

var (
	fpApplyBefore = failpoint.New("directory.apply.before")
	fpApplyAfter  = failpoint.New("directory.apply.after")
)

// readers is how many departments are read at once.
const readers = 8

// SyncDirectory reads all departments, members and contact seats from WeCom and applies the difference. A reading that
// fails anywhere changes nothing: members may only be taken for gone when every department was read.
func (s *Service) SyncDirectory(ctx context.Context) (Diff, error) {
	departments, err := s.WeCom.DepartmentList(ctx)
	if err != nil {
		return Diff{}, fmt.Errorf("read departments: %w", err)
	}
	follow, err := s.WeCom.FollowUsers(ctx)
	if err != nil {
		return Diff{}, fmt.Errorf("read contact seats: %w", err)
	}
	members := make([][]wecom.User, len(departments))
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for i, d := range departments {
		group.Go(func() error {
			list, err := s.WeCom.UserList(reading, d.ID)
			if err != nil {
				return fmt.Errorf("read members of department %d: %w", d.ID, err)
			}
			members[i] = list
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Diff{}, err
	}
	cause, err := s.IDs.Next(ctx)
	if err != nil {
		return Diff{}, err
	}
	var diff Diff
	err = s.DB.Tx(ctx, func(tx pg.Tx) (err error) {
		diff, err = s.ApplyDirectory(ctx, tx, departments, slices.Concat(members...), setOf(follow), cause)
		return err
	})
	diff.Calls = 2 + len(departments)
	return diff, err
}

func setOf(list []string) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, x := range list {
		out[x] = true
	}
	return out
}

// ApplyDirectory makes departments and staff equal to a complete reading, as differences: departments that are missing
// from it are removed, staff that are missing become inactive. A member of several departments may be named several times.
// contactable holds the userids with a customer-contact seat. cause goes to the log.
func (s *Service) ApplyDirectory(ctx context.Context, tx pg.Tx, departments []wecom.Department, users []wecom.User, contactable map[string]bool, cause int64) (Diff, error) {
	fpApplyBefore.Hit()
	if err := lockDirectory(ctx, tx); err != nil {
		return Diff{}, err
	}
	var diff Diff
	var err error
	if diff.Departments, err = s.applyDepartments(ctx, tx, departments); err != nil {
		return diff, err
	}
	held, err := findStaff(ctx, tx, ``)
	if err != nil {
		return diff, err
	}
	seen := map[string]bool{}
	for _, u := range users {
		seen[u.UserID] = true
	}
	var gone []string
	for _, x := range held {
		if x.Active && !seen[x.UserID] {
			gone = append(gone, x.UserID)
		}
	}
	return s.finish(ctx, tx, diff, users, gone, contactable, cause)
}

// finish writes staff, derives the stores' departments and the staff's stores anew, and tells the other processes.
func (s *Service) finish(ctx context.Context, tx pg.Tx, diff Diff, users []wecom.User, gone []string, contactable map[string]bool, cause int64) (Diff, error) {
	if err := s.applyUsers(ctx, tx, &diff, users, gone, contactable); err != nil {
		return diff, err
	}
	linked, err := s.relink(ctx, tx)
	if err != nil {
		return diff, err
	}
	diff.Stores = linked.Stores
	for _, id := range linked.StaffIDs {
		if !slices.Contains(diff.StaffIDs, id) {
			diff.StaffIDs = append(diff.StaffIDs, id)
			diff.Staff.Updated++
		}
	}
	if diff.Departments.any() || diff.Staff.any() || diff.Stores > 0 {
		if err := bumpVersion(ctx, tx); err != nil {
			return diff, err
		}
		s.Log.Info("directory changed", "departments", diff.Departments, "staff", diff.Staff, "stores", diff.Stores, "cause", cause)
	}
	fpApplyAfter.Hit()
	return diff, nil
}

func (s *Service) applyDepartments(ctx context.Context, tx pg.Tx, seen []wecom.Department) (Change, error) {
	var did Change
	list := make([]Department, len(seen))
	for i, d := range seen {
		list[i] = Department{ID: d.ID, Name: d.Name, ParentID: d.ParentID, Order: d.Order}
	}
	path := paths(list)
	held, err := findDepartments(ctx, tx)
	if err != nil {
		return did, err
	}
	old := make(map[int64]Department, len(held))
	for _, d := range held {
		old[d.ID] = d
	}
	var write []Department
	for _, d := range list {
		d.Path = path[d.ID]
		h, known := old[d.ID]
		delete(old, d.ID)
		switch {
		case !known:
			did.Created++
		case h.Name != d.Name || h.ParentID != d.ParentID || h.Order != d.Order || !slices.Equal(h.Path, d.Path):
			did.Updated++
		default:
			continue
		}
		write = append(write, d)
	}
	var gone []int64
	for id := range old {
		gone = append(gone, id)
	}
	did.Removed = len(gone)
	if err := deleteDepartments(ctx, tx, gone); err != nil {
		return did, err
	}
	return did, writeDepartments(ctx, tx, write)
}

// applyUsers writes the members that differ; those in gone become inactive. Stores are left to relink.
func (s *Service) applyUsers(ctx context.Context, tx pg.Tx, diff *Diff, users []wecom.User, gone []string, contactable map[string]bool) error {
	merged := mergeUsers(users)
	names := make([]string, 0, len(merged)+len(gone))
	for _, u := range merged {
		names = append(names, u.UserID)
	}
	held, err := s.StaffByUserIDs(ctx, tx, append(names, gone...))
	if err != nil {
		return err
	}
	var insert, update []Staff
	for _, u := range merged {
		want := staffFrom(u, contactable[u.UserID])
		h, known := held[u.UserID]
		if !known {
			insert = append(insert, want)
			continue
		}
		want.ID, want.StoreID = h.ID, h.StoreID
		if !sameStaff(h, want) {
			update = append(update, want)
			if h.Active && !want.Active {
				diff.Staff.Removed++
			} else {
				diff.Staff.Updated++
			}
		}
	}
	for _, u := range gone {
		if h, known := held[u]; known && h.Active {
			h.Active, h.CanContact = false, false
			update = append(update, h)
			diff.Staff.Removed++
		}
	}
	if len(insert) > 0 {
		ids, err := s.IDs.Take(ctx, len(insert))
		if err != nil {
			return err
		}
		for i := range insert {
			insert[i].ID = ids[i]
		}
		diff.Staff.Created += len(insert)
	}
	now := s.Clock.Now()
	if err := insertStaff(ctx, tx, insert, now); err != nil {
		return err
	}
	if err := updateStaff(ctx, tx, update, now); err != nil {
		return err
	}
	for _, x := range slices.Concat(insert, update) {
		diff.StaffIDs = append(diff.StaffIDs, x.ID)
	}
	return nil
}

// mergeUsers keeps one entry a userid: a member of several departments is listed in each of them.
func mergeUsers(users []wecom.User) []wecom.User {
	at := make(map[string]int, len(users))
	var out []wecom.User
	for _, u := range users {
		if i, known := at[u.UserID]; known {
			if len(u.Departments) > len(out[i].Departments) { // the fuller reading
				out[i] = u
			}
			continue
		}
		at[u.UserID] = len(out)
		out = append(out, u)
	}
	return out
}

// WeCom's member statuses that we act upon.
const (
	statusDisabled = 2
	statusLeft     = 5
)

func staffFrom(u wecom.User, contactable bool) Staff {
	main := u.MainDepartment
	if main == 0 && len(u.Departments) > 0 {
		main = u.Departments[0]
	}
	active := u.Status != statusDisabled && u.Status != statusLeft
	name := u.Name
	if name == "" {
		name = u.UserID
	}
	return Staff{UserID: u.UserID, Name: name, NameKey: pinyin.Key(name), DepartmentID: main, DepartmentIDs: nonNil(u.Departments),
		IsLeader: slices.Contains(u.IsLeader, 1), CanContact: active && contactable, Active: active}
}

func sameStaff(a, b Staff) bool {
	return a.UserID == b.UserID && a.Name == b.Name && a.NameKey == b.NameKey && a.DepartmentID == b.DepartmentID &&
		slices.Equal(a.DepartmentIDs, b.DepartmentIDs) && a.StoreID == b.StoreID && a.IsLeader == b.IsLeader &&
		a.CanContact == b.CanContact && a.Active == b.Active
}

// relink derives the stores' departments from their names and the staff's stores from their departments, and writes what
// differs. It reads the whole directory, which is small, so that it runs after any change of either side.
func (s *Service) relink(ctx context.Context, tx pg.Tx) (Diff, error) {
	var diff Diff
	stores, err := findStores(ctx, tx, `WHERE status = 'open'`)
	if err != nil {
		return diff, err
	}
	departments, err := findDepartments(ctx, tx)
	if err != nil {
		return diff, err
	}
	department := departmentOf(stores, departments)
	storeAt := make(map[int64]int64, len(stores))
	var ids, to []int64
	for _, st := range stores {
		d := department[st.ID]
		if d != st.DepartmentID {
			ids, to = append(ids, st.ID), append(to, d)
		}
		if have := storeAt[d]; d != 0 && (have == 0 || st.ID < have) {
			storeAt[d] = st.ID
		}
	}
	now := s.Clock.Now()
	if err := linkStores(ctx, tx, ids, to, now); err != nil {
		return diff, err
	}
	diff.Stores = len(ids)

	path := make(map[int64][]int64, len(departments))
	for _, d := range departments {
		path[d.ID] = d.Path
	}
	staff, err := findStaff(ctx, tx, ``)
	if err != nil {
		return diff, err
	}
	var update []Staff
	for _, x := range staff {
		if !x.Active {
			continue // where somebody worked last is history
		}
		if store := storeOf(x.DepartmentID, x.DepartmentIDs, path, storeAt); store != x.StoreID {
			x.StoreID = store
			update = append(update, x)
			diff.StaffIDs = append(diff.StaffIDs, x.ID)
		}
	}
	if err := updateStaff(ctx, tx, update, now); err != nil {
		return diff, err
	}
	if len(ids) > 0 || len(update) > 0 {
		return diff, bumpVersion(ctx, tx)
	}
	return diff, nil
}
