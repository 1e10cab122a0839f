package setup

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/auth"
	"qunce/internal/doctor"
	"qunce/internal/tenant"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// SecretBodies reports whether a request belongs to the setup or changes what WeCom gave: bodies and answers that
// api.API.Idempotent must not keep. All of them are safe to send twice.
func SecretBodies(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/setup") || strings.HasPrefix(r.URL.Path, settingsPath)
}

// view is the setup as the wizard shows it. Without a session only the first two say anything.
type view struct {
	Open    bool `json:"open" doc:"no corp is registered yet"`
	Entered bool `json:"entered" doc:"this browser has used the link"`

	Brand       string `json:"brand"`
	OwnerName   string `json:"owner_name"`
	Email       string `json:"email"`
	HasPassword bool   `json:"has_password"`

	CorpID       string `json:"corp_id"`
	AgentID      int    `json:"agent_id"`
	AppName      string `json:"app_name" doc:"as WeCom calls the app; empty until the secret was accepted"`
	HasSecret    bool   `json:"has_secret"`
	WeComBaseURL string `json:"wecom_base_url"`
	AuthorizeURL string `json:"authorize_url"`

	PublicURL      string        `json:"public_url"`
	SuggestedURL   string        `json:"suggested_url" doc:"the configured address, or the one this browser used"`
	CallbackURL    string        `json:"callback_url"`
	CallbackToken  string        `json:"callback_token"`
	EncodingAESKey string        `json:"encoding_aes_key"`
	Knock          knockView     `json:"knock"`
	Files          []tenant.File `json:"files"`

	Missing Step `json:"missing" doc:"the first step that is not done; empty when only the examination is left"`
}

// knockView is how the last test of the callback address ended.
type knockView struct {
	State   string     `json:"state" enum:"none,ok,refused"`
	At      *time.Time `json:"at"`
	Message string     `json:"message" doc:"why it was refused"`
}

type enterInput struct {
	Body struct {
		Token string `json:"token" maxLength:"100"`
	}
}

type brandInput struct {
	Body struct {
		Brand     string `json:"brand" maxLength:"200"`
		OwnerName string `json:"owner_name" maxLength:"200"`
		Email     string `json:"email" maxLength:"200"`
		Password  string `json:"password,omitempty" maxLength:"1000" doc:"empty keeps the one that was given before"`
	}
}

type corpInput struct {
	Body struct {
		CorpID       string `json:"corp_id" maxLength:"64"`
		AgentID      int    `json:"agent_id"`
		Secret       string `json:"secret,omitempty" maxLength:"200" doc:"empty keeps the one that was given before"`
		WeComBaseURL string `json:"wecom_base_url,omitempty" maxLength:"300" doc:"of a sandbox or a proxy; empty = WeCom's own"`
		AuthorizeURL string `json:"authorize_url,omitempty" maxLength:"300" doc:"where a sandbox signs staff in; empty = WeCom's own"`
	}
}

type addressInput struct {
	Body struct {
		PublicURL      string `json:"public_url" maxLength:"300"`
		CallbackToken  string `json:"callback_token,omitempty" maxLength:"64" doc:"empty keeps the present one, or makes one"`
		EncodingAESKey string `json:"encoding_aes_key,omitempty" maxLength:"64"`
		Renew          bool   `json:"renew,omitempty" doc:"make a new token and key"`
	}
}

type fileInput struct {
	Name string `path:"name" maxLength:"100"`
	Body struct {
		Text string `json:"text" maxLength:"300" doc:"empty removes the file"`
	}
}

type checkInput struct {
	Body struct {
		IDs []string `json:"ids,omitempty" maxItems:"50" doc:"which checks; empty = all"`
	}
}

type checkOutput struct {
	State doctor.State  `json:"state" enum:"ok,warn,fail,unknown,skipped" doc:"the worst of all"`
	Items []doctor.View `json:"items"`
}

type finishInput struct {
	Body struct {
		Accept []string `json:"accept,omitempty" maxItems:"50" doc:"checks that may fail: whoever finishes has seen that they do"`
	}
}

// API registers the wizard's operations. They run behind Middleware.
func (s *Service) API(a *api.API) {
	const tag = "setup"
	op := func(id, method, path, summary string, p api.Permission) api.Op {
		return api.Op{ID: id, Method: method, Path: "/api/setup" + path, Summary: summary, Tag: tag, Permission: p, MaxBody: 16 << 10}
	}
	api.Register(a, op("get-setup", "GET", "", "How far the first run has come", api.Public), s.apiView)
	api.Register(a, op("enter-setup", "POST", "/enter", "Begin or go on with the one-time link", api.Public), s.apiEnter)
	api.Register(a, op("set-setup-brand", "PUT", "/brand", "The brand and its owner", auth.SetupRun), s.apiBrand)
	api.Register(a, op("set-setup-corp", "PUT", "/corp", "The corp's app, tested at once", auth.SetupRun), s.apiCorp)
	api.Register(a, op("set-setup-address", "PUT", "/address", "Our public address and the callback's keys", auth.SetupRun), s.apiAddress)
	api.Register(a, op("set-setup-file", "PUT", "/files/{name}", "A proof file for the root of our address", auth.SetupRun), s.apiFile)
	api.Register(a, op("check-setup", "POST", "/check", "Examine what was entered so far", auth.SetupRun), s.apiCheck)
	api.Register(a, op("finish-setup", "POST", "/finish", "Register the corp and sign its owner in", auth.SetupRun), s.apiFinish)
}

