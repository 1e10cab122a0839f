package setup

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"qunce/internal/actor"
	"qunce/internal/auth"
	"qunce/internal/doctor"
	"qunce/internal/errs"
	"qunce/internal/i18n"
	"qunce/internal/pg"
	"qunce/internal/tenant"
)

// person is what the first step asks for.
type person struct {
	brand, name, email, password string // password "" keeps the one that was given before
}

// saveBrand keeps the brand's name and who its owner will be.
func (s *Service) saveBrand(ctx context.Context, p person) error {
	brand := strings.TrimSpace(p.brand)
	if brand == "" || len([]rune(brand)) > 50 {
		return errs.E(errs.Invalid, "setup.bad_brand", "a name of 1 to 50 characters").On("brand")
	}
	if p.password == "" {
		t, err := s.load(ctx, s.Pool.Shared())
		if err != nil {
			return err
		}
		if t.draft.Owner.PasswordHash == "" {
			return errs.E(errs.Invalid, "setup.no_password", "a password is needed").On("password")
		}
	}
	owner, err := auth.PrepareOwner(ctx, p.name, p.email, p.password)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, func(_ pg.Tx, t *state) error {
		owner.PasswordHash = cmp.Or(owner.PasswordHash, t.draft.Owner.PasswordHash)
		t.draft.Brand, t.draft.Owner = brand, owner
		return t.draft.check()
	})
	return err
}

// app is what the second step asks for.
type app struct {
	corpID       string
	agentID      int
	secret       string // "" keeps the one that was given before
	baseURL      string
	authorizeURL string
}

// saveApp keeps the app and asks WeCom about it at once. What WeCom says is returned, not an error: a mistyped secret stays
// where it can be mended.
func (s *Service) saveApp(ctx context.Context, a app) ([]doctor.Finding, error) {
	a.corpID, a.secret = strings.TrimSpace(a.corpID), strings.TrimSpace(a.secret)
	if _, err := tenant.SchemaOf(a.corpID); err != nil {
		return nil, err
	}
	if a.agentID <= 0 {
		return nil, errs.E(errs.Invalid, "tenant.bad_value.agent_id", "no agent id").On("agent_id").With("field", "agent_id")
	}
	t, err := s.change(ctx, func(_ pg.Tx, t *state) error {
		d := &t.draft
		if a.secret == "" && d.Secret == "" {
			return errs.E(errs.Invalid, "tenant.bad_value.secret", "no secret").On("secret").With("field", "secret")
		}
		if d.CorpID != a.corpID {
			t.forgetKnock() // the address carries the corp id
		}
		d.CorpID, d.AgentID, d.Secret, d.AppName = a.corpID, a.agentID, cmp.Or(a.secret, d.Secret), ""
		d.Settings.WeComBaseURL, d.Settings.AuthorizeURL = strings.TrimRight(strings.TrimSpace(a.baseURL), "/"), strings.TrimRight(strings.TrimSpace(a.authorizeURL), "/")
		return d.check()
	})
	if err != nil {
		return nil, err
	}
	found, err := s.examine(ctx, t, "secret", "trusted_ip", "agent")
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		if name, ok := f.Facts["name"].(string); ok && f.Check == "agent" && f.State == doctor.OK {
			_, err = s.change(ctx, func(_ pg.Tx, t *state) error { t.draft.AppName = name; return nil })
		}
	}
	return found, err
}

// examine runs checks on a draft, not too often.
func (s *Service) examine(ctx context.Context, t state, ids ...string) ([]doctor.Finding, error) {
	if err := s.limits.test(); err != nil {
		return nil, err
	}
	return s.Doctor.Examine(ctx, s.subject(t.draft, t.verified()), ids...), nil
}

// address is what the third and fifth steps ask for. Empty keys keep those that are there, or are made; renew makes new
// ones.
type address struct {
	publicURL  string
	token, key string
	renew      bool
}

func (s *Service) saveAddress(ctx context.Context, a address) error {
	a.publicURL = strings.TrimRight(strings.TrimSpace(a.publicURL), "/")
	if a.publicURL == "" {
		return errs.E(errs.Invalid, "tenant.bad_value.public_url", "no address").On("public_url").With("field", "public_url")
	}
	_, err := s.change(ctx, func(_ pg.Tx, t *state) error {
		d := &t.draft
		before := [...]string{d.Settings.PublicURL, d.CallbackToken, d.EncodingAESKey}
		d.Settings.PublicURL = a.publicURL
		switch {
		case a.token != "" || a.key != "":
			if err := tenant.CheckCallback(a.token, a.key); err != nil {
				return err
			}
			d.CallbackToken, d.EncodingAESKey = a.token, a.key
		case a.renew || d.CallbackToken == "":
			d.CallbackToken, d.EncodingAESKey = tenant.NewCallbackToken(), tenant.NewEncodingAESKey()
		}
		if before != [...]string{d.Settings.PublicURL, d.CallbackToken, d.EncodingAESKey} {
			t.forgetKnock()
		}
		return d.check()
	})
	return err
}

