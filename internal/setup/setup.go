// Package setup is the first run in the browser: from an installation that serves nobody to one whose corp is registered,
// whose owner can sign in and whose doctor is green. It also holds the page on which an owner later changes what was
// entered then: secrets, callback keys, addresses.
//
// Invariants: setup is open only while no corp is registered, and closed for ever afterwards; it is entered with a
// one-time link that the terminal prints, of which only a hash is kept, and by one browser at a time; what was entered is
// kept sealed and survives a reload, another browser and a restart; nothing of it takes effect before Finish, which
// registers corp and owner in one transaction.
//
// The package never keeps a password, never shows a secret that WeCom gave (only the callback's own, which are there to be
// copied), and changes nothing at WeCom.
package setup

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"qunce/internal/audit"
	"qunce/internal/auth"
	"qunce/internal/clock"
	"qunce/internal/doctor"
	"qunce/internal/errs"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/tenant"
)

// Deps are what the setup works with.
type Deps struct {
	Pool    *pg.Pool
	IDs     *id.Source
	Wall    clock.Clock
	Sealer  *tenant.Sealer
	Tenant  *tenant.Service
	Audit   *audit.Log
	Doctor  doctor.Doctor
	Machine doctor.Machine
	Words   *doctor.Words
	Catalog *i18n.Catalog
	Log     *slog.Logger
	Proxies []netip.Prefix
	// Users is the sign-in of the corp that is being made.
	Users func(schema, publicURL string) *auth.Service
}

// Service is the setup of one installation.
type Service struct {
	Deps
	limits limits

	once sync.Once
	done chan struct{}
}

// New returns the service.
func New(d Deps) *Service {
	return &Service{Deps: d, limits: newLimits(d.Wall), done: make(chan struct{})}
}

// Done is closed once this process has finished the setup. Others find the corp in the registry.
func (s *Service) Done() <-chan struct{} { return s.done }

// The lives of what lets a browser in.
const (
	LinkLife    = 24 * time.Hour
	sessionLife = 24 * time.Hour
)

// draft is what was entered so far. It lies sealed in setup_state.
type draft struct {
	Brand   string     `json:"brand,omitempty"`
	Owner   auth.Owner `json:"owner"`
	CorpID  string     `json:"corp_id,omitempty"`
	AgentID int        `json:"agent_id,omitempty"`
	AppName string     `json:"app_name,omitempty"` // as WeCom told when the secret was tested

	Secret         string          `json:"secret,omitempty"`
	CallbackToken  string          `json:"callback_token,omitempty"`
	EncodingAESKey string          `json:"encoding_aes_key,omitempty"`
	Settings       tenant.Settings `json:"settings"`
}

// corp is the registration that the draft amounts to; what is missing is empty.
func (d draft) corp() tenant.Corp {
	schema, _ := tenant.SchemaOf(d.CorpID) // empty without a corp id
	s := d.Settings
	return tenant.Corp{Schema: schema, Name: d.Brand, Timezone: tenant.DefaultTimezone, CorpID: d.CorpID, AgentID: d.AgentID, Settings: s,
		Secrets: tenant.Secrets{Secret: d.Secret, CallbackToken: d.CallbackToken, EncodingAESKey: d.EncodingAESKey}}
}

// check looks at what is there with the registry's own rules: what is missing is filled in for that.
func (d draft) check() error {
	c := d.corp()
	c.Schema = cmp.Or(c.Schema, "corp_x")
	c.Name = cmp.Or(c.Name, "x")
	c.CorpID = cmp.Or(c.CorpID, "x")
	c.AgentID = cmp.Or(c.AgentID, 1)
	c.Secrets.Secret = cmp.Or(c.Secrets.Secret, "x")
	if c.Secrets.CallbackToken == "" {
		c.Secrets.CallbackToken, c.Secrets.EncodingAESKey = tenant.NewCallbackToken(), tenant.NewEncodingAESKey()
	}
	if d.CorpID != "" {
		if _, err := tenant.SchemaOf(d.CorpID); err != nil {
			return err
		}
	}
	if err := tenant.CheckCallback(c.Secrets.CallbackToken, c.Secrets.EncodingAESKey); err != nil {
		return err
	}
	return c.Check()
}

// Step is one page of the wizard.
type Step string

// The steps in their order.
const (
	Brand    Step = "brand"
	App      Step = "corp"
	Callback Step = "callback"
	Contact  Step = "contact"
	Domain   Step = "domain"
	Health   Step = "health"
)

// missing is the first step that Finish still waits for, "" when there is none.
func (d draft) missing() Step {
	switch {
	case d.Brand == "" || d.Owner.Email == "" || d.Owner.PasswordHash == "":
		return Brand
	case d.CorpID == "" || d.AgentID <= 0 || d.Secret == "":
		return App
	case d.CallbackToken == "" || d.Settings.PublicURL == "":
		return Callback
	}
	return ""
}

func closed() error {
	return errs.E(errs.Conflict, "setup.closed", "a corp is registered; the setup is closed")
}

// Open reports whether the installation waits to be set up.
func (s *Service) Open(ctx context.Context) (bool, error) {
	there, err := s.Tenant.Any(ctx, s.Pool.Shared())
	return !there, err
}

// subject is what the doctor examines: the draft as it is.
func (s *Service) subject(d draft, verified bool) doctor.Subject {
	sub := doctor.Subject{Machine: s.Machine, Pool: s.Pool, Draft: true, Verified: verified}
	if d.CorpID != "" && d.Secret != "" {
		c := d.corp()
		sub.Corp = &c
	}
	if d.Settings.PublicURL != "" {
		sub.Machine.PublicURL = d.Settings.PublicURL
	}
	return sub
}

// Subject is what there is to examine before a corp is registered.
func (s *Service) Subject(ctx context.Context) (doctor.Subject, error) {
	t, err := s.load(ctx, s.Pool.Shared())
	return s.subject(t.draft, t.verified()), err
}

// Tables declares what this package owns, in the shared schema.
func Tables() []pg.Table {
	return []pg.Table{{Name: "setup_state", Owner: "setup", Family: pg.Local, Personal: []string{"draft"}, Merge: "keep", Erase: "keep", Retention: "until the setup is finished", Sampling: "none"}}
}
