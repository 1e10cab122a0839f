package setup

import (
	"context"
	"slices"
	"strings"

	"qunce/internal/api"
	"qunce/internal/doctor"
	"qunce/internal/errs"
	"qunce/internal/pg"
	"qunce/internal/tenant"
)

// settingsPath begins the operations of the page on which the registration is changed later.
const settingsPath = "/api/system/wecom"

// SettingsDeps are what the page works with.
type SettingsDeps struct {
	Tenant  *tenant.Service
	Schema  string
	Pool    *pg.Pool
	Doctor  doctor.Doctor
	Machine doctor.Machine
	Words   *doctor.Words
	Audit   func(ctx context.Context, action, object string, detail any) error
}

// Settings changes a registered corp's registration. What is entered is tested first; a change takes effect within
// seconds in every serving process, which opens the corp anew.
type Settings struct{ SettingsDeps }

// NewSettings returns the service.
func NewSettings(d SettingsDeps) *Settings { return &Settings{d} }

func (s *Settings) object() string { return "corp/" + s.Schema }

// trial examines the corp as it would be after fn.
func (s *Settings) trial(ctx context.Context, fn func(*tenant.Corp), ids ...string) ([]doctor.Finding, error) {
	c, err := s.Tenant.BySchema(ctx, s.Schema)
	if err != nil {
		return nil, err
	}
	fn(&c)
	if err := c.Check(); err != nil {
		return nil, err
	}
	return s.Doctor.Examine(ctx, doctor.Subject{Machine: s.Machine, Pool: s.Pool, Corp: &c}, ids...), nil
}

// save makes the change and records it; detail never holds a secret.
func (s *Settings) save(ctx context.Context, action string, detail map[string]any, fn func(*tenant.Corp)) error {
	if _, err := s.Tenant.Change(ctx, s.Schema, func(c *tenant.Corp) error { fn(c); return nil }); err != nil {
		return err
	}
	return s.Audit(ctx, action, s.object(), detail)
}

// bad reports findings that forbid saving: what was tested does not work, or could not be tested.
func bad(list []doctor.Finding) bool {
	return slices.ContainsFunc(list, func(f doctor.Finding) bool { return f.State != doctor.OK && f.State != doctor.Warn })
}

// SetApp changes the app's id and secret if WeCom accepts them together; an empty secret keeps the present one.
func (s *Settings) SetApp(ctx context.Context, agentID int, secret string) (found []doctor.Finding, saved bool, err error) {
	secret = strings.TrimSpace(secret)
	change := func(c *tenant.Corp) {
		c.AgentID = agentID
		if secret != "" {
			c.Secrets.Secret = secret
		}
	}
	found, err = s.trial(ctx, change, "secret", "trusted_ip", "agent")
	if err != nil || bad(found) {
		return found, false, err
	}
	return found, true, s.save(ctx, "wecom.app", map[string]any{"agent_id": agentID, "secret_changed": secret != ""}, change)
}

// Which second secret.
const (
	contacts = "contacts"
	archive  = "archive"
)

// SetSecret changes the secret of one of WeCom's built-in apps if WeCom accepts it; an empty one removes it.
func (s *Settings) SetSecret(ctx context.Context, which, secret string) (found []doctor.Finding, saved bool, err error) {
	secret = strings.TrimSpace(secret)
	change := func(c *tenant.Corp) { c.Secrets.ContactsSecret = secret }
	if which == archive {
		change = func(c *tenant.Corp) { c.Secrets.ArchiveSecret = secret }
	}
	if secret != "" {
		found, err = s.trial(ctx, change, which+"_secret")
		if err != nil || bad(found) {
			return found, false, err
		}
	}
	return found, true, s.save(ctx, "wecom.secret", map[string]any{"which": which, "removed": secret == ""}, change)
}

// SetAddress changes our public address. What the doctor says of it is no law, since this machine may not see what the
// outside sees: accept saves it all the same.
func (s *Settings) SetAddress(ctx context.Context, publicURL string, accept bool) (found []doctor.Finding, saved bool, err error) {
	publicURL = strings.TrimRight(strings.TrimSpace(publicURL), "/")
	change := func(c *tenant.Corp) { c.Settings.PublicURL = publicURL }
	found, err = s.trial(ctx, change, "public_url", "callback_url", "domain")
	if err != nil {
		return found, false, err
	}
	if doctor.Worst(found) == doctor.Fail && !accept {
		return found, false, nil
	}
	return found, true, s.save(ctx, "wecom.address", map[string]any{"public_url": publicURL}, change)
}

