package auth

import (
	"context"
	"slices"
	"strings"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/pg"
)

// CreateUser adds a person who signs in by e-mail; they have no password until they used a link. Errors: Invalid
// "auth.bad_email", "auth.bad_name", "auth.bad_role", "auth.staff_by_wecom", "auth.no_stores", "auth.unknown_store";
// Conflict "auth.email_taken".
func (s *Service) CreateUser(ctx context.Context, n NewUser) (User, error) {
	email, err := normalEmail(n.Email)
	if err != nil {
		return User{}, err
	}
	u := User{
		Name: strings.TrimSpace(n.Name), Email: email, Role: n.Role, CreatedAt: s.Wall.Now().UTC(),
		StoreIDs: tidyIDs(n.StoreIDs), DepartmentIDs: tidyIDs(n.DepartmentIDs),
	}
	if err := u.check(); err != nil {
		return User{}, err
	}
	if err := s.checkStores(ctx, u.StoreIDs); err != nil {
		return User{}, err
	}
	if u.ID, err = s.IDs.Next(ctx); err != nil {
		return User{}, err
	}
	if err := insertUser(ctx, s.DB, s.Schema, u); err != nil {
		return User{}, err
	}
	return u, s.Audit(ctx, "user.create", object(u.ID), recorded(u))
}

// recorded is what the log keeps of a user: no e-mail address, since the log outlives an erasure.
func recorded(u User) map[string]any {
	return map[string]any{"role": u.Role, "store_ids": u.StoreIDs, "department_ids": u.DepartmentIDs, "disabled": u.Disabled}
}

// EnsureOwner returns the owner with this e-mail address, creating it if there is no user with it; created says which.
// Errors: those of CreateUser; Conflict "auth.email_taken" when the address belongs to somebody who is not an owner.
func (s *Service) EnsureOwner(ctx context.Context, name, email string) (u User, created bool, err error) {
	normal, err := normalEmail(email)
	if err != nil {
		return User{}, false, err
	}
	u, err = userByEmail(ctx, s.DB, s.Schema, normal)
	switch {
	case errs.Is(err, "auth.no_user"):
		u, err = s.CreateUser(ctx, NewUser{Name: name, Email: normal, Role: actor.Owner})
		if !errs.Is(err, "auth.email_taken") {
			return u, err == nil, err
		}
		if u, err = userByEmail(ctx, s.DB, s.Schema, normal); err != nil { // somebody else just made it, perhaps in another corp
			return User{}, false, emailTaken()
		}
	case err != nil:
		return User{}, false, err
	}
	if u.Role != actor.Owner || u.Disabled {
		return User{}, false, emailTaken()
	}
	return u, false, nil
}

func emailTaken() error {
	return errs.E(errs.Conflict, "auth.email_taken", "another user has this e-mail address").On("email")
}

// UpdateUser changes a user; it applies from their next request on. Nobody changes their own role or disables themselves,
// and the last owner stays one. Errors: as CreateUser; NotFound "auth.no_user"; Conflict "auth.self", "auth.last_owner".
func (s *Service) UpdateUser(ctx context.Context, userID int64, c Change) (User, error) {
	if c.Email != nil {
		email, err := normalEmail(*c.Email)
		if err != nil {
			return User{}, err
		}
		c.Email = &email
	}
	if c.StoreIDs != nil {
		if err := s.checkStores(ctx, *c.StoreIDs); err != nil {
			return User{}, err
		}
	}
	self := actor.From(ctx).UserID == userID
	var before, after User
	err := s.DB.Tx(ctx, func(tx pg.Tx) error {
		// The owners' rows are locked with the user's, in order: two owners who remove each other meet here.
		locked, err := lockUserAndOwners(ctx, tx, s.Schema, userID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(locked, func(u User) bool { return u.ID == userID })
		if i < 0 {
			return noUser()
		}
		before, after = locked[i], locked[i].changed(c)
		if self && (after.Role != before.Role || after.Disabled != before.Disabled) {
			return errs.E(errs.Conflict, "auth.self", "nobody changes their own role or disables themselves")
		}
		if err := after.check(); err != nil {
			return err
		}
		locked[i] = after
		if owner := func(u User) bool { return u.Role == actor.Owner && !u.Disabled }; owner(before) && !slices.ContainsFunc(locked, owner) {
			return errs.E(errs.Conflict, "auth.last_owner", "the last owner")
		}
		if err := updateUser(ctx, tx, after); err != nil {
			return err
		}
		if !after.Disabled && after.Email == before.Email {
			return nil
		}
		if err := deleteLinks(ctx, tx, userID); err != nil {
			return err
		}
		if !after.Disabled {
			return nil
		}
		return deleteOtherSessions(ctx, tx, userID, nil)
	})
	if err != nil {
		return User{}, err
	}
	return after, s.Audit(ctx, "user.update", object(userID), map[string]any{
		"before": recorded(before), "after": recorded(after), "name": before.Name != after.Name, "email": before.Email != after.Email,
	})
}

func (u User) changed(c Change) User {
	if c.Name != nil {
		u.Name = strings.TrimSpace(*c.Name)
	}
	if c.Email != nil {
		u.Email = *c.Email
	}
	if c.Role != nil {
		u.Role = *c.Role
	}
	if c.StoreIDs != nil {
		u.StoreIDs = tidyIDs(*c.StoreIDs)
	}
	if c.DepartmentIDs != nil {
		u.DepartmentIDs = tidyIDs(*c.DepartmentIDs)
	}
	if c.Disabled != nil {
		u.Disabled = *c.Disabled
	}
	return u
}

// UserByEmail returns the corp's user with the address; NotFound "auth.no_user".
func (s *Service) UserByEmail(ctx context.Context, email string) (User, error) {
	normal, err := normalEmail(email)
	if err != nil {
		return User{}, err
	}
	return userByEmail(ctx, s.DB, s.Schema, normal)
}

// HasOwner reports whether anybody can manage the corp.
func (s *Service) HasOwner(ctx context.Context) (bool, error) { return hasOwner(ctx, s.DB, s.Schema) }

func (s *Service) checkStores(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	names, err := s.Stores.StoreNames(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, ok := names[id]; !ok {
			return errs.E(errs.Invalid, "auth.unknown_store", "no store %d", id).On("store_ids").With("id", id)
		}
	}
	return nil
}

func tidyIDs(ids []int64) []int64 {
	out := append([]int64{}, ids...) // never nil: the columns are not null
	slices.Sort(out)
	return slices.Compact(out)
}
