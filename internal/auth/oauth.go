package auth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/i18n"
)

// The staff's sign-in: the browser is sent to WeCom with a random state and comes back with it and a code. The state also
// travels in a signed cookie, so that a code can only be used by the browser that asked for it.
const (
	stateCookie = "qunce_oauth"
	stateLife   = 10 * time.Minute
	maxCode     = 512 // bytes, WeCom's limit
	staffHome   = "/staff/"
)

// StaffRoutes adds GET /staff/login and GET /staff/callback, which need no session.
func (s *Service) StaffRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /staff/login", s.staffLogin)
	mux.HandleFunc("GET /staff/callback", s.staffCallback)
}

// signInState is the content of the state cookie.
type signInState struct {
	State   string    `json:"s"`
	Next    string    `json:"n"`
	Expires time.Time `json:"e"`
}

// staffLogin sends the browser to WeCom; ?next= is a path below /staff/ to come back to.
func (s *Service) staffLogin(w http.ResponseWriter, r *http.Request) {
	st := signInState{State: rand.Text(), Next: staffPath(r.URL.Query().Get("next")), Expires: s.Wall.Now().Add(stateLife)}
	c := s.cookie(r, stateCookie, "/staff", s.sealState(st))
	c.MaxAge = int(stateLife.Seconds())
	http.SetCookie(w, c)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.WeCom.AuthorizeURL(s.AuthorizeURL, s.PublicURL+"/staff/callback", st.State), http.StatusFound)
}

// staffCallback receives the browser back, finds the member of staff, and opens a session.
func (s *Service) staffCallback(w http.ResponseWriter, r *http.Request) {
	gone := s.cookie(r, stateCookie, "/staff", "")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	w.Header().Set("Cache-Control", "no-store")

	q := r.URL.Query()
	st, err := s.readState(r, q.Get("state"))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	token, err := s.staffSignIn(r.Context(), q.Get("code"), s.from(r))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	s.setCookie(w, r, staff, token)
	http.Redirect(w, r, st.Next, http.StatusFound)
}

// staffSignIn exchanges the code and returns a session's token. The directory is the truth about who is staff; their user
// is made at the first sign-in. Errors: Unauthenticated "auth.oauth_code"; Forbidden "auth.not_member",
// "auth.unknown_staff", "auth.disabled"; those of the client.
func (s *Service) staffSignIn(ctx context.Context, code string, from From) (token string, err error) {
	if code == "" || len(code) > maxCode {
		return "", errs.E(errs.Unauthenticated, "auth.oauth_code", "no usable code")
	}
	who, err := s.WeCom.AuthUserInfo(ctx, code)
	if err != nil {
		if errs.KindOf(err) == errs.Unauthenticated {
			return "", errs.E(errs.Unauthenticated, "auth.oauth_code", "WeCom refuses the code").Wrap(err)
		}
		return "", err
	}
	if who.UserID == "" {
		return "", errs.E(errs.Forbidden, "auth.not_member", "not a member of the corp")
	}
	staffID, _, name, ok, err := s.Staff.StaffByUserID(ctx, who.UserID)
	if err != nil {
		return "", err
	}
	if !ok || staffID == 0 {
		return "", errs.E(errs.Forbidden, "auth.unknown_staff", "member %s is not in our directory", who.UserID).With("userid", who.UserID)
	}
	u, err := s.staffUser(ctx, staffID, name)
	if err != nil {
		return "", err
	}
	if u.Disabled {
		return "", errs.E(errs.Forbidden, "auth.disabled", "user %d is disabled", u.ID)
	}
	token, hash, err := s.open(ctx, s.DB, u.ID, staff, false, from.Agent)
	if err != nil {
		return "", err
	}
	return token, s.entered(ctx, u, hash, "wecom", from)
}

