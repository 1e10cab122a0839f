package auth

import (
	"context"
	"fmt"
	"log/slog"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/pg"
)

// SignIn is a successful sign-in: who, and the session's token for the cookie. MustSetPassword means that the session
// can do nothing else before.
type SignIn struct {
	User            User
	Token           string
	MustSetPassword bool
}

func object(userID int64) string { return fmt.Sprintf("user/%d", userID) }

func badLogin() error {
	return errs.E(errs.Unauthenticated, "auth.bad_login", "e-mail and password do not fit")
}

// Login checks a password. One answer, after the same time, for a wrong password, an unknown address, a user without a
// password and a disabled one. Errors: Unauthenticated "auth.bad_login", TooMany "auth.too_many".
func (s *Service) Login(ctx context.Context, email, password string, from From) (SignIn, error) {
	person, address := byEmail(email), byAddress(from.Address)
	locked, err := s.attempt(ctx, person, address)
	if err != nil {
		return SignIn{}, err
	}
	var u User
	if normal, err := normalEmail(email); err == nil {
		if u, err = userByEmail(ctx, s.DB, s.Schema, normal); err != nil && !errs.Is(err, "auth.no_user") {
			return SignIn{}, err
		}
	}
	ok, renew, err := s.hasher.verify(ctx, password, u.passwordHash)
	if err != nil {
		return SignIn{}, err
	}
	if !ok || u.Disabled {
		s.Log.WarnContext(ctx, "sign-in refused", slog.String("address", from.Address.String()), slog.Int64("user", u.ID), slog.Bool("locked", locked))
		if locked && u.ID != 0 {
			err := s.Audit(actor.With(ctx, actor.SystemActor()), "auth.locked", object(u.ID), map[string]any{"address": from.Address.String()})
			if err != nil {
				return SignIn{}, err
			}
		}
		return SignIn{}, badLogin()
	}
	if err := s.forgive(ctx, person, &address); err != nil {
		return SignIn{}, err
	}
	if renew {
		hash, err := s.hasher.hash(ctx, password)
		if err != nil {
			return SignIn{}, err
		}
		if err := renewHash(ctx, s.DB, u.ID, u.passwordHash, hash); err != nil {
			return SignIn{}, err
		}
	}
	token, hash, err := s.open(ctx, s.DB, u.ID, console, false, from.Agent)
	if err != nil {
		return SignIn{}, err
	}
	return SignIn{User: u, Token: token}, s.entered(ctx, u, hash, "password", from)
}

// entered records a sign-in, or ends the session again.
func (s *Service) entered(ctx context.Context, u User, hash []byte, how string, from From) error {
	as := actor.With(ctx, actor.Actor{UserID: u.ID, StaffID: u.StaffID, Name: u.Name, Role: u.Role})
	err := s.Audit(as, "auth.sign_in", object(u.ID), map[string]any{"how": how, "address": from.Address.String()})
	if err == nil {
		return nil
	}
	if undo := deleteSession(context.WithoutCancel(ctx), s.DB, hash); undo != nil {
		s.Log.ErrorContext(ctx, "an unrecorded session stays", "user", u.ID, "error", undo)
	}
	return fmt.Errorf("record sign-in: %w", err)
}

// NewLink makes a one-time sign-in link's token for a user and ends the user's earlier links. It lives 24 hours and is
// stored as a hash: this is the only time it can be read. Errors: NotFound "auth.no_user"; Conflict "auth.disabled",
// "auth.no_email" (nothing to sign in with afterwards).
func (s *Service) NewLink(ctx context.Context, userID int64) (token string, err error) {
	token, hash := newToken()
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		u, err := lockUser(ctx, tx, s.Schema, userID)
		if err != nil {
			return err
		}
		switch {
		case u.Disabled:
			return errs.E(errs.Conflict, "auth.disabled", "user %d is disabled", userID)
		case u.Email == "":
			return errs.E(errs.Conflict, "auth.no_email", "user %d has no e-mail address", userID).On("email")
		}
		if err := deleteLinks(ctx, tx, userID); err != nil {
			return err
		}
		now := s.Wall.Now()
		return insertLink(ctx, tx, hash, userID, now, now.Add(linkLife))
	})
	if err != nil {
		return "", err
	}
	if err := s.Audit(ctx, "user.link", object(userID), map[string]any{"hours": int(linkLife.Hours())}); err != nil {
		if undo := deleteLinks(context.WithoutCancel(ctx), s.DB, userID); undo != nil {
			s.Log.ErrorContext(ctx, "an unrecorded link stays", "user", userID, "error", undo)
		}
		return "", fmt.Errorf("record link: %w", err)
	}
	return token, nil
}

