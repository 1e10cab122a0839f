package setup

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/auth"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/pg"
)

const tokenSize = 32

func newToken() (token string, hash []byte) {
	raw := make([]byte, tokenSize)
	_, _ = rand.Read(raw) // never fails
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(raw), sum[:]
}

// fits compares a token with a stored hash in constant time.
func fits(token string, hash []byte, until *time.Time, now time.Time) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != tokenSize || len(hash) == 0 || until == nil || !now.Before(*until) {
		return false
	}
	sum := sha256.Sum256(raw)
	return subtle.ConstantTimeCompare(sum[:], hash) == 1
}

// NewLink makes the one-time link's token and ends an earlier one; this is the only time it can be read. Conflict
// "setup.closed" once a corp is registered.
func (s *Service) NewLink(ctx context.Context) (string, error) {
	token, hash := newToken()
	_, err := s.change(ctx, func(_ pg.Tx, t *state) error {
		until := s.Wall.Now().Add(LinkLife)
		t.linkHash, t.linkUntil = hash, &until
		return nil
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// LinkURL is the address to open for a link's token. The token stands behind the #, which browsers keep to themselves, so
// that no log on the way has it.
func LinkURL(base, token string) string { return strings.TrimRight(base, "/") + "/setup#" + token }

// Enter exchanges a link's token for a session's: once, and the browser that had one before is out. Errors:
// Unauthenticated "setup.bad_link"; Conflict "setup.closed".
func (s *Service) Enter(ctx context.Context, token string) (string, error) {
	session, hash := newToken()
	_, err := s.change(ctx, func(_ pg.Tx, t *state) error {
		now := s.Wall.Now()
		if !fits(token, t.linkHash, t.linkUntil, now) {
			return errs.E(errs.Unauthenticated, "setup.bad_link", "the link is unknown, used or too old")
		}
		until := now.Add(sessionLife)
		t.linkHash, t.linkUntil = nil, nil
		t.sessionHash, t.sessionUntil = hash, &until
		return nil
	})
	if err != nil {
		return "", err
	}
	return session, nil
}

// cookieName is the session's cookie; it goes to the setup's own operations alone.
const (
	cookieName = "qunce_setup"
	cookiePath = "/api/setup"
)

// Role is that of the browser that used the link. No user ever has it.
const Role actor.Role = "setup"

// Can is the permission table while the setup is open.
func Can(a actor.Actor, p api.Permission) bool { return a.Role == Role && p == auth.SetupRun }

type edge struct {
	w http.ResponseWriter
	r *http.Request
}

type edgeKey struct{}

func edgeOf(ctx context.Context) edge {
	e, ok := ctx.Value(edgeKey{}).(edge)
	if !ok {
		panic("setup: this operation must run behind Middleware")
	}
	return e
}

// Middleware limits how often anybody may ask, and puts the actor of the setup's session into the context.
func (s *Service) Middleware(a *api.API, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if err := s.limits.request(auth.ClientAddress(r, s.Proxies).String()); err != nil {
			a.WriteError(w, r, err)
			return
		}
		ctx := context.WithValue(r.Context(), edgeKey{}, edge{w, r})
		t, err := s.load(ctx, s.Pool.Shared())
		if err != nil {
			a.WriteError(w, r, errs.E(errs.Unavailable, "unavailable", "the setup cannot be read").Wrap(err))
			return
		}
		entered := func(c *http.Cookie) bool { return fits(c.Value, t.sessionHash, t.sessionUntil, s.Wall.Now()) }
		if slices.ContainsFunc(r.CookiesNamed(cookieName), entered) {
			ctx = actor.With(ctx, actor.Actor{Name: "setup", Role: Role})
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (s *Service) setCookie(e edge, token string) {
	http.SetCookie(e.w, &http.Cookie{Name: cookieName, Value: token, Path: cookiePath, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		MaxAge: int(sessionLife.Seconds()), Secure: s.secure(e.r)})
}

// secure reports whether the browser came by https, by the trusted proxies' word.
func (s *Service) secure(r *http.Request) bool {
	return r.TLS != nil || auth.FromProxy(r, s.Proxies) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// How often anybody may ask while the setup is open, a minute.
const (
	requestsPerMinute = 120 // of one address; the wizard itself asks every two seconds while it waits
	entersPerMinute   = 10  // tries of a link, of one address
	entersOfAll       = 60
	testsPerMinute    = 15 // examinations: a wrong secret that is tried too often blocks our address at WeCom
	knocksPerMinute   = 60 // tests of the callback address that are kept
	mostCounted       = 10_000
)

// limits counts in windows of a minute, in memory.
type limits struct {
	wall clock.Clock
	mu   *sync.Mutex
	now  *window
}

type window struct {
	start time.Time
	n     map[string]int
}

func newLimits(wall clock.Clock) limits {
	return limits{wall: wall, mu: &sync.Mutex{}, now: &window{n: map[string]int{}}}
}

// take counts one of key and reports whether that is within most.
func (l limits) take(key string, most int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.wall.Now()
	if now.Sub(l.now.start) >= time.Minute || now.Before(l.now.start) || len(l.now.n) > mostCounted {
		l.now.start, l.now.n = now, map[string]int{}
	}
	l.now.n[key]++
	return l.now.n[key] <= most
}

func tooMany() error {
	return errs.E(errs.TooMany, "setup.too_many", "too often, wait a minute").With("seconds", 60)
}

func (l limits) request(address string) error {
	if !l.take("request "+address, requestsPerMinute) {
		return tooMany()
	}
	return nil
}

func (l limits) enter(address string) error {
	if !l.take("enter "+address, entersPerMinute) || !l.take("enter", entersOfAll) {
		return tooMany()
	}
	return nil
}

func (l limits) test() error {
	if !l.take("test", testsPerMinute) {
		return tooMany()
	}
	return nil
}

func (l limits) knock() bool { return l.take("knock", knocksPerMinute) }
