// Package auth knows who may enter and what they may do: users, passwords, sessions, one-time links, the sign-in of staff
// through WeCom, and the table of permissions by role.
//
// Invariants: an identity comes from a session in the database and from nothing a request says; only hashes of tokens and
// passwords are stored; there is no default password, a first sign-in goes through a one-time link that works once even
// when raced; whoever entered by a link can do nothing before a password is set; sessions end 12 hours after the last
// request and 7 days after they began; a disabled user is out with the next request; a corp never loses its last owner.
//
// Access and change are recorded through the Auditor. It writes to the corp's schema, outside the transaction here, right
// after the commit: where it fails, the session or link just made is taken back, so nobody enters unrecorded.
//
// The package never decides about rows: it puts role, scope and masking into the actor, and the features filter by it.
package auth

import (
	"context"
	"log/slog"
	"net/http"
	"net/mail"
	"net/netip"
	"slices"
	"strings"
	"time"

	"qunce/internal/actor"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// User is one person who may sign in. E-mail is empty for staff who come in through WeCom only; StaffID is 0 for people
// who are not in the directory. StoreIDs and DepartmentIDs limit store managers and say nothing for the other roles.
type User struct {
	ID            int64
	Name          string
	Email         string // lower case
	Role          actor.Role
	StaffID       int64
	StoreIDs      []int64
	DepartmentIDs []int64 // all stores below them
	Disabled      bool
	CreatedAt     time.Time
	LastSeenAt    *time.Time

	passwordHash string
}

// NewUser is what CreateUser needs. A store manager needs at least one store or department.
type NewUser struct {
	Name          string
	Email         string
	Role          actor.Role
	StoreIDs      []int64
	DepartmentIDs []int64
}

// Change is what UpdateUser changes; nil keeps the value.
type Change struct {
	Name          *string
	Email         *string
	Role          *actor.Role
	StoreIDs      *[]int64
	DepartmentIDs *[]int64
	Disabled      *bool
}

// Auditor records an action of the context's actor in the corp's log; object is "user/12".
type Auditor func(ctx context.Context, action, object string, detail any) error

// ScopeExpander turns departments into the stores in them and below them.
type ScopeExpander interface {
	StoresUnder(ctx context.Context, departmentIDs []int64) ([]int64, error)
}

// StoreNamer names stores; unknown ids are absent from the result.
type StoreNamer interface {
	StoreNames(ctx context.Context, ids []int64) (map[int64]string, error)
}

// StaffFinder finds an active member of staff by WeCom's userid; ok is false for strangers and for those who left.
type StaffFinder interface {
	StaffByUserID(ctx context.Context, userid string) (staffID, storeID int64, name string, ok bool, err error)
}

// CorpInfo is what the console's header shows of the corp.
type CorpInfo struct {
	Name        string
	Timezone    string
	Accelerated bool
	Now         time.Time // the corp's clock
}

// Deps is what the service works with. Staff and WeCom serve the staff's sign-in alone.
type Deps struct {
	DB      *pg.DB // the shared schema
	Schema  string // the corp whose users these are
	IDs     *id.Source
	Wall    clock.Clock
	Log     *slog.Logger
	Audit   Auditor
	Scopes  ScopeExpander
	Stores  StoreNamer
	Staff   StaffFinder
	WeCom   *wecom.Client
	Corp    func(ctx context.Context) CorpInfo
	Catalog *i18n.Catalog
	// Problem answers a request whose session could not be read: api.API.WriteError.
	Problem func(w http.ResponseWriter, r *http.Request, err error)

	PublicURL    string         // of this corp's pages, without a trailing slash
	AuthorizeURL string         // before /connect/oauth2/authorize; empty = WeCom's own
	CookieKey    []byte         // signs the cookie of a staff sign-in under way; tenant.Sealer.Derive
	Proxies      []netip.Prefix // whose X-Forwarded-For is believed
}

// Service signs people in and manages them, for one corp.
type Service struct {
	Deps
	hasher *hasher
}

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d, hasher: newHasher()} }

// normalEmail is the one form in which an address is stored and looked up.
func normalEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 200 {
		return "", errs.E(errs.Invalid, "auth.bad_email", "not an e-mail address").On("email")
	}
	return s, nil
}

// check holds the rules of a user that need no database.
func (u User) check() error {
	switch {
	case strings.TrimSpace(u.Name) == "" || len([]rune(u.Name)) > 50:
		return errs.E(errs.Invalid, "auth.bad_name", "a name of 1 to 50 characters").On("name")
	case !slices.Contains(Roles(), u.Role):
		return errs.E(errs.Invalid, "auth.bad_role", "no role %q", u.Role).On("role")
	case u.Role == actor.Staff && u.StaffID == 0:
		return errs.E(errs.Invalid, "auth.staff_by_wecom", "staff sign in through WeCom; nobody to link to").On("role")
	case u.Role == actor.StoreManager && len(u.StoreIDs)+len(u.DepartmentIDs) == 0:
		return errs.E(errs.Invalid, "auth.no_stores", "a store manager needs a store or a department").On("store_ids")
	}
	return nil
}

// Tables declares what this package owns, in the shared schema.
func Tables() []pg.Table {
	local := func(name, retention string, personal ...string) pg.Table {
		return pg.Table{
			Name: name, Owner: "auth", Family: pg.Local, Personal: personal,
			Merge: "keep", Erase: "keep", Retention: retention, Sampling: "none",
		}
	}
	return []pg.Table{
		local("auth_user", "for ever", "name", "email"),
		local("auth_session", "7 days", "agent"),
		local("auth_link", "24 hours"),
		local("auth_failure", "a day", "subject"),
	}
}