// SetBrand changes the name that customers read.
func (s *Settings) SetBrand(ctx context.Context, name string) error {
	name = strings.TrimSpace(name)
	if name == "" || len([]rune(name)) > 50 {
		return errs.E(errs.Invalid, "setup.bad_brand", "a name of 1 to 50 characters").On("brand")
	}
	return s.save(ctx, "wecom.brand", map[string]any{"brand": name}, func(c *tenant.Corp) { c.Settings.Brand = name })
}

// PutFile keeps a proof file, or removes it when its text is empty.
func (s *Settings) PutFile(ctx context.Context, f tenant.File) error {
	if f.Text = strings.TrimSpace(f.Text); f.Text != "" {
		if err := f.Check(); err != nil {
			return err
		}
	}
	return s.save(ctx, "wecom.file", map[string]any{"name": f.Name, "removed": f.Text == ""}, func(c *tenant.Corp) {
		c.Settings.ProofFiles = withFile(c.Settings.ProofFiles, f)
	})
}

// Rotate makes the next token and key of the callback, or takes those given. Both pairs are accepted until WeCom uses the
// next one, which then becomes the only one: nothing is lost while somebody copies them into WeCom's console.
func (s *Settings) Rotate(ctx context.Context, token, key string) error {
	if token == "" && key == "" {
		token, key = tenant.NewCallbackToken(), tenant.NewEncodingAESKey()
	}
	if err := tenant.CheckCallback(token, key); err != nil {
		return err
	}
	return s.save(ctx, "wecom.callback.rotate", map[string]any{}, func(c *tenant.Corp) {
		c.Secrets.NextCallbackToken, c.Secrets.NextEncodingAESKey = token, key
	})
}

// KeepKeys gives a rotation up that WeCom has not seen yet.
func (s *Settings) KeepKeys(ctx context.Context) error {
	return s.save(ctx, "wecom.callback.keep", map[string]any{}, func(c *tenant.Corp) {
		c.Secrets.NextCallbackToken, c.Secrets.NextEncodingAESKey = "", ""
	})
}

// Promote makes the next token and key that used holds the present ones, if they still are the next ones.
func Promote(ctx context.Context, t *tenant.Service, schema string, used tenant.Secrets) (promoted bool, err error) {
	_, err = t.Change(ctx, schema, func(c *tenant.Corp) error {
		promoted = c.Secrets.NextCallbackToken == used.NextCallbackToken && c.Secrets.NextEncodingAESKey == used.NextEncodingAESKey && used.NextCallbackToken != ""
		if !promoted {
			return errNothing
		}
		c.Secrets.CallbackToken, c.Secrets.EncodingAESKey = c.Secrets.NextCallbackToken, c.Secrets.NextEncodingAESKey
		c.Secrets.NextCallbackToken, c.Secrets.NextEncodingAESKey = "", ""
		return nil
	})
	if err == errNothing { //nolint:errorlint // our own, passed through as it is
		err = nil
	}
	return promoted, err
}

var errNothing = errs.E(errs.Conflict, "setup.changed", "nothing to promote")

type settingsView struct {
	CorpID         string        `json:"corp_id"`
	AgentID        int           `json:"agent_id"`
	Brand          string        `json:"brand"`
	WeComBaseURL   string        `json:"wecom_base_url" doc:"empty = WeCom's own"`
	PublicURL      string        `json:"public_url"`
	CallbackURL    string        `json:"callback_url"`
	Rotating       bool          `json:"rotating" doc:"a next token and key wait for WeCom to use them"`
	ContactsSecret bool          `json:"contacts_secret" doc:"there is one"`
	ArchiveSecret  bool          `json:"archive_secret" doc:"there is one"`
	Files          []tenant.File `json:"files"`
}

type callbackKeys struct {
	Token          string `json:"token"`
	EncodingAESKey string `json:"encoding_aes_key"`
	Next           bool   `json:"next" doc:"these are the next ones; the present ones still count, too"`
}

type changeOutput struct {
	Saved bool          `json:"saved"`
	Items []doctor.View `json:"items" doc:"what the test found"`
}

type appInput struct {
	Body struct {
		AgentID int    `json:"agent_id"`
		Secret  string `json:"secret,omitempty" maxLength:"200" doc:"empty keeps the present one"`
	}
}

type secretInput struct {
	Which string `path:"which" enum:"contacts,archive"`
	Body  struct {
		Secret string `json:"secret" maxLength:"200" doc:"empty removes it"`
	}
}

type publicInput struct {
	Body struct {
		PublicURL string `json:"public_url" maxLength:"300"`
		Accept    bool   `json:"accept,omitempty" doc:"save although the test fails"`
	}
}

type nameInput struct {
	Body struct {
		Brand string `json:"brand" maxLength:"200"`
	}
}

type keysInput struct {
	Body struct {
		Token          string `json:"token,omitempty" maxLength:"64" doc:"empty makes one"`
		EncodingAESKey string `json:"encoding_aes_key,omitempty" maxLength:"64"`
	}
}

