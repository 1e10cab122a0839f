package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/pg"
)

// The lives of what lets people in.
const (
	idleLife    = 12 * time.Hour     // since the last request
	sessionLife = 7 * 24 * time.Hour // since the sign-in
	pendingLife = time.Hour          // of a session without a password yet
	linkLife    = 24 * time.Hour
	seenEvery   = time.Minute // how often the last request is written down
)

// kind is where a session is good for. A cookie of one kind is nothing in the other place.
type kind string

const (
	console kind = "console" // console and its API, cookie on /
	staff   kind = "staff"   // staff pages, cookie on /staff
)

func (k kind) cookie() (name, path string) {
	if k == staff {
		return "qunce_staff", "/staff"
	}
	return "qunce", "/"
}

// From is where a sign-in comes from, for limits and the record.
type From struct {
	Address netip.Addr
	Agent   string // the browser's own word
}

// session is one signed-in browser.
type session struct {
	hash    []byte
	user    User
	pending bool
	created time.Time
	seen    time.Time
}

const tokenSize = 32

// newToken returns a random token as the holder gets it, and the hash under which it is stored.
func newToken() (token string, hash []byte) {
	raw := make([]byte, tokenSize)
	_, _ = rand.Read(raw)
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(raw), sum[:]
}

// hashToken is the stored form of a token; ok is false for what was never one of ours.
func hashToken(token string) (hash []byte, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != tokenSize {
		return nil, false
	}
	sum := sha256.Sum256(raw)
	return sum[:], true
}

// open makes a session of the user within q's transaction and returns its token.
func (s *Service) open(ctx context.Context, q pg.Querier, userID int64, k kind, mustSet bool, agent string) (token string, hash []byte, err error) {
	token, hash = newToken()
	life := sessionLife
	if mustSet {
		life = pendingLife
	}
	now := s.Wall.Now()
	agent = strings.ToValidUTF8(agent, "")
	if len(agent) > 200 {
		agent = strings.ToValidUTF8(agent[:200], "")
	}
	return token, hash, insertSession(ctx, q, hash, userID, k, mustSet, now, now.Add(life), strings.ReplaceAll(agent, "\x00", ""))
}

// edge is what handlers need of the request besides its body: where to set a cookie, and the session they run in.
type edge struct {
	w       http.ResponseWriter
	r       *http.Request
	session *session // nil = not signed in
}

type edgeKey struct{}

func edgeOf(ctx context.Context) *edge {
	e, ok := ctx.Value(edgeKey{}).(*edge)
	if !ok {
		panic("auth: this operation must run behind Middleware")
	}
	return e
}

// Middleware puts the actor of the console's session into the context; a request without a valid one has none. It must
// stand before everything that asks for the actor, and need not stand before static files.
func (s *Service) Middleware(next http.Handler) http.Handler { return s.middleware(console, next) }

// StaffMiddleware does the same for the staff pages. Whatever role the person has in the console, here the actor is a
// member of staff who sees their own customers and groups.
func (s *Service) StaffMiddleware(next http.Handler) http.Handler { return s.middleware(staff, next) }

func (s *Service) middleware(k kind, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := &edge{w: w, r: r}
		who := actor.Actor{}
		found, err := s.find(r, k)
		if err == nil && found != nil {
			e.session = found
			who, err = s.actorOf(r.Context(), *found, k)
		}
		if err != nil { // not "not signed in": the browser would throw its session away
			s.Problem(w, r, errs.E(errs.Unavailable, "auth.unavailable", "the session cannot be read").Wrap(err))
			return
		}
		ctx := context.WithValue(r.Context(), edgeKey{}, e)
		next.ServeHTTP(w, r.WithContext(actor.With(ctx, who)))
	})
}

// find returns the valid session of the request's cookie, or nil.
func (s *Service) find(r *http.Request, k kind) (*session, error) {
	name, _ := k.cookie()
	for _, c := range r.CookiesNamed(name) {
		hash, ok := hashToken(c.Value)
		if !ok {
			continue
		}
		now := s.Wall.Now()
		found, err := findSession(r.Context(), s.DB, s.Schema, hash, k, now)
		if err != nil || found == nil {
			return nil, err
		}
		if now.Sub(found.seen) >= seenEvery {
			if err := touchSession(r.Context(), s.DB, hash, found.user.ID, now); err != nil {
				return nil, err
			}
		}
		return found, nil
	}
	return nil, nil
}

// actorOf decides what a session's person is and sees.
func (s *Service) actorOf(ctx context.Context, found session, k kind) (actor.Actor, error) {
	u := found.user
	a := actor.Actor{UserID: u.ID, StaffID: u.StaffID, Name: u.Name, Role: u.Role}
	switch {
	case found.pending:
		a.Role = pending
	case k == staff || u.Role == actor.Staff:
		a.Role, a.Scope = actor.Staff, actor.Scope{Staff: u.StaffID}
	case u.Role == actor.StoreManager:
		stores, err := s.storesOf(ctx, u)
		if err != nil {
			return actor.Actor{}, err
		}
		a.Scope = actor.Scope{Stores: stores}
	case u.Role == actor.Owner || u.Role == actor.Operator:
		a.Scope = actor.Scope{All: true}
	case u.Role == actor.Analyst:
		a.Scope, a.Masked = actor.Scope{All: true}, true
	}
	return a, nil
}

// storesOf are the stores given by name and those of the departments, in order and once each.
func (s *Service) storesOf(ctx context.Context, u User) ([]int64, error) {
	stores := slices.Clone(u.StoreIDs)
	if len(u.DepartmentIDs) > 0 {
		under, err := s.Scopes.StoresUnder(ctx, u.DepartmentIDs)
		if err != nil {
			return nil, err
		}
		stores = append(stores, under...)
	}
	if len(stores) == 0 {
		return nil, nil
	}
	slices.Sort(stores)
	return slices.Compact(stores), nil
}

// setCookie hands the browser a session; an empty token takes it away.
func (s *Service) setCookie(w http.ResponseWriter, r *http.Request, k kind, token string) {
	name, path := k.cookie()
	c := s.cookie(r, name, path, token)
	c.MaxAge = int(sessionLife.Seconds())
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (s *Service) cookie(r *http.Request, name, path, value string) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: path, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil || strings.HasPrefix(s.PublicURL, "https://"),
	}
}

// from tells where a request comes from.
func (s *Service) from(r *http.Request) From {
	return From{Address: ClientAddress(r, s.Proxies), Agent: r.UserAgent()}
}

// ClientAddress is the peer, or, if that is a trusted proxy, the last address in X-Forwarded-For that is not one.
func ClientAddress(r *http.Request, proxies []netip.Prefix) netip.Addr {
	trusted := func(a netip.Addr) bool {
		return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !trusted(address) {
			break
		}
		a, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		address = a.Unmap()
	}
	return address
}
