package customerapp

import (
	"context"
	"crypto/rand"
	"net/http"

	"qunce/internal/livecode"
)

// cookie holds the visitor's number for a year.
const (
	cookie    = "qv"
	cookieAge = 365 * 24 * 3600
)

type visitorKey struct{}

// Visitor gives every browser a random number in a cookie and hands it on in the context.
func (s *Service) Visitor(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := ""
		if c, err := r.Cookie(cookie); err == nil && livecode.ValidVisitor(c.Value) {
			number = c.Value
		} else {
			number = rand.Text()
			http.SetCookie(w, &http.Cookie{Name: cookie, Value: number, Path: "/", MaxAge: cookieAge, HttpOnly: true,
				SameSite: http.SameSiteLaxMode, Secure: s.Secure})
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitorKey{}, number)))
	})
}

// visitorOf prefers a number the caller names (a mini-program, the simulator) to the cookie's; "" when there is neither.
func visitorOf(ctx context.Context, named string) string {
	if livecode.ValidVisitor(named) {
		return named
	}
	number, _ := ctx.Value(visitorKey{}).(string)
	return number
}