func (s *Service) apiView(ctx context.Context, _ *struct{}) (view, error) {
	open, err := s.Open(ctx)
	v := view{Open: open, Entered: actor.From(ctx).Role == Role, Knock: knockView{State: "none"}, Files: []tenant.File{}}
	if err != nil || !v.Open || !v.Entered {
		return v, err
	}
	t, err := s.load(ctx, s.Pool.Shared())
	if err != nil {
		return v, err
	}
	d := t.draft
	c := d.corp()
	v.Brand, v.OwnerName, v.Email, v.HasPassword = d.Brand, d.Owner.Name, d.Owner.Email, d.Owner.PasswordHash != ""
	v.CorpID, v.AgentID, v.AppName, v.HasSecret = d.CorpID, d.AgentID, d.AppName, d.Secret != ""
	v.WeComBaseURL, v.AuthorizeURL = d.Settings.WeComBaseURL, d.Settings.AuthorizeURL
	v.PublicURL, v.SuggestedURL = d.Settings.PublicURL, s.suggest(edgeOf(ctx).r)
	v.CallbackToken, v.EncodingAESKey, v.Missing = d.CallbackToken, d.EncodingAESKey, d.missing()
	if v.PublicURL != "" && c.Schema != "" {
		v.CallbackURL = v.PublicURL + doctor.CallbackPath(c.Schema)
	}
	if len(d.Settings.ProofFiles) > 0 {
		v.Files = d.Settings.ProofFiles
	}
	switch {
	case t.verified():
		v.Knock = knockView{State: "ok", At: t.knockedAt}
	case t.knock != "":
		v.Knock = knockView{State: "refused", At: t.knockedAt, Message: s.Catalog.Error(api.Lang(ctx), t.knock, nil)}
	}
	return v, nil
}

// suggest is the address that is most likely ours: the configured one if the outside can reach it, else the one under
// which this browser came.
func (s *Service) suggest(r *http.Request) string {
	if !doctor.IsLocalURL(s.Machine.PublicURL) {
		return s.Machine.PublicURL
	}
	scheme, host := "http", r.Host
	if s.secure(r) {
		scheme = "https"
	}
	if auth.FromProxy(r, s.Proxies) {
		if h := r.Header.Get("X-Forwarded-Host"); h != "" && !strings.ContainsAny(h, "/, @") {
			host = h
		}
	}
	return scheme + "://" + host
}

func (s *Service) apiEnter(ctx context.Context, in *enterInput) (view, error) {
	e := edgeOf(ctx)
	if err := s.limits.enter(auth.ClientAddress(e.r, s.Proxies).String()); err != nil {
		return view{}, err
	}
	session, err := s.Enter(ctx, in.Body.Token)
	if err != nil {
		return view{}, err
	}
	s.setCookie(e, session)
	return s.apiView(actor.With(ctx, actor.Actor{Name: "setup", Role: Role}), nil)
}

func (s *Service) apiBrand(ctx context.Context, in *brandInput) (view, error) {
	b := in.Body
	if err := s.saveBrand(ctx, person{brand: b.Brand, name: b.OwnerName, email: b.Email, password: b.Password}); err != nil {
		return view{}, err
	}
	return s.apiView(ctx, nil)
}

func (s *Service) apiCorp(ctx context.Context, in *corpInput) (checkOutput, error) {
	b := in.Body
	found, err := s.saveApp(ctx, app{corpID: b.CorpID, agentID: b.AgentID, secret: b.Secret, baseURL: b.WeComBaseURL, authorizeURL: b.AuthorizeURL})
	return s.spoken(ctx, found), err
}

func (s *Service) spoken(ctx context.Context, found []doctor.Finding) checkOutput {
	return checkOutput{State: doctor.Worst(found), Items: s.Words.Views(api.Lang(ctx), found)}
}

func (s *Service) apiAddress(ctx context.Context, in *addressInput) (view, error) {
	b := in.Body
	if err := s.saveAddress(ctx, address{publicURL: b.PublicURL, token: b.CallbackToken, key: b.EncodingAESKey, renew: b.Renew}); err != nil {
		return view{}, err
	}
	return s.apiView(ctx, nil)
}

func (s *Service) apiFile(ctx context.Context, in *fileInput) (view, error) {
	if err := s.putFile(ctx, tenant.File{Name: in.Name, Text: in.Body.Text}); err != nil {
		return view{}, err
	}
	return s.apiView(ctx, nil)
}

func (s *Service) apiCheck(ctx context.Context, in *checkInput) (checkOutput, error) {
	t, err := s.load(ctx, s.Pool.Shared())
	if err != nil {
		return checkOutput{}, err
	}
	found, err := s.examine(ctx, t, in.Body.IDs...)
	return s.spoken(ctx, found), err
}

func (s *Service) apiFinish(ctx context.Context, in *finishInput) (api.Empty, error) {
	e := edgeOf(ctx)
	users, token, err := s.finish(ctx, in.Body.Accept, e.r.UserAgent(), api.Lang(ctx))
	if err != nil {
		return api.Empty{}, err
	}
	users.SignInCookie(e.w, e.r, token)
	http.SetCookie(e.w, &http.Cookie{Name: cookieName, Path: cookiePath, HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: -1, Secure: s.secure(e.r)})
	return api.Empty{}, nil
}