// staffUser returns the user of a member of staff, made if missing; of two who make it at once both get the same.
func (s *Service) staffUser(ctx context.Context, staffID int64, name string) (User, error) {
	u, err := userByStaff(ctx, s.DB, s.Schema, staffID)
	if err == nil {
		if u.Email == "" && u.Name != name { // WeCom's name, unless an administrator gave one
			u.Name = name
			err = renameUser(ctx, s.DB, u.ID, name)
		}
		return u, err
	}
	if !errs.Is(err, "auth.no_user") {
		return User{}, err
	}
	fresh := User{Name: name, Role: actor.Staff, StaffID: staffID, CreatedAt: s.Wall.Now().UTC()}
	if fresh.ID, err = s.IDs.Next(ctx); err != nil {
		return User{}, err
	}
	added, err := insertStaffUser(ctx, s.DB, s.Schema, fresh)
	if err != nil {
		return User{}, err
	}
	if u, err = userByStaff(ctx, s.DB, s.Schema, staffID); err != nil || !added {
		return u, err
	}
	as := actor.With(ctx, actor.Actor{UserID: u.ID, StaffID: u.StaffID, Name: u.Name, Role: u.Role})
	return u, s.Audit(as, "user.create", object(u.ID), map[string]any{"role": u.Role, "staff_id": staffID, "how": "wecom"})
}

// staffPath accepts a path below /staff/ of this server and nothing else.
func staffPath(next string) string {
	if !strings.HasPrefix(next, staffHome) || strings.ContainsAny(next, "\\\r\n\t") {
		return staffHome
	}
	if p, _, _ := strings.Cut(next, "?"); path.Clean(p)+"/" != staffHome && !strings.HasPrefix(path.Clean(p), staffHome) {
		return staffHome
	}
	return next
}

func (s *Service) sign(payload string) string {
	mac := hmac.New(sha256.New, s.CookieKey)
	mac.Write([]byte(stateCookie + "." + payload))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (s *Service) sealState(st signInState) string {
	raw, err := json.Marshal(st)
	if err != nil {
		panic(err) // strings and a time
	}
	payload := base64.RawURLEncoding.EncodeToString(raw)
	return payload + "." + s.sign(payload)
}

// readState returns the sign-in under way if the cookie is ours, fresh, and about this state.
func (s *Service) readState(r *http.Request, state string) (signInState, error) {
	bad := errs.E(errs.Unauthenticated, "auth.oauth_state", "the sign-in was not begun in this browser, or too long ago")
	c, err := r.Cookie(stateCookie)
	if err != nil {
		return signInState{}, bad
	}
	payload, mac, _ := strings.Cut(c.Value, ".")
	if !hmac.Equal([]byte(mac), []byte(s.sign(payload))) {
		return signInState{}, bad
	}
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return signInState{}, bad
	}
	var st signInState
	if err := json.Unmarshal(raw, &st); err != nil {
		return signInState{}, bad
	}
	if !hmac.Equal([]byte(st.State), []byte(state)) || !s.Wall.Now().Before(st.Expires) {
		return signInState{}, bad
	}
	return st, nil
}

// refusal is the page a person sees whose sign-in failed; it loads nothing.
const refusal = `<!doctype html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title><style>
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;background:#f5f6f8;color:#1f2329;
font:17px/1.7 system-ui,-apple-system,"PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:22em;margin:24px;padding:28px;background:#fff;border-radius:12px}
h1{margin:0 0 12px;font-size:20px}p{margin:0 0 20px}
a{display:block;padding:12px;border-radius:8px;background:#1668dc;color:#fff;text-align:center;text-decoration:none}
small{display:block;margin-top:16px;color:#8a919f}
</style></head><body><main><h1>{{.Title}}</h1><p>{{.Sentence}}</p><a href="/staff/login">{{.Again}}</a><small>{{.Code}}</small></main></body></html>
`

var refusalPage = template.Must(template.New("refusal").Parse(refusal))

func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	code, params := errs.CodeOf(err), map[string]any(nil)
	var e *errs.Error
	if errors.As(err, &e) {
		params = e.Params
	}
	status := http.StatusForbidden
	switch errs.KindOf(err) {
	case errs.Internal, errs.Unavailable, errs.TooMany:
		status = http.StatusServiceUnavailable
		s.Log.ErrorContext(r.Context(), "staff sign-in failed", "error", err)
	default:
		s.Log.WarnContext(r.Context(), "staff sign-in refused", "code", code, "address", s.from(r).Address.String())
	}
	lang := i18n.Of(r.Header.Get("Accept-Language"))
	view := struct {
		Lang                         i18n.Lang
		Title, Sentence, Again, Code string
	}{lang, "没能登录", s.Catalog.Error(lang, code, params), "重新登录", code}
	if lang == i18n.English {
		view.Title, view.Again = "Not signed in", "Try again"
	}
	var page bytes.Buffer
	if err := refusalPage.Execute(&page, view); err != nil {
		http.Error(w, code, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}
