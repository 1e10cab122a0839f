package directory

import (
	"context"
	"fmt"
	"slices"

	"qunce/internal/inbox"
	"qunce/internal/pg"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

// WeCom's codes for a member who does not exist or is out of the app's range.
const (
	codeNoUser     = 60111
	codeOutOfRange = 60011
)

// Register makes the inbox hand over the callbacks of WeCom's address book.
func (s *Service) Register(in *inbox.Inbox) {
	users := inbox.Handler{Read: s.readUsers, Apply: s.applyRead}
	for _, change := range []string{"create_user", "update_user", "delete_user"} {
		in.Register(callback.Contact+"/"+change, users)
	}
	parties := inbox.Handler{Read: s.readParties, Apply: s.applyRead}
	for _, change := range []string{"create_party", "update_party", "delete_party"} {
		in.Register(callback.Contact+"/"+change, parties)
	}
}

// reading is what a set of callbacks made us read: the members named, those who are gone, or all departments.
type reading struct {
	users       []wecom.User
	gone        []string
	from, to    []string // userids that were changed
	contactable map[string]bool
	departments []wecom.Department // nil: not read
}

func (s *Service) readUsers(ctx context.Context, evs []inbox.Event) (any, error) {
	var r reading
	var ids []string
	for _, e := range evs {
		id := e.UserID
		if e.NewUserID != "" && e.NewUserID != e.UserID {
			r.from, r.to = append(r.from, e.UserID), append(r.to, e.NewUserID)
			id = e.NewUserID
		}
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		u, err := s.WeCom.UserGet(ctx, id)
		switch {
		case wecom.IsCode(err, codeNoUser, codeOutOfRange):
			r.gone = append(r.gone, id)
		case err != nil:
			return nil, fmt.Errorf("read member: %w", err)
		default:
			r.users = append(r.users, u)
		}
	}
	follow, err := s.WeCom.FollowUsers(ctx)
	if err != nil {
		return nil, fmt.Errorf("read contact seats: %w", err)
	}
	r.contactable = setOf(follow)
	return r, nil
}

func (s *Service) readParties(ctx context.Context, _ []inbox.Event) (any, error) {
	departments, err := s.WeCom.DepartmentList(ctx)
	if err != nil {
		return nil, fmt.Errorf("read departments: %w", err)
	}
	return reading{departments: nonNil(departments)}, nil
}

func (s *Service) applyRead(ctx context.Context, tx pg.Tx, evs []inbox.Event, read any) error {
	r := read.(reading)
	if err := lockDirectory(ctx, tx); err != nil {
		return err
	}
	var diff Diff
	var err error
	if r.departments != nil {
		if diff.Departments, err = s.applyDepartments(ctx, tx, r.departments); err != nil {
			return err
		}
	}
	if err := renameStaff(ctx, tx, r.from, r.to, s.Clock.Now()); err != nil {
		return err
	}
	_, err = s.finish(ctx, tx, diff, r.users, r.gone, r.contactable, evs[0].CauseID)
	return err
}
