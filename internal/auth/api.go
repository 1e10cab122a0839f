package auth

import (
	"context"
	"net/http"
	"strings"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/errs"
)

// SecretBodies reports whether a request's body or its answer carries a password or a token. Such a request must pass
// by api.API.Idempotent, which would keep the answer, and a hash of the body that is quick to guess from. All of them
// are safe to send twice.
func SecretBodies(r *http.Request) bool {
	p := r.URL.Path
	return strings.HasPrefix(p, "/api/auth/") || p == "/api/users" || strings.HasPrefix(p, "/api/users/") && strings.HasSuffix(p, "/link")
}

type meUser struct {
	ID          int64            `json:"id"`
	Name        string           `json:"name"`
	Email       string           `json:"email"`
	Role        actor.Role       `json:"role" enum:"owner,operator,store_manager,staff,analyst"`
	Permissions []api.Permission `json:"permissions"`
}

func viewMe(u User) meUser {
	return meUser{ID: u.ID, Name: u.Name, Email: u.Email, Role: u.Role, Permissions: Permissions(u.Role)}
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"200"`
		Password string `json:"password" maxLength:"200"`
	}
}

type loginOutput struct {
	User meUser `json:"user"`
}

type linkInput struct {
	Body struct {
		Token string `json:"token" maxLength:"100"`
	}
}

type linkOutput struct {
	User            meUser `json:"user"`
	MustSetPassword bool   `json:"must_set_password"`
}

type passwordInput struct {
	Body struct {
		NewPassword string `json:"new_password" maxLength:"1000"`
		Current     string `json:"current,omitempty" maxLength:"1000" doc:"not needed in a session that a link opened"`
	}
}

type corpView struct {
	Name        string    `json:"name"`
	Timezone    string    `json:"timezone"`
	Accelerated bool      `json:"accelerated"`
	Now         time.Time `json:"now"`
}

type meOutput struct {
	User            meUser   `json:"user"`
	Corp            corpView `json:"corp"`
	MustSetPassword bool     `json:"must_set_password"`
}

// API registers the console's operations. They run behind Middleware.
func (s *Service) API(a *api.API) {
	const auth, users = "auth", "users"
	api.Register(a, api.Op{ID: "login", Method: http.MethodPost, Path: "/api/auth/login", Summary: "Sign in with e-mail and password", Tag: auth, Permission: api.Public}, s.apiLogin)
	api.Register(a, api.Op{ID: "use-link", Method: http.MethodPost, Path: "/api/auth/link", Summary: "Sign in with a one-time link", Tag: auth, Permission: api.Public}, s.apiLink)
	api.Register(a, api.Op{ID: "set-password", Method: http.MethodPost, Path: "/api/auth/password", Summary: "Set one's own password", Tag: auth, Permission: api.SignedIn}, s.apiPassword)
	api.Register(a, api.Op{ID: "logout", Method: http.MethodPost, Path: "/api/auth/logout", Summary: "Sign out", Tag: auth, Permission: api.Public}, s.apiLogout)
	api.Register(a, api.Op{ID: "me", Method: http.MethodGet, Path: "/api/me", Summary: "Who is signed in", Tag: auth, Permission: api.SignedIn}, s.apiMe)
	api.Register(a, api.Op{ID: "list-users", Method: http.MethodGet, Path: "/api/users", Summary: "List users", Tag: users, Permission: UserManage}, s.apiUsers)
	api.Register(a, api.Op{ID: "create-user", Method: http.MethodPost, Path: "/api/users", Summary: "Add a user and make their first sign-in link", Tag: users, Permission: UserManage}, s.apiCreateUser)
	api.Register(a, api.Op{ID: "update-user", Method: http.MethodPatch, Path: "/api/users/{id}", Summary: "Change a user", Tag: users, Permission: UserManage}, s.apiUpdateUser)
	api.Register(a, api.Op{ID: "create-link", Method: http.MethodPost, Path: "/api/users/{id}/link", Summary: "Make a one-time sign-in link", Tag: users, Permission: UserManage}, s.apiCreateLink)
}

func (s *Service) apiLogin(ctx context.Context, in *loginInput) (loginOutput, error) {
	e := edgeOf(ctx)
	got, err := s.Login(ctx, in.Body.Email, in.Body.Password, s.from(e.r))
	if err != nil {
		return loginOutput{}, err
	}
	s.replace(ctx, e, got.Token)
	return loginOutput{User: viewMe(got.User)}, nil
}

func (s *Service) apiLink(ctx context.Context, in *linkInput) (linkOutput, error) {
	e := edgeOf(ctx)
	got, err := s.UseLink(ctx, in.Body.Token, s.from(e.r))
	if err != nil {
		return linkOutput{}, err
	}
	s.replace(ctx, e, got.Token)
	return linkOutput{User: viewMe(got.User), MustSetPassword: got.MustSetPassword}, nil
}

// replace hands out a new session and ends the one the browser had.
func (s *Service) replace(ctx context.Context, e *edge, token string) {
	if e.session != nil {
		if err := deleteSession(ctx, s.DB, e.session.hash); err != nil {
			s.Log.ErrorContext(ctx, "the replaced session stays until it expires", "error", err)
		}
	}
	s.setCookie(e.w, e.r, console, token)
}

func (s *Service) apiPassword(ctx context.Context, in *passwordInput) (api.Empty, error) {
	e := edgeOf(ctx)
	if e.session == nil {
		return api.Empty{}, signIn()
	}
	return api.Empty{}, s.setPassword(ctx, *e.session, in.Body.Current, in.Body.NewPassword)
}

func signIn() error { return errs.E(errs.Unauthenticated, "auth.sign_in", "no session") }

func (s *Service) apiLogout(ctx context.Context, _ *struct{}) (api.Empty, error) {
	e := edgeOf(ctx)
	s.setCookie(e.w, e.r, console, "")
	if e.session == nil {
		return api.Empty{}, nil
	}
	return api.Empty{}, s.signOut(ctx, *e.session)
}

func (s *Service) apiMe(ctx context.Context, _ *struct{}) (meOutput, error) {
	e := edgeOf(ctx)
	if e.session == nil {
		return meOutput{}, signIn()
	}
	c := s.Corp(ctx)
	return meOutput{
		User: viewMe(e.session.user), MustSetPassword: e.session.pending,
		Corp: corpView{Name: c.Name, Timezone: c.Timezone, Accelerated: c.Accelerated, Now: c.Now},
	}, nil
}

type usersInput struct {
	api.PageInput
	Q    string `query:"q" doc:"part of a name or e-mail address" maxLength:"100"`
	Role string `query:"role" doc:"one of the roles; empty = all"`
}

type storeRef struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type userView struct {
	ID            int64      `json:"id"`
	Name          string     `json:"name"`
	Email         string     `json:"email"`
	Role          actor.Role `json:"role" enum:"owner,operator,store_manager,staff,analyst"`
	Stores        []storeRef `json:"stores"`
	DepartmentIDs []int64    `json:"department_ids"`
	LastSeenAt    *time.Time `json:"last_seen_at" nullable:"true"`
	Disabled      bool       `json:"disabled"`
}

func (s *Service) apiUsers(ctx context.Context, in *usersInput) (api.Page[userView], error) {
	var none api.Page[userView]
	mark, _, err := in.Mark()
	if err != nil {
		return none, err
	}
	users, err := listUsers(ctx, s.DB, s.Schema, in.Q, actor.Role(in.Role), mark.At, mark.ID, in.Limit+1)
	if err != nil {
		return none, err
	}
	page := api.Paged(users, in.Limit, func(u User) api.Mark { return api.Mark{At: u.CreatedAt, ID: u.ID} })
	var ids []int64
	for _, u := range page.Items {
		ids = append(ids, u.StoreIDs...)
	}
	names := map[int64]string{}
	if len(ids) > 0 {
		if names, err = s.Stores.StoreNames(ctx, tidyIDs(ids)); err != nil {
			return none, err
		}
	}
	out := api.Page[userView]{Items: []userView{}, Next: page.Next}
	for _, u := range page.Items {
		v := userView{
			ID: u.ID, Name: u.Name, Email: u.Email, Role: u.Role, Stores: []storeRef{},
			DepartmentIDs: u.DepartmentIDs, LastSeenAt: u.LastSeenAt, Disabled: u.Disabled,
		}
		for _, id := range u.StoreIDs {
			v.Stores = append(v.Stores, storeRef{ID: id, Name: names[id]})
		}
		out.Items = append(out.Items, v)
	}
	return out, nil
}

type createUserInput struct {
	Body struct {
		Name          string     `json:"name" maxLength:"100"`
		Email         string     `json:"email" maxLength:"200"`
		Role          actor.Role `json:"role"`
		StoreIDs      []int64    `json:"store_ids,omitempty" maxItems:"2000"`
		DepartmentIDs []int64    `json:"department_ids,omitempty" maxItems:"2000"`
	}
}

type createUserOutput struct {
	ID   int64  `json:"id"`
	Link string `json:"link" doc:"the one-time sign-in link, shown this once"`
}

func (s *Service) apiCreateUser(ctx context.Context, in *createUserInput) (createUserOutput, error) {
	b := in.Body
	u, err := s.CreateUser(ctx, NewUser{Name: b.Name, Email: b.Email, Role: b.Role, StoreIDs: b.StoreIDs, DepartmentIDs: b.DepartmentIDs})
	if err != nil {
		return createUserOutput{}, err
	}
	token, err := s.NewLink(ctx, u.ID)
	if err != nil {
		return createUserOutput{}, err
	}
	return createUserOutput{ID: u.ID, Link: s.LinkURL(token)}, nil
}

type updateUserInput struct {
	ID   int64 `path:"id"`
	Body struct {
		Name          *string     `json:"name,omitempty" maxLength:"100"`
		Email         *string     `json:"email,omitempty" maxLength:"200"`
		Role          *actor.Role `json:"role,omitempty"`
		StoreIDs      *[]int64    `json:"store_ids,omitempty" maxItems:"2000"`
		DepartmentIDs *[]int64    `json:"department_ids,omitempty" maxItems:"2000"`
		Disabled      *bool       `json:"disabled,omitempty"`
	}
}

func (s *Service) apiUpdateUser(ctx context.Context, in *updateUserInput) (api.Empty, error) {
	_, err := s.UpdateUser(ctx, in.ID, Change(in.Body))
	return api.Empty{}, err
}

type userInput struct {
	ID int64 `path:"id"`
}

type createLinkOutput struct {
	Link string `json:"link" doc:"shown this once"`
}

func (s *Service) apiCreateLink(ctx context.Context, in *userInput) (createLinkOutput, error) {
	token, err := s.NewLink(ctx, in.ID)
	if err != nil {
		return createLinkOutput{}, err
	}
	return createLinkOutput{Link: s.LinkURL(token)}, nil
}