// API registers the page's operations.
func (s *Settings) API(a *api.API) {
	const tag = "system"
	op := func(id, method, path, summary string) api.Op {
		return api.Op{ID: id, Method: method, Path: settingsPath + path, Summary: summary, Tag: tag, Permission: "system.manage", MaxBody: 16 << 10}
	}
	api.Register(a, op("get-wecom-settings", "GET", "", "How this installation is connected to WeCom, without secrets"), s.apiView)
	api.Register(a, op("set-wecom-app", "PUT", "/app", "Change the app's id or secret, tested first"), func(ctx context.Context, in *appInput) (changeOutput, error) {
		return s.told(ctx)(s.SetApp(ctx, in.Body.AgentID, in.Body.Secret))
	})
	api.Register(a, op("set-wecom-secret", "PUT", "/secrets/{which}", "Change the secret of the contacts sync or the chat archive, tested first"), func(ctx context.Context, in *secretInput) (changeOutput, error) {
		return s.told(ctx)(s.SetSecret(ctx, in.Which, in.Body.Secret))
	})
	api.Register(a, op("set-wecom-address", "PUT", "/address", "Change our public address, tested first"), func(ctx context.Context, in *publicInput) (changeOutput, error) {
		return s.told(ctx)(s.SetAddress(ctx, in.Body.PublicURL, in.Body.Accept))
	})
	api.Register(a, op("set-wecom-brand", "PUT", "/brand", "Change the name that customers read"), func(ctx context.Context, in *nameInput) (api.Empty, error) {
		return api.Empty{}, s.SetBrand(ctx, in.Body.Brand)
	})
	api.Register(a, op("set-wecom-file", "PUT", "/files/{name}", "A proof file for the root of our address"), func(ctx context.Context, in *fileInput) (api.Empty, error) {
		return api.Empty{}, s.PutFile(ctx, tenant.File{Name: in.Name, Text: in.Body.Text})
	})
	api.Register(a, op("get-callback-keys", "GET", "/callback", "The callback's token and key, to be copied into WeCom's console"), s.apiKeys)
	api.Register(a, op("rotate-callback-keys", "POST", "/callback", "Make the next token and key; both pairs count until WeCom uses the next"), func(ctx context.Context, in *keysInput) (api.Empty, error) {
		return api.Empty{}, s.Rotate(ctx, in.Body.Token, in.Body.EncodingAESKey)
	})
	api.Register(a, op("keep-callback-keys", "DELETE", "/callback", "Give the next token and key up"), func(ctx context.Context, _ *struct{}) (api.Empty, error) {
		return api.Empty{}, s.KeepKeys(ctx)
	})
}

func (s *Settings) told(ctx context.Context) func([]doctor.Finding, bool, error) (changeOutput, error) {
	return func(found []doctor.Finding, saved bool, err error) (changeOutput, error) {
		return changeOutput{Saved: saved, Items: s.Words.Views(api.Lang(ctx), found)}, err
	}
}

func (s *Settings) apiView(ctx context.Context, _ *struct{}) (settingsView, error) {
	c, err := s.Tenant.BySchema(ctx, s.Schema)
	if err != nil {
		return settingsView{Files: []tenant.File{}}, err
	}
	v := settingsView{CorpID: c.CorpID, AgentID: c.AgentID, Brand: c.BrandName(), WeComBaseURL: c.Settings.WeComBaseURL, PublicURL: s.Machine.PublicURL,
		Rotating: c.Secrets.NextCallbackToken != "", ContactsSecret: c.Secrets.ContactsSecret != "", ArchiveSecret: c.Secrets.ArchiveSecret != "", Files: []tenant.File{}}
	if c.Settings.PublicURL != "" {
		v.PublicURL = c.Settings.PublicURL
	}
	v.CallbackURL = v.PublicURL + doctor.CallbackPath(c.Schema)
	if len(c.Settings.ProofFiles) > 0 {
		v.Files = c.Settings.ProofFiles
	}
	return v, nil
}

// apiKeys shows what is there to be copied, and who looked is kept.
func (s *Settings) apiKeys(ctx context.Context, _ *struct{}) (callbackKeys, error) {
	c, err := s.Tenant.BySchema(ctx, s.Schema)
	if err != nil {
		return callbackKeys{}, err
	}
	out := callbackKeys{Token: c.Secrets.CallbackToken, EncodingAESKey: c.Secrets.EncodingAESKey}
	if c.Secrets.NextCallbackToken != "" {
		out = callbackKeys{Token: c.Secrets.NextCallbackToken, EncodingAESKey: c.Secrets.NextEncodingAESKey, Next: true}
	}
	return out, s.Audit(ctx, "wecom.callback.read", s.object(), map[string]any{"next": out.Next})
}
