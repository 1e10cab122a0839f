package auth

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/pg"
)

// Owner is the first person of a corp, before there is a corp: kept while an installation is set up.
type Owner struct {
	Name         string `json:"name"`
	Email        string `json:"email"`
	PasswordHash string `json:"password_hash,omitempty"`
}

// PrepareOwner checks the three as CreateUser and a change of a password would, and hashes the password; an empty password
// leaves the hash out. Errors: Invalid "auth.bad_name", "auth.bad_email", "auth.password_short", "auth.password_long",
// "auth.password_common".
func PrepareOwner(ctx context.Context, name, email, password string) (Owner, error) {
	normal, err := normalEmail(email)
	if err != nil {
		return Owner{}, err
	}
	o := Owner{Name: strings.TrimSpace(name), Email: normal}
	if err := (User{Name: o.Name, Email: o.Email, Role: actor.Owner}).check(); err != nil {
		return Owner{}, err
	}
	if password == "" {
		return o, nil
	}
	if err := checkPassword(password, normal); err != nil {
		return Owner{}, err
	}
	o.PasswordHash, err = newHasher().hash(ctx, password)
	return o, err
}

// FirstOwner adds the first owner in a transaction of the shared schema and signs them in; the token is for SignInCookie.
// Whoever commits records it: the corp's log does not stand in this transaction. Errors: Conflict "auth.email_taken".
func (s *Service) FirstOwner(ctx context.Context, tx pg.Tx, o Owner, agent string) (User, string, error) {
	u := User{Name: o.Name, Email: o.Email, Role: actor.Owner, CreatedAt: s.Wall.Now().UTC(), StoreIDs: []int64{}, DepartmentIDs: []int64{}}
	if err := u.check(); err != nil {
		return User{}, "", err
	}
	if there, err := hasOwner(ctx, tx, s.Schema); err != nil || there {
		if err == nil {
			err = errs.E(errs.Conflict, "auth.email_taken", "the corp has an owner").On("email")
		}
		return User{}, "", err
	}
	var err error
	if u.ID, err = s.IDs.Next(ctx); err != nil {
		return User{}, "", err
	}
	if err := insertUser(ctx, tx, s.Schema, u); err != nil {
		return User{}, "", err
	}
	if err := savePassword(ctx, tx, u.ID, o.PasswordHash); err != nil {
		return User{}, "", err
	}
	token, _, err := s.open(ctx, tx, u.ID, console, false, agent)
	return u, token, err
}

// SignInCookie hands the browser a session of the console.
func (s *Service) SignInCookie(w http.ResponseWriter, r *http.Request, token string) {
	s.setCookie(w, r, console, token)
}

// FromProxy reports whether a request comes straight from a trusted proxy, whose other headers may be believed, too.
func FromProxy(r *http.Request, proxies []netip.Prefix) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(peer.Addr().Unmap()) })
}