// LinkURL is the address to open for a link's token.
func (s *Service) LinkURL(token string) string { return s.PublicURL + "/signin?token=" + token }

// UseLink signs in with a one-time link; of many who try at once one gets in. Errors: Unauthenticated "auth.bad_link" for
// one that is unknown, used, over 24 hours old, or of a disabled user; TooMany "auth.too_many".
func (s *Service) UseLink(ctx context.Context, token string, from From) (SignIn, error) {
	address := byAddress(from.Address)
	if _, err := s.attempt(ctx, address); err != nil {
		return SignIn{}, err
	}
	link, ok := hashToken(token)
	if !ok {
		return SignIn{}, badLink()
	}
	var u User
	var hash []byte
	in := SignIn{MustSetPassword: true}
	err := s.DB.Tx(ctx, func(tx pg.Tx) error {
		userID, used, err := useLink(ctx, tx, s.Schema, link, s.Wall.Now())
		if err != nil {
			return err
		}
		if !used {
			return badLink()
		}
		if u, err = userByID(ctx, tx, s.Schema, userID); err != nil {
			return err
		}
		in.Token, hash, err = s.open(ctx, tx, userID, console, true, from.Agent)
		return err
	})
	if err != nil {
		return SignIn{}, err
	}
	in.User = u
	if err := s.entered(ctx, u, hash, "link", from); err != nil {
		return SignIn{}, err
	}
	return in, s.forgive(ctx, byEmail(u.Email), &address)
}

func badLink() error {
	return errs.E(errs.Unauthenticated, "auth.bad_link", "the link is unknown, used or too old")
}

// setPassword gives the session's user a new password and ends all other sessions and links of theirs. Unless the session
// came from a link, the present password must fit. Errors: those of checkPassword; Invalid "auth.bad_password" on current;
// TooMany "auth.too_many"; Unauthenticated "auth.sign_in" when the session ended meanwhile.
func (s *Service) setPassword(ctx context.Context, in session, current, password string) error {
	if err := checkPassword(password, in.user.Email); err != nil {
		return err
	}
	if !in.pending {
		person := byUser(in.user.ID)
		if _, err := s.attempt(ctx, person); err != nil {
			return err
		}
		ok, _, err := s.hasher.verify(ctx, current, in.user.passwordHash)
		if err != nil {
			return err
		}
		if !ok {
			return errs.E(errs.Invalid, "auth.bad_password", "the present password does not fit").On("current")
		}
		if err := s.forgive(ctx, person, nil); err != nil {
			return err
		}
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		// The user's row is locked first, as everywhere, so that two changes at once do not wait for each other.
		if _, err := lockUser(ctx, tx, s.Schema, in.user.ID); err != nil {
			return err
		}
		kept, err := keepSession(ctx, tx, in.hash, in.created.Add(sessionLife))
		if err != nil {
			return err
		}
		if !kept {
			return errs.E(errs.Unauthenticated, "auth.sign_in", "the session has ended")
		}
		if err := savePassword(ctx, tx, in.user.ID, hash); err != nil {
			return err
		}
		if err := deleteOtherSessions(ctx, tx, in.user.ID, in.hash); err != nil {
			return err
		}
		return deleteLinks(ctx, tx, in.user.ID)
	})
	if err != nil {
		return err
	}
	return s.Audit(ctx, "auth.password", object(in.user.ID), map[string]any{"by_link": in.pending})
}

// signOut ends the session.
func (s *Service) signOut(ctx context.Context, in session) error {
	if err := deleteSession(ctx, s.DB, in.hash); err != nil {
		return err
	}
	return s.Audit(ctx, "auth.sign_out", object(in.user.ID), map[string]any{})
}

// SignOutStaff ends all sessions of members of staff who left.
func (s *Service) SignOutStaff(ctx context.Context, staffIDs []int64) error {
	return deleteStaffSessions(ctx, s.DB, s.Schema, staffIDs)
}

// Sweep removes what has expired, of all corps, and returns how many rows that were. Run it once an hour.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	now := s.Wall.Now()
	return deleteExpired(ctx, s.DB, now, now.Add(-idleLife), now.Add(-24*forgetAfter))
}