// putFile keeps a proof file, or removes it when its text is empty.
func (s *Service) putFile(ctx context.Context, f tenant.File) error {
	if f.Text = strings.TrimSpace(f.Text); f.Text != "" {
		if err := f.Check(); err != nil {
			return err
		}
	}
	_, err := s.change(ctx, func(_ pg.Tx, t *state) error {
		t.draft.Settings.ProofFiles = withFile(t.draft.Settings.ProofFiles, f)
		return t.draft.check()
	})
	return err
}

// withFile puts a file into a list by its name; one without text is taken out.
func withFile(list []tenant.File, f tenant.File) []tenant.File {
	out := slices.DeleteFunc(slices.Clone(list), func(x tenant.File) bool { return x.Name == f.Name })
	if f.Text != "" {
		out = append(out, f)
	}
	return out
}

// ProofFile is the text of a proof file while the setup is open.
func (s *Service) ProofFile(ctx context.Context, name string) (string, bool) {
	t, err := s.load(ctx, s.Pool.Shared())
	if err != nil {
		return "", false
	}
	return FileOf(t.draft.Settings, name)
}

// FileOf is the text of a corp's proof file.
func FileOf(s tenant.Settings, name string) (string, bool) {
	i := slices.IndexFunc(s.ProofFiles, func(f tenant.File) bool { return f.Name == name })
	if i < 0 {
		return "", false
	}
	return s.ProofFiles[i].Text, true
}

// essential are the checks without which nothing would work at all; their failures cannot be passed over.
func essential() []string { return []string{"secret", "agent", "database"} }

// finish registers corp and owner in one transaction and clears what was kept. A failed check stops it unless accept names
// it; an essential one always does. What was found goes along: the console shows what fails until it is mended. It returns
// the owner's session. Of two that finish at once the
// second finds the setup closed.
func (s *Service) finish(ctx context.Context, accept []string, agent string, lang i18n.Lang) (users *auth.Service, token string, err error) {
	t, err := s.load(ctx, s.Pool.Shared())
	if err != nil {
		return nil, "", err
	}
	if step := t.draft.missing(); step != "" {
		return nil, "", errs.E(errs.Conflict, "setup.incomplete", "step %s is not done", step).With("step", string(step))
	}
	found, err := s.examine(ctx, t)
	if err != nil {
		return nil, "", err
	}
	failed := 0
	for _, f := range found {
		if slices.Contains(essential(), f.Check) && f.State != doctor.OK && f.State != doctor.Warn {
			return nil, "", errs.E(errs.Conflict, "setup.essential", "%s: %s", f.Check, f.Says).With("check", s.Words.Title(lang, f.Check))
		}
		if f.State == doctor.Fail && !slices.Contains(accept, f.Check) {
			failed++
		}
	}
	if failed > 0 {
		return nil, "", errs.E(errs.Conflict, "setup.not_green", "%d checks fail", failed).With("count", failed)
	}
	// The schema is made first: a corp that is registered must be able to open. One that is left over is empty and harmless.
	c := t.draft.corp()
	if err := pg.MigrateCorp(ctx, s.Pool, c.Schema); err != nil {
		return nil, "", err
	}
	var owner auth.User
	_, err = s.change(ctx, func(tx pg.Tx, t *state) error {
		if t.draft.missing() != "" || t.draft.CorpID != c.CorpID {
			return errs.E(errs.Conflict, "setup.changed", "the setup was changed meanwhile")
		}
		c = t.draft.corp()
		made, err := s.Tenant.CreateIn(ctx, tx, c)
		if err != nil {
			return err
		}
		c = made
		users = s.Users(c.Schema, c.Settings.PublicURL)
		if owner, token, err = users.FirstOwner(ctx, tx, t.draft.Owner, agent); err != nil {
			return err
		}
		*t = state{}
		return forget(ctx, tx)
	})
	if err != nil {
		return nil, "", err
	}
	s.record(ctx, c, owner, found)
	s.once.Do(func() { close(s.done) })
	return users, token, nil
}

// record writes the beginning into the new corp's log, and what was found into its doctor's findings, without the checks that
// could not be made yet: those come at once. The corp stands by then, so a failure is only told.
func (s *Service) record(ctx context.Context, c tenant.Corp, owner auth.User, found []doctor.Finding) {
	found = slices.DeleteFunc(slices.Clone(found), func(f doctor.Finding) bool { return f.State == doctor.Skipped })
	ctx = actor.With(context.WithoutCancel(ctx), actor.Actor{UserID: owner.ID, Name: owner.Name, Role: owner.Role})
	err := s.Pool.Corp(c.Schema).Tx(ctx, func(tx pg.Tx) error {
		now := s.Wall.Now()
		if err := doctor.Keep(ctx, tx, found, c.CreatedAt); err != nil {
			return err
		}
		detail := map[string]any{"corp_id": c.CorpID, "agent_id": c.AgentID, "public_url": c.Settings.PublicURL, "owner": owner.ID, "failing": failing(found)}
		if err := s.Audit.Record(ctx, tx, now, "setup.finish", "corp/"+c.Schema, detail); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, now, "auth.sign_in", "user/"+itoa(owner.ID), map[string]any{"how": "setup"})
	})
	if err != nil {
		s.Log.Error("the end of the setup is not in the log", "error", err)
	}
}

func failing(list []doctor.Finding) []string {
	out := []string{}
	for _, f := range list {
		if f.State == doctor.Fail {
			out = append(out, f.Check)
		}
	}
	return out
}
